//! Cases that follow from AWS's documentation, in its words' order. Both evaluators answer them.
//!
//! In a document, a list stands for its statements under version 2012-10-17; in a statement, `Effect` is
//! `Allow`, `Action` and `Resource` are `*` where nothing else is said.

use std::path::PathBuf;

use iamctl_policy::eval::Answerer;
use serde_json::{Value as Json, json};

use crate::reference;

fn read(name: &str) -> Json {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/eval/cases", name].iter().collect();
    #[expect(clippy::disallowed_methods, reason = "cases are files")]
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The question of a case, with all that goes without saying.
fn question(case: &Json) -> Json {
    let mut request = json!({
        "principal": "arn:aws:iam::111122223333:user/bob",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::bucket/k",
        "resourceAccount": "111122223333",
        "context": {},
    });
    for (name, value) in case["request"].as_object().into_iter().flatten() {
        request[name] = value.clone();
    }
    let mut policies = json!({});
    for (layer, value) in case["policies"].as_object().into_iter().flatten() {
        let documents = |value: &Json| value.as_array().unwrap().iter().map(document).collect::<Json>();
        policies[layer] = match layer.as_str() {
            "resource" | "session" => document(value),
            "scp" | "rcp" => value.as_array().unwrap().iter().map(documents).collect(),
            _ => documents(value),
        };
    }
    json!({"id": case["name"], "request": request, "policies": policies})
}

fn document(value: &Json) -> Json {
    let Json::Array(statements) = value else { return value.clone() };
    json!({"Version": "2012-10-17", "Statement": statements.iter().map(statement).collect::<Json>()})
}

fn statement(value: &Json) -> Json {
    let mut statement = value.as_object().unwrap().clone();
    statement.entry("Effect").or_insert("Allow".into());
    for (element, negated) in [("Action", "NotAction"), ("Resource", "NotResource")] {
        if !statement.contains_key(negated) {
            statement.entry(element).or_insert("*".into());
        }
    }
    statement.retain(|_, value| !value.is_null());
    statement.into()
}

fn answer(answerer: &mut Answerer, question: &Json) -> String {
    let answer: Json = serde_json::from_str(&answerer.answer(question.to_string().as_bytes()).text).unwrap();
    answer["decision"].as_str().unwrap_or_else(|| panic!("{question:#}\n{answer}")).to_owned()
}

/// Both answers to every case, where they are not what the case says.
fn wrong(cases: impl Iterator<Item = (Json, String)>) -> Vec<String> {
    let mut answerer = Answerer::new();
    let mut wrong = Vec::new();
    for (question, expected) in cases {
        let ours = answer(&mut answerer, &question);
        let reference = reference::decide(&question);
        if ours != expected || reference != expected {
            wrong.push(format!("{}: {expected}, not {ours} ({reference})", question["id"]));
        }
    }
    wrong
}

#[test]
fn requests_are_decided_as_the_documentation_says() {
    for file in ["single_account.json", "accounts.json", "elements.json"] {
        let table = read(file);
        let cases = table["cases"].as_array().unwrap();
        assert!(cases.len() > 30);
        let cases = cases.iter().map(|case| (question(case), case["decision"].as_str().unwrap().to_owned()));
        assert_eq!(wrong(cases), [""; 0], "{file}");
    }
}

/// Every row is asked twice: of a statement that allows, and of one that denies.
#[test]
fn conditions_hold_when_the_documentation_says_so() {
    let table = read("conditions.json");
    let rows = table["rows"].as_array().unwrap();
    assert!(rows.len() > 100);
    let cases = rows.iter().flat_map(|row| {
        let [name, operator, wanted, found, holds] = [0, 1, 2, 3, 4].map(|at| &row[at]);
        let mut context = json!({"aws:username": "bob"});
        if !found.is_null() {
            context["T:Key"] = found.clone();
        }
        let condition = json!({operator.as_str().unwrap(): {"t:key": wanted}});
        let name = format!("{name} {operator} {wanted} {found}");
        let case = |statements: Json| {
            question(&json!({"name": name, "request": {"context": context}, "policies": {"identity": [statements]}}))
        };
        let (allowed, denied) = match holds.as_bool().unwrap() {
            true => ("Allowed", "ExplicitlyDenied"),
            false => ("ImplicitlyDenied", "Allowed"),
        };
        [
            (case(json!([{"Condition": condition}])), allowed.to_owned()),
            (case(json!([{}, {"Effect": "Deny", "Condition": condition}])), denied.to_owned()),
        ]
    });
    assert_eq!(wrong(cases), [""; 0]);
}
