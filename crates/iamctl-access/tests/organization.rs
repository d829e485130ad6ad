//! What an organisation limits counts, for whom it does, and is told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{account, explained, live_of, sentence};
use iamctl_access::{Access, Question};
use iamctl_model::{Mfa, Organization, OrganizationPolicy, TestContext};
use iamctl_policy::Document;
use iamctl_policy::eval::Action;
use iamctl_spec::{FilesInMemory, Manifest, Options, parse};

const LINKED: &str = "arn:aws:iam::123456789012:role/aws-service-role/es.amazonaws.com/AWSServiceRoleForEs";

fn manifest(organization: &str) -> Manifest {
    let document = |statements: &str| format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    let text = format!(
        "version: 1\nname: m\naccount: \"123456789012\"\nmaster_copy: {{bucket: acme-iam-master, region: eu-west-1}}\n\
         organization: {organization}\n\
         users: {{alice: {{policies: [\"aws:AdministratorAccess\"]}}}}\n\
         roles: {{app: {{trust: [{{services: ec2.amazonaws.com}}], policies: [\"aws:AmazonS3FullAccess\"]}}}}\n"
    );
    let files = FilesInMemory::new()
        .with("m.yaml", text)
        .with(
            "no-trails.json",
            document(r#"{"Sid": "KeepTrails", "Effect": "Deny", "Action": "cloudtrail:StopLogging", "Resource": "*"}"#),
        )
        .with(
            "mfa.json",
            document(
                r#"{"Sid": "Mfa", "Effect": "Deny", "Action": "ec2:*", "Resource": "*",
                    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}"#,
            ),
        )
        .with("only-s3.json", document(r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#))
        .with(
            "in-ireland.json",
            document(
                r#"{"Effect": "Allow", "Action": "*", "Resource": "*",
                    "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}"#,
            ),
        )
        .with(
            "our-own.json",
            document(
                r#"{"Sid": "OurOwn", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                    "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}"#,
            ),
        );
    parse(&files, "m.yaml", &Options::default()).unwrap_or_else(|rejected| {
        let found: Vec<_> = rejected.diagnostics.iter().map(|one| one.message.clone()).collect();
        panic!("{}", found.join("\n"))
    })
}

fn access(organization: &str) -> Access {
    Access::of_manifest(&manifest(organization).desired, &account())
}

fn asked_with(access: &Access, who: &str, action: &str, on: &str, with: &TestContext) -> String {
    let (who, on) = (access.who(who).unwrap(), access.on(on).unwrap());
    let action = Action::parse(action).unwrap();
    let answer = access.ask(&Question { who: &who, action: &action, on: &on, with });
    format!("{}\n{}", sentence(&answer), explained(&answer)).trim_end().to_owned()
}

fn asked(access: &Access, who: &str, action: &str) -> String {
    asked_with(access, who, action, "*", &TestContext::default())
}

const TRAILS: &str = "cloudtrail:StopLogging";
const DENIED: &str = "denied\n    Deny: service control policy no-trails.json[0]";
const ADMIN: &str = "allowed\n    Allow: aws:AdministratorAccess[0]";

#[test]
fn a_statement_that_denies_on_any_level_denies_and_is_named() {
    for scp in [
        "[[FullAWSAccess, no-trails.json]]",
        "[FullAWSAccess, [no-trails.json, FullAWSAccess]]",
        "[FullAWSAccess, [FullAWSAccess, no-trails.json], FullAWSAccess]",
    ] {
        let access = access(&format!("{{scp: {scp}}}"));
        assert_eq!(asked(&access, "user/alice", TRAILS), DENIED, "{scp}");
        assert_eq!(asked(&access, "user/alice", "cloudtrail:StartLogging"), ADMIN, "{scp}");
    }
}

#[test]
fn every_level_has_to_allow() {
    let access = access("{scp: [FullAWSAccess, only-s3.json, FullAWSAccess]}");
    assert_eq!(asked(&access, "user/alice", "s3:GetObject"), ADMIN);
    assert_eq!(asked(&access, "user/alice", "ec2:RunInstances"), "denied, lacking Scp(1)");
    // Policies of an organisation give nothing to anybody.
    assert!(asked(&access, "role/app", "ec2:RunInstances").starts_with("denied, lacking"));
}

#[test]
fn what_it_depends_on_is_told_without_what_allows_everything() {
    let denying = access("{scp: [[FullAWSAccess, mfa.json]]}");
    assert_eq!(
        asked(&denying, "user/alice", "ec2:RunInstances"),
        "depends on aws:multifactorauthpresent\n    Allow: aws:AdministratorAccess[0]\n    \
         Deny: service control policy mfa.json[0], if aws:MultiFactorAuthPresent BoolIfExists [\"false\"]"
    );
    let allowing = access("{scp: [FullAWSAccess, in-ireland.json]}");
    assert_eq!(
        asked(&allowing, "user/alice", "ec2:RunInstances"),
        "depends on aws:requestedregion\n    Allow: service control policy in-ireland.json[0], if \
         aws:RequestedRegion StringEquals [\"eu-west-1\"]\n    Allow: aws:AdministratorAccess[0]"
    );
    let with = TestContext { mfa: Some(Mfa::Absent), ..TestContext::default() };
    assert_eq!(
        asked_with(&denying, "user/alice", "ec2:RunInstances", "*", &with),
        "denied\n    Deny: service control policy mfa.json[0]"
    );
}

#[test]
fn the_account_that_manages_it_and_roles_of_services_are_not_bound() {
    let scp = "scp: [[FullAWSAccess, no-trails.json]]";
    let managing = access(&format!("{{management_account: \"123456789012\", {scp}}}"));
    assert_eq!(asked(&managing, "user/alice", TRAILS), ADMIN);
    let other = access(&format!("{{management_account: \"210987654321\", {scp}}}"));
    assert_eq!(asked(&other, "user/alice", TRAILS), DENIED);
    // What a role of a service may do is not known here, and it is not the organisation that denies it.
    for who in [LINKED, "arn:aws:sts::123456789012:assumed-role/app/s"] {
        let answer = asked(&other, who, TRAILS);
        assert_eq!(answer.starts_with("depends on [the policies of"), who == LINKED, "{answer}");
    }
    assert_eq!(asked(&other, "123456789012", TRAILS), DENIED);
}

#[test]
fn resource_control_policies_bind_whoever_asks_for_things_of_the_account() {
    let foreign = "arn:aws:iam::210987654321:role/vendor";
    let on = "arn:aws:s3:::our-bucket/k";
    let ask = |access: &Access, who: &str, on: &str| {
        asked_with(access, who, "s3:GetObject", on, &TestContext::default())
    };
    let unnamed = access("{rcp: [our-own.json]}");
    assert!(
        ask(&unnamed, "user/alice", on).starts_with("depends on aws:principalorgid"),
        "{}",
        ask(&unnamed, "user/alice", on)
    );
    let named = access("{id: o-a1b2c3d4e5, rcp: [our-own.json]}");
    assert_eq!(ask(&named, "user/alice", on), ADMIN);
    assert!(ask(&named, foreign, on).contains("resource control policy our-own.json[0]"));
    let another = access("{id: o-ffffffffff, rcp: [our-own.json]}");
    assert_eq!(ask(&another, "user/alice", on), "denied\n    Deny: resource control policy our-own.json[0]");
    // What belongs to another account is not bound by what binds this one's.
    let theirs = "arn:aws:sqs:eu-west-1:210987654321:q";
    let answer = asked_with(&another, "user/alice", "sqs:SendMessage", theirs, &TestContext::default());
    assert!(answer.starts_with("allowed"), "{answer}");
}

#[test]
fn an_account_that_was_read_can_be_asked_within_an_organisation() {
    let live = live_of("users: {alice: {policies: [\"aws:AdministratorAccess\"]}}\n");
    let access = Access::of_live(&live);
    assert_eq!(asked(&access, "user/alice", TRAILS), ADMIN);
    let document = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "cloudtrail:*", "Resource": "*"}}"#;
    let deny = OrganizationPolicy { name: "x".to_owned(), document: Document::from_stored(document) };
    let organization =
        Organization { scp: vec![vec![OrganizationPolicy::full_access(), deny]], ..Organization::default() };
    let access = access.within(organization);
    assert_eq!(asked(&access, "user/alice", TRAILS), "denied\n    Deny: service control policy x[0]");
}
