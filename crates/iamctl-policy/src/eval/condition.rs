//! One line of a `Condition` block.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Conditions with
//! multiple context keys or values".

use std::net::IpAddr;

use super::arn::ArnPattern;
use super::context::{Known, View};
use super::operator::{Kind, Operator, Order, Quantifier};
use super::pattern::{Comparison, Pattern, Syntax, Variable};
use super::truth::Truth;
use super::value::{Decimal, Moment, Network, is_base64};

/// An operator, a key, and the values of which one has to match.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    operator: Operator,
    /// In lower case: names of keys are compared without regard to case.
    pub(crate) key: Box<str>,
    values: Expected,
}

/// The values of a policy, of the operator's type. What is not of that type is kept as nothing: it
/// matches nothing.
#[derive(Debug, Clone)]
pub(crate) enum Expected {
    Text(Vec<Pattern>),
    IgnoringCase(Vec<Pattern>),
    Numbers(Order, Vec<Option<Decimal>>),
    Dates(Order, Vec<Option<Moment>>),
    Bools(Vec<Pattern>),
    Binary(Vec<Option<Box<str>>>),
    Networks(Vec<Option<Network>>),
    Arns(Vec<ArnPattern>),
    Null(Vec<Option<bool>>),
}

impl Condition {
    /// `variables` says whether the version of the document has policy variables. They work in string,
    /// ARN and Boolean operators; elsewhere `${…}` is a text that is no number, no date and no network.
    pub(crate) fn new<'v>(
        operator: Operator,
        key: &str,
        values: impl Iterator<Item = &'v str>,
        variables: bool,
    ) -> Self {
        let exact = Syntax { wildcards: false, variables };
        let like = Syntax { wildcards: true, variables };
        let values = match operator.kind {
            Kind::String => Expected::Text(values.map(|text| Pattern::parse(text, exact)).collect()),
            Kind::StringLike => Expected::Text(values.map(|text| Pattern::parse(text, like)).collect()),
            Kind::StringIgnoreCase => {
                Expected::IgnoringCase(values.map(|text| Pattern::parse(text, exact)).collect())
            }
            Kind::Numeric(order) => Expected::Numbers(order, values.map(Decimal::parse).collect()),
            Kind::Date(order) => Expected::Dates(order, values.map(Moment::parse).collect()),
            Kind::Bool => Expected::Bools(values.map(|text| Pattern::parse(text, exact)).collect()),
            Kind::Binary => {
                Expected::Binary(values.map(|text| is_base64(text).then(|| text.into())).collect())
            }
            Kind::Ip => Expected::Networks(values.map(Network::parse).collect()),
            Kind::Arn => Expected::Arns(values.map(|text| ArnPattern::parse(text, like)).collect()),
            Kind::Null => Expected::Null(values.map(boolean).collect()),
        };
        Self { operator, key: key.to_ascii_lowercase().into_boxed_str(), values }
    }

    /// Whether it holds.
    ///
    /// | key | plain | negated | `…IfExists` | `ForAllValues:` | `ForAnyValue:` |
    /// | --- | --- | --- | --- | --- | --- |
    /// | absent | false | true | true | true | false, with `IfExists` too |
    /// | one value | as it is | as it is | as it is | as a set of one | as a set of one |
    /// | several | false | false | false | all of them | one of them |
    ///
    /// That `ForAnyValue:` does not become true by `IfExists` is how the AWS CloudFormation User Guide
    /// uses it ("Control CloudFormation access with IAM", conditions on resource types).
    pub(crate) fn holds(&self, view: View<'_>) -> Truth {
        let known = view.get(&self.key);
        if let Expected::Null(values) = &self.values {
            return null(values, known.is_null());
        }
        match (known, self.operator.quantifier) {
            (Known::Unstated, _) => Truth::Unknown,
            (Known::Absent, Quantifier::All) => Truth::True,
            (Known::Absent, Quantifier::Any) => Truth::False,
            (Known::Absent, Quantifier::Single) => (self.operator.if_exists || self.operator.negated).into(),
            (Known::One(value), _) => self.accepts(value, view),
            (Known::Many(_), Quantifier::Single) => Truth::False,
            (Known::Many(values), Quantifier::All) => {
                Truth::all(values.iter().map(|value| self.accepts(value, view)))
            }
            (Known::Many(values), Quantifier::Any) => {
                Truth::any(values.iter().map(|value| self.accepts(value, view)))
            }
        }
    }

    /// The variables its values use.
    pub(crate) fn variables(&self) -> Box<dyn Iterator<Item = &Variable> + '_> {
        match &self.values {
            Expected::Text(patterns) | Expected::IgnoringCase(patterns) | Expected::Bools(patterns) => {
                Box::new(patterns.iter().flat_map(Pattern::variables))
            }
            Expected::Arns(patterns) => Box::new(patterns.iter().flat_map(ArnPattern::variables)),
            _ => Box::new(std::iter::empty()),
        }
    }

    pub(crate) fn operator(&self) -> Operator {
        self.operator
    }

    pub(crate) fn expected(&self) -> &Expected {
        &self.values
    }

    /// Whether one value of the request is what the operator asks for: one of the policy's values, or,
    /// negated, none of them. What cannot be compared satisfies neither.
    fn accepts(&self, value: &str, view: View<'_>) -> Truth {
        let mut found = Comparison::Differ;
        self.each(value, view, |comparison| {
            found = stronger(found, comparison);
            found != Comparison::Match
        });
        match found {
            Comparison::Match => (!self.operator.negated).into(),
            Comparison::Differ => self.operator.negated.into(),
            Comparison::Invalid => Truth::False,
            Comparison::Unknown => Truth::Unknown,
        }
    }

    /// Compares a value with each of the policy's, until told to stop.
    fn each(&self, value: &str, view: View<'_>, next: impl FnMut(Comparison) -> bool) {
        match &self.values {
            Expected::Text(patterns) => go(patterns, next, |pattern| pattern.compare(value, view)),
            Expected::IgnoringCase(patterns) => {
                let value = value.to_lowercase();
                go(patterns, next, |pattern| {
                    pattern.literal(view).map_or_else(|why| why, |text| (text.to_lowercase() == value).into())
                });
            }
            Expected::Bools(patterns) => {
                let value = boolean(value);
                go(patterns, next, |pattern| {
                    let expected = pattern.literal(view).map(|text| boolean(&text));
                    expected.map_or_else(|why| why, |expected| same(expected.as_ref(), value.as_ref()))
                });
            }
            Expected::Numbers(order, numbers) => {
                let value = Decimal::parse(value);
                go(numbers, next, |number| ordered(*order, value.as_ref(), number.as_ref()));
            }
            Expected::Dates(order, dates) => {
                let value = Moment::parse(value);
                go(dates, next, |date| ordered(*order, value.as_ref(), date.as_ref()));
            }
            Expected::Binary(texts) => {
                let value = is_base64(value).then_some(value);
                go(texts, next, |text| same(text.as_deref().as_ref(), value.as_ref()));
            }
            Expected::Networks(networks) => {
                let value = value.parse::<IpAddr>().ok();
                go(networks, next, |network| match (network, value) {
                    (Some(network), Some(address)) => network.contains(address).into(),
                    _ => Comparison::Invalid,
                });
            }
            Expected::Arns(patterns) => go(patterns, next, |pattern| pattern.compare(value, view)),
            Expected::Null(_) => {}
        }
    }
}

