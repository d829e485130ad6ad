//! Runs that do not come to their end: Ctrl-C, and `kill -9` at moments of every kind.

use std::collections::BTreeMap;
use std::time::Duration;

use fault_proxy::{Call, Fault, Injected, Service};
use jiff::{SignedDuration, Timestamp};
use rustix::process::Signal;
use serde_json::json;

use crate::support::World;

const LONG: Duration = Duration::from_secs(60);

#[test]
fn ctrl_c_finishes_what_is_in_flight_closes_the_record_and_the_next_run_goes_on_from_there() {
    is_stopped_in_good_order_by(Signal::INT);
}

#[test]
fn a_pipeline_that_is_cancelled_ends_as_well() {
    is_stopped_in_good_order_by(Signal::TERM);
}

fn is_stopped_in_good_order_by(signal: Signal) {
    let world = World::new();
    let held = world.proxy.inject(Fault::hold().operation("AttachRolePolicy").nth(1));
    let run = world.start(&["apply", "--yes"]);
    assert!(held.wait_for_hits(1, LONG));
    run.signal(signal);
    run.wait_until_it_says("interrupted: finishing what is in flight");
    held.release();

    run.finish().expect(130).says(&[
        "Not tried, because the run was stopped: AttachRolePolicy s3-read-ec2-full to role/engineer",
        "Interrupted: 7 done, 0 failed, 1 not tried.",
        "run `iamctl plan` to see what is left",
    ]);

    let listed = world.iamctl(&["runs", "list", "--format", "json"]).expect(0).json();
    assert_eq!(listed["runs"][0]["result"], "interrupted");
    assert_eq!(listed["runs"][0]["counts"], json!({"done": 7, "failed": 0, "not_tried": 1}));
    assert_eq!(world.aws().policies_of_role("engineer"), ["deny-user-creation"], "never the Allow alone");
    assert_eq!(world.lock_holder(), None);
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), ["iam AttachRolePolicy engineer"]);
    world.expect_no_change();
}

#[test]
fn ctrl_c_while_the_account_is_read_under_the_lock_leaves_no_lock() {
    let world = World::new();
    // The second one: the first plan is made without the lock.
    let held = world.proxy.inject(Fault::hold().operation("ListRoles").nth(2));
    let run = world.start(&["apply", "--yes"]);
    assert!(held.wait_for_hits(1, LONG));
    run.signal(Signal::INT);
    run.wait_until_it_says("interrupted: finishing what is in flight");
    held.release();

    run.finish().expect(130);

    assert_eq!(world.iam_writes(), [""; 0]);
    assert_eq!(world.lock_holder(), None);
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.expect_no_change();
}

#[test]
fn a_second_ctrl_c_ends_at_once_and_loses_nothing() {
    let world = World::new();
    let held = world.proxy.inject(Fault::hold_reply().operation("CreateRole"));
    let run = world.start(&["apply", "--yes"]);
    assert!(world.proxy.wait_for(LONG, |call| is_done(call, "CreateRole")).is_some());
    run.signal(Signal::INT);
    run.wait_until_it_says("press Ctrl-C again to end at once");
    run.signal(Signal::INT);
    run.finish().expect(130);
    held.remove();

    go_on_after_the_kill(&world);
}

#[test]
fn killed_while_it_makes_the_bucket_or_opens_the_record() {
    for (moment, fault) in [
        ("the bucket is there and nothing knows of it", Fault::hold_reply().operation("CreateBucket")),
        ("the bucket is half made", Fault::hold().operation("PutBucketVersioning")),
        ("the lock is held", at_key(Fault::hold_reply(), "lock.json")),
        ("the manifest is stored", at_key(Fault::hold_reply(), "/manifests/")),
        ("the record is open", at_key(Fault::hold_reply(), "/opened.json")),
    ] {
        let world = World::new();
        kill_at(&world, moment, fault);
        assert_eq!(world.iam_writes(), [""; 0], "{moment}");
        go_on_after_the_kill(&world);
    }
}

#[test]
fn killed_between_the_calls_to_iam() {
    for (moment, fault) in [
        ("a user is asked for", Fault::hold().operation("CreateUser").target("bob")),
        ("a user is made", Fault::hold_reply().operation("CreateUser").target("bob")),
        ("a policy is made", Fault::hold_reply().operation("CreatePolicy").target("deny-user-creation")),
        ("the role is made", Fault::hold_reply().operation("CreateRole")),
        ("one of two policies is attached", Fault::hold_reply().operation("AttachRolePolicy").nth(1)),
        ("both policies are attached", Fault::hold_reply().operation("AttachRolePolicy").nth(2)),
    ] {
        let world = World::new();
        kill_at(&world, moment, fault);
        go_on_after_the_kill(&world);
    }
}

