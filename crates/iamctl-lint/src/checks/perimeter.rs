//! Keys on which much hangs: who asks, from where, and for whom.

use iamctl_policy::Effect;
use iamctl_policy::vocabulary::OperatorGroup;

use crate::catalogue as code;
use crate::finding::{Finding, Findings};
use crate::kind::Kind;
use crate::policy::{Condition, Policy, Statement, Word};
use crate::tables::without_placeholders;
use crate::wild;

/// Source: IAM User Guide, "AWS global condition context keys", on sensitive keys.
const SENSITIVE: [&str; 10] = [
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:vpceorgid",
];
/// What whoever asks can set as they like. Source: the same page.
const UNTRUSTWORTHY: [&str; 2] = ["aws:referer", "aws:useragent"];
/// Keys that only some services tell.
const OF_SOME_SERVICES: [&str; 3] = ["aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"];

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    for statement in &policy.statements {
        for condition in &statement.conditions {
            if UNTRUSTWORTHY.contains(&condition.lower.as_str()) {
                let message = format!("whoever asks can write `{}` as they like", condition.key.text);
                found.push(
                    Finding::new(&code::UNTRUSTWORTHY_CONDITION_KEY, condition.key.span, message)
                        .help("let no access hang on it"),
                );
            }
            permissive(policy, condition, found);
            pairs(statement, condition, found);
            scoped(statement, condition, found);
            s3_prefix(statement, condition, found);
            dynamodb(statement, condition, found);
            if policy.kind == Kind::Resource {
                irrelevant(condition, found);
            }
        }
    }
}

/// Wildcards and variables in what must be exact.
fn permissive(policy: &Policy<'_>, condition: &Condition<'_>, found: &mut Findings) {
    let Some(operator) = condition.parsed.filter(|operator| operator.group == OperatorGroup::String) else {
        return;
    };
    let is_sensitive = SENSITIVE.contains(&condition.lower.as_str());
    let is_user_id = condition.lower == "aws:userid";
    if !is_sensitive && !is_user_id {
        return;
    }
    for value in &condition.values {
        let has_variable = policy.has_variables() && has_open_variable(&value.text);
        let plain = without_placeholders(&value.text);
        let has_wildcard = operator.has_wildcards && wild::has_wildcard(&value.text.replace("${*}", ""));
        if (is_user_id && is_narrow(&plain)) || plain == "*" && !has_variable {
            // A lone star is told as what it is: a question whether the key is there.
            continue;
        }
        let (check, what) = if has_variable {
            (&code::VARIABLE_USAGE_TOO_PERMISSIVE, "variable")
        } else if has_wildcard {
            (&code::WILDCARD_USAGE_TOO_PERMISSIVE, "wildcard")
        } else {
            continue;
        };
        let message =
            format!("a {what} in `{}` of `{}` may let anything pass", value.text, condition.key.text);
        found.push(Finding::new(check, value.span, message).help(if is_user_id {
            "write the id before the colon, and a pattern behind it only: `AROAEXAMPLEID:*`"
        } else {
            "list the values that are meant"
        }));
    }
}

/// Whether there is a variable other than one that is as exact as the key itself: `aws:ResourceAccount` is often
/// compared with `${aws:PrincipalAccount}`.
fn has_open_variable(text: &str) -> bool {
    text.split("${").skip(1).any(|part| {
        let name = part.split(['}', ',']).next().unwrap_or_default().trim().to_ascii_lowercase();
        !SENSITIVE.contains(&name.as_str()) && !matches!(name.as_str(), "*" | "?" | "$")
    })
}

/// Whether what stands before the colon of a user id is an id, or a star alone beside something behind it.
fn is_narrow(plain: &str) -> bool {
    match plain.split_once(':') {
        Some((id, _)) => id == "*" || !wild::has_wildcard(id),
        None => plain.find(['*', '?']).is_none_or(|at| at >= 6),
    }
}

fn pairs(statement: &Statement<'_>, condition: &Condition<'_>, found: &mut Findings) {
    let is_there =
        ["aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn"].iter().any(|key| statement.has_key(key));
    if condition.lower == "aws:vpcsourceip" && !is_there {
        found.push(
            Finding::new(
                &code::MISSING_PAIRED_CONDITION_KEYS,
                condition.key.span,
                "any VPC can have these private addresses",
            )
            .help("add a condition on `aws:SourceVpc`"),
        );
    }
}

fn scoped(statement: &Statement<'_>, condition: &Condition<'_>, found: &mut Findings) {
    let Some(actions) = &statement.actions else { return };
    let is_everything = actions.negated || actions.words.iter().any(|word| word.text == "*");
    if OF_SOME_SERVICES.contains(&condition.lower.as_str()) && is_everything {
        let message =
            format!("only some services tell `{}`, and this statement is about all", condition.key.text);
        found.push(
            Finding::new(&code::USE_CONDITION_KEY_ONLY_WITH_SUPPORTED_SERVICES, condition.key.span, message)
                .help("name the actions of services that support it"),
        );
    }
}

fn s3_prefix(statement: &Statement<'_>, condition: &Condition<'_>, found: &mut Findings) {
    let Some(operator) = condition.parsed.filter(|operator| operator.group == OperatorGroup::String) else {
        return;
    };
    let forbids = match statement.effect {
        Some(Effect::Deny) => !operator.negated,
        Some(Effect::Allow) => operator.negated,
        None => false,
    };
    // To forbid the empty prefix is to demand one.
    let is_empty = |value: &Word<'_>| value.text.is_empty();
    if condition.lower == "s3:prefix" && forbids && !condition.values.iter().all(is_empty) {
        let message = "listing with a shorter prefix passes, and shows what lies under this one as well";
        found.push(
            Finding::new(&code::S3_PREFIX_IN_NEGATIVE_CONTEXT, condition.key.span, message)
                .help("allow with `StringLike` the prefixes that are meant, or deny with `StringNotLike`"),
        );
    }
}

fn dynamodb(statement: &Statement<'_>, condition: &Condition<'_>, found: &mut Findings) {
    const READING: [&str; 5] = [
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:TransactGetItems",
    ];
    let reads = READING.iter().any(|action| statement.covers_action(action));
    let is_meant = condition.lower == "dynamodb:attributes" && statement.is(Effect::Allow);
    let is_limited = statement
        .on("dynamodb:select")
        .any(|one| one.values.iter().all(|value| value.text.eq_ignore_ascii_case("SPECIFIC_ATTRIBUTES")));
    if is_meant && reads && !is_limited {
        let message = "a request that names no attributes reads all of them";
        found.push(
            Finding::new(&code::DYNAMODB_ATTRIBUTES_WITHOUT_SELECT, condition.key.span, message)
                .help("add `\"StringEquals\": {\"dynamodb:Select\": \"SPECIFIC_ATTRIBUTES\"}`"),
        );
    }
}

fn irrelevant(condition: &Condition<'_>, found: &mut Findings) {
    if matches!(
        condition.lower.as_str(),
        "s3:resourceaccount" | "aws:resourceaccount" | "aws:resourceorgid" | "aws:resourceorgpaths"
    ) {
        let message =
            format!("`{}` is always that of the resource to which this policy belongs", condition.key.text);
        found.push(
            Finding::new(&code::IRRELEVANT_CONDITION_KEY_IN_POLICY, condition.key.span, message)
                .help("ask for it in identity policies"),
        );
    }
}
