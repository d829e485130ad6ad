//! The executor on plans of any shape.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Duration;

use iamctl_apply::{
    Basis, ClosedRun, ErrorClass, Event, NotTried, Opening, Outcome, RunEvent, RunId, RunResult,
};
use iamctl_model::{Action, Address, Path, Plan, Step, StepId, Tags};
use proptest::prelude::*;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::account::CallFault;
use crate::world::{Wanted, World, arn, plan, runner, user, user_name};

/// Makes the calls of a plan in a world with users `u0` … `u9`.
async fn execute(world: &World, plan: &Plan, parallel: usize) -> (ClosedRun, Vec<(Instant, Event)>) {
    for n in 0..10 {
        world.account.plant(&format!("user/u{n}"), user(&[], &[], &[]));
    }
    let events = Mutex::new(Vec::new());
    let watch = |event: &Event| events.lock().unwrap().push((Instant::now(), event.clone()));
    let store = world.store();
    let memory = store.read_memory().await.unwrap();
    let (basis, files) = (Basis::default(), World::files(&Wanted::new()));
    let locked = store.lock(RunId::new(world.clock.time(), 1), runner(), world.clock.time()).await.unwrap();
    let opening = Opening { plan, basis: &basis, memory: &memory, unfinished: &[], files: &files };
    let open = locked.open(opening, &world.clock, &watch).await.unwrap();
    let parallel = NonZeroUsize::new(parallel).unwrap();
    let closed = open.execute_with(&world.account, &CancellationToken::new(), parallel).await.close().await;
    (closed, events.into_inner().unwrap())
}

/// A step that tags a user.
fn step(id: usize, subject: usize, needs: &[usize]) -> Step {
    let user_name = user_name(&format!("u{subject}"));
    let because = Address::User(user_name.clone());
    let tags = Tags(BTreeMap::from([("step".to_owned(), id.to_string())]));
    let needs = needs.iter().copied().map(StepId).collect();
    Step { id: StepId(id), action: Action::TagUser { user_name, tags }, because, needs }
}

fn step_of(action: &Action) -> usize {
    match action {
        Action::TagUser { tags, .. } => tags.0["step"].parse().unwrap(),
        other => panic!("{}", other.call()),
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(future)
}

/// All steps that need one of these, directly or through others.
fn descendants(steps: &[Step], of: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    // A step needs only earlier ones.
    for step in steps {
        if step.needs.iter().any(|need| of.contains(&need.0) || found.contains(&need.0)) {
            found.insert(step.id.0);
        }
    }
    found
}

fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let one = (0..10usize, prop::collection::vec(any::<prop::sample::Index>(), 0..3));
    prop::collection::vec(one, 0..30).prop_map(|steps| {
        let make = |(index, (subject, needs)): (usize, &(usize, Vec<prop::sample::Index>))| {
            let needs: Vec<usize> =
                if index == 0 { vec![] } else { needs.iter().map(|need| need.index(index) + 1).collect() };
            step(index + 1, *subject, &needs)
        };
        steps.iter().enumerate().map(make).collect()
    })
}

#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// Refused at the first attempt.
    Fatal,
    /// So many failures that pass.
    Passing(ErrorClass, usize),
}

