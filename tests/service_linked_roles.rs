//! Roles that services of AWS have for themselves: made where they are missing, and never changed.

use fault_proxy::{Call, Fault, Service};
use serde_json::{Value, json};

use crate::support::World;

const ROLES: &str = "
service_linked_roles:
  autoscaling.amazonaws.com: {description: scales}
  autoscaling.amazonaws.com/batch:
  dynamodb.application-autoscaling.amazonaws.com: {}
";

/// The founding case, applied, with service-linked roles beside it that are not yet.
fn with_roles() -> World {
    let world = World::founded();
    world.proxy.clear();
    let manifest = world.read("desired-state.yaml");
    world.write("desired-state.yaml", &format!("{manifest}{ROLES}"));
    world
}

fn sorted(mut calls: Vec<String>) -> Vec<String> {
    calls.sort();
    calls
}

fn there(world: &World) -> Vec<(String, String)> {
    world.aws().service_linked_roles().into_iter().collect()
}

fn role(name: &str, description: &str) -> (String, String) {
    (format!("AWSServiceRoleFor{name}"), description.to_owned())
}

#[test]
fn service_linked_roles_are_made_and_never_changed() {
    let world = with_roles();
    world.iamctl(&["validate"]).expect(0).says(&["1 role, 3 service-linked roles"]);
    let plan = world.iamctl(&["plan", "--format", "json"]).expect(0).json();
    let step = &plan["steps"][1];
    assert_eq!(step["call"], json!("CreateServiceLinkedRole"));
    assert_eq!(
        step["params"],
        json!({"AWSServiceName": "autoscaling.amazonaws.com", "CustomSuffix": "batch"})
    );
    assert_eq!(plan["unmanaged"].get("service_linked_roles"), None);
    assert_eq!(world.proxy.count(|call| call.operation == "GetAccountSummary"), 0, "they take no room");
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0).says(&["+ service_linked_role/autoscaling.amazonaws.com"]);
    assert_eq!(
        sorted(world.iam_writes()),
        [
            "iam CreateServiceLinkedRole autoscaling.amazonaws.com",
            "iam CreateServiceLinkedRole autoscaling.amazonaws.com",
            "iam CreateServiceLinkedRole dynamodb.application-autoscaling.amazonaws.com",
        ]
    );
    let made = [
        role("ApplicationAutoScaling_Dynamodb", ""),
        role("AutoScaling", "scales"),
        role("AutoScaling_batch", ""),
    ];
    assert_eq!(there(&world), made);
    world.expect_no_change();

    // They are read with all other roles.
    let reads = |world: &World| sorted(world.calls(|call: &Call| call.service == Service::Iam));
    world.proxy.clear();
    world.iamctl(&["plan"]).expect(0);
    assert_eq!(reads(&world), ["iam GetAccountAuthorizationDetails", "iam ListRoles"]);

    // Another description is told, and nothing is done.
    world.edit("{description: scales}", "{description: grows}");
    world.proxy.clear();
    world.iamctl(&["plan"]).expect(0).says(&["the description stays `scales`"]);
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.expect_no_change();
    world.edit("  autoscaling.amazonaws.com/batch:\n", "");
    world
        .iamctl(&["apply", "--yes"])
        .expect(0)
        .says(&["service_linked_role/autoscaling.amazonaws.com/batch"]);
    assert_eq!(world.iam_writes(), [] as [&str; 0]);
    assert_eq!(there(&world), made);
    world.expect_no_change();
}

#[test]
fn one_that_is_there_needs_no_consent_and_one_that_is_gone_is_drift() {
    let world = with_roles();
    world.aws().make_service_linked_role("autoscaling.amazonaws.com", Some("batch"), "by its service");
    let plan = world.iamctl(&["plan"]).expect(0);
    plan.says(&["it is there already, as AWSServiceRoleForAutoScaling_batch"]);
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes().len(), 2, "{:?}", world.iam_writes());
    world.expect_no_change();
    world.iamctl(&["show", "service_linked_role/autoscaling.amazonaws.com/batch"]).expect(0).says(&[
        "AWSServiceRoleForAutoScaling_batch",
        "by its service",
        "managed yes",
    ]);

    world.aws().delete_service_linked_role("AWSServiceRoleForAutoScaling_batch");
    let drift = world.iamctl(&["drift"]).expect(2);
    drift.says(&["service_linked_role/autoscaling.amazonaws.com/batch"]);
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.expect_no_change();
    // Somebody else was faster than we, this time.
    world.aws().delete_service_linked_role("AWSServiceRoleForAutoScaling_batch");
    world.aws().make_service_linked_role("autoscaling.amazonaws.com", Some("batch"), "");
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [] as [&str; 0]);
    world.expect_no_change();
}

#[test]
fn a_service_linked_role_whose_making_was_not_told_is_found() {
    let world = with_roles();
    world.proxy.inject(Fault::lose_reply().operation("CreateServiceLinkedRole").times(2));
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.calls(|made: &Call| made.operation == "CreateServiceLinkedRole").len(), 3);
    world.expect_no_change();
}

