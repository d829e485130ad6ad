//! The bucket before the first object: made where it is missing, looked at where it is there.

use crate::port::{BucketState, MasterBucket, StoreError};
use crate::store::MasterStore;

/// What became of the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BucketReport {
    /// It was made, and hardened.
    Created,
    /// It was there and was not changed.
    Existing {
        /// What a hardened bucket has and it lacks, in words.
        weaknesses: Vec<String>,
    },
}

/// Why there is no bucket to write to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{doing} the bucket `{bucket}`: {error}")]
pub struct BucketError {
    /// What was tried: `cannot find`, `cannot create`, …
    pub doing: &'static str,
    /// The bucket.
    pub bucket: String,
    /// Why it failed.
    pub error: StoreError,
}

impl<B: MasterBucket> MasterStore<'_, B> {
    /// Makes the bucket when there is none; one that is there is only looked at.
    ///
    /// # Errors
    ///
    /// When it belongs to somebody else, or cannot be made or looked at.
    pub async fn prepare_bucket(&self) -> Result<BucketReport, BucketError> {
        let failed = |doing| {
            let bucket = self.bucket.name().to_owned();
            move |error| BucketError { doing, bucket, error }
        };
        match self.bucket.probe().await.map_err(failed("cannot find"))? {
            BucketState::Missing => {
                self.bucket.create().await.map_err(failed("cannot create"))?;
                Ok(BucketReport::Created)
            }
            BucketState::Ours => {
                let weaknesses = self.bucket.weaknesses().await.map_err(failed("cannot check"))?;
                Ok(BucketReport::Existing { weaknesses })
            }
        }
    }
}
