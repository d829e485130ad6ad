//! What can go wrong between iamctl and the master copy, and what to do about it.

use crate::port::StoreError;
use crate::renaming::RenameProblem;

/// Why something could not be read from the master copy. None of these is ever taken for "there is
/// nothing": what is ours would be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The bucket did not answer with the object.
    #[error("cannot read {location}: {error}")]
    Store {
        /// Which object or folder.
        location: String,
        /// Why.
        error: StoreError,
    },
    /// It is not in iamctl's format.
    #[error("cannot make sense of {location}: {reason}")]
    Malformed {
        /// Which object.
        location: String,
        /// What is wrong in it.
        reason: String,
    },
    /// It is in a format that came later than this program.
    #[error("{location} has format {found}, this iamctl reads formats up to {known}")]
    Newer {
        /// Which object.
        location: String,
        /// Its format.
        found: u64,
        /// The last format that is known.
        known: u64,
    },
    /// It says that it belongs to another account, manifest or run.
    #[error("{location} belongs to {found}, not to {expected}")]
    Foreign {
        /// Which object.
        location: String,
        /// What it says.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// Another object names it, and it is not there.
    #[error("{location} is missing, although {named_by} names it")]
    Missing {
        /// Which object.
        location: String,
        /// What names it.
        named_by: String,
    },
    /// What the manifest is called does not fit what the master copy says.
    #[error("{problem}")]
    Renamed {
        /// Which object.
        location: String,
        /// What does not fit.
        problem: RenameProblem,
    },
    /// Its content is not the one that another object names.
    #[error("{location} was altered: its digest is not the one that {named_by} names")]
    Altered {
        /// Which object.
        location: String,
        /// What names it.
        named_by: String,
    },
}

impl ReadError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            ReadError::Store { error: StoreError::Denied { .. }, .. } => {
                "ask for the permission on the bucket of the master copy: without its memory iamctl cannot \
                 tell what is its own, so it does nothing"
            }
            ReadError::Store { error: StoreError::Credentials(_), .. } => "sign in again, then run it again",
            ReadError::Store { error: StoreError::WrongRegion { .. }, .. } => {
                "correct `master_copy.region` in the manifest"
            }
            ReadError::Renamed { problem, .. } => problem.help(),
            ReadError::Store { .. } => "nothing was changed; try again",
            ReadError::Newer { .. } => "use the iamctl version that wrote it, or a later one",
            ReadError::Foreign { .. } => {
                "check `name`, `account` and `master_copy` in the manifest, and whether objects were copied \
                 between folders of the bucket"
            }
            ReadError::Malformed { .. } | ReadError::Missing { .. } | ReadError::Altered { .. } => {
                "somebody changed or removed it: restore its previous version (the bucket keeps versions)"
            }
        }
    }
}

/// Why something could not be written to the master copy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot write {location}: {error}")]
pub struct WriteError {
    /// Which object.
    pub location: String,
    /// Why.
    pub error: StoreError,
}
