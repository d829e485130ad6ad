//! iamctl's own snapshots: what was read from AWS, and what was ours.

use iamctl_model::{Live, Ownership};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Snapshot, SnapshotError};

/// What tells a snapshot from other JSON.
pub(crate) const KIND: &str = "iamctl-snapshot";

const FORMAT: u64 = 1;

#[derive(Serialize, Deserialize)]
struct Stored {
    kind: String,
    format_version: u64,
    taken: Timestamp,
    live: Live,
    ownership: Ownership,
}

/// A snapshot as text. It holds every policy text of the account: treat it as confidential.
#[must_use]
pub fn write(live: &Live, ownership: &Ownership, taken: Timestamp) -> String {
    let stored = Stored {
        kind: KIND.to_owned(),
        format_version: FORMAT,
        taken,
        live: live.clone(),
        ownership: ownership.clone(),
    };
    // All keys are strings, so this cannot fail.
    serde_json::to_string_pretty(&stored).unwrap_or_default()
}

pub(crate) fn read(json: Value) -> Result<Snapshot, SnapshotError> {
    let version = json.get("format_version").and_then(Value::as_u64).unwrap_or(0);
    if version > FORMAT {
        return Err(SnapshotError::Newer { found: version, known: FORMAT });
    }
    let stored: Stored =
        serde_json::from_value(json).map_err(|error| SnapshotError::Form(error.to_string()))?;
    Ok(Snapshot { live: stored.live, ownership: Some(stored.ownership) })
}
