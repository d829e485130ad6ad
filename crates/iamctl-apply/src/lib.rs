//! Carries out a plan through narrow ports, keeps the record of the run, and writes the master copy.
//! It names no AWS SDK: `iamctl-aws` implements the ports for AWS, the test support crate in memory.

mod after;
mod archive;
mod bucket;
mod close;
mod digest;
mod effect;
mod error;
mod event;
mod execute;
mod head;
mod layout;
mod lock;
mod lock_watch;
mod memory;
mod outcome;
mod port;
mod record;
mod recorder;
mod retry;
mod run;
mod run_id;
mod runner;
mod runs;
mod schedule;
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
    ActionError, BucketState, Condition, ETag, ErrorClass, IamAccount, MasterBucket, Object, Receipt,
    StoreError,
};
pub use record::{Closed, Opened, RunEnd, RunRecord, Segment, StepRecord};
pub use retry::{Failure, Retry, retry};
pub use run::{Locked, OpenError, OpenProblem, OpenRun, Opening};
pub use run_id::{NotARunId, RunId};
pub use runner::{GitState, Runner, TimeAndChance};
pub use runs::{ListedRun, RunSummary};
pub use schedule::PlanDefect;
pub use store::MasterStore;
