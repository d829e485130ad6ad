//! The document as a whole: its size and its Sids.

use std::collections::HashMap;

use iamctl_policy::{Node, Value};

use crate::catalogue as code;
use crate::finding::{Check, Finding, Findings};
use crate::kind::Kind;
use crate::policy::Policy;

/// The largest policy of a resource in bytes, where every action is of one of these services. Sources: the
/// developer guides of Amazon S3, AWS KMS, AWS Secrets Manager and AWS Lambda, on quotas.
const RESOURCE_QUOTAS: [(&str, usize); 4] =
    [("s3", 20_480), ("kms", 32_768), ("secretsmanager", 20_480), ("lambda", 20_480)];

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    sids(policy, found);
    size(policy, found);
}

fn sids(policy: &Policy<'_>, found: &mut Findings) {
    let is_resource = policy.kind == Kind::Resource;
    let mut first_places = HashMap::new();
    for sid in policy.statements.iter().filter_map(|statement| statement.sid.as_ref()) {
        if sid.text.is_empty() {
            found.add(&code::EMPTY_SID_VALUE, sid.span, "this Sid is empty: leave it out, or give it a name");
            continue;
        }
        let is_plain = sid.text.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_plain && matches!(policy.kind, Kind::Identity | Kind::Scp | Kind::Rcp) {
            let message = format!("`{}` is not a valid Sid", sid.text);
            found.push(
                Finding::new(&code::UNSUPPORTED_SID, sid.span, message)
                    .help("here a Sid holds letters and digits only"),
            );
        }
        if let Some(first) = first_places.insert(sid.text.as_ref(), sid.span) {
            let check =
                if is_resource { &code::UNIQUE_SIDS_RECOMMENDED } else { &code::UNIQUE_SIDS_REQUIRED };
            let message = format!("the Sid `{}` is there twice in one policy", sid.text);
            found.push(Finding::new(check, sid.span, message).related(first, "first used here"));
        }
    }
}

fn size(policy: &Policy<'_>, found: &mut Findings) {
    let (check, most): (&'static Check, usize) = match policy.kind {
        Kind::Identity => (&code::POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA, 6_144),
        Kind::Trust => (&code::POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA, 2_048),
        Kind::Scp => (&code::POLICY_SIZE_EXCEEDS_SCP_QUOTA, 10_240),
        Kind::Rcp => (&code::POLICY_SIZE_EXCEEDS_RCP_QUOTA, 5_120),
        Kind::Resource => match resource_quota(policy) {
            Some(most) => (&code::POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA, most),
            None => return,
        },
    };
    let weight = weight(policy.node);
    if weight > most {
        let message = format!("the policy has {weight} characters without white space, and may have {most}");
        found.push(
            Finding::new(check, policy.node.span, message)
                .help("merge statements, shorten Sids, or make several policies of it"),
        );
    }
}

/// The quota of the resources that a policy is for, when its actions tell.
fn resource_quota(policy: &Policy<'_>) -> Option<usize> {
    let mut words =
        policy.statements.iter().filter_map(|one| one.actions.as_ref()).flat_map(|clause| &clause.words);
    let service = |text: &str| text.split_once(':').map(|(service, _)| service.to_ascii_lowercase());
    let first = service(&words.next()?.text)?;
    if words.any(|word| service(&word.text).as_ref() != Some(&first)) {
        return None;
    }
    RESOURCE_QUOTAS.iter().find(|(of, _)| *of == first).map(|(_, most)| *most)
}

/// How many characters a value has as JSON, without white space.
fn weight(node: &Node) -> usize {
    let plain = |text: &str| {
        let count = |c: char| match c {
            '"' | '\\' => 2,
            c if c.is_whitespace() => 0,
            _ => 1_usize,
        };
        text.chars().map(count).sum::<usize>().saturating_add(2)
    };
    // Between the items stand commas, around them brackets.
    let around = |count: usize| count.saturating_sub(1).saturating_add(2);
    match &node.value {
        Value::Null => 4,
        Value::Bool(truth) => {
            if *truth {
                4
            } else {
                5
            }
        }
        Value::Number(text) => text.len(),
        Value::String(text) => plain(text),
        Value::List(items) => items.iter().map(weight).sum::<usize>().saturating_add(around(items.len())),
        Value::Map(entries) => {
            let entry = |one: &iamctl_policy::Entry| {
                plain(&one.key).saturating_add(1).saturating_add(weight(&one.value))
            };
            entries.iter().map(entry).sum::<usize>().saturating_add(around(entries.len()))
        }
    }
}
