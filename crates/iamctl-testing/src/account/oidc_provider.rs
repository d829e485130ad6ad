//! OpenID Connect providers.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_apply::ActionError;
use iamctl_model::{
    Action, LiveOidcProvider, Observed, OidcProviderArn, OidcProviderDetails, OidcProviderUrl, Tags, UniqueId,
};

use super::holdings::{set_tags, untag};
use super::{MemoryAccount, exists, limit, missing};

const MOST_CLIENT_IDS: usize = 100;
const MOST_THUMBPRINTS: usize = 5;

/// What AWS finds where it is told no thumbprint.
const FOUND: &str = "0123456789012345678901234567890123456789";

impl MemoryAccount {
    pub(super) fn on_oidc_provider(
        &mut self,
        url: &OidcProviderUrl,
        action: &Action,
    ) -> Result<Option<UniqueId>, ActionError> {
        match action {
            Action::CreateOpenIDConnectProvider { client_ids, thumbprints, tags, .. } => {
                return self.create_oidc_provider(url, client_ids, thumbprints.as_ref(), tags).map(Some);
            }
            // The only delete that is content with nothing.
            Action::DeleteOpenIDConnectProvider { .. } => {
                self.oidc_providers()?.remove(url);
                return Ok(None);
            }
            _ => {}
        }
        let there = || missing(format!("OpenIDConnect Provider {url}"));
        let details = self.oidc_providers()?.get_mut(url).and_then(|found| found.details.as_mut());
        let details = details.ok_or_else(there)?;
        match action {
            Action::AddClientIDToOpenIDConnectProvider { client_id, .. } => {
                let mut ids = details.client_ids.clone();
                ids.insert(client_id.clone());
                check("ClientIdsPerOpenIdConnectProvider", &ids, MOST_CLIENT_IDS)?;
                details.client_ids = ids;
            }
            Action::RemoveClientIDFromOpenIDConnectProvider { client_id, .. } => {
                details.client_ids.remove(client_id);
            }
            Action::UpdateOpenIDConnectProviderThumbprint { thumbprints, .. } => {
                check("ThumbprintsPerOpenIdConnectProvider", thumbprints, MOST_THUMBPRINTS)?;
                details.thumbprints.clone_from(thumbprints);
            }
            Action::TagOpenIDConnectProvider { tags, .. } => set_tags(&mut details.tags, tags, false)?,
            Action::UntagOpenIDConnectProvider { tag_keys, .. } => untag(&mut details.tags, tag_keys, false),
            _ => {}
        }
        Ok(None)
    }

    fn create_oidc_provider(
        &mut self,
        url: &OidcProviderUrl,
        client_ids: &BTreeSet<String>,
        thumbprints: Option<&BTreeSet<String>>,
        tags: &Tags,
    ) -> Result<UniqueId, ActionError> {
        if self.oidc_providers()?.contains_key(url) {
            return Err(exists(format!("Provider with url https://{url}")));
        }
        check("ClientIdsPerOpenIdConnectProvider", client_ids, MOST_CLIENT_IDS)?;
        let found = || BTreeSet::from([FOUND.to_owned()]);
        let thumbprints = thumbprints.cloned().unwrap_or_else(found);
        check("ThumbprintsPerOpenIdConnectProvider", &thumbprints, MOST_THUMBPRINTS)?;
        let mut checked_tags = Tags::default();
        set_tags(&mut checked_tags, tags, false)?;
        let id = UniqueId(OidcProviderArn::new(&self.live.account, url).as_str().to_owned());
        let details = OidcProviderDetails {
            created: self.now,
            client_ids: client_ids.clone(),
            thumbprints,
            tags: checked_tags,
        };
        let provider = LiveOidcProvider { id: id.clone(), details: Observed::Read(details) };
        self.oidc_providers()?.insert(url.clone(), provider);
        Ok(id)
    }

    /// An account that was built without knowing its providers has none to call.
    fn oidc_providers(&mut self) -> Result<&mut BTreeMap<OidcProviderUrl, LiveOidcProvider>, ActionError> {
        self.live.oidc_providers.as_mut().ok_or_else(|| missing("What OpenID Connect providers there are"))
    }
}

fn check(quota: &str, items: &BTreeSet<String>, most: usize) -> Result<(), ActionError> {
    if items.len() > most {
        return Err(limit(format!("Cannot exceed quota for {quota}: {most}")));
    }
    Ok(())
}