#[test]
fn a_run_that_was_killed_while_it_made_one_is_finished() {
    let world = with_roles();
    let held = world.proxy.inject(Fault::hold_reply().operation("CreateServiceLinkedRole").times(1));
    let run = world.start(&["apply", "--yes"]);
    assert!(held.wait_for_hits(1, std::time::Duration::from_secs(60)));
    std::thread::sleep(std::time::Duration::from_millis(300));
    run.kill();
    held.remove();
    let run = world.lock_holder().unwrap();
    world.iamctl(&["unlock", &run]).expect(0);
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.calls(|made: &Call| made.operation == "CreateServiceLinkedRole").len(), 3);
    assert_eq!(there(&world).len(), 3);
    world.expect_no_change();
}

#[test]
fn a_service_that_aws_does_not_know_fails_alone() {
    let world = with_roles();
    let refused = "<ErrorResponse><Error><Code>InvalidInput</Code><Message>Custom suffix is not allowed for \
        autoscaling.amazonaws.com</Message></Error></ErrorResponse>";
    let with_suffix = |call: &Call| call.param("CustomSuffix") == "batch";
    world.proxy.inject(
        Fault::reply(400, "text/xml", refused).operation("CreateServiceLinkedRole").when(with_suffix),
    );
    let failed = world.iamctl(&["apply", "--yes"]).expect(1);
    failed.says(&["Custom suffix is not allowed for autoscaling.amazonaws.com"]);
    assert_eq!(there(&world), [role("ApplicationAutoScaling_Dynamodb", ""), role("AutoScaling", "scales")]);
}

#[test]
fn service_linked_roles_belong_to_aws_wherever_they_are_looked_at() {
    let world = with_roles();
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.aws().make_service_linked_role("ecs.amazonaws.com", None, "");
    let unmanaged = world.iamctl(&["unmanaged"]).expect(0);
    assert!(!unmanaged.out.contains("AWSServiceRole"), "{}", unmanaged.out);
    assert!(!unmanaged.out.contains("amazonaws.com"), "{}", unmanaged.out);
    world.iamctl(&["show", "service_linked_role/ecs.amazonaws.com"]).expect(0).says(&["managed no"]);
    let arguments =
        ["import", "-f", "new.yaml", "--manifest-name", "legacy", "--bucket", "legacy-master-copy"];
    world.iamctl(&arguments).expect(0).says(&["4 roles of AWS's own left to AWS"]);
    assert!(!world.read("new.yaml").contains("ServiceRole"));
    // The block of one that is gone goes, where the manifest shall follow the account, and no other.
    world.aws().delete_service_linked_role("AWSServiceRoleForAutoScaling");
    world.iamctl(&["import", "--update"]).expect(0).says(&["service_linked_role/autoscaling.amazonaws.com"]);
    let text = world.read("desired-state.yaml");
    assert!(text.contains("  autoscaling.amazonaws.com/batch:\n") && !text.contains("scales"), "{text}");
    // A role that is written by the name that AWS gave it is refused as before.
    world.manage("roles: {AWSServiceRoleForECS: {adopt: true, trust: [{services: ecs.amazonaws.com}]}}\n");
    world.iamctl(&["validate"]).expect(3).says(&["under `service_linked_roles:`"]);
}

#[test]
fn a_saved_account_tells_of_service_linked_roles_without_their_descriptions() {
    let world = World::new();
    world.manage("service_linked_roles: {ecs.amazonaws.com: {description: ours}, rds.amazonaws.com: {}}\n");
    let linked = |path: &str| -> Value {
        json!({
            "UserDetailList": [], "GroupDetailList": [], "Policies": [],
            "RoleDetailList": [{
                "Path": path, "RoleName": "AWSServiceRoleForECS", "RoleId": "AROAEXAMPLEEXAMPLE123",
                "Arn": format!("arn:aws:iam::{}:role{path}AWSServiceRoleForECS", world.account),
                "CreateDate": "2026-01-01T00:00:00+00:00",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
                "InstanceProfileList": [], "RolePolicyList": [], "AttachedManagedPolicies": [], "Tags": [],
            }],
        })
    };
    world.write("live.json", &linked("/aws-service-role/ecs.amazonaws.com/").to_string());
    let plan = world.iamctl(&["plan", "--live", "live.json", "--format", "json"]).expect(0).json();
    let notes = plan["notes"].to_string();
    assert!(!notes.contains("service_linked_role/"), "{notes}");
    let calls = plan["steps"].as_array().unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["params"], json!({"AWSServiceName": "rds.amazonaws.com"}));
    // One of that name elsewhere is not the service's.
    world.write("live.json", &linked("/").to_string());
    let plan = world.iamctl(&["plan", "--live", "live.json", "--format", "json"]).expect(0).json();
    assert_eq!(plan["steps"].as_array().unwrap().len(), 2);
}
