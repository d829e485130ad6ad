//! The order of the calls: what AWS demands, and what keeps every moment of the run safe.
//!
//! Of two calls that affect the access of the same user or role, one that
//!
//! | does this | comes before one that | or else, for a moment |
//! | --- | --- | --- |
//! | denies | allows, or stops denying | something is allowed that never should be |
//! | stops allowing | stops denying | the same |
//! | allows | stops allowing something that may be the same | something is denied that never should be |
//!
//! A permissions boundary and a trust policy bound what everything else can give: one that comes or
//! gets narrower counts as denying anything, one that goes or gets wider as no longer denying.
//!
//! For policies that only allow or only deny this is exact. For ones that do both it can be
//! unattainable; then the plan carries a hazard.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    Action, Address, Caller, GroupName, Guard, Hazard, HazardKind, Identity, Note, PolicyArn, Refusal, Step,
    StepId,
};
use iamctl_policy::Document;

use crate::credentials;
use crate::delta::Delta;
use crate::doors;
use crate::drafts::{Draft, Effect, Part, own_principal};
use crate::graph::{Edges, GivenUp, Reason};
use crate::quotas::{self, Fitted};
use crate::service_linked;
use crate::world::World;

/// The steps in order, and what about their order must be told.
#[derive(Debug, Default)]
pub(crate) struct Ordered {
    pub(crate) steps: Vec<Step>,
    pub(crate) hazards: Vec<Hazard>,
    pub(crate) notes: Vec<Note>,
    pub(crate) refusals: Vec<Refusal>,
}

/// Puts calls in order.
pub(crate) fn order(world: &World<'_>, drafts: &[Draft], caller: Option<&Caller>) -> Ordered {
    let mut ordering = Ordering {
        world,
        drafts,
        runner: caller.and_then(Caller::identity),
        edges: Edges::default(),
        whom: BTreeMap::new(),
        hazards: BTreeSet::new(),
    };
    ordering.preconditions();
    ordering.versions_before_attachments();
    ordering.groups_and_members();
    ordering.trust_before_deletes();
    service_linked::after_roles(world.live(), drafts, &mut ordering.edges);
    ordering.untagged_before_tagged();
    credentials::order(drafts, &mut ordering.edges);
    ordering.safe_access();
    let found = doors::order(world, drafts, &mut ordering.edges);
    ordering.hazards.extend(found.hazards);
    for (edge, whom) in found.whom {
        ordering.whom.entry(edge).or_default().extend(whom);
    }
    ordering.runner_last();
    ordering.finish()
}

/// An effect, told by its draft and its place in it.
type Placed<'a> = ((usize, usize), &'a Effect);

struct Ordering<'a> {
    world: &'a World<'a>,
    drafts: &'a [Draft],
    /// Who runs this.
    runner: Option<Identity>,
    edges: Edges,
    /// Who is in danger, and of what, where an edge gives way, beside those whom both its steps affect.
    whom: BTreeMap<(usize, usize), BTreeSet<(Identity, HazardKind)>>,
    hazards: BTreeSet<(Identity, HazardKind)>,
}

