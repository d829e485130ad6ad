//! JSON text to [`Node`]s. Strict JSON: no comments, no trailing commas, no second value.

use std::collections::{HashMap, HashSet};

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::node::{Entry, Node, Value};
use crate::source::{SourceId, Span};

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads JSON text. A text that is not JSON, and every key that is there twice, is reported; the
/// node is `None` only in the first case.
pub fn parse_json(text: &str, source: SourceId, diagnostics: &mut Diagnostics) -> Option<Node> {
    match parse_to_ast(text, &CollectOptions::default(), &STRICT) {
        Ok(parsed) => match parsed.value {
            Some(value) => Some(convert(value, source, diagnostics)),
            None => {
                diagnostics.push(Diagnostic::error("not-json", Span::new(source, 0, 0), "the text is empty"));
                None
            }
        },
        Err(error) => {
            let range = error.range();
            // The parser counts some ends from before the start of the text's last token.
            let span = Span::new(source, range.start, range.end.max(range.start));
            let message = format!("not valid JSON: {}", lower_first(&error.kind().to_string()));
            diagnostics.push(Diagnostic::error("not-json", span, message));
            None
        }
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect()
}

fn convert(value: ast::Value<'_>, source: SourceId, diagnostics: &mut Diagnostics) -> Node {
    let range = value.range();
    let span = Span::new(source, range.start, range.end);
    let value = match value {
        ast::Value::StringLit(text) => Value::String(text.value.into_owned()),
        ast::Value::NumberLit(number) => Value::Number(number.value.to_owned()),
        ast::Value::BooleanLit(boolean) => Value::Bool(boolean.value),
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::Array(array) => {
            Value::List(array.elements.into_iter().map(|item| convert(item, source, diagnostics)).collect())
        }
        ast::Value::Object(object) => {
            let entries: Vec<_> = object
                .properties
                .into_iter()
                .map(|property| {
                    let name = property.name.range();
                    Entry {
                        key_span: Span::new(source, name.start, name.end),
                        key: property.name.into_string(),
                        value: convert(property.value, source, diagnostics),
                    }
                })
                .collect();
            Value::Map(unique(entries, diagnostics))
        }
    };
    Node::new(span, value)
}

/// Keeps the first of each key and reports the others. Every reader that builds [`Node`]s calls it,
/// so that no later stage meets a duplicate.
#[must_use]
pub fn unique(mut entries: Vec<Entry>, diagnostics: &mut Diagnostics) -> Vec<Entry> {
    if !has_duplicates(&entries) {
        return entries;
    }
    let mut first_places = HashMap::new();
    entries.retain(|entry| {
        let first = *first_places.entry(entry.key.clone()).or_insert(entry.key_span);
        if first == entry.key_span {
            return true;
        }
        diagnostics.push(
            Diagnostic::error(
                "duplicate-key",
                entry.key_span,
                format!("`{}` is defined twice in the same map", entry.key),
            )
            .label("defined again here")
            .related(first, "first defined here")
            .help("keep one of them: a later one never silently replaces an earlier one"),
        );
        false
    });
    entries
}

/// Most maps are small and have none: worth knowing before keys are copied.
fn has_duplicates(entries: &[Entry]) -> bool {
    if entries.len() > 16 {
        let mut seen = HashSet::with_capacity(entries.len());
        return !entries.iter().all(|entry| seen.insert(entry.key.as_str()));
    }
    entries
        .iter()
        .enumerate()
        .any(|(index, entry)| entries.iter().take(index).any(|earlier| earlier.key == entry.key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    fn errors(text: &str) -> Vec<(String, String)> {
        let mut sources = Sources::new();
        let id = sources.add("x.json", text);
        let mut diagnostics = Diagnostics::new();
        parse_json(text, id, &mut diagnostics);
        diagnostics.iter().map(|d| (d.message.clone(), sources.slice(d.span).to_owned())).collect()
    }

    #[test]
    fn values_keep_their_places_and_numbers_their_spelling() {
        let text = r#"{"a": [1.50, true, null, "ä"]}"#;
        let mut sources = Sources::new();
        let id = sources.add("x.json", text);
        let node = parse_json(text, id, &mut Diagnostics::new()).unwrap();
        let Value::Map(entries) = &node.value else { panic!("not a map") };
        assert_eq!(sources.slice(entries[0].key_span), "\"a\"");
        let items = entries[0].value.one_or_many();
        let texts: Vec<_> = items.iter().map(|item| sources.slice(item.span)).collect();
        assert_eq!(texts, ["1.50", "true", "null", "\"ä\""]);
        assert!(matches!(&items[0].value, Value::Number(n) if n == "1.50"));
    }

    #[test]
    fn only_strict_json_is_json() {
        for text in
            ["", "{", "{'a': 1}", "{\"a\": 1,}", "[1 2]", "{\"a\" 1}", "// x\n{}", "{} {}", "{a: 1}", "\u{1}"]
        {
            let mut diagnostics = Diagnostics::new();
            assert!(parse_json(text, SourceId::NONE, &mut diagnostics).is_none(), "{text:?} was taken");
            assert!(diagnostics.has_errors());
        }
        let deep = "[".repeat(20_000);
        assert!(parse_json(&deep, SourceId::NONE, &mut Diagnostics::new()).is_none());
    }

    #[test]
    fn a_key_that_is_there_twice_is_reported_and_the_first_one_kept() {
        assert_eq!(
            errors(r#"{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}"#),
            [
                ("`c` is defined twice in the same map".into(), "\"c\"".to_owned()),
                ("`a` is defined twice in the same map".into(), "\"a\"".to_owned()),
            ]
        );
    }
}
