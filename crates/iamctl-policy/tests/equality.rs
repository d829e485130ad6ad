//! What AWS treats as the same document, as a table.

use iamctl_policy::Document;

/// (what the row shows, one document, another one, whether they are the same)
const CASES: &[(&str, &str, &str, bool)] = &[
    (
        "a document equals itself",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#,
        true,
    ),
    (
        "white space and the order of keys have no meaning",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#,
        "{ \"Statement\" : [ { \"Resource\": \"*\",\n\"Action\":\"s3:*\", \"Effect\":\"Allow\" } ], \"Version\":\"2012-10-17\"}",
        true,
    ),
    (
        "one statement may stand without its list",
        r#"{"Statement":{"Effect":"Allow","Action":"a:B","Resource":"*"}}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"}]}"#,
        true,
    ),
    (
        "the document may be wrapped in a list of one",
        r#"[{"Statement":{"Effect":"Allow","Action":"a:B","Resource":"*"}}]"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"}]}"#,
        true,
    ),
    (
        "a value may stand without its list",
        r#"{"Statement":[{"Effect":"Allow","Action":["a:B"],"Resource":["*"]}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"}]}"#,
        true,
    ),
    (
        "the order of actions and resources has no meaning",
        r#"{"Statement":[{"Effect":"Allow","Action":["a:B","a:C"],"Resource":["x","y"]}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":["a:C","a:B"],"Resource":["y","x"]}]}"#,
        true,
    ),
    (
        "an action that is there twice is not the same as once",
        r#"{"Statement":[{"Effect":"Allow","Action":["a:B","a:B"],"Resource":"*"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":["a:B"],"Resource":"*"}]}"#,
        false,
    ),
    (
        "actions are compared with their case",
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"a:b","Resource":"*"}]}"#,
        false,
    ),
    (
        "Action and NotAction differ",
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","NotAction":"a:B","Resource":"*"}]}"#,
        false,
    ),
    (
        "Resource and NotResource differ",
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"x"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","NotResource":"x"}]}"#,
        false,
    ),
    (
        "the order of statements has no meaning",
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"},{"Effect":"Deny","Action":"a:C","Resource":"*"}]}"#,
        r#"{"Statement":[{"Effect":"Deny","Action":"a:C","Resource":"*"},{"Effect":"Allow","Action":"a:B","Resource":"*"}]}"#,
        true,
    ),
    (
        "statements count as often as they are there",
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"},{"Effect":"Allow","Action":"a:B","Resource":"*"},{"Effect":"Deny","Action":"a:C","Resource":"*"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"},{"Effect":"Deny","Action":"a:C","Resource":"*"},{"Effect":"Deny","Action":"a:C","Resource":"*"}]}"#,
        false,
    ),
    (
        "a missing version has no default",
        r#"{"Version":"2008-10-17","Statement":[]}"#,
        r#"{"Statement":[]}"#,
        false,
    ),
    (
        "versions differ",
        r#"{"Version":"2008-10-17","Statement":[]}"#,
        r#"{"Version":"2012-10-17","Statement":[]}"#,
        false,
    ),
    ("ids differ", r#"{"Id":"a","Statement":[]}"#, r#"{"Id":"b","Statement":[]}"#, false),
    (
        "a Sid is compared exactly",
        r#"{"Statement":[{"Sid":"A","Effect":"Allow","Action":"a:B","Resource":"*"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"}]}"#,
        false,
    ),
    (
        "effects differ",
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"}]}"#,
        r#"{"Statement":[{"Effect":"Deny","Action":"a:B","Resource":"*"}]}"#,
        false,
    ),
    (
        "an account id is its root user",
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}"#,
        true,
    ),
    (
        "an account id as a number is the same account",
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":123456789012},"Action":"sts:AssumeRole"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws-cn:iam::123456789012:root"]},"Action":"sts:AssumeRole"}]}"#,
        true,
    ),
    (
        "another account is another principal",
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789013:root"},"Action":"sts:AssumeRole"}]}"#,
        false,
    ),
    (
        "a role named root is not the root user",
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/root"},"Action":"sts:AssumeRole"}]}"#,
        false,
    ),
    (
        "an unknown unique id is not the ARN it may once have been",
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"AIDAJQABLZS4A3QDU576Q"},"Action":"sts:AssumeRole"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/alice"},"Action":"sts:AssumeRole"}]}"#,
        false,
    ),
    (
        "order and repetition of principals have no meaning",
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":["111111111111","222222222222","111111111111"],"Service":[]},"Action":"sts:AssumeRole"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":["222222222222","111111111111"]},"Action":"sts:AssumeRole"}]}"#,
        true,
    ),
    (
        "everybody and everybody of AWS are written differently",
        r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#,
        false,
    ),
    (
        "the kind of a principal matters",
        r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Principal":{"Federated":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#,
        false,
    ),
    (
        "quotes around booleans and numbers are optional, order and repetition of values have no meaning",
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":true},"NumericLessThan":{"aws:MultiFactorAuthAge":[3600,60]}}}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":["60","3600","60"]},"Bool":{"aws:MultiFactorAuthPresent":["true"]}}}]}"#,
        true,
    ),
    (
        "condition keys are compared with their case",
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"Bool":{"aws:multifactorauthpresent":"true"}}}]}"#,
        false,
    ),
    (
        "Bool and BoolIfExists differ",
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}}]}"#,
        false,
    ),
    (
        "no condition and an empty one are written differently",
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{}}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"}]}"#,
        false,
    ),
    (
        "an element unknown to us still counts",
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*","New":{"x":1}}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"}]}"#,
        false,
    ),
    ("texts that are no documents are equal as texts only", "not json", "not json", true),
    ("texts that are no documents differ as texts", "not json", "not  json", false),
    (
        "numbers in elements that are not known are what was written, however many digits they have",
        r#"{"Statement": {"Effect": "Allow", "New": [199999999999999999999999999999999999999999999999999999999999999999999999800, 1.50]}}"#,
        r#"{"Statement": {"Effect": "Allow", "New": [2e+74, 1.50]}}"#,
        false,
    ),
];

#[test]
fn documents_are_equal_exactly_where_aws_treats_them_as_the_same() {
    for (name, left, right, same) in CASES {
        let (left, right) = (Document::from_stored(left), Document::from_stored(right));
        assert_eq!(left == right, *same, "{name}");
        assert_eq!(right == left, *same, "{name}, the other way round");
    }
}

#[test]
fn what_is_written_reads_back_as_equal() {
    for (name, left, right, _) in CASES {
        for text in [left, right] {
            let document = Document::from_stored(text);
            assert_eq!(Document::from_stored(&document.to_compact_string()), document, "{name}");
            let through_serde: Document =
                serde_json::from_value(serde_json::to_value(&document).unwrap()).unwrap();
            assert_eq!(through_serde, document, "{name}, through serde");
        }
    }
}

#[test]
fn the_version_is_written_first_and_white_space_does_not_count() {
    let document = Document::from_stored(
        r#"{"Statement": {"Effect": "Allow", "Action": ["a:B"], "Resource": "*"}, "Version": "2012-10-17"}"#,
    );
    let text = document.to_compact_string();
    assert_eq!(
        text,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"}]}"#
    );
    assert_eq!(document.quota_size(), text.len());
}
