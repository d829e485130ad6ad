//! The manifest's `tests:`, held against the answers.

use iamctl_model::{AccessTest, Address, Expectation, TestPrincipalKind, TestResource};
use iamctl_policy::eval::{Action, Principal};
use iamctl_policy::{Span, Spanned};

use crate::Access;
use crate::answer::{Answer, Unread, Verdict};
use crate::ask::nobody;
use crate::question::{On, Question, Who};

/// What became of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Where the test stands.
    pub span: Span,
    /// What it expects.
    pub expect: Expectation,
    /// How many questions it asked: principals, times actions, times resources.
    pub questions: usize,
    /// The questions whose answer is not as expected.
    pub failures: Vec<Failed>,
}

impl Checked {
    /// Whether every answer is as expected.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// A question of a test whose answer is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Who asked: an address, an ARN, or a service.
    pub who: String,
    /// For what, as AWS spells it.
    pub action: String,
    /// On what: an address, an ARN, or a pattern; nothing where any resource is meant, or none.
    pub on: Option<String>,
    /// The place of the action in the test.
    pub action_span: Span,
    /// The answer.
    pub answer: Answer,
}

/// Asks all questions of a test.
pub(crate) fn check(access: &Access, test: &AccessTest) -> Checked {
    let mut checked = Checked { span: test.span, expect: test.expect, questions: 0, failures: Vec::new() };
    let wanted = match test.expect {
        Expectation::Can => Verdict::Allowed,
        Expectation::Cannot => Verdict::Denied,
    };
    let actions: Vec<(&Spanned, Vec<Action>)> =
        test.actions.iter().map(|written| (written, actions(&written.text))).collect();
    let on: Vec<On> = match test.resources.as_slice() {
        [] => vec![On::Anything],
        named => named.iter().map(on).collect(),
    };
    for principal in &test.principals {
        let (name, who) = who(access, &principal.who);
        let asker = who.as_ref().and_then(|who| access.asker(who));
        let pairs = actions.iter().flat_map(|(written, actions)| {
            let pairs = actions.iter().flat_map(|action| on.iter().map(move |on| (action, on)));
            pairs.map(move |(action, on)| (*written, action, on))
        });
        for (written, action, on) in pairs {
            checked.questions = checked.questions.saturating_add(1);
            let answer = match (&who, &asker) {
                (Some(who), Some(asker)) => {
                    let question = Question { who, action, on, with: &test.context };
                    match test.expect {
                        Expectation::Can => access.answer(asker, &question),
                        Expectation::Cannot => access.exact_answer(asker, &question),
                    }
                }
                (Some(who), None) => access.nobody(who),
                (None, _) => nobody(Unread::Principal(name.clone())),
            };
            if answer.verdict != wanted {
                checked.failures.push(Failed {
                    who: name.clone(),
                    action: action.as_str().to_owned(),
                    on: name_of(on),
                    action_span: written.span,
                    answer,
                });
            }
        }
    }
    checked
}

/// The actions that a text names: one, or all that match. One that the table does not have stays as it is.
fn actions(text: &str) -> Vec<Action> {
    let matching = iamctl_data::services().matching(text);
    let names = matching.map(|(service, action)| format!("{}:{}", service.prefix, action.name));
    let found: Vec<Action> = names.filter_map(|name| Action::parse(&name).ok()).collect();
    if found.is_empty() { Action::parse(text).into_iter().collect() } else { found }
}

fn who(access: &Access, kind: &TestPrincipalKind) -> (String, Option<Who>) {
    match kind {
        TestPrincipalKind::Managed(identity) => (identity.to_string(), Some(Who::Identity(identity.clone()))),
        TestPrincipalKind::Arn(text) | TestPrincipalKind::Service(text) => {
            let who = access.who(text).ok();
            (text.clone(), who.or_else(|| Principal::parse(text).ok().map(Who::Other)))
        }
    }
}

fn on(resource: &TestResource) -> On {
    match &resource.address {
        Some(address @ (Address::User(_) | Address::Role(_) | Address::Policy(_) | Address::Group(_))) => {
            On::Address(address.clone())
        }
        _ if resource.arn == "*" => On::Anything,
        _ => On::Arn(resource.arn.clone()),
    }
}

fn name_of(on: &On) -> Option<String> {
    match on {
        On::Anything => None,
        On::Arn(arn) => Some(arn.clone()),
        On::Address(address) => Some(address.to_string()),
    }
}
