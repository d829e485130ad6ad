//! Rules that can refuse a plan or a part of it, apart from the comparison itself: functions from
//! changes to verdicts.

use std::collections::BTreeSet;

use iamctl_model::{
    Address, Caller, Cause, Change, ChangeAction, Field, Guard, Hazard, HazardKind, Identity, Live,
    OidcProvider, Ownership, PolicyArn, Refusal, Resource, RoleName, SamlProvider,
};

use crate::delta::Delta;
use crate::ghosts::{Ghosts, is_unique_id};
use crate::plan::Inputs;
use crate::renames::Renames;
use crate::runner;
use crate::settings;
use crate::world::World;

/// Above this many deletes a plan needs `--allow mass-delete`.
const MANY_DELETES: usize = 10;
/// From this many deletes on their share of what is owned counts.
const SOME_DELETES: usize = 3;
/// The share of what is owned, in percent, above which some deletes are many.
const LARGE_SHARE: usize = 30;

pub(crate) struct Guards<'a> {
    pub(crate) inputs: &'a Inputs<'a>,
    pub(crate) live: &'a Live,
    pub(crate) ownership: &'a Ownership,
    pub(crate) ghosts: &'a Ghosts,
    pub(crate) renames: &'a Renames,
}

/// The things that are refused, so that nothing is done about them.
pub(crate) fn refused(refusals: &[Refusal]) -> BTreeSet<&Address> {
    refusals.iter().map(|refusal| &refusal.address).collect()
}

/// The dangers of a plan that are not to be risked.
pub(crate) fn denied(hazards: &[Hazard], deny: &BTreeSet<HazardKind>) -> Vec<Refusal> {
    let denied = hazards.iter().filter(|hazard| deny.contains(&hazard.kind));
    let refusal = |hazard: &Hazard| Refusal {
        guard: Guard::Hazard,
        address: hazard.address.clone(),
        message: hazard.message.clone(),
        help: format!(
            "change the plan so that it does not happen, or leave out `--deny {}`",
            hazard.kind.as_str()
        ),
    };
    denied.map(refusal).collect()
}

