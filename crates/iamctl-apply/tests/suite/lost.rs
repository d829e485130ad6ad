//! Replies that are lost, and what comes after them: nothing that a run made is lost for good, and
//! nothing that somebody else made is taken for its own.

use std::collections::BTreeSet;

use iamctl_apply::{ErrorClass, Event, Outcome, RunEvent, RunResult};
use iamctl_model::{Action, Address};
use tokio_util::sync::CancellationToken;

use crate::account::CallFault;
use crate::world::{Wanted, World, group, user, wanted};

const CLASSES: [ErrorClass; 8] = [
    ErrorClass::Throttled,
    ErrorClass::Busy,
    ErrorClass::Lagging,
    ErrorClass::Unreachable,
    ErrorClass::ServerFault,
    ErrorClass::Denied,
    ErrorClass::Credentials,
    ErrorClass::Refused,
];

fn some() -> Wanted {
    wanted(&[
        ("group/engineers", group(&["alice", "bob"])),
        ("user/alice", user(&["p1", "p2"], &["engineers"], &[("team", "data")])),
        ("user/bob", user(&["p1"], &["engineers"], &[])),
    ])
}

fn other() -> Wanted {
    wanted(&[
        ("group/engineers", group(&["alice", "carol"])),
        ("user/alice", user(&["p2", "p3"], &["engineers"], &[("team", "web")])),
        ("user/carol", user(&["p1"], &["engineers"], &[])),
    ])
}

fn bob() -> Address {
    "user/bob".parse().unwrap()
}

fn makes_bob(action: &Action) -> bool {
    matches!(action, Action::CreateUser { .. }) && action.subject() == bob()
}

async fn finish(world: &World, to: &Wanted, unmanaged: &BTreeSet<Address>) {
    world.account.heal();
    let run = world.apply(to).await.closed();
    assert_eq!((run.result, run.problems.as_slice()), (RunResult::Succeeded, &[][..]));
    world.assert_settled(to, unmanaged).await;
}

/// Each call in turn is carried out without a reply, and all that follow on the same thing fail.
#[tokio::test(start_paused = true)]
async fn whatever_answer_follows_a_lost_one_the_next_run_claims_what_was_done() {
    for class in CLASSES {
        for (from, to) in [(Wanted::new(), some()), (some(), other())] {
            for skip in 0.. {
                let world = World::new();
                if !from.is_empty() {
                    world.apply(&from).await.closed();
                }
                let before = world.account.attempts();
                world.account.inject(CallFault::LoseReply, skip, 1, |_| true);
                world.account.inject(CallFault::Fail(class), skip, usize::MAX, |_| true);
                let run = world.apply(&to).await.closed();
                if world.account.attempts() - before <= skip {
                    break;
                }
                if run.result == RunResult::Succeeded {
                    // It was a delete, and a look told that it had been carried out.
                    let remark = |outcome: &Outcome| outcome.receipt()?.remark.clone();
                    let remarks: Vec<String> = run.outcomes.values().filter_map(remark).collect();
                    assert_eq!(remarks, ["was already gone"], "{class:?} after call {skip}");
                    world.account.heal();
                    world.assert_settled(&to, &BTreeSet::new()).await;
                    continue;
                }
                assert_eq!(run.result, RunResult::Failed, "{class:?} after call {skip}");
                let lost = |outcome: &&Outcome| matches!(outcome, Outcome::Failed { lost: true, .. });
                assert!(run.outcomes.values().any(|outcome| lost(&outcome)), "{class:?} after call {skip}");
                let head = world.store().read_memory().await.unwrap().head.unwrap().0;
                assert_eq!(head.unsettled, std::slice::from_ref(&run.run), "{class:?} after call {skip}");
                finish(&world, &to, &BTreeSet::new()).await;
                let head = world.store().read_memory().await.unwrap().head.unwrap().0;
                assert_eq!(head.unsettled, []);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_interruption_between_a_lost_reply_and_the_next_attempt_loses_nothing() {
    for class in [None, Some(ErrorClass::Throttled), Some(ErrorClass::Busy)] {
        let world = World::new();
        world.account.inject(CallFault::LoseReply, 0, 1, makes_bob);
        if let Some(class) = class {
            world.account.inject(CallFault::Fail(class), 0, usize::MAX, makes_bob);
        }
        let cancelled = CancellationToken::new();
        let watch = |event: &Event| match &event.what {
            RunEvent::StepRetried { error, .. } if class.is_none_or(|class| error.class == class) => {
                cancelled.cancel();
            }
            _ => {}
        };
        let run = world.apply_until(&some(), &cancelled, &watch).await.closed();
        assert_eq!(run.result, RunResult::Interrupted);
        assert!(world.account.things().contains_key(&bob()));
        assert_eq!(run.ownership.get(&bob()), None);
        finish(&world, &some(), &BTreeSet::new()).await;
    }
}

/// It is equal, and made after the run began: still it is somebody else's.
#[tokio::test(start_paused = true)]
async fn what_somebody_makes_meanwhile_is_not_ours_however_equal_it_is() {
    let world = World::new();
    let account = world.account.clone();
    let watch = move |event: &Event| {
        if matches!(event.what, RunEvent::StepStarted { attempt: 1, .. })
            && !account.things().contains_key(&bob())
        {
            account.plant("user/bob", user(&[], &[], &[]));
        }
    };
    // Another reply is lost for good, so that the next run looks at what this one left.
    let makes_alice = |action: &Action| {
        matches!(action, Action::CreateUser { .. }) && action.subject().to_string() == "user/alice"
    };
    world.account.inject(CallFault::LoseReply, 0, 1, makes_alice);
    world.account.inject(CallFault::Fail(ErrorClass::Denied), 0, usize::MAX, makes_alice);
    let run = world.apply_until(&some(), &CancellationToken::new(), &watch).await.closed();
    assert_eq!(run.result, RunResult::Failed);
    assert_eq!(run.ownership.get(&bob()), None);
    let refused = |outcome: &Outcome| match outcome {
        Outcome::Failed { error, lost, .. } => error.class == ErrorClass::Refused && !lost,
        _ => false,
    };
    assert!(run.outcomes.values().any(refused));

    // Without bob in the manifest nothing of his is touched, and alice is claimed.
    let without_bob = wanted(&[
        ("group/engineers", group(&["alice"])),
        ("user/alice", user(&["p1", "p2"], &["engineers"], &[("team", "data")])),
    ]);
    finish(&world, &without_bob, &BTreeSet::from([bob()])).await;
    assert_eq!(world.account.things()[&bob()].value, user(&[], &[], &[]));
}
