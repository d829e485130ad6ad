//! The account as a manifest can speak of it: without the tags that AWS writes itself, and without what the
//! manifest leaves to others.
//!
//! The same is left out where plans compare, so that neither side says anything of it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use iamctl_model::{Address, Desired, IgnoredItem, Live, Observed, Tags};

use crate::select::path_and_tags;

/// An account without the tags that AWS writes itself: no manifest may name them.
pub(crate) fn without_tags_of_aws(live: &Live) -> Cow<'_, Live> {
    let tags = |address: &Address| path_and_tags(live, address).and_then(|(_, tags)| tags);
    if !live.addresses().any(|(address, _)| tags(&address).is_some_and(Tags::has_any_of_aws)) {
        return Cow::Borrowed(live);
    }
    let mut ours = live.clone();
    for_each_tags(&mut ours, &mut |_, tags| *tags = std::mem::take(tags).without_those_of_aws());
    Cow::Owned(ours)
}

/// An account without anything that a manifest leaves to others by its rules: what they leave, no block may name.
pub(crate) fn without_others(live: &Live, desired: &Desired) -> Live {
    let mut ours = without_tags_of_aws(live).into_owned();
    if desired.ignore.is_empty() {
        return ours;
    }
    let is_left = |address: &Address, item: IgnoredItem<'_>| desired.ignored(address, item).is_some();
    for_each_tags(&mut ours, &mut |address, tags| {
        tags.0.retain(|key, _| !is_left(address, IgnoredItem::Tag(key)));
    });
    for (name, user) in &mut ours.users {
        let (address, user) = (Address::User(name.clone()), &mut user.value);
        user.policies.retain(|arn| !is_left(&address, IgnoredItem::Policy(arn)));
        user.inline_policies.retain(|name, _| !is_left(&address, IgnoredItem::InlinePolicy(name)));
        user.groups.retain(|group| !is_left(&address, IgnoredItem::Group(group)));
    }
    for (name, group) in &mut ours.groups {
        let (address, group) = (Address::Group(name.clone()), &mut group.value);
        group.policies.retain(|arn| !is_left(&address, IgnoredItem::Policy(arn)));
        group.inline_policies.retain(|name, _| !is_left(&address, IgnoredItem::InlinePolicy(name)));
    }
    for (name, role) in &mut ours.roles {
        let address = Address::Role(name.clone());
        role.policies.retain(|arn| !is_left(&address, IgnoredItem::Policy(arn)));
        role.inline_policies.retain(|name, _| !is_left(&address, IgnoredItem::InlinePolicy(name)));
    }
    ours
}

/// Visits all tags that were read.
fn for_each_tags(live: &mut Live, visit: &mut dyn FnMut(&Address, &mut Tags)) {
    for (name, user) in &mut live.users {
        visit(&Address::User(name.clone()), &mut user.value.tags);
    }
    for (name, role) in &mut live.roles {
        visit(&Address::Role(name.clone()), &mut role.tags);
    }
    for (name, policy) in &mut live.policies {
        if let Observed::Read(tags) = &mut policy.tags {
            visit(&Address::Policy(name.clone()), tags);
        }
    }
    for (name, profile) in read(&mut live.instance_profiles) {
        if let Observed::Read(tags) = &mut profile.tags {
            visit(&Address::InstanceProfile(name.clone()), tags);
        }
    }
    for (url, provider) in read(&mut live.oidc_providers) {
        if let Observed::Read(details) = &mut provider.details {
            visit(&Address::OidcProvider(url.clone()), &mut details.tags);
        }
    }
    for (name, provider) in read(&mut live.saml_providers) {
        if let Observed::Read(details) = &mut provider.details {
            visit(&Address::SamlProvider(name.clone()), &mut details.tags);
        }
    }
}

fn read<K: Ord, V>(things: &mut Observed<BTreeMap<K, V>>) -> impl Iterator<Item = (&K, &mut V)> {
    match things {
        Observed::Read(things) => Some(things),
        Observed::NotRead => None,
    }
    .into_iter()
    .flatten()
}
