//! The plan as a whole: a table of contents of the stages.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    Address, Caller, Cause, Change, ChangeAction, Desired, Field, Guard, Hazard, HazardKind, Kind, Live,
    Ownership, Plan, PolicyArn, Resource, Sibling, UnfinishedRun,
};
use jiff::Timestamp;

use crate::changes::compare;
use crate::claim::{CLOCK_SKEW, claim};
use crate::credentials;
use crate::drafts::drafts;
use crate::ghosts::Ghosts;
use crate::guards::{Guards, denied, refused};
use crate::last_used;
use crate::mentions;
use crate::moves::Moves;
use crate::order::order;
use crate::providers;
use crate::quotas;
use crate::renamed::follow;
use crate::renames::Renames;
use crate::replace;
use crate::restored::restored;
use crate::settings;
use crate::world::{When, World};

/// Everything that a plan is made of.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// What the manifest wants.
    pub desired: &'a Desired,
    /// What is in the account.
    pub live: &'a Live,
    /// What the head remembers.
    pub ownership: &'a Ownership,
    /// Runs that were killed since, the oldest first.
    pub unfinished: &'a [UnfinishedRun],
    /// What the other manifests of the same master copy own: needed where [`may_overlap`] says so.
    pub siblings: &'a [Sibling],
    /// The state of the master copy.
    pub master_copy: MasterCopyState,
    /// Who runs this, when it is known.
    pub caller: Option<&'a Caller>,
    /// The guards that may be passed.
    pub allow: &'a BTreeSet<Guard>,
    /// The hazards that refuse the plan.
    pub deny: &'a BTreeSet<HazardKind>,
}

/// What is known of the master copy before a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MasterCopyState {
    /// Whether the bucket is there.
    pub bucket_exists: bool,
    /// Whether there is a head: whether the manifest was ever applied.
    pub has_head: bool,
    /// Whether what is remembered stands under the name that the manifest had before.
    pub is_renamed: bool,
    /// Whether the head names this very text of the manifest.
    pub manifest_is_stored: bool,
}

/// A plan and the ownership it starts from.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// What is ours before the first step: what the head remembers, with what killed runs did, and
    /// with what came to agree with the manifest without us.
    pub ownership: Ownership,
}

/// Makes the plan.
#[must_use]
pub fn plan(inputs: &Inputs<'_>) -> Planned {
    let mut renames = Renames::of(inputs.desired, inputs.live, inputs.ownership);
    let live = renames.live(inputs.live);
    let ownership = renames.ownership(inputs.ownership, inputs.live);
    let moves = Moves::of(inputs.desired, &live, &ownership);
    let live = moves.live(&live);
    let remembered = follow(moves.ownership(ownership), inputs.desired, &live);
    let claimed = claim(remembered, inputs.unfinished, inputs.siblings, &live);
    let ghosts = Ghosts::of(&live, &claimed);
    let live = ghosts.haunt(live);
    let mut compared = compare(inputs.desired, &live, &claimed, inputs.siblings);

    renames.mark(&mut compared.changes, &compared.ownership);

    let guards = Guards { inputs, live: &live, ownership: &claimed, ghosts: &ghosts, renames: &renames };
    let mut refusals = std::mem::take(&mut compared.refusals);
    refusals.extend(renames.refusals.iter().cloned());
    refusals.extend(guards.judge(&compared.changes));
    // What a replacement breaks is told before anybody allows it.
    let mut of_replacing = replace::hazards(&live, &compared.changes);
    of_replacing.extend(renames.hazards(&live, &compared.changes));
    let refused = refused(&refusals);
    for change in &mut compared.changes {
        if refused.contains(&change.address) && change.address != Address::MasterCopy {
            change.action = ChangeAction::Blocked;
        }
    }

    let world = World::new(&live, &compared.changes);
    refusals.extend(quotas::refusals(&world, &compared.changes));
    let drafts = drafts(&world, &compared.changes, &renames);
    let ordered = order(&world, &drafts, inputs.caller);
    refusals.extend(guards.unless_allowed(ordered.refusals));
    let mut hazards = hazards(&world, &compared.changes);
    hazards.extend(of_replacing);
    hazards.extend(settings::hazards(&compared.changes));
    hazards.extend(crate::boundaries::loosened(&world, &compared.changes));
    hazards.extend(providers::hazards(&world, &compared.changes));
    hazards.extend(restored(&world, &compared.changes, &claimed));
    hazards.extend(ordered.hazards);
    let crowded = ordered.notes;
    refusals.extend(denied(&hazards, inputs.deny));

    let ownership = compared.ownership;
    let mut notes = compared.notes;
    notes.append(&mut renames.notes);
    notes.extend(ghosts.notes(inputs.desired, &live, &compared.changes));
    notes.extend(credentials::notes(&compared.changes, &live));
    notes.extend(mentions::notes(&world, &live, &compared.changes));
    notes.extend(last_used::notes(&compared.changes, &live));
    notes.extend(crowded);
    let mut changes = compared.changes;
    changes.extend(master_copy_change(inputs, &ownership, changes.is_empty()));
    changes.sort_by(|a, b| a.address.cmp(&b.address));
    let plan = Plan {
        account: live.account.clone(),
        manifest: inputs.desired.name.clone(),
        changes,
        steps: ordered.steps,
        refusals,
        hazards,
        notes,
        unmanaged: unmanaged(inputs.desired, &live, &ownership),
    };
    Planned { plan, ownership: renames.before(ownership) }
}

