//! Tags of things of IAM that change, and policies that look at them.
//!
//! A policy can allow something on all users of a tag. When a user gets that tag, others may do more, though no policy
//! of theirs has changed: which requests that are is not looked for, only that it is so.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{Address, Identity, Pattern, RoleName};
use iamctl_policy::eval::Policy;

use crate::Access;
use crate::library::RESOURCE_TAGS;
use crate::question::Who;
use crate::stack::{Collector, Held};
use crate::state::State;

/// The keys of tags that change, each with the things on which they do. Conditions know keys in lower case.
#[derive(Debug, Default)]
pub(super) struct Retagged(BTreeMap<String, BTreeSet<Address>>);

impl Retagged {
    pub(super) fn new(before: &State, after: &State) -> Self {
        let mut all = Self::default();
        let users = after.users.keys().cloned().map(Address::User);
        let roles = after.roles.keys().cloned().map(Address::Role);
        let policies = after.arns.keys().cloned().map(Address::Policy);
        for address in users.chain(roles).chain(policies) {
            let [Some(old), Some(new)] = [before, after].map(|state| state.tags(&address)) else { continue };
            let keys: BTreeSet<&String> = old.0.keys().chain(new.0.keys()).collect();
            for key in keys.into_iter().filter(|key| old.0.get(*key) != new.0.get(*key)) {
                all.0.entry(key.to_lowercase()).or_default().insert(address.clone());
            }
        }
        all
    }

    /// What some policies look at and that is another one afterwards, on which things: a sentence for each.
    pub(super) fn doubts<'p>(&self, policies: impl Iterator<Item = &'p Policy>) -> BTreeSet<String> {
        let mut doubts = BTreeSet::new();
        if self.0.is_empty() {
            return doubts;
        }
        for policy in policies.filter(|policy| is_about_iam(policy)) {
            for key in policy.keys() {
                let lower = key.to_lowercase();
                let tag = RESOURCE_TAGS.iter().find_map(|family| lower.strip_prefix(family));
                let Some(on) = tag.and_then(|tag| self.0.get(tag)) else { continue };
                let first = on.first().map(ToString::to_string).unwrap_or_default();
                let more = match on.len().saturating_sub(1) {
                    0 => String::new(),
                    many => format!(" and {many} more"),
                };
                doubts.insert(format!(
                    "policies look at `{key}`, which is another one afterwards on {first}{more}"
                ));
            }
        }
        doubts
    }

    /// Those whose policies look at such tags.
    pub(super) fn lookers(&self, both: [&Access; 2]) -> BTreeSet<Identity> {
        let mut found = BTreeSet::new();
        if self.0.is_empty() {
            return found;
        }
        for access in both {
            let collector = Collector { state: &access.state, library: &access.library };
            let users = access.state.users.keys().cloned().map(Identity::User);
            let roles = access.state.roles.keys().cloned().map(Identity::Role);
            for who in users.chain(roles) {
                let Some(asker) = collector.asker(&Who::Identity(who.clone())) else { continue };
                let looks = asker.held().filter(|held| held.is_about_resource_tags());
                let policies: Vec<Policy> = looks.filter_map(Held::policy).collect();
                if !self.doubts(policies.iter()).is_empty() {
                    found.insert(who);
                }
            }
        }
        found
    }

    /// What the trust of a role looks at of its own tags, and that is another one afterwards.
    pub(super) fn of_trust(&self, both: [&Access; 2], role: &RoleName) -> BTreeSet<String> {
        let address = Address::Role(role.clone());
        let own = self.0.iter().filter(|(_, on)| on.contains(&address));
        let own = Self(own.map(|(key, _)| (key.clone(), BTreeSet::from([address.clone()]))).collect());
        if own.0.is_empty() {
            return BTreeSet::new();
        }
        let trusts: Vec<Policy> = both
            .into_iter()
            .filter_map(|access| {
                let collector = Collector { state: &access.state, library: &access.library };
                collector.trust(&mut Vec::new(), role)?.policy()
            })
            .collect();
        own.doubts(trusts.iter())
    }
}

/// Whether a policy has a statement about actions of IAM or of STS, which are the ones that things of IAM have.
fn is_about_iam(policy: &Policy) -> bool {
    policy.document().statements().iter().any(|statement| {
        statement.actions.as_ref().is_none_or(|clause| {
            clause.negated
                || clause.patterns.iter().any(|pattern| {
                    let service = pattern.text.split_once(':').map_or(&*pattern.text, |(service, _)| service);
                    let service = Pattern::new(service.to_ascii_lowercase());
                    service.matches("iam") || service.matches("sts")
                })
        })
    })
}
