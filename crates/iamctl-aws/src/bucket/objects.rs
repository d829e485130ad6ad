//! Objects: read, written under a condition, deleted under a condition, listed.

use std::time::Duration;

use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use iamctl_apply::{Condition, ETag, ErrorClass, Object, StoreError};

use super::AwsBucket;
use crate::failure::Failure;
use crate::pages::Markers;

/// Waits before a conditional request that collided with another one is made again. S3 asks for it.
const AFTER_CONFLICT: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(600), Duration::from_millis(1_800)];

/// How often a body that breaks off is asked for again: the SDK repeats requests, not bodies.
const BODY_ATTEMPTS: usize = 3;

const GET: &str = "s3:GetObject";
const PUT: &str = "s3:PutObject";
const DELETE: &str = "s3:DeleteObject";
pub(super) const LIST: &str = "s3:ListBucket";

impl AwsBucket {
    pub(super) async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
        let call = self.client.get_object().bucket(&self.name).key(key);
        let call = call.expected_bucket_owner(self.owner.as_str());
        let mut broken = String::new();
        for _ in 0..BODY_ATTEMPTS {
            let answer = match call.clone().send().await.map_err(Failure::from) {
                Ok(answer) => answer,
                Err(failure) if failure.code() == "NoSuchKey" => return Ok(None),
                Err(failure) => return Err(self.error(GET, failure)),
            };
            let etag = etag(answer.e_tag)?;
            match answer.body.collect().await {
                Ok(body) => return Ok(Some(Object { bytes: body.to_vec(), etag })),
                Err(error) => broken = error.to_string(),
            }
        }
        Err(other(format!("`{key}` could not be read to its end: {broken}")))
    }

    pub(super) async fn write(
        &self,
        key: &str,
        bytes: Vec<u8>,
        condition: Condition,
    ) -> Result<ETag, StoreError> {
        let mut waits = AFTER_CONFLICT.iter();
        loop {
            let call = self.put_call(key, &condition).body(ByteStream::from(bytes.clone()));
            let failure = match call.send().await.map_err(Failure::from) {
                Ok(answer) => return etag(answer.e_tag),
                Err(failure) => failure,
            };
            let failed = match (failure.code(), &condition) {
                // Nothing there to match.
                ("NoSuchKey", Condition::IfMatch(_)) => StoreError::Precondition,
                _ if failure.class == ErrorClass::Busy => match waits.next() {
                    Some(wait) => {
                        tokio::time::sleep(*wait).await;
                        continue;
                    }
                    None => self.error(PUT, failure),
                },
                _ => self.error(PUT, failure),
            };
            return match failed {
                StoreError::Precondition => self.unless_written(key, &bytes).await,
                failed => Err(failed),
            };
        }
    }

    fn put_call(&self, key: &str, condition: &Condition) -> PutObjectFluentBuilder {
        let call = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .expected_bucket_owner(self.owner.as_str())
            .content_type(content_type(key));
        match condition {
            Condition::Always => call,
            Condition::IfAbsent => call.if_none_match("*"),
            Condition::IfMatch(version) => call.if_match(&version.0),
        }
    }

    /// Success when an object holds these bytes: the condition failed because an attempt before, whose
    /// answer was lost, had written it.
    async fn unless_written(&self, key: &str, bytes: &[u8]) -> Result<ETag, StoreError> {
        match self.read(key).await? {
            Some(object) if object.bytes == bytes => Ok(object.etag),
            _ => Err(StoreError::Precondition),
        }
    }

    pub(super) async fn remove(&self, key: &str, version: &ETag) -> Result<(), StoreError> {
        let call = self
            .client
            .delete_object()
            .bucket(&self.name)
            .key(key)
            .if_match(&version.0)
            .expected_bucket_owner(self.owner.as_str());
        let mut waits = AFTER_CONFLICT.iter();
        loop {
            let Err(failure) = call.clone().send().await.map_err(Failure::from) else { return Ok(()) };
            if failure.code() == "NoSuchKey" {
                return Ok(());
            }
            match waits.next() {
                Some(wait) if failure.class == ErrorClass::Busy => tokio::time::sleep(*wait).await,
                _ => return Err(self.error(DELETE, failure)),
            }
        }
    }

    pub(super) async fn keys(
        &self,
        prefix: &str,
        start_after: Option<&str>,
    ) -> Result<Vec<String>, StoreError> {
        let call = self
            .client
            .list_objects_v2()
            .bucket(&self.name)
            .prefix(prefix)
            .set_start_after(start_after.map(str::to_owned))
            .expected_bucket_owner(self.owner.as_str());
        let (mut keys, mut markers, mut marker) = (Vec::<String>::new(), Markers::default(), None);
        loop {
            let page = call.clone().set_continuation_token(marker).send().await;
            let page = page.map_err(|error| self.error(LIST, error))?;
            let is_truncated = page.is_truncated.unwrap_or(false);
            marker = markers
                .next(is_truncated, page.next_continuation_token.as_deref())
                .map_err(|broken| other(format!("the list of `{prefix}`: {}", broken.as_str())))?;
            for key in page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key) {
                let last = keys.last().map(String::as_str).or(start_after);
                if !key.starts_with(prefix) || last.is_some_and(|last| *last >= *key) {
                    return Err(out_of_order(prefix, &key));
                }
                keys.push(key);
            }
            if marker.is_none() {
                return Ok(keys);
            }
        }
    }

    pub(super) async fn folders_under(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let call = self
            .client
            .list_objects_v2()
            .bucket(&self.name)
            .prefix(prefix)
            .delimiter("/")
            .expected_bucket_owner(self.owner.as_str());
        let (mut folders, mut markers, mut marker) = (Vec::<String>::new(), Markers::default(), None);
        loop {
            let page = call.clone().set_continuation_token(marker).send().await;
            let page = page.map_err(|error| self.error(LIST, error))?;
            marker = markers
                .next(page.is_truncated.unwrap_or(false), page.next_continuation_token.as_deref())
                .map_err(|broken| other(format!("the list of `{prefix}`: {}", broken.as_str())))?;
            let listed = page.common_prefixes.unwrap_or_default().into_iter();
            for folder in listed.filter_map(|folder| folder.prefix) {
                // Compared with the slash, as S3 sorts them.
                if !folder.starts_with(prefix) || folders.last().is_some_and(|last| *last >= folder) {
                    return Err(out_of_order(prefix, &folder));
                }
                folders.push(folder);
            }
            if marker.is_none() {
                let name =
                    |folder: &String| folder.strip_prefix(prefix)?.strip_suffix('/').map(str::to_owned);
                return Ok(folders.iter().filter_map(name).collect());
            }
        }
    }
}

fn out_of_order(prefix: &str, key: &str) -> StoreError {
    other(format!("the list of `{prefix}` is out of order at `{}`", key.escape_debug()))
}

fn etag(etag: Option<String>) -> Result<ETag, StoreError> {
    etag.map(ETag).ok_or_else(|| other("S3 answered without the version mark of the object".to_owned()))
}

pub(super) fn other(message: String) -> StoreError {
    StoreError::Other { code: None, message, request_id: None }
}

fn content_type(key: &str) -> &'static str {
    match key.rsplit_once('.').map(|(_, extension)| extension) {
        Some("json") => "application/json",
        Some("yaml" | "yml") => "application/yaml",
        _ => "text/plain; charset=utf-8",
    }
}
