//! The manifest at the top of the repository means what it says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use iamctl_model::{Account, AccountId, Address, Desired, Expectation, Mfa, Partition, Resource};
use iamctl_spec::{FilesInMemory, Manifest, Options, parse};

const TEXT: &str = include_str!("../../../desired-state.yaml");

fn read(options: &Options) -> Manifest {
    let files = FilesInMemory::new().with("desired-state.yaml", TEXT);
    let manifest = parse(&files, "desired-state.yaml", options).unwrap();
    assert!(manifest.warnings.is_empty(), "{:?}", manifest.warnings);
    manifest
}

fn resource<'d>(desired: &'d Desired, address: &str) -> &'d Resource {
    &desired.managed[&address.parse::<Address>().unwrap()].value
}

#[test]
fn three_users_one_role_and_two_policies_are_wanted() {
    let Manifest { desired, files, .. } = read(&Options::default());
    let addresses: Vec<_> = desired.managed.keys().map(ToString::to_string).collect();
    assert_eq!(
        addresses,
        [
            "policy/deny-user-creation",
            "policy/s3-read-ec2-full",
            "user/alice",
            "user/bob",
            "user/carol",
            "role/engineer"
        ]
    );
    assert_eq!(desired.name.as_str(), "acme-prod");
    assert_eq!(desired.account, Some(AccountId::parse("123456789012").unwrap()));
    assert_eq!(desired.master_copy.prefix, "iam/");
    assert_eq!(files, [("desired-state.yaml".to_owned(), TEXT.to_owned())]);
}

#[test]
fn the_role_trusts_the_three_users_with_mfa_only() {
    let Manifest { desired, .. } = read(&Options::default());
    let Resource::Role(role) = resource(&desired, "role/engineer") else { panic!("not a role") };
    assert_eq!(
        role.trust.to_compact_string(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:user/alice","arn:aws:iam::123456789012:user/bob","arn:aws:iam::123456789012:user/carol"]},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}"#
    );
    let attached: Vec<_> = role.policies.iter().map(iamctl_model::PolicyArn::as_str).collect();
    assert_eq!(
        attached,
        [
            "arn:aws:iam::123456789012:policy/deny-user-creation",
            "arn:aws:iam::123456789012:policy/s3-read-ec2-full"
        ]
    );
}

#[test]
fn arns_carry_the_account_that_is_given() {
    let account = Account {
        id: AccountId::parse("210987654321").unwrap(),
        partition: Partition::parse("aws-us-gov").unwrap(),
    };
    let Manifest { desired, .. } = read(&Options { account: Some(account), ..Options::default() });
    let Resource::Role(role) = resource(&desired, "role/engineer") else { panic!("not a role") };
    assert!(role.trust.to_compact_string().contains("arn:aws-us-gov:iam::210987654321:user/alice"));
    assert!(role.policies.iter().all(|arn| arn.as_str().starts_with("arn:aws-us-gov:iam::210987654321:")));
    // The guard stays what the manifest says.
    assert_eq!(desired.account, Some(AccountId::parse("123456789012").unwrap()));
}

#[test]
fn its_tests_are_kept() {
    let Manifest { desired, .. } = read(&Options::default());
    assert_eq!(desired.tests.len(), 6);
    let first = &desired.tests[0];
    assert_eq!((first.expect, first.principals.len()), (Expectation::Can, 3));
    assert_eq!(first.context.mfa, Some(Mfa::Present { age: None }));
    assert_eq!(first.resources[0].arn, "arn:aws:iam::123456789012:role/engineer");
    assert!(desired.tests[5].resources.is_empty());
}
