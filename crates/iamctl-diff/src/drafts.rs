//! The calls that carry out changes, not yet in order.

mod circles;
mod whole;

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    Account, Action, Address, Change, ChangeAction, Group, GroupName, Identity, InstanceProfile,
    InstanceProfileName, LivePolicy, Policy, PolicyArn, PolicyName, PolicyVersion, PrincipalArn, Resource,
    Role, RoleDetails, RoleName, Tags, User, UserName,
};
use iamctl_policy::Document;

use crate::delta::Delta;
use crate::providers::{OidcCalls, SamlCalls};
use crate::quotas::Limits;
use crate::renames::Renames;
use crate::replace::is_bounded_anew;
use crate::settings;
use crate::tagged;
use crate::world::World;

/// A call, and what it does to access.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) action: Action,
    pub(crate) because: Address,
    /// Where it stands in a replacement.
    pub(crate) part: Part,
    /// What it does to access: nothing, the same to all that it affects, or one thing to some and another
    /// to others.
    pub(crate) effects: Vec<Effect>,
}

/// Where a call stands when a thing is deleted and made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Nothing is replaced.
    Whole,
    /// It belongs to the old one: it comes before the delete, or is the delete.
    Old,
    /// It belongs to the new one: it is the create, or comes after it.
    New,
}

/// What a call does to the access of some users and roles.
#[derive(Debug, Clone)]
pub(crate) struct Effect {
    pub(crate) delta: Delta,
    /// Users and roles.
    pub(crate) on: BTreeSet<Identity>,
}

impl Effect {
    /// No effect where nothing changes, or nobody is affected.
    pub(crate) fn of(delta: Delta, on: BTreeSet<Identity>) -> Option<Self> {
        (!delta.is_empty() && !on.is_empty()).then_some(Self { delta, on })
    }
}

impl Draft {
    /// A call that has nothing to do with access.
    pub(crate) fn plain(because: &Address, action: Action) -> Self {
        Self { action, because: because.clone(), part: Part::Whole, effects: Vec::new() }
    }

    /// Whether one of these belongs to what is deleted and the other to what is made in its place: what they do
    /// to access never meets.
    pub(crate) fn is_parted_from(&self, other: &Draft) -> bool {
        self.because == other.because
            && self.part != other.part
            && self.part != Part::Whole
            && other.part != Part::Whole
    }

    /// Whether it may take access from somebody.
    pub(crate) fn narrows(&self, identity: &Identity) -> bool {
        self.effects.iter().any(|effect| effect.on.contains(identity) && effect.delta.narrows())
    }

    /// Whose access it changes.
    pub(crate) fn affects(&self) -> BTreeSet<Identity> {
        self.effects.iter().flat_map(|effect| effect.on.iter().cloned()).collect()
    }
}

/// The calls of all changes.
pub(crate) fn drafts(world: &World<'_>, changes: &[Change], renames: &Renames) -> Vec<Draft> {
    let mut drafter = Drafter {
        world,
        renames,
        drafts: Vec::new(),
        locked: circles::roles_to_lock(&world.live().account, changes),
    };
    for change in changes {
        drafter.change(change);
    }
    drafter.drafts
}

pub(crate) struct Drafter<'a> {
    pub(crate) world: &'a World<'a>,
    renames: &'a Renames,
    pub(crate) drafts: Vec<Draft>,
    /// Roles that are made with a trust that lets nobody in, because they trust each other in a circle.
    locked: BTreeSet<RoleName>,
}

