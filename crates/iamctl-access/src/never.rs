//! Whether nothing that a question means is ever allowed, where looking at each condition for itself does not tell.
//!
//! An answer that depends on the resource or on condition keys may still be a *no* for every one of them: what a
//! statement allows, others may deny piece by piece. [`iamctl_policy::difference`] decides that exactly: the policies
//! are compared with none at all, and what they add is nothing.

use iamctl_policy::Document;
use iamctl_policy::difference::{Stack, of_stacks};
use iamctl_policy::eval::{Policy, PolicyKind, PrincipalKind};

use crate::Access;
use crate::answer::{Answer, Dependence, Verdict};
use crate::change::with_tables;
use crate::question::{On, Question, resource_arn, stated, with_mfa};
use crate::stack::{Asker, Held, Stack as Met};
use crate::target::{is_of_roles, takes_resource};

/// Whether an answer that depends on something is a *no* whatever that is. Only a *yes* is sure.
pub(crate) fn is_never(access: &Access, asker: &Asker, question: &Question<'_>, answer: &Answer) -> bool {
    let action = question.action.as_str();
    let is_open = |one: &Dependence| matches!(one, Dependence::Text(_) | Dependence::Session);
    let is_plain = matches!(asker.principal.kind(), PrincipalKind::User { .. } | PrincipalKind::Role { .. });
    // Roles decide themselves who assumes them, and other accounts what is done to what is theirs.
    if answer.verdict != Verdict::Depends
        || answer.depends_on.iter().any(is_open)
        || !answer.assumes.is_empty()
        || !asker.unread.is_empty()
        || !is_plain
        || asker.session.is_some()
        || asker.open_boundary.is_some()
        || is_of_roles(action)
        || !takes_resource(action)
    {
        return false;
    }
    let Some(limits) = limits(access, question) else { return false };
    let policies = |held: &[Held]| held.iter().filter_map(Held::policy).collect::<Vec<Policy>>();
    let mut identity = policies(&asker.identity);
    identity.push(limits);
    let boundary = asker.boundary.as_ref().map(|held| policies(held));
    let stack = Stack { identity, direct: Vec::new(), boundary };
    let met = Met::new(asker, None, false);
    let mut context = met.context(&access.state, None);
    stated(&mut context, question.with);
    let contexts = with_mfa(&context, question.with.mfa, &met.mfa_ages());
    with_tables(|vocabulary| {
        contexts.iter().all(|context| {
            let [added, _] = of_stacks([&Stack::default(), &stack], &asker.principal, context, vocabulary);
            added.changes.is_empty() && added.doubt.is_none()
        })
    })
}

/// A policy that denies all but what a question is about. It has no version, so that a `${` in an ARN is no variable.
fn limits(access: &Access, question: &Question<'_>) -> Option<Policy> {
    let on = match question.on {
        On::Anything => None,
        On::Arn(arn) => Some(arn.clone()),
        On::Address(address) => Some(resource_arn(&access.state, address)?),
    };
    let action = question.action.as_str();
    if [Some(action), on.as_deref()]
        .into_iter()
        .flatten()
        .any(|text| text.contains(['"', '\\']) || text.contains(char::is_control))
    {
        return None;
    }
    let only_on = on.map(|arn| format!(r#", {{"Effect": "Deny", "Action": "*", "NotResource": "{arn}"}}"#));
    let document = format!(
        r#"{{"Statement": [{{"Effect": "Deny", "NotAction": "{action}", "Resource": "*"}}{}]}}"#,
        only_on.unwrap_or_default()
    );
    let document = Document::from_stored(&document);
    Policy::new(&document, PolicyKind::Principal).ok()
}
