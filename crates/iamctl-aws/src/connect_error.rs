//! Why there is no connection, and what to do about it.

use std::fmt;

use aws_config::profile::{Profile, ProfileSet};
use iamctl_policy::closest;

use crate::credentials::CredentialsProblem;
use crate::failure::Failure;

/// Why there is no connection to AWS. Its text says what is wrong, [`help`](Self::help) what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectError {
    /// The shared configuration files cannot be read.
    ConfigFile {
        /// What is wrong with which of them.
        message: String,
    },
    /// There is no profile of this name.
    UnknownProfile {
        /// The name.
        name: String,
        /// The profile that names it as its source.
        source_of: Option<String>,
        /// A profile of nearly the same name.
        similar: Option<String>,
    },
    /// The profile wants MFA, which the SDK cannot ask for: it would go on without.
    MfaProfile {
        /// The profile.
        profile: String,
        /// The profile in its chain that has `mfa_serial`.
        demanded_by: String,
        /// The device.
        serial: String,
        /// Whether a role is assumed on the way.
        assumes_a_role: bool,
    },
    /// No Region is known.
    NoRegion,
    /// A setting that cannot be what was meant.
    Setting {
        /// Its name.
        setting: &'static str,
        /// What it is set to.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// The credentials are missing, expired or not accepted.
    Credentials(CredentialsProblem),
    /// Nobody answers.
    Unreachable {
        /// The endpoint, when it is not AWS's own.
        endpoint: Option<String>,
        /// What happened.
        message: String,
    },
    /// AWS answered with an error.
    Failed {
        /// AWS's error code.
        code: Option<String>,
        /// AWS's message.
        message: String,
        /// AWS's id of the request.
        request_id: Option<String>,
    },
    /// AWS answered what cannot be.
    Unexpected {
        /// What is strange about it.
        message: String,
    },
}

impl ConnectError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            ConnectError::ConfigFile { .. } => {
                "correct the file: `~/.aws/config`, `~/.aws/credentials`, or what AWS_CONFIG_FILE and \
                 AWS_SHARED_CREDENTIALS_FILE name"
                    .to_owned()
            }
            ConnectError::UnknownProfile { similar: Some(similar), .. } => {
                format!("did you mean `{similar}`? `aws configure list-profiles` lists them all")
            }
            ConnectError::UnknownProfile { similar: None, .. } => {
                "`aws configure list-profiles` lists those there are; `aws configure sso` makes one"
                    .to_owned()
            }
            ConnectError::MfaProfile { profile, assumes_a_role: true, .. } => format!(
                "let the AWS CLI ask for the code and hand the session over: \
                 `eval \"$(aws configure export-credentials --profile {profile} --format env)\"`, \
                 then run this again without `--profile`"
            ),
            ConnectError::MfaProfile { profile, serial, assumes_a_role: false, .. } => format!(
                "get a session with `aws sts get-session-token --profile {profile} --serial-number {serial} \
                 --token-code CODE`, set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN to \
                 what it prints, then run this again without `--profile`"
            ),
            ConnectError::NoRegion => {
                "pass `--region`, set AWS_REGION, or give the profile a `region`".to_owned()
            }
            ConnectError::Setting { setting, .. } => format!("correct or remove `{setting}`"),
            ConnectError::Credentials(problem) => problem.help().to_owned(),
            ConnectError::Unreachable { endpoint: Some(endpoint), .. } => format!(
                "see whether something answers at {endpoint}, or remove the endpoint override \
                 (`--endpoint-url`, AWS_ENDPOINT_URL, `endpoint_url` of the profile)"
            ),
            ConnectError::Unreachable { endpoint: None, message } if message.contains("certificate") => {
                "a proxy that opens TLS needs its certificate among the system's, or in the file that \
                 SSL_CERT_FILE names (AWS_CA_BUNDLE is not read)"
                    .to_owned()
            }
            ConnectError::Unreachable { endpoint: None, .. } => {
                "check the network, the Region, and HTTPS_PROXY if there is a proxy".to_owned()
            }
            ConnectError::Failed { .. } | ConnectError::Unexpected { .. } => {
                "try again; if it stays, the request id is what AWS's support asks for".to_owned()
            }
        }
    }

    pub(crate) fn unknown_profile(name: &str, needed_by: Option<&Profile>, known: &ProfileSet) -> Self {
        ConnectError::UnknownProfile {
            name: name.to_owned(),
            source_of: needed_by.map(|profile| profile.name().to_owned()),
            similar: closest(name, known.profiles()).map(str::to_owned),
        }
    }

    pub(crate) fn failed(failure: Failure) -> Self {
        ConnectError::Failed { code: failure.code, message: failure.message, request_id: failure.request_id }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::ConfigFile { message } => write!(f, "AWS's configuration files: {message}"),
            ConnectError::UnknownProfile { name, source_of: Some(profile), .. } => {
                write!(f, "there is no profile `{name}`, which is the source of profile `{profile}`")
            }
            ConnectError::UnknownProfile { name, source_of: None, .. } => {
                write!(f, "there is no profile `{name}`")
            }
            ConnectError::MfaProfile { profile, demanded_by, serial, .. } => {
                write!(f, "profile `{profile}` wants MFA (`mfa_serial = {serial}`")?;
                if demanded_by != profile {
                    write!(f, " of profile `{demanded_by}`")?;
                }
                f.write_str("), and iamctl cannot ask for the code")
            }
            ConnectError::NoRegion => f.write_str("no AWS Region is set"),
            ConnectError::Setting { setting, value, expected } => {
                write!(f, "`{setting}` is `{}`, expected is {expected}", value.escape_debug())
            }
            ConnectError::Credentials(problem) => problem.fmt(f),
            ConnectError::Unreachable { endpoint: Some(endpoint), message } => {
                write!(f, "no answer from {endpoint}: {message}")
            }
            ConnectError::Unreachable { endpoint: None, message } => {
                write!(f, "no answer from AWS: {message}")
            }
            ConnectError::Failed { code, message, request_id } => {
                f.write_str("AWS cannot say who the caller is: ")?;
                if let Some(code) = code {
                    write!(f, "{code}: ")?;
                }
                f.write_str(message)?;
                request_id.as_ref().map_or(Ok(()), |id| write!(f, " (request {id})"))
            }
            ConnectError::Unexpected { message } => f.write_str(message),
        }
    }
}

impl std::error::Error for ConnectError {}
