//! What a plan does to access, for programs.

use std::collections::BTreeMap;

use iamctl_access::{AccessChange, Caller, Portion};
use iamctl_data::{AccessLevel, services};
use iamctl_policy::difference::Mfa;
use serde_json::{Value, json};

use super::answer_json::one_if;
use super::escalation;

/// All of it.
pub(crate) fn access(change: &AccessChange) -> Value {
    let principals = change.principals.iter().map(|one| {
        json!({
            "principal": one.who.to_string(),
            "verdict": one.effect.verdict().as_str(),
            "gained": one.effect.gained.iter().map(portion).collect::<Vec<_>>(),
            "lost": one.effect.lost.iter().map(portion).collect::<Vec<_>>(),
            "unknown": one.effect.unknown,
            "escalations": one.escalations.iter().map(|one| escalation::json(one, None)).collect::<Vec<_>>(),
        })
    });
    let roles = change.roles.iter().map(|one| {
        json!({
            "role": format!("role/{}", one.role),
            "verdict": one.verdict().as_str(),
            "gained": one.gained.iter().map(caller).collect::<Vec<_>>(),
            "lost": one.lost.iter().map(caller).collect::<Vec<_>>(),
            "unknown": one.unknown,
        })
    });
    let mut all = json!({"principals": principals.collect::<Vec<_>>(), "roles": roles.collect::<Vec<_>>()});
    if let (Value::Object(fields), false) = (&mut all, change.is_empty()) {
        fields.insert("tables".to_owned(), json!({"actions": services().provenance().date}));
    }
    all
}

fn caller(caller: &Caller) -> Value {
    let mut fields = portion(&caller.portion);
    if let Value::Object(fields) = &mut fields {
        fields.insert("who".to_owned(), caller.name.as_str().into());
        fields.insert("kind".to_owned(), caller.kind.as_deref().into());
        let identity = caller.identity.as_ref().map(ToString::to_string);
        fields.insert("principal".to_owned(), identity.into());
    }
    fields
}

fn portion(portion: &Portion) -> Value {
    let mut levels: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (action, level) in &portion.actions {
        levels.entry(level.map_or("Unknown", name)).or_default().push(action);
    }
    json!({
        "service": portion.service,
        "actions": levels,
        "but_for": portion.but_for,
        "resources": portion.resources,
        "conditions": portion.conditions.iter().map(one_if).collect::<Vec<_>>(),
        "denied_if": portion.denied_if.iter().map(one_if).collect::<Vec<_>>(),
        "has_exceptions": portion.has_exceptions,
        "mfa": match portion.mfa {
            Mfa::Alike => Value::Null,
            Mfa::Only => "only".into(),
            Mfa::Spared => "spared".into(),
            Mfa::Without => "without".into(),
        },
        "risks": portion.risks.iter().map(|risk| risk.as_str()).collect::<Vec<_>>(),
        "witness": portion.witness.to_json(),
    })
}

/// AWS's word.
pub(crate) fn name(level: AccessLevel) -> &'static str {
    match level {
        AccessLevel::List => "List",
        AccessLevel::Read => "Read",
        AccessLevel::Tagging => "Tagging",
        AccessLevel::Write => "Write",
        AccessLevel::PermissionsManagement => "Permissions management",
    }
}
