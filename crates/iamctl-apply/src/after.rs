//! What is ours after a run.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    Action, Address, Change, ChangeAction, Desired, Field, Kind, Live, Owned, Ownership, Path, Plan,
    Resource, Step, StepId, UniqueId,
};

use crate::effect::{change, made, touched};
use crate::outcome::Outcome;

/// What a plan stands on and does not say itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Basis {
    /// What is ours before the first call: what the head remembers, with what unfinished runs are
    /// known to have made, and without what is merely forgotten.
    pub ownership: Ownership,
    /// The unique ids of what is in the account.
    pub live: BTreeMap<Address, UniqueId>,
    /// What must not be deleted, by the manifest.
    pub protected: BTreeSet<Address>,
}

impl Basis {
    /// The basis of a plan that was made from these. What the manifest says of protection counts at
    /// once for what is ours already.
    #[must_use]
    pub fn new(mut ownership: Ownership, live: &Live, desired: &Desired) -> Self {
        for (address, owned) in &mut ownership.0 {
            if let Some(managed) = desired.managed.get(address) {
                owned.protect = managed.protect;
            }
        }
        let protected = desired.managed.iter().filter(|(_, managed)| managed.protect);
        let found = live.addresses().map(|(address, id)| (address, id.clone()));
        // What a service-linked role is called in the account is not what it is called in the manifest.
        let wanted =
            desired.managed.keys().filter_map(|address| Some((address.clone(), live.id(address)?.clone())));
        Self {
            ownership,
            live: found.chain(wanted).collect(),
            protected: protected.map(|(address, _)| address.clone()).collect(),
        }
    }
}

/// What is ours after a run, and what each thing was after we last changed it.
///
/// | of a thing | then it is |
/// | --- | --- |
/// | no call succeeded | ours or not, as before |
/// | every call succeeded | ours as the change says, under the id that the create answered |
/// | some calls succeeded | ours; last applied is what it was, changed by those calls |
/// | the delete itself succeeded | not ours, unless it was made again |
/// | the delete of a replacement succeeded, and the create did not | ours under its old id, as a thing that is gone |
/// | it was renamed | ours under its new name |
/// | no call is needed: adopted as it is, forgotten | as the change says |
///
/// "What it was" is the value last applied where there is one, and what was found only for things that
/// are taken over: drift that a failed call should have undone stays drift.
///
/// A create that answered no id makes nothing ours: see [`is_uncertain`].
#[must_use]
pub fn after_run(plan: &Plan, basis: &Basis, outcomes: &BTreeMap<StepId, Outcome>) -> Ownership {
    let changes: BTreeMap<&Address, &Change> =
        plan.changes.iter().map(|change| (&change.address, change)).collect();
    let mut calls: BTreeMap<Address, Vec<&Step>> = BTreeMap::new();
    for step in &plan.steps {
        let because = std::iter::once(Some(step.because.clone()));
        let addresses: BTreeSet<Address> = because.chain(touched(&step.action)).flatten().collect();
        for address in addresses {
            calls.entry(address).or_default().push(step);
        }
    }

    let mut after = basis.ownership.clone();
    let addresses: BTreeSet<&Address> =
        changes.keys().copied().chain(calls.keys()).filter(|a| a.kind() != Kind::MasterCopy).collect();
    for address in addresses {
        let calls = calls.get(address).map(Vec::as_slice).unwrap_or_default();
        let thing = Thing { address, change: changes.get(address).copied(), calls, basis, outcomes };
        let owned = thing.after();
        // Removed in any case, because the map would keep an old spelling of the name.
        after.0.remove(address);
        after.0.extend(owned.map(|owned| (address.clone(), owned)));
    }
    name_by_id(&mut after, plan, basis, outcomes);
    after
}

/// A trust policy that named a user or role which is gone shows its id until it is put again. Where that failed and
/// nobody remembers any more whose id it was, it would look like a change that somebody made: so it is written down.
fn name_by_id(after: &mut Ownership, plan: &Plan, basis: &Basis, outcomes: &BTreeMap<StepId, Outcome>) {
    let is_done = |step: &&Step| matches!(outcomes.get(&step.id), Some(Outcome::Done(_)));
    let done = || plan.steps.iter().filter(is_done).map(|step| &step.action);
    let deleted: BTreeSet<Address> = done().filter(|call| call.deletes()).map(Action::subject).collect();
    let remembered: BTreeSet<&UniqueId> = after.0.values().map(|owned| &owned.id).collect();
    let is_gone = |(address, owned): &(&Address, &Owned)| {
        let was_there = basis.live.get(address) == Some(&owned.id);
        !remembered.contains(&owned.id) && (!was_there || deleted.contains(address))
    };
    let arn = |address: &Address, path: &Path| match address {
        Address::User(name) => Some(plan.account.user_arn(path, name)),
        Address::Role(name) => Some(plan.account.role_arn(path, name)),
        _ => None,
    };
    let ids: BTreeMap<String, String> = basis
        .ownership
        .0
        .iter()
        .filter(is_gone)
        .filter_map(|(address, owned)| {
            let arn = arn(address, owned.last_applied.path()?)?;
            Some((arn.as_str().to_owned(), owned.id.0.clone()))
        })
        .collect();
    if ids.is_empty() {
        return;
    }
    let puts_trust =
        |call: &&Action| matches!(call, Action::CreateRole { .. } | Action::UpdateAssumeRolePolicy { .. });
    let put: BTreeSet<Address> = done().filter(puts_trust).map(Action::subject).collect();
    let was_to_be_put = |change: &&Change| change.touches(Field::Trust) && !put.contains(&change.address);
    for change in plan.changes.iter().filter(was_to_be_put) {
        if let Some(Owned { last_applied: Resource::Role(role), .. }) = after.0.get_mut(&change.address)
            && let Some(trust) = role.trust.map_aws_principals(|principal| ids.get(principal).cloned())
        {
            role.trust = trust;
        }
    }
}