impl Drafter<'_> {
    fn change(&mut self, change: &Change) {
        let address = &change.address;
        match change.action {
            ChangeAction::Create => {
                if let Some(after) = &change.after {
                    self.create(address, after);
                }
            }
            ChangeAction::Update | ChangeAction::Adopt => {
                if let (Some(before), Some(after)) = (&change.before, &change.after) {
                    self.update(address, before, after);
                }
            }
            ChangeAction::Delete => self.delete(address),
            ChangeAction::Replace => {
                if let Some(after) = &change.after {
                    self.replace(change, after);
                }
            }
            ChangeAction::Forget | ChangeAction::Blocked => {}
        }
    }

    fn plain(&mut self, because: &Address, action: Action) {
        self.drafts.push(Draft::plain(because, action));
    }

    pub(crate) fn push(&mut self, because: &Address, action: Action, delta: Delta, on: BTreeSet<Identity>) {
        let effects = Effect::of(delta, on).into_iter().collect();
        self.drafts.push(Draft { effects, ..Draft::plain(because, action) });
    }

    fn update(&mut self, address: &Address, before: &Resource, after: &Resource) {
        match (address, before, after) {
            (Address::Policy(name), Resource::Policy(before), Resource::Policy(after)) => {
                self.policy(name, before, after);
            }
            (Address::Group(name), Resource::Group(before), Resource::Group(after)) => {
                self.group(name, before, after);
            }
            (Address::User(name), Resource::User(before), Resource::User(after)) => {
                self.user(name, before, after);
            }
            (Address::Role(name), Resource::Role(before), Resource::Role(after)) => {
                self.role(name, before, after);
            }
            (
                Address::InstanceProfile(name),
                Resource::InstanceProfile(before),
                Resource::InstanceProfile(after),
            ) => self.instance_profile(name, before, after),
            (Address::OidcProvider(url), Resource::OidcProvider(before), Resource::OidcProvider(after)) => {
                self.drafts.extend(OidcCalls::new(self.world, url).update(before, after));
            }
            (Address::AccountAlias | Address::PasswordPolicy, before, after) if before != after => {
                self.drafts.extend(settings::set(after));
            }
            (Address::SamlProvider(name), Resource::SamlProvider(before), Resource::SamlProvider(after)) => {
                self.drafts.extend(SamlCalls::new(self.world, name).update(before, after));
            }
            _ => {}
        }
    }

    fn policy(&mut self, name: &PolicyName, before: &Policy, after: &Policy) {
        let address = Address::Policy(name.clone());
        let Some(live) = self.world.live().policies.get(name) else { return };
        if before.document != after.document {
            // To some it gives what it allows; others it only bounds.
            let attached = Delta::between(Some(&before.document), Some(&after.document));
            let bounding = Delta::of_bounding_text(&before.document, &after.document);
            let effects = [
                Effect::of(attached, self.world.holders(&live.arn)),
                Effect::of(bounding, self.world.bounded_by(&live.arn)),
            ];
            let action = match stored_version(live, &after.document) {
                Some(stored) => stored,
                None => {
                    let most = Limits::of(self.world.live()).versions().most;
                    for oldest in versions_in_the_way(live, most) {
                        self.plain(&address, oldest);
                    }
                    Action::CreatePolicyVersion {
                        policy_arn: live.arn.clone(),
                        policy_document: after.document.clone(),
                    }
                }
            };
            let effects = effects.into_iter().flatten().collect();
            self.drafts.push(Draft { effects, ..Draft::plain(&address, action) });
        }
        let (set, unset) = tag_changes(&before.tags, &after.tags, false);
        if !unset.is_empty() {
            self.plain(&address, Action::UntagPolicy { policy_arn: live.arn.clone(), tag_keys: unset });
        }
        if !set.is_empty() {
            self.plain(&address, Action::TagPolicy { policy_arn: live.arn.clone(), tags: set });
        }
    }

    fn group(&mut self, name: &GroupName, before: &Group, after: &Group) {
        let identity = Identity::Group(name.clone());
        let address = identity.address();
        let former = match self.renames.former(&address) {
            Some(Address::Group(former)) => Some(former.clone()),
            _ => None,
        };
        if former.is_some() || before.path != after.path {
            let action = Action::UpdateGroup {
                new_group_name: former.is_some().then(|| name.clone()),
                group_name: former.unwrap_or_else(|| name.clone()),
                new_path: (before.path != after.path).then(|| after.path.clone()),
            };
            self.plain(&address, action);
        }
        self.attachments(&identity, &before.policies, &after.policies);
        self.inline_policies(&identity, &before.inline_policies, &after.inline_policies);
        // Members whom the manifest knows are changed on the user.
        for member in before.members.difference(&after.members) {
            self.leave(&address, member, name);
        }
    }

    fn user(&mut self, name: &UserName, before: &User, after: &User) {
        let identity = Identity::User(name.clone());
        let address = identity.address();
        let former = match self.renames.former(&address) {
            Some(Address::User(former)) => Some(former.clone()),
            _ => None,
        };
        if former.is_some() || before.path != after.path {
            let action = Action::UpdateUser {
                new_user_name: former.is_some().then(|| name.clone()),
                user_name: former.unwrap_or_else(|| name.clone()),
                new_path: (before.path != after.path).then(|| after.path.clone()),
            };
            self.plain(&address, action);
        }
        self.boundary(&identity, before.permissions_boundary.as_ref(), after.permissions_boundary.as_ref());
        for group in after.groups.difference(&before.groups) {
            let action = Action::AddUserToGroup { group_name: group.clone(), user_name: name.clone() };
            let delta = self.world.joining(group);
            self.push(&address, action, delta, BTreeSet::from([identity.clone()]));
        }
        for group in before.groups.difference(&after.groups) {
            self.leave(&address, name, group);
        }
        self.attachments(&identity, &before.policies, &after.policies);
        self.inline_policies(&identity, &before.inline_policies, &after.inline_policies);
        let (set, unset) = tag_changes(&before.tags, &after.tags, true);
        if !unset.is_empty() {
            let delta = self.tagging(unset.iter());
            let action = Action::UntagUser { user_name: name.clone(), tag_keys: unset };
            self.push(&address, action, delta, BTreeSet::from([identity.clone()]));
        }
        if !set.is_empty() {
            let delta = self.tagging(tagged::keys(&set));
            let action = Action::TagUser { user_name: name.clone(), tags: set };
            self.push(&address, action, delta, BTreeSet::from([identity]));
        }
    }

    /// What a change of tags does to whoever has them: anything, where a policy asks for them.
    fn tagging<'k>(&self, keys: impl Iterator<Item = &'k String>) -> Delta {
        if self.world.asked_for().any(keys) { Delta::of_tags() } else { Delta::default() }
    }

    fn leave(&mut self, because: &Address, user: &UserName, group: &GroupName) {
        let action = Action::RemoveUserFromGroup { group_name: group.clone(), user_name: user.clone() };
        let delta = self.world.leaving(group);
        self.push(because, action, delta, BTreeSet::from([Identity::User(user.clone())]));
    }

    fn role(&mut self, name: &RoleName, before: &Role, after: &Role) {
        let identity = Identity::Role(name.clone());
        let address = identity.address();
        self.role_details(name, before, after);
        if before.trust != after.trust {
            let action = Action::UpdateAssumeRolePolicy {
                role_name: name.clone(),
                policy_document: after.trust.clone(),
            };
            let delta = Delta::of_trust(&before.trust, &after.trust);
            self.push(&address, action, delta, BTreeSet::from([identity.clone()]));
        }
        self.boundary(&identity, before.permissions_boundary.as_ref(), after.permissions_boundary.as_ref());
        self.attachments(&identity, &before.policies, &after.policies);
        self.inline_policies(&identity, &before.inline_policies, &after.inline_policies);
        let (set, unset) = tag_changes(&before.tags, &after.tags, true);
        if !unset.is_empty() {
            let delta = self.tagging(unset.iter());
            let action = Action::UntagRole { role_name: name.clone(), tag_keys: unset };
            self.push(&address, action, delta, BTreeSet::from([identity.clone()]));
        }
        if !set.is_empty() {
            let delta = self.tagging(tagged::keys(&set));
            let action = Action::TagRole { role_name: name.clone(), tags: set };
            self.push(&address, action, delta, BTreeSet::from([identity]));
        }
    }

    fn role_details(&mut self, name: &RoleName, before: &Role, after: &Role) {
        let change = (
            before.description != after.description,
            before.max_session_duration != after.max_session_duration,
        );
        if change == (false, false) {
            return;
        }
        // The call sets both. One that is left to others keeps what it has, which is not what the
        // manifest says.
        let live = self.world.live().roles.get(name).and_then(|role| role.details.as_ref().cloned());
        let kept = live.unwrap_or_else(|| RoleDetails {
            description: after.description.clone(),
            max_session_duration: after.max_session_duration,
        });
        let action = Action::UpdateRole {
            role_name: name.clone(),
            description: if change.0 { after.description.clone() } else { kept.description },
            max_session_duration: if change.1 {
                after.max_session_duration
            } else {
                kept.max_session_duration
            },
        };
        self.plain(&Address::Role(name.clone()), action);
    }

    fn instance_profile(
        &mut self,
        name: &InstanceProfileName,
        before: &InstanceProfile,
        after: &InstanceProfile,
    ) {
        let address = Address::InstanceProfile(name.clone());
        let name = || name.clone();
        if before.role != after.role {
            let affected = |role: &RoleName| BTreeSet::from([Identity::Role(role.clone())]);
            if let Some(role) = &before.role {
                let action = Action::RemoveRoleFromInstanceProfile {
                    instance_profile_name: name(),
                    role_name: role.clone(),
                };
                self.push(&address, action, Delta::of_entry(false), affected(role));
            }
            if let Some(role) = &after.role {
                let action = Action::AddRoleToInstanceProfile {
                    instance_profile_name: name(),
                    role_name: role.clone(),
                };
                self.push(&address, action, Delta::of_entry(true), affected(role));
            }
        }
        let (tags, tag_keys) = tag_changes(&before.tags, &after.tags, false);
        if !tag_keys.is_empty() {
            self.plain(&address, Action::UntagInstanceProfile { instance_profile_name: name(), tag_keys });
        }
        if !tags.is_empty() {
            self.plain(&address, Action::TagInstanceProfile { instance_profile_name: name(), tags });
        }
    }

    fn boundary(&mut self, identity: &Identity, before: Option<&PolicyArn>, after: Option<&PolicyArn>) {
        if before == after {
            return;
        }
        let action = match (identity, after.cloned()) {
            (Identity::User(name), Some(permissions_boundary)) => {
                Action::PutUserPermissionsBoundary { user_name: name.clone(), permissions_boundary }
            }
            (Identity::User(name), None) => Action::DeleteUserPermissionsBoundary { user_name: name.clone() },
            (Identity::Role(name), Some(permissions_boundary)) => {
                Action::PutRolePermissionsBoundary { role_name: name.clone(), permissions_boundary }
            }
            (Identity::Role(name), None) => Action::DeleteRolePermissionsBoundary { role_name: name.clone() },
            // Groups have no boundary.
            (Identity::Group(_), _) => return,
        };
        let affects = BTreeSet::from([identity.clone()]);
        if is_bounded_anew(self.world, before, after) {
            return self.boundary_in_between(identity, action);
        }
        self.push(&identity.address(), action, Delta::boundary(before, after), affects);
    }

    fn attachments(
        &mut self,
        identity: &Identity,
        before: &BTreeSet<PolicyArn>,
        after: &BTreeSet<PolicyArn>,
    ) {
        let affects = self.world.affected(identity);
        for arn in after.difference(before) {
            let delta = self.world.attaching(arn);
            self.push(&identity.address(), Action::attach(identity, arn.clone()), delta, affects.clone());
        }
        for arn in before.difference(after) {
            let delta = self.world.detaching(arn);
            self.push(&identity.address(), Action::detach(identity, arn.clone()), delta, affects.clone());
        }
    }

    fn inline_policies(
        &mut self,
        identity: &Identity,
        before: &BTreeMap<PolicyName, Document>,
        after: &BTreeMap<PolicyName, Document>,
    ) {
        let affects = self.world.affected(identity);
        for (name, document) in after {
            let old = before.get(name);
            if old != Some(document) {
                let action = Action::put_inline(identity, name.clone(), document.clone());
                let delta = Delta::between(old, Some(document));
                self.push(&identity.address(), action, delta, affects.clone());
            }
        }
        for (name, document) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
            let action = Action::delete_inline(identity, name.clone());
            let delta = Delta::between(Some(document), None);
            self.push(&identity.address(), action, delta, affects.clone());
        }
    }
}

