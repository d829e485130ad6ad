//! Policy documents beside each other.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Finished, World, starting};

/// Runs iamctl with lines on standard input.
fn with_lines(world: &World, arguments: &[&str], lines: &[String]) -> Finished {
    let name = "lines.jsonl";
    world.write(name, &lines.join("\n"));
    let mut command = world.command(arguments);
    command.stdin(std::fs::File::open(world.path(name)).unwrap());
    starting(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()).finish()
}

fn answers(finished: &Finished) -> Vec<Value> {
    finished.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})
}

#[test]
fn documents_that_aws_takes_for_the_same_are_equal() {
    let world = World::new();
    let document = allow("s3:GetObject", "*");
    let same = r#"{"Statement": {"Resource": "*", "Action": ["s3:GetObject"], "Effect": "Allow"}, "Version": "2012-10-17"}"#;
    world.write("a.json", &document.to_string());
    world.write("b.json", same);
    world.write("c.json", &same.replace("GetObject", "getobject"));
    world.write("d.json", "[]");

    let equal = world.iamctl(&["policy", "equal", "a.json", "b.json"]).expect(0);
    assert_eq!(equal.out, "equal\n");
    let different = world.iamctl(&["policy", "equal", "a.json", "c.json", "--format", "json"]).expect(1);
    assert_eq!(different.json(), json!({"equal": false}));
    world
        .iamctl(&["policy", "equal", "a.json", "d.json"])
        .expect(1)
        .says(&["no policy document in `d.json`"]);
    world.iamctl(&["policy", "equal", "a.json", "none.json"]).expect(1).says(&["cannot read `none.json`"]);

    let line = |id: u32, a: Value, b: Value| json!({"id": id, "a": a, "b": b}).to_string();
    let lines =
        [line(1, document.clone(), json!(same)), line(2, document.clone(), json!({})), "{".to_owned()];
    let finished = with_lines(&world, &["policy", "equal"], &lines).expect(1);
    let [same, other, broken] = answers(&finished).try_into().unwrap();
    assert_eq!(same, json!({"id": 1, "equal": true}));
    assert_eq!(other, json!({"id": 2, "equal": false}));
    assert!(broken["error"].is_string(), "{broken}");
    with_lines(&world, &["policy", "equal", "-"], &lines[..2]).expect(0);
    assert_eq!(world.calls(|_| true), [""; 0]);
}

