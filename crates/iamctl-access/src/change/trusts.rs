//! What trust policies say of a principal that has grants of its own.
//!
//! A role can be assumed only by whom its trust lets in. Where that names a principal, the principal's own policies
//! can deny it, and need not allow it; where it does not, they cannot help. So what an own policy allows must not hide
//! that a trust policy lets its principal in no longer, or for the first time.

use std::collections::BTreeSet;

use iamctl_model::{Pattern, RoleName};
use iamctl_policy::difference::Stack;
use iamctl_policy::eval::{Policy, PolicyKind};
use iamctl_policy::{Document, Effect as Says, Statement};

use super::{Effect, Known};
use crate::state::State;

/// The roles whose trust says something else of a principal by its name.
pub(super) fn changed([before, after]: [&[(RoleName, Policy)]; 2]) -> BTreeSet<RoleName> {
    let ids = |named: &[(RoleName, Policy)]| -> BTreeSet<(RoleName, String)> {
        named.iter().map(|(role, policy)| (role.clone(), policy.id())).collect()
    };
    let (before, after) = (ids(before), ids(after));
    before.symmetric_difference(&after).map(|(role, _)| role.clone()).collect()
}

/// Whether an identity policy allows anything of AWS STS.
pub(super) fn may_assume(stack: &Stack) -> bool {
    let is_of_sts = |pattern: &str| {
        let service = pattern.split_once(':').map_or(pattern, |(service, _)| service);
        Pattern::new(service.to_ascii_lowercase()).matches("sts")
    };
    let allows = |statement: &Statement| {
        statement.effect == Says::Allow
            && statement.actions.as_ref().is_none_or(|clause| {
                clause.negated || clause.patterns.iter().any(|pattern| is_of_sts(&pattern.text))
            })
    };
    stack.identity.iter().any(|policy| policy.document().statements().iter().any(allows))
}

/// The same stacks with only the denies of the identity policies, and what trust policies say; nothing where a
/// document is of a version in which its denies would have another meaning.
pub(super) fn without_own_allows(
    [before, after]: [&Stack; 2],
    [named_before, named_after]: [&[(RoleName, Policy)]; 2],
) -> Option<[Stack; 2]> {
    Some([of_trusts(before, named_before)?, of_trusts(after, named_after)?])
}

fn of_trusts(stack: &Stack, named: &[(RoleName, Policy)]) -> Option<Stack> {
    // Where they are not in a layer of their own, they are the last of the identity policies.
    let in_identity = if stack.direct.is_empty() { named.len() } else { 0 };
    let (own, named) = stack.identity.split_at(stack.identity.len().saturating_sub(in_identity));
    let mut identity = Vec::new();
    for policy in own {
        let document = policy.document();
        let denies: Vec<Statement> =
            document.statements().iter().filter(|one| one.effect == Says::Deny).cloned().collect();
        if denies.is_empty() {
            continue;
        }
        if document.version() != Some("2012-10-17") && document.to_compact_string().contains("${") {
            return None;
        }
        identity.push(Policy::new(&Document::from_statements(denies), PolicyKind::Principal).ok()?);
    }
    identity.extend(named.iter().cloned());
    Some(Stack { identity, direct: stack.direct.clone(), boundary: stack.boundary.clone() })
}

/// Whether the trust of a role, on one of the sides, lets in the account as a whole, or everybody.
pub(super) fn is_wide(both: [&State; 2], role: &RoleName) -> bool {
    both.into_iter().any(|state| {
        let account = state.account.id.as_str();
        let root = format!(":{account}:root");
        let whole = |text: &str| text == "*" || text == account || text.ends_with(&root);
        let statements = state.roles.get(role).into_iter().flat_map(|role| role.trust.statements());
        let allows = statements.filter(|statement| statement.effect == Says::Allow);
        allows.filter_map(|statement| statement.principals.as_ref()).any(|principals| {
            principals.negated || principals.entries.iter().any(|(_, value)| whole(&value.text))
        })
    })
}

/// Whether a document that cannot be evaluated has the ARN of a principal in it.
pub(super) fn mentions(trust: &Document, arn: &str) -> bool {
    let principals = trust.statements().iter().filter_map(|statement| statement.principals.as_ref());
    principals.flat_map(|principals| &principals.entries).any(|(_, value)| value.text == arn)
}

impl Effect {
    /// That neither is known.
    pub(super) fn unknown(why: &str) -> Self {
        Self {
            gains: Known::Unknown,
            loses: Known::Unknown,
            unknown: vec![why.to_owned()],
            gained: Vec::new(),
            lost: Vec::new(),
        }
    }

    /// Whether something is told of the other that is not of this one.
    pub(super) fn has_less_than(&self, other: &Self) -> bool {
        let has_less = |own: Known, other: Known| own == Known::No && other != Known::No;
        has_less(self.gains, other.gains) || has_less(self.loses, other.loses)
    }

    /// What is told of either.
    pub(super) fn and(mut self, other: Self) -> Self {
        let either = |one: Known, other: Known| match (one, other) {
            (Known::Yes, _) | (_, Known::Yes) => Known::Yes,
            (Known::Unknown, _) | (_, Known::Unknown) => Known::Unknown,
            (Known::No, Known::No) => Known::No,
        };
        self.gains = either(self.gains, other.gains);
        self.loses = either(self.loses, other.loses);
        self.unknown.extend(other.unknown);
        self.unknown.sort();
        self.unknown.dedup();
        for (own, other) in [(&mut self.gained, other.gained), (&mut self.lost, other.lost)] {
            let new: Vec<_> = other.into_iter().filter(|portion| !own.contains(portion)).collect();
            own.extend(new);
        }
        self
    }
}
