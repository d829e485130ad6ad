//! What the master copy remembers of the things that iamctl manages.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::desired::ManifestName;
use crate::live::UniqueId;
use crate::plan::Plan;
use crate::resource::Resource;

/// One thing that is ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// Its unique id: another thing of the same name is not ours.
    pub id: UniqueId,
    /// Whether deleting it is refused.
    pub protect: bool,
    /// What it was after we last changed it.
    pub last_applied: Resource,
}

/// Everything that is ours, by address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ownership(pub BTreeMap<Address, Owned>);

impl Ownership {
    /// What is remembered of an address.
    #[must_use]
    pub fn get(&self, address: &Address) -> Option<&Owned> {
        self.0.get(address)
    }

    /// Whether the thing with this id at this address is ours.
    #[must_use]
    pub fn owns(&self, address: &Address, id: &UniqueId) -> bool {
        self.0.get(address).is_some_and(|owned| owned.id == *id)
    }
}

/// A run that opened its record and never wrote the head: it was killed. What it planned explains
/// what is found in the account now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfinishedRun {
    /// The run's id.
    pub run: String,
    /// When it began.
    pub started: Timestamp,
    /// What it was about to do.
    pub plan: Plan,
    /// The unique ids of what it is known to have made.
    pub created: BTreeMap<Address, UniqueId>,
}

/// Another manifest that keeps its master copy beside this one's: same bucket, same account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sibling {
    /// Its name.
    pub name: ManifestName,
    /// What it owns, or why that cannot be known. The latter is never taken for "nothing".
    pub ownership: Result<Ownership, String>,
}

impl Sibling {
    /// Whether the thing with this id at this address is known to be its own.
    #[must_use]
    pub fn owns(&self, address: &Address, id: &UniqueId) -> bool {
        self.ownership.as_ref().is_ok_and(|ownership| ownership.owns(address, id))
    }
}
