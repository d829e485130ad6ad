//! JSON text to [`Node`]s. Strict JSON: no comments, no trailing commas, no second value.
//!
//! The reader is this crate's own: it keeps the places of keys and values and the spelling of numbers,
//! and a hostile text can neither nest nor swell beyond what [`MAX_DEPTH`] and [`MAX_NODES`] allow.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::node::{Entry, Node, Value};
use crate::source::{SourceId, Span};

/// How deep lists and maps may be nested: a manifest needs a dozen levels, a policy document six.
pub const MAX_DEPTH: usize = 32;
/// How many values are read: some 25,000 users, roles and policies.
pub const MAX_NODES: usize = 1_000_000;

/// Reads JSON text. A text that is not JSON, and every key that is there twice, is reported; the
/// node is `None` only in the first case.
pub fn parse_json(text: &str, source: SourceId, diagnostics: &mut Diagnostics) -> Option<Node> {
    parse_json_within(text, source, MAX_NODES, diagnostics)
}

/// As [`parse_json`], for a text that may hold only so many values.
pub fn parse_json_within(
    text: &str,
    source: SourceId,
    most_nodes: usize,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    // Some editors write a byte order mark, which says nothing in UTF-8.
    let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { text, at, last_comma: at, source, nodes_left: most_nodes, diagnostics };
    match reader.document() {
        Ok(node) => Some(node),
        Err(error) => {
            diagnostics.push(*error);
            None
        }
    }
}

struct Reader<'t, 'd> {
    text: &'t str,
    at: usize,
    last_comma: usize,
    source: SourceId,
    nodes_left: usize,
    diagnostics: &'d mut Diagnostics,
}

/// What was read, or why this is not JSON.
type Read<T> = Result<T, Box<Diagnostic>>;

