//! Somebody deletes by hand what a run is about to delete, and makes another one of the same name.

use std::time::Duration;

use fault_proxy::{Call, Fault, Service};

use crate::support::{Finished, World};

/// An apply during which something is done between the plan and the look at what it deletes, before which that was
/// asked for so often.
fn apply_while(
    world: &World,
    (look, before): (&str, usize),
    options: &[&str],
    meanwhile: impl FnOnce(),
) -> Finished {
    let held = world.proxy.inject(Fault::hold().operation(look).skip(before));
    let run = world.start(&[&["apply", "--yes"], options].concat());
    assert!(held.wait_for_hits(1, Duration::from_secs(60)));
    meanwhile();
    held.remove();
    held.release();
    run.finish()
}

fn looks(world: &World) -> Vec<String> {
    let alone = ["GetUser", "GetGroup", "GetRole", "GetPolicy", "GetInstanceProfile"];
    world.calls(|call: &Call| call.service == Service::Iam && alone.contains(&call.operation.as_str()))
}

#[test]
fn another_user_of_the_same_name_is_left_alone_with_all_that_it_signs_in_with() {
    let world = World::founded();
    let aws = world.aws();
    let give_password = |password: &str| {
        aws.wait(aws.iam.create_login_profile().user_name("carol").password(password).send()).unwrap();
    };
    give_password("Correct-horse-1");
    world.let_carol_go();
    let hers = || aws.user_ids()["carol"].clone();
    let first = hers();
    let run = apply_while(&world, ("GetUser", 2), &["--allow", "delete-credentials"], || {
        aws.wait(aws.iam.delete_login_profile().user_name("carol").send()).unwrap();
        aws.delete_user("carol");
        aws.create_user("carol");
        give_password("Correct-horse-2");
    });
    let second = hers();
    assert_ne!(first, second);
    run.expect(1).says(&[
        &format!("user/carol is another one now, {second}, and the plan is about {first}"),
        "nothing was taken from it",
    ]);
    assert_eq!(world.iam_writes(), ["iam UpdateAssumeRolePolicy engineer"]);
    aws.wait(aws.iam.get_login_profile().user_name("carol").send()).unwrap();
    world.iamctl(&["runs", "show"]).expect(0).says(&["stale: user/carol is another one now"]);

    // To the next run she is somebody else.
    world.iamctl(&["plan"]).expect(0).says(&[". user/carol"]);
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(hers(), second);
    world.expect_no_change();
}

#[test]
fn another_role_of_the_same_name_is_not_replaced_and_the_run_changes_nothing() {
    let world = World::new();
    world.manage("roles: {worker: {path: /w/, trust: [{services: [ec2.amazonaws.com]}]}}");
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.edit("path: /w/", "path: /new/");
    world.proxy.clear();
    let aws = world.aws();
    let trust = aws.trust("worker").to_string();
    apply_while(&world, ("GetRole", 0), &["--allow", "replace"], || {
        aws.wait(aws.iam.delete_role().role_name("worker").send()).unwrap();
        let again = aws.iam.create_role().role_name("worker").path("/w/").description("theirs");
        aws.wait(again.assume_role_policy_document(&trust).send()).unwrap();
    })
    .expect(4)
    .says(&["role/worker is another one now"]);
    assert_eq!(world.iam_writes(), [""; 0]);
    world
        .iamctl(&["apply", "--yes", "--allow", "replace"])
        .expect(4)
        .says(&["role/worker was deleted and made again by somebody else", "adopt: true"]);
}

#[test]
fn what_is_deleted_is_asked_for_once_and_nothing_else_is() {
    let world = World::founded();
    world.edit("  carol: {}", "  carol: {tags: {team: data}}");
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(looks(&world), [""; 0]);
    world.edit("  carol: {tags: {team: data}}", "  carol: {}");
    world.let_carol_go();
    // The plan tells when she was last seen, and is made twice.
    world.iamctl(&["plan"]).expect(0);
    assert_eq!(looks(&world), ["iam GetUser carol"]);
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(looks(&world), ["iam GetUser carol"; 3]);
    world.expect_no_change();
}

#[test]
fn what_cannot_be_asked_for_is_not_deleted() {
    let world = World::founded();
    world.let_carol_go();
    let denied = world.proxy.inject(Fault::access_denied().operation("GetUser").skip(2));
    world.iamctl(&["apply", "--yes"]).expect(1).says(&[
        "whether user/carol is still the one that the plan is about could not be read, so the call was not made",
    ]);
    assert!(world.aws().users().contains(&"carol".to_owned()));
    denied.remove();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert!(!world.aws().users().contains(&"carol".to_owned()));
    world.expect_no_change();
}
