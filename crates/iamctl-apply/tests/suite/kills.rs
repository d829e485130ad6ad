//! A run is killed at every place where it waits for the outside, and the next one finishes its work.

use std::collections::BTreeSet;

use iamctl_apply::{Outcome, RunEnd, RunResult};
use iamctl_model::Address;
use iamctl_testing::{BucketFault, MemoryBucket};

use crate::account::{CallFault, TestAccount};
use crate::world::{Applied, Wanted, World, group, user, wanted};

fn first() -> Wanted {
    wanted(&[
        ("group/engineers", group(&["alice", "bob"])),
        ("group/old", group(&["bob"])),
        ("user/alice", user(&["p1", "p2"], &["engineers"], &[("team", "data")])),
        ("user/bob", user(&["p1"], &["engineers", "old"], &[])),
        ("user/gone", user(&["p1"], &[], &[])),
    ])
}

fn second() -> Wanted {
    wanted(&[
        ("group/engineers", group(&["alice", "carol"])),
        ("user/alice", user(&["p2", "p3"], &["engineers"], &[("team", "web"), ("cost", "1")])),
        ("user/bob", user(&["p1"], &[], &[])),
        ("user/carol", user(&["p1"], &["engineers"], &[])),
    ])
}

/// A world with something in it that is nobody's business, and what is to be reached from where.
async fn world(from: Option<&Wanted>) -> (World, BTreeSet<Address>) {
    let world = World::new();
    world.account.plant("user/stranger", user(&["p9"], &[], &[]));
    if let Some(from) = from {
        assert_eq!(world.apply(from).await.closed().result, RunResult::Succeeded);
    }
    (world, BTreeSet::from(["user/stranger".parse().unwrap()]))
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    BeforeStoring,
    AfterStoring,
    BeforeCalling,
    AfterCalling,
}

pub(crate) const PLACES: [Place; 4] =
    [Place::BeforeStoring, Place::AfterStoring, Place::BeforeCalling, Place::AfterCalling];

fn freeze(bucket: &MemoryBucket, account: &TestAccount, place: Place, skip: usize) {
    let call = |fault| account.inject(fault, skip, 1, |_| true);
    match place {
        Place::BeforeStoring => bucket.inject(BucketFault::freeze().skip(skip).times(1)),
        Place::AfterStoring => bucket.inject(BucketFault::freeze_after().skip(skip).times(1)),
        Place::BeforeCalling => call(CallFault::Freeze),
        Place::AfterCalling => call(CallFault::FreezeAfter),
    }
}

/// Applies until it freezes, and drops it there. Whether it froze.
pub(crate) async fn killed(world: &World, to: &Wanted, place: Place, skip: usize) -> bool {
    freeze(&world.bucket, &world.account, place, skip);
    let froze = tokio::select! {
        biased;
        () = world.bucket.frozen() => true,
        () = world.account.frozen() => true,
        applied = world.apply(to) => {
            assert_eq!(applied.closed().problems, []);
            false
        }
    };
    world.bucket.heal();
    world.account.heal();
    world.account.forget_calls_in_flight();
    froze
}

/// No record says more than what happened, and nothing is remembered as ours that we did not make.
pub(crate) async fn assert_honest(world: &World) {
    let carried_out = world.account.carried_out();
    let issued = world.account.issued();
    let store = world.store();
    for listed in store.list_runs(world.clock.time(), 100).await.unwrap() {
        let record = store.load_run(&listed.run).await.unwrap().unwrap();
        for step in &record.opened.plan.steps {
            if let Some(Outcome::Done(receipt)) = record.outcomes().get(&step.id) {
                assert!(carried_out.contains(&step.action), "{:?} was not carried out", step.action);
                assert!(receipt.created.iter().all(|id| issued.contains(id)));
            }
        }
        if let RunEnd::Closed(closed) = &record.end {
            assert_eq!(
                closed.counts.done + closed.counts.failed + closed.counts.not_tried,
                record.opened.plan.steps.len()
            );
        }
    }
    for (address, owned) in world.remembered().await.0 {
        assert!(issued.contains(&owned.id), "{address} has an id that nobody issued");
        assert_ne!(address.to_string(), "user/stranger");
    }
}

pub(crate) async fn finish(world: &World, to: &Wanted, unmanaged: &BTreeSet<Address>) {
    assert_honest(world).await;
    world.break_lock().await;
    match world.apply(to).await {
        Applied::Nothing => {}
        Applied::Closed(run) => {
            assert_eq!(run.result, RunResult::Succeeded, "{run:?}");
            assert_eq!(run.problems, []);
        }
        other => panic!("{other:?}"),
    }
    assert_honest(world).await;
    world.assert_settled(to, unmanaged).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_killed_anywhere_is_finished_by_the_next_one() {
    let mut kills = 0;
    for (from, to) in [(None, first()), (Some(first()), second()), (Some(second()), Wanted::new())] {
        for place in PLACES {
            for skip in 0.. {
                let (world, unmanaged) = world(from.as_ref()).await;
                if !killed(&world, &to, place, skip).await {
                    break;
                }
                kills += 1;
                finish(&world, &to, &unmanaged).await;
            }
        }
    }
    assert!(kills > 150, "only {kills} places were found");
}

#[tokio::test(start_paused = true)]
async fn two_killed_runs_in_a_row_are_finished_by_the_third() {
    let to = second();
    let mut kills = 0;
    let places = || PLACES.into_iter().flat_map(|place| (0..60).step_by(7).map(move |skip| (place, skip)));
    for (place, skip) in places() {
        for (other, other_skip) in places() {
            let (world, unmanaged) = world(Some(&first())).await;
            if !killed(&world, &to, place, skip).await {
                break;
            }
            world.break_lock().await;
            freeze(&world.bucket, &world.account, other, other_skip);
            tokio::select! {
                biased;
                () = world.bucket.frozen() => kills += 1,
                () = world.account.frozen() => kills += 1,
                _ = world.apply(&to) => {}
            }
            world.bucket.heal();
            world.account.heal();
            world.account.forget_calls_in_flight();
            finish(&world, &to, &unmanaged).await;
        }
    }
    assert!(kills > 60, "only {kills} pairs of places were found");
}

/// The manifest changes after a kill: what the killed run made is still known to be ours.
#[tokio::test(start_paused = true)]
async fn what_a_killed_run_made_is_deleted_when_the_manifest_no_longer_wants_it() {
    for place in PLACES {
        for skip in 0.. {
            let (world, unmanaged) = world(None).await;
            if !killed(&world, &first(), place, skip).await {
                break;
            }
            finish(&world, &Wanted::new(), &unmanaged).await;
        }
    }
}
