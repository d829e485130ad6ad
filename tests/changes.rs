//! Small changes after the founding: exactly the calls that they need, by name.

use std::process::Command;

use serde_json::json;

use crate::support::World;

#[test]
fn one_user_more_is_one_call() {
    let world = World::founded();
    world.edit("  carol: {}", "  carol: {}\n  dave: {}");

    world.iamctl(&["plan", "--detailed-exitcode"]).expect(2).says(&["+ user/dave", "1 to create. 1 call to"]);
    world.iamctl(&["apply", "--yes"]).expect(0);

    assert_eq!(world.iam_writes(), ["iam CreateUser dave"]);
    assert_eq!(world.aws().users(), ["alice", "bob", "carol", "dave"]);
    world.expect_no_change();
}

#[test]
fn a_user_who_may_assume_the_role_is_made_before_the_role_names_him() {
    let world = World::founded();
    world.edit("  carol: {}", "  carol: {}\n  dave: {}");
    world.edit("[alice, bob, carol]", "[alice, bob, carol, dave]");

    world.iamctl(&["plan"]).expect(0).says(&["dave may now assume it, MFA still needed"]);
    world.iamctl(&["apply", "--yes"]).expect(0);

    assert_eq!(world.iam_writes(), ["iam CreateUser dave", "iam UpdateAssumeRolePolicy engineer"]);
    let trust = world.aws().trust("engineer");
    assert_eq!(trust["Statement"][0]["Principal"]["AWS"].as_array().unwrap().len(), 4);
    assert_eq!(trust["Statement"][0]["Condition"], json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}));
    world.expect_no_change();
}

#[test]
fn one_action_more_is_one_new_version_of_the_policy() {
    let world = World::founded();
    world.edit(r#"Action: "ec2:*""#, r#"Action: ["ec2:*", "cloudwatch:Get*"]"#);

    let plan = world.iamctl(&["plan"]).expect(0);
    plan.says(&["~ statement AllOfEC2 (Allow on *)", "actions +cloudwatch:Get* (1 unchanged)"]);
    world.iamctl(&["apply", "--yes"]).expect(0);

    let arn = format!("arn:aws:iam::{}:policy/s3-read-ec2-full", world.account);
    assert_eq!(world.iam_writes(), [format!("iam CreatePolicyVersion {arn}")]);
    let documents = world.aws().documents("s3-read-ec2-full");
    assert_eq!(documents[0]["Statement"][1]["Action"], json!(["ec2:*", "cloudwatch:Get*"]));
    assert_eq!(documents.len(), 2);
    world.expect_no_change();
}

#[test]
fn one_user_less_is_taken_out_of_the_trust_before_he_is_deleted() {
    let world = World::founded();
    world.let_carol_go();

    world.iamctl(&["plan"]).expect(0).says(&["- user/carol", "carol may no longer assume it"]);
    world.iamctl(&["apply", "--yes"]).expect(0);

    assert_eq!(world.iam_writes(), ["iam UpdateAssumeRolePolicy engineer", "iam DeleteUser carol"]);
    assert_eq!(world.aws().users(), ["alice", "bob"]);
    world.expect_no_change();
}

#[test]
fn many_changes_of_one_policy_never_need_more_than_five_versions() {
    let world = World::founded();
    let arn = format!("arn:aws:iam::{}:policy/s3-read-ec2-full", world.account);
    let (create, delete) =
        (format!("iam CreatePolicyVersion {arn}"), format!("iam DeletePolicyVersion {arn}"));
    for round in 1..=6 {
        world.edit_all("AllOfEC2", "AllOfEC2x");
        world.proxy.clear();
        world.iamctl(&["apply", "--yes"]).expect(0);
        let expected = if round <= 4 { vec![create.clone()] } else { vec![delete.clone(), create.clone()] };
        assert_eq!(world.iam_writes(), expected, "round {round}");
    }
    let documents = world.aws().documents("s3-read-ec2-full");
    assert_eq!(documents.len(), 5);
    assert_eq!(documents[0]["Statement"][1]["Sid"], "AllOfEC2xxxxxx");

    // One step back: that document is still there, and only has to become the default one.
    world.edit_all("AllOfEC2xxxxxx", "AllOfEC2xxxxx");
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [format!("iam SetDefaultPolicyVersion {arn}")]);
    world.expect_no_change();
}

