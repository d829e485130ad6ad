//! What seems to depend on something, and is denied whatever that is.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{live_of, manifest};
use iamctl_access::{Access, Question, Verdict};
use iamctl_model::{ContextValue, Mfa, TestContext};
use iamctl_policy::eval::Action;

fn access(statements: &str, more: &str) -> Access {
    Access::of_live(&live_of(&format!(
        "policies:\n  own:\n    document: {{Version: '2012-10-17', Statement: [{statements}]}}\n\
         users: {{one: {{policies: [own]{more}}}}}\n"
    )))
}

#[track_caller]
fn asked(statements: &str, more: &str, on: &str, with: &TestContext) -> Verdict {
    let access = access(statements, more);
    let (who, on) = (access.who("user/one").unwrap(), access.on(on).unwrap());
    let action = Action::parse("s3:PutObject").unwrap();
    access.ask(&Question { who: &who, action: &action, on: &on, with }).verdict
}

const LOGS: &str = "{Effect: Allow, Action: 's3:*', Resource: 'arn:aws:s3:::logs/*'}";

#[test]
fn what_is_allowed_on_some_and_denied_on_more_is_denied() {
    let nothing = TestContext::default();
    let with = |deny: &str| format!("{LOGS}, {{Effect: Deny, {deny}}}");
    for (deny, on, verdict) in [
        ("Action: 's3:Put*', Resource: 'arn:aws:s3:::logs*'", "*", Verdict::Denied),
        ("Action: 's3:Put*', Resource: ['arn:aws:s3:::l*', 'arn:aws:s3:::x']", "*", Verdict::Denied),
        ("NotAction: 's3:Get*', NotResource: 'arn:aws:s3:::other/*'", "*", Verdict::Denied),
        ("Action: 's3:Put*', Resource: 'arn:aws:s3:::logs/a*'", "*", Verdict::Depends),
        ("Action: 's3:Put*', Resource: 'arn:aws:s3:::logs/a*'", "arn:aws:s3:::logs/a?", Verdict::Denied),
        ("Action: 's3:Put*', Resource: 'arn:aws:s3:::logs/?b'", "arn:aws:s3:::logs/a*", Verdict::Depends),
        ("Action: 's3:Put*', Resource: 'arn:aws:s3:::logs/*b'", "arn:aws:s3:::*/a??b", Verdict::Denied),
        ("Action: 's3:PutObjectAcl', Resource: '*'", "*", Verdict::Depends),
    ] {
        assert_eq!(asked(&with(deny), "", on, &nothing), verdict, "{deny} on {on}");
    }
}

#[test]
fn conditions_that_never_hold_together_allow_nothing() {
    let allow =
        |condition: &str| format!("{{Effect: Allow, Action: 's3:*', Resource: '*', Condition: {condition}}}");
    let deny =
        |condition: &str| format!("{{Effect: Deny, Action: 's3:*', Resource: '*', Condition: {condition}}}");
    let region = "{StringEquals: {'aws:RequestedRegion': [eu-west-1, eu-west-2]}}";
    let europe = "{StringLike: {'aws:RequestedRegion': 'eu-*'}}";
    let nothing = TestContext::default();
    let both = |one: String, other: String| format!("{one}, {other}");
    assert_eq!(asked(&both(allow(region), deny(europe)), "", "*", &nothing), Verdict::Denied);
    assert_eq!(asked(&both(allow(europe), deny(region)), "", "*", &nothing), Verdict::Depends);
    let inner = "{IpAddress: {'aws:SourceIp': '192.0.2.0/25'}}";
    let outer = "{IpAddress: {'aws:SourceIp': '192.0.2.0/24'}}";
    assert_eq!(asked(&both(allow(inner), deny(outer)), "", "*", &nothing), Verdict::Denied);
    assert_eq!(asked(&both(allow(outer), deny(inner)), "", "*", &nothing), Verdict::Depends);
    // What is stated counts, with and without MFA.
    let mfa = "{Bool: {'aws:MultiFactorAuthPresent': 'true'}}";
    let region_or_not = both(allow(mfa), deny(europe));
    for (mfa, verdict) in [(Mfa::Absent, Verdict::Denied), (Mfa::Present { age: None }, Verdict::Depends)] {
        let with = TestContext { mfa: Some(mfa), ..TestContext::default() };
        assert_eq!(asked(&region_or_not, "", "*", &with), verdict);
    }
    let mut with = TestContext::default();
    with.keys.insert("aws:RequestedRegion".to_owned(), ContextValue::One("eu-west-3".to_owned()));
    assert_eq!(asked(&both(allow(outer), deny(europe)), "", "*", &with), Verdict::Denied);
}

#[test]
fn a_boundary_about_something_else_leaves_nothing() {
    let boundary = ", permissions_boundary: 'aws:AmazonEC2FullAccess'";
    assert_eq!(asked(LOGS, boundary, "*", &TestContext::default()), Verdict::Denied);
    let boundary = ", permissions_boundary: 'aws:AmazonS3FullAccess'";
    assert_eq!(asked(LOGS, boundary, "*", &TestContext::default()), Verdict::Depends);
}

#[test]
fn what_is_not_known_stays_open() {
    let denied = format!("{LOGS}, {{Effect: Deny, Action: 's3:Put*', Resource: 'arn:aws:s3:::logs*'}}");
    let access = Access::of_live(&live_of(&format!(
        "policies:\n  own:\n    document: {{Version: '2012-10-17', Statement: [{denied}]}}\n\
         users: {{one: {{policies: [own, 'arn:aws:iam::123456789012:policy/elsewhere']}}}}\n"
    )));
    let (who, on) = (access.who("user/one").unwrap(), access.on("*").unwrap());
    let (action, with) = (Action::parse("s3:PutObject").unwrap(), TestContext::default());
    let answer = access.ask(&Question { who: &who, action: &action, on: &on, with: &with });
    assert_eq!(answer.verdict, Verdict::Depends);
}

#[test]
fn a_test_that_nothing_may_be_done_passes_where_denies_cover_what_is_allowed() {
    let text = |deny: &str| {
        format!(
            "policies:\n  own:\n    document: {{Version: '2012-10-17', Statement: [{LOGS}, {{Effect: Deny, Action: \
             's3:Put*', Resource: '{deny}'}}]}}\nusers: {{one: {{policies: [own]}}}}\n\
             tests: [{{principal: user/one, cannot: 's3:Put*'}}]\n"
        )
    };
    for (deny, passes) in [("arn:aws:s3:::logs*", true), ("arn:aws:s3:::logs/a*", false)] {
        let manifest = manifest(&text(deny));
        let access = Access::of_manifest(&manifest.desired, &common::account());
        assert_eq!(access.check(&manifest.desired.tests[0]).is_passed(), passes, "{deny}");
    }
}
