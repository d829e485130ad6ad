//! Questions that do not state everything.

use std::collections::BTreeSet;

use super::context::Known;
use super::decide::{Because, Evaluation, Findings, Layer, Policies};
use super::policy::{Policy, Rule};
use super::request::{Request, Resource};
use super::truth::Truth;
use crate::document::Effect;

/// The answer to a question that does not state everything.
///
/// What is said to be *must* is so for every request that the question leaves open. The opposite does
/// not hold: two statements that cover all cases between them, each under its own condition, are
/// reported as depending on their keys.
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

/// What the open statements ask for.
fn depends_on(evaluation: Evaluation<'_>, findings: &Findings) -> BTreeSet<Unstated> {
    let policies = evaluation.policies;
    let levels = |count: usize, layer: fn(usize) -> Layer| (0..count).map(layer);
    let layers = levels(policies.rcp.len(), Layer::Rcp)
        .chain(levels(policies.scp.len(), Layer::Scp))
        .chain([Layer::Resource, Layer::Identity, Layer::Boundary, Layer::Session]);
    let mut unstated = BTreeSet::new();
    if findings.resource_decides() {
        unstated.insert(Unstated::Resource);
    }
    for layer in layers {
        let is_open = match layer {
            Layer::Rcp(_) => false,
            Layer::Scp(_) => findings.scp == Truth::Unknown,
            Layer::Resource => findings.by_resource_at_all().truth == Truth::Unknown,
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
        if request.resource == Resource::Unstated {
            unstated.insert(Unstated::Resource);
        }
    }
}
