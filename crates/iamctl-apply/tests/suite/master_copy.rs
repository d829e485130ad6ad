//! What is read from and stored in the master copy.

use std::collections::BTreeSet;

use iamctl_apply::{
    BucketReport, BucketState, MasterStore, Memory, NeedsWriting, ReadError, RunResult, StoreError,
    needs_writing,
};
use iamctl_model::{Account, AccountId, ManifestName, Ownership, Partition};
use iamctl_testing::{BucketCall, BucketFault, MemoryBucket};

use crate::world::{Wanted, World, account, manifest_name, user, wanted};

fn some() -> Wanted {
    wanted(&[("user/alice", user(&["p1"], &[], &[])), ("user/bob", user(&[], &[], &[]))])
}

async fn applied() -> World {
    let world = World::new();
    assert_eq!(world.apply(&some()).await.closed().result, RunResult::Succeeded);
    world.bucket.clear_log();
    world
}

fn denied() -> StoreError {
    StoreError::Denied { permission: "s3:GetObject".to_owned(), message: "no".to_owned() }
}

#[tokio::test(start_paused = true)]
async fn memory_costs_two_reads_and_unfinished_runs_one_listing() {
    let world = applied().await;
    let store = world.store();
    let memory = store.read_memory().await.unwrap();
    assert_eq!(store.unfinished_runs(&memory).await.unwrap(), []);
    let log: Vec<String> = world.bucket.log().iter().map(ToString::to_string).collect();
    let root = "iam/123456789012/acme-prod";
    let run = &memory.head.as_ref().unwrap().0.run;
    assert_eq!(
        log,
        [
            format!("Get {root}/head.json"),
            format!("Get {root}/states/{run}.json"),
            format!("List {root}/runs/"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_never_applied_is_remembered_as_nothing() {
    let world = World::new();
    assert_eq!(world.store().read_memory().await, Ok(Memory::none(BucketState::Ours)));
    let missing = MemoryBucket::missing("b");
    let store = MasterStore::new(&missing, "", account(), manifest_name());
    let memory = store.read_memory().await.unwrap();
    assert_eq!(memory, Memory::none(BucketState::Missing));
    assert_eq!(store.unfinished_runs(&memory).await, Ok(Vec::new()));
    assert_eq!(store.read_lock().await, Ok(None));
    assert_eq!(store.list_runs(world.clock.time(), 10).await, Ok(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_failed_is_never_taken_for_no_head() {
    for part in ["head.json", "states/"] {
        for error in [
            denied(),
            StoreError::Credentials("expired".to_owned()),
            StoreError::WrongRegion { actual: Some("eu-west-1".to_owned()) },
        ] {
            let world = applied().await;
            world.bucket.inject(BucketFault::fail(error.clone()).call(BucketCall::Get).key(part));
            let refused = world.store().read_memory().await.unwrap_err();
            assert!(matches!(&refused, ReadError::Store { error: found, .. } if *found == error));
            assert!(refused.to_string().starts_with("cannot read s3://master/iam/123456789012/acme-prod/"));
        }
    }
    let world = applied().await;
    let memory = world.store().read_memory().await.unwrap();
    world.bucket.inject(BucketFault::fail(denied()).call(BucketCall::List));
    assert!(matches!(world.store().unfinished_runs(&memory).await, Err(ReadError::Store { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_not_right_is_refused_with_the_reason() {
    let world = applied().await;
    let store = world.store();
    let key = store.layout().head();
    let good = String::from_utf8(world.bucket.object(&key).unwrap()).unwrap();
    let state = store.read_memory().await.unwrap().head.unwrap().0.state;
    let state_key = format!("{}{state}", store.layout().root());
    let long_ago = good.replace("\"format_version\": 1", "\"format_version\": 0");
    let later = good.replace("\"format_version\": 1", "\"format_version\": 2");
    let location = format!("s3://master/{key}");
    for (head, says) in [
        (String::new(), format!("cannot make sense of {location}: EOF while parsing")),
        ("{}".to_owned(), format!("cannot make sense of {location}: missing field `format_version`")),
        (long_ago, format!("cannot make sense of {location}: there is no format 0")),
        (later, format!("{location} has format 2, this iamctl reads formats up to 1")),
        (
            good.replace("acme-prod", "acme-test"),
            format!("{location} belongs to manifest `acme-test` in account 123456789012, not to"),
        ),
        (
            good.replace("123456789012", "210987654321"),
            format!("{location} belongs to manifest `acme-prod` in account 210987654321, not to"),
        ),
        (
            good.replace(".json\"", ".jsonx\""),
            format!("s3://master/{state_key}x is missing, although the head names it"),
        ),
        (good.replace("sha256-", "sha256-x"), format!("cannot make sense of {location}: `sha256-x")),
    ] {
        world.bucket.tamper(&key, Some(head.as_bytes()));
        let refused = store.read_memory().await.unwrap_err().to_string();
        assert!(refused.starts_with(&says), "{refused}\n{says}");
    }

    world.bucket.tamper(&key, Some(good.as_bytes()));
    let mut state = world.bucket.object(&state_key).unwrap();
    state.push(b' ');
    world.bucket.tamper(&state_key, Some(&state));
    let refused = store.read_memory().await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("s3://master/{state_key} was altered: its digest is not the one that the head names")
    );
    world.bucket.tamper(&state_key, None);
    assert!(matches!(store.read_memory().await, Err(ReadError::Missing { .. })));
}

#[tokio::test(start_paused = true)]
async fn fields_of_a_later_version_of_the_same_format_are_passed_over() {
    let world = applied().await;
    let store = world.store();
    let before = store.read_memory().await.unwrap();
    let head = String::from_utf8(world.bucket.object(&store.layout().head()).unwrap()).unwrap();
    let head = head.replacen('{', "{\"signed_by\": {\"key\": 7},", 1);
    world.bucket.tamper(&store.layout().head(), Some(head.as_bytes()));
    let after = store.read_memory().await.unwrap();
    assert_eq!((after.head.unwrap().0, after.ownership), (before.head.unwrap().0, before.ownership));
}

#[tokio::test(start_paused = true)]
async fn two_manifests_share_a_bucket_without_meeting() {
    let world = applied().await;
    let other = ManifestName::parse("acme-test").unwrap();
    let sibling = MasterStore::new(&world.bucket, "iam/", account(), other);
    assert_eq!(sibling.read_memory().await, Ok(Memory::none(BucketState::Ours)));
    let id = AccountId::parse("210987654321").unwrap();
    let elsewhere = Account { id, partition: Partition::aws() };
    let sibling = MasterStore::new(&world.bucket, "iam/", elsewhere, manifest_name());
    assert_eq!(sibling.read_memory().await, Ok(Memory::none(BucketState::Ours)));
}

/// The same bucket, seen by another manifest of the same account.
fn beside<'w>(world: &'w World, name: &str) -> MasterStore<'w, MemoryBucket> {
    MasterStore::new(&world.bucket, "iam/", account(), ManifestName::parse(name).unwrap())
}

fn log(world: &World) -> Vec<String> {
    world.bucket.log().iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn a_sibling_is_found_by_one_listing_and_read_by_two_requests() {
    let world = applied().await;
    let memory = world.store().read_memory().await.unwrap();
    world.bucket.clear_log();
    assert_eq!(world.store().read_siblings().await, Ok(Vec::new()), "nobody is his own sibling");
    assert_eq!(log(&world), ["Folders iam/123456789012/"]);

    // Folders that are no manifest's, of other accounts, and of manifests that were never applied.
    for key in [
        "iam/123456789012/not a name/head.json",
        "iam/123456789012/stray.json",
        "iam/210987654321/acme-prod/head.json",
        "iam/123456789012/acme-new/runs/x/opened.json",
    ] {
        world.bucket.tamper(key, Some(b"{}"));
    }
    world.bucket.clear_log();
    let siblings = beside(&world, "acme-test").read_siblings().await.unwrap();
    let found: Vec<_> = siblings.iter().map(|sibling| (sibling.name.as_str(), &sibling.ownership)).collect();
    let nothing = Ok(Ownership::default());
    assert_eq!(found, [("acme-new", &nothing), ("acme-prod", &Ok(memory.ownership))]);
    let state = format!("Get iam/123456789012/acme-prod/{}", memory.head.unwrap().0.state);
    let mut reads = log(&world);
    reads.sort();
    assert_eq!(
        reads,
        [
            "Folders iam/123456789012/",
            "Get iam/123456789012/acme-new/head.json",
            "Get iam/123456789012/acme-prod/head.json",
            state.as_str(),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_sibling_that_cannot_be_read_is_never_taken_for_none() {
    for part in ["acme-prod/head.json", "acme-prod/states/"] {
        let world = applied().await;
        world.bucket.inject(BucketFault::fail(denied()).call(BucketCall::Get).key(part));
        let siblings = beside(&world, "acme-test").read_siblings().await.unwrap();
        let reason = siblings[0].ownership.as_ref().unwrap_err();
        assert!(reason.starts_with("cannot read s3://master/iam/123456789012/acme-prod/"), "{reason}");
        assert!(reason.contains("ask for the permission"), "{reason}");
    }
    let world = applied().await;
    let head = world.store().layout().head();
    let text = String::from_utf8(world.bucket.object(&head).unwrap()).unwrap();
    for (head_text, says) in [
        (String::new(), "cannot make sense of"),
        (text.replace("acme-prod", "acme-dev"), "belongs to manifest `acme-dev`"),
        (text.replace("\"format_version\": 1", "\"format_version\": 2"), "has format 2"),
    ] {
        world.bucket.tamper(&head, Some(head_text.as_bytes()));
        let siblings = beside(&world, "acme-test").read_siblings().await.unwrap();
        let reason = siblings[0].ownership.as_ref().unwrap_err();
        assert!(reason.contains(says), "{reason}");
    }
    world.bucket.inject(BucketFault::fail(denied()).call(BucketCall::Folders));
    let refused = beside(&world, "acme-test").read_siblings().await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "cannot read s3://master/iam/123456789012/: access denied (s3:GetObject is missing, or the bucket \
         belongs to another account): no"
    );
    let missing = MemoryBucket::missing("b");
    let store = MasterStore::new(&missing, "", account(), manifest_name());
    assert_eq!(store.read_siblings().await, Ok(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn only_what_differs_needs_writing() {
    let world = applied().await;
    let memory = world.store().read_memory().await.unwrap();
    let files = World::files(&some());
    let other = World::files(&Wanted::new());
    let nothing = NeedsWriting::default();
    assert_eq!(needs_writing(&memory, &memory.ownership, files.digest()), nothing);
    assert!(!nothing.any());
    assert_eq!(
        needs_writing(&memory, &memory.ownership, other.digest()),
        NeedsWriting { manifest: true, ..nothing }
    );
    assert_eq!(
        needs_writing(&memory, &Ownership::default(), files.digest()),
        NeedsWriting { ownership: true, ..nothing }
    );
    assert_eq!(
        needs_writing(&Memory::none(BucketState::Missing), &Ownership::default(), files.digest()),
        NeedsWriting { bucket: true, manifest: true, ownership: false }
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_of_text_alone_writes_the_master_copy_and_makes_no_call() {
    let world = applied().await;
    let calls = world.account.attempts();
    let store = world.store();
    let memory = store.read_memory().await.unwrap();
    // The same things in another order of words.
    let mut files = World::files(&some()).files().to_vec();
    files[0].bytes.push(b'\n');
    let files = iamctl_apply::ManifestFiles::new(files).unwrap();
    let (plan, basis) = world.plan(&some(), &memory, &[]);
    assert!(needs_writing(&memory, &basis.ownership, files.digest()).manifest);
    let opening =
        iamctl_apply::Opening { plan: &plan, basis: &basis, memory: &memory, unfinished: &[], files: &files };
    let run = iamctl_apply::RunId::new("2026-11-25T00:00:00Z".parse().unwrap(), 1);
    let locked = store.lock(run.clone(), crate::world::runner(), world.clock.time()).await.unwrap();
    let open = locked.open(opening, &world.clock, &|_| {}).await.unwrap();
    let closed =
        open.execute(&world.account, &tokio_util::sync::CancellationToken::new()).await.close().await;
    assert_eq!((closed.result, closed.problems.as_slice()), (RunResult::Succeeded, &[][..]));
    assert_eq!(world.account.attempts(), calls);
    let after = store.read_memory().await.unwrap();
    assert_eq!(after.ownership, memory.ownership);
    assert_eq!(
        (&after.head.as_ref().unwrap().0.run, &after.head.as_ref().unwrap().0.manifest_digest),
        (&run, files.digest())
    );
}

#[tokio::test(start_paused = true)]
async fn the_current_manifest_is_healed_by_the_next_run() {
    let world = applied().await;
    let current = world.store().layout().current();
    for (key, bytes) in [("stray.yaml", Some(&b"old"[..])), ("desired-state.yaml", Some(b"torn"))] {
        world.bucket.tamper(&format!("{current}{key}"), bytes);
    }
    world.apply(&wanted(&[("user/alice", user(&[], &[], &[]))])).await.closed();
    let files = World::files(&wanted(&[("user/alice", user(&[], &[], &[]))]));
    let keys: Vec<String> = world.bucket.keys().into_iter().filter(|key| key.starts_with(&current)).collect();
    let expected: Vec<String> = files.files().iter().map(|file| format!("{current}{}", file.name)).collect();
    assert_eq!(keys, expected);
    for file in files.files() {
        assert_eq!(world.bucket.object(&format!("{current}{}", file.name)), Some(file.bytes.clone()));
    }
}

#[tokio::test(start_paused = true)]
async fn every_manifest_is_kept_byte_for_byte_under_its_digest() {
    let world = applied().await;
    let second = wanted(&[("user/alice", user(&["p2"], &[], &[]))]);
    world.apply(&second).await.closed();
    for manifest in [some(), second] {
        let files = World::files(&manifest);
        let folder = world.store().layout().manifest(files.digest());
        for file in files.files() {
            assert_eq!(world.bucket.object(&format!("{folder}{}", file.name)), Some(file.bytes.clone()));
        }
    }
    // Going back to the first one stores nothing anew.
    world.bucket.clear_log();
    world.apply(&some()).await.closed();
    let put =
        |part: &str| world.bucket.log().iter().any(|o| o.call == BucketCall::Put && o.key.contains(part));
    assert!(put("/current/") && !put("/manifests/"));
}

#[tokio::test(start_paused = true)]
async fn a_missing_bucket_is_made_and_an_existing_one_only_looked_at() {
    let missing = MemoryBucket::missing("b");
    let store = MasterStore::new(&missing, "", account(), manifest_name());
    assert_eq!(store.prepare_bucket().await, Ok(BucketReport::Created));
    assert_eq!(store.prepare_bucket().await, Ok(BucketReport::Existing { weaknesses: vec![] }));
    missing.set_weaknesses(&["versioning is off"]);
    let weaknesses = vec!["versioning is off".to_owned()];
    assert_eq!(store.prepare_bucket().await, Ok(BucketReport::Existing { weaknesses }));
    let creations = missing.log().iter().filter(|operation| operation.call == BucketCall::Create).count();
    assert_eq!(creations, 1);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_of_somebody_else_is_an_error_that_says_so() {
    for (call, says) in [
        (BucketCall::Probe, "cannot find the bucket `b`: a bucket of this name belongs to somebody else"),
        (BucketCall::Create, "cannot create the bucket `b`: a bucket of this name belongs to somebody else"),
    ] {
        let missing = MemoryBucket::missing("b");
        missing.inject(BucketFault::fail(StoreError::NameTaken).call(call));
        let store = MasterStore::new(&missing, "", account(), manifest_name());
        assert_eq!(store.prepare_bucket().await.unwrap_err().to_string(), says);
    }
}

#[tokio::test(start_paused = true)]
async fn things_are_written_in_the_order_that_was_agreed() {
    let world = World::new();
    let run = world.apply(&some()).await.closed().run;
    let root = "iam/123456789012/acme-prod/";
    let digest = World::files(&some()).digest().clone();
    let short =
        |key: &str| key.replace(root, "").replace(run.as_str(), "RUN").replace(digest.as_str(), "DIGEST");
    let writes = world.bucket.log().into_iter().filter(|operation| operation.call.is_write());
    let mut writes: Vec<String> =
        writes.map(|operation| format!("{:?} {}", operation.call, short(&operation.key))).collect();
    // The files of a manifest are written side by side.
    writes[1..3].sort();
    writes[8..10].sort();
    assert_eq!(
        writes,
        [
            "Put lock.json",
            "Put manifests/DIGEST/desired-state.yaml",
            "Put manifests/DIGEST/policies/values.json",
            "Put runs/RUN/opened.json",
            "Put runs/RUN/events-000001.json",
            "Put runs/RUN/closed.json",
            "Put states/RUN.json",
            "Put head.json",
            "Put current/desired-state.yaml",
            "Put current/policies/values.json",
            "Delete lock.json",
        ]
    );
    world.assert_settled(&some(), &BTreeSet::new()).await;
}
