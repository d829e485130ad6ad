//! A question about many roles has the answer that the questions about each of them add up to.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use common::live_of;
use iamctl_access::{Access, Answer, On, Question, Verdict};
use iamctl_model::{Identity, Mfa, TestContext};
use iamctl_policy::eval::Action;
use proptest::prelude::*;

const TRUSTS: [&str; 7] = [
    "trust: [{accounts: \"123456789012\"}]",
    "trust: [{accounts: \"123456789012\", mfa: required}]",
    "trust: [{users: u0}]",
    "trust: [{users: [u1, u2], mfa: required}]",
    "trust: [{services: ec2.amazonaws.com}]",
    "trust_document: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Principal: {AWS: \"123456789012\"}, Action: \
     \"sts:AssumeRole\", Condition: {StringEquals: {\"aws:ResourceTag/team\": \"${aws:username}\"}}}]}",
    "trust_document: {Version: \"2012-10-17\", Statement: [{Effect: Deny, Principal: \"*\", Action: \"sts:*\"}, {Effect: \
     Allow, Principal: {AWS: \"123456789012\"}, Action: \"sts:AssumeRole\"}]}",
];

const OWN: [&str; 7] = [
    "{Effect: Allow, Action: \"sts:*\", Resource: \"*\"}",
    "{Effect: Allow, Action: \"sts:AssumeRole\", Resource: \"arn:aws:iam::123456789012:role/a*\"}",
    "{Effect: Allow, Action: \"*\", NotResource: \"arn:aws:iam::*:role/b*\"}",
    "{Effect: Deny, Action: \"sts:AssumeRole\", Resource: \"arn:aws:iam::123456789012:role/?1\"}",
    "{Effect: Allow, Action: \"sts:AssumeRole\", Resource: \"arn:aws:iam::123456789012:role/${aws:PrincipalTag/team}*\"}",
    "{Effect: Allow, Action: \"sts:AssumeRole\", Resource: \"*\", Condition: {StringEquals: {\"aws:ResourceTag/team\": u0}}}",
    "{Effect: Deny, Action: \"sts:AssumeRole\", Resource: \"*\", Condition: {BoolIfExists: {\"aws:MultiFactorAuthPresent\": \"false\"}}}",
];

fn manifest() -> impl Strategy<Value = String> {
    let role = (0..TRUSTS.len(), prop::sample::select(vec!["", "u0", "u1"]));
    let roles = prop::collection::vec(role, 1..9);
    let user = (prop::collection::vec(0..OWN.len(), 1..4), prop::sample::select(vec!["", "a", "b"]));
    let users = prop::collection::vec(user, 3);
    (roles, users).prop_map(|(roles, users)| {
        let tags = |tag: &str| match tag {
            "" => String::new(),
            tag => format!(", tags: {{team: {tag}}}"),
        };
        let mut text = "users:\n".to_owned();
        for (number, (statements, tag)) in users.iter().enumerate() {
            let all: Vec<&str> = statements.iter().filter_map(|one| OWN.get(*one).copied()).collect();
            let document = format!("{{Version: \"2012-10-17\", Statement: [{}]}}", all.join(", "));
            let policies = format!("inline_policies: {{p: {{document: {document}}}}}");
            writeln!(text, "  u{number}: {{{policies}{}}}", tags(tag)).unwrap();
        }
        text.push_str("roles:\n");
        for (number, (trust, tag)) in roles.iter().enumerate() {
            let name = if number % 2 == 0 { "a" } else { "b" };
            writeln!(text, "  {name}{number}: {{{}{}}}", TRUSTS.get(*trust).unwrap(), tags(tag)).unwrap();
        }
        text
    })
}

fn ask(access: &Access, who: &Identity, on: &On, with: &TestContext) -> Answer {
    let who = access.who(&who.to_string()).unwrap();
    let action = Action::parse("sts:AssumeRole").unwrap();
    access.ask(&Question { who: &who, action: &action, on, with })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn roles_that_are_asked_about_together_answer_as_one_by_one(text in manifest(), mfa in 0..3_usize) {
        let access = Access::of_live(&live_of(&text));
        let mfa = [None, Some(Mfa::Absent), Some(Mfa::Present { age: None })].get(mfa).copied().flatten();
        let with = TestContext { mfa, ..TestContext::default() };
        let all = access.on("arn:aws:iam::123456789012:role/*").unwrap();
        let roles: Vec<Identity> =
            access.principals().filter(|one| matches!(one, Identity::Role(_))).collect();
        for who in access.principals() {
            let together = ask(&access, &who, &all, &with);
            let single: Vec<Answer> =
                roles.iter().map(|role| ask(&access, &who, &On::Address(role.address()), &with)).collect();
            let verdicts: BTreeSet<Verdict> = single.iter().map(|answer| answer.verdict).collect();
            let expected = match verdicts.first() {
                Some(only) if verdicts.len() == 1 => *only,
                _ => Verdict::Depends,
            };
            prop_assert_eq!(together.verdict, expected, "{} in\n{}", who, text);
            if roles.len() > 1 {
                let open = roles.iter().zip(&single).filter(|(_, answer)| answer.verdict != Verdict::Denied);
                let open: Vec<String> = open.map(|(role, _)| role.to_string()).take(3).collect();
                prop_assert_eq!(&together.examples, &open, "{} in\n{}", who, text);
            }
            if verdicts.len() > 1 || expected == Verdict::Depends {
                let needed: BTreeSet<_> =
                    single.iter().flat_map(|answer| answer.depends_on.iter().cloned()).collect();
                prop_assert!(needed.is_subset(&together.depends_on), "{} in\n{}", who, text);
            }
        }
    }
}
