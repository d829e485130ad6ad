//! Grants that somebody took away in the account and that the plan gives back. What somebody put on to
//! restrict is refused by a guard; what is only gone is put back, and that is told.

use iamctl_model::{Address, Cause, Change, ChangeAction, Field, Hazard, HazardKind, Ownership, Resource};

use crate::delta::Delta;
use crate::world::World;

/// What the plan gives back, one hazard for each grant.
pub(crate) fn restored(world: &World<'_>, changes: &[Change], ownership: &Ownership) -> Vec<Hazard> {
    changes.iter().flat_map(|change| of_change(world, change, ownership)).collect()
}

fn of_change(world: &World<'_>, change: &Change, ownership: &Ownership) -> Vec<Hazard> {
    let address = &change.address;
    let messages = match (change.action, ownership.get(address), &change.before, &change.after) {
        (ChangeAction::Create, ..)
            if change.cause == Cause::Drift
                && !matches!(address, Address::Policy(_))
                && !address.kind().is_setting() =>
        {
            vec![format!("{address} was deleted in the account; the plan makes it again, with what it had")]
        }
        (ChangeAction::Update, Some(owned), Some(before), Some(after)) => {
            let sides = Sides { world, change, last: &owned.last_applied, before, after };
            let mut messages = sides.attached();
            messages.extend(sides.inline());
            messages.extend(sides.memberships());
            messages.extend(sides.text());
            messages
        }
        _ => Vec::new(),
    };
    let hazard = |message| Hazard { kind: HazardKind::GrantRestored, address: address.clone(), message };
    messages.into_iter().map(hazard).collect()
}

struct Sides<'a> {
    world: &'a World<'a>,
    change: &'a Change,
    last: &'a Resource,
    before: &'a Resource,
    after: &'a Resource,
}

impl Sides<'_> {
    fn drifted(&self, field: Field) -> bool {
        self.change.fields.get(&field).is_some_and(|cause| *cause != Cause::Ours)
    }

    fn attached(&self) -> Vec<String> {
        let sides = (self.last.policies(), self.before.policies(), self.after.policies());
        let (Some(last), Some(before), Some(after)) = sides else { return Vec::new() };
        let taken =
            last.difference(before).filter(|arn| after.contains(arn) && self.drifted(Field::Policies));
        // A prohibition that is put back gives nothing.
        let allowing = taken.filter(|arn| !self.world.attaching(arn).allows.is_empty());
        allowing.map(|arn| self.taken(&format!("the policy {}", arn.path_and_name()))).collect()
    }

    fn inline(&self) -> Vec<String> {
        let sides =
            (self.last.inline_policies(), self.before.inline_policies(), self.after.inline_policies());
        let (Some(last), Some(before), Some(after)) = sides else { return Vec::new() };
        if !self.drifted(Field::InlinePolicies) {
            return Vec::new();
        }
        let given_back = last.iter().filter(|(name, document)| {
            let taken = !Delta::between(Some(document), before.get(*name)).stops_allowing.is_empty();
            taken && !Delta::between(before.get(*name), after.get(*name)).allows.is_empty()
        });
        let told = given_back.map(|(name, _)| match before.contains_key(name) {
            true => format!(
                "the inline policy {name} of {} was made to allow less in the account; the plan undoes that",
                self.change.address
            ),
            false => self.taken(&format!("the inline policy {name}")),
        });
        told.collect()
    }

    fn memberships(&self) -> Vec<String> {
        let member = |user: String, group: String| {
            format!("{user} was taken out of {group} in the account; the plan puts it back")
        };
        let address = self.change.address.to_string();
        match (self.last, self.before, self.after) {
            (Resource::User(last), Resource::User(before), Resource::User(after))
                if self.drifted(Field::Groups) =>
            {
                let left =
                    last.groups.difference(&before.groups).filter(|group| after.groups.contains(*group));
                left.map(|group| member(address.clone(), format!("group/{group}"))).collect()
            }
            (Resource::Group(last), Resource::Group(before), Resource::Group(after))
                if self.drifted(Field::Members) =>
            {
                let gone =
                    last.members.difference(&before.members).filter(|user| after.members.contains(*user));
                gone.map(|user| member(format!("user/{user}"), address.clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    fn text(&self) -> Option<String> {
        let (Resource::Policy(last), Resource::Policy(before), Resource::Policy(after)) =
            (self.last, self.before, self.after)
        else {
            return None;
        };
        let taken = !Delta::between(Some(&last.document), Some(&before.document)).stops_allowing.is_empty();
        let given = !Delta::between(Some(&before.document), Some(&after.document)).allows.is_empty();
        (self.drifted(Field::Document) && taken && given).then(|| {
            format!("{} was made to allow less in the account; the plan undoes that", self.change.address)
        })
    }

    fn taken(&self, what: &str) -> String {
        format!("{what} was taken from {} in the account; the plan gives it back", self.change.address)
    }
}
