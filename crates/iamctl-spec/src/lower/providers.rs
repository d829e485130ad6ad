//! Identity providers.

use std::collections::BTreeSet;

use iamctl_model::{
    Address, Field, MetadataError, OidcProvider, OidcProviderUrl, Resource, SamlMetadata, SamlProvider,
};
use iamctl_policy::{Diagnostic, SourceId, Span};

use super::entities::Open;
use super::{Defaults, Scope, entity, values};
use crate::keys;
use crate::rules::Entity;

const OIDC_IGNORES: &[Field] = &[Field::ClientIds, Field::Thumbprints, Field::Tags];
const SAML_IGNORES: &[Field] = &[Field::Metadata, Field::Tags];

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

    pub(super) fn saml_providers(&mut self, defaults: &Defaults) -> Vec<Entity> {
        let heads: Vec<_> = self
            .index
            .saml_providers
            .iter()
            .map(|head| (head.name.clone(), head.span, head.node, head.from))
            .collect();
        let mut entities = Vec::with_capacity(heads.len());
        for (name, span, node, from) in heads {
            let what = format!("SAML provider `{name}`");
            let opened = self.open(node, &keys::SAML_PROVIDER, &what, (span, from), SAML_IGNORES);
            let Some(mut open) = opened else { continue };
            let metadata = self.metadata(&mut open, &what, from);
            let (tags, tag_places) = self.tags(&mut open, &defaults.saml_provider_tags, false);
            open.common.places.tags = tag_places;
            open.reader.finish(&mut self.found);
            // INVARIANT: there is an error among the findings where there is none.
            let metadata = metadata.unwrap_or_else(|| SamlMetadata::stored(""));
            let value = Resource::SamlProvider(SamlProvider { metadata, tags });
            entities.push(entity(Address::SamlProvider(name), value, open.common));
        }
        entities
    }

    /// The metadata document under `metadata` or in `metadata_file`, of which there must be exactly one.
    fn metadata(&mut self, open: &mut Open<'_>, what: &str, from: &str) -> Option<SamlMetadata> {
        let here = open.reader.entry("metadata", &mut self.found);
        let in_file = open.reader.entry("metadata_file", &mut self.found);
        let (text, place, source) = match (here, in_file) {
            (Some(here), None) => {
                let text = here.value.expect_str("`metadata`", &mut self.found)?;
                (text.to_owned(), here.value.span, None)
            }
            (None, Some(file)) => {
                let (source, text) = self.loader.plain(from, &file.value)?;
                (text, file.value.span, Some(source))
            }
            (Some(here), Some(file)) => {
                self.found.push(
                    Diagnostic::error(
                        "metadata-twice",
                        file.key_span,
                        format!("the {what} has both `metadata` and `metadata_file`"),
                    )
                    .related(here.key_span, "`metadata` is here")
                    .help("keep one of them"),
                );
                return None;
            }
            (None, None) => {
                self.found.push(
                    Diagnostic::error(
                        "missing-key",
                        open.reader.span(),
                        format!("the {what} needs `metadata` or `metadata_file`"),
                    )
                    .label("knows no identity provider")
                    .help("download the metadata of the identity provider, and name its file: `metadata_file: saml/name.xml`"),
                );
                return None;
            }
        };
        match SamlMetadata::parse(&text) {
            Ok(metadata) => {
                self.doubt_metadata(&metadata, place);
                Some(metadata)
            }
            Err(error) => {
                self.found.push(bad_metadata(&error, &text, place, source));
                None
            }
        }
    }

    /// What AWS may take and is hardly meant. That AWS refuses these is not confirmed.
    fn doubt_metadata(&mut self, metadata: &SamlMetadata, place: Span) {
        let Ok(facts) = metadata.facts() else { return };
        let (message, help) = if !facts.is_identity_provider {
            (
                "this metadata describes no identity provider",
                "it has no `IDPSSODescriptor`: take the metadata of the identity provider, not that of AWS",
            )
        } else if facts.certificates.is_empty() {
            (
                "this metadata has no certificate",
                "without an `X509Certificate` for signing, nobody's assertion can be verified",
            )
        } else {
            return;
        };
        self.found.push(Diagnostic::warning("saml-metadata", place, message).help(help));
    }
}

/// A mistake in a metadata document: at its place in the file, or where the document is named.
fn bad_metadata(error: &MetadataError, text: &str, named: Span, source: Option<SourceId>) -> Diagnostic {
    const HELP: &str = "take the document as the identity provider hands it out";
    let what = "this is not the metadata of an identity provider";
    let place = source.zip(error.at()).and_then(|(source, at)| place_in(text, source, at));
    match place {
        Some(place) => Diagnostic::error("saml-metadata", place, format!("{what}: {}", error.message()))
            .related(named, "this file is named here")
            .help(HELP),
        None => Diagnostic::error("saml-metadata", named, format!("{what}: {error}")).help(HELP),
    }
}

/// From a line and a column to the character there.
fn place_in(text: &str, source: SourceId, (line, column): (u32, u32)) -> Option<Span> {
    let index = |number: u32| usize::try_from(number).ok()?.checked_sub(1);
    let lines = text.split_inclusive('\n');
    let before: usize = lines.clone().take(index(line)?).map(str::len).sum();
    let rest = lines.clone().nth(index(line)?)?;
    let (at, c) = rest.char_indices().nth(index(column)?)?;
    let start = before.checked_add(at)?;
    let end = start.checked_add(c.len_utf8())?;
    Some(Span { source, start: start.try_into().ok()?, end: end.try_into().ok()? })
}
