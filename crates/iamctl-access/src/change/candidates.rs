//! Whose policies change at all: found by comparing what is there, before any text is looked into.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{GroupName, Identity, PolicyArn, PrincipalArn, Role, RoleName, User, UserName};
use iamctl_policy::Document;
use iamctl_policy::eval::{Principal, PrincipalKind};

use super::tags::Retagged;
use crate::Access;
use crate::stack::lets_tag;
use crate::state::State;

/// Those whose access may change.
pub(super) struct Candidates {
    pub(super) principals: BTreeSet<Identity>,
    pub(super) roles: BTreeSet<RoleName>,
    /// The tags that are others afterwards.
    pub(super) retagged: Retagged,
    /// What is not known of whom, whatever its policies say.
    pub(super) doubts: BTreeMap<Identity, BTreeSet<String>>,
}

pub(super) fn candidates(both: [&Access; 2]) -> Candidates {
    let [before, after] = both.map(|access| &access.state);
    let changed = Changed::new(before, after);
    let retagged = Retagged::new(before, after);
    let mut principals = retagged.lookers(both);
    let mut doubts: BTreeMap<Identity, BTreeSet<String>> = BTreeMap::new();
    let users: BTreeSet<&UserName> = before.users.keys().chain(after.users.keys()).collect();
    for name in users {
        if changed.user([before, after].map(|state| state.users.get(name))) {
            principals.insert(Identity::User(name.clone()));
        }
    }
    let names: BTreeSet<&RoleName> = before.roles.keys().chain(after.roles.keys()).collect();
    let mut roles = BTreeSet::new();
    for name in names {
        let there = [before, after].map(|state| state.roles.get(name));
        if changed.role(there) {
            principals.insert(Identity::Role(name.clone()));
        }
        let trusts = there.map(|role| role.map(|role| &role.trust));
        let looks_at_other = !retagged.of_trust(both, name).is_empty();
        if trusts[0] != trusts[1] || looks_at_other {
            roles.insert(name.clone());
        }
        // With its path, a role's ARN is another one, and so is what its trust is about.
        let paths = there.map(|role| role.map(|role| &role.path));
        if trusts[0] != trusts[1] || looks_at_other || paths[0] != paths[1] {
            for (trust, state) in trusts.into_iter().zip([before, after]) {
                principals.extend(entries(trust).filter_map(|text| identity(state, text)));
                for role in entries(trust).filter_map(|text| role_of_session(state, text)) {
                    let why = format!("the trust of role/{name}, which changes, names single sessions of it");
                    principals.insert(role.clone());
                    doubts.entry(role).or_default().insert(why);
                }
            }
        }
    }
    Candidates { principals, roles, retagged, doubts }
}

/// Whom a trust policy names.
fn entries(trust: Option<&Document>) -> impl Iterator<Item = &str> {
    let statements = trust.into_iter().flat_map(Document::statements);
    let principals = statements.filter_map(|statement| statement.principals.as_ref());
    principals.flat_map(|principals| &principals.entries).map(|(_, value)| value.text.as_str())
}

/// The role of the account of which an ARN names a session.
fn role_of_session(state: &State, arn: &str) -> Option<Identity> {
    let principal = Principal::parse(arn).ok()?;
    let PrincipalKind::RoleSession { account, role } = principal.kind() else { return None };
    let role = RoleName::parse(role).ok().filter(|role| state.roles.contains_key(role))?;
    (*account == *state.account.id.as_str()).then_some(Identity::Role(role))
}

/// The user or role of the account that an ARN names.
pub(super) fn identity(state: &State, arn: &str) -> Option<Identity> {
    let arn = PrincipalArn::parse(arn).ok().filter(|arn| arn.account() == state.account.id.as_str())?;
    let is_there = |identity: &Identity| match identity {
        Identity::User(name) => state.users.contains_key(name),
        Identity::Role(name) => state.roles.contains_key(name),
        Identity::Group(_) => false,
    };
    arn.identity().filter(is_there)
}

/// The policies and groups that are other ones afterwards.
struct Changed {
    policies: BTreeSet<PolicyArn>,
    groups: BTreeSet<GroupName>,
}

impl Changed {
    fn new(before: &State, after: &State) -> Self {
        let arns: BTreeSet<&PolicyArn> = before.policies.keys().chain(after.policies.keys()).collect();
        let text =
            |state: &'_ State, arn: &PolicyArn| state.policies.get(arn).map(|own| own.document.clone());
        let policies = arns.into_iter().filter(|arn| text(before, arn) != text(after, arn)).cloned();
        let mut changed = Self { policies: policies.collect(), groups: BTreeSet::new() };
        let names: BTreeSet<&GroupName> = before.groups.keys().chain(after.groups.keys()).collect();
        let is_changed = |name: &GroupName| match (before.groups.get(name), after.groups.get(name)) {
            (Some(old), Some(new)) => {
                old.policies != new.policies
                    || old.inline_policies != new.inline_policies
                    || changed.touches(&old.policies)
            }
            _ => true,
        };
        changed.groups = names.into_iter().filter(|name| is_changed(name)).cloned().collect();
        changed
    }

    fn touches(&self, policies: &BTreeSet<PolicyArn>) -> bool {
        policies.iter().any(|arn| self.policies.contains(arn))
    }

    fn user(&self, both: [Option<&User>; 2]) -> bool {
        let [Some(old), Some(new)] = both else { return true };
        old.policies != new.policies
            || old.inline_policies != new.inline_policies
            || old.groups != new.groups
            || old.permissions_boundary != new.permissions_boundary
            || old.tags != new.tags
            || old.path != new.path
            || self.touches(&old.policies)
            || old.groups.iter().any(|group| self.groups.contains(group))
            || old.permissions_boundary.iter().any(|arn| self.policies.contains(arn))
    }

    fn role(&self, both: [Option<&Role>; 2]) -> bool {
        let [Some(old), Some(new)] = both else { return true };
        old.policies != new.policies
            || old.inline_policies != new.inline_policies
            || old.permissions_boundary != new.permissions_boundary
            || old.tags != new.tags
            || old.path != new.path
            || lets_tag(&old.trust) != lets_tag(&new.trust)
            || self.touches(&old.policies)
            || old.permissions_boundary.iter().any(|arn| self.policies.contains(arn))
    }
}
