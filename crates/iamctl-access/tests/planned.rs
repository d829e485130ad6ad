//! What a plan deletes is gone, and everything that hung on it with it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeSet;

use common::{live_of, manifest};
use iamctl_access::{Access, Question, Verdict};
use iamctl_model::{Address, TestContext};
use iamctl_policy::eval::Action;

const LIVE: &str = r#"
policies:
  stray: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: ["s3:*", "sts:AssumeRole"], Resource: "*"}]}}
groups: {old: {policies: ["aws:AmazonSQSFullAccess"]}}
users: {alice: {groups: [old], policies: [stray]}}
roles: {old: {trust: [{users: alice}]}, kept: {path: /x/, trust: [{users: alice}]}}
"#;

fn verdict(access: &Access, action: &str, on: &str) -> Verdict {
    let (who, on) = (access.who("user/alice").unwrap(), access.on(on).unwrap());
    let (action, with) = (Action::parse(action).unwrap(), TestContext::default());
    access.ask(&Question { who: &who, action: &action, on: &on, with: &with }).verdict
}

#[test]
fn what_is_deleted_gives_nothing_any_more() {
    let (empty, live) = (manifest("users: {}\n").desired, live_of(LIVE));
    let all = Access::planned(&empty, &live, &BTreeSet::new());
    for (action, on) in [("s3:GetObject", "*"), ("sqs:SendMessage", "*"), ("sts:AssumeRole", "role/old")] {
        assert_eq!(verdict(&all, action, on), Verdict::Allowed, "{action}");
    }
    let gone: BTreeSet<Address> =
        ["policy/stray", "group/old", "role/old"].map(|address| address.parse().unwrap()).into();
    let rest = Access::planned(&empty, &live, &gone);
    assert_eq!(verdict(&rest, "s3:GetObject", "*"), Verdict::Denied);
    assert_eq!(verdict(&rest, "sqs:SendMessage", "*"), Verdict::Denied);
    assert_eq!(verdict(&rest, "sts:AssumeRole", "role/kept"), Verdict::Allowed);
    let unknown = rest.on("role/old").unwrap_err();
    assert_eq!(unknown.to_string(), "there is no `role/old`");

    let nobody = Access::planned(&empty, &live, &BTreeSet::from(["user/alice".parse().unwrap()]));
    assert!(nobody.who("user/alice").is_err());
    assert_eq!(nobody.who("arn:aws:iam::123456789012:user/alice").unwrap_err().meant, None);
}

#[test]
fn names_that_nothing_has_are_answered_with_those_that_were_meant() {
    let access = Access::of_live(&live_of(LIVE));
    assert_eq!(access.who("user/alic").unwrap_err().meant.as_deref(), Some("user/alice"));
    assert_eq!(access.who("alice").unwrap_err().meant.as_deref(), Some("user/alice"));
    assert!(access.who("group/old").unwrap_err().message.contains("only users and roles can"));
    assert_eq!(access.on("role/keep").unwrap_err().meant.as_deref(), Some("role/kept"));
    assert_eq!(access.on("policy/stary").unwrap_err().meant.as_deref(), Some("policy/stray"));
    assert!(access.on("arn:aws:s3").is_err() && access.on("bucket").is_err());
    // A policy is made at another path: it is the same one.
    let moved = manifest(
        "policies: {stray: {path: /new/, document: {Version: \"2012-10-17\", \
         Statement: [{Effect: Deny, Action: \"*\", Resource: \"*\"}]}}}\nusers: {alice: {policies: [stray]}}\n",
    );
    let planned = Access::planned(&moved.desired, &live_of(LIVE), &BTreeSet::new());
    assert_eq!(verdict(&planned, "s3:GetObject", "*"), Verdict::Denied);
}

#[test]
fn who_is_renamed_is_there_once_with_what_others_gave() {
    let renamed = manifest(
        "groups: {new: {renamed_from: old, policies: [\"aws:AmazonSQSFullAccess\"]}}\n\
         users: {alison: {renamed_from: alice, groups: [new], ignore: [policies]}}\n",
    );
    let access = Access::planned(&renamed.desired, &live_of(LIVE), &BTreeSet::new());
    assert!(access.who("user/alice").is_err() && access.on("group/old").is_err());
    let (who, on) = (access.who("user/alison").unwrap(), access.on("*").unwrap());
    for action in ["s3:GetObject", "sqs:SendMessage"] {
        let (action, with) = (Action::parse(action).unwrap(), TestContext::default());
        let answer = access.ask(&Question { who: &who, action: &action, on: &on, with: &with });
        assert_eq!(answer.verdict, Verdict::Allowed, "{}", action.as_str());
    }
}
