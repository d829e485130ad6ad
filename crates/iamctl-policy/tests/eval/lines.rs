//! Questions and answers as JSON: the format is a contract with scripts.

use iamctl_policy::eval::Answerer;
use serde_json::{Value as Json, json};

fn answer(line: &str) -> Json {
    let answer = Answerer::new().answer(line.as_bytes());
    let json: Json = serde_json::from_str(&answer.text).unwrap();
    assert!(!answer.text.contains('\n'));
    assert_eq!(answer.is_error, json.get("error").is_some());
    json
}

fn document(statement: &Json) -> Json {
    json!({"Version": "2012-10-17", "Statement": statement})
}

/// A question with one identity policy.
fn asked(statements: &Json) -> Json {
    json!({
        "id": "q",
        "request": {
            "principal": "arn:aws:iam::111122223333:user/bob",
            "action": "s3:GetObject",
            "resource": "arn:aws:s3:::bucket/k",
            "context": {"aws:SourceIp": "192.0.2.1", "aws:TagKeys": ["a", "b"]},
        },
        "policies": {"identity": [document(statements)]},
    })
}

#[test]
fn the_statement_that_decides_is_told() {
    let allow = json!({"Sid": "Read", "Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    assert_eq!(
        answer(&asked(&json!([allow])).to_string()),
        json!({"id": "q", "decision": "Allowed", "because": {
            "text": "statement 0 of identity policy 0 allows it",
            "statements": [{"layer": "identity", "policy": 0, "statement": 0, "sid": "Read"}],
        }})
    );
    assert_eq!(
        answer(&asked(&json!([allow, deny])).to_string()),
        json!({"id": "q", "decision": "ExplicitlyDenied", "because": {
            "text": "statement 1 of identity policy 0 denies it",
            "statements": [{"layer": "identity", "policy": 0, "statement": 1}],
        }})
    );
}

#[test]
fn the_condition_that_fails_is_told_with_the_value_it_met() {
    let with = |condition: Json| json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition});
    let statements = json!([
        with(json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}})),
        with(json!({"ForAllValues:StringEquals": {"AWS:tagkeys": "a"}})),
        with(json!({"Bool": {"aws:MultiFactorAuthPresent": true}})),
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::other/*"},
        {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
    ]);
    let because = answer(&asked(&statements).to_string())["because"].clone();
    let miss = |statement: u32, rest: Json| {
        let mut miss = json!({"layer": "identity", "policy": 0, "statement": statement});
        miss.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        miss
    };
    assert_eq!(
        because,
        json!({"text": "no identity policy allows it", "statements": [], "near_misses": [
            miss(0, json!({"failed": "condition", "operator": "IpAddress", "key": "aws:SourceIp",
                "expected": ["10.0.0.0/8"], "found": "192.0.2.1"})),
            miss(1, json!({"failed": "condition", "operator": "ForAllValues:StringEquals", "key": "AWS:tagkeys",
                "expected": ["a"], "found": ["a", "b"]})),
            miss(2, json!({"failed": "condition", "operator": "Bool", "key": "aws:MultiFactorAuthPresent",
                "expected": ["true"], "found": null})),
            miss(3, json!({"failed": "resource"})),
        ]})
    );
}

#[test]
fn every_layer_that_is_lacking_is_named() {
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let none = json!({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"});
    for (layer, value, text) in [
        (
            "scp",
            json!([[document(&all)], [document(&none)]]),
            "the service control policies of level 1 do not allow it",
        ),
        ("boundary", json!([document(&none)]), "the permissions boundary does not allow it"),
        ("session", document(&none), "no session policy allows it"),
    ] {
        let mut question = asked(&all);
        question["policies"][layer] = value;
        assert_eq!(answer(&question.to_string())["because"]["text"], text);
    }
    let mut question = asked(&all);
    question["request"]["resourceAccount"] = "444455556666".into();
    assert_eq!(
        answer(&question.to_string())["because"]["text"],
        "the policy of the resource does not allow it"
    );
}

#[test]
fn both_statements_are_told_where_both_accounts_have_to_allow() {
    let mut question = asked(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    question["request"]["resourceAccount"] = "444455556666".into();
    question["policies"]["resource"] =
        document(&json!({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "*"}));
    let answer = answer(&question.to_string());
    assert_eq!(answer["decision"], "Allowed");
    let layers: Vec<_> =
        answer["because"]["statements"].as_array().unwrap().iter().map(|one| &one["layer"]).collect();
    assert_eq!(layers, ["identity", "resource"]);
}

#[test]
fn identifiers_come_back_as_they_were_given() {
    for id in ["7", "\"a\\u00e9\"", "null", "[1, {\"x\": 2}]", "1.50"] {
        let line = asked(&json!([])).to_string().replace("\"id\":\"q\"", &format!("\"id\":{id}"));
        let answer = Answerer::new().answer(line.as_bytes());
        assert!(answer.text.starts_with(&format!("{{\"id\":{id},")), "{}", answer.text);
    }
    // So they do where the rest is broken, as far as it can be read.
    for id in
        ["7", "\"a\\u00e9\"", "[1, {\"x\": 2}]", "1.50", "1e400", "123456789012345678901234567890", "-0"]
    {
        let line = asked(&json!([])).to_string().replace("\"id\":\"q\"", &format!("\"id\":{id}"));
        for broken in
            [line.replace("s3:Get", ""), line[..line.len() - 9].to_owned(), format!("{line} and more")]
        {
            let answer = Answerer::new().answer(broken.as_bytes());
            assert!(
                answer.text.starts_with(&format!("{{\"id\":{id},\"error\":")),
                "{broken} {}",
                answer.text
            );
        }
    }
    let without = asked(&json!([])).to_string().replace("\"id\":\"q\",", "");
    assert_eq!(answer(&without)["id"], Json::Null);
}

#[test]
fn a_layer_that_is_null_does_not_exist() {
    let mut question = asked(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    for layer in ["resource", "boundary", "session", "scp", "rcp"] {
        question["policies"][layer] = Json::Null;
    }
    question["request"]["resourceAccount"] = Json::Null;
    question["note"] = "anything may stand beside a question".into();
    assert_eq!(answer(&question.to_string())["decision"], "Allowed");
    question["policies"] = Json::Null;
    assert_eq!(answer(&question.to_string())["decision"], "ImplicitlyDenied");
}

/// (what is changed in a sound question, what the error has to say)
#[test]
fn a_broken_question_is_answered_with_what_is_wrong_and_its_identifier() {
    let allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let broken = |pointer: &str, value: Json| {
        let mut question = asked(&json!([allow]));
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        question.pointer_mut(parent).unwrap()[name] = value;
        question
    };
    let renamed = |key: &str, misspelt: &str| {
        let mut question = asked(&json!([allow]));
        let value = question.as_object_mut().unwrap().remove(key).unwrap();
        question[misspelt] = value;
        question
    };
    let statement = |statement: Json| broken("/policies/identity", json!([document(&statement)]));
    for (question, says) in [
        (broken("/request/action", json!("s3:*")), "`s3:*` is not an action"),
        (broken("/request/action", json!(null)), "`request.action`: expected a text, found null"),
        (broken("/request/principal", json!("bob")), "neither an ARN nor"),
        (broken("/request/principal", json!("arn:aws:iam::111122223333:group/g")), "is not the ARN of"),
        (broken("/request/resource", json!("")), "`resource` is empty"),
        (broken("/request/context", json!({"a": 1})), "a string or a list of strings"),
        (broken("/request/context", json!({"a:b": "1", "A:B": "2"})), "`A:B` is there twice"),
        (broken("/request/extra", json!(1)), "unknown field `extra`"),
        (broken("/policies/idenity", json!([])), "unknown field `idenity`"),
        (broken("/policies/identity", json!(["x"])), "identity policy 0: the document cannot be read"),
        (
            broken("/policies/scp", json!([[], [{"Statement": [{"Effect": "allow"}]}]])),
            "scp level 1 policy 0: the document",
        ),
        (
            statement(json!({"Effect": "Allow", "Resource": "*"})),
            "identity policy 0: statement 0 needs `Action`",
        ),
        (statement(json!([{"Effect": "Allow", "Action": "*"}])), "statement 0 needs `Resource`"),
        (
            statement(json!([allow, {"Effect": "Deny", "Action": "*", "Resource": "*", "NotResource": "x"}])),
            "statement 1 has the element `NotResource`",
        ),
        (
            statement(json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"})),
            "names a principal",
        ),
        (
            statement(
                json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEqual": {"a:b": "c"}}}),
            ),
            "operator `StringEqual`, which is unknown",
        ),
        (broken("/policies/resource", document(&allow)), "resource policy 0: statement 0 needs `Principal`"),
        (
            broken(
                "/policies/resource",
                document(
                    &json!({"Effect": "Deny", "Principal": {"aws": "*"}, "Action": "*", "Resource": "*"}),
                ),
            ),
            "resource policy 0: statement 0 names principals of the kind `aws`",
        ),
        (
            broken("/policies/session", json!({"statement": [allow]})),
            "session policy 0: the element `statement`",
        ),
        (
            broken("/policies/session", json!({"Version": "2012-10-18", "Statement": [allow]})),
            "session policy 0: the version `2012-10-18`",
        ),
        (renamed("policies", "polices"), "unknown field `polices`; did you mean `policies`?"),
        (renamed("policies", "policy"), "unknown field `policy`; did you mean `policies`?"),
        (renamed("request", "requests"), "unknown field `requests`; did you mean `request`?"),
        (broken("/scp", json!([])), "`scp` belongs into `policies`"),
        (broken("/policies", json!([[]])), "expected a map"),
        (broken("/policies/identity", json!({})), "`policies.identity`: expected a list, found a map"),
        (broken("/policies/scp", json!([{}])), "`policies.scp`: expected a list, found a map"),
        (broken("/request/resource", json!(7)), "`request.resource`: expected a text, found integer `7`"),
        (
            broken("/request", json!(["arn:aws:iam::111122223333:root", "s3:GetObject", "*"])),
            "expected a map",
        ),
        (broken("/request/principal", json!("arn:aws:iam::*:user/bob")), "has a wildcard"),
        (broken("/request/resourceAccount", json!("")), "is not the id of an account"),
        (broken("/request/resourceAccount", json!("111122223333 ")), "is not the id of an account"),
    ] {
        let answer = answer(&question.to_string());
        assert_eq!(answer["id"], "q");
        let error = answer["error"].as_str().unwrap_or_else(|| panic!("{question} has no error"));
        assert!(error.contains(says), "{error}");
    }
    // Beside a whole question, more may stand.
    assert_eq!(answer(&broken("/requestId", json!("7")).to_string())["decision"], "Allowed");
    for line in [
        "",
        "{",
        "[]",
        "7",
        "{\"id\": 1",
        "\u{1}",
        "{\"id\": \"x\", \"id\": \"y\"}",
        "null",
        "[null, {}, {}]",
    ] {
        assert!(answer(line)["error"].is_string(), "{line}");
    }
    for line in ["{", "{\"id\": 1,"] {
        let error = answer(line)["error"].to_string();
        assert!(error.contains("a question stands on one line"), "{error}");
    }
    assert!(Answerer::new().answer(b"{\"id\": \"\xff\"}").is_error);
}

#[test]
fn a_document_that_was_seen_before_is_answered_the_same() {
    let mut answerer = Answerer::new();
    let sound = asked(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"})).to_string();
    let broken = asked(&json!({"Effect": "Allow"})).to_string();
    for line in [&sound, &broken, &sound, &broken] {
        assert_eq!(answerer.answer(line.as_bytes()), Answerer::new().answer(line.as_bytes()));
    }
}

#[test]
fn the_example_of_the_documentation_is_answered_as_it_says() {
    let page = include_str!("../../../../docs/evaluation.md");
    let blocks: Vec<Json> = page
        .split("```json\n")
        .skip(1)
        .map(|block| serde_json::from_str(block.split("```").next().unwrap()).unwrap())
        .collect();
    let [question, expected] = blocks.as_slice() else { panic!("{} blocks", blocks.len()) };
    assert_eq!(answer(&question.to_string()), *expected);
}
