//! An S3 bucket in memory, with S3's conditional writes, whose operations can be made to go wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iamctl_apply::{BucketState, Condition, ETag, MasterBucket, Object, StoreError};
use tokio::sync::Notify;

/// What is done to a bucket or an object in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BucketCall {
    /// [`MasterBucket::probe`]
    Probe,
    /// [`MasterBucket::create`]
    Create,
    /// [`MasterBucket::weaknesses`]
    Weaknesses,
    /// [`MasterBucket::get`]
    Get,
    /// [`MasterBucket::put`]
    Put,
    /// [`MasterBucket::delete`]
    Delete,
    /// [`MasterBucket::list`]
    List,
    /// [`MasterBucket::folders`]
    Folders,
}

impl BucketCall {
    /// Whether it changes something.
    #[must_use]
    pub fn is_write(self) -> bool {
        matches!(self, BucketCall::Create | BucketCall::Put | BucketCall::Delete)
    }
}

/// One operation that arrived: what, and on which key or prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketOperation {
    /// What was to be done.
    pub call: BucketCall,
    /// The key, or the prefix of a listing; empty for the bucket itself.
    pub key: String,
}

impl fmt::Display for BucketOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.call, self.key)
    }
}

type Matcher = Box<dyn Fn(&BucketOperation) -> bool + Send + Sync>;

/// A rule: what happens to operations that match. Without any matcher it is every operation, for ever.
///
/// Matchers add up. Of several rules the one injected first wins. [`skip`](Self::skip) counts only
/// operations that this rule would otherwise have taken.
#[must_use = "a fault does nothing until it is handed to `MemoryBucket::inject`"]
pub struct BucketFault {
    kind: FaultKind,
    matchers: Vec<Matcher>,
    skip: usize,
    times: usize,
}

#[derive(Debug, Clone)]
enum FaultKind {
    Fail(StoreError),
    LoseReply,
    Freeze,
    FreezeAfter,
}

impl BucketFault {
    /// It is not carried out, and this error is the answer.
    pub fn fail(error: StoreError) -> Self {
        Self::new(FaultKind::Fail(error))
    }

    /// It is carried out, and the answer is that nothing came back.
    pub fn lose_reply() -> Self {
        Self::new(FaultKind::LoseReply)
    }

    /// It is not carried out and never answers: with the caller dropped, a `kill -9` before it.
    pub fn freeze() -> Self {
        Self::new(FaultKind::Freeze)
    }

    /// It is carried out and never answers: with the caller dropped, a `kill -9` after it.
    pub fn freeze_after() -> Self {
        Self::new(FaultKind::FreezeAfter)
    }

    fn new(kind: FaultKind) -> Self {
        Self { kind, matchers: Vec::new(), skip: 0, times: usize::MAX }
    }

    /// Only operations that change something.
    pub fn writes(self) -> Self {
        self.when(|operation| operation.call.is_write())
    }

    /// Only this call.
    pub fn call(self, call: BucketCall) -> Self {
        self.when(move |operation| operation.call == call)
    }

    /// Only keys that hold this text.
    pub fn key(self, part: &str) -> Self {
        let part = part.to_owned();
        self.when(move |operation| operation.key.contains(&part))
    }

    /// Only operations that fit.
    pub fn when(mut self, matches: impl Fn(&BucketOperation) -> bool + Send + Sync + 'static) -> Self {
        self.matchers.push(Box::new(matches));
        self
    }

    /// Only after so many that fit.
    pub fn skip(mut self, operations: usize) -> Self {
        self.skip = operations;
        self
    }

    /// Only so often.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    fn takes(&mut self, operation: &BucketOperation) -> bool {
        if !self.matchers.iter().all(|matches| matches(operation)) || self.times == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}

/// A bucket in memory. Clones are the same bucket.
///
/// As in S3, the version mark of an object is a function of its content, so writing the same bytes
/// again gives the same mark; a condition that does not hold changes nothing; a conditional write to
/// an object that is not there fails; listing is in the order of bytes.
#[derive(Clone)]
pub struct MemoryBucket {
    name: String,
    shared: Arc<Shared>,
}

struct Shared {
    inner: Mutex<Inner>,
    /// Apart from the rest, so that a matcher can look at the bucket.
    faults: Mutex<Vec<BucketFault>>,
    frozen: Notify,
}

#[derive(Default)]
struct Inner {
    exists: bool,
    objects: BTreeMap<String, Vec<u8>>,
    weaknesses: Vec<String>,
    log: Vec<BucketOperation>,
}

impl fmt::Debug for MemoryBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBucket").field("name", &self.name).field("keys", &self.keys()).finish()
    }
}

