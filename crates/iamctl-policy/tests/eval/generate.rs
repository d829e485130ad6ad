//! Random questions, made from a row of random numbers: when the row ends, the simplest choice is taken,
//! so that a failing question shrinks to a small one.

use serde_json::{Map, Value as Json, json};

pub(crate) struct Dice<'n> {
    numbers: std::slice::Iter<'n, u8>,
}

const PRINCIPALS: [&str; 13] = [
    "arn:aws:iam::111122223333:user/bob",
    "arn:aws:sts::111122223333:assumed-role/reader/morning",
    "arn:aws:iam::111122223333:user/team/bob",
    "arn:aws:iam::444455556666:user/bob",
    "arn:aws:sts::444455556666:assumed-role/reader/morning",
    "arn:aws:iam::111122223333:role/reader",
    "arn:aws:sts::111122223333:federated-user/bob",
    "arn:aws:iam::111122223333:root",
    "lambda.amazonaws.com",
    "arn:aws:iam::111122223333:oidc-provider/idp.example",
    "*",
    "arn:aws:iam::111122223333:role/aws-service-role/es.amazonaws.com/AWSServiceRoleForEs",
    "111122223333",
];

const NAMED: [&str; 13] = [
    "*",
    "111122223333",
    "arn:aws:iam::111122223333:user/bob",
    "arn:aws:sts::111122223333:assumed-role/reader/morning",
    "arn:aws:iam::111122223333:role/reader",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::444455556666:root",
    "444455556666",
    "arn:aws:iam::111122223333:role/path/reader",
    "arn:aws:sts::111122223333:federated-user/bob",
    "arn:aws:iam::444455556666:user/bob",
    "arn:aws:iam::111122223333:user/alice",
    "AROAEXAMPLEEXAMPLE123",
];

const ACTIONS: [&str; 7] = [
    "s3:GetObject",
    "s3:PutObject",
    "sts:AssumeRole",
    "kms:Decrypt",
    "S3:getobject",
    "sqs:SendMessage",
    "sts:AssumeRoleWithWebIdentity",
];

const ACTION_PATTERNS: [&str; 11] = [
    "*",
    "s3:*",
    "s3:GetObject",
    "S3:get*",
    "sts:AssumeRole*",
    "kms:*",
    "s3:?etObject",
    "sqs:SendMessage",
    "*:*Object",
    "sts:AssumeRole",
    "ec2:*",
];

const RESOURCES: [&str; 6] = [
    "arn:aws:s3:::bucket/bob/k",
    "arn:aws:iam::111122223333:role/target",
    "arn:aws:kms:eu-west-1:111122223333:key/1",
    "*",
    "arn:aws:sqs:eu-west-1:444455556666:queue",
    "arn:aws:s3:::bucket/*",
];

const RESOURCE_PATTERNS: [&str; 13] = [
    "*",
    "arn:aws:s3:::bucket/*",
    "arn:aws:s3:::bucket/${aws:username}/k",
    "arn:aws:s3:::bucket/${aws:username, 'bob'}/?",
    "arn:aws:iam::111122223333:role/target",
    "arn:aws:iam::*:role/t*",
    "arn:aws:kms:*",
    "arn:aws:s3:::bucket/${*}",
    "arn:*:queue",
    "arn:aws:s3:::bucket/b?b/k",
    "arn:aws:s3:::BUCKET/bob/k",
    "arn:aws:s3:::${aws:TagKeys}",
    "arn:aws:s3:::bucket/${$}{aws:username}",
];

