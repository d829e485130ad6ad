//! What unfinished runs explain: a run that was killed made things that the head does not know.
//!
//! | the killed run planned | in the account now | so |
//! | --- | --- | --- |
//! | to make it | its recorded id | it is ours |
//! | to make it | made since the run began, as planned or on the way there | it is ours |
//! | to make it | a setting of the account, of which nobody knows when it was made, as planned | it is ours |
//! | to make it | its recorded id, known to be ours; a part is as planned | that part was last applied by us |
//! | to make it | anything else, or a thing that another manifest owns | it is not ours |
//! | to change it | a part is as planned | that part was last applied by us |

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use iamctl_model::{
    Action, Address, Change, ChangeAction, Field, Live, Owned, Ownership, PolicyArn, Resource, Sibling,
    UnfinishedRun,
};

use crate::fields::differing;
use crate::replace::stands_in;

/// How far the clock of the machine that ran may have been ahead of AWS's, which refuses requests that are off by
/// more; and AWS tells dates in whole seconds. A plan makes only what was not there when it was made, so nothing that
/// is older than its run is taken for its own because of this.
pub(crate) const CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

/// The ownership of the head, with what unfinished runs are seen to have done.
pub(crate) fn claim(
    mut claimed: Ownership,
    unfinished: &[UnfinishedRun],
    siblings: &[Sibling],
    live: &Live,
) -> Ownership {
    for run in unfinished {
        for change in &run.plan.changes {
            match change.action {
                ChangeAction::Create | ChangeAction::Replace => {
                    claim_unwound(&mut claimed, change, live);
                    let id = live.id(&change.address);
                    let is_theirs =
                        |sibling: &Sibling| id.is_some_and(|id| sibling.owns(&change.address, id));
                    if !siblings.iter().any(is_theirs) {
                        claim_created(&mut claimed, run, change, live);
                    }
                }
                ChangeAction::Update | ChangeAction::Adopt => claim_updated(&mut claimed, change, live),
                ChangeAction::Delete | ChangeAction::Forget | ChangeAction::Blocked => {}
            }
        }
        run.plan.steps.iter().for_each(|step| claim_emptied(&mut claimed, &step.action, live));
    }
    claimed
}

fn claim_created(claimed: &mut Ownership, run: &UnfinishedRun, change: &Change, live: &Live) {
    let address = &change.address;
    let (Some(id), Some(planned)) = (live.id(address), &change.after) else { return };
    let Some(found) = live.resource(address, Some(planned)) else { return };
    let recorded = run.created.get(address) == Some(id);
    if let Some(owned) = claimed.get(address).filter(|owned| owned.id == *id) {
        // That it was made is known, and what was done to it after that may not be.
        if recorded {
            let since = Change { before: Some(owned.last_applied.clone()), ..change.clone() };
            claim_updated(claimed, &since, live);
        }
        return;
    }
    let since = run.started.checked_sub(CLOCK_SKEW).unwrap_or(run.started);
    let is_since = live.created(address).is_some_and(|created| created >= since);
    // It was not there when the run was planned.
    let is_undated = address.kind().is_setting();
    if recorded || (is_since || is_undated) && is_on_the_way_to(&found, planned) {
        let owned = Owned { id: id.clone(), protect: false, last_applied: found };
        name_by_id(claimed, address, live);
        claimed.0.remove(address);
        claimed.0.insert(address.clone(), owned);
    }
}

/// Trust policies that named the one that is gone show its id since then, and nobody remembers whose it was.
fn name_by_id(claimed: &mut Ownership, address: &Address, live: &Live) {
    let (Address::Role(name), Some(gone)) = (address, claimed.get(address)) else { return };
    let Some(path) = gone.last_applied.path() else { return };
    let arn = live.account.role_arn(path, name).as_str().to_owned();
    let id = gone.id.0.clone();
    for owned in claimed.0.values_mut() {
        if let Resource::Role(role) = &mut owned.last_applied
            && let Some(trust) = role.trust.map_aws_principals(|text| (text == arn).then(|| id.clone()))
        {
            role.trust = trust;
        }
    }
}

