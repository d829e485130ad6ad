//! The end of a run: what is written when its calls are over, and in which order.

use std::collections::BTreeMap;

use iamctl_model::{Ownership, StepId};
use jiff::Timestamp;

use crate::after::{after_run, is_uncertain};
use crate::archive::ArchiveError;
use crate::digest::Digest;
use crate::error::WriteError;
use crate::event::RunEvent;
use crate::execute::Executed;
use crate::head::{Head, State};
use crate::layout::Layout;
use crate::lock::LockLost;
use crate::outcome::{Counts, Outcome, RunResult, Stop};
use crate::port::{Condition, MasterBucket, StoreError};
use crate::record::Closed;
use crate::recorder::Recorder;
use crate::run::Underway;
use crate::run_id::RunId;
use crate::store::to_json;

/// A run whose calls are over.
#[must_use = "a run that is not closed looks as if it had been killed: close it"]
pub struct ExecutedRun<'r, B> {
    pub(crate) underway: Underway<'r, B>,
    pub(crate) recorder: Recorder<'r, B>,
    pub(crate) executed: Executed,
}

/// A run that is over, and what it left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedRun {
    /// The run.
    pub run: RunId,
    /// How its calls went.
    pub result: RunResult,
    /// Why no more steps were started, and what led to it.
    pub stop: Option<(Stop, String)>,
    /// How many steps had which outcome.
    pub counts: Counts,
    /// What became of each step.
    pub outcomes: BTreeMap<StepId, Outcome>,
    /// What is ours now.
    pub ownership: Ownership,
    /// Whether the master copy remembers that. If not, the next run finds it in this run's record.
    pub head_written: bool,
    /// What could not be written.
    pub problems: Vec<CloseProblem>,
}

/// What could not be written at the end of a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloseProblem {
    /// The rest of the record. State and head are not written after that.
    #[error("the run record is incomplete: {0}")]
    Record(WriteError),
    /// What is ours. The head is not written after that.
    #[error("what is managed now could not be stored: {0}")]
    State(WriteError),
    /// The lock is not ours any more, so the head was not written.
    #[error("the head was not written: {0}")]
    LockLost(LockLost),
    /// Somebody wrote the head although the lock was ours.
    #[error("the head was not written: somebody else wrote {0} during this run")]
    HeadMoved(String),
    /// The head.
    #[error("the head was not written: {0}")]
    Head(WriteError),
    /// The copy of the manifest for people. The next run heals it.
    #[error("the manifest under `current/` may be out of date: {0}")]
    Current(ArchiveError),
    /// The lock is still there.
    #[error("the lock is still held: {error}; to break it: iamctl unlock {run}")]
    Lock {
        /// The run that holds it.
        run: RunId,
        /// Why it could not be deleted.
        error: WriteError,
    },
}

impl ClosedRun {
    /// Whether it did nothing, and for no other reason than that what it was to take away is not what the plan is about.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        let is_stale = |outcome: &Outcome| match outcome {
            // After a lost answer, nobody knows whether it did nothing.
            Outcome::Failed { error, lost, .. } => error.is_stale() && !lost,
            Outcome::Done(_) | Outcome::NotTried { .. } => false,
        };
        let stale = self.outcomes.values().filter(|outcome| is_stale(outcome)).count();
        self.stop.is_none() && self.counts.done == 0 && stale > 0 && stale == self.counts.failed
    }
}

impl<B: MasterBucket + Sync> ExecutedRun<'_, B> {
    /// What became of each step.
    #[must_use]
    pub fn outcomes(&self) -> &BTreeMap<StepId, Outcome> {
        &self.executed.outcomes
    }

    /// Closes the record, writes state, head and `current/`, and releases the lock, in this order. What
    /// comes after something that failed is not written; the lock is released in any case.
    pub async fn close(mut self) -> ClosedRun {
        let ExecutedRun { underway, recorder, executed } = &mut self;
        let stop = executed.stop.as_ref().map(|(stop, _)| *stop);
        let counts = Counts::of(executed.outcomes.values());
        let result = counts.result(stop);
        let ownership = after_run(&underway.opened.plan, &underway.basis, &executed.outcomes);

        let mut problems = Vec::new();
        let written = match recorder.drain().await {
            Err(error) => Err(CloseProblem::Record(error)),
            Ok(()) => {
                let (segments, events) = recorder.written();
                let finished = recorder.time().now();
                let end = End { finished, result, stopped: stop, counts, segments, events };
                underway.write_end(end, &ownership, &executed.outcomes).await
            }
        };
        let head_written = written.is_ok();
        match written {
            Err(problem) => problems.push(problem),
            Ok(()) => {
                let current = underway.locked.store.store_current(&underway.files).await;
                problems.extend(current.err().map(CloseProblem::Current));
            }
        }
        let run = underway.opened.run.clone();
        if let Err(error) = underway.locked.unlock().await {
            problems.push(CloseProblem::Lock { run: run.clone(), error });
        }
        recorder.tell(RunEvent::Closed { result });
        let Executed { outcomes, stop } = self.executed;
        ClosedRun { run, result, stop, counts, outcomes, ownership, head_written, problems }
    }
}

