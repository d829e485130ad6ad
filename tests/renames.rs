//! Users and groups that get another name: AWS renames them in place.

use std::time::Duration;

use fault_proxy::Fault;
use serde_json::json;

use crate::support::World;

const SECTIONS: &str = r#"
policies:
  read: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:Get*", Resource: "*"}]}}
groups:
  staff: {policies: [read]}
users:
  robert: {groups: [staff], policies: [read]}
  carol: {groups: [staff]}
"#;

fn managed() -> World {
    let world = World::new();
    world.manage(SECTIONS);
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.proxy.clear();
    world
}

#[test]
fn a_user_and_a_group_get_other_names_by_one_call_each() {
    let world = managed();
    let id = world.aws().user_ids()["robert"].clone();
    world.edit("  robert: {", "  bob: {renamed_from: robert, path: /people/, ");
    world.edit("  staff: {", "  crew: {renamed_from: staff, ");
    world.edit_all("[staff]", "[crew]");
    world.iamctl(&["plan"]).expect(0).says(&[
        "~ group/crew name staff -> crew",
        "~ user/bob name robert -> bob path / -> /people/",
        "2 to update. 2 calls to IAM.",
    ]);
    let plan = world.iamctl(&["plan", "--format", "json"]).expect(0).json();
    let rename = json!({"UserName": "robert", "NewUserName": "bob", "NewPath": "/people/"});
    assert!(plan["steps"].as_array().unwrap().iter().any(|step| step["params"] == rename), "{plan:#}");

    world.iamctl(&["apply", "--yes"]).expect(0);
    let mut writes = world.iam_writes();
    writes.sort();
    assert_eq!(writes, ["iam UpdateGroup staff", "iam UpdateUser robert"]);
    assert_eq!(world.aws().user_ids()["bob"], id);
    assert_eq!(world.aws().users(), ["bob", "carol"]);
    world.expect_no_change();

    // Once it is done, it can go.
    world.edit("renamed_from: robert, ", "");
    world.edit("renamed_from: staff, ", "");
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [""; 0]);
    world.expect_no_change();
}

#[test]
fn a_rename_whose_answer_was_lost_is_done_once() {
    let world = managed();
    world.edit("  robert: {", "  bob: {renamed_from: robert, ");
    let lost = world.proxy.inject(Fault::lose_reply().operation("UpdateUser").times(1));
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(lost.hits(), 1);
    assert_eq!(world.aws().users(), ["bob", "carol"]);
    world.expect_no_change();
}

#[test]
fn a_run_that_is_killed_after_a_rename_leaves_nothing_to_rename() {
    let world = managed();
    world.edit("  robert: {groups: [staff], policies: [read]}", "  bob: {renamed_from: robert}");
    let held = world.proxy.inject(Fault::hold_reply().operation("UpdateUser"));
    let run = world.start(&["apply", "--yes"]);
    assert!(held.wait_for_hits(1, Duration::from_secs(60)));
    while !world.aws().users().contains(&"bob".to_owned()) {
        std::thread::sleep(Duration::from_millis(10));
    }
    run.kill();
    held.remove();
    world.iamctl(&["unlock", &world.lock_holder().unwrap()]).expect(0);
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    let mut writes = world.iam_writes();
    writes.sort();
    assert_eq!(writes, ["iam DetachUserPolicy bob", "iam RemoveUserFromGroup bob"]);
    world.expect_no_change();
}

#[test]
fn a_name_that_is_taken_refuses() {
    let world = managed();
    world.edit("  robert: {groups: [staff], policies: [read]}\n", "");
    world.edit("  carol: {", "  carol: {renamed_from: robert, ");
    world.iamctl(&["apply", "--yes"]).expect(4).says(&[
        "user/robert would become user/carol, and both are in the account",
        "help: take out `renamed_from`",
    ]);
    assert_eq!(world.iam_writes(), [""; 0]);
}