#[test]
fn killed_while_it_closes() {
    for (moment, fault) in [
        ("the record is not closed", at_key(Fault::hold(), "/closed.json")),
        ("the record is closed", at_key(Fault::hold_reply(), "/closed.json")),
        ("the state is written", at_key(Fault::hold_reply(), "/states/")),
        ("the head is written", at_key(Fault::hold_reply(), "head.json")),
        ("the lock is not released", Fault::hold().operation("DeleteObject")),
        ("the lock is released", Fault::hold_reply().operation("DeleteObject")),
    ] {
        let world = World::new();
        kill_at(&world, moment, fault);
        go_on_after_the_kill(&world);
    }
}

#[test]
fn a_change_that_was_killed_half_way_is_finished_and_not_made_twice() {
    let world = World::founded();
    world.let_carol_go();
    world.edit("  bob: {}", "  bob: {}\n  dave: {}");
    world.edit(r#"Action: "ec2:*""#, r#"Action: ["ec2:*", "cloudwatch:Get*"]"#);
    kill_at(&world, "carol is deleted", Fault::hold_reply().operation("DeleteUser"));
    break_the_lock(&world);

    world.iamctl(&["apply", "--yes"]).expect(0);

    let aws = world.aws();
    assert_eq!(aws.users(), ["alice", "bob", "dave"]);
    assert_eq!(aws.documents("s3-read-ec2-full").len(), 2, "one new version and not two");
    expect_each_call_once(&world);
    world.expect_no_change();
}

#[test]
fn what_a_killed_run_made_is_known_as_ours_whatever_the_two_clocks_say() {
    // AWS tells dates in whole seconds, and no two clocks agree.
    for behind in [0, 120] {
        let world = World::new();
        let clock = move |answer: &str| dated(answer, |date| date - SignedDuration::from_secs(behind));
        kill_at(&world, "a user is made", Fault::hold_reply().operation("CreateUser").target("bob"));
        world.proxy.inject(Fault::rewrite(clock).service(Service::Iam));
        go_on_after_the_kill(&world);
    }
}

/// Another answer of IAM, in which all dates of creation are changed and in whole seconds.
fn dated(answer: &str, change: impl Fn(Timestamp) -> Timestamp) -> String {
    let mut parts = answer.split("<CreateDate>");
    let mut changed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (date, rest) = part.split_once("</CreateDate>").unwrap();
        let date = change(date.parse().unwrap());
        changed +=
            &format!("<CreateDate>{}</CreateDate>{rest}", Timestamp::from_second(date.as_second()).unwrap());
    }
    changed
}

/// Runs an apply up to a request that is never answered, and kills it there.
fn kill_at(world: &World, moment: &str, fault: Fault) {
    let held = world.proxy.inject(fault);
    let run = world.start(&["apply", "--yes"]);
    assert!(held.wait_for_hits(1, LONG), "{moment}: never came");
    settle(world, &held);
    run.kill();
    held.remove();
}

/// Waits until everything that was sent has been carried out, but for the request that is held back.
fn settle(world: &World, held: &Injected) {
    let in_flight = |call: &Call| call.upstream_status.is_none();
    let start = std::time::Instant::now();
    while world.proxy.count(in_flight) > held.hits() && start.elapsed() < LONG {
        std::thread::sleep(Duration::from_millis(2));
    }
    // The one that is held may be on its way as well, if only its answer is.
    std::thread::sleep(Duration::from_millis(50));
}

/// What a person does then: break the lock if there is one, look, and apply again.
fn go_on_after_the_kill(world: &World) {
    break_the_lock(world);
    world.iamctl(&["plan"]).expect(0);
    world.iamctl(&["apply", "--yes"]).expect(0);

    let aws = world.aws();
    assert_eq!(aws.users(), ["alice", "bob", "carol"]);
    assert_eq!(aws.policies(), ["deny-user-creation", "s3-read-ec2-full"]);
    assert_eq!(aws.policies_of_role("engineer"), ["deny-user-creation", "s3-read-ec2-full"]);
    expect_each_call_once(world);
    assert_eq!(world.lock_holder(), None);
    world.expect_no_change();
}

fn break_the_lock(world: &World) {
    if let Some(run) = world.lock_holder() {
        world.iamctl(&["unlock", &run]).expect(0);
    }
}

/// Over all runs, no call was carried out twice.
#[track_caller]
fn expect_each_call_once(world: &World) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for call in world.proxy.calls() {
        if call.service == Service::Iam && call.is_write() && call.upstream_status == Some(200) {
            *counts.entry(format!("{call} {}", call.param("PolicyArn"))).or_default() += 1;
        }
    }
    assert!(counts.values().all(|count| *count == 1), "{counts:#?}");
}

fn at_key(fault: Fault, part: &'static str) -> Fault {
    fault.operation("PutObject").when(move |call| call.target.contains(part)).times(1)
}

fn is_done(call: &Call, operation: &str) -> bool {
    call.operation == operation && call.upstream_status == Some(200)
}
