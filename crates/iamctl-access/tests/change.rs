//! What a change does to access: cases, and every request of a small universe against the verdicts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeSet;

use common::{live_of, manifest};
use iamctl_access::{Access, AccessChange, Known, Portion};
use iamctl_model::Address;
use iamctl_policy::difference::Mfa;

/// What becomes of access when one manifest is applied over another; what only the first one has is deleted.
fn change(before: &str, after: &str) -> AccessChange {
    let live = live_of(before);
    let desired = manifest(after).desired;
    let managed: BTreeSet<Address> = manifest(before).desired.managed.keys().cloned().collect();
    let gone = managed.iter().filter(|address| !desired.managed.contains_key(address)).cloned().collect();
    Access::of_live(&live).change_to(&Access::planned(&desired, &live, &gone))
}

fn portion(portion: &Portion) -> String {
    let actions: Vec<&str> = portion.actions.iter().map(|(action, _)| action.as_str()).collect();
    let what = match (&portion.service, actions.as_slice()) {
        (None, _) => "everything".to_owned(),
        (Some(service), many) if many.len() > 3 => format!("{} of {service}", many.len()),
        (Some(_), few) => few.join(" "),
    };
    let mfa = match portion.mfa {
        Mfa::Alike => "",
        Mfa::Only => ", only with MFA",
        Mfa::Spared => ", also without MFA",
        Mfa::Without => ", only without MFA",
    };
    let conditions = if portion.conditions.is_empty() { "" } else { ", with conditions" };
    let denied = if portion.denied_if.is_empty() { "" } else { ", partly denied otherwise" };
    let exceptions = if portion.has_exceptions { ", with exceptions" } else { "" };
    format!("{what} on {}{mfa}{conditions}{denied}{exceptions}", portion.resources.join(" "))
}

/// All of it, one line for each thing.
fn told(change: &AccessChange) -> Vec<String> {
    let mut lines = Vec::new();
    for one in &change.principals {
        lines.push(format!("{} {}", one.who, one.effect.verdict().as_str()));
        lines.extend(one.effect.gained.iter().map(|one| format!("  + {}", portion(one))));
        lines.extend(one.effect.lost.iter().map(|one| format!("  - {}", portion(one))));
        lines.extend(one.effect.unknown.iter().map(|why| format!("  ? {why}")));
    }
    for one in &change.roles {
        lines.push(format!("trust of {} {}", one.role, one.verdict().as_str()));
        let callers = |mark: &'static str, all: &'_ [iamctl_access::Caller]| -> Vec<String> {
            all.iter()
                .map(|caller| format!("  {mark} {}: {}", caller.name, portion(&caller.portion)))
                .collect()
        };
        lines.extend(callers("+", &one.gained));
        lines.extend(callers("-", &one.lost));
        lines.extend(one.unknown.iter().map(|why| format!("  ? {why}")));
    }
    lines
}

/// A policy `p` of these statements.
fn policy(statements: &str) -> String {
    format!("policies: {{p: {{document: {{Version: \"2012-10-17\", Statement: [{statements}]}}}}}}\n")
}

const READ: &str = "{Effect: Allow, Action: \"sqs:Get*\", Resource: \"*\"}";

#[test]
fn a_text_that_only_says_it_otherwise_changes_nothing() {
    let user = "users: {alice: {policies: [p]}}\n";
    let split = "{Effect: Allow, Action: \"sqs:Get*\", Resource: \"*\"}, {Effect: Allow, Action: \"SQS:getqueue*\", Resource: \"*\"}";
    assert_eq!(told(&change(&(policy(READ) + user), &(policy(split) + user))), ["user/alice same"]);
    assert!(change(&(policy(READ) + user), &(policy(READ) + user)).is_empty());
    // Nothing of what tags say is looked at.
    let tagged = "users: {alice: {policies: [p], tags: {a: b}}}\n";
    assert!(change(&(policy(READ) + user), &(policy(READ) + tagged)).is_empty());
}