impl MemoryBucket {
    /// A bucket that is there and empty.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let bucket = Self::missing(name);
        bucket.inner().exists = true;
        bucket
    }

    /// A bucket that nobody has created yet.
    #[must_use]
    pub fn missing(name: &str) -> Self {
        let shared = Shared { inner: Mutex::default(), faults: Mutex::default(), frozen: Notify::new() };
        Self { name: name.to_owned(), shared: Arc::new(shared) }
    }

    /// Makes operations go wrong from now on.
    pub fn inject(&self, fault: BucketFault) {
        lock(&self.shared.faults).push(fault);
    }

    /// Lets everything go right again.
    pub fn heal(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Waits until an operation was frozen.
    pub async fn frozen(&self) {
        self.shared.frozen.notified().await;
    }

    /// Everything that arrived, in order.
    #[must_use]
    pub fn log(&self) -> Vec<BucketOperation> {
        self.inner().log.clone()
    }

    /// Forgets what arrived so far.
    pub fn clear_log(&self) {
        self.inner().log.clear();
    }

    /// All keys, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.inner().objects.keys().cloned().collect()
    }

    /// An object's content.
    #[must_use]
    pub fn object(&self, key: &str) -> Option<Vec<u8>> {
        self.inner().objects.get(key).cloned()
    }

    /// Puts an object behind everybody's back; `None` removes it.
    pub fn tamper(&self, key: &str, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.inner().objects.insert(key.to_owned(), bytes.to_vec()),
            None => self.inner().objects.remove(key),
        };
    }

    /// What [`MasterBucket::weaknesses`] answers until the bucket is created here.
    pub fn set_weaknesses(&self, weaknesses: &[&str]) {
        self.inner().weaknesses = weaknesses.iter().map(ToString::to_string).collect();
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.shared.inner)
    }

    /// Carries out an operation, or what a fault makes of it.
    async fn perform<T>(
        &self,
        call: BucketCall,
        key: &str,
        act: impl FnOnce(&mut Inner) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // Every operation is a point at which others may run, as it is over a network.
        tokio::task::yield_now().await;
        let operation = BucketOperation { call, key: key.to_owned() };
        self.inner().log.push(operation.clone());
        let take = |fault: &mut BucketFault| fault.takes(&operation).then(|| fault.kind.clone());
        let kind = lock(&self.shared.faults).iter_mut().find_map(take);
        let answer = match kind {
            None => act(&mut self.inner()),
            Some(FaultKind::Fail(error)) => Err(error),
            Some(FaultKind::LoseReply) => act(&mut self.inner()).and(Err(StoreError::Other {
                code: None,
                message: "the connection was closed before a reply came".to_owned(),
                request_id: None,
            })),
            Some(FaultKind::Freeze) => self.freeze().await,
            Some(FaultKind::FreezeAfter) => {
                // Whatever it answers, nobody hears it.
                drop(act(&mut self.inner()));
                self.freeze().await
            }
        };
        tokio::task::yield_now().await;
        answer
    }

    async fn freeze<T>(&self) -> T {
        self.shared.frozen.notify_one();
        std::future::pending().await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    fn existing(&mut self) -> Result<&mut Self, StoreError> {
        if self.exists { Ok(self) } else { Err(StoreError::NoBucket) }
    }

    fn put(&mut self, key: &str, bytes: Vec<u8>, condition: &Condition) -> Result<ETag, StoreError> {
        let current = self.existing()?.objects.get(key).map(|bytes| etag(bytes));
        let holds = match (condition, &current) {
            (Condition::Always, _) => true,
            (Condition::IfAbsent, current) => current.is_none(),
            (Condition::IfMatch(wanted), current) => current.as_ref() == Some(wanted),
        };
        if !holds {
            return Err(StoreError::Precondition);
        }
        let etag = etag(&bytes);
        self.objects.insert(key.to_owned(), bytes);
        Ok(etag)
    }

    fn delete(&mut self, key: &str, version: &ETag) -> Result<(), StoreError> {
        match self.existing()?.objects.get(key).map(|bytes| etag(bytes)) {
            Some(current) if current != *version => Err(StoreError::Precondition),
            _ => {
                self.objects.remove(key);
                Ok(())
            }
        }
    }
}

fn etag(bytes: &[u8]) -> ETag {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    ETag(format!("\"{:016x}\"", hasher.finish()))
}

impl MasterBucket for MemoryBucket {
    fn name(&self) -> &str {
        &self.name
    }

    async fn probe(&self) -> Result<BucketState, StoreError> {
        self.perform(BucketCall::Probe, "", |inner| {
            Ok(if inner.exists { BucketState::Ours } else { BucketState::Missing })
        })
        .await
    }

    async fn create(&self) -> Result<(), StoreError> {
        self.perform(BucketCall::Create, "", |inner| {
            inner.exists = true;
            inner.weaknesses.clear();
            Ok(())
        })
        .await
    }

    async fn weaknesses(&self) -> Result<Vec<String>, StoreError> {
        self.perform(BucketCall::Weaknesses, "", |inner| Ok(inner.existing()?.weaknesses.clone())).await
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.perform(BucketCall::Get, key, |inner| {
            let bytes = inner.existing()?.objects.get(key).cloned();
            Ok(bytes.map(|bytes| Object { etag: etag(&bytes), bytes }))
        })
        .await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: Condition) -> Result<ETag, StoreError> {
        self.perform(BucketCall::Put, key, |inner| inner.put(key, bytes, &condition)).await
    }

