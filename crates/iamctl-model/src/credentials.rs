//! What a user can sign in with. Never a secret: only what AWS lists of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::live::Observed;

/// Everything by which a user can prove who it is. AWS refuses to delete a user that has any of it.
/// Source: the IAM API, `DeleteUser`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Credentials {
    /// Whether there is a password for the console.
    pub password: bool,
    /// Access keys.
    pub access_keys: Vec<AccessKey>,
    /// The serial numbers of MFA devices.
    pub mfa_devices: Vec<MfaSerial>,
    /// The ids of signing certificates.
    pub signing_certificates: Vec<String>,
    /// The ids of SSH public keys.
    pub ssh_public_keys: Vec<String>,
    /// Credentials of single services, such as CodeCommit or Bedrock.
    pub service_credentials: Observed<Vec<ServiceCredential>>,
}

impl Credentials {
    /// What there is, in words; nothing when there is nothing.
    #[must_use]
    pub fn describe(&self) -> Vec<String> {
        let some = |one: &str, many: &str, names: Vec<String>| match names.len() {
            0 => None,
            1 => Some(format!("{one} ({})", names.concat())),
            count => Some(format!("{count} {many} ({})", names.join(", "))),
        };
        let texts = |of: &[String]| of.to_vec();
        let keys = self.access_keys.iter().map(ToString::to_string).collect();
        let devices = self.mfa_devices.iter().map(|serial| serial.0.clone()).collect();
        let services = self.service_credentials.as_ref().into_iter().flatten();
        [
            self.password.then(|| "a password".to_owned()),
            some("an access key", "access keys", keys),
            some("an MFA device", "MFA devices", devices),
            some("a signing certificate", "signing certificates", texts(&self.signing_certificates)),
            some("an SSH public key", "SSH public keys", texts(&self.ssh_public_keys)),
            some(
                "a service-specific credential",
                "service-specific credentials",
                services.map(ToString::to_string).collect(),
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Whether everything was read, and there is nothing.
    #[must_use]
    pub fn are_none(&self) -> bool {
        let Self {
            password,
            access_keys,
            mfa_devices,
            signing_certificates,
            ssh_public_keys,
            service_credentials,
        } = self;
        !password
            && access_keys.is_empty()
            && mfa_devices.is_empty()
            && signing_certificates.is_empty()
            && ssh_public_keys.is_empty()
            && service_credentials.as_ref().is_some_and(Vec::is_empty)
    }
}

/// An access key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// `AKIA…`
    pub id: String,
    /// Whether it can be used.
    pub status: KeyStatus,
}

impl fmt::Display for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            KeyStatus::Active => write!(f, "{} active", self.id),
            KeyStatus::Inactive => write!(f, "{} inactive", self.id),
        }
    }
}

/// Whether a key can be used, in AWS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyStatus {
    /// It can.
    Active,
    /// It cannot.
    Inactive,
}

/// What AWS calls an MFA device: the ARN of one that is an app or a passkey, the number on one that is
/// hardware.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MfaSerial(pub String);

impl MfaSerial {
    /// Whether it is a virtual device: it stays in the account when it is taken from its user, and must
    /// be deleted as well. Source: the IAM API, `VirtualMFADevice`.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        let resource = self.0.splitn(6, ':').nth(5);
        self.0.starts_with("arn:") && resource.is_some_and(|resource| resource.starts_with("mfa/"))
    }
}

impl fmt::Display for MfaSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A credential that is good for one service only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceCredential {
    /// `ACCA…`
    pub id: String,
    /// The service: `codecommit.amazonaws.com`.
    pub service: String,
}

impl fmt::Display for ServiceCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}", self.id, self.service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_is_listed_in_words() {
        assert_eq!(Credentials::default().describe(), Vec::<String>::new());
        assert!(!Credentials::default().are_none(), "a part of it was not read");
        let none = Credentials { service_credentials: Observed::Read(Vec::new()), ..Credentials::default() };
        assert!(none.are_none());
        let key = |id: &str, status| AccessKey { id: id.to_owned(), status };
        let some = Credentials {
            password: true,
            access_keys: vec![key("AKIA1", KeyStatus::Active), key("AKIA2", KeyStatus::Inactive)],
            mfa_devices: vec![MfaSerial("GAHT12345678".to_owned())],
            service_credentials: Observed::Read(vec![ServiceCredential {
                id: "ACCA1".to_owned(),
                service: "codecommit.amazonaws.com".to_owned(),
            }]),
            ..none
        };
        assert!(!some.are_none());
        assert_eq!(
            some.describe(),
            [
                "a password",
                "2 access keys (AKIA1 active, AKIA2 inactive)",
                "an MFA device (GAHT12345678)",
                "a service-specific credential (ACCA1 for codecommit.amazonaws.com)",
            ]
        );
    }

    #[test]
    fn virtual_devices_are_told_from_others_by_their_arn() {
        let is_virtual = |serial: &str| MfaSerial(serial.to_owned()).is_virtual();
        assert!(is_virtual("arn:aws:iam::123456789012:mfa/alice"));
        assert!(is_virtual("arn:aws-cn:iam::123456789012:mfa/path/alice"));
        assert!(!is_virtual("arn:aws:iam::123456789012:u2f/user/alice/key-EXAMPLE"));
        assert!(!is_virtual("GAHT12345678"));
    }
}
