//! The founding case, from an empty account to an account in which nothing is left to do.

use fault_proxy::Service;
use serde_json::{Value, json};

use crate::support::World;

/// Where something stands in a list that holds it once.
#[track_caller]
fn place(calls: &[String], call: &str) -> usize {
    let places: Vec<usize> = (0..calls.len()).filter(|at| calls[*at] == call).collect();
    assert_eq!(places.len(), 1, "{call} in {calls:#?}");
    places[0]
}

#[test]
fn from_nothing_it_takes_exactly_eight_writes_and_the_deny_is_attached_before_the_allow() {
    let world = World::new();
    world.iamctl(&["validate"]).expect(0);
    assert!(world.proxy.calls().is_empty(), "validate asks nobody");
    world.iamctl(&["plan"]).expect(0).says(&["7 to create. 8 calls to IAM."]);
    assert!(world.writes().is_empty(), "plan changes nothing");

    world.iamctl(&["apply", "--yes"]).expect(0).says(&["Done: 8 calls."]);

    let mut writes = world.iam_writes();
    let attached: Vec<String> = world
        .proxy
        .calls()
        .iter()
        .filter(|call| call.operation == "AttachRolePolicy")
        .map(|call| call.param("PolicyArn").rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(attached, ["deny-user-creation", "s3-read-ec2-full"]);
    let role = place(&writes, "iam CreateRole engineer");
    for user in ["alice", "bob", "carol"] {
        assert!(place(&writes, &format!("iam CreateUser {user}")) < role, "the role names the users");
    }
    writes.sort();
    assert_eq!(
        writes,
        [
            "iam AttachRolePolicy engineer",
            "iam AttachRolePolicy engineer",
            "iam CreatePolicy deny-user-creation",
            "iam CreatePolicy s3-read-ec2-full",
            "iam CreateRole engineer",
            "iam CreateUser alice",
            "iam CreateUser bob",
            "iam CreateUser carol",
        ]
    );
}

#[test]
fn the_users_can_do_nothing_but_assume_the_role_and_that_only_with_mfa() {
    let world = World::founded();
    let aws = world.aws();

    assert_eq!(aws.users(), ["alice", "bob", "carol"]);
    for user in ["alice", "bob", "carol"] {
        assert_eq!(aws.rights_of_user(user), [""; 0], "{user}");
    }
    assert_eq!(aws.roles(), ["engineer"]);
    assert_eq!(aws.policies_of_role("engineer"), ["deny-user-creation", "s3-read-ec2-full"]);
    let arn = |user: &str| format!("arn:aws:iam::{}:user/{user}", world.account);
    assert_eq!(
        aws.trust("engineer"),
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"AWS": [arn("alice"), arn("bob"), arn("carol")]},
                "Action": "sts:AssumeRole",
                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            }],
        })
    );
    let deny = json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "NoNewUsers", "Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"}
        ],
    });
    assert_eq!(aws.documents("deny-user-creation"), [deny]);
    let allow = json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "ReadS3", "Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"},
            {"Sid": "AllOfEC2", "Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
        ],
    });
    assert_eq!(aws.documents("s3-read-ec2-full"), [allow]);
}

