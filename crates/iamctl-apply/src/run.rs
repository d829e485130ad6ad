//! A run from its lock to its end, as a sequence of types: what must come first cannot be left out.
//!
//! | value | is made by | and then |
//! | --- | --- | --- |
//! | [`Locked`] | [`MasterStore::lock`] | the lock is held |
//! | [`OpenRun`] | [`Locked::open`] | the manifest is stored, the record is open |
//! | [`ExecutedRun`] | [`OpenRun::execute`] | calls were made, only while the lock was ours |
//! | [`ClosedRun`] | [`ExecutedRun::close`] | record closed, state, head and `current/` written, lock released |

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use iamctl_model::{Ownership, Plan, StepId, UnfinishedRun};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::after::{Basis, after_run, is_uncertain};
use crate::archive::ArchiveError;
use crate::digest::{Digest, ManifestFiles};
use crate::error::{ReadError, WriteError};
use crate::event::{RunEvent, Watcher};
use crate::execute::{DEFAULT_PARALLEL, Executed, Executor};
use crate::head::{Head, State};
use crate::layout::Layout;
use crate::lock::{LockError, LockHolder, LockLost};
use crate::memory::Memory;
use crate::outcome::{Counts, Outcome, RunResult, Stop};
use crate::port::{Condition, ETag, IamAccount, MasterBucket, StoreError};
use crate::record::{Closed, Opened};
use crate::recorder::Recorder;
use crate::run_id::RunId;
use crate::runner::{Runner, TimeAndChance};
use crate::schedule::{PlanDefect, Schedule};
use crate::store::{MasterStore, to_json};

/// For so long a run that did not succeed leaves the runs before it unsettled: what a killed run made
/// may come to light only minutes later.
const STAYS_UNSETTLED: SignedDuration = SignedDuration::from_hours(24);

/// The lock, held.
#[derive(Debug)]
#[must_use = "a lock that is dropped stays in the bucket: open a run, or release it"]
pub struct Locked<'b, B> {
    store: MasterStore<'b, B>,
    holder: LockHolder,
    version: ETag,
}

/// What a run is about to do, and what that stands on. All of it was read or computed while the lock
/// was held.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'o> {
    /// What is done.
    pub plan: &'o Plan,
    /// What is ours now.
    pub basis: &'o Basis,
    /// What the master copy remembered.
    pub memory: &'o Memory,
    /// What earlier runs left unfinished.
    pub unfinished: &'o [UnfinishedRun],
    /// The manifest.
    pub files: &'o ManifestFiles,
}

/// Why a run was not opened. Nothing was changed in the account, and the lock was released unless
/// `lock` says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct OpenError {
    /// What went wrong.
    pub reason: OpenProblem,
    /// Why the lock is still there, when it is.
    pub lock: Option<WriteError>,
}

/// What kept a run from being opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenProblem {
    /// The plan is of another account or manifest.
    #[error("the plan is of {found}, and the master copy of {expected}")]
    OtherPlan {
        /// What the plan says.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// The plan's steps have no order.
    #[error(transparent)]
    Plan(#[from] PlanDefect),
    /// Another run finished between planning and locking.
    #[error("the master copy was written by another run since the plan was made")]
    HeadMoved,
    /// Another run opened its record between planning and locking, with a later id.
    #[error("run {0} sorts after this one: another run began since the plan was made")]
    NotTheLatest(RunId),
    /// The manifest could not be stored.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Something could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The record could not be opened.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl<'b, B: MasterBucket + Sync> MasterStore<'b, B> {
    /// Takes the lock for a run.
    ///
    /// The run's id must be [later](RunId::later_than) than those of the head's run and of all
    /// unfinished ones.
    ///
    /// # Errors
    ///
    /// When somebody holds it, or it cannot be made.
    pub async fn lock(
        &self,
        run: RunId,
        runner: Runner,
        started: Timestamp,
    ) -> Result<Locked<'b, B>, LockError> {
        let holder = LockHolder { run, started, runner };
        let version = self.take_lock(&holder).await?;
        Ok(Locked { store: self.clone(), holder, version })
    }
}

