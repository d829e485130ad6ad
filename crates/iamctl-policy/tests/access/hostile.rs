//! Documents that are made to take long.

use std::fmt::Write;

use iamctl_policy::Document;
use iamctl_policy::difference::{Access, Vocabulary, difference};
use iamctl_policy::eval::PolicyKind;
use serde_json::{Value as Json, json};

fn ask(before: &Json, after: &Json) -> [&'static str; 2] {
    let [before, after] = [before, after].map(|json| Document::from_stored(&json.to_string()));
    let found = difference(&before, &after, PolicyKind::Principal, &Vocabulary::none()).unwrap();
    [found.added.as_str(), found.removed.as_str()]
}

fn allow(resources: &[String]) -> Json {
    json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": resources}})
}

/// Patterns of many stars, each of its own letters.
fn stars(count: usize, from: usize) -> Vec<String> {
    let pattern = |at: usize| {
        let mut text = String::new();
        for star in 0..60 {
            write!(text, "*{}", char::from(b'a' + u8::try_from((at * 7 + star * star) % 26).unwrap()))
                .unwrap();
        }
        text
    };
    (from..from + count).map(pattern).collect()
}

#[test]
fn what_takes_too_long_is_unknown() {
    assert_eq!(ask(&allow(&stars(30, 0)), &allow(&stars(30, 30))), ["unknown", "unknown"]);
}

#[test]
fn one_long_pattern_is_no_trouble() {
    let long = "*a".repeat(2_000);
    assert_eq!(ask(&allow(std::slice::from_ref(&long)), &allow(&[format!("{long}*")])), ["yes", "no"]);
}

#[test]
fn many_statements_under_many_keys_end_in_time() {
    let statement = |at: usize, value: &str| {
        json!({"Effect": if at.is_multiple_of(3) { "Deny" } else { "Allow" }, "Action": "s3:*", "Resource": format!("a{at}*"),
            "Condition": {"StringLike": {format!("k:{at}"): value, format!("k:{}", at / 2): "*x*"}}})
    };
    let document = |value: &str| -> Json {
        json!({"Statement": (0..120).map(|at| statement(at, value)).collect::<Vec<_>>()})
    };
    let [added, removed] = ask(&document("*a*"), &document("*b*"));
    // Whatever the answer is, it is one.
    assert!(added != "no" && removed != "no", "{added} {removed}");
}

#[test]
fn a_search_that_explodes_is_given_up() {
    // Every Deny leaves one of many keys open, so that taking them away leaves ever more parts.
    let denies = (0..40).map(|at| {
        json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {
            format!("k:{}", at % 20): format!("{}", at / 20), format!("k:{}", (at * 7 + 3) % 20): "0"}}})
    });
    let allow = |key: &str| json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {key: "1"}}});
    let document = |key: &str| json!({"Statement": denies.clone().chain([allow(key)]).collect::<Vec<_>>()});
    let before = document("k:5");
    assert_eq!(ask(&before, &before), ["no", "no"]);
    assert_eq!(ask(&before, &document("k:6"))[0], "yes");
}

#[test]
fn two_hundred_sets_of_values_are_too_many() {
    let values: Vec<String> = (0..200).map(|at| format!("v{at}")).collect();
    let statements: Vec<Json> = values
        .iter()
        .map(|value| {
            json!({"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"ForAnyValue:StringEquals": {"k:set": value}}})
        })
        .collect();
    let one = json!({"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"ForAllValues:StringEquals": {"k:set": values}}});
    let document = Document::from_stored(&json!({"Statement": statements}).to_string());
    let other = Document::from_stored(&json!({"Statement": one}).to_string());
    let found = difference(&document, &other, PolicyKind::Principal, &Vocabulary::none()).unwrap();
    assert!(matches!(found.added, Access::Unknown(_)), "{found:?}");
}
