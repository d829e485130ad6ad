//! Stacks of policies: every request of a small universe is asked for, and no answer may be wrong.

use iamctl_policy::Document;
use iamctl_policy::difference::{Found, Mfa, Stack, Vocabulary, of_stacks};
use iamctl_policy::eval::{Context, Policy, PolicyKind, Principal, Request};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::attack::read;
use crate::documents::{Dice, numbers};

const ASKER: &str = "arn:aws:iam::111122223333:user/u";
const ACTIONS: [&str; 5] = ["s3:Get", "s3:Put", "iam:Get", "sqs:Get", "sts:AssumeRole"];
const PATTERNS: [&str; 9] =
    ["s3:Get", "s3:*", "*", "*:Get", "iam:*", "S3:P*", "sts:AssumeRole", "sqs:?et", "s*"];
const RESOURCES: [&str; 4] = ["a", "ab", "b", "u"];
const NAMES: [&str; 6] = ["*", "a", "a*", "?", "${aws:username}", "*b"];
const MFA: &str = "aws:MultiFactorAuthPresent";

fn statement(dice: &mut Dice<'_>, denies: usize) -> Json {
    let effect = if dice.below(denies) == denies - 1 { "Deny" } else { "Allow" };
    let action = if dice.below(6) == 5 { "NotAction" } else { "Action" };
    let resource = if dice.below(6) == 5 { "NotResource" } else { "Resource" };
    let names = json!([dice.pick(&NAMES), dice.pick(&NAMES)]);
    let mut statement = json!({"Effect": effect, action: dice.pick(&PATTERNS), resource: names});
    match dice.below(6) {
        3 => statement["Condition"] = json!({"Bool": {MFA: "true"}}),
        4 => statement["Condition"] = json!({"BoolIfExists": {MFA: "false"}}),
        5 => {
            let value = dice.pick(&["x", "x*", "${aws:username}"]);
            statement["Condition"] = json!({"StringLike": {"k:s": value}});
        }
        _ => {}
    }
    statement
}