#[test]
fn the_same_access_in_other_words_is_equal_when_that_is_asked() {
    let world = World::new();
    world.write("a.json", &allow("s3:*", "*").to_string());
    let split = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Get", "Effect": "Allow", "Action": "S3:get*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": ["*", "arn:aws:s3:::b/*"]},
    ]});
    world.write("b.json", &split.to_string());
    world.iamctl(&["policy", "equal", "a.json", "b.json"]).expect(1);
    world.iamctl(&["policy", "equal", "a.json", "b.json", "--level", "semantic"]).expect(0).says(&["equal"]);
    world.iamctl(&["policy", "diff", "a.json", "b.json"]).expect(0).says(&["The same access."]);

    let line = json!({"id": "x", "a": allow("s3:*", "*"), "b": split.to_string()}).to_string();
    let finished = with_lines(&world, &["policy", "equal", "--level", "semantic"], &[line]).expect(0);
    assert_eq!(answers(&finished), [json!({"id": "x", "equal": true})]);
}

#[test]
fn what_is_gained_and_lost_is_told_with_a_request_that_the_evaluator_confirms() {
    let world = World::new();
    let (before, after) = (allow("s3:Get*", "*"), allow("s3:*Object", "arn:aws:s3:::b/*"));
    world.write("a.json", &before.to_string());
    world.write("b.json", &after.to_string());
    world.iamctl(&["policy", "diff", "a.json", "b.json"]).expect(1).says(&[
        "Gained:",
        "s3:DeleteObject",
        "on arn:aws:s3:::b/example",
        "Lost:",
        "s3:GetObject",
    ]);

    let lines = [
        json!({"id": 1, "kind": "identity", "a": before, "b": after}).to_string(),
        json!({"id": 2, "kind": "identity", "a": before, "b": {"Statement": {"Effect": "Allow"}}})
            .to_string(),
    ];
    let finished = with_lines(&world, &["policy", "diff"], &lines).expect(1);
    let [found, broken] = answers(&finished).try_into().unwrap();
    assert_eq!((&found["added"], &found["removed"]), (&json!("yes"), &json!("yes")));
    assert!(broken["error"].as_str().unwrap().contains("`b`: statement 0 needs `Action`"), "{broken}");

    let ask = |request: &Value, policy: &Value| {
        let line = json!({"request": request, "policies": {"identity": [policy]}}).to_string();
        answers(&with_lines(&world, &["policy", "eval"], &[line]).expect(0))[0]["decision"].clone()
    };
    for (witness, allows, denies) in [("addedWitness", &after, &before), ("removedWitness", &before, &after)]
    {
        assert_eq!(ask(&found[witness], allows), "Allowed", "{found}");
        assert_eq!(ask(&found[witness], denies), "ImplicitlyDenied", "{found}");
    }
}

#[test]
fn a_trust_policy_that_no_longer_asks_for_mfa_adds_access() {
    let world = World::new();
    let trust = |condition: Value| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": "arn:aws:iam::111122223333:user/alice"}, "Condition": condition}]})
    };
    let with_mfa = trust(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}));
    let line = json!({"id": 1, "kind": "trust", "a": with_mfa, "b": trust(json!({}))}).to_string();
    let [found] = answers(&with_lines(&world, &["policy", "diff"], &[line]).expect(0)).try_into().unwrap();
    assert_eq!((&found["added"], &found["removed"]), (&json!("yes"), &json!("no")));
    assert_eq!(found["addedWitness"]["principal"], "arn:aws:iam::111122223333:user/alice");
    assert_eq!(found["addedWitness"]["context"], json!({}));
    assert_eq!(found["removedWitness"], Value::Null);
}

#[test]
fn what_is_wrong_with_documents_is_told_as_text_json_and_sarif() {
    let world = World::new();
    let bad = allow("s3:GetObjekt", "*").to_string();
    world.write("bad.json", &bad);
    world.write("good.json", &bad.replace("Objekt", "Object"));
    world.write(
        "role.json",
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}}"#,
    );

    let told = world.iamctl(&["policy", "lint", "bad.json", "good.json"]).expect(1);
    told.says(&["error[INVALID_ACTION]", "bad.json:1:", "did you mean `s3:GetObject`?", "1 error"]);
    world
        .iamctl(&["policy", "lint", "good.json"])
        .expect(0)
        .says(&["no findings: good.json, as an identity policy"]);
    // A role that everybody may assume is a security warning: told, and an error only when that is asked.
    world.iamctl(&["policy", "lint", "role.json"]).expect(0).says(&["TRUST_IN_EVERYBODY"]);
    world.iamctl(&["policy", "lint", "role.json", "--deny", "security_warning"]).expect(1);
    world
        .iamctl(&["policy", "lint", "role.json", "--kind", "identity"])
        .expect(1)
        .says(&["UNSUPPORTED_PRINCIPAL"]);

    let json = world.iamctl(&["policy", "lint", "bad.json", "--format", "json"]).expect(1).json();
    let found = &json["files"][0]["findings"][0];
    assert_eq!((&found["code"], &found["type"]), (&json!("INVALID_ACTION"), &json!("ERROR")));
    assert_eq!((&found["line"], &found["path"]), (&json!(1), &json!("/Statement/0/Action")));
    let sarif = world.iamctl(&["policy", "lint", "bad.json", "--format", "sarif"]).expect(1).json();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "INVALID_ACTION");
    // Nothing else takes the place of what code scanning reads.
    world.iamctl(&["schema", "--format", "sarif"]).expect(64).says(&["is for findings"]);
}

#[test]
fn lines_of_documents_are_answered_and_a_broken_one_ends_nothing() {
    let world = World::new();
    let lines = [
        json!({"id": 1, "kind": "scp", "doc": {"Version": "2012-10-17", "Statement": []}}).to_string(),
        "{".to_owned(),
        json!({"id": 3, "doc": "not json"}).to_string(),
    ];
    let finished = with_lines(&world, &["policy", "lint"], &lines);
    let answers = answers(&finished.expect(1));
    assert_eq!(answers[0]["findings"][0]["code"], "MISSING_STATEMENT");
    assert!(answers[1]["error"].is_string());
    assert_eq!(answers[2]["findings"][0]["code"], "JSON_SYNTAX_ERROR");
    let sound = with_lines(&world, &["policy", "lint", "-"], &lines[2..]);
    sound.expect(0);
}

#[test]
fn validate_looks_through_the_documents_of_the_manifest() {
    let world = World::new();
    let manifest = |more: &str| {
        format!(
            "version: 1\nname: test\nmaster_copy: {{bucket: acme-iam-master-copy, region: eu-west-1}}\npolicies:\n  passes: \
             {{file: passes.json}}\n{more}"
        )
    };
    world.write("passes.json", &allow("iam:PassRole", "*").to_string());
    world.write("desired-state.yaml", &manifest(""));
    let told = world.iamctl(&["validate"]).expect(0);
    told.says(&["security warning[PASS_ROLE_WITH_STAR_IN_RESOURCE]", "passes.json:1:", "valid: "]);
    world.iamctl(&["validate", "--deny", "SECURITY_WARNING"]).expect(3);
    let accepted =
        "accept_findings:\n  - {code: PASS_ROLE_WITH_STAR_IN_RESOURCE, on: policy/passes, reason: it must}\n";
    world.write("desired-state.yaml", &manifest(accepted));
    world.iamctl(&["validate", "--deny", "SECURITY_WARNING"]).expect(0);
    world.write("passes.json", &allow("iam:PassRol", "*").to_string());
    world.iamctl(&["validate"]).expect(3).says(&["error[INVALID_ACTION]", "did you mean `iam:PassRole`?"]);
    let json = world.iamctl(&["validate", "--format", "json"]).expect(3).json();
    assert!(json["diagnostics"].as_array().unwrap().iter().any(|one| one["code"] == "INVALID_ACTION"));
}
