//! Identity providers.

use std::collections::BTreeSet;

use iamctl_model::{Address, Field, OidcProvider, OidcProviderUrl, Resource};
use iamctl_policy::{Diagnostic, Span};

use super::entities::Open;
use super::{Defaults, Scope, entity, values};
use crate::keys;
use crate::rules::Entity;

const OIDC_IGNORES: &[Field] = &[Field::ClientIds, Field::Thumbprints, Field::Tags];

/// Source: IAM User Guide, "IAM and AWS STS quotas".
const MOST_CLIENT_IDS: usize = 100;
const MOST_THUMBPRINTS: usize = 5;
/// Source: the IAM API's `clientIDType`.
const MOST_OF_CLIENT_ID: usize = 255;
/// The digits of a SHA-1 hash.
const THUMBPRINT: usize = 40;

impl Scope<'_, '_, '_> {
    pub(super) fn oidc_providers(&mut self, defaults: &Defaults) -> Vec<Entity> {
        let heads: Vec<_> = self
            .index
            .oidc_providers
            .iter()
            .map(|head| (head.name.clone(), head.span, head.node, head.from))
            .collect();
        let mut entities = Vec::with_capacity(heads.len());
        for (url, span, node, from) in heads {
            self.check_url(&url, span);
            let what = format!("OIDC provider `{url}`");
            let opened = self.open(node, &keys::OIDC_PROVIDER, &what, (span, from), OIDC_IGNORES);
            let Some(mut open) = opened else { continue };
            let client_ids = self.client_ids(&mut open);
            let thumbprints = self.thumbprints(&mut open);
            let (tags, tag_places) = self.tags(&mut open, &defaults.oidc_provider_tags, false);
            open.common.places.tags = tag_places;
            open.reader.finish(&mut self.found);
            let value = Resource::OidcProvider(OidcProvider { client_ids, thumbprints, tags });
            entities.push(entity(Address::OidcProvider(url), value, open.common));
        }
        entities
    }

    fn check_url(&mut self, url: &OidcProviderUrl, span: Span) {
        if let Some(what) = url.not_taken() {
            self.found.push(
                Diagnostic::error("oidc-url", span, format!("the URL of an OIDC provider has {what}"))
                    .help("AWS takes host and path only: what the tokens have as `iss`, without `https://`"),
            );
        }
    }

    fn client_ids(&mut self, open: &mut Open<'_>) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        let Some(node) = open.reader.get("client_ids", &mut self.found) else { return ids };
        let found = &mut self.found;
        for item in values::texts(node, "a client id", "`client_ids`", found) {
            let length = item.text.chars().count();
            if !(1..=MOST_OF_CLIENT_ID).contains(&length) {
                let message =
                    format!("a client id has 1 to {MOST_OF_CLIENT_ID} characters, this one has {length}");
                found.push(
                    Diagnostic::error("client-id", item.span, message)
                        .help("write what the tokens have as `aud`"),
                );
            }
            if !ids.insert(item.text.to_owned()) {
                let message = format!("the client id `{}` is named twice", item.text);
                found.push(Diagnostic::warning("named-twice", item.span, message).help("remove one of them"));
            }
        }
        if ids.len() > MOST_CLIENT_IDS {
            let message = format!(
                "an OIDC provider has at most {MOST_CLIENT_IDS} client ids, this one has {}",
                ids.len()
            );
            found
                .push(Diagnostic::error("client-id", node.span, message).help("AWS cannot raise this quota"));
        }
        ids
    }

    fn thumbprints(&mut self, open: &mut Open<'_>) -> Option<BTreeSet<String>> {
        let node = open.reader.get("thumbprints", &mut self.found)?;
        let found = &mut self.found;
        let items = values::texts(node, "a thumbprint", "`thumbprints`", found);
        let wrong = |text: &str| text.len() != THUMBPRINT || !text.bytes().all(|b| b.is_ascii_hexdigit());
        for item in items.iter().filter(|item| wrong(item.text)) {
            let message = format!("`{}` is not a thumbprint", item.text);
            found.push(Diagnostic::error("thumbprint", item.span, message).help(
                "a thumbprint is the SHA-1 hash of a certificate: 40 digits from 0 to f, without colons",
            ));
        }
        let thumbprints: BTreeSet<String> = items.iter().map(|item| item.text.to_ascii_lowercase()).collect();
        if !(1..=MOST_THUMBPRINTS).contains(&items.len()) {
            let message = format!(
                "an OIDC provider has 1 to {MOST_THUMBPRINTS} thumbprints, this one has {}",
                items.len()
            );
            found.push(
                Diagnostic::error("thumbprint", node.span, message)
                    .help("remove the key to leave the thumbprints to AWS"),
            );
        }
        Some(thumbprints)
    }
}
