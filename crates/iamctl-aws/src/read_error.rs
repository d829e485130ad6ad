//! Why the account could not be read, and what to do about it.

use std::fmt;

use crate::credentials::CredentialsProblem;

/// Why the account could not be read. Its text says what is wrong, [`help`](Self::help) what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// A permission is missing.
    Denied {
        /// Which: `iam:ListRoles`, …
        permission: &'static str,
        /// AWS's message.
        message: String,
        /// AWS's id of the request.
        request_id: Option<String>,
    },
    /// What was read contradicts itself: the account changed while it was read, or a part is missing.
    Inconsistent {
        /// The contradiction.
        message: String,
    },
    /// AWS answered what cannot be, or what iamctl cannot represent.
    Unexpected {
        /// What it is.
        message: String,
    },
    /// The credentials are expired or not accepted.
    Credentials(CredentialsProblem),
    /// Nobody answers.
    Unreachable {
        /// The call: `iam:ListRoles`, …
        call: &'static str,
        /// What happened.
        message: String,
    },
    /// AWS answered with an error, also when asked again.
    Failed {
        /// The call.
        call: &'static str,
        /// AWS's error code, when it gave one.
        code: Option<String>,
        /// AWS's message.
        message: String,
        /// AWS's id of the request.
        request_id: Option<String>,
    },
}

impl ReadError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            ReadError::Denied { permission, .. } => {
                format!("allow `{permission}` for whoever runs iamctl")
            }
            ReadError::Inconsistent { .. } => {
                "the account was changed while it was read, or IAM has not caught up yet: try again"
                    .to_owned()
            }
            ReadError::Unexpected { .. } => "nothing was changed; please report it".to_owned(),
            ReadError::Credentials(problem) => problem.help().to_owned(),
            ReadError::Unreachable { .. } => "check the network, and try again".to_owned(),
            ReadError::Failed { code, .. } if code.as_deref().is_some_and(is_throttling) => {
                "AWS asks for patience: try again in some minutes, and see who else calls IAM that often"
                    .to_owned()
            }
            ReadError::Failed { .. } => {
                "try again; if it stays, the request id is what AWS's support asks for".to_owned()
            }
        }
    }
}

fn is_throttling(code: &str) -> bool {
    code.starts_with("Throttl") || code == "RequestLimitExceeded" || code == "TooManyRequestsException"
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request =
            |id: &Option<String>| id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default();
        match self {
            ReadError::Denied { permission, message, request_id } => {
                write!(
                    f,
                    "the account cannot be read without `{permission}`: {message}{}",
                    request(request_id)
                )
            }
            ReadError::Inconsistent { message } => {
                write!(f, "the account was read inconsistently: {message}")
            }
            ReadError::Unexpected { message } => write!(f, "AWS's answer makes no sense: {message}"),
            ReadError::Credentials(problem) => problem.fmt(f),
            ReadError::Unreachable { call, message } => write!(f, "no answer to {call}: {message}"),
            ReadError::Failed { call, code, message, request_id } => {
                write!(f, "{call} failed: ")?;
                if let Some(code) = code {
                    write!(f, "{code}: ")?;
                }
                write!(f, "{message}{}", request(request_id))
            }
        }
    }
}

impl std::error::Error for ReadError {}
