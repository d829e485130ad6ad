//! Users and groups that the manifest gives another name. AWS renames them in place: unique id, policies,
//! memberships, keys and the trust that others put in them stay.
//!
//! | the block says `renamed_from`; the old name | the new name | so |
//! | --- | --- | --- |
//! | is there and ours | is not there | one call renames it, and moves it to another path as well |
//! | is there and ours | is there | refused |
//! | is there and not ours | is not there | refused: it is adopted first |
//! | is not there | is there, by the id that is remembered | somebody did it already, or a run that was killed |
//! | is not there | is not there | it is made, and `renamed_from` can go |
//!
//! Everything after this sees the account and what is remembered with the new names.

use std::borrow::Cow;
use std::collections::BTreeMap;

use iamctl_model::{
    Address, Cause, Change, ChangeAction, Desired, Field, GroupName, Guard, Hazard, HazardKind, Live, Note,
    Owned, Ownership, Path, Refusal, Resource, UserName,
};

use crate::mentions::mentions;
use crate::world::World;

/// What is renamed, and what is to be said of it.
#[derive(Debug, Default)]
pub(crate) struct Renames {
    /// New addresses and the old ones.
    planned: BTreeMap<Address, Address>,
    users: BTreeMap<UserName, UserName>,
    groups: BTreeMap<GroupName, GroupName>,
    /// Old addresses and new ones of what is called so already, and not remembered so.
    done: Vec<(Address, Address)>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) notes: Vec<Note>,
}

impl Renames {
    pub(crate) fn of(desired: &Desired, live: &Live, ownership: &Ownership) -> Self {
        let mut renames = Self::default();
        let asked =
            desired.managed.iter().filter_map(|(to, managed)| Some((managed.renamed_from.as_ref()?, to)));
        let asked: Vec<(&Address, &Address)> = asked.collect();
        let is_ours =
            |from, to| live.id(from).is_some_and(|id| ownership.owns(from, id) || ownership.owns(to, id));
        // A name that is given away by the same manifest is free.
        let is_free = |to: &Address| {
            let mut name = to;
            for _ in 0..=asked.len() {
                if live.id(name).is_none() {
                    return true;
                }
                let next = asked.iter().find(|(from, to)| *from == name && is_ours(from, to));
                match next {
                    Some((from, to)) if from == to => return true,
                    Some((_, to)) => name = to,
                    None => return false,
                }
            }
            false
        };
        for (from, to) in asked.iter().copied() {
            let is_done = |owned: &Owned| live.id(to) == Some(&owned.id) && live.id(from) != Some(&owned.id);
            match live.id(from) {
                _ if ownership.get(from).is_some_and(is_done) => renames.done.push((from.clone(), to.clone())),
                Some(_) if from == to && live.spelling(from) != Some(from.name()) => {}
                Some(_) if is_ours(from, to) && is_free(to) => renames.plan(from, to),
                // Its name is another one's by now.
                Some(_) if desired.managed.contains_key(from) && from != to => {}
                Some(_) if is_ours(from, to) => renames.refusals.push(Refusal {
                    guard: Guard::Renamed,
                    address: from.clone(),
                    message: format!("{from} would become {to}, and both are in the account"),
                    help: format!(
                        "take out `renamed_from` and say for each of them what shall become of it; or delete {to} \
                         in the account, if nobody needs it"
                    ),
                }),
                Some(_) if live.id(to).is_none() => renames.refusals.push(Refusal {
                    guard: Guard::Adopt,
                    address: to.clone(),
                    message: format!("{from} is not managed by this manifest, and would become {to}"),
                    help: format!(
                        "take it over first: write its block as `{}`, with `adopt: true`, and apply that; or take \
                         out `renamed_from` to make another one",
                        from.name()
                    ),
                }),
                None if live.id(to).is_none() && ownership.get(from).is_none() => renames.notes.push(Note {
                    address: to.clone(),
                    message: format!("`renamed_from: {}` can go: there is no {from}", from.name()),
                }),
                _ => {}
            }
        }
        renames
    }

    fn plan(&mut self, from: &Address, to: &Address) {
        self.planned.insert(to.clone(), from.clone());
        match (from, to) {
            (Address::User(from), Address::User(to)) => drop(self.users.insert(from.clone(), to.clone())),
            (Address::Group(from), Address::Group(to)) => drop(self.groups.insert(from.clone(), to.clone())),
            _ => {}
        }
    }

    /// What something is called in the account, when the plan calls it otherwise.
    pub(crate) fn former(&self, address: &Address) -> Option<&Address> {
        self.planned.get(address)
    }

