//! A manifest that has another name than before, and takes over the master copy of the old one.
//!
//! What is ours is told by heads, and at each moment by one of them:
//!
//! | written | whose things they are |
//! | --- | --- |
//! | nothing yet, or the record of the run | those of the old name: its head stands as it was |
//! | the old head again, now marked as moved | those of the new name, as the state says that the old head names |
//! | the new head | those of the new name, as its own state says |
//!
//! The mark is one conditional put, made while the locks of both names are held and before the first call to IAM.
//! From then on nothing is done under the old name, and a run that is killed anywhere is finished by the next one.

use iamctl_model::{ManifestName, Ownership};
use serde::{Deserialize, Serialize};

use crate::error::ReadError;
use crate::head::Head;
use crate::memory::Memory;
use crate::port::{BucketState, Condition, ETag, MasterBucket, StoreError};
use crate::run::OpenProblem;
use crate::run_id::RunId;
use crate::store::{MasterStore, to_json};

/// In a head: it is not in use any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// What the manifest is called now.
    pub to: ManifestName,
    /// The run that moved it.
    pub by: RunId,
}

/// What a manifest takes over that had another name before, until its own head is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renaming {
    /// The old name.
    pub from: ManifestName,
    /// The head of the old name.
    pub head: Head,
    /// Its version.
    pub version: ETag,
    /// A head of the new name that was given up, when the manifest was called so once before.
    pub own: Option<(Head, ETag)>,
}

impl Renaming {
    /// Whether the old head is marked already, by a run that did not come to its end.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.head.moved.is_some()
    }
}

/// Why the master copy of another name is not taken over, or of one's own not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenameProblem {
    /// There is nothing under either name.
    #[error("`renamed_from: {from}`: no manifest of that name was ever applied here")]
    Nothing {
        /// The old name.
        from: ManifestName,
    },
    /// Both names are in use.
    #[error("the manifests `{from}` and `{to}` were both applied, and neither was renamed to the other")]
    Both {
        /// The old name.
        from: ManifestName,
        /// The new one.
        to: ManifestName,
    },
    /// It is called otherwise by now.
    #[error("the manifest `{name}` is called `{to}` now, in this master copy")]
    Moved {
        /// The name.
        name: ManifestName,
        /// The name that it has now.
        to: ManifestName,
    },
    /// A run that renamed it the other way did not come to its end.
    #[error("`{name}` was being renamed to `{to}`, and the run that did it came to no end")]
    Unfinished {
        /// The name.
        name: ManifestName,
        /// The name that it was to have.
        to: ManifestName,
    },
}

impl RenameProblem {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            RenameProblem::Nothing { .. } => {
                "correct the name; or remove `renamed_from`, if this manifest is new in this account"
            }
            RenameProblem::Both { .. } => {
                "to go on with both, remove `renamed_from`; to make one of them, list under `forget:` of the old one \
                 what it manages, apply that, and add the blocks to the new one with `adopt: true`"
            }
            RenameProblem::Moved { .. } => {
                "write the name that it has now under `name:`, or under `renamed_from:` to give it another one"
            }
            RenameProblem::Unfinished { .. } => {
                "apply the manifest under that name once more, which finishes it, and rename it then"
            }
        }
    }
}

type Found = Option<(Head, ETag)>;

