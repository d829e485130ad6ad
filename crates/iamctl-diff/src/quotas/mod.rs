//! What AWS lets an account have, before the first call: the end of a plan must fit, and so must every moment on the
//! way there.
//!
//! | full is | so |
//! | --- | --- |
//! | the account, of one kind, with the new beside the old | as many of that kind are deleted before others are made |
//! | a user, group or role, of attached policies | as many are detached before others are attached |
//! | a user, of groups | it leaves as many before it joins others |
//! | a user, group or role, of characters of inline policies | some go, or get shorter, before others come |
//! | an OpenID Connect provider, of client ids | as many are removed before others are added |
//! | a policy, of versions | the oldest that is not in force is deleted |
//!
//! Where that opens a gap or a hole, the edges that give way tell it.

mod end;
mod limits;
mod rooms;

use std::collections::BTreeMap;

use iamctl_model::{Address, Desired, Live, Ownership, Resource};

pub(crate) use end::refusals;
pub(crate) use limits::Limits;
pub(crate) use rooms::{Fitted, make_fit};

/// Whether a plan may make something that the account has no room for, or put more on something than the default
/// quotas have room for, so that its own quotas are worth a call.
#[must_use]
pub fn needs_quotas(desired: &Desired, live: &Live, ownership: &Ownership) -> bool {
    // AWS makes its own roles beyond the quota of roles.
    let mut taking_room = desired.managed.iter().filter(|(address, _)| !address.kind().is_of_aws());
    taking_room.any(|(address, managed)| {
        let former = managed.renamed_from.as_ref().and_then(|former| Some((former, live.id(former)?)));
        let former = former.filter(|(_, id)| ownership.0.values().any(|owned| owned.id == **id));
        let found = live.resource(address, None);
        let is_made = live.has_read(address.kind()) && found.is_none() && former.is_none();
        let found = found.or_else(|| live.resource(former?.0, None));
        is_made
            || is_replaced(address, &managed.value, found.as_ref())
            || is_crowded(address, &managed.value, found.as_ref())
    })
}

/// Whether something is deleted and made again, as what AWS cannot move to another path.
fn is_replaced(address: &Address, wanted: &Resource, found: Option<&Resource>) -> bool {
    let is_fixed = !matches!(address, Address::User(_) | Address::Group(_));
    is_fixed && found.is_some_and(|found| found.path() != wanted.path())
}

/// Whether the new beside the old is more than the default quotas have room for. More versions of a policy than by
/// default were never worth a call: AWS raises that quota for nobody.
fn is_crowded(address: &Address, wanted: &Resource, found: Option<&Resource>) -> bool {
    let limits = Limits::unread();
    let beside = |count: fn(&Resource) -> Vec<String>| {
        let mut all = found.map(count).unwrap_or_default();
        let there = all.len();
        all.extend(count(wanted));
        all.sort_unstable();
        all.dedup();
        if all.len() > there { all.len() } else { 0 }
    };
    let policies =
        beside(|one| one.policies().into_iter().flatten().map(|arn| arn.as_str().to_owned()).collect());
    let groups = beside(|one| match one {
        Resource::User(user) => user.groups.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    });
    let trust = match (wanted, found) {
        (Resource::Role(wanted), Some(Resource::Role(found))) if wanted.trust == found.trust => 0,
        (Resource::Role(wanted), _) => wanted.trust.quota_size(),
        _ => 0,
    };
    let inline =
        limits.inline_size(address.kind()).is_some_and(|limit| inline_size(wanted, found) > limit.most);
    policies > limits.attached(address.kind()).most
        || groups > limits.groups().most
        || trust > limits.trust_size().most
        || inline
}

/// The characters of all inline policies where the new ones come before the old ones go; none where none gets longer.
fn inline_size(wanted: &Resource, found: Option<&Resource>) -> usize {
    let mut sizes: BTreeMap<&iamctl_model::PolicyName, usize> = BTreeMap::new();
    for (name, document) in found.and_then(Resource::inline_policies).into_iter().flatten() {
        sizes.insert(name, document.quota_size());
    }
    let mut is_more = false;
    for (name, document) in wanted.inline_policies().into_iter().flatten() {
        let (size, there) = (document.quota_size(), sizes.entry(name).or_default());
        is_more |= size > *there;
        *there = size.max(*there);
    }
    if is_more { sizes.values().fold(0, |sum, size| sum.saturating_add(*size)) } else { 0 }
}
