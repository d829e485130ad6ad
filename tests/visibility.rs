//! Right after a run IAM's lists may lack what was made. Nothing is concluded from that.

use fault_proxy::Fault;
use serde_json::json;

use crate::support::{World, run};

/// IAM's list of everything, without a user who holds nothing.
fn without(user: &'static str) -> Fault {
    let hide = move |body: &str| {
        let name = format!("<UserName>{user}</UserName>");
        let Some((before, after)) = body.split_once(&name) else { return body.to_owned() };
        let (before, _) = before.rsplit_once("<member>").unwrap();
        let (_, after) = after.split_once("</member>").unwrap();
        format!("{before}{after}")
    };
    Fault::rewrite(hide).operation("GetAccountAuthorizationDetails")
}

#[test]
fn who_is_not_listed_yet_is_neither_forgotten_nor_made_again() {
    let world = World::founded();
    let ids = world.aws().user_ids();
    let hidden = world.proxy.inject(without("carol"));
    for verb in [&["plan"][..], &["drift"], &["apply", "--yes"]] {
        world.iamctl(verb).expect(4).says(&["user/carol is not yet visible", "run it again in a minute"]);
    }
    let manifest = world.read("desired-state.yaml");
    world.let_carol_go();
    world.iamctl(&["apply", "--yes"]).expect(4).says(&["user/carol is not yet visible"]);
    assert_eq!(world.writes(), [""; 0]);
    assert_eq!(world.aws().user_ids(), ids);

    hidden.remove();
    world.write("desired-state.yaml", &manifest);
    world.expect_no_change();
    world.let_carol_go();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert!(!world.aws().users().contains(&"carol".to_owned()));
}

#[test]
fn what_shows_after_a_moment_is_waited_for() {
    let world = World::founded();
    let patiently = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("IAMCTL_CATCH_UP", "2");
        run(command)
    };
    world.proxy.inject(without("carol").times(2));
    let plan = patiently(&["plan", "--detailed-exitcode", "--format", "json"]);
    assert_eq!(plan.expect(0).json()["changes"], json!([]));
    assert_eq!(world.calls(|call| call.operation == "GetAccountAuthorizationDetails").len(), 3);
    assert_eq!(world.calls(|call| call.operation == "GetUser"), [""; 0]);
}

#[test]
fn who_was_deleted_right_after_a_run_is_asked_for_once_and_made_again() {
    let world = World::founded();
    world.aws().delete_user("bob");
    world.iamctl(&["plan"]).expect(0).says(&["user/bob", "was deleted in the account"]);
    assert_eq!(world.calls(|call| call.operation == "GetUser"), ["iam GetUser bob"]);
}

#[test]
fn the_patience_must_be_a_number() {
    let world = World::new();
    let mut command = world.command(&["plan"]);
    command.env("IAMCTL_CATCH_UP", "soon");
    run(command).expect(64).says(&["IAMCTL_CATCH_UP is `soon`", "a whole number of seconds"]);
    assert_eq!(world.calls(|_| true), [""; 0]);
}
