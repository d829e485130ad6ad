//! Instance profiles: what hands a role to EC2 instances.

use fault_proxy::{Call, Fault};
use serde_json::json;

use crate::support::World;

const WEB: &str = r#"
  web: {description: For the web servers, trust: [{services: ec2.amazonaws.com}], policies: [deny-user-creation]}
instance_profiles:
  web: {path: /ec2/, role: web, tags: {team: web}}
  spare: {}
"#;

/// The founding case with an instance profile beside it, not yet applied.
fn with_profiles() -> World {
    let world = World::founded();
    let manifest = world.read("desired-state.yaml");
    let (before, after) = manifest.split_once("\nroles:\n").unwrap();
    let (roles, profiles) = WEB.split_once("instance_profiles:\n").unwrap();
    let text = format!("{before}\nroles:{roles}{after}\ninstance_profiles:\n{profiles}");
    world.write("desired-state.yaml", &text);
    world
}

#[test]
fn an_instance_profile_is_made_changed_and_deleted_by_the_calls_that_it_needs() {
    let world = with_profiles();
    world.iamctl(&["validate"]).expect(0).says(&["2 roles, 2 instance profiles"]);
    world.iamctl(&["plan"]).expect(0).says(&["+ instance_profile/web", "path /ec2/", "role web"]);
    world.iamctl(&["apply", "--yes"]).expect(0);
    // Calls that do not need each other are made at the same time.
    let mut writes = world.iam_writes();
    let at = |call: &str| writes.iter().position(|write| write == call).unwrap();
    assert!(at("iam CreateRole web") < at("iam AttachRolePolicy web"));
    assert!(at("iam AttachRolePolicy web") < at("iam AddRoleToInstanceProfile web"));
    assert!(at("iam CreateInstanceProfile web") < at("iam AddRoleToInstanceProfile web"));
    writes.sort();
    assert_eq!(
        writes,
        [
            "iam AddRoleToInstanceProfile web",
            "iam AttachRolePolicy web",
            "iam CreateInstanceProfile spare",
            "iam CreateInstanceProfile web",
            "iam CreateRole web",
        ]
    );
    assert_eq!(world.aws().instance_profiles(), [("spare", None), ("web", Some("web"))].map(named));
    world.expect_no_change();

    // Another role: one goes before the other comes.
    world.edit("  web: {path: /ec2/, role: web, tags: {team: web}}", "  web: {path: /ec2/, role: engineer}");
    world.proxy.clear();
    world.iamctl(&["plan"]).expect(0).says(&["role web -> engineer", "have no role for a moment"]);
    world.iamctl(&["plan", "--deny", "momentary-gap"]).expect(4);
    world.iamctl(&["apply", "--yes"]).expect(0);
    let mut writes = world.iam_writes();
    let at = |call: &str| writes.iter().position(|write| write == call).unwrap();
    assert!(at("iam RemoveRoleFromInstanceProfile web") < at("iam AddRoleToInstanceProfile web"));
    writes.sort();
    assert_eq!(
        writes,
        [
            "iam AddRoleToInstanceProfile web",
            "iam RemoveRoleFromInstanceProfile web",
            "iam UntagInstanceProfile web"
        ]
    );
    assert_eq!(world.aws().instance_profiles(), [("spare", None), ("web", Some("engineer"))].map(named));
    world.expect_no_change();

    // All gone: the role leaves first.
    let text = world.read("desired-state.yaml");
    let (rest, _) = text.split_once("\ninstance_profiles:\n").unwrap();
    world.write("desired-state.yaml", rest);
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    let mut writes = world.iam_writes();
    let at = |call: &str| writes.iter().position(|write| write == call).unwrap();
    assert!(at("iam RemoveRoleFromInstanceProfile web") < at("iam DeleteInstanceProfile web"));
    writes.sort();
    assert_eq!(
        writes,
        [
            "iam DeleteInstanceProfile spare",
            "iam DeleteInstanceProfile web",
            "iam RemoveRoleFromInstanceProfile web",
        ]
    );
    assert_eq!(world.aws().instance_profiles(), []);
    world.expect_no_change();
}

fn named((profile, role): (&str, Option<&str>)) -> (String, Option<String>) {
    (profile.to_owned(), role.map(str::to_owned))
}