impl<'b, B: MasterBucket + Sync> Locked<'b, B> {
    /// The run that holds it.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.holder.run
    }

    /// Gives the lock back without a run.
    ///
    /// # Errors
    ///
    /// When it could not be deleted: it is still there, and `unlock` breaks it.
    pub async fn release(self) -> Result<(), WriteError> {
        self.unlock().await
    }

    async fn unlock(&self) -> Result<(), WriteError> {
        match self.store.delete(&self.store.layout.lock(), &self.version).await {
            // It was broken, and is somebody else's now.
            Err(WriteError { error: StoreError::Precondition, .. }) => Ok(()),
            answer => answer,
        }
    }

    /// Stores the manifest and opens the record. From here on calls may be made.
    ///
    /// # Errors
    ///
    /// When the plan does not fit what the master copy says now, or something could not be written.
    pub async fn open<'r>(
        self,
        opening: Opening<'_>,
        time: &'r dyn TimeAndChance,
        watcher: Watcher<'r>,
    ) -> Result<OpenRun<'r, B>, OpenError>
    where
        'b: 'r,
    {
        match self.write_opening(opening).await {
            Ok((opened, schedule)) => {
                let recorder = Recorder::new(self.store.clone(), opened.run.clone(), time, watcher);
                Ok(OpenRun::new(self, opened, schedule, recorder, opening))
            }
            Err(reason) => Err(OpenError { reason, lock: self.unlock().await.err() }),
        }
    }

    async fn write_opening(&self, opening: Opening<'_>) -> Result<(Opened, Schedule), OpenProblem> {
        let Opening { plan, memory, files, .. } = opening;
        let store = &self.store;
        if plan.account != store.account || plan.manifest != store.manifest {
            let found = format!("manifest `{}` in account {}", plan.manifest, plan.account.id);
            return Err(OpenProblem::OtherPlan { found, expected: store.owner() });
        }
        let schedule = Schedule::new(&plan.steps)?;
        self.check_latest(opening)?;
        let head = store.get(&store.layout.head()).await?.map(|object| object.etag);
        if head.as_ref() != memory.head.as_ref().map(|(_, version)| version) {
            return Err(OpenProblem::HeadMoved);
        }
        store.store_manifest(files).await?;
        let opened = Opened {
            run: self.holder.run.clone(),
            started: self.holder.started,
            account: plan.account.clone(),
            manifest: plan.manifest.clone(),
            manifest_file: files.main().to_owned(),
            manifest_digest: files.digest().clone(),
            head: memory.head.as_ref().map(|(head, _)| head.run.clone()),
            runner: self.holder.runner.clone(),
            plan: plan.clone(),
        };
        store.put_json_once(&store.layout.opened(&opened.run), &opened).await?;
        Ok((opened, schedule))
    }

    /// Unfinished runs are looked for after the head's run. So this one must sort after all others.
    fn check_latest(&self, opening: Opening<'_>) -> Result<(), OpenProblem> {
        let head = opening.memory.head.as_ref().map(|(head, _)| head.run.clone());
        let unfinished = opening.unfinished.iter().filter_map(|unfinished| unfinished.run.parse().ok());
        match head.into_iter().chain(unfinished).max() {
            Some(latest) if latest >= self.holder.run => Err(OpenProblem::NotTheLatest(latest)),
            _ => Ok(()),
        }
    }
}

/// A run whose record is open and whose lock is held: the only thing that can make calls.
#[must_use = "an open run that is dropped looks as if it had been killed: execute it"]
pub struct OpenRun<'r, B> {
    locked: Locked<'r, B>,
    opened: Opened,
    schedule: Schedule,
    recorder: Recorder<'r, B>,
    basis: Basis,
    head: Option<ETag>,
    /// Runs that stay unsettled unless this one succeeds.
    unsettled: Vec<RunId>,
    files: ManifestFiles,
}

impl<'r, B: MasterBucket + Sync> OpenRun<'r, B> {
    fn new<'b: 'r>(
        locked: Locked<'b, B>,
        opened: Opened,
        schedule: Schedule,
        mut recorder: Recorder<'r, B>,
        opening: Opening<'_>,
    ) -> Self {
        let is_recent = |run: &&UnfinishedRun| opened.started.duration_since(run.started) < STAYS_UNSETTLED;
        let recent = opening.unfinished.iter().filter(is_recent);
        let unsettled = recent.filter_map(|unfinished| unfinished.run.parse().ok()).collect();
        recorder.tell(RunEvent::Opened { run: opened.run.clone(), steps: opened.plan.steps.len() });
        Self {
            locked,
            opened,
            schedule,
            recorder,
            basis: opening.basis.clone(),
            head: opening.memory.head.as_ref().map(|(_, version)| version.clone()),
            unsettled,
            files: opening.files.clone(),
        }
    }

    /// Makes the calls of the plan, [`DEFAULT_PARALLEL`] at once. When it is cancelled, what is in
    /// flight is finished and nothing more is started.
    pub async fn execute<A: IamAccount + Sync>(
        self,
        account: &A,
        cancelled: &CancellationToken,
    ) -> ExecutedRun<'r, B> {
        self.execute_with(account, cancelled, DEFAULT_PARALLEL).await
    }

    /// The same with so many calls at once.
    pub async fn execute_with<A: IamAccount + Sync>(
        self,
        account: &A,
        cancelled: &CancellationToken,
        parallel: NonZeroUsize,
    ) -> ExecutedRun<'r, B> {
        let Self { locked, opened, schedule, recorder, basis, head, unsettled, files } = self;
        let steps = &opened.plan.steps;
        let mut executor = Executor::new(account, steps, schedule, recorder, opened.started, parallel);
        if let Err(lost) = locked.store.verify_lock(locked.run()).await {
            executor.stop(Stop::LockLost, lost.to_string());
        }
        let (executed, recorder) = executor.run(cancelled).await;
        ExecutedRun { locked, opened, recorder, basis, head, unsettled, files, executed }
    }
}

