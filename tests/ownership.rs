//! What is ours and what is not.

use serde_json::json;

use crate::support::World;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const ALLOW: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
const DENY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:*","Resource":"*"}]}"#;

#[test]
fn what_is_not_managed_here_is_never_touched() {
    let world = World::new();
    let aws = world.aws();
    aws.create_user("mallory");
    create_policy(&world, "legacy-policy", ALLOW);
    let role = aws.iam.create_role().role_name("legacy").assume_role_policy_document(TRUST);
    aws.wait(role.description("from before").send()).unwrap();
    attach(&world, "legacy", "legacy-policy");
    let inline = aws.iam.put_user_policy().user_name("mallory").policy_name("own").policy_document(ALLOW);
    aws.wait(inline.send()).unwrap();
    let portrait = || {
        let users = json!({"inline": aws.wait(aws.iam.list_user_policies().user_name("mallory").send())
            .unwrap().policy_names});
        (users, aws.portrait(&["mallory"], &["legacy"], &["legacy-policy"]))
    };
    let before = portrait();

    world.iamctl(&["plan"]).expect(0).says(&[
        "7 to create. 8 calls to IAM.",
        "Not managed here, and not touched: 1 policy, 1 role, 1 user.",
    ]);
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.let_carol_go();
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.expect_no_change();
    let said = world.iamctl(&["unmanaged"]).expect(0);
    let listed = said.says(&["not read", "saml-providers", "`iamctl unmanaged KIND`"]).out;
    assert_eq!(listed.lines().collect::<Vec<_>>(), ["policy/legacy-policy", "user/mallory", "role/legacy"]);
    world.manage("users: {}\n");
    world.iamctl(&["apply", "--yes", "--allow", "mass-delete"]).expect(0);

    assert_eq!(portrait(), before);
    assert_eq!((aws.users(), aws.roles()), (vec!["mallory".to_owned()], vec!["legacy".to_owned()]));
    let theirs = ["mallory", "legacy"];
    let about_them = world.calls(|call| {
        call.is_write() && call.params.values().any(|value| theirs.iter().any(|name| value.contains(name)))
    });
    assert_eq!(about_them, [""; 0]);
}

#[test]
fn what_was_not_read_is_not_called_managed() {
    let world = World::founded();
    let said = world.iamctl(&["unmanaged"]).expect(0);
    assert_eq!(said.out.trim_end(), "Everything that was read is managed here, or belongs to AWS.");
    let kinds = ["instance_profiles", "oidc_providers", "saml_providers", "account_alias", "password_policy"];
    let json = world.iamctl(&["unmanaged", "--format", "json"]).expect(0).json();
    assert_eq!((&json["unmanaged"], &json["not_read"]), (&json!([]), &json!(kinds)));
    for kind in kinds {
        let said = world.iamctl(&["unmanaged", &kind.replace('_', "-")]).expect(0);
        assert!(!said.err.contains("not read"), "{kind}: {}", said.err);
    }
}

#[test]
fn a_namesake_that_somebody_made_in_its_place_is_not_deleted() {
    let world = World::founded();
    let aws = world.aws();
    aws.delete_user("carol");
    aws.create_user("carol");
    let stranger = aws.user_ids().remove("carol").unwrap();
    world.let_carol_go();

    let plan = world.iamctl(&["plan", "--format", "json"]).expect(0).json();
    let changes = plan["changes"].as_array().unwrap();
    let carol = changes.iter().find(|change| change["address"] == "user/carol").unwrap();
    assert_eq!((&carol["action"], &carol["cause"]), (&json!("forget"), &json!("drift")));
    world.iamctl(&["apply", "--yes"]).expect(0);

    assert_eq!(world.iam_writes(), ["iam UpdateAssumeRolePolicy engineer"]);
    assert_eq!(world.aws().user_ids().remove("carol"), Some(stranger));
    world.expect_no_change();
}

