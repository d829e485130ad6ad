//! What AWS lets an account have, before the first call: the end of a plan must fit, and so must every moment on the
//! way there.
//!
//! | full is | so |
//! | --- | --- |
//! | the account, of one kind, with the new beside the old | deletes of that kind come before creates |
//! | a user, group or role, of attached policies | what goes is detached before anything is attached to it |
//! | a user, of groups | it leaves before it joins |
//!
//! Where that opens a gap or a hole, the edges that give way tell it.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    Action, Address, Change, ChangeAction, Desired, Guard, Kind, Live, Note, Ownership, Quotas, Refusal,
    Resource, UserName,
};

use crate::drafts::{Draft, Part};
use crate::graph::{Edges, Reason};
use crate::world::{When, World};

/// How many policies AWS lets one attach to a user, group or role, and how many groups a user can be in, where the
/// quotas of the account were not read. Source: IAM User Guide, "IAM and AWS STS quotas", defaults.
const MOST_ATTACHED: usize = 10;
const MOST_GROUPS: usize = 10;

/// Whether a plan may make or attach something that the account has no room for, so that its quotas are worth a call.
#[must_use]
pub fn needs_quotas(desired: &Desired, live: &Live, ownership: &Ownership) -> bool {
    desired.managed.iter().any(|(address, managed)| {
        let former = managed.renamed_from.as_ref().and_then(|former| live.id(former));
        let is_renamed = former.is_some_and(|id| ownership.0.values().any(|owned| owned.id == *id));
        let is_made = live.has_read(address.kind()) && live.id(address).is_none() && !is_renamed;
        is_made || is_crowded(&managed.value, live.resource(address, None).as_ref())
    })
}

/// Whether the new beside the old is more than the default quotas have room for.
fn is_crowded(wanted: &Resource, found: Option<&Resource>) -> bool {
    let policies = |one: &Resource| one.policies().cloned().unwrap_or_default();
    let all = found.map(policies).unwrap_or_default();
    let new = policies(wanted).difference(&all).count();
    new > 0 && all.len().saturating_add(new) > MOST_ATTACHED
}

/// The things that a plan makes of each kind, and those that it deletes.
fn made_and_deleted(changes: &[Change], kind: Kind) -> (usize, usize) {
    let count = |action| {
        let of_kind = changes.iter().filter(|change| change.address.kind() == kind);
        of_kind.filter(|change| change.action == action).count()
    };
    (count(ChangeAction::Create), count(ChangeAction::Delete))
}

/// What would not fit in the end.
pub(crate) fn refusals(world: &World<'_>, changes: &[Change]) -> Vec<Refusal> {
    let live = world.live();
    let Some(quotas) = live.quotas.as_ref() else { return Vec::new() };
    let mut refusals = Vec::new();
    for kind in Kind::IN_ACCOUNT.into_iter().filter(|kind| live.has_read(*kind)) {
        let (made, deleted) = made_and_deleted(changes, kind);
        let there = live.count(kind);
        let after = there.saturating_add(made).saturating_sub(deleted);
        if let Some(most) = quotas.of_kind(kind).filter(|most| made > 0 && after > *most) {
            refusals.push(Refusal {
                guard: Guard::Quota,
                address: Address::MasterCopy,
                message: format!(
                    "the account would have {after} {}, and its quota is {most}: there are {there}, {made} would be \
                     made and {deleted} deleted",
                    kind.plural()
                ),
                help: format!("delete {} that nobody needs, or ask AWS for a higher quota", kind.plural()),
            });
        }
    }
    let changed = |change: &&Change| {
        matches!(
            change.action,
            ChangeAction::Create | ChangeAction::Update | ChangeAction::Adopt | ChangeAction::Replace
        )
    };
    for change in changes.iter().filter(changed) {
        refusals.extend(crowded(world, quotas, change));
    }
    refusals
}

/// One thing that would hold more than it may.
fn crowded(world: &World<'_>, quotas: &Quotas, change: &Change) -> Option<Refusal> {
    let address = &change.address;
    let found = world.live().resource(address, None);
    let (before, after) = (change.before.as_ref(), world.resource(address, When::After)?);
    // What the manifest leaves to others is in neither side, and takes room all the same.
    let held = |items: fn(&Resource) -> BTreeSet<String>| -> (usize, usize) {
        let found = found.as_ref().map(items).unwrap_or_default();
        let before = before.map(items).unwrap_or_default();
        let mut all: BTreeSet<String> = found.difference(&before).cloned().collect();
        all.extend(items(&after));
        (all.difference(&found).count(), all.len())
    };
    let (newly_attached, attached) =
        held(|one| one.policies().into_iter().flatten().map(|arn| arn.as_str().to_owned()).collect());
    let (newly_joined, groups) = held(|one| match one {
        Resource::User(user) => user.groups.iter().map(ToString::to_string).collect(),
        _ => BTreeSet::new(),
    });
    let too_many = |new: usize, all: usize, most: Option<usize>, what: &str, raise: &str| {
        let most = most.filter(|most| new > 0 && all > *most)?;
        Some(Refusal {
            guard: Guard::Quota,
            address: address.clone(),
            message: format!("{address} would have {all} {what}, and the account's quota is {most}"),
            help: format!("put some of them together{raise}"),
        })
    };
    let raise = ", or ask AWS for a higher quota";
    too_many(newly_attached, attached, quotas.attached_to(address.kind()), "attached policies", raise)
        .or_else(|| {
            too_many(newly_joined, groups, quotas.groups_of_user, "groups", ": AWS does not raise this one")
        })
}