#[test]
fn only_the_new_pattern_is_told() {
    let user = "users: {alice: {policies: [p]}}\n";
    let of = |resources: &str| {
        policy(&format!("{{Effect: Allow, Action: \"s3:PutObject\", Resource: [{resources}]}}")) + user
    };
    let (a, b) = ("\"arn:aws:s3:::a/*\"", "\"arn:aws:s3:::b/*\"");
    let both = told(&change(&of(a), &of(&format!("{a}, {b}"))));
    assert_eq!(both, ["user/alice widens", "  + s3:PutObject on arn:aws:s3:::b/*"]);
    let other = told(&change(&of(a), &of(b)));
    let expected =
        ["user/alice both", "  + s3:PutObject on arn:aws:s3:::b/*", "  - s3:PutObject on arn:aws:s3:::a/*"];
    assert_eq!(other, expected);
}

#[test]
fn who_loses_mfa_gains_what_needs_none() {
    let of = |mfa: &str| {
        format!(
            "users: {{alice: {{}}, bob: {{}}}}\nroles: {{r: {{trust: [{{users: [alice, bob]{mfa}}}]}}}}\n"
        )
    };
    let told = told(&change(&of(", mfa: required"), &of("")));
    let expected = [
        "user/alice widens",
        "  + sts:AssumeRole on role/r, also without MFA",
        "user/bob widens",
        "  + sts:AssumeRole on role/r, also without MFA",
        "trust of r widens",
        "  + arn:aws:iam::123456789012:user/alice: sts:AssumeRole on *, also without MFA",
        "  + arn:aws:iam::123456789012:user/bob: sts:AssumeRole on *, also without MFA",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_deny_that_goes_opens_a_role_that_names_the_user() {
    let of = |policies: &str| {
        policy(
            "{Effect: Deny, Action: \"*\", Resource: \"*\", Condition: {BoolIfExists: {\"aws:MultiFactorAuthPresent\": \"false\"}}}",
        ) + &format!(
            "groups: {{g: {{policies: [{policies}]}}}}\nusers: {{alice: {{groups: [g]}}}}\nroles: {{r: {{trust: [{{users: alice}}]}}}}\n"
        )
    };
    let told = told(&change(&of("p"), &of("")));
    assert_eq!(told, ["user/alice widens", "  + sts:AssumeRole on role/r, also without MFA"]);
}

#[test]
fn a_boundary_is_part_of_it() {
    let of = |boundary: &str| {
        policy(READ) + &format!("users: {{alice: {{policies: [\"aws:AmazonSQSFullAccess\"]{boundary}}}}}\n")
    };
    let loosened = told(&change(&of(", permissions_boundary: p"), &of("")));
    assert_eq!(loosened.first().map(String::as_str), Some("user/alice widens"));
    assert!(loosened.iter().any(|line| line.contains("of sqs on *")), "{loosened:#?}");
    let put = told(&change(&of(""), &of(", permissions_boundary: p")));
    assert_eq!(put.first().map(String::as_str), Some("user/alice narrows"));
}

#[test]
fn who_leaves_a_group_loses_what_only_the_group_had() {
    let of = |groups: &str, policies: &str| {
        policy(READ)
            + &format!(
                "groups: {{g: {{policies: [p]}}}}\nusers: {{alice: {{groups: [{groups}], policies: [{policies}]}}}}\n"
            )
    };
    let left = told(&change(&of("g", ""), &of("", "")));
    assert_eq!(left, ["user/alice narrows", "  - sqs:GetQueueAttributes sqs:GetQueueUrl on *"]);
    assert_eq!(told(&change(&of("g", ""), &of("", "p"))), [""; 0]);
}

#[test]
fn what_is_deleted_loses_everything_and_so_do_those_who_could_assume_it() {
    let users = "users: {alice: {}}\n";
    let role = "roles: {r: {trust: [{users: alice, mfa: required}, {services: ec2.amazonaws.com}], policies: [p]}}\n";
    let told = told(&change(&(policy(READ) + users + role), &(policy(READ) + users)));
    let expected = [
        "user/alice narrows",
        "  - sts:AssumeRole on role/r, only with MFA",
        "role/r narrows",
        "  - sqs:GetQueueAttributes sqs:GetQueueUrl on *",
        "trust of r narrows",
        "  - arn:aws:iam::123456789012:user/alice: sts:AssumeRole on *, only with MFA",
        "  - ec2.amazonaws.com: sts:AssumeRole on *",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_text_that_is_not_known_makes_no_difference_only_where_nothing_can() {
    let of = |policies: &str| policy(READ) + &format!("users: {{alice: {{policies: [{policies}]}}}}\n");
    let new = told(&change(&of("p"), &of("p, \"aws:NoSuchPolicy\"")));
    assert_eq!(new.first().map(String::as_str), Some("user/alice unknown"));
    let beside = told(&change(&of("\"aws:NoSuchPolicy\""), &of("p, \"aws:NoSuchPolicy\"")));
    assert_eq!(beside[..2], ["user/alice unknown", "  + sqs:GetQueueAttributes sqs:GetQueueUrl on *"]);
    assert!(beside[2].contains("the text of aws:NoSuchPolicy is not known"), "{beside:#?}");
    // What is denied to begin with, no text can allow.
    let with = |statements: &str| {
        policy(&format!("{{Effect: Deny, Action: \"sqs:*\", Resource: \"*\"}}{statements}"))
            + "users: {alice: {policies: [p, \"aws:NoSuchPolicy\"]}}\n"
    };
    assert_eq!(told(&change(&with(""), &with(&format!(", {READ}")))), ["user/alice same"]);
}

#[test]
fn a_tag_that_policies_look_at_and_that_changes_is_not_known() {
    let of = |team: &str| {
        policy(
            "{Effect: Allow, Action: \"s3:GetObject\", Resource: \"arn:aws:s3:::b/${aws:PrincipalTag/team}/*\"}",
        ) + &format!("users: {{alice: {{policies: [p], tags: {{team: {team}}}}}}}\n")
    };
    let told = told(&change(&of("a"), &of("b")));
    assert_eq!(told.first().map(String::as_str), Some("user/alice unknown"));
    assert!(told.last().is_some_and(|line| line.contains("aws:principaltag/team")), "{told:#?}");
}

#[test]
fn everything_is_told_without_what_it_is_not() {
    let all = change("users: {alice: {}}\n", "users: {alice: {policies: [\"aws:PowerUserAccess\"]}}\n");
    let [one] = all.principals.as_slice() else { panic!("{all:?}") };
    assert_eq!(one.effect.gains, Known::Yes);
    let wide = one.effect.gained.iter().find(|one| one.service.is_none()).unwrap();
    assert_eq!(wide.but_for, ["account", "iam", "organizations"]);
}

#[test]
fn a_trust_in_others_is_told_with_the_role() {
    let of = |trust: &str| format!("roles: {{r: {{trust: [{{services: ec2.amazonaws.com}}{trust}]}}}}\n");
    let told = told(&change(
        &of(""),
        &of(", {accounts: \"210987654321\", conditions: {StringEquals: {\"sts:ExternalId\": x}}}"),
    ));
    let expected =
        ["trust of r widens", "  + arn:aws:iam::210987654321:root: sts:AssumeRole on *, with conditions"];
    assert_eq!(told, expected);
}

#[test]
fn an_own_grant_does_not_hide_what_a_trust_gives_and_takes() {
    let own = policy("{Effect: Allow, Action: \"sts:AssumeRole\", Resource: \"*\"}");
    let of = |policies: &str, trust: &str| {
        format!(
            "{own}users: {{alice: {{policies: [{policies}]}}, bob: {{}}}}\nroles: {{r: {{trust: [{trust}]}}}}\n"
        )
    };
    let (without, with) = ("{users: bob}", "{users: [alice, bob]}");
    for policies in ["p", "\"aws:AdministratorAccess\"", "p, \"aws:NoSuchPolicy\""] {
        let came = told(&change(&of(policies, without), &of(policies, with)));
        let went = told(&change(&of(policies, with), &of(policies, without)));
        let [verdicts, signs] = match policies.contains("NoSuch") {
            true => [["unknown"; 2], ["+", "-"]],
            false => [["widens", "narrows"], ["+", "-"]],
        };
        for ((told, verdict), sign) in [came, went].into_iter().zip(verdicts).zip(signs) {
            assert_eq!(told[0], format!("user/alice {verdict}"), "{told:#?}");
            assert_eq!(told[1], format!("  {sign} sts:AssumeRole on role/r"), "{told:#?}");
        }
    }
    let spared = told(&change(&of("p", "{users: alice, mfa: required}"), &of("p", "{users: alice}")));
    assert_eq!(spared[..2], ["user/alice widens", "  + sts:AssumeRole on role/r, also without MFA"]);
    let gone =
        told(&change(&of("p", with), &format!("{own}users: {{alice: {{policies: [p]}}, bob: {{}}}}\n")));
    assert_eq!(gone[..2], ["user/alice narrows", "  - sts:AssumeRole on role/r"]);
    // By the account as a whole, an own grant goes on to be enough.
    let account = "{accounts: \"123456789012\"}";
    let wide =
        told(&change(&of("p", &format!("{account}, {with}")), &of("p", &format!("{account}, {without}"))));
    assert_eq!(wide[0], "user/alice unknown", "{wide:#?}");
    assert!(wide[1].contains("role/r") && wide[1].contains("the account as a whole"), "{wide:#?}");
}

#[test]
fn a_role_is_bounded_in_what_a_trust_gives_it_besides_its_own_grants() {
    let of = |trust: &str, bound: &str| {
        format!(
            "policies: {{b: {{document: {{Version: \"2012-10-17\", Statement: [{{Effect: Allow, Action: \"{bound}\", Resource: \"*\"}}]}}}}}}\n\
             roles:\n  x: {{trust: [{{services: ec2.amazonaws.com}}], policies: [\"aws:AdministratorAccess\"], permissions_boundary: b}}\n  \
             r: {{trust: [{{services: ec2.amazonaws.com}}{trust}]}}\n"
        )
    };
    let open = told(&change(&of("", "sts:*"), &of(", {roles: x}", "sts:*")));
    assert_eq!(open[..2], ["role/x widens", "  + sts:AssumeRole on role/r"]);
    let closed = told(&change(&of("", "s3:*"), &of(", {roles: x}", "s3:*")));
    assert_eq!(closed[0], "role/x same");
}

#[test]
fn a_role_of_another_path_is_another_one_to_assume() {
    let of = |path: &str| {
        format!("users: {{alice: {{}}}}\nroles: {{r: {{path: {path}, trust: [{{users: alice}}]}}}}\n")
    };
    let told = told(&change(&of("/a/"), &of("/b/")));
    assert_eq!(told, ["user/alice both", "  + sts:AssumeRole on role/r", "  - sts:AssumeRole on role/r"]);
}

#[test]
fn tags_of_sessions_can_be_others_once_a_trust_lets_them_be_passed() {
    let of = |actions: &str| {
        policy(
            "{Effect: Allow, Action: \"s3:GetObject\", Resource: \"arn:aws:s3:::b/${aws:PrincipalTag/team}/*\"}",
        ) + &format!(
            "users: {{alice: {{}}}}\nroles:\n  r:\n    policies: [p]\n    tags: {{team: a}}\n    trust_document: {{Version: \"2012-10-17\", Statement: [{{Effect: Allow, Principal: {{AWS: \"arn:aws:iam::123456789012:user/alice\"}}, Action: [{actions}]}}]}}\n"
        )
    };
    let (plain, tagging) = (of("\"sts:AssumeRole\""), of("\"sts:AssumeRole\", \"sts:TagSession\""));
    for (before, after) in [(&plain, &tagging), (&tagging, &plain)] {
        let told = told(&change(before, after));
        assert!(told.iter().any(|line| line == "role/r unknown"), "{told:#?}");
    }
}

#[test]
fn a_tag_of_somebody_else_that_policies_look_at_is_not_known() {
    let of = |action: &str, key: &str, bob: &str| {
        policy(&format!(
            "{{Effect: Allow, Action: \"{action}\", Resource: \"*\", Condition: {{StringEquals: {{\"{key}\": a}}}}}}"
        )) + &format!("users: {{alice: {{policies: [p]}}, bob: {{tags: {{Team: {bob}}}}}}}\n")
    };
    for key in ["iam:ResourceTag/team", "aws:ResourceTag/Team"] {
        let action = "iam:CreateAccessKey";
        let told = told(&change(&of(action, key, "b"), &of(action, key, "a")));
        assert_eq!(told[0], "user/alice unknown", "{told:#?}");
        assert!(told[1].ends_with("which is another one afterwards on user/bob"), "{told:#?}");
    }
    // Other services do not have the tags of users, and other tags are as they were.
    for (action, key) in [("ec2:StartInstances", "aws:ResourceTag/Team"), ("iam:*", "aws:ResourceTag/other")]
    {
        assert!(change(&of(action, key, "b"), &of(action, key, "a")).is_empty());
    }
}

#[test]
fn a_trust_that_looks_at_the_tags_of_its_role_is_not_known_when_they_change() {
    let of = |tag: &str| {
        format!(
            "users: {{alice: {{}}}}\nroles:\n  r:\n    tags: {{open: \"{tag}\"}}\n    trust_document: {{Version: \"2012-10-17\", Statement: [{{Effect: Allow, Principal: {{AWS: \"arn:aws:iam::123456789012:user/alice\"}}, Action: \"sts:AssumeRole\", Condition: {{StringEquals: {{\"aws:ResourceTag/open\": \"yes\"}}}}}}]}}\n"
        )
    };
    let told = told(&change(&of("no"), &of("yes")));
    let why = "  ? policies look at `aws:resourcetag/open`, which is another one afterwards on role/r";
    assert_eq!(told, ["user/alice unknown", why, "trust of r unknown", why]);
}

#[test]
fn a_trust_in_single_sessions_of_a_role_is_not_known_of_the_role() {
    let of = |more: &str| {
        format!(
            "roles:\n  x: {{trust: [{{services: ec2.amazonaws.com}}]}}\n  r:\n    trust_document: {{Version: \"2012-10-17\", Statement: [{{Effect: Allow, Principal: {{Service: ec2.amazonaws.com}}, Action: \"sts:AssumeRole\"}}{more}]}}\n"
        )
    };
    let session = ", {Effect: Allow, Principal: {AWS: \"arn:aws:sts::123456789012:assumed-role/x/s\"}, Action: \"sts:AssumeRole\"}";
    let told = told(&change(&of(""), &of(session)));
    assert_eq!(told[0], "role/x unknown", "{told:#?}");
    assert!(told[1].contains("role/r, which changes, names single sessions"), "{told:#?}");
}

#[test]
fn a_tag_that_is_there_on_neither_side_is_known_not_to_be() {
    let of = |condition: &str| {
        policy(&format!("{{Effect: Allow, Action: \"sqs:Get*\", Resource: \"*\"{condition}}}"))
            + "users: {alice: {policies: [p], tags: {team: a}}}\n"
    };
    let tagged = |key: &str| of(&format!(", Condition: {{StringEquals: {{\"aws:PrincipalTag/{key}\": a}}}}"));
    let first = |before: &str, after: &str| told(&change(before, after)).remove(0);
    assert_eq!(first(&of(""), &tagged("job")), "user/alice narrows");
    assert_eq!(first(&tagged("job"), &of("")), "user/alice widens");
    assert_eq!(first(&tagged("job"), &tagged("team")), "user/alice widens");
    assert_eq!(first(&of(""), &tagged("team")), "user/alice same");
}
