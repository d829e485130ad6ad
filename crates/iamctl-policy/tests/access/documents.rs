//! Random documents over few words, made from a row of random numbers: when the row ends, the simplest choice is
//! taken, so that a failing pair shrinks to a small one.

use serde_json::{Map, Value as Json, json};

pub(crate) struct Dice<'n>(std::slice::Iter<'n, u8>);

const ACTIONS: [&str; 8] = ["s3:A", "S3:a", "s3:AB", "s3:*", "*", "s3:?", "kms:A", "sts:AssumeRole"];

const RESOURCES: [&str; 14] = [
    "*",
    "a",
    "ab",
    "a*",
    "*b",
    "a?",
    "*a*b*",
    "?*",
    "b",
    "${k:v}",
    "a${k:v}",
    "${k:v, 'b'}*",
    "arn:aws:sqs:r:444455556666:q",
    "a${*}",
];

/// Keys and values that policies ask for.
const KEYS: [(&str, &[&str], &[&str]); 8] = [
    (
        "k:s",
        &["a", "ab", "a*", "*b", "?", "A", "*", "${k:v}", "a${k:v}", ""],
        &[
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
        ],
    ),
    ("k:b", &["true", "false", "TRUE", "no"], &["Bool", "Bool", "StringEquals", "StringNotEquals"]),
    (
        "k:n",
        &["1", "2", "1.0", "1.5", "-1", "x"],
        &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericGreaterThanEquals",
            "NumericLessThanEquals",
        ],
    ),
    (
        "k:d",
        &["2020", "2020-01-01T00:00:00Z", "1577836800", "2021-06-01", "x"],
        &["DateEquals", "DateNotEquals", "DateLessThan", "DateGreaterThanEquals"],
    ),
    (
        "k:i",
        &["10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "0.0.0.0/0", "::/0", "10.1.2.3", "x"],
        &["IpAddress", "NotIpAddress"],
    ),
    (
        "k:arn",
        &["arn:aws:s3:::a", "arn:aws:s3:::*", "arn:aws:*:*:*:a", "*", "arn:aws:s3:::${k:v}", "arn:*:s3:::a*"],
        &["ArnLike", "ArnEquals", "ArnNotLike", "StringLike", "StringNotLike"],
    ),
    ("k:set", &["a", "b", "a*", "*"], &["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"]),
    ("k:x", &["QUJD", "QQ=="], &["BinaryEquals"]),
];

const NAMED: [&str; 10] = [
    "*",
    "111122223333",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:user/u",
    "arn:aws:iam::111122223333:role/r",
    "arn:aws:sts::111122223333:assumed-role/r/s",
    "arn:aws:sts::111122223333:federated-user/u",
    "444455556666",
    "arn:aws:iam::444455556666:role/r",
    "AROAEXAMPLE",
];

impl<'n> Dice<'n> {
    pub(crate) fn new(numbers: &'n [u8]) -> Self {
        Self(numbers.iter())
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % count
    }

    fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    pub(crate) fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }

    fn some(&mut self, from: &[&str]) -> Json {
        let first = self.pick(from);
        if self.once_in(3) { json!([first, self.pick(from)]) } else { json!(first) }
    }

    /// Two documents; often they have statements in common, and differ in few.
    pub(crate) fn pair(&mut self, trust: bool) -> (Json, Json) {
        let count = 1 + self.below(3);
        let before: Vec<Json> = (0..count).map(|_| self.statement(trust)).collect();
        let mut after = before.clone();
        if self.once_in(4) {
            after = (0..count).map(|_| self.statement(trust)).collect();
        } else {
            let at = self.below(after.len());
            match self.below(4) {
                0 => after[at] = self.statement(trust),
                1 => after.push(self.statement(trust)),
                2 => after.push(after[at].clone()),
                _ => {
                    after.remove(at);
                }
            }
        }
        (self.document(before), self.document(after))
    }

    fn document(&mut self, statements: Vec<Json>) -> Json {
        match self.once_in(12) {
            true => json!({"Statement": statements}),
            false => json!({"Version": "2012-10-17", "Statement": statements}),
        }
    }

    fn statement(&mut self, trust: bool) -> Json {
        let mut statement = Map::new();
        statement.insert("Effect".into(), if self.once_in(4) { "Deny" } else { "Allow" }.into());
        let element = if self.once_in(8) { "NotAction" } else { "Action" };
        if trust {
            statement.insert(element.into(), self.some(&["sts:AssumeRole", "sts:*", "sts:TagSession", "*"]));
            let element = if self.once_in(6) { "NotPrincipal" } else { "Principal" };
            let whom = match self.below(7) {
                5 => json!("*"),
                6 => json!({"Service": "ec2.amazonaws.com", "AWS": self.some(&NAMED)}),
                4 => {
                    json!({"Federated": self.pick(&["arn:aws:iam::111122223333:oidc-provider/o", "accounts.google.com"])})
                }
                _ => json!({"AWS": self.some(&NAMED)}),
            };
            statement.insert(element.into(), whom);
        } else {
            statement.insert(element.into(), self.some(&ACTIONS));
            let element = if self.once_in(8) { "NotResource" } else { "Resource" };
            statement.insert(element.into(), self.some(&RESOURCES));
        }
        if self.once_in(2) {
            let mut block = Map::new();
            for _ in 0..1 + self.below(2) {
                let (operator, key, values) = self.condition();
                let keys = block.entry(operator).or_insert_with(|| json!({}));
                keys[key] = values;
            }
            statement.insert("Condition".into(), block.into());
        }
        Json::Object(statement)
    }

    fn condition(&mut self) -> (String, String, Json) {
        let at = self.below(KEYS.len());
        let (key, values, operators) = KEYS[at];
        if self.once_in(8) {
            return ("Null".to_owned(), key.to_owned(), self.some(&["true", "false"]));
        }
        let mut operator = self.pick(operators).to_owned();
        if self.once_in(4) {
            operator.push_str("IfExists");
        }
        if self.once_in(if key == "k:set" { 2 } else { 6 }) {
            operator.insert_str(0, self.pick(&["ForAnyValue:", "ForAllValues:"]));
        }
        (operator, key.to_owned(), self.some(values))
    }

    /// Values of a key in a request: absent, one, or several.
    pub(crate) fn values(&mut self, key: usize) -> Option<Json> {
        const IN_REQUESTS: [&[&str]; 8] = [
            &["a", "ab", "b", "A", "aa", "", "x", "a*"],
            &["true", "false", "True", "maybe"],
            &["0", "1", "1.2", "1.5", "2", "3", "-1", "-2", "x", "1.00"],
            &["2019-01-01", "2020", "2020-07-01", "2021-06-01", "2022-01-01", "x"],
            &["10.1.2.3", "10.200.0.1", "11.0.0.1", "::1", "0.0.0.0", "x"],
            &[
                "arn:aws:s3:::a",
                "arn:aws:s3:::b",
                "arn:x:s3:::ab",
                "arn:aws:sqs:r:1:a",
                "a",
                "arn:aws:s3:::a:b",
            ],
            &["a", "b", "ab", "c"],
            &["QUJD", "QQ==", "QUJE", "!"],
        ];
        match self.below(4) {
            0 => None,
            3 => Some((0..self.below(3)).map(|_| json!(self.pick(IN_REQUESTS[key]))).collect()),
            _ => Some(json!(self.pick(IN_REQUESTS[key]))),
        }
    }

    pub(crate) fn key(at: usize) -> &'static str {
        KEYS[at].0
    }
}

/// Random numbers from a seed: a linear congruential generator's upper bits.
pub(crate) fn numbers(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..count).map(|_| next()).collect()
}