    /// The account with the new names.
    pub(crate) fn live<'l>(&self, live: &'l Live) -> Cow<'l, Live> {
        if self.planned.is_empty() {
            return Cow::Borrowed(live);
        }
        let mut live = live.clone();
        let mut arns = BTreeMap::new();
        for (from, to) in &self.users {
            if let Some(user) = live.users.get(from) {
                let arn = |name| live.account.user_arn(&user.value.path, name).as_str().to_owned();
                arns.insert(arn(from), arn(to));
            }
        }
        let users = std::mem::take(&mut live.users).into_iter();
        live.users =
            users.map(|(name, user)| (self.users.get(&name).cloned().unwrap_or(name), user)).collect();
        let groups = std::mem::take(&mut live.groups).into_iter();
        live.groups =
            groups.map(|(name, group)| (self.groups.get(&name).cloned().unwrap_or(name), group)).collect();
        for user in live.users.values_mut() {
            renamed(&mut user.value.groups, &self.groups);
        }
        for group in live.groups.values_mut() {
            renamed(&mut group.value.members, &self.users);
        }
        for role in live.roles.values_mut() {
            if let Some(trust) = role.trust.map_aws_principals(|arn| arns.get(arn).cloned()) {
                role.trust = trust;
            }
        }
        Cow::Owned(live)
    }

    /// What is remembered, with the new names.
    pub(crate) fn ownership(&self, ownership: &Ownership, live: &Live) -> Ownership {
        let mut renamed_all = ownership.clone();
        let (mut arns, mut moved) = (BTreeMap::new(), Vec::new());
        let (mut users, mut groups) = (BTreeMap::new(), BTreeMap::new());
        let planned = self.planned.iter().map(|(to, from)| (from, to, from));
        for (from, to, now) in planned.chain(self.done.iter().map(|(from, to)| (from, to, to))) {
            let Some(owned) = ownership.get(from).filter(|owned| live.id(now) == Some(&owned.id)) else {
                continue;
            };
            moved.push((from, to, owned.clone()));
            match (from, to) {
                (Address::User(old), Address::User(new)) => {
                    let arn = |name, path: &Path| live.account.user_arn(path, name).as_str().to_owned();
                    arns.extend(owned.last_applied.path().map(|path| (arn(old, path), arn(new, path))));
                    users.insert(old.clone(), new.clone());
                }
                (Address::Group(old), Address::Group(new)) => drop(groups.insert(old.clone(), new.clone())),
                _ => {}
            }
        }
        if moved.is_empty() {
            return renamed_all;
        }
        moved.iter().for_each(|(from, ..)| drop(renamed_all.0.remove(*from)));
        for (_, to, owned) in moved {
            renamed_all.0.remove(to);
            renamed_all.0.insert(to.clone(), owned);
        }
        for owned in renamed_all.0.values_mut() {
            match &mut owned.last_applied {
                Resource::User(user) => renamed(&mut user.groups, &groups),
                Resource::Group(group) => renamed(&mut group.members, &users),
                Resource::Role(role) => {
                    if let Some(trust) = role.trust.map_aws_principals(|arn| arns.get(arn).cloned()) {
                        role.trust = trust;
                    }
                }
                Resource::Policy(_)
                | Resource::InstanceProfile(_)
                | Resource::OidcProvider(_)
                | Resource::SamlProvider(_)
                | Resource::ServiceLinkedRole(_)
                | Resource::AccountAlias(_)
                | Resource::PasswordPolicy(_) => {}
            }
        }
        renamed_all
    }

    /// What is remembered before the first call: nothing has its new name yet.
    pub(crate) fn before(&self, mut ownership: Ownership) -> Ownership {
        let was = self.planned.iter().filter_map(|(to, from)| Some((from, ownership.get(to)?.clone(), to)));
        let was: Vec<_> = was.collect();
        was.iter().for_each(|(_, _, to)| drop(ownership.0.remove(*to)));
        for (from, owned, _) in was {
            ownership.0.remove(from);
            ownership.0.insert(from.clone(), owned);
        }
        ownership
    }

    /// Makes a change of what is renamed.
    pub(crate) fn mark(&self, changes: &mut Vec<Change>, ownership: &Ownership) {
        for to in self.planned.keys() {
            if let Some(change) = changes.iter_mut().find(|change| change.address == *to) {
                change.fields.insert(Field::Name, Cause::Ours);
                continue;
            }
            let value = ownership.get(to).map(|owned| owned.last_applied.clone());
            changes.push(Change {
                address: to.clone(),
                action: ChangeAction::Update,
                cause: Cause::Ours,
                fields: BTreeMap::from([(Field::Name, Cause::Ours)]),
                before: value.clone(),
                after: value,
            });
        }
    }

    /// What writes a name out keeps the old one, and names nobody.
    pub(crate) fn hazards(&self, live: &Live, changes: &[Change]) -> Vec<Hazard> {
        let mut hazards = Vec::new();
        if self.users.is_empty() {
            return hazards;
        }
        let world = World::new(live, changes);
        let former = |(from, to): (&UserName, &UserName)| {
            let user = live.users.get(to)?;
            let arn = live.account.user_arn(&user.value.path, from).as_str().to_owned();
            Some((Address::User(to.clone()), (from.clone(), arn)))
        };
        let former: BTreeMap<Address, (UserName, String)> = self.users.iter().filter_map(former).collect();
        let named = former.iter().map(|(address, (_, arn))| (arn.clone(), address.clone())).collect();
        for (address, found) in mentions(&world, live, &named) {
            let Some((from, arn)) = former.get(&address) else { continue };
            hazards.extend(found.into_iter().map(|(who, what)| Hazard {
                kind: HazardKind::ReferenceLost,
                address: address.clone(),
                message: format!(
                    "{what} of {who} names user/{from} as {arn}, and names nobody once that is {address}"
                ),
            }));
        }
        hazards
    }
}

fn renamed<N: Ord + Clone>(names: &mut std::collections::BTreeSet<N>, renames: &BTreeMap<N, N>) {
    if names.iter().any(|name| renames.contains_key(name)) {
        let all = std::mem::take(names).into_iter();
        *names = all.map(|name| renames.get(&name).cloned().unwrap_or(name)).collect();
    }
}