#[test]
fn the_master_copy_holds_manifest_ownership_and_a_closed_record_and_no_lock() {
    let world = World::founded();
    let (aws, bucket, root) = (world.aws(), world.bucket(), world.root());

    let head = aws.json(&bucket, &format!("{root}head.json"));
    let (run, digest) = (head["run"].as_str().unwrap(), head["manifest_digest"].as_str().unwrap());
    let below_root: Vec<String> =
        aws.keys(&bucket).iter().map(|key| key.strip_prefix(&root).unwrap().to_owned()).collect();
    assert_eq!(
        below_root,
        [
            "current/desired-state.yaml".to_owned(),
            "head.json".to_owned(),
            format!("manifests/{digest}/desired-state.yaml"),
            format!("runs/{run}/closed.json"),
            format!("runs/{run}/events-000001.json"),
            format!("runs/{run}/opened.json"),
            format!("states/{run}.json"),
        ]
    );
    let manifest = world.read("desired-state.yaml");
    for key in ["current/desired-state.yaml", &format!("manifests/{digest}/desired-state.yaml")] {
        assert_eq!(aws.object(&bucket, &format!("{root}{key}")), manifest.as_bytes(), "byte for byte");
    }
    let closed = aws.json(&bucket, &format!("{root}runs/{run}/closed.json"));
    assert_eq!(closed["result"], "succeeded");
    assert_eq!(closed["counts"], json!({"done": 8, "failed": 0, "not_tried": 0}));
    let opened = aws.json(&bucket, &format!("{root}runs/{run}/opened.json"));
    let caller = format!("arn:aws:sts::{}:assumed-role/tester/test", world.account);
    assert_eq!(opened["who"]["arn"], caller);
    assert_eq!(opened["plan"]["steps"].as_array().unwrap().len(), 8);

    let state = aws.json(&bucket, &format!("{root}states/{run}.json"));
    let id_of = |user: &str| state["owned"][format!("user/{user}")]["id"].as_str().unwrap().to_owned();
    for (user, id) in aws.user_ids() {
        assert_eq!(id_of(&user), id);
    }
    assert_eq!(state["owned"].as_object().unwrap().len(), 6);
}

#[test]
fn the_bucket_is_made_where_the_manifest_says_and_hardened_before_anything_lies_in_it() {
    let world = World::new();
    world.iamctl(&["apply", "--yes"]).expect(0).says(&["versions kept, encrypted, closed to the public"]);

    let (aws, bucket) = (world.aws(), world.bucket());
    let region = aws.wait(aws.s3.get_bucket_location().bucket(&bucket).send()).unwrap();
    assert_eq!(region.location_constraint.unwrap().as_str(), "eu-west-1");
    // Versions are kept, because every object has one.
    let head = format!("{}head.json", world.root());
    let head = aws.wait(aws.s3.head_object().bucket(&bucket).key(head).send()).unwrap();
    assert!(head.version_id.is_some_and(|version| version != "null"));
    let encryption = aws.wait(aws.s3.get_bucket_encryption().bucket(&bucket).send()).unwrap();
    assert_eq!(encryption.server_side_encryption_configuration.unwrap().rules.len(), 1);
    let block = aws.wait(aws.s3.get_public_access_block().bucket(&bucket).send()).unwrap();
    let block = block.public_access_block_configuration.unwrap();
    assert_eq!(
        [
            block.block_public_acls,
            block.ignore_public_acls,
            block.block_public_policy,
            block.restrict_public_buckets
        ],
        [Some(true); 4]
    );
    let writes = world.writes();
    let hardened = place(&writes, &format!("s3 PutBucketEncryption {bucket}"));
    assert!(hardened < place(&writes, &format!("s3 PutObject {}lock.json", world.root())));
}

#[test]
fn no_call_to_iam_is_made_before_lock_manifest_and_record_are_written() {
    let world = World::new();
    world.iamctl(&["apply", "--yes"]).expect(0);

    let writes = world.writes();
    let first = writes.iter().position(|call| call.starts_with("iam ")).unwrap();
    let last = writes.iter().rposition(|call| call.starts_with("iam ")).unwrap();
    let place_of = |part: &str| writes.iter().position(|call| call.contains(part)).unwrap();
    assert!(place_of("PutObject") < first);
    assert!(place_of("lock.json") < place_of("/manifests/"), "{writes:#?}");
    assert!(place_of("/manifests/") < place_of("/opened.json"), "{writes:#?}");
    assert!(place_of("/opened.json") < first, "{writes:#?}");
    let ending = ["/closed.json", "/states/", "head.json", "/current/", "DeleteObject"];
    let places = ending.map(place_of);
    assert!(last < places[0] && places.is_sorted(), "{writes:#?}");
    assert_eq!(places[4], writes.len() - 1, "the lock is released last: {writes:#?}");
}

