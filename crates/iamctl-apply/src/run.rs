//! A run from its lock to its end, as a sequence of types: what must come first cannot be left out.
//!
//! | value | is made by | and then |
//! | --- | --- | --- |
//! | [`Locked`] | [`MasterStore::lock`] | the lock is held |
//! | [`OpenRun`] | [`Locked::open`] | the manifest is stored, the record is open |
//! | [`ExecutedRun`] | [`OpenRun::execute`] | calls were made, only while the lock was ours |
//! | [`ClosedRun`] | [`ExecutedRun::close`] | record closed, state, head and `current/` written, lock released |

use std::num::NonZeroUsize;

use iamctl_model::{ManifestName, Plan, UnfinishedRun};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::after::Basis;
use crate::archive::ArchiveError;
use crate::close::ExecutedRun;
use crate::digest::ManifestFiles;
use crate::doomed::Doomed;
use crate::error::{ReadError, WriteError};
use crate::event::{RunEvent, Watcher};
use crate::execute::{DEFAULT_PARALLEL, Executor};
use crate::lock::{LockError, LockHolder};
use crate::lock_watch::LockWatch;
use crate::memory::Memory;
use crate::port::{ETag, IamAccount, MasterBucket, StoreError};
use crate::record::Opened;
use crate::recorder::Recorder;
use crate::run_id::RunId;
use crate::runner::{Runner, TimeAndChance};
use crate::schedule::{PlanDefect, Schedule};
use crate::store::MasterStore;

/// For so long a run that did not succeed leaves the runs before it unsettled: what a killed run made
/// may come to light only minutes later.
const STAYS_UNSETTLED: SignedDuration = SignedDuration::from_hours(24);

/// The lock, held.
#[derive(Debug)]
#[must_use = "a lock that is dropped stays in the bucket: open a run, or release it"]
pub struct Locked<'b, B> {
    pub(crate) store: MasterStore<'b, B>,
    holder: LockHolder,
    version: ETag,
    /// The lock of the name that the manifest had before.
    former: Option<(MasterStore<'b, B>, ETag)>,
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

impl OpenProblem {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            OpenProblem::OtherPlan { .. } => "make the plan again, with this manifest and this account",
            OpenProblem::Plan(_) => "make the plan again; if it was not edited, this is a mistake in iamctl",
            OpenProblem::HeadMoved | OpenProblem::NotTheLatest(_) => {
                "nothing was changed; look at a new plan, then apply that"
            }
            OpenProblem::Archive(ArchiveError::Read(error)) | OpenProblem::Read(error) => error.help(),
            OpenProblem::Archive(ArchiveError::Write(_)) | OpenProblem::Write(_) => {
                "nothing was changed in the account; see that the bucket can be written, then run it again"
            }
        }
    }
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
        Ok(Locked { store: self.patient(), holder, version, former: None })
    }
}

