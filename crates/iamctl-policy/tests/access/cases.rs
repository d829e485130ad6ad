//! Pairs of documents with their answers.

use iamctl_policy::Document;
use iamctl_policy::difference::{KeyType, KeyValues, Vocabulary, difference, kind_of};
use serde_json::{Value as Json, json};

fn key(name: &str) -> Option<KeyType> {
    let values = match name {
        "aws:multifactorauthpresent" => KeyValues::Bool,
        "aws:sourceip" => KeyValues::Address,
        "aws:requestedregion" | "aws:username" => KeyValues::Text,
        "aws:currenttime" => KeyValues::Date,
        "s3:max-keys" => KeyValues::Number,
        "aws:principalarn" => KeyValues::Arn,
        "aws:tagkeys" => return Some(KeyType { values: KeyValues::Text, multivalued: true }),
        _ => return None,
    };
    Some(KeyType { values, multivalued: false })
}

/// What is added and what is removed.
fn ask(before: &Json, after: &Json) -> [&'static str; 2] {
    let [before, after] = [before, after].map(|statements| {
        Document::from_stored(&json!({"Version": "2012-10-17", "Statement": statements}).to_string())
    });
    let vocabulary = Vocabulary { actions: &|_| Vec::new(), key: &key };
    let found = difference(&before, &after, kind_of(&before, &after), &vocabulary).unwrap();
    [found.added.as_str(), found.removed.as_str()]
}

#[track_caller]
fn same(before: &Json, after: &Json) {
    assert_eq!(ask(before, after), ["no", "no"], "{before}\n{after}");
}

#[track_caller]
fn narrower(before: &Json, after: &Json) {
    assert_eq!(ask(before, after), ["no", "yes"], "{before}\n{after}");
    assert_eq!(ask(after, before), ["yes", "no"], "{after}\n{before}");
}

fn allow(action: Json, resource: Json) -> Json {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn deny(action: Json, resource: Json) -> Json {
    json!({"Effect": "Deny", "Action": action, "Resource": resource})
}

fn when(condition: Json) -> Json {
    json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition})
}

fn always() -> Json {
    allow(json!("s3:GetObject"), json!("*"))
}

fn trust(principal: Json) -> Json {
    json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})
}

#[test]
fn statements_that_are_subsumed_or_split_change_nothing() {
    let get = allow(json!("s3:GetObject"), json!("arn:aws:s3:::b/*"));
    same(&json!([allow(json!("s3:*"), json!("*")), get]), &allow(json!("s3:*"), json!("*")));
    same(
        &allow(json!(["s3:GetObject", "s3:PutObject"]), json!(["a", "b"])),
        &json!([
            allow(json!("s3:getobject"), json!(["b", "a"])),
            allow(json!("S3:PutObject"), json!("a")),
            allow(json!("s3:PutObject"), json!("b")),
        ]),
    );
    same(&allow(json!("s3:*"), json!("*")), &allow(json!("s3:*"), json!(["?*"])));
    same(
        &deny(json!("*"), json!("*")),
        &json!([deny(json!("s3:*"), json!("*")), deny(json!("ec2:*"), json!("*"))]),
    );
    let mut named = get.clone();
    named["Sid"] = json!("Named");
    same(&get, &named);
}

#[test]
fn narrower_patterns_take_away() {
    narrower(&allow(json!("s3:*"), json!("*")), &allow(json!("s3:Get*"), json!("*")));
    narrower(
        &allow(json!("s3:Get*"), json!("*")),
        &allow(json!(["s3:GetObject", "s3:GetBucketAcl"]), json!("*")),
    );
    narrower(&allow(json!("s3:*"), json!("a/*")), &allow(json!("s3:*"), json!("a/*/b")));
    narrower(
        &allow(json!("*"), json!("*")),
        &json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
    );
    narrower(&always(), &json!([always(), deny(json!("s3:Get*"), json!("arn:aws:s3:::secret/*"))]));
    assert_eq!(ask(&allow(json!("s3:*"), json!("a*")), &allow(json!("s3:*"), json!("*a"))), ["yes", "yes"]);
    same(
        &json!([allow(json!("*"), json!("*")), deny(json!("iam:*"), json!("*"))]),
        &json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
    );
    same(
        &json!([allow(json!("s3:*"), json!("*")), deny(json!("s3:*"), json!("a*"))]),
        &json!({"Effect": "Allow", "Action": "s3:*", "NotResource": "a*"}),
    );
    narrower(&allow(json!("sts:AssumeRole"), json!("arn:aws:iam::111122223333:role/*")), &json!([]));
    narrower(&allow(json!("sqs:*"), json!("arn:aws:sqs:*:444455556666:*")), &json!([]));
}