/// Whether the live state shows anything that the head does not explain, so that it is worth looking
/// for runs that were killed:
///
/// - what is ours is not as we left it;
/// - what the manifest names is there and not ours, and may not be taken over unasked;
/// - something that nobody here manages was made since the head was `written`. A killed run may have
///   made it for a manifest that no longer names it.
///
/// What was made long before the head was written was made by no run after it. Without `written` there
/// is no head, or one that leaves runs before it unsettled: then age tells nothing.
#[must_use]
pub fn leaves_unexplained(
    desired: &Desired,
    live: &Live,
    ownership: &Ownership,
    written: Option<Timestamp>,
) -> bool {
    let earliest = written.map(|written| written.checked_sub(CLOCK_SKEW).unwrap_or(written));
    let made_since = |address: &Address| {
        let is_new = |earliest| match live.created(address) {
            Some(created) => created >= earliest,
            // Nobody knows: it may be.
            None => address.kind().is_setting(),
        };
        earliest.is_none_or(is_new)
    };
    if unmanaged_addresses(desired, live, ownership).any(|address| made_since(&address)) {
        return true;
    }
    let strange = |change: &Change| {
        let is_ours = live.id(&change.address).is_some_and(|id| ownership.owns(&change.address, id));
        match change.action {
            ChangeAction::Blocked if !is_ours => made_since(&change.address),
            ChangeAction::Blocked | ChangeAction::Update | ChangeAction::Replace => {
                change.cause != Cause::Ours
            }
            // What is gone, and what is taken over anyway, is the same whoever did it.
            _ => false,
        }
    };
    compare(desired, live, ownership, &[]).changes.iter().any(strange)
}

/// Whether this plan may take over what another manifest of the same master copy owns, so that the
/// others must be read: a thing that the manifest names is there and not ours, or a killed run may be
/// found to have made things.
#[must_use]
pub fn may_overlap(
    desired: &Desired,
    live: &Live,
    ownership: &Ownership,
    unfinished: &[UnfinishedRun],
) -> bool {
    let is_strange = |address| live.id(address).is_some_and(|id| !ownership.owns(address, id));
    // What is only described can be described by several.
    let is_owned = |address: &&Address| !address.kind().is_of_aws();
    desired.managed.keys().chain(&desired.absent).filter(is_owned).any(is_strange) || !unfinished.is_empty()
}

