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
use serde_json::Value;

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
    /// It is not JSON.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// It ends in the middle.
    #[error("it ends in the middle, as if it was cut off: {0}")]
    CutOff(String),
    /// It is not in one of the two forms.
    #[error("it is neither a snapshot of iamctl nor the JSON of get-account-authorization-details: {0}")]
    Form(String),
    /// It is not the JSON of `list-roles`.
    #[error("it is not the JSON of list-roles: {0}")]
    NotRoles(String),
    /// It is a snapshot of a later version.
    #[error("it has format {found}, this version reads {known}")]
    Newer {
        /// Its format.
        found: u64,
        /// The last format that is known.
        known: u64,
    },
    /// It holds only a part of an account.
    #[error("it lacks {0}: save it without `--filter`, and all pages of it")]
    Partial(&'static str),
    /// Several answers are in it that are not the pages of one.
    #[error("it holds several answers, and not the pages of one: every page but the last says `IsTruncated`")]
    Pages,
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
    let mut pages = pages(text)?;
    let is_own = |page: &Value| page.get("kind").and_then(Value::as_str) == Some(own::KIND);
    match pages.as_slice() {
        [page] if is_own(page) => pages.pop().map_or(Err(SnapshotError::Partial("everything")), own::read),
        _ => authorization_details::read(pages),
    }
}

/// The pages of an answer: one JSON text, several behind each other, or a list of them.
fn pages(text: &str) -> Result<Vec<Value>, SnapshotError> {
    // PowerShell writes a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut pages = Vec::new();
    let mut is_json = false;
    for page in serde_json::Deserializer::from_str(text).into_iter() {
        is_json = true;
        match page.map_err(|error| not_json(&error))? {
            Value::Array(items) => pages.extend(items),
            page => pages.push(page),
        }
    }
    match pages.is_empty() {
        false => Ok(pages),
        true if is_json => Err(SnapshotError::Form("it is an empty list".to_owned())),
        true => Err(SnapshotError::NotJson("there is nothing in it".to_owned())),
    }
}

fn not_json(error: &serde_json::Error) -> SnapshotError {
    match error.is_eof() {
        true => SnapshotError::CutOff(error.to_string()),
        false => SnapshotError::NotJson(error.to_string()),
    }
}

/// Whether the last page, and no other, says that it is the last.
fn all_pages_are_there(are_truncated: &[bool]) -> Result<(), SnapshotError> {
    match are_truncated.split_last() {
        Some((false, before)) if before.iter().all(|is_truncated| *is_truncated) => Ok(()),
        Some((true, _)) => Err(SnapshotError::Partial("the last pages")),
        _ => Err(SnapshotError::Pages),
    }
}