/// What a replacement took from the old one before it was to be deleted was taken by us.
fn claim_unwound(claimed: &mut Ownership, change: &Change, live: &Live) {
    let address = &change.address;
    let (Some(id), Some(found)) = (live.id(address), live.resource(address, change.before.as_ref())) else {
        return;
    };
    let Some(owned) = claimed.0.get_mut(address).filter(|owned| owned.id == *id) else { return };
    match (&mut owned.last_applied, &found) {
        (Resource::Role(last), Resource::Role(found)) => {
            last.policies.retain(|arn| found.policies.contains(arn));
            last.inline_policies.retain(|name, _| found.inline_policies.contains_key(name));
        }
        (Resource::InstanceProfile(last), Resource::InstanceProfile(found)) if found.role.is_none() => {
            last.role = None;
        }
        _ => {}
    }
}

/// A role that is replaced leaves instance profiles that do not change themselves.
fn claim_emptied(claimed: &mut Ownership, action: &Action, live: &Live) {
    let Action::RemoveRoleFromInstanceProfile { instance_profile_name, role_name } = action else { return };
    let Some(found) = live.instance_profile(instance_profile_name).filter(|found| found.role.is_none())
    else {
        return;
    };
    let address = Address::InstanceProfile(instance_profile_name.clone());
    let owned = claimed.0.get_mut(&address).filter(|owned| owned.id == found.id);
    if let Some(Resource::InstanceProfile(last)) = owned.map(|owned| &mut owned.last_applied)
        && last.role.as_ref() == Some(role_name)
    {
        last.role = None;
    }
}

/// Whether a thing is what a create call makes of a plan, with some of the later calls made: what it
/// has beyond the create call is a part of what is planned.
pub(crate) fn is_on_the_way_to(found: &Resource, planned: &Resource) -> bool {
    differing(found, planned).into_iter().all(|field| match (field, found, planned) {
        (Field::Policies, _, _) => match (found.policies(), planned.policies()) {
            (Some(found), Some(planned)) => found.is_subset(planned),
            _ => false,
        },
        (Field::InlinePolicies, _, _) => match (found.inline_policies(), planned.inline_policies()) {
            (Some(found), Some(planned)) => {
                found.iter().all(|(name, document)| planned.get(name) == Some(document))
            }
            _ => false,
        },
        (Field::Groups, Resource::User(found), Resource::User(planned)) => {
            found.groups.is_subset(&planned.groups)
        }
        (Field::Members, Resource::Group(found), Resource::Group(planned)) => {
            found.members.is_subset(&planned.members)
        }
        // A role that trusts a role which trusts it back is made with a trust that lets nobody in.
        (Field::Trust, Resource::Role(found), _) => !found.trust.has(iamctl_policy::Effect::Allow),
        (Field::Role, Resource::InstanceProfile(found), _) => found.role.is_none(),
        _ => false,
    })
}