impl<B: MasterBucket> MasterStore<'_, B> {
    /// The head, whoever's things it names, and whether there is a bucket.
    pub(crate) async fn read_head(&self) -> Result<(BucketState, Found), ReadError> {
        let key = self.layout.head();
        let object = match self.bucket.get(&key).await {
            Ok(Some(object)) => object,
            Ok(None) => return Ok((BucketState::Ours, None)),
            Err(StoreError::NoBucket) => return Ok((BucketState::Missing, None)),
            Err(error) => return Err(ReadError::Store { location: self.location(&key), error }),
        };
        let head: Head = self.parse(&key, &object.bytes)?;
        self.check_owner(&key, &head.account, &head.manifest)?;
        Ok((BucketState::Ours, Some((head, object.etag))))
    }

    /// What is remembered under the old name, when it is this one's to take over.
    pub(crate) async fn read_former(&self, from: &ManifestName, own: Found) -> Result<Memory, ReadError> {
        let former = self.beside(from.clone());
        let (bucket, old) = former.read_head().await?;
        let (name, from) = (self.manifest.clone(), from.clone());
        let moved = |found: &Found| found.as_ref().and_then(|(head, _)| head.moved.clone());
        let refuse =
            |problem| Err(ReadError::Renamed { location: self.location(&self.layout.head()), problem });
        match (moved(&own), moved(&old)) {
            // A name that was given up is taken again by whoever has its things.
            (Some(own), _) if own.to != from => return refuse(RenameProblem::Moved { name, to: own.to }),
            (_, Some(old)) if old.to != name => {
                return refuse(RenameProblem::Moved { name: from, to: old.to });
            }
            (Some(own), Some(old)) if old.by <= own.by => {
                return refuse(RenameProblem::Unfinished { name, to: from });
            }
            (Some(_), None) if old.is_none() => return refuse(RenameProblem::Unfinished { name, to: from }),
            _ => {}
        }
        let is_live = |found: &Found| found.as_ref().is_some_and(|(head, _)| head.moved.is_none());
        if is_live(&own) {
            if is_live(&old) {
                return refuse(RenameProblem::Both { from, to: name });
            }
            return self.memory_of(own, bucket).await;
        }
        let Some((head, version)) = old else { return refuse(RenameProblem::Nothing { from }) };
        let ownership = former.read_state(&head).await?;
        let renaming = Renaming { from, head, version, own };
        Ok(Memory { bucket, head: None, ownership, renaming: Some(renaming) })
    }

    /// Whether what a head that was given up names belongs to the name that it was given up for.
    pub(crate) async fn is_taken_over(&self, moved: &Moved) -> Result<bool, ReadError> {
        let (_, found) = self.beside(moved.to.clone()).read_head().await?;
        let later = |other: &Moved| other.by > moved.by;
        Ok(found.is_some_and(|(head, _)| head.moved.as_ref().is_none_or(later)))
    }

    /// What another manifest owns; `None` for one whose things are this one's to take over.
    pub(crate) async fn owned_beside(&self, name: &ManifestName) -> Result<Option<Ownership>, ReadError> {
        let sibling = self.beside(name.clone());
        let (_, found) = sibling.read_head().await?;
        let Some((head, _)) = found else { return Ok(Some(Ownership::default())) };
        match &head.moved {
            None if Some(name) == self.former.as_ref() => Ok(None),
            Some(moved) if moved.to == self.manifest => Ok(None),
            Some(moved) if self.is_taken_over(moved).await? => Ok(Some(Ownership::default())),
            _ => sibling.read_state(&head).await.map(Some),
        }
    }

    /// Marks the head of the old name: from here on its things are this one's.
    pub(crate) async fn mark_moved(&self, renaming: &Renaming, by: &RunId) -> Result<(), OpenProblem> {
        if renaming.is_marked() {
            return Ok(());
        }
        let former = self.beside(renaming.from.clone());
        let key = former.layout.head();
        let moved = Moved { to: self.manifest.clone(), by: by.clone() };
        let marked = Head { moved: Some(moved), ..renaming.head.clone() };
        let bytes = to_json(&marked)
            .map_err(|error| crate::error::WriteError { location: former.location(&key), error })?;
        let put = former.put(&key, &bytes, Condition::IfMatch(renaming.version.clone())).await;
        put.map(drop).map_err(|error| match error.error {
            StoreError::Precondition => OpenProblem::HeadMoved,
            _ => OpenProblem::Write(error),
        })
    }

    /// The master copies of this manifest under the names that it had before, the latest first. They hold the
    /// records of the runs of that time.
    ///
    /// # Errors
    ///
    /// When the head cannot be read.
    pub async fn former_stores(&self) -> Result<Vec<Self>, ReadError> {
        let memory = self.read_memory().await?;
        Ok(memory.former_names().into_iter().map(|name| self.beside(name)).collect())
    }
}
