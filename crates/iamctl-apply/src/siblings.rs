//! The other manifests of an account that keep their master copies in the same place.

use futures_util::{StreamExt, stream};
use iamctl_model::{ManifestName, Sibling};

use crate::error::ReadError;
use crate::port::MasterBucket;
use crate::store::MasterStore;

/// How many of them are read at once.
const READS_AT_ONCE: usize = 8;

impl<B: MasterBucket + Sync> MasterStore<'_, B> {
    /// What the other manifests of this account own that keep their master copy under the same prefix.
    ///
    /// One listing, and for each of them its head and the state that it names. A folder without a head
    /// owns nothing, and what a head names that was given up is that of the manifest's new name. One whose head or state cannot be read is in the answer with the reason.
    ///
    /// # Errors
    ///
    /// When the listing itself fails.
    pub async fn read_siblings(&self) -> Result<Vec<Sibling>, ReadError> {
        let folders = self.folders_under(self.layout.account()).await?;
        // What no manifest can be called was put there by somebody else.
        let names = folders.iter().filter_map(|folder| ManifestName::parse(folder));
        let others = names.filter(|name| *name != self.manifest);
        let read = stream::iter(others).map(async |name| {
            let ownership = match self.owned_beside(&name).await {
                Ok(None) => return None,
                Ok(Some(ownership)) => Ok(ownership),
                Err(error) => Err(format!("{error}; {}", error.help())),
            };
            Some(Sibling { name, ownership })
        });
        let read: Vec<Option<Sibling>> = read.buffered(READS_AT_ONCE).collect().await;
        Ok(read.into_iter().flatten().collect())
    }
}
