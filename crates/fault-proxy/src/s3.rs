//! Names S3 operations, which exist on the wire only as method, path and query.

use std::collections::BTreeMap;

use http::{Method, request::Parts};
use percent_encoding::percent_decode_str;

use crate::call::query_parameters;

/// Sub-resources of a bucket: the query parameter, and the noun that follows Get, Put or Delete.
const OF_BUCKET: &[(&str, &str)] = &[
    ("accelerate", "BucketAccelerateConfiguration"),
    ("acl", "BucketAcl"),
    ("cors", "BucketCors"),
    ("encryption", "BucketEncryption"),
    ("lifecycle", "BucketLifecycleConfiguration"),
    ("location", "BucketLocation"),
    ("logging", "BucketLogging"),
    ("notification", "BucketNotificationConfiguration"),
    ("object-lock", "ObjectLockConfiguration"),
    ("ownershipControls", "BucketOwnershipControls"),
    ("policy", "BucketPolicy"),
    ("policyStatus", "BucketPolicyStatus"),
    ("publicAccessBlock", "PublicAccessBlock"),
    ("replication", "BucketReplication"),
    ("requestPayment", "BucketRequestPayment"),
    ("tagging", "BucketTagging"),
    ("versioning", "BucketVersioning"),
    ("website", "BucketWebsite"),
];

/// Sub-resources of an object.
const OF_OBJECT: &[(&str, &str)] = &[
    ("acl", "ObjectAcl"),
    ("attributes", "ObjectAttributes"),
    ("legal-hold", "ObjectLegalHold"),
    ("retention", "ObjectRetention"),
    ("tagging", "ObjectTagging"),
];

/// The operation, what it is done to, and all parameters of a path-style S3 request.
pub(crate) fn describe(request: &Parts) -> (String, String, BTreeMap<String, String>) {
    let path = request.uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let (bucket, key) = (decode(bucket), decode(key));
    let mut params = query_parameters(&request.uri);
    let operation = operation(request, &bucket, &key, &params);
    let target = if key.is_empty() { bucket.clone() } else { key.clone() };
    for (name, value) in [("Bucket", bucket), ("Key", key)] {
        if !value.is_empty() {
            params.insert(name.to_owned(), value);
        }
    }
    (operation, target, params)
}

fn operation(request: &Parts, bucket: &str, key: &str, params: &BTreeMap<String, String>) -> String {
    // Many SDKs say it outright.
    if let Some(name) = params.get("x-id") {
        return name.clone();
    }
    let has = |name: &str| params.contains_key(name);
    let method = &request.method;
    let subresource = |table: &[(&str, &str)]| {
        let (_, noun) = table.iter().find(|(parameter, _)| has(parameter))?;
        Some(format!("{}{noun}", verb(method)?))
    };
    let name = match (bucket, key) {
        ("", _) => (*method == Method::GET).then_some("ListBuckets"),
        (_, "") => match subresource(OF_BUCKET) {
            Some(name) => return name,
            None => bucket_operation(method, has),
        },
        _ => match subresource(OF_OBJECT) {
            Some(name) => return name,
            None => object_operation(method, has, request.headers.contains_key("x-amz-copy-source")),
        },
    };
    name.map_or_else(|| format!("{method} {}", request.uri), str::to_owned)
}

fn verb(method: &Method) -> Option<&'static str> {
    match *method {
        Method::GET => Some("Get"),
        Method::PUT => Some("Put"),
        Method::DELETE => Some("Delete"),
        _ => None,
    }
}

fn bucket_operation(method: &Method, has: impl Fn(&str) -> bool) -> Option<&'static str> {
    Some(match *method {
        Method::GET if has("list-type") => "ListObjectsV2",
        Method::GET if has("versions") => "ListObjectVersions",
        Method::GET if has("uploads") => "ListMultipartUploads",
        Method::GET => "ListObjects",
        Method::HEAD => "HeadBucket",
        Method::PUT => "CreateBucket",
        Method::DELETE => "DeleteBucket",
        Method::POST if has("delete") => "DeleteObjects",
        _ => return None,
    })
}

fn object_operation(method: &Method, has: impl Fn(&str) -> bool, is_copy: bool) -> Option<&'static str> {
    Some(match *method {
        Method::GET if has("uploadId") => "ListParts",
        Method::GET => "GetObject",
        Method::HEAD => "HeadObject",
        Method::PUT if has("partNumber") => "UploadPart",
        Method::PUT if is_copy => "CopyObject",
        Method::PUT => "PutObject",
        Method::DELETE if has("uploadId") => "AbortMultipartUpload",
        Method::DELETE => "DeleteObject",
        Method::POST if has("uploads") => "CreateMultipartUpload",
        Method::POST if has("uploadId") => "CompleteMultipartUpload",
        _ => return None,
    })
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn name(method: &str, uri: &str) -> String {
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        let (operation, target, _) = describe(&request.into_parts().0);
        format!("{operation} {target}")
    }

    #[test]
    fn operations_are_named_by_method_path_and_query() {
        for (method, uri, expected) in [
            ("GET", "/", "ListBuckets "),
            ("PUT", "/b", "CreateBucket b"),
            ("PUT", "/b/", "CreateBucket b"),
            ("HEAD", "/b", "HeadBucket b"),
            ("GET", "/b?location", "GetBucketLocation b"),
            ("PUT", "/b?versioning", "PutBucketVersioning b"),
            ("PUT", "/b?versioning=", "PutBucketVersioning b"),
            ("PUT", "/b?publicAccessBlock", "PutPublicAccessBlock b"),
            ("DELETE", "/b?policy", "DeleteBucketPolicy b"),
            ("GET", "/b?list-type=2&prefix=iam%2F", "ListObjectsV2 b"),
            ("GET", "/b?versions", "ListObjectVersions b"),
            ("POST", "/b?delete", "DeleteObjects b"),
            ("GET", "/b/iam/head.json", "GetObject iam/head.json"),
            ("GET", "/b/iam/head.json?x-id=GetObject", "GetObject iam/head.json"),
            ("GET", "/b/a%20b?versionId=1", "GetObject a b"),
            ("HEAD", "/b/k", "HeadObject k"),
            ("PUT", "/b/k", "PutObject k"),
            ("PUT", "/b/k?tagging", "PutObjectTagging k"),
            ("DELETE", "/b/k", "DeleteObject k"),
            ("PATCH", "/b/k", "PATCH /b/k k"),
        ] {
            assert_eq!(name(method, uri), expected, "{method} {uri}");
        }
    }
}
