//! The master copies of several manifests in one real bucket.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod common;

use std::collections::BTreeMap;

use common::World;
use fault_proxy::Fault;
use iamctl_apply::{
    Basis, ManifestFile, ManifestFiles, MasterBucket, MasterStore, Opening, RunId, Runner, TimeAndChance,
};
use iamctl_aws::AwsBucket;
use iamctl_model::{
    Action, Address, Caller, Cause, Change, ChangeAction, ManifestName, MasterCopy, Path, Plan, Resource,
    Step, StepId, Tags, User, UserName,
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

struct Machine;

impl TimeAndChance for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn random(&self) -> u64 {
        7
    }
}

fn store<'b>(world: &World, bucket: &'b AwsBucket, manifest: &str) -> MasterStore<'b, AwsBucket> {
    MasterStore::new(bucket, "iam/", world.account.clone(), ManifestName::parse(manifest).unwrap())
}

/// The plan of a manifest that makes one user.
fn plan_for(world: &World, manifest: &str, user_name: &UserName) -> Plan {
    let address = Address::User(user_name.clone());
    let change = Change {
        address: address.clone(),
        action: ChangeAction::Create,
        cause: Cause::Ours,
        fields: BTreeMap::new(),
        before: None,
        after: Some(Resource::User(User::default())),
    };
    let action = Action::CreateUser {
        user_name: user_name.clone(),
        path: Path::root(),
        permissions_boundary: None,
        tags: Tags::default(),
    };
    Plan {
        account: world.account.clone(),
        manifest: ManifestName::parse(manifest).unwrap(),
        changes: vec![change],
        steps: vec![Step { id: StepId(1), action, because: address, needs: Vec::new() }],
        refusals: Vec::new(),
        hazards: Vec::new(),
        notes: Vec::new(),
        unmanaged: BTreeMap::new(),
    }
}

/// Applies a manifest that makes one user, from the lock to the head.
async fn apply(world: &World, bucket: &AwsBucket, manifest: &str, user: &str) {
    let store = store(world, bucket, manifest);
    let memory = store.read_memory().await.unwrap();
    let plan = plan_for(world, manifest, &UserName::parse(user).unwrap());
    let file = ManifestFile { name: "m.yaml".to_owned(), bytes: b"version: 1".to_vec() };
    let files = ManifestFiles::new(vec![file]).unwrap();
    let caller = Caller { account: world.account.clone(), arn: String::new(), user_id: String::new() };
    let runner = Runner {
        who: caller,
        host: None,
        pid: None,
        tool_version: "0.1.0".to_owned(),
        command: String::new(),
        git: None,
    };
    let now = Machine.now();
    let locked = store.lock(RunId::new(now, 7), runner, now).await.unwrap();
    let basis = Basis::default();
    let opening = Opening { plan: &plan, basis: &basis, memory: &memory, unfinished: &[], files: &files };
    let open = locked.open(opening, &Machine, &|_| {}).await.unwrap();
    let iam = world.aws.iam(&world.account);
    let closed = open.execute(&iam, &CancellationToken::new()).await.close().await;
    assert!(closed.head_written, "{:?}", closed.problems);
}

async fn bucket(world: &World) -> AwsBucket {
    let master_copy = MasterCopy {
        bucket: format!("siblings-{}", world.account.id),
        region: "us-east-1".to_owned(),
        prefix: "iam/".to_owned(),
        owner: None,
        kms_key: None,
    };
    let bucket = world.aws.bucket(&master_copy, &world.account);
    bucket.create().await.unwrap();
    bucket
}

#[tokio::test]
async fn a_manifest_sees_what_its_siblings_own() {
    let world = World::new().await;
    let bucket = bucket(&world).await;
    apply(&world, &bucket, "platform", "alice").await;
    world.proxy.clear();
    assert_eq!(store(&world, &bucket, "platform").read_siblings().await, Ok(Vec::new()));
    assert_eq!(world.calls().len(), 1, "alone, it costs one request");

    apply(&world, &bucket, "data", "bob").await;
    world.proxy.clear();
    let siblings = store(&world, &bucket, "data").read_siblings().await.unwrap();
    assert_eq!((world.count("ListObjectsV2"), world.count("GetObject"), world.calls().len()), (1, 2, 3));
    let [platform] = siblings.as_slice() else { panic!("{siblings:?}") };
    assert_eq!(platform.name.as_str(), "platform");
    let live = world.aws.read_live(&world.account, &iamctl_aws::Scope::default()).await.unwrap();
    let alice: Address = "user/alice".parse().unwrap();
    assert!(platform.owns(&alice, live.id(&alice).unwrap()));
    assert_eq!(platform.ownership.as_ref().unwrap().0.len(), 1);

    // Forbidden is not empty.
    world.proxy.inject(
        Fault::access_denied()
            .operation("GetObject")
            .when(|call| call.target.ends_with("/platform/head.json")),
    );
    let siblings = store(&world, &bucket, "data").read_siblings().await.unwrap();
    let reason = siblings[0].ownership.as_ref().unwrap_err();
    assert!(reason.contains("/platform/head.json: access denied (s3:GetObject is missing"), "{reason}");
}
