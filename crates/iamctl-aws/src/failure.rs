//! What a failed call means: AWS's error codes and the ways a connection can fail, in one table.

use std::error::Error;

use aws_credential_types::provider::error::{CredentialsError, TokenError};
use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_iam::operation::RequestId;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use iamctl_apply::{ActionError, ErrorClass};
use iamctl_model::PolicyArn;

/// A failed call, told apart from the SDK's types.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) class: ErrorClass,
    /// AWS's error code, when AWS answered with one.
    pub(crate) code: Option<String>,
    /// AWS's message, or what happened on the way.
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
    /// The HTTP status, when there was an answer.
    pub(crate) status: Option<u16>,
    /// S3 says so where the bucket is really.
    pub(crate) bucket_region: Option<String>,
    /// Why there were no credentials to sign the call with: it was never sent.
    pub(crate) unsigned: Option<Unsigned>,
}

/// Why a call could not be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsigned {
    /// No place where credentials could be has any.
    NotFound,
    /// Their source could not be reached.
    Unreachable,
    /// Their source did not give them.
    NotGiven,
}

impl Failure {
    /// The code, or nothing.
    pub(crate) fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    /// Whether AWS says that the thing is not there.
    pub(crate) fn is_no_such_entity(&self) -> bool {
        self.code() == "NoSuchEntity"
    }

    /// The same, after a call that put this policy on something. No run makes a policy of AWS: when one
    /// is not there, waiting does not help.
    pub(crate) fn with_policy(self, arn: &PolicyArn) -> Self {
        if !arn.is_aws_managed() || !self.is_no_such_entity() || !self.message.contains(arn.as_str()) {
            return self;
        }
        let message = format!(
            "AWS has no policy `{}`, or has withdrawn it: check its spelling ({})",
            arn.path_and_name(),
            self.message
        );
        Self { class: ErrorClass::Refused, message, ..self }
    }

    /// The same as the port says it.
    pub(crate) fn into_action_error(self) -> ActionError {
        let Self { class, code, message, request_id, status, .. } = self;
        let message = match (class, status) {
            (ErrorClass::Unreachable, None) => format!("no answer from IAM: {message}"),
            _ => message,
        };
        ActionError { class, code, message, request_id }
    }

    pub(crate) fn unanswered(class: ErrorClass, message: String) -> Self {
        Self {
            class,
            code: None,
            message,
            request_id: None,
            status: None,
            bucket_region: None,
            unsigned: None,
        }
    }
}

impl<E> From<SdkError<E, HttpResponse>> for Failure
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        if let Some(credentials) = find::<CredentialsError>(&error) {
            let unsigned = Some(unsigned(credentials));
            let message = explain(credentials);
            return Self { unsigned, ..Self::unanswered(ErrorClass::Credentials, message) };
        }
        let Some(response) = error.raw_response() else {
            let class = match &error {
                // Built wrongly, such as with an endpoint that is no URL: it never left.
                SdkError::ConstructionFailure(_) => ErrorClass::Refused,
                _ => ErrorClass::Unreachable,
            };
            return Self::unanswered(class, innermost(&error));
        };
        let status = response.status().as_u16();
        let bucket_region = response.headers().get("x-amz-bucket-region").map(str::to_owned);
        let request_id = error.request_id().map(str::to_owned);
        let (class, code, message) = match error.as_service_error() {
            Some(answer) if status >= 400 => {
                let code = answer.code().filter(|code| !code.is_empty());
                let message = answer.message().filter(|message| !message.is_empty());
                let class = class_of(code.unwrap_or_default(), message.unwrap_or_default(), status);
                let message = message.map_or_else(|| format!("HTTP status {status}"), str::to_owned);
                (class, code.map(str::to_owned), message)
            }
            // S3 can say 200 and mean an error.
            Some(answer) if answer.code().is_some_and(|code| !code.is_empty()) => {
                let code = answer.code().unwrap_or_default();
                let message = answer.message().unwrap_or_default();
                (class_of(code, message, status), Some(code.to_owned()), message.to_owned())
            }
            // Not in AWS's format, or broken off: what it was about to say is lost.
            _ => {
                let class = if status >= 500 { ErrorClass::ServerFault } else { ErrorClass::Unreachable };
                (
                    class,
                    None,
                    format!("the answer (HTTP status {status}) cannot be read: {}", innermost(&error)),
                )
            }
        };
        Self { class, code, message, request_id, status: Some(status), bucket_region, unsigned: None }
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        Self::unanswered(ErrorClass::Refused, error.to_string())
    }
}

