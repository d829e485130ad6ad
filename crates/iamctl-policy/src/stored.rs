//! From the texts that AWS stores to documents, leniently: what AWS accepted is not judged again.

use serde_json::Value as Json;

use crate::diagnostic::Diagnostics;
use crate::document::{Clause, Condition, Effect, Parsed, Principals, Spanned, Statement};
use crate::json::parse_json;
use crate::node::{Entry, Node, Value};
use crate::source::SourceId;

/// Reads a stored text. The reason is said when it is not a policy document at all.
pub(crate) fn parse(text: &str) -> Result<Parsed, String> {
    let mut diagnostics = Diagnostics::new();
    let node = parse_json(text, SourceId::NONE, &mut diagnostics);
    let problem = || diagnostics.iter().next().map_or("not JSON", |found| found.message.as_str()).to_owned();
    let node = node.filter(|_| diagnostics.is_empty()).ok_or_else(problem)?;
    // Some tools wrap the document in a list of one.
    let node = match &node.value {
        Value::List(items) => match items.as_slice() {
            [one] => one,
            _ => return Err("a list of documents".to_owned()),
        },
        _ => &node,
    };
    let Value::Map(entries) = &node.value else { return Err(format!("not a map but {}", node.value.kind())) };
    let mut parsed = Parsed::default();
    for entry in entries {
        match entry.key.as_str() {
            "Version" => parsed.version = Some(text_of(entry)?),
            "Id" => parsed.id = Some(text_of(entry)?),
            "Statement" => {
                parsed.statements =
                    entry.value.one_or_many().iter().map(stored_statement).collect::<Result<_, _>>()?;
            }
            _ => parsed.other.push((entry.key.clone(), to_json(&entry.value))),
        }
    }
    Ok(parsed)
}

fn stored_statement(node: &Node) -> Result<Statement, String> {
    let Value::Map(entries) = &node.value else { return Err("a statement that is not a map".to_owned()) };
    let mut effect = None;
    let mut statement = Statement {
        span: node.span,
        sid: None,
        effect: Effect::Deny,
        principals: None,
        actions: None,
        resources: None,
        conditions: None,
        other: Vec::new(),
    };
    for entry in entries {
        match entry.key.as_str() {
            "Sid" => statement.sid = Some(text_of(entry)?),
            "Effect" => effect = Some(stored_effect(entry)?),
            "Principal" | "NotPrincipal" if statement.principals.is_none() => {
                statement.principals = Some(stored_principals(entry)?);
            }
            "Action" | "NotAction" if statement.actions.is_none() => {
                statement.actions = Some(stored_clause(entry)?);
            }
            "Resource" | "NotResource" if statement.resources.is_none() => {
                statement.resources = Some(stored_clause(entry)?);
            }
            "Condition" => statement.conditions = Some(stored_conditions(entry)?),
            _ => statement.other.push((entry.key.clone(), to_json(&entry.value))),
        }
    }
    statement.effect = effect.ok_or("a statement without `Effect`")?;
    Ok(statement)
}

fn stored_effect(entry: &Entry) -> Result<Effect, String> {
    match text_of(entry)?.text.as_str() {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        other => Err(format!("the effect `{other}`")),
    }
}

fn stored_principals(entry: &Entry) -> Result<Principals, String> {
    let negated = entry.key == "NotPrincipal";
    let entries = match &entry.value.value {
        Value::Map(kinds) => {
            let mut entries = Vec::new();
            for kind in kinds {
                for value in texts_of(kind)? {
                    entries.push((Some(kind.key.clone()), value));
                }
            }
            entries
        }
        _ => vec![(None, text_of(entry)?)],
    };
    Ok(Principals { negated, entries })
}

fn stored_clause(entry: &Entry) -> Result<Clause, String> {
    Ok(Clause { negated: entry.key.starts_with("Not"), patterns: texts_of(entry)? })
}

fn stored_conditions(entry: &Entry) -> Result<Vec<Condition>, String> {
    let not_a_map = || "a `Condition` that is not a map of maps".to_owned();
    let Value::Map(operators) = &entry.value.value else { return Err(not_a_map()) };
    let mut conditions = Vec::new();
    for operator in operators {
        let Value::Map(keys) = &operator.value.value else { return Err(not_a_map()) };
        for key in keys {
            conditions.push(Condition {
                operator: Spanned { text: operator.key.clone(), span: operator.key_span },
                key: Spanned { text: key.key.clone(), span: key.key_span },
                values: texts_of(key)?,
            });
        }
    }
    Ok(conditions)
}

fn texts_of(entry: &Entry) -> Result<Vec<Spanned>, String> {
    entry.value.one_or_many().iter().map(|item| text(item, &entry.key)).collect()
}

fn text_of(entry: &Entry) -> Result<Spanned, String> {
    text(&entry.value, &entry.key)
}

fn text(node: &Node, key: &str) -> Result<Spanned, String> {
    let text = match &node.value {
        Value::String(text) | Value::Number(text) => text.clone(),
        Value::Bool(truth) => truth.to_string(),
        other => return Err(format!("`{key}` is {}", other.kind())),
    };
    Ok(Spanned { text, span: node.span })
}

fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        // One that would be written otherwise than it was is kept as it was.
        Value::Number(text) => {
            let number = serde_json::from_str::<Json>(text).ok();
            let written = number.as_ref().map(Json::to_string);
            number.filter(|_| written.as_ref() == Some(text)).unwrap_or_else(|| Json::String(text.clone()))
        }
        Value::String(text) => Json::String(text.clone()),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|entry| (entry.key.clone(), to_json(&entry.value))).collect())
        }
    }
}
