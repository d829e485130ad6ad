//! Policy documents, written in place or in files of their own.

use iamctl_policy::{Diagnostic, Document, Entry, Grammar, Node, Span, Value};

use super::{Scope, grammar_key};

/// Where a document is written.
pub(super) enum Written<'n> {
    /// Under `document:`, or as the value itself.
    Here(&'n Node),
    /// In the file that this names.
    InFile(&'n Node),
}

impl Scope<'_, '_, '_> {
    /// The document under `document` or in `file`, of which there must be exactly one.
    pub(super) fn document_or_file(
        &mut self,
        (document, file): (Option<&Entry>, Option<&Entry>),
        (what, place): (&str, Span),
        grammar: Grammar,
        from: &str,
    ) -> Option<Document> {
        let written = match (document, file) {
            (Some(document), None) => Written::Here(&document.value),
            (None, Some(file)) => Written::InFile(&file.value),
            (Some(document), Some(file)) => {
                self.found.push(
                    Diagnostic::error(
                        "document-twice",
                        file.key_span,
                        format!("{what} has both `document` and `file`"),
                    )
                    .related(document.key_span, "`document` is here")
                    .help("keep one of them"),
                );
                return None;
            }
            (None, None) => {
                self.found.push(
                    Diagnostic::error("missing-key", place, format!("{what} needs `document` or `file`"))
                        .label("has no policy document")
                        .help("write the document under `document:`, or name a file that holds it: `file: policies/name.json`"),
                );
                return None;
            }
        };
        self.document(&written, grammar, from)
    }

    pub(super) fn document(
        &mut self,
        written: &Written<'_>,
        grammar: Grammar,
        from: &str,
    ) -> Option<Document> {
        let (path, node) = match written {
            Written::Here(node) => {
                self.look_through(node, grammar);
                return Document::parse(node, grammar, &mut self.found);
            }
            Written::InFile(node) => self.loader.document(from, node)?,
        };
        self.look_through(&node, grammar);
        let key = (path, grammar_key(grammar));
        if let Some(known) = self.documents.get(&key) {
            return known.clone();
        }
        let document = Document::parse(&node, grammar, &mut self.found);
        self.documents.insert(key, document.clone());
        document
    }
}

/// Whether a map is a document rather than a block that holds one: a frequent slip.
pub(super) fn looks_like_document(node: &Node) -> bool {
    matches!(&node.value, Value::Map(entries) if entries.iter().any(|entry| entry.key == "Statement"))
}