/// The change of the master copy itself: always when the bucket has to be made, or the manifest has another
/// name, and otherwise only when nothing else is written, because every other change writes it as well.
fn master_copy_change(inputs: &Inputs<'_>, ownership: &Ownership, nothing_else: bool) -> Option<Change> {
    let state = inputs.master_copy;
    let differs = [
        (Field::Name, state.is_renamed),
        (Field::Bucket, !state.bucket_exists),
        (Field::Manifest, !state.manifest_is_stored),
        (Field::Ownership, ownership != inputs.ownership),
    ];
    let fields: BTreeMap<_, _> =
        differs.into_iter().filter_map(|(field, differs)| differs.then_some((field, Cause::Ours))).collect();
    if fields.is_empty() || state.bucket_exists && !state.is_renamed && !nothing_else {
        return None;
    }
    let action = if state.has_head { ChangeAction::Update } else { ChangeAction::Create };
    Some(Change {
        address: Address::MasterCopy,
        action,
        cause: Cause::Ours,
        fields,
        before: None,
        after: None,
    })
}

fn is_changed(action: ChangeAction) -> bool {
    matches!(action, ChangeAction::Update | ChangeAction::Adopt | ChangeAction::Replace)
}

/// Whether a boundary says afterwards what it says now, under another ARN.
fn is_the_same(world: &World<'_>, before: &PolicyArn, after: Option<&PolicyArn>) -> bool {
    let text = |arn, when| world.document(arn, when);
    after.is_some_and(|after| {
        before.policy_name() == after.policy_name()
            && text(before, When::Before).is_some_and(|old| Some(old) == text(after, When::After))
    })
}

fn hazards(world: &World<'_>, changes: &[Change]) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    let changed = changes.iter().filter(|c| is_changed(c.action));
    for change in changed {
        let (Some(before), Some(after)) = (&change.before, &change.after) else { continue };
        let address = &change.address;
        let mut add = |kind, message| hazards.push(Hazard { kind, address: address.clone(), message });
        if change.touches(Field::PermissionsBoundary)
            && let Some(boundary) = before.permissions_boundary()
            && !is_the_same(world, boundary, after.permissions_boundary())
        {
            add(
                HazardKind::BoundaryLoosened,
                format!("the permissions boundary of {address} goes or changes: its policies may allow more"),
            );
        }
        if let (Resource::Group(before), Resource::Group(after)) = (before, after) {
            for member in before.members.difference(&after.members) {
                let message = format!("user/{member}, who is not in the manifest, leaves {address}");
                add(HazardKind::MemberRemoved, message);
            }
        }
        if let (Resource::InstanceProfile(before), Resource::InstanceProfile(after)) = (before, after)
            && change.action != ChangeAction::Replace
            && before.role.is_some()
            && after.role.is_some()
            && before.role != after.role
        {
            add(
                HazardKind::MomentaryGap,
                format!("instances that run with {address} have no role for a moment"),
            );
        }
    }
    hazards
}

/// How many things of each kind are there that nobody here manages. What belongs to AWS is not counted.
fn unmanaged(desired: &Desired, live: &Live, ownership: &Ownership) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = Kind::IN_ACCOUNT
        .into_iter()
        .filter(|kind| live.has_read(*kind) && !kind.is_of_aws())
        .map(|kind| (Plan::unmanaged_key(kind), 0))
        .collect();
    for address in unmanaged_addresses(desired, live, ownership) {
        if let Some(count) = counts.get_mut(&Plan::unmanaged_key(address.kind())) {
            *count = count.saturating_add(1);
        }
    }
    counts
}

/// What is in the account and neither in the manifest nor ours, without what belongs to AWS.
pub fn unmanaged_addresses(
    desired: &Desired,
    live: &Live,
    ownership: &Ownership,
) -> impl Iterator<Item = Address> {
    let reserved = |address: &Address| match address {
        Address::Role(name) => live.roles.get(name).is_some_and(|role| role.path.is_reserved()),
        _ => false,
    };
    let is_unmanaged = move |address: &Address, id: &iamctl_model::UniqueId| {
        !desired.managed.contains_key(address) && !ownership.owns(address, id) && !reserved(address)
    };
    live.addresses().filter(move |(address, id)| is_unmanaged(address, id)).map(|(address, _)| address)
}
