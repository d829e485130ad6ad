//! Making the bucket, hardened, so that a creation that was cut short can be finished.
//!
//! S3 makes a bucket in one request and hardens it in six more. A process can be killed between any
//! two of them. So the first request after the creation puts a tag on the bucket that says who is at
//! work, and the last one takes it away:
//!
//! ```text
//! CreateBucket → tag → public access → ownership → versioning → encryption → TLS only → untag
//! ```
//!
//! A bucket with this tag counts as missing: whoever would have made it finishes it, by doing every step
//! again. A bucket without it is somebody's decision and never changed. One moment is left: killed
//! between CreateBucket and the tag, there is a bucket without the tag, which S3 itself makes private and
//! encrypted; what it lacks is then reported as its weaknesses.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, ObjectOwnership,
    OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging,
    VersioningConfiguration,
};
use iamctl_apply::{BucketState, ErrorClass, StoreError};
use serde_json::json;

use super::AwsBucket;
use super::objects::{LIST, other};
use crate::failure::Failure;

/// The key of the tag that a bucket has while iamctl makes it.
const UNFINISHED: &str = "iamctl-creation";

/// Waits before a step is made again on a bucket that is so new that S3 does not know it everywhere yet.
const NEW_BUCKET: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// How far a bucket has come.
enum Progress {
    NotThere,
    Unfinished,
    Done,
}

impl AwsBucket {
    pub(super) async fn state(&self) -> Result<BucketState, StoreError> {
        Ok(match self.progress().await? {
            Progress::NotThere | Progress::Unfinished => BucketState::Missing,
            Progress::Done => BucketState::Ours,
        })
    }

    pub(super) async fn make(&self) -> Result<(), StoreError> {
        match self.progress().await? {
            Progress::Done => return Ok(()),
            Progress::Unfinished => {}
            Progress::NotThere => self.create_bucket().await?,
        }
        self.harden().await
    }

    async fn progress(&self) -> Result<Progress, StoreError> {
        // Not HeadBucket, which has no body to say what is wrong, and which a policy that allows only a
        // prefix of the bucket denies.
        let call = self.client.list_objects_v2().bucket(&self.name).prefix(&self.prefix).max_keys(1);
        let page = match call.expected_bucket_owner(self.owner.as_str()).send().await {
            Ok(page) => page,
            Err(error) => {
                return match self.error(LIST, error) {
                    StoreError::NoBucket => Ok(Progress::NotThere),
                    error => Err(error),
                };
            }
        };
        let is_used = page.contents.is_some_and(|objects| !objects.is_empty());
        Ok(if !is_used && self.is_unfinished().await? { Progress::Unfinished } else { Progress::Done })
    }

    /// Whether the bucket has the tag of a creation that is not finished.
    async fn is_unfinished(&self) -> Result<bool, StoreError> {
        let call = self.client.get_bucket_tagging().bucket(&self.name);
        match call.expected_bucket_owner(self.owner.as_str()).send().await.map_err(Failure::from) {
            Ok(answer) => Ok(answer.tag_set.iter().any(|tag| tag.key == UNFINISHED)),
            Err(failure) if failure.code() == "NoSuchTagSet" => Ok(false),
            // Who may not read tags has not made the bucket either.
            Err(failure) if failure.class == ErrorClass::Denied => Ok(false),
            Err(failure) => Err(self.error("s3:GetBucketTagging", failure)),
        }
    }

    async fn create_bucket(&self) -> Result<(), StoreError> {
        if self.owner != self.account.id {
            return Err(other(format!(
                "the bucket is to belong to account {} and does not exist; it has to be made there, not by account {}",
                self.owner, self.account.id
            )));
        }
        // S3 takes no name of its first Region: it is what no name means.
        let elsewhere = (self.region != "us-east-1").then(|| {
            let location = BucketLocationConstraint::from(self.region.as_str());
            CreateBucketConfiguration::builder().location_constraint(location).build()
        });
        let call = self.client.create_bucket().bucket(&self.name).set_create_bucket_configuration(elsewhere);
        match call.send().await.map_err(Failure::from) {
            Ok(_) => Ok(()),
            // Another attempt of ours was first, or the answer to it was lost.
            Err(failure) if failure.code() == "BucketAlreadyOwnedByYou" => Ok(()),
            Err(failure) => Err(self.error("s3:CreateBucket", failure)),
        }
    }

    async fn harden(&self) -> Result<(), StoreError> {
        let s3 = &self.client;
        let owner = self.owner.as_str();
        let tagging = Tagging::builder()
            .tag_set(Tag::builder().key(UNFINISHED).value("unfinished").build().map_err(Self::odd)?)
            .build()
            .map_err(Self::odd)?;
        let call = s3.put_bucket_tagging().bucket(&self.name).tagging(tagging).expected_bucket_owner(owner);
        self.step("s3:PutBucketTagging", || call.clone().send()).await?;

        let call = s3.put_public_access_block().bucket(&self.name).expected_bucket_owner(owner);
        let call = call.public_access_block_configuration(no_public_access());
        self.step("s3:PutBucketPublicAccessBlock", || call.clone().send()).await?;

        let call = s3.put_bucket_ownership_controls().bucket(&self.name).expected_bucket_owner(owner);
        let call = call.ownership_controls(owner_owns().map_err(Self::odd)?);
        self.step("s3:PutBucketOwnershipControls", || call.clone().send()).await?;

        let versioning = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let call = s3.put_bucket_versioning().bucket(&self.name).expected_bucket_owner(owner);
        let call = call.versioning_configuration(versioning);
        self.step("s3:PutBucketVersioning", || call.clone().send()).await?;

        let call = s3.put_bucket_encryption().bucket(&self.name).expected_bucket_owner(owner);
        let call = call.server_side_encryption_configuration(self.encryption().map_err(Self::odd)?);
        self.step("s3:PutEncryptionConfiguration", || call.clone().send()).await?;

        if !self.is_without_tls {
            let call = s3.put_bucket_policy().bucket(&self.name).expected_bucket_owner(owner);
            let call = call.policy(self.tls_only());
            self.step("s3:PutBucketPolicy", || call.clone().send()).await?;
        }

        let call = s3.delete_bucket_tagging().bucket(&self.name).expected_bucket_owner(owner);
        self.step("s3:PutBucketTagging", || call.clone().send()).await
    }

