//! `${name}`: variables of the manifest, put into keys and values after YAML was parsed.
//!
//! | written | becomes |
//! | --- | --- |
//! | `${name}` | the value of the variable; one that is not declared is an error |
//! | `${account_id}`, `${partition}` | those of the account |
//! | `${aws:username}`, `${aws:x, 'y'}`, `${*}`, `${?}`, `${$}` | itself: IAM's own variables |
//! | `$${` | `${`, as characters |

use std::borrow::Cow;
use std::collections::BTreeMap;

use iamctl_model::Account;
use iamctl_policy::{Diagnostic, Diagnostics, Entry, Node, Sources, Span, Value, unique};

use crate::block::Reader;

/// How many characters all replacements of one manifest may add: variables cannot be bombs.
const MAX_ADDED: usize = 16 * 1024 * 1024;

const ACCOUNT_ID: &str = "account_id";
const PARTITION: &str = "partition";

/// A value that was given from outside of the manifest.
pub(crate) struct Given {
    name: String,
    /// Where the name stands, when it stands in a file.
    span: Span,
    value: Value,
}

impl Given {
    /// A value of `--var`.
    pub(crate) fn by_command_line(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), span: Span::NONE, value: typed(text) }
    }
}

/// The values in a file of `--var-file`.
pub(crate) fn given_by_file(node: &Node, found: &mut Diagnostics) -> Vec<Given> {
    let entries = node.expect_map("a file of variables", found).unwrap_or_default();
    let mut given = Vec::new();
    for entry in entries {
        // Nothing at all gives no value, which the file is for.
        let value = value_of(entry, found).or_else(|| {
            found.push(wrong_value(entry));
            Some(Value::Null)
        });
        given.extend(value.map(|value| Given { name: entry.key.clone(), span: entry.key_span, value }));
    }
    given
}

/// Values by name, and how much they may still add.
pub(crate) struct Variables {
    values: BTreeMap<String, Value>,
    /// Those that must be given from outside, and were not.
    missing: BTreeMap<String, Span>,
    left: usize,
}

impl Variables {
    /// The variables that the manifest declares, with the values given from outside: of several for one
    /// name the last counts.
    pub(crate) fn declared(manifest: &mut Reader<'_>, given: &[Given], found: &mut Diagnostics) -> Self {
        let mut values = BTreeMap::new();
        let mut missing = BTreeMap::new();
        let node = manifest.get("variables", found);
        let entries = node.and_then(|node| node.expect_map("`variables`", found)).unwrap_or_default();
        for entry in entries {
            if !check_name(entry, found) {
                continue;
            }
            let from_outside = given.iter().rfind(|given| given.name == entry.key);
            let value = from_outside.map(|given| given.value.clone()).or_else(|| value_of(entry, found));
            match value {
                Some(value) => _ = values.insert(entry.key.clone(), value),
                None => _ = missing.insert(entry.key.clone(), entry.key_span),
            }
        }
        for Given { name, span, .. } in given.iter().filter(|given| !values.contains_key(&given.name)) {
            let error = Diagnostic::error(
                "undeclared-variable",
                *span,
                format!("there is no variable `{name}` to give a value"),
            );
            let error = match found.are_few() {
                true => error.did_you_mean(name, entries.iter().map(|entry| entry.key.as_str())),
                false => error,
            };
            found.push(error.help(format!("declare it in the manifest: `variables: {{{name}: ~}}`")));
        }
        Self { values, missing, left: MAX_ADDED }
    }

    /// Adds what is known of the account, and with it finishes the values themselves.
    pub(crate) fn with_account(
        mut self,
        account: &Account,
        sources: &Sources,
        found: &mut Diagnostics,
    ) -> Self {
        self.set(ACCOUNT_ID, account.id.as_str());
        self.set(PARTITION, account.partition.as_str());
        // A value may use the account; other variables in it are refused when it is declared.
        let mut values = std::mem::take(&mut self.values);
        let built_in = [ACCOUNT_ID, PARTITION].map(|name| (name.to_owned(), values.get(name).cloned()));
        self.values = built_in.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        for value in values.values_mut() {
            let mut node = Node::new(Span::NONE, std::mem::replace(value, Value::Null));
            self.apply(&mut node, sources, found);
            *value = node.value;
        }
        self.values = values;
        self
    }

    fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), Value::String(value.to_owned()));
    }

    /// The values by name, without those of the account.
    pub(crate) fn texts(&self) -> BTreeMap<String, String> {
        let own = self.values.iter().filter(|(name, _)| ![ACCOUNT_ID, PARTITION].contains(&name.as_str()));
        own.map(|(name, value)| (name.clone(), text_of(value).into_owned())).collect()
    }

    /// Replaces the variables in all keys and values of a tree.
    pub(crate) fn apply(&mut self, node: &mut Node, sources: &Sources, found: &mut Diagnostics) {
        match &mut node.value {
            Value::String(text) if text.contains("${") => {
                let place = Place { span: node.span, sources };
                if let Some(value) = self.whole(text) {
                    node.value = value;
                } else {
                    *text = self.replaced(text, &place, found);
                }
            }
            Value::List(items) => items.iter_mut().for_each(|item| self.apply(item, sources, found)),
            Value::Map(entries) => {
                let mut renamed = false;
                for entry in entries.iter_mut() {
                    if entry.key.contains("${") {
                        let place = Place { span: entry.key_span, sources };
                        entry.key = self.replaced(&entry.key, &place, found);
                        renamed = true;
                    }
                    self.apply(&mut entry.value, sources, found);
                }
                if renamed {
                    *entries = unique(std::mem::take(entries), found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// The value of a text that is one variable and nothing else: it keeps its type.
    fn whole(&mut self, text: &str) -> Option<Value> {
        let value = self.values.get(text.strip_prefix("${")?.strip_suffix('}')?)?;
        self.left = self.left.checked_sub(text_of(value).len())?;
        Some(value.clone())
    }

    fn replaced(&mut self, text: &str, place: &Place<'_>, found: &mut Diagnostics) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                out.push_str(before);
                out.push_str("${");
                rest = after;
                continue;
            }
            out.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                found.push(
                    place
                        .error("unclosed-variable", "${", "`${` is not closed by `}`".to_owned())
                        .help("write `$${` where the characters themselves are meant"),
                );
                // Nothing closes those that follow either.
                out.push_str("${");
                rest = after;
                break;
            };
            self.push_value(name, &mut out, place, found);
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn push_value(&mut self, name: &str, out: &mut String, place: &Place<'_>, found: &mut Diagnostics) {
        if name.contains(':') || matches!(name, "*" | "?" | "$") {
            out.push_str("${");
            out.push_str(name);
            out.push('}');
        } else if let Some(value) = self.values.get(name) {
            let text = text_of(value);
            match self.left.checked_sub(text.len()) {
                Some(left) => {
                    self.left = left;
                    out.push_str(&text);
                }
                None if self.left > 0 => {
                    self.left = 0;
                    found.push(place.error(
                        "too-much",
                        name,
                        format!("variables add more than {MAX_ADDED} characters to this manifest"),
                    ));
                }
                None => {}
            }
        } else {
            found.push(self.unknown(name, place, found.are_few()));
        }
    }

    /// To find the exact place, and what was meant, is worth the time only for the first few.
    fn unknown(&self, name: &str, place: &Place<'_>, are_few: bool) -> Diagnostic {
        let error = |code, message: String| match are_few {
            true => place.error(code, name, message),
            false => Diagnostic::error(code, place.span, message),
        };
        if let Some(declared) = self.missing.get(name) {
            return error("variable-without-value", format!("the variable `{name}` has no value"))
                .related(*declared, "declared here without one")
                .help(format!("give it one: `--var {name}=…`"));
        }
        let known = self.values.keys().chain(self.missing.keys()).map(String::as_str).take(if are_few {
            usize::MAX
        } else {
            0
        });
        error("unknown-variable", format!("the variable `{name}` is not defined"))
            .did_you_mean(name, known)
            .help(format!(
                "define it under `variables:`, or write `$${{{name}}}` where the characters themselves are meant"
            ))
    }
}

/// A text that holds variables.
struct Place<'a> {
    span: Span,
    sources: &'a Sources,
}

impl Place<'_> {
    /// An error at a word of the text, as far as it can be found in the source.
    fn error(&self, code: &'static str, word: &str, message: String) -> Diagnostic {
        let written = format!("${{{word}}}");
        let raw = self.sources.slice(self.span);
        let needle = if raw.contains(&written) { written.as_str() } else { word };
        let span = raw.find(needle).map_or(self.span, |at| {
            let start = usize::try_from(self.span.start).unwrap_or(0).saturating_add(at);
            Span::new(self.span.source, start, start.saturating_add(needle.len()))
        });
        Diagnostic::error(code, span, message)
    }
}

fn check_name(entry: &Entry, found: &mut Diagnostics) -> bool {
    let name = &entry.key;
    let shape = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let problem = if !shape {
        "the name of a variable holds letters, digits and `_`, and begins with no digit"
    } else if [ACCOUNT_ID, PARTITION].contains(&name.as_str()) {
        "this variable is always there and cannot be set"
    } else {
        return true;
    };
    found.push(
        Diagnostic::error("variable-name", entry.key_span, format!("`{name}` cannot be declared: {problem}"))
            .help("choose another name"),
    );
    false
}

fn value_of(entry: &Entry, found: &mut Diagnostics) -> Option<Value> {
    match &entry.value.value {
        Value::Null => None,
        Value::List(_) | Value::Map(_) => {
            found.push(wrong_value(entry));
            Some(Value::Null)
        }
        Value::String(text) => {
            let used = text.split("${").skip(1).find_map(|rest| {
                let name = rest.split_once('}')?.0;
                let plain = !name.contains(':') && !["*", "?", "$", ACCOUNT_ID, PARTITION].contains(&name);
                plain.then_some(name)
            });
            if let Some(used) = used.filter(|_| !text.contains("$${")) {
                found.push(
                    Diagnostic::error(
                        "variable-in-variable",
                        entry.value.span,
                        format!("the value of a variable cannot use the variable `{used}`"),
                    )
                    .help("only `${account_id}` and `${partition}` can be used here"),
                );
                return Some(Value::Null);
            }
            Some(Value::String(text.clone()))
        }
        plain => Some(plain.clone()),
    }
}

fn wrong_value(entry: &Entry) -> Diagnostic {
    entry.value.wrong_type(&format!("the variable `{}`", entry.key), "a text, a number or a boolean")
}

/// A value from the command line: `true` and `false` are meant as such, all else is text.
fn typed(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text => Value::String(text.to_owned()),
    }
}

fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) | Value::Number(text) => Cow::Borrowed(text),
        Value::Bool(truth) => Cow::Owned(truth.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) => Cow::Borrowed(""),
    }
}
