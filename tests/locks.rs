//! One run at a time.

use fault_proxy::Fault;
use serde_json::json;

use crate::support::World;

const NOBODY: &str = "20200101T000000Z-aaaaaaaa";

#[test]
fn while_one_run_holds_the_lock_another_is_told_who_it_is_and_changes_nothing() {
    let world = World::founded();
    world.edit("  carol: {}", "  carol: {}\n  dave: {}");
    let held = world.proxy.inject(Fault::hold().operation("CreateUser"));
    let first = world.start(&["apply", "--yes"]);
    assert!(held.wait_for_hits(1, std::time::Duration::from_secs(60)));
    let lock = world.iamctl(&["unlock", "--format", "json"]).expect(0).json();
    let run = lock["lock"]["run"].as_str().unwrap().to_owned();
    let writes = world.writes().len();

    let second = world.iamctl(&["apply", "--yes"]).expect(5);
    second.says(&[
        &format!("the lock is held by run {run} of arn:aws:sts::{}:assumed-role/tester/test", world.account),
        "by `iamctl apply --yes`",
        &format!("iamctl unlock {run}"),
    ]);
    world.iamctl(&["unlock"]).expect(0).says(&[
        &format!("The lock is held by run {run}"),
        "iamctl apply --yes (iamctl",
        &format!("iamctl unlock {run}"),
    ]);
    world.iamctl(&["runs", "list"]).expect(0).says(&[&run, "running, or killed and still holding the lock"]);
    world.iamctl(&["unlock", NOBODY]).expect(5).says(&["held by another run", &run]);
    // The first one goes on with its record.
    let of_first = |call: &&String| call.contains(&format!("/runs/{run}/"));
    let tried: Vec<String> =
        world.writes().into_iter().skip(writes).filter(|call| !of_first(&call)).collect();
    assert_eq!(tried, [format!("s3 PutObject {}lock.json", world.root())], "only the lock was tried for");

    held.release();
    first.finish().expect(0);
    world.expect_no_change();
}

#[test]
fn the_lock_of_a_killed_run_is_broken_with_its_id_and_with_no_other() {
    let world = World::new();
    let held = world.proxy.inject(Fault::hold().operation("CreateRole"));
    let run = world.start(&["apply", "--yes"]);
    assert!(held.wait_for_hits(1, std::time::Duration::from_secs(60)));
    run.kill();
    held.remove();
    let lock = world.iamctl(&["unlock", "--format", "json"]).expect(0).json();
    let id = lock["lock"]["run"].as_str().unwrap();

    world.iamctl(&["apply", "--yes"]).expect(5).says(&[&format!("iamctl unlock {id}")]);
    world.iamctl(&["unlock", NOBODY]).expect(5).says(&["the lock was not broken", id]);
    assert_eq!(world.iamctl(&["unlock", "--format", "json"]).expect(0).json(), lock, "it is still there");
    world.iamctl(&["unlock", id]).expect(0).says(&[&format!("The lock of run {id} is broken.")]);
    assert_eq!(world.iamctl(&["unlock", "--format", "json"]).expect(0).json(), json!({"lock": null}));
    world.iamctl(&["unlock", id]).expect(1).says(&["nobody holds the lock"]);
    world.iamctl(&["unlock"]).expect(0).says(&["Nobody holds the lock."]);
}

#[test]
fn of_two_runs_that_want_the_lock_at_the_same_moment_one_gets_it() {
    let world = World::new();
    let lock = format!("{}lock.json", world.root());
    let held = world.proxy.inject(Fault::hold().operation("PutObject").target(lock));
    let runs = [world.start(&["apply", "--yes"]), world.start(&["apply", "--yes"])];
    assert!(held.wait_for_hits(2, std::time::Duration::from_secs(60)));
    held.release();

    let mut codes = runs.map(|run| run.finish().code());
    codes.sort();
    assert!(codes == [Some(0), Some(5)] || codes == [Some(0), Some(4)], "{codes:?}");
    let mut writes = world.iam_writes();
    writes.sort();
    assert_eq!(writes.len(), 8, "{writes:#?}");
    let listed = world.iamctl(&["runs", "list", "--format", "json"]).expect(0).json();
    assert_eq!(listed["runs"].as_array().unwrap().len(), 1);
    world.expect_no_change();
}

#[test]
fn a_lock_that_was_broken_while_its_run_went_on_stops_that_run() {
    let world = World::founded();
    world.edit("  carol: {}", "  carol: {}\n  dave: {}");
    let opened = world.proxy.inject(
        Fault::hold_reply().operation("PutObject").when(|call| call.target.ends_with("/opened.json")),
    );
    let run = world.start(&["apply", "--yes"]);
    assert!(opened.wait_for_hits(1, std::time::Duration::from_secs(60)));
    let lock = world.iamctl(&["unlock", "--format", "json"]).expect(0).json();
    world.iamctl(&["unlock", lock["lock"]["run"].as_str().unwrap()]).expect(0);
    opened.release();

    run.finish().expect(1).says(&["the lock was lost", "CreateUser user/dave"]);

    assert_eq!(world.iam_writes(), [""; 0]);
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), ["iam CreateUser dave"]);
    world.expect_no_change();
}