impl Ordering<'_> {
    fn actions(&self) -> impl Iterator<Item = (usize, &Action)> {
        self.drafts.iter().enumerate().map(|(index, draft)| (index, &draft.action))
    }

    /// What AWS refuses otherwise.
    fn preconditions(&mut self) {
        let (creates, deletes, moves) = (self.creates(), self.deletes(), self.moves());
        let (versions, removals) = (self.new_versions(), self.removals());
        let mut edges = Vec::new();
        for (index, draft) in self.drafts.iter().enumerate() {
            let (action, part) = (&draft.action, draft.part);
            let subject = action.subject();
            let (create, delete) = (creates.get(&subject), deletes.get(&subject));
            edges.extend(create.filter(|at| !self.are_parted(index, **at)).map(|create| (*create, index)));
            edges.extend(delete.filter(|at| !self.are_parted(index, **at)).map(|delete| (index, *delete)));
            if let Some(policy) = policies_used(action) {
                let address = Address::Policy(policy.policy_name());
                edges.extend(creates.get(&address).map(|create| (*create, index)));
            }
            // What lets go of a policy, a group or a role comes before it is deleted.
            for address in released(self.world, action).into_iter().filter(|_| part != Part::New) {
                edges.extend(deletes.get(&address).map(|delete| (index, *delete)));
            }
            if let Action::AddUserToGroup { group_name, .. }
            | Action::RemoveUserFromGroup { group_name, .. } = action
            {
                edges.extend(creates.get(&Address::Group(group_name.clone())).map(|create| (*create, index)));
            }
            if let Action::AddRoleToInstanceProfile { role_name, .. } = action {
                edges.extend(creates.get(&Address::Role(role_name.clone())).map(|create| (*create, index)));
                // There is room for one role.
                edges.extend(removals.get(&subject).map(|removal| (*removal, index)));
            }
            for identity in trust_of(action).into_iter().flat_map(|trust| self.named(trust)) {
                edges.extend(creates.get(&identity.address()).map(|create| (*create, index)));
                edges.extend(moves.get(&identity.address()).map(|update| (*update, index)));
            }
            for provider in trust_of(action).into_iter().flat_map(|trust| self.providers(trust)) {
                edges.extend(creates.get(&provider).map(|create| (*create, index)));
            }
            let trusted =
                trust_of(action).map(|trust| service_linked::named(trust, self.world.live(), &creates));
            edges.extend(trusted.into_iter().flatten().map(|create| (create, index)));
            if let Action::DeletePolicyVersion { policy_arn, .. } = action {
                edges.extend(versions.get(policy_arn).map(|later| (index, *later)));
            }
        }
        // A name is free once its thing is gone, or has another one.
        let left = self.actions().filter_map(|(index, action)| Some((action.renames()?, index)));
        let left: Vec<_> = left.collect();
        for ((from, _), first) in &left {
            edges.extend(left.iter().filter(|((_, to), _)| to == from).map(|(_, then)| (*first, *then)));
        }
        edges.extend(creates.iter().filter_map(|(address, create)| Some((*deletes.get(address)?, *create))));
        for (first, then) in edges {
            self.edges.add(first, then, Reason::Precondition);
        }
    }

    /// The calls after which things are there under their names.
    fn creates(&self) -> BTreeMap<Address, usize> {
        let creates = self.actions().filter(|(_, action)| action.creates() || action.renames().is_some());
        creates.map(|(index, action)| (action.subject(), index)).collect()
    }

    fn deletes(&self) -> BTreeMap<Address, usize> {
        let deletes = self.actions().filter(|(_, action)| action.deletes());
        deletes.map(|(index, action)| (action.subject(), index)).collect()
    }

    /// The calls that take roles out of instance profiles.
    fn removals(&self) -> BTreeMap<Address, usize> {
        self.actions()
            .filter(|(_, action)| matches!(action, Action::RemoveRoleFromInstanceProfile { .. }))
            .map(|(index, action)| (action.subject(), index))
            .collect()
    }

    fn moves(&self) -> BTreeMap<Address, usize> {
        self.actions()
            .filter(|(_, action)| matches!(action, Action::UpdateUser { .. }))
            .map(|(index, action)| (action.subject(), index))
            .collect()
    }

    fn new_versions(&self) -> BTreeMap<&PolicyArn, usize> {
        let versions = self.actions().filter_map(|(index, action)| match action {
            Action::CreatePolicyVersion { policy_arn, .. } => Some((policy_arn, index)),
            _ => None,
        });
        versions.collect()
    }

    /// The users and roles of this account that a trust policy names.
    fn named(&self, trust: &Document) -> Vec<Identity> {
        let account = &self.world.live().account;
        trust.aws_principals().filter_map(|text| own_principal(account, text)).collect()
    }

    /// The identity providers of this account that a trust policy names.
    fn providers(&self, trust: &Document) -> Vec<Address> {
        let account = &self.world.live().account;
        let own = |text: &str| {
            let address = Address::of_federated_principal(text)?;
            (address.federated_principal(account).as_deref() == Some(text)).then_some(address)
        };
        trust.federated_principals().filter_map(own).collect()
    }

    /// Whoever gets a policy gets its new text, and whoever loses it never sees the new text; it is the
    /// same with a policy that bounds.
    fn versions_before_attachments(&mut self) {
        let mut versions: BTreeMap<&PolicyArn, usize> = BTreeMap::new();
        for (index, draft) in self.drafts.iter().enumerate() {
            if let Action::CreatePolicyVersion { policy_arn, .. }
            | Action::SetDefaultPolicyVersion { policy_arn, .. } = &draft.action
            {
                versions.insert(policy_arn, index);
            }
        }
        let mut edges = Vec::new();
        for (index, draft) in self.drafts.iter().enumerate() {
            edges.extend(attached(&draft.action).and_then(|arn| Some((*versions.get(arn)?, index))));
            edges.extend(detached(&draft.action).and_then(|arn| Some((index, *versions.get(arn)?))));
            let (old, new) = self.boundaries(&draft.action);
            edges.extend(new.and_then(|arn| Some((*versions.get(arn)?, index))));
            edges.extend(old.and_then(|arn| Some((index, *versions.get(&arn)?))));
        }
        for (first, then) in edges {
            self.whole(first, then);
        }
    }

    /// One of these gives somebody something, or takes it, and the other one changes what that is.
    fn whole(&mut self, first: usize, then: usize) {
        self.edges.add(first, then, Reason::Excess);
        let both = [first, then].into_iter().filter_map(|index| self.drafts.get(index));
        let comes_or_goes = both.clone().filter(|draft| {
            // Those who join or leave, and not the other members.
            matches!(draft.action, Action::AddUserToGroup { .. } | Action::RemoveUserFromGroup { .. })
        });
        let mut whom: BTreeSet<Identity> =
            comes_or_goes.flat_map(|draft| user_moved(&draft.action)).collect();
        if whom.is_empty() {
            whom = both.flat_map(Draft::affects).collect();
        }
        let kinds = [HazardKind::MomentaryExcess, HazardKind::MomentaryGap];
        let dangers = kinds.into_iter().flat_map(|kind| whom.iter().map(move |who| (who.clone(), kind)));
        self.whom.entry((first, then)).or_default().extend(dangers);
    }

    /// The boundary that a call takes away, and the one that it sets.
    fn boundaries<'b>(&self, action: &'b Action) -> (Option<PolicyArn>, Option<&'b PolicyArn>) {
        let new = match action {
            Action::PutUserPermissionsBoundary { permissions_boundary, .. }
            | Action::PutRolePermissionsBoundary { permissions_boundary, .. } => Some(permissions_boundary),
            Action::DeleteUserPermissionsBoundary { .. } | Action::DeleteRolePermissionsBoundary { .. } => {
                None
            }
            _ => return (None, None),
        };
        let found = self.world.live().resource(&action.subject(), None);
        (found.as_ref().and_then(|found| found.permissions_boundary()).cloned(), new)
    }

    /// Whoever joins a group finds it as it will be, and whoever leaves it leaves it as it was, all of it
    /// at once: what happens to a group in between concerns those who stay members, and nobody else.
    fn groups_and_members(&mut self) {
        let mut joins: BTreeMap<&GroupName, Vec<usize>> = BTreeMap::new();
        let mut leaves: BTreeMap<&GroupName, Vec<usize>> = BTreeMap::new();
        for (index, action) in self.actions() {
            match action {
                Action::AddUserToGroup { group_name, .. } => joins.entry(group_name).or_default().push(index),
                Action::RemoveUserFromGroup { group_name, .. } => {
                    leaves.entry(group_name).or_default().push(index);
                }
                _ => {}
            }
        }
        let mut edges = Vec::new();
        let of = |members: &BTreeMap<&GroupName, Vec<usize>>, is_meant: &dyn Fn(&GroupName) -> bool| {
            let meant = members.iter().filter(|(group, _)| is_meant(group));
            meant.flat_map(|(_, steps)| steps.iter().copied()).collect::<Vec<usize>>()
        };
        for (index, action) in self.actions().filter(|_| !joins.is_empty() || !leaves.is_empty()) {
            let (coming, going) = match action {
                Action::AttachGroupPolicy { group_name, .. }
                | Action::DetachGroupPolicy { group_name, .. }
                | Action::PutGroupPolicy { group_name, .. }
                | Action::DeleteGroupPolicy { group_name, .. } => {
                    (of(&joins, &|group| group == group_name), of(&leaves, &|group| group == group_name))
                }
                Action::CreatePolicyVersion { policy_arn, .. }
                | Action::SetDefaultPolicyVersion { policy_arn, .. } => (
                    of(&joins, &|group| self.world.will_hold(group, policy_arn)),
                    of(&leaves, &|group| self.world.holds(group, policy_arn)),
                ),
                _ => continue,
            };
            edges.extend(coming.into_iter().map(|then| (index, then)));
            edges.extend(going.into_iter().map(|first| (first, index)));
        }
        for (first, then) in edges {
            self.whole(first, then);
        }
    }

    /// A trust policy that names somebody who will be deleted is changed first: it would read as an
    /// unknown id in between, or name a provider that is not there.
    fn trust_before_deletes(&mut self) {
        let deletes = self.deletes();
        let mut edges = Vec::new();
        for (index, action) in self.actions() {
            let (Action::UpdateAssumeRolePolicy { role_name, .. } | Action::DeleteRole { role_name }) =
                action
            else {
                continue;
            };
            let Some(role) = self.world.live().roles.get(role_name) else { continue };
            let named = self.named(&role.trust).into_iter().map(|identity| identity.address());
            for address in named.chain(self.providers(&role.trust)) {
                edges.extend(deletes.get(&address).map(|delete| (index, *delete)));
            }
        }
        for (first, then) in edges {
            self.edges.add(first, then, Reason::Tidy);
        }
    }

    /// There is room for 50 tags on a thing. Source: IAM User Guide, "IAM and AWS STS quotas".
    fn untagged_before_tagged(&mut self) {
        let mut untags: BTreeMap<Address, usize> = BTreeMap::new();
        let mut tags = Vec::new();
        for (index, action) in self.actions() {
            match action {
                Action::UntagUser { .. }
                | Action::UntagRole { .. }
                | Action::UntagPolicy { .. }
                | Action::UntagInstanceProfile { .. }
                | Action::UntagOpenIDConnectProvider { .. }
                | Action::UntagSAMLProvider { .. } => {
                    untags.insert(action.subject(), index);
                }
                Action::TagUser { .. }
                | Action::TagRole { .. }
                | Action::TagPolicy { .. }
                | Action::TagInstanceProfile { .. }
                | Action::TagOpenIDConnectProvider { .. }
                | Action::TagSAMLProvider { .. } => {
                    tags.push((action.subject(), index));
                }
                _ => {}
            }
        }
        for (subject, then) in tags {
            if let Some(first) = untags.get(&subject) {
                self.edges.add(*first, then, Reason::Precondition);
            }
        }
    }

    fn safe_access(&mut self) {
        let mut by_identity: BTreeMap<&Identity, Vec<Placed<'_>>> = BTreeMap::new();
        for (index, draft) in self.drafts.iter().enumerate() {
            for (place, effect) in draft.effects.iter().enumerate() {
                for identity in &effect.on {
                    by_identity.entry(identity).or_default().push(((index, place), effect));
                }
            }
        }
        // Steps on a shared policy or a group meet in the scope of every holder: looked at once.
        let mut seen = BTreeSet::new();
        for effects in by_identity.into_values() {
            for (position, (a, x)) in effects.iter().enumerate() {
                for (b, y) in effects.iter().skip(position.saturating_add(1)) {
                    // What one call does, it does at once.
                    if a.0 != b.0 && !self.are_parted(a.0, b.0) && seen.insert((*a, *b)) {
                        self.relate((a.0, x), (b.0, y));
                    }
                }
            }
        }
    }

    /// Whether these belong to the old one and the new one of a thing that is replaced.
    fn are_parted(&self, a: usize, b: usize) -> bool {
        let (a, b) = (self.drafts.get(a), self.drafts.get(b));
        a.zip(b).is_some_and(|(a, b)| a.is_parted_from(b))
    }

    fn relate(&mut self, (a, first): (usize, &Effect), (b, second): (usize, &Effect)) {
        let (x, y) = (&first.delta, &second.delta);
        for (strict, loose, reason, hazard) in [
            (excess(x, y), excess(y, x), Reason::Excess, HazardKind::MomentaryExcess),
            (gap(x, y), gap(y, x), Reason::Gap, HazardKind::MomentaryGap),
        ] {
            match (strict, loose) {
                (Relation::None, Relation::None) => {}
                (Relation::Matters, Relation::Matters) => {
                    let both = first.on.intersection(&second.on);
                    self.hazards.extend(both.map(|identity| (identity.clone(), hazard)));
                }
                (Relation::Matters, _) | (Relation::Prudent, Relation::None) => self.edges.add(a, b, reason),
                (_, Relation::Matters) | (Relation::None, Relation::Prudent) => self.edges.add(b, a, reason),
                // Neither can do harm to the other; the order written is as good as any.
                (Relation::Prudent, Relation::Prudent) => {}
            }
        }
    }

    /// What takes rights from whoever runs this comes after everything else.
    fn runner_last(&mut self) {
        let Some(runner) = &self.runner else { return };
        let narrows = |draft: &Draft| draft.narrows(runner);
        let (last, others): (Vec<usize>, Vec<usize>) =
            (0..self.drafts.len()).partition(|index| self.drafts.get(*index).is_some_and(narrows));
        if !last.is_empty() {
            self.hazards.insert((runner.clone(), HazardKind::RunnerNarrowed));
        }
        for then in last {
            others.iter().for_each(|first| self.edges.add(*first, then, Reason::Runner));
        }
    }

    fn finish(mut self) -> Ordered {
        let count = self.drafts.len();
        let mut fitted = Fitted::default();
        match self.edges.break_circles(count) {
            Ok(given_up) => {
                fitted = quotas::make_fit(self.world, self.drafts, &mut self.edges);
                fitted.refusals.extend(self.too_early(&fitted.given_up));
                fitted.given_up.extend(given_up);
            }
            Err(circle) => fitted.refusals.extend(self.circle_refusal(&circle)),
        }
        for (first, then, reason) in std::mem::take(&mut fitted.given_up) {
            self.hazards.extend(self.hazards_of(first, then, reason));
        }
        let order = self.edges.sorted(count);
        let ids: BTreeMap<usize, StepId> =
            order.iter().enumerate().map(|(at, index)| (*index, StepId(at.saturating_add(1)))).collect();
        let mut needs = self.edges.needs();
        let steps = order.iter().filter_map(|index| {
            let draft = self.drafts.get(*index)?;
            let needs = needs.remove(index).unwrap_or_default();
            let mut needs: Vec<StepId> = needs.iter().filter_map(|need| ids.get(need).copied()).collect();
            needs.sort_unstable();
            let id = ids.get(index).copied()?;
            Some(Step { id, action: draft.action.clone(), because: draft.because.clone(), needs })
        });
        let hazards = self.hazards.iter().map(|(identity, kind)| Hazard {
            kind: *kind,
            address: identity.address(),
            message: match kind {
                HazardKind::MomentaryGap => {
                    format!("{identity} may for a moment lack something that it has before and after")
                }
                HazardKind::RunnerNarrowed => {
                    format!("{identity} runs this and loses some of its own rights, as the last thing")
                }
                _ => {
                    format!("{identity} may for a moment have something that it has neither before nor after")
                }
            },
        });
        Ordered {
            steps: steps.collect(),
            hazards: hazards.collect(),
            notes: fitted.notes,
            refusals: fitted.refusals,
        }
    }

    /// Without room, whoever runs this would lose rights before the last call, and with them perhaps what the calls after
    /// that need.
    fn too_early(&self, given_up: &[GivenUp]) -> Option<Refusal> {
        let runner = self.runner.as_ref()?;
        let narrows = |index: usize| self.drafts.get(index).is_some_and(|draft| draft.narrows(runner));
        let (_, then, _) = given_up.iter().find(|(first, then, _)| narrows(*then) && !narrows(*first))?;
        let call = self.drafts.get(*then)?.action.describe();
        Some(Refusal {
            guard: Guard::Lockout,
            address: runner.address(),
            message: format!(
                "{runner} runs this, and for want of room would lose rights before the calls that come after {call}"
            ),
            help: "take away first, in a change of its own, what the run can do without; or let somebody else apply it"
                .to_owned(),
        })
    }

    fn hazards_of(&self, first: usize, then: usize, reason: Reason) -> Vec<(Identity, HazardKind)> {
        let kind = match reason {
            Reason::Gap => HazardKind::MomentaryGap,
            Reason::Excess => HazardKind::MomentaryExcess,
            Reason::Tidy | Reason::Runner | Reason::Precondition => return Vec::new(),
        };
        let affects = |index: usize| self.drafts.get(index).map(Draft::affects).unwrap_or_default();
        let both: BTreeSet<Identity> = affects(first).intersection(&affects(then)).cloned().collect();
        let told = self.whom.get(&(first, then)).into_iter().flatten().cloned();
        both.into_iter().map(|identity| (identity, kind)).chain(told).collect()
    }

    fn circle_refusal(&self, circle: &[usize]) -> Option<Refusal> {
        let drafts = circle.iter().filter_map(|index| self.drafts.get(*index));
        let calls: Vec<String> = drafts.clone().map(|draft| draft.action.describe()).collect();
        let first = drafts.clone().next()?;
        Some(Refusal {
            guard: Guard::Cycle,
            address: first.because.clone(),
            message: format!("these calls each need another one first: {}", calls.join(", ")),
            help: "split the change in two and apply one after the other".to_owned(),
        })
    }
}

