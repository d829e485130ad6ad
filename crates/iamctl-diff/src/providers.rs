//! The calls of identity providers. Who signs in at a provider gets in wherever a role trusts it: what a
//! provider takes bounds what such a trust policy gives, as the trust policy bounds what policies give.

use std::collections::BTreeSet;

use iamctl_model::{Action, Address, Identity, OidcProvider, OidcProviderArn, OidcProviderUrl};

use crate::delta::Delta;
use crate::drafts::{Draft, Effect, tag_changes};
use crate::world::World;

/// The calls of one OpenID Connect provider.
pub(crate) struct OidcCalls<'a> {
    world: &'a World<'a>,
    url: &'a OidcProviderUrl,
    arn: OidcProviderArn,
}

impl<'a> OidcCalls<'a> {
    pub(crate) fn new(world: &'a World<'a>, url: &'a OidcProviderUrl) -> Self {
        Self { world, url, arn: OidcProviderArn::new(&world.live().account, url) }
    }

    pub(crate) fn create(&self, wanted: &OidcProvider) -> Vec<Draft> {
        let action = Action::CreateOpenIDConnectProvider {
            url: self.url.clone(),
            client_ids: wanted.client_ids.clone(),
            thumbprints: wanted.thumbprints.clone(),
            tags: wanted.tags.clone(),
        };
        // Those that trust it from now on come after it, with an effect of their own.
        vec![self.draft_on(action, Delta::of_entry(true), self.world.trusts(&self.arn))]
    }

    pub(crate) fn delete(&self) -> Vec<Draft> {
        let action = Action::DeleteOpenIDConnectProvider { arn: self.arn.clone() };
        // Those that trust it no more come before.
        vec![self.draft_on(action, Delta::of_entry(false), self.world.will_trust(&self.arn))]
    }

    pub(crate) fn update(&self, before: &OidcProvider, after: &OidcProvider) -> Vec<Draft> {
        let arn = || self.arn.clone();
        let mut drafts = Vec::new();
        for client_id in before.client_ids.difference(&after.client_ids).cloned() {
            let action = Action::RemoveClientIDFromOpenIDConnectProvider { arn: arn(), client_id };
            drafts.push(self.draft(action, Delta::of_entry(false)));
        }
        for client_id in after.client_ids.difference(&before.client_ids).cloned() {
            let action = Action::AddClientIDToOpenIDConnectProvider { arn: arn(), client_id };
            drafts.push(self.draft(action, Delta::of_entry(true)));
        }
        if let Some(thumbprints) = &after.thumbprints
            && before.thumbprints.as_ref() != Some(thumbprints)
        {
            let none = BTreeSet::new();
            let there = before.thumbprints.as_ref().unwrap_or(&none);
            let mut delta = Delta::default();
            [(there, thumbprints, false), (thumbprints, there, true)]
                .into_iter()
                .filter(|(some, others, _)| !some.is_subset(others))
                .for_each(|(_, _, lets_in)| delta.merge(Delta::of_entry(lets_in)));
            let action = Action::UpdateOpenIDConnectProviderThumbprint {
                arn: arn(),
                thumbprints: thumbprints.clone(),
            };
            drafts.push(self.draft(action, delta));
        }
        let (tags, tag_keys) = tag_changes(&before.tags, &after.tags, false);
        if !tag_keys.is_empty() {
            let action = Action::UntagOpenIDConnectProvider { arn: arn(), tag_keys };
            drafts.push(self.draft(action, Delta::default()));
        }
        if !tags.is_empty() {
            drafts.push(self.draft(Action::TagOpenIDConnectProvider { arn: arn(), tags }, Delta::default()));
        }
        drafts
    }

    fn draft(&self, action: Action, delta: Delta) -> Draft {
        let mut roles = self.world.trusts(&self.arn);
        roles.extend(self.world.will_trust(&self.arn));
        self.draft_on(action, delta, roles)
    }

    fn draft_on(&self, action: Action, delta: Delta, roles: BTreeSet<Identity>) -> Draft {
        let effect = Effect::of(delta, roles);
        let draft = Draft::plain(&Address::OidcProvider(self.url.clone()), action);
        Draft { effects: effect.into_iter().collect(), ..draft }
    }
}
