//! Manifests and accounts for tests, and answers as one line.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "not every test needs all of it, and a test that cannot go on fails"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use iamctl_access::{Access, Answer, Dependence, If, Misfit, Part, Verdict};
use iamctl_model::{
    Account, AccountId, ContextValue, Live, LiveGroup, LivePolicy, LiveRole, LiveUser, Mfa, Observed,
    Partition, PolicyArn, PolicyVersion, Resource, TestContext, UniqueId, VersionId,
};
use iamctl_policy::Document;
use iamctl_spec::{FilesInMemory, Manifest, Options, parse};
use jiff::Timestamp;

const HEAD: &str = "version: 1\nname: m\naccount: \"123456789012\"\nmaster_copy: {bucket: acme-iam-master, region: eu-west-1}\n";

/// The account of all tests.
pub(crate) fn account() -> Account {
    Account { id: AccountId::parse("123456789012").unwrap(), partition: Partition::aws() }
}

/// A manifest, given without its head.
pub(crate) fn manifest(text: &str) -> Manifest {
    let files = FilesInMemory::new().with("m.yaml", format!("{HEAD}{text}"));
    parse(&files, "m.yaml", &Options::default()).unwrap_or_else(|rejected| {
        let found: Vec<_> = rejected.diagnostics.iter().map(|one| one.message.clone()).collect();
        panic!("{}\n{text}", found.join("\n"))
    })
}

/// An account as it would be after a manifest: what it defines is there.
pub(crate) fn live_of(text: &str) -> Live {
    let desired = manifest(text).desired;
    let mut live = Live::empty(account());
    let created = Timestamp::UNIX_EPOCH;
    for (number, (address, managed)) in desired.managed.iter().enumerate() {
        let id = UniqueId(format!("AIDAEXAMPLE{number:05}"));
        // What AWS answers has no place in a text.
        let stored = |document: &Document| Document::from_stored(&document.to_compact_string());
        match (address, managed.value.clone()) {
            (iamctl_model::Address::User(name), Resource::User(value)) => {
                live.users
                    .insert(name.clone(), LiveUser { id, created, value, credentials: Observed::NotRead });
            }
            (iamctl_model::Address::Group(name), Resource::Group(value)) => {
                live.groups.insert(name.clone(), LiveGroup { id, created, value });
            }
            (iamctl_model::Address::Role(name), Resource::Role(role)) => {
                let role = LiveRole {
                    id,
                    created,
                    path: role.path,
                    details: Observed::NotRead,
                    trust: stored(&role.trust),
                    tags: role.tags,
                    policies: role.policies,
                    inline_policies: role.inline_policies,
                    permissions_boundary: role.permissions_boundary,
                    instance_profiles: Default::default(),
                };
                live.roles.insert(name.clone(), role);
            }
            (iamctl_model::Address::Policy(name), Resource::Policy(policy)) => {
                let version = PolicyVersion {
                    id: VersionId("v1".to_owned()),
                    is_default: true,
                    created,
                    document: stored(&policy.document),
                };
                let policy = LivePolicy {
                    id,
                    arn: PolicyArn::new(&account(), &policy.path, name),
                    created,
                    path: policy.path,
                    description: policy.description,
                    tags: Observed::Read(policy.tags),
                    versions: vec![version],
                };
                live.policies.insert(name.clone(), policy);
            }
            other => panic!("{other:?}"),
        }
    }
    live
}

/// What a manifest leads to, in an account or alone.
pub(crate) fn access_of(manifest: &Manifest, live: Option<&Live>) -> Access {
    match live {
        Some(live) => Access::planned(&manifest.desired, live, &BTreeSet::new()),
        None => Access::of_manifest(&manifest.desired, &account()),
    }
}

/// What a question states.
pub(crate) fn with(context: &TestContext) -> String {
    let mfa = context.mfa.map(|mfa| match mfa {
        Mfa::Absent => "mfa: false".to_owned(),
        Mfa::Present { age: None } => "mfa: true".to_owned(),
        Mfa::Present { age: Some(age) } => format!("mfa: {age}s"),
    });
    let keys = context.keys.iter().map(|(key, value)| match value {
        ContextValue::One(value) => format!("{key}: {value}"),
        ContextValue::Many(values) => format!("{key}: {values:?}"),
        ContextValue::Absent => format!("{key}: ~"),
    });
    let all: Vec<String> = mfa.into_iter().chain(keys).collect();
    if all.is_empty() { String::new() } else { format!(" with {}", all.join(", ")) }
}

/// The verdict and what it depends on.
pub(crate) fn sentence(answer: &Answer) -> String {
    let mut text = answer.verdict.as_str().to_owned();
    if let Some(lack) = answer.lack {
        write!(text, ", lacking {lack:?}").unwrap();
    }
    let on = answer.depends_on.iter().map(|one| match one {
        Dependence::Resource => "the resource".to_owned(),
        Dependence::Session => "the session".to_owned(),
        Dependence::Key(key) => key.clone(),
        Dependence::Text(unread) => format!("[{unread}]"),
    });
    let on: Vec<String> = on.collect();
    if answer.verdict == Verdict::Depends {
        write!(text, " on {}", on.join(", ")).unwrap();
    }
    for assumption in &answer.assumes {
        write!(text, "; {assumption}").unwrap();
    }
    if !answer.examples.is_empty() {
        write!(text, "; such as {}", answer.examples.join(", ")).unwrap();
    }
    text
}

/// The statements, one line each.
pub(crate) fn explained(answer: &Answer) -> String {
    let mut text = String::new();
    for told in answer.told() {
        let via = told.via.as_ref().map(|group| format!(" through group/{group}")).unwrap_or_default();
        let part = match &told.part {
            Part::Applies => String::new(),
            Part::AppliesIf(all) => {
                format!(", if {}", all.iter().map(one_if).collect::<Vec<_>>().join(" and "))
            }
            Part::Misses(Misfit::Condition { operator, key, values, found }) => {
                format!(", were {key} {operator} {values:?} and not {found:?}")
            }
            Part::Misses(misfit) => format!(", were it not about another {misfit:?}"),
        };
        writeln!(text, "    {}: {}[{}]{via}{part}", told.effect, told.source, told.statement).unwrap();
    }
    text
}

fn one_if(one: &If) -> String {
    match one {
        If::Session => "the session fits".to_owned(),
        If::Resource { negated, patterns } => {
            format!("{}on {}", if *negated { "not " } else { "" }, patterns.join(" or "))
        }
        If::Condition { operator, key, values } => format!("{key} {operator} {values:?}"),
    }
}