/// The table. Codes: the IAM, STS and S3 API references, "Common Errors", and the codes that the SDK
/// itself takes for throttling.
fn class_of(code: &str, message: &str, status: u16) -> ErrorClass {
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "LimitExceededException"
        | "BandwidthLimitExceeded"
        | "PriorRequestNotComplete"
        | "SlowDown" => ErrorClass::Throttled,

        "ConcurrentModification"
        | "ConcurrentModificationException"
        | "EntityTemporarilyUnmodifiable"
        | "ConditionalRequestConflict"
        | "OperationAborted" => ErrorClass::Busy,

        "NoSuchEntity" | "DeleteConflict" => ErrorClass::Lagging,
        // A principal that was made a moment ago, or one that does not exist at all. Every other
        // malformed document stays malformed.
        "MalformedPolicyDocument" if message.contains("Invalid principal in policy") => ErrorClass::Lagging,
        // An instance profile that was made a moment ago.
        "InvalidParameterValue" if message.contains("Invalid IAM Instance Profile name") => {
            ErrorClass::Lagging
        }

        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "InvalidToken"
        | "TokenRefreshRequired"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "RequestTimeTooSkewed"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => ErrorClass::Credentials,

        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "NotAuthorized"
        | "OptInRequired"
        | "AllAccessDisabled" => ErrorClass::Denied,

        "RequestTimeout" | "RequestTimeoutException" => ErrorClass::Unreachable,

        _ => match status {
            429 => ErrorClass::Throttled,
            500.. => ErrorClass::ServerFault,
            // S3 answers so without a body, hence without a code.
            401 | 403 if code.is_empty() => ErrorClass::Denied,
            _ => ErrorClass::Refused,
        },
    }
}

/// The first error of a type among an error and its causes.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref::<T>())
}

/// An error and its causes, from the outside in.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// What the last cause says: the layers around it only say that there is one.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let said = causes(error).map(ToString::to_string).filter(|said| !said.is_empty());
    said.last().unwrap_or_else(|| "no reason is known".to_owned())
}

fn unsigned(error: &CredentialsError) -> Unsigned {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => Unsigned::NotFound,
        CredentialsError::ProviderTimedOut(_) => Unsigned::Unreachable,
        _ if find::<aws_sdk_iam::error::ConnectorError>(error).is_some() => Unsigned::Unreachable,
        _ => Unsigned::NotGiven,
    }
}

/// Why credentials could not be had, in the words of whoever refused them.
fn explain(error: &CredentialsError) -> String {
    let refused = |code: Option<&str>, message: Option<&str>| {
        format!("{}: {}", code.unwrap_or("refused"), message.unwrap_or("without a reason"))
    };
    if let Some(cause) = find::<AssumeRoleError>(error) {
        return format!("sts:AssumeRole was refused: {}", refused(cause.code(), cause.message()));
    }
    if let Some(cause) = find::<AssumeRoleWithWebIdentityError>(error) {
        let why = refused(cause.code(), cause.message());
        return format!("sts:AssumeRoleWithWebIdentity was refused: {why}");
    }
    // The layers around the reason only say that there was a problem with credentials.
    let is_layer = |cause: &(dyn Error + 'static)| cause.is::<CredentialsError>() || cause.is::<TokenError>();
    let said: Vec<String> =
        causes(error).filter(|cause| !is_layer(*cause)).map(ToString::to_string).collect();
    if said.is_empty() { error.to_string() } else { said.join(": ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_refusal_has_its_class() {
        for (code, message, status, class) in [
            ("Throttling", "Rate exceeded", 400, ErrorClass::Throttled),
            ("SlowDown", "", 503, ErrorClass::Throttled),
            ("", "", 429, ErrorClass::Throttled),
            ("ConcurrentModification", "", 409, ErrorClass::Busy),
            ("EntityTemporarilyUnmodifiable", "", 409, ErrorClass::Busy),
            ("NoSuchEntity", "", 404, ErrorClass::Lagging),
            ("DeleteConflict", "", 409, ErrorClass::Lagging),
            (
                "MalformedPolicyDocument",
                r#"Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:user/alice""#,
                400,
                ErrorClass::Lagging,
            ),
            ("MalformedPolicyDocument", "Syntax errors in policy.", 400, ErrorClass::Refused),
            ("ServiceFailure", "", 500, ErrorClass::ServerFault),
            ("", "", 503, ErrorClass::ServerFault),
            ("AccessDenied", "", 403, ErrorClass::Denied),
            ("", "", 403, ErrorClass::Denied),
            ("ExpiredToken", "", 403, ErrorClass::Credentials),
            ("ExpiredToken", "", 400, ErrorClass::Credentials),
            ("InvalidClientTokenId", "", 403, ErrorClass::Credentials),
            ("LimitExceeded", "Cannot exceed quota", 409, ErrorClass::Refused),
            ("EntityAlreadyExists", "", 409, ErrorClass::Refused),
            ("UnmodifiableEntity", "", 400, ErrorClass::Refused),
            ("ValidationError", "", 400, ErrorClass::Refused),
            ("SomethingNew", "", 403, ErrorClass::Refused),
        ] {
            assert_eq!(class_of(code, message, status), class, "{code} {status}");
        }
    }
}
