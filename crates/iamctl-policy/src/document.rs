//! Policy documents.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::Value as Json;

use crate::canonical::Canonical;
use crate::diagnostic::Diagnostics;
use crate::grammar::Grammar;
use crate::node::Node;
use crate::source::Span;
use crate::{parse, stored, written};

/// A text and where it was written.
#[derive(Debug, Clone)]
pub struct Spanned {
    /// The text.
    pub text: String,
    /// Where it was written.
    pub span: Span,
}

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// `"Effect": "Allow"`
    Allow,
    /// `"Effect": "Deny"`
    Deny,
}

impl Effect {
    /// AWS's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `Action` or `NotAction`, `Resource` or `NotResource`: patterns, and whether they are negated.
#[derive(Debug, Clone)]
pub struct Clause {
    /// Whether it is the `Not…` element.
    pub negated: bool,
    /// The patterns, as written.
    pub patterns: Vec<Spanned>,
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone)]
pub struct Principals {
    /// Whether it is `NotPrincipal`.
    pub negated: bool,
    /// Kind (`AWS`, `Service`, …; `None` for the bare `"*"`) and value, as written.
    pub entries: Vec<(Option<String>, Spanned)>,
}

/// One line of a `Condition` block: an operator, a key, and the values of which one must match.
#[derive(Debug, Clone)]
pub struct Condition {
    /// `StringEquals`, `ForAnyValue:ArnLike`, `BoolIfExists`, …
    pub operator: Spanned,
    /// `aws:MultiFactorAuthPresent`, …
    pub key: Spanned,
    /// The values; numbers and booleans as their text.
    pub values: Vec<Spanned>,
}

/// One statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Where it was written.
    pub span: Span,
    /// `Sid`.
    pub sid: Option<Spanned>,
    /// `Effect`.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`.
    pub principals: Option<Principals>,
    /// `Action` or `NotAction`.
    pub actions: Option<Clause>,
    /// `Resource` or `NotResource`.
    pub resources: Option<Clause>,
    /// `Condition`, flattened; `Some` of nothing for an empty block.
    pub conditions: Option<Vec<Condition>>,
    /// Elements that this crate does not know, kept so that they are compared and shown.
    pub other: Vec<(String, Json)>,
}

/// A policy document.
///
/// Two documents are equal when AWS treats them as the same text: order and brackets do not count,
/// the exact rules are those of [`CanonicalStatement`](crate::CanonicalStatement). Cloning is cheap.
#[derive(Clone)]
pub struct Document(Arc<Inner>);

struct Inner {
    body: Body,
    canonical: OnceLock<Canonical>,
    quota_size: OnceLock<usize>,
}

pub(crate) enum Body {
    Parsed(Parsed),
    /// A text that AWS gave us and that this crate cannot read: kept, compared as text.
    Unreadable {
        text: String,
        reason: String,
    },
}

/// The parts of a document that could be read.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) version: Option<Spanned>,
    pub(crate) id: Option<Spanned>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) other: Vec<(String, Json)>,
}

impl Document {
    /// Reads a document that a person wrote. Everything that AWS would refuse is reported at its
    /// place; the result is `None` if any of it is an error.
    pub fn parse(node: &Node, grammar: Grammar, diagnostics: &mut Diagnostics) -> Option<Self> {
        parse::parse(node, grammar, diagnostics).map(|parsed| Self::from_body(Body::Parsed(parsed)))
    }

