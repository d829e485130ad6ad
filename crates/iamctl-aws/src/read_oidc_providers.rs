//! Reading OpenID Connect providers: one call for the list, which tells ARNs only, and one more for each.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use iamctl_model::{
    Live, LiveOidcProvider, Observed, OidcProviderArn, OidcProviderDetails, OidcProviderUrl, UniqueId,
};

use crate::connect::Aws;
use crate::convert;
use crate::failure::Failure;
use crate::read::{CONCURRENT_READS, Reader, check_account, inconsistent, insert};
use crate::read_error::ReadError;

const LIST: &str = "iam:ListOpenIDConnectProviders";
const GET: &str = "iam:GetOpenIDConnectProvider";

impl Aws {
    /// Reads which OpenID Connect providers there are into a live state that was read without them.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub async fn read_oidc_providers(&self, live: &mut Live) -> Result<(), ReadError> {
        let reader = Reader { client: self.iam_client(), origin: &self.origin };
        let listed = reader.oidc_providers().await?;
        add(live, listed)
    }

    /// Reads what these OpenID Connect providers are into a live state that knows only that they are there.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read, also because it is not there any more.
    pub async fn read_oidc_provider_details(
        &self,
        live: &mut Live,
        of: &BTreeSet<OidcProviderUrl>,
    ) -> Result<(), ReadError> {
        Reader { client: self.iam_client(), origin: &self.origin }.add_oidc_details(live, of).await
    }
}

impl Reader<'_> {
    /// The ARNs of all. The call has no pages.
    pub(crate) async fn oidc_providers(&self) -> Result<Vec<String>, ReadError> {
        let answer = self.client.list_open_id_connect_providers().send().await;
        let answer = answer.map_err(|error| self.error(LIST, error.into()))?;
        let Some(listed) = answer.open_id_connect_provider_list else {
            return Err(ReadError::Unexpected { message: format!("{LIST} was answered without a list") });
        };
        let without = || ReadError::Unexpected { message: format!("{LIST} has a provider without an ARN") };
        listed.into_iter().map(|entry| entry.arn.ok_or_else(without)).collect()
    }

    /// One call for each of these providers that is there.
    pub(crate) async fn add_oidc_details(
        &self,
        live: &mut Live,
        of: &BTreeSet<OidcProviderUrl>,
    ) -> Result<(), ReadError> {
        let account = live.account.clone();
        let Some(there) = live.oidc_providers.as_mut() else { return Ok(()) };
        let wanted: Vec<_> = there.keys().filter(|url| of.contains(*url)).cloned().collect();
        let read = wanted.into_iter().map(async |url| {
            let arn = OidcProviderArn::new(&account, &url);
            Ok((url, self.oidc_details(&arn).await?))
        });
        let details: Vec<_> = stream::iter(read).buffer_unordered(CONCURRENT_READS).try_collect().await?;
        for (url, details) in details {
            if let Some(found) = there.get_mut(&url) {
                found.details = Observed::Read(details);
            }
        }
        Ok(())
    }

    async fn oidc_details(&self, arn: &OidcProviderArn) -> Result<OidcProviderDetails, ReadError> {
        let call = self.client.get_open_id_connect_provider().open_id_connect_provider_arn(arn.as_str());
        let answer = call.send().await.map_err(|error| match Failure::from(error) {
            failure if failure.is_no_such_entity() => {
                inconsistent(format!("`{arn}` was listed and is not there any more"))
            }
            failure => self.error(GET, failure),
        })?;
        let of = format!("oidc_provider/{}", arn.url());
        Ok(OidcProviderDetails {
            created: convert::created(answer.create_date, &of)?,
            client_ids: answer.client_id_list.unwrap_or_default().into_iter().collect(),
            thumbprints: answer
                .thumbprint_list
                .unwrap_or_default()
                .iter()
                .map(|text| convert::thumbprint(text))
                .collect(),
            tags: convert::tags(answer.tags.unwrap_or_default()),
        })
    }
}

/// Adds what was listed, without details.
pub(crate) fn add(live: &mut Live, listed: Vec<String>) -> Result<(), ReadError> {
    let mut all = BTreeMap::new();
    for text in listed {
        check_account(&live.account, Some(&text))?;
        let arn = OidcProviderArn::parse(&text);
        let arn = arn.map_err(|error| ReadError::Unexpected { message: format!("{LIST}: {error}") })?;
        let found = LiveOidcProvider { id: UniqueId(text), details: Observed::NotRead };
        insert(&mut all, arn.url().clone(), found, "oidc_provider")?;
    }
    live.oidc_providers = Observed::Read(all);
    Ok(())
}
