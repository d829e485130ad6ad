//! SAML providers.

use std::collections::BTreeMap;

use iamctl_apply::{ActionError, ErrorClass};
use iamctl_model::{
    Action, LiveSamlProvider, Observed, SamlMetadata, SamlProviderArn, SamlProviderDetails, SamlProviderName,
    Tags, UniqueId,
};

use super::holdings::{set_tags, untag};
use super::{MemoryAccount, error, exists, missing};

impl MemoryAccount {
    pub(super) fn on_saml_provider(
        &mut self,
        name: &SamlProviderName,
        action: &Action,
    ) -> Result<Option<UniqueId>, ActionError> {
        if let Action::CreateSAMLProvider { metadata, tags, .. } = action {
            return self.create_saml_provider(name, metadata, tags).map(Some);
        }
        let there = || missing(format!("SAMLProvider {name}"));
        if matches!(action, Action::DeleteSAMLProvider { .. }) {
            self.saml_providers()?.remove(name).ok_or_else(there)?;
            return Ok(None);
        }
        let details = self.saml_providers()?.get_mut(name).and_then(|found| found.details.as_mut());
        let details = details.ok_or_else(there)?;
        match action {
            Action::UpdateSAMLProvider { metadata, .. } => {
                check(metadata)?;
                details.metadata.clone_from(metadata);
            }
            Action::TagSAMLProvider { tags, .. } => set_tags(&mut details.tags, tags, false)?,
            Action::UntagSAMLProvider { tag_keys, .. } => untag(&mut details.tags, tag_keys, false),
            _ => {}
        }
        Ok(None)
    }

    fn create_saml_provider(
        &mut self,
        name: &SamlProviderName,
        metadata: &SamlMetadata,
        tags: &Tags,
    ) -> Result<UniqueId, ActionError> {
        let there = self.saml_providers()?;
        if there.contains_key(name) {
            return Err(exists(format!("SAMLProvider {name}")));
        }
        check(metadata)?;
        let mut checked_tags = Tags::default();
        set_tags(&mut checked_tags, tags, false)?;
        let id = UniqueId(SamlProviderArn::new(&self.live.account, name).as_str().to_owned());
        let details = SamlProviderDetails { metadata: metadata.clone(), tags: checked_tags };
        let provider =
            LiveSamlProvider { id: id.clone(), created: self.now, details: Observed::Read(details) };
        self.saml_providers()?.insert(name.clone(), provider);
        Ok(id)
    }

    /// An account that was built without knowing its providers has none to call.
    fn saml_providers(&mut self) -> Result<&mut BTreeMap<SamlProviderName, LiveSamlProvider>, ActionError> {
        self.live.saml_providers.as_mut().ok_or_else(|| missing("What SAML providers there are"))
    }
}

fn check(metadata: &SamlMetadata) -> Result<(), ActionError> {
    SamlMetadata::parse(metadata.as_str())
        .map(drop)
        .map_err(|_| error(ErrorClass::Refused, "InvalidInput", "Could not parse metadata".to_owned()))
}

/// The metadata of an identity provider, as such documents are, with these certificates (base64).
#[must_use]
pub fn saml_metadata(entity: &str, certificates: &[&str]) -> String {
    let keys: String = certificates
        .iter()
        .map(|certificate| {
            format!(
                "    <md:KeyDescriptor use=\"signing\">\n      <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\n        \
                 <ds:X509Data>\n          <ds:X509Certificate>{certificate}</ds:X509Certificate>\n        \
                 </ds:X509Data>\n      </ds:KeyInfo>\n    </md:KeyDescriptor>\n"
            )
        })
        .collect();
    let formats: String = ["persistent", "transient", "emailAddress", "unspecified", "entity", "kerberos"]
        .map(|format| {
            format!(
                "    <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:{format}</md:NameIDFormat>\n"
            )
        })
        .concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         entityID=\"https://{entity}.example.com/saml\">\n  <md:IDPSSODescriptor WantAuthnRequestsSigned=\"false\" \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\n{keys}{formats}    <md:SingleSignOnService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://{entity}.example.com/sso\"/>\n    \
         <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"https://{entity}.example.com/sso\"/>\n  </md:IDPSSODescriptor>\n</md:EntityDescriptor>\n"
    )
}
