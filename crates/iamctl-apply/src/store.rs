//! Reading and writing objects of the master copy: versioned JSON, and writes whose lost replies do
//! not matter.

use std::time::Duration;

use iamctl_model::{Account, ManifestName};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{ReadError, WriteError};
use crate::layout::Layout;
use crate::port::{Condition, ETag, MasterBucket, Object, StoreError};

/// The format of everything that this version writes. Readers ignore fields that they do not know, so
/// a field can be added without a new number; a new number means that older readers must not go on.
pub(crate) const FORMAT: u64 = 1;

/// The master copy of one manifest in one account.
#[derive(Debug)]
pub struct MasterStore<'b, B> {
    pub(crate) bucket: &'b B,
    pub(crate) layout: Layout,
    pub(crate) account: Account,
    pub(crate) manifest: ManifestName,
    /// What the manifest was called before, by its own word.
    pub(crate) former: Option<ManifestName>,
    /// Whether a read that failed is tried again: a run that has the lock has more to lose than a plan.
    patient: bool,
}

// Not derived: a store is a reference and names, whatever the bucket is.
impl<B> Clone for MasterStore<'_, B> {
    fn clone(&self) -> Self {
        Self {
            bucket: self.bucket,
            layout: self.layout.clone(),
            account: self.account.clone(),
            manifest: self.manifest.clone(),
            former: self.former.clone(),
            patient: self.patient,
        }
    }
}

impl<'b, B: MasterBucket> MasterStore<'b, B> {
    /// The master copy under a prefix, which is empty or ends with a slash.
    #[must_use]
    pub fn new(bucket: &'b B, prefix: &str, account: Account, manifest: ManifestName) -> Self {
        let layout = Layout::new(prefix, &account.id, &manifest);
        Self { bucket, layout, account, manifest, former: None, patient: false }
    }

    /// The same of a manifest that says that it was called otherwise before.
    #[must_use]
    pub fn renamed_from(self, former: Option<ManifestName>) -> Self {
        Self { former, ..self }
    }

    /// The master copy of another manifest of the same account, in the same place.
    pub(crate) fn beside(&self, manifest: ManifestName) -> Self {
        Self { layout: self.layout.beside(&manifest), manifest, former: None, ..self.clone() }
    }

    /// The same master copy, whose reads are tried again when they fail.
    pub(crate) fn patient(&self) -> Self {
        Self { patient: true, ..self.clone() }
    }

