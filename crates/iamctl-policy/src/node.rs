//! A tree of plain values, each with its place: what JSON and YAML texts have in common.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Span;

/// A value and where it was written.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it was written; for an alias, where the anchor is.
    pub span: Span,
    /// For a YAML alias: where the alias stands.
    pub alias: Option<Span>,
    /// What was written.
    pub value: Value,
}

/// The kinds of value.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written: `012` stays `012`.
    Number(String),
    /// A string.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order it was written. Keys are unique once the text was read without errors.
    Map(Vec<Entry>),
}

/// A key of a map and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key was written.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Value {
    /// The kind in a person's words, with article.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

impl Node {
    /// A node without alias.
    #[must_use]
    pub fn new(span: Span, value: Value) -> Self {
        Self { span, alias: None, value }
    }

    /// The string, when it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The string; anything else is reported. `what` says what is expected here.
    pub fn expect_str(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<&str> {
        if let Value::String(text) = &self.value {
            return Some(text);
        }
        let mut error = self.wrong_type(what, "a string");
        if let Value::Number(text) = &self.value {
            error = error.help(format!("put it in quotes: \"{text}\""));
        } else if let Value::Bool(truth) = &self.value {
            error = error.help(format!("put it in quotes: \"{truth}\""));
        }
        diagnostics.push(error);
        None
    }

    /// The text of a string, number or boolean: places where AWS makes no difference between `5` and
    /// `"5"`. Anything else is reported.
    pub fn expect_scalar(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<String> {
        match &self.value {
            Value::String(text) | Value::Number(text) => Some(text.clone()),
            Value::Bool(truth) => Some(truth.to_string()),
            Value::Null | Value::List(_) | Value::Map(_) => {
                diagnostics.push(self.wrong_type(what, "a string"));
                None
            }
        }
    }

    /// The entries of a map; anything else is reported.
    pub fn expect_map(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<&[Entry]> {
        if let Value::Map(entries) = &self.value {
            return Some(entries);
        }
        diagnostics.push(self.wrong_type(what, "a map"));
        None
    }

    /// The items of a list; anything else is reported.
    pub fn expect_list(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<&[Node]> {
        if let Value::List(items) = &self.value {
            return Some(items);
        }
        diagnostics.push(self.wrong_type(what, "a list"));
        None
    }

    /// The items of a list, or the one value itself: AWS's "brackets are optional".
    #[must_use]
    pub fn one_or_many(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// Whether there are more values in it, itself included, than a number that counts down.
    pub(crate) fn outweighs(&self, most: &mut usize) -> bool {
        let Some(left) = most.checked_sub(1) else { return true };
        *most = left;
        match &self.value {
            Value::List(items) => items.iter().any(|item| item.outweighs(most)),
            Value::Map(entries) => entries.iter().any(|entry| entry.value.outweighs(most)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }

    /// The error that says what was expected here and what was found.
    #[must_use]
    pub fn wrong_type(&self, what: &str, expected: &str) -> Diagnostic {
        let found = self.value.kind();
        let error =
            Diagnostic::error("wrong-type", self.span, format!("{what} must be {expected}, not {found}"))
                .label(format!("this is {found}"));
        match self.alias {
            Some(alias) => error.related(alias, "used here through an alias"),
            None => error,
        }
    }
}

/// Reads a map key by key and reports every key that nobody asked for.
#[derive(Debug)]
pub struct Fields<'n> {
    what: String,
    span: Span,
    entries: &'n [Entry],
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Opens a map; anything else is reported. `what` names it in messages: "user `alice`".
    pub fn open(node: &'n Node, what: impl Into<String>, diagnostics: &mut Diagnostics) -> Option<Self> {
        let what = what.into();
        let entries = node.expect_map(&what, diagnostics)?;
        Some(Self { what, span: node.span, entries, known: Vec::new() })
    }

    /// As [`Fields::open`], with nothing at all (`alice:` and no more) standing for an empty map.
    pub fn open_or_empty(
        node: &'n Node,
        what: impl Into<String>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        if matches!(node.value, Value::Null) {
            return Some(Self { what: what.into(), span: node.span, entries: &[], known: Vec::new() });
        }
        Self::open(node, what, diagnostics)
    }

    /// Lets missing keys be reported at another place, usually the name of the thing.
    #[must_use]
    pub fn reported_at(mut self, span: Span) -> Self {
        self.span = span;
        self
    }

    /// The entry of a key, which is known from now on.
    pub fn entry(&mut self, key: &'static str) -> Option<&'n Entry> {
        self.known.push(key);
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of a key, which is known from now on.
    pub fn get(&mut self, key: &'static str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value of a key that must be there.
    pub fn require(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<&'n Node> {
        let node = self.get(key);
        if node.is_none() {
            diagnostics.push(
                Diagnostic::error("missing-key", self.span, format!("{} needs `{key}`", self.what))
                    .label(format!("`{key}` is missing here")),
            );
        }
        node
    }

    /// Reports the keys that were never asked for.
    pub fn finish(self, diagnostics: &mut Diagnostics) {
        self.finish_allowing(|_| false, diagnostics);
    }

    /// As [`Fields::finish`], without the keys that may stand here although nobody asked for them.
    pub fn finish_allowing(self, allowed: impl Fn(&str) -> bool, diagnostics: &mut Diagnostics) {
        let unknown = |entry: &&Entry| !self.known.contains(&entry.key.as_str()) && !allowed(&entry.key);
        for entry in self.entries.iter().filter(unknown) {
            let candidates = self.known.iter().copied().filter(|_| diagnostics.are_few());
            let error = Diagnostic::error(
                "unknown-key",
                entry.key_span,
                format!("unknown key `{}` in {}", entry.key, self.what),
            )
            .did_you_mean(&entry.key, candidates);
            let is_explained = !error.help.is_empty() || !diagnostics.are_few();
            diagnostics.push(if is_explained { error } else { error.help(known_keys_sentence(&self.known)) });
        }
    }

    /// The name given when it was opened.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Where missing keys are reported.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }
}

fn known_keys_sentence(known: &[&str]) -> String {
    let quoted: Vec<_> = known.iter().map(|key| format!("`{key}`")).collect();
    format!("the keys known here are {}", quoted.join(", "))
}
