//! The head and the state that it points to.

use iamctl_model::{Account, ManifestName, Ownership};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::renaming::Moved;
use crate::run_id::RunId;

/// `head.json`: the only pointer of a master copy. It is written last in a run, by one conditional put
/// against the version that the run started from.
///
/// ```json
/// {
///   "format_version": 1,
///   "account": {"id": "123456789012", "partition": "aws"},
///   "manifest": "acme-prod",
///   "run": "20261124T031200Z-k3v9x0ab",
///   "written": "2026-11-24T03:12:09Z",
///   "manifest_digest": "sha256-…",
///   "state": "states/20261124T031200Z-k3v9x0ab.json",
///   "state_digest": "sha256-…",
///   "unsettled": []
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The account that the master copy is of.
    pub account: Account,
    /// The manifest that it is of.
    pub manifest: ManifestName,
    /// The last run that wrote it.
    pub run: RunId,
    /// When.
    pub written: Timestamp,
    /// The manifest of that run: `manifests/<digest>/`.
    pub manifest_digest: Digest,
    /// The key of what is ours, from the master copy's root.
    pub state: String,
    /// The digest of that object.
    pub state_digest: Digest,
    /// Runs up to this one that may have made things whose ids the state does not know, because no
    /// answer came. What they planned counts for the next run as if they had been killed.
    #[serde(default)]
    pub unsettled: Vec<RunId>,
    /// What the manifest was called before, the latest name first: what was recorded then lies there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formerly: Vec<ManifestName>,
    /// Where its things went, when the manifest has another name now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
}

/// `states/<run>.json`: everything that is ours after a run, by address. Written once, never changed.
///
/// ```json
/// {
///   "format_version": 1,
///   "account": {"id": "123456789012", "partition": "aws"},
///   "manifest": "acme-prod",
///   "run": "20261124T031200Z-k3v9x0ab",
///   "owned": {
///     "user/alice": {
///       "id": "AIDA…", "protect": false,
///       "last_applied": {"kind": "user", "path": "/", "tags": {}, "groups": [], "policies": [],
///                        "inline_policies": {}, "permissions_boundary": null}
///     }
///   }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The account.
    pub account: Account,
    /// The manifest.
    pub manifest: ManifestName,
    /// The run that wrote it.
    pub run: RunId,
    /// What is ours.
    pub owned: Ownership,
}
