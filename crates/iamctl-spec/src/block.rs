//! Declared blocks: the keys that a map of the manifest may have, said once for the reader, the JSON
//! Schema and the reference.

use iamctl_policy::{Diagnostic, Diagnostics, Entry, Fields, Grammar, Node, Span};

/// A map of the manifest with a fixed set of keys.
pub(crate) struct Block {
    /// Its name in the schema.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) doc: &'static str,
    /// Its keys.
    pub(crate) keys: &'static [Key],
    /// Whether nothing at all (`alice:` and no more) stands for the map without keys.
    pub(crate) may_be_empty: bool,
    /// The pattern of keys that may stand here beside the declared ones.
    pub(crate) extra: Option<&'static str>,
    /// Keys of which exactly one is there; none when any may be.
    pub(crate) one_of: &'static [&'static str],
}

/// One key of a [`Block`].
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// What it is for; Markdown.
    pub(crate) doc: &'static str,
    pub(crate) required: bool,
    pub(crate) shape: Shape,
}

/// What a value may look like. Finer rules are the reader's.
pub(crate) enum Shape {
    /// The number 1.
    VersionOne,
    /// A text of which the schema knows a pattern.
    Text { pattern: Option<&'static str>, max: usize },
    /// A text that may also be written as a number, such as an account id.
    Digits(&'static str),
    /// A whole number, from one to another.
    Number { least: u16, most: u16 },
    /// `true` or `false`.
    Bool,
    /// `4h`, `90m`, `1h30m`, or seconds.
    Duration,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A map with these keys.
    Block(&'static Block),
    /// A map from names to values.
    Map { keys: &'static str, values: &'static Shape },
    /// A list.
    List(&'static Shape),
    /// One value, or a list of them.
    OneOrMany(&'static Shape),
    /// One of several shapes.
    Either(&'static [Shape]),
    /// A policy document in AWS's grammar.
    Document(Grammar),
    /// The `Condition` element of a policy document.
    Conditions,
    /// A text, number or boolean.
    Scalar,
    /// Nothing: `~`.
    Null,
}

/// Reads a map by its declaration.
///
/// What is asked for and what is declared are the same keys, in both directions; in tests, anything
/// else fails.
pub(crate) struct Reader<'n> {
    block: &'static Block,
    fields: Fields<'n>,
    asked: Vec<&'static str>,
}

impl<'n> Reader<'n> {
    /// Opens a map; anything else is reported. `what` names it in messages: "user `alice`".
    pub(crate) fn open(
        node: &'n Node,
        block: &'static Block,
        what: impl Into<String>,
        found: &mut Diagnostics,
    ) -> Option<Self> {
        let fields = if block.may_be_empty {
            Fields::open_or_empty(node, what, found)
        } else {
            Fields::open(node, what, found)
        };
        Some(Self { block, fields: fields?, asked: Vec::new() })
    }

    /// Lets missing keys be reported at another place, usually the name of the thing.
    pub(crate) fn reported_at(mut self, span: Span) -> Self {
        self.fields = self.fields.reported_at(span);
        self
    }

    /// The entry of a declared key; when the declaration requires it, its absence is reported.
    pub(crate) fn entry(&mut self, name: &'static str, found: &mut Diagnostics) -> Option<&'n Entry> {
        let key = self.block.keys.iter().find(|key| key.name == name);
        debug_assert!(key.is_some(), "`{name}` is not declared in {}", self.block.name);
        self.asked.push(name);
        let entry = self.fields.entry(name);
        if let Some(key) = key.filter(|key| key.required && entry.is_none()) {
            let message = format!("{} needs `{name}`", self.what());
            found.push(
                Diagnostic::error("missing-key", self.span(), message)
                    .label(format!("`{name}` is missing here"))
                    .help(format!("`{name}`: {}", lower_first(key.doc))),
            );
        }
        entry
    }

    /// The value of a declared key.
    pub(crate) fn get(&mut self, name: &'static str, found: &mut Diagnostics) -> Option<&'n Node> {
        self.entry(name, found).map(|entry| &entry.value)
    }

    /// The name given when it was opened.
    pub(crate) fn what(&self) -> &str {
        self.fields.what()
    }

    /// Where missing keys are reported.
    pub(crate) fn span(&self) -> Span {
        self.fields.span()
    }

    /// Reports the keys that are not declared.
    pub(crate) fn finish(self, found: &mut Diagnostics) {
        debug_assert!(
            self.block.keys.iter().all(|key| self.asked.contains(&key.name)),
            "{} declares keys that nobody reads: {:?}",
            self.block.name,
            self.block
                .keys
                .iter()
                .map(|key| key.name)
                .filter(|key| !self.asked.contains(key))
                .collect::<Vec<_>>()
        );
        // The only extra keys are condition keys, all of which have a colon.
        let allowed = |key: &str| self.block.extra.is_some() && key.contains(':');
        self.fields.finish_allowing(allowed, found);
    }
}

/// The first sentence of a description, as a part of another sentence.
fn lower_first(doc: &str) -> String {
    let sentence = doc.split(". ").next().unwrap_or(doc).trim_end_matches('.');
    let mut chars = sentence.chars();
    chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect()
}