/// A run whose calls are over.
#[must_use = "a run that is not closed looks as if it had been killed: close it"]
pub struct ExecutedRun<'r, B> {
    locked: Locked<'r, B>,
    opened: Opened,
    recorder: Recorder<'r, B>,
    basis: Basis,
    head: Option<ETag>,
    unsettled: Vec<RunId>,
    files: ManifestFiles,
    executed: Executed,
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

impl<B: MasterBucket + Sync> ExecutedRun<'_, B> {
    /// What became of each step.
    #[must_use]
    pub fn outcomes(&self) -> &BTreeMap<StepId, Outcome> {
        &self.executed.outcomes
    }

    /// Closes the record, writes state, head and `current/`, and releases the lock, in this order. What
    /// comes after something that failed is not written; the lock is released in any case.
    pub async fn close(mut self) -> ClosedRun {
        let counts = Counts::of(self.executed.outcomes.values());
        let result = counts.result(self.executed.stop.as_ref().map(|(stop, _)| *stop));
        let ownership = after_run(&self.opened.plan, &self.basis, &self.executed.outcomes);

        let mut problems = Vec::new();
        let written = self.write_end(counts, result, &ownership).await;
        let head_written = written.is_ok();
        match written {
            Err(problem) => problems.push(problem),
            Ok(()) => {
                let current = self.locked.store.store_current(&self.files).await;
                problems.extend(current.err().map(CloseProblem::Current));
            }
        }
        if let Err(error) = self.locked.unlock().await {
            problems.push(CloseProblem::Lock { run: self.opened.run.clone(), error });
        }
        self.recorder.tell(RunEvent::Closed { result });
        ClosedRun {
            run: self.opened.run,
            result,
            stop: self.executed.stop,
            counts,
            outcomes: self.executed.outcomes,
            ownership,
            head_written,
            problems,
        }
    }

    /// Record, state and head: each only after the one before.
    async fn write_end(
        &mut self,
        counts: Counts,
        result: RunResult,
        ownership: &Ownership,
    ) -> Result<(), CloseProblem> {
        self.close_record(counts, result).await.map_err(CloseProblem::Record)?;
        let state_digest = self.write_state(ownership).await.map_err(CloseProblem::State)?;
        self.locked.store.verify_lock(self.locked.run()).await.map_err(CloseProblem::LockLost)?;
        self.write_head(state_digest, result).await
    }

    async fn close_record(&mut self, counts: Counts, result: RunResult) -> Result<(), WriteError> {
        self.recorder.drain().await?;
        let (segments, events) = self.recorder.written();
        let closed = Closed {
            run: self.opened.run.clone(),
            started: self.opened.started,
            finished: self.recorder.time().now(),
            manifest_digest: self.opened.manifest_digest.clone(),
            runner: self.opened.runner.clone(),
            result,
            stopped: self.executed.stop.as_ref().map(|(stop, _)| *stop),
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

    async fn write_head(&self, state_digest: Digest, result: RunResult) -> Result<(), CloseProblem> {
        let store = &self.locked.store;
        let head = Head {
            account: self.opened.account.clone(),
            manifest: self.opened.manifest.clone(),
            run: self.opened.run.clone(),
            written: self.recorder.time().now(),
            manifest_digest: self.opened.manifest_digest.clone(),
            state: Layout::state_below_root(&self.opened.run),
            state_digest,
            unsettled: self.unsettled(result),
        };
        let key = store.layout.head();
        let condition = self.head.clone().map_or(Condition::IfAbsent, Condition::IfMatch);
        let failed = |error| WriteError { location: store.location(&key), error };
        let bytes = to_json(&head).map_err(|error| CloseProblem::Head(failed(error)))?;
        store.put(&key, &bytes, condition).await.map(drop).map_err(|error| match error.error {
            StoreError::Precondition => CloseProblem::HeadMoved(error.location),
            _ => CloseProblem::Head(error),
        })
    }

    /// The runs whose plans still explain what may be found in the account.
    fn unsettled(&self, result: RunResult) -> Vec<RunId> {
        let mut unsettled = match result {
            RunResult::Succeeded => Vec::new(),
            RunResult::Failed | RunResult::Interrupted => self.unsettled.clone(),
        };
        if is_uncertain(&self.opened.plan, &self.executed.outcomes) {
            unsettled.push(self.opened.run.clone());
        }
        unsettled
    }
}