/// Orders what goes before what comes where there is no room for both, and tells it.
pub(crate) fn order(world: &World<'_>, drafts: &[Draft], edges: &mut Edges) -> Vec<Note> {
    let mut notes = rooms(world, drafts, edges);
    for kind in Kind::IN_ACCOUNT {
        notes.extend(totals(world, drafts, edges, kind));
    }
    notes
}

/// Where the account has no room for one more of a kind, deletes come before creates.
fn totals(world: &World<'_>, drafts: &[Draft], edges: &mut Edges, kind: Kind) -> Option<Note> {
    let live = world.live();
    let most = live.quotas.as_ref()?.of_kind(kind).filter(|_| live.has_read(kind))?;
    let of = |is_meant: fn(&Action) -> bool| -> Vec<usize> {
        let meant = drafts.iter().enumerate().filter(|(_, draft)| {
            // One that is replaced is one before and one after.
            draft.part == Part::Whole && is_meant(&draft.action) && draft.action.subject().kind() == kind
        });
        meant.map(|(index, _)| index).collect()
    };
    let creates = of(Action::creates);
    let deletes = of(Action::deletes);
    if deletes.is_empty() || live.count(kind).saturating_add(creates.len()) <= most {
        return None;
    }
    for first in &deletes {
        creates.iter().for_each(|then| edges.add(*first, *then, Reason::Precondition));
    }
    (!creates.is_empty()).then(|| Note {
        address: Address::MasterCopy,
        message: format!(
            "{} are deleted before others are made, because the account has room for {most}",
            kind.plural()
        ),
    })
}

/// Where a user, group or role has no room for the new beside the old, the old goes first.
fn rooms(world: &World<'_>, drafts: &[Draft], edges: &mut Edges) -> Vec<Note> {
    let mut attaches: BTreeMap<Address, Vec<usize>> = BTreeMap::new();
    let mut detaches: BTreeMap<Address, Vec<usize>> = BTreeMap::new();
    let mut joins: BTreeMap<UserName, Vec<usize>> = BTreeMap::new();
    let mut leaves: BTreeMap<UserName, Vec<usize>> = BTreeMap::new();
    // One that is replaced starts with nothing.
    for (index, draft) in drafts.iter().enumerate().filter(|(_, draft)| draft.part == Part::Whole) {
        let subject = || draft.action.subject();
        match &draft.action {
            Action::AttachUserPolicy { .. }
            | Action::AttachGroupPolicy { .. }
            | Action::AttachRolePolicy { .. } => attaches.entry(subject()).or_default().push(index),
            Action::DetachUserPolicy { .. }
            | Action::DetachGroupPolicy { .. }
            | Action::DetachRolePolicy { .. } => detaches.entry(subject()).or_default().push(index),
            Action::AddUserToGroup { user_name, .. } => {
                joins.entry(user_name.clone()).or_default().push(index);
            }
            Action::RemoveUserFromGroup { user_name, .. } => {
                leaves.entry(user_name.clone()).or_default().push(index);
            }
            _ => {}
        }
    }
    let live = world.live();
    let quotas = live.quotas.as_ref();
    let mut crowded: Vec<(Address, String, Vec<usize>, Vec<usize>)> = Vec::new();
    for (address, new) in attaches {
        let found = live.resource(&address, None);
        let there = found.as_ref().and_then(|found| found.policies()).map_or(0, BTreeSet::len);
        let old = detaches.remove(&address).unwrap_or_default();
        let read = quotas.and_then(|quotas| quotas.attached_to(address.kind()));
        let most = read.unwrap_or(MOST_ATTACHED);
        if there.saturating_add(new.len()) > most {
            let unsure = match read {
                Some(_) => "",
                None => ": AWS's default quota. Whether this account's is higher is not read",
            };
            let why = format!(
                "policies are detached before others are attached, because there is room for {most} only{unsure}"
            );
            crowded.push((address, why, old, new));
        }
    }
    for (user, new) in joins {
        let there = live.users.get(&user).map_or(0, |user| user.value.groups.len());
        let old = leaves.remove(&user).unwrap_or_default();
        let most = quotas.and_then(|quotas| quotas.groups_of_user).unwrap_or(MOST_GROUPS);
        if there.saturating_add(new.len()) > most {
            let why = format!(
                "it leaves groups before it joins others, because a user can be in {most} groups only"
            );
            crowded.push((Address::User(user), why, old, new));
        }
    }
    let mut notes = Vec::new();
    for (address, message, old, new) in crowded {
        if !old.is_empty() {
            notes.push(Note { address, message });
        }
        for first in old {
            new.iter().for_each(|then| edges.add(first, *then, Reason::Precondition));
        }
    }
    notes
}
