//! What is said twice.

use std::collections::HashMap;

use iamctl_policy::{Entry, Node, Value};

use crate::catalogue as code;
use crate::finding::{Check, Finding, Findings};
use crate::policy::{Clause, Policy};
use crate::wild;

/// How many pairs of patterns are compared in one document.
const MOST_PAIRS: usize = 100_000;

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    let mut left = MOST_PAIRS;
    for statement in &policy.statements {
        if let Some(actions) = &statement.actions {
            covered(actions, (true, &code::REDUNDANT_ACTION, "action"), &mut left, found);
        }
        if let Some(resources) = &statement.resources {
            covered(resources, (false, &code::REDUNDANT_RESOURCE, "resource"), &mut left, found);
        }
    }
    statements(policy, found);
}

/// Words that another word of the same list covers: one finding for a list.
fn covered(
    clause: &Clause<'_>,
    (ignore_case, check, what): (bool, &'static Check, &str),
    left: &mut usize,
    found: &mut Findings,
) {
    let plain = |text: &str| if ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
    let mut seen = HashMap::new();
    let mut redundant = Vec::new();
    let wide: Vec<_> = clause.words.iter().filter(|word| wild::has_wildcard(&word.text)).collect();
    for word in &clause.words {
        let first = *seen.entry(plain(&word.text)).or_insert(word);
        if first.span != word.span {
            redundant.push((word, first));
            continue;
        }
        *left = left.saturating_sub(wide.len());
        if *left == 0 {
            return;
        }
        let covers = |other: &&&crate::policy::Word<'_>| {
            other.span != word.span
                && wild::covers(&other.text, &word.text, ignore_case)
                // Of two that mean the same, the later is the redundant one.
                && (!wild::covers(&word.text, &other.text, ignore_case) || other.span < word.span)
        };
        redundant.extend(wide.iter().find(covers).map(|other| (word, *other)));
    }
    let Some((word, other)) = redundant.first() else { return };
    let more = match redundant.len() {
        1 => String::new(),
        2 => " (and one more is redundant)".to_owned(),
        count => format!(" (and {} more are redundant)", count.saturating_sub(1)),
    };
    let message = format!("the {what} `{}` is covered by `{}`{more}", word.text, other.text);
    found.push(Finding::new(check, word.span, message).related(other.span, "covers it").help("leave it out"));
}

fn statements(policy: &Policy<'_>, found: &mut Findings) {
    let mut seen = HashMap::new();
    for statement in &policy.statements {
        let mut text = String::new();
        normal(statement.node, true, &mut text);
        if let Some(first) = seen.insert(text, statement.node.span) {
            found.push(
                Finding::new(
                    &code::REDUNDANT_STATEMENT,
                    statement.node.span,
                    "this statement is there twice",
                )
                .related(first, "first written here")
                .help("leave one of them"),
            );
        }
    }
}

/// A value in a form in which order and brackets do not count.
fn normal(node: &Node, is_statement: bool, text: &mut String) {
    match &node.value {
        Value::Null => text.push('~'),
        Value::Bool(truth) => text.push_str(&format!("{:?}", truth.to_string())),
        Value::Number(number) => text.push_str(&format!("{number:?}")),
        Value::String(string) => text.push_str(&format!("{string:?}")),
        Value::List(items) => {
            let mut parts: Vec<_> = items.iter().map(part).collect();
            parts.sort_unstable();
            parts.dedup();
            text.push_str(&parts.join(","));
        }
        Value::Map(entries) => {
            let named = |entry: &&Entry| !(is_statement && entry.key == "Sid");
            let one = |entry: &Entry| format!("{:?}:({})", entry.key, part(&entry.value));
            let mut parts: Vec<_> = entries.iter().filter(named).map(one).collect();
            parts.sort_unstable();
            text.push_str(&format!("{{{}}}", parts.join(";")));
        }
    }
}

fn part(node: &Node) -> String {
    let mut text = String::new();
    normal(node, false, &mut text);
    text
}
