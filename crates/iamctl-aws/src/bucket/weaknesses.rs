//! What a bucket that somebody else set up lacks. Nothing is changed, and what may not be looked at is
//! said, too.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::types::{BucketVersioningStatus, ObjectOwnership, ServerSideEncryption};
use iamctl_apply::{ErrorClass, StoreError};
use iamctl_policy::{Document, Effect, Statement};

use super::AwsBucket;
use crate::failure::Failure;

/// What one look at the bucket found: a weakness in words, or none.
type Finding = Option<String>;

impl AwsBucket {
    pub(super) async fn list_weaknesses(&self) -> Result<Vec<String>, StoreError> {
        let findings = tokio::try_join!(
            self.public_access(),
            self.ownership(),
            self.versioning(),
            self.encrypted(),
            self.transport(),
        )?;
        let (public_access, ownership, versioning, encrypted, transport) = findings;
        Ok([public_access, ownership, versioning, encrypted, transport].into_iter().flatten().collect())
    }

    async fn public_access(&self) -> Result<Finding, StoreError> {
        let call = self.client.get_public_access_block().bucket(&self.name);
        let answer = call.expected_bucket_owner(self.owner.as_str()).send().await.map_err(Failure::from);
        let weak = "public access is not blocked in every way";
        match answer {
            Ok(answer) => {
                let block = answer.public_access_block_configuration;
                let switches = block.map_or([None; 4], |block| {
                    [
                        block.block_public_acls,
                        block.ignore_public_acls,
                        block.block_public_policy,
                        block.restrict_public_buckets,
                    ]
                });
                Ok(weak_unless(switches == [Some(true); 4], weak))
            }
            Err(failure) if failure.code() == "NoSuchPublicAccessBlockConfiguration" => {
                Ok(Some(weak.to_owned()))
            }
            Err(failure) => {
                self.not_seen("the block of public access", "s3:GetBucketPublicAccessBlock", failure)
            }
        }
    }

    async fn ownership(&self) -> Result<Finding, StoreError> {
        let call = self.client.get_bucket_ownership_controls().bucket(&self.name);
        let answer = call.expected_bucket_owner(self.owner.as_str()).send().await.map_err(Failure::from);
        let weak =
            "access control lists are not switched off (object ownership is not `BucketOwnerEnforced`)";
        match answer {
            Ok(answer) => {
                let rules = answer.ownership_controls.map(|controls| controls.rules).unwrap_or_default();
                let is_enforced =
                    rules.iter().any(|rule| rule.object_ownership == ObjectOwnership::BucketOwnerEnforced);
                Ok(weak_unless(is_enforced, weak))
            }
            Err(failure) if failure.code() == "OwnershipControlsNotFoundError" => Ok(Some(weak.to_owned())),
            Err(failure) => self.not_seen("object ownership", "s3:GetBucketOwnershipControls", failure),
        }
    }

    async fn versioning(&self) -> Result<Finding, StoreError> {
        let call = self.client.get_bucket_versioning().bucket(&self.name);
        let answer = call.expected_bucket_owner(self.owner.as_str()).send().await;
        let weak = "versioning is off: what is overwritten or deleted is lost";
        match answer {
            Ok(answer) => Ok(weak_unless(answer.status == Some(BucketVersioningStatus::Enabled), weak)),
            Err(error) => match error.raw_response().and_then(misnamed_versioning) {
                Some(is_enabled) => Ok(weak_unless(is_enabled, weak)),
                None => self.not_seen("versioning", "s3:GetBucketVersioning", Failure::from(error)),
            },
        }
    }

    async fn encrypted(&self) -> Result<Finding, StoreError> {
        let call = self.client.get_bucket_encryption().bucket(&self.name);
        let answer = call.expected_bucket_owner(self.owner.as_str()).send().await.map_err(Failure::from);
        let answer = match answer {
            Ok(answer) => answer,
            Err(failure) if failure.code() == "ServerSideEncryptionConfigurationNotFoundError" => {
                return Ok(Some("it has no default encryption".to_owned()));
            }
            Err(failure) => {
                return self.not_seen("default encryption", "s3:GetEncryptionConfiguration", failure);
            }
        };
        let rules = answer.server_side_encryption_configuration.map(|found| found.rules).unwrap_or_default();
        let default = rules.into_iter().find_map(|rule| rule.apply_server_side_encryption_by_default);
        let Some(default) = default else { return Ok(Some("it has no default encryption".to_owned())) };
        let Some(wanted) = &self.kms_key else { return Ok(None) };
        let is_kms =
            matches!(default.sse_algorithm, ServerSideEncryption::AwsKms | ServerSideEncryption::AwsKmsDsse);
        let is_same = default.kms_master_key_id.as_deref().is_some_and(|key| is_same_key(key, wanted));
        Ok((!is_kms || !is_same).then(|| format!("it is not encrypted with the KMS key `{wanted}`")))
    }

