//! Where the credentials come from, what is wrong with them, and what to do about it.

use std::fmt;

use crate::failure::{Failure, Unsigned};

/// Where the credentials come from, as far as that is known before they are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// `AWS_ACCESS_KEY_ID` and its companions.
    Environment,
    /// A profile of the shared configuration files.
    Profile {
        /// Its name.
        name: String,
        /// The command that renews what the profile stands on, when a person has to sign in for it.
        sign_in: Option<String>,
    },
    /// Whatever else the SDK finds: a web identity token, a container, an instance.
    Ambient,
}

/// Credentials that are missing, expired or not accepted. Its text says what is wrong,
/// [`help`](Self::help) what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialsProblem {
    message: String,
    help: String,
}

impl CredentialsProblem {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }

    /// What a failed call of the class [`Credentials`](iamctl_apply::ErrorClass::Credentials) means.
    pub(crate) fn of(failure: &Failure, origin: &Origin) -> Self {
        match failure.unsigned {
            Some(unsigned) => Self::unsigned(unsigned, &failure.message, origin),
            None => Self::not_accepted(failure.code(), &failure.message, origin),
        }
    }

    /// The same, where IAM refuses credentials with which STS has just said who the caller is.
    pub(crate) fn of_iam(failure: &Failure, origin: &Origin) -> Self {
        if failure.code() != "InvalidClientTokenId" {
            return Self::of(failure, origin);
        }
        Self {
            message: format!("IAM does not accept credentials that STS accepts: {}", failure.message),
            help: NOT_FOR_IAM.to_owned(),
        }
    }

    /// The caller is a federated user, who can call nothing in IAM.
    pub(crate) fn federated(arn: &str) -> Self {
        Self {
            message: format!(
                "the credentials come from sts:GetFederationToken (`{arn}`) and cannot call IAM"
            ),
            help: NOT_FOR_IAM.to_owned(),
        }
    }

    fn unsigned(unsigned: Unsigned, detail: &str, origin: &Origin) -> Self {
        let of_profile = match origin {
            Origin::Profile { name, .. } => format!(" of profile `{name}`"),
            Origin::Environment | Origin::Ambient => String::new(),
        };
        match (unsigned, origin) {
            (Unsigned::NotFound, Origin::Profile { name, .. }) => Self {
                message: format!("profile `{name}` has no credentials, and there are none elsewhere"),
                help: format!(
                    "give the profile credentials with `aws configure sso --profile {name}`, \
                     or use another profile with `--profile NAME`"
                ),
            },
            (Unsigned::NotFound, Origin::Environment | Origin::Ambient) => Self {
                message: "no AWS credentials were found".to_owned(),
                help: "sign in with `aws sso login --profile NAME` and pass `--profile NAME`, \
                       or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                    .to_owned(),
            },
            (Unsigned::NotGiven, Origin::Profile { name, sign_in: Some(command) }) => Self {
                message: format!("the sign-in of profile `{name}` is missing or has expired: {detail}"),
                help: format!("run `{command}`, then run this again"),
            },
            (Unsigned::Unreachable, _) => Self {
                message: format!("the source of the credentials{of_profile} could not be reached: {detail}"),
                help: "check the network, and the Region of the sign-in".to_owned(),
            },
            (Unsigned::NotGiven, _) => Self {
                message: format!("the credentials{of_profile} could not be had: {detail}"),
                help: match origin {
                    Origin::Profile { name, .. } => format!(
                        "see whether `aws sts get-caller-identity --profile {name}` works, and what it says"
                    ),
                    _ => "see whether `aws sts get-caller-identity` works, and what it says".to_owned(),
                },
            },
        }
    }

    fn not_accepted(code: &str, message: &str, origin: &Origin) -> Self {
        if matches!(code, "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired") {
            return Self { message: format!("the credentials have expired: {message}"), help: renew(origin) };
        }
        if matches!(code, "RequestExpired" | "RequestTimeTooSkewed") {
            return Self {
                message: format!("AWS did not accept the time of the request: {message}"),
                help: "set this machine's clock right".to_owned(),
            };
        }
        Self {
            message: format!("AWS does not accept the credentials: {code}: {message}"),
            help: match origin {
                Origin::Environment => {
                    "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN: \
                                        all three belong together"
                        .to_owned()
                }
                Origin::Profile { .. } | Origin::Ambient => {
                    format!(
                        "check that the credentials are of this account and partition, or {}",
                        renew(origin)
                    )
                }
            },
        }
    }
}

const NOT_FOR_IAM: &str = "credentials of `aws sts get-session-token` work with IAM only if they were made \
                           with MFA (`--serial-number` and `--token-code`), those of \
                           `aws sts get-federation-token` never: sign in with a role or with SSO instead";

fn renew(origin: &Origin) -> String {
    match origin {
        Origin::Environment => {
            "renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN".to_owned()
        }
        Origin::Profile { sign_in: Some(command), .. } => format!("run `{command}`, then run this again"),
        Origin::Profile { name, .. } => format!("renew the credentials of profile `{name}`"),
        Origin::Ambient => "renew them, or sign in and pass `--profile NAME`".to_owned(),
    }
}

impl fmt::Display for CredentialsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CredentialsProblem {}