impl Guards<'_> {
    pub(crate) fn judge(&self, changes: &[Change]) -> Vec<Refusal> {
        let world = World::new(self.live, changes);
        let mut refusals = Vec::new();
        for change in changes.iter().filter(|change| change.action != ChangeAction::Blocked) {
            refusals.extend(self.conflict(change));
            refusals.extend(self.replaces(change));
            refusals.extend(self.in_use(change, &world));
            refusals.extend(self.lockout(change));
            refusals.extend(self.credentials(change));
            refusals.extend(self.widens_drift(change, &world));
        }
        if !refusals.iter().any(|refusal: &Refusal| refusal.guard == Guard::Lockout) {
            refusals.extend(self.lost_rights(changes));
        }
        refusals.extend(self.mass_delete(changes));
        self.unless_allowed(refusals)
    }

    /// These refusals without those that somebody allowed.
    pub(crate) fn unless_allowed(&self, mut refusals: Vec<Refusal>) -> Vec<Refusal> {
        refusals.retain(|refusal| {
            !(refusal.guard.can_be_allowed() && self.inputs.allow.contains(&refusal.guard))
        });
        refusals
    }

    fn refuse(guard: Guard, address: &Address, message: String, help: String) -> Refusal {
        let help = match guard.can_be_allowed() {
            true => format!("{help}; or pass `--allow {}`", guard.as_str()),
            false => help,
        };
        Refusal { guard, address: address.clone(), message, help }
    }

    fn conflict(&self, change: &Change) -> Option<Refusal> {
        let fields = change.fields.iter().filter(|(_, cause)| **cause == Cause::Conflict);
        let fields: Vec<&str> = fields.map(|(field, _)| field.as_str()).collect();
        if fields.is_empty() {
            return None;
        }
        let address = &change.address;
        Some(Self::refuse(
            Guard::Conflict,
            address,
            format!(
                "{} of {address} changed both in the manifest and in the account since the last run",
                fields.join(", ")
            ),
            "look at what was changed in the account and take over into the manifest what shall stay"
                .to_owned(),
        ))
    }

    /// A delete that would break something nobody here manages, or that AWS would refuse because of it.
    fn in_use(&self, change: &Change, world: &World<'_>) -> Option<Refusal> {
        let is_replaced = change.action == ChangeAction::Replace;
        if change.action != ChangeAction::Delete && !is_replaced {
            return None;
        }
        let users = match &change.address {
            Address::Policy(name) => {
                let arn = &self.live.policies.get(name)?.arn;
                remaining_users_of(arn, world)
            }
            Address::Group(name) => {
                let members = self.live.groups.get(name)?.value.members.iter();
                let users = members.map(|member| Address::User(member.clone()));
                users
                    .filter(|user| !lets_go_of_group(user, change, world))
                    .map(|user| user.to_string())
                    .collect()
            }
            Address::Role(name) => {
                let profiles = self.live.roles.get(name)?.instance_profiles.iter();
                let profiles = profiles.map(|profile| Address::InstanceProfile(profile.clone()));
                // One that is managed here gets it back.
                let is_ours =
                    |profile: &Address| is_replaced && self.inputs.desired.managed.contains_key(profile);
                profiles
                    .filter(|profile| !is_ours(profile) && !lets_go_of_role(profile, name, world))
                    .map(|profile| profile.to_string())
                    .collect()
            }
            Address::OidcProvider(_) | Address::SamlProvider(_) => {
                let arn = change.address.federated_principal(&self.live.account)?;
                world.will_trust(&arn).iter().map(ToString::to_string).collect()
            }
            Address::User(_)
            | Address::InstanceProfile(_)
            | Address::ServiceLinkedRole(_)
            | Address::AccountAlias
            | Address::PasswordPolicy
            | Address::MasterCopy => Vec::new(),
        };
        if users.is_empty() {
            return None;
        }
        let address = &change.address;
        if is_replaced {
            return Some(Self::refuse(
                Guard::InUse,
                address,
                format!(
                    "{address} would be deleted and made again, and is used by {}, which the manifest does not manage",
                    list(&users)
                ),
                "take it from them first, or manage them here as well".to_owned(),
            ));
        }
        Some(Self::refuse(
            Guard::InUse,
            address,
            format!("{address} would be deleted and is still used by {}", list(&users)),
            format!(
                "take it from them first; or list `{address}` under `forget:` to keep it and stop managing it"
            ),
        ))
    }

    /// AWS moves nothing of these kinds to another path: the thing goes, and another one comes that has its name.
    fn replaces(&self, change: &Change) -> Option<Refusal> {
        let (ChangeAction::Replace, Some(before), Some(after)) =
            (change.action, &change.before, &change.after)
        else {
            return None;
        };
        let (old, new) = (before.path()?, after.path()?);
        let address = &change.address;
        let is_protected = self.inputs.desired.managed.get(address).is_some_and(|managed| managed.protect)
            || self.ownership.get(address).is_some_and(|owned| owned.protect);
        let keep = format!("write `path: {old}`");
        if is_protected {
            return Some(Self::refuse(
                Guard::Protect,
                address,
                format!("{address} is protected, and would be deleted and made again under `{new}`"),
                format!("{keep}; or set `protect: false`, apply, and change the path then"),
            ));
        }
        Some(Self::refuse(
            Guard::Replace,
            address,
            format!(
                "{address} would be deleted and made again: its path is `{old}`, and AWS cannot change it"
            ),
            format!("{keep}, or give the new one another name"),
        ))
    }

    /// Whoever runs this must not lock itself out: by deleting itself, by giving up all it has, or by a
    /// boundary or a trust policy that is tighter. What else it loses comes last where there is room for
    /// that, and is a hazard.
    fn lockout(&self, change: &Change) -> Option<Refusal> {
        let identity = self.inputs.caller.and_then(Caller::identity)?;
        let former = self.renames.former(&change.address);
        if identity.address() != *former.unwrap_or(&change.address) {
            return None;
        }
        let how = match (change.action, &change.before, &change.after) {
            (ChangeAction::Delete, ..) => "would be deleted",
            (ChangeAction::Replace, ..) => "would be deleted and made again",
            (ChangeAction::Update, ..) if former.is_some() => "would be renamed",
            (ChangeAction::Update | ChangeAction::Adopt, Some(before), Some(after)) => {
                locks_out(before, after)?
            }
            _ => return None,
        };
        let what = match identity {
            Identity::User(_) => "the user",
            _ => "the role",
        };
        Some(Self::refuse(
            Guard::Lockout,
            &change.address,
            format!("{} is {what} that runs this, and {how}", change.address),
            "let somebody else apply it".to_owned(),
        ))
    }

    /// The same by way of a group, or of the text of a policy.
    fn lost_rights(&self, changes: &[Change]) -> Option<Refusal> {
        let caller = self.inputs.caller?;
        let runner = caller.identity()?.address();
        let loss = runner::loss(self.live, changes, caller, self.inputs.desired)?;
        let way = if loss.by == runner { String::new() } else { format!(" with the change of {}", loss.by) };
        Some(Self::refuse(
            Guard::Lockout,
            &loss.by,
            format!("{runner} runs this, and{way} would {}", loss.what),
            "let somebody else apply it".to_owned(),
        ))
    }

    /// Passwords, keys and devices are gone for good, and are seldom what was meant to be deleted.
    fn credentials(&self, change: &Change) -> Option<Refusal> {
        let Address::User(name) = &change.address else { return None };
        if change.action != ChangeAction::Delete {
            return None;
        }
        let what = self.live.users.get(name)?.credentials.as_ref()?.describe();
        if what.is_empty() {
            return None;
        }
        let address = &change.address;
        Some(Self::refuse(
            Guard::DeleteCredentials,
            address,
            format!("{address} would be deleted and still has {}", what.join(", ")),
            format!(
                "make sure that nobody uses it any more, and take that away first; or list `{address}` under \
                 `forget:` to keep it and stop managing it"
            ),
        ))
    }

    /// Somebody took rights away behind our back, by a prohibition, a boundary or a tighter trust:
    /// that may have been an answer to an attack, and is not undone unasked.
    fn widens_drift(&self, change: &Change, world: &World<'_>) -> Option<Refusal> {
        let drifted = |field| change.fields.get(&field).is_some_and(|cause| *cause != Cause::Ours);
        let (Some(before), Some(after)) = (&change.before, &change.after) else { return None };
        if !matches!(change.action, ChangeAction::Update | ChangeAction::Replace) {
            return None;
        }
        // What was so when we left it is nobody's restriction, whatever else was changed since.
        let last = &self.ownership.get(&change.address)?.last_applied;
        let mut what: Vec<String> = Vec::new();
        if drifted(Field::PermissionsBoundary)
            && let Some(boundary) = before.permissions_boundary()
        {
            what.push(format!("the permissions boundary {}", boundary.path_and_name()));
        }
        if drifted(Field::Policies) {
            let (last, before, after) = (last.policies()?, before.policies()?, after.policies()?);
            let attached = before.difference(after).filter(|arn| !last.contains(arn));
            let denying = attached.filter(|arn| !world.detaching(arn).stops_denying.is_empty());
            what.extend(denying.map(|arn| format!("the policy {}, which denies", arn.path_and_name())));
        }
        if drifted(Field::InlinePolicies) {
            let (before, after) = (before.inline_policies()?, after.inline_policies()?);
            let last = last.inline_policies()?;
            for (name, document) in before {
                let denied = Delta::between(last.get(name), Some(document)).denies;
                let undone = Delta::between(Some(document), after.get(name)).stops_denying;
                if !denied.is_empty() && !undone.is_empty() {
                    what.push(format!("the inline policy {name}, which denies"));
                }
            }
        }
        what.extend(self.restriction_of(world, last, change, drifted));
        if what.is_empty() {
            return None;
        }
        let address = &change.address;
        Some(Self::refuse(
            Guard::WidenDrift,
            address,
            format!("{address} was restricted in the account by {}; the plan would undo that", list(&what)),
            "find out who did it and why; take it over into the manifest if it shall stay".to_owned(),
        ))
    }

    /// A restriction that only things of one kind can have.
    fn restriction_of(
        &self,
        world: &World<'_>,
        last: &Resource,
        change: &Change,
        drifted: impl Fn(Field) -> bool,
    ) -> Vec<String> {
        match (last, &change.before, &change.after) {
            (Resource::Role(last), Some(Resource::Role(before)), Some(Resource::Role(after)))
                if drifted(Field::Trust) =>
            {
                // Somebody who was deleted is no longer let in; that is no decision about this role.
                let made = self.ghosts.exorcised(&before.trust);
                let is_decision = !made.aws_principals().any(is_unique_id);
                let tighter = Delta::between(Some(&last.trust), Some(&made)).narrows();
                let undone = Delta::between(Some(&made), Some(&after.trust)).widens();
                Vec::from_iter(
                    (tighter && undone && is_decision).then(|| "a tighter trust policy".to_owned()),
                )
            }
            (Resource::Policy(last), Some(Resource::Policy(before)), Some(Resource::Policy(after)))
                if drifted(Field::Document) =>
            {
                let denied = Delta::between(Some(&last.document), Some(&before.document)).denies;
                let undone = Delta::between(Some(&before.document), Some(&after.document)).stops_denying;
                let is_restriction = !denied.is_empty() && !undone.is_empty();
                let tighter = !Delta::of_bounding_text(&last.document, &before.document).denies.is_empty();
                let loosened = Delta::of_bounding_text(&before.document, &after.document).widens();
                let bounds = || match &change.address {
                    Address::Policy(name) => {
                        let arn = self.live.policies.get(name).map(|policy| &policy.arn);
                        arn.is_some_and(|arn| !world.stay_bounded_by(arn).is_empty())
                    }
                    _ => false,
                };
                if is_restriction {
                    vec!["a statement that denies".to_owned()]
                } else if tighter && loosened && bounds() {
                    vec!["a tighter text, which is somebody's permissions boundary".to_owned()]
                } else {
                    Vec::new()
                }
            }
            (Resource::User(last), Some(Resource::User(before)), Some(Resource::User(after)))
                if drifted(Field::Groups) =>
            {
                let joined =
                    before.groups.difference(&after.groups).filter(|group| !last.groups.contains(*group));
                let denying = joined.filter(|group| !world.leaving(group).stops_denying.is_empty());
                denying.map(|group| format!("the membership of group/{group}, which denies")).collect()
            }
            (
                Resource::InstanceProfile(last),
                Some(Resource::InstanceProfile(before)),
                Some(Resource::InstanceProfile(after)),
            ) if drifted(Field::Role) => {
                let is_back = before.role.is_none() && last.role == after.role;
                // A role that was deleted had to leave its instance profiles: that is no decision about them.
                let is_made_again = |role: &&RoleName| {
                    let change = world.change(&Address::Role((*role).clone()));
                    change.is_some_and(|change| change.action == ChangeAction::Create)
                };
                let role = after.role.iter().filter(|_| is_back).find(|role| !is_made_again(role));
                role.map(|role| format!("the removal of role/{role}")).into_iter().collect()
            }
            (
                Resource::OidcProvider(last),
                Some(Resource::OidcProvider(before)),
                Some(Resource::OidcProvider(after)),
            ) => {
                let taken =
                    |field, last: &BTreeSet<String>, before: &BTreeSet<String>, after: &BTreeSet<String>| {
                        let gone = last.difference(before).filter(|one| after.contains(*one));
                        Vec::from_iter(gone.filter(|_| drifted(field)).cloned())
                    };
                let thumbprints = |provider: &OidcProvider| provider.thumbprints.clone().unwrap_or_default();
                let (last_seen, seen, wanted) = (thumbprints(last), thumbprints(before), thumbprints(after));
                let client_ids =
                    taken(Field::ClientIds, &last.client_ids, &before.client_ids, &after.client_ids);
                let thumbprints = taken(Field::Thumbprints, &last_seen, &seen, &wanted);
                let client_ids = client_ids.iter().map(|id| format!("the removal of the client id {id}"));
                let thumbprints =
                    thumbprints.iter().map(|one| format!("the removal of the thumbprint {one}"));
                client_ids.chain(thumbprints).collect()
            }
            (
                Resource::PasswordPolicy(_),
                Some(before @ Resource::PasswordPolicy(_)),
                Some(after @ Resource::PasswordPolicy(_)),
            ) => {
                let is_looser = |field: Field, than: &Resource| settings::is_looser(than, before, field);
                let fields = change.fields.keys().copied().filter(|field| drifted(*field));
                let stricter = fields.filter(|field| is_looser(*field, last) && is_looser(*field, after));
                stricter.map(|field| format!("a stricter {field}")).collect()
            }
            (
                Resource::SamlProvider(last),
                Some(Resource::SamlProvider(before)),
                Some(Resource::SamlProvider(after)),
            ) if drifted(Field::Metadata) => restrictions_of_metadata(last, before, after),
            _ => Vec::new(),
        }
    }

    fn mass_delete(&self, changes: &[Change]) -> Option<Refusal> {
        let deletes = changes.iter().filter(|change| change.action == ChangeAction::Delete).count();
        let owned = self.ownership.0.len();
        let share_is_large = deletes.saturating_mul(100) > owned.saturating_mul(LARGE_SHARE);
        if !(deletes > MANY_DELETES || deletes >= SOME_DELETES && share_is_large) {
            return None;
        }
        Some(Self::refuse(
            Guard::MassDelete,
            &Address::MasterCopy,
            format!("{deletes} of the {owned} things that this manifest manages would be deleted"),
            "look whether a part of the manifest is missing".to_owned(),
        ))
    }
}