/// How one step bears on another that comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    None,
    /// The first one should come first, though nothing they name seems to meet.
    Prudent,
    /// They may name the same actions.
    Matters,
}

fn relation(applies: bool, meets: bool) -> Relation {
    match (applies, meets) {
        (false, _) => Relation::None,
        (true, false) => Relation::Prudent,
        (true, true) => Relation::Matters,
    }
}

/// Whether `x` must come before `y` lest something be allowed too early.
pub(crate) fn excess(x: &Delta, y: &Delta) -> Relation {
    let pairs =
        [(&x.denies, &y.allows), (&x.denies, &y.stops_denying), (&x.stops_allowing, &y.stops_denying)];
    let applies = pairs.iter().any(|(a, b)| !a.is_empty() && !b.is_empty());
    relation(applies, pairs.iter().any(|(a, b)| a.may_overlap(b)))
}

/// Whether `x` should come before `y` lest something be denied too early.
pub(crate) fn gap(x: &Delta, y: &Delta) -> Relation {
    // Grants that have nothing in common do not replace each other.
    let is_replaced = x.allows.may_overlap(&y.stops_allowing);
    // An old prohibition may bite under the new tags, and a new one under the old tags.
    let bites = y.of_tags && !x.stops_denying.is_empty() || x.of_tags && !y.denies.is_empty();
    if is_replaced || bites { Relation::Matters } else { Relation::None }
}