#[test]
fn what_was_there_before_is_refused_until_it_is_adopted_by_name() {
    let world = World::new();
    let aws = world.aws();
    aws.create_user("alice");
    let inline = aws.iam.put_user_policy().user_name("alice").policy_name("own").policy_document(ALLOW);
    aws.wait(inline.send()).unwrap();
    let id = aws.user_ids().remove("alice");

    world.iamctl(&["plan"]).expect(4).says(&["refused:", "user/alice", "adopt: true"]);
    world.iamctl(&["apply", "--yes"]).expect(4).says(&["nothing was changed, because the plan is refused"]);
    let plan = world.iamctl(&["plan", "--format", "json"]).expect(4).json();
    assert_eq!(plan["refusals"][0]["guard"], "adopt");
    assert_eq!(plan["refusals"][0]["address"], "user/alice");
    assert_eq!(world.writes(), [""; 0]);

    world.edit("  alice: {}", "  alice: {adopt: true}");
    world.iamctl(&["plan"]).expect(0).says(&["= user/alice", "- own"]);
    world.iamctl(&["apply", "--yes"]).expect(0);
    let about_alice = world.calls(|call| call.is_write() && call.target == "alice");
    assert_eq!(about_alice, ["iam DeleteUserPolicy alice"], "adopted, and not made anew");
    assert_eq!(aws.user_ids().remove("alice"), id);
    world.expect_no_change();
}

#[test]
fn what_somebody_made_again_is_drift_whether_or_not_it_is_wanted() {
    let world = World::founded();
    let aws = world.aws();
    aws.delete_user("bob");
    aws.wait(aws.iam.create_user().user_name("bob").send()).unwrap();
    let drift = world.iamctl(&["drift"]).expect(2).says(&[
        "! user/bob",
        "changed in the account",
        "user/bob was deleted and made again by somebody else",
    ]);
    assert!(!drift.out.contains("changed back"), "{}", drift.out);
    let comment = world.iamctl(&["drift", "--format", "markdown"]).expect(2).out;
    for line in ["not all of it can be put back", "\n!  ! user/bob", "<summary>1 thing drifted</summary>"] {
        assert!(comment.contains(line), "{comment}");
    }
    world.iamctl(&["drift", "--format", "json"]).expect(2);

    let manifest = world
        .read("desired-state.yaml")
        .replace("  bob: {}\n", "")
        .replace(", bob", "")
        .replace(", user/bob", "");
    world.write("desired-state.yaml", &manifest);
    world.iamctl(&["plan"]).expect(0).says(&["somebody made another one of that name: it stays"]);
    world.iamctl(&["drift"]).expect(2).says(&[
        "user/bob",
        "is gone from the account",
        "another one of that name",
    ]);
}

#[test]
fn what_somebody_changed_in_the_account_is_called_drift_and_put_back() {
    let world = World::founded();
    let aws = world.aws();
    create_policy(&world, "too-much", ALLOW);
    attach(&world, "engineer", "too-much");
    aws.delete_user("bob");
    world.iamctl(&["drift"]).expect(2).says(&[
        "user/bob was deleted in the account",
        "role/engineer",
        "too-much",
    ]);
    let plan = world.iamctl(&["drift", "--format", "json"]).expect(2).json();
    let changes = plan["changes"].as_array().unwrap();
    assert!(changes.iter().all(|change| change["cause"] == "drift"), "{changes:#?}");
    world
        .iamctl(&["drift", "--format", "markdown"])
        .expect(2)
        .says(&["### iamctl drift: acme-prod", ": drifted"]);

    world.iamctl(&["apply", "--yes"]).expect(0);

    let mut writes = world.iam_writes();
    writes.sort();
    writes.dedup();
    assert!(writes.contains(&"iam CreateUser bob".to_owned()), "{writes:?}");
    assert!(writes.contains(&"iam DetachRolePolicy engineer".to_owned()), "{writes:?}");
    assert_eq!(aws.policies_of_role("engineer"), ["deny-user-creation", "s3-read-ec2-full"]);
    assert!(aws.policies().contains(&"too-much".to_owned()), "the policy itself is not ours");
    world.iamctl(&["drift", "--format", "markdown"]).expect(0).says(&["nothing drifted"]);
    world.expect_no_change();
}

#[test]
fn a_restriction_that_somebody_put_on_is_not_taken_off_unasked() {
    let world = World::founded();
    create_policy(&world, "emergency", DENY);
    attach(&world, "engineer", "emergency");

    world.iamctl(&["apply", "--yes"]).expect(4).says(&["refused:", "--allow widen-drift"]);
    assert_eq!(world.iam_writes(), [""; 0]);
    world.iamctl(&["apply", "--yes", "--allow", "widen-drift"]).expect(0);
    assert_eq!(world.iam_writes(), ["iam DetachRolePolicy engineer"]);
    world.expect_no_change();
}

