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
