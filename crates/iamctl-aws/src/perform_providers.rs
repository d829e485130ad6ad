//! The calls on identity providers.

use std::collections::BTreeSet;

use iamctl_apply::Receipt;
use iamctl_model::{Action, OidcProviderUrl, Tags};

use crate::failure::Failure;
use crate::perform::{AwsIam, done, made, once, sdk_tags, some};

impl AwsIam {
    pub(crate) async fn call_on_oidc_provider(&self, action: &Action) -> Result<Receipt, Failure> {
        let iam = &self.client;
        match action {
            Action::CreateOpenIDConnectProvider { url, client_ids, thumbprints, tags } => {
                self.create_oidc_provider(url, client_ids, thumbprints.as_ref(), tags).await
            }
            Action::DeleteOpenIDConnectProvider { arn } => done(
                iam.delete_open_id_connect_provider().open_id_connect_provider_arn(arn.as_str()).send().await,
            ),
            Action::AddClientIDToOpenIDConnectProvider { arn, client_id } => done(
                iam.add_client_id_to_open_id_connect_provider()
                    .open_id_connect_provider_arn(arn.as_str())
                    .client_id(client_id)
                    .send()
                    .await,
            ),
            Action::RemoveClientIDFromOpenIDConnectProvider { arn, client_id } => done(
                iam.remove_client_id_from_open_id_connect_provider()
                    .open_id_connect_provider_arn(arn.as_str())
                    .client_id(client_id)
                    .send()
                    .await,
            ),
            Action::UpdateOpenIDConnectProviderThumbprint { arn, thumbprints } => done(
                iam.update_open_id_connect_provider_thumbprint()
                    .open_id_connect_provider_arn(arn.as_str())
                    .set_thumbprint_list(Some(Vec::from_iter(thumbprints.iter().cloned())))
                    .send()
                    .await,
            ),
            Action::TagOpenIDConnectProvider { arn, tags } => done(
                iam.tag_open_id_connect_provider()
                    .open_id_connect_provider_arn(arn.as_str())
                    .set_tags(Some(sdk_tags(tags)?))
                    .send()
                    .await,
            ),
            Action::UntagOpenIDConnectProvider { arn, tag_keys } => done(
                iam.untag_open_id_connect_provider()
                    .open_id_connect_provider_arn(arn.as_str())
                    .set_tag_keys(Some(tag_keys.clone()))
                    .send()
                    .await,
            ),
            _ => Ok(Receipt::default()),
        }
    }

    pub(crate) async fn call_on_saml_provider(&self, action: &Action) -> Result<Receipt, Failure> {
        let iam = &self.client;
        match action {
            Action::CreateSAMLProvider { name, metadata, tags } => {
                let call = iam
                    .create_saml_provider()
                    .name(name.as_str())
                    .saml_metadata_document(metadata.as_str())
                    .set_tags(some(sdk_tags(tags)?));
                let answer = call.customize().config_override(once()).send().await;
                made(answer, |answer| answer.saml_provider_arn.clone())
            }
            Action::UpdateSAMLProvider { arn, metadata } => done(
                iam.update_saml_provider()
                    .saml_provider_arn(arn.as_str())
                    .saml_metadata_document(metadata.as_str())
                    .send()
                    .await,
            ),
            Action::DeleteSAMLProvider { arn } => {
                done(iam.delete_saml_provider().saml_provider_arn(arn.as_str()).send().await)
            }
            Action::TagSAMLProvider { arn, tags } => done(
                iam.tag_saml_provider()
                    .saml_provider_arn(arn.as_str())
                    .set_tags(Some(sdk_tags(tags)?))
                    .send()
                    .await,
            ),
            Action::UntagSAMLProvider { arn, tag_keys } => done(
                iam.untag_saml_provider()
                    .saml_provider_arn(arn.as_str())
                    .set_tag_keys(Some(tag_keys.clone()))
                    .send()
                    .await,
            ),
            _ => Ok(Receipt::default()),
        }
    }

    async fn create_oidc_provider(
        &self,
        url: &OidcProviderUrl,
        client_ids: &BTreeSet<String>,
        thumbprints: Option<&BTreeSet<String>>,
        tags: &Tags,
    ) -> Result<Receipt, Failure> {
        let list = |items: &BTreeSet<String>| Vec::from_iter(items.iter().cloned());
        let call = self
            .client
            .create_open_id_connect_provider()
            .url(url.with_scheme())
            .set_client_id_list(Some(client_ids).filter(|ids| !ids.is_empty()).map(list))
            .set_thumbprint_list(thumbprints.map(list))
            .set_tags(some(sdk_tags(tags)?));
        let answer = call.customize().config_override(once()).send().await;
        made(answer, |answer| answer.open_id_connect_provider_arn.clone())
    }
}
