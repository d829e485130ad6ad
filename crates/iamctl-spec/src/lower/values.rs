//! Plain values: lists of texts, paths, descriptions, durations, tags.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{Field, Path, SessionDuration, Tags};
use iamctl_policy::{Diagnostic, Diagnostics, Node, Span, Value};

/// A text and its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'n> {
    pub(crate) text: &'n str,
    pub(crate) span: Span,
}

/// The strings of a list; `what` names one of them.
pub(crate) fn texts<'n>(node: &'n Node, what: &str, list: &str, found: &mut Diagnostics) -> Vec<Text<'n>> {
    let items = node.expect_list(list, found).unwrap_or_default();
    strings(items, what, found)
}

/// The strings of a list, or the one string.
pub(crate) fn one_or_many<'n>(node: &'n Node, what: &str, found: &mut Diagnostics) -> Vec<Text<'n>> {
    if node.one_or_many().is_empty() {
        found.push(
            Diagnostic::error("empty-list", node.span, "this list cannot be empty")
                .label("names nothing")
                .help("remove the key, or name something"),
        );
    }
    strings(node.one_or_many(), what, found)
}

fn strings<'n>(items: &'n [Node], what: &str, found: &mut Diagnostics) -> Vec<Text<'n>> {
    items
        .iter()
        .filter_map(|item| Some(Text { text: item.expect_str(what, found)?, span: item.span }))
        .collect()
}

/// `true` or `false`.
pub(crate) fn truth(node: Option<&Node>, what: &str, found: &mut Diagnostics) -> bool {
    match node.map(|node| (&node.value, node)) {
        None => false,
        Some((Value::Bool(truth), _)) => *truth,
        Some((_, node)) => {
            found.push(node.wrong_type(what, "`true` or `false`"));
            false
        }
    }
}

/// A path that users, groups and roles, or policies, can have.
pub(crate) fn path(node: &Node, is_policy: bool, found: &mut Diagnostics) -> Option<Path> {
    let text = node.expect_str("`path`", found)?;
    let path = if is_policy { Path::parse_policy(text) } else { Path::parse(text) };
    match path {
        Ok(path) if path.is_reserved() => {
            found.push(
                Diagnostic::error("reserved-path", node.span, format!("the path `{text}` belongs to AWS"))
                    .help("things under `/aws-service-role/` and `/aws-reserved/` are made and changed by AWS only"),
            );
            None
        }
        Ok(path) => Some(path),
        Err(error) => {
            found.push(Diagnostic::error("path", node.span, error.to_string()).help(error.help()));
            None
        }
    }
}

/// A description. Source: the IAM API's `roleDescriptionType` and `policyDescriptionType`.
pub(crate) fn description(node: Option<&Node>, is_role: bool, found: &mut Diagnostics) -> String {
    let Some((text, node)) = node.and_then(|node| Some((node.expect_str("`description`", found)?, node)))
    else {
        return String::new();
    };
    let length = text.chars().count();
    if length > 1_000 {
        found.push(
            Diagnostic::error(
                "description-length",
                node.span,
                format!("a description has at most 1000 characters, this one has {length}"),
            )
            .help("shorten it"),
        );
    }
    let allowed = |c: char| match c {
        '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' => true,
        '\u{a1}'..='\u{ff}' => true,
        other => !is_role && !other.is_control(),
    };
    if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
        let help = if is_role {
            "AWS takes tab, line breaks, U+0020 to U+007E and U+00A1 to U+00FF here: no typographic quotes, no dashes longer than `-`"
        } else {
            "remove the control character"
        };
        found.push(
            Diagnostic::error(
                "description-characters",
                node.span,
                format!(
                    "a description cannot hold the character `{}` (U+{:04X})",
                    bad.escape_debug(),
                    u32::from(bad)
                ),
            )
            .help(help),
        );
    }
    text.to_owned()
}

