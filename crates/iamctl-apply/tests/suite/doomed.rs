//! Somebody deletes what a run is about to delete, and makes another one of the same name.

use std::collections::BTreeSet;

use iamctl_apply::{ClosedRun, ErrorClass, Event, Outcome, RunEvent, RunResult};
use iamctl_model::{Action, Address};
use tokio_util::sync::CancellationToken;

use crate::account::{CallFault, TestAccount};
use crate::world::{Wanted, World, group, user, wanted};

fn all() -> Wanted {
    wanted(&[
        ("group/old", group(&["bob"])),
        ("user/alice", user(&["p1"], &[], &[])),
        ("user/bob", user(&["p1", "p2"], &["old"], &[])),
        ("user/carol", user(&["p1"], &[], &[])),
    ])
}

/// Alice stays, somewhat changed, and dave comes.
fn some() -> Wanted {
    wanted(&[("user/alice", user(&["p2"], &[], &[])), ("user/dave", user(&["p1"], &[], &[]))])
}

fn at(address: &str) -> Address {
    address.parse().unwrap()
}

async fn world() -> World {
    let world = World::new();
    world.apply(&all()).await.closed();
    world
}

/// A run during which something is done when something is told.
async fn run_while(
    world: &World,
    to: &Wanted,
    watch: impl Fn(&RunEvent, &TestAccount) + Send + Sync,
) -> ClosedRun {
    let account = world.account.clone();
    let watch = |event: &Event| watch(&event.what, &account);
    world.apply_until(to, &CancellationToken::new(), &watch).await.closed()
}

fn make_another_bob(account: &TestAccount) {
    account.uproot("user/bob");
    account.plant("user/bob", user(&["p9"], &[], &[]));
}

#[tokio::test(start_paused = true)]
async fn another_one_of_the_same_name_is_left_alone_and_everything_else_goes_on() {
    let world = world().await;
    let run = run_while(&world, &some(), |event, account| {
        if matches!(event, RunEvent::Opened { .. }) {
            make_another_bob(account);
        }
    })
    .await;
    assert_eq!(run.result, RunResult::Failed);
    assert!(!run.is_stale(), "other things were done");
    let things = world.account.things();
    assert_eq!(things[&at("user/bob")].value, user(&["p9"], &[], &[]));
    assert!(!things.contains_key(&at("user/carol")) && things.contains_key(&at("user/dave")));

    let failed: Vec<String> = run
        .outcomes
        .values()
        .filter_map(|outcome| match outcome {
            Outcome::Failed { error, lost: false, attempts: 1 } => Some(error.to_string()),
            Outcome::Done(_) | Outcome::NotTried { .. } => None,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(!failed.is_empty());
    for failed in failed {
        assert!(failed.starts_with("stale: user/bob is another one now, ID"), "{failed}");
    }
    // The next run has nothing to do with him.
    assert_eq!(world.account.carried_out().iter().filter(|call| call.subject() == at("user/bob")).count(), 4);
    world.apply(&some()).await.closed();
    world.assert_settled(&some(), &BTreeSet::from([at("user/bob")])).await;
}

#[tokio::test(start_paused = true)]
async fn each_thing_that_is_deleted_is_asked_for_once_and_nothing_else_is() {
    let world = world().await;
    let mut to = all();
    to.insert(at("user/bob"), user(&["p3"], &[], &[("team", "x")]));
    world.apply(&to).await.closed();
    assert_eq!(world.account.asked_for(), []);
    world.apply(&some()).await.closed();
    let mut asked_for = world.account.asked_for();
    asked_for.sort();
    assert_eq!(asked_for, [at("group/old"), at("user/bob"), at("user/carol")]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_did_nothing_else_is_stale() {
    let world = world().await;
    let mut to = all();
    to.remove(&at("user/carol"));
    let run = run_while(&world, &to, |event, account| {
        if matches!(event, RunEvent::Opened { .. }) {
            account.uproot("user/carol");
            account.plant("user/carol", user(&["p1"], &[], &[]));
        }
    })
    .await;
    assert_eq!((run.counts.done, run.is_stale()), (0, true));
    assert_eq!(world.account.things()[&at("user/carol")].value, user(&["p1"], &[], &[]));
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_already_counts_as_deleted() {
    let world = world().await;
    let before = world.account.carried_out().len();
    let mut to = all();
    to.remove(&at("user/carol"));
    let gone = |event: &RunEvent, account: &TestAccount| {
        if matches!(event, RunEvent::Opened { .. }) {
            account.uproot("user/carol");
        }
    };
    let run = run_while(&world, &to, gone).await;
    assert_eq!((run.result, run.problems.as_slice()), (RunResult::Succeeded, &[][..]));
    let is_gone = |outcome: &Outcome| {
        outcome.receipt().is_some_and(|it| it.remark.as_deref() == Some("was already gone"))
    };
    assert!(run.outcomes.values().all(is_gone), "{:?}", run.outcomes);
    assert_eq!(world.account.carried_out().len(), before);
    assert_eq!(
        world.account.asked_for(),
        [at("user/carol"), at("user/carol"), at("user/carol")],
        "it may be lag"
    );
    world.assert_settled(&to, &BTreeSet::new()).await;
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_nothing_is_deleted() {
    let mut to = all();
    to.remove(&at("user/carol"));
    for (class, times) in [(ErrorClass::Denied, 1), (ErrorClass::Refused, 1), (ErrorClass::Unreachable, 4)] {
        let world = world().await;
        world.account.do_not_answer(class, times);
        let run = world.apply(&to).await.closed();
        assert_eq!((run.result, run.counts.done, run.is_stale()), (RunResult::Failed, 0, false));
        assert!(!run.outcomes.values().any(Outcome::is_ambiguous), "no call was made");
        assert_eq!(world.account.things()[&at("user/carol")].value, user(&["p1"], &[], &[]));
        world.apply(&to).await.closed();
        world.assert_settled(&to, &BTreeSet::new()).await;
    }
    for class in [ErrorClass::Throttled, ErrorClass::Unreachable, ErrorClass::ServerFault] {
        let world = world().await;
        world.account.do_not_answer(class, 1);
        assert_eq!(world.apply(&to).await.closed().result, RunResult::Succeeded);
        assert_eq!(world.account.asked_for().len(), 2, "{class:?}");
    }
}

/// Whoever makes another bob after the first look is seen when the calls take long, or when an answer was lost.
#[tokio::test(start_paused = true)]
async fn a_look_does_not_hold_for_long_and_not_after_a_lost_answer() {
    let deletes_bob =
        |action: &Action| matches!(action, Action::DeleteUser { .. }) && action.subject() == at("user/bob");
    for (fault, times) in [(CallFault::Fail(ErrorClass::Busy), 5), (CallFault::LoseReply, 1)] {
        let world = world().await;
        world.account.inject(fault.clone(), 0, times, deletes_bob);
        let seen = std::sync::atomic::AtomicUsize::new(0);
        let run = run_while(&world, &some(), |event, account| {
            if matches!(event, RunEvent::StepRetried { .. })
                && seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1 == times
            {
                make_another_bob(account);
            }
        })
        .await;
        assert_eq!(run.result, RunResult::Failed, "{fault:?}");
        assert_eq!(world.account.things()[&at("user/bob")].value, user(&["p9"], &[], &[]), "{fault:?}");
    }
}
