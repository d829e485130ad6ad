//! What it takes to say what a change does to access: `cargo bench -p iamctl-access --bench changes`.

#![allow(clippy::unwrap_used, reason = "what cannot be set up cannot be measured")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use iamctl_access::Access;
use iamctl_model::{
    Account, AccountId, Live, LiveGroup, LivePolicy, LiveRole, LiveUser, Observed, Partition, PolicyArn,
    PolicyVersion, Resource, UniqueId, VersionId,
};
use iamctl_policy::Document;
use iamctl_spec::{FilesInMemory, Manifest, Options, parse};
use jiff::Timestamp;

/// As many users and as many roles.
const COUNT: usize = 500;

fn main() {
    divan::main();
}

fn account() -> Account {
    Account { id: AccountId::parse("123456789012").unwrap(), partition: Partition::aws() }
}

/// Users and roles, each with a policy of its own of ten statements, the users in groups that have `aws:ReadOnlyAccess`,
/// half of the roles bounded. Of the first ones, the policies are others.
fn manifest(changed: usize) -> Manifest {
    let mut text =
        "version: 1\nname: m\naccount: \"123456789012\"\nmaster_copy: {bucket: acme-iam-master, region: eu-west-1}\n".to_owned();
    let statement = |number: usize, statement: usize| {
        let more = if number < changed { ", \"sqs:SendMessage\"" } else { "" };
        format!(
            "{{Effect: Allow, Action: [\"s3:Get*\", \"sqs:Get*\"{more}], Resource: \"arn:aws:s3:::b{number}-{statement}/*\", \
             Condition: {{Bool: {{\"aws:MultiFactorAuthPresent\": \"true\"}}}}}}"
        )
    };
    text.push_str("policies:\n");
    for number in 0..COUNT {
        let statements: Vec<String> = (0..10).map(|one| statement(number, one)).collect();
        writeln!(
            text,
            "  p{number}: {{document: {{Version: \"2012-10-17\", Statement: [{}]}}}}",
            statements.join(", ")
        )
        .unwrap();
    }
    text.push_str("groups:\n");
    for number in 0..COUNT.div_ceil(20) {
        writeln!(text, "  g{number}: {{policies: [\"aws:ReadOnlyAccess\"]}}").unwrap();
    }
    text.push_str("users:\n");
    for number in 0..COUNT {
        writeln!(text, "  u{number}: {{policies: [p{number}], groups: [g{}]}}", number / 20).unwrap();
    }
    text.push_str("roles:\n");
    for number in 0..COUNT {
        let bounded = if number % 2 == 0 { ", permissions_boundary: \"aws:PowerUserAccess\"" } else { "" };
        writeln!(
            text,
            "  r{number}: {{trust: [{{users: u{number}, mfa: required}}], policies: [p{number}]{bounded}}}"
        )
        .unwrap();
    }
    parse(&FilesInMemory::new().with("m.yaml", text), "m.yaml", &Options::default()).unwrap()
}

fn live(manifest: &Manifest) -> Live {
    let mut live = Live::empty(account());
    let created = Timestamp::UNIX_EPOCH;
    for (number, (address, managed)) in manifest.desired.managed.iter().enumerate() {
        let id = UniqueId(format!("AIDAEXAMPLE{number:05}"));
        let stored = |document: &Document| Document::from_stored(&document.to_compact_string());
        match (address, managed.value.clone()) {
            (iamctl_model::Address::User(name), Resource::User(value)) => {
                let user = LiveUser { id, created, value, credentials: Observed::NotRead };
                live.users.insert(name.clone(), user);
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
                    instance_profiles: Vec::new(),
                };
                live.roles.insert(name.clone(), role);
            }
            (iamctl_model::Address::Policy(name), Resource::Policy(policy)) => {
                let document = stored(&policy.document);
                let version =
                    PolicyVersion { id: VersionId("v1".to_owned()), is_default: true, created, document };
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
            _ => {}
        }
    }
    live
}

/// From what was read and what is wanted to what becomes of access: what a plan takes longer by.
fn measure(bencher: divan::Bencher<'_, '_>, changed: usize) {
    let live = live(&manifest(0));
    let desired = manifest(changed).desired;
    bencher.bench_local(|| {
        let after = Access::planned(&desired, &live, &BTreeSet::new());
        let change = Access::of_live(&live).change_to(&after);
        assert_eq!(change.principals.len(), changed * 2);
    });
}

#[divan::bench(sample_count = 10)]
fn a_nobody_of_1000(bencher: divan::Bencher<'_, '_>) {
    measure(bencher, 0);
}

#[divan::bench(sample_count = 10)]
fn b_50_of_1000(bencher: divan::Bencher<'_, '_>) {
    measure(bencher, 25);
}

#[divan::bench(sample_count = 3)]
fn c_all_of_1000(bencher: divan::Bencher<'_, '_>) {
    measure(bencher, COUNT);
}
