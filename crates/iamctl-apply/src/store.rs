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
}

// Not derived: a store is a reference and names, whatever the bucket is.
impl<B> Clone for MasterStore<'_, B> {
    fn clone(&self) -> Self {
        Self {
            bucket: self.bucket,
            layout: self.layout.clone(),
            account: self.account.clone(),
            manifest: self.manifest.clone(),
        }
    }
}

impl<'b, B: MasterBucket> MasterStore<'b, B> {
    /// The master copy under a prefix, which is empty or ends with a slash.
    #[must_use]
    pub fn new(bucket: &'b B, prefix: &str, account: Account, manifest: ManifestName) -> Self {
        let layout = Layout::new(prefix, &account.id, &manifest);
        Self { bucket, layout, account, manifest }
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

    pub(crate) async fn get(&self, key: &str) -> Result<Option<Object>, ReadError> {
        self.bucket.get(key).await.map_err(|error| self.unreadable(key, error))
    }

    pub(crate) async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
    ) -> Result<Vec<String>, ReadError> {
        match self.bucket.list(prefix, start_after).await {
            Err(StoreError::NoBucket) => Ok(Vec::new()),
            answer => answer.map_err(|error| self.unreadable(prefix, error)),
        }
    }

    fn unreadable(&self, key: &str, error: StoreError) -> ReadError {
        ReadError::Store { location: self.location(key), error }
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
        let location = || self.location(key);
        again(async || {
            let answer = self.bucket.delete(key, version).await;
            answer.map_err(|error| WriteError { location: location(), error })
        })
        .await
    }
}

fn owner(account: &Account, manifest: &ManifestName) -> String {
    format!("manifest `{manifest}` in account {}", account.id)
}

/// How long to wait before a second and a third attempt. The port's own attempts come on top.
const WAITS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

async fn again<T>(attempt: impl AsyncFn() -> Result<T, WriteError>) -> Result<T, WriteError> {
    for wait in WAITS {
        match attempt().await {
            Err(failed) if !failed.is_final() => tokio::time::sleep(wait).await,
            answer => return answer,
        }
    }
    attempt().await
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