#[test]
fn values_are_compared_as_what_they_are() {
    let date = |text: &str| when(json!({"DateLessThan": {"aws:CurrentTime": text}}));
    same(&date("2020-01-01T00:00:00Z"), &date("1577836800"));
    narrower(&date("2021-01-01"), &date("2020-01-01"));
    let ip = |networks: Json| when(json!({"IpAddress": {"aws:SourceIp": networks}}));
    same(&ip(json!(["10.0.0.0/9", "10.128.0.0/9"])), &ip(json!("10.0.0.0/8")));
    same(&ip(json!("10.1.2.3/8")), &ip(json!("10.0.0.0/8")));
    narrower(&ip(json!("10.0.0.0/8")), &ip(json!("10.0.0.0/9")));
    let most = |operator: &str, number: &str| when(json!({operator: {"s3:max-keys": number}}));
    same(&most("NumericLessThanEquals", "10"), &most("NumericLessThanEquals", "10.00"));
    narrower(&most("NumericLessThanEquals", "10"), &most("NumericLessThan", "10"));
    let region = |operator: &str, values: Json| when(json!({operator: {"aws:RequestedRegion": values}}));
    narrower(
        &region("StringLike", json!("eu-*")),
        &region("StringEquals", json!(["eu-west-1", "eu-north-1"])),
    );
    narrower(&region("StringEqualsIgnoreCase", json!("eu")), &region("StringEquals", json!(["eu", "EU"])));
    same(
        &region("StringEqualsIgnoreCase", json!("eu")),
        &region("StringEquals", json!(["eu", "EU", "Eu", "eU"])),
    );
    let arn = |operator: &str, value: &str| when(json!({operator: {"aws:PrincipalArn": value}}));
    same(&arn("ArnLike", "arn:aws:iam::*:role/a"), &arn("ArnEquals", "arn:aws:iam::*:role/a"));
    narrower(&arn("StringLike", "arn:aws:iam::*:role/a"), &arn("ArnLike", "arn:aws:iam::*:role/a"));
}

#[test]
fn keys_may_be_absent() {
    let mfa = |operator: &str, value: &str| when(json!({operator: {"aws:MultiFactorAuthPresent": value}}));
    narrower(&mfa("BoolIfExists", "true"), &mfa("Bool", "true"));
    narrower(&always(), &mfa("BoolIfExists", "true"));
    let mut without = mfa("BoolIfExists", "false");
    without["Effect"] = json!("Deny");
    same(&json!([always(), without]), &mfa("Bool", "true"));
    without["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}});
    narrower(&json!([always(), without]), &mfa("Bool", "true"));
    same(&json!([mfa("Bool", "true"), mfa("Bool", "false"), mfa("Null", "true")]), &always());
    same(
        &json!([
            when(json!({"StringEquals": {"aws:RequestedRegion": "a"}})),
            when(json!({"StringNotEquals": {"aws:RequestedRegion": "a"}})),
        ]),
        &always(),
    );
}

#[test]
fn sets_of_values_are_sets() {
    let tags = |operator: &str, values: Json| when(json!({operator: {"aws:TagKeys": values}}));
    narrower(
        &tags("ForAllValues:StringEquals", json!(["a", "b"])),
        &tags("ForAllValues:StringEquals", json!("a")),
    );
    assert_eq!(
        ask(&tags("ForAllValues:StringEquals", json!("a")), &tags("ForAnyValue:StringEquals", json!("a"))),
        ["yes", "yes"],
    );
    same(
        &json!([tags("ForAnyValue:StringEquals", json!("a")), tags("ForAnyValue:StringEquals", json!("b"))]),
        &tags("ForAnyValue:StringEquals", json!(["a", "b"])),
    );
}

#[test]
fn variables_are_what_they_stand_for() {
    let home = |resource: &str| allow(json!("s3:*"), json!(resource));
    same(&home("arn:aws:s3:::${aws:username}/*"), &home("arn:aws:s3:::${AWS:UserName}/*"));
    assert_eq!(ask(&home("arn:aws:s3:::${aws:username}/*"), &home("arn:aws:s3:::*/x")), ["yes", "yes"]);
    narrower(&home("arn:aws:s3:::*/*"), &home("arn:aws:s3:::${aws:username}/*"));
    same(
        &json!([home("arn:aws:s3:::${aws:username}/*"), always()]),
        &json!([always(), home("arn:aws:s3:::${aws:username}/*")]),
    );
    narrower(&home("arn:aws:s3:::b/${aws:username}/*"), &home("arn:aws:s3:::b/${aws:username}/x/*"));
    same(
        &home("arn:aws:s3:::b/${aws:username}/*"),
        &json!([
            home("arn:aws:s3:::b/${aws:username}/*"),
            home("arn:aws:s3:::b/${aws:username}/x/${aws:username}")
        ]),
    );
    let own = when(json!({"StringEquals": {"aws:RequestedRegion": "${aws:username}"}}));
    same(&own, &when(json!({"StringLike": {"aws:RequestedRegion": "${aws:username}"}})));
    narrower(&always(), &own);
}

#[test]
fn trust_is_about_those_it_names() {
    let user = "arn:aws:iam::111122223333:user/alice";
    narrower(
        &trust(json!({"AWS": [user, "arn:aws:iam::111122223333:user/bob"]})),
        &trust(json!({"AWS": user})),
    );
    narrower(&trust(json!({"AWS": "111122223333"})), &trust(json!({"AWS": user})));
    same(&trust(json!({"AWS": "111122223333"})), &trust(json!({"AWS": "arn:aws:iam::111122223333:root"})));
    same(&trust(json!({"AWS": ["111122223333", user]})), &trust(json!({"AWS": "111122223333"})));
    narrower(&trust(json!("*")), &trust(json!({"AWS": "111122223333"})));
    same(&trust(json!("*")), &trust(json!({"AWS": "*"})));
    narrower(
        &trust(json!({"AWS": "arn:aws:iam::111122223333:role/r"})),
        &trust(json!({"AWS": "arn:aws:sts::111122223333:assumed-role/r/s"})),
    );
    narrower(
        &trust(json!({"Service": ["a.amazonaws.com", "b.amazonaws.com"]})),
        &trust(json!({"Service": "a.amazonaws.com"})),
    );
    let mut mfa = trust(json!({"AWS": user}));
    mfa["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    narrower(&trust(json!({"AWS": user})), &mfa);
}
