//! YAML as a person would write it: short things on one line, long ones below each other.
//!
//! Writing is the opposite of reading only if no text is taken for something else. So a text stands
//! without quotes only where every YAML reader, old or new, takes it for text; else it is quoted as in
//! JSON, which is a part of YAML 1.2.

use std::fmt::Write as _;

/// How wide a line may become before a list or map is written below each other.
pub(crate) const WIDTH: usize = 100;

/// A value to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Yaml {
    /// A text, whatever it looks like.
    Text(String),
    /// A word that is written as it is: `true`, `4h`, `1`.
    Word(String),
    /// A list.
    List(Vec<Yaml>),
    /// A map, in this order.
    Map(Vec<(String, Yaml)>),
    /// A map whose entries are always below each other.
    Block(Vec<(String, Yaml)>),
    /// A list whose items are always below each other.
    Items(Vec<Yaml>),
}

impl Yaml {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Yaml::Text(text.into())
    }

    /// One text as itself, several as a list.
    pub(crate) fn one_or_many(texts: impl IntoIterator<Item = String>) -> Self {
        let mut texts: Vec<Yaml> = texts.into_iter().map(Yaml::Text).collect();
        match (texts.pop(), texts.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                texts.extend(last);
                Yaml::List(texts)
            }
        }
    }

    /// JSON as YAML. Numbers and truth values stay what they are.
    pub(crate) fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::String(text) => Yaml::Text(text.clone()),
            Json::Null | Json::Bool(_) | Json::Number(_) => Yaml::Word(json.to_string()),
            Json::Array(items) => Yaml::List(items.iter().map(Yaml::from_json).collect()),
            Json::Object(entries) => {
                Yaml::Map(entries.iter().map(|(key, value)| (key.clone(), Yaml::from_json(value))).collect())
            }
        }
    }

    /// The value as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Yaml::Text(text) => Json::String(text.clone()),
            Yaml::Word(word) => serde_json::from_str(word).unwrap_or_else(|_| Json::String(word.clone())),
            Yaml::List(items) | Yaml::Items(items) => items.iter().map(Yaml::to_json).collect(),
            Yaml::Map(entries) | Yaml::Block(entries) => {
                Json::Object(entries.iter().map(|(key, value)| (key.clone(), value.to_json())).collect())
            }
        }
    }

    fn must_be_tall(&self) -> bool {
        match self {
            Yaml::Text(_) | Yaml::Word(_) => false,
            Yaml::Block(entries) => !entries.is_empty(),
            Yaml::Items(items) => !items.is_empty(),
            Yaml::List(items) => items.iter().any(Yaml::must_be_tall),
            Yaml::Map(entries) => entries.iter().any(|(_, value)| value.must_be_tall()),
        }
    }

    /// All of it on one line.
    pub(crate) fn on_one_line(&self) -> String {
        let mut out = String::new();
        self.flow(scalar, &mut out);
        out
    }

    /// All of it on one line, with quotes around every text and every key, as in JSON.
    pub(crate) fn on_one_quoted_line(&self) -> String {
        let mut out = String::new();
        self.flow(quoted, &mut out);
        out
    }

    fn flow(&self, scalar: fn(&str) -> String, out: &mut String) {
        match self {
            Yaml::Text(text) => out.push_str(&scalar(text)),
            Yaml::Word(word) => out.push_str(word),
            Yaml::List(items) | Yaml::Items(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    item.flow(scalar, out);
                }
                out.push(']');
            }
            Yaml::Map(entries) | Yaml::Block(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    out.push_str(&scalar(key));
                    out.push_str(": ");
                    value.flow(scalar, out);
                }
                out.push('}');
            }
        }
    }

    /// What stands behind `key:` or `-`, at this indentation: on the same line where it fits.
    fn behind(&self, out: &mut String, indent: usize, column: usize, after_dash: bool) {
        let mut line = String::new();
        if !self.must_be_tall() {
            self.flow(scalar, &mut line);
        }
        let is_scalar = matches!(self, Yaml::Text(_) | Yaml::Word(_));
        let fits = !line.is_empty() && column.saturating_add(1).saturating_add(line.chars().count()) <= WIDTH;
        if is_scalar || fits {
            out.push(' ');
            out.push_str(&line);
            out.push('\n');
            return;
        }
        match self {
            // The first entry of a map may stand right behind the dash.
            Yaml::Map(entries) | Yaml::Block(entries) if after_dash => {
                let mut below = String::new();
                write_entries(entries, &mut below, indent);
                out.push(' ');
                out.push_str(below.trim_start());
            }
            Yaml::Map(entries) | Yaml::Block(entries) => {
                out.push('\n');
                write_entries(entries, out, indent);
            }
            Yaml::List(items) | Yaml::Items(items) => {
                out.push('\n');
                write_items(items, out, indent);
            }
            Yaml::Text(_) | Yaml::Word(_) => {}
        }
    }
}

fn write_items(items: &[Yaml], out: &mut String, indent: usize) {
    for item in items {
        write_item(item, out, indent);
    }
}

/// Writes one item of a list on lines of its own.
pub(crate) fn write_item(item: &Yaml, out: &mut String, indent: usize) {
    let _ = write!(out, "{:indent$}-", "");
    item.behind(out, indent.saturating_add(2), indent.saturating_add(1), true);
}

/// Writes the entries of a map below each other.
pub(crate) fn write_entries(entries: &[(String, Yaml)], out: &mut String, indent: usize) {
    for (key, value) in entries {
        write_entry(key, value, out, indent);
    }
}

