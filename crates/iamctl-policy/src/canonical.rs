//! The form in which two documents that AWS treats as the same are equal.
//!
//! | what | how it is treated | source |
//! | --- | --- | --- |
//! | one statement, or a list of one | the same | grammar |
//! | order of statements | no meaning; each counts as often as it is there | [1] |
//! | a value, or a list of one | the same | grammar |
//! | order in lists of actions and resources | no meaning; each counts as often as it is there | [1] |
//! | order and repetition of principals and condition values | no meaning | [1], [2] |
//! | `"AWS": "123456789012"` | the same as `arn:PARTITION:iam::123456789012:root` | [2] |
//! | `"*"` and `{"AWS": "*"}` | different | [1] |
//! | condition values `true`, `5` | the same as `"true"`, `"5"` | grammar |
//! | empty list of principals of one kind | the same as none | [1] |
//! | `Version`, `Id`, `Sid`, operators, condition keys, actions | compared exactly | [1] |
//! | absent and empty `Condition` | different | [1] |
//!
//! \[1\] the rules that hashicorp/awspolicyequivalence found, except that statements are matched as a
//! multiset and `Effect` exactly; \[2\] IAM User Guide, "AWS JSON policy elements: Principal".

use std::collections::BTreeMap;
use std::fmt;

use crate::document::{Body, Clause, Condition, Document, Parsed, Principals, Spanned, Statement};

/// One element of a statement, down to the level at which it has a set of values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Element {
    /// `Sid`
    Sid,
    /// `Effect`
    Effect,
    /// `Principal` or `NotPrincipal` of one kind; no kind for the bare `"*"`.
    Principal {
        /// Whether it is `NotPrincipal`.
        negated: bool,
        /// `AWS`, `Service`, …
        kind: Option<String>,
    },
    /// `Action` or `NotAction`
    Action {
        /// Whether it is `NotAction`.
        negated: bool,
    },
    /// `Resource` or `NotResource`
    Resource {
        /// Whether it is `NotResource`.
        negated: bool,
    },
    /// A `Condition` block, there even when it is empty.
    ConditionBlock,
    /// The values of one key under one operator.
    Condition {
        /// `StringEquals`, …
        operator: String,
        /// `aws:SourceIp`, …
        key: String,
    },
    /// An element this crate does not know.
    Other(String),
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = |negated: &bool| if *negated { "Not" } else { "" };
        match self {
            Element::Sid => f.write_str("Sid"),
            Element::Effect => f.write_str("Effect"),
            Element::Principal { negated, kind: None } => write!(f, "{}Principal", not(negated)),
            Element::Principal { negated, kind: Some(kind) } => write!(f, "{}Principal {kind}", not(negated)),
            Element::Action { negated } => write!(f, "{}Action", not(negated)),
            Element::Resource { negated } => write!(f, "{}Resource", not(negated)),
            Element::ConditionBlock => f.write_str("Condition"),
            Element::Condition { operator, key } => write!(f, "Condition {operator} {key}"),
            Element::Other(name) => f.write_str(name),
        }
    }
}

/// A statement in the form in which equal ones are equal: element by element, values sorted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalStatement {
    elements: BTreeMap<Element, Vec<String>>,
}

impl CanonicalStatement {
    /// The canonical form of a statement.
    #[must_use]
    pub fn of(statement: &Statement) -> Self {
        let mut elements = BTreeMap::new();
        if let Some(sid) = &statement.sid {
            elements.insert(Element::Sid, vec![sid.text.clone()]);
        }
        elements.insert(Element::Effect, vec![statement.effect.as_str().to_owned()]);
        if let Some(principals) = &statement.principals {
            add_principals(&mut elements, principals);
        }
        if let Some(Clause { negated, patterns }) = &statement.actions {
            elements.insert(Element::Action { negated: *negated }, sorted(patterns));
        }
        if let Some(Clause { negated, patterns }) = &statement.resources {
            elements.insert(Element::Resource { negated: *negated }, sorted(patterns));
        }
        if let Some(conditions) = &statement.conditions {
            add_conditions(&mut elements, conditions);
        }
        for (name, value) in &statement.other {
            elements.insert(Element::Other(name.clone()), vec![value.to_string()]);
        }
        Self { elements }
    }

    /// The elements and their values, in a fixed order.
    pub fn elements(&self) -> impl Iterator<Item = (&Element, &[String])> {
        self.elements.iter().map(|(element, values)| (element, values.as_slice()))
    }

    /// The values of one element; none where it is absent.
    #[must_use]
    pub fn values(&self, element: &Element) -> &[String] {
        self.elements.get(element).map_or(&[], Vec::as_slice)
    }
}

fn add_principals(elements: &mut BTreeMap<Element, Vec<String>>, principals: &Principals) {
    for (kind, value) in &principals.entries {
        let element = Element::Principal { negated: principals.negated, kind: kind.clone() };
        elements.entry(element).or_default().push(principal(&value.text).to_owned());
    }
    for (element, values) in elements.iter_mut() {
        if matches!(element, Element::Principal { .. }) {
            values.sort_unstable();
            values.dedup();
        }
    }
}

fn add_conditions(elements: &mut BTreeMap<Element, Vec<String>>, conditions: &[Condition]) {
    if conditions.is_empty() {
        elements.insert(Element::ConditionBlock, Vec::new());
    }
    for condition in conditions {
        let element =
            Element::Condition { operator: condition.operator.text.clone(), key: condition.key.text.clone() };
        let mut values = sorted(&condition.values);
        values.dedup();
        elements.insert(element, values);
    }
}

fn sorted(values: &[Spanned]) -> Vec<String> {
    let mut values: Vec<_> = values.iter().map(|value| value.text.clone()).collect();
    values.sort_unstable();
    values
}

/// An account's root ARN as its 12 digits; everything else unchanged.
fn principal(text: &str) -> &str {
    let account = || {
        let mut fields = text.strip_prefix("arn:")?.split(':');
        let (_partition, service, region, account, rest) =
            (fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let is_root = service == "iam" && region.is_empty() && rest == "root" && fields.next().is_none();
        (is_root && account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then_some(account)
    };
    account().unwrap_or(text)
}

/// A whole document in canonical form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Canonical {
    Parsed {
        version: Option<String>,
        id: Option<String>,
        statements: Vec<CanonicalStatement>,
        other: BTreeMap<String, String>,
    },
    Unreadable(String),
}

impl Canonical {
    pub(crate) fn of(body: &Body) -> Self {
        match body {
            Body::Unreadable { text, .. } => Canonical::Unreadable(text.clone()),
            Body::Parsed(Parsed { version, id, statements, other }) => {
                let mut statements: Vec<_> = statements.iter().map(CanonicalStatement::of).collect();
                statements.sort_unstable();
                Canonical::Parsed {
                    version: version.as_ref().map(|version| version.text.clone()),
                    id: id.as_ref().map(|id| id.text.clone()),
                    statements,
                    other: other.iter().map(|(name, value)| (name.clone(), value.to_string())).collect(),
                }
            }
        }
    }
}

impl Document {
    /// The statements in canonical form, in the order written.
    #[must_use]
    pub fn canonical_statements(&self) -> Vec<CanonicalStatement> {
        self.statements().iter().map(CanonicalStatement::of).collect()
    }
}
