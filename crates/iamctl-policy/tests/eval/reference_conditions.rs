//! The second evaluator's conditions, wildcards and variables.

use std::net::IpAddr;

use serde_json::Value as Json;

use crate::reference::{list, text};

/// One character of a pattern, or a wildcard.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Sign {
    Letter(char),
    Any,
    Many,
}

/// Replaces variables by what they stand for; nothing when one cannot be resolved. Without a context
/// there are no variables.
pub(crate) fn expand(pattern: &str, context: Option<&Json>, wildcards: bool) -> Option<Vec<Sign>> {
    let mut signs = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if let Some(context) = context
            && rest.starts_with("${")
            && let Some((inside, after)) = inside_braces(rest)
        {
            signs.extend(stands_for(inside, context)?.chars().map(Sign::Letter));
            rest = after;
            continue;
        }
        signs.push(match c {
            '*' if wildcards => Sign::Many,
            '?' if wildcards => Sign::Any,
            c => Sign::Letter(c),
        });
        rest = &rest[c.len_utf8()..];
    }
    Some(signs)
}

/// What stands between `${` and `}`, where a quoted default may hold a brace, and what comes after it.
fn inside_braces(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '}' if !quoted => return Some((&text[2..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

fn stands_for(inside: &str, context: &Json) -> Option<String> {
    if ["*", "?", "$"].contains(&inside) {
        return Some(inside.to_owned());
    }
    let (key, default) = match inside.split_once(", '") {
        Some((key, default)) => (key, default.strip_suffix('\'')),
        None => (inside, None),
    };
    match find(context, key.trim()) {
        Some(Json::String(value)) => Some(value.clone()),
        _ => default.map(str::to_owned),
    }
}

/// Keys are found whatever their case.
fn find<'c>(context: &'c Json, key: &str) -> Option<&'c Json> {
    let keys = context.as_object()?;
    keys.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

/// Whether a pattern matches a text: a star is tried with nothing, with one character, with two …
pub(crate) fn glob(pattern: &[Sign], text: &str) -> bool {
    let Some((sign, pattern)) = pattern.split_first() else { return text.is_empty() };
    let mut rest = text.chars();
    match sign {
        Sign::Letter(c) => rest.next() == Some(*c) && glob(pattern, rest.as_str()),
        Sign::Any => rest.next().is_some() && glob(pattern, rest.as_str()),
        Sign::Many => glob_many(pattern, text),
    }
}

fn glob_many(after: &[Sign], text: &str) -> bool {
    let mut rest = text.chars();
    loop {
        if glob(after, rest.as_str()) {
            return true;
        }
        if rest.next().is_none() {
            return false;
        }
    }
}

/// All lines of a block have to hold.
pub(crate) fn condition_block_holds(block: &Json, context: &Json, variables: bool) -> bool {
    let Some(operators) = block.as_object() else { return true };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, values)| {
            let values: Vec<String> = list(values).into_iter().map(text).collect();
            holds(&operator.to_lowercase(), find(context, key), &values, context, variables)
        })
    })
}

fn holds(operator: &str, found: Option<&Json>, values: &[String], context: &Json, variables: bool) -> bool {
    let (set, operator) = operator.split_once(':').unwrap_or(("", operator));
    let (operator, if_exists) = match operator.strip_suffix("ifexists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    if operator == "null" {
        // A key without any value counts as null.
        let is_null = found.is_none_or(|value| *value == Json::Array(Vec::new()));
        return values.iter().any(|value| value.to_lowercase() == is_null.to_string());
    }
    let is_negated = operator.contains("not");
    let Some(found) = found else {
        return match set {
            "forallvalues" => true,
            "foranyvalue" => false,
            _ => if_exists || is_negated,
        };
    };
    let several = found.is_array();
    let accepts = |value: &Json| one_value_holds(operator, &text(value), values, context, variables);
    match set {
        "forallvalues" => list(found).into_iter().all(accepts),
        "foranyvalue" => list(found).into_iter().any(accepts),
        // A key with several values needs a set operator.
        _ => !several && accepts(found),
    }
}

