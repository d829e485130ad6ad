//! The proxy in front of a real server, used by a real AWS client: boto3 of the local AWS's environment.

use std::process::Command;

use fault_proxy::{Fault, Proxy, Service};
use local_aws::{LocalAws, Options};

/// Uses every kind of request once: Query, and S3 with and without bodies, `HEAD` and conditional writes included.
const CLIENT: &str = r#"
import boto3

iam, sts, s3 = (boto3.client(name) for name in ("iam", "sts", "s3"))
print(sts.get_caller_identity()["Account"])
iam.create_user(UserName="alice")
print([user["UserName"] for user in iam.list_users()["Users"]])
s3.create_bucket(Bucket="a-bucket")
s3.put_bucket_versioning(Bucket="a-bucket", VersioningConfiguration={"Status": "Enabled"})
s3.put_object(Bucket="a-bucket", Key="runs/a b.json", Body=b"x" * 100_000, IfNoneMatch="*")
try:
    s3.put_object(Bucket="a-bucket", Key="runs/a b.json", Body=b"y", IfNoneMatch="*")
except s3.exceptions.ClientError as error:
    print(error.response["Error"]["Code"])
print(s3.head_object(Bucket="a-bucket", Key="runs/a b.json")["ContentLength"])
print(len(s3.get_object(Bucket="a-bucket", Key="runs/a b.json")["Body"].read()))
print([found["Key"] for found in s3.list_objects_v2(Bucket="a-bucket")["Contents"]])
s3.delete_object(Bucket="a-bucket", Key="runs/a b.json")
"#;

#[test]
fn a_real_client_notices_nothing_and_every_call_has_its_name() {
    let aws = LocalAws::start(&Options::default()).unwrap();
    let proxy = Proxy::start(aws.address()).unwrap();

    let printed = run(&aws, &proxy);

    let expected = "123456789012\n['alice']\nPreconditionFailed\n100000\n100000\n['runs/a b.json']\n";
    assert_eq!(printed, expected, "{}", aws.log());
    let calls: Vec<String> = proxy.calls().iter().map(ToString::to_string).collect();
    assert_eq!(
        calls,
        [
            "sts GetCallerIdentity",
            "iam CreateUser alice",
            "iam ListUsers",
            "s3 CreateBucket a-bucket",
            "s3 PutBucketVersioning a-bucket",
            "s3 PutObject runs/a b.json",
            "s3 PutObject runs/a b.json",
            "s3 HeadObject runs/a b.json",
            "s3 GetObject runs/a b.json",
            "s3 ListObjectsV2 a-bucket",
            "s3 DeleteObject runs/a b.json",
        ]
    );
    assert_eq!(proxy.calls()[5].header("if-none-match"), "*");
    assert_eq!(proxy.calls()[5].param("Bucket"), "a-bucket");
    assert_eq!(proxy.calls()[6].status, Some(412));
    assert_eq!(proxy.count(|call| call.service == Service::Iam && call.is_write()), 1);
}

#[test]
fn a_real_client_gets_over_throttling_a_lost_connection_and_a_broken_service() {
    let aws = LocalAws::start(&Options::default()).unwrap();
    let proxy = Proxy::start(aws.address()).unwrap();
    let throttled = proxy.inject(Fault::throttling().operation("CreateUser").times(1));
    let slowed = proxy.inject(Fault::throttling().operation("CreateBucket").times(1));
    let broken = proxy.inject(Fault::service_failure().operation("ListUsers").times(1));
    let cut = proxy.inject(Fault::cut().operation("ListObjectsV2").times(1));

    let printed = run(&aws, &proxy);

    assert!(printed.ends_with("100000\n['runs/a b.json']\n"), "{printed}");
    for fault in [throttled, slowed, broken, cut] {
        assert_eq!(fault.hits(), 1, "{fault:?}");
    }
}

/// Runs the client through the proxy and returns what it prints, errors included.
fn run(aws: &LocalAws, proxy: &Proxy) -> String {
    let python = local_aws::prepare(&Options::default()).unwrap_or_default();
    let mut command = Command::new(python);
    command.args(["-I", "-c", CLIENT]);
    aws.environment_at(proxy.endpoint()).apply_to(&mut command);
    command.output().map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    )
}
