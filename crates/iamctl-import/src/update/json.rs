//! JSON documents in files of their own.

use iamctl_policy::{Node, Value};

use crate::edit::{alike, same};
use crate::yaml::{Yaml, escaped_json};

/// A JSON document in the order and indentation of its file.
pub(super) fn rewritten_json(text: &str, node: &Node, document: &serde_json::Value) -> String {
    let ordered = escaped_json(&in_order_of(node, document));
    let second = text.lines().nth(1).unwrap_or("  ");
    let indent: String = second.chars().take_while(|c| *c == ' ' || *c == '\t').collect();
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    let written = serde::Serialize::serialize(&ordered, &mut serializer);
    let pretty = String::from_utf8(out).ok().filter(|_| written.is_ok());
    pretty.unwrap_or_else(|| format!("{ordered:#}")) + "\n"
}

/// A value whose maps and lists follow those of the text, as far as they have the same in them.
fn in_order_of(node: &Node, json: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match (&node.value, json) {
        (Value::Map(entries), Json::Object(map)) => {
            let known = entries.iter().filter_map(|entry| {
                let value = map.get(&entry.key)?;
                Some((entry.key.clone(), in_order_of(&entry.value, value)))
            });
            let new = map.iter().filter(|(key, _)| !entries.iter().any(|entry| entry.key == **key));
            Json::Object(known.chain(new.map(|(key, value)| (key.clone(), value.clone()))).collect())
        }
        (Value::List(items), Json::Array(values)) => {
            let mut left: Vec<&Json> = values.iter().collect();
            let mut out = Vec::new();
            for item in items {
                let same = left.iter().position(|value| same(item, &Yaml::from_json(value)));
                let alike = || left.iter().position(|value| alike(item, &Yaml::from_json(value)));
                if let Some(at) = same.or_else(alike) {
                    out.push(in_order_of(item, left.remove(at)));
                }
            }
            out.extend(left.into_iter().cloned());
            Json::Array(out)
        }
        // A list of one stays a list.
        (Value::List(items), single) if !single.is_null() => match items.first() {
            Some(item) => Json::Array(vec![in_order_of(item, single)]),
            None => single.clone(),
        },
        _ => json.clone(),
    }
}

/// A new text with the byte order mark, the line ends and the end of the one that it takes the place of.
pub(super) fn as_before(before: &str, text: &str) -> String {
    let mark = if before.starts_with('\u{feff}') { "\u{feff}" } else { "" };
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let text = match before.is_empty() || before.ends_with('\n') {
        true => text,
        false => text.trim_end_matches('\n').to_owned(),
    };
    let text = if before.contains("\r\n") { text.replace('\n', "\r\n") } else { text };
    format!("{mark}{text}")
}
