//! How long questions to everybody take: `cargo bench -p iamctl-access`.

#![allow(clippy::unwrap_used, reason = "what cannot be set up cannot be measured")]

use std::fmt::Write as _;

use iamctl_access::{Access, On};
use iamctl_model::{Account, AccountId, Partition, TestContext};
use iamctl_policy::eval::Action;
use iamctl_spec::{FilesInMemory, Manifest, Options, parse};

const COUNT: usize = 500;

fn main() {
    divan::main();
}

/// As many users and as many roles that trust their account, as roles for people often do. What lets users in is
/// their own policy: for the roles of their team.
fn trusting_manifest() -> Manifest {
    let mut text =
        "version: 1\nname: m\naccount: \"123456789012\"\nmaster_copy: {bucket: acme-iam-master, region: eu-west-1}\nusers:\n".to_owned();
    for number in 0..2 * COUNT {
        let team = number % 20;
        writeln!(
            text,
            "  u{number}: {{inline_policies: {{p: {{document: {{Version: \"2012-10-17\", Statement: [{{Effect: Allow, Action: \
             \"sts:AssumeRole\", Resource: \"arn:aws:iam::123456789012:role/t{team}-*\"}}]}}}}}}}}"
        )
        .unwrap();
    }
    text.push_str("roles:\n");
    for number in 0..2 * COUNT {
        writeln!(
            text,
            "  t{}-{number}: {{trust: [{{accounts: \"123456789012\", mfa: required}}]}}",
            number % 20
        )
        .unwrap();
    }
    parse(&FilesInMemory::new().with("m.yaml", text), "m.yaml", &Options::default()).unwrap()
}

/// As many users and as many roles, each with a policy of its own, through groups of twenty, half of them
/// bounded; ten statements in each policy.
fn manifest() -> Manifest {
    let mut text =
        "version: 1\nname: m\nmaster_copy: {bucket: acme-iam-master, region: eu-west-1}\n".to_owned();
    let statement = |number: usize, statement: usize| {
        format!(
            "{{Effect: Allow, Action: [\"s3:Get*\", \"sqs:*\"], Resource: \"arn:aws:s3:::b{number}-{statement}/*\", \
             Condition: {{Bool: {{\"aws:MultiFactorAuthPresent\": \"true\"}}}}}}"
        )
    };
    let document = |number: usize| {
        let statements: Vec<String> = (0..10).map(|one| statement(number, one)).collect();
        format!("{{Version: \"2012-10-17\", Statement: [{}]}}", statements.join(", "))
    };
    text.push_str("policies:\n");
    for number in 0..COUNT {
        writeln!(text, "  p{number}: {{document: {}}}", document(number)).unwrap();
    }
    text.push_str("groups:\n");
    for number in 0..COUNT.div_ceil(20) {
        writeln!(text, "  g{number}: {{policies: [p{number}, \"aws:ReadOnlyAccess\"]}}").unwrap();
    }
    text.push_str("users:\n");
    for number in 0..COUNT {
        let group = number / 20;
        writeln!(
            text,
            "  u{number}: {{policies: [p{number}], groups: [g{group}], tags: {{team: t{group}}}}}"
        )
        .unwrap();
    }
    text.push_str("roles:\n");
    for number in 0..COUNT {
        let bounded = if number % 2 == 0 { ", permissions_boundary: p0" } else { "" };
        writeln!(
            text,
            "  r{number}: {{trust: [{{users: u{number}, mfa: required}}], policies: [p{number}]{bounded}}}"
        )
        .unwrap();
    }
    parse(&FilesInMemory::new().with("m.yaml", text), "m.yaml", &Options::default()).unwrap()
}

fn access(manifest: &Manifest) -> Access {
    let account = Account { id: AccountId::stand_in(), partition: Partition::aws() };
    Access::of_manifest(&manifest.desired, &account)
}

fn ask(access: &Access, action: &str, on: &str) -> usize {
    let on = if on == "*" { On::Anything } else { access.on(on).unwrap() };
    access.who_can(&Action::parse(action).unwrap(), &on, &TestContext::default()).len()
}

#[divan::bench(sample_count = 10)]
fn a_first_question_to_1000(bencher: divan::Bencher<'_, '_>) {
    let manifest = manifest();
    bencher.bench_local(|| ask(&access(&manifest), "s3:GetObject", "arn:aws:s3:::b7-3/k"));
}

#[divan::bench(sample_count = 20)]
fn b_further_question_to_1000(bencher: divan::Bencher<'_, '_>) {
    let access = access(&manifest());
    ask(&access, "s3:GetObject", "*");
    bencher.bench_local(|| ask(&access, "s3:GetObject", "arn:aws:s3:::b7-3/k"));
}

#[divan::bench(sample_count = 20)]
fn c_question_about_one_role_to_1000(bencher: divan::Bencher<'_, '_>) {
    let access = access(&manifest());
    bencher.bench_local(|| ask(&access, "sts:AssumeRole", "role/r7"));
}

#[divan::bench(sample_count = 1)]
fn e_question_of_1000_about_1000_roles_that_trust_the_account(bencher: divan::Bencher<'_, '_>) {
    let manifest = trusting_manifest();
    let account = Account { id: AccountId::parse("123456789012").unwrap(), partition: Partition::aws() };
    bencher.bench_local(|| ask(&Access::of_manifest(&manifest.desired, &account), "sts:AssumeRole", "*"));
}

#[divan::bench(sample_count = 5)]
fn d_question_about_500_roles_to_1000(bencher: divan::Bencher<'_, '_>) {
    let access = access(&manifest());
    bencher.bench_local(|| ask(&access, "sts:AssumeRole", "*"));
}
