//! What AWS's tables know, for the search of differences.

use iamctl_data::{ValueType, services};
use iamctl_policy::difference::{KeyType, KeyValues, Vocabulary};

/// Does something with what AWS's services have, from the tables.
pub fn with_tables<T>(ask: impl FnOnce(&Vocabulary<'_>) -> T) -> T {
    let actions = |pattern: &str| -> Vec<String> {
        let found = services().matching(pattern);
        found.map(|(service, action)| format!("{}:{}", service.prefix, action.name)).collect()
    };
    let key = |name: &str| {
        let known = services().condition_key(name)?;
        let values = match known.value_type {
            ValueType::String | ValueType::Binary => KeyValues::Text,
            ValueType::Arn => KeyValues::Arn,
            ValueType::Bool => KeyValues::Bool,
            ValueType::Numeric => KeyValues::Number,
            ValueType::Date => KeyValues::Date,
            ValueType::IpAddress => KeyValues::Address,
        };
        Some(KeyType { values, multivalued: known.multivalued })
    };
    ask(&Vocabulary { actions: &actions, key: &key })
}
