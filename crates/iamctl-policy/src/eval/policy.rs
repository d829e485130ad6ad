//! Documents made ready for many questions.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::condition::Condition;
use super::context::View;
use super::operator::Operator;
use super::pattern::{Comparison, Pattern, Syntax, Variable};
use super::principal::{Naming, Principal, Whom};
use super::request::{Action, Resource, Services};
use super::truth::Truth;
use crate::canonical::Element;
use crate::document::{Clause, Document, Effect, Statement};
use crate::grammar::{PRINCIPAL_KINDS, VERSIONS};

/// What a document is attached to: it decides which elements its statements have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// Identity policies, permissions boundaries, session policies and service control policies: whom
    /// they are about is not said in them.
    Principal,
    /// Policies of a resource, trust policies of roles included. A statement without `Resource` is about
    /// the resource it is attached to.
    Resource,
    /// Resource control policies. A statement without `Principal` is about everybody.
    ResourceControl,
}

/// A document that was made ready for many questions. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Policy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    document: Document,
    rules: Vec<Rule>,
    texts: OnceLock<Vec<String>>,
}

/// A statement, ready to be asked.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) effect: Effect,
    whom: Option<Whom>,
    pub(crate) actions: Actions,
    pub(crate) resources: Option<Resources>,
    pub(crate) conditions: Vec<Condition>,
}

/// `Action` or `NotAction`.
#[derive(Debug, Clone)]
pub(crate) struct Actions {
    pub(crate) negated: bool,
    /// The services of all patterns.
    services: Services,
    /// In lower case: actions are compared without regard to case. Variables do not work here.
    pub(crate) patterns: Vec<Pattern>,
}

/// `Resource` or `NotResource`.
#[derive(Debug, Clone)]
pub(crate) struct Resources {
    pub(crate) negated: bool,
    pub(crate) patterns: Vec<Pattern>,
}

impl Policy {
    /// Makes a document ready.
    ///
    /// # Errors
    ///
    /// What keeps the document from being evaluated, one sentence each (statements count from 0): what AWS
    /// would refuse, and what this crate does not know. Nothing is guessed: a statement that is silently left out could be the
    /// one that denies.
    pub fn new(document: &Document, kind: PolicyKind) -> Result<Self, Vec<String>> {
        if let Some(reason) = document.unreadable() {
            return Err(vec![format!("the document cannot be read: {reason}")]);
        }
        // The version 2008-10-17, which a document without version has, knows no variables: IAM User
        // Guide, "IAM JSON policy elements: Version".
        let variables = document.version() == Some("2012-10-17");
        let mut problems = problems_of(document);
        let mut rules = Vec::with_capacity(document.statements().len());
        for (at, statement) in document.statements().iter().enumerate() {
            let mut found = Vec::new();
            if let Some(rule) = Rule::new(statement, kind, variables, &mut found) {
                rules.push(rule);
            }
            problems.extend(found.into_iter().map(|problem| format!("statement {at} {problem}")));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self(Arc::new(Inner { document: document.clone(), rules, texts: OnceLock::new() })))
    }

    /// The document it was made of. Its statements have the numbers that answers give.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.0.document
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.0.rules
    }

    /// A name for what it says: two policies of one name were made of the same text.
    #[must_use]
    pub fn id(&self) -> String {
        self.texts().join("\n")
    }

    /// What each statement says, but for its `Sid`: two of the same text are about the same requests.
    pub(crate) fn texts(&self) -> &[String] {
        self.0.texts.get_or_init(|| {
            let document = &self.0.document;
            // Variables are none in other versions.
            let variables = document.version() == Some("2012-10-17");
            let statements = document.canonical_statements().into_iter().map(|statement| {
                let elements: Vec<_> =
                    statement.elements().filter(|(element, _)| **element != Element::Sid).collect();
                format!("{variables} {elements:?}")
            });
            statements.collect()
        })
    }

    /// The condition keys that it looks at, those of variables included, in lower case.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<&str> {
        let conditions = self.rules().iter().flat_map(|rule| &rule.conditions).map(|on| &*on.key);
        let variables = self.rules().iter().flat_map(Rule::variables).map(|variable| &*variable.key);
        conditions.chain(variables).collect()
    }

    /// Which of its statements name a principal itself, or the role that a session comes from: not by its account,
    /// and not as one of everybody. Those that deny are all that reach it, however they name it.
    #[must_use]
    pub fn naming(&self, principal: &Principal, bounded: bool) -> Vec<usize> {
        let reaches = |rule: &Rule| {
            let (about, naming) = rule.is_about(principal, bounded, false);
            let whom = rule.whom.as_ref();
            let by_name = naming != Naming::Account && whom.is_some_and(|whom| !whom.is_open());
            about.is_true() && (rule.effect == Effect::Deny || by_name)
        };
        let found = self.rules().iter().enumerate().filter(|(_, rule)| reaches(rule));
        found.map(|(at, _)| at).collect()
    }
}

/// What keeps a document from being evaluated, besides its statements. What is misspelled could hold all of
/// them, and an unknown version is one of which nobody knows whether it has variables.
fn problems_of(document: &Document) -> Vec<String> {
    let unknown = document.unknown_elements().map(|name| format!("the element `{name}` is unknown"));
    let version = document.version().filter(|version| !VERSIONS.contains(version));
    unknown.chain(version.map(|version| format!("the version `{version}` is unknown"))).collect()
}

