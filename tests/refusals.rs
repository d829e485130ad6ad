//! What AWS denies: reads, calls in the middle of a run, and buckets that are somebody else's.

use fault_proxy::{Call, Fault, REQUEST_ID, Service};
use serde_json::json;

use crate::support::World;

#[test]
fn a_read_that_is_denied_names_the_missing_permission() {
    let world = World::new();
    for (operation, permission) in [
        ("GetAccountAuthorizationDetails", "iam:GetAccountAuthorizationDetails"),
        ("ListRoles", "iam:ListRoles"),
    ] {
        let denied = world.proxy.inject(Fault::access_denied().operation(operation));
        for verb in [&["plan"][..], &["apply", "--yes"]] {
            world.iamctl(verb).expect(1).says(&[
                "the account could not be read",
                &format!("cannot be read without `{permission}`: User is not authorized"),
                REQUEST_ID,
                &format!("allow `{permission}` for whoever runs iamctl"),
            ]);
        }
        denied.remove();
    }
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn a_call_that_is_denied_stops_what_needs_it_and_nothing_else_and_the_next_run_finishes() {
    let world = World::new();
    let denied =
        world.proxy.inject(Fault::access_denied().operation("CreatePolicy").target("deny-user-creation"));

    world.iamctl(&["apply", "--yes"]).expect(1).says(&[
        "failed: CreatePolicy policy/deny-user-creation",
        "AccessDenied: User is not authorized to perform this action",
        &format!("request id {REQUEST_ID}"),
        "whoever runs this needs the permission iam:CreatePolicy on policy/deny-user-creation",
        "Not tried, because CreatePolicy policy/deny-user-creation failed:",
        "AttachRolePolicy deny-user-creation to role/engineer",
        "Not all was done: 5 done, 1 failed, 2 not tried.",
        "run `iamctl plan` to see what is left, and apply again",
    ]);

    let aws = world.aws();
    assert_eq!(aws.users(), ["alice", "bob", "carol"]);
    assert_eq!(aws.policies(), ["s3-read-ec2-full"]);
    assert_eq!(aws.policies_of_role("engineer"), [""; 0], "the Allow is not attached without the Deny");
    world.iamctl(&["runs", "list"]).expect(0).says(&["failed 5 done, 1 failed, 2 not tried"]);
    let shown = world.iamctl(&["runs", "show"]).expect(0);
    shown.says(&["failed: AccessDenied: User is not authorized", "not tried: step"]);

    denied.remove();
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(
        world.iam_writes(),
        [
            "iam CreatePolicy deny-user-creation",
            "iam AttachRolePolicy engineer",
            "iam AttachRolePolicy engineer"
        ]
    );
    world.expect_no_change();
}

#[test]
fn how_a_run_failed_can_be_read_by_programs_too() {
    let world = World::new();
    world.proxy.inject(Fault::access_denied().operation("CreateRole"));
    let report = world.iamctl(&["apply", "--yes", "--format", "json"]).expect(1).json();

    assert_eq!(report["result"], "failed");
    assert_eq!(report["counts"], json!({"done": 5, "failed": 1, "not_tried": 2}));
    let steps = report["steps"].as_array().unwrap();
    let outcome = |call: &str| {
        let step = steps.iter().find(|step| step["call"] == call).unwrap();
        step["outcome"].clone()
    };
    let failed = outcome("CreateRole");
    assert_eq!(failed["error"]["code"], "AccessDenied");
    assert_eq!(failed["error"]["request_id"], REQUEST_ID);
    let role = steps.iter().find(|step| step["call"] == "CreateRole").unwrap();
    assert_eq!(outcome("AttachRolePolicy")["because"]["step"], role["id"]);
    assert!(report["record"].as_str().unwrap().starts_with(&format!("s3://{}/iam/", world.bucket())));
}

#[test]
fn a_refusal_for_good_is_told_in_awss_own_words() {
    let world = World::new();
    let message = "Cannot exceed quota for RolesPerAccount: 1000";
    world.proxy.inject(Fault::error(409, "LimitExceeded", message).operation("CreateRole"));
    world.iamctl(&["apply", "--yes"]).expect(1).says(&[&format!("LimitExceeded: {message}"), REQUEST_ID]);
    assert_eq!(world.proxy.count(|call| call.operation == "CreateRole"), 1, "asking again would not help");
}

#[test]
fn a_master_copy_that_may_not_be_read_is_never_taken_for_an_empty_one() {
    let world = World::founded();
    for (what, fault) in [
        ("s3:GetObject is missing, or the bucket belongs to another account", Fault::access_denied()),
        ("s3:GetObject is missing", Fault::reply(403, "text/plain", "")),
    ] {
        let denied = world.proxy.inject(fault.operation("GetObject"));
        for verb in [&["plan"][..], &["apply", "--yes"]] {
            world.iamctl(verb).expect(1).says(&[
                "the master copy could not be read",
                &format!("cannot read s3://{}/{}head.json", world.bucket(), world.root()),
                what,
                "without its memory iamctl cannot tell what is its own, so it does nothing",
            ]);
        }
        denied.remove();
    }
    assert_eq!(world.writes(), [""; 0]);
    world.expect_no_change();
}

#[test]
fn every_request_about_the_bucket_names_the_account_that_has_to_own_it() {
    let world = World::new();
    world.iamctl(&["apply", "--yes"]).expect(0);
    let calls = world.proxy.calls();
    let of_bucket =
        calls.iter().filter(|call| call.service == Service::S3 && call.operation != "CreateBucket");
    let owners: Vec<&str> = of_bucket.map(|call| call.header("x-amz-expected-bucket-owner")).collect();
    assert!(!owners.is_empty() && owners.iter().all(|owner| *owner == world.account), "{owners:?}");
}

#[test]
fn a_bucket_name_that_somebody_has_taken_is_said_before_anything_is_changed_in_iam() {
    let (world, other) = (World::new(), World::new());
    let aws = other.aws();
    let bucket = world.bucket();
    aws.wait(aws.s3.create_bucket().bucket(&bucket).send()).unwrap();
    // The local AWS lets everybody look into every bucket. AWS says no more than 403 to a stranger.
    let no_look =
        world.proxy.inject(Fault::access_denied().service(Service::S3).when(|call| !call.is_write()));
    world.iamctl(&["apply", "--yes"]).expect(1).says(&["or the bucket belongs to another account"]);
    no_look.remove();
    assert_eq!(world.writes(), [""; 0]);

    // Taken by somebody else at this moment: it was not there when the plan was made.
    for operation in ["GetObject", "ListObjectsV2"] {
        world.proxy.inject(Fault::error(404, "NoSuchBucket", "not there").operation(operation));
    }
    world.iamctl(&["apply", "--yes"]).expect(1).says(&[
        "nothing was changed in IAM: there is no bucket for the master copy",
        "a bucket of this name belongs to somebody else",
        "choose another name for `master_copy.bucket`",
    ]);
    assert_eq!(world.iam_writes(), [""; 0]);
}

#[test]
fn a_bucket_that_may_not_be_made_names_the_missing_permission() {
    let world = World::new();
    world.proxy.inject(Fault::access_denied().operation("CreateBucket"));
    world.iamctl(&["apply", "--yes"]).expect(1).says(&[
        "there is no bucket for the master copy",
        "s3:CreateBucket is missing",
        "ask for the permission",
    ]);
    assert_eq!(world.iam_writes(), [""; 0]);
}

#[test]
fn a_record_that_cannot_be_opened_keeps_iam_as_it_is_and_releases_the_lock() {
    let world = World::founded();
    world.edit("  carol: {}", "  carol: {}\n  dave: {}");
    let denied = world.proxy.inject(
        Fault::access_denied().operation("PutObject").when(|call| call.target.ends_with("/opened.json")),
    );
    world.iamctl(&["apply", "--yes"]).expect(1).says(&["nothing was changed in IAM", "opened.json"]);
    assert_eq!(world.iam_writes(), [""; 0]);
    denied.remove();
    assert_eq!(world.lock_holder(), None);
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.expect_no_change();
}

#[test]
fn what_the_master_copy_could_not_be_told_is_said_and_found_by_the_next_run() {
    for (part, words) in [
        ("/events-", "the run record is incomplete"),
        ("/closed.json", "the run record is incomplete"),
        ("/states/", "what is managed now could not be stored"),
        ("/head.json", "the head was not written"),
        ("/current/", "the manifest under `current/` may be out of date"),
    ] {
        let world = World::new();
        let of_part = move |call: &Call| call.target.contains(part);
        let denied = world.proxy.inject(Fault::access_denied().operation("PutObject").when(of_part));
        let finished = world.iamctl(&["apply", "--yes"]).expect(1);
        finished.says(&["Done: 8 calls.", &format!("warning: {words}"), "s3:PutObject is missing"]);
        denied.remove();
        assert_eq!(world.lock_holder(), None, "{part}");

        world.proxy.clear();
        world.iamctl(&["apply", "--yes"]).expect(0);
        assert_eq!(world.iam_writes(), [""; 0], "{part}: nothing is made twice");
        world.expect_no_change();
    }
}

#[test]
fn a_bucket_that_was_there_before_is_warned_about_and_not_changed() {
    let world = World::new();
    let (aws, bucket) = (world.aws(), world.bucket());
    let ireland = aws_sdk_s3::types::BucketLocationConstraint::EuWest1;
    let place = aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint(ireland).build();
    let create = aws.s3.create_bucket().bucket(&bucket).create_bucket_configuration(place);
    aws.wait(create.send()).unwrap();

    world.iamctl(&["apply", "--yes"]).expect(0).says(&[
        &format!("warning: the bucket {bucket}: public access is not blocked in every way"),
        &format!("warning: the bucket {bucket}: versioning is off: what is overwritten or deleted is lost"),
    ]);

    let about_bucket = world.calls(|call| call.is_write() && call.target == bucket);
    assert_eq!(about_bucket, [""; 0]);
    world.expect_no_change();
}
