//! The bucket of the master copy: made, finished, found wanting; objects written under conditions.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod common;

use std::time::{Duration, Instant};

use common::World;
use fault_proxy::Fault;
use iamctl_apply::{BucketState, Condition, ETag, MasterBucket, StoreError};
use iamctl_aws::AwsBucket;
use iamctl_model::{AccountId, MasterCopy};

#[tokio::test]
async fn a_bucket_is_made_and_hardened_in_any_region() {
    for region in ["us-east-1", "eu-west-1"] {
        let world = World::in_region("us-east-1").await;
        let bucket = bucket(&world, region);
        assert_eq!(bucket.probe().await, Ok(BucketState::Missing));
        bucket.create().await.unwrap();
        assert_eq!(bucket.probe().await, Ok(BucketState::Ours));
        assert_eq!(bucket.weaknesses().await, Ok(Vec::new()));

        let s3 = world.s3_in(region);
        let name = bucket.name();
        let encryption = s3.get_bucket_encryption().bucket(name).send().await.unwrap();
        let rule = encryption.server_side_encryption_configuration.unwrap().rules.remove(0);
        assert_eq!(rule.apply_server_side_encryption_by_default.unwrap().sse_algorithm.as_str(), "AES256");
        let location = s3.get_bucket_location().bucket(name).send().await.unwrap();
        let location = location.location_constraint.map(|found| found.as_str().to_owned());
        assert_eq!(location.unwrap_or_default(), if region == "us-east-1" { "" } else { region });
        assert!(
            s3.get_bucket_tagging().bucket(name).send().await.is_err(),
            "the tag is taken away in the end"
        );
        assert!(
            world
                .proxy
                .calls()
                .iter()
                .filter(|call| call.operation != "CreateBucket")
                .all(|call| { call.header("x-amz-expected-bucket-owner") == world.account.id.as_str() })
        );
    }
}

#[tokio::test]
async fn a_bucket_can_be_encrypted_with_a_key_of_ones_own() {
    let world = World::new().await;
    let key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let mut wanted = master_copy(&world, "us-east-1");
    let plain = world.aws.bucket(&wanted, &world.account);
    plain.create().await.unwrap();
    wanted.kms_key = Some(key.to_owned());
    let with_key = world.aws.bucket(&wanted, &world.account);
    assert_eq!(
        with_key.weaknesses().await,
        Ok(vec![format!("it is not encrypted with the KMS key `{key}`")])
    );

    let world = World::new().await;
    let wanted = MasterCopy { kms_key: Some(key.to_owned()), ..master_copy(&world, "us-east-1") };
    let bucket = world.aws.bucket(&wanted, &world.account);
    bucket.create().await.unwrap();
    assert_eq!(bucket.weaknesses().await, Ok(Vec::new()));
    let put = world.proxy.calls().into_iter().find(|call| call.operation == "PutBucketEncryption").unwrap();
    assert!(put.text().contains("<BucketKeyEnabled>true</BucketKeyEnabled>"), "{}", put.text());
}

#[tokio::test]
async fn a_creation_that_was_killed_anywhere_is_finished_by_the_next() {
    // After the second step and so on: everything that follows the tag.
    for survived in 2..7 {
        let world = World::new().await;
        let bucket = bucket(&world, "us-east-1");
        let next = Fault::hold().when(fault_proxy::Call::is_write).skip(survived);
        kill_at(&world, &bucket, next).await;
        assert_eq!(bucket.probe().await, Ok(BucketState::Missing), "killed after {survived} steps");
        bucket.create().await.unwrap();
        assert_eq!(bucket.probe().await, Ok(BucketState::Ours));
        assert_eq!(bucket.weaknesses().await, Ok(Vec::new()));
    }
}

