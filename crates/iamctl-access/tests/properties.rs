//! What holds for every manifest: a sure answer stays what it is when more is stated, and it does not matter
//! where the account comes from.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::collections::BTreeMap;

use common::{access_of, live_of, manifest};
use iamctl_access::{Access, On, Question, Verdict};
use iamctl_model::{ContextValue, Mfa, TestContext};
use iamctl_policy::eval::Action;
use proptest::prelude::*;
use serde_json::{Value, json};

const ACTIONS: [&str; 4] = ["s3:GetObject", "s3:PutObject", "sts:AssumeRole", "iam:GetRole"];
const RESOURCES: [&str; 4] =
    ["arn:aws:s3:::b/k", "arn:aws:s3:::b/secret", "role/r", "arn:aws:iam::210987654321:role/there"];
const PATTERNS: [&str; 6] = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::b/secret",
    "arn:aws:iam::*:role/*",
    "arn:aws:s3:::b/${aws:PrincipalTag/team}",
];

fn conditions() -> impl Strategy<Value = Option<Value>> {
    let some = |condition: Value| Just(Some(condition));
    prop_oneof![
        4 => Just(None),
        1 => some(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
        1 => some(json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})),
        1 => some(json!({"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}})),
        1 => some(json!({"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}})),
        1 => some(json!({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}})),
        1 => some(json!({"StringLike": {"aws:PrincipalTag/team": "d*"}})),
        1 => some(json!({"Null": {"aws:PrincipalTag/team": "true"}})),
    ]
}

fn statement(principal: Option<&'static str>) -> impl Strategy<Value = Value> {
    let effect = prop_oneof![3 => Just("Allow"), 1 => Just("Deny")];
    let actions = prop::sample::subsequence(vec!["s3:Get*", "s3:PutObject", "sts:*", "iam:GetRole"], 1..3);
    let resources = prop::sample::subsequence(PATTERNS.to_vec(), 1..3);
    (effect, actions, resources, conditions()).prop_map(move |(effect, actions, resources, condition)| {
        let mut statement = json!({"Effect": effect});
        match principal {
            Some(principal) => {
                statement["Principal"] = json!({"AWS": principal});
                statement["Action"] = json!("sts:AssumeRole");
            }
            None => {
                statement["Action"] = json!(actions);
                statement["Resource"] = json!(resources);
            }
        }
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        statement
    })
}

fn document(principal: Option<&'static str>) -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(principal), 1..4)
        .prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
}

/// A manifest with a user who has a policy of its own, one through a group and perhaps a boundary, and a role.
fn manifests() -> impl Strategy<Value = String> {
    const ALICE: &str = "arn:aws:iam::123456789012:user/alice";
    const ROOT: &str = "arn:aws:iam::123456789012:root";
    let trust = prop_oneof![document(Some(ALICE)), document(Some(ROOT))];
    (document(None), document(None), document(None), any::<bool>(), any::<bool>(), trust).prop_map(
        |(own, group, boundary, is_bounded, is_tagged, trust)| {
            let mut alice = json!({"policies": ["own"], "groups": ["g"]});
            if is_bounded {
                alice["permissions_boundary"] = json!("boundary");
            }
            if is_tagged {
                alice["tags"] = json!({"team": "data"});
            }
            let manifest = json!({
                "policies": {"own": {"document": own}, "of-group": {"document": group}, "boundary": {"document": boundary}},
                "groups": {"g": {"policies": ["of-group"]}},
                "users": {"alice": alice},
                "roles": {"r": {"trust_document": trust, "policies": ["own"]}},
            });
            let sections = manifest.as_object().unwrap();
            sections.iter().map(|(name, section)| format!("{name}: {section}\n")).collect()
        },
    )
}

fn contexts() -> impl Strategy<Value = TestContext> {
    let mfa = prop_oneof![
        Just(None),
        Just(Some(Mfa::Absent)),
        Just(Some(Mfa::Present { age: None })),
        Just(Some(Mfa::Present { age: Some(60) })),
        Just(Some(Mfa::Present { age: Some(7_200) })),
    ];
    let region = prop_oneof![
        Just(None),
        Just(Some(ContextValue::Absent)),
        Just(Some(ContextValue::One("eu-west-1".to_owned()))),
        Just(Some(ContextValue::One("us-east-1".to_owned()))),
    ];
    (mfa, region).prop_map(|(mfa, region)| TestContext {
        mfa,
        keys: region
            .map(|value| ("aws:RequestedRegion".to_owned(), value))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
    })
}

fn verdict(access: &Access, who: &str, action: &str, on: &On, with: &TestContext) -> Verdict {
    let who = access.who(who).unwrap();
    access.ask(&Question { who: &who, action: &Action::parse(action).unwrap(), on, with }).verdict
}

proptest! {
    #[test]
    fn a_sure_answer_stays_what_it_is_when_more_is_stated(text in manifests(), with in contexts()) {
        let manifest = manifest(&text);
        let access = access_of(&manifest, None);
        for who in ["user/alice", "role/r"] {
            for action in ACTIONS {
                let open = verdict(&access, who, action, &On::Anything, &TestContext::default());
                for resource in RESOURCES {
                    let on = access.on(resource).unwrap();
                    let less = verdict(&access, who, action, &on, &TestContext::default());
                    let more = verdict(&access, who, action, &on, &with);
                    let ask = format!("{who} {action} {resource} {with:?}\n{text}");
                    prop_assert!(less == Verdict::Depends || less == more, "{less:?} {more:?} {ask}");
                    // What is assumed of other accounts, and what is no role, is another question.
                    let is_other = action == "sts:AssumeRole" && !resource.starts_with("role/");
                    prop_assert!(is_other || resource.contains("210987654321") || open == Verdict::Depends
                        || open == less, "{open:?} {less:?} {ask}");
                }
            }
        }
    }

    #[test]
    fn it_does_not_matter_where_the_account_comes_from(text in manifests(), with in contexts()) {
        let manifest = manifest(&text);
        let live = live_of(&text);
        let of_manifest = access_of(&manifest, None);
        let others = [Access::of_live(&live), access_of(&manifest, Some(&live))];
        for who in ["user/alice", "role/r"] {
            for (action, resource) in ACTIONS.into_iter().flat_map(|action| RESOURCES.map(|on| (action, on))) {
                // A role that is not in the manifest is known not to be there only when the account was read.
                if action == "sts:AssumeRole" && resource.starts_with("arn:aws:s3") {
                    continue;
                }
                let on = of_manifest.on(resource).unwrap();
                let expected = verdict(&of_manifest, who, action, &on, &with);
                for other in &others {
                    prop_assert_eq!(expected, verdict(other, who, action, &on, &with), "{} {} {}", who, action, resource);
                }
            }
        }
    }

    #[test]
    fn who_can_is_everybody_who_can(text in manifests(), with in contexts()) {
        let manifest = manifest(&text);
        let access = access_of(&manifest, None);
        for action in ACTIONS {
            let on = access.on("role/r").unwrap();
            let asked = Action::parse(action).unwrap();
            for (who, answer) in access.who_can(&asked, &on, &with) {
                prop_assert_eq!(answer.verdict, verdict(&access, &who.to_string(), action, &on, &with));
            }
        }
    }
}
