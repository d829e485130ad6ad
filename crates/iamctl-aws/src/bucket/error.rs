//! S3's refusals, as the port has them.

use iamctl_apply::{ErrorClass, StoreError};

use super::AwsBucket;
use super::objects::other;
use crate::credentials::CredentialsProblem;
use crate::failure::Failure;

impl AwsBucket {
    /// What a failed request means. `permission` is the one that the request needs.
    pub(super) fn error(&self, permission: &str, failure: impl Into<Failure>) -> StoreError {
        let failure = failure.into();
        match (failure.code(), failure.status) {
            ("NoSuchBucket", _) => StoreError::NoBucket,
            ("PreconditionFailed", _) | ("", Some(412)) => StoreError::Precondition,
            ("BucketAlreadyExists", _) => StoreError::NameTaken,
            (
                "PermanentRedirect"
                | "TemporaryRedirect"
                | "Redirect"
                | "AuthorizationHeaderMalformed"
                | "IllegalLocationConstraintException",
                _,
            )
            | (_, Some(301 | 307)) => StoreError::WrongRegion {
                actual: failure.bucket_region.clone().or_else(|| expected(&failure.message)),
            },
            _ => match failure.class {
                ErrorClass::Denied => {
                    StoreError::Denied { permission: permission.to_owned(), message: failure.message }
                }
                ErrorClass::Credentials => {
                    let problem = CredentialsProblem::of(&failure, &self.origin);
                    StoreError::Credentials(format!("{problem}; {}", problem.help()))
                }
                ErrorClass::Unreachable if failure.status.is_none() => {
                    other(format!("no answer from S3: {}", failure.message))
                }
                _ => StoreError::Other {
                    code: failure.code,
                    message: failure.message,
                    request_id: failure.request_id,
                },
            },
        }
    }
}

/// The Region in S3's sentence "the region 'us-east-1' is wrong; expecting 'eu-west-1'".
fn expected(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("expecting '")?;
    let (region, _) = rest.split_once('\'')?;
    Some(region.to_owned())
}

#[cfg(test)]
mod tests {
    use super::expected;

    #[test]
    fn the_right_region_is_found_in_the_message() {
        let message =
            "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'";
        assert_eq!(expected(message).as_deref(), Some("eu-west-1"));
        assert_eq!(expected("something else"), None);
    }
}
