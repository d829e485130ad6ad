//! What of an account is imported.

use iamctl_model::{Address, Kind, Live, Pattern, Tags};

/// A choice of things; the default chooses all. What several criteria are given for must meet each of
/// them.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only these things.
    pub addresses: Vec<Address>,
    /// Only things of these kinds.
    pub kinds: Vec<Kind>,
    /// Only things whose path begins with this.
    pub path: Option<String>,
    /// Only things whose name matches one of these.
    pub names: Vec<Pattern>,
    /// Only things with all of these tags, with any value where none is given. Groups have no tags.
    pub tags: Vec<(String, Option<String>)>,
}

impl Selection {
    /// Whether tags decide.
    #[must_use]
    pub fn needs_tags(&self) -> bool {
        !self.tags.is_empty()
    }

    /// Whether things of a kind can be chosen at all.
    #[must_use]
    pub fn may_choose_kind(&self, kind: Kind) -> bool {
        let by_address =
            self.addresses.is_empty() || self.addresses.iter().any(|address| address.kind() == kind);
        by_address && (self.kinds.is_empty() || self.kinds.contains(&kind))
    }

    /// Whether a thing is chosen by everything but its tags.
    #[must_use]
    pub fn may_choose(&self, live: &Live, address: &Address) -> bool {
        let Some((path, _)) = path_and_tags(live, address) else { return false };
        let name = live.spelling(address).unwrap_or_default();
        (self.addresses.is_empty() || self.addresses.contains(address))
            && (self.kinds.is_empty() || self.kinds.contains(&address.kind()))
            && self.path.as_ref().is_none_or(|prefix| path.starts_with(prefix.as_str()))
            && (self.names.is_empty() || self.names.iter().any(|pattern| pattern.matches(name)))
    }

    /// Whether a thing is chosen.
    #[must_use]
    pub fn chooses(&self, live: &Live, address: &Address) -> bool {
        if !self.may_choose(live, address) {
            return false;
        }
        let tags = path_and_tags(live, address).and_then(|(_, tags)| tags);
        self.tags.iter().all(|(key, value)| tags.is_some_and(|tags| has(tags, address.kind(), key, value)))
    }
}

/// The keys of tags on users and roles count without their case.
/// Source: IAM User Guide, "Rules for tagging in IAM and AWS STS".
fn has(tags: &Tags, kind: Kind, key: &str, value: &Option<String>) -> bool {
    let folds = matches!(kind, Kind::User | Kind::Role);
    tags.0.iter().any(|(known, found)| {
        (known == key || folds && known.eq_ignore_ascii_case(key))
            && value.as_ref().is_none_or(|value| value == found)
    })
}

pub(crate) fn path_and_tags<'l>(live: &'l Live, address: &Address) -> Option<(&'l str, Option<&'l Tags>)> {
    match address {
        // What belongs to AWS is never chosen.
        Address::ServiceLinkedRole(_) | Address::MasterCopy => None,
        Address::Policy(name) => {
            let policy = live.policies.get(name)?;
            Some((policy.path.as_str(), policy.tags.as_ref()))
        }
        Address::Group(name) => Some((live.groups.get(name)?.value.path.as_str(), None)),
        Address::User(name) => {
            let user = live.users.get(name)?;
            Some((user.value.path.as_str(), Some(&user.value.tags)))
        }
        Address::Role(name) => {
            let role = live.roles.get(name)?;
            Some((role.path.as_str(), Some(&role.tags)))
        }
        Address::InstanceProfile(name) => {
            let profile = live.instance_profile(name)?;
            Some((profile.path.as_str(), profile.tags.as_ref()))
        }
        // These have no path: what is chosen by another one than `/` are not they.
        Address::AccountAlias | Address::PasswordPolicy => live.id(address).map(|_| ("/", None)),
        Address::OidcProvider(url) => {
            let details = live.oidc_provider(url)?.details.as_ref();
            Some(("/", details.map(|details| &details.tags)))
        }
        Address::SamlProvider(name) => {
            let details = live.saml_provider(name)?.details.as_ref();
            Some(("/", details.map(|details| &details.tags)))
        }
    }
}