    /// Where its objects lie.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// An object's name for messages.
    #[must_use]
    pub fn location(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket.name())
    }

    /// Which account and manifest, for messages.
    pub(crate) fn owner(&self) -> String {
        owner(&self.account, &self.manifest)
    }

    /// Reads an object; `None` when there is none, or no bucket.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Object>, ReadError> {
        self.read(key, || self.bucket.get(key)).await
    }

    /// The keys under a prefix; none when there is no bucket.
    pub(crate) async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
    ) -> Result<Vec<String>, ReadError> {
        self.read(prefix, || self.bucket.list(prefix, start_after)).await
    }

    /// The folders right under a prefix; none when there is no bucket.
    pub(crate) async fn folders_under(&self, prefix: &str) -> Result<Vec<String>, ReadError> {
        self.read(prefix, || self.bucket.folders(prefix)).await
    }

    async fn read<T: Default, F: Future<Output = Result<T, StoreError>>>(
        &self,
        key: &str,
        attempt: impl Fn() -> F,
    ) -> Result<T, ReadError> {
        let answer = if self.patient { again(attempt).await } else { attempt().await };
        match answer {
            Err(StoreError::NoBucket) => Ok(T::default()),
            answer => answer.map_err(|error| ReadError::Store { location: self.location(key), error }),
        }
    }

    /// Reads one of iamctl's own JSON objects.
    pub(crate) fn parse<T: DeserializeOwned>(&self, key: &str, bytes: &[u8]) -> Result<T, ReadError> {
        #[derive(serde::Deserialize)]
        struct Version {
            format_version: u64,
        }
        let malformed = |error: serde_json::Error| ReadError::Malformed {
            location: self.location(key),
            reason: error.to_string(),
        };
        let version: Version = serde_json::from_slice(bytes).map_err(malformed)?;
        match version.format_version {
            FORMAT => serde_json::from_slice(bytes).map_err(malformed),
            found if found > FORMAT => {
                Err(ReadError::Newer { location: self.location(key), found, known: FORMAT })
            }
            other => Err(ReadError::Malformed {
                location: self.location(key),
                reason: format!("there is no format {other}"),
            }),
        }
    }

    /// An error when an object says that it is another account's or manifest's.
    pub(crate) fn check_owner(
        &self,
        key: &str,
        account: &Account,
        manifest: &ManifestName,
    ) -> Result<(), ReadError> {
        if *account == self.account && *manifest == self.manifest {
            return Ok(());
        }
        Err(ReadError::Foreign {
            location: self.location(key),
            found: owner(account, manifest),
            expected: self.owner(),
        })
    }

    /// Writes one of iamctl's own JSON objects, which is never changed again.
    pub(crate) async fn put_json_once(
        &self,
        key: &str,
        content: &impl Serialize,
    ) -> Result<ETag, WriteError> {
        let bytes = to_json(content).map_err(|error| WriteError { location: self.location(key), error })?;
        self.put_once(key, bytes).await
    }

    /// Writes an object that is never changed again.
    pub(crate) async fn put_once(&self, key: &str, bytes: Vec<u8>) -> Result<ETag, WriteError> {
        self.put(key, &bytes, Condition::IfAbsent).await
    }

    /// Writes an object; a failure that may pass is tried again.
    pub(crate) async fn put(
        &self,
        key: &str,
        bytes: &[u8],
        condition: Condition,
    ) -> Result<ETag, WriteError> {
        again(|| self.try_put(key, bytes, condition.clone())).await
    }

    /// Writes an object, once. When the condition does not hold because our own bytes are there
    /// already, they are as good: the reply to an earlier attempt was lost.
    pub(crate) async fn try_put(
        &self,
        key: &str,
        bytes: &[u8],
        condition: Condition,
    ) -> Result<ETag, WriteError> {
        let failed = |error| WriteError { location: self.location(key), error };
        match self.bucket.put(key, bytes.to_vec(), condition).await {
            Err(StoreError::Precondition) => match self.bucket.get(key).await {
                Ok(Some(object)) if object.bytes == bytes => Ok(object.etag),
                Ok(_) => Err(failed(StoreError::Precondition)),
                Err(error) => Err(failed(error)),
            },
            answer => answer.map_err(failed),
        }
    }

    /// Deletes an object that is still this version; a failure that may pass is tried again.
    pub(crate) async fn delete(&self, key: &str, version: &ETag) -> Result<(), WriteError> {
        let answer = again(|| self.bucket.delete(key, version)).await;
        answer.map_err(|error| WriteError { location: self.location(key), error })
    }
}

fn owner(account: &Account, manifest: &ManifestName) -> String {
    format!("manifest `{manifest}` in account {}", account.id)
}

/// How long to wait before a second and a third attempt. The port's own attempts come on top.
const WAITS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

async fn again<T, E: MayPass, F: Future<Output = Result<T, E>>>(attempt: impl Fn() -> F) -> Result<T, E> {
    for wait in WAITS {
        match attempt().await {
            Err(failed) if failed.may_pass() => tokio::time::sleep(wait).await,
            answer => return answer,
        }
    }
    attempt().await
}

/// Failures of which some may not happen again.
pub(crate) trait MayPass {
    /// Whether trying again can help.
    fn may_pass(&self) -> bool;
}

impl MayPass for StoreError {
    fn may_pass(&self) -> bool {
        matches!(self, StoreError::Other { .. })
    }
}

impl MayPass for WriteError {
    fn may_pass(&self) -> bool {
        self.error.may_pass()
    }
}

/// One of iamctl's own JSON objects with the number of its format.
#[derive(Serialize)]
struct Versioned<'t, T> {
    format_version: u64,
    #[serde(flatten)]
    content: &'t T,
}

/// The bytes of an object: JSON for people, with the number of its format first.
pub(crate) fn to_json(content: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let versioned = Versioned { format_version: FORMAT, content };
    let mut bytes = serde_json::to_vec_pretty(&versioned).map_err(|error| StoreError::Other {
        code: None,
        message: format!("it cannot be written as JSON: {error}"),
        request_id: None,
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}
