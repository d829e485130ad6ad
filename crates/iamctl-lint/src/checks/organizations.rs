//! The policies of AWS Organizations: SCPs and RCPs.
//!
//! Source: AWS Organizations User Guide, "SCP syntax", "RCP syntax" and "Resource control policies".

use iamctl_policy::Effect;
use iamctl_policy::vocabulary::{ConditionOperator, OperatorGroup};

use crate::catalogue as code;
use crate::finding::{Finding, Findings};
use crate::kind::Kind;
use crate::policy::{Policy, Statement, Word};
use crate::wild;

/// The services whose actions RCPs may name, in November 2026.
const RCP_SERVICES: [&str; 60] = [
    "aoss",
    "appconfig",
    "appstream",
    "autoscaling",
    "autoscaling-plans",
    "budgets",
    "clouddirectory",
    "cloudfront",
    "cloudsearch",
    "cloudtrail-data",
    "codeartifact",
    "codebuild",
    "codecommit",
    "codepipeline",
    "cognito-identity",
    "cognito-idp",
    "comprehend",
    "comprehendmedical",
    "compute-optimizer",
    "cost-optimization-hub",
    "dax",
    "dsql",
    "dynamodb",
    "ecr",
    "ecr-public",
    "events",
    "firehose",
    "fis",
    "fms",
    "gamelift",
    "health",
    "inspector-scan",
    "kendra",
    "kinesisvideo",
    "kms",
    "logs",
    "memorydb",
    "networkmonitor",
    "notifications",
    "opensearch",
    "pca-connector-ad",
    "personalize",
    "polly",
    "pricing",
    "resource-groups",
    "rolesanywhere",
    "s3",
    "secretsmanager",
    "servicediscovery",
    "signin",
    "sqs",
    "sts",
    "support",
    "swf",
    "textract",
    "timestream-influxdb",
    "transcribe",
    "transfer",
    "translate",
    "wafv2",
];
const MORE_RCP_SERVICES: [&str; 2] = ["workspaces", "xray"];

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    for statement in &policy.statements {
        match policy.kind {
            Kind::Scp => scp(statement, found),
            Kind::Rcp => rcp(statement, found),
            Kind::Identity | Kind::Trust | Kind::Resource => {}
        }
    }
}

fn scp(statement: &Statement<'_>, found: &mut Findings) {
    for word in statement.actions.iter().flat_map(|clause| &clause.words) {
        let before_the_end = word.text.strip_suffix('*').unwrap_or(&word.text);
        if wild::has_wildcard(before_the_end) {
            let message = format!("`{}` has a wildcard before its end", word.text);
            found.push(
                Finding::new(&code::SCP_SYNTAX_ERROR_ACTION_WILDCARD, word.span, message)
                    .help("in actions of an SCP `*` stands at the end only: name the actions one by one"),
            );
        }
    }
}

fn rcp(statement: &Statement<'_>, found: &mut Findings) {
    if let Some(clause) = statement.actions.as_ref() {
        if clause.negated {
            found.push(
                Finding::new(&code::RCP_SYNTAX_ERROR_NOTACTION, clause.span, "an RCP has no `NotAction`")
                    .help("name the actions under `Action`"),
            );
        }
        for word in clause.words.iter().filter(|word| !is_for_rcps(word, statement)) {
            let message = format!("RCPs are not for `{}`", word.text);
            found.push(Finding::new(&code::RCP_SYNTAX_ERROR_ACTION, word.span, message).help(
                "RCPs are for the actions of some services, such as `s3:*`, `kms:*`, `sqs:*` and `sts:*`",
            ));
        }
    }
    principal(statement, found);
    if statement.is(Effect::Allow) {
        allow(statement, found);
    } else {
        deny(statement, found);
    }
}

fn is_for_rcps(word: &Word<'_>, statement: &Statement<'_>) -> bool {
    match word.text.split_once(':') {
        // `RCPFullAWSAccess` alone allows `*`.
        None => word.text != "*" || statement.is(Effect::Allow),
        Some((service, _)) => {
            let service = service.to_ascii_lowercase();
            RCP_SERVICES.contains(&service.as_str()) || MORE_RCP_SERVICES.contains(&service.as_str())
        }
    }
}

fn principal(statement: &Statement<'_>, found: &mut Findings) {
    let Some(principals) = &statement.principals else { return };
    let is_all =
        !principals.negated && matches!(principals.entries.as_slice(), [(None, word)] if word.text == "*");
    if !is_all {
        found.push(
            Finding::new(&code::RCP_SYNTAX_ERROR_PRINCIPAL, principals.span, "an RCP is about everybody")
                .help("write `\"Principal\": \"*\"`, and say who is meant in `Condition`"),
        );
    }
}

fn allow(statement: &Statement<'_>, found: &mut Findings) {
    let all = |clause: &crate::policy::Clause<'_>| {
        !clause.negated && clause.words.iter().all(|word| word.text == "*")
    };
    let is_plain = statement.resources.as_ref().is_none_or(all) && statement.conditions.is_empty();
    if !is_plain {
        let message = "an RCP allows everything to everybody, or nothing: no resources and no conditions";
        found.push(
            Finding::new(&code::RCP_SYNTAX_ERROR_ALLOW, statement.node.span, message)
                .help("write a Deny of what is not to be"),
        );
    }
}

/// Keys about whoever asks, which services that ask by themselves do not have.
const ABOUT_PRINCIPALS: [&str; 4] =
    ["aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn"];
/// Keys about the source of a service's call, which people's requests do not have.
const ABOUT_SOURCES: [&str; 4] =
    ["aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceaccount", "aws:sourcearn"];

fn deny(statement: &Statement<'_>, found: &mut Findings) {
    let is_negated = |operator: Option<ConditionOperator>| {
        operator.is_some_and(|operator| operator.negated && operator.group != OperatorGroup::Null)
    };
    let on = |keys: &[&str]| {
        statement.conditions.iter().find(|one| is_negated(one.parsed) && keys.contains(&one.lower.as_str()))
    };
    let about_services = |wanted: &str| {
        statement
            .on("aws:principalisawsservice")
            .any(|condition| condition.values.iter().all(|value| value.text.eq_ignore_ascii_case(wanted)))
    };
    if let Some(condition) = on(&ABOUT_PRINCIPALS).filter(|_| !about_services("false")) {
        let message =
            format!("services that act for you have no `{}`, and are denied as well", condition.key.text);
        found.push(
            Finding::new(&code::RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY, condition.key.span, message)
                .help("add `\"BoolIfExists\": {\"aws:PrincipalIsAWSService\": \"false\"}`"),
        );
    }
    let Some(condition) = on(&ABOUT_SOURCES) else { return };
    if !about_services("true") {
        let message = format!("people's requests have no `{}`, and are denied as well", condition.key.text);
        found.push(
            Finding::new(
                &code::RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY,
                condition.key.span,
                message,
            )
            .help("add `\"BoolIfExists\": {\"aws:PrincipalIsAWSService\": \"true\"}`"),
        );
    }
    let asks_for_source = ["aws:sourceaccount", "aws:sourcearn"].iter().any(|key| {
        statement.on(key).any(|one| one.parsed.is_some_and(|operator| operator.group == OperatorGroup::Null))
    });
    if !asks_for_source && condition.lower.starts_with("aws:sourceorg") {
        let message = format!("some services tell no `{}`, and are denied as well", condition.key.text);
        found.push(
            Finding::new(&code::RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK, condition.key.span, message)
                .help("add `\"Null\": {\"aws:SourceAccount\": \"false\"}`"),
        );
    }
}