fn policy(dice: &mut Dice<'_>, denies: usize) -> Json {
    let statements: Vec<Json> = (0..1 + dice.below(2)).map(|_| statement(dice, denies)).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// A stack as JSON: identity policies, policies that grant directly, and a boundary or none.
type Written = (Vec<Json>, Vec<Json>, Option<Vec<Json>>);

fn written(dice: &mut Dice<'_>) -> Written {
    let identity = (0..dice.below(4)).map(|_| policy(dice, 3)).collect();
    let direct = (0..usize::from(dice.below(4) == 3)).map(|_| policy(dice, 4)).collect();
    let boundary = (dice.below(3) == 2).then(|| vec![policy(dice, 5)]);
    (identity, direct, boundary)
}

/// Another stack that has much in common with the first one.
fn changed(dice: &mut Dice<'_>, (identity, direct, boundary): &Written) -> Written {
    let (mut identity, mut direct, mut boundary) = (identity.clone(), direct.clone(), boundary.clone());
    match dice.below(6) {
        0 => identity.push(policy(dice, 3)),
        1 => {
            identity.pop();
        }
        2 => boundary = if boundary.is_some() { None } else { Some(vec![policy(dice, 5)]) },
        3 => direct = if direct.is_empty() { vec![policy(dice, 4)] } else { Vec::new() },
        4 => boundary = boundary.map(|_| vec![policy(dice, 5)]),
        _ => {
            if let Some(first) = identity.first_mut() {
                *first = policy(dice, 3);
            }
        }
    }
    (identity, direct, boundary)
}

fn ready((identity, direct, boundary): &Written) -> Stack {
    let all = |texts: &Vec<Json>| -> Vec<Policy> {
        let document = |json: &Json| Document::from_stored(&json.to_string());
        texts.iter().map(|json| Policy::new(&document(json), PolicyKind::Principal).unwrap()).collect()
    };
    Stack { identity: all(identity), direct: all(direct), boundary: boundary.as_ref().map(all) }
}

fn universe() -> Vec<Request> {
    let mut requests = Vec::new();
    for action in ACTIONS {
        for resource in RESOURCES {
            for mfa in [None, Some("true"), Some("false")] {
                for value in [None, Some("x"), Some("xy"), Some("u")] {
                    let mut context = json!({"aws:username": "u"});
                    if let Some(mfa) = mfa {
                        context[MFA] = json!(mfa);
                    }
                    if let Some(value) = value {
                        context["k:s"] = json!(value);
                    }
                    requests.push(read(&json!({"principal": ASKER, "action": action, "resource": resource,
                        "resourceAccount": "111122223333", "context": context})));
                }
            }
        }
    }
    requests
}

/// The policy of a resource that leaves everything to its account: roles are opened by no other.
fn delegation() -> Policy {
    let text = json!({"Statement": {"Effect": "Allow", "Action": "*", "Principal": {"AWS": "111122223333"}}});
    Policy::new(&Document::from_stored(&text.to_string()), PolicyKind::Resource).unwrap()
}

fn compared(before: &Stack, after: &Stack) -> [Found; 2] {
    let fixed = Context::new().with("aws:username", "u");
    of_stacks([before, after], &Principal::parse(ASKER).unwrap(), &fixed, &Vocabulary::none())
}

/// Holds the answer about two stacks against all requests of the universe; says whether each side is sure.
fn judge(before: &Written, after: &Written, universe: &[Request]) -> Result<[&'static str; 2], String> {
    let stacks = [ready(before), ready(after)];
    let found = compared(&stacks[0], &stacks[1]);
    let delegation = delegation();
    let allow = |request: &Request| stacks.each_ref().map(|stack| stack.allows(request, Some(&delegation)));
    let [added, removed] = &found;
    for request in universe {
        let told = match allow(request) {
            [false, true] => added,
            [true, false] => removed,
            _ => continue,
        };
        if told.changes.is_empty() && told.doubt.is_none() {
            return Err(format!("{request:?} differs\nfrom {before:?}\nto {after:?}"));
        }
        let action = request.action.as_str();
        // Where nothing is in doubt, some set of actions that differs has this one, and says how.
        let is_told = told.changes.iter().any(|change| {
            !change.ways.is_empty() && (change.is_open || change.actions.iter().any(|known| known == action))
        });
        if told.doubt.is_none() && !is_told && told.changes.iter().all(|change| change.ways.is_empty()) {
            return Err(format!("no way for {request:?}\nfrom {before:?}\nto {after:?}"));
        }
    }
    for (side, expected) in [(added, [false, true]), (removed, [true, false])] {
        for change in &side.changes {
            let request = change.witness.request();
            let by_own = stacks.each_ref().map(|stack| stack.allows(request, None));
            if allow(request) != expected && by_own != expected {
                return Err(format!("{request:?} is no witness\nfrom {before:?}\nto {after:?}"));
            }
            if change.ways.is_empty() {
                return Err(format!("no ways to {request:?}\nfrom {before:?}\nto {after:?}"));
            }
        }
    }
    Ok(found.each_ref().map(|side| match (side.changes.is_empty(), &side.doubt) {
        (false, _) => "yes",
        (true, None) => "no",
        (true, Some(_)) => "unknown",
    }))
}

fn pair(numbers: &[u8]) -> (Written, Written) {
    let mut dice = Dice::new(numbers);
    let before = written(&mut dice);
    let after = if dice.below(4) == 3 { written(&mut dice) } else { changed(&mut dice, &before) };
    (before, after)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_proves_an_answer_about_stacks_wrong(numbers in prop::collection::vec(any::<u8>(), 0..90)) {
        let (before, after) = pair(&numbers);
        if let Err(wrong) = judge(&before, &after, &universe()) {
            prop_assert!(false, "{}", wrong);
        }
    }
}

#[test]
fn random_stacks_have_all_answers_and_few_are_unknown() {
    let universe = universe();
    let mut counts = std::collections::BTreeMap::new();
    for seed in 0..600 {
        let (before, after) = pair(&numbers(seed, 90));
        for answer in judge(&before, &after, &universe).unwrap_or_else(|wrong| panic!("{wrong}")) {
            *counts.entry(answer).or_insert(0) += 1;
        }
    }
    let of = |answer: &str| counts.get(answer).copied().unwrap_or(0);
    assert!(of("yes") > 150 && of("no") > 150, "{counts:?}");
    assert!(of("unknown") * 20 < of("yes") + of("no"), "{counts:?}");
}

fn stack(identity: &[Json], boundary: Option<Json>) -> Stack {
    ready(&(identity.to_vec(), Vec::new(), boundary.map(|one| vec![one])))
}

fn allow(action: &str, resource: &str) -> Json {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource}})
}

