//! The ports: what the outside must be able to do, and the classes of its failures.

use std::fmt;
use std::future::Future;

use iamctl_model::{Action, Address, Guard, Path, UniqueId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where the calls of a plan go.
pub trait IamAccount {
    /// Makes one call, once.
    ///
    /// Calls are repeatable: a thing that is already gone counts as deleted. A thing that is already
    /// there counts as made only when an answer was lost, this one or that of an earlier attempt, and
    /// when it was made since the run began and equals what the call would make: otherwise somebody
    /// else made it. Both are said in [`Receipt::remark`]. An implementation retries nothing whose
    /// repetition could do harm; [`ErrorClass`] tells the executor what may be tried again.
    fn perform(
        &self,
        action: &Action,
        attempt: Attempt,
    ) -> impl Future<Output = Result<Receipt, ActionError>> + Send;

    /// The unique id of what is at an address now, `None` where nothing is. The path matters for policies, which are
    /// asked for by their ARN. Asked of users, groups, roles, policies and instance profiles only.
    fn find(
        &self,
        address: &Address,
        path: Option<&Path>,
    ) -> impl Future<Output = Result<Option<UniqueId>, ActionError>> + Send;
}

/// What bears on one attempt at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// When the run began.
    pub run_started: Timestamp,
    /// Whether an earlier attempt of this run at the same call may have been carried out although it
    /// failed: see [`ErrorClass::is_ambiguous`].
    pub lost_before: bool,
}

impl Attempt {
    /// One that no lost attempt precedes.
    #[must_use]
    pub fn first(run_started: Timestamp) -> Self {
        Self { run_started, lost_before: false }
    }

    /// One after another that may have been carried out.
    #[must_use]
    pub fn after_loss(run_started: Timestamp) -> Self {
        Self { run_started, lost_before: true }
    }
}

/// What a successful call answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Receipt {
    /// AWS's id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The unique id of what was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<UniqueId>,
    /// What was unusual: "was already attached".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// What a failure means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Too many requests: wait, all of us, then try again.
    Throttled,
    /// Somebody changes the same thing at this moment, or it was just made again: wait and try again.
    /// `ConcurrentModification`, `EntityTemporarilyUnmodifiable`.
    Busy,
    /// IAM may not have seen yet what an earlier step did: worth waiting when there was one.
    /// `NoSuchEntity`, "Invalid principal in policy", `DeleteConflict`.
    Lagging,
    /// No answer, or the answer was lost: the call may or may not have been carried out.
    Unreachable,
    /// AWS failed on its side: 5xx.
    ServerFault,
    /// A permission is missing.
    Denied,
    /// The credentials are expired or not valid: nothing else will succeed either.
    Credentials,
    /// AWS will not do it, however often it is asked.
    Refused,
}

impl ErrorClass {
    /// Whether trying the same call again can help at all.
    #[must_use]
    pub fn may_pass(self) -> bool {
        match self {
            ErrorClass::Throttled
            | ErrorClass::Busy
            | ErrorClass::Lagging
            | ErrorClass::Unreachable
            | ErrorClass::ServerFault => true,
            ErrorClass::Denied | ErrorClass::Credentials | ErrorClass::Refused => false,
        }
    }

    /// Whether the call may have been carried out although no success was answered.
    #[must_use]
    pub fn is_ambiguous(self) -> bool {
        matches!(self, ErrorClass::Unreachable | ErrorClass::ServerFault)
    }
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionError {
    /// What it means for the run.
    pub class: ErrorClass,
    /// AWS's error code, when AWS answered; `stale` when the call was not made, because what it would take away is
    /// not what the plan is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// AWS's message, or what happened on the way.
    pub message: String,
    /// AWS's id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl ActionError {
    /// Whether the call was not made, because what it would take away is not what the plan is about.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.class == ErrorClass::Refused && self.code.as_deref() == Some(Guard::Stale.as_str())
    }
}

impl fmt::Display for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{code}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for ActionError {}

/// The opaque version mark of an object, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ETag(pub String);

/// A stored object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Its version mark.
    pub etag: ETag,
}

/// When a write is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// In any case.
    Always,
    /// When there is no such object.
    IfAbsent,
    /// When the object is still this version.
    IfMatch(ETag),
}

/// The bucket of the master copy. All keys are whole keys: the prefix is the caller's affair.
pub trait MasterBucket {
    /// The bucket's name, for messages.
    fn name(&self) -> &str;

    /// Whether the bucket is there and ours.
    fn probe(&self) -> impl Future<Output = Result<BucketState, StoreError>> + Send;

    /// Makes the bucket and hardens it: ownership enforced, public access blocked, versioning,
    /// encryption, TLS only. Finishes a creation that was cut short. A bucket that somebody else made
    /// is left as it is.
    fn create(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What a hardened bucket has and this one lacks, in words; nothing is changed.
    fn weaknesses(&self) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// Reads an object; `None` when there is none. A read that was refused is never `None`.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Object>, StoreError>> + Send;

    /// Writes an object. [`StoreError::Precondition`] when the condition did not hold.
    fn put(
        &self,
        key: &str,
        bytes: Vec<u8>,
        condition: Condition,
    ) -> impl Future<Output = Result<ETag, StoreError>> + Send;

    /// Deletes an object when it is still this version. One that is gone counts as deleted.
    fn delete(&self, key: &str, version: &ETag) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The keys that begin with a prefix, in order, after `start_after`.
    fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
    ) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// The names of the folders right under a prefix, without their slashes: however much lies in
    /// them, only the folders themselves are listed.
    fn folders(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;
}

/// Whether a bucket is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketState {
    /// It is there and belongs to the expected account.
    Ours,
    /// Nobody has a bucket of this name; or one whose creation was cut short, which
    /// [`create`](MasterBucket::create) finishes.
    Missing,
}

/// Why the bucket did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// There is no such bucket.
    NoBucket,
    /// The condition of a write or delete did not hold.
    Precondition,
    /// Somebody else owns a bucket of this name.
    NameTaken,
    /// A permission is missing, or the bucket belongs to another account.
    Denied {
        /// The S3 action that is missing, such as `s3:GetObject`.
        permission: String,
        /// AWS's message.
        message: String,
    },
    /// The bucket lies in another Region.
    WrongRegion {
        /// Where it lies, when AWS says it.
        actual: Option<String>,
    },
    /// The credentials are expired or not valid.
    Credentials(String),
    /// Anything else.
    Other {
        /// AWS's error code, when AWS answered.
        code: Option<String>,
        /// AWS's message, or what happened on the way.
        message: String,
        /// AWS's id of the request.
        request_id: Option<String>,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::NoBucket => f.write_str("the bucket does not exist"),
            StoreError::Precondition => f.write_str("somebody else wrote the object in the meantime"),
            StoreError::NameTaken => f.write_str("a bucket of this name belongs to somebody else"),
            StoreError::Denied { permission, message } => {
                write!(
                    f,
                    "access denied ({permission} is missing, or the bucket belongs to another account): {message}"
                )
            }
            StoreError::WrongRegion { actual: Some(region) } => write!(f, "the bucket lies in {region}"),
            StoreError::WrongRegion { actual: None } => f.write_str("the bucket lies in another Region"),
            StoreError::Credentials(message) => write!(f, "the credentials were not accepted: {message}"),
            StoreError::Other { code: Some(code), message, .. } => write!(f, "{code}: {message}"),
            StoreError::Other { code: None, message, .. } => f.write_str(message),
        }
    }
}

impl std::error::Error for StoreError {}