/// Certificates that somebody took out of the metadata of an identity provider, and that would come back. What
/// cannot be read might have any.
fn restrictions_of_metadata(last: &SamlProvider, before: &SamlProvider, after: &SamlProvider) -> Vec<String> {
    let certificates = |provider: &SamlProvider| provider.metadata.facts().map(|facts| facts.certificates);
    match (certificates(last), certificates(before), certificates(after)) {
        (Ok(last), Ok(before), Ok(after)) => {
            let gone = last.difference(&before).filter(|one| after.contains(*one));
            gone.map(|one| format!("the removal of the certificate {one}")).collect()
        }
        _ => vec!["metadata that cannot be read".to_owned()],
    }
}

/// What will still be attached to a policy, or bounded by it, when it is deleted.
fn remaining_users_of(arn: &PolicyArn, world: &World<'_>) -> Vec<String> {
    let uses = |resource: &Resource| {
        let attached = resource.policies().is_some_and(|policies| policies.contains(arn));
        attached || resource.permissions_boundary() == Some(arn)
    };
    let will_use = |address: &&Address| {
        let change = world.change(address);
        match change.map(|change| (change.action, &change.before, &change.after)) {
            Some((ChangeAction::Delete, ..)) => false,
            // An attachment that is left to others is in neither side of the change.
            Some((
                ChangeAction::Update | ChangeAction::Adopt | ChangeAction::Replace,
                Some(before),
                Some(after),
            )) => uses(after) || !uses(before),
            _ => true,
        }
    };
    world.users_of(arn).iter().filter(will_use).map(ToString::to_string).collect()
}