fn answers(before: &Stack, after: &Stack) -> [bool; 2] {
    compared(before, after).map(|found| {
        assert_eq!(found.doubt, None);
        !found.changes.is_empty()
    })
}

#[test]
fn a_boundary_limits_and_what_is_granted_directly_it_does_not() {
    let (all, read) = (allow("*", "*"), allow("s3:Get*", "*"));
    let bounded = stack(std::slice::from_ref(&all), Some(read.clone()));
    assert_eq!(answers(&bounded, &stack(std::slice::from_ref(&all), None)), [true, false]);
    assert_eq!(answers(&bounded, &stack(std::slice::from_ref(&read), None)), [false, false]);
    assert_eq!(
        answers(&bounded, &stack(&[all.clone(), allow("s3:Put*", "*")], Some(read.clone()))),
        [false, false]
    );
    let direct = ready(&(Vec::new(), vec![allow("sts:AssumeRole", "r")], Some(vec![read])));
    assert_eq!(answers(&Stack::default(), &direct), [true, false]);
}

#[test]
fn a_policy_that_others_cover_is_no_news_and_a_deny_in_any_of_them_is() {
    let (all, read) = (allow("s3:*", "*"), allow("s3:Get*", "a"));
    let deny = json!({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:GetX", "Resource": "*"}});
    let one = stack(std::slice::from_ref(&all), None);
    assert_eq!(answers(&one, &stack(&[read, all.clone()], None)), [false, false]);
    assert_eq!(answers(&one, &stack(&[all, deny], None)), [false, true]);
}

#[test]
fn ways_name_the_pattern_that_is_new_and_what_became_of_mfa() {
    let of = |resources: Json, mfa: bool| {
        let mut statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": resources});
        if mfa {
            statement["Condition"] = json!({"Bool": {MFA: "true"}});
        }
        stack(&[json!({"Version": "2012-10-17", "Statement": statement})], None)
    };
    let ways = |before: &Stack, after: &Stack| -> Vec<(Option<usize>, Mfa)> {
        let [added, _] = compared(before, after);
        let ways = added.changes.iter().flat_map(|change| &change.ways);
        ways.map(|way| (way.allow.pattern, way.mfa)).collect()
    };
    assert_eq!(
        ways(&of(json!(["a/*", "b/*"]), true), &of(json!(["a/*", "b/x", "c/*"]), true)),
        [(Some(2), Mfa::Only)]
    );
    assert_eq!(ways(&of(json!("a/*"), true), &of(json!("a/*"), false)), [(Some(0), Mfa::Spared)]);
    assert_eq!(ways(&of(json!("a/*"), true), &of(json!(["b/*"]), false)), [(Some(0), Mfa::Alike)]);
}

#[test]
fn many_services_are_told_apart_one_by_one() {
    let actions: Vec<String> =
        (0..400).flat_map(|at| [format!("svc{at}:Get*"), format!("svc{at}:List?x*")]).collect();
    let many = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}});
    let many = stack(&[many], None);
    assert_eq!(answers(&Stack::default(), &many), [true, false]);
    assert_eq!(answers(&many, &stack(&[allow("svc*", "*")], None)), [true, false]);
    assert_eq!(answers(&many, &many), [false, false]);
}
