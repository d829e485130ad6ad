//! A manifest that gets another name: what it manages goes with it, whatever happens meanwhile.

use std::time::Duration;

use fault_proxy::{Call, Fault};
use serde_json::json;

use crate::support::World;

/// The founding case, applied as `acme-prod`; its manifest is called `acme` from now on.
fn renamed() -> World {
    let world = World::founded();
    world.edit("name: acme-prod", "name: acme\nrenamed_from: acme-prod");
    world.proxy.clear();
    world
}

fn key(world: &World, name: &str, rest: &str) -> String {
    world.root().replace("/acme-prod/", &format!("/{name}/")) + rest
}

#[test]
fn a_manifest_with_another_name_goes_on_with_what_it_manages() {
    let world = renamed();
    let plan = world.iamctl(&["plan", "--format", "json"]).expect(0).json();
    assert_eq!((&plan["steps"], &plan["refusals"]), (&json!([]), &json!([])));
    let [change] = plan["changes"].as_array().unwrap().as_slice() else { panic!("{plan}") };
    assert_eq!((&change["address"], &change["action"]), (&json!("master_copy"), &json!("update")));
    world.iamctl(&["plan"]).expect(0).says(&["~ master_copy", "what it manages is taken over"]);
    // A plan changes nothing.
    assert_eq!(world.writes(), [] as [&str; 0]);

    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [] as [&str; 0]);
    let bucket = world.bucket();
    let head = world.aws().json(&bucket, &key(&world, "acme", "head.json"));
    assert_eq!((&head["manifest"], &head["formerly"]), (&json!("acme"), &json!(["acme-prod"])));
    let old = world.aws().json(&bucket, &key(&world, "acme-prod", "head.json"));
    assert_eq!((&old["moved"]["to"], &old["moved"]["by"]), (&json!("acme"), &head["run"]));
    for name in ["acme", "acme-prod"] {
        assert!(!world.aws().has(&bucket, &key(&world, name, "lock.json")));
    }
    // The word can stay, and go.
    world.expect_no_change();
    world.edit("\nrenamed_from: acme-prod", "");
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.expect_no_change();
    // The runs of both names are told together.
    let runs = world.iamctl(&["runs", "list", "--format", "json"]).expect(0).json();
    let runs = runs["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 3, "{runs:?}");
    let first = runs[2]["run"].as_str().unwrap();
    world.iamctl(&["runs", "show", first]).expect(0).says(&["CreateRole", "acme-prod"]);
    // What it manages, it changes and deletes.
    world.let_carol_go();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.aws().users(), ["alice", "bob"]);
    world.expect_no_change();
}

#[test]
fn nothing_is_done_under_the_old_name_any_more() {
    let world = renamed();
    let old =
        world.read("desired-state.yaml").replace("name: acme\nrenamed_from: acme-prod", "name: acme-prod");
    world.write("old.yaml", &old);
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.proxy.clear();
    for verb in [&["plan"][..], &["apply", "--yes"], &["drift"]] {
        world
            .iamctl(&[verb, &["-f", "old.yaml"]].concat())
            .expect(4)
            .says(&["the manifest `acme-prod` is called `acme` now", "under `name:`"]);
    }
    assert_eq!(world.writes(), [] as [&str; 0]);
    // A third one is told whose things these are.
    let text = old.replace("name: acme-prod", "name: third").replace("alice: {}", "alice: {adopt: true}");
    world.write("third.yaml", &text);
    world
        .iamctl(&["plan", "-f", "third.yaml"])
        .expect(4)
        .says(&["user/alice is managed by the manifest `acme`"]);
}

#[test]
fn what_cannot_be_taken_over_is_told_with_what_to_do() {
    let world = World::founded();
    world.edit("name: acme-prod", "name: acme\nrenamed_from: acme-dev");
    world.iamctl(&["plan"]).expect(4).says(&[
        "`renamed_from: acme-dev`: no manifest of that name was ever applied here",
        "correct the name; or remove `renamed_from`",
    ]);
    let text = world.read("desired-state.yaml");
    let (head, _) = text.split_once("\npolicies:\n").unwrap();
    let head = head.replace("\nrenamed_from: acme-dev", "");
    world.write("desired-state.yaml", &format!("{head}\nusers: {{dave: {{}}}}\n"));
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.edit("name: acme", "name: acme\nrenamed_from: acme-prod");
    world
        .iamctl(&["apply", "--yes"])
        .expect(4)
        .says(&["the manifests `acme-prod` and `acme` were both applied", "list under `forget:`"]);
}

#[test]
fn a_run_of_the_old_name_keeps_the_new_one_out() {
    let world = World::founded();
    let text = world.read("desired-state.yaml");
    world.edit("  carol: {}", "  carol: {}\n  dave: {}");
    let held = world.proxy.inject(Fault::hold().operation("CreateUser"));
    let old = world.start(&["apply", "--yes"]);
    assert!(held.wait_for_hits(1, Duration::from_secs(60)));
    let renamed = text.replace("name: acme-prod", "name: acme\nrenamed_from: acme-prod");
    world.write("new.yaml", &renamed);
    world.iamctl(&["apply", "--yes", "-f", "new.yaml"]).expect(5).says(&["the lock is held by run"]);
    assert!(!world.aws().has(&world.bucket(), &key(&world, "acme", "lock.json")));
    held.release();
    old.finish().expect(0);
    world.expect_no_change();
}

#[test]
fn killed_while_it_is_renamed_it_is_finished_by_the_next_run() {
    for (moment, fault) in [
        (
            "the record is not open",
            Fault::hold().operation("PutObject").when(|call: &Call| call.target.ends_with("/opened.json")),
        ),
        (
            "the old head is not marked",
            Fault::hold().when(|call: &Call| is_put(call, "/acme-prod/head.json")),
        ),
        (
            "that the old head is marked is not told",
            Fault::hold_reply().when(|call: &Call| is_put(call, "/acme-prod/head.json")),
        ),
        ("a user is made", Fault::hold_reply().operation("CreateUser")),
        ("the new head is not written", Fault::hold().when(|call: &Call| is_put(call, "/acme/head.json"))),
        ("the locks are not released", Fault::hold().operation("DeleteObject")),
    ] {
        let world = renamed();
        world.edit("  carol: {}", "  carol: {}\n  dave: {}");
        let held = world.proxy.inject(fault);
        let run = world.start(&["apply", "--yes"]);
        assert!(held.wait_for_hits(1, Duration::from_secs(60)), "{moment}");
        run.kill();
        held.remove();
        let lock = world.iamctl(&["unlock", "--format", "json"]).expect(0).json();
        let id = lock["lock"]["run"].as_str().unwrap().to_owned();
        world.iamctl(&["apply", "--yes"]).code();
        world.iamctl(&["unlock", &id]).expect(0);
        for name in ["acme", "acme-prod"] {
            assert!(!world.aws().has(&world.bucket(), &key(&world, name, "lock.json")), "{moment}: {name}");
        }
        world.iamctl(&["apply", "--yes"]).expect(0);
        assert_eq!(world.aws().users(), ["alice", "bob", "carol", "dave"], "{moment}");
        assert_eq!(world.calls(|call: &Call| call.operation == "CreateUser").len(), 1, "{moment}");
        world.expect_no_change();
    }
}

fn is_put(call: &Call, end: &str) -> bool {
    call.operation == "PutObject" && call.target.ends_with(end)
}
