//! Questions that have no sure answer never get one, however they are asked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{access_of, live_of, manifest, sentence};
use iamctl_access::{Access, Part, Question, Verdict, Who};
use iamctl_model::{ContextValue, Mfa, TestContext};
use iamctl_policy::eval::{Action, Layer, Principal};

fn asked(access: &Access, who: &Who, action: &str, on: &str, with: &TestContext) -> String {
    let (action, on) = (Action::parse(action).unwrap(), access.on(on).unwrap());
    sentence(&access.ask(&Question { who, action: &action, on: &on, with }))
}

#[test]
fn the_keys_that_stand_for_what_is_not_known_cannot_be_stated() {
    let access = access_of(&manifest("users: {alice: {policies: [\"aws:NoSuchPolicy\"]}}\n"), None);
    let alice = access.who("user/alice").unwrap();
    let open = asked(&access, &alice, "s3:GetObject", "*", &TestContext::default());
    assert!(open.starts_with("depends on [the text of aws:NoSuchPolicy is not known"), "{open}");
    for key in ["iamctl:unread/0", "iamctl:\u{1}unread/0", "IAMCTL:\u{1}Unread/0"] {
        for value in [ContextValue::One("allows".to_owned()), ContextValue::Absent] {
            let mut with = TestContext::default();
            with.keys.insert(key.to_owned(), value);
            assert_eq!(asked(&access, &alice, "s3:GetObject", "*", &with), open, "{key:?}");
        }
    }
}

#[test]
fn another_account_is_nobody_in_particular() {
    let text = "users: {alice: {}}\nroles: {vendor: {trust: [{accounts: \"210987654321\"}]}}\ntests:\n\
        - {principal: \"arn:aws:iam::210987654321:root\", cannot: sts:AssumeRole, on: role/vendor}\n";
    let manifest = manifest(text);
    for live in [None, Some(live_of(text))] {
        let access = access_of(&manifest, live.as_ref());
        for name in ["arn:aws:iam::210987654321:root", "210987654321"] {
            assert_eq!(
                access.who(name).unwrap_err().message,
                format!(
                    "`{name}` stands for everybody of account 210987654321: name a user or role of it, as in \
                     `arn:aws:iam::210987654321:role/NAME`"
                )
            );
        }
        let who = Who::Other(Principal::parse("210987654321").unwrap());
        assert_eq!(
            asked(&access, &who, "sts:AssumeRole", "role/vendor", &TestContext::default()),
            "depends on [who of account 210987654321 asks is not known: name a user or role of it]"
        );
        let checked = access.check(manifest.desired.tests.first().unwrap());
        assert!(!checked.is_passed());
        // The own root user is somebody.
        let root = access.who("123456789012").unwrap();
        let answer = asked(&access, &root, "sts:AssumeRole", "role/vendor", &TestContext::default());
        assert_eq!(answer, "denied, lacking RootCannotAssume");
    }
}

#[test]
fn a_pattern_that_ends_before_the_account_may_be_about_any() {
    let text = "users: {alice: {policies: [\"aws:AmazonS3FullAccess\"]}}\n";
    let access = access_of(&manifest(text), None);
    let alice = access.who("user/alice").unwrap();
    let answer = asked(&access, &alice, "s3:GetObject", "arn:aws:s3*", &TestContext::default());
    assert_eq!(
        answer,
        "allowed; the policy of the resource in another account has to allow it, too, and is not known"
    );
}

#[test]
fn what_is_concluded_rests_on_all_statements_and_a_few_are_told() {
    let statements: Vec<String> = (0..30)
        .map(|number| {
            format!(
                "{{Effect: Allow, Action: \"s3:*\", Resource: \"*\", Condition: {{StringEquals: \
                 {{\"aws:RequestedRegion\": r{number}}}}}}}"
            )
        })
        .collect();
    let text = format!(
        "policies: {{p: {{document: {{Version: \"2012-10-17\", Statement: [{}]}}}}}}\nusers: {{alice: {{policies: [p]}}}}\n",
        statements.join(", ")
    );
    let access = access_of(&manifest(&text), None);
    let (alice, on) = (access.who("user/alice").unwrap(), access.on("*").unwrap());
    let (action, with) = (Action::parse("s3:GetObject").unwrap(), TestContext::default());
    let answer = access.ask(&Question { who: &alice, action: &action, on: &on, with: &with });
    assert_eq!(answer.verdict, Verdict::Depends);
    assert_eq!((answer.statements.len(), answer.told().len()), (30, 12));
}

