//! How long it takes to say what a change of documents does to access: `cargo bench -p iamctl-policy`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that fails should say so at once"
)]

use iamctl_data::services;
use iamctl_policy::Document;
use iamctl_policy::difference::{Access, Difference, Vocabulary, difference, kind_of};
use serde_json::{Value as Json, json};

fn main() {
    divan::main();
}

/// A policy of ten statements, as people write them.
fn document(last: &str, mfa: bool) -> Json {
    let services = ["s3", "ec2", "iam", "sqs", "sns", "kms", "lambda", "dynamodb", "logs", "ecs"];
    let statement = |at: usize, service: &str| {
        let mut statement = json!({
            "Sid": format!("S{at}"),
            "Effect": if at == 9 { "Deny" } else { "Allow" },
            "Action": [format!("{service}:Get*"), format!("{service}:Describe*"), format!("{service}:List{last}")],
            "Resource": [format!("arn:aws:{service}:*:*:{at}/*"), format!("arn:aws:{service}:::{at}/{last}/*")],
        });
        if at.is_multiple_of(3) {
            statement["Condition"] = json!({
                "Bool": {"aws:MultiFactorAuthPresent": mfa.to_string()},
                "IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "2001:db8::/32"]},
            });
        }
        statement
    };
    let statements: Vec<Json> =
        services.iter().enumerate().map(|(at, service)| statement(at, service)).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn trust(users: &[&str], mfa: bool) -> Json {
    let users: Vec<String> =
        users.iter().map(|user| format!("arn:aws:iam::111122223333:user/{user}")).collect();
    let mut statement = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": users}});
    if mfa {
        statement["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    }
    json!({"Version": "2012-10-17", "Statement": statement})
}

fn ask(before: &Document, after: &Document) -> Difference {
    let actions = |pattern: &str| -> Vec<String> {
        let found = services().matching(pattern);
        found.map(|(service, action)| format!("{}:{}", service.prefix, action.name)).collect()
    };
    let vocabulary = Vocabulary { actions: &actions, key: &|_| None };
    difference(before, after, kind_of(before, after), &vocabulary).unwrap()
}

fn bench(bencher: divan::Bencher<'_, '_>, before: &Json, after: &Json, expected: [&str; 2]) {
    let [before, after] = [before, after].map(|json| Document::from_stored(&json.to_string()));
    let found = ask(&before, &after);
    for access in [&found.added, &found.removed] {
        if let Access::Unknown(why) = access {
            panic!("unknown: {why}");
        }
    }
    assert_eq!([found.added.as_str(), found.removed.as_str()], expected);
    bencher.bench_local(|| ask(divan::black_box(&before), divan::black_box(&after)));
}

/// Every statement has another text: nothing is seen without a search.
#[divan::bench]
fn a_policies_that_differ_in_every_statement(bencher: divan::Bencher<'_, '_>) {
    bench(bencher, &document("Tags", true), &document("*", true), ["yes", "no"]);
}

/// The same access, in other words.
#[divan::bench]
fn b_policies_with_the_same_access(bencher: divan::Bencher<'_, '_>) {
    let before = document("*", true);
    let after: Json = before.to_string().replace(":Get*", ":get*").parse().unwrap();
    bench(bencher, &before, &after, ["no", "no"]);
}

#[divan::bench]
fn c_trust_that_loses_mfa_and_a_user(bencher: divan::Bencher<'_, '_>) {
    bench(
        bencher,
        &trust(&["alice", "bob", "carol"], true),
        &trust(&["alice", "bob"], false),
        ["yes", "yes"],
    );
}
