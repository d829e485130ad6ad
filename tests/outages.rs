//! AWS is slow, broken, or not there; answers get lost.

use std::net::TcpListener;

use fault_proxy::{Call, Fault, REQUEST_ID};

use crate::support::World;

#[test]
fn nobody_there_is_said_with_the_address_that_was_tried() {
    let world = World::new();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{nobody}");
    world.iamctl(&["plan", "--endpoint-url", &endpoint]).expect(1).says(&[
        &format!("no answer from {endpoint}: Connection refused"),
        &format!("see whether something answers at {endpoint}"),
    ]);
}

#[test]
fn throttling_is_waited_out_and_the_wait_is_told() {
    let world = World::new();
    let throttled = [
        world.proxy.inject(Fault::throttling().operation("GetAccountAuthorizationDetails").times(1)),
        world.proxy.inject(Fault::throttling().operation("CreateUser").target("alice").times(1)),
        world.proxy.inject(Fault::throttling().operation("AttachRolePolicy").times(1)),
        world.proxy.inject(
            Fault::throttling()
                .operation("PutObject")
                .when(|call| call.target.ends_with("head.json"))
                .times(1),
        ),
    ];
    world.iamctl(&["apply", "--yes"]).expect(0).says(&[
        "CreateUser user/alice: Throttling: Rate exceeded; attempt 2 in",
        "AWS asks for fewer requests: waiting",
    ]);
    assert!(throttled.iter().all(|fault| fault.hits() == 1));
    assert_eq!(world.aws().users(), ["alice", "bob", "carol"]);
    world.expect_no_change();
}

#[test]
fn throttling_that_does_not_end_asks_for_patience() {
    let world = World::new();
    world.proxy.inject(Fault::throttling().operation("ListRoles"));
    world.impatient(&["plan"]).expect(1).says(&[
        "iam:ListRoles failed: Throttling: Rate exceeded",
        "AWS asks for patience: try again in some minutes",
    ]);
}

#[test]
fn a_service_that_fails_once_is_asked_again() {
    let world = World::new();
    for fault in [
        Fault::service_failure().operation("ListRoles"),
        Fault::unavailable().operation("GetCallerIdentity"),
        Fault::service_failure().operation("CreatePolicy"),
        Fault::unavailable().operation("AttachRolePolicy"),
        Fault::service_failure().operation("PutObject").when(|call| call.target.ends_with("lock.json")),
    ] {
        world.proxy.inject(fault.times(1));
    }
    world.iamctl(&["apply", "--yes"]).expect(0);
    expect_each_thing_once(&world);
    world.expect_no_change();
}

#[test]
fn a_service_that_stays_broken_is_named_and_nothing_is_changed() {
    let world = World::new();
    for (operation, words) in [
        ("GetCallerIdentity", "AWS cannot say who the caller is: ServiceFailure"),
        ("GetAccountAuthorizationDetails", "iam:GetAccountAuthorizationDetails failed: ServiceFailure"),
        ("GetObject", "head.json: InternalError: We encountered an internal error."),
    ] {
        let broken = world.proxy.inject(Fault::service_failure().operation(operation));
        world.impatient(&["apply", "--yes"]).expect(1).says(&[words, "try again"]);
        broken.remove();
    }
    let broken = world.proxy.inject(Fault::service_failure().operation("GetAccountAuthorizationDetails"));
    world.impatient(&["plan"]).expect(1).says(&[REQUEST_ID, "the request id is what AWS's support asks for"]);
    broken.remove();
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn a_call_that_stays_broken_fails_alone_and_the_next_run_finishes() {
    let world = World::new();
    let broken = world.proxy.inject(Fault::service_failure().operation("AttachRolePolicy").when(deny));
    world.impatient(&["apply", "--yes"]).expect(1).says(&[
        "failed: AttachRolePolicy deny-user-creation to role/engineer after 4 attempts",
        "ServiceFailure: We encountered an internal error.",
        "it may have been done all the same: the next plan sees it",
        "Not tried, because AttachRolePolicy deny-user-creation to role/engineer failed:",
    ]);
    assert_eq!(world.aws().policies_of_role("engineer"), [""; 0]);
    broken.remove();
    world.proxy.clear();

    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), ["iam AttachRolePolicy engineer", "iam AttachRolePolicy engineer"]);
    world.expect_no_change();
}

#[test]
fn what_was_made_although_the_answer_was_lost_is_made_once_and_is_ours() {
    let world = World::new();
    for fault in [
        Fault::lose_reply().operation("CreateUser").target("alice"),
        Fault::lose_reply().operation("CreatePolicy").target("s3-read-ec2-full"),
        Fault::lose_reply().operation("CreateRole"),
        Fault::lose_reply().operation("AttachRolePolicy").when(deny),
    ] {
        world.proxy.inject(fault.times(1));
    }
    world.iamctl(&["apply", "--yes"]).expect(0);

    for call in ["CreateUser alice", "CreatePolicy s3-read-ec2-full", "CreateRole engineer"] {
        assert_eq!(world.calls(|made| made.to_string() == format!("iam {call}")).len(), 1, "{call}");
    }
    world
        .iamctl(&["runs", "show"])
        .expect(0)
        .says(&["CreateUser user/alice done (was made although the answer"]);
    expect_each_thing_once(&world);
    world.expect_no_change();
    world.let_carol_go();
    world.edit_all("alice", "dave");
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.aws().users(), ["bob", "dave"], "alice was ours to delete");
}

#[test]
fn a_new_version_whose_answer_was_lost_is_not_made_again() {
    let world = World::founded();
    world.edit(r#"Action: "ec2:*""#, r#"Action: ["ec2:*", "cloudwatch:Get*"]"#);
    world.proxy.inject(Fault::lose_reply().operation("CreatePolicyVersion").times(1));
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.proxy.count(|call| call.operation == "CreatePolicyVersion"), 1);
    assert_eq!(world.aws().documents("s3-read-ec2-full").len(), 2);
    world.expect_no_change();
}

#[test]
fn lost_answers_of_the_bucket_and_the_lock_are_no_failures() {
    let world = World::new();
    for fault in [
        Fault::lose_reply().operation("CreateBucket"),
        Fault::lose_reply().operation("PutObject").when(|call| call.target.ends_with("lock.json")),
        Fault::lose_reply().operation("PutObject").when(|call| call.target.ends_with("/opened.json")),
        Fault::lose_reply().operation("PutObject").when(|call| call.target.ends_with("head.json")),
        Fault::lose_reply().operation("DeleteObject"),
    ] {
        world.proxy.inject(fault.times(1));
    }
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes().len(), 8);
    world.expect_no_change();
}

#[test]
fn iam_that_has_not_heard_of_the_users_yet_is_given_time() {
    let world = World::new();
    let message =
        format!("Invalid principal in policy: \"AWS\":\"arn:aws:iam::{}:user/alice\"", world.account);
    let lagging = Fault::error(400, "MalformedPolicyDocument", message).operation("CreateRole");
    let lagging = world.proxy.inject(lagging.times(1));
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(lagging.hits(), 1);
    world.expect_no_change();
}

fn deny(call: &Call) -> bool {
    call.param("PolicyArn").ends_with("/deny-user-creation")
}

#[track_caller]
fn expect_each_thing_once(world: &World) {
    let aws = world.aws();
    assert_eq!(aws.users(), ["alice", "bob", "carol"]);
    assert_eq!(aws.policies(), ["deny-user-creation", "s3-read-ec2-full"]);
    assert_eq!(aws.policies_of_role("engineer"), ["deny-user-creation", "s3-read-ec2-full"]);
}