/// Keys, values they have in requests, and values that policies ask for.
const KEYS: [(&str, &[&str], &[&str]); 8] = [
    (
        "aws:username",
        &["bob", "b*b", "BOB", "", "${x}"],
        &["bob", "b*", "B?B", "${aws:username}", "${none}", "${none, 'bob'}", "b${*}b", "", "${$}{x}"],
    ),
    (
        "aws:MultiFactorAuthPresent",
        &["true", "false", "True", "maybe"],
        &["true", "false", "FALSE", "maybe", "${aws:MultiFactorAuthPresent}"],
    ),
    (
        "aws:SourceIp",
        &["203.0.113.7", "2001:db8:0:0:0:0:0:1", "::ffff:203.0.113.7", "somewhere"],
        &[
            "203.0.113.0/24",
            "0.0.0.0/0",
            "::/0",
            "2001:DB8::1",
            "203.0.113.7",
            "203.0.113.9/29",
            "10/8",
            "1.2.3.4/33",
        ],
    ),
    (
        "aws:CurrentTime",
        &["2020-01-01T00:00:00Z", "1577836800", "2020-01-01T01:30:00+01:00", "2021-06-01T12:00:00.5Z", "now"],
        &[
            "2020-01-01T00:00:00Z",
            "1577836800",
            "2020",
            "2020-01",
            "2020-02-30",
            "2021-06-01",
            "2020-01-01T00:00Z",
            "0",
        ],
    ),
    ("s3:max-keys", &["10", "10.0", "-3", "9.99", "many"], &["10", "9", "10.00", "-3.5", "007", "ten"]),
    (
        "aws:SourceArn",
        &["arn:aws:sns:eu-west-1:111122223333:topic", "arn:aws:sns:eu-west-1:1:a:2:topic", "topic"],
        &[
            "arn:aws:sns:*:*:topic",
            "arn:aws:sns:*:topic",
            "arn:aws:sns:eu-west-?:111122223333:*",
            "arn:aws:sns:*:1:*",
            "*",
            "${aws:SourceArn}",
            "arn:aws:sns:eu-west-1:${aws:username}:topic",
        ],
    ),
    ("aws:TagKeys", &["a", "b", "c*", "A"], &["a", "b", "c*", "${aws:username}", "*"]),
    ("x:binary", &["QUJD", "QQ=="], &["QUJD", "QQ=="]),
];

/// Operators by the key they are used with most.
const OPERATORS: [&[&str]; 8] = [
    &[
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
    ],
    &["Bool", "StringEquals"],
    &["IpAddress", "NotIpAddress"],
    &[
        "DateEquals",
        "DateNotEquals",
        "DateLessThan",
        "DateLessThanEquals",
        "DateGreaterThan",
        "DateGreaterThanEquals",
    ],
    &[
        "NumericEquals",
        "NumericNotEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
    ],
    &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike"],
    &["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"],
    &["BinaryEquals"],
];

impl<'n> Dice<'n> {
    pub(crate) fn new(numbers: &'n [u8]) -> Self {
        Self { numbers: numbers.iter() }
    }

    /// A number below a count; 0 when there are no more numbers.
    fn below(&mut self, count: usize) -> usize {
        usize::from(self.numbers.next().copied().unwrap_or(0)) % count
    }

