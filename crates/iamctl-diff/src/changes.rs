//! From the two sides and what is remembered to one [`Change`] for each thing that differs.
//!
//! | in manifest | live | in head | change |
//! | --- | --- | --- | --- |
//! | yes | no | no | create |
//! | yes | no | yes | create again (drift) |
//! | yes | yes | yes, same id | update if it differs; replace if AWS cannot change it |
//! | yes | yes | no, or other id | adopt, if the block says so; else blocked |
//! | no | yes | yes, same id | delete, or forget if the manifest says so |
//! | no | yes | no, or other id | none: unmanaged, never touched |
//! | no | no | yes | forget |
//! | either | under another name | yes, same id | none: blocked |
//!
//! Of the settings of the account, the alias and the password policy, a manifest can also say that there shall be
//! none. Only then are they deleted: one that is no longer in the manifest is forgotten, because without it the
//! account falls back to what is often weaker.
//!
//! | in manifest | live | in head | change |
//! | --- | --- | --- | --- |
//! | as `none` | yes | yes | delete |
//! | as `none` | yes | no | blocked: it is taken over first |
//! | as `none` | no | yes | forget |
//! | no | yes | yes | forget |

//!
//! Service-linked roles belong to AWS. They are made where they are missing, and nothing else is ever done to one: none
//! is refused, and one that is no longer in the manifest is forgotten.
//!
//! | in manifest | live | in head | change |
//! | --- | --- | --- | --- |
//! | yes | no | any | create |
//! | yes | yes | yes, same id | none |
//! | yes | yes | no, or other id | adopt, whatever the block says |
//! | no | any | yes | forget |

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    Address, Cause, Change, ChangeAction, Desired, Field, Guard, Live, Managed, Note, Owned, Ownership,
    Refusal, Resource, Sibling, UserName,
};

use crate::comparable::Comparable;
use crate::fields::{differing, take_over};
use crate::ghosts::{Ghosts, without_names_of_nobody};
use crate::renamed::Names;
use crate::service_linked;

/// What comparing yields.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub(crate) changes: Vec<Change>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) notes: Vec<Note>,
    /// What is ours and needs no call to be so: the ownership before the first step.
    pub(crate) ownership: Ownership,
}

/// Compares everything that the manifest manages or the head remembers.
pub(crate) fn compare(
    desired: &Desired,
    live: &Live,
    ownership: &Ownership,
    siblings: &[Sibling],
) -> Compared {
    let own_users = own_users(desired, live, ownership);
    let (ghosts, names) = (Ghosts::of(live, ownership), Names::of(live));
    let mut compared = Compared { ownership: ownership.clone(), ..Compared::default() };
    // Names are equal whatever their case. The manifest's spelling comes first and stays, because it is
    // held against AWS's.
    let mut addresses: BTreeSet<&Address> = desired.managed.keys().chain(&desired.absent).collect();
    addresses.extend(ownership.0.keys());
    for address in addresses {
        if !live.has_read(address.kind()) {
            let is_wanted = desired.managed.contains_key(address) || desired.absent.contains(address);
            compared.notes.extend(is_wanted.then(|| not_read(address)));
            continue;
        }
        let owned = ownership.get(address);
        let thing = Thing { desired, live, address, owned, own_users: &own_users, siblings, ghosts: &ghosts };
        if let Some(name) = owned.and_then(|owned| names.elsewhere(address, owned)) {
            thing.renamed(name, &mut compared);
            continue;
        }
        match desired.managed.get(address) {
            Some(managed) => thing.managed(managed, &mut compared),
            None => thing.no_longer_managed(&mut compared),
        }
    }
    compared
}

fn not_read(address: &Address) -> Note {
    let message = match address.kind() {
        kind if kind.is_setting() => format!("not compared: the {kind} was not read"),
        kind => format!("not compared: the {} of the account were not read", kind.plural()),
    };
    Note { address: address.clone(), message }
}

/// The users whose memberships are changed on the user itself.
fn own_users(desired: &Desired, live: &Live, ownership: &Ownership) -> BTreeSet<UserName> {
    let managed = desired.managed.keys();
    let deleted = ownership
        .0
        .iter()
        .filter(|(address, owned)| live.id(address) == Some(&owned.id) && !desired.forget.contains(address));
    let addresses = managed.chain(deleted.map(|(address, _)| address));
    addresses
        .filter_map(|address| match address {
            Address::User(name) => Some(name.clone()),
            _ => None,
        })
        .collect()
}

