//! Every check at work: a document that it finds something in, and one like it in which it finds nothing.
//!
//! A line of `cases.jsonl` has a `code`, the `kind` of policy, a `bad` and a `good` document. A map without
//! `Statement` is a statement, which gets a document around it; a string is the text of a document.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeSet;

use iamctl_lint::{CHECKS, Finding, FindingType, Kind, NOT_CHECKED, lint_text};
use iamctl_policy::Sources;
use serde_json::{Value, json};

struct Case {
    code: String,
    kind: Kind,
    bad: String,
    good: String,
}

fn cases() -> Vec<Case> {
    let lines = include_str!("cases.jsonl").lines();
    let text = |value: &Value| match value {
        // A text of this size is not to be read in a file.
        Value::String(text) if text == "MANY" => json!({"Statement": vec![0; 50_000]}).to_string(),
        Value::String(text) => text.clone(),
        Value::Object(map) if map.contains_key("Statement") || map.contains_key("Version") => {
            value.to_string()
        }
        statement => json!({"Version": "2012-10-17", "Statement": [statement]}).to_string(),
    };
    let case = |line: &str| {
        let case: Value = serde_json::from_str(line).unwrap();
        Case {
            code: case["code"].as_str().unwrap().to_owned(),
            kind: Kind::parse(case["kind"].as_str().unwrap()).unwrap(),
            bad: text(&case["bad"]),
            good: text(&case["good"]),
        }
    };
    lines.map(case).collect()
}

fn findings(text: &str, kind: Kind) -> Vec<Finding> {
    lint_text(text, Sources::new().add("", ""), kind)
}

#[test]
fn a_check_finds_what_is_bad_and_nothing_in_what_is_good() {
    let mut problems = Vec::new();
    for Case { code, kind, bad, good } in cases() {
        let found = findings(&bad, kind);
        if !found.iter().any(|one| one.check.code == code) {
            let codes: Vec<_> = found.iter().map(|one| one.check.code).collect();
            problems.push(format!("{code} is not found in {bad:.300}: {codes:?}"));
        }
        let found = findings(&good, kind);
        let wrong =
            found.iter().find(|one| one.check.code == code || one.check.finding_type == FindingType::Error);
        if let Some(wrong) = wrong {
            problems.push(format!("{code}: {} is found in {good:.300}: {}", wrong.check.code, wrong.message));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_check_has_its_cases_and_every_case_its_check() {
    let known: BTreeSet<_> = CHECKS.iter().map(|check| check.code.to_owned()).collect();
    let shown: BTreeSet<_> = cases().into_iter().map(|case| case.code).collect();
    assert_eq!(known.difference(&shown).collect::<Vec<_>>(), Vec::<&String>::new(), "no case for these");
    assert_eq!(shown.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "no check for these");
    assert!(NOT_CHECKED.iter().all(|one| !known.contains(one.code) && !one.why.is_empty()));
    assert_eq!(CHECKS.len(), known.len(), "a code is there twice");
}

#[test]
fn a_finding_is_of_a_kind_that_its_check_is_for() {
    for Case { kind, bad, good, .. } in cases() {
        for one in findings(&bad, kind).iter().chain(&findings(&good, kind)) {
            assert!(one.check.kinds.contains(&kind), "{} is not for {kind}", one.check.code);
        }
    }
}

#[test]
fn every_finding_says_where_it_is() {
    for Case { code, kind, bad, .. } in cases() {
        let document = serde_json::from_str::<Value>(&bad).ok();
        for one in findings(&bad, kind) {
            assert!(!one.message.is_empty() && !one.message.ends_with('.'), "{code}: {}", one.message);
            if let Some(document) = &document {
                assert!(document.pointer(&one.path).is_some(), "{code}: {} is nowhere in {bad}", one.path);
            }
        }
    }
}