#[test]
fn what_means_the_same_changes_nothing_in_the_account() {
    let world = World::founded();
    world.edit(r#"["s3:Get*", "s3:List*"]"#, r#"["s3:List*", "s3:Get*"] # the other way round"#);
    world.edit(r#"Action: "ec2:*""#, r#"Action: ["ec2:*"]"#);
    world.edit("[alice, bob, carol]", "[carol, bob, alice]");

    let plan = world.iamctl(&["plan", "--detailed-exitcode", "--format", "json"]).expect(2).json();
    assert_eq!(plan["steps"], json!([]));
    let changes = plan["changes"].as_array().unwrap();
    assert_eq!((changes.len(), &changes[0]["address"]), (1, &json!("master_copy")));
    world.iamctl(&["apply", "--yes"]).expect(0);

    assert_eq!(world.iam_writes(), [""; 0]);
    let stored = format!("{}current/desired-state.yaml", world.root());
    let stored = world.aws().object(&world.bucket(), &stored);
    assert_eq!(stored, world.read("desired-state.yaml").into_bytes());
    world.expect_no_change();
}

/// All kinds of things, each with all that the local AWS can keep of it.
const TEAM: &str = r#"
policies:
  read-logs:
    path: /teams/
    description: Read logs
    tags: {team: data}
    document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "logs:Get*", Resource: "*"}]}
  fence:
    document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "*", Resource: "*"}]}
groups:
  analysts:
    policies: [read-logs]
    inline_policies:
      own-queries:
        document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "athena:Get*", Resource: "*"}]}
users:
  erin: {path: /teams/, groups: [analysts], tags: {team: data, desk: "7"}}
  frank: {groups: [analysts], policies: [read-logs]}
roles:
  reporter:
    path: /teams/
    max_session_duration: 4h
    permissions_boundary: fence
    tags: {team: data}
    trust:
      - services: [lambda.amazonaws.com]
    policies: [read-logs]
    inline_policies:
      write-reports:
        document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:PutObject", Resource: "*"}]}
  reader:
    trust:
      - users: [erin]
        mfa: required
      - roles: [reporter]
"#;

#[test]
fn all_kinds_of_things_are_made_changed_and_taken_away_again() {
    let world = World::new();
    world.manage(TEAM);
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.expect_no_change();

    world.edit(
        "policies: [read-logs]\n    inline_policies:\n      own-queries:",
        "inline_policies:\n      own:",
    );
    world.edit(r#"tags: {team: data, desk: "7"}"#, "tags: {team: ops}");
    world.edit("frank: {groups: [analysts], policies: [read-logs]}", "frank: {}");
    world.edit("    permissions_boundary: fence\n", "");
    world.edit("max_session_duration: 4h", "max_session_duration: 2h");
    world.edit("description: Read logs\n    tags: {team: data}", "description: Read logs");
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.expect_no_change();

    world.manage("users: {}\n");
    world.iamctl(&["apply", "--yes"]).expect(4).says(&["mass-delete"]);
    world.iamctl(&["apply", "--yes", "--allow", "mass-delete"]).expect(0);
    world.expect_no_change();
    let aws = world.aws();
    assert_eq!((aws.users(), aws.roles(), aws.policies()), (vec![], vec![], vec![]));
    assert_eq!(aws.wait(aws.iam.list_groups().send()).unwrap().groups, []);
}

#[test]
fn a_deletion_names_the_run_whose_work_it_may_undo() {
    let world = World::founded();
    world.let_carol_go();
    world.iamctl(&["plan"]).expect(0).says(&["applied another text of this manifest", "iamctl runs show"]);
    let quiet = world.iamctl(&["plan", "--quiet"]).expect(0);
    assert!(!quiet.err.contains("another text"), "{}", quiet.err);
}

#[test]
fn a_deletion_in_a_commit_after_that_of_the_last_run_undoes_nobodys_work() {
    let world = World::new();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]);
        let output = command.args(arguments).current_dir(world.path("")).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let commit = || {
        git(&["add", "desired-state.yaml", ".gitignore"]);
        git(&["commit", "--quiet", "--message", "."]);
    };
    world.write(".gitignore", "home\n");
    git(&["init", "--quiet"]);
    commit();
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.let_carol_go();
    let is_told = || world.iamctl(&["plan"]).expect(0).err.contains("another text of this manifest");
    assert!(!is_told(), "the change stands on the commit that was applied");
    commit();
    assert!(!is_told(), "so does the commit of it");

    git(&["checkout", "--quiet", "--orphan", "elsewhere"]);
    commit();
    assert!(is_told(), "here nothing is known of the commit that was applied");
}

#[test]
fn a_deletion_is_told_where_what_was_applied_is_in_no_commit() {
    let world = World::new();
    world.write(".gitignore", "home\n");
    for arguments in [
        &["init", "--quiet"][..],
        &["add", ".gitignore"],
        &["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "--message", "."],
    ] {
        assert!(Command::new("git").args(arguments).current_dir(world.path("")).status().unwrap().success());
    }
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.let_carol_go();
    world.iamctl(&["plan"]).expect(0).says(&["applied another text of this manifest"]);
}