impl<'b, B: MasterBucket + Sync> Locked<'b, B> {
    /// The run that holds it.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.holder.run
    }

    /// Takes the lock of the name that the manifest had before as well, so that nothing is done under that name.
    ///
    /// # Errors
    ///
    /// When somebody holds it, or it cannot be made. Then this one is given back, too.
    pub async fn lock_former(self, name: &ManifestName) -> Result<Self, LockError> {
        let store = self.store.beside(name.clone());
        match store.take_lock(&self.holder).await {
            Ok(version) => Ok(Self { former: Some((store, version)), ..self }),
            Err(error) => {
                // If it stays, whoever comes next is told.
                let _ = self.unlock().await;
                Err(error)
            }
        }
    }

    /// Gives the lock back without a run.
    ///
    /// # Errors
    ///
    /// When it could not be deleted: it is still there, and `unlock` breaks it.
    pub async fn release(self) -> Result<(), WriteError> {
        self.unlock().await
    }

    pub(crate) async fn unlock(&self) -> Result<(), WriteError> {
        let former = match &self.former {
            Some((store, version)) => unlock(store, version).await,
            None => Ok(()),
        };
        unlock(&self.store, &self.version).await.and(former)
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
                let mut recorder = Recorder::new(self.store.clone(), opened.run.clone(), time, watcher);
                let steps = opened.plan.steps.len();
                recorder.tell(RunEvent::Opened { run: opened.run.clone(), steps });
                Ok(OpenRun { underway: Underway::new(self, opened, opening), schedule, recorder })
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
        if head.as_ref() != memory.version() {
            return Err(OpenProblem::HeadMoved);
        }
        if let Some(renaming) = &memory.renaming {
            let former = store.beside(renaming.from.clone());
            let head = former.get(&former.layout.head()).await?.map(|object| object.etag);
            if head.as_ref() != Some(&renaming.version) {
                return Err(OpenProblem::HeadMoved);
            }
        }
        store.store_manifest(files).await?;
        let opened = Opened {
            run: self.holder.run.clone(),
            started: self.holder.started,
            account: plan.account.clone(),
            manifest: plan.manifest.clone(),
            manifest_file: files.main().to_owned(),
            manifest_digest: files.digest().clone(),
            head: memory.last().map(|head| head.run.clone()),
            runner: self.holder.runner.clone(),
            plan: plan.clone(),
        };
        store.put_json_once(&store.layout.opened(&opened.run), &opened).await?;
        if let Some(renaming) = &memory.renaming {
            store.mark_moved(renaming, &opened.run).await?;
        }
        Ok((opened, schedule))
    }

    /// Unfinished runs are looked for after the head's run. So this one must sort after all others.
    fn check_latest(&self, opening: Opening<'_>) -> Result<(), OpenProblem> {
        let head = opening.memory.latest_run();
        let unfinished = opening.unfinished.iter().filter_map(|unfinished| unfinished.run.parse().ok());
        match head.into_iter().chain(unfinished).max() {
            Some(latest) if latest >= self.holder.run => Err(OpenProblem::NotTheLatest(latest)),
            _ => Ok(()),
        }
    }
}

async fn unlock<B: MasterBucket>(store: &MasterStore<'_, B>, version: &ETag) -> Result<(), WriteError> {
    match store.delete(&store.layout.lock(), version).await {
        // It was broken, and is somebody else's now.
        Err(WriteError { error: StoreError::Precondition, .. }) => Ok(()),
        answer => answer,
    }
}

/// What a run that is underway holds, and what it started from.
pub(crate) struct Underway<'r, B> {
    pub(crate) locked: Locked<'r, B>,
    pub(crate) opened: Opened,
    pub(crate) basis: Basis,
    /// The version of the head, when there was one.
    pub(crate) head: Option<ETag>,
    /// What the manifest was called before.
    pub(crate) formerly: Vec<ManifestName>,
    /// Runs that stay unsettled unless this one succeeds.
    pub(crate) unsettled: Vec<RunId>,
    pub(crate) files: ManifestFiles,
}

impl<'r, B> Underway<'r, B> {
    fn new(locked: Locked<'r, B>, opened: Opened, opening: Opening<'_>) -> Self {
        let is_recent = |run: &&UnfinishedRun| opened.started.duration_since(run.started) < STAYS_UNSETTLED;
        let recent = opening.unfinished.iter().filter(is_recent);
        Self {
            unsettled: recent.filter_map(|unfinished| unfinished.run.parse().ok()).collect(),
            locked,
            opened,
            basis: opening.basis.clone(),
            head: opening.memory.version().cloned(),
            formerly: opening.memory.former_names(),
            files: opening.files.clone(),
        }
    }
}

/// A run whose record is open and whose lock is held: the only thing that can make calls.
#[must_use = "an open run that is dropped looks as if it had been killed: execute it"]
pub struct OpenRun<'r, B> {
    underway: Underway<'r, B>,
    schedule: Schedule,
    recorder: Recorder<'r, B>,
}

impl<'r, B: MasterBucket + Sync> OpenRun<'r, B> {
    /// Makes the calls of the plan, [`DEFAULT_PARALLEL`] at once. When it is cancelled, what is in
    /// flight is finished and nothing more is started.
    ///
    /// Whether the lock is still ours is looked at before the first call and every few seconds.
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
        let Self { underway, schedule, recorder } = self;
        let Underway { locked, opened, basis, .. } = &underway;
        let doomed = Doomed::of(&opened.plan, basis);
        let lock = LockWatch::new(locked.store.clone(), locked.run().clone(), recorder.time());
        let executor = Executor::new(account, opened, &doomed, schedule, recorder, lock, parallel);
        let (executed, recorder) = executor.run(cancelled).await;
        ExecutedRun { underway, recorder, executed }
    }
}
