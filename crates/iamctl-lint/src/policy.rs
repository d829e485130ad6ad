//! A document as the checks look at it: what could be read of it, with its places.

use std::borrow::Cow;

use iamctl_policy::vocabulary::ConditionOperator;
use iamctl_policy::{Effect, Node, Span};

use crate::kind::Kind;
use crate::wild;

/// A text and where it was written.
#[derive(Debug, Clone)]
pub(crate) struct Word<'n> {
    pub(crate) text: Cow<'n, str>,
    pub(crate) span: Span,
}

/// A document.
#[derive(Debug)]
pub(crate) struct Policy<'n> {
    pub(crate) kind: Kind,
    pub(crate) node: &'n Node,
    /// `Version`, when it is a text.
    pub(crate) version: Option<Word<'n>>,
    pub(crate) statements: Vec<Statement<'n>>,
}

/// A statement. What was not written, or could not be read, is nothing.
#[derive(Debug)]
pub(crate) struct Statement<'n> {
    pub(crate) node: &'n Node,
    pub(crate) sid: Option<Word<'n>>,
    pub(crate) effect: Option<Effect>,
    pub(crate) principals: Option<Principals<'n>>,
    pub(crate) actions: Option<Clause<'n>>,
    pub(crate) resources: Option<Clause<'n>>,
    pub(crate) conditions: Vec<Condition<'n>>,
}

/// `Action`, `Resource`, or their `Not…`.
#[derive(Debug)]
pub(crate) struct Clause<'n> {
    pub(crate) negated: bool,
    /// Where its name stands.
    pub(crate) span: Span,
    pub(crate) words: Vec<Word<'n>>,
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug)]
pub(crate) struct Principals<'n> {
    pub(crate) negated: bool,
    pub(crate) span: Span,
    /// Kind and value; the kind is nothing for the bare `*`.
    pub(crate) entries: Vec<(Option<PrincipalKind>, Word<'n>)>,
}

/// The kinds of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrincipalKind {
    Aws,
    Service,
    Federated,
    CanonicalUser,
}

/// One condition: an operator, a key, and values.
#[derive(Debug)]
pub(crate) struct Condition<'n> {
    pub(crate) operator: Word<'n>,
    /// The operator, read; nothing where there is no such operator.
    pub(crate) parsed: Option<ConditionOperator>,
    pub(crate) key: Word<'n>,
    /// The key in lower case.
    pub(crate) lower: String,
    pub(crate) values: Vec<Word<'n>>,
    /// Where the values stand.
    pub(crate) values_span: Span,
}

impl Policy<'_> {
    /// Whether `${…}` are variables in it.
    pub(crate) fn has_variables(&self) -> bool {
        self.version.as_ref().is_some_and(|version| version.text == "2012-10-17")
    }
}

impl<'n> Statement<'n> {
    pub(crate) fn is(&self, effect: Effect) -> bool {
        self.effect == Some(effect)
    }

    /// Whether the statement is about an action, through a name or a pattern or because `NotAction` leaves it.
    pub(crate) fn covers_action(&self, action: &str) -> bool {
        self.actions.as_ref().is_some_and(|clause| {
            clause.words.iter().any(|word| wild::matches(&word.text, action)) != clause.negated
        })
    }

    /// The conditions on a key, given in lower case.
    pub(crate) fn on<'s>(&'s self, key: &'s str) -> impl Iterator<Item = &'s Condition<'n>> {
        self.conditions.iter().filter(move |condition| condition.lower == key)
    }

    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.on(key).next().is_some()
    }

    /// The principals of a kind that are meant, not excepted.
    pub(crate) fn principals_of(&self, kind: PrincipalKind) -> impl Iterator<Item = &Word<'n>> {
        let named = self.principals.as_ref().filter(|principals| !principals.negated);
        let entries = named.into_iter().flat_map(|principals| &principals.entries);
        entries.filter(move |(of, _)| *of == Some(kind)).map(|(_, word)| word)
    }

    /// Where everybody is named: `*`, or `AWS: *`.
    pub(crate) fn everybody(&self) -> Option<&Word<'n>> {
        let named = self.principals.as_ref().filter(|principals| !principals.negated)?;
        let is_all = |(kind, word): &&(Option<PrincipalKind>, Word<'n>)| {
            word.text == "*" && matches!(kind, None | Some(PrincipalKind::Aws))
        };
        named.entries.iter().find(is_all).map(|(_, word)| word)
    }
}
