//! Differences between the account and the manifest, one for each thing, both sides kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::resource::{Field, Resource};

/// Why live state and manifest differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The manifest changed.
    Ours,
    /// The account changed behind our back.
    Drift,
    /// Both changed, differently.
    Conflict,
}

/// What is done about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is deleted.
    Delete,
    /// It is deleted and made again, because AWS cannot change it in place.
    Replace,
    /// One that is there is taken over.
    Adopt,
    /// It stays and is no longer managed, or it is gone and no longer remembered.
    Forget,
    /// Nothing is done: a guard refuses, or AWS cannot do it.
    Blocked,
}

impl ChangeAction {
    /// All of them, in the order of the plan's summary.
    pub const ALL: [ChangeAction; 7] = [
        ChangeAction::Create,
        ChangeAction::Update,
        ChangeAction::Delete,
        ChangeAction::Replace,
        ChangeAction::Adopt,
        ChangeAction::Forget,
        ChangeAction::Blocked,
    ];

    /// The word in JSON and in sentences.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeAction::Create => "create",
            ChangeAction::Update => "update",
            ChangeAction::Delete => "delete",
            ChangeAction::Replace => "replace",
            ChangeAction::Adopt => "adopt",
            ChangeAction::Forget => "forget",
            ChangeAction::Blocked => "blocked",
        }
    }
}

/// One difference between the account and the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What differs.
    pub address: Address,
    /// What is done about it.
    pub action: ChangeAction,
    /// Why it differs; the gravest cause of its fields.
    pub cause: Cause,
    /// The parts that differ, each with its cause; empty where all of it comes or goes.
    pub fields: BTreeMap<Field, Cause>,
    /// What is there; `None` when nothing is.
    pub before: Option<Resource>,
    /// What will be there; `None` when nothing will.
    pub after: Option<Resource>,
}

impl Change {
    /// Whether a field is among those that differ.
    #[must_use]
    pub fn touches(&self, field: Field) -> bool {
        self.fields.contains_key(&field)
    }
}
