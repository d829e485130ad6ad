//! Runs: how one went, what is recorded of one, and lists of them.

use std::collections::BTreeMap;

use iamctl_apply::{
    ActionError, ClosedRun, Counts, ErrorClass, ListedRun, LockHolder, NotTried, Outcome, RunEnd, RunRecord,
    RunResult, Runner, StepRecord,
};
use iamctl_model::{ChangeAction, Plan, Step, StepId};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::names::counted;
use super::page::{Ink, Page};

/// How a run went, for the person who waited for it.
pub(crate) fn closed(page: &mut Page, run: &ClosedRun, plan: &Plan, place: &str) {
    outcomes(page, plan, &run.outcomes);
    let (ink, text) = match run.result {
        RunResult::Succeeded => (Ink::Add, format!("Done: {}.", counted(run.counts.done, "call", "calls"))),
        RunResult::Failed => (Ink::Danger, format!("Not all was done: {}.", counts(run.counts))),
        RunResult::Interrupted => (Ink::Caution, format!("Interrupted: {}.", counts(run.counts))),
    };
    page.line(0, &[(ink, text)]);
    if let Some((stop, message)) = run.stop.as_ref().filter(|_| run.result != RunResult::Interrupted) {
        page.words(0, 2, &[(Ink::Plain, format!("No more was started, because {stop}: {message}"))]);
    }
    page.words(
        0,
        2,
        &[
            (Ink::Plain, "Recorded as run ".to_owned()),
            (Ink::Bold, run.run.to_string()),
            (Ink::Plain, format!(" in {place}")),
        ],
    );
    for problem in &run.problems {
        page.words(0, 9, &[(Ink::Caution, "warning: ".to_owned()), (Ink::Plain, problem.to_string())]);
    }
    if run.result != RunResult::Succeeded {
        let text = "what was done is remembered; run `iamctl plan` to see what is left, and apply again";
        page.words(2, 6, &[(Ink::Hint, "help: "), (Ink::Plain, text)]);
    }
}

fn counts(counts: Counts) -> String {
    format!("{} done, {} failed, {} not tried", counts.done, counts.failed, counts.not_tried)
}

/// The steps that failed, and those that were not tried because of them.
fn outcomes(page: &mut Page, plan: &Plan, outcomes: &BTreeMap<StepId, Outcome>) {
    let step = |id: &StepId| plan.steps.iter().find(|step| step.id == *id);
    for (id, outcome) in outcomes {
        let Some(failed) = step(id) else { continue };
        if let Outcome::Failed { attempts, error, lost } = outcome {
            failure(page, failed, *attempts, error);
            if *lost && !error.class.is_ambiguous() {
                let text = "an attempt before this answer may have been carried out: the next plan sees it";
                page.words(2, 6, &[(Ink::Hint, "note: "), (Ink::Plain, text)]);
            }
        }
    }
    let mut because: BTreeMap<StepId, Vec<String>> = BTreeMap::new();
    let mut stopped = Vec::new();
    for (id, outcome) in outcomes {
        let Some(left) = step(id) else { continue };
        match outcome {
            Outcome::NotTried { because: NotTried::Step(cause) } => {
                because.entry(*cause).or_default().push(left.action.describe());
            }
            Outcome::NotTried { because: NotTried::Stopped(_) } => stopped.push(left.action.describe()),
            Outcome::Done(_) | Outcome::Failed { .. } => {}
        }
    }
    for (cause, left) in because {
        let cause = step(&cause).map_or_else(String::new, |step| step.action.describe());
        page.words(0, 2, &[(Ink::Bold, format!("Not tried, because {cause} failed:"))]);
        items(page, &left);
    }
    if !stopped.is_empty() {
        page.line(0, &[(Ink::Bold, "Not tried, because the run was stopped:")]);
        items(page, &stopped);
    }
    page.gap();
}

/// As many as a screen takes.
fn items(page: &mut Page, items: &[String]) {
    const SHOWN: usize = 20;
    for item in items.iter().take(SHOWN) {
        page.words(2, 4, &[(Ink::Plain, item.as_str())]);
    }
    let more = items.len().saturating_sub(SHOWN);
    if more > 0 {
        page.line(2, &[(Ink::Dim, format!("and {more} more"))]);
    }
}

