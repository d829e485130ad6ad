//! The names of condition operators.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators". Names are compared without
//! regard to case, as AWS does.

use std::cmp::Ordering;

/// How the values of a request are gone through.
///
/// Source: IAM User Guide, "Set operators for multivalued context keys".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    /// The key has one value. A multivalued key needs a set operator: without one nothing matches, not
    /// even under a negated operator.
    Single,
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

/// What is compared, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    String,
    StringIgnoreCase,
    StringLike,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

/// Which outcomes of a comparison count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub(crate) fn counts(self, found: Ordering) -> bool {
        match self {
            Order::Equal => found.is_eq(),
            Order::Less => found.is_lt(),
            Order::LessOrEqual => found.is_le(),
            Order::Greater => found.is_gt(),
            Order::GreaterOrEqual => found.is_ge(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) quantifier: Quantifier,
    pub(crate) kind: Kind,
    pub(crate) negated: bool,
    pub(crate) if_exists: bool,
}

const OPERATORS: [(&str, Kind, bool); 27] = [
    ("stringequals", Kind::String, false),
    ("stringnotequals", Kind::String, true),
    ("stringequalsignorecase", Kind::StringIgnoreCase, false),
    ("stringnotequalsignorecase", Kind::StringIgnoreCase, true),
    ("stringlike", Kind::StringLike, false),
    ("stringnotlike", Kind::StringLike, true),
    ("numericequals", Kind::Numeric(Order::Equal), false),
    ("numericnotequals", Kind::Numeric(Order::Equal), true),
    ("numericlessthan", Kind::Numeric(Order::Less), false),
    ("numericlessthanequals", Kind::Numeric(Order::LessOrEqual), false),
    ("numericgreaterthan", Kind::Numeric(Order::Greater), false),
    ("numericgreaterthanequals", Kind::Numeric(Order::GreaterOrEqual), false),
    ("dateequals", Kind::Date(Order::Equal), false),
    ("datenotequals", Kind::Date(Order::Equal), true),
    ("datelessthan", Kind::Date(Order::Less), false),
    ("datelessthanequals", Kind::Date(Order::LessOrEqual), false),
    ("dategreaterthan", Kind::Date(Order::Greater), false),
    ("dategreaterthanequals", Kind::Date(Order::GreaterOrEqual), false),
    ("bool", Kind::Bool, false),
    ("binaryequals", Kind::Binary, false),
    ("ipaddress", Kind::Ip, false),
    ("notipaddress", Kind::Ip, true),
    ("arnequals", Kind::Arn, false),
    ("arnlike", Kind::Arn, false),
    ("arnnotequals", Kind::Arn, true),
    ("arnnotlike", Kind::Arn, true),
    ("null", Kind::Null, false),
];

impl Operator {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let (quantifier, rest) = if let Some(rest) = name.strip_prefix("forallvalues:") {
            (Quantifier::All, rest)
        } else if let Some(rest) = name.strip_prefix("foranyvalue:") {
            (Quantifier::Any, rest)
        } else {
            (Quantifier::Single, name.as_str())
        };
        let (rest, if_exists) = rest.strip_suffix("ifexists").map_or((rest, false), |rest| (rest, true));
        let (_, kind, negated) = OPERATORS.into_iter().find(|(known, ..)| *known == rest)?;
        Some(Self { quantifier, kind, negated, if_exists })
    }
}
