//! What a plan says of access, through the built program: as a reviewer reads it, and as a pipeline acts upon it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::World;

/// What stands under `Access` in a plan.
fn section(out: &str) -> String {
    let lines = out.lines().skip_while(|line| *line != "Access").take_while(|line| !line.is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}

/// What a plan says of access.
fn planned(world: &World) -> String {
    section(&world.iamctl(&["plan"]).expect(0).out)
}

fn verdicts(json: &Value, of: &str, name: &str) -> Vec<(String, String)> {
    let all = json["access"][of].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.iter().map(|one| (text(&one[name]), text(&one["verdict"]))).collect()
}

#[test]
fn the_documentation_shows_what_the_founding_case_does_to_access() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/access-changes.md");
    let document = fs::read_to_string(document).unwrap();
    let mut shown = document.split("```\n").filter(|block| block.starts_with("Access\n"));

    let world = World::new();
    assert_eq!(planned(&world), shown.next().unwrap());

    let world = World::founded();
    world.edit("        mfa: required\n", "");
    world.edit("users: [alice, bob, carol]", "users: [alice, bob]");
    // The promises about MFA are broken, which is told as well.
    let plan = world.iamctl(&["plan"]).expect(3);
    assert_eq!(section(&plan.out), shown.next().unwrap());
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn a_plan_that_touches_nobody_says_nothing_of_access() {
    let world = World::founded();
    assert_eq!(planned(&world), "");
    world.edit("description: Engineers at work, signed in with MFA", "description: Engineers");
    assert_eq!(planned(&world), "");
    let json = world.iamctl(&["plan", "--format", "json"]).expect(0).json();
    assert_eq!(json["access"], json!({"principals": [], "roles": []}));
    assert_eq!(world.iamctl(&["drift", "--format", "json"]).expect(0).json()["access"], Value::Null);
}

#[test]
fn another_text_with_the_same_access_is_told_in_one_line() {
    let world = World::founded();
    world.edit(r#"Action: ["s3:Get*", "s3:List*"]"#, r#"Action: ["s3:List*", "S3:Get*", "s3:GetObject"]"#);
    assert_eq!(planned(&world), "Access\n  = role/engineer  same access, other text\n");
    world.iamctl(&["plan", "--deny", "widens", "--deny", "narrows", "--deny", "unknown-access"]).expect(0);
}

#[test]
fn what_a_deny_held_back_is_gained_when_it_goes() {
    let world = World::founded();
    world.edit("policies: [s3-read-ec2-full, deny-user-creation]", "policies: [s3-read-ec2-full, admin]");
    world.edit("policies:\n", "policies:\n  admin: {document: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: \"iam:*User\", Resource: \"*\"}]}}\n");
    let json = world.iamctl(&["plan", "--format", "json"]).expect(3).json();
    assert_eq!(
        verdicts(&json, "principals", "principal"),
        [("role/engineer".to_owned(), "widens".to_owned())]
    );
    let gained = &json["access"]["principals"][0]["gained"][0];
    assert_eq!((&gained["service"], &gained["resources"]), (&json!("iam"), &json!(["*"])));
    assert!(gained["actions"]["Write"].as_array().unwrap().contains(&json!("iam:CreateUser")), "{gained}");
    assert_eq!(gained["risks"], json!([]));
    // The request that shows it can be put to the evaluator as it is.
    assert_eq!(gained["witness"]["principal"], world.own("arn:aws:iam::123456789012:role/engineer"));
}

#[test]
fn a_boundary_a_group_and_a_role_that_go_are_told_by_what_that_does() {
    let world = World::new();
    let read = "{Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: \"sqs:GetQueueUrl\", Resource: \"*\"}]}";
    let queues = read.replace("sqs:GetQueueUrl", "sqs:*");
    let sections = |user: &str, role: &str| {
        format!(
            "policies: {{read: {{document: {read}}}, queues: {{document: {queues}}}}}\ngroups: {{readers: {{policies: [read]}}}}\n\
             users:\n  erin: {user}\nroles:\n  stays: {{trust: [{{services: ec2.amazonaws.com}}]}}\n{role}"
        )
    };
    let goes = "  goes: {trust: [{users: erin}], policies: [read]}\n";
    world.manage(&sections("{groups: [readers]}", goes));
    world.iamctl(&["apply", "--yes"]).expect(0);

    world.manage(&sections("{}", ""));
    assert_eq!(
        planned(&world),
        "Access\n\
         \x20 - user/erin  narrows\n\
         \x20     - may no longer assume role/goes\n\
         \x20     - sqs: Read GetQueueUrl on everything\n\
         \x20 - role/goes  narrows\n\
         \x20     - sqs: Read GetQueueUrl on everything\n"
    );
    let role = |bounded: &str| {
        sections("{}", &format!("  bound: {{trust: [{{users: erin}}], policies: [queues]{bounded}}}\n"))
    };
    world.manage(&role(", permissions_boundary: read"));
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.manage(&role(""));
    let loosened = planned(&world);
    assert!(loosened.starts_with("Access\n  + role/bound  widens\n      + sqs: "), "{loosened}");
}

#[test]
fn a_pipeline_can_refuse_what_widens_narrows_or_is_not_known() {
    let world = World::founded();
    world.let_carol_go();
    world.edit("  bob: {}", "  bob: {}\n  dave: {policies: [\"aws:NoSuchPolicy\"]}");
    let plan = world.iamctl(&["plan", "--deny", "narrows"]).expect(4);
    let refused = plan.out.lines().find(|line| line.starts_with("refused: access narrows: ")).unwrap();
    assert!(refused.contains("user/carol") && refused.contains("role/engineer"), "{refused}");
    let plan = world.iamctl(&["plan", "--deny", "unknown-access"]).expect(4);
    assert!(plan.out.contains("is not known for sure: user/dave"), "{}", plan.out);
    assert!(plan.out.contains("the text of aws:NoSuchPolicy is not known"), "{}", plan.out);
    // What dave gains is not known, and so not excluded.
    let plan = world.iamctl(&["plan", "--deny", "widens"]).expect(4);
    assert!(plan.out.contains("refused: that access widens cannot be excluded: user/dave\n"), "{}", plan.out);
    world.iamctl(&["apply", "--yes", "--deny", "narrows"]).expect(4);
    assert_eq!(world.writes(), [""; 0]);
    world.iamctl(&["plan", "--deny", "widen"]).expect(64).says(&["did you mean `widens`?"]);
}

#[test]
fn a_comment_on_a_pull_request_has_access_above_the_fold() {
    let world = World::new();
    let comment = world.iamctl(&["plan", "--format", "markdown"]).expect(0).out;
    let (above, below) = comment.split_once("<details").unwrap();
    assert!(above.contains("```diff\n Access\n+  role/engineer  widens\n"), "{comment}");
    assert!(!below.contains("widens"), "{comment}");
}

#[test]
fn the_organisation_of_the_manifest_is_that_of_both_sides() {
    let world = World::founded();
    world.edit("policies:\n", "organization: {id: o-a1b2c3d4e5}\npolicies:\n");
    let allow = "          Action: [\"s3:Get*\", \"s3:List*\"]\n";
    let condition = "          Condition: {StringEquals: {\"aws:PrincipalOrgID\": o-a1b2c3d4e5}}\n";
    world.edit(allow, &format!("{allow}{condition}"));
    assert_eq!(planned(&world), "Access\n  = role/engineer  same access, other text\n");
}
