//! Condition operators and the values they take, for whoever checks what people wrote.

use crate::eval::operator::{Kind, Operator, Order, Quantifier};
use crate::eval::value::{Decimal, Moment, is_base64};
use crate::grammar::OPERATORS;

/// What an operator compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperatorGroup {
    /// `StringEquals`, `StringLike`, …
    String,
    /// `NumericEquals`, …
    Numeric,
    /// `DateEquals`, …
    Date,
    /// `Bool`
    Bool,
    /// `BinaryEquals`
    Binary,
    /// `IpAddress`, `NotIpAddress`
    IpAddress,
    /// `ArnEquals`, `ArnLike`, …
    Arn,
    /// `Null`
    Null,
}

/// How the values of a multivalued key are gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SetOperator {
    /// `ForAllValues:`
    ForAllValues,
    /// `ForAnyValue:`
    ForAnyValue,
}

/// Which of several numbers or dates an operator looks at: of the others nothing depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal, or not equal: all of them.
    Equality,
    /// Less: the greatest of them.
    Less,
    /// Greater: the least of them.
    Greater,
}

/// A condition operator, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConditionOperator {
    /// What it compares.
    pub group: OperatorGroup,
    /// `ForAllValues:` or `ForAnyValue:`.
    pub set: Option<SetOperator>,
    /// Whether `*` and `?` in values are wildcards.
    pub has_wildcards: bool,
    /// How numbers and dates are compared; equality for everything else.
    pub comparison: Comparison,
    /// `…Not…`
    pub negated: bool,
    /// `…IfExists`
    pub if_exists: bool,
}

impl ConditionOperator {
    /// Reads an operator, whatever the case of its letters. `NullIfExists`, which AWS does not take, is read
    /// as well.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let Operator { quantifier, kind, negated, if_exists } = Operator::parse(name)?;
        let comparison = match kind {
            Kind::Numeric(order) | Kind::Date(order) => match order {
                Order::Equal => Comparison::Equality,
                Order::Less | Order::LessOrEqual => Comparison::Less,
                Order::Greater | Order::GreaterOrEqual => Comparison::Greater,
            },
            _ => Comparison::Equality,
        };
        let group = match kind {
            Kind::String | Kind::StringIgnoreCase | Kind::StringLike => OperatorGroup::String,
            Kind::Numeric(_) => OperatorGroup::Numeric,
            Kind::Date(_) => OperatorGroup::Date,
            Kind::Bool => OperatorGroup::Bool,
            Kind::Binary => OperatorGroup::Binary,
            Kind::Ip => OperatorGroup::IpAddress,
            Kind::Arn => OperatorGroup::Arn,
            Kind::Null => OperatorGroup::Null,
        };
        let set = match quantifier {
            Quantifier::Single => None,
            Quantifier::All => Some(SetOperator::ForAllValues),
            Quantifier::Any => Some(SetOperator::ForAnyValue),
        };
        let has_wildcards = matches!(kind, Kind::StringLike | Kind::Arn);
        Some(Self { group, set, has_wildcards, comparison, negated, if_exists })
    }

    /// The names of all operators, without set operator and `IfExists`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        OPERATORS.into_iter()
    }
}

/// Whether numeric operators take a text.
#[must_use]
pub fn is_number(text: &str) -> bool {
    Decimal::parse(text).is_some()
}

/// Whether date operators take a text.
#[must_use]
pub fn is_date(text: &str) -> bool {
    Moment::parse(text).is_some()
}

/// Whether `BinaryEquals` takes a text.
#[must_use]
pub fn is_binary(text: &str) -> bool {
    is_base64(text)
}
