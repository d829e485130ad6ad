//! The record of a run: three kinds of objects, each written once.

use std::collections::BTreeMap;

use iamctl_model::{Account, Address, ManifestName, Plan, StepId, UniqueId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::event::{Event, RunEvent};
use crate::outcome::{Counts, Outcome, RunResult, Stop};
use crate::run_id::RunId;
use crate::runner::Runner;

/// `runs/<run>/opened.json`: who is about to do what. It is written before the first call.
///
/// ```json
/// {
///   "format_version": 1,
///   "run": "20261124T031200Z-k3v9x0ab",
///   "started": "2026-11-24T03:12:00Z",
///   "account": {"id": "123456789012", "partition": "aws"},
///   "manifest": "acme-prod",
///   "manifest_file": "desired-state.yaml",
///   "manifest_digest": "sha256-…",
///   "head": "20261120T101500Z-0a1b2c3d",
///   "who": {"account": {…}, "arn": "arn:aws:iam::123456789012:user/alice", "user_id": "AIDA…"},
///   "host": "build-7", "pid": 4711, "tool_version": "0.1.0", "command": "iamctl apply --yes",
///   "git": {"commit": "…", "dirty": false},
///   "plan": {…}
/// }
/// ```
///
/// `head` is the run that the head named when this one began; `null` when there was no head. `plan`
/// has the fields of `iamctl plan --format json` that say what is done: `changes` and `steps`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub started: Timestamp,
    /// The account.
    pub account: Account,
    /// The manifest.
    pub manifest: ManifestName,
    /// The file that iamctl was started with, below `manifests/<digest>/`.
    pub manifest_file: String,
    /// The folder of the manifest, below `manifests/`.
    pub manifest_digest: Digest,
    /// The run that the head named when this one began.
    pub head: Option<RunId>,
    /// Who runs it, where, and from which sources.
    #[serde(flatten)]
    pub runner: Runner,
    /// What it is about to do.
    pub plan: Plan,
}

/// `runs/<run>/events-<n>.json`: what happened, in order. Segments count from 1 without a gap, and so
/// do events over all segments. The last events of a run that was killed may be missing.
///
/// ```json
/// {"format_version": 1, "run": "…", "segment": 1, "events": [{"number": 1, "at": "…", …}, …]}
/// ```
///
/// The events are those of [`RunEvent`] that are marked as being in the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The run.
    pub run: RunId,
    /// Its number.
    pub segment: u32,
    /// What happened.
    pub events: Vec<Event>,
}

/// `runs/<run>/closed.json`: how the calls of a run went. State and head are written after it, so it
/// says nothing of them.
///
/// ```json
/// {
///   "format_version": 1,
///   "run": "…", "started": "…", "finished": "…", "manifest_digest": "sha256-…",
///   "who": {…}, "host": "…", "pid": 4711, "tool_version": "…", "command": "…", "git": {…},
///   "result": "succeeded", "stopped": null,
///   "counts": {"done": 8, "failed": 0, "not_tried": 0},
///   "segments": 1, "events": 16
/// }
/// ```
///
/// `result` is `succeeded`, `failed` or `interrupted`; `stopped` says why no more steps were started:
/// `interrupted`, `credentials`, `record_not_written`, `lock_lost`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub started: Timestamp,
    /// When its last call was over.
    pub finished: Timestamp,
    /// The folder of the manifest, below `manifests/`.
    pub manifest_digest: Digest,
    /// Who ran it, as in the opening, so that runs can be listed without their plans.
    #[serde(flatten)]
    pub runner: Runner,
    /// How it ended.
    pub result: RunResult,
    /// Why it started no more steps, when that is so.
    pub stopped: Option<Stop>,
    /// How many steps had which outcome.
    pub counts: Counts,
    /// How many segments there are.
    pub segments: u32,
    /// How many events there are in all of them.
    pub events: u64,
}

/// All that is recorded of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// How it began.
    pub opened: Opened,
    /// What happened.
    pub events: Vec<Event>,
    /// How it ended, or that this was never written.
    pub end: RunEnd,
}

/// How a run ended, as far as the record knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEnd {
    /// Its record was closed.
    Closed(Box<Closed>),
    /// It holds the lock: it goes on, or it was killed and nobody has broken its lock.
    HoldsLock,
    /// Its record is open and it does not hold the lock: it was killed, or could not write any more.
    Open,
}

impl RunEnd {
    pub(crate) fn of_open(run: &RunId, holder: Option<&RunId>) -> Self {
        if holder == Some(run) { RunEnd::HoldsLock } else { RunEnd::Open }
    }
}

/// What the record knows of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepRecord<'r> {
    /// What became of it.
    Settled(&'r Outcome),
    /// A call was made, and what became of it was not recorded.
    Started,
    /// Nothing: a call may have been made all the same if the run was killed.
    Nothing,
}

impl RunRecord {
    /// What the record knows of a step.
    #[must_use]
    pub fn step(&self, id: StepId) -> StepRecord<'_> {
        let mut known = StepRecord::Nothing;
        for event in &self.events {
            match &event.what {
                RunEvent::StepStarted { step, .. } if *step == id => known = StepRecord::Started,
                RunEvent::StepFinished { step, outcome } if *step == id => {
                    known = StepRecord::Settled(outcome);
                }
                _ => {}
            }
        }
        known
    }

    /// The outcomes that were recorded.
    #[must_use]
    pub fn outcomes(&self) -> BTreeMap<StepId, Outcome> {
        let outcome = |event: &Event| match &event.what {
            RunEvent::StepFinished { step, outcome } => Some((*step, outcome.clone())),
            _ => None,
        };
        self.events.iter().filter_map(outcome).collect()
    }

    /// The unique ids of what the run is known to have made.
    #[must_use]
    pub fn created(&self) -> BTreeMap<Address, UniqueId> {
        let outcomes = self.outcomes();
        let id_of = |step: &iamctl_model::Step| outcomes.get(&step.id)?.receipt()?.created.clone();
        let steps = self.opened.plan.steps.iter();
        steps.filter_map(|step| Some((step.action.subject(), id_of(step)?))).collect()
    }
}
