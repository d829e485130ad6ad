//! Roles that trust each other in a circle: IAM refuses a trust policy that names a role which is not there, so one
//! of them is made with a trust that lets nobody in, and opened later.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{Account, Address, Change, ChangeAction, Identity, Resource, Role, RoleName};
use iamctl_policy::Document;

use super::own_principal;

/// A trust policy that lets nobody in.
pub(super) fn nobody() -> Document {
    Document::from_stored(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}"#,
    )
}

/// The new roles that must be made with [`nobody`] in their trust, because IAM refuses a trust policy
/// that names a role which is not there: one of each circle of roles that trust each other, and every
/// role that trusts itself.
pub(super) fn roles_to_lock(account: &Account, changes: &[Change]) -> BTreeSet<RoleName> {
    let makes = |change: &&Change| matches!(change.action, ChangeAction::Create | ChangeAction::Replace);
    let created = changes.iter().filter(makes);
    let created: BTreeMap<&RoleName, &Role> = created
        .filter_map(|change| match (&change.address, &change.after) {
            (Address::Role(name), Some(Resource::Role(role))) => Some((name, role)),
            _ => None,
        })
        .collect();
    let trusts = |role: &Role| -> BTreeSet<RoleName> {
        let named = role.trust.aws_principals().filter_map(|text| own_principal(account, text));
        let named = named.filter_map(|identity| match identity {
            Identity::Role(name) => Some(name),
            _ => None,
        });
        named.filter(|name| created.contains_key(name)).collect()
    };
    let mut waiting: BTreeMap<RoleName, BTreeSet<RoleName>> =
        created.iter().map(|(name, role)| ((*name).clone(), trusts(role))).collect();
    let mut trusted_by: BTreeMap<RoleName, Vec<RoleName>> = BTreeMap::new();
    for (name, trusts) in &waiting {
        trusts.iter().for_each(|other| trusted_by.entry(other.clone()).or_default().push(name.clone()));
    }
    let ready = waiting.iter().filter(|(_, trusts)| trusts.is_empty());
    let mut ready: Vec<RoleName> = ready.map(|(name, _)| name.clone()).collect();
    let mut locked = BTreeSet::new();
    loop {
        while let Some(made) = ready.pop() {
            waiting.remove(&made);
            for name in trusted_by.get(&made).into_iter().flatten() {
                if let Some(trusts) = waiting.get_mut(name)
                    && trusts.remove(&made)
                    && trusts.is_empty()
                {
                    ready.push(name.clone());
                }
            }
        }
        let Some(first) = waiting.keys().find(|name| is_in_a_circle(name, &waiting)).cloned() else {
            return locked;
        };
        locked.insert(first.clone());
        ready.push(first);
    }
}

fn is_in_a_circle(start: &RoleName, trusts: &BTreeMap<RoleName, BTreeSet<RoleName>>) -> bool {
    let mut seen: BTreeSet<&RoleName> = BTreeSet::new();
    let mut next: Vec<&RoleName> = trusts.get(start).into_iter().flatten().collect();
    while let Some(name) = next.pop() {
        if name == start {
            return true;
        }
        if seen.insert(name) {
            next.extend(trusts.get(name).into_iter().flatten());
        }
    }
    false
}