/// Whether a run may have done something that its outcomes do not tell: made a thing whose id is not
/// known, or made a call that was never answered.
#[must_use]
pub fn is_uncertain(plan: &Plan, outcomes: &BTreeMap<StepId, Outcome>) -> bool {
    plan.steps.iter().any(|step| match outcomes.get(&step.id) {
        Some(Outcome::Done(receipt)) => made(&step.action).is_some() && receipt.created.is_none(),
        Some(outcome) => outcome.is_ambiguous(),
        None => false,
    })
}

/// One address, and all that bears on it.
struct Thing<'r> {
    address: &'r Address,
    change: Option<&'r Change>,
    /// The steps of its change, and those of other changes that change it too.
    calls: &'r [&'r Step],
    basis: &'r Basis,
    outcomes: &'r BTreeMap<StepId, Outcome>,
}

impl Thing<'_> {
    fn after(&self) -> Option<Owned> {
        let before = self.before();
        let Some(change) = self.change else { return self.follow(before) };
        match change.action {
            ChangeAction::Forget => return None,
            ChangeAction::Blocked => return self.follow(before),
            // A failed attempt to take something over, or to change it, is neither.
            _ if !self.is_begun() => return self.follow(before),
            _ => {}
        }
        let start = if change.action == ChangeAction::Adopt { self.taken_over(change) } else { before };
        let mut owned = self.follow(start)?;
        if let Some(planned) = &change.after {
            owned.protect = self.basis.protected.contains(self.address);
            if self.calls.iter().all(|step| self.is_done(step)) {
                owned.last_applied = planned.clone();
            }
        }
        Some(owned)
    }

    /// What is remembered under this name before the first call, with the name that it has after the last.
    fn before(&self) -> Option<Owned> {
        let remembered = |address: &Address| self.basis.ownership.get(address).cloned();
        let mut owned = remembered(self.address);
        let done = self.calls.iter().filter(|step| self.is_done(step));
        for (from, to) in done.filter_map(|step| step.action.renames()) {
            if to == *self.address {
                // One that had this name was somebody else, and has another one now.
                return remembered(&from);
            }
            owned = None;
        }
        owned
    }

    /// Whether a call of its own change succeeded, or its change needs none.
    fn is_begun(&self) -> bool {
        let mut own = self.calls.iter().filter(|step| step.because == *self.address).peekable();
        own.peek().is_none() || own.any(|step| self.is_done(step))
    }

    fn taken_over(&self, change: &Change) -> Option<Owned> {
        let id = self.basis.live.get(self.address)?.clone();
        Some(Owned { id, protect: false, last_applied: change.before.clone()? })
    }

    /// Goes through the calls that succeeded.
    fn follow(&self, start: Option<Owned>) -> Option<Owned> {
        let mut owned = start;
        for step in self.calls.iter().filter(|step| self.is_done(step)) {
            let on_itself = step.action.subject() == *self.address;
            if !on_itself && step.action.renames().is_some() {
                continue;
            }
            if on_itself && step.action.deletes() {
                // Until it is made again, its old id is what others still name.
                owned = owned.filter(|_| self.is_replaced());
            } else if on_itself && let Some(value) = made(&step.action) {
                let id = self.outcomes.get(&step.id).and_then(Outcome::receipt)?.created.clone();
                owned = id.map(|id| Owned { id, protect: false, last_applied: value });
            } else if let Some(owned) = &mut owned
                && touched(&step.action).iter().flatten().any(|address| address == self.address)
            {
                change(&mut owned.last_applied, &step.action, self.planned());
            }
        }
        owned
    }

    fn is_replaced(&self) -> bool {
        self.change.is_some_and(|change| change.action == ChangeAction::Replace)
    }

    fn planned(&self) -> Option<&Resource> {
        self.change?.after.as_ref()
    }

    fn is_done(&self, step: &Step) -> bool {
        matches!(self.outcomes.get(&step.id), Some(Outcome::Done(_)))
    }
}
