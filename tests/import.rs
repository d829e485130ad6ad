//! Taking over an account that is there, and what drifted since.

use aws_sdk_iam::types::Tag;
use fault_proxy::{Call, Service};

use crate::support::World;

/// An account that was made by the founding case and is managed by nobody any more.
fn abandoned() -> World {
    let world = World::founded();
    std::fs::remove_file(world.path("desired-state.yaml")).unwrap();
    world
}

const NAMES: [&str; 4] = ["--manifest-name", "legacy", "--bucket", "legacy-master-copy"];

#[test]
fn what_is_imported_is_planned_as_nothing_but_ownership_and_applied_without_a_call_to_iam() {
    let world = abandoned();
    let arguments = [&["import"][..], &NAMES].concat();
    world.iamctl(&arguments).expect(0).says(&["Wrote desired-state.yaml: 2 policies, 3 users, 1 role."]);
    let text = world.read("desired-state.yaml");
    assert!(text.contains("      - users: [alice, bob, carol]\n        mfa: required\n"), "{text}");
    world.iamctl(&["validate"]).expect(0);

    let plan = world.iamctl(&["plan", "--format", "json"]).expect(0).json();
    assert_eq!(plan["summary"]["adopt"], 6);
    assert_eq!(plan["steps"], serde_json::json!([]));
    assert_eq!(plan["refusals"], serde_json::json!([]));
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [] as [&str; 0]);
    world.expect_no_change();
}

#[test]
fn an_import_reads_only_and_costs_eight_requests_and_one_for_each_policy() {
    let world = abandoned();
    world.iamctl(&["import"]).expect(0);
    assert_eq!(world.writes(), [] as [&str; 0]);
    let reads = world.calls(|call: &Call| call.service == Service::Iam || call.service == Service::Sts);
    assert_eq!(reads.len(), 8 + 2, "{reads:?}");
    world.proxy.clear();
    std::fs::remove_file(world.path("desired-state.yaml")).unwrap();
    world.iamctl(&["import", "--kind", "users"]).expect(0).says(&["3 users.", "3 things not chosen"]);
    // The fourth one asks the master copy whether the name is in use.
    assert_eq!(world.calls(|_| true).len(), 4);
}

#[test]
fn nothing_that_is_there_is_written_over() {
    let world = World::founded();
    let before = world.read("desired-state.yaml");
    world.iamctl(&["import"]).expect(1).says(&["is there already, and is not overwritten"]);
    assert_eq!(world.read("desired-state.yaml"), before);
    assert_eq!(world.calls(|_| true), [] as [&str; 0]);
    world.iamctl(&["import", "role/nobody", "-f", "other.yaml"]).expect(1).says(&["there is no role/nobody"]);
    world.iamctl(&["import", "nonsense", "-f", "other.yaml"]).expect(64);
    assert!(!world.path("other.yaml").exists());
}

#[test]
fn an_account_in_a_file_is_imported_without_aws() {
    let world = abandoned();
    world.iamctl(&["import", "-f", "live.yaml"]).expect(0);
    world.iamctl(&["plan", "-f", "live.yaml", "--save-live", "account.json"]).expect(0);
    world.proxy.clear();
    let live = ["--live", "account.json"];
    world
        .iamctl(&[&["import", "-f", "saved.yaml"][..], &live].concat())
        .expect(0)
        .says(&["the tags of 2 policies are not in the file"]);
    let saved = world.read("saved.yaml");
    assert_eq!(saved.replace("    ignore: [tags]\n", ""), world.read("live.yaml"));
    world.iamctl(&[&["import", "-f", "split.yaml", "--split"][..], &live].concat()).expect(0);
    assert!(world.read("split.yaml").contains("file: policies/s3-read-ec2-full.json"));
    assert!(world.read("policies/s3-read-ec2-full.json").contains("AllOfEC2"));
    assert_eq!(world.calls(|_| true), [] as [&str; 0]);
}

#[test]
fn what_drifted_is_taken_over_and_nothing_else_is_edited() {
    let world = World::founded();
    world.edit("  carol: {}\n", "  carol: {}   # on leave\n");
    let aws = world.aws();
    let tag = Tag::builder().key("team").value("data").build().unwrap();
    aws.wait(aws.iam.tag_user().user_name("carol").tags(tag).send()).unwrap();
    world.proxy.clear();
    world.iamctl(&["import", "--update"]).expect(0).says(&["~ user/carol tags", "Edited desired-state.yaml"]);
    assert_eq!(world.writes(), [] as [&str; 0]);
    world.edit("  carol: {tags: {team: data}}   # on leave\n", "  carol: {tags: {team: data}}\n");
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [] as [&str; 0]);
    world.expect_no_change();
    world.iamctl(&["import", "--update"]).expect(0).says(&["Nothing drifted"]);
}

