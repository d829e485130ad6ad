//! Where the new and the old have no room beside each other.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{Action, Address, Guard, Kind, Note, PolicyName, Refusal, Resource, UserName};

use super::limits::{Limit, Limits};
use crate::drafts::{Draft, Part};
use crate::fit::{Room, Stuck, fit};
use crate::graph::{Edges, GivenUp};
use crate::world::World;

/// What there is only so much room for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    /// Things of a kind, in the account.
    Total(Kind),
    /// Managed policies, on one thing.
    Attached(Address),
    /// Groups, of one user.
    Groups(UserName),
    /// Characters of inline policies, on one thing.
    Inline(Address),
    /// Client ids, of one provider.
    ClientIds(Address),
}

/// What a plan does to something that there is only so much room for.
struct Use {
    of: Of,
    limit: Limit,
    room: Room,
}

/// What came of making everything fit.
#[derive(Debug, Default)]
pub(crate) struct Fitted {
    pub(crate) notes: Vec<Note>,
    pub(crate) given_up: Vec<GivenUp>,
    pub(crate) refusals: Vec<Refusal>,
}

/// Puts what goes before what comes where there is no room for both, and tells it. The steps have an order before, and
/// have one afterwards.
pub(crate) fn make_fit(world: &World<'_>, drafts: &[Draft], edges: &mut Edges) -> Fitted {
    let mut crowded = uses(world, drafts);
    crowded.retain(|used| used.room.is_crowded());
    let rooms = |crowded: &[Use]| -> Vec<Room> { crowded.iter().map(|used| used.room.clone()).collect() };
    let mut found = fit(edges, drafts.len(), &rooms(&crowded));
    if found.is_err() {
        // What may not even be full is no reason to refuse anything.
        crowded.retain(|used| used.limit.is_sure());
        found = fit(edges, drafts.len(), &rooms(&crowded));
    }
    let given_up = match found {
        Ok(given_up) => given_up,
        Err(stuck) => {
            let refusals = refusal(&crowded, drafts, &stuck).into_iter().collect();
            return Fitted { refusals, ..Fitted::default() };
        }
    };
    let makes_room = |used: &&Use| used.room.steps.values().any(|change| *change > 0);
    let notes = crowded.iter().filter(makes_room).map(Use::note).collect();
    Fitted { notes, given_up, refusals: Vec::new() }
}

/// What the plan does to everything that has a quota.
fn uses(world: &World<'_>, drafts: &[Draft]) -> Vec<Use> {
    let mut steps: BTreeMap<Of, BTreeMap<usize, i64>> = BTreeMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        // One that is replaced is one before and one after, and starts with nothing.
        let is_made_or_goes = draft.action.creates() || draft.action.deletes();
        if draft.part != Part::Whole && !(is_made_or_goes && is_overfull(world, draft)) {
            continue;
        }
        if let Some((of, change)) = change(world, &draft.action).filter(|(_, change)| *change != 0) {
            steps.entry(of).or_default().insert(index, change);
        }
    }
    let limits = Limits::of(world.live());
    steps.into_iter().filter_map(|(of, steps)| Use::of(world, limits, of, steps)).collect()
}

/// Whether there is more of a kind than there may be, so that not even one that was deleted can be made again. Roles
/// of AWS's services are made beyond the quota.
/// Source: IAM User Guide, "Create a service-linked role".
fn is_overfull(world: &World<'_>, draft: &Draft) -> bool {
    let kind = draft.action.subject().kind();
    let live = world.live();
    let limit = Limits::of(live).total(kind).filter(|_| live.has_read(kind));
    limit.is_some_and(|limit| limit.is_sure() && live.count(kind) > limit.most)
}

/// What a call adds to the room for something, or takes from it (less than nothing).
fn change(world: &World<'_>, action: &Action) -> Option<(Of, i64)> {
    let subject = action.subject();
    Some(match action {
        Action::AttachUserPolicy { .. }
        | Action::AttachGroupPolicy { .. }
        | Action::AttachRolePolicy { .. } => (Of::Attached(subject), -1),
        Action::DetachUserPolicy { .. }
        | Action::DetachGroupPolicy { .. }
        | Action::DetachRolePolicy { .. } => (Of::Attached(subject), 1),
        Action::AddUserToGroup { user_name, .. } => (Of::Groups(user_name.clone()), -1),
        Action::RemoveUserFromGroup { user_name, .. } => (Of::Groups(user_name.clone()), 1),
        Action::PutUserPolicy { policy_name, policy_document, .. }
        | Action::PutGroupPolicy { policy_name, policy_document, .. }
        | Action::PutRolePolicy { policy_name, policy_document, .. } => {
            let old = inline_size(world, &subject, Some(policy_name));
            let new = count(policy_document.quota_size());
            (Of::Inline(subject), old.saturating_sub(new))
        }
        Action::DeleteUserPolicy { policy_name, .. }
        | Action::DeleteGroupPolicy { policy_name, .. }
        | Action::DeleteRolePolicy { policy_name, .. } => {
            let old = inline_size(world, &subject, Some(policy_name));
            (Of::Inline(subject), old)
        }
        Action::AddClientIDToOpenIDConnectProvider { .. } => (Of::ClientIds(subject), -1),
        Action::RemoveClientIDFromOpenIDConnectProvider { .. } => (Of::ClientIds(subject), 1),
        other if other.creates() => (Of::Total(subject.kind()), -1),
        other if other.deletes() => (Of::Total(subject.kind()), 1),
        _ => return None,
    })
}

