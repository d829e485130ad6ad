//! The lock: one object that only one run can make.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{ReadError, WriteError};
use crate::port::{Condition, ETag, MasterBucket, StoreError};
use crate::run_id::RunId;
use crate::runner::Runner;
use crate::store::{MasterStore, MayPass, to_json};

/// `lock.json`: who writes to the account and the master copy at this moment. It is made only where
/// there is none, and deleted only by the run that made it or by `unlock` with that run's id. It does
/// not expire: a run that was killed leaves it, and a person decides.
///
/// ```json
/// {
///   "format_version": 1,
///   "run": "20261124T031200Z-k3v9x0ab",
///   "started": "2026-11-24T03:12:00Z",
///   "who": {"account": {…}, "arn": "arn:aws:iam::123456789012:user/alice", "user_id": "AIDA…"},
///   "host": "build-7",
///   "pid": 4711,
///   "tool_version": "0.1.0",
///   "command": "iamctl apply --yes"
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The run that holds it.
    pub run: RunId,
    /// Since when.
    pub started: Timestamp,
    /// Who runs it, and where.
    #[serde(flatten)]
    pub runner: Runner,
}

/// Why the lock was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Somebody has it.
    #[error("the lock is held by run {} of {}", .0.run, .0.runner.who.arn)]
    Held(Box<LockHolder>),
    /// It is not known whether somebody has it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It could not be made.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It could not be made, and now it cannot be read either.
    #[error("{write}; whether it was written all the same is not known: {read}")]
    Unknown {
        /// The run that wanted it, and may have it.
        run: RunId,
        /// Why it could not be made.
        write: WriteError,
        /// Why it cannot be read.
        read: Box<ReadError>,
    },
}

impl LockError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            LockError::Held(holder) => format!(
                "wait until it is over; if it does not run any more, break its lock: iamctl unlock {}",
                holder.run
            ),
            LockError::Read(ReadError::Malformed { location, .. }) => {
                format!("if no run is going on, delete {location}")
            }
            LockError::Read(error) => error.help().to_owned(),
            LockError::Write(_) => "nothing was changed; see that the bucket can be written".to_owned(),
            LockError::Unknown { run, .. } => {
                format!("nothing was changed; if the lock is there, break it: iamctl unlock {run}")
            }
        }
    }
}

/// Why the lock is not ours any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockLost {
    /// It was broken.
    #[error("the lock of this run was broken by somebody, nobody holds it now")]
    Gone,
    /// It was broken, and somebody else has taken it.
    #[error("the lock of this run was broken by somebody, it is now held by run {} of {}", .0.run, .0.runner.who.arn)]
    Taken(Box<LockHolder>),
    /// It is not known who has it.
    #[error("whether this run still holds the lock is not known: {0}")]
    Unknown(ReadError),
}

/// Why the lock was not broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    /// There is none.
    #[error("nobody holds the lock")]
    NotHeld,
    /// Another run holds it.
    #[error("the lock is held by another run: {} of {}", .0.run, .0.runner.who.arn)]
    OtherRun(Box<LockHolder>),
    /// It changed hands while it was being broken.
    #[error("the lock changed hands at this moment")]
    Moved,
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It could not be deleted.
    #[error(transparent)]
    Write(WriteError),
}

impl<B: MasterBucket> MasterStore<'_, B> {
    /// Who holds the lock, and its version.
    ///
    /// # Errors
    ///
    /// When it cannot be read; a lock that cannot be read is held by somebody.
    pub async fn read_lock(&self) -> Result<Option<(LockHolder, ETag)>, ReadError> {
        let key = self.layout.lock();
        let Some(object) = self.get(&key).await? else { return Ok(None) };
        Ok(Some((self.parse(&key, &object.bytes)?, object.etag)))
    }

    /// Breaks the lock of a run that does not live any more.
    ///
    /// # Errors
    ///
    /// When another run holds it, or nobody, or it cannot be deleted.
    pub async fn unlock(&self, run: &RunId) -> Result<(), UnlockError> {
        let (holder, version) = self.read_lock().await?.ok_or(UnlockError::NotHeld)?;
        if holder.run != *run {
            return Err(UnlockError::OtherRun(Box::new(holder)));
        }
        self.delete(&self.layout.lock(), &version).await.map_err(|error| match error.error {
            StoreError::Precondition => UnlockError::Moved,
            _ => UnlockError::Write(error),
        })
    }

    /// Makes the lock where there is none; the answer is its version.
    pub(crate) async fn take_lock(&self, holder: &LockHolder) -> Result<ETag, LockError> {
        let key = self.layout.lock();
        let bytes = to_json(holder).map_err(|error| WriteError { location: self.location(&key), error })?;
        let write = match self.put(&key, &bytes, Condition::IfAbsent).await {
            Ok(version) => return Ok(version),
            Err(write) => write,
        };
        // Either somebody has it, or it is ours and the reply was lost.
        match self.read_lock().await {
            Ok(Some((found, version))) if found.run == holder.run => Ok(version),
            Ok(Some((found, _))) => Err(LockError::Held(Box::new(found))),
            Ok(None) => Err(write.into()),
            Err(read) if write.error == StoreError::Precondition => Err(read.into()),
            // It was refused, so there is nothing to wonder about.
            Err(_) if !write.may_pass() => Err(write.into()),
            Err(read) => Err(LockError::Unknown { run: holder.run.clone(), write, read: Box::new(read) }),
        }
    }

    /// Whether the lock is still ours.
    pub(crate) async fn verify_lock(&self, run: &RunId) -> Result<(), LockLost> {
        match self.read_lock().await {
            Ok(Some((holder, _))) if holder.run == *run => Ok(()),
            Ok(Some((holder, _))) => Err(LockLost::Taken(Box::new(holder))),
            Ok(None) => Err(LockLost::Gone),
            Err(error) => Err(LockLost::Unknown(error)),
        }
    }
}