#[test]
fn instance_profiles_cost_requests_only_where_some_are_managed() {
    let world = World::founded();
    let reads = |world: &World| world.calls(|call: &Call| call.operation.contains("InstanceProfile"));
    world.iamctl(&["plan"]).expect(0);
    assert_eq!(reads(&world), [] as [&str; 0]);
    assert_eq!(
        world.iamctl(&["plan", "--format", "json"]).expect(0).json()["unmanaged"].get("instance_profiles"),
        None
    );

    let world = with_profiles();
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.proxy.clear();
    let plan = world.iamctl(&["plan", "--format", "json"]).expect(0).json();
    assert_eq!(plan["unmanaged"]["instance_profiles"], json!(0));
    let mut calls = reads(&world);
    calls.sort();
    assert_eq!(calls, ["iam GetInstanceProfile web", "iam ListInstanceProfiles"]);
}

#[test]
fn a_role_that_somebody_took_from_instances_is_not_given_back_unasked() {
    let world = with_profiles();
    world.iamctl(&["apply", "--yes"]).expect(0);
    let remove = || {
        let aws = world.aws();
        let call = aws.iam.remove_role_from_instance_profile().instance_profile_name("web");
        aws.wait(call.role_name("web").send()).unwrap();
    };
    remove();
    world
        .iamctl(&["apply", "--yes"])
        .expect(4)
        .says(&["restricted in the account by the removal of role/web"]);
    world.iamctl(&["apply", "--yes", "--allow", "widen-drift"]).expect(0);
    assert_eq!(world.aws().instance_profiles(), [("spare", None), ("web", Some("web"))].map(named));
    world.expect_no_change();

    // Or the manifest follows.
    remove();
    world.iamctl(&["import", "--update"]).expect(0).says(&["~ instance_profile/web role"]);
    assert!(world.read("desired-state.yaml").contains("  web: {path: /ec2/, tags: {team: web}}\n"));
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [] as [&str; 0]);
    world.expect_no_change();
}

#[test]
fn a_role_in_an_instance_profile_that_nobody_here_manages_is_not_deleted() {
    let world = with_profiles();
    world.iamctl(&["apply", "--yes"]).expect(0);
    let aws = world.aws();
    aws.wait(aws.iam.create_instance_profile().instance_profile_name("theirs").send()).unwrap();
    let call = aws.iam.add_role_to_instance_profile().instance_profile_name("theirs").role_name("web");
    aws.wait(call.send()).unwrap();
    world.iamctl(&["unmanaged", "instance-profiles"]).expect(0).says(&["instance_profile/theirs"]);
    let text = world.read("desired-state.yaml");
    let web = text.lines().find(|line| line.starts_with("  web: {description")).unwrap().to_owned();
    world.edit(&format!("{web}\n"), "");
    world.edit("role: web, ", "");
    world.iamctl(&["apply", "--yes"]).expect(4).says(&["role/web would be deleted and is still used by"]);
}

#[test]
fn an_instance_profile_whose_making_was_not_told_is_found() {
    let world = with_profiles();
    for call in ["CreateInstanceProfile", "AddRoleToInstanceProfile"] {
        world.proxy.inject(Fault::lose_reply().operation(call).times(1));
    }
    world.iamctl(&["apply", "--yes"]).expect(0);
    for (call, count) in [("CreateInstanceProfile", 2), ("AddRoleToInstanceProfile", 1)] {
        assert_eq!(world.calls(|made: &Call| made.operation == call).len(), count, "{call}");
    }
    assert_eq!(world.aws().instance_profiles(), [("spare", None), ("web", Some("web"))].map(named));
    world.expect_no_change();
}

#[test]
fn instance_profiles_are_imported_with_their_roles_and_tags() {
    let world = with_profiles();
    world.iamctl(&["apply", "--yes"]).expect(0);
    std::fs::remove_file(world.path("desired-state.yaml")).unwrap();
    let names = ["--manifest-name", "legacy", "--bucket", "legacy-master-copy"];
    world.iamctl(&[&["import"][..], &names].concat()).expect(0).says(&["2 roles, 2 instance profiles"]);
    let text = world.read("desired-state.yaml");
    let block = "  web:\n    adopt: true\n    path: /ec2/\n    role: web\n    tags: {team: web}\n";
    assert!(text.contains(block), "{text}");
    let plan = world.iamctl(&["plan", "--format", "json"]).expect(0).json();
    assert_eq!((&plan["steps"], &plan["refusals"]), (&json!([]), &json!([])));
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [] as [&str; 0]);
    world.expect_no_change();

    // Alone, it names the role by its ARN.
    let arguments = ["import", "--kind", "instance-profiles", "-f", "alone.yaml"];
    world.iamctl(&arguments).expect(0).says(&["2 instance profiles"]);
    let arn = format!("role: \"arn:aws:iam::{}:role/web\"", world.account);
    assert!(world.read("alone.yaml").contains(&arn), "{}", world.read("alone.yaml"));
    world.iamctl(&["validate", "-f", "alone.yaml"]).expect(0);
}
