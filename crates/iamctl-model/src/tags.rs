//! Tags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The tags of one thing, by key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(pub BTreeMap<String, String>);

impl Tags {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether AWS itself writes this tag on users: `aws:*`, and access key ids, under which the
    /// console keeps the descriptions of keys. Such tags are not ours to compare.
    #[must_use]
    pub fn is_written_by_aws(key: &str) -> bool {
        let starts_as_key_id = key.starts_with("AKIA") || key.starts_with("ASIA");
        let is_key_id = key.len() >= 16
            && starts_as_key_id
            && key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        is_key_id || key.to_ascii_lowercase().starts_with("aws:")
    }

    /// Without the tags that AWS writes itself.
    #[must_use]
    pub fn without_those_of_aws(mut self) -> Self {
        self.0.retain(|key, _| !Self::is_written_by_aws(key));
        self
    }

    /// Whether AWS has written any of them itself.
    #[must_use]
    pub fn has_any_of_aws(&self) -> bool {
        self.0.keys().any(|key| Self::is_written_by_aws(key))
    }

    /// The tags of `self` that `other` lacks or has with another value: what has to be set to get
    /// from `other` to `self`.
    #[must_use]
    pub fn beyond(&self, other: &Tags) -> Tags {
        Tags(
            self.0
                .iter()
                .filter(|(key, value)| other.0.get(*key) != Some(*value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        )
    }
}
