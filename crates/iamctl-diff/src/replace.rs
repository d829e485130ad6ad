//! Things that are deleted and made again, because AWS cannot move them to another path and takes no second one of
//! the same name.
//!
//! What is attached to a policy lets go of it and takes the new one, because the manifest names it by its new ARN:
//! that is a change of the holder. A role is unwound and put together again here, with what others put on it.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    Action, Address, Change, ChangeAction, Hazard, HazardKind, Identity, InstanceProfileName, Live,
    PolicyArn, Resource, RoleName,
};

use crate::delta::Delta;
use crate::drafts::{Drafter, Part};
use crate::ghosts::is_unique_id;
use crate::mentions::{arn_of, mentions};
use crate::world::World;

/// Bounds so that nothing is allowed: what stands in for a boundary while it is made again.
const NOTHING_AT_ALL: &str = "AWSDenyAll";

/// Whether a policy is the one that stands in for a boundary which is being replaced.
pub(crate) fn stands_in(arn: &PolicyArn) -> bool {
    arn.is_aws_managed() && arn.policy_name().as_str() == NOTHING_AT_ALL
}

impl Drafter<'_> {
    pub(crate) fn replace(&mut self, change: &Change, after: &Resource) {
        let address = &change.address;
        let start = self.drafts.len();
        self.leave_instance_profiles(address);
        self.delete(address);
        self.mark_from(start, Part::Old);
        let start = self.drafts.len();
        let found = self.world.live().resource(address, change.after.as_ref());
        self.create(address, &with_what_others_put(after, change.before.as_ref(), found.as_ref()));
        self.join_instance_profiles(address);
        self.mark_from(start, Part::New);
    }

    fn mark_from(&mut self, start: usize, part: Part) {
        self.drafts.iter_mut().skip(start).for_each(|draft| draft.part = part);
    }

    fn leave_instance_profiles(&mut self, address: &Address) {
        for (profile, role, on) in held_by(self.world, address) {
            let action =
                Action::RemoveRoleFromInstanceProfile { instance_profile_name: profile, role_name: role };
            self.push(address, action, Delta::of_entry(false), on);
        }
    }

    fn join_instance_profiles(&mut self, address: &Address) {
        for (profile, role, on) in held_by(self.world, address) {
            let action = Action::AddRoleToInstanceProfile { instance_profile_name: profile, role_name: role };
            self.push(address, action, Delta::of_entry(true), on);
        }
    }

    /// A boundary can neither stay while its policy is deleted nor come before that is made again. Without any
    /// boundary everything behind it would be allowed: in between, nothing is.
    pub(crate) fn boundary_in_between(&mut self, identity: &Identity, put: Action) {
        let partition = &self.world.live().account.partition;
        let stand_in = PolicyArn::parse(&format!("arn:{partition}:iam::aws:policy/{NOTHING_AT_ALL}"));
        let Ok(permissions_boundary) = stand_in else { return };
        let shut = match identity.clone() {
            Identity::User(user_name) => {
                Action::PutUserPermissionsBoundary { user_name, permissions_boundary }
            }
            Identity::Role(role_name) => {
                Action::PutRolePermissionsBoundary { role_name, permissions_boundary }
            }
            Identity::Group(_) => return,
        };
        let (address, on) = (identity.address(), BTreeSet::from([identity.clone()]));
        let (denies, stops_denying) = Delta::shut_and_opened();
        for (action, delta, part) in [(shut, denies, Part::Old), (put, stops_denying, Part::New)] {
            let start = self.drafts.len();
            self.push(&address, action, delta, on.clone());
            self.mark_from(start, part);
        }
    }
}

/// Whether both the boundary that somebody has and the one that comes wait for a policy to be deleted.
pub(crate) fn is_bounded_anew(
    world: &World<'_>,
    before: Option<&PolicyArn>,
    after: Option<&PolicyArn>,
) -> bool {
    let is_replaced = |arn: &PolicyArn| {
        let change = world.change(&Address::Policy(arn.policy_name()));
        !arn.is_aws_managed() && change.is_some_and(|change| change.action == ChangeAction::Replace)
    };
    before != after && before.is_some_and(is_replaced) && after.is_some_and(is_replaced)
}

/// The instance profiles that a replaced role leaves and comes back to, where these stay what they are.
fn held_by(world: &World<'_>, address: &Address) -> Vec<(InstanceProfileName, RoleName, BTreeSet<Identity>)> {
    let Address::Role(role) = address else { return Vec::new() };
    let Some(found) = world.live().roles.get(role) else { return Vec::new() };
    let stays = |profile: &&InstanceProfileName| {
        let change = world.change(&Address::InstanceProfile((*profile).clone()));
        !change.is_some_and(|change| match (&change.action, &change.before, &change.after) {
            (ChangeAction::Delete | ChangeAction::Replace, ..) => true,
            (_, Some(Resource::InstanceProfile(before)), Some(Resource::InstanceProfile(after))) => {
                before.role != after.role
            }
            _ => false,
        })
    };
    let on = || BTreeSet::from([Identity::Role(role.clone())]);
    found
        .instance_profiles
        .iter()
        .filter(stays)
        .map(|profile| (profile.clone(), role.clone(), on()))
        .collect()
}

