//! SAML providers: whoever an identity provider vouches for can assume the roles that trust it.
//!
//! What AWS knows of the identity provider is its metadata: a document of its own making that names it and
//! holds the certificates that its assertions are signed with.
//! Source: OASIS, "Metadata for the OASIS Security Assertion Markup Language (SAML) V2.0".

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use roxmltree::{Document, Node};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::arn::{Account, ArnError};
use crate::names::SamlProviderName;

/// The ARN of a SAML provider, as trust policies name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SamlProviderArn {
    text: Box<str>,
    name: SamlProviderName,
}

impl SamlProviderArn {
    /// The ARN of a provider of an account.
    #[must_use]
    pub fn new(account: &Account, name: &SamlProviderName) -> Self {
        let text = format!("arn:{}:iam::{}:saml-provider/{name}", account.partition, account.id);
        Self { text: text.into(), name: name.clone() }
    }

    /// Checks that a text is the ARN of a SAML provider.
    ///
    /// # Errors
    ///
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let refuse = || ArnError::new(format!("`{text}` is not the ARN of a SAML provider"));
        let fields = Vec::from_iter(text.splitn(6, ':'));
        let ["arn", _, "iam", "", _, resource] = fields.as_slice() else { return Err(refuse()) };
        let name = resource.strip_prefix("saml-provider/").ok_or_else(refuse)?;
        let name = SamlProviderName::parse(name).map_err(|_| refuse())?;
        Ok(Self { text: text.into(), name })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The provider's name.
    #[must_use]
    pub fn name(&self) -> &SamlProviderName {
        &self.name
    }
}

impl fmt::Display for SamlProviderArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for SamlProviderArn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for SamlProviderArn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The metadata document of an identity provider.
///
/// Two are equal when they differ in no more than the kind of their line ends and the white space before and
/// after: XML makes one of all line ends, also on the way through AWS's answers, and white space outside the
/// root means nothing. Any other difference is one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SamlMetadata(Box<str>);

/// How many characters AWS takes. Source: the IAM API's `SAMLMetadataDocumentType`.
const LEAST: usize = 1_000;
const MOST: usize = 10_000_000;

impl SamlMetadata {
    /// Checks a document. A byte order mark is left out, which AWS does not take.
    /// Source: IAM User Guide, "Create a SAML identity provider in IAM".
    ///
    /// # Errors
    ///
    /// When it is not XML, has a document type, describes no entity, or has fewer or more characters than AWS takes.
    pub fn parse(text: &str) -> Result<Self, MetadataError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let length = text.chars().count();
        let metadata = Self::stored(text);
        metadata.facts()?;
        if !(LEAST..=MOST).contains(&length) {
            let message = format!("it has {LEAST} to {MOST} characters, this one has {length}");
            return Err(MetadataError { message, at: None });
        }
        Ok(metadata)
    }

    /// What AWS or the master copy has stored, which is not checked again.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its lines, without what makes no difference.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.trim_start_matches('\u{feff}').trim().lines()
    }

    /// What it says.
    ///
    /// # Errors
    ///
    /// When it is not XML, has a document type, or describes no entity.
    pub fn facts(&self) -> Result<MetadataFacts, MetadataError> {
        let document = Document::parse(&self.0)?;
        let entities = Vec::from_iter(document.descendants().filter(|node| is(node, "EntityDescriptor")));
        if entities.is_empty() {
            let message = "it has no `EntityDescriptor` of SAML 2.0".to_owned();
            return Err(MetadataError { message, at: None });
        }
        let providers = document.descendants().filter(|node| is(node, "IDPSSODescriptor"));
        let parts = Vec::from_iter(providers.clone().flat_map(|node| node.children()));
        let keys = parts.iter().filter(|node| is(node, "KeyDescriptor"));
        let signing = keys.filter(|node| node.attribute("use") != Some("encryption"));
        let certificates = signing.flat_map(|node| node.descendants().filter(is_certificate));
        let sign_in = parts.iter().filter(|node| is(node, "SingleSignOnService"));
        let valid_until = document.descendants().filter_map(|node| node.attribute("validUntil"));
        Ok(MetadataFacts {
            entity_ids: texts(entities.iter().filter_map(|node| node.attribute("entityID"))),
            is_identity_provider: providers.count() > 0,
            certificates: certificates.filter_map(|node| fingerprint(node.text()?)).collect(),
            sign_in: texts(sign_in.filter_map(|node| node.attribute("Location"))),
            valid_until: valid_until.filter_map(moment).min(),
        })
    }
}