#[test]
fn what_changed_here_and_there_is_a_conflict() {
    let world = World::founded();
    let aws = world.aws();
    let role = aws.iam.update_role().role_name("engineer").description("theirs").max_session_duration(3600);
    aws.wait(role.send()).unwrap();
    world.edit("description: Engineers at work, signed in with MFA", "description: Ours");

    world.iamctl(&["apply", "--yes"]).expect(4).says(&["refused:", "role/engineer", "--allow conflict"]);
    assert_eq!(world.iam_writes(), [""; 0]);
    world.iamctl(&["apply", "--yes", "--allow", "conflict"]).expect(0);
    assert_eq!(world.iam_writes(), ["iam UpdateRole engineer"]);
    world.expect_no_change();
}

#[test]
fn what_is_protected_stays_also_when_its_block_is_gone() {
    let world = World::new();
    world.manage("users:\n  keeper: {protect: true}\n  other: {}\n");
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.manage("users:\n  other: {}\n");
    world.iamctl(&["apply", "--yes"]).expect(4).says(&["user/keeper", "forget"]);
    assert_eq!(world.aws().users(), ["keeper", "other"]);

    world.manage("users:\n  other: {}\nforget: [user/keeper]\n");
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.aws().users(), ["keeper", "other"], "forgotten, and still there");
    world.expect_no_change();
}

#[test]
fn one_thing_is_shown_from_all_sides() {
    let world = World::founded();
    world.iamctl(&["show", "role/engineer"]).expect(0).says(&[
        "role/engineer",
        "managed yes",
        "In the manifest, in the account, last applied",
    ]);
    let shown = world.iamctl(&["show", "user/alice", "--format", "json"]).expect(0).json();
    assert_eq!(shown["id"].as_str(), world.aws().user_ids().get("alice").map(String::as_str));
    assert_eq!(shown["managed"], true);
    world.iamctl(&["show", "user/nobody"]).expect(1).says(&["there is no user/nobody"]);
    world.iamctl(&["show", "alice"]).expect(64);
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn two_manifests_share_a_bucket_without_seeing_each_others_things_as_their_own() {
    let world = World::founded();
    let head = "version: 1\nname: second\n";
    let rest = world.read("desired-state.yaml");
    let middle = rest.split_once("account:").unwrap().1.split_once("\npolicies:").unwrap().0.to_owned();
    world.write("second.yaml", &format!("{head}account:{middle}\nusers:\n  dave: {{}}\n"));

    world.iamctl(&["apply", "--yes", "-f", "second.yaml"]).expect(0);
    assert_eq!(world.iam_writes(), ["iam CreateUser dave"]);
    world.expect_no_change();
    world.iamctl(&["plan", "--detailed-exitcode", "-f", "second.yaml"]).expect(0);

    // Not even by adopting it: what another manifest manages has to be let go there first.
    let second = world.read("second.yaml");
    world.write("second.yaml", &format!("{second}  alice: {{adopt: true}}\n"));
    world.proxy.clear();
    let plan = world.iamctl(&["plan", "-f", "second.yaml", "--format", "json"]).expect(4).json();
    assert_eq!(
        (&plan["refusals"][0]["guard"], &plan["refusals"][0]["address"]),
        (&json!("sibling"), &json!("user/alice"))
    );
    world.iamctl(&["apply", "--yes", "-f", "second.yaml"]).expect(4).says(&["acme-prod"]);
    assert_eq!(world.writes(), [""; 0]);
}

fn create_policy(world: &World, name: &str, document: &str) {
    let aws = world.aws();
    aws.wait(aws.iam.create_policy().policy_name(name).policy_document(document).send()).unwrap();
}

fn attach(world: &World, role: &str, policy: &str) {
    let aws = world.aws();
    let arn = format!("arn:aws:iam::{}:policy/{policy}", world.account);
    aws.wait(aws.iam.attach_role_policy().role_name(role).policy_arn(arn).send()).unwrap();
}