fn lets_go_of_group(user: &Address, group: &Change, world: &World<'_>) -> bool {
    let Address::Group(name) = &group.address else { return false };
    match world.change(user).map(|change| (change.action, &change.before, &change.after)) {
        Some((ChangeAction::Delete, ..)) => true,
        Some((
            ChangeAction::Update | ChangeAction::Adopt,
            Some(Resource::User(before)),
            Some(Resource::User(after)),
        )) => before.groups.contains(name) && !after.groups.contains(name),
        _ => false,
    }
}

fn lets_go_of_role(profile: &Address, role: &RoleName, world: &World<'_>) -> bool {
    match world.change(profile).map(|change| (change.action, &change.before, &change.after)) {
        Some((ChangeAction::Delete, ..)) => true,
        Some((
            ChangeAction::Update | ChangeAction::Adopt | ChangeAction::Replace,
            Some(Resource::InstanceProfile(before)),
            Some(Resource::InstanceProfile(after)),
        )) => before.role.as_ref() == Some(role) && after.role.as_ref() != Some(role),
        _ => false,
    }
}

/// How a change could keep whoever it is about from ever doing anything again.
fn locks_out(before: &Resource, after: &Resource) -> Option<&'static str> {
    let has_any = |one: &Resource| {
        let in_groups = matches!(one, Resource::User(user) if !user.groups.is_empty());
        in_groups
            || one.policies().is_some_and(|held| !held.is_empty())
            || one.inline_policies().is_some_and(|held| !held.is_empty())
    };
    let boundary = after.permissions_boundary();
    match (before, after) {
        _ if has_any(before) && !has_any(after) => Some("would lose every policy"),
        _ if boundary.is_some() && boundary != before.permissions_boundary() => {
            Some("would get another permissions boundary")
        }
        (Resource::Role(before), Resource::Role(after))
            // Taking somebody out who was deleted keeps nobody out.
            if !before.trust.aws_principals().any(is_unique_id)
                && Delta::between(Some(&before.trust), Some(&after.trust)).narrows() =>
        {
            Some("could be assumed by fewer than now")
        }
        _ => None,
    }
}

/// "a, b and 3 more"
fn list(items: &[String]) -> String {
    const SHOWN: usize = 4;
    let unique: BTreeSet<&String> = items.iter().collect();
    let shown: Vec<&str> = unique.iter().take(SHOWN).map(|item| item.as_str()).collect();
    match unique.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
