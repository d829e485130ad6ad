//! Whatever is handed in is answered, and soon.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use iamctl_lint::{Kind, lint_line, lint_text};
use iamctl_policy::Sources;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Words of policies, and words that look like them.
const WORDS: &[&str] = &[
    "",
    "*",
    "?",
    "${",
    "${}",
    "${*}",
    "${aws:username}",
    "${a b, c}",
    "arn:",
    "arn:aws:s3:::b/*",
    "arn:aws:iam::*:role/*",
    "arn:aws:iam::123456789012:root",
    "arn:aws-cn:sqs:us-east-1::q",
    ":::::::",
    "s3:Get*",
    "s3:GetObject",
    "iam:*",
    "sts:AssumeRole",
    "S3:",
    ":x",
    "Allow",
    "Deny",
    "2012-10-17",
    "2008-10-17",
    "true",
    "false",
    "0.0.0.0/0",
    "10.0.0.1/33",
    "::/0",
    "ec2.amazonaws.com",
    "AROAABCDEFGHIJKLMNOPQ",
    "repo:*",
    "é",
    "\u{1F600}",
    "aws:SourceIp",
    "aws:RequestTag/",
    "aws:MultiFactorAuthPresent",
    "aws:userid",
    "aws:PrincipalOrgID",
    "s3:prefix",
    "x.example:sub",
    "Bool",
    "BoolIfExists",
    "IpAddress",
    "StringLike",
    "ForAllValues:StringNotLike",
    "NullIfExists",
    "DateLessThan",
    "NumericLessThan",
    "1",
    "-1",
];

const KEYS: &[&str] = &[
    "Version",
    "Id",
    "Statement",
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
    "AWS",
    "Service",
    "Federated",
    "CanonicalUser",
];

fn value() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(WORDS).prop_map(|word| json!(word));
    let leaf = prop_oneof![4 => word, 1 => Just(Value::Null), 1 => any::<bool>().prop_map(Value::from), 1 => any::<i32>().prop_map(Value::from), 1 => ".*".prop_map(Value::from)];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let key = prop_oneof![3 => prop::sample::select(KEYS), 2 => prop::sample::select(WORDS)];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6).prop_map(|entries| entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

/// A document whose elements are where they belong, and hold anything.
fn document() -> impl Strategy<Value = Value> {
    let statement = prop::collection::vec((prop::sample::select(&KEYS[3..12]), value()), 0..8);
    let statement = statement.prop_map(|entries| -> Value {
        entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    });
    let statements = prop::collection::vec(statement, 0..3);
    (prop::sample::select(WORDS), statements)
        .prop_map(|(version, statements)| json!({"Version": version, "Statement": statements}))
}

proptest! {
    #[test]
    fn nothing_ends_in_a_panic(value in prop_oneof![value(), document()]) {
        let text = value.to_string();
        for kind in Kind::ALL {
            let source = Sources::new().add("", "");
            for one in lint_text(&text, source, kind) {
                prop_assert!(value.pointer(&one.path).is_some(), "{} in {text}", one.path);
                prop_assert!(one.check.kinds.contains(&kind), "{} in {kind}: {text}", one.check.code);
            }
        }
    }

    #[test]
    fn every_line_is_answered(line in prop_oneof![".*", value().prop_map(|doc| json!({"id": 1, "doc": doc}).to_string())]) {
        let answer = lint_line(line.as_bytes(), Kind::Identity);
        let read: Value = serde_json::from_str(&answer.text).unwrap();
        prop_assert_eq!(read.get("error").is_some(), answer.is_error);
        prop_assert!(read.get("id").is_some());
    }
}

fn codes(text: &str, kind: Kind) -> Vec<&'static str> {
    lint_text(text, Sources::new().add("", ""), kind).iter().map(|one| one.check.code).collect()
}

/// Each of these would take minutes if the time grew with the square of the size.
#[test]
fn large_documents_are_answered_soon() {
    let many = |count: usize, word: &dyn Fn(usize) -> String| (0..count).map(word).collect::<Vec<_>>();
    let statement = |action: Value, resource: Value, condition: Value| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition}]}).to_string()
    };
    let stars = format!("s3:{}", "a*".repeat(2_000));
    for text in [
        statement(json!(many(9_000, &|n| format!("s3:*{n}*"))), json!("*"), json!({})),
        statement(json!(many(9_000, &|n| format!("nothing{n}:Do"))), json!("*"), json!({})),
        statement(json!("*"), json!(many(9_000, &|n| format!("arn:aws:sagemaker:*:*:*{n}*"))), json!({})),
        statement(json!("*"), json!(many(9_000, &|n| format!("arn:aws:none{n}:::x"))), json!({})),
        statement(
            json!(vec![stars.clone(); 200]),
            json!(vec![format!("arn:aws:s3:::{}", "a*".repeat(2_000)); 200]),
            json!({}),
        ),
        statement(
            json!("*"),
            json!("*"),
            json!({"StringEquals": many(9_000, &|n| format!("none{n}:key")).into_iter().map(|key| (key, json!("x"))).collect::<Value>()}),
        ),
        statement(
            json!(many(9_000, &|n| format!("s3:Get{n}"))),
            json!("*"),
            json!({"StringEquals": many(1_000, &|n| format!("aws:ResourceTag/{n}")).into_iter().map(|key| (key, json!("x"))).collect::<Value>()}),
        ),
        json!({"Statement": many(9_000, &|_| "x".to_owned())}).to_string(),
    ] {
        for kind in Kind::ALL {
            codes(&text, kind);
        }
    }
}

#[test]
fn lines_are_answered_with_findings_or_an_error() {
    let answer = |line: &str, kind| lint_line(line.as_bytes(), kind).text;
    let document =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Gett","Resource":"*"}}"#;
    let found: Value = serde_json::from_str(&answer(
        &format!(r#"{{"id":"a","kind":"identity","doc":{document}}}"#),
        Kind::Scp,
    ))
    .unwrap();
    assert_eq!(found["id"], "a");
    let first = &found["findings"][0];
    assert_eq!((&first["type"], &first["code"]), (&json!("ERROR"), &json!("INVALID_ACTION")));
    assert_eq!(first["path"], "/Statement/Action");
    assert!(first["message"].as_str().unwrap().starts_with("there is no action `s3:Gett`"));
    assert_eq!(found["findings"].as_array().unwrap().len(), 1);
    // A text, and what is no JSON in it, is answered as well.
    let text = json!({"id": 2, "doc": document}).to_string();
    assert!(answer(&text, Kind::Identity).contains("INVALID_ACTION"));
    let broken = json!({"id": 3, "doc": "{\"Version\":\n  nul}"}).to_string();
    assert!(answer(&broken, Kind::Identity).contains("(line 2, column 3)"));
    let twice = r#"{"id":4,"doc":{"Version":"2012-10-17","Version":"x","Statement":[]}}"#;
    assert!(answer(twice, Kind::Identity).contains("JSON_SYNTAX_ERROR"));
    assert_eq!(
        answer(r#"{"id":5,"kind":"bucket","doc":{}}"#, Kind::Identity),
        r#"{"id":5,"error":"\"bucket\" is no kind of policy: use identity, trust, scp, rcp or resource"}"#
    );
    assert!(answer(r#"{"id":6}"#, Kind::Identity).starts_with(r#"{"id":6,"error":"not a question: "#));
    assert!(answer("{", Kind::Identity).starts_with(r#"{"id":null,"error":"#));
}