struct Thing<'a> {
    desired: &'a Desired,
    live: &'a Live,
    address: &'a Address,
    owned: Option<&'a Owned>,
    own_users: &'a BTreeSet<UserName>,
    siblings: &'a [Sibling],
    ghosts: &'a Ghosts,
}

impl Thing<'_> {
    fn managed(&self, managed: &Managed, compared: &mut Compared) {
        let comparable = Comparable::new(self.desired, self.address, managed, self.own_users);
        let Some(found) = self.live.resource(self.address, Some(&managed.value)) else {
            // A replacement that was not finished had to delete it.
            let is_moved = |owned: &Owned| {
                has_fixed_path(&managed.value) && owned.last_applied.path() != managed.value.path()
            };
            let is_gone = self.owned.is_some_and(|owned| !is_moved(owned));
            let cause = if is_gone { Cause::Drift } else { Cause::Ours };
            let after = Some(comparable.wanted(None));
            return compared.changes.push(self.change(
                ChangeAction::Create,
                cause,
                BTreeMap::new(),
                None,
                after,
            ));
        };
        let wanted = comparable.wanted(Some(&found));
        let note = self.description_note(&managed.value, &found);
        let before = comparable.side(found, &wanted);
        let is_ours = self.owned.filter(|owned| self.live.id(self.address) == Some(&owned.id));
        let differing_fields = differing(&before, &wanted);
        // What is as it should be, and that is nearly everything, needs no cause.
        let last = is_ours.filter(|_| !differing_fields.is_empty());
        let last = last.map(|owned| comparable.side(owned.last_applied.clone(), &wanted));
        // That somebody whom it names was deleted is no change that was made to this thing.
        let made = self.ghosts.without(&before);
        let in_account = last.as_ref().map(|last| {
            differing(&without_names_of_nobody(last, self.live), &without_names_of_nobody(&made, self.live))
        });
        let cause = |field: &Field| {
            let is_changed = in_account.as_ref().is_some_and(|fields| fields.contains(field));
            (*field, cause(*field, last.as_ref(), is_changed, &wanted))
        };
        let fields: BTreeMap<_, _> = differing_fields.iter().map(cause).collect();

        if let Some(refusal) = self.refusal(managed, is_ours, &before, &wanted) {
            compared.refusals.push(refusal);
            // Whoever made it again made all of it.
            let is_made_again = self.owned.is_some() && is_ours.is_none();
            let fields = match is_made_again {
                true => fields.into_keys().map(|field| (field, Cause::Drift)).collect(),
                false => fields,
            };
            let cause = if is_made_again { Cause::Drift } else { gravest(&fields) };
            let blocked = self.change(ChangeAction::Blocked, cause, fields, Some(before), Some(wanted));
            return compared.changes.push(blocked);
        }
        compared.notes.extend(note);
        let Some(owned) = is_ours else {
            compared.notes.extend(service_linked::known_as(self.live, self.address));
            let change = self.change(ChangeAction::Adopt, Cause::Ours, fields, Some(before), Some(wanted));
            return compared.changes.push(change);
        };
        if fields.is_empty() {
            let now = Owned { id: owned.id.clone(), protect: managed.protect, last_applied: before };
            compared.ownership.0.insert(self.address.clone(), now);
            return;
        }
        let mut remembered = before.clone();
        if let Some(last) = &last {
            take_over(&mut remembered, last, &differing_fields);
        }
        let now = Owned { id: owned.id.clone(), protect: managed.protect, last_applied: remembered };
        compared.ownership.0.insert(self.address.clone(), now);
        let cause = gravest(&fields);
        let is_moved = has_fixed_path(&before) && fields.contains_key(&Field::Path);
        let action = if is_moved { ChangeAction::Replace } else { ChangeAction::Update };
        let change = self.change(action, cause, fields, Some(before), Some(wanted));
        compared.changes.push(change);
    }

    /// It is there under another name, with all that it may do.
    fn renamed(&self, name: &Address, compared: &mut Compared) {
        compared.refusals.push(Refusal {
            guard: Guard::Renamed,
            address: self.address.clone(),
            message: format!("{} is called {} in the account now", self.address, name.name()),
            help: format!(
                "rename it back: `renamed_from: {}` in its block does that; or write `{}` in the manifest wherever \
                 it names it",
                name.name(),
                name.name()
            ),
        });
        let before = self.live.resource(name, None);
        let blocked = self.change(ChangeAction::Blocked, Cause::Drift, BTreeMap::new(), before, None);
        compared.changes.push(blocked);
    }

    fn no_longer_managed(&self, compared: &mut Compared) {
        let is_unwanted = self.desired.absent.contains(self.address);
        let Some(owned) = self.owned else {
            if is_unwanted {
                self.unwanted_and_not_ours(compared);
            }
            return;
        };
        let is_there = self.live.id(self.address) == Some(&owned.id);
        let before = self.live.resource(self.address, Some(&owned.last_applied)).filter(|_| is_there);
        let kind = self.address.kind();
        let stays = kind.is_of_aws() || kind.is_setting() && !is_unwanted;
        if !is_there || stays || self.desired.forget.contains(self.address) {
            // Gone, or made again by somebody else: nothing of ours is left to delete.
            let cause = if is_there { Cause::Ours } else { Cause::Drift };
            if !is_there && self.live.id(self.address).is_some() {
                let message =
                    "somebody made another one of that name: it stays, and is not managed here".to_owned();
                compared.notes.push(Note { address: self.address.clone(), message });
            }
            compared.changes.push(self.change(ChangeAction::Forget, cause, BTreeMap::new(), before, None));
            return;
        }
        if owned.protect {
            compared.refusals.push(Refusal {
                guard: Guard::Protect,
                address: self.address.clone(),
                message: format!("{} is protected and would be deleted", self.address),
                help: if is_unwanted {
                    "put its block back with `protect: false`, apply, and write `none` then".to_owned()
                } else {
                    format!(
                        "put its block back with `protect: false`, apply, and remove the block then; or list \
                         `{}` under `forget:` to keep it and stop managing it",
                        self.address
                    )
                },
            });
            compared.changes.push(self.change(
                ChangeAction::Blocked,
                Cause::Ours,
                BTreeMap::new(),
                before,
                None,
            ));
            return;
        }
        compared.changes.push(self.change(ChangeAction::Delete, Cause::Ours, BTreeMap::new(), before, None));
    }

    /// There shall be none, and there is one that somebody else made.
    fn unwanted_and_not_ours(&self, compared: &mut Compared) {
        let Some(before) = self.live.resource(self.address, None) else { return };
        let kind = self.address.kind();
        let (guard, message, help) = match self.sibling_verdict() {
            Some((message, help)) => (Guard::Sibling, message, help),
            None => (
                Guard::Adopt,
                format!("`none` would delete the {kind}, which is not managed by this manifest"),
                format!(
                    "take it over first: write `{kind}:` as it is, with `adopt: true`, apply that, and write `none` \
                     then",
                    kind = kind.as_str()
                ),
            ),
        };
        compared.refusals.push(Refusal { guard, address: self.address.clone(), message, help });
        let blocked = self.change(ChangeAction::Blocked, Cause::Ours, BTreeMap::new(), Some(before), None);
        compared.changes.push(blocked);
    }

    /// Why a thing that is there must not be changed to what the manifest wants.
    fn refusal(
        &self,
        managed: &Managed,
        is_ours: Option<&Owned>,
        before: &Resource,
        wanted: &Resource,
    ) -> Option<Refusal> {
        let address = self.address;
        let refuse = |guard, message: String, help: String| {
            Some(Refusal { guard, address: address.clone(), message, help })
        };
        if address.kind().is_of_aws() {
            return None;
        }
        if let Some(path) = before.path().filter(|path| path.is_reserved()) {
            return refuse(
                Guard::Reserved,
                format!("{address} lies under {path} and belongs to AWS"),
                "remove its block: what belongs to AWS is never changed".to_owned(),
            );
        }
        let spelling = self.live.spelling(address).unwrap_or_default();
        if spelling != address.name() {
            return refuse(
                Guard::NameCase,
                format!("{address} is `{spelling}` in the account: AWS takes both for the same name"),
                if has_a_new_name(before) {
                    format!(
                        "write `{spelling}` in the manifest; or rename it, with `renamed_from: {spelling}`"
                    )
                } else {
                    format!("write `{spelling}` in the manifest")
                },
            );
        }
        if is_ours.is_none()
            && let Some((message, help)) = self.sibling_verdict()
        {
            return refuse(Guard::Sibling, message, help);
        }
        if is_ours.is_none() && !managed.adopt {
            let (message, help) = if address.kind().is_setting() {
                (
                    format!(
                        "the account has its own {}, which is not managed by this manifest",
                        address.kind()
                    ),
                    match address {
                        Address::AccountAlias => {
                            "write it as `account_alias: {name: NAME, adopt: true}` to take it over".to_owned()
                        }
                        _ => "add `adopt: true` to its block to take it over; it then becomes what the block says"
                            .to_owned(),
                    },
                )
            } else if self.owned.is_some() {
                (
                    format!("{address} was deleted and made again by somebody else"),
                    "look at it, then add `adopt: true` to its block to take it over".to_owned(),
                )
            } else {
                (
                    format!("{address} is there already and is not managed by this manifest"),
                    "add `adopt: true` to its block to take it over; what the manifest does not name is then \
                     taken from it"
                        .to_owned(),
                )
            };
            return refuse(Guard::Adopt, message, help);
        }
        // What is taken over is not deleted with the same stroke.
        if is_ours.is_none()
            && has_fixed_path(before)
            && let Some(path) = before.path()
            && wanted.path() != Some(path)
        {
            return refuse(
                Guard::Replace,
                format!("the path of {address} is `{path}`, and AWS cannot change it"),
                format!("write `path: {path}` to take it over, and move it when it is yours"),
            );
        }
        None
    }

    /// Why a thing that is there and not ours is another manifest's, or may be: what is wrong, and what
    /// to do.
    fn sibling_verdict(&self) -> Option<(String, String)> {
        let address = self.address;
        let owner = self.siblings.iter().find(|sibling| {
            sibling.ownership.as_ref().is_ok_and(|ownership| ownership.get(address).is_some())
        });
        if let Some(owner) = owner {
            return Some((
                format!("{address} is managed by the manifest `{}` of the same master copy", owner.name),
                format!(
                    "remove it here; or list `{address}` under `forget:` there, apply that, and add \
                     `adopt: true` here"
                ),
            ));
        }
        self.siblings.iter().find_map(|sibling| {
            let reason = sibling.ownership.as_ref().err()?;
            Some((
                format!(
                    "whether {address} is managed by the manifest `{}` of the same master copy cannot be \
                     told: {reason}",
                    sibling.name
                ),
                format!("nothing is taken over before what `{}` manages can be read", sibling.name),
            ))
        })
    }

    /// AWS cannot change the description of a policy, and nobody here that of a service-linked role: a difference is
    /// told, and nothing is done.
    fn description_note(&self, wanted: &Resource, found: &Resource) -> Option<Note> {
        if let Some(message) = service_linked::other_description(wanted, found) {
            return Some(Note { address: self.address.clone(), message });
        }
        let (Resource::Policy(wanted), Resource::Policy(found)) = (wanted, found) else { return None };
        (wanted.description != found.description).then(|| Note {
            address: self.address.clone(),
            message: format!(
                "the description stays `{}`: AWS cannot change the description of a policy",
                found.description
            ),
        })
    }

    fn change(
        &self,
        action: ChangeAction,
        cause: Cause,
        fields: BTreeMap<Field, Cause>,
        before: Option<Resource>,
        after: Option<Resource>,
    ) -> Change {
        Change { address: self.address.clone(), action, cause, fields, before, after }
    }
}

/// Whether AWS can rename a thing of this kind.
fn has_a_new_name(thing: &Resource) -> bool {
    matches!(thing, Resource::User(_) | Resource::Group(_))
}

/// Whether AWS cannot move a thing of this kind to another path.
fn has_fixed_path(thing: &Resource) -> bool {
    matches!(thing, Resource::Role(_) | Resource::Policy(_) | Resource::InstanceProfile(_))
}

/// Why a field differs. What was never applied by us was changed by the manifest.
fn cause(field: Field, last: Option<&Resource>, is_changed: bool, wanted: &Resource) -> Cause {
    let Some(last) = last else { return Cause::Ours };
    if field == Field::Thumbprints
        && matches!(last, Resource::OidcProvider(last) if last.thumbprints.is_none())
    {
        return Cause::Ours;
    }
    match (!differing(last, wanted).contains(&field), !is_changed) {
        (true, _) => Cause::Drift,
        (false, true) => Cause::Ours,
        (false, false) => Cause::Conflict,
    }
}

fn gravest(fields: &BTreeMap<Field, Cause>) -> Cause {
    fields.values().copied().max().unwrap_or(Cause::Ours)
}