/// Whether one value of the request matches one of the policy's; for a negated operator, none of them.
/// A comparison that makes no sense makes the condition false either way.
fn one_value_holds(operator: &str, value: &str, wanted: &[String], context: &Json, variables: bool) -> bool {
    let positive = operator.replacen("not", "", 1);
    let context = variables.then_some(context);
    let matches: Vec<Option<bool>> =
        wanted.iter().map(|wanted| matches(&positive, value, wanted, context)).collect();
    if operator.contains("not") {
        matches.iter().all(|found| *found == Some(false))
    } else {
        matches.contains(&Some(true))
    }
}

/// Whether a value matches; nothing when the two cannot be compared.
fn matches(operator: &str, value: &str, wanted: &str, context: Option<&Json>) -> Option<bool> {
    let exactly = || -> Option<String> {
        let signs = expand(wanted, context, false)?;
        Some(
            signs
                .iter()
                .map(|sign| match sign {
                    Sign::Letter(c) => *c,
                    Sign::Any | Sign::Many => panic!("no wildcards were asked for"),
                })
                .collect(),
        )
    };
    if let Some(relation) = operator.strip_prefix("numeric") {
        return Some(related(relation, scaled(value)?, scaled(wanted)?));
    }
    if let Some(relation) = operator.strip_prefix("date") {
        return Some(related(relation, seconds(value)?, seconds(wanted)?));
    }
    match operator {
        "stringequals" => Some(exactly()? == value),
        "stringequalsignorecase" => Some(exactly()?.to_lowercase() == value.to_lowercase()),
        "stringlike" => Some(glob(&expand(wanted, context, true)?, value)),
        "bool" => {
            let (value, wanted) = (value.to_lowercase(), exactly()?.to_lowercase());
            let sound = |text: &str| text == "true" || text == "false";
            (sound(&value) && sound(&wanted)).then_some(value == wanted)
        }
        "ipaddress" => in_network(value, wanted),
        "arnequals" | "arnlike" => arn_like(value, &expand(wanted, context, true)?),
        "binaryequals" => Some(value == wanted),
        other => panic!("the operator {other} is unknown"),
    }
}

fn related(relation: &str, a: i128, b: i128) -> bool {
    match relation {
        "equals" => a == b,
        "lessthan" => a < b,
        "lessthanequals" => a <= b,
        "greaterthan" => a > b,
        "greaterthanequals" => a >= b,
        other => panic!("the relation {other} is unknown"),
    }
}

/// A decimal number of up to nine decimals, times a thousand million.
fn scaled(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    if !whole.chars().chain(decimals.chars()).all(|c| c.is_ascii_digit()) || whole.is_empty() {
        return None;
    }
    Some(sign * format!("{whole}{decimals:0<9}").parse::<i128>().ok()?)
}

/// A date in one of the forms of ISO 8601 that are allowed, or a number of seconds.
fn seconds(text: &str) -> Option<i128> {
    let full = match text.len() {
        4 => format!("{text}-01-01T00:00:00Z"),
        7 => format!("{text}-01T00:00:00Z"),
        10 if text.contains('-') => format!("{text}T00:00:00Z"),
        17 => format!("{}:00Z", &text[..16]),
        _ => text.to_owned(),
    };
    match full.parse::<jiff::Timestamp>() {
        Ok(moment) => Some(moment.as_nanosecond()),
        Err(_) => scaled(text),
    }
}

fn in_network(address: &str, network: &str) -> Option<bool> {
    let bits = |text: &str| -> Option<Vec<u8>> {
        let bytes = match text.parse::<IpAddr>().ok()? {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        Some(bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> (7 - bit) & 1)).collect())
    };
    let (base, length) = match network.split_once('/') {
        Some((base, length)) => (bits(base)?, length.parse::<usize>().ok()?),
        None => (bits(network)?, usize::MAX),
    };
    let address = bits(address)?;
    let length = if length == usize::MAX { base.len() } else { length };
    if length > base.len() {
        return None;
    }
    Some(address.len() == base.len() && address[..length] == base[..length])
}

/// Field by field; the sixth holds the rest.
fn arn_like(arn: &str, pattern: &[Sign]) -> Option<bool> {
    let mut fields: Vec<Vec<Sign>> = vec![Vec::new()];
    for sign in pattern {
        if *sign == Sign::Letter(':') && fields.len() < 6 {
            fields.push(Vec::new());
        } else {
            fields.last_mut().unwrap().push(*sign);
        }
    }
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    if parts.len() < 6 || fields.len() < 6 {
        return None;
    }
    Some(parts.iter().zip(&fields).all(|(part, field)| glob(field, part)))
}