fn failure(page: &mut Page, step: &Step, attempts: u32, error: &ActionError) {
    let tried = if attempts > 1 { format!(" after {attempts} attempts") } else { String::new() };
    page.words(
        0,
        7,
        &[(Ink::Danger, "failed: ".to_owned()), (Ink::Bold, step.action.describe()), (Ink::Plain, tried)],
    );
    page.words(2, 2, &[(Ink::Plain, error.to_string())]);
    if let Some(id) = &error.request_id {
        page.line(2, &[(Ink::Dim, format!("request id {id}"))]);
    }
    let help = match error.class {
        ErrorClass::Denied => {
            format!(
                "whoever runs this needs the permission iam:{} on {}",
                step.action.call(),
                step.action.subject()
            )
        }
        ErrorClass::Credentials => "sign in again, then apply again".to_owned(),
        ErrorClass::Unreachable | ErrorClass::ServerFault => {
            "it may have been done all the same: the next plan sees it".to_owned()
        }
        ErrorClass::Throttled | ErrorClass::Busy | ErrorClass::Lagging => {
            "try again in a few minutes".to_owned()
        }
        ErrorClass::Refused => String::new(),
    };
    if !help.is_empty() {
        page.words(2, 6, &[(Ink::Hint, "help: ".to_owned()), (Ink::Plain, help)]);
    }
}

/// The latest runs.
pub(crate) fn list(page: &mut Page, runs: &[ListedRun]) {
    if runs.is_empty() {
        page.line(0, &[(Ink::Plain, "No run has been recorded.")]);
    }
    for listed in runs {
        match &listed.summary {
            Ok(summary) => {
                let (ink, end) = end(&summary.end);
                page.words(
                    0,
                    4,
                    &[
                        (Ink::Bold, format!("{}  ", listed.run)),
                        (ink, format!("{end}  ")),
                        (Ink::Plain, format!("{}  ", summary.who)),
                        (Ink::Dim, summary.command.clone()),
                    ],
                );
            }
            Err(error) => page.words(
                0,
                4,
                &[(Ink::Bold, format!("{}  ", listed.run)), (Ink::Danger, error.to_string())],
            ),
        }
    }
}

fn end(end: &RunEnd) -> (Ink, String) {
    match end {
        RunEnd::Closed(closed) => match closed.result {
            RunResult::Succeeded => {
                (Ink::Add, format!("succeeded  {}", counted(closed.counts.done, "call", "calls")))
            }
            RunResult::Failed => (Ink::Danger, format!("failed  {}", counts(closed.counts))),
            RunResult::Interrupted => (Ink::Caution, format!("interrupted  {}", counts(closed.counts))),
        },
        RunEnd::HoldsLock => (Ink::Change, "running, or killed and still holding the lock".to_owned()),
        RunEnd::Open => (Ink::Danger, "killed: its record was never closed".to_owned()),
    }
}

/// The latest runs as JSON.
pub(crate) fn list_json(runs: &[ListedRun]) -> Value {
    let runs = runs.iter().map(|listed| match &listed.summary {
        Ok(summary) => {
            let (result, counts) = end_json(&summary.end);
            json!({"run": listed.run, "started": summary.started, "who": summary.who,
                   "command": summary.command, "result": result, "counts": counts})
        }
        Err(error) => json!({"run": listed.run, "error": error.to_string()}),
    });
    json!({"format_version": 1, "runs": runs.collect::<Vec<_>>()})
}

fn end_json(end: &RunEnd) -> (Value, Value) {
    match end {
        RunEnd::Closed(closed) => (json!(closed.result), json!(closed.counts)),
        RunEnd::HoldsLock => (json!("holds_lock"), Value::Null),
        RunEnd::Open => (json!("open"), Value::Null),
    }
}