/// A duration in seconds: `4h`, `90m`, `1h30m`, `45s`, `3600`.
pub(crate) fn seconds(node: &Node, what: &str, found: &mut Diagnostics) -> Option<u32> {
    let text = node.expect_scalar(what, found)?;
    let seconds = parse_seconds(&text);
    if seconds.is_none() {
        found.push(
            Diagnostic::error("duration", node.span, format!("`{text}` is not a duration")).help(
                "write hours, minutes and seconds, such as `4h`, `90m`, `1h30m`, or a number of seconds",
            ),
        );
    }
    seconds
}

fn parse_seconds(text: &str) -> Option<u32> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    let mut total: u32 = 0;
    let mut rest = text;
    for (unit, worth) in [('h', 3_600), ('m', 60), ('s', 1)] {
        let Some((number, after)) = rest.split_once(unit) else { continue };
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        total = total.checked_add(number.parse::<u32>().ok()?.checked_mul(worth)?)?;
        rest = after;
    }
    (rest.is_empty() && !text.is_empty()).then_some(total)
}

/// How long a role's sessions may last at most.
pub(crate) fn session_duration(node: Option<&Node>, found: &mut Diagnostics) -> SessionDuration {
    let Some((seconds, node)) =
        node.and_then(|node| Some((seconds(node, "`max_session_duration`", found)?, node)))
    else {
        return SessionDuration::DEFAULT;
    };
    SessionDuration::from_secs(seconds).unwrap_or_else(|| {
        found.push(
            Diagnostic::error(
                "session-duration",
                node.span,
                "a role's sessions last between one hour and twelve hours at most",
            )
            .label(format!("this is {seconds} seconds"))
            .help("write a duration from `1h` to `12h`"),
        );
        SessionDuration::DEFAULT
    })
}

/// Tags with the places of their keys. Their rules are checked with the other cross-resource rules.
pub(crate) fn tags(node: Option<&Node>, found: &mut Diagnostics) -> (Tags, Vec<(String, Span)>) {
    let entries = node.and_then(|node| node.expect_map("`tags`", found)).unwrap_or_default();
    let mut tags = BTreeMap::new();
    let mut places = Vec::new();
    for entry in entries {
        let what = format!("the value of the tag `{}`", entry.key);
        if let Some(value) = entry.value.expect_scalar(&what, found) {
            tags.insert(entry.key.clone(), value);
            places.push((entry.key.clone(), entry.key_span));
        }
    }
    (Tags(tags), places)
}

/// The fields under a block's `ignore`, and their places.
pub(crate) fn ignored_fields(
    node: Option<&Node>,
    known: &[Field],
    found: &mut Diagnostics,
) -> Vec<(Field, Span)> {
    let items = node.map(|node| texts(node, "a key under `ignore`", "`ignore`", found)).unwrap_or_default();
    let mut seen = BTreeSet::new();
    let mut fields = Vec::new();
    for item in items {
        match known.iter().find(|field| field.as_str() == item.text) {
            Some(field) => {
                if seen.insert(*field) {
                    fields.push((*field, item.span));
                }
            }
            None => found.push(
                Diagnostic::error(
                    "ignore-field",
                    item.span,
                    format!("`{}` cannot be ignored here", item.text),
                )
                .did_you_mean(item.text, known.iter().map(|field| field.as_str()).filter(|_| found.are_few()))
                .help(format!("what can be: {}", word_list(known.iter().map(|field| field.as_str())))),
            ),
        }
    }
    fields
}

/// `a`, `b` and so on, in backticks.
pub(crate) fn word_list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::parse_seconds;

    #[test]
    fn durations_are_hours_minutes_and_seconds() {
        for (text, seconds) in
            [("4h", 14_400), ("90m", 5_400), ("1h30m", 5_400), ("1h1m1s", 3_661), ("3600", 3_600), ("0", 0)]
        {
            assert_eq!(parse_seconds(text), Some(seconds), "{text}");
        }
        for bad in ["", "h", "1d", "1m1h", "-1h", "1.5h", "1h 30m", "99999999999", "9999999h", "1h30"] {
            assert_eq!(parse_seconds(bad), None, "{bad}");
        }
    }
}
