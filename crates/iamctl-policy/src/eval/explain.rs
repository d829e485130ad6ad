//! Why something was not allowed: the statements that nearly did.

use super::condition::Condition;
use super::context::Values;
use super::decide::{Because, Decision, Evaluation, Lack, Layer, Place, Policies};
use super::policy::{Policy, Rule};
use super::request::Request;
use crate::document::Effect;

/// A statement that allows the action, but not this request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The statement.
    pub place: Place,
    /// What in it does not fit.
    pub failed: Failed,
}

/// The first thing in a statement that does not fit a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// It is about other principals.
    Principal,
    /// It is about other resources.
    Resource,
    /// A condition does not hold.
    Condition {
        /// The operator, as written.
        operator: String,
        /// The key, as written.
        key: String,
        /// The values it asks for, as written.
        expected: Vec<String>,
        /// The value in the request.
        found: Values,
    },
}

impl Lack {
    /// The layers that have to allow it.
    pub(crate) fn layers(self) -> Vec<Layer> {
        match self {
            Lack::Scp(level) => vec![Layer::Scp(level)],
            Lack::Resource => vec![Layer::Resource],
            Lack::Identity => vec![Layer::Identity, Layer::Resource],
            Lack::Boundary => vec![Layer::Boundary],
            Lack::Session => vec![Layer::Session],
            Lack::RootCannotAssume => Vec::new(),
        }
    }
}

/// The statements that allow the action in the layers that have to allow it and do not.
#[must_use]
pub fn near_misses(policies: &Policies, request: &Request, decision: &Decision) -> Vec<NearMiss> {
    let Because::Lacking(lack) = decision.because else { return Vec::new() };
    let evaluation = Evaluation::new(policies, request, false);
    let mut misses = Vec::new();
    for layer in lack.layers() {
        for (policy, found) in policies.of(layer).iter().enumerate() {
            for (statement, rule) in found.rules().iter().enumerate() {
                if rule.effect != Effect::Allow || !rule.is_about_action(&request.action) {
                    continue;
                }
                let Some(failed) = failed(evaluation, found, statement, rule) else { continue };
                misses.push(NearMiss { place: Place { layer, policy, statement }, failed });
            }
        }
    }
    misses
}

/// What in a statement does not fit; nothing for one that applies, such as one of a resource's policy
/// that names the account.
fn failed(evaluation: Evaluation<'_>, policy: &Policy, statement: usize, rule: &Rule) -> Option<Failed> {
    let view = evaluation.view();
    let request = evaluation.request;
    if !rule.is_about(&request.principal, evaluation.is_bounded(), false).0.is_true() {
        return Some(Failed::Principal);
    }
    if !rule.is_about_resource(&request.resource, view).is_true() {
        return Some(Failed::Resource);
    }
    let (at, condition) =
        rule.conditions.iter().enumerate().find(|(_, condition)| !condition.holds(view).is_true())?;
    condition_text(policy, statement, at, condition, request)
}

pub(crate) fn condition_text(
    policy: &Policy,
    statement: usize,
    at: usize,
    condition: &Condition,
    request: &Request,
) -> Option<Failed> {
    let statement = policy.document().statements().get(statement)?;
    let written = statement.conditions.as_ref()?.get(at)?;
    Some(Failed::Condition {
        operator: written.operator.text.clone(),
        key: written.key.text.clone(),
        expected: written.values.iter().map(|value| value.text.clone()).collect(),
        found: request.context.value(&condition.key).cloned().unwrap_or(Values::Absent),
    })
}
