//! Identity providers: whoever signs in there can assume the roles that trust them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::arn::{Account, ArnError};
use crate::names::{NameError, check_url};

/// The name of an OIDC provider: the URL of what issues its tokens, without `https://`, as in its ARN.
///
/// The case of its letters counts: the path of an issuer is often an id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct OidcProviderUrl(Box<str>);

impl OidcProviderUrl {
    /// Checks a URL without its scheme.
    ///
    /// # Errors
    ///
    /// When it has no host, other characters than URLs have, or more than 255 of them with the scheme.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check_url(text)?;
        Ok(Self(text.into()))
    }

    /// Host and path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it has that CreateOpenIDConnectProvider does not take.
    #[must_use]
    pub fn not_taken(&self) -> Option<&'static str> {
        [(':', "a port"), ('?', "a query")]
            .into_iter()
            .find(|(c, _)| self.0.contains(*c))
            .map(|(_, what)| what)
    }

    /// With the scheme, as AWS takes it when a provider is made.
    #[must_use]
    pub fn with_scheme(&self) -> String {
        format!("{SCHEME}{self}")
    }
}

const SCHEME: &str = "https://";

impl fmt::Display for OidcProviderUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for OidcProviderUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The URL as a parameter of CreateOpenIDConnectProvider: with its scheme.
pub(crate) mod with_scheme {
    use super::{Deserialize, Deserializer, OidcProviderUrl, SCHEME, Serializer};

    pub(crate) fn serialize<S: Serializer>(url: &OidcProviderUrl, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&url.with_scheme())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<OidcProviderUrl, D::Error> {
        let text = String::deserialize(deserializer)?;
        OidcProviderUrl::parse(text.strip_prefix(SCHEME).unwrap_or(&text)).map_err(serde::de::Error::custom)
    }
}

/// The ARN of an OIDC provider, as trust policies name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OidcProviderArn {
    text: Box<str>,
    url: OidcProviderUrl,
}

impl OidcProviderArn {
    /// The ARN of a provider of an account.
    #[must_use]
    pub fn new(account: &Account, url: &OidcProviderUrl) -> Self {
        let text = format!("arn:{}:iam::{}:oidc-provider/{url}", account.partition, account.id);
        Self { text: text.into(), url: url.clone() }
    }

    /// Checks that a text is the ARN of an OIDC provider.
    ///
    /// # Errors
    ///
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let refuse = || ArnError::new(format!("`{text}` is not the ARN of an OIDC provider"));
        let mut fields = text.splitn(6, ':');
        let (Some("arn"), Some(_), Some("iam"), Some(""), Some(_), Some(resource)) =
            (fields.next(), fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(refuse());
        };
        let url = resource.strip_prefix("oidc-provider/").ok_or_else(refuse)?;
        let url = OidcProviderUrl::parse(url).map_err(|_| refuse())?;
        Ok(Self { text: text.into(), url })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The provider's name.
    #[must_use]
    pub fn url(&self) -> &OidcProviderUrl {
        &self.url
    }
}

impl fmt::Display for OidcProviderArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for OidcProviderArn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for OidcProviderArn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_named_by_its_url_without_the_scheme() {
        for good in
            ["token.actions.githubusercontent.com", "oidc.eks.eu-west-1.amazonaws.com/id/0A1B", "a.example/"]
        {
            let arn = format!("arn:aws:iam::123456789012:oidc-provider/{good}");
            assert_eq!(OidcProviderArn::parse(&arn).unwrap().url().as_str(), good);
        }
        for (bad, says) in [
            ("", "the URL of an OIDC provider cannot be empty"),
            ("https://a.example", "the URL of an OIDC provider is written without its scheme"),
            ("a.example/a b", "the URL of an OIDC provider cannot hold the character ` `"),
            ("/id/x", "the URL of an OIDC provider must begin with the name of a host"),
            ("localhost", "the URL of an OIDC provider must begin with the name of a host"),
        ] {
            assert_eq!(OidcProviderUrl::parse(bad).unwrap_err().to_string(), says);
        }
        assert!(OidcProviderUrl::parse(&format!("a.example/{}", "x".repeat(237))).is_ok());
        assert!(OidcProviderUrl::parse(&format!("a.example/{}", "x".repeat(238))).is_err());
        for bad in
            ["arn:aws:iam::123456789012:saml-provider/x", "arn:aws:iam::123456789012:oidc-provider/", "x"]
        {
            assert!(OidcProviderArn::parse(bad).is_err(), "{bad}");
        }
    }
}
