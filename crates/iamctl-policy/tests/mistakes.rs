//! Every mistake in a document is told, with the text that is wrong.

use iamctl_policy::{Diagnostics, Document, Grammar, Sources, parse_json};

fn mistakes(grammar: Grammar, text: &str) -> Vec<String> {
    let mut sources = Sources::new();
    let id = sources.add("policy.json", text);
    let mut diagnostics = Diagnostics::new();
    if let Some(node) = parse_json(text, id, &mut diagnostics) {
        let document = Document::parse(&node, grammar, &mut diagnostics);
        assert_eq!(document.is_none(), diagnostics.has_errors(), "{text}");
    }
    let underlined = |span| sources.slice(span).lines().next().unwrap_or("").to_owned();
    diagnostics.iter().map(|d| format!("{} @ {}", d.message, underlined(d.span))).collect()
}

#[test]
fn a_good_document_has_no_mistakes() {
    for (grammar, text) in [
        (
            Grammar::Managed,
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
        ),
        (
            Grammar::Inline,
            r#"{"Statement":[{"Sid":"A1","Effect":"Deny","NotAction":["iam:Get*","ec2:*"],"NotResource":["arn:aws:s3:::b/${aws:username}/*","*"],"Condition":{"ForAllValues:StringEqualsIfExists":{"aws:TagKeys":["a"]}}}]}"#,
        ),
        (
            Grammar::Trust,
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"with space","Effect":"Allow","Principal":{"AWS":[123456789012],"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":true}}},{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}"#,
        ),
    ] {
        assert_eq!(mistakes(grammar, text), Vec::<String>::new());
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = r#"{
        "version": "2012-10-17",
        "Statement": [
            {"Effect": "allow", "Action": "s3", "Resource": "bucket", "Principal": "*"},
            {"Sid": "a-b", "Effect": "Deny", "Action": [], "NotAction": "a:B", "Condition": {"StringEqual": {"k": "v"}}},
            {"Effect": 7, "Action": ["a:Ω"], "Resource": {"x": 1}, "Extra": 1},
            "nonsense"
        ]
    }"#;
    assert_eq!(
        mistakes(Grammar::Managed, text),
        [
            "a managed policy needs `Version` @ {",
            "unknown key `version` in a policy document @ \"version\"",
            "`allow` is not an effect @ \"allow\"",
            "`s3` is not an action @ \"s3\"",
            "`bucket` is not a resource @ \"bucket\"",
            "`Principal` is not allowed in a managed policy @ \"Principal\"",
            "a statement of a managed policy needs `Resource` or `NotResource` @ {\"Sid\": \"a-b\", \"Effect\": \"Deny\", \"Action\": [], \"NotAction\": \"a:B\", \"Condition\": {\"StringEqual\": {\"k\": \"v\"}}}",
            "`a-b` is not a valid Sid @ \"a-b\"",
            "a list of actions cannot be empty @ []",
            "a statement cannot have both `Action` and `NotAction` @ \"NotAction\"",
            "`StringEqual` is not a condition operator @ \"StringEqual\"",
            "`Effect` must be a string, not a number @ 7",
            "a policy document cannot hold the character U+03A9 @ \"a:Ω\"",
            "a resource must be a string, not a map @ {\"x\": 1}",
            "unknown key `Extra` in a statement @ \"Extra\"",
            "a statement must be a map, not a string @ \"nonsense\"",
        ]
    );
}

#[test]
fn a_trust_policy_needs_principals_of_a_known_kind_and_no_resource() {
    let text = r#"{"Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "arn:aws:iam::123456789012:root"},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"aws": "123456789012"}},
        {"Sid": "x", "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"},
        {"Sid": "x", "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}
    ]}"#;
    assert_eq!(
        mistakes(Grammar::Trust, text),
        [
            "a statement of a trust policy needs `Principal` or `NotPrincipal` @ {\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Resource\": \"*\"}",
            "`Resource` is not allowed in a trust policy @ \"Resource\"",
            "a principal needs its kind, `arn:aws:iam::123456789012:root` has none @ \"arn:aws:iam::123456789012:root\"",
            "`aws` is not a kind of principal @ \"aws\"",
            "the Sid `x` is there twice in one document @ \"x\"",
        ]
    );
}

#[test]
fn a_document_that_outweighs_every_quota_is_not_looked_at() {
    let with = |count: usize| {
        let actions = vec!["\"s3:a\""; count].join(",");
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Resource":"*","Action":[{actions}]}}]}}"#
        );
        mistakes(Grammar::Managed, &text)
    };
    // Beside the actions: the document, the version, both lists, the statement, effect and resource.
    assert_eq!(with(10_240 - 7), Vec::<String>::new());
    assert_eq!(with(10_240 - 6).len(), 1);
}