    /// One step of the hardening, made again while the bucket is too new for it.
    async fn step<T, E, F>(&self, permission: &str, send: impl Fn() -> F) -> Result<(), StoreError>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut waits = NEW_BUCKET.iter();
        loop {
            let Err(failure) = send().await.map_err(Failure::from) else { return Ok(()) };
            let is_too_new = failure.code() == "NoSuchBucket" || failure.class == ErrorClass::Busy;
            match waits.next() {
                Some(wait) if is_too_new => tokio::time::sleep(*wait).await,
                _ => return Err(self.error(permission, failure)),
            }
        }
    }

    /// A request that lacks a field of its own: cannot happen, and must not panic.
    fn odd(error: impl fmt::Display) -> StoreError {
        other(error.to_string())
    }

    fn encryption(&self) -> Result<ServerSideEncryptionConfiguration, BuildError> {
        let algorithm = match self.kms_key {
            Some(_) => ServerSideEncryption::AwsKms,
            None => ServerSideEncryption::Aes256,
        };
        let default = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(algorithm)
            .set_kms_master_key_id(self.kms_key.clone())
            .build()?;
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(default)
            .set_bucket_key_enabled(self.kms_key.as_ref().map(|_| true))
            .build();
        ServerSideEncryptionConfiguration::builder().rules(rule).build()
    }

    /// A bucket policy that denies whatever is not sent over TLS.
    fn tls_only(&self) -> String {
        let bucket = format!("arn:{}:s3:::{}", self.account.partition, self.name);
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "OnlyOverTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [bucket, format!("{bucket}/*")],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}
            }]
        })
        .to_string()
    }
}

fn no_public_access() -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true)
        .build()
}

fn owner_owns() -> Result<OwnershipControls, BuildError> {
    let rule =
        OwnershipControlsRule::builder().object_ownership(ObjectOwnership::BucketOwnerEnforced).build()?;
    OwnershipControls::builder().rules(rule).build()
}

#[cfg(test)]
mod tests {
    use aws_config::{BehaviorVersion, Region, SdkConfig};
    use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
    use fault_proxy::{Call, Proxy};
    use iamctl_apply::{Condition, MasterBucket};
    use iamctl_model::{Account, AccountId, MasterCopy, Partition};
    use local_aws::LocalAws;

    use super::*;
    use crate::Aws;

    fn bucket(endpoint: Option<&str>, partition: &str) -> AwsBucket {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "a", "s", None, None, "test",
            )));
        config.set_endpoint_url(endpoint.map(str::to_owned));
        let id = AccountId::parse("123456789012").unwrap();
        let account = Account { id, partition: Partition::parse(partition).unwrap() };
        let master_copy = MasterCopy {
            bucket: "acme-iam".to_owned(),
            region: "us-east-1".to_owned(),
            prefix: String::new(),
            owner: None,
            kms_key: None,
        };
        Aws::from_sdk_config(config.build()).bucket(&master_copy, &account)
    }

    #[test]
    fn the_policy_is_of_the_bucket_in_its_partition() {
        let bucket = bucket(None, "aws-cn");
        assert!(!bucket.is_without_tls);
        assert_eq!(
            bucket.tls_only(),
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"OnlyOverTls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws-cn:s3:::acme-iam","arn:aws-cn:s3:::acme-iam/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#
        );
    }

    /// The local AWS speaks no TLS. Here iamctl is made to believe that it does, as with AWS itself: the
    /// policy is put, and it works, so that nothing can be read any more.
    #[tokio::test]
    async fn over_tls_the_policy_is_put_and_without_tls_it_would_lock_us_out() {
        let local = LocalAws::start(&local_aws::Options::default()).unwrap();
        let proxy = Proxy::start(local.address()).unwrap();
        let mut bucket = bucket(Some(proxy.endpoint()), "aws");
        assert!(bucket.is_without_tls);
        bucket.is_without_tls = false;
        bucket.create().await.unwrap();
        let put = |call: &Call| call.operation == "PutBucketPolicy";
        assert_eq!(proxy.calls().into_iter().find(put).unwrap().text(), bucket.tls_only());
        assert_eq!(bucket.weaknesses().await, Ok(Vec::new()));
        let denied = bucket.put("k", Vec::new(), Condition::Always).await;
        assert!(matches!(denied, Err(StoreError::Denied { .. })), "{denied:?}");

        let without = proxy.inject(
            fault_proxy::Fault::error(404, "NoSuchBucketPolicy", "none").operation("GetBucketPolicy"),
        );
        assert_eq!(bucket.weaknesses().await.unwrap(), ["requests without TLS are not denied by its policy"]);
        without.remove();
    }
}