#[test]
fn a_deletion_is_taken_over_with_all_that_names_the_deleted_one() {
    let world = World::founded();
    world.aws().delete_user("carol");
    world.iamctl(&["import", "--update"]).expect(0).says(&["~ user/carol its block, as it was deleted"]);
    let text = world.read("desired-state.yaml");
    assert!(!text.contains("carol"), "{text}");
    // What is left is to tidy up the trust policy, which still names her.
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), ["iam UpdateAssumeRolePolicy engineer"]);
    world.expect_no_change();
}

#[test]
fn a_name_that_is_in_use_is_not_given_to_another_manifest() {
    let world = World::founded();
    let bucket = world.bucket();
    let first = ["--manifest-name", "acme-prod", "--bucket", &bucket, "-f", "other.yaml"];
    // The bucket lies in the Region of the founding case.
    let says = ["a manifest named `acme-prod` is in use", "`--manifest-name NAME`"];
    world.iamctl(&[&["import"][..], &first].concat()).expect(4).says(&says);
    world.iamctl(&[&["init"][..], &first].concat()).expect(4).says(&["`--name NAME`"]);
    assert!(!world.path("other.yaml").exists());
}

#[test]
fn options_that_choose_nothing_are_a_mistake() {
    let world = abandoned();
    world.iamctl(&["import", "--name", "web"]).expect(1).says(&["nothing in the account is what"]);
    world.aws().make_service_linked_role("autoscaling.amazonaws.com", None, "");
    world.iamctl(&["import", "role/AWSServiceRoleForAutoScaling"]).expect(1).says(&[
        "nothing in the account is what the options choose",
        "service-linked roles, and what is under `/aws-reserved/`, are never imported",
    ]);
    // GitHub's tokens without a word on whose: no manifest may say that.
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
        "Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"}}]}"#;
    let made = world.aws().iam.create_role().role_name("open").assume_role_policy_document(trust);
    world.aws().wait(made.send()).unwrap();
    world
        .iamctl(&["import", "role/open"])
        .expect(1)
        .says(&["nothing that the options choose can be imported", "because: role/open: "]);
    assert!(!world.path("desired-state.yaml").exists());
}

#[test]
fn tags_that_aws_writes_keep_nothing_from_being_imported() {
    let world = abandoned();
    let aws = world.aws();
    let tag = |key: &str| Tag::builder().key(key).value("x").build().unwrap();
    for key in ["AKIAIOSFODNN7EXAMPLE", "team"] {
        aws.wait(aws.iam.tag_user().user_name("carol").tags(tag(key)).send()).unwrap();
    }
    aws.wait(aws.iam.tag_role().role_name("engineer").tags(tag("aws:cloudformation:stack-name")).send())
        .unwrap();
    let arguments = ["import", "--tag", "aws:cloudformation:stack-name", "-f", "stack.yaml"];
    world.iamctl(&arguments).expect(0).says(&["1 role."]);
    let report = world.iamctl(&[&["import"][..], &NAMES].concat()).expect(0);
    report.says(&["2 policies, 3 users, 1 role."]);
    let text = world.read("desired-state.yaml");
    assert!(text.contains("  carol:\n    adopt: true\n    tags: {team: x}\n"), "{text}");
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [] as [&str; 0]);
    world.expect_no_change();
}

#[test]
fn drift_that_no_edit_answers_is_explained() {
    let world = World::founded();
    let aws = world.aws();
    aws.wait(aws.iam.update_user().user_name("carol").new_user_name("caroline").send()).unwrap();
    aws.delete_user("bob");
    aws.wait(aws.iam.create_user().user_name("bob").send()).unwrap();
    world.iamctl(&["import", "--update"]).expect(1).says(&[
        "user/carol is as it was: it is called caroline in the account now",
        "user/bob is as it was: it was deleted and made again by somebody else",
    ]);
    assert!(world.read("desired-state.yaml").contains("users:\n  alice: {}\n  bob: {}\n  carol: {}\n"));
}

#[test]
fn a_service_linked_role_is_written_and_not_imported() {
    let world = abandoned();
    let asked = world.iamctl(&["import", "service_linked_role/autoscaling.amazonaws.com"]);
    asked.expect(1).says(&[
        "service-linked roles are not imported",
        "`service_linked_roles: {autoscaling.amazonaws.com: {}}`",
    ]);
    assert_eq!(world.calls(|_| true), [""; 0]);
}
