//! What policies and groups hold before and after the plan: what a step does to access depends on it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{Address, Change, ChangeAction, GroupName, Identity, Live, PolicyArn, Resource, RoleName};
use iamctl_policy::Document;

use crate::delta::Delta;
use crate::tagged::AskedFor;

/// Whether something is looked at before the first step or after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
}

/// Whose access depends on the text of a policy: users and roles.
#[derive(Debug, Default)]
struct Holders {
    /// It is attached to them, or to a group of theirs, before or after.
    attached: BTreeSet<Identity>,
    /// It is their permissions boundary, before or after.
    bounded: BTreeSet<Identity>,
}

/// The account before and after a plan.
pub(crate) struct World<'a> {
    live: &'a Live,
    changes: BTreeMap<&'a Address, &'a Change>,
    /// Whose access depends on a policy of the account. Found when the first policy changes; most plans change none.
    holders: OnceCell<BTreeMap<PolicyArn, Holders>>,
    /// What is attached to a policy now, or bounded by it. Found when the first policy is deleted.
    users: OnceCell<BTreeMap<PolicyArn, Vec<Address>>>,
    /// Which tags policies ask for. Found when the first tags of a user or role change.
    asked_for: OnceCell<AskedFor>,
}

impl<'a> World<'a> {
    pub(crate) fn new(live: &'a Live, changes: &'a [Change]) -> Self {
        let changes = changes.iter().filter(|change| change.action != ChangeAction::Blocked);
        let changes = changes.map(|change| (&change.address, change)).collect();
        Self { live, changes, holders: OnceCell::new(), users: OnceCell::new(), asked_for: OnceCell::new() }
    }

    /// Which tags any policy asks for, before or after.
    pub(crate) fn asked_for(&self) -> &AskedFor {
        self.asked_for.get_or_init(|| AskedFor::of(self.live, self.changes.values().copied()))
    }

