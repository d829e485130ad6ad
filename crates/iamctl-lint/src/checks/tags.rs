//! Conditions that requests for an action never meet, because they do not have the key.

use std::collections::BTreeSet;

use iamctl_data::{Action, ResourceType, Service, services};
use iamctl_policy::Effect;
use iamctl_policy::vocabulary::OperatorGroup;

use crate::catalogue as code;
use crate::finding::{Finding, Findings};
use crate::policy::{Clause, Condition, Policy, Statement, Word};
use crate::{tables, wild};

/// How many actions are looked up in one document.
const MOST_LOOKED_UP: usize = 50_000;

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    let mut left = MOST_LOOKED_UP;
    for statement in &policy.statements {
        let Some(actions) = &statement.actions else { continue };
        for condition in &statement.conditions {
            left = left.saturating_sub(actions.words.len());
            let Some(operator) = condition.parsed.filter(|_| left > 0) else { continue };
            if operator.group == OperatorGroup::Null || operator.if_exists {
                continue;
            }
            if tables::is_resource_tag(&condition.lower) {
                resource_tag(statement, actions, condition, found);
            } else if !actions.negated {
                own_key(actions, condition, found);
            }
        }
    }
}

/// A tag of the resource that the service does not tell.
fn resource_tag(
    statement: &Statement<'_>,
    actions: &Clause<'_>,
    condition: &Condition<'_>,
    found: &mut Findings,
) {
    let Some(effect) = statement.effect else { return };
    // Where a negated condition meets a missing key, it is met.
    if condition.parsed.is_some_and(|operator| operator.negated) {
        return;
    }
    let key = condition.key.text.as_ref();
    if actions.negated {
        let (check, what) = match effect {
            Effect::Allow => {
                (&code::ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE, "allowed")
            }
            Effect::Deny => (&code::DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE, "denied"),
        };
        let message = format!("many services do not tell `{key}`: their actions are not {what} here");
        found.push(
            Finding::new(check, condition.key.span, message)
                .help("name the actions that are meant under `Action`"),
        );
        return;
    }
    let without: BTreeSet<&str> =
        actions.words.iter().filter_map(|word| service_without_tags(word)).collect();
    if without.is_empty() {
        return;
    }
    let (check, what) = match effect {
        Effect::Allow => (&code::ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE, "allowed"),
        Effect::Deny => (&code::DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE, "denied"),
    };
    let names = without.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let message = format!("actions of {names} do not tell `{key}`: they are not {what} here");
    found.push(
        Finding::new(check, condition.key.span, message)
            .help("put those actions into a statement without this condition"),
    );
}

/// The service of an action that knows no tags of resources.
fn service_without_tags(word: &Word<'_>) -> Option<&'static str> {
    let (prefix, name) = word.text.split_once(':')?;
    let service = services().get(prefix)?;
    if name == "*" || wild::has_wildcard(name) {
        return (!tables::knows_resource_tags(service)).then_some(service.prefix);
    }
    let action = service.action(name)?;
    (!knows(service, action, "aws:ResourceTag/x")).then_some(service.prefix)
}

/// A key of the service itself that the action does not know. Patterns of actions are not looked at, as AWS does
/// not either.
fn own_key(actions: &Clause<'_>, condition: &Condition<'_>, found: &mut Findings) {
    let Some((prefix, _)) = condition.lower.split_once(':') else { return };
    let Some(service) = services().get(prefix) else { return };
    if service.condition_key(&condition.lower).is_none() || is_told_everywhere(service, &condition.lower) {
        return;
    }
    let mut unsupported = actions.words.iter().filter(|word| {
        let known = services().action(&word.text);
        known.is_some_and(|(of, action)| of.prefix == service.prefix && !knows(of, action, &condition.lower))
    });
    let Some(first) = unsupported.next() else { return };
    let more = unsupported.count();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let message = format!("requests for `{}`{more} never have `{}`", first.text, condition.key.text);
    found.push(
        Finding::new(&code::UNSUPPORTED_ACTION_FOR_CONDITION_KEY, condition.key.span, message)
            .related(first.span, "does not know the key")
            .help("put those actions into a statement without this condition"),
    );
}

/// Whether a key is one that the table tells with the service, and with none of its actions: then it tells nothing
/// about which of them know it.
fn is_told_everywhere(service: &Service, key: &str) -> bool {
    !service.actions().any(|action| knows(service, action, key))
}

fn knows(service: &Service, action: &Action, key: &str) -> bool {
    let is = |known: &str| is_made_by(key, known);
    let types = action.resource_types().filter_map(|(name, _)| service.resource_type(name));
    action.condition_keys().any(is) || types.flat_map(ResourceType::condition_keys).any(is)
}

/// Whether a key is a known one, or one of a known family.
fn is_made_by(key: &str, known: &str) -> bool {
    match known.split_once("${") {
        None => known.eq_ignore_ascii_case(key),
        Some(_) => wild::matches(&tables::without_placeholders(known), key),
    }
}
