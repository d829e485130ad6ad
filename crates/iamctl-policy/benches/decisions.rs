//! How many decisions a second: `cargo bench -p iamctl-policy`. The documents are made ready once.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that fails should say so at once"
)]

use divan::counter::ItemsCount;
use iamctl_policy::Document;
use iamctl_policy::eval::{
    Action, Answerer, Context, Outcome, Policies, Policy, PolicyKind, Principal, Request, Resource, decide,
    judge,
};
use serde_json::{Value as Json, json};

fn main() {
    divan::main();
}

/// Ten policies of ten statements, as people write them: a few actions each, some resources, some
/// conditions, some that deny.
fn documents() -> Vec<Json> {
    let services = ["s3", "ec2", "iam", "sqs", "sns", "kms", "lambda", "dynamodb", "logs", "ecs"];
    let statement = |policy: usize, at: usize, service: &str| {
        let mut statement = json!({
            "Sid": format!("S{policy}x{at}"),
            "Effect": if at == 9 { "Deny" } else { "Allow" },
            "Action": [format!("{service}:Get*"), format!("{service}:Describe{policy}"), format!("{service}:List*")],
            "Resource": [format!("arn:aws:{service}:*:*:{policy}/*"), format!("arn:aws:{service}:::{policy}/${{aws:username}}/*")],
        });
        if at.is_multiple_of(3) {
            statement["Condition"] = json!({
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
                "IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "2001:db8::/32"]},
            });
        }
        statement
    };
    (0..10)
        .map(|policy| {
            let statements: Json =
                services.iter().enumerate().map(|(at, service)| statement(policy, at, service)).collect();
            json!({"Version": "2012-10-17", "Statement": statements})
        })
        .collect()
}

fn policies() -> Policies {
    let ready = |json: &Json| Policy::new(&Document::from_stored(&json.to_string()), PolicyKind::Principal);
    Policies {
        identity: documents().iter().map(|json| ready(json).unwrap()).collect(),
        ..Policies::default()
    }
}

fn request(action: &str, resource: &str) -> Request {
    Request {
        principal: Principal::parse("arn:aws:iam::111122223333:user/alice").unwrap(),
        action: Action::parse(action).unwrap(),
        resource: Resource::Named(resource.to_owned()),
        resource_account: Some("111122223333".to_owned()),
        context: Context::new()
            .with("aws:username", "alice")
            .with("aws:SourceIp", "192.0.2.17")
            .with("aws:MultiFactorAuthPresent", "true")
            .with("aws:SecureTransport", "true"),
    }
}

/// Requests that are allowed early, late, denied, and about nothing.
fn requests() -> Vec<(Request, Outcome)> {
    vec![
        (request("s3:GetObject", "arn:aws:s3:::0/alice/x"), Outcome::Allowed),
        (request("s3:GetObject", "arn:aws:s3:::9/alice/x"), Outcome::Allowed),
        (request("s3:GetObject", "arn:aws:s3:::99/bob/x"), Outcome::ImplicitlyDenied),
        (request("ecs:ListTasks", "arn:aws:ecs:eu-west-1:111122223333:9/x"), Outcome::ExplicitlyDenied),
        (
            request("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/x"),
            Outcome::ImplicitlyDenied,
        ),
    ]
}

#[divan::bench]
fn a_decisions_of_100_statements(bencher: divan::Bencher<'_, '_>) {
    let policies = policies();
    let requests = requests();
    for (request, outcome) in &requests {
        assert_eq!(decide(&policies, request).outcome, *outcome);
    }
    bencher.counter(ItemsCount::new(requests.len())).bench_local(|| {
        for (request, _) in &requests {
            divan::black_box(decide(&policies, divan::black_box(request)));
        }
    });
}

#[divan::bench]
fn b_verdicts_of_100_statements(bencher: divan::Bencher<'_, '_>) {
    let policies = policies();
    let mut requests = requests();
    for (request, _) in &mut requests {
        request.context = Context::new().with("aws:username", "alice");
    }
    bencher.counter(ItemsCount::new(requests.len())).bench_local(|| {
        for (request, _) in &requests {
            divan::black_box(judge(&policies, divan::black_box(request)));
        }
    });
}

#[divan::bench]
fn c_a_document_is_made_ready(bencher: divan::Bencher<'_, '_>) {
    let document = Document::from_stored(&documents()[0].to_string());
    bencher.bench_local(|| Policy::new(divan::black_box(&document), PolicyKind::Principal));
}

#[divan::bench]
fn d_lines_with_documents_seen_before(bencher: divan::Bencher<'_, '_>) {
    let line = json!({"id": 1, "request": {
        "principal": "arn:aws:iam::111122223333:user/alice",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::9/alice/x",
        "context": {"aws:username": "alice", "aws:SourceIp": "192.0.2.17"},
    }, "policies": {"identity": documents()}})
    .to_string();
    let mut answerer = Answerer::new();
    bencher
        .counter(ItemsCount::new(1_usize))
        .bench_local(|| answerer.answer(divan::black_box(line.as_bytes())));
}
