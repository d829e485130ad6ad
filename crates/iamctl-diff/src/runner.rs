//! What whoever runs this may do, before and after a plan: by its own policies and those of its groups,
//! by their texts, and within its boundary.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    Address, Caller, Change, ChangeAction, Desired, GroupName, Live, PolicyArn, PolicyName, Resource,
};
use iamctl_policy::eval::{self, Context, Policies, Policy, PolicyKind, Principal, Request, Verdict};
use iamctl_policy::{Document, Effect};

use crate::world::{When, World};

/// How a plan would keep the runner from ever running one again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loss {
    /// The change that does it.
    pub(crate) by: Address,
    /// What the runner loses, after "would".
    pub(crate) what: String,
}

/// What the runner loses that it cannot do without.
pub(crate) fn loss(live: &Live, changes: &[Change], caller: &Caller, desired: &Desired) -> Option<Loss> {
    let runner = Runner { address: caller.identity()?.address(), caller, desired };
    let what = runner.loses(&World::new(live, changes))?;
    let sources = runner.sources(live);
    let touched = || changes.iter().filter(|change| sources.contains(&change.address));
    let alone = |change: &&Change| runner.loses(&World::new(live, std::slice::from_ref(*change))).is_some();
    let by = touched().find(alone).or_else(|| touched().next())?;
    Some(Loss { by: by.address.clone(), what })
}

struct Runner<'a> {
    address: Address,
    caller: &'a Caller,
    desired: &'a Desired,
}

/// What decides on requests of one principal.
#[derive(Default)]
struct Rights {
    documents: Vec<Document>,
    /// Whether something allows it what is not known here: a policy of AWS.
    more: bool,
    boundary: Option<Document>,
}

/// What one user, group or role holds itself.
#[derive(Default)]
struct Held {
    policies: BTreeSet<PolicyArn>,
    inline_policies: BTreeMap<PolicyName, Document>,
    groups: BTreeSet<GroupName>,
    boundary: Option<PolicyArn>,
}

impl Runner<'_> {
    fn loses(&self, world: &World<'_>) -> Option<String> {
        let (before, after) = (self.rights(world, When::Before), self.rights(world, When::After));
        if before.allow_anything() && !after.allow_anything() {
            return Some("lose all that allows it anything".to_owned());
        }
        let (account, master) = (&self.caller.account, &self.desired.master_copy);
        let head = format!(
            "arn:{}:s3:::{}/{}{}/{}/head.json",
            account.partition, master.bucket, master.prefix, account.id, self.desired.name
        );
        let needed = [("iam:GetAccountAuthorizationDetails", "*"), ("s3:PutObject", &head)];
        let lost = needed.into_iter().find(|(action, resource)| {
            let may = |rights: &Rights| rights.may(&self.caller.arn, action, resource);
            may(&before) == Some(true) && may(&after) == Some(false)
        });
        lost.map(|(action, _)| {
            format!("no longer be allowed to call {action}, without which nothing is applied")
        })
    }

    /// Everything that a change of could take rights from the runner.
    fn sources(&self, live: &Live) -> BTreeSet<Address> {
        let world = World::new(live, &[]);
        let own = held(&world, &self.address, When::Before);
        let groups = own.groups.iter().map(|group| Address::Group(group.clone()));
        let holders: Vec<Address> = std::iter::once(self.address.clone()).chain(groups).collect();
        let policies = holders.iter().flat_map(|holder| {
            let held = held(&world, holder, When::Before);
            held.policies.into_iter().chain(held.boundary).map(|arn| Address::Policy(arn.policy_name()))
        });
        policies.collect::<Vec<_>>().into_iter().chain(holders.clone()).collect()
    }

    fn rights(&self, world: &World<'_>, when: When) -> Rights {
        let own = held(world, &self.address, when);
        let boundary = own.boundary.as_ref().and_then(|arn| world.document(arn, when));
        let mut rights = Rights { boundary, ..Rights::default() };
        for group in &own.groups {
            if when == When::Before || !self.is_taken_from(world, group) {
                rights.add(held(world, &Address::Group(group.clone()), when), world, when);
            }
        }
        rights.add(own, world, when);
        rights
    }

    /// Members whom the manifest does not know are taken out by a change of the group.
    fn is_taken_from(&self, world: &World<'_>, group: &GroupName) -> bool {
        let change = world.change(&Address::Group(group.clone()));
        match (&self.address, change.map(|change| (&change.before, &change.after))) {
            (Address::User(name), Some((Some(Resource::Group(before)), Some(Resource::Group(after))))) => {
                before.members.contains(name) && !after.members.contains(name)
            }
            _ => false,
        }
    }
}

impl Rights {
    fn add(&mut self, held: Held, world: &World<'_>, when: When) {
        for arn in &held.policies {
            match world.document(arn, when) {
                Some(document) => self.documents.push(document),
                // What AWS calls so allows nothing; whatever else it has allows something.
                None if arn.is_aws_managed() => self.more |= !arn.policy_name().as_str().contains("Deny"),
                None => {}
            }
        }
        self.documents.extend(held.inline_policies.into_values());
    }

    fn allow_anything(&self) -> bool {
        self.more || self.documents.iter().any(|document| document.has(Effect::Allow))
    }

    /// Whether this is allowed, in some circumstances at least; `None` when that cannot be told.
    fn may(&self, arn: &str, action: &str, resource: &str) -> Option<bool> {
        let ready = |document: &Document| Policy::new(document, PolicyKind::Principal).ok();
        if self.more {
            return Some(true);
        }
        let policies = Policies {
            identity: self.documents.iter().map(ready).collect::<Option<_>>()?,
            boundary: match &self.boundary {
                Some(document) => Some(vec![ready(document)?]),
                None => None,
            },
            ..Policies::default()
        };
        let request = Request {
            principal: Principal::parse(arn).ok()?,
            action: eval::Action::parse(action).ok()?,
            resource: eval::Resource::Named(resource.to_owned()),
            resource_account: None,
            context: Context::new(),
        };
        Some(!matches!(eval::judge(&policies, &request), Verdict::MustBeDenied(_)))
    }
}

/// What something holds. A change names only what the manifest does not leave to others, so it is laid over
/// what is there.
fn held(world: &World<'_>, address: &Address, when: When) -> Held {
    let Some(live) = world.live().resource(address, None) else { return Held::default() };
    let mut held = of(&live);
    if when == When::Before {
        return held;
    }
    let Some(change) = world.change(address) else { return held };
    match (change.action, &change.before, &change.after) {
        (ChangeAction::Delete, ..) => Held::default(),
        (ChangeAction::Forget | ChangeAction::Blocked, ..) => held,
        (_, Some(before), Some(after)) => {
            let (before, after) = (of(before), of(after));
            held.policies.retain(|arn| !before.policies.contains(arn));
            held.policies.extend(after.policies);
            held.groups.retain(|group| !before.groups.contains(group));
            held.groups.extend(after.groups);
            held.inline_policies.retain(|name, _| !before.inline_policies.contains_key(name));
            held.inline_policies.extend(after.inline_policies);
            if before.boundary != after.boundary {
                held.boundary = after.boundary;
            }
            held
        }
        _ => held,
    }
}

fn of(resource: &Resource) -> Held {
    Held {
        policies: resource.policies().cloned().unwrap_or_default(),
        inline_policies: resource.inline_policies().cloned().unwrap_or_default(),
        groups: match resource {
            Resource::User(user) => user.groups.clone(),
            _ => BTreeSet::new(),
        },
        boundary: resource.permissions_boundary().cloned(),
    }
}
