//! Reading the records of runs.

use iamctl_apply::{ErrorClass, ReadError, RunEnd, RunEvent, RunId, RunResult, StepRecord};
use iamctl_model::{Action, StepId};
use serde_json::Value;

use crate::account::CallFault;
use crate::world::{Applied, Wanted, World, runner, user, wanted};

fn some() -> Wanted {
    wanted(&[("user/alice", user(&["p1"], &[], &[])), ("user/bob", user(&["p1"], &[], &[]))])
}

fn json(world: &World, key: &str) -> Value {
    serde_json::from_slice(&world.bucket.object(key).unwrap_or_else(|| panic!("no {key}"))).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_run_leaves_a_record_as_documented() {
    let world = World::new();
    let bob = |action: &Action| action.subject().name() == "bob";
    world.account.inject(CallFault::Fail(ErrorClass::Denied), 0, 1, bob);
    let run = world.apply(&some()).await.closed().run;
    let store = world.store();
    let layout = store.layout();

    let opened = json(&world, &layout.opened(&run));
    let fields: Vec<&str> = opened.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        fields,
        [
            "format_version",
            "run",
            "started",
            "account",
            "manifest",
            "manifest_file",
            "manifest_digest",
            "head",
            "who",
            "host",
            "pid",
            "tool_version",
            "command",
            "plan",
        ]
    );
    assert_eq!(opened["who"]["arn"], "arn:aws:iam::123456789012:user/admin");
    assert_eq!(opened["head"], Value::Null);
    assert_eq!(opened["plan"]["steps"][0]["call"], "CreateUser");

    let segment = json(&world, &layout.segment(&run, 1));
    assert_eq!((&segment["segment"], &segment["run"]), (&Value::from(1), &Value::from(run.as_str())));
    let told: Vec<String> = segment["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| format!("{} {} {}", event["event"], event["step"], event["outcome"]).replace('"', ""))
        .collect();
    assert_eq!(
        told,
        [
            "step_started 1 null",
            "step_started 2 null",
            "step_finished 1 done",
            "step_started 3 null",
            "step_finished 2 failed",
            "step_finished 4 not_tried",
            "step_finished 3 done",
        ]
    );

    let closed = json(&world, &layout.closed(&run));
    assert_eq!(closed["result"], "failed");
    assert_eq!(closed["counts"], serde_json::json!({"done": 2, "failed": 1, "not_tried": 1}));
    assert_eq!((&closed["segments"], &closed["events"]), (&Value::from(1), &Value::from(7)));
    assert_eq!(closed["stopped"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn events_are_written_every_second_while_a_run_goes_on() {
    let world = World::new();
    // Nothing but one step that waits for another attempt, for two minutes.
    let is_first = |action: &Action| action.call() == "CreateUser" && action.subject().name() == "alice";
    world.account.inject(CallFault::Fail(ErrorClass::Busy), 0, usize::MAX, is_first);
    let run = world.apply(&wanted(&[("user/alice", user(&[], &[], &[]))])).await.closed().run;
    let record = world.store().load_run(&run).await.unwrap().unwrap();
    let RunEnd::Closed(closed) = &record.end else { panic!("{:?}", record.end) };
    assert!(closed.segments > 5, "{}", closed.segments);
    for number in 1..=closed.segments {
        let segment = json(&world, &world.store().layout().segment(&run, number));
        assert!(!segment["events"].as_array().unwrap().is_empty());
    }
    let attempts = record.events.iter().filter(|e| matches!(e.what, RunEvent::StepStarted { .. })).count();
    assert!(attempts > 8, "{attempts}");
}

#[tokio::test(start_paused = true)]
async fn many_events_are_written_before_the_second_is_over() {
    let world = World::new();
    let to: Wanted =
        (0..300).map(|n| (format!("user/u{n}").parse().unwrap(), user(&["p1"], &[], &[]))).collect();
    let run = world.apply(&to).await.closed();
    assert_eq!(run.result, RunResult::Succeeded);
    let record = world.store().load_run(&run.run).await.unwrap().unwrap();
    assert_eq!(record.events.len(), 1_200);
    assert_eq!(record.outcomes(), run.outcomes);
    assert_eq!(record.created().len(), 300);
}

async fn killed_after(world: &World, calls: usize) -> RunId {
    world.account.inject(CallFault::FreezeAfter, calls, 1, |_| true);
    tokio::select! {
        biased;
        () = world.account.frozen() => {}
        _ = async { world.apply(&some()).await } => panic!("it was not killed"),
    }
    world.account.heal();
    world.account.forget_calls_in_flight();
    world.store().read_lock().await.unwrap().unwrap().0.run
}

#[tokio::test(start_paused = true)]
async fn a_killed_run_is_listed_as_what_it_is() {
    let world = World::new();
    let killed = killed_after(&world, 1).await;
    let store = world.store();
    let ends = async || {
        let runs = store.list_runs(world.clock.time(), 10).await.unwrap();
        runs.into_iter().map(|listed| (listed.run, listed.summary.unwrap().end)).collect::<Vec<_>>()
    };
    assert_eq!(ends().await, [(killed.clone(), RunEnd::HoldsLock)]);
    assert_eq!(store.load_run(&killed).await.unwrap().unwrap().end, RunEnd::HoldsLock);
    world.break_lock().await;
    assert_eq!(ends().await, [(killed.clone(), RunEnd::Open)]);

    let record = store.load_run(&killed).await.unwrap().unwrap();
    assert_eq!(record.end, RunEnd::Open);
    assert_eq!(record.opened.runner, runner());
    // Nothing was flushed within the first tenth of a second.
    assert_eq!(record.step(StepId(1)), StepRecord::Nothing);
    assert_eq!(record.step(StepId(99)), StepRecord::Nothing);
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_run_had_recorded_is_known_by_id() {
    let world = World::new();
    let to: Wanted =
        (0..100).map(|n| (format!("user/u{n:03}").parse().unwrap(), user(&[], &[], &[]))).collect();
    world.account.inject(CallFault::FreezeAfter, 80, 1, |_| true);
    tokio::select! {
        biased;
        () = world.account.frozen() => {}
        _ = world.apply(&to) => panic!("it was not killed"),
    }
    let memory = world.store().read_memory().await.unwrap();
    let unfinished = world.store().unfinished_runs(&memory).await.unwrap();
    assert_eq!(unfinished.len(), 1);
    assert!(unfinished[0].created.len() > 30, "{}", unfinished[0].created.len());
    for (address, id) in &unfinished[0].created {
        assert_eq!(&world.account.things()[address].id, id);
    }
    let record = world.store().load_run(&unfinished[0].run.parse().unwrap()).await.unwrap().unwrap();
    let started = (1..=100).filter(|n| record.step(StepId(*n)) == StepRecord::Started).count();
    assert!(started <= 4, "{started}");
}

#[tokio::test(start_paused = true)]
async fn runs_are_listed_from_the_latest_and_no_more_than_asked_for() {
    let world = World::new();
    let mut runs = Vec::new();
    for n in 0..6 {
        runs.push(
            world
                .apply(&wanted(&[("user/alice", user(&[], &[], &[("n", &n.to_string())]))]))
                .await
                .closed()
                .run,
        );
        tokio::time::sleep(std::time::Duration::from_secs(86_400 * 30)).await;
    }
    runs.reverse();
    let store = world.store();
    for most in [0, 1, 3, 6, 100] {
        let listed = store.list_runs(world.clock.time(), most).await.unwrap();
        let listed: Vec<RunId> = listed.into_iter().map(|listed| listed.run).collect();
        assert_eq!(listed, runs[..most.min(6)]);
    }
    let latest = store.list_runs(world.clock.time(), 1).await.unwrap().remove(0).summary.unwrap();
    assert_eq!(latest.who, "arn:aws:iam::123456789012:user/admin");
    assert!(matches!(latest.end, RunEnd::Closed(closed) if closed.result == RunResult::Succeeded));
}

#[tokio::test(start_paused = true)]
async fn a_damaged_record_is_named_and_does_not_hide_the_others() {
    let world = World::new();
    let first = world.apply(&some()).await.closed().run;
    let second = world.apply(&Wanted::new()).await.closed().run;
    let store = world.store();
    world.bucket.tamper(&store.layout().closed(&first), Some(b"{}"));
    let listed = store.list_runs(world.clock.time(), 10).await.unwrap();
    let readable: Vec<(RunId, bool)> =
        listed.into_iter().map(|listed| (listed.run, listed.summary.is_ok())).collect();
    assert_eq!(readable, [(second.clone(), true), (first, false)]);

    for (key, bytes) in [
        (store.layout().segment(&second, 1), None),
        (store.layout().opened(&second), None),
        (store.layout().opened(&second), Some(&b"no json"[..])),
    ] {
        let before = world.bucket.object(&key);
        world.bucket.tamper(&key, bytes);
        let refused = store.load_run(&second).await.unwrap_err();
        assert!(refused.to_string().contains(&key), "{refused}");
        assert!(matches!(refused, ReadError::Missing { .. } | ReadError::Malformed { .. }));
        world.bucket.tamper(&key, before.as_deref());
    }
    let unknown = RunId::new(world.clock.time(), 99);
    assert_eq!(store.load_run(&unknown).await, Ok(None));
}

/// A record that somebody removed in part cannot tell what is ours.
#[tokio::test(start_paused = true)]
async fn an_unfinished_run_without_its_opening_is_an_error_and_not_nothing() {
    let world = World::new();
    let killed = killed_after(&world, 1).await;
    let store = world.store();
    let segment = store.layout().segment(&killed, 1);
    world.bucket.tamper(&segment, Some(b"{}"));
    world.bucket.tamper(&store.layout().opened(&killed), None);
    let memory = store.read_memory().await.unwrap();
    assert!(matches!(store.unfinished_runs(&memory).await, Err(ReadError::Missing { .. })));
}

#[tokio::test(start_paused = true)]
async fn foreign_objects_among_the_runs_disturb_nothing() {
    let world = World::new();
    for key in ["runs/README.md", "runs/x/opened.json", "runs/.keep"] {
        world.bucket.tamper(&format!("{}{key}", world.store().layout().root()), Some(b"?"));
    }
    let run = world.apply(&some()).await.closed().run;
    let listed = world.store().list_runs(world.clock.time(), 10).await.unwrap();
    assert_eq!(listed.into_iter().map(|listed| listed.run).collect::<Vec<_>>(), [run]);
    assert!(matches!(world.apply(&some()).await, Applied::Nothing));
}

/// A run on a machine whose clock is behind is still found when it was killed.
#[tokio::test(start_paused = true)]
async fn a_killed_run_is_found_whatever_the_clocks_say() {
    let world = World::new();
    // The head was written by somebody who lives in the future.
    let store = world.store();
    let memory = store.read_memory().await.unwrap();
    let (plan, basis) = world.plan(&Wanted::new(), &memory, &[]);
    let files = World::files(&Wanted::new());
    let opening =
        iamctl_apply::Opening { plan: &plan, basis: &basis, memory: &memory, unfinished: &[], files: &files };
    let future = RunId::new("2030-01-01T00:00:00Z".parse().unwrap(), 1);
    let locked = store.lock(future.clone(), runner(), world.clock.time()).await.unwrap();
    let open = locked.open(opening, &world.clock, &|_| {}).await.unwrap();
    let _ = open.execute(&world.account, &tokio_util::sync::CancellationToken::new()).await.close().await;

    let killed = killed_after(&world, 1).await;
    assert!(killed > future);
    let memory = store.read_memory().await.unwrap();
    let unfinished = store.unfinished_runs(&memory).await.unwrap();
    assert_eq!(unfinished.into_iter().map(|run| run.run).collect::<Vec<_>>(), [killed.to_string()]);
    world.break_lock().await;
    let run = world.apply(&some()).await.closed();
    assert!(run.run > killed);
    world.assert_settled(&some(), &std::collections::BTreeSet::new()).await;
}

/// Objects as the first version of the formats has them, by hand: whoever can read them no longer
/// needs a new number.
#[tokio::test(start_paused = true)]
async fn the_formats_of_version_1_stay_readable() {
    let world = World::new();
    let root = world.store().layout().root().to_owned();
    let run = "20261124T031200Z-k3v9x0ab";
    let digest = format!("sha256-{}", "0".repeat(64));
    let account = r#"{"id": "123456789012", "partition": "aws"}"#;
    let runner = format!(
        r#""who": {{"account": {account}, "arn": "arn:aws:iam::123456789012:user/alice", "user_id": "AIDA"}},
           "host": "build-7", "pid": 4711, "tool_version": "0.1.0", "command": "iamctl apply",
           "git": {{"commit": "abc", "dirty": true}}"#
    );
    let state = format!(
        r#"{{"format_version": 1, "account": {account}, "manifest": "acme-prod", "run": "{run}",
            "owned": {{"user/alice": {{"id": "AIDA1", "protect": true, "last_applied": {{"kind": "user",
                "path": "/", "tags": {{}}, "groups": [], "policies": [], "inline_policies": {{}},
                "permissions_boundary": null}}}}}}}}"#
    );
    let state_digest = iamctl_apply::Digest::of(state.as_bytes());
    let plan = format!(
        r#"{{"account": {account}, "manifest": "acme-prod", "changes": [], "refusals": [], "hazards": [],
            "notes": [], "unmanaged": {{}}, "steps": [{{"id": 1, "call": "CreateUser", "params": {{"UserName":
            "alice", "Path": "/"}}, "because": "user/alice", "needs": []}}]}}"#
    );
    for (key, object) in [
        (format!("states/{run}.json"), state),
        (
            "head.json".to_owned(),
            format!(
                r#"{{"format_version": 1, "account": {account}, "manifest": "acme-prod", "run": "{run}",
                    "written": "2026-11-24T03:12:09Z", "manifest_digest": "{digest}",
                    "state": "states/{run}.json", "state_digest": "{state_digest}", "unsettled": []}}"#
            ),
        ),
        (
            "lock.json".to_owned(),
            format!(
                r#"{{"format_version": 1, "run": "{run}", "started": "2026-11-24T03:12:00Z", {runner}}}"#
            ),
        ),
        (
            format!("runs/{run}/opened.json"),
            format!(
                r#"{{"format_version": 1, "run": "{run}", "started": "2026-11-24T03:12:00Z",
                    "account": {account}, "manifest": "acme-prod", "manifest_file": "desired-state.yaml",
                    "manifest_digest": "{digest}", "head": null, {runner}, "plan": {plan}}}"#
            ),
        ),
        (
            format!("runs/{run}/events-000001.json"),
            format!(
                r#"{{"format_version": 1, "run": "{run}", "segment": 1, "events": [
                    {{"number": 1, "at": "2026-11-24T03:12:01Z", "event": "step_started", "step": 1, "attempt": 1}},
                    {{"number": 2, "at": "2026-11-24T03:12:01Z", "event": "step_retried", "step": 1, "attempt": 1,
                      "error": {{"class": "throttled", "code": "Throttling", "message": "Rate exceeded"}},
                      "wait_ms": 700}},
                    {{"number": 3, "at": "2026-11-24T03:12:01Z", "event": "paused", "wait_ms": 700}},
                    {{"number": 4, "at": "2026-11-24T03:12:02Z", "event": "step_finished", "step": 1,
                      "outcome": "done", "request_id": "r-1", "created": "AIDA1"}},
                    {{"number": 5, "at": "2026-11-24T03:12:02Z", "event": "stopping", "reason": "interrupted",
                      "message": "interrupted"}}]}}"#
            ),
        ),
        (
            format!("runs/{run}/closed.json"),
            format!(
                r#"{{"format_version": 1, "run": "{run}", "started": "2026-11-24T03:12:00Z",
                    "finished": "2026-11-24T03:12:02Z", "manifest_digest": "{digest}", {runner},
                    "result": "interrupted", "stopped": "interrupted",
                    "counts": {{"done": 1, "failed": 0, "not_tried": 0}}, "segments": 1, "events": 5}}"#
            ),
        ),
    ] {
        world.bucket.tamper(&format!("{root}{key}"), Some(object.as_bytes()));
    }
    let store = world.store();
    let memory = store.read_memory().await.unwrap();
    assert!(memory.ownership.get(&"user/alice".parse().unwrap()).unwrap().protect);
    let (holder, _) = store.read_lock().await.unwrap().unwrap();
    let record = store.load_run(&holder.run).await.unwrap().unwrap();
    assert_eq!(record.opened.runner, holder.runner);
    assert_eq!(record.created().len(), 1);
    assert_eq!(record.events.len(), 5);
    assert!(!record.events.iter().any(|event| event.what == RunEvent::Unknown));
    assert!(matches!(record.end, RunEnd::Closed(closed) if closed.result == RunResult::Interrupted));
}
