//! Things that AWS cannot move to another path: they are deleted and made again.

use std::time::Duration;

use fault_proxy::{Fault, Service};
use serde_json::json;

use crate::support::World;

/// A role with policies that allow and deny, another one that trusts it, and an instance profile that holds it.
const SECTIONS: &str = r#"
policies:
  work: {path: /w/, document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}}
  not-iam: {document: {Version: "2012-10-17", Statement: [{Effect: Deny, Action: "iam:*", Resource: "*"}]}}
roles:
  worker: {path: /w/, trust: [{services: [ec2.amazonaws.com]}], policies: [work, not-iam], tags: {team: a}}
  boss: {trust: [{roles: [worker]}]}
instance_profiles:
  web: {role: worker}
"#;

fn managed() -> World {
    let world = World::new();
    world.manage(SECTIONS);
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.proxy.clear();
    world
}

fn position(calls: &[String], call: &str) -> usize {
    let at = calls.iter().position(|made| made == call);
    at.unwrap_or_else(|| panic!("{call} is not in {calls:#?}"))
}

#[test]
fn a_role_is_replaced_only_when_that_is_allowed_and_who_trusts_it_trusts_the_new_one() {
    let world = managed();
    world.edit("  worker: {path: /w/", "  worker: {path: /new/");
    world.iamctl(&["plan"]).expect(4).says(&[
        "warning: role/worker is deleted and made again: its sessions end",
        "refused: role/worker would be deleted and made again: its path is `/w/`",
        "or pass `--allow replace`",
    ]);
    world.iamctl(&["apply", "--yes"]).expect(4);
    world.iamctl(&["plan", "--allow", "replace", "--deny", "momentary-gap"]).expect(4).says(&["Refused"]);
    assert_eq!(world.iam_writes(), [""; 0]);

    let plan = world.iamctl(&["plan", "--allow", "replace"]).expect(0).says(&[
        "± role/worker is deleted and made again",
        "path /w/ -> /new/",
        "1 to update, 1 to replace. 9 calls to IAM.",
    ]);
    assert!(!plan.out.contains("Refused"), "{}", plan.out);
    world.iamctl(&["apply", "--yes", "--allow", "replace"]).expect(0);
    let writes = world.iam_writes();
    // What is taken from the old one may be taken in any order.
    for taken in ["iam RemoveRoleFromInstanceProfile web", "iam DetachRolePolicy worker"] {
        let order =
            [taken, "iam DeleteRole worker", "iam CreateRole worker", "iam AddRoleToInstanceProfile web"];
        let positions: Vec<usize> = order.iter().map(|call| position(&writes, call)).collect();
        assert!(positions.is_sorted(), "{writes:#?}");
    }
    assert!(
        position(&writes, "iam CreateRole worker") < position(&writes, "iam UpdateAssumeRolePolicy boss")
    );
    assert_eq!(writes.len(), 9, "{writes:#?}");
    let arn = format!("arn:aws:iam::{}:role/new/worker", world.account);
    assert_eq!(world.aws().trust("boss")["Statement"][0]["Principal"]["AWS"], json!(arn));
    assert_eq!(world.aws().policies_of_role("worker"), ["not-iam", "work"]);
    world.expect_no_change();
}

#[test]
fn a_policy_is_replaced_under_those_that_hold_it() {
    let world = managed();
    world.edit("  work: {path: /w/", "  work: {path: /new/");
    world.iamctl(&["apply", "--yes", "--allow", "replace"]).expect(0);
    assert_eq!(
        world.iam_writes(),
        [
            "iam DetachRolePolicy worker",
            &format!("iam DeletePolicy arn:aws:iam::{}:policy/w/work", world.account),
            "iam CreatePolicy work",
            "iam AttachRolePolicy worker"
        ]
    );
    assert_eq!(world.aws().policies_of_role("worker"), ["not-iam", "work"]);
    world.expect_no_change();
}

#[test]
fn what_could_not_be_made_again_is_made_by_the_next_run() {
    let world = managed();
    world.edit("  worker: {path: /w/", "  worker: {path: /new/");
    let denied = world.proxy.inject(Fault::access_denied().operation("CreateRole"));
    world.iamctl(&["apply", "--yes", "--allow", "replace"]).expect(1);
    denied.remove();
    assert_eq!(world.aws().roles(), ["boss"]);
    finished_by_the_next_run(&world);
}

#[test]
fn a_run_that_is_killed_in_between_is_finished_by_the_next() {
    let world = managed();
    world.edit("  worker: {path: /w/", "  worker: {path: /new/");
    let held = world.proxy.inject(Fault::hold().operation("CreateRole"));
    let run = world.start(&["apply", "--yes", "--allow", "replace"]);
    assert!(held.wait_for_hits(1, Duration::from_secs(60)));
    run.kill();
    held.remove();
    assert_eq!(world.aws().roles(), ["boss"]);
    let holder = world.lock_holder().unwrap();
    world.iamctl(&["unlock", &holder]).expect(0);
    finished_by_the_next_run(&world);
}

/// Nothing is left to replace, so nothing has to be allowed.
fn finished_by_the_next_run(world: &World) {
    let plan =
        world.iamctl(&["plan"]).expect(0).says(&["+ role/worker", "path /new/", "2 to update. 5 calls"]);
    assert!(!plan.out.contains("in the account, "), "{}", plan.out);
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.aws().policies_of_role("worker"), ["not-iam", "work"]);
    assert!(world.aws().instance_profiles().contains(&("web".to_owned(), Some("worker".to_owned()))));
    world.expect_no_change();
}

/// Whichever of its calls fails, or is the last one before the run is killed.
#[test]
fn a_replacement_is_finished_by_the_next_run_wherever_it_came_to_grief() {
    for (is_killed, call) in [false, true].into_iter().flat_map(|it| (1..=9).map(move |call| (it, call))) {
        let world = managed();
        world.edit("  worker: {path: /w/", "  worker: {path: /new/");
        let struck = if is_killed { Fault::hold() } else { Fault::access_denied() };
        let struck = struck.when(|call| call.service == Service::Iam && call.is_write()).nth(call);
        let struck = world.proxy.inject(struck);
        let apply = ["apply", "--yes", "--allow", "replace"];
        if is_killed {
            let run = world.start(&apply);
            assert!(struck.wait_for_hits(1, Duration::from_secs(60)), "call {call}");
            run.kill();
            world.iamctl(&["unlock", &world.lock_holder().unwrap()]).expect(0);
        } else {
            world.iamctl(&apply).expect(1);
            assert_eq!(struck.hits(), 1, "call {call}");
        }
        struck.remove();
        world.iamctl(&apply).expect(0);
        assert_eq!(world.aws().policies_of_role("worker"), ["not-iam", "work"], "call {call}");
        let arn = format!("arn:aws:iam::{}:role/new/worker", world.account);
        assert_eq!(world.aws().trust("boss")["Statement"][0]["Principal"]["AWS"], json!(arn), "call {call}");
        assert!(world.aws().instance_profiles().contains(&("web".to_owned(), Some("worker".to_owned()))));
        world.expect_no_change();
    }
}

#[test]
fn a_name_that_is_still_taken_right_after_the_delete_is_waited_for() {
    let world = managed();
    world.edit("  worker: {path: /w/", "  worker: {path: /new/");
    let taken = Fault::error(409, "EntityAlreadyExists", "Role with name worker already exists.");
    let taken = world.proxy.inject(taken.operation("CreateRole").times(2));
    world.iamctl(&["apply", "--yes", "--allow", "replace"]).expect(0);
    assert_eq!(taken.hits(), 2);
    world.expect_no_change();
}