impl Rule {
    fn new(
        statement: &Statement,
        kind: PolicyKind,
        variables: bool,
        problems: &mut Vec<String>,
    ) -> Option<Self> {
        for (name, _) in &statement.other {
            problems.push(format!("has the element `{name}`, which is unknown or excludes another one"));
        }
        let kinds = statement.principals.iter().flat_map(|principals| &principals.entries);
        for kind in
            kinds.filter_map(|(kind, _)| kind.as_deref()).filter(|kind| !PRINCIPAL_KINDS.contains(kind))
        {
            problems.push(format!("names principals of the kind `{kind}`, which is unknown"));
        }
        let whom = statement.principals.as_ref().map(Whom::new);
        match (kind, &whom) {
            (PolicyKind::Principal, Some(_)) => {
                problems.push("names a principal, which only policies of resources do".to_owned());
            }
            (PolicyKind::Resource, None) => problems.push("needs `Principal` or `NotPrincipal`".to_owned()),
            _ => {}
        }
        if statement.actions.is_none() {
            problems.push("needs `Action` or `NotAction`".to_owned());
        }
        if statement.resources.is_none() && kind == PolicyKind::Principal {
            problems.push("needs `Resource` or `NotResource`".to_owned());
        }
        let mut conditions = Vec::new();
        for condition in statement.conditions.iter().flatten() {
            let name = &condition.operator.text;
            let Some(operator) = Operator::parse(name) else {
                problems.push(format!("has the condition operator `{name}`, which is unknown"));
                continue;
            };
            let values = condition.values.iter().map(|value| value.text.as_str());
            conditions.push(Condition::new(operator, &condition.key.text, values, variables));
        }
        let actions = Actions::new(statement.actions.as_ref()?);
        let resources = statement.resources.as_ref().map(|clause| Resources::new(clause, variables));
        Some(Self { effect: statement.effect, whom, actions, resources, conditions })
    }

    /// Whether it is about an action. Asked first: most statements of a principal are about others.
    pub(crate) fn is_about_action(&self, action: &Action) -> bool {
        self.actions.include(action)
    }

    /// Whether it is about a resource. Where not everything has to be stated, one that stands for many is
    /// only when it is about all of them.
    pub(crate) fn is_about_resource(&self, resource: &Resource, view: View<'_>) -> Truth {
        self.resources.as_ref().map_or(Truth::True, |resources| resources.include(resource, view))
    }

    /// Whether all its conditions hold.
    pub(crate) fn conditions_hold(&self, view: View<'_>) -> Truth {
        Truth::all(self.conditions.iter().map(|condition| condition.holds(view)))
    }

    /// Whether it is about a principal, and how it names it. `bounded` says whether the principal has a
    /// permissions boundary: `NotPrincipal` with `Deny` excepts nobody who has one (IAM User Guide, "AWS
    /// JSON policy elements: NotPrincipal").
    pub(crate) fn is_about(&self, principal: &Principal, bounded: bool, open: bool) -> (Truth, Naming) {
        match &self.whom {
            None => (Truth::True, Naming::Direct),
            Some(whom) if bounded && whom.is_negated() && self.effect == Effect::Deny => {
                (Truth::True, Naming::Direct)
            }
            Some(whom) => whom.names(principal, open),
        }
    }

    /// All variables in it.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.variables_of_resource().chain(self.conditions.iter().flat_map(Condition::variables))
    }

    /// The variables in the names of resources.
    pub(crate) fn variables_of_resource(&self) -> impl Iterator<Item = &Variable> {
        self.resources.iter().flat_map(|resources| &resources.patterns).flat_map(Pattern::variables)
    }
}

impl Actions {
    fn new(clause: &Clause) -> Self {
        let syntax = Syntax { wildcards: true, variables: false };
        let texts: Vec<String> =
            clause.patterns.iter().map(|pattern| pattern.text.to_ascii_lowercase()).collect();
        let services = texts.iter().map(|text| Services::of(text)).fold(Services::NONE, Services::with);
        let patterns = texts.iter().map(|text| Pattern::parse(text, syntax)).collect();
        Self { negated: clause.negated, services, patterns }
    }

    fn include(&self, action: &Action) -> bool {
        let named = !self.services.exclude(action.services())
            && self.patterns.iter().any(|pattern| pattern.matches_plain(action.lower()));
        named != self.negated
    }
}

impl Resources {
    fn new(clause: &Clause, variables: bool) -> Self {
        let syntax = Syntax { wildcards: true, variables };
        let patterns = clause.patterns.iter().map(|pattern| Pattern::parse(&pattern.text, syntax)).collect();
        Self { negated: clause.negated, patterns }
    }

    /// A wildcard matches beyond colons and slashes (IAM User Guide, "IAM JSON policy elements:
    /// Resource"). A variable without value makes its pattern match nothing, and a `NotResource` that
    /// has one is about nothing: "any attempt to match it fails and causes the statement to be invalid"
    /// (IAM User Guide, "IAM policy elements: Variables and tags").
    fn include(&self, resource: &Resource, view: View<'_>) -> Truth {
        let text = match resource {
            Resource::Named(text) | Resource::Like(text) => text,
            Resource::Unstated if !view.open => "*",
            Resource::Unstated => return self.include_all(),
        };
        let is_pattern = view.open && matches!(resource, Resource::Like(_));
        let mut any = Truth::False;
        for pattern in &self.patterns {
            let found =
                if is_pattern { pattern.compare_all(text, view) } else { pattern.compare(text, view) };
            if self.negated && found == Comparison::Invalid {
                return Truth::False;
            }
            any = any.or(found.truth());
            if any.is_true() && !self.negated {
                break;
            }
        }
        if self.negated { !any } else { any }
    }

    /// Whether every resource there can be is included.
    fn include_all(&self) -> Truth {
        let all = self.patterns.iter().any(Pattern::is_everything);
        if all { (!self.negated).into() } else { Truth::Unknown }
    }
}
