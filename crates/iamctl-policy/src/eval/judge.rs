//! Questions that do not state everything.

use std::collections::BTreeSet;

use super::classes::classes;
use super::context::{Known, Values};
use super::decide::{Because, Evaluation, Findings, Layer, Policies};
use super::policy::{Policy, Rule};
use super::request::{Request, Resource};
use super::truth::Truth;
use crate::document::Effect;

/// How many requests a question is divided into at most.
const MOST_REQUESTS: usize = 1024;

/// The answer to a question that does not state everything.
///
/// What is said to be *must* is so for every request that the question leaves open. The reverse holds as
/// long as open keys are compared in ways that divide their values into few classes: for equality, for
/// `text*`, with numbers, dates, networks, Booleans, and for being there. With other patterns, with ARNs,
/// with variables of open keys and for an open resource, statements that cover all cases between them
/// under different conditions are reported as depending on them. A key is taken to have values of the
/// type that it is compared with, and only one where no set operator is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Allowed, whatever was not stated.
    MustBeAllowed(Because),
    /// Denied, whatever was not stated.
    MustBeDenied(Because),
    /// It may depend on these.
    DependsOn(BTreeSet<Unstated>),
}

/// Something that a question did not state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unstated {
    /// The resource.
    Resource,
    /// The name of the role's session.
    Session,
    /// A condition key, in lower case.
    Key(String),
}

/// Answers a question that may leave open the resource, the session of a role, and every condition key
/// that the context does not mention.
#[must_use]
pub fn judge(policies: &Policies, request: &Request) -> Verdict {
    let verdict = at_once(policies, request);
    let Verdict::DependsOn(unstated) = &verdict else { return verdict };
    one_by_one(policies, request, unstated).unwrap_or(verdict)
}

/// The answer when each condition is taken on its own.
fn at_once(policies: &Policies, request: &Request) -> Verdict {
    let evaluation = Evaluation::new(policies, request, true);
    let findings = evaluation.findings();
    let granted = findings.granted();
    match (granted.and(!findings.denied.truth), findings.denied.truth, findings.denied.place) {
        (Truth::True, ..) => Verdict::MustBeAllowed(findings.conclude()),
        (Truth::False, Truth::True, Some(place)) => Verdict::MustBeDenied(Because::Denied(place)),
        (Truth::False, ..) => Verdict::MustBeDenied(findings.conclude()),
        (Truth::Unknown, ..) => Verdict::DependsOn(depends_on(evaluation, &findings)),
    }
}

/// The answer when each class of values of the open keys is asked for; nothing when not all answers are
/// the same.
fn one_by_one(policies: &Policies, request: &Request, unstated: &BTreeSet<Unstated>) -> Option<Verdict> {
    let rules: Vec<&Rule> =
        all_rules(policies).filter(|rule| rule.is_about_action(&request.action)).collect();
    let mut requests = vec![request.clone()];
    for unstated in unstated {
        let Unstated::Key(key) = unstated else { continue };
        let is_variable = rules.iter().any(|rule| rule.variables().any(|variable| *variable.key == **key));
        let conditions = || rules.iter().flat_map(|rule| &rule.conditions).filter(|on| *on.key == **key);
        // What a condition on the key compares with may be open as well: then its classes are.
        let is_compared = conditions().any(|condition| condition.variables().next().is_some());
        let Some(values) = classes(key, conditions()).filter(|_| !is_variable && !is_compared) else {
            continue;
        };
        if requests.len().saturating_mul(values.len()) > MOST_REQUESTS {
            break;
        }
        let with = |request: &Request, values: &Values| {
            let mut request = request.clone();
            request.context.set(key, values.clone());
            request
        };
        requests = requests
            .iter()
            .flat_map(|request| values.iter().map(move |values| with(request, values)))
            .collect();
    }
    let mut all: Option<Verdict> = None;
    for request in &requests {
        let verdict = at_once(policies, request);
        all = Some(match (all, verdict) {
            (_, Verdict::DependsOn(_)) => return None,
            (None, first) => first,
            (Some(all @ Verdict::MustBeAllowed(_)), Verdict::MustBeAllowed(_)) => all,
            // What is denied by a statement in some cases only is not allowed in the others.
            (Some(Verdict::MustBeDenied(Because::Denied(_))), denied @ Verdict::MustBeDenied(_)) => denied,
            (Some(all @ Verdict::MustBeDenied(_)), Verdict::MustBeDenied(_)) => all,
            _ => return None,
        });
    }
    all
}

fn all_rules(policies: &Policies) -> impl Iterator<Item = &Rule> {
    all_layers(policies).flat_map(|layer| policies.of(layer)).flat_map(Policy::rules)
}

pub(crate) fn all_layers(policies: &Policies) -> impl Iterator<Item = Layer> + use<> {
    let levels = |count: usize, layer: fn(usize) -> Layer| (0..count).map(layer);
    levels(policies.rcp.len(), Layer::Rcp).chain(levels(policies.scp.len(), Layer::Scp)).chain([
        Layer::Resource,
        Layer::Identity,
        Layer::Boundary,
        Layer::Session,
    ])
}

/// What the open statements ask for.
fn depends_on(evaluation: Evaluation<'_>, findings: &Findings) -> BTreeSet<Unstated> {
    let policies = evaluation.policies;
    let mut unstated = BTreeSet::new();
    if findings.resource_decides() {
        unstated.insert(Unstated::Resource);
    }
    for layer in all_layers(policies) {
        let is_open = match layer {
            Layer::Rcp(_) => false,
            Layer::Scp(_) => findings.scp == Truth::Unknown,
            Layer::Resource => findings.resource_is_open(),
            Layer::Identity => findings.identity.truth == Truth::Unknown,
            Layer::Boundary => findings.boundary.truth == Truth::Unknown,
            Layer::Session => findings.session.truth == Truth::Unknown,
        };
        for rule in policies.of(layer).iter().flat_map(Policy::rules) {
            let counts = rule.effect == Effect::Deny || is_open;
            if counts
                && rule.is_about_action(&evaluation.request.action)
                && evaluation.applies(rule).0 == Truth::Unknown
            {
                add_unstated(evaluation, rule, &mut unstated);
            }
        }
    }
    unstated
}

fn add_unstated(evaluation: Evaluation<'_>, rule: &Rule, unstated: &mut BTreeSet<Unstated>) {
    let view = evaluation.view();
    let request = evaluation.request;
    let (about, _) = rule.is_about(&request.principal, evaluation.is_bounded(), true);
    if about == Truth::Unknown {
        unstated.insert(Unstated::Session);
    }
    let mut add_key = |key: &str| {
        if matches!(view.get(key), Known::Unstated) {
            unstated.insert(Unstated::Key(key.to_owned()));
        }
    };
    let is_open = rule.is_about_resource(&request.resource, view) == Truth::Unknown;
    let open_conditions = rule.conditions.iter().filter(|condition| condition.holds(view) == Truth::Unknown);
    for condition in open_conditions {
        add_key(&condition.key);
        condition.variables().for_each(|variable| add_key(&variable.key));
    }
    if is_open {
        rule.variables_of_resource().for_each(|variable| add_key(&variable.key));
        if !matches!(request.resource, Resource::Named(_)) {
            unstated.insert(Unstated::Resource);
        }
    }
}
