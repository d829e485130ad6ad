//! Multi-factor authentication, asked for in ways that do not.
//!
//! Source: IAM User Guide, "AWS global condition context keys": `aws:MultiFactorAuthPresent` is not in requests that
//! are made with long-term access keys, so that `BoolIfExists` is met by them and `Bool` with `false` is not.

use iamctl_policy::Effect;
use iamctl_policy::vocabulary::OperatorGroup;

use crate::catalogue as code;
use crate::finding::{Finding, Findings};
use crate::kind::Kind;
use crate::policy::{Condition, Policy, PrincipalKind, Statement};

const PRESENT: &str = "aws:multifactorauthpresent";
const AGE: &str = "aws:multifactorauthage";

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    for statement in &policy.statements {
        for condition in &statement.conditions {
            match statement.effect {
                Some(Effect::Allow) => allow(condition, found),
                Some(Effect::Deny) => deny(statement, condition, found),
                None => {}
            }
        }
    }
    if policy.kind == Kind::Trust {
        bypassed(policy, found);
    }
}

fn is(condition: &Condition<'_>, wanted: &str) -> bool {
    !condition.values.is_empty()
        && condition.values.iter().all(|value| value.text.eq_ignore_ascii_case(wanted))
}

fn allow(condition: &Condition<'_>, found: &mut Findings) {
    let Some(operator) = condition.parsed.filter(|operator| operator.if_exists) else { return };
    let demands = match operator.group {
        OperatorGroup::Bool | OperatorGroup::String => condition.lower == PRESENT && is(condition, "true"),
        OperatorGroup::Numeric => condition.lower == AGE,
        _ => false,
    };
    if demands {
        let message = "requests made with plain access keys say nothing about MFA, and are allowed";
        let plain = condition.operator.text.trim_end_matches("IfExists");
        found.push(
            Finding::new(&code::MFA_ALLOW_WITH_IF_EXISTS, condition.operator.span, message)
                .related(condition.key.span, "is missing from them")
                .help(format!("write `{plain}`: it is met only where MFA was used")),
        );
    }
}

fn deny(statement: &Statement<'_>, condition: &Condition<'_>, found: &mut Findings) {
    let Some(operator) = condition.parsed.filter(|operator| !operator.if_exists) else { return };
    let is_bool = matches!(operator.group, OperatorGroup::Bool | OperatorGroup::String);
    let without = condition.lower == PRESENT && is_bool && !operator.negated && is(condition, "false");
    // Beside a Deny for what is said, another statement may deny where nothing is said.
    let asks_for_absence = statement.on(PRESENT).any(|one| {
        one.parsed.is_some_and(|operator| operator.group == OperatorGroup::Null) && is(one, "true")
    });
    if without && !asks_for_absence {
        let message = "requests made with plain access keys say nothing about MFA, and are not denied";
        found.push(
            Finding::new(&code::MFA_DENY_WITHOUT_IF_EXISTS, condition.operator.span, message)
                .related(condition.key.span, "is missing from them")
                .help("write `BoolIfExists`: it is met as well where nothing is said"),
        );
    }
}

/// Whether a statement lets in only those who used MFA.
fn demands_mfa(statement: &Statement<'_>) -> bool {
    statement.conditions.iter().any(|condition| {
        condition.parsed.is_some_and(|operator| match operator.group {
            OperatorGroup::Bool => condition.lower == PRESENT && is(condition, "true") && !operator.if_exists,
            OperatorGroup::Null => {
                (condition.lower == PRESENT || condition.lower == AGE) && is(condition, "false")
            }
            OperatorGroup::Numeric => condition.lower == AGE && !operator.if_exists,
            _ => false,
        })
    })
}

/// Somebody who must use MFA by one statement and need not by another.
fn bypassed(policy: &Policy<'_>, found: &mut Findings) {
    let allows =
        |statement: &&Statement<'_>| statement.is(Effect::Allow) && statement.covers_action("sts:AssumeRole");
    let people = |statement: &'_ Statement<'_>| -> Vec<(String, iamctl_policy::Span)> {
        let named = statement.principals_of(PrincipalKind::Aws);
        let all = statement.everybody().into_iter();
        named.chain(all).map(|word| (word.text.to_string(), word.span)).collect()
    };
    let (strict, lax): (Vec<_>, Vec<_>) =
        policy.statements.iter().filter(allows).partition(|statement| demands_mfa(statement));
    let mut asked = std::collections::HashMap::new();
    for (name, span) in strict.into_iter().flat_map(people) {
        if let Some(account) = account_of(&name) {
            asked.entry(account.to_owned()).or_insert_with(|| (name.clone(), span));
        }
        asked.entry(name.clone()).or_insert((name, span));
    }
    if asked.is_empty() {
        return;
    }
    // Other conditions of a lax statement may keep out whom the strict one asks: only what is open is told.
    for statement in lax.into_iter().filter(|statement| statement.conditions.is_empty()) {
        for (name, span) in people(statement) {
            let whole = whole_account(&name);
            let first = match &whole {
                Some(account) => asked.get(account).or_else(|| asked.get(&name)),
                None if name == "*" => asked.values().next(),
                None => asked.get(&name),
            };
            let Some((who, place)) = first else { continue };
            let message = format!("`{who}` is let in here without the MFA that another statement asks for");
            found.push(
                Finding::new(&code::MFA_BYPASSED_BY_OTHER_STATEMENT, span, message)
                    .related(*place, "must use MFA here")
                    .help("ask for MFA in both statements, or leave this principal out here"),
            );
        }
    }
}

/// The account that a principal belongs to.
fn account_of(principal: &str) -> Option<&str> {
    principal.split(':').nth(4).filter(|account| !account.is_empty())
}

/// The account that a principal stands for as a whole.
fn whole_account(principal: &str) -> Option<String> {
    let is_id = principal.len() == 12 && principal.bytes().all(|b| b.is_ascii_digit());
    if is_id {
        return Some(principal.to_owned());
    }
    principal.strip_suffix(":root").and_then(|_| account_of(principal)).map(str::to_owned)
}