/// All that is recorded of one run.
pub(crate) fn record(page: &mut Page, record: &RunRecord) {
    let opened = &record.opened;
    page.line(0, &[(Ink::Bold, format!("Run {}", opened.run))]);
    let (ink, text) = end(&record.end);
    fact(page, "result", ink, &text);
    fact(page, "manifest", Ink::Plain, &format!("{} in account {}", opened.manifest, opened.account.id));
    fact(page, "file", Ink::Plain, &format!("{} ({})", opened.manifest_file, opened.manifest_digest));
    who(page, &opened.runner);
    fact(page, "started", Ink::Plain, &format!("{:.0}", opened.started));
    if let RunEnd::Closed(closed) = &record.end {
        fact(page, "finished", Ink::Plain, &format!("{:.0}", closed.finished));
    }
    if let Some(head) = &opened.head {
        fact(page, "after", Ink::Plain, &format!("run {head}"));
    }
    page.gap();
    for change in &opened.plan.changes {
        let symbol = match change.action {
            ChangeAction::Create => (Ink::Add, "+ "),
            ChangeAction::Delete => (Ink::Remove, "- "),
            ChangeAction::Update => (Ink::Change, "~ "),
            ChangeAction::Replace => (Ink::Remove, "± "),
            ChangeAction::Adopt => (Ink::Hint, "= "),
            ChangeAction::Forget | ChangeAction::Blocked => (Ink::Dim, ". "),
        };
        let fields: Vec<&str> = change.fields.keys().map(|field| field.as_str()).collect();
        let fields = if fields.is_empty() { String::new() } else { format!("  {}", fields.join(", ")) };
        page.words(
            2,
            4,
            &[(symbol.0, symbol.1.to_owned()), (Ink::Plain, change.address.to_string()), (Ink::Dim, fields)],
        );
    }
    page.gap();
    for step in &opened.plan.steps {
        let (ink, text) = match record.step(step.id) {
            StepRecord::Settled(Outcome::Done(receipt)) => {
                let remark = receipt.remark.as_ref().map(|remark| format!(" ({remark})")).unwrap_or_default();
                (Ink::Add, format!("done{remark}"))
            }
            StepRecord::Settled(Outcome::Failed { error, .. }) => (Ink::Danger, format!("failed: {error}")),
            StepRecord::Settled(Outcome::NotTried { because: NotTried::Step(step) }) => {
                (Ink::Change, format!("not tried: step {step} failed"))
            }
            StepRecord::Settled(Outcome::NotTried { because: NotTried::Stopped(stop) }) => {
                (Ink::Change, format!("not tried: {stop}"))
            }
            StepRecord::Started => (Ink::Caution, "started, and its outcome is not known".to_owned()),
            StepRecord::Nothing => (Ink::Dim, "nothing recorded".to_owned()),
        };
        page.words(
            2,
            8,
            &[
                (Ink::Dim, format!("{:>3}  ", step.id.0)),
                (Ink::Plain, format!("{}  ", step.action.describe())),
                (ink, text),
            ],
        );
    }
}

fn fact(page: &mut Page, name: &str, ink: Ink, value: &str) {
    page.words(2, 12, &[(Ink::Dim, format!("{name:<10}  ")), (ink, value.to_owned())]);
}

fn who(page: &mut Page, runner: &Runner) {
    fact(page, "who", Ink::Plain, &runner.who.arn);
    fact(page, "command", Ink::Plain, &format!("{} (iamctl {})", runner.command, runner.tool_version));
    if let Some(host) = &runner.host {
        fact(page, "host", Ink::Plain, host);
    }
    if let Some(git) = &runner.git {
        let dirty = if git.dirty { ", with uncommitted changes" } else { "" };
        fact(page, "git", Ink::Plain, &format!("{}{dirty}", git.commit));
    }
}

/// All that is recorded of one run, as JSON.
pub(crate) fn record_json(record: &RunRecord) -> Value {
    let (result, counts) = end_json(&record.end);
    let finished: Option<Timestamp> = match &record.end {
        RunEnd::Closed(closed) => Some(closed.finished),
        RunEnd::HoldsLock | RunEnd::Open => None,
    };
    json!({
        "format_version": 1,
        "result": result,
        "counts": counts,
        "finished": finished,
        "opened": record.opened,
        "events": record.events,
    })
}

/// Who holds the lock.
pub(crate) fn lock(page: &mut Page, holder: &LockHolder) {
    page.line(0, &[(Ink::Bold, format!("The lock is held by run {}", holder.run))]);
    who(page, &holder.runner);
    fact(page, "since", Ink::Plain, &format!("{:.0}", holder.started));
}
