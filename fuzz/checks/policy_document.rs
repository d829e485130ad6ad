//! What must hold for every text that is given as a policy document.

use iamctl_policy::{Diagnostics, Document, Grammar, Node, SourceId, Sources, Value, compare, parse_json};

/// Reads a text as a document, strictly and as AWS stores it.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let stored = stored(&text);
    for grammar in [Grammar::Managed, Grammar::Inline, Grammar::Trust] {
        let Some(written) = written(&text, grammar) else { continue };
        // What a person may write, AWS may store, and it reads the same.
        assert_eq!(written, stored);
        same_again(&written, Some(grammar));
    }
    same_again(&stored, None);
}

/// What a text stored by AWS reads as. Whatever it is, it is equal to itself.
fn stored(text: &str) -> Document {
    let document = Document::from_stored(text);
    assert_eq!(document, Document::from_stored(text));
    document
}

/// What a person means by a text; every place in it lies in the text.
fn written(text: &str, grammar: Grammar) -> Option<Document> {
    let mut sources = Sources::new();
    let source = sources.add("d.json", text);
    let mut found = Diagnostics::new();
    let node = parse_json(text, source, &mut found);
    same_json_as_others_read(text, node.as_ref(), &found);
    if let Some(node) = &node {
        places_lie_in(text, node, source);
    }
    let well_formed = !found.has_errors();
    let document = node.and_then(|node| Document::parse(&node, grammar, &mut found));
    for one in found.iter() {
        let (start, end) = (one.span.start as usize, one.span.end as usize);
        assert!(text.get(start..end).is_some(), "{:?} does not lie in the text: {}", one.span, one.message);
    }
    document.filter(|_| well_formed)
}

/// JSON is what others take for JSON, up to what is bounded here or there.
fn same_json_as_others_read(text: &str, node: Option<&Node>, found: &Diagnostics) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let other = serde_json::from_str::<serde_json::Value>(text);
    match other {
        Ok(_) => assert!(node.is_some() || found.iter().any(|one| one.code == "too-much"), "{text}"),
        Err(error) if error.to_string().starts_with("number out of range") => {}
        Err(error) => assert!(node.is_none(), "{error}: {text}"),
    }
}

fn places_lie_in(text: &str, node: &Node, source: SourceId) {
    assert_eq!(node.span.source, source);
    assert!(text.get(node.span.start as usize..node.span.end as usize).is_some(), "{:?}", node.span);
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| places_lie_in(text, item, source)),
        Value::Map(entries) => {
            for entry in entries {
                let (start, end) = (entry.key_span.start as usize, entry.key_span.end as usize);
                assert!(text.get(start..end).is_some_and(|key| key.starts_with('"')), "{:?}", entry.key);
                places_lie_in(text, &entry.value, source);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A document that is written out and read again is the same, in every way that there is.
pub(crate) fn same_again(document: &Document, grammar: Option<Grammar>) {
    let text = document.to_compact_string();
    assert_eq!(*document, Document::from_stored(&text));
    assert_eq!(text, Document::from_stored(&text).to_compact_string());
    if let Some(grammar) = grammar {
        assert_eq!(written(&text, grammar).as_ref(), Some(document));
    }
    let json = serde_json::to_string(document).expect("every document is JSON");
    let read: Document = serde_json::from_str(&json).expect("what was written is read");
    assert_eq!(*document, read);
    assert!(compare(document, &read).is_empty());
    assert!(document.quota_size() <= text.len());
    _ = document.canonical_statements();
}