    /// Whether something happens that does in one of so many cases.
    fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }

    fn some(&mut self, from: &[&str]) -> Json {
        let first = self.pick(from);
        if self.once_in(3) { json!([first, self.pick(from)]) } else { json!(first) }
    }

    pub(crate) fn question(&mut self) -> Json {
        let mut policies = Map::new();
        policies.insert("identity".into(), self.documents(2, false));
        if self.once_in(2) {
            policies.insert("resource".into(), self.document(true));
        }
        if self.once_in(4) {
            policies.insert("boundary".into(), self.documents(1, false));
        }
        if self.once_in(4) {
            policies.insert("session".into(), self.document(false));
        }
        for (name, principals) in [("scp", false), ("rcp", true)] {
            if self.once_in(5) {
                let levels = 1 + self.below(2);
                let levels: Vec<Json> = (0..levels).map(|_| self.documents(2, principals)).collect();
                policies.insert(name.into(), levels.into());
            }
        }
        let mut request = json!({
            "principal": self.pick(&PRINCIPALS),
            "action": self.pick(&ACTIONS),
            "resource": self.pick(&RESOURCES),
            "context": self.context(),
        });
        match self.below(4) {
            0 => {}
            3 => request["resourceAccount"] = "444455556666".into(),
            _ => request["resourceAccount"] = "111122223333".into(),
        }
        json!({"id": 1, "request": request, "policies": policies})
    }

    fn context(&mut self) -> Json {
        let mut context = Map::new();
        for (key, values, _) in KEYS {
            let is_multivalued = key == "aws:TagKeys" || self.once_in(12);
            let key = if self.once_in(6) { key.to_uppercase() } else { key.to_owned() };
            if self.once_in(3) {
                continue;
            }
            let value = if is_multivalued {
                let count = self.below(3);
                (0..count).map(|_| json!(self.pick(values))).collect()
            } else {
                json!(self.pick(values))
            };
            context.insert(key, value);
        }
        Json::Object(context)
    }

    fn documents(&mut self, most: usize, principals: bool) -> Json {
        let count = if self.once_in(10) { 0 } else { 1 + self.below(most) };
        (0..count).map(|_| self.document(principals)).collect()
    }

    fn document(&mut self, principals: bool) -> Json {
        let count = 1 + self.below(3);
        let statements: Json = (0..count).map(|_| self.statement(principals)).collect();
        match self.below(12) {
            10 => json!({"Version": "2008-10-17", "Statement": statements}),
            11 => json!({"Statement": statements}),
            _ => json!({"Version": "2012-10-17", "Statement": statements}),
        }
    }

    fn statement(&mut self, principals: bool) -> Json {
        let mut statement = Map::new();
        let effect = if self.once_in(5) { "Deny" } else { "Allow" };
        statement.insert("Effect".into(), effect.into());
        if principals {
            let element = if self.once_in(6) { "NotPrincipal" } else { "Principal" };
            let whom = match self.below(6) {
                4 => json!("*"),
                5 => json!({"Service": "lambda.amazonaws.com", "AWS": self.some(&NAMED)}),
                3 if self.once_in(3) => {
                    json!({"Federated": "arn:aws:iam::111122223333:oidc-provider/idp.example"})
                }
                _ => json!({"AWS": self.some(&NAMED)}),
            };
            statement.insert(element.into(), whom);
        }
        let element = if self.once_in(8) { "NotAction" } else { "Action" };
        statement.insert(element.into(), self.some(&ACTION_PATTERNS));
        if !principals || !self.once_in(4) {
            let element = if self.once_in(8) { "NotResource" } else { "Resource" };
            statement.insert(element.into(), self.some(&RESOURCE_PATTERNS));
        }
        if self.once_in(2) {
            let lines = 1 + self.below(2);
            let mut block = Map::new();
            for _ in 0..lines {
                let (operator, key, values) = self.condition();
                if let Some(Json::Object(keys)) = block.get_mut(&operator) {
                    keys.insert(key, values);
                } else {
                    block.insert(operator, json!({key: values}));
                }
            }
            statement.insert("Condition".into(), block.into());
        }
        Json::Object(statement)
    }

    fn condition(&mut self) -> (String, String, Json) {
        let at = self.below(KEYS.len());
        let (key, _, wanted) = KEYS[at];
        let key = if self.once_in(6) { key.to_lowercase() } else { key.to_owned() };
        if self.once_in(8) {
            return ("Null".to_owned(), key, self.some(&["true", "false"]));
        }
        let mut operator = self.pick(OPERATORS[at]).to_owned();
        if self.once_in(4) {
            operator.push_str("IfExists");
        }
        let sets = if at == 6 { 2 } else { 6 };
        if self.once_in(sets) {
            operator.insert_str(0, self.pick(&["ForAnyValue:", "ForAllValues:"]));
        }
        (operator, key, self.some(wanted))
    }
}