impl<'t> Reader<'t, '_> {
    fn document(&mut self) -> Read<Node> {
        self.skip_space();
        if self.peek().is_none() {
            return Err(Box::new(Diagnostic::error("not-json", self.span(0), "the text is empty")));
        }
        let node = self.value(MAX_DEPTH)?;
        self.skip_space();
        match self.peek() {
            None => Ok(node),
            Some(_) => Err(self.error("something follows after the end of the value")),
        }
    }

    fn value(&mut self, depth_left: usize) -> Read<Node> {
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or_else(|| self.too_much())?;
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.map(depth_left.checked_sub(1).ok_or_else(|| self.too_much())?)?,
            Some(b'[') => self.list(depth_left.checked_sub(1).ok_or_else(|| self.too_much())?)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?.to_owned()),
            _ => self.word()?,
        };
        Ok(Node::new(self.span(start), value))
    }

    fn map(&mut self, depth_left: usize) -> Read<Value> {
        let mut entries = Vec::new();
        let mut more = self.open(b'}');
        while more {
            if self.peek() != Some(b'"') {
                return Err(match self.peek() {
                    Some(b'}') => self.comma("a comma stands before `}`"),
                    None => self.error("the text ends within a map"),
                    _ => self.error("a key in double quotes is expected here"),
                });
            }
            let start = self.at;
            let key = self.string()?;
            let key_span = self.span(start);
            self.skip_space();
            if !self.take(b':') {
                return Err(self.error("`:` is expected after a key"));
            }
            self.skip_space();
            let value = self.value(depth_left)?;
            entries.push(Entry { key, key_span, value });
            more = self.next(b'}', "`,` or `}` is expected here", "the text ends within a map")?;
        }
        Ok(Value::Map(unique(entries, self.diagnostics)))
    }

    fn list(&mut self, depth_left: usize) -> Read<Value> {
        let mut items = Vec::new();
        let mut more = self.open(b']');
        while more {
            if self.peek() == Some(b']') {
                return Err(self.comma("a comma stands before `]`"));
            }
            items.push(self.value(depth_left)?);
            more = self.next(b']', "`,` or `]` is expected here", "the text ends within a list")?;
        }
        Ok(Value::List(items))
    }

    /// Steps into a list or map; whether there is anything in it.
    fn open(&mut self, close: u8) -> bool {
        self.at = self.at.saturating_add(1);
        self.skip_space();
        !self.take(close)
    }

    /// Steps over the comma after an item, or over the end; whether another item has to follow.
    fn next(&mut self, close: u8, expected: &str, at_end: &str) -> Read<bool> {
        self.skip_space();
        if self.take(close) {
            return Ok(false);
        }
        self.last_comma = self.at;
        if !self.take(b',') {
            return Err(self.error(if self.peek().is_none() { at_end } else { expected }));
        }
        self.skip_space();
        Ok(true)
    }

    fn string(&mut self) -> Read<String> {
        let start = self.at;
        self.at = self.at.saturating_add(1);
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.bytes().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f));
            let Some(plain) = plain else {
                self.at = start;
                return Err(self.error("this string has no end"));
            };
            text.push_str(rest.get(..plain).unwrap_or_default());
            self.at = self.at.saturating_add(plain);
            match self.peek() {
                Some(b'"') => {
                    self.at = self.at.saturating_add(1);
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                _ => return Err(self.error("a string cannot hold a control character; write it as `\\u…`")),
            }
        }
    }

    /// The character that an escape stands for.
    fn escape(&mut self) -> Read<char> {
        let start = self.at;
        let escaped = self.rest().chars().nth(1);
        self.at = self.at.saturating_add(2);
        Ok(match escaped {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let first = self.code_unit();
                let unit = match first {
                    Some(high @ 0xd800..=0xdbff) if self.rest().starts_with("\\u") => {
                        self.at = self.at.saturating_add(2);
                        self.code_unit().and_then(|low| pair(high, low))
                    }
                    other => other,
                };
                return unit.and_then(char::from_u32).ok_or_else(|| {
                    self.error_from(start, "these digits are no character; half of a pair of `\\u…` is none")
                });
            }
            _ => {
                self.at = start;
                return Err(self.error("there is no such escape; a backslash itself is written `\\\\`"));
            }
        })
    }

    /// Four hexadecimal digits.
    fn code_unit(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at = self.at.saturating_add(4);
        u32::from_str_radix(digits, 16).ok()
    }

    /// A number, as it is written.
    fn number(&mut self) -> Read<&'t str> {
        let start = self.at;
        self.take(b'-');
        let well_formed = if self.take(b'0') { true } else { self.digits() };
        let fraction = !self.take(b'.') || self.digits();
        let exponent = match self.peek() {
            Some(b'e' | b'E') => {
                self.at = self.at.saturating_add(1);
                if !self.take(b'+') {
                    self.take(b'-');
                }
                self.digits()
            }
            _ => true,
        };
        let ends = !self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || b".-+".contains(&b));
        if well_formed && fraction && exponent && ends {
            return Ok(self.text.get(start..self.at).unwrap_or_default());
        }
        Err(self.error_from(start, "this is not a number as JSON writes them"))
    }

    /// Steps over digits; whether there are any.
    fn digits(&mut self) -> bool {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at = self.at.saturating_add(count);
        count > 0
    }

    fn word(&mut self) -> Read<Value> {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let value = match rest.get(..length) {
            Some("null") => Value::Null,
            Some("true") => Value::Bool(true),
            Some("false") => Value::Bool(false),
            _ => {
                return Err(match rest.chars().next() {
                    None => self.error("the text ends where a value is expected"),
                    Some('/' | '#') => self.error("there are no comments in JSON"),
                    Some('\'') => self.error("texts stand in double quotes"),
                    Some(c) if c.is_alphanumeric() => self.error("texts stand in double quotes"),
                    Some(_) => self.error("a value is expected here"),
                });
            }
        };
        self.at = self.at.saturating_add(length);
        Ok(value)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Steps over one character if it is there.
    fn take(&mut self, wanted: u8) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.at = self.at.saturating_add(1);
        }
        is_there
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at = self.at.saturating_add(1);
        }
    }

    /// From an earlier place to here.
    fn span(&self, start: usize) -> Span {
        Span::new(self.source, start, self.at)
    }

    /// An error at the character that stands here.
    fn error(&mut self, message: &str) -> Box<Diagnostic> {
        let start = self.at;
        let width = self.rest().chars().next().map_or(0, char::len_utf8);
        self.at = self.at.saturating_add(width);
        self.error_from(start, message)
    }

    /// An error at the last comma.
    fn comma(&mut self, message: &str) -> Box<Diagnostic> {
        self.at = self.last_comma;
        self.error(message)
    }

    fn error_from(&self, start: usize, message: &str) -> Box<Diagnostic> {
        let end = self.at.min(self.text.len());
        let end = (0..=end).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(end);
        let span = Span::new(self.source, start, end.max(start));
        Box::new(Diagnostic::error("not-json", span, format!("not valid JSON: {message}")))
    }

    fn too_much(&self) -> Box<Diagnostic> {
        Box::new(Diagnostic::too_much(Span::new(self.source, self.at, self.at)))
    }
}