/// What is made, with what the manifest leaves to others: it would be gone otherwise. Both sides of a change agree
/// on a field that is left to others.
fn with_what_others_put(after: &Resource, before: Option<&Resource>, found: Option<&Resource>) -> Resource {
    let mut whole = after.clone();
    let (Some(before), Some(found)) = (before, found) else { return whole };
    match (&mut whole, before, found) {
        (Resource::Role(whole), Resource::Role(before), Resource::Role(found)) => {
            whole.policies.extend(found.policies.difference(&before.policies).cloned());
            let theirs =
                found.inline_policies.iter().filter(|(name, _)| !before.inline_policies.contains_key(*name));
            whole.inline_policies.extend(theirs.map(|(name, document)| (name.clone(), document.clone())));
            keep(&mut whole.tags.0, &before.tags.0, &found.tags.0);
            if whole.trust == before.trust && !found.trust.aws_principals().any(is_unique_id) {
                whole.trust = found.trust.clone();
            }
            if whole.permissions_boundary == before.permissions_boundary {
                whole.permissions_boundary.clone_from(&found.permissions_boundary);
            }
            if whole.description == before.description {
                whole.description.clone_from(&found.description);
            }
            if whole.max_session_duration == before.max_session_duration {
                whole.max_session_duration = found.max_session_duration;
            }
        }
        (Resource::Policy(whole), Resource::Policy(before), Resource::Policy(found)) => {
            keep(&mut whole.tags.0, &before.tags.0, &found.tags.0);
            if whole.document == before.document {
                whole.document = found.document.clone();
            }
        }
        (
            Resource::InstanceProfile(whole),
            Resource::InstanceProfile(before),
            Resource::InstanceProfile(found),
        ) => {
            keep(&mut whole.tags.0, &before.tags.0, &found.tags.0);
            if whole.role == before.role {
                whole.role.clone_from(&found.role);
            }
        }
        _ => {}
    }
    whole
}

fn keep(
    into: &mut BTreeMap<String, String>,
    ours: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
) {
    // AWS's own tags cannot be set.
    let theirs = found.iter().filter(|(key, _)| !ours.contains_key(*key) && !key.starts_with("aws:"));
    into.extend(theirs.map(|(key, value)| (key.clone(), value.clone())));
}

/// What is dangerous about replacing things, whether or not it is allowed: what is gone for a moment, and what names
/// the old one and names nothing afterwards.
pub(crate) fn hazards(live: &Live, changes: &[Change]) -> Vec<Hazard> {
    let world = World::new(live, changes);
    let replaced = changes.iter().filter(|change| change.action == ChangeAction::Replace);
    let mut hazards = Vec::new();
    for change in replaced {
        let address = &change.address;
        let hazard = |kind, address: &Address, message| Hazard { kind, address: address.clone(), message };
        match address {
            Address::Role(_) => hazards.push(hazard(
                HazardKind::MomentaryGap,
                address,
                format!("{address} is deleted and made again: its sessions end, and for a moment nobody can assume it"),
            )),
            Address::InstanceProfile(_) => hazards.push(hazard(
                HazardKind::MomentaryGap,
                address,
                format!("{address} is deleted and made again: instances that run with it lose their role until it is \
                         associated with them again"),
            )),
            _ => {}
        }
        let boundary =
            |side: &Option<Resource>| side.as_ref().and_then(Resource::permissions_boundary).cloned();
        let bounded = changes.iter().filter(|other| {
            let (before, after) = (boundary(&other.before), boundary(&other.after));
            let is_this = before.as_ref().is_some_and(|arn| Address::Policy(arn.policy_name()) == *address);
            let stays = matches!(other.action, ChangeAction::Update | ChangeAction::Adopt);
            stays && is_this && is_bounded_anew(&world, before.as_ref(), after.as_ref())
        });
        hazards.extend(bounded.map(|other| hazard(
            HazardKind::MomentaryGap,
            &other.address,
            format!(
                "{address} is the permissions boundary of {} and is deleted and made again: in between, {} may do \
                 nothing",
                other.address, other.address
            ),
        )));
    }
    let replaced = changes.iter().filter(|change| change.action == ChangeAction::Replace);
    let named = replaced.filter_map(|change| Some((arn_of(live, &change.address)?, change.address.clone())));
    for (address, found) in mentions(&world, live, &named.collect()) {
        let Some(arn) = arn_of(live, &address) else { continue };
        hazards.extend(found.into_iter().map(|(who, what)| Hazard {
            kind: HazardKind::ReferenceLost,
            address: address.clone(),
            message: format!(
                "{what} of {who} names {address} as {arn}, and names nothing once that is deleted"
            ),
        }));
    }
    hazards
}
