//! Questions that leave things open.

use std::collections::BTreeSet;

use iamctl_policy::Document;
use iamctl_policy::eval::{
    Action, Answerer, Because, Context, Failed, Lack, Outcome, Policies, Policy, PolicyKind, Principal,
    Request, Resource, Unstated, Values, Verdict, decide, judge, relevant, sure_misses,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::generate::Dice;
use crate::random::numbers;

fn policy(kind: PolicyKind, statements: &Json) -> Policy {
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    Policy::new(&Document::from_stored(&document), kind).unwrap()
}

fn identity(statements: &Json) -> Policies {
    Policies { identity: vec![policy(PolicyKind::Principal, statements)], ..Policies::default() }
}

fn request(action: &str, resource: Resource, context: Context) -> Request {
    Request {
        principal: Principal::parse("arn:aws:iam::111122223333:role/engineer").unwrap(),
        action: Action::parse(action).unwrap(),
        resource,
        resource_account: None,
        context,
    }
}

fn any_resource(policies: &Policies, action: &str) -> Verdict {
    judge(policies, &request(action, Resource::Unstated, Context::new()))
}

fn depends(on: &[Unstated]) -> Verdict {
    Verdict::DependsOn(on.iter().cloned().collect::<BTreeSet<_>>())
}

fn key(name: &str) -> Unstated {
    Unstated::Key(name.to_owned())
}

#[test]
fn a_question_about_all_resources_of_a_pattern_is_about_each_of_them() {
    let policies = identity(&json!([
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/secret/*"},
    ]));
    let verdict = |resource: &str| {
        judge(&policies, &request("s3:GetObject", Resource::Like(resource.into()), Context::new()))
    };
    assert!(matches!(verdict("arn:aws:s3:::b/open/*"), Verdict::MustBeAllowed(_)));
    assert!(matches!(verdict("arn:aws:s3:::b/secret/a*"), Verdict::MustBeDenied(Because::Denied(_))));
    assert!(matches!(verdict("arn:aws:s3:::c/*"), Verdict::MustBeDenied(Because::Lacking(Lack::Identity))));
    for open in ["arn:aws:s3:::b/*", "arn:aws:s3:::*", "*", "arn:aws:s3:::b/s*"] {
        assert_eq!(verdict(open), depends(&[Unstated::Resource]), "{open}");
    }
    // Whether a KMS key is among them decides what has to allow it.
    let keys = identity(&json!([{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]));
    let verdict = |resource: &str| {
        judge(&keys, &request("kms:Decrypt", Resource::Like(resource.into()), Context::new()))
    };
    assert!(matches!(verdict("arn:aws:kms:*:111122223333:key/*"), Verdict::MustBeDenied(_)));
    assert!(matches!(verdict("arn:aws:kms:*:111122223333:alias/*"), Verdict::MustBeAllowed(_)));
    assert_eq!(verdict("arn:aws:kms:*"), depends(&[Unstated::Resource]));
}

#[test]
fn the_statements_that_an_answer_rests_on_are_told() {
    let policies = identity(&json!([
        {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*",
         "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true", "aws:SecureTransport": "true"}}},
        {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::other/*"},
    ]));
    let ask = |context: Context| request("s3:GetObject", Resource::Named("arn:aws:s3:::b/k".into()), context);
    let open = ask(Context::new().with("aws:SecureTransport", "true"));
    let [one] = relevant(&policies, &open).try_into().unwrap();
    assert_eq!((one.place.statement, one.open.session, one.open.resource), (1, false, false));
    assert_eq!(
        one.open.conditions.iter().map(|on| on.key.text.as_str()).collect::<Vec<_>>(),
        ["aws:MultiFactorAuthPresent"]
    );
    assert_eq!(sure_misses(&policies, &open, Lack::Identity), []);

    let without = ask(Context::new().with("aws:MultiFactorAuthPresent", "false"));
    assert!(relevant(&policies, &without).is_empty());
    let [miss] = sure_misses(&policies, &without, Lack::Identity).try_into().unwrap();
    assert!(matches!(miss.failed, Failed::Condition { key, .. } if key == "aws:MultiFactorAuthPresent"));
}

#[test]
fn what_holds_for_every_resource_and_every_value_must_be() {
    let policies = identity(&json!([
        {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*", "ec2:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"},
    ]));
    assert!(matches!(
        any_resource(&policies, "s3:GetObject"),
        Verdict::MustBeAllowed(Because::Granted { .. })
    ));
    assert_eq!(
        any_resource(&policies, "s3:PutObject"),
        Verdict::MustBeDenied(Because::Lacking(Lack::Identity))
    );
    assert!(matches!(any_resource(&policies, "iam:CreateUser"), Verdict::MustBeDenied(Because::Denied(_))));
}

#[test]
fn what_it_depends_on_is_named() {
    let policies = identity(&json!([
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/${aws:PrincipalTag/team}/*",
         "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*",
         "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "StringEquals": {"x:y": "${x:z}"}}},
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}},
        {"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:*"},
    ]));
    assert_eq!(
        any_resource(&policies, "s3:GetObject"),
        depends(&[
            Unstated::Resource,
            key("aws:sourceip"),
            key("aws:principaltag/team"),
            key("aws:requestedregion")
        ])
    );
    assert_eq!(any_resource(&policies, "ec2:RunInstances"), depends(&[Unstated::Resource]));
    let stated =
        Context::new().with("aws:RequestedRegion", "eu-west-1").with("aws:MultiFactorAuthPresent", "true");
    let put =
        |context: &Context| judge(&policies, &request("s3:PutObject", Resource::Unstated, context.clone()));
    assert_eq!(put(&stated), depends(&[key("x:y"), key("x:z")]));
    assert!(matches!(put(&stated.clone().with("x:y", "1").with("x:z", "1")), Verdict::MustBeAllowed(_)));
    assert!(matches!(put(&stated.clone().without("x:y")), Verdict::MustBeDenied(_)));
    assert!(matches!(
        put(&stated.with("aws:RequestedRegion", "us-east-1")),
        Verdict::MustBeDenied(Because::Denied(_))
    ));
}

#[test]
fn mfa_is_missing_in_two_ways() {
    let trust = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/alice"},
        "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}});
    let policies = Policies { resource: Some(policy(PolicyKind::Resource, &trust)), ..Policies::default() };
    let ask = |context: Context| {
        let mut request =
            request("sts:AssumeRole", Resource::Named("arn:aws:iam::111122223333:role/r".into()), context);
        request.principal = Principal::parse("arn:aws:iam::111122223333:user/alice").unwrap();
        judge(&policies, &request)
    };
    let mfa = "aws:MultiFactorAuthPresent";
    assert!(matches!(ask(Context::new().with(mfa, "true")), Verdict::MustBeAllowed(_)));
    for context in [Context::new().with(mfa, "false"), Context::new().without(mfa)] {
        assert_eq!(ask(context), Verdict::MustBeDenied(Because::Lacking(Lack::Resource)));
    }
    assert_eq!(ask(Context::new()), depends(&[key("aws:multifactorauthpresent")]));
}

#[test]
fn a_policy_that_names_one_session_of_a_role_leaves_the_answer_open() {
    let named = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/engineer/x"},
        "Action": "*"});
    let policies = Policies { resource: Some(policy(PolicyKind::Resource, &named)), ..Policies::default() };
    assert_eq!(any_resource(&policies, "s3:GetObject"), depends(&[Unstated::Session]));
    let request = request("s3:GetObject", Resource::Unstated, Context::new());
    assert_eq!(decide(&policies, &request).outcome, Outcome::ImplicitlyDenied);
}

/// A statement that delegates to the account does not hide one that would grant it directly.
#[test]
fn what_a_resource_grants_directly_may_be_open_where_its_account_is_named() {
    let named = json!([
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Condition": {"StringLike": {"a:b": "*x"}}},
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "*"},
    ]);
    let policies = Policies { resource: Some(policy(PolicyKind::Resource, &named)), ..Policies::default() };
    assert_eq!(any_resource(&policies, "s3:GetObject"), depends(&[key("a:b")]));
}

/// (what it shows, the condition that allows, the condition that denies, whether something is left open)
#[test]
fn conditions_that_exclude_each_other_leave_nothing_open() {
    let everything = json!({"StringEqualsIfExists": {"a:b": "x"}});
    for (name, allows, denies, open) in [
        (
            "the same condition",
            json!({"StringEquals": {"a:b": "x"}}),
            json!({"StringEquals": {"A:B": "x"}}),
            false,
        ),
        (
            "two regions",
            json!({"StringEquals": {"a:b": "eu"}}),
            json!({"StringNotEquals": {"a:b": ["us", "ap"]}}),
            false,
        ),
        (
            "a common region",
            json!({"StringEquals": {"a:b": ["eu", "us"]}}),
            json!({"StringNotEquals": {"a:b": ["us", "ap"]}}),
            true,
        ),
        (
            "prefixes",
            json!({"StringLike": {"a:b": "eu-*"}}),
            json!({"StringLike": {"a:b": ["e*", "x"]}}),
            false,
        ),
        (
            "prefixes the other way",
            json!({"StringLike": {"a:b": "e*"}}),
            json!({"StringLike": {"a:b": ["eu-*", "eu"]}}),
            true,
        ),
        (
            "without case",
            json!({"StringEqualsIgnoreCase": {"a:b": "X"}}),
            json!({"StringEqualsIgnoreCase": {"a:b": "x"}}),
            false,
        ),
        ("Booleans", json!({"Bool": {"a:b": "true"}}), json!({"Bool": {"a:b": "TRUE"}}), false),
        ("a missing key", json!({"Null": {"a:b": "true"}}), json!({"BoolIfExists": {"a:b": "false"}}), false),
        ("a key that may be missing", everything.clone(), json!({"StringEquals": {"a:b": "x"}}), true),
        ("or not", everything, json!({"Null": {"a:b": "false"}}), true),
        (
            "numbers",
            json!({"NumericLessThan": {"a:b": "-2.5"}}),
            json!({"NumericLessThanEquals": {"a:b": "-2.50"}}),
            false,
        ),
        (
            "numbers apart",
            json!({"NumericLessThan": {"a:b": "3"}}),
            json!({"NumericLessThan": {"a:b": "2.999"}}),
            true,
        ),
        (
            "dates",
            json!({"DateGreaterThan": {"a:b": "2020-01-01"}}),
            json!({"DateGreaterThan": {"a:b": "1577836800"}}),
            false,
        ),
        (
            "dates apart",
            json!({"DateGreaterThanEquals": {"a:b": "2020-01-01"}}),
            json!({"DateGreaterThan": {"a:b": "2020-01-01"}}),
            true,
        ),
        (
            "dates before all others",
            json!({"DateLessThan": {"a:b": "2020-01-01"}}),
            json!({"DateGreaterThanEquals": {"a:b": "2019-01-01"}}),
            true,
        ),
        (
            "numbers above all others",
            json!({"NumericGreaterThan": {"a:b": "5"}}),
            json!({"NumericLessThan": {"a:b": "5"}}),
            true,
        ),
        (
            "numbers below all others",
            json!({"NumericLessThan": {"a:b": "-5"}}),
            json!({"NumericGreaterThan": {"a:b": "-5"}}),
            true,
        ),
        (
            "numbers between",
            json!({"NumericGreaterThan": {"a:b": "5"}, "NumericLessThan": {"a:b": "5.1"}}),
            json!({"NumericGreaterThan": {"a:b": "6"}}),
            true,
        ),
        (
            "networks",
            json!({"IpAddress": {"a:b": "10.1.0.0/16"}}),
            json!({"IpAddress": {"a:b": ["10.0.0.0/8"]}}),
            false,
        ),
        (
            "networks around",
            json!({"IpAddress": {"a:b": "10.0.0.0/8"}}),
            json!({"NotIpAddress": {"a:b": "10.1.0.0/16"}}),
            true,
        ),
        (
            "networks aside",
            json!({"IpAddress": {"a:b": ["10.0.0.0/8", "::1"]}}),
            json!({"NotIpAddress": {"a:b": "192.168.0.0/16"}}),
            false,
        ),
        (
            "sets",
            json!({"ForAnyValue:StringEquals": {"a:b": "x"}}),
            json!({"ForAnyValue:StringLike": {"a:b": "*"}}),
            false,
        ),
        (
            "sets that can be empty",
            json!({"ForAllValues:StringEquals": {"a:b": "x"}}),
            json!({"ForAnyValue:StringLike": {"a:b": "*"}}),
            true,
        ),
        (
            "two keys",
            json!({"StringEquals": {"a:b": "x", "a:c": "y"}}),
            json!({"StringEquals": {"a:c": "y"}}),
            false,
        ),
        (
            "patterns of any shape",
            json!({"StringLike": {"a:b": "*x"}}),
            json!({"StringLike": {"a:b": "*x"}}),
            true,
        ),
    ] {
        let policies = identity(&json!([
            {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": allows},
            {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": denies},
        ]));
        let verdict = any_resource(&policies, "s3:GetObject");
        assert_eq!(matches!(verdict, Verdict::DependsOn(_)), open, "{name}: {verdict:?}");
        assert!(open || matches!(verdict, Verdict::MustBeDenied(_)), "{name}: {verdict:?}");
    }
}

#[test]
fn conditions_that_cover_all_cases_allow_for_sure() {
    let allow =
        |condition: &Json| json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
    let all = |of: &str| {
        let [with, without] = ["true", "false"].map(|value| allow(&json!({"Bool": {of: value}})));
        (with, without, allow(&json!({"Null": {of: "true"}})))
    };
    let (with, without, missing) = all("aws:SecureTransport");
    let policies = identity(&json!([with, without]));
    assert_eq!(any_resource(&policies, "s3:GetObject"), depends(&[key("aws:securetransport")]));
    let policies = identity(&json!([with, without, missing]));
    assert!(matches!(any_resource(&policies, "s3:GetObject"), Verdict::MustBeAllowed(_)));
    // A key of unknown type may have a text that is neither.
    let (with, without, missing) = all("a:b");
    let policies = identity(&json!([with, without, missing]));
    assert_eq!(any_resource(&policies, "s3:GetObject"), depends(&[key("a:b")]));
}

/// Whether a value is one that AWS could give a key: for its own global keys one of the type that they have, and
/// several only where a set operator is used.
fn is_possible(question: &Json, key: &str, values: &Values) -> bool {
    let is_set = conditions(question)
        .any(|(operator, of)| operator.starts_with("ForA") && of.eq_ignore_ascii_case(key));
    match values {
        Values::Many(values) => is_set && !values.is_empty(),
        Values::One(value) => {
            let is_global = key.to_ascii_lowercase().starts_with("aws:") && !key.contains('/');
            !is_global || !["maybe", "somewhere", "now", "many", "topic"].contains(&value.as_str())
        }
        Values::Absent => true,
    }
}

/// Operator and key of every condition in a question.
fn conditions(json: &Json) -> Box<dyn Iterator<Item = (&str, &str)> + '_> {
    match json {
        Json::Object(map) => Box::new(map.iter().flat_map(|(name, value)| match (name.as_str(), value) {
            ("Condition", Json::Object(operators)) => {
                Box::new(operators.iter().flat_map(|(operator, keys)| {
                    keys.as_object().into_iter().flatten().map(|(key, _)| (operator.as_str(), key.as_str()))
                })) as Box<dyn Iterator<Item = _>>
            }
            _ => conditions(value),
        })),
        Json::Array(items) => Box::new(items.iter().flat_map(conditions)),
        _ => Box::new(std::iter::empty()),
    }
}

/// The answer with the keys that are open, and those of every other question that they may be.
fn holds_for_completions(seed: u64, count: usize) -> Result<(), TestCaseError> {
    let question = Dice::new(&numbers(seed, count)).question();
    let (policies, complete) = Answerer::new().read(question.to_string().as_bytes()).unwrap();
    let open_keys = |at: usize| numbers(seed ^ 0x5555, 8)[at % 8].is_multiple_of(2);
    let mut open = complete.clone();
    open.context = Context::new();
    for (at, (key, values)) in complete.context.iter().enumerate() {
        if !open_keys(at) {
            open.context.set(key, values.clone());
        }
    }
    if seed.is_multiple_of(3) {
        open.resource = Resource::Unstated;
    }
    let verdict = judge(&policies, &open);
    for other in 0..6 {
        // The contexts of other questions have other values for the same keys.
        let another = Dice::new(&numbers(seed.wrapping_add(other), 160)).question();
        let (_, drawn) = Answerer::new().read(another.to_string().as_bytes()).unwrap();
        let mut request = complete.clone();
        if open.resource == Resource::Unstated && request.resource_account.is_none() {
            // An open resource is one of the principal's account, unless another one is given.
            request.resource_account = complete.principal.account().map(str::to_owned);
        }
        if other > 0 {
            request.context = drawn.context;
            if open.resource == Resource::Unstated {
                request.resource = drawn.resource;
            }
        }
        for (key, values) in request.context.clone().iter() {
            if !is_possible(&question, key, values) {
                request.context = request.context.without(key);
            }
        }
        for (key, values) in open.context.iter() {
            request.context.set(key, values.clone());
        }
        let outcome = decide(&policies, &request).outcome;
        let agrees = match &verdict {
            Verdict::MustBeAllowed(_) => outcome == Outcome::Allowed,
            Verdict::MustBeDenied(Because::Denied(_)) => outcome == Outcome::ExplicitlyDenied,
            Verdict::MustBeDenied(_) => outcome != Outcome::Allowed,
            Verdict::DependsOn(on) => !on.is_empty(),
        };
        prop_assert!(agrees, "{verdict:?}, but {outcome:?} for {request:#?}\n{question:#}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn what_must_be_is_so_for_every_completion(seed in any::<u64>(), count in 0..160_usize) {
        holds_for_completions(seed, count)?;
    }

    /// Where everything is stated, nothing depends on anything.
    #[test]
    fn a_complete_question_has_a_certain_answer(seed in any::<u64>(), count in 0..160_usize) {
        let question = Dice::new(&numbers(seed, count)).question();
        let (policies, mut request) = Answerer::new().read(question.to_string().as_bytes()).unwrap();
        let mentioned = ["aws:username", "aws:multifactorauthpresent", "aws:sourceip", "aws:currenttime",
            "s3:max-keys", "aws:sourcearn", "aws:tagkeys", "x:binary", "none"];
        let decision = decide(&policies, &request);
        for key in mentioned {
            if request.context.value(key).is_none() {
                request.context = request.context.without(key);
            }
        }
        if request.principal.as_str().contains(":role/") {
            return Ok(());
        }
        let expected = match decision.outcome {
            Outcome::Allowed => Verdict::MustBeAllowed(decision.because),
            _ => Verdict::MustBeDenied(decision.because),
        };
        prop_assert_eq!(judge(&policies, &request), expected);
    }
}
