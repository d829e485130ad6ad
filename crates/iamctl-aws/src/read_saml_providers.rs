//! Reading SAML providers: one call for the list, and one more for the metadata and tags of each.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::SamlProviderListEntry;
use futures_util::{StreamExt, TryStreamExt, stream};
use iamctl_model::{
    Live, LiveSamlProvider, Observed, SamlMetadata, SamlProviderArn, SamlProviderDetails, SamlProviderName,
    UniqueId,
};

use crate::connect::Aws;
use crate::convert;
use crate::failure::Failure;
use crate::read::{CONCURRENT_READS, Reader, check_account, inconsistent, insert};
use crate::read_error::ReadError;

const LIST: &str = "iam:ListSAMLProviders";
const GET: &str = "iam:GetSAMLProvider";

impl Aws {
    /// Reads which SAML providers there are into a live state that was read without them.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub async fn read_saml_providers(&self, live: &mut Live) -> Result<(), ReadError> {
        let reader = Reader { client: self.iam_client(), origin: &self.origin };
        let listed = reader.saml_providers().await?;
        add(live, listed)
    }

    /// Reads what these SAML providers are into a live state that knows only that they are there.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read, also because it is not there any more.
    pub async fn read_saml_provider_details(
        &self,
        live: &mut Live,
        of: &BTreeSet<SamlProviderName>,
    ) -> Result<(), ReadError> {
        Reader { client: self.iam_client(), origin: &self.origin }.add_saml_details(live, of).await
    }
}

impl Reader<'_> {
    /// All that are there. The call has no pages.
    pub(crate) async fn saml_providers(&self) -> Result<Vec<SamlProviderListEntry>, ReadError> {
        let answer = self.client.list_saml_providers().send().await;
        let answer = answer.map_err(|error| self.error(LIST, error.into()))?;
        answer
            .saml_provider_list
            .ok_or_else(|| ReadError::Unexpected { message: format!("{LIST} was answered without a list") })
    }

    /// One call for each of these providers that is there.
    pub(crate) async fn add_saml_details(
        &self,
        live: &mut Live,
        of: &BTreeSet<SamlProviderName>,
    ) -> Result<(), ReadError> {
        let account = live.account.clone();
        let Some(there) = live.saml_providers.as_mut() else { return Ok(()) };
        let wanted: Vec<_> = there.keys().filter(|name| of.contains(*name)).cloned().collect();
        let read = wanted.into_iter().map(async |name| {
            let arn = SamlProviderArn::new(&account, &name);
            Ok((name, self.saml_details(&arn).await?))
        });
        let details: Vec<_> = stream::iter(read).buffer_unordered(CONCURRENT_READS).try_collect().await?;
        for (name, details) in details {
            if let Some(found) = there.get_mut(&name) {
                found.details = Observed::Read(details);
            }
        }
        Ok(())
    }

    async fn saml_details(&self, arn: &SamlProviderArn) -> Result<SamlProviderDetails, ReadError> {
        let call = self.client.get_saml_provider().saml_provider_arn(arn.as_str());
        let answer = call.send().await.map_err(|error| match Failure::from(error) {
            failure if failure.is_no_such_entity() => {
                inconsistent(format!("`{arn}` was listed and is not there any more"))
            }
            failure => self.error(GET, failure),
        })?;
        // Nothing would be compared with the manifest as if that were what is there.
        let Some(metadata) = answer.saml_metadata_document else {
            let message = format!("saml_provider/{}: {GET} was answered without metadata", arn.name());
            return Err(ReadError::Unexpected { message });
        };
        Ok(SamlProviderDetails {
            metadata: SamlMetadata::stored(&metadata),
            tags: convert::tags(answer.tags.unwrap_or_default()),
        })
    }
}

/// Adds what was listed, without details.
pub(crate) fn add(live: &mut Live, listed: Vec<SamlProviderListEntry>) -> Result<(), ReadError> {
    let unexpected = |message: String| ReadError::Unexpected { message: format!("{LIST}: {message}") };
    let mut all = BTreeMap::new();
    for entry in listed {
        let text = entry.arn.ok_or_else(|| unexpected("a provider has no ARN".to_owned()))?;
        check_account(&live.account, Some(&text))?;
        let arn = SamlProviderArn::parse(&text).map_err(|error| unexpected(error.to_string()))?;
        let of = format!("saml_provider/{}", arn.name());
        let created = convert::created(entry.create_date, &of)?;
        let found = LiveSamlProvider { id: UniqueId(text), created, details: Observed::NotRead };
        insert(&mut all, arn.name().clone(), found, "saml_provider")?;
    }
    live.saml_providers = Observed::Read(all);
    Ok(())
}