/// The one moment that cannot be told from a bucket that somebody made by hand.
#[tokio::test]
async fn a_creation_that_was_killed_before_it_left_its_tag_is_reported_as_weak() {
    let world = World::new().await;
    let bucket = bucket(&world, "us-east-1");
    kill_at(&world, &bucket, Fault::hold().operation("PutBucketTagging")).await;
    assert_eq!(bucket.probe().await, Ok(BucketState::Ours));
    assert!(!bucket.weaknesses().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_bucket_that_is_there_is_never_changed() {
    let world = World::new().await;
    let bucket = bucket(&world, "us-east-1");
    world.s3().create_bucket().bucket(bucket.name()).send().await.unwrap();
    assert_eq!(bucket.probe().await, Ok(BucketState::Ours));
    bucket.create().await.unwrap();
    assert_eq!(world.proxy.count(fault_proxy::Call::is_write), 0);
    assert_eq!(
        bucket.weaknesses().await.unwrap(),
        [
            "public access is not blocked in every way",
            "access control lists are not switched off (object ownership is not `BucketOwnerEnforced`)",
            "versioning is off: what is overwritten or deleted is lost",
            "it has no default encryption",
        ]
    );
}

#[tokio::test]
async fn a_probe_of_a_bucket_in_use_is_one_request() {
    let world = World::new().await;
    let bucket = bucket(&world, "us-east-1");
    bucket.create().await.unwrap();
    bucket.put("iam/x/head.json", b"{}".to_vec(), Condition::IfAbsent).await.unwrap();
    world.proxy.clear();
    assert_eq!(bucket.probe().await, Ok(BucketState::Ours));
    assert_eq!(world.calls().len(), 1);
}

#[tokio::test]
async fn a_check_that_is_denied_is_a_finding_and_not_an_error() {
    let world = World::new().await;
    let bucket = bucket(&world, "us-east-1");
    bucket.create().await.unwrap();
    world.proxy.inject(Fault::access_denied().operation("GetBucketVersioning"));
    world.proxy.inject(Fault::error(501, "NotImplemented", "not here").operation("GetPublicAccessBlock"));
    assert_eq!(
        bucket.weaknesses().await.unwrap(),
        [
            "the block of public access could not be checked: NotImplemented: not here",
            "versioning could not be checked: `s3:GetBucketVersioning` is missing",
        ]
    );
    world.proxy.inject(Fault::expired_token().operation("GetBucketEncryption"));
    assert!(matches!(bucket.weaknesses().await, Err(StoreError::Credentials(_))));
}

#[tokio::test]
async fn a_name_that_somebody_else_has_is_said() {
    let (other, world) = (World::new().await, World::new().await);
    let bucket = bucket(&world, "us-east-1");
    other.s3().create_bucket().bucket(bucket.name()).send().await.unwrap();
    // moto lets everybody into every bucket; AWS does not let a stranger in, and says no more than that.
    let denied = world.proxy.inject(Fault::access_denied().operation("ListObjectsV2"));
    let error = bucket.probe().await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Denied { permission, .. } if permission == "s3:ListBucket"),
        "{error}"
    );
    denied.remove();

    world.proxy.inject(Fault::error(404, "NoSuchBucket", "not there").operation("ListObjectsV2"));
    assert_eq!(bucket.create().await, Err(StoreError::NameTaken));
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_goes_on() {
    for region in ["us-east-1", "eu-west-1"] {
        let world = World::new().await;
        let bucket = bucket(&world, region);
        world.proxy.inject(Fault::lose_reply().operation("CreateBucket").times(1));
        bucket.create().await.unwrap();
        assert_eq!(world.count("CreateBucket"), 2, "the SDK asks again, and S3 says that it is ours");
        assert_eq!(bucket.weaknesses().await, Ok(Vec::new()));
    }
}

#[tokio::test]
async fn a_step_that_is_denied_names_its_permission_and_can_be_gone_on_from() {
    let world = World::new().await;
    let bucket = bucket(&world, "us-east-1");
    let denied = world.proxy.inject(Fault::access_denied().operation("PutBucketVersioning"));
    let error = bucket.create().await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Denied { permission, .. } if permission == "s3:PutBucketVersioning")
    );
    denied.remove();
    bucket.create().await.unwrap();
    assert_eq!(bucket.weaknesses().await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_new_bucket_that_s3_does_not_know_everywhere_is_waited_for() {
    let world = World::new().await;
    let bucket = bucket(&world, "us-east-1");
    world.proxy.inject(Fault::error(404, "NoSuchBucket", "not yet").operation("PutBucketTagging").times(1));
    world
        .proxy
        .inject(Fault::error(409, "OperationAborted", "busy").operation("PutBucketVersioning").times(1));
    bucket.create().await.unwrap();
    assert_eq!(bucket.weaknesses().await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_bucket_in_another_region_is_said_with_its_region() {
    let world = World::new().await;
    let bucket = bucket(&world, "us-east-1");
    for (status, code, message, actual) in [
        (301, "PermanentRedirect", "use the specified endpoint", None),
        (
            400,
            "AuthorizationHeaderMalformed",
            "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
            Some("eu-west-1"),
        ),
    ] {
        let fault = world.proxy.inject(Fault::error(status, code, message));
        let wrong = StoreError::WrongRegion { actual: actual.map(str::to_owned) };
        assert_eq!(bucket.probe().await, Err(wrong.clone()));
        assert_eq!(bucket.get("k").await, Err(wrong));
        fault.remove();
    }
}

#[tokio::test]
async fn objects_are_written_read_listed_and_deleted() {
    let world = World::in_region("eu-west-1").await;
    let bucket = made(&world).await;
    assert_eq!(bucket.get("iam/head.json").await, Ok(None));
    let first = bucket.put("iam/head.json", b"one".to_vec(), Condition::IfAbsent).await.unwrap();
    let object = bucket.get("iam/head.json").await.unwrap().unwrap();
    assert_eq!((object.bytes.as_slice(), &object.etag), (b"one".as_slice(), &first));

    let taken = bucket.put("iam/head.json", b"two".to_vec(), Condition::IfAbsent).await;
    assert_eq!(taken, Err(StoreError::Precondition));
    let second =
        bucket.put("iam/head.json", b"two".to_vec(), Condition::IfMatch(first.clone())).await.unwrap();
    let stale = bucket.put("iam/head.json", b"three".to_vec(), Condition::IfMatch(first.clone())).await;
    assert_eq!(stale, Err(StoreError::Precondition));
    let absent = bucket.put("iam/none", b"x".to_vec(), Condition::IfMatch(first.clone())).await;
    assert_eq!(absent, Err(StoreError::Precondition), "nothing there to match");
    bucket.put("iam/current/manifest.yaml", b"x".to_vec(), Condition::Always).await.unwrap();
    bucket.put("iam/current/README", Vec::new(), Condition::Always).await.unwrap();

    let all = ["iam/current/README", "iam/current/manifest.yaml", "iam/head.json"];
    assert_eq!(bucket.list("iam/", None).await.unwrap(), all);
    assert_eq!(bucket.list("iam/", Some(all[0])).await.unwrap(), all[1..]);
    assert_eq!(bucket.list("nothing/", None).await, Ok(Vec::new()));
    assert_eq!(bucket.folders("iam/").await.unwrap(), ["current"]);
    assert_eq!(bucket.folders("").await.unwrap(), ["iam"]);
    assert_eq!(bucket.folders("iam/current/").await, Ok(Vec::new()));

    assert_eq!(bucket.delete("iam/head.json", &first).await, Err(StoreError::Precondition));
    assert_eq!(bucket.delete("iam/head.json", &second).await, Ok(()));
    assert_eq!(bucket.delete("iam/head.json", &second).await, Ok(()), "gone is gone");
    assert_eq!(bucket.get("iam/head.json").await, Ok(None));
    bucket.put("iam/head.json", b"again".to_vec(), Condition::IfAbsent).await.unwrap();

    let types: Vec<_> = world
        .proxy
        .calls()
        .iter()
        .filter(|call| call.operation == "PutObject")
        .map(|call| (call.target.clone(), call.header("content-type").to_owned()))
        .collect();
    assert!(types.contains(&("iam/head.json".to_owned(), "application/json".to_owned())));
    assert!(types.contains(&("iam/current/manifest.yaml".to_owned(), "application/yaml".to_owned())));
    assert!(types.contains(&("iam/current/README".to_owned(), "text/plain; charset=utf-8".to_owned())));
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_recognised_as_ones_own() {
    let world = World::new().await;
    let bucket = made(&world).await;
    let lost = world.proxy.inject(Fault::lose_reply().operation("PutObject").times(1));
    let etag = bucket.put("lock.json", b"run 1".to_vec(), Condition::IfAbsent).await.unwrap();
    assert_eq!(world.count("PutObject"), 2, "the second was refused: the first had written it");
    assert_eq!(bucket.get("lock.json").await.unwrap().unwrap().etag, etag);
    lost.remove();

    let lost = world.proxy.inject(Fault::lose_reply().operation("PutObject").times(1));
    let next = bucket.put("lock.json", b"run 2".to_vec(), Condition::IfMatch(etag)).await.unwrap();
    assert_eq!(bucket.get("lock.json").await.unwrap().unwrap().bytes, b"run 2");
    lost.remove();

    let lost = world.proxy.inject(Fault::lose_reply().operation("DeleteObject").times(1));
    assert_eq!(bucket.delete("lock.json", &next).await, Ok(()));
    assert_eq!(bucket.get("lock.json").await, Ok(None));
    lost.remove();

    bucket.put("lock.json", b"somebody".to_vec(), Condition::IfAbsent).await.unwrap();
    world.proxy.inject(Fault::lose_reply().operation("PutObject").times(1));
    let taken = bucket.put("lock.json", b"run 3".to_vec(), Condition::IfAbsent).await;
    assert_eq!(taken, Err(StoreError::Precondition));
}

#[tokio::test]
async fn a_failed_condition_is_known_by_its_code_whatever_the_status() {
    let world = World::new().await;
    let bucket = made(&world).await;
    for status in [200, 412] {
        let body = "<Error><Code>PreconditionFailed</Code><Message>At least one of the pre-conditions you specified did not hold</Message></Error>";
        let fault = world.proxy.inject(Fault::reply(status, "application/xml", body).operation("PutObject"));
        let put = bucket.put("k", b"x".to_vec(), Condition::IfAbsent).await;
        assert_eq!(put, Err(StoreError::Precondition), "status {status}");
        fault.remove();
    }
    let hollow = world.proxy.inject(Fault::reply(200, "application/xml", "").operation("PutObject"));
    let put = bucket.put("k", b"x".to_vec(), Condition::Always).await;
    assert!(matches!(put, Err(StoreError::Other { .. })), "success without a version mark is none");
    hollow.remove();
}

#[tokio::test]
async fn a_collision_of_conditional_requests_is_tried_again_some_times() {
    let world = World::new().await;
    let bucket = made(&world).await;
    let conflict = || Fault::error(409, "ConditionalRequestConflict", "try again");
    let passing = world.proxy.inject(conflict().operation("PutObject").times(2));
    let etag = bucket.put("k", b"x".to_vec(), Condition::IfAbsent).await.unwrap();
    passing.remove();
    let passing = world.proxy.inject(conflict().operation("DeleteObject").times(1));
    bucket.delete("k", &etag).await.unwrap();
    passing.remove();
    world.proxy.inject(conflict().operation("PutObject"));
    let error = bucket.put("k", b"x".to_vec(), Condition::IfAbsent).await.unwrap_err();
    assert!(error.to_string().starts_with("ConditionalRequestConflict"), "{error}");
}

#[tokio::test]
async fn a_read_that_was_refused_is_never_nothing() {
    let world = World::new().await;
    let bucket = made(&world).await;
    bucket.put("head.json", b"{}".to_vec(), Condition::Always).await.unwrap();
    for (fault, is_expected) in [
        (
            Fault::access_denied(),
            (|error| matches!(error, StoreError::Denied { permission, .. } if permission == "s3:GetObject"))
                as fn(&StoreError) -> bool,
        ),
        (Fault::reply(403, "text/plain", ""), |error| matches!(error, StoreError::Denied { .. })),
        (Fault::expired_token(), |error| matches!(error, StoreError::Credentials(_))),
        (Fault::error(404, "NoSuchBucket", "x"), |error| *error == StoreError::NoBucket),
        (Fault::reply(404, "text/html", "<html>gateway</html>"), |error| {
            matches!(error, StoreError::Other { .. })
        }),
        (Fault::service_failure(), |error| matches!(error, StoreError::Other { .. })),
        (Fault::throttling(), |error| matches!(error, StoreError::Other { .. })),
        (Fault::cut(), |error| matches!(error, StoreError::Other { .. })),
        (Fault::reply(200, "application/json", "{}"), |error| matches!(error, StoreError::Other { .. })),
    ] {
        let injected = world.proxy.inject(fault.operation("GetObject"));
        let error = bucket.get("head.json").await.unwrap_err();
        assert!(is_expected(&error), "{error:?}");
        injected.remove();
    }
}

#[tokio::test]
async fn lists_are_walked_to_their_end_and_distrusted() {
    let world = World::new().await;
    let bucket = made(&world).await;
    let page = |inner: &str| format!("<ListBucketResult><Name>b</Name>{inner}</ListBucketResult>");
    let key = |key: &str| format!("<Contents><Key>{key}</Key></Contents>");
    let pages = [("", vec!["runs/1", "runs/2"], "t"), ("t", vec![], "u"), ("u", vec!["runs/3"], "")];
    for (token, keys, next) in pages {
        let keys: String = keys.into_iter().map(key).collect();
        let more = match next {
            "" => "<IsTruncated>false</IsTruncated>".to_owned(),
            next => format!(
                "<IsTruncated>true</IsTruncated><NextContinuationToken>{next}</NextContinuationToken>"
            ),
        };
        let reply = Fault::reply(200, "application/xml", page(&format!("{keys}{more}")));
        world.proxy.inject(reply.when(move |call| call.param("continuation-token") == token));
    }
    assert_eq!(bucket.list("runs/", None).await.unwrap(), ["runs/1", "runs/2", "runs/3"]);
    world.proxy.remove_faults();

    let whole = page(&key("runs/1"));
    for (body, says) in [
        (page("<IsTruncated>true</IsTruncated>"), "AWS said that there is more and not how to get it"),
        (
            page("<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"),
            "AWS led back to a page that was read already",
        ),
        (page(&format!("{}{}", key("runs/2"), key("runs/1"))), "is out of order at `runs/1`"),
        (page(&key("elsewhere/1")), "is out of order at `elsewhere/1`"),
        (whole.replace("</ListBucketResult>", ""), "breaks off"),
    ] {
        let fault = world.proxy.inject(Fault::reply(200, "application/xml", body).operation("ListObjectsV2"));
        let error = bucket.list("runs/", None).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        fault.remove();
    }
}

#[tokio::test]
async fn folders_are_listed_in_one_request_however_much_lies_in_them() {
    let world = World::new().await;
    let bucket = made(&world).await;
    // S3 sorts `a-b/` before `a/`.
    for key in
        ["iam/1/a/head.json", "iam/1/a/runs/1", "iam/1/a-b/head.json", "iam/1/stray", "iam/2/c/head.json"]
    {
        bucket.put(key, b"{}".to_vec(), Condition::Always).await.unwrap();
    }
    world.proxy.clear();
    assert_eq!(bucket.folders("iam/1/").await.unwrap(), ["a-b", "a"]);
    assert_eq!(world.calls(), [format!("s3 ListObjectsV2 {}", bucket.name())]);

    let page = |inner: &str| format!("<ListBucketResult><Name>b</Name>{inner}</ListBucketResult>");
    let folder = |folder: &str| format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>");
    let more = "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>";
    for (token, body) in
        [("", page(&format!("{}{more}", folder("iam/1/a/")))), ("t", page(&folder("iam/1/b/")))]
    {
        let reply = Fault::reply(200, "application/xml", body);
        world.proxy.inject(reply.when(move |call| call.param("continuation-token") == token));
    }
    assert_eq!(bucket.folders("iam/1/").await.unwrap(), ["a", "b"]);
    world.proxy.remove_faults();
    for (body, says) in [
        (page("<IsTruncated>true</IsTruncated>"), "AWS said that there is more and not how to get it"),
        (page(&format!("{}{}", folder("iam/1/b/"), folder("iam/1/a/"))), "is out of order at `iam/1/a/`"),
        (page(&folder("iam/2/a/")), "is out of order at `iam/2/a/`"),
    ] {
        let fault = world.proxy.inject(Fault::reply(200, "application/xml", body));
        let error = bucket.folders("iam/1/").await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        fault.remove();
    }
    world.proxy.inject(Fault::access_denied());
    let denied = bucket.folders("iam/1/").await.unwrap_err();
    assert!(matches!(denied, StoreError::Denied { permission, .. } if permission == "s3:ListBucket"));
}

#[tokio::test]
async fn the_owner_is_the_account_that_the_manifest_names() {
    let world = World::new().await;
    let owner = AccountId::parse("999999999999").unwrap();
    let wanted = MasterCopy { owner: Some(owner), ..master_copy(&world, "us-east-1") };
    let bucket = world.aws.bucket(&wanted, &world.account);
    assert_eq!(bucket.probe().await, Ok(BucketState::Missing));
    assert_eq!(world.proxy.calls()[0].header("x-amz-expected-bucket-owner"), "999999999999");
    let error = bucket.create().await.unwrap_err();
    assert!(error.to_string().starts_with("the bucket is to belong to account 999999999999"), "{error}");
    assert_eq!(world.count("CreateBucket"), 0);
}

#[tokio::test]
async fn nobody_there_is_said_before_long() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let credentials = aws_sdk_iam::config::Credentials::new("a", "s", None, None, "test");
    let config = common::config(&format!("http://{nobody}"), "us-east-1", credentials);
    let world = World::new().await;
    let bucket =
        iamctl_aws::Aws::from_sdk_config(config).bucket(&master_copy(&world, "us-east-1"), &world.account);
    let start = Instant::now();
    let error = bucket.get("k").await.unwrap_err();
    assert!(error.to_string().contains("Connection refused"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(bucket.put("k", Vec::new(), Condition::IfMatch(ETag("x".into()))).await.unwrap_err(), error);
}

/// Begins to make the bucket and is gone before the request that the fault holds is sent.
async fn kill_at(world: &World, bucket: &AwsBucket, hold: Fault) {
    let held = world.proxy.inject(hold);
    let creation = tokio::spawn({
        let bucket = bucket.clone();
        async move { bucket.create().await }
    });
    while held.hits() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    creation.abort();
    assert!(creation.await.unwrap_err().is_cancelled());
    held.remove();
}

fn master_copy(world: &World, region: &str) -> MasterCopy {
    MasterCopy {
        bucket: format!("master-copy-{}-{region}", world.account.id),
        region: region.to_owned(),
        prefix: "iam/".to_owned(),
        owner: None,
        kms_key: None,
    }
}

fn bucket(world: &World, region: &str) -> AwsBucket {
    world.aws.bucket(&master_copy(world, region), &world.account)
}

async fn made(world: &World) -> AwsBucket {
    let bucket = bucket(world, world.aws.region());
    bucket.create().await.unwrap();
    bucket
}