#[test]
fn the_second_plan_is_empty_and_a_second_apply_writes_nothing_anywhere() {
    let world = World::founded();
    let aws = world.aws();
    let before = aws.keys(&world.bucket());

    let plan = world.iamctl(&["plan", "--detailed-exitcode", "--format", "json"]).expect(0).json();
    assert_eq!(plan["changes"], json!([]));
    assert_eq!(plan["steps"], json!([]));
    assert_eq!(plan["refusals"], json!([]));
    world.iamctl(&["apply", "--yes"]).expect(0).says(&["Nothing to do"]);
    world.iamctl(&["apply"]).expect(0).says(&["Nothing to do"]);
    let run = world.iamctl(&["apply", "--format", "json"]).expect(0).json();
    assert_eq!((&run["run"], &run["result"]), (&json!(null), &json!("succeeded")));

    assert_eq!(world.writes(), [""; 0]);
    assert_eq!(aws.keys(&world.bucket()), before);
}

#[test]
fn whatever_is_read_of_iam_is_read_in_lists() {
    let world = World::new();
    world.iamctl(&["plan"]).expect(0);
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.iamctl(&["plan"]).expect(0);

    let mut reads = world.calls(|call| call.service == Service::Iam && !call.is_write());
    reads.sort();
    reads.dedup();
    assert_eq!(reads, ["iam GetAccountAuthorizationDetails", "iam GetAccountSummary", "iam ListRoles"]);
}

#[test]
fn a_plan_as_json_names_every_call_and_what_it_needs() {
    let world = World::new();
    let arguments = ["plan", "--detailed-exitcode", "--format", "json"];
    let plan = world.iamctl(&arguments).expect(2).json();
    assert_eq!(world.iamctl(&arguments).expect(2).json(), plan, "the same is planned each time");

    assert_eq!((&plan["format_version"], &plan["account"]), (&json!(1), &json!(world.account)));
    assert_eq!(plan["summary"]["create"], 7);
    let steps = plan["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 8);
    let last = &steps[7];
    assert_eq!(last["call"], "AttachRolePolicy");
    assert_eq!(last["params"]["RoleName"], "engineer");
    let id_of = |call: &str, part: &str| {
        let is_it = |step: &&Value| step["call"] == call && step["params"].to_string().contains(part);
        steps.iter().find(is_it).map(|step| step["id"].clone()).unwrap()
    };
    let needs = last["needs"].as_array().unwrap();
    assert!(needs.contains(&id_of("AttachRolePolicy", "deny-user-creation")), "{last}");
    let addresses: Vec<&str> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["address"].as_str().unwrap())
        .collect();
    assert_eq!(
        addresses,
        [
            "policy/deny-user-creation",
            "policy/s3-read-ec2-full",
            "user/alice",
            "user/bob",
            "user/carol",
            "role/engineer",
            "master_copy"
        ]
    );
}

#[test]
fn a_run_can_be_listed_and_shown_afterwards() {
    let world = World::founded();
    let listed = world.iamctl(&["runs", "list", "--format", "json"]).expect(0).json();
    let runs = listed["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["result"], "succeeded");
    assert_eq!(runs[0]["command"], "iamctl apply --yes");
    let id = runs[0]["run"].as_str().unwrap();

    world.iamctl(&["runs", "list"]).expect(0).says(&[id, "succeeded 8 calls", "iamctl apply --yes"]);
    for arguments in [vec!["runs", "show"], vec!["runs", "show", id]] {
        world.iamctl(&arguments).expect(0).says(&[
            &format!("Run {id}"),
            "acme-prod in account",
            "assumed-role/tester/test",
            "+ role/engineer",
            "AttachRolePolicy s3-read-ec2-full to role/engineer done",
        ]);
    }
    let shown = world.iamctl(&["runs", "show", id, "--format", "json"]).expect(0).json();
    assert_eq!(shown["opened"]["run"], id);
    assert_eq!(shown["counts"]["done"], 8);
    let nobody = "20200101T000000Z-aaaaaaaa";
    world.iamctl(&["runs", "show", nobody]).expect(1).says(&["there is no run", "iamctl runs list"]);
    assert_eq!(world.writes(), [""; 0]);
}
