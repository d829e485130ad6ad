//! Runs that do not end as they should: what they leave is true, and the next run finishes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use iamctl_apply::{
    CloseProblem, ErrorClass, LockError, LockHolder, NotTried, OpenProblem, Opening, Outcome, RunEvent,
    RunId, RunResult, Stop, StoreError, UnlockError,
};
use iamctl_model::{Action, Address};
use iamctl_testing::{BucketCall, BucketFault};
use tokio_util::sync::CancellationToken;

use crate::account::CallFault;
use crate::world::{Applied, Wanted, World, group, runner, user, wanted};

fn some() -> Wanted {
    wanted(&[
        ("group/engineers", group(&["alice", "bob"])),
        ("user/alice", user(&["p1", "p2"], &["engineers"], &[("team", "data")])),
        ("user/bob", user(&["p1"], &["engineers"], &[])),
        ("user/carol", user(&["p1"], &[], &[])),
    ])
}

fn other() -> Wanted {
    wanted(&[
        ("group/engineers", group(&["alice"])),
        ("user/alice", user(&["p2", "p3"], &["engineers"], &[("team", "web")])),
        ("user/bob", user(&[], &[], &[])),
    ])
}

fn broken_network() -> StoreError {
    StoreError::Other { code: None, message: "connection reset".to_owned(), request_id: None }
}

fn denied() -> StoreError {
    StoreError::Denied { permission: "s3:PutObject".to_owned(), message: "no".to_owned() }
}

/// What the master copy remembers is exactly what is in the account.
async fn assert_true(world: &World) {
    let things = world.account.things();
    let remembered = world.remembered().await.0;
    let addresses: BTreeSet<&Address> = things.keys().chain(remembered.keys()).collect();
    for address in addresses {
        let (thing, owned) = (things.get(address), remembered.get(address));
        assert_eq!(owned.map(|owned| &owned.id), thing.map(|thing| &thing.id), "{address}");
        assert_eq!(owned.map(|owned| &owned.last_applied), thing.map(|thing| &thing.value), "{address}");
    }
}

async fn finish(world: &World, to: &Wanted) {
    world.bucket.heal();
    world.account.heal();
    world.break_lock().await;
    if let Applied::Closed(run) = world.apply(to).await {
        assert_eq!((run.result, run.problems.as_slice()), (RunResult::Succeeded, &[][..]));
    }
    world.assert_settled(to, &BTreeSet::new()).await;
}

#[tokio::test(start_paused = true)]
async fn one_failure_or_lost_reply_of_any_write_is_not_even_noticed() {
    let mut places = 0;
    for lose in [false, true] {
        for skip in 0.. {
            let world = World::new();
            let fault = if lose { BucketFault::lose_reply() } else { BucketFault::fail(broken_network()) };
            world.bucket.inject(fault.writes().skip(skip).times(1));
            let writes = || world.bucket.log().iter().filter(|operation| operation.call.is_write()).count();
            let run = world.apply(&some()).await.closed();
            assert_eq!((run.result, run.problems.as_slice()), (RunResult::Succeeded, &[][..]));
            if writes() <= skip {
                break;
            }
            places += 1;
            world.assert_settled(&some(), &BTreeSet::new()).await;
        }
    }
    assert!(places > 20, "{places}");
}