/// Who becomes a member of a group, or no longer is one.
fn user_moved(action: &Action) -> Option<Identity> {
    match action {
        Action::AddUserToGroup { user_name, .. } | Action::RemoveUserFromGroup { user_name, .. } => {
            Some(Identity::User(user_name.clone()))
        }
        _ => None,
    }
}

fn attached(action: &Action) -> Option<&PolicyArn> {
    match action {
        Action::AttachUserPolicy { policy_arn, .. }
        | Action::AttachGroupPolicy { policy_arn, .. }
        | Action::AttachRolePolicy { policy_arn, .. } => Some(policy_arn),
        _ => None,
    }
}

fn detached(action: &Action) -> Option<&PolicyArn> {
    match action {
        Action::DetachUserPolicy { policy_arn, .. }
        | Action::DetachGroupPolicy { policy_arn, .. }
        | Action::DetachRolePolicy { policy_arn, .. } => Some(policy_arn),
        _ => None,
    }
}

/// The managed policies that must be there for a call.
fn policies_used(action: &Action) -> Option<&PolicyArn> {
    match action {
        Action::CreateUser { permissions_boundary, .. } | Action::CreateRole { permissions_boundary, .. } => {
            permissions_boundary.as_ref()
        }
        Action::PutUserPermissionsBoundary { permissions_boundary, .. }
        | Action::PutRolePermissionsBoundary { permissions_boundary, .. } => Some(permissions_boundary),
        other => attached(other),
    }
}

/// What a call stops using, so that it can be deleted.
fn released(world: &World<'_>, action: &Action) -> Vec<Address> {
    let policy = |arn: &PolicyArn| Address::Policy(arn.policy_name());
    match action {
        Action::RemoveUserFromGroup { group_name, .. } => vec![Address::Group(GroupName::clone(group_name))],
        Action::RemoveRoleFromInstanceProfile { role_name, .. } => vec![Address::Role(role_name.clone())],
        Action::PutUserPermissionsBoundary { .. }
        | Action::DeleteUserPermissionsBoundary { .. }
        | Action::DeleteUser { .. }
        | Action::PutRolePermissionsBoundary { .. }
        | Action::DeleteRolePermissionsBoundary { .. }
        | Action::DeleteRole { .. } => {
            let found = world.live().resource(&action.subject(), None);
            found.as_ref().and_then(|found| found.permissions_boundary()).map(policy).into_iter().collect()
        }
        other => detached(other).map(policy).into_iter().collect(),
    }
}

fn trust_of(action: &Action) -> Option<&Document> {
    match action {
        Action::CreateRole { assume_role_policy_document: trust, .. }
        | Action::UpdateAssumeRolePolicy { policy_document: trust, .. } => Some(trust),
        _ => None,
    }
}
