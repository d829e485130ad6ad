//! Who can give itself more rights than it has: known paths, held against what is allowed.
//!
//! A path is told only where every action that it needs is allowed on something that is of use for it, after
//! all that denies, boundaries and conditions. It is decided with the rules that answer every other question.

mod paths;
mod search;

use std::collections::BTreeSet;

use iamctl_model::{Identity, TestContext};

use crate::Access;
use crate::answer::{Answer, Dependence, Unread};

pub use paths::{Kind, Need, PATHS, Path, Reach};

/// How somebody stands to more rights.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Whether it may do anything anyway, so that there is nothing to gain.
    pub administrator: Option<Terms>,
    /// The paths that are open to it; none for those who may do anything.
    pub escalations: Vec<Escalation>,
    /// The policies whose text is not known, by which other paths may be open.
    pub unknown: BTreeSet<Unread>,
}

/// On what terms something is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Terms {
    /// On none.
    Always,
    /// Only when signed in with MFA.
    OnlyWithMfa,
    /// Only when not signed in with MFA.
    OnlyWithoutMfa,
}

/// A path that is open to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// Which.
    pub path: &'static Path,
    /// On what terms.
    pub terms: Terms,
    /// On what else it depends; on nothing where it is certain.
    pub depends_on: BTreeSet<Dependence>,
    /// What it reaches, a few of all: users to be taken over, roles to be assumed or passed.
    pub reaches: Vec<String>,
    /// Whether it needs something that is not in the manifest, as a role that trusts a service.
    pub is_hypothetical: bool,
    /// What it takes, in the order of the path's needs.
    pub steps: Vec<Step>,
}

impl Escalation {
    /// Whether nothing that is not known decides.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.depends_on.is_empty() && !self.is_hypothetical
    }

    /// Whether another one of the same path adds nothing to this one.
    #[must_use]
    pub fn covers(&self, other: &Escalation) -> bool {
        self.path == other.path
            && (self.terms == Terms::Always || self.terms == other.terms)
            && (self.is_certain() || !other.is_certain())
    }
}

/// What is done on a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The action.
    pub action: &'static str,
    /// On what; an address, an ARN, or `*`.
    pub on: String,
    /// Why it is allowed.
    pub answer: Answer,
}

impl Access {
    /// The paths to more rights that are open to each of these users and roles. What is not stated about
    /// their requests may be anything.
    #[must_use]
    pub fn escalations(&self, of: &[Identity], with: &TestContext) -> Vec<(Identity, Standing)> {
        let common = search::Common::new(self);
        let standing = |identity: &Identity| {
            let standing = search::standing(&common, identity, with);
            (identity.clone(), standing.unwrap_or_default())
        };
        of.iter().map(standing).collect()
    }
}