/// A version that is stored already and says what is wanted needs only to be made the default.
fn stored_version(live: &LivePolicy, wanted: &Document) -> Option<Action> {
    let mut stored =
        live.versions.iter().filter(|version| !version.is_default && version.document == *wanted);
    let version = stored.next()?;
    Some(Action::SetDefaultPolicyVersion { policy_arn: live.arn.clone(), version_id: version.id.clone() })
}

/// The oldest versions that are not in force, as many as are in the way of another one.
fn versions_in_the_way(live: &LivePolicy, most: usize) -> Vec<Action> {
    let mut old: Vec<_> = live.versions.iter().filter(|version| !version.is_default).collect();
    old.sort_by_key(|version| (version.created, &version.id));
    old.truncate(live.versions.len().saturating_add(1).saturating_sub(most));
    let delete = |version: &PolicyVersion| Action::DeletePolicyVersion {
        policy_arn: live.arn.clone(),
        version_id: version.id.clone(),
    };
    old.into_iter().map(delete).collect()
}

/// Tags to set and keys to take away. On users and roles, setting a key in another case replaces it.
/// Source: IAM User Guide, "Rules for tagging in IAM and AWS STS".
pub(crate) fn tag_changes(before: &Tags, after: &Tags, ignore_case: bool) -> (Tags, Vec<String>) {
    let is_kept = |key: &String| {
        let mut kept = after.0.keys();
        if ignore_case {
            kept.any(|other| other.eq_ignore_ascii_case(key))
        } else {
            after.0.contains_key(key)
        }
    };
    let unset = before.0.keys().filter(|key| !is_kept(key)).cloned().collect();
    (after.beyond(before), unset)
}

/// The user or role of this account that a principal names.
pub(crate) fn own_principal(account: &Account, text: &str) -> Option<Identity> {
    let arn = PrincipalArn::parse(text).ok()?;
    if arn.account() != account.id.as_str() { None } else { arn.identity() }
}
