//! What gives away more than it seems: passing roles, and making service-linked ones.

use iamctl_policy::Effect;

use crate::catalogue as code;
use crate::finding::{Check, Finding, Findings};
use crate::kind::Kind;
use crate::policy::{Clause, Policy, Statement, Word};
use crate::wild;

/// The six ways in which an action can be allowed on too much.
struct Ways {
    action: &'static str,
    /// The key that limits it to certain services.
    limit: &'static str,
    not_resource: &'static Check,
    star_action_not_resource: &'static Check,
    not_action_not_resource: &'static Check,
    star_resource: &'static Check,
    star_action_star_resource: &'static Check,
    star_resource_not_action: &'static Check,
}

static PASS_ROLE: Ways = Ways {
    action: "iam:PassRole",
    limit: "iam:passedtoservice",
    not_resource: &code::PASS_ROLE_WITH_NOT_RESOURCE,
    star_action_not_resource: &code::PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE,
    not_action_not_resource: &code::PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE,
    star_resource: &code::PASS_ROLE_WITH_STAR_IN_RESOURCE,
    star_action_star_resource: &code::PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE,
    star_resource_not_action: &code::PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION,
};

static CREATE_SLR: Ways = Ways {
    action: "iam:CreateServiceLinkedRole",
    limit: "iam:awsservicename",
    not_resource: &code::CREATE_SLR_WITH_NOT_RESOURCE,
    star_action_not_resource: &code::CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE,
    not_action_not_resource: &code::CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE,
    star_resource: &code::CREATE_SLR_WITH_STAR_IN_RESOURCE,
    star_action_star_resource: &code::CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE,
    star_resource_not_action: &code::CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION,
};

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    if policy.kind != Kind::Identity {
        return;
    }
    for statement in policy.statements.iter().filter(|statement| statement.is(Effect::Allow)) {
        too_much(statement, &PASS_ROLE, found);
        too_much(statement, &CREATE_SLR, found);
    }
}

fn too_much(statement: &Statement<'_>, ways: &Ways, found: &mut Findings) {
    let (Some(actions), Some(resources)) = (&statement.actions, &statement.resources) else { return };
    if !statement.covers_action(ways.action) || is_limited(statement, ways) {
        return;
    }
    // The name itself says more than a pattern beside it.
    let naming: Vec<_> = actions.words.iter().filter(|word| wild::matches(&word.text, ways.action)).collect();
    let by_name = naming.iter().find(|word| word.text.eq_ignore_ascii_case(ways.action));
    let wide = resources.words.iter().find(|word| is_wide(word));
    let check = match (actions.negated, resources.negated, by_name.is_some()) {
        (true, true, _) => ways.not_action_not_resource,
        (false, true, true) => ways.not_resource,
        (false, true, false) => ways.star_action_not_resource,
        (_, false, _) if wide.is_none() => return,
        (true, false, _) => ways.star_resource_not_action,
        (false, false, true) => ways.star_resource,
        (false, false, false) => ways.star_action_star_resource,
    };
    let place = by_name.or(naming.first()).map_or(actions.span, |word| word.span);
    let message = format!(
        "{} allows `{}` on {}",
        subject(actions, &naming, ways.action),
        ways.action,
        object(resources, wide)
    );
    let related = wide.map_or(resources.span, |word| word.span);
    found.push(
        Finding::new(check, place, message)
            .related(related, "on all of these")
            .help(format!("name the roles that are meant, or ask for `{}`", written(ways.limit))),
    );
}

fn subject(actions: &Clause<'_>, naming: &[&Word<'_>], action: &str) -> String {
    match naming.first().filter(|_| !actions.negated) {
        Some(word) if word.text.eq_ignore_ascii_case(action) => "this".to_owned(),
        Some(word) => format!("`{}`", word.text),
        None => "`NotAction`".to_owned(),
    }
}

fn object(resources: &Clause<'_>, wide: Option<&Word<'_>>) -> String {
    match wide.filter(|_| !resources.negated) {
        Some(word) => format!("whatever fits `{}`", word.text),
        None => "all roles but some".to_owned(),
    }
}

fn written(limit: &str) -> &'static str {
    if limit == "iam:passedtoservice" { "iam:PassedToService" } else { "iam:AWSServiceName" }
}

/// Whether a condition names the services, and not all of them.
fn is_limited(statement: &Statement<'_>, ways: &Ways) -> bool {
    statement.on(ways.limit).any(|condition| {
        condition.parsed.is_some_and(|operator| !operator.negated && !operator.if_exists)
            && !condition.values.is_empty()
            && condition.values.iter().all(|value| value.text != "*")
    })
}

/// Whether a resource stands for many roles: `*`, or a role's ARN with a wildcard in its name. One whose name
/// begins with a few letters of its own is meant to be a family of roles of one purpose.
fn is_wide(word: &Word<'_>) -> bool {
    let text = word.text.as_ref();
    if text == "*" {
        return true;
    }
    let Some(resource) = text.splitn(6, ':').nth(5) else { return wild::has_wildcard(text) };
    if !wild::overlap(resource, "role/*") {
        return false;
    }
    let name = resource.strip_prefix("role/").unwrap_or(resource);
    let fixed = name.split(['*', '?']).next().unwrap_or("");
    let last = fixed.rsplit('/').next().unwrap_or("");
    let is_service_linked = fixed.starts_with("aws-service-role/") && fixed.matches('/').count() >= 2;
    wild::has_wildcard(name) && last.is_empty() && !is_service_linked
}
