//! What AWS lets an account have. The local AWS has no quotas to run into: another answer about them is told here.

use fault_proxy::Fault;

use crate::support::World;

/// The account's quota of something is another one.
fn tell(world: &World, key: &'static str, value: usize) {
    world.proxy.inject(
        Fault::rewrite(move |answer| {
            let (before, rest) = answer.split_once(&format!("<key>{key}</key>")).unwrap();
            let (_, after) = rest.split_once("</value>").unwrap();
            format!("{before}<key>{key}</key><value>{value}</value>{after}")
        })
        .operation("GetAccountSummary"),
    );
}

#[test]
fn what_has_no_room_in_the_account_is_refused_before_the_first_call() {
    let world = World::new();
    tell(&world, "UsersQuota", 2);
    world.iamctl(&["apply", "--yes"]).expect(4).says(&[
        "the account would have 3 users, and its quota is 2: there are 0, 3 would be made and 0 deleted",
        "help: delete users that nobody needs",
    ]);
    assert_eq!(world.iam_writes(), [""; 0]);
}

#[test]
fn what_is_full_is_emptied_before_it_is_filled() {
    let world = World::founded();
    tell(&world, "UsersQuota", 3);
    world.let_carol_go();
    world.edit("  bob: {}\n", "  bob: {}\n  dora: {}\n");
    world
        .iamctl(&["apply", "--yes"])
        .expect(0)
        .says(&["users are deleted before others are made, because the account has room for 3"]);
    let writes = world.iam_writes();
    let at = |call: &str| writes.iter().position(|made| made == call).unwrap();
    assert!(at("iam DeleteUser carol") < at("iam CreateUser dora"), "{writes:#?}");
    world.expect_no_change();
}

#[test]
fn a_trust_policy_that_is_longer_than_it_may_be_is_refused_before_the_first_call() {
    let world = World::new();
    tell(&world, "AssumeRolePolicySizeQuota", 100);
    world
        .iamctl(&["apply", "--yes"])
        .expect(4)
        .says(&["the trust policy of role/engineer has", "and the account's quota is 100"]);
    assert_eq!(world.iam_writes(), [""; 0]);
}

#[test]
fn quotas_that_may_not_be_read_refuse_nothing() {
    let world = World::new();
    let denied = world.proxy.inject(Fault::access_denied().operation("GetAccountSummary"));
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(denied.hits(), 2);
    world.expect_no_change();
    assert_eq!(denied.hits(), 2, "nothing is made, so there is nothing to ask");
}