    async fn delete(&self, key: &str, version: &ETag) -> Result<(), StoreError> {
        self.perform(BucketCall::Delete, key, |inner| inner.delete(key, version)).await
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>) -> Result<Vec<String>, StoreError> {
        self.perform(BucketCall::List, prefix, |inner| {
            let keys = inner.existing()?.objects.keys();
            let after = |key: &&String| start_after.is_none_or(|start| key.as_str() > start);
            Ok(keys.filter(|key| key.starts_with(prefix)).filter(after).cloned().collect())
        })
        .await
    }

    async fn folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.perform(BucketCall::Folders, prefix, |inner| {
            let below = inner.existing()?.objects.keys().filter_map(|key| key.strip_prefix(prefix));
            let folders: BTreeSet<&str> = below.filter_map(|rest| Some(rest.split_once('/')?.0)).collect();
            Ok(folders.into_iter().map(str::to_owned).collect())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn conditions_hold_as_in_s3() {
        run(async {
            let bucket = MemoryBucket::new("b");
            let put = async |text: &str, condition| bucket.put("k", text.into(), condition).await;
            let nothing = ETag("\"none\"".to_owned());
            assert_eq!(put("1", Condition::IfMatch(nothing.clone())).await, Err(StoreError::Precondition));
            let first = put("1", Condition::IfAbsent).await.unwrap();
            assert_eq!(put("2", Condition::IfAbsent).await, Err(StoreError::Precondition));
            let second = put("2", Condition::IfMatch(first.clone())).await.unwrap();
            assert_eq!(put("3", Condition::IfMatch(first.clone())).await, Err(StoreError::Precondition));
            assert_eq!(bucket.delete("k", &first).await, Err(StoreError::Precondition));
            assert_eq!(bucket.get("k").await.unwrap().unwrap().bytes, b"2");
            // The mark is that of the content.
            assert_eq!(put("2", Condition::Always).await.unwrap(), second);
            assert_eq!(bucket.delete("k", &second).await, Ok(()));
            assert_eq!(bucket.delete("k", &nothing).await, Ok(()));
            assert_eq!(bucket.get("k").await, Ok(None));
        });
    }

    #[test]
    fn a_missing_bucket_holds_nothing_until_it_is_created() {
        run(async {
            let bucket = MemoryBucket::missing("b");
            assert_eq!(bucket.probe().await, Ok(BucketState::Missing));
            assert_eq!(bucket.get("k").await, Err(StoreError::NoBucket));
            assert_eq!(bucket.list("", None).await, Err(StoreError::NoBucket));
            bucket.create().await.unwrap();
            assert_eq!(bucket.probe().await, Ok(BucketState::Ours));
            assert_eq!(bucket.get("k").await, Ok(None));
        });
    }

    #[test]
    fn faults_take_what_they_match_and_no_more() {
        run(async {
            let bucket = MemoryBucket::new("b");
            bucket.inject(BucketFault::fail(StoreError::NoBucket).writes().key("k").skip(1).times(1));
            bucket.inject(BucketFault::lose_reply().call(BucketCall::Put).key("lost").times(1));
            let put = async |key: &str| bucket.put(key, b"1".to_vec(), Condition::Always).await;
            assert!(put("k").await.is_ok());
            assert!(put("other").await.is_ok());
            assert_eq!(put("k").await, Err(StoreError::NoBucket));
            assert!(put("k").await.is_ok());
            assert!(put("lost").await.is_err());
            assert!(bucket.object("lost").is_some());
            assert_eq!(bucket.log().len(), 5);
        });
    }

    #[test]
    fn a_frozen_operation_never_answers() {
        run(async {
            let bucket = MemoryBucket::new("b");
            bucket.inject(BucketFault::freeze().key("before"));
            bucket.inject(BucketFault::freeze_after().key("after"));
            for (key, done) in [("before", false), ("after", true)] {
                tokio::select! {
                    _ = bucket.put(key, b"1".to_vec(), Condition::Always) => panic!("it answered"),
                    () = bucket.frozen() => {}
                }
                assert_eq!(bucket.object(key).is_some(), done);
            }
        });
    }

    #[test]
    fn keys_are_listed_in_order_after_a_start() {
        run(async {
            let bucket = MemoryBucket::new("b");
            for key in ["a/2", "a/1", "b/1", "a/10"] {
                bucket.tamper(key, Some(b""));
            }
            assert_eq!(bucket.list("a/", None).await.unwrap(), ["a/1", "a/10", "a/2"]);
            assert_eq!(bucket.list("a/", Some("a/1")).await.unwrap(), ["a/10", "a/2"]);
            assert_eq!(bucket.folders("").await.unwrap(), ["a", "b"]);
            assert_eq!(bucket.folders("a/").await.unwrap(), [""; 0]);
        });
    }
}