/// Writes one entry of a map on lines of its own.
pub(crate) fn write_entry(key: &str, value: &Yaml, out: &mut String, indent: usize) {
    let key = scalar(key);
    let _ = write!(out, "{:indent$}{key}:", "");
    let column = indent.saturating_add(key.chars().count()).saturating_add(1);
    value.behind(out, indent.saturating_add(2), column, false);
}

/// A text as a YAML scalar.
pub(crate) fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Whether a text needs no quotes, in a flow collection either. Rather too few than one too many.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_');
    let ends = !text.ends_with([':', ' ']);
    let is_usual = |c: char| c.is_ascii_alphanumeric() || "_./+=@*:- ".contains(c);
    // A colon is part of a text when something follows it closely.
    let colons = text.split(':').skip(1).all(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '*' || c == '/' || c == '_')
    });
    // What YAML 1.1 or 1.2 takes for something else than text.
    let word = text.to_ascii_lowercase();
    let is_other =
        matches!(word.as_str(), "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n");
    begins && ends && text.chars().all(is_usual) && colons && !is_other && !text.contains("  ")
}

fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    // JSON lets through what YAML calls not printable.
    let escaped = |c: char| {
        matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    if !json.contains(escaped) {
        return json;
    }
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if escaped(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// A text in which nothing is a variable of the manifest: `$${` where `${` would begin one.
pub(crate) fn without_variables(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let name = after.split_once('}').map(|(name, _)| name);
        let is_of_iam = name.is_some_and(|name| name.contains(':') || matches!(name, "*" | "?" | "$"));
        // A `$` before it would make an escape of what is none.
        let begins_an_escape = before.ends_with('$') || (before.is_empty() && out.ends_with('$'));
        out.push_str(if is_of_iam && !begins_an_escape { "${" } else { "$${" });
        // The name of IAM's own variables holds no variable.
        match name.filter(|_| is_of_iam && !begins_an_escape) {
            Some(name) => {
                out.push_str(name);
                out.push('}');
                rest = after.get(name.len().saturating_add(1)..).unwrap_or_default();
            }
            None => rest = after,
        }
    }
    out.push_str(rest);
    out
}

/// No text of AWS is a variable of the manifest.
pub(crate) fn escaped(yaml: Yaml) -> Yaml {
    let entries = |entries: Vec<(String, Yaml)>| {
        entries.into_iter().map(|(key, value)| (without_variables(&key), escaped(value))).collect()
    };
    match yaml {
        Yaml::Text(text) => Yaml::Text(without_variables(&text)),
        Yaml::Word(word) => Yaml::Word(word),
        Yaml::List(items) => Yaml::List(items.into_iter().map(escaped).collect()),
        Yaml::Items(items) => Yaml::Items(items.into_iter().map(escaped).collect()),
        Yaml::Map(map) => Yaml::Map(entries(map)),
        Yaml::Block(map) => Yaml::Block(entries(map)),
    }
}

/// The same for a document in a file of its own.
pub(crate) fn escaped_json(json: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match json {
        Json::String(text) => Json::String(without_variables(text)),
        Json::Array(items) => items.iter().map(escaped_json).collect(),
        Json::Object(map) => Json::Object(
            map.iter().map(|(key, value)| (without_variables(key), escaped_json(value))).collect(),
        ),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &Yaml) -> String {
        let mut out = String::new();
        write_entry("key", value, &mut out, 0);
        out
    }

    #[test]
    fn short_things_stand_on_one_line_and_long_ones_below_each_other() {
        let short = Yaml::List(vec![Yaml::text("s3:Get*"), Yaml::text("*")]);
        assert_eq!(written(&short), "key: [s3:Get*, \"*\"]\n");
        let long = Yaml::List(vec![Yaml::text("a".repeat(60)), Yaml::text("b".repeat(60))]);
        assert_eq!(written(&long), format!("key:\n  - {}\n  - {}\n", "a".repeat(60), "b".repeat(60)));
        let map = Yaml::Map(vec![("a".into(), Yaml::text("b")), ("c".into(), Yaml::Map(vec![]))]);
        assert_eq!(written(&map), "key: {a: b, c: {}}\n");
        let items =
            Yaml::Items(vec![Yaml::Block(vec![("a".into(), map), ("d".into(), Yaml::Word("1".into()))])]);
        assert_eq!(written(&items), "key:\n  - a: {a: b, c: {}}\n    d: 1\n");
        assert_eq!(written(&Yaml::Items(Vec::new())), "key: []\n");
    }

    #[test]
    fn what_could_be_taken_for_something_else_is_quoted() {
        for plain in ["alice", "s3:GetObject", "s3:*", "arn:aws:iam::1:role/x", "Read everything", "/a/"] {
            let is_arn = plain.contains("::");
            assert_eq!(scalar(plain) == plain, !is_arn, "{plain}");
        }
        for other in [
            "",
            "2012-10-17",
            "no",
            "Null",
            "*",
            "012",
            "a: b",
            "a #b",
            "x:",
            "a, b",
            "[a",
            "é\u{85}",
            "a\nb",
            "~",
            "- a",
        ] {
            assert!(scalar(other).starts_with('"'), "{other}");
        }
        assert_eq!(scalar("\u{85}"), "\"\\u0085\"");
    }

    #[test]
    fn only_variables_of_iam_stay_variables() {
        for (text, expected) in [
            ("home/${aws:username}/*", "home/${aws:username}/*"),
            ("${*}${?}${$}", "${*}${?}${$}"),
            ("${name}", "$${name}"),
            ("$${name}", "$$${name}"),
            ("$${aws:username}", "$$${aws:username}"),
            ("${open", "$${open"),
            ("${a${b:c}", "${a${b:c}"),
            ("plain $5", "plain $5"),
        ] {
            assert_eq!(without_variables(text), expected, "{text}");
        }
    }
}
