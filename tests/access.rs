//! Who may do what: the manifest's tests, and single questions.

use std::fs;

use serde_json::{Value, json};

use crate::support::{World, run};

/// Of the founding case: whoever gets at the role without MFA breaks what the manifest promises.
const WITHOUT_MFA: [&str; 2] = ["        mfa: required\n", ""];

fn break_a_promise(world: &World) {
    world.edit(WITHOUT_MFA[0], WITHOUT_MFA[1]);
}

#[test]
fn the_founding_case_keeps_what_its_tests_promise_without_a_request() {
    let world = World::new();
    world.iamctl(&["test"]).expect(0).says(&["all 6 tests passed", "before service control policies"]);
    let json = world.iamctl(&["test", "--format", "json"]).expect(0).json();
    assert_eq!((&json["of"], &json["passed"], &json["failed"]), (&json!("manifest"), &json!(6), &json!(0)));
    assert_eq!(world.calls(|_| true), [""; 0]);
}

#[test]
fn a_plan_tells_that_its_tests_passed_and_of_which_day_the_tables_are() {
    let world = World::new();
    let plan = world.iamctl(&["plan"]).expect(0);
    let plan = plan.says(&["note: all 6 tests passed: 16 questions", "AWS's actions are those of 20"]);
    assert!(!plan.err.contains("its own policies"), "{}", plan.err);
    let tables = |arguments: &[&str], at: &str| {
        let json = world.iamctl(arguments).expect(0).json();
        let is_day =
            |name: &str| json[at]["tables"][name].as_str().map(|day| day.len() == "2026-09-26".len());
        (json[at]["scp"].clone(), is_day("actions"), is_day("managed_policies"))
    };
    let of_plan = ["plan", "--format", "json"];
    assert_eq!(tables(&of_plan, "tests"), (json!(false), Some(true), None));

    world.edit(
        "[s3-read-ec2-full, deny-user-creation]",
        "[s3-read-ec2-full, deny-user-creation, \"aws:ReadOnlyAccess\"]",
    );
    assert_eq!(tables(&of_plan, "tests"), (json!(false), Some(true), Some(true)));
    world.iamctl(&["test"]).expect(0).says(&["its own policies those of 20"]);
}

