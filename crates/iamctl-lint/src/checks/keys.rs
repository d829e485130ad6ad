//! Condition keys: whether there are such, and whether they fit their operator.

use std::collections::HashMap;

use iamctl_data::{ValueType, services};
use iamctl_policy::vocabulary::{OperatorGroup, SetOperator};

use crate::catalogue as code;
use crate::finding::{Finding, Findings};
use crate::kind::Kind;
use crate::policy::{Condition, Policy, Statement};
use crate::tables::{self, KnownKey};

/// Families of keys that need the key of a tag behind the slash.
const TAG_FAMILIES: [&str; 3] = ["aws:requesttag", "aws:resourcetag", "aws:principaltag"];

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    for statement in &policy.statements {
        written_twice(statement, found);
        for condition in &statement.conditions {
            key(condition, policy.kind, found);
        }
    }
}

/// The same key under the same operator, in another case. Exactly the same key twice is no JSON.
fn written_twice(statement: &Statement<'_>, found: &mut Findings) {
    let mut seen = HashMap::new();
    for condition in &statement.conditions {
        let place = (condition.operator.text.as_ref(), condition.lower.as_str());
        if let Some(first) = seen.insert(place, condition.key.span) {
            let message =
                format!("`{}` is there twice under `{}`", condition.key.text, condition.operator.text);
            found.push(
                Finding::new(&code::DUPLICATE_KEYS_WITH_DIFFERENT_CASE, condition.key.span, message)
                    .related(first, "first written here")
                    .help("the case of letters does not count in condition keys: write one list of values"),
            );
        }
    }
}

fn key(condition: &Condition<'_>, kind: Kind, found: &mut Findings) {
    let lower = condition.lower.as_str();
    let Some((prefix, name)) =
        lower.split_once(':').filter(|(prefix, name)| !prefix.is_empty() && !name.is_empty())
    else {
        let message = format!("`{}` is not a condition key", condition.key.text);
        let meant = services().global_condition_keys().iter().map(|one| one.name);
        let meant = found.meant(&format!("aws:{}", condition.key.text), meant);
        found.push(
            Finding::new(&code::INVALID_CONDITION_KEY_FORMAT, condition.key.span, message)
                .did_you_mean(meant)
                .help("a condition key is `service:key`, such as `aws:SourceIp`"),
        );
        return;
    };
    if TAG_FAMILIES.contains(&lower.trim_end_matches('/')) || (name.ends_with("tag/") && name.len() > 4) {
        let message = format!("`{}` does not say of which tag", condition.key.text);
        found.push(
            Finding::new(&code::MISSING_TAG_KEY_IN_CONDITION, condition.key.span, message)
                .help(format!("write `{}/TAG-KEY`", condition.key.text.trim_end_matches('/'))),
        );
        return;
    }
    match known(lower, prefix) {
        Some(known) => fit(condition, known, kind, found),
        None if prefix == "aws" => unknown_global(condition, kind, found),
        // Keys of identity providers are named by their hosts.
        None if prefix.contains(['.', '/']) || prefix == "saml" => {}
        None => unknown_of_service(condition, prefix, found),
    }
}

fn known(lower: &str, prefix: &str) -> Option<KnownKey> {
    tables::condition_key(lower).or_else(|| {
        // Looking at all services takes longer, and only keys of services are told elsewhere.
        let is_of_service = prefix != "aws" && !prefix.contains('.');
        is_of_service.then(|| tables::condition_key_of_any(lower)).flatten()
    })
}

fn unknown_global(condition: &Condition<'_>, kind: Kind, found: &mut Findings) {
    let span = condition.key.span;
    if condition.lower == "aws:arn" {
        if matches!(kind, Kind::Identity | Kind::Scp) {
            let message = "`aws:ARN` is old: use `aws:PrincipalArn`";
            found.add(&code::DEPRECATED_GLOBAL_CONDITION_KEY, span, message);
        } else {
            found.push(
                Finding::new(
                    &code::UNSUPPORTED_GLOBAL_CONDITION_KEY,
                    span,
                    "`aws:ARN` is not supported here",
                )
                .help("use `aws:PrincipalArn` for who asks, `aws:SourceArn` for what a service acts for"),
            );
        }
        return;
    }
    let all = services().global_condition_keys().iter().map(|one| one.name);
    let meant = found.meant(&condition.key.text, all);
    let date = services().provenance().date;
    let message = format!("there is no condition key `{}`, as far as is known on {date}", condition.key.text);
    found.push(Finding::new(&code::INVALID_GLOBAL_CONDITION_KEY, span, message).did_you_mean(meant));
}