fn go<T>(expected: &[T], mut next: impl FnMut(Comparison) -> bool, compare: impl Fn(&T) -> Comparison) {
    for value in expected {
        if !next(compare(value)) {
            return;
        }
    }
}

/// Of two comparisons, the one that decides: a match, else what cannot be compared, else the unknown.
fn stronger(a: Comparison, b: Comparison) -> Comparison {
    let rank = |comparison| match comparison {
        Comparison::Differ => 0,
        Comparison::Unknown => 1,
        Comparison::Invalid => 2,
        Comparison::Match => 3,
    };
    if rank(a) >= rank(b) { a } else { b }
}

fn null(values: &[Option<bool>], is_null: Truth) -> Truth {
    let wants = |absent| values.contains(&Some(absent));
    match (wants(true), wants(false)) {
        (true, true) => Truth::True,
        (true, false) => is_null,
        (false, true) => !is_null,
        (false, false) => Truth::False,
    }
}

fn ordered<T: Ord>(order: Order, value: Option<&T>, expected: Option<&T>) -> Comparison {
    match (value, expected) {
        (Some(value), Some(expected)) => order.counts(value.cmp(expected)).into(),
        _ => Comparison::Invalid,
    }
}

fn same<T: PartialEq>(expected: Option<&T>, value: Option<&T>) -> Comparison {
    match (expected, value) {
        (Some(expected), Some(value)) => (expected == value).into(),
        _ => Comparison::Invalid,
    }
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}