#[test]
fn a_policy_that_is_also_the_boundary_is_told_as_both() {
    let text = "policies: {p: {document: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: \"s3:*\", Resource: \"*\", \
        Condition: {NumericLessThan: {\"aws:MultiFactorAuthAge\": \"3600\"}}}]}}}\n\
        users: {alice: {policies: [\"aws:AmazonS3FullAccess\", p], permissions_boundary: p}}\n";
    let access = access_of(&manifest(text), None);
    let (alice, on) = (access.who("user/alice").unwrap(), access.on("*").unwrap());
    let (action, mut with) = (Action::parse("s3:GetObject").unwrap(), TestContext::default());
    with.mfa = Some(Mfa::Present { age: None });
    let answer = access.ask(&Question { who: &alice, action: &action, on: &on, with: &with });
    let told: Vec<_> = answer
        .statements
        .iter()
        .map(|told| (told.layer, told.source.to_string(), matches!(told.part, Part::AppliesIf(_))))
        .collect();
    let p = |layer, is_open| (layer, "policy/p".to_owned(), is_open);
    assert_eq!(told, [p(Layer::Identity, false), p(Layer::Boundary, true)]);
}

#[test]
fn a_tag_that_is_compared_with_numbers_may_have_a_text() {
    let with = |denies: &str| {
        format!(
            "policies: {{p: {{document: {{Version: \"2012-10-17\", Statement: [{{Effect: Allow, Action: \"s3:GetObject\", Resource: \"*\"}}, {denies}]}}}}}}\n\
             users: {{alice: {{policies: [p]}}}}\n"
        )
    };
    let deny = |condition: &str| {
        format!("{{Effect: Deny, Action: \"*\", Resource: \"*\", Condition: {{{condition}}}}}")
    };
    let numbers = |key: &str| {
        let conditions = [
            format!("NumericLessThan: {{\"{key}\": \"5\"}}"),
            format!("NumericGreaterThanEquals: {{\"{key}\": \"5\"}}"),
            format!("\"Null\": {{\"{key}\": \"true\"}}"),
        ];
        conditions.map(|condition| deny(&condition)).join(", ")
    };
    let booleans = deny("BoolIfExists: {\"aws:RequestTag/k\": [\"true\", \"false\"]}");
    for (denies, expected) in [
        (numbers("aws:RequestTag/k"), Verdict::Depends),
        (booleans, Verdict::Depends),
        // An age is a number.
        (numbers("aws:MultiFactorAuthAge"), Verdict::Denied),
    ] {
        let access = access_of(&manifest(&with(&denies)), None);
        let (alice, on) = (access.who("user/alice").unwrap(), access.on("*").unwrap());
        let (action, with) = (Action::parse("s3:GetObject").unwrap(), TestContext::default());
        let answer = access.ask(&Question { who: &alice, action: &action, on: &on, with: &with });
        assert_eq!(answer.verdict, expected, "{denies}");
    }
}

#[test]
fn what_an_action_is_not_done_to_is_told_by_the_form_of_its_arn() {
    let access = access_of(&manifest("users: {alice: {}}\nroles: {r: {trust: [{users: alice}]}}\n"), None);
    for (action, on, fits) in [
        ("s3:GetObject", "arn:aws:s3:::bucket/key", true),
        ("s3:GetObject", "arn:aws:s3:::bucket", false),
        ("s3:GetObject", "arn:aws:s3:::bucket*", true),
        ("s3:GetObject", "arn:aws:ec2:::x", false),
        ("s3:GetObject", "arn:aws:ec2:*:*:x", false),
        ("s3:GetObject", "arn:aws:*:*:*:x", true),
        ("s3:GetObject", "arn:*", true),
        ("s3:GetObject", "*", true),
        ("sts:AssumeRole", "role/r", true),
        ("sts:AssumeRole", "user/alice", false),
        ("iam:PassRole", "arn:aws:iam::210987654321:role/path/other", true),
        ("ec2:DescribeVpcs", "arn:aws:ec2:::x", true),
    ] {
        let forms = access.other_forms(&Action::parse(action).unwrap(), &access.on(on).unwrap());
        assert_eq!(forms.is_empty(), fits, "{action} {on}: {forms:?}");
    }
}

#[test]
fn service_linked_roles_are_left_out_of_questions_whichever_part_they_have() {
    let access = access_of(&manifest("users: {alice: {}}\n"), None);
    for name in ["service_linked_role/autoscaling.amazonaws.com", "service_linked_role/none.amazonaws.com"] {
        let expected =
            format!("questions leave `{name}` out: only its service can ask as a service-linked role");
        assert_eq!(access.who(name).unwrap_err().message, expected);
        assert_eq!(access.on(name).unwrap_err().message, expected);
    }
}