    /// Reads a document that AWS stores. What AWS accepted is never refused here: unknown elements
    /// are kept, and a text that cannot be read at all is kept as text ([`Document::unreadable`]).
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        let body = match stored::parse(text) {
            Ok(parsed) => Body::Parsed(parsed),
            Err(reason) => Body::Unreadable { text: text.to_owned(), reason },
        };
        Self::from_body(body)
    }

    /// A document made of statements, with the version that every new document should have.
    #[must_use]
    pub fn from_statements(statements: Vec<Statement>) -> Self {
        let version = Some(Spanned { text: "2012-10-17".to_owned(), span: Span::NONE });
        Self::from_body(Body::Parsed(Parsed { version, statements, ..Parsed::default() }))
    }

    fn from_body(body: Body) -> Self {
        Self(Arc::new(Inner { body, canonical: OnceLock::new(), quota_size: OnceLock::new() }))
    }

    pub(crate) fn canonical(&self) -> &Canonical {
        self.0.canonical.get_or_init(|| Canonical::of(&self.0.body))
    }

    /// The statements in the order written; none for an unreadable document.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        match &self.0.body {
            Body::Parsed(parsed) => &parsed.statements,
            Body::Unreadable { .. } => &[],
        }
    }

    /// The same document with every principal of kind `AWS` passed through a function. Returns `None`
    /// when the function changes none of them.
    #[must_use]
    pub fn map_aws_principals(&self, rename: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let Body::Parsed(parsed) = &self.0.body else { return None };
        let mut changed = false;
        let mut statements = parsed.statements.clone();
        let entries =
            statements.iter_mut().filter_map(|s| s.principals.as_mut()).flat_map(|p| &mut p.entries);
        for (_, value) in entries.filter(|(kind, _)| kind.as_deref() == Some("AWS")) {
            if let Some(new) = rename(&value.text) {
                value.text = new;
                changed = true;
            }
        }
        let parsed = || Parsed {
            version: parsed.version.clone(),
            id: parsed.id.clone(),
            statements,
            other: parsed.other.clone(),
        };
        changed.then(|| Self::from_body(Body::Parsed(parsed())))
    }

    /// The same document without some of its principals of kind `AWS`, and without statements that would
    /// have none left.
    #[must_use]
    pub fn without_aws_principals(&self, is_meant: impl Fn(&str) -> bool) -> Self {
        let Body::Parsed(parsed) = &self.0.body else { return self.clone() };
        let mut statements = parsed.statements.clone();
        statements.retain_mut(|statement| {
            let Some(principals) = &mut statement.principals else { return true };
            principals
                .entries
                .retain(|(kind, value)| kind.as_deref() != Some("AWS") || !is_meant(&value.text));
            !principals.entries.is_empty()
        });
        let (version, id, other) = (parsed.version.clone(), parsed.id.clone(), parsed.other.clone());
        Self::from_body(Body::Parsed(Parsed { version, id, statements, other }))
    }

    /// The principals of kind `AWS` that any statement names.
    pub fn aws_principals(&self) -> impl Iterator<Item = &str> {
        self.principals_of("AWS")
    }

    /// The identity providers that it names as principals, as written.
    pub fn federated_principals(&self) -> impl Iterator<Item = &str> {
        self.principals_of("Federated")
    }

    fn principals_of(&self, kind: &'static str) -> impl Iterator<Item = &str> {
        let entries = self.statements().iter().filter_map(|s| s.principals.as_ref()).flat_map(|p| &p.entries);
        entries.filter(move |(of, _)| of.as_deref() == Some(kind)).map(|(_, value)| value.text.as_str())
    }

    /// `Version`, when there is one.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        match &self.0.body {
            Body::Parsed(parsed) => parsed.version.as_ref().map(|version| version.text.as_str()),
            Body::Unreadable { .. } => None,
        }
    }

    /// The names of its elements, those of statements aside, that are no element of a policy.
    pub(crate) fn unknown_elements(&self) -> impl Iterator<Item = &str> {
        let other = match &self.0.body {
            Body::Parsed(parsed) => parsed.other.as_slice(),
            Body::Unreadable { .. } => &[],
        };
        other.iter().map(|(name, _)| name.as_str())
    }

    /// Why a stored document could not be read.
    #[must_use]
    pub fn unreadable(&self) -> Option<&str> {
        match &self.0.body {
            Body::Parsed(_) => None,
            Body::Unreadable { reason, .. } => Some(reason),
        }
    }

    /// Whether any statement has this effect. An unreadable document may have both.
    #[must_use]
    pub fn has(&self, effect: Effect) -> bool {
        match &self.0.body {
            Body::Parsed(parsed) => parsed.statements.iter().any(|statement| statement.effect == effect),
            Body::Unreadable { .. } => true,
        }
    }

    /// The document as JSON: `Version` first, lists of one as their item.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match &self.0.body {
            Body::Parsed(parsed) => written::json(parsed),
            Body::Unreadable { text, .. } => Json::String(text.clone()),
        }
    }

    /// The text that is sent to AWS: JSON without white space.
    #[must_use]
    pub fn to_compact_string(&self) -> String {
        match &self.0.body {
            Body::Parsed(parsed) => written::compact(parsed),
            Body::Unreadable { text, .. } => text.clone(),
        }
    }

    /// The length that IAM's size quotas count: characters other than white space.
    /// Source: IAM User Guide, "IAM and AWS STS quotas".
    #[must_use]
    pub fn quota_size(&self) -> usize {
        let count = || self.to_compact_string().chars().filter(|c| !c.is_whitespace()).count();
        *self.0.quota_size.get_or_init(count)
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.canonical() == other.canonical()
    }
}

impl Eq for Document {}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_compact_string())
    }
}

impl serde::Serialize for Document {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.body {
            Body::Parsed(parsed) => parsed.serialize(serializer),
            Body::Unreadable { text, .. } => serializer.serialize_str(text),
        }
    }
}

/// Reads what [`Document`]'s `Serialize` wrote.
impl<'de> serde::Deserialize<'de> for Document {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Json::deserialize(deserializer)? {
            Json::String(text) => Self::from_stored(&text),
            json => Self::from_stored(&json.to_string()),
        })
    }
}
