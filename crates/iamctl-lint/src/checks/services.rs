//! Services that act for somebody: how they are named, and for whom they may act.
//!
//! Source: IAM User Guide, "The confused deputy problem".

use iamctl_policy::Effect;
use iamctl_policy::vocabulary::OperatorGroup;

use super::principals::is_service_principal;
use crate::catalogue as code;
use crate::finding::{Finding, Findings};
use crate::kind::Kind;
use crate::policy::{Policy, PrincipalKind, Statement, Word};
use crate::wild;

/// Keys that hold the names of services.
const SERVICE_KEYS: [&str; 7] = [
    "iam:passedtoservice",
    "iam:awsservicename",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
];
/// Keys that say for whom a service acts.
const SOURCE: [&str; 4] = ["aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"];
/// Keys that some use instead.
const INSTEAD: [&str; 5] =
    ["aws:referer", "aws:useragent", "aws:sourceip", "aws:sourceowner", "aws:sourcevpce"];
/// Keys about a principal, which services that ask by themselves do not have.
const OF_PRINCIPALS: [&str; 5] = [
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:username",
];

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    for statement in &policy.statements {
        names(statement, found);
        if matches!(policy.kind, Kind::Trust | Kind::Resource) && statement.is(Effect::Allow) {
            keys_of_principals(statement, found);
        }
        if policy.kind == Kind::Resource && statement.is(Effect::Allow) {
            deputy(statement, found);
        }
    }
}

fn names(statement: &Statement<'_>, found: &mut Findings) {
    for condition in &statement.conditions {
        let is_text = condition.parsed.is_some_and(|operator| operator.group == OperatorGroup::String);
        let is_via = condition.lower == "kms:viaservice";
        if !is_text || !(is_via || SERVICE_KEYS.contains(&condition.lower.as_str())) {
            continue;
        }
        for value in condition.values.iter().filter(|value| !is_open(value)) {
            let fits = is_service_principal(&value.text) && (!is_via || value.text.matches('.').count() >= 3);
            if !fits {
                let message = format!("`{}` is not the name of a service", value.text);
                let form = if is_via { "SERVICE.REGION.amazonaws.com" } else { "SERVICE.amazonaws.com" };
                found.push(
                    Finding::new(&code::INVALID_SERVICE_PRINCIPAL_FORMAT, value.span, message)
                        .help(format!("write it in lower case, as `{form}`")),
                );
            }
        }
    }
}

fn is_open(value: &Word<'_>) -> bool {
    wild::has_wildcard(&value.text) || value.text.contains("${")
}

fn only_services<'s>(statement: &'s Statement<'_>) -> Option<&'s Word<'s>> {
    let principals = statement.principals.as_ref().filter(|one| !one.negated)?;
    let is_service = |(kind, _): &(Option<PrincipalKind>, Word<'_>)| *kind == Some(PrincipalKind::Service);
    let first = principals.entries.first()?;
    principals.entries.iter().all(is_service).then_some(&first.1)
}

fn keys_of_principals(statement: &Statement<'_>, found: &mut Findings) {
    let Some(service) = only_services(statement) else { return };
    for condition in &statement.conditions {
        let Some(operator) = condition.parsed else { continue };
        let is_of_principal = OF_PRINCIPALS.contains(&condition.lower.as_str())
            || condition.lower.starts_with("aws:principaltag/");
        let asks_for_it = !operator.if_exists && !operator.negated && operator.group != OperatorGroup::Null;
        if is_of_principal && asks_for_it {
            let message = format!("`{}` has no `{}`: this is never met", service.text, condition.key.text);
            found.push(
                Finding::new(
                    &code::UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL,
                    condition.key.span,
                    message,
                )
                .related(service.span, "asks by itself")
                .help("use `aws:SourceAccount`, `aws:SourceArn` or `aws:SourceOrgID`"),
            );
        }
    }
}

fn deputy(statement: &Statement<'_>, found: &mut Findings) {
    let Some(service) = statement.principals_of(PrincipalKind::Service).next() else { return };
    let has_source = statement.conditions.iter().any(|condition| {
        SOURCE.contains(&condition.lower.as_str())
            || condition.lower.starts_with("aws:principalservicename")
            || condition.lower.ends_with(":sourceaccount")
    });
    if has_source {
        return;
    }
    let instead = statement.conditions.iter().find(|condition| INSTEAD.contains(&condition.lower.as_str()));
    let help =
        "add a condition on `aws:SourceAccount`, `aws:SourceArn`, `aws:SourceOrgID` or `aws:SourceOrgPaths`";
    match instead {
        Some(condition) => {
            let message = format!("`{}` does not say for whom `{}` acts", condition.key.text, service.text);
            let check = &code::RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL;
            found.push(Finding::new(check, condition.key.span, message).help(help));
        }
        None => {
            let message =
                format!("`{}` may do this on whoever's behalf it acts, of any account", service.text);
            found.push(
                Finding::new(&code::RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL, service.span, message).help(help),
            );
        }
    }
}