/// The size of one inline policy in the account, or of all of something.
fn inline_size(world: &World<'_>, address: &Address, name: Option<&PolicyName>) -> i64 {
    let found = world.live().resource(address, None);
    let inline = found.as_ref().and_then(Resource::inline_policies).into_iter().flatten();
    let meant = inline.filter(|(known, _)| name.is_none_or(|name| *known == name));
    meant.fold(0, |sum: i64, (_, document)| sum.saturating_add(count(document.quota_size())))
}

fn count(items: usize) -> i64 {
    i64::try_from(items).unwrap_or(i64::MAX)
}

impl Use {
    fn of(world: &World<'_>, limits: Limits<'_>, of: Of, steps: BTreeMap<usize, i64>) -> Option<Self> {
        let live = world.live();
        let (there, limit) = match &of {
            Of::Total(kind) => {
                (count(live.count(*kind)), limits.total(*kind).filter(|_| live.has_read(*kind))?)
            }
            Of::Attached(address) => {
                let found = live.resource(address, None);
                let all = found.as_ref().and_then(Resource::policies).map_or(0, BTreeSet::len);
                (count(all), limits.attached(address.kind()))
            }
            Of::Groups(user) => {
                let all = live.users.get(user).map_or(0, |user| user.value.groups.len());
                (count(all), limits.groups())
            }
            Of::Inline(address) => (inline_size(world, address, None), limits.inline_size(address.kind())?),
            Of::ClientIds(address) => {
                let all = match live.resource(address, None) {
                    Some(Resource::OidcProvider(provider)) => provider.client_ids.len(),
                    _ => 0,
                };
                (count(all), limits.client_ids())
            }
        };
        let more = steps.values().fold(0, |sum: i64, change| sum.saturating_sub(*change));
        // What does not fit in the end is refused elsewhere, or has a higher quota than the one that was taken for it.
        let mut most = count(limit.most).max(there.saturating_add(more));
        if !limit.is_sure() {
            most = most.max(there);
        }
        let room = Room { free: most.saturating_sub(there), steps };
        Some(Self { of, limit, room })
    }

    fn note(&self) -> Note {
        let Limit { most, .. } = self.limit;
        let unsure = self.limit.unsure();
        let (address, message) = match &self.of {
            Of::Total(kind) => (
                Address::MasterCopy,
                format!(
                    "{} are deleted before others are made, because the account has room for {most}{unsure}",
                    kind.plural()
                ),
            ),
            Of::Attached(address) => (
                address.clone(),
                format!(
                    "policies are detached before others are attached, because there is room for {most} only{unsure}"
                ),
            ),
            Of::Groups(user) => (
                Address::User(user.clone()),
                format!(
                    "it leaves groups before it joins others, because a user can be in {most} groups only"
                ),
            ),
            Of::Inline(address) => (
                address.clone(),
                format!(
                    "inline policies go or get shorter before others come or get longer, because there is room for \
                     {most} characters of them"
                ),
            ),
            Of::ClientIds(address) => (
                address.clone(),
                format!("client ids are removed before others are added, because there is room for {most}"),
            ),
        };
        Note { address, message }
    }

    /// What it is that has no room, in a sentence.
    fn most(&self) -> String {
        let most = self.limit.most;
        match &self.of {
            Of::Total(kind) => format!("the account has room for {most} {}", kind.plural()),
            Of::Attached(address) => format!("{address} has room for {most} attached policies"),
            Of::Groups(user) => format!("user/{user} can be in {most} groups"),
            Of::Inline(address) => format!("{address} has room for {most} characters of inline policies"),
            Of::ClientIds(address) => format!("{address} has room for {most} client ids"),
        }
    }
}

/// There is room in the end, and no way there.
fn refusal(crowded: &[Use], drafts: &[Draft], stuck: &Stuck) -> Option<Refusal> {
    let used = crowded.get(stuck.room)?;
    let step = drafts.get(stuck.step)?;
    let others = stuck.others.iter().filter_map(|index| drafts.get(*index));
    let others: Vec<String> = others.map(|draft| draft.action.describe()).collect();
    Some(Refusal {
        guard: Guard::Quota,
        address: step.because.clone(),
        message: format!(
            "{}: there is no room for {} before {}, which can only be done after it",
            used.most(),
            step.action.describe(),
            others.join(" or ")
        ),
        help: "apply first what makes room without needing any, or ask AWS for a higher quota".to_owned(),
    })
}