/// The code point of a surrogate pair.
fn pair(high: u32, low: u32) -> Option<u32> {
    let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some(high.checked_sub(0xd800)?.saturating_mul(0x400).saturating_add(low).saturating_add(0x1_0000))
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
        for (text, says, place) in [
            ("", "the text is empty", ""),
            ("{", "not valid JSON: the text ends within a map", ""),
            ("{'a': 1}", "not valid JSON: a key in double quotes is expected here", "'"),
            ("{a: 1}", "not valid JSON: a key in double quotes is expected here", "a"),
            ("{\"a\": 1,}", "not valid JSON: a comma stands before `}`", ","),
            ("[1,]", "not valid JSON: a comma stands before `]`", ","),
            ("[1 2]", "not valid JSON: `,` or `]` is expected here", "2"),
            ("[1", "not valid JSON: the text ends within a list", ""),
            ("{\"a\" 1}", "not valid JSON: `:` is expected after a key", "1"),
            ("{\"a\": }", "not valid JSON: a value is expected here", "}"),
            ("{\"a\":", "not valid JSON: the text ends where a value is expected", ""),
            ("// x\n{}", "not valid JSON: there are no comments in JSON", "/"),
            ("[# x\n]", "not valid JSON: there are no comments in JSON", "#"),
            ("{} {}", "not valid JSON: something follows after the end of the value", "{"),
            ("[é]", "not valid JSON: texts stand in double quotes", "é"),
            ("[nul]", "not valid JSON: texts stand in double quotes", "n"),
            ("[truex]", "not valid JSON: texts stand in double quotes", "t"),
            ("\u{1}", "not valid JSON: a value is expected here", "\u{1}"),
            ("\"a", "not valid JSON: this string has no end", "\""),
            (
                "\"a\nb\"",
                "not valid JSON: a string cannot hold a control character; write it as `\\u…`",
                "\n",
            ),
            (
                r#""\x41""#,
                "not valid JSON: there is no such escape; a backslash itself is written `\\\\`",
                "\\",
            ),
            (
                r#"["\ud800é"]"#,
                "not valid JSON: these digits are no character; half of a pair of `\\u…` is none",
                r"\ud800",
            ),
            (
                r#"["\u12é4"]"#,
                "not valid JSON: these digits are no character; half of a pair of `\\u…` is none",
                r"\u",
            ),
            ("[01]", "not valid JSON: this is not a number as JSON writes them", "0"),
            ("[1.]", "not valid JSON: this is not a number as JSON writes them", "1."),
            ("[-]", "not valid JSON: this is not a number as JSON writes them", "-"),
            ("[1e+]", "not valid JSON: this is not a number as JSON writes them", "1e+"),
            ("[0x1]", "not valid JSON: this is not a number as JSON writes them", "0"),
        ] {
            assert_eq!(errors(text), [(says.to_owned(), place.to_owned())], "{text:?}");
        }
    }

    #[test]
    fn escapes_stand_for_characters() {
        let text = r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00ä""#;
        let node = parse_json(text, SourceId::NONE, &mut Diagnostics::new()).unwrap();
        assert_eq!(node.as_str(), Some("\"\\/\u{8}\u{c}\n\r\té😀ä"));
    }

    #[test]
    fn a_byte_order_mark_is_stepped_over() {
        let mut sources = Sources::new();
        let id = sources.add("x.json", "\u{feff} [1]");
        let text = sources.get(id).unwrap().text();
        let node = parse_json(text, id, &mut Diagnostics::new()).unwrap();
        assert_eq!(sources.slice(node.span), "[1]");
    }

    #[test]
    fn neither_depth_nor_number_is_without_limit() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        let codes = |text: &str, most: usize| {
            let mut found = Diagnostics::new();
            let node = parse_json_within(text, SourceId::NONE, most, &mut found);
            (node.is_some(), found.iter().map(|one| one.code).collect::<Vec<_>>())
        };
        assert_eq!(codes(&nested(MAX_DEPTH), MAX_NODES), (true, vec![]));
        assert_eq!(codes(&nested(MAX_DEPTH + 1), MAX_NODES), (false, vec!["too-much"]));
        assert_eq!(codes(&"[".repeat(20_000), MAX_NODES), (false, vec!["too-much"]));
        assert_eq!(codes(&"{\"a\":".repeat(20_000), MAX_NODES), (false, vec!["too-much"]));
        assert_eq!(codes("[1, {\"a\": 2}]", 4), (true, vec![]));
        assert_eq!(codes("[1, {\"a\": 2}]", 3), (false, vec!["too-much"]));
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
