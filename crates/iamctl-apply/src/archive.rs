//! The manifest in the master copy: every version once, and the current one for people.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};

use crate::digest::{ManifestFile, ManifestFiles};
use crate::error::{ReadError, WriteError};
use crate::port::{Condition, MasterBucket, StoreError};
use crate::store::MasterStore;

/// How many files are written at once.
const WRITES_AT_ONCE: usize = 8;

/// Why the manifest was not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// What is there could not be seen.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file could not be written, or removed.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl<B: MasterBucket + Sync> MasterStore<'_, B> {
    /// Stores a manifest under its digest; files that are there already stay.
    pub(crate) async fn store_manifest(&self, manifest: &ManifestFiles) -> Result<(), ArchiveError> {
        let folder = self.layout.manifest(manifest.digest());
        let there: BTreeSet<String> = self.list(&folder, None).await?.into_iter().collect();
        let missing = manifest.files().iter().map(|file| (format!("{folder}{}", file.name), file));
        let missing: Vec<_> = missing.filter(|(key, _)| !there.contains(key)).collect();
        self.put_files(missing, &Condition::IfAbsent).await
    }

    /// Makes `current/` hold these files and nothing else, whatever an earlier run left there.
    pub(crate) async fn store_current(&self, manifest: &ManifestFiles) -> Result<(), ArchiveError> {
        let folder = self.layout.current();
        let files = manifest.files().iter().map(|file| (format!("{folder}{}", file.name), file));
        let files: Vec<_> = files.collect();
        let wanted: BTreeSet<String> = files.iter().map(|(key, _)| key.clone()).collect();
        self.put_files(files, &Condition::Always).await?;
        for key in self.list(&folder, None).await? {
            if !wanted.contains(&key) {
                self.remove(&key).await?;
            }
        }
        Ok(())
    }

    async fn put_files(
        &self,
        files: Vec<(String, &ManifestFile)>,
        condition: &Condition,
    ) -> Result<(), ArchiveError> {
        let put =
            async |(key, file): (String, &ManifestFile)| self.put(&key, &file.bytes, condition.clone()).await;
        let writes: Vec<_> = files.into_iter().map(put).collect();
        let mut writes = stream::iter(writes).buffer_unordered(WRITES_AT_ONCE);
        while let Some(written) = writes.next().await {
            written?;
        }
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), ArchiveError> {
        let Some(object) = self.get(key).await? else { return Ok(()) };
        match self.delete(key, &object.etag).await {
            // Somebody put another one there meanwhile: the next run sees to it.
            Err(WriteError { error: StoreError::Precondition, .. }) => Ok(()),
            answer => Ok(answer?),
        }
    }
}