#[tokio::test(start_paused = true)]
async fn when_the_bucket_fails_for_good_at_any_write_nothing_is_lost() {
    for error in [broken_network(), denied(), StoreError::Credentials("expired".to_owned())] {
        for skip in 0.. {
            let world = World::new();
            world.apply(&some()).await.closed();
            world.bucket.inject(BucketFault::fail(error.clone()).writes().skip(skip));
            let complete = match world.apply(&other()).await {
                Applied::Closed(run) => {
                    // Without the head there is a problem to tell, and the next run takes it up.
                    assert!(run.head_written || !run.problems.is_empty());
                    run.problems.is_empty()
                }
                Applied::NotOpened(error) => {
                    let lock = world.store().read_lock().await.unwrap();
                    assert_eq!(error.lock.is_some(), lock.is_some());
                    false
                }
                Applied::Locked(LockError::Write(_)) => false,
                unexpected => panic!("{unexpected:?}"),
            };
            finish(&world, &other()).await;
            if complete {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_any_failed_call_the_master_copy_is_exactly_true() {
    for class in [ErrorClass::Denied, ErrorClass::Refused, ErrorClass::Credentials, ErrorClass::Busy] {
        for skip in 0.. {
            let world = World::new();
            world.apply(&some()).await.closed();
            world.account.inject(CallFault::Fail(class), skip, usize::MAX, |_| true);
            let run = world.apply(&other()).await.closed();
            assert_eq!(run.problems, []);
            assert_true(&world).await;
            if run.result == RunResult::Succeeded {
                break;
            }
            assert!(run.counts.failed > 0);
            finish(&world, &other()).await;
        }
    }
}

/// The same for one step that fails among others that succeed.
#[tokio::test(start_paused = true)]
async fn one_failed_step_leaves_the_others_their_success() {
    for (from, to) in [(Wanted::new(), some()), (some(), other()), (other(), Wanted::new())] {
        for skip in 0.. {
            let world = World::new();
            world.apply(&from).await.closed();
            world.account.inject(CallFault::Fail(ErrorClass::Denied), skip, 1, |_| true);
            let run = world.apply(&to).await.closed();
            assert_true(&world).await;
            if run.result == RunResult::Succeeded {
                break;
            }
            assert_eq!(run.counts.failed, 1);
            finish(&world, &to).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_to_a_call_is_made_good_by_asking_again() {
    for skip in 0.. {
        let world = World::new();
        world.account.inject(CallFault::LoseReply, skip, 1, |_| true);
        let run = world.apply(&some()).await.closed();
        assert_eq!(run.result, RunResult::Succeeded);
        world.assert_settled(&some(), &BTreeSet::new()).await;
        if world.account.attempts() == run.counts.done {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_made_without_any_answer_is_claimed_by_the_next_run() {
    let world = World::new();
    let is_bob = |action: &Action| action.subject().to_string() == "user/bob";
    world.account.inject(CallFault::LoseReply, 0, usize::MAX, is_bob);
    let run = world.apply(&some()).await.closed();
    assert_eq!(run.result, RunResult::Failed);
    assert!(world.account.things().contains_key(&"user/bob".parse().unwrap()));
    assert_eq!(run.ownership.get(&"user/bob".parse().unwrap()), None);

    let memory = world.store().read_memory().await.unwrap();
    assert_eq!(memory.head.as_ref().unwrap().0.unsettled, std::slice::from_ref(&run.run));
    let unfinished = world.store().unfinished_runs(&memory).await.unwrap();
    assert_eq!(unfinished.iter().map(|run| run.run.as_str()).collect::<Vec<_>>(), [run.run.as_str()]);
    finish(&world, &some()).await;
    let memory = world.store().read_memory().await.unwrap();
    assert_eq!(memory.head.unwrap().0.unsettled, []);
}

/// IAM may show only minutes later what a killed run made; a failed run in between must not forget it.
#[tokio::test(start_paused = true)]
async fn a_failed_run_leaves_a_killed_one_unsettled() {
    let world = World::new();
    world.account.inject(CallFault::FreezeAfter, 2, 1, |_| true);
    tokio::select! {
        biased;
        () = world.account.frozen() => {}
        _ = async { world.apply(&some()).await } => panic!("it was not killed"),
    }
    world.account.heal();
    world.account.forget_calls_in_flight();
    let (holder, _) = world.store().read_lock().await.unwrap().unwrap();
    world.break_lock().await;
    world.account.inject(CallFault::Fail(ErrorClass::Denied), 0, 1, |_| true);
    let failed = world.apply(&some()).await.closed();
    assert_eq!(failed.result, RunResult::Failed);
    let memory = world.store().read_memory().await.unwrap();
    assert_eq!(memory.head.as_ref().unwrap().0.unsettled, [holder.run]);
    finish(&world, &some()).await;
}

#[tokio::test(start_paused = true)]
async fn rejected_credentials_stop_the_run_at_once() {
    let world = World::new();
    world.account.inject(CallFault::Fail(ErrorClass::Credentials), 2, usize::MAX, |_| true);
    let run = world.apply(&some()).await.closed();
    assert_eq!(run.result, RunResult::Failed);
    assert_eq!(run.stop.as_ref().map(|(stop, _)| *stop), Some(Stop::Credentials));
    // What was in flight with it is finished, and nothing is tried after that.
    assert!(world.account.attempts() <= 4 + 2, "{}", world.account.attempts());
    let not_tried = Outcome::NotTried { because: NotTried::Stopped(Stop::Credentials) };
    assert!(run.outcomes.values().any(|outcome| *outcome == not_tried));
    assert_true(&world).await;
    finish(&world, &some()).await;
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_run_finishes_what_is_in_flight_and_is_closed() {
    for after in 0.. {
        let world = World::new();
        let cancelled = CancellationToken::new();
        let started = AtomicUsize::new(0);
        let run = world
            .apply_until(&some(), &cancelled, &|event| {
                if matches!(event.what, RunEvent::StepStarted { .. })
                    && started.fetch_add(1, Ordering::Relaxed) == after
                {
                    cancelled.cancel();
                }
            })
            .await
            .closed();
        assert_eq!(run.problems, []);
        assert_true(&world).await;
        if run.result == RunResult::Succeeded {
            assert!(after > 5, "{after}");
            break;
        }
        assert_eq!(run.result, RunResult::Interrupted);
        assert_eq!(run.counts.failed, 0);
        assert!(run.counts.done > after && run.counts.done <= after + 4, "{:?}", run.counts);
        let stopped = Outcome::NotTried { because: NotTried::Stopped(Stop::Interrupted) };
        assert_eq!(run.outcomes.values().filter(|o| **o == stopped).count(), run.counts.not_tried);
        finish(&world, &some()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_cancelled_before_it_starts_makes_no_call() {
    let world = World::new();
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let run = world.apply_until(&some(), &cancelled, &|_| {}).await.closed();
    assert_eq!((run.result, run.counts.done, world.account.attempts()), (RunResult::Interrupted, 0, 0));
    finish(&world, &some()).await;
}

#[tokio::test(start_paused = true)]
async fn an_interruption_ends_the_wait_for_another_attempt() {
    let world = World::new();
    world.account.inject(CallFault::Fail(ErrorClass::Busy), 0, usize::MAX, |_| true);
    let cancelled = CancellationToken::new();
    let run = world
        .apply_until(&some(), &cancelled, &|event| {
            if matches!(event.what, RunEvent::StepRetried { attempt: 3, .. }) {
                cancelled.cancel();
            }
        })
        .await
        .closed();
    assert_eq!(run.result, RunResult::Interrupted);
    assert!(world.clock.time() < "2026-11-24T03:12:30Z".parse().unwrap());
    assert!(run.outcomes.values().any(|outcome| matches!(outcome, Outcome::Failed { attempts: 3, .. })));
}

/// Enough users that the run is still going on when the third flush has failed.
fn many() -> Wanted {
    let users = (0..400).map(|n| (format!("user/u{n}").parse().unwrap(), user(&["p1"], &[], &[])));
    users.collect()
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cannot_be_recorded_starts_no_more_steps_and_says_so() {
    let world = World::new();
    world.bucket.inject(BucketFault::fail(broken_network()).call(BucketCall::Put).key("/events-"));
    let run = world.apply(&many()).await.closed();
    assert_eq!(run.stop.as_ref().map(|(stop, _)| *stop), Some(Stop::RecordNotWritten));
    assert!(run.counts.done > 0 && run.counts.not_tried > 0, "{:?}", run.counts);
    assert!(matches!(run.problems.as_slice(), [CloseProblem::Record(_)]), "{:?}", run.problems);
    assert!(!run.head_written);
    // Nothing was flushed, so the next run knows all of it only from the plan.
    finish(&world, &many()).await;
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_fails_now_and_then_does_not_stop_a_run() {
    let world = World::new();
    let events = || BucketFault::fail(broken_network()).call(BucketCall::Put).key("/events-");
    world.bucket.inject(events().times(2));
    world.bucket.inject(events().skip(2).times(2));
    let run = world.apply(&many()).await.closed();
    assert_eq!((run.result, run.problems.as_slice()), (RunResult::Succeeded, &[][..]));
    let record = world.store().load_run(&run.run).await.unwrap().unwrap();
    let numbers: Vec<u64> = record.events.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=u64::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
    assert_eq!(record.outcomes(), run.outcomes);
    world.assert_settled(&many(), &BTreeSet::new()).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_runs_at_once_one_wins_the_lock_and_the_other_learns_who() {
    let world = World::new();
    let to = some();
    let (one, two) = tokio::join!(world.apply(&to), world.apply(&to));
    let (won, lost) = if matches!(one, Applied::Closed(_)) { (one, two) } else { (two, one) };
    let won = won.closed();
    assert_eq!(won.result, RunResult::Succeeded);
    let Applied::Locked(LockError::Held(holder)) = lost else { panic!("{lost:?}") };
    assert_eq!(holder.run, won.run);
    assert_eq!(holder.runner, runner());
    let said = LockError::Held(holder).to_string();
    assert_eq!(said, format!("the lock is held by run {} of arn:aws:iam::123456789012:user/admin", won.run));
    world.assert_settled(&some(), &BTreeSet::new()).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_lock_was_broken_makes_no_call_and_writes_no_head() {
    let world = World::new();
    let store = world.store();
    let memory = store.read_memory().await.unwrap();
    let (plan, basis) = world.plan(&some(), &memory, &[]);
    let files = World::files(&some());
    let opening = Opening { plan: &plan, basis: &basis, memory: &memory, unfinished: &[], files: &files };
    let run = RunId::new(world.clock.time(), 1);
    let locked = store.lock(run.clone(), runner(), world.clock.time()).await.unwrap();
    let open = locked.open(opening, &world.clock, &|_| {}).await.unwrap();

    store.unlock(&run).await.unwrap();
    let another = RunId::new(world.clock.time(), 2).later_than(Some(&run));
    let taken = store.lock(another.clone(), runner(), world.clock.time()).await.unwrap();

    let closed = open.execute(&world.account, &CancellationToken::new()).await.close().await;
    assert_eq!(world.account.attempts(), 0);
    assert_eq!(closed.stop.as_ref().map(|(stop, _)| *stop), Some(Stop::LockLost));
    assert!(matches!(closed.problems.as_slice(), [CloseProblem::LockLost(_)]), "{:?}", closed.problems);
    assert_eq!(store.read_memory().await.unwrap().head, None);
    // The other's lock is still there.
    assert_eq!(store.read_lock().await.unwrap().unwrap().0.run, another);
    taken.release().await.unwrap();
    finish(&world, &some()).await;
}

#[tokio::test(start_paused = true)]
async fn a_lock_broken_in_the_middle_keeps_the_head_from_being_written() {
    let world = World::new();
    let lock = world.store().layout().lock();
    let bucket = world.bucket.clone();
    let steps = world.plan(&some(), &world.store().read_memory().await.unwrap(), &[]).0.steps.len();
    let finished = AtomicUsize::new(0);
    // The account of this world makes no call without the lock, so it is broken after the last one.
    let run = world
        .apply_until(&some(), &CancellationToken::new(), &|event| {
            if matches!(event.what, RunEvent::StepFinished { .. })
                && finished.fetch_add(1, Ordering::Relaxed) + 1 == steps
            {
                bucket.tamper(&lock, None);
            }
        })
        .await
        .closed();
    assert_eq!(run.result, RunResult::Succeeded);
    assert!(!run.head_written);
    assert!(matches!(run.problems.as_slice(), [CloseProblem::LockLost(_)]), "{:?}", run.problems);
    finish(&world, &some()).await;
}

/// Puts another run's lock in the place of the one that is there.
fn steal_lock(world: &World) {
    let layout = world.store().layout().clone();
    let lock: LockHolder = serde_json::from_slice(&world.bucket.object(&layout.lock()).unwrap()).unwrap();
    let thief = RunId::new(world.clock.time(), 77).later_than(Some(&lock.run));
    // It has opened its record with the same plan, so that the account finds nothing wrong.
    let opened = world.bucket.object(&layout.opened(&lock.run)).unwrap();
    world.bucket.tamper(&layout.opened(&thief), Some(&opened));
    let lock = String::from_utf8(world.bucket.object(&layout.lock()).unwrap()).unwrap();
    let lock = lock.replace(lock_run(&lock), thief.as_str());
    world.bucket.tamper(&layout.lock(), Some(lock.as_bytes()));
}

fn lock_run(lock: &str) -> &str {
    lock.split('"').find(|text| text.parse::<RunId>().is_ok()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_lock_was_taken_by_another_stops_within_seconds() {
    let world = World::new();
    let finished = AtomicUsize::new(0);
    let run = world
        .apply_until(&many(), &CancellationToken::new(), &|event| {
            if matches!(event.what, RunEvent::StepFinished { .. })
                && finished.fetch_add(1, Ordering::Relaxed) == 40
            {
                steal_lock(&world);
            }
        })
        .await
        .closed();
    assert_eq!(run.stop.as_ref().map(|(stop, _)| *stop), Some(Stop::LockLost));
    // Forty calls a second.
    assert!(run.counts.done < 40 + 10 * 40, "{:?}", run.counts);
    assert!(run.counts.failed == 0 && run.counts.not_tried > 0);
    assert!(matches!(run.problems.as_slice(), [CloseProblem::LockLost(_)]), "{:?}", run.problems);
}

/// A laptop is closed in the middle of a run, a colleague breaks the lock and works, and it is opened
/// again an hour later.
#[tokio::test(start_paused = true)]
async fn a_run_that_slept_makes_no_call_before_it_looked_at_its_lock() {
    let world = World::new();
    let finished = AtomicUsize::new(0);
    let run = world
        .apply_until(&many(), &CancellationToken::new(), &|event| {
            if matches!(event.what, RunEvent::StepFinished { .. })
                && finished.fetch_add(1, Ordering::Relaxed) == 40
            {
                world.clock.sleep(3_600);
                steal_lock(&world);
            }
        })
        .await
        .closed();
    assert_eq!(run.stop.as_ref().map(|(stop, _)| *stop), Some(Stop::LockLost));
    // The one that was just finished, and those in flight with it.
    assert!(run.counts.done <= 41 + 3, "{:?}", run.counts);

    // Nobody touched the lock of this one, so it goes on.
    let world = World::new();
    let run = world
        .apply_until(&some(), &CancellationToken::new(), &|event| {
            if matches!(event.what, RunEvent::StepFinished { .. }) {
                world.clock.sleep(3_600);
            }
        })
        .await
        .closed();
    assert_eq!((run.result, run.problems.as_slice()), (RunResult::Succeeded, &[][..]));
}

#[tokio::test(start_paused = true)]
async fn one_failed_read_in_a_run_is_not_even_noticed() {
    for skip in 0.. {
        let world = World::new();
        world.apply(&some()).await.closed();
        world.bucket.clear_log();
        let under_lock = world.bucket.clone();
        let lock = world.store().layout().lock();
        let reads = BucketFault::fail(broken_network())
            .when(move |operation| !operation.call.is_write() && under_lock.object(&lock).is_some());
        world.bucket.inject(reads.skip(skip).times(1));
        let run = world.apply(&other()).await.closed();
        assert_eq!((run.result, run.problems.as_slice()), (RunResult::Succeeded, &[][..]));
        if world.bucket.log().iter().filter(|operation| !operation.call.is_write()).count() <= skip {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_plan_made_before_another_run_finished_is_not_carried_out() {
    let world = World::new();
    let store = world.store();
    let memory = store.read_memory().await.unwrap();
    let (plan, basis) = world.plan(&some(), &memory, &[]);
    let files = World::files(&some());
    let opening = Opening { plan: &plan, basis: &basis, memory: &memory, unfinished: &[], files: &files };
    world.apply(&other()).await.closed();

    let run = RunId::new("2026-11-25T00:00:00Z".parse().unwrap(), 1);
    let locked = store.lock(run, runner(), world.clock.time()).await.unwrap();
    let calls = world.account.attempts();
    let refused = locked.open(opening, &world.clock, &|_| {}).await.err().unwrap();
    assert_eq!((refused.reason, refused.lock), (OpenProblem::HeadMoved, None));
    assert_eq!(world.account.attempts(), calls);
    assert_eq!(store.read_lock().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_does_not_sort_after_all_others_is_not_opened() {
    let world = World::new();
    let store = world.store();
    let last = world.apply(&other()).await.closed().run;
    let memory = store.read_memory().await.unwrap();
    let (plan, basis) = world.plan(&some(), &memory, &[]);
    let files = World::files(&some());
    let opening = Opening { plan: &plan, basis: &basis, memory: &memory, unfinished: &[], files: &files };
    let early = RunId::new("2020-01-01T00:00:00Z".parse().unwrap(), 1);
    let locked = store.lock(early, runner(), world.clock.time()).await.unwrap();
    let refused = locked.open(opening, &world.clock, &|_| {}).await.err().unwrap();
    assert_eq!(refused.reason, OpenProblem::NotTheLatest(last));
    assert_eq!(store.read_lock().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_broken_only_with_the_id_of_its_run() {
    let world = World::new();
    let store = world.store();
    let run = RunId::new(world.clock.time(), 1);
    assert_eq!(store.unlock(&run).await, Err(UnlockError::NotHeld));
    let locked = store.lock(run.clone(), runner(), world.clock.time()).await.unwrap();
    let wrong = RunId::new(world.clock.time(), 2);
    assert!(matches!(store.unlock(&wrong).await, Err(UnlockError::OtherRun(holder)) if holder.run == run));
    assert_eq!(store.unlock(&run).await, Ok(()));
    assert_eq!(store.read_lock().await, Ok(None));
    // To release what was broken is no error.
    assert_eq!(locked.release().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_cannot_be_read_is_held() {
    let world = World::new();
    let store = world.store();
    for content in [&b"{"[..], b"{}", b"{\"format_version\": 2}", b""] {
        world.bucket.tamper(&store.layout().lock(), Some(content));
        let run = RunId::new(world.clock.time(), 1);
        let refused = store.lock(run, runner(), world.clock.time()).await.err().unwrap();
        assert!(matches!(refused, LockError::Read(_)), "{refused:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lock_whose_reply_was_lost_for_good_is_named_with_its_run() {
    let world = World::new();
    world.bucket.inject(BucketFault::lose_reply().call(BucketCall::Put).times(3));
    world.bucket.inject(BucketFault::fail(broken_network()).call(BucketCall::Get));
    let store = world.store();
    let run = RunId::new(world.clock.time(), 1);
    let refused = store.lock(run.clone(), runner(), world.clock.time()).await.err().unwrap();
    assert!(matches!(&refused, LockError::Unknown { run: named, .. } if *named == run), "{refused:?}");
}