impl PartialEq for SamlMetadata {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.lines().eq(other.lines())
    }
}

impl Eq for SamlMetadata {}

/// What a metadata document says of an identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataFacts {
    /// What it calls itself: the issuer of its assertions. One as a rule.
    pub entity_ids: BTreeSet<String>,
    /// Whether it describes an identity provider; the metadata of AWS itself, for instance, does not.
    pub is_identity_provider: bool,
    /// The SHA-256 fingerprints of the certificates that its assertions are signed with, in hexadecimal digits.
    pub certificates: BTreeSet<String>,
    /// Where people are sent to sign in.
    pub sign_in: BTreeSet<String>,
    /// Until when the document means to be used.
    pub valid_until: Option<Timestamp>,
}

impl MetadataFacts {
    /// Whether assertions could be taken that `other` would not take: AWS knows them by issuer and signature.
    #[must_use]
    pub fn lets_in_more_than(&self, other: &MetadataFacts) -> bool {
        !self.entity_ids.is_subset(&other.entity_ids) || !self.certificates.is_subset(&other.certificates)
    }
}

/// Why a text is no metadata document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataError {
    message: String,
    at: Option<(u32, u32)>,
}

impl MetadataError {
    /// Line and column of the mistake, from 1, where it has a place.
    #[must_use]
    pub fn at(&self) -> Option<(u32, u32)> {
        self.at
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.at {
            Some((line, column)) => write!(f, " (line {line}, column {column})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for MetadataError {}

impl From<roxmltree::Error> for MetadataError {
    fn from(error: roxmltree::Error) -> Self {
        if matches!(error, roxmltree::Error::DtdDetected) {
            let message = "it has a document type (`<!DOCTYPE`), which is not read".to_owned();
            return Self { message, at: None };
        }
        let place = error.pos();
        let text = error.to_string();
        let suffix = format!(" at {}:{}", place.row, place.col);
        // Errors whose text has no place have none.
        match text.strip_suffix(&suffix) {
            Some(text) => {
                Self { message: format!("it is not XML: {text}"), at: Some((place.row, place.col)) }
            }
            None => Self { message: format!("it is not XML: {text}"), at: None },
        }
    }
}

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

fn is(node: &Node<'_, '_>, name: &str) -> bool {
    node.has_tag_name((METADATA, name))
}

fn is_certificate(node: &Node<'_, '_>) -> bool {
    node.has_tag_name((SIGNATURE, "X509Certificate"))
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    texts.map(str::to_owned).collect()
}

/// What `openssl x509 -fingerprint -sha256` shows, without its colons. `None` for what is not base64.
fn fingerprint(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let certificate = STANDARD.decode(text).ok()?;
    let digest = Sha256::digest(certificate);
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// An `xs:dateTime`, which is in UTC in SAML whether or not it says so.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(certificates: &[&str]) -> String {
        let keys: String = certificates
            .iter()
            .map(|certificate| {
                format!(
                    "    <md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n{certificate}\n\
                     </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\n"
                )
            })
            .collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- {} -->\n\
             <md:EntityDescriptor xmlns:md=\"{METADATA}\" xmlns:ds=\"{SIGNATURE}\"\n    \
             entityID=\"https://idp.example.com/saml\" validUntil=\"2027-01-01T00:00:00.5Z\">\n  \
             <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\n{keys}    \
             <md:SingleSignOnService Binding=\"b\" Location=\"https://idp.example.com/sso\"/>\n  \
             </md:IDPSSODescriptor>\n</md:EntityDescriptor>\n",
            "filling ".repeat(120)
        )
    }

    #[test]
    fn a_document_tells_whose_assertions_are_taken() {
        let facts = SamlMetadata::parse(&metadata(&["AAEC", " AA\n EC ", "AAED", "not base64!"])).unwrap();
        let facts = facts.facts().unwrap();
        assert_eq!(facts.entity_ids, ["https://idp.example.com/saml".to_owned()].into());
        assert!(facts.is_identity_provider);
        // printf '\x00\x01\x02' | sha256sum
        let first = "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc";
        assert_eq!(facts.certificates.len(), 2);
        assert!(facts.certificates.contains(first));
        assert_eq!(facts.sign_in, ["https://idp.example.com/sso".to_owned()].into());
        assert_eq!(facts.valid_until.unwrap().to_string(), "2027-01-01T00:00:00.5Z");
    }

    #[test]
    fn keys_for_encryption_and_the_signature_of_the_document_itself_let_nobody_in() {
        let text = metadata(&["AAEC"]).replace("use=\"signing\"", "use=\"encryption\"").replace(
            "  <md:IDPSSO",
            "<ds:Signature><ds:X509Certificate>AAEC</ds:X509Certificate></ds:Signature><md:IDPSSO",
        );
        assert!(SamlMetadata::parse(&text).unwrap().facts().unwrap().certificates.is_empty());
        let text = metadata(&["AAEC"]).replace(" use=\"signing\"", "");
        assert_eq!(SamlMetadata::parse(&text).unwrap().facts().unwrap().certificates.len(), 1);
    }

    #[test]
    fn more_is_let_in_by_another_issuer_or_another_certificate() {
        let facts = |text: &str| SamlMetadata::stored(text).facts().unwrap();
        let (one, two) = (metadata(&["AAEC"]), metadata(&["AAEC", "AAED"]));
        assert!(facts(&two).lets_in_more_than(&facts(&one)));
        assert!(!facts(&one).lets_in_more_than(&facts(&two)));
        assert!(!facts(&one.replace("/sso", "/login")).lets_in_more_than(&facts(&one)));
        assert!(facts(&one.replace("/saml\"", "/other\"")).lets_in_more_than(&facts(&one)));
    }

    #[test]
    fn what_is_no_metadata_is_refused_with_its_place() {
        let good = metadata(&["AAEC"]);
        for (bad, says) in [
            (
                good.replace("</md:IDPSSODescriptor>", ""),
                "it is not XML: expected 'md:IDPSSODescriptor' tag, not 'md:EntityDescriptor' (line 11, column 1)",
            ),
            (
                good.replace("<!--", "<!DOCTYPE x [<!ENTITY e \"e\">]><!--"),
                "it has a document type (`<!DOCTYPE`), which is not read",
            ),
            (
                good.replace("SAML:2.0:metadata", "SAML:1.0:metadata"),
                "it has no `EntityDescriptor` of SAML 2.0",
            ),
            (good.replace("filling ", ""), "it has 1000 to 10000000 characters, this one has 619"),
            (String::new(), "it is not XML: the document does not have a root node"),
        ] {
            assert_eq!(SamlMetadata::parse(&bad).unwrap_err().to_string(), says);
        }
    }

    #[test]
    fn line_ends_and_what_surrounds_the_root_make_no_difference() {
        let text = metadata(&["AAEC"]);
        let one = SamlMetadata::parse(&text).unwrap();
        let marked = SamlMetadata::parse(&format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap();
        assert!(marked.as_str().starts_with("<?xml"), "AWS takes no byte order mark");
        assert_eq!(one, marked);
        assert_eq!(one, SamlMetadata::stored(&format!("{}\n\n", text.trim())));
        assert_ne!(one, SamlMetadata::stored(&text.replace("  <md:IDP", " <md:IDP")));
    }

    #[test]
    fn the_arn_of_a_provider_ends_in_its_name() {
        let arn = SamlProviderArn::parse("arn:aws:iam::123456789012:saml-provider/Okta").unwrap();
        assert_eq!(arn.name().as_str(), "Okta");
        for bad in [
            "arn:aws:iam::123456789012:saml-provider/a/b",
            "arn:aws:iam::123456789012:oidc-provider/a.b",
            "x",
        ] {
            assert!(SamlProviderArn::parse(bad).is_err(), "{bad}");
        }
        assert!(SamlProviderName::parse("a+b").is_err());
    }
}
