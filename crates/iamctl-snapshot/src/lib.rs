//! Saved states of an account, for plans without AWS: iamctl's own snapshots, and the JSON that
//! `aws iam get-account-authorization-details` writes.
//!
//! What a text does not hold is *not read*, never empty: it is not compared.
//!
//! ```
//! let text = r#"{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}"#;
//! let error = iamctl_snapshot::read(text).unwrap_err();
//! assert_eq!(error.to_string(), "the account cannot be told: nothing in the file has an ARN of it");
//! ```

mod authorization_details;
mod own;
mod roles;

use iamctl_model::{Live, Ownership};

pub use own::write;
pub use roles::add_role_details;

/// A saved state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// What was in the account.
    pub live: Live,
    /// What was ours. AWS's own JSON does not say that.
    pub ownership: Option<Ownership>,
}

/// Why a text is not a saved state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It is not JSON, or not in one of the two forms.
    #[error("it is neither a snapshot of iamctl nor the JSON of get-account-authorization-details: {0}")]
    Form(String),
    /// It is a snapshot of a later version.
    #[error("it has format {found}, this version reads {known}")]
    Newer {
        /// Its format.
        found: u64,
        /// The last format that is known.
        known: u64,
    },
    /// It holds only a part of an account.
    #[error("it lacks `{0}`: save it without `--filter`, and all pages of it")]
    Partial(&'static str),
    /// Nothing says which account it is.
    #[error("the account cannot be told: nothing in the file has an ARN of it")]
    NoAccount,
    /// Something in it is not as AWS would have it.
    #[error("{what}: {why}")]
    Content {
        /// Where.
        what: String,
        /// What is wrong.
        why: String,
    },
}

/// Reads a saved state in either form.
///
/// # Errors
///
/// When it is in neither form, or incomplete.
pub fn read(text: &str) -> Result<Snapshot, SnapshotError> {
    let json: serde_json::Value =
        serde_json::from_str(text).map_err(|error| SnapshotError::Form(error.to_string()))?;
    if json.get("kind").and_then(serde_json::Value::as_str) == Some(own::KIND) {
        own::read(json)
    } else {
        authorization_details::read(json)
    }
}
