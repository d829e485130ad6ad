//! What the master copy remembers of the things that iamctl manages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::live::UniqueId;
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
