//! The statements that an answer rests on, where not everything was stated.

use super::condition::Condition;
use super::context::{Context, View};
use super::decide::{Evaluation, Lack, Layer, Place, Policies};
use super::explain::{Failed, NearMiss, condition_text};
use super::judge::all_layers;
use super::policy::{Policy, Rule};
use super::request::{Action, Request, Resource};
use super::truth::Truth;
use crate::document::{Condition as WrittenCondition, Effect};

/// A statement that applies to a request, or may apply.
#[derive(Debug, Clone)]
pub struct Relevant<'p> {
    /// The statement.
    pub place: Place,
    /// What it does.
    pub effect: Effect,
    /// What it depends on. A statement without anything applies for sure.
    pub open: Open<'p>,
}

/// What about a request decides whether a statement applies to it.
#[derive(Debug, Clone, Default)]
pub struct Open<'p> {
    /// Which session of the role it is.
    pub session: bool,
    /// Which resource it is.
    pub resource: bool,
    /// Whether these hold, as they are written.
    pub conditions: Vec<&'p WrittenCondition>,
}

impl Open<'_> {
    /// Whether nothing is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.session && !self.resource && self.conditions.is_empty()
    }
}

/// The statements of all layers that apply to a request, or may apply, depending on what it leaves open.
#[must_use]
pub fn relevant<'p>(policies: &'p Policies, request: &Request) -> Vec<Relevant<'p>> {
    let mut found = Vec::new();
    each_about(policies, request, all_layers(policies), |place, policy, rule| {
        let evaluation = Evaluation::new(policies, request, true);
        if evaluation.applies(rule).0 != Truth::False {
            found.push(Relevant { place, effect: rule.effect, open: open(evaluation, policy, place, rule) });
        }
    });
    found
}

/// The statements that allow the action in the layers that surely do not allow this request, and what in
/// each of them surely does not fit. What only depends on something that was not stated is not told.
#[must_use]
pub fn sure_misses(policies: &Policies, request: &Request, lack: Lack) -> Vec<NearMiss> {
    let evaluation = Evaluation::new(policies, request, true);
    let view = evaluation.view();
    let mut misses = Vec::new();
    each_about(policies, request, lack.layers().into_iter(), |place, policy, rule| {
        if rule.effect != Effect::Allow {
            return;
        }
        let about = rule.is_about(&request.principal, evaluation.is_bounded(), true).0;
        let failed = if about.is_false() {
            Some(Failed::Principal)
        } else if rule.is_about_resource(&request.resource, view).is_false() {
            Some(Failed::Resource)
        } else {
            let mut conditions = rule.conditions.iter().enumerate();
            let fails = |condition: &Condition| condition.holds(view).is_false();
            conditions
                .find(|(_, condition)| fails(condition))
                .and_then(|(at, condition)| condition_text(policy, place.statement, at, condition, request))
        };
        misses.extend(failed.map(|failed| NearMiss { place, failed }));
    });
    misses
}

/// The statements about one action that say on what, held against many resources.
///
/// Two resources of one account that match the same of them are the same to the policies, as long as no condition
/// is about the resource: what one is answered, the other one is, too.
#[derive(Debug)]
pub struct ByResource<'p> {
    rules: Vec<&'p Rule>,
}

impl<'p> ByResource<'p> {
    /// Those of all layers.
    #[must_use]
    pub fn new(policies: &'p Policies, action: &Action) -> Self {
        let all = all_layers(policies).flat_map(|layer| policies.of(layer)).flat_map(Policy::rules);
        let rules = all.filter(|rule| rule.is_about_action(action) && rule.resources.is_some()).collect();
        Self { rules }
    }

    /// Which of them are about a resource; what the context does not mention is open.
    #[must_use]
    pub fn matches(&self, resource: &Resource, context: &Context) -> Vec<Option<bool>> {
        let view = View { context, open: true };
        let about = |rule: &&Rule| match rule.is_about_resource(resource, view) {
            Truth::True => Some(true),
            Truth::False => Some(false),
            Truth::Unknown => None,
        };
        self.rules.iter().map(about).collect()
    }
}

/// Calls a function with every statement about the action.
fn each_about<'p>(
    policies: &'p Policies,
    request: &Request,
    layers: impl Iterator<Item = Layer>,
    mut each: impl FnMut(Place, &'p Policy, &'p Rule),
) {
    for layer in layers {
        for (number, policy) in policies.of(layer).iter().enumerate() {
            for (statement, rule) in policy.rules().iter().enumerate() {
                if rule.is_about_action(&request.action) {
                    each(Place { layer, policy: number, statement }, policy, rule);
                }
            }
        }
    }
}

fn open<'p>(evaluation: Evaluation<'_>, policy: &'p Policy, place: Place, rule: &Rule) -> Open<'p> {
    let view = evaluation.view();
    let request = evaluation.request;
    let is_open = |truth: Truth| truth == Truth::Unknown;
    let written = policy.document().statements().get(place.statement);
    let written = written.and_then(|statement| statement.conditions.as_deref()).unwrap_or_default();
    let conditions = rule.conditions.iter().zip(written);
    Open {
        session: is_open(rule.is_about(&request.principal, evaluation.is_bounded(), true).0),
        resource: is_open(rule.is_about_resource(&request.resource, view)),
        conditions: conditions
            .filter(|(condition, _)| is_open(condition.holds(view)))
            .map(|(_, written)| written)
            .collect(),
    }
}
