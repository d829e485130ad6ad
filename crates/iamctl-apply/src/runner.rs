//! Who runs iamctl, where, and from which sources: what lock and record say.

use iamctl_model::Caller;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Time and chance, as the binary knows them: this crate reads no clock and has no randomness.
pub trait TimeAndChance: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;

    /// 64 random bits, other ones each time.
    fn random(&self) -> u64;
}

/// The state of the manifest's git repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitState {
    /// The commit that is checked out.
    pub commit: String,
    /// Whether files differ from it.
    pub dirty: bool,
}

/// Who runs iamctl, where, and from which sources.
///
/// In JSON the fields stand as they are here; those that are not known are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runner {
    /// The answer of `sts:GetCallerIdentity`: `account`, `arn`, `user_id`.
    pub who: Caller,
    /// The name of the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The process on that machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The version of iamctl.
    pub tool_version: String,
    /// What was typed, without values that may be secret.
    pub command: String,
    /// The repository that the manifest lies in, when it lies in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitState>,
}
