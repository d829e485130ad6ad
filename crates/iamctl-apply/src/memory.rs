//! What the master copy remembers, and whether there is something new to remember.

use iamctl_model::Ownership;
use serde::Serialize;

use crate::digest::Digest;
use crate::error::ReadError;
use crate::head::{Head, State};
use crate::port::{BucketState, ETag, MasterBucket, StoreError};
use crate::store::MasterStore;

/// What the master copy remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// Whether there is a bucket at all.
    pub bucket: BucketState,
    /// The head and its version; `None` when there never was one.
    pub head: Option<(Head, ETag)>,
    /// What is ours.
    pub ownership: Ownership,
}

impl Memory {
    /// The memory of a manifest that was never applied.
    #[must_use]
    pub fn none(bucket: BucketState) -> Self {
        Self { bucket, head: None, ownership: Ownership::default() }
    }
}

/// What a run would write to the master copy although no call needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct NeedsWriting {
    /// There is no bucket yet.
    pub bucket: bool,
    /// What is ours differs from what is remembered.
    pub ownership: bool,
    /// The text of the manifest differs from that of the last run.
    pub manifest: bool,
}

impl NeedsWriting {
    /// Whether there is anything.
    #[must_use]
    pub fn any(self) -> bool {
        self.bucket || self.ownership || self.manifest
    }
}

/// What would have to be written so that the master copy remembers this ownership and this manifest.
#[must_use]
pub fn needs_writing(memory: &Memory, ownership: &Ownership, manifest: &Digest) -> NeedsWriting {
    NeedsWriting {
        bucket: memory.bucket == BucketState::Missing,
        ownership: memory.ownership != *ownership,
        manifest: memory.head.as_ref().is_none_or(|(head, _)| head.manifest_digest != *manifest),
    }
}

impl<B: MasterBucket> MasterStore<'_, B> {
    /// Reads the head and the state that it names: two objects at most.
    ///
    /// # Errors
    ///
    /// When either cannot be read or is not what it should be. That is never taken for "no head".
    pub async fn read_memory(&self) -> Result<Memory, ReadError> {
        let key = self.layout.head();
        let object = match self.bucket.get(&key).await {
            Ok(Some(object)) => object,
            Ok(None) => return Ok(Memory::none(BucketState::Ours)),
            Err(StoreError::NoBucket) => return Ok(Memory::none(BucketState::Missing)),
            Err(error) => return Err(ReadError::Store { location: self.location(&key), error }),
        };
        let head: Head = self.parse(&key, &object.bytes)?;
        self.check_owner(&key, &head.account, &head.manifest)?;
        let ownership = self.read_state(&head).await?;
        Ok(Memory { bucket: BucketState::Ours, head: Some((head, object.etag)), ownership })
    }

    async fn read_state(&self, head: &Head) -> Result<Ownership, ReadError> {
        let key = self.layout.under(&head.state);
        let named_by = || "the head".to_owned();
        let object = self
            .get(&key)
            .await?
            .ok_or_else(|| ReadError::Missing { location: self.location(&key), named_by: named_by() })?;
        if Digest::of(&object.bytes) != head.state_digest {
            return Err(ReadError::Altered { location: self.location(&key), named_by: named_by() });
        }
        let state: State = self.parse(&key, &object.bytes)?;
        self.check_owner(&key, &state.account, &state.manifest)?;
        Ok(state.owned)
    }
}
