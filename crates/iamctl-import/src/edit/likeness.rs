//! Whether a value is what is wanted, or can have become it.

use iamctl_policy::{Entry, Node, Value};

use crate::yaml::Yaml;

/// Whether a tree is what is wanted, without regard to order, brackets around one item, and quotes.
pub(crate) fn same(node: &Node, wanted: &Yaml) -> bool {
    match (&node.value, wanted) {
        (Value::List(items), Yaml::List(new) | Yaml::Items(new)) => {
            let mut left: Vec<&Yaml> = new.iter().collect();
            items.len() == left.len()
                && items.iter().all(|item| {
                    left.iter().position(|wanted| same(item, wanted)).map(|at| left.remove(at)).is_some()
                })
        }
        (Value::Map(entries), Yaml::Map(new) | Yaml::Block(new)) => {
            entries.len() == new.len()
                && entries.iter().all(|entry| {
                    new.iter().any(|(key, wanted)| *key == entry.key && same(&entry.value, wanted))
                })
        }
        (Value::List(items), scalar @ (Yaml::Text(_) | Yaml::Word(_))) => {
            matches!(items.as_slice(), [only] if same(only, scalar))
        }
        (Value::String(_) | Value::Number(_) | Value::Bool(_), Yaml::List(new) | Yaml::Items(new)) => {
            matches!(new.as_slice(), [only] if same(node, only))
        }
        (Value::Map(_), Yaml::List(new) | Yaml::Items(new)) => {
            matches!(new.as_slice(), [only] if same(node, only))
        }
        (Value::String(text) | Value::Number(text), Yaml::Text(wanted) | Yaml::Word(wanted)) => {
            text == wanted
        }
        (Value::Bool(truth), Yaml::Text(wanted) | Yaml::Word(wanted)) => truth.to_string() == *wanted,
        (Value::Null, Yaml::Word(wanted)) => wanted == "null" || wanted == "~",
        _ => false,
    }
}

/// Whether one can have become the other.
pub(crate) fn alike(node: &Node, wanted: &Yaml) -> bool {
    likeness(node, wanted) > 0
}

/// How much two different things of one kind have in common; 0 where one cannot have become the other.
pub(super) fn likeness(node: &Node, wanted: &Yaml) -> usize {
    match (&node.value, wanted) {
        (Value::Map(entries), Yaml::Map(new) | Yaml::Block(new)) => {
            let common = entries.iter().filter(|entry| {
                new.iter().any(|(key, wanted)| *key == entry.key && same(&entry.value, wanted))
            });
            let sid = |key: &str| key == "Sid";
            let weight = |entry: &Entry| if sid(&entry.key) { 10 } else { 1 };
            common.map(weight).sum()
        }
        _ => 0,
    }
}
