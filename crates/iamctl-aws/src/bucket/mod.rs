//! The bucket of the master copy, in S3.
//!
//! Every request names the account that is to own the bucket, so that nothing is ever read from or
//! written to a bucket of the same name that belongs to somebody else.

mod create;
mod error;
mod objects;
mod weaknesses;

use aws_sdk_s3 as s3;
use aws_sdk_s3::config::Region;
use iamctl_apply::{BucketState, Condition, ETag, MasterBucket, Object, StoreError};
use iamctl_model::{Account, AccountId, MasterCopy};

use crate::connect::Aws;
use crate::credentials::Origin;
use crate::endpoint::{self, Service};
use crate::whole::WholeAnswers;

/// The bucket of one manifest's master copy.
#[derive(Debug, Clone)]
pub struct AwsBucket {
    client: s3::Client,
    name: String,
    region: String,
    prefix: String,
    owner: AccountId,
    /// The account whose calls these are: a bucket is made in it, or not at all.
    account: Account,
    kms_key: Option<String>,
    /// Requests go without TLS, to an endpoint that is not AWS's: a policy that demands TLS would lock
    /// iamctl itself out.
    is_without_tls: bool,
    origin: Origin,
}

impl Aws {
    /// The bucket that a manifest names, as part of the managed account or of the one that the manifest
    /// says owns it.
    #[must_use]
    pub fn bucket(&self, master_copy: &MasterCopy, account: &Account) -> AwsBucket {
        let endpoint = endpoint::url(&self.config, Service::S3);
        let config = s3::config::Builder::from(&self.config)
            .region(Region::new(master_copy.region.clone()))
            // What stands in for S3 seldom has a host name for each bucket.
            .force_path_style(endpoint.is_some())
            .interceptor(WholeAnswers)
            .build();
        AwsBucket {
            client: s3::Client::from_conf(config),
            name: master_copy.bucket.clone(),
            region: master_copy.region.clone(),
            prefix: master_copy.prefix.clone(),
            owner: master_copy.owner.clone().unwrap_or_else(|| account.id.clone()),
            account: account.clone(),
            kms_key: master_copy.kms_key.clone(),
            is_without_tls: endpoint.is_some_and(|url| url.starts_with("http://")),
            origin: self.origin.clone(),
        }
    }
}

impl MasterBucket for AwsBucket {
    fn name(&self) -> &str {
        &self.name
    }

    /// One request, or two while nothing lies under the prefix: only then can the bucket be one whose
    /// creation was cut short, which is [`Missing`](BucketState::Missing) until
    /// [`create`](Self::create) has finished it.
    async fn probe(&self) -> Result<BucketState, StoreError> {
        self.state().await
    }

    /// Makes the bucket, or finishes one that a killed run began. One that is there and was not begun
    /// by iamctl is left alone.
    async fn create(&self) -> Result<(), StoreError> {
        self.make().await
    }

    async fn weaknesses(&self) -> Result<Vec<String>, StoreError> {
        self.list_weaknesses().await
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.read(key).await
    }

    /// An object that holds these very bytes already satisfies [`Condition::IfAbsent`] and
    /// [`Condition::IfMatch`]: it is what an earlier attempt wrote whose answer was lost. So whoever
    /// competes for a key (a lock) writes something into it that no other writes.
    async fn put(&self, key: &str, bytes: Vec<u8>, condition: Condition) -> Result<ETag, StoreError> {
        self.write(key, bytes, condition).await
    }

    async fn delete(&self, key: &str, version: &ETag) -> Result<(), StoreError> {
        self.remove(key, version).await
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>) -> Result<Vec<String>, StoreError> {
        self.keys(prefix, start_after).await
    }

    async fn folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.folders_under(prefix).await
    }
}