fn claim_updated(claimed: &mut Ownership, change: &Change, live: &Live) {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return };
    let (Some(id), Some(found)) = (live.id(&change.address), live.resource(&change.address, Some(after)))
    else {
        return;
    };
    let Some(owned) = claimed.0.get_mut(&change.address).filter(|owned| owned.id == *id) else { return };
    match (&mut owned.last_applied, before, after, &found) {
        (
            Resource::Policy(last),
            Resource::Policy(before),
            Resource::Policy(after),
            Resource::Policy(found),
        ) => {
            map(&mut last.tags.0, &before.tags.0, &after.tags.0, &found.tags.0);
            value(&mut last.document, &before.document, &after.document, &found.document);
        }
        (Resource::Group(last), Resource::Group(before), Resource::Group(after), Resource::Group(found)) => {
            value(&mut last.path, &before.path, &after.path, &found.path);
            set(&mut last.members, &before.members, &after.members, &found.members);
            set(&mut last.policies, &before.policies, &after.policies, &found.policies);
            let inline = &mut last.inline_policies;
            map(inline, &before.inline_policies, &after.inline_policies, &found.inline_policies);
        }
        (Resource::User(last), Resource::User(before), Resource::User(after), Resource::User(found)) => {
            value(&mut last.path, &before.path, &after.path, &found.path);
            map(&mut last.tags.0, &before.tags.0, &after.tags.0, &found.tags.0);
            set(&mut last.groups, &before.groups, &after.groups, &found.groups);
            set(&mut last.policies, &before.policies, &after.policies, &found.policies);
            let inline = &mut last.inline_policies;
            map(inline, &before.inline_policies, &after.inline_policies, &found.inline_policies);
            let boundary = &mut last.permissions_boundary;
            value(
                boundary,
                &before.permissions_boundary,
                &after.permissions_boundary,
                &found.permissions_boundary,
            );
            shut(boundary, &before.permissions_boundary, &found.permissions_boundary);
        }
        (Resource::Role(last), Resource::Role(before), Resource::Role(after), Resource::Role(found)) => {
            value(&mut last.description, &before.description, &after.description, &found.description);
            let duration = &mut last.max_session_duration;
            value(
                duration,
                &before.max_session_duration,
                &after.max_session_duration,
                &found.max_session_duration,
            );
            value(&mut last.trust, &before.trust, &after.trust, &found.trust);
            map(&mut last.tags.0, &before.tags.0, &after.tags.0, &found.tags.0);
            set(&mut last.policies, &before.policies, &after.policies, &found.policies);
            let inline = &mut last.inline_policies;
            map(inline, &before.inline_policies, &after.inline_policies, &found.inline_policies);
            let boundary = &mut last.permissions_boundary;
            value(
                boundary,
                &before.permissions_boundary,
                &after.permissions_boundary,
                &found.permissions_boundary,
            );
            shut(boundary, &before.permissions_boundary, &found.permissions_boundary);
        }
        (
            Resource::InstanceProfile(last),
            Resource::InstanceProfile(before),
            Resource::InstanceProfile(after),
            Resource::InstanceProfile(found),
        ) => {
            map(&mut last.tags.0, &before.tags.0, &after.tags.0, &found.tags.0);
            value(&mut last.role, &before.role, &after.role, &found.role);
            // One role goes before another comes.
            if before.role != after.role && found.role.is_none() {
                last.role = None;
            }
        }
        (
            Resource::OidcProvider(last),
            Resource::OidcProvider(before),
            Resource::OidcProvider(after),
            Resource::OidcProvider(found),
        ) => {
            map(&mut last.tags.0, &before.tags.0, &after.tags.0, &found.tags.0);
            set(&mut last.client_ids, &before.client_ids, &after.client_ids, &found.client_ids);
            value(&mut last.thumbprints, &before.thumbprints, &after.thumbprints, &found.thumbprints);
        }
        // One call sets all of it.
        (Resource::AccountAlias(_) | Resource::PasswordPolicy(_), ..) => {
            value(&mut owned.last_applied, before, after, &found);
        }
        (
            Resource::SamlProvider(last),
            Resource::SamlProvider(before),
            Resource::SamlProvider(after),
            Resource::SamlProvider(found),
        ) => {
            map(&mut last.tags.0, &before.tags.0, &after.tags.0, &found.tags.0);
            value(&mut last.metadata, &before.metadata, &after.metadata, &found.metadata);
        }
        _ => {}
    }
}

fn value<T: PartialEq + Clone>(last: &mut T, before: &T, after: &T, found: &T) {
    if before != after && found == after {
        last.clone_from(after);
    }
}

/// While a boundary is replaced, another one stands in.
fn shut(last: &mut Option<PolicyArn>, before: &Option<PolicyArn>, found: &Option<PolicyArn>) {
    if before != found && found.as_ref().is_some_and(stands_in) {
        last.clone_from(found);
    }
}

fn set<T: Ord + Clone>(
    last: &mut BTreeSet<T>,
    before: &BTreeSet<T>,
    after: &BTreeSet<T>,
    found: &BTreeSet<T>,
) {
    last.extend(after.difference(before).filter(|item| found.contains(item)).cloned());
    last.retain(|item| !before.contains(item) || after.contains(item) || found.contains(item));
}

fn map<K: Ord + Clone, V: PartialEq + Clone>(
    last: &mut BTreeMap<K, V>,
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
    found: &BTreeMap<K, V>,
) {
    for (key, value) in after {
        if before.get(key) != Some(value) && found.get(key) == Some(value) {
            last.insert(key.clone(), value.clone());
        }
    }
    last.retain(|key, _| !before.contains_key(key) || after.contains_key(key) || found.contains_key(key));
}