fn unknown_of_service(condition: &Condition<'_>, prefix: &str, found: &mut Findings) {
    let span = condition.key.span;
    let date = services().provenance().date;
    let Some(service) = services().get(prefix) else {
        if tables::is_service_named_by_aws(prefix) {
            return;
        }
        let meant = found.meant(prefix, services().prefixes().chain(["aws"]));
        let message = format!("there is no service `{prefix}`, as far as is known on {date}");
        found.push(Finding::new(&code::INVALID_SERVICE, span, message).did_you_mean(meant));
        return;
    };
    let all = service.condition_keys().iter().map(|one| one.name);
    let meant = found.meant(&condition.key.text, all);
    let message =
        format!("`{prefix}` has no condition key `{}`, as far as is known on {date}", condition.key.text);
    found.push(Finding::new(&code::INVALID_SERVICE_CONDITION_KEY, span, message).did_you_mean(meant));
}

/// Whether operator and key fit each other.
fn fit(condition: &Condition<'_>, key: KnownKey, kind: Kind, found: &mut Findings) {
    let Some(operator) = condition.parsed.filter(|operator| operator.group != OperatorGroup::Null) else {
        return;
    };
    let name = condition.key.text.as_ref();
    match operator.set {
        None if key.multivalued => {
            let message =
                format!("`{name}` has several values: `{}` alone matches none", condition.operator.text);
            found.push(
                Finding::new(&code::MISSING_QUALIFIER, condition.key.span, message)
                    .related(condition.operator.span, "needs a set operator")
                    .help("write `ForAnyValue:` before the operator, or `ForAllValues:` beside a check that the key is there"),
            );
        }
        Some(_) if is_audience(&condition.lower) && kind == Kind::Trust => {}
        Some(SetOperator::ForAllValues) if !key.multivalued => {
            let message = format!(
                "`{name}` has one value: with `ForAllValues:` the condition is met where it is missing"
            );
            found.push(
                Finding::new(&code::FORALLVALUES_WITH_SINGLE_VALUED_KEY, condition.key.span, message)
                    .help("leave `ForAllValues:` out"),
            );
        }
        _ => {}
    }
    let wanted = group_of(key.value_type);
    let is_arn_as_text = key.value_type == ValueType::Arn && operator.group == OperatorGroup::String;
    if is_arn_as_text {
        if operator.has_wildcards {
            let message = format!("`{name}` is an ARN: the wildcards of `StringLike` go across its fields");
            found.push(
                Finding::new(
                    &code::STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS,
                    condition.operator.span,
                    message,
                )
                .help(if operator.negated { "use `ArnNotLike`" } else { "use `ArnLike`" }),
            );
        }
        return;
    }
    // Tags and such hold whatever they are given; a moment in seconds is a number as well.
    let fits = wanted == operator.group
        || (key.is_of_family && key.value_type == ValueType::String)
        || (condition.lower == "aws:epochtime" && operator.group == OperatorGroup::Numeric);
    if !fits {
        let (of, for_) = (words(key.value_type), condition.operator.text.as_ref());
        let message = format!("`{name}` holds {of}, which `{for_}` does not compare");
        found.push(
            Finding::new(&code::TYPE_MISMATCH, condition.operator.span, message)
                .related(condition.key.span, format!("holds {of}"))
                .help(format!("use {}", operators_for(key.value_type))),
        );
    }
}

/// Whether a key is the `aud` of an identity provider.
pub(super) fn is_audience(lower: &str) -> bool {
    lower.ends_with(":aud") && lower != "saml:aud"
}

fn group_of(value: ValueType) -> OperatorGroup {
    match value {
        ValueType::String => OperatorGroup::String,
        ValueType::Arn => OperatorGroup::Arn,
        ValueType::Bool => OperatorGroup::Bool,
        ValueType::Numeric => OperatorGroup::Numeric,
        ValueType::Date => OperatorGroup::Date,
        ValueType::IpAddress => OperatorGroup::IpAddress,
        ValueType::Binary => OperatorGroup::Binary,
    }
}

fn words(value: ValueType) -> &'static str {
    match value {
        ValueType::String => "texts",
        ValueType::Arn => "ARNs",
        ValueType::Bool => "`true` or `false`",
        ValueType::Numeric => "numbers",
        ValueType::Date => "dates",
        ValueType::IpAddress => "addresses",
        ValueType::Binary => "bytes",
    }
}

fn operators_for(value: ValueType) -> &'static str {
    match value {
        ValueType::String => "`StringEquals`, `StringLike` or another string operator",
        ValueType::Arn => "`ArnEquals` or `ArnLike`",
        ValueType::Bool => "`Bool`",
        ValueType::Numeric => "`NumericEquals`, `NumericLessThan` or another numeric operator",
        ValueType::Date => "`DateLessThan` or another date operator",
        ValueType::IpAddress => "`IpAddress` or `NotIpAddress`",
        ValueType::Binary => "`BinaryEquals`",
    }
}
