//! Condition keys.

use crate::table::fields;
use crate::template::is_made_by;

/// A condition key, or a family of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConditionKey {
    /// The name; `${…}` stands for the part that requests choose, such as the key of a tag.
    pub name: &'static str,
    /// What its values are.
    pub value_type: ValueType,
    /// Whether a request can have several values for it: such a key needs `ForAllValues:` or
    /// `ForAnyValue:`.
    pub multivalued: bool,
}

/// What the values of a condition key are: the group of operators that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Texts.
    String,
    /// ARNs.
    Arn,
    /// `true` and `false`.
    Bool,
    /// Numbers.
    Numeric,
    /// Dates.
    Date,
    /// Addresses.
    IpAddress,
    /// Bytes.
    Binary,
}

impl ConditionKey {
    /// Reads a line: name and type.
    pub(crate) fn parse(line: &'static str) -> Self {
        let [name, kind] = fields(line);
        let single = kind.strip_prefix("ArrayOf");
        let value_type = match single.unwrap_or(kind) {
            "ARN" => ValueType::Arn,
            "Bool" => ValueType::Bool,
            "Numeric" => ValueType::Numeric,
            "Date" => ValueType::Date,
            "IPAddress" => ValueType::IpAddress,
            "Binary" => ValueType::Binary,
            _ => ValueType::String,
        };
        Self { name, value_type, multivalued: single.is_some() }
    }

    /// Whether a key is this one, or one of this family. Letters are compared without regard to case.
    #[must_use]
    pub fn is(&self, key: &str) -> bool {
        is_made_by(key, self.name)
    }
}
