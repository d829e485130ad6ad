//! Carries out a plan through narrow ports, keeps the record of the run, and writes the master copy.
//! It names no AWS SDK: `iamctl-aws` implements the ports for AWS, the test support crate in memory.
//! It reads no clock and knows nothing of who runs it: the binary hands that in.
//!
//! What is written where is said by [`Layout`], and in which format by [`Head`], [`State`],
//! [`LockHolder`], [`Opened`], [`Segment`] and [`Closed`]. All of it is JSON with a `format_version`:
//! fields may be added under the same number and are passed over by those who do not know them;
//! anything else that changes gets a new number, which older versions of iamctl refuse.
//!
//! A run is a sequence of values, each made from the one before:
//!
//! ```
//! # use iamctl_apply::*;
//! # use iamctl_model::*;
//! # use iamctl_testing::MemoryBucket;
//! # use jiff::Timestamp;
//! # struct Account0;
//! # impl IamAccount for Account0 {
//! #     async fn perform(&self, _: &Action, _: Attempt) -> Result<Receipt, ActionError> {
//! #         Ok(Receipt { created: Some(UniqueId("AIDA1".to_owned())), ..Receipt::default() })
//! #     }
//! #     async fn find(&self, _: &Address, _: Option<&Path>) -> Result<Option<UniqueId>, ActionError> { Ok(None) }
//! # }
//! # struct Fixed;
//! # impl TimeAndChance for Fixed {
//! #     fn now(&self) -> Timestamp { "2026-11-24T03:12:00Z".parse().unwrap() }
//! #     fn random(&self) -> u64 { 7 }
//! # }
//! # let account = Account { id: AccountId::parse("123456789012")?, partition: Partition::aws() };
//! # let name = ManifestName::parse("acme-prod").unwrap();
//! # let who = Caller { account: account.clone(), arn: "arn:aws:iam::123456789012:user/admin".into(), user_id: "AIDA0".into() };
//! # let runner = Runner { who, host: None, pid: None, tool_version: "0.1.0".into(), command: "iamctl apply".into(), git: None };
//! # let alice = UserName::parse("alice")?;
//! # let steps = vec![Step { id: StepId(1), because: Address::User(alice.clone()), needs: vec![],
//! #     action: Action::CreateUser { user_name: alice.clone(), path: Path::root(), permissions_boundary: None, tags: Tags::default() } }];
//! # let changes = vec![Change { address: Address::User(alice), action: ChangeAction::Create, cause: Cause::Ours,
//! #     fields: Default::default(), before: None, after: Some(Resource::User(User::default())) }];
//! # let plan = Plan { account: account.clone(), manifest: name.clone(), changes, steps, refusals: vec![], hazards: vec![],
//! #     notes: vec![], unmanaged: Default::default() };
//! # let (iam, bucket, time, cancelled) = (Account0, MemoryBucket::missing("master"), Fixed, tokio_util::sync::CancellationToken::new());
//! # let files = ManifestFiles::new(vec![ManifestFile { name: "desired-state.yaml".into(), bytes: b"version: 1".to_vec() }])?;
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let store = MasterStore::new(&bucket, "iam/", account, name);
//! store.prepare_bucket().await?;
//! let memory = store.read_memory().await?;
//! let unfinished = store.unfinished_runs(&memory).await?;
//! let basis = Basis { ownership: memory.ownership.clone(), ..Basis::default() };
//! // … from memory, account and manifest comes a plan …
//!
//! let locked = store.lock(RunId::new(time.now(), time.random()), runner, time.now()).await?;
//! let opening =
//!     Opening { plan: &plan, basis: &basis, memory: &memory, unfinished: &unfinished, files: &files };
//! let open = locked.open(opening, &time, &|event: &Event| drop(event)).await?;
//! let closed = open.execute(&iam, &cancelled).await.close().await;
//!
//! assert_eq!(closed.result, RunResult::Succeeded);
//! assert_eq!(store.read_memory().await?.ownership, closed.ownership);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod after;
mod archive;
mod bucket;
mod close;
mod digest;
mod doomed;
mod effect;
mod error;
mod event;
mod execute;
mod head;
mod lag;
mod layout;
mod lock;
mod lock_watch;
mod memory;
mod outcome;
mod port;
mod record;
mod recorder;
mod renaming;
mod retry;
mod run;
mod run_id;
mod runner;
mod runs;
mod schedule;
mod siblings;
mod store;

pub use after::{Basis, after_run, is_uncertain};
pub use archive::ArchiveError;
pub use bucket::{BucketError, BucketReport};
pub use close::{CloseProblem, ClosedRun, ExecutedRun};
pub use digest::{Digest, ManifestFile, ManifestFiles, ManifestFilesError, NotADigest};
pub use error::{ReadError, WriteError};
pub use event::{Event, RunEvent, Watcher};
pub use execute::DEFAULT_PARALLEL;
pub use head::{Head, State};
pub use layout::Layout;
pub use lock::{LockError, LockHolder, LockLost, UnlockError};
pub use memory::{Memory, NeedsWriting, needs_writing};
pub use outcome::{Counts, NotTried, Outcome, RunResult, Stop};
pub use port::{
    ActionError, Attempt, BucketState, Condition, ETag, ErrorClass, IamAccount, MasterBucket, Object,
    Receipt, StoreError,
};
pub use record::{Closed, Opened, RunEnd, RunRecord, Segment, StepRecord};
pub use renaming::{Moved, RenameProblem, Renaming};
pub use retry::{Failure, Lag, Retry, retry};
pub use run::{Locked, OpenError, OpenProblem, OpenRun, Opening};
pub use run_id::{NotARunId, RunId};
pub use runner::{GitState, Runner, TimeAndChance};
pub use runs::{ListedRun, RunSummary};
pub use schedule::PlanDefect;
pub use store::MasterStore;