fn any_trouble() -> impl Strategy<Value = Trouble> {
    let passing = prop::sample::select(vec![
        ErrorClass::Throttled,
        ErrorClass::Busy,
        ErrorClass::Unreachable,
        ErrorClass::ServerFault,
    ]);
    prop_oneof![
        prop::sample::select(vec![Trouble::Fatal]),
        (passing, 1..3usize).prop_map(|(class, times)| Trouble::Passing(class, times)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Needs are respected, every step has exactly one outcome, failed steps stop exactly what needs
    /// them, and the limits on concurrency hold (the account itself refuses two calls on one thing).
    #[test]
    fn any_plan_with_any_failures_is_carried_out_as_far_as_it_can_be(
        steps in any_steps(),
        troubles in prop::collection::btree_map(1..30usize, any_trouble(), 0..8),
        parallel in 1..6usize,
    ) {
        block_on(async {
            let world = World::new();
            for (id, trouble) in &troubles {
                let (id, fault) = (*id, |class| CallFault::Fail(class));
                match *trouble {
                    Trouble::Fatal => world.account.inject(
                        fault(ErrorClass::Refused), 0, 1, move |action| step_of(action) == id),
                    Trouble::Passing(class, times) => world.account.inject(
                        fault(class), 0, times, move |action| step_of(action) == id),
                }
            }
            let plan = plan(Vec::new(), steps.clone());
            let (run, events) = execute(&world, &plan, parallel).await;

            let fatal = |id: &usize| matches!(troubles.get(id), Some(Trouble::Fatal));
            let all: BTreeSet<usize> = steps.iter().map(|step| step.id.0).collect();
            let broken: BTreeSet<usize> = all.iter().copied().filter(fatal).collect();
            let stopped = descendants(&steps, &broken);
            let failed = &broken - &stopped;
            let not_tried = descendants(&steps, &failed);
            let which = |wanted: fn(&Outcome) -> bool| -> BTreeSet<usize> {
                run.outcomes.iter().filter(|(_, o)| wanted(o)).map(|(id, _)| id.0).collect()
            };
            assert_eq!(run.outcomes.len(), steps.len());
            assert_eq!(which(|o| matches!(o, Outcome::Failed { .. })), failed);
            assert_eq!(which(|o| matches!(o, Outcome::NotTried { .. })), not_tried);
            assert_eq!(which(|o| matches!(o, Outcome::Done(_))), &(&all - &failed) - &not_tried);
            assert!(world.account.most_in_flight() <= parallel);

            // Whoever stopped a step is one that it needs and that failed.
            for (id, outcome) in &run.outcomes {
                if let Outcome::NotTried { because: NotTried::Step(culprit) } = outcome {
                    assert!(failed.contains(&culprit.0));
                    assert!(descendants(&steps, &BTreeSet::from([culprit.0])).contains(&id.0));
                }
            }
            let mut finished = BTreeSet::new();
            for (_, event) in &events {
                match &event.what {
                    RunEvent::StepStarted { step, .. } => {
                        let needs = &steps[step.0 - 1].needs;
                        assert!(needs.iter().all(|need| finished.contains(need)), "{step} came too early");
                    }
                    RunEvent::StepFinished { step, .. } => assert!(finished.insert(*step), "{step} twice"),
                    _ => {}
                }
            }
            // The record holds the same as was told.
            let record = world.store().load_run(&run.run).await.unwrap().unwrap();
            assert_eq!(record.outcomes(), run.outcomes);
            let told = events.into_iter().map(|(_, event)| event).filter(|event| event.what.is_recorded());
            assert_eq!(record.events, told.collect::<Vec<_>>());
        });
    }

    /// With every call taking the same time, steps start in one and the same order each time.
    #[test]
    fn the_order_of_starts_is_always_the_same(steps in any_steps(), parallel in 1..6usize) {
        let plan = plan(Vec::new(), steps);
        let starts = || block_on(async {
            let (_, events) = execute(&World::new(), &plan, parallel).await;
            let step = |(_, event): (Instant, Event)| match event.what {
                RunEvent::StepStarted { step, .. } => Some(step),
                _ => None,
            };
            events.into_iter().filter_map(step).collect::<Vec<_>>()
        });
        prop_assert_eq!(starts(), starts());
    }
}

#[tokio::test(start_paused = true)]
async fn steps_that_nothing_keeps_back_run_side_by_side() {
    let world = World::new();
    let steps: Vec<Step> = (1..=8).map(|id| step(id, id, &[])).collect();
    let began = Instant::now();
    let (run, _) = execute(&world, &plan(Vec::new(), steps), 4).await;
    assert_eq!(run.result, RunResult::Succeeded);
    assert_eq!(world.account.most_in_flight(), 4);
    // Two rounds of 100 ms.
    assert_eq!(began.elapsed().as_millis(), 200);
}

fn starts(events: &[(Instant, Event)]) -> Vec<Instant> {
    let starts = events.iter().filter(|(_, event)| matches!(event.what, RunEvent::StepStarted { .. }));
    starts.map(|(at, _)| *at).collect()
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_slows_all_of_them_down() {
    let world = World::new();
    world.account.inject(CallFault::Fail(ErrorClass::Throttled), 0, 4, |_| true);
    let steps: Vec<Step> = (1..=8).map(|id| step(id, id, &[])).collect();
    let (run, events) = execute(&world, &plan(Vec::new(), steps), 4).await;
    assert_eq!(run.result, RunResult::Succeeded);
    let paused: Vec<u64> = events
        .iter()
        .filter_map(|(_, event)| match event.what {
            RunEvent::Paused { wait_ms } => Some(wait_ms),
            _ => None,
        })
        .collect();
    // Four calls that were throttled together are one pause.
    assert_eq!(paused.len(), 1, "{paused:?}");
    assert!((500..=1_000).contains(&paused[0]));
    let starts = starts(&events);
    let resumed = starts[3] + Duration::from_millis(100 + paused[0]);
    assert!(starts[4..].iter().all(|start| *start >= resumed));
}

#[tokio::test(start_paused = true)]
async fn pauses_double_while_throttling_goes_on_and_it_gives_up_in_the_end() {
    let world = World::new();
    world.account.inject(CallFault::Fail(ErrorClass::Throttled), 0, usize::MAX, |_| true);
    let began = Instant::now();
    let (run, events) = execute(&world, &plan(Vec::new(), vec![step(1, 1, &[]), step(2, 2, &[])]), 1).await;
    assert_eq!((run.result, run.counts.failed), (RunResult::Failed, 2));
    let mut longest = 0;
    for (_, event) in &events {
        if let RunEvent::Paused { wait_ms } = event.what {
            assert!(wait_ms <= 60_000);
            longest = longest.max(wait_ms);
        }
    }
    assert!(longest >= 30_000, "{longest}");
    assert!(began.elapsed() < Duration::from_secs(1_300), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn success_makes_the_next_pause_short_again() {
    let world = World::new();
    let is = |wanted: usize| move |action: &Action| step_of(action) == wanted;
    world.account.inject(CallFault::Fail(ErrorClass::Throttled), 0, 5, is(1));
    world.account.inject(CallFault::Fail(ErrorClass::Throttled), 0, 1, is(9));
    let steps: Vec<Step> = (1..=9).map(|id| step(id, id, &[])).collect();
    let (run, events) = execute(&world, &plan(Vec::new(), steps), 1).await;
    assert_eq!(run.result, RunResult::Succeeded);
    let pauses = events.iter().filter_map(|(_, event)| match event.what {
        RunEvent::Paused { wait_ms } => Some(wait_ms),
        _ => None,
    });
    let pauses: Vec<u64> = pauses.collect();
    assert_eq!(pauses.len(), 6);
    assert!(pauses[4] >= 8_000 && pauses[5] <= 1_000, "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn others_go_on_while_one_waits_for_another_attempt() {
    let world = World::new();
    let waits = |action: &Action| step_of(action) == 1;
    world.account.inject(CallFault::Fail(ErrorClass::Busy), 0, 5, waits);
    let steps = vec![step(1, 1, &[]), step(2, 1, &[]), step(3, 2, &[]), step(4, 3, &[3])];
    let (run, events) = execute(&world, &plan(Vec::new(), steps), 1).await;
    assert_eq!(run.result, RunResult::Succeeded);
    let finished: Vec<usize> = events
        .iter()
        .filter_map(|(_, event)| match &event.what {
            RunEvent::StepFinished { step, .. } => Some(step.0),
            _ => None,
        })
        .collect();
    // Only the second step writes to the same thing, and waits for it.
    assert_eq!(finished, [3, 4, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn only_a_step_that_needs_others_waits_for_what_may_be_lag() {
    let world = World::new();
    world.account.inject(CallFault::Fail(ErrorClass::Lagging), 0, 1, |action| step_of(action) == 1);
    world.account.inject(CallFault::Fail(ErrorClass::Lagging), 0, 5, |action| step_of(action) == 3);
    let steps = vec![step(1, 1, &[]), step(2, 2, &[]), step(3, 3, &[2])];
    let (run, _) = execute(&world, &plan(Vec::new(), steps), 4).await;
    let outcomes: Vec<_> = run.outcomes.values().map(|outcome| outcome.receipt().is_some()).collect();
    assert_eq!(outcomes, [false, true, true]);
}

/// Only what the run made itself may take minutes to show.
#[tokio::test(start_paused = true)]
async fn what_the_run_did_not_make_is_waited_for_briefly() {
    let create = |name: &str| Action::CreateUser {
        user_name: user_name(name),
        path: Path::root(),
        permissions_boundary: None,
        tags: Tags::default(),
    };
    let because = |name: &str| Address::User(user_name(name));
    let first = |action, name| Step { id: StepId(1), action, because: because(name), needs: vec![] };
    let tag = step(1, 2, &[]).action;
    for (first, name, longest) in [
        (first(create("new"), "new"), "new", 110..=130),
        (first(create("new"), "new"), "u1", 110..=130),
        (first(tag, "u2"), "u1", 9..=12),
    ] {
        let world = World::new();
        world.account.inject(CallFault::Fail(ErrorClass::Lagging), 0, usize::MAX, |action| {
            matches!(action, Action::AttachUserPolicy { .. })
        });
        let attach = Action::AttachUserPolicy { user_name: user_name(name), policy_arn: arn("p") };
        let second = Step { id: StepId(2), action: attach, because: because(name), needs: vec![StepId(1)] };
        let began = Instant::now();
        let (run, _) = execute(&world, &plan(Vec::new(), vec![first, second]), 4).await;
        assert_eq!(run.counts.failed, 1);
        assert!(longest.contains(&began.elapsed().as_secs()), "{name}: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn patience_with_one_failure_is_not_used_up_by_another() {
    let world = World::new();
    for class in [ErrorClass::Throttled, ErrorClass::Busy, ErrorClass::Unreachable, ErrorClass::ServerFault] {
        world.account.inject(CallFault::Fail(class), 0, 3, |_| true);
    }
    let (run, _) = execute(&world, &plan(Vec::new(), vec![step(1, 1, &[])]), 4).await;
    assert_eq!(run.result, RunResult::Succeeded);
    assert_eq!(world.account.attempts(), 13);
}

#[tokio::test(start_paused = true)]
async fn thousands_of_steps_on_one_thing_are_no_burden() {
    let world = World::new();
    let steps: Vec<Step> = (1..=5_000).map(|id| step(id, 1, &[])).collect();
    let (run, _) = execute(&world, &plan(Vec::new(), steps), 4).await;
    assert_eq!(run.counts.done, 5_000);
    assert_eq!(world.account.most_in_flight(), 1);
}