    async fn transport(&self) -> Result<Finding, StoreError> {
        if self.is_without_tls {
            return Ok(None);
        }
        let call = self.client.get_bucket_policy().bucket(&self.name);
        let answer = call.expected_bucket_owner(self.owner.as_str()).send().await.map_err(Failure::from);
        let weak = "requests without TLS are not denied by its policy";
        match answer {
            Ok(answer) => {
                let policy = Document::from_stored(answer.policy.as_deref().unwrap_or_default());
                Ok(weak_unless(policy.statements().iter().any(denies_plain_http), weak))
            }
            Err(failure) if failure.code() == "NoSuchBucketPolicy" => Ok(Some(weak.to_owned())),
            Err(failure) => self.not_seen("the bucket policy", "s3:GetBucketPolicy", failure),
        }
    }

    /// A look that failed is a finding of its own, unless nothing else would succeed either.
    fn not_seen(&self, what: &str, permission: &str, failure: Failure) -> Result<Finding, StoreError> {
        let is_hopeless = failure.class == ErrorClass::Credentials
            || failure.class == ErrorClass::Unreachable && failure.status.is_none();
        match self.error(permission, failure) {
            StoreError::Denied { permission, .. } => {
                Ok(Some(format!("{what} could not be checked: `{permission}` is missing")))
            }
            error @ (StoreError::NoBucket | StoreError::WrongRegion { .. }) => Err(error),
            error if is_hopeless => Err(error),
            error => Ok(Some(format!("{what} could not be checked: {error}"))),
        }
    }
}

/// Whether versioning is on, by an answer that the SDK does not understand: emulators of S3 give it under
/// the name of the operation instead of its own. None when it is not that.
fn misnamed_versioning(response: &HttpResponse) -> Option<bool> {
    let body = String::from_utf8_lossy(response.body().bytes()?).into_owned();
    let is_misnamed = response.status().is_success() && body.contains("<GetBucketVersioningResponse");
    is_misnamed.then(|| body.contains("<Status>Enabled</Status>"))
}

fn weak_unless(is_strong: bool, weakness: &str) -> Finding {
    (!is_strong).then(|| weakness.to_owned())
}

/// A key is named by its id, its ARN, or an alias; only the first two can be compared.
fn is_same_key(found: &str, wanted: &str) -> bool {
    let id = |key: &str| key.rsplit('/').next().unwrap_or_default().to_owned();
    wanted.contains("alias/") || id(found) == id(wanted)
}

/// Whether a statement denies everybody everything that is not sent over TLS.
fn denies_plain_http(statement: &Statement) -> bool {
    let everybody = statement.principals.as_ref().is_some_and(|principals| {
        !principals.negated && principals.entries.iter().any(|(_, principal)| principal.text == "*")
    });
    let everything = statement.actions.as_ref().is_some_and(|actions| {
        !actions.negated
            && actions.patterns.iter().any(|pattern| matches!(pattern.text.as_str(), "*" | "s3:*"))
    });
    let over_plain_http = match statement.conditions.as_deref() {
        Some([only]) => {
            only.operator.text.eq_ignore_ascii_case("Bool")
                && only.key.text.eq_ignore_ascii_case("aws:SecureTransport")
                && only.values.iter().any(|value| value.text.eq_ignore_ascii_case("false"))
        }
        _ => false,
    };
    statement.effect == Effect::Deny && everybody && everything && over_plain_http
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denies(statement: &str) -> bool {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#);
        Document::from_stored(&text).statements().iter().any(denies_plain_http)
    }

    #[test]
    fn only_a_denial_of_everything_for_everybody_without_tls_counts() {
        let good = r#"{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": ["s3:*"], "Resource": "*",
                       "Condition": {"bool": {"AWS:SecureTransport": [false]}}}"#;
        assert!(denies(good));
        for (from, to) in [
            ("Deny", "Allow"),
            (r#"{"AWS": "*"}"#, r#"{"AWS": "123456789012"}"#),
            ("s3:*", "s3:PutObject"),
            ("[false]", "[true]"),
            ("AWS:SecureTransport", "aws:PrincipalIsAWSService"),
            (r#"[false]}"#, r#"[false], "aws:ViaAWSService": "true"}"#),
            ("Principal", "NotPrincipal"),
        ] {
            assert!(!denies(&good.replace(from, to)), "{to}");
        }
    }

    #[test]
    fn keys_are_compared_by_id_and_aliases_are_believed() {
        let arn = "arn:aws:kms:eu-west-1:123456789012:key/1234";
        assert!(is_same_key(arn, "1234") && is_same_key("1234", arn) && is_same_key(arn, arn));
        assert!(!is_same_key(arn, "5678"));
        assert!(is_same_key(arn, "alias/iam"));
    }
}
