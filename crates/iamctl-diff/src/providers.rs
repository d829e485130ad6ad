//! The calls of identity providers. Who signs in at a provider gets in wherever a role trusts it: what a
//! provider takes bounds what such a trust policy gives, as the trust policy bounds what policies give.

use std::collections::BTreeSet;

use iamctl_model::{
    Action, Address, Change, Hazard, HazardKind, Identity, MetadataFacts, OidcProvider, OidcProviderArn,
    OidcProviderUrl, Resource, SamlMetadata, SamlProvider, SamlProviderArn, SamlProviderName,
};

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
        vec![self.draft_on(action, Delta::of_entry(true), self.world.trusts(self.arn.as_str()))]
    }

    pub(crate) fn delete(&self) -> Vec<Draft> {
        let action = Action::DeleteOpenIDConnectProvider { arn: self.arn.clone() };
        // Those that trust it no more come before.
        vec![self.draft_on(action, Delta::of_entry(false), self.world.will_trust(self.arn.as_str()))]
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
        let mut roles = self.world.trusts(self.arn.as_str());
        roles.extend(self.world.will_trust(self.arn.as_str()));
        self.draft_on(action, delta, roles)
    }

    fn draft_on(&self, action: Action, delta: Delta, roles: BTreeSet<Identity>) -> Draft {
        let effect = Effect::of(delta, roles);
        let draft = Draft::plain(&Address::OidcProvider(self.url.clone()), action);
        Draft { effects: effect.into_iter().collect(), ..draft }
    }
}

/// The calls of one SAML provider.
pub(crate) struct SamlCalls<'a> {
    world: &'a World<'a>,
    name: &'a SamlProviderName,
    arn: SamlProviderArn,
}

impl<'a> SamlCalls<'a> {
    pub(crate) fn new(world: &'a World<'a>, name: &'a SamlProviderName) -> Self {
        Self { world, name, arn: SamlProviderArn::new(&world.live().account, name) }
    }

    pub(crate) fn create(&self, wanted: &SamlProvider) -> Vec<Draft> {
        let action = Action::CreateSAMLProvider {
            name: self.name.clone(),
            metadata: wanted.metadata.clone(),
            tags: wanted.tags.clone(),
        };
        // Those that trust it from now on come after it, with an effect of their own.
        vec![self.draft_on(action, Delta::of_entry(true), self.world.trusts(self.arn.as_str()))]
    }

    pub(crate) fn delete(&self) -> Vec<Draft> {
        let action = Action::DeleteSAMLProvider { arn: self.arn.clone() };
        // Those that trust it no more come before.
        vec![self.draft_on(action, Delta::of_entry(false), self.world.will_trust(self.arn.as_str()))]
    }

    pub(crate) fn update(&self, before: &SamlProvider, after: &SamlProvider) -> Vec<Draft> {
        let arn = || self.arn.clone();
        let mut drafts = Vec::new();
        if before.metadata != after.metadata {
            let entry = Entry::of(&before.metadata, &after.metadata);
            let mut delta = Delta::default();
            for lets_in in [(entry.fewer, false), (entry.more, true)]
                .into_iter()
                .filter_map(|(is, way)| is.then_some(way))
            {
                delta.merge(Delta::of_entry(lets_in));
            }
            let action = Action::UpdateSAMLProvider { arn: arn(), metadata: after.metadata.clone() };
            let mut roles = self.world.trusts(self.arn.as_str());
            roles.extend(self.world.will_trust(self.arn.as_str()));
            drafts.push(self.draft_on(action, delta, roles));
        }
        let (tags, tag_keys) = tag_changes(&before.tags, &after.tags, false);
        if !tag_keys.is_empty() {
            drafts.push(self.draft(Action::UntagSAMLProvider { arn: arn(), tag_keys }));
        }
        if !tags.is_empty() {
            drafts.push(self.draft(Action::TagSAMLProvider { arn: arn(), tags }));
        }
        drafts
    }

    fn draft(&self, action: Action) -> Draft {
        Draft::plain(&Address::SamlProvider(self.name.clone()), action)
    }

    fn draft_on(&self, action: Action, delta: Delta, roles: BTreeSet<Identity>) -> Draft {
        let effect = Effect::of(delta, roles);
        Draft { effects: effect.into_iter().collect(), ..self.draft(action) }
    }
}

/// What another metadata document does to whose assertions are taken: AWS knows them by their issuer and the
/// certificate that they are signed with. A document that cannot be read may let in anybody.
struct Entry {
    fewer: bool,
    more: bool,
}

impl Entry {
    fn of(before: &SamlMetadata, after: &SamlMetadata) -> Self {
        match (before.facts(), after.facts()) {
            (Ok(before), Ok(after)) => {
                Self { fewer: before.lets_in_more_than(&after), more: after.lets_in_more_than(&before) }
            }
            _ => Self { fewer: true, more: true },
        }
    }
}

/// Metadata that lets in others than before: who can get in where the provider is trusted is for the identity
/// provider to say, so that nobody can tell from it whom.
pub(crate) fn hazards(world: &World<'_>, changes: &[Change]) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    for change in changes {
        let (Some(Resource::SamlProvider(before)), Some(Resource::SamlProvider(after))) =
            (&change.before, &change.after)
        else {
            continue;
        };
        let is_changed = world.change(&change.address).is_some() && before.metadata != after.metadata;
        if !is_changed || !Entry::of(&before.metadata, &after.metadata).more {
            continue;
        }
        let Some(arn) = change.address.federated_principal(&world.live().account) else { continue };
        let trusting = world.will_trust(&arn);
        let Some(first) = trusting.first() else { continue };
        let whom = match trusting.len() {
            1 => format!("{first} trusts it"),
            many => format!("{first} and {} more trust it", many.saturating_sub(1)),
        };
        let message = format!(
            "{} gets metadata with another {}, and {whom}: others may get in than before",
            change.address,
            what_is_new(before.metadata.facts().ok(), after.metadata.facts().ok()),
        );
        hazards.push(Hazard { kind: HazardKind::SignInChanged, address: change.address.clone(), message });
    }
    hazards
}

fn what_is_new(before: Option<MetadataFacts>, after: Option<MetadataFacts>) -> &'static str {
    match (before, after) {
        (Some(before), Some(after)) if after.entity_ids.is_subset(&before.entity_ids) => "certificate",
        (Some(before), Some(after)) if after.certificates.is_subset(&before.certificates) => "entity id",
        _ => "entity id and certificate",
    }
}