#[test]
fn a_test_that_fails_is_shown_with_the_statement_that_decides() {
    let world = World::new();
    break_a_promise(&world);
    let failed = world.iamctl(&["test"]).expect(3);
    assert_eq!(
        failed.err.lines().take(8).collect::<Vec<_>>().join("\n"),
        "\
error[test-failed]: user/alice, user/bob and user/carol can sts:AssumeRole on role/engineer
  --> desired-state.yaml:69:61
   |
62 |       - users: [alice, bob, carol]
   |         ------------------------- allowed here
...
69 |   - {principal: [user/alice, user/bob, user/carol], cannot: sts:AssumeRole, on: role/enginee...
   |                                                             ^^^^^^^^^^^^^^ must be denied"
    );
    assert!(failed.out.contains("1 of 6 tests failed"), "{}", failed.out);

    let json = world.iamctl(&["test", "--format", "json"]).expect(3).json();
    assert_eq!(json["failed"], 1);
    let failure = &json["tests"][1]["failures"][0];
    assert_eq!(failure["verdict"], "allowed");
    assert_eq!(
        failure["statements"][0]["place"],
        json!({"file": "desired-state.yaml", "line": 62, "column": 9})
    );
}

#[test]
fn a_wrong_action_in_a_test_is_a_mistake_with_the_action_that_was_meant() {
    let world = World::new();
    world.edit("cannot: iam:CreateUser}", "cannot: iam:CreateUsr}");
    world.iamctl(&["validate"]).expect(3).says(&["no action `CreateUsr`", "did you mean `iam:CreateUser`?"]);
    assert_eq!(world.calls(|_| true), [""; 0]);
}

#[test]
fn a_plan_that_breaks_a_test_is_shown_and_neither_saved_nor_applied() {
    let world = World::founded();
    break_a_promise(&world);
    let plan = world.iamctl(&["plan", "--out", "plan.json"]).expect(3);
    assert!(plan.out.contains("~ role/engineer"), "{}", plan.out);
    plan.says(&["error[test-failed]", "the plan is not to be applied: 1 of 6 tests failed"]);
    assert!(!world.path("plan.json").exists());

    let json = world.iamctl(&["plan", "--format", "json"]).expect(3).json();
    assert_eq!(json["tests"]["failed"], 1);
    let summary = world.iamctl(&["plan", "--format", "markdown"]).expect(3).out;
    assert!(summary.contains("### 1 of 6 tests failed\n\n```\nerror[test-failed]"), "{summary}");

    world.iamctl(&["apply", "--yes"]).expect(3).says(&["nothing was changed: 1 of 6 tests failed"]);
    assert_eq!(world.writes(), [""; 0]);
    assert_eq!(world.lock_holder(), None);
}

#[test]
fn a_first_apply_that_breaks_a_test_makes_nothing_not_even_the_bucket() {
    let world = World::new();
    break_a_promise(&world);
    world.iamctl(&["apply", "--yes"]).expect(3);
    assert_eq!(world.writes(), [""; 0]);
}

/// The role may be assumed by whomever a policy lets, and a user who is not managed must not be among them.
fn trust_the_account(world: &World) {
    world.edit(
        "      - users: [alice, bob, carol]\n        mfa: required",
        "      - accounts: [\"${account_id}\"]",
    );
    let text = world.read("desired-state.yaml");
    let (head, _) = text.split_once("tests:").unwrap();
    let account = &world.account;
    let test = format!(
        "  - {{principal: \"arn:aws:iam::{account}:user/stray\", cannot: sts:AssumeRole, on: role/engineer}}"
    );
    world.write("desired-state.yaml", &format!("{head}tests:\n{test}\n"));
}

fn let_stray_in(world: &World) {
    let statement = json!({"Sid": "Stray", "Effect": "Allow", "Action": "sts:*", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    let aws = world.aws();
    let put = aws.iam.put_user_policy().user_name("stray").policy_name("p").policy_document(document);
    aws.wait(put.send()).unwrap();
}

#[test]
fn what_is_not_managed_counts_where_the_account_is_known() {
    let world = World::founded();
    trust_the_account(&world);
    world.iamctl(&["test"]).expect(3).says(&["user/stray are not known: it is not in the manifest"]);

    world.aws().create_user("stray");
    world.iamctl(&["test", "--account"]).expect(0).says(&["the test passed"]);
    let_stray_in(&world);
    let failed = world.iamctl(&["test", "--account"]).expect(3);
    failed.says(&["allowed by statement `Stray` of the inline policy p of user/stray"]);
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(3);
    assert_eq!(world.writes(), [""; 0]);

    // The same from a file, without a request.
    world.iamctl(&["plan", "--save-live", "live.json"]).expect(3);
    world.proxy.clear();
    world.iamctl(&["test", "--live", "live.json"]).expect(3).says(&["user/stray can sts:AssumeRole"]);
    world.iamctl(&["plan", "--live", "live.json"]).expect(3).says(&["user/stray can sts:AssumeRole"]);
    assert_eq!(world.calls(|_| true), [""; 0]);
}

#[test]
fn what_changed_since_the_plan_was_shown_is_held_against_the_tests_again() {
    let world = World::founded();
    trust_the_account(&world);
    world.aws().create_user("stray");
    let mut terminal = world.at_terminal(&["apply"]);
    terminal.wait_for("Only `yes`");
    let_stray_in(&world);
    world.proxy.clear();
    terminal.type_in("yes\n");
    terminal.finish().expect(3).says(&["the account changed since the plan was shown: the test failed"]);
    assert_eq!(world.iam_writes(), [""; 0]);
    assert_eq!(world.lock_holder(), None);
}

#[test]
fn a_manifest_without_tests_is_planned_and_applied_as_before() {
    let world = World::new();
    let text = world.read("desired-state.yaml");
    let (head, _) = text.split_once("# What must be true of access").unwrap();
    world.write("desired-state.yaml", head);
    world.iamctl(&["test"]).expect(0).says(&["the manifest has no tests"]);
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.expect_no_change();
}

const KEEP: &str = r#"{"Version": "2012-10-17", "Statement":
  [{"Sid": "KeepNetworks", "Effect": "Deny", "Action": "ec2:DeleteVpc", "Resource": "*"}]}"#;

#[test]
fn what_the_organisation_denies_is_denied_in_tests_plans_and_questions() {
    let world = World::founded();
    fs::create_dir(world.path("organization")).unwrap();
    world.write("organization/keep.json", KEEP);
    let test = "tests:\n  - {principal: role/engineer, cannot: ec2:DeleteVpc}\n";
    world.edit("tests:\n", test);
    let question = ["can", "role/engineer", "ec2:DeleteVpc"];
    world.iamctl(&question).expect(0).says(&["before service control policies"]);
    world.iamctl(&["test"]).expect(3).says(&["role/engineer can ec2:DeleteVpc"]);
    world.iamctl(&["plan"]).expect(3);

    let text = world.read("desired-state.yaml");
    let organization = "organization:\n  scp:\n    - [FullAWSAccess, organization/keep.json]\n";
    world.write("desired-state.yaml", &format!("{text}{organization}"));
    world.iamctl(&question).expect(1).says(&[
        "denied by statement `KeepNetworks` of the service control policy organization/keep.json",
        "organization/keep.json:2:4",
        "within the service control policies that are given",
    ]);
    let json = world.iamctl(&[&question[..], &["--format", "json"]].concat()).expect(1).json();
    assert_eq!(json["scp"], true);
    let told = &json["statements"][0];
    assert_eq!((&told["kind"], &told["layer"], &told["level"]), (&json!("scp"), &json!("scp"), &json!(0)));
    world.iamctl(&["test"]).expect(0);
    world
        .iamctl(&["plan", "--save-live", "live.json"])
        .expect(0)
        .says(&["the text of the manifest is stored"]);
    // The policies are stored with the manifest that they belong to.
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.expect_no_change();

    // An account that was read is asked within those of a file.
    world.write("scp.json", &format!(r#"{{"scp": [["FullAWSAccess", {KEEP}]]}}"#));
    let live = [&question[..], &["--live", "live.json"]].concat();
    world.iamctl(&live).expect(0).says(&["before service control policies"]);
    let within = [&live[..], &["--organization", "scp.json"]].concat();
    world.iamctl(&within).expect(1).says(&["`KeepNetworks` of the service control policy 2 of level 1"]);
    world.write("scp.json", r#"{"scp": [[{"Version": "2012-10-17", "Statement": {"Effect": "Deny"}}]]}"#);
    world.iamctl(&within).expect(1).says(&["policy 1 of level 1 of `scp` cannot be evaluated"]);
    world.write("scp.json", r#"{"spc": []}"#);
    world.iamctl(&within).expect(1).says(&["unknown field `spc`"]);
}

#[test]
fn a_question_is_answered_with_its_reason_and_an_exit_code() {
    let world = World::new();
    let can = |arguments: &[&str]| world.iamctl(&[&["can"], arguments].concat());
    can(&["role/engineer", "s3:GetObject", "arn:aws:s3:::b/k"]).expect(0).says(&[
        "yes: role/engineer can s3:GetObject on arn:aws:s3:::b/k",
        "statement `ReadS3` of policy/s3-read-ec2-full",
    ]);
    can(&["role/engineer", "iam:createuser"]).expect(1).says(&[
        "no: role/engineer cannot iam:CreateUser on any resource",
        "denied by statement `NoNewUsers`",
    ]);
    can(&["user/alice", "sts:AssumeRole", "role/engineer"])
        .expect(1)
        .says(&["depends: user/alice can sts:AssumeRole on role/engineer only with MFA"]);
    can(&["user/alice", "sts:AssumeRole", "role/engineer", "--with", "mfa=true"]).expect(0);
    can(&["user/alice", "sts:AssumeRole", "role/engineer", "--with", "mfa=false"]).expect(1).says(&[
        "the trust policy of role/engineer does not let it in",
        "aws:MultiFactorAuthPresent is false",
    ]);
    can(&["user/alic", "s3:GetObject"])
        .expect(64)
        .says(&["there is no `user/alic`", "did you mean `user/alice`?"]);
    can(&["user/alice", "s3:GetObjet"]).expect(64).says(&["did you mean `s3:GetObject`?"]);
    can(&["user/alice", "s3:GetObject", "--with", "region=x"]).expect(64);
    can(&["user/alice", "s3:GetObj*"]).expect(64).says(&[
        "one action is expected",
        "s3:GetObject, s3:GetObjectAcl, s3:GetObjectAnnotation",
        " more",
    ]);
    let alice = |more: &[&str]| can(&[&["user/alice", "s3:GetObject"], more].concat()).expect(64);
    alice(&["--with", "mfa=false", "--with", "mfa_age=5"]).says(&["`mfa=false` and `mfa_age` contradict"]);
    alice(&["--with", "mfa=false", "--with", "mfa=true"]).says(&["contradict each other"]);
    alice(&["--with", "source_ip=10.0.0.1", "--without", "AWS:SourceIp"]).says(&["absent by `--without`"]);
    alice(&["--with", "mfa=true", "--without", "aws:MultiFactorAuthPresent"])
        .says(&["as `mfa=true`, and absent"]);
    alice(&["--with", "mfa_age=5", "--without", "aws:MultiFactorAuthAge"])
        .says(&["as `mfa_age`, and absent"]);
    alice(&["--with", "mfa=true", "--without", "mfa_age"]).says(&["as `mfa=true`, and absent"]);
    alice(&["--with", "mfa=true", "--with", "aws:multifactorauthpresent=false"])
        .says(&["`aws:multifactorauthpresent` is stated twice: `mfa=true` stands for it"]);
    alice(&["--with", "aws:SourceIp=10.0.0.1", "--with", "source_ip=10.0.0.1"])
        .says(&["`source_ip` stands for it"]);
    alice(&["--with", "aws:MultiFactorAuthAge=5", "--without", "mfa"])
        .says(&["as `aws:MultiFactorAuthAge`, and absent"]);
    alice(&["--with", "mfa_age=5", "--with", "mfa_age=6"]).says(&["`mfa_age` is stated twice"]);
    alice(&["--without", "nonsense"]).says(&["`nonsense` is neither `mfa`"]);
    alice(&["--with", "aws:SourceIp=notanip"]).says(&["`notanip` is no value of `aws:SourceIp`"]);
    alice(&["--with", "aws:CurrentTime=yesterday"]).says(&["`yesterday` is no value of `aws:CurrentTime`"]);
    can(&["user/alice", "s3:GetObject", "--with", "aws:MultiFactorAuthPresnt=true", "--without", "foo:bar"])
        .expect(1)
        .says(&[
            "warning[unknown-condition-key]: no request has the condition key `aws:MultiFactorAuthPresnt`",
            "did you mean `aws:MultiFactorAuthPresent`?",
            "no request has the condition key `foo:bar`",
        ]);
    let assume = |more: &[&str]| can(&[&["user/alice", "sts:AssumeRole", "role/engineer"], more].concat());
    assume(&["--without", "mfa"]).expect(1).says(&["no: user/alice cannot"]);
    let moot =
        can(&["role/engineer", "ec2:DescribeVpcs", "arn:aws:ec2:eu-west-1:123456789012:vpc/a"]).expect(0);
    moot.says(&["yes: role/engineer can ec2:DescribeVpcs", "note: ec2:DescribeVpcs takes no resource"]);
    can(&["role/engineer", "s3:GetObject", "arn:aws:ec2:::x"]).expect(0).says(&[
        "yes:",
        "note: no type of resource that s3:GetObject takes has such an ARN as arn:aws:ec2:::x",
    ]);
    can(&["service_linked_role/none.amazonaws.com", "s3:GetObject", "*"])
        .expect(64)
        .says(&["only its service can ask as a service-linked role"]);
    can(&["user/alice", "s3:GetObject", "--planned"]).expect(64).says(&["`--planned` needs"]);

    let json = can(&["user/alice", "sts:AssumeRole", "role/engineer", "--format", "json"]).expect(1).json();
    assert_eq!(json["verdict"], "depends");
    assert_eq!(json["terms"], "only with MFA");
    assert_eq!(json["depends_on"], json!([{"on": "key", "key": "aws:multifactorauthpresent"}]));
    assert_eq!(json["statements"][0]["if"][0]["key"], "aws:MultiFactorAuthPresent");
    assert_eq!(world.calls(|_| true), [""; 0]);
}

#[test]
fn who_can_lists_everybody_by_terms() {
    let world = World::new();
    world.edit("  carol: {}", "  carol: {}\n  dave: {}");
    let who = world.iamctl(&["who-can", "sts:AssumeRole", "role/engineer"]).expect(0);
    assert_eq!(
        who.out,
        "\
sts:AssumeRole on role/engineer

can only with MFA
  user/alice, user/bob, user/carol
      allowed by statement 1 of the trust policy of role/engineer  desired-state.yaml:63:9

2 others cannot
"
    );
    world
        .iamctl(&["who-can", "sts:AssumeRole", "role/engineer", "-v"])
        .expect(0)
        .says(&["2 others cannot: user/dave, role/engineer"]);
    world
        .iamctl(&["who-can", "iam:CreateUser"])
        .expect(1)
        .says(&["none of 5 users and roles can", "other accounts were not asked"]);
    let json = world.iamctl(&["who-can", "s3:GetObject", "--format", "json"]).expect(0).json();
    let names = |field: &str, key: Option<&str>| -> Vec<String> {
        let name = |value: &Value| key.map_or(value, |key| &value[key]).as_str().unwrap().to_owned();
        json[field].as_array().unwrap().iter().map(name).collect()
    };
    assert_eq!(names("answers", Some("principal")), ["role/engineer"]);
    assert_eq!(names("denied", None), ["user/alice", "user/bob", "user/carol", "user/dave"]);
}

#[test]
fn the_account_is_asked_as_it_is_also_without_a_manifest() {
    let world = World::founded();
    world.edit("users: [alice, bob, carol]", "users: [alice]");
    world.iamctl(&["plan", "--save-live", "live.json"]).expect(3);
    let question = ["who-can", "sts:AssumeRole", "role/engineer", "--with", "mfa=true"];
    let ask = |more: &[&str]| {
        let asked = world.iamctl(&[&question[..], more, &["--format", "json"]].concat()).expect(0).json();
        (asked["of"].as_str().unwrap().to_owned(), asked["answers"].as_array().unwrap().len())
    };
    assert_eq!(ask(&[]), ("manifest".to_owned(), 1));
    assert_eq!(ask(&["--account"]), ("live".to_owned(), 3));
    assert_eq!(ask(&["--account", "--planned"]), ("planned".to_owned(), 1));
    assert_eq!(ask(&["--live", "live.json", "--planned"]), ("planned".to_owned(), 1));
    fs::remove_file(world.path("desired-state.yaml")).unwrap();
    world.proxy.clear();
    assert_eq!(ask(&["--live", "live.json"]), ("live".to_owned(), 3));
    assert_eq!(world.calls(|_| true), [""; 0]);
    assert_eq!(ask(&["--account"]), ("live".to_owned(), 3));
}

#[test]
fn the_engine_answers_line_by_line_and_a_broken_line_ends_nothing() {
    let world = World::new();
    let line = |id: u32, action: &str| {
        let statement = json!({"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"});
        json!({"id": id, "request": {"principal": "arn:aws:iam::111122223333:user/alice", "action": action,
            "resource": "arn:aws:s3:::b/k", "context": {}},
            "policies": {"identity": [{"Version": "2012-10-17", "Statement": [statement]}]}})
        .to_string()
    };
    let input =
        format!("{}\n{{\"id\": 2, \"request\":\n\n{}\n", line(1, "s3:GetObject"), line(3, "s3:PutObject"));
    world.write("asked.jsonl", &input);

    let answered = world.iamctl(&["policy", "eval", "asked.jsonl"]).expect(1).out;
    let answers: Vec<Value> = answered.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [first, second, third] = answers.as_slice() else { panic!("{answered}") };
    assert_eq!((&first["id"], &first["decision"]), (&json!(1), &json!("Allowed")));
    assert!(second["error"].is_string(), "{second}");
    assert_eq!((&third["id"], &third["decision"]), (&json!(3), &json!("ImplicitlyDenied")));

    // The same from standard input.
    let mut command = world.command(&["policy", "eval"]);
    command.stdin(fs::File::open(world.path("asked.jsonl")).unwrap());
    let piped = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&piped.stdout), answered);
    assert_eq!(piped.status.code(), Some(1));

    world.write("sound.jsonl", &line(1, "s3:GetObject"));
    world.iamctl(&["policy", "eval", "sound.jsonl"]).expect(0);
    run(world.command(&["policy", "eval", "missing.jsonl"])).expect(1).says(&["cannot read missing.jsonl"]);
    assert_eq!(world.calls(|_| true), [""; 0]);
}

#[test]
fn accounts_that_may_be_the_own_one_are_never_taken_for_others() {
    let world = World::new();
    let manifest = |head: &str, principal: &str| {
        let text = format!(
            "version: 1\nname: m\n{head}master_copy: {{bucket: some-bucket, region: eu-west-1}}\nusers: {{alice: {{}}}}\n\
             roles:\n  r:\n    trust_document:\n      Version: \"2012-10-17\"\n      Statement:\n        - {{Effect: Allow, Principal: \
             {{AWS: \"{principal}\"}}, Action: \"sts:AssumeRole\"}}\n\
             tests: [{{principal: user/alice, cannot: \"sts:AssumeRole\", on: role/r}}]\n"
        );
        world.write("desired-state.yaml", &text);
    };
    manifest("", "arn:aws:iam::123456789012:user/alice");
    let why = "whether account 123456789012 is the manifest's own or another one is not known";
    world.iamctl(&["test"]).expect(3).says(&[why, "name the manifest's account in `account:`"]);
    world.iamctl(&["can", "user/alice", "sts:AssumeRole", "role/r"]).expect(3).says(&[why]);
    world.iamctl(&["who-can", "sts:AssumeRole", "role/r"]).expect(3).says(&[why]);

    manifest("account: \"123456789012\"\n", "arn:aws-us-gov:iam::123456789012:user/alice");
    world.iamctl(&["test"]).expect(3).says(&["`arn:aws-us-gov:` is of another partition"]);

    manifest("account: \"123456789012\"\n", "arn:aws:iam::123456789012:user/alice");
    world.iamctl(&["test"]).expect(3).says(&["user/alice can sts:AssumeRole on role/r"]);
}

#[test]
fn escalations_are_told_of_the_manifest_and_of_the_account() {
    let world = World::founded();
    let told = world.iamctl(&["escalations"]).expect(1);
    assert!(told.out.contains("ec2:ModifyInstanceAttribute"), "{}", told.out);
    assert!(told.out.ends_with("Paths to more rights are open to 1 of 4 users and roles.\n"), "{}", told.out);
    world.iamctl(&["escalations", "user/alice"]).expect(0);

    // Somebody gives bob more than he should have.
    let document = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "arn:aws:iam::*:user/${aws:username}",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    }});
    let aws = world.aws();
    let put = aws.iam.put_user_policy().user_name("bob").policy_name("own");
    aws.wait(put.policy_document(document.to_string()).send()).unwrap();
    let json = world.iamctl(&["escalations", "--account", "user/bob", "--format", "json"]).expect(1).json();
    let found = &json["principals"][0]["escalations"];
    assert_eq!(
        (&found[0]["path"], &found[0]["terms"]),
        (&json!("attach-user-policy"), &json!("only_with_mfa"))
    );
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    // What the plan takes away is no path afterwards.
    world.iamctl(&["escalations", "--account", "--planned", "user/bob"]).expect(0);
    world.iamctl(&["escalations", "--planned"]).expect(64).says(&["`--planned` needs"]);
    world.iamctl(&["escalations", "user/bobby"]).expect(64).says(&["did you mean `user/bob`?"]);
}
