//! What the master copy remembers, and whether there is something new to remember.

use iamctl_model::{ManifestName, Ownership};
use serde::Serialize;

use crate::digest::Digest;
use crate::error::ReadError;
use crate::head::{Head, State};
use crate::port::{BucketState, ETag, MasterBucket};
use crate::renaming::{RenameProblem, Renaming};
use crate::run_id::RunId;
use crate::store::MasterStore;

/// What the master copy remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// Whether there is a bucket at all.
    pub bucket: BucketState,
    /// The head and its version; `None` when there is none that is in use.
    pub head: Option<(Head, ETag)>,
    /// What is ours.
    pub ownership: Ownership,
    /// The name that the manifest had before, when its master copy is still to be taken over.
    pub renaming: Option<Renaming>,
}

impl Memory {
    /// The memory of a manifest that was never applied.
    #[must_use]
    pub fn none(bucket: BucketState) -> Self {
        Self { bucket, head: None, ownership: Ownership::default(), renaming: None }
    }

    /// The head that tells what is ours: its own, or that of the old name.
    #[must_use]
    pub fn last(&self) -> Option<&Head> {
        let former = self.renaming.as_ref().map(|renaming| &renaming.head);
        self.head.as_ref().map(|(head, _)| head).or(former)
    }

    /// The version of the object that lies where the head belongs.
    pub(crate) fn version(&self) -> Option<&ETag> {
        let own = self.renaming.as_ref().and_then(|renaming| renaming.own.as_ref());
        self.head.as_ref().or(own).map(|(_, version)| version)
    }

    /// The run that its own folder was last written by with a head.
    pub(crate) fn last_of_its_own(&self) -> Option<&RunId> {
        let own = self.renaming.as_ref().and_then(|renaming| renaming.own.as_ref());
        self.head.as_ref().or(own).map(|(head, _)| &head.run)
    }

    /// The latest run that any head of it names: the next one is later.
    #[must_use]
    pub fn latest_run(&self) -> Option<RunId> {
        let marked = self.renaming.as_ref().and_then(|renaming| renaming.head.moved.as_ref());
        let marked = marked.map(|moved| &moved.by);
        let runs = self.last().map(|head| &head.run).into_iter().chain(self.last_of_its_own()).chain(marked);
        runs.max().cloned()
    }

    /// What the manifest was called before, the latest name first.
    #[must_use]
    pub fn former_names(&self) -> Vec<ManifestName> {
        let mut names: Vec<ManifestName> =
            self.renaming.iter().map(|renaming| renaming.from.clone()).collect();
        for name in self.last().into_iter().flat_map(|head| &head.formerly) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
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
    /// Reads the head and the state that it names: two objects at most, and the head of the name that the
    /// manifest had before, when it says so.
    ///
    /// # Errors
    ///
    /// When either cannot be read or is not what it should be. That is never taken for "no head".
    pub async fn read_memory(&self) -> Result<Memory, ReadError> {
        let (bucket, own) = self.read_head().await?;
        if let Some(from) = &self.former {
            return self.read_former(from, own).await;
        }
        if let Some(moved) = own.as_ref().and_then(|(head, _)| head.moved.as_ref()) {
            let problem = RenameProblem::Moved { name: self.manifest.clone(), to: moved.to.clone() };
            return Err(ReadError::Renamed { location: self.location(&self.layout.head()), problem });
        }
        self.memory_of(own, bucket).await
    }

    pub(crate) async fn memory_of(
        &self,
        own: Option<(Head, ETag)>,
        bucket: BucketState,
    ) -> Result<Memory, ReadError> {
        let Some((head, version)) = own else { return Ok(Memory::none(bucket)) };
        let ownership = self.read_state(&head).await?;
        Ok(Memory { bucket, head: Some((head, version)), ownership, renaming: None })
    }

    pub(crate) async fn read_state(&self, head: &Head) -> Result<Ownership, ReadError> {
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