    pub(crate) fn live(&self) -> &'a Live {
        self.live
    }

    /// What becomes of an address; none for what stays as it is, and for what is blocked.
    pub(crate) fn change(&self, address: &Address) -> Option<&'a Change> {
        self.changes.get(address).copied()
    }

    /// What is at an address.
    pub(crate) fn resource(&self, address: &Address, when: When) -> Option<Resource> {
        match (self.changes.get(address), when) {
            (Some(change), When::After) if change.action != ChangeAction::Forget => change.after.clone(),
            _ => self.live.resource(address, None),
        }
    }

    /// The text of a policy of the account; `None` where there is none, or it is AWS's.
    pub(crate) fn document(&self, arn: &PolicyArn, when: When) -> Option<Document> {
        if arn.is_aws_managed() {
            return None;
        }
        let name = arn.policy_name();
        match (self.changes.get(&Address::Policy(name.clone())), when) {
            (Some(change), When::After) if change.action != ChangeAction::Forget => match &change.after {
                Some(Resource::Policy(policy)) => Some(policy.document.clone()),
                _ => None,
            },
            _ => self.live.policies.get(&name)?.default_version().map(|version| version.document.clone()),
        }
    }

    /// What attaching a policy does: it will be the text that the plan leaves.
    pub(crate) fn attaching(&self, arn: &PolicyArn) -> Delta {
        if arn.is_aws_managed() {
            return Delta::of_aws_managed(arn, true);
        }
        Delta::between(None, self.document(arn, When::After).as_ref())
    }

    /// What detaching a policy does: it is the text that is there now.
    pub(crate) fn detaching(&self, arn: &PolicyArn) -> Delta {
        if arn.is_aws_managed() {
            return Delta::of_aws_managed(arn, false);
        }
        Delta::between(self.document(arn, When::Before).as_ref(), None)
    }

    /// What becoming a member of a group does.
    pub(crate) fn joining(&self, group: &GroupName) -> Delta {
        self.of_group(group, When::After, World::attaching, |document| Delta::between(None, Some(document)))
    }

    /// What no longer being a member of a group does.
    pub(crate) fn leaving(&self, group: &GroupName) -> Delta {
        self.of_group(group, When::Before, World::detaching, |document| Delta::between(Some(document), None))
    }

    fn of_group(
        &self,
        group: &GroupName,
        when: When,
        attached: impl Fn(&Self, &PolicyArn) -> Delta,
        inline: impl Fn(&Document) -> Delta,
    ) -> Delta {
        let mut delta = Delta::default();
        if let Some(group) = self.resource(&Address::Group(group.clone()), when) {
            for arn in group.policies().into_iter().flatten() {
                delta.merge(attached(self, arn));
            }
            for document in group.inline_policies().into_iter().flatten().map(|(_, document)| document) {
                delta.merge(inline(document));
            }
        }
        delta
    }

    /// Whose access a step on an identity affects: its own, or that of all members of a group.
    pub(crate) fn affected(&self, identity: &Identity) -> BTreeSet<Identity> {
        match identity {
            Identity::User(_) | Identity::Role(_) => BTreeSet::from([identity.clone()]),
            Identity::Group(name) => self.members(name),
        }
    }

    /// The roles that let in whoever signs in at an identity provider.
    pub(crate) fn trusts(&self, provider: &str) -> BTreeSet<Identity> {
        self.live.roles_trusting(provider).cloned().map(Identity::Role).collect()
    }

    /// The roles that will do so when all is done.
    pub(crate) fn will_trust(&self, provider: &str) -> BTreeSet<Identity> {
        let names_it = |trust: &Document| trust.federated_principals().any(|text| text == provider);
        let changed = self.changes.iter().filter_map(|(address, change)| match (address, change.action) {
            (Address::Role(name), action) if action != ChangeAction::Forget => Some((name, &change.after)),
            _ => None,
        });
        let changed: BTreeMap<&RoleName, &Option<Resource>> = changed.collect();
        let stay = self.live.roles_trusting(provider).filter(|name| !changed.contains_key(name));
        let come = changed.iter().filter_map(|(name, after)| match after {
            Some(Resource::Role(role)) if names_it(&role.trust) => Some(*name),
            _ => None,
        });
        stay.chain(come).cloned().map(Identity::Role).collect()
    }

    /// To whom a new version of a policy gives something else.
    pub(crate) fn holders(&self, arn: &PolicyArn) -> BTreeSet<Identity> {
        self.all_holders().get(arn).map(|holders| holders.attached.clone()).unwrap_or_default()
    }

    /// Whom a new version of a policy bounds in another way.
    pub(crate) fn bounded_by(&self, arn: &PolicyArn) -> BTreeSet<Identity> {
        self.all_holders().get(arn).map(|holders| holders.bounded.clone()).unwrap_or_default()
    }

    /// Whom a policy bounds before and after.
    pub(crate) fn stay_bounded_by(&self, arn: &PolicyArn) -> BTreeSet<Identity> {
        let bounds = |identity: &Identity, when| {
            self.resource(&identity.address(), when).is_some_and(|at| at.permissions_boundary() == Some(arn))
        };
        let mut bounded = self.bounded_by(arn);
        bounded.retain(|identity| bounds(identity, When::Before) && bounds(identity, When::After));
        bounded
    }

    fn all_holders(&self) -> &BTreeMap<PolicyArn, Holders> {
        self.holders.get_or_init(|| self.find_holders())
    }

    /// What is attached to a policy now, or bounded by it.
    pub(crate) fn users_of(&self, arn: &PolicyArn) -> &[Address] {
        self.users.get_or_init(|| self.find_users()).get(arn).map(Vec::as_slice).unwrap_or_default()
    }

    fn find_users(&self) -> BTreeMap<PolicyArn, Vec<Address>> {
        let live = self.live;
        let groups = live.groups.iter().flat_map(|(name, group)| {
            group.value.policies.iter().map(|arn| (arn, Address::Group(name.clone())))
        });
        let users = live.users.iter().flat_map(|(name, user)| {
            let user = &user.value;
            let arns = user.policies.iter().chain(&user.permissions_boundary);
            arns.map(|arn| (arn, Address::User(name.clone())))
        });
        let roles = live.roles.iter().flat_map(|(name, role)| {
            let arns = role.policies.iter().chain(&role.permissions_boundary);
            arns.map(|arn| (arn, Address::Role(name.clone())))
        });
        let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (arn, address) in groups.chain(users).chain(roles) {
            found.entry(arn.clone()).or_default().push(address);
        }
        found
    }

    /// The members that a group has now. Those who join find it as it will be: the order sees to that.
    fn members(&self, group: &GroupName) -> BTreeSet<Identity> {
        let members = self.live.groups.get(group).into_iter().flat_map(|group| &group.value.members);
        members.cloned().map(Identity::User).collect()
    }

    /// Whether a policy will be attached to a group.
    pub(crate) fn will_hold(&self, group: &GroupName, policy: &PolicyArn) -> bool {
        let group = self.resource(&Address::Group(group.clone()), When::After);
        group.as_ref().and_then(Resource::policies).is_some_and(|held| held.contains(policy))
    }

    /// Whether a policy is attached to a group now.
    pub(crate) fn holds(&self, group: &GroupName, policy: &PolicyArn) -> bool {
        self.live.groups.get(group).is_some_and(|group| group.value.policies.contains(policy))
    }

    fn find_holders(&self) -> BTreeMap<PolicyArn, Holders> {
        let mut holders: BTreeMap<PolicyArn, Holders> = BTreeMap::new();
        let live = self.live.addresses().map(|(address, _)| address);
        let addresses: BTreeSet<Address> =
            live.chain(self.changes.keys().map(|address| (*address).clone())).collect();
        for address in addresses {
            let Some(identity) = identity(&address) else { continue };
            let mut arns: BTreeSet<PolicyArn> = BTreeSet::new();
            for when in [When::Before, When::After] {
                if let Some(resource) = self.resource(&address, when) {
                    arns.extend(resource.policies().into_iter().flatten().cloned());
                    if let Some(boundary) = resource.permissions_boundary() {
                        let bounded = &mut holders.entry(boundary.clone()).or_default().bounded;
                        bounded.insert(identity.clone());
                    }
                }
            }
            if arns.is_empty() {
                continue;
            }
            let affected = self.affected(&identity);
            for arn in arns {
                holders.entry(arn).or_default().attached.extend(affected.iter().cloned());
            }
        }
        holders
    }
}

/// The user, group or role at an address.
pub(crate) fn identity(address: &Address) -> Option<Identity> {
    match address {
        Address::User(name) => Some(Identity::User(name.clone())),
        Address::Group(name) => Some(Identity::Group(name.clone())),
        Address::Role(name) => Some(Identity::Role(name.clone())),
        Address::Policy(_)
        | Address::InstanceProfile(_)
        | Address::OidcProvider(_)
        | Address::SamlProvider(_)
        | Address::ServiceLinkedRole(_)
        | Address::AccountAlias
        | Address::PasswordPolicy
        | Address::MasterCopy => None,
    }
}
