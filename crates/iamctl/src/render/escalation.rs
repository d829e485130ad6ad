//! Paths to more rights, in words and for programs.

use iamctl_access::escalation::{Escalation, Step, Terms};
use iamctl_policy::Sources;
use serde_json::{Value, json};

use super::answer::dependence;
use super::answer_json;
use super::names::list;

/// "can make access keys for somebody else: user/alice, only with MFA"
pub(crate) fn headline(one: &Escalation) -> String {
    let can = if one.depends_on.is_empty() { "can" } else { "may be able to" };
    let mut text = format!("{can} {}", one.path.does);
    if !one.reaches.is_empty() {
        text.push_str(&format!(": {}", list(&one.reaches)));
    }
    match one.terms {
        Terms::Always => {}
        Terms::OnlyWithMfa => text.push_str(", only with MFA"),
        Terms::OnlyWithoutMfa => text.push_str(", only without MFA"),
    }
    if !one.depends_on.is_empty() {
        let on: Vec<String> = one.depends_on.iter().map(dependence).collect();
        text.push_str(&format!("; it depends on {}", list(&on)));
    }
    if let Some(given) = one.path.given {
        text.push_str(&format!(", given {given}"));
    }
    if one.is_hypothetical {
        text.push_str(match one.path.needs.iter().any(|need| need.action == "iam:PassRole") {
            true => ", if the account has a role for it",
            false => ", if the account has another one",
        });
    }
    text
}

/// "iam:PassRole on role/worker, ec2:RunInstances"
pub(crate) fn needs(one: &Escalation) -> String {
    let need = |step: &Step| match step.on.as_str() {
        "*" => step.action.to_owned(),
        on => format!("{} on {on}", step.action),
    };
    one.steps.iter().map(need).collect::<Vec<_>>().join(", ")
}

/// On what terms, for programs.
pub(crate) fn terms(terms: Terms) -> &'static str {
    match terms {
        Terms::Always => "always",
        Terms::OnlyWithMfa => "only_with_mfa",
        Terms::OnlyWithoutMfa => "only_without_mfa",
    }
}

/// A path, for programs.
pub(crate) fn json(one: &Escalation, sources: Option<&Sources>) -> Value {
    let step = |step: &Step| {
        json!({
            "action": step.action,
            "on": step.on,
            "answer": Value::Object(answer_json::answer(&step.answer, sources)),
        })
    };
    json!({
        "path": one.path.id,
        "does": one.path.does,
        "given": one.path.given,
        "terms": terms(one.terms),
        "certain": one.is_certain(),
        "depends_on": one.depends_on.iter().map(answer_json::dependence).collect::<Value>(),
        "reaches": one.reaches,
        "steps": one.steps.iter().map(step).collect::<Value>(),
    })
}