/// How the calls went.
struct End {
    finished: Timestamp,
    result: RunResult,
    stopped: Option<Stop>,
    counts: Counts,
    segments: u32,
    events: u64,
}

impl<B: MasterBucket + Sync> Underway<'_, B> {
    /// The closing of the record, state and head: each only after the one before.
    async fn write_end(
        &self,
        end: End,
        ownership: &Ownership,
        outcomes: &BTreeMap<StepId, Outcome>,
    ) -> Result<(), CloseProblem> {
        let (finished, unsettled) = (end.finished, self.unsettled_after(end.result, outcomes));
        self.write_closed(end).await.map_err(CloseProblem::Record)?;
        let state_digest = self.write_state(ownership).await.map_err(CloseProblem::State)?;
        let lock = self.locked.store.verify_lock(self.locked.run()).await;
        lock.map_err(CloseProblem::LockLost)?;
        let head = Head {
            account: self.opened.account.clone(),
            manifest: self.opened.manifest.clone(),
            run: self.opened.run.clone(),
            written: finished,
            manifest_digest: self.opened.manifest_digest.clone(),
            state: Layout::state_below_root(&self.opened.run),
            state_digest,
            unsettled,
            formerly: self.formerly.iter().filter(|name| **name != self.opened.manifest).cloned().collect(),
            moved: None,
        };
        self.write_head(&head).await
    }

    /// The runs whose plans still explain what may be found in the account.
    fn unsettled_after(&self, result: RunResult, outcomes: &BTreeMap<StepId, Outcome>) -> Vec<RunId> {
        let mut unsettled = match result {
            RunResult::Succeeded => Vec::new(),
            RunResult::Failed | RunResult::Interrupted => self.unsettled.clone(),
        };
        if is_uncertain(&self.opened.plan, outcomes) {
            unsettled.push(self.opened.run.clone());
        }
        unsettled
    }

    async fn write_closed(&self, end: End) -> Result<(), WriteError> {
        let End { finished, result, stopped, counts, segments, events } = end;
        let closed = Closed {
            run: self.opened.run.clone(),
            started: self.opened.started,
            finished,
            manifest_digest: self.opened.manifest_digest.clone(),
            runner: self.opened.runner.clone(),
            result,
            stopped,
            counts,
            segments,
            events,
        };
        let store = &self.locked.store;
        store.put_json_once(&store.layout.closed(&closed.run), &closed).await.map(drop)
    }

    async fn write_state(&self, ownership: &Ownership) -> Result<Digest, WriteError> {
        let store = &self.locked.store;
        let key = store.layout.state(&self.opened.run);
        let state = State {
            account: self.opened.account.clone(),
            manifest: self.opened.manifest.clone(),
            run: self.opened.run.clone(),
            owned: ownership.clone(),
        };
        let bytes = to_json(&state).map_err(|error| WriteError { location: store.location(&key), error })?;
        let digest = Digest::of(&bytes);
        store.put_once(&key, bytes).await?;
        Ok(digest)
    }

    async fn write_head(&self, head: &Head) -> Result<(), CloseProblem> {
        let store = &self.locked.store;
        let key = store.layout.head();
        let condition = self.head.clone().map_or(Condition::IfAbsent, Condition::IfMatch);
        let failed = |error| CloseProblem::Head(WriteError { location: store.location(&key), error });
        let bytes = to_json(head).map_err(failed)?;
        store.put(&key, &bytes, condition).await.map(drop).map_err(|error| match error.error {
            StoreError::Precondition => CloseProblem::HeadMoved(error.location),
            _ => CloseProblem::Head(error),
        })
    }
}
