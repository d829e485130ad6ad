//! What a request asks for, in AWS's words rather than in HTTP's.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri, header, request::Parts};

use crate::s3;

/// The AWS service that a request is signed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Identity and Access Management.
    Iam,
    /// Security Token Service.
    Sts,
    /// Simple Storage Service.
    S3,
    /// Anything else: another service, or no AWS request at all.
    Other,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Iam => "iam",
            Self::Sts => "sts",
            Self::S3 => "s3",
            Self::Other => "other",
        })
    }
}

/// One request that reached the proxy.
///
/// Its `Display` form, as in `iam CreateUser alice`, makes good lists for assertions.
#[derive(Clone, Debug)]
pub struct Call {
    /// The service, by the credential scope of the signature.
    pub service: Service,
    /// The operation's name, as in `CreateUser` or `PutObject`. For other services, method and path.
    pub operation: String,
    /// What it is done to: the object's key or else the bucket for S3; otherwise the first that is there of
    /// `InstanceProfileName`, `OpenIDConnectProviderArn`, `Url`, `SAMLProviderArn`, `AccountAlias`, `UserName`,
    /// `RoleName`, `GroupName`, `PolicyName`, `PolicyArn`, `RoleArn`, `Name`. Empty when there is none.
    pub target: String,
    /// The parameters of a Query request but for `Action` and `Version`. For S3 those of the URL, and `Bucket` and
    /// `Key`.
    pub params: BTreeMap<String, String>,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The request's body, as sent.
    pub body: Bytes,
    /// When the whole request had arrived.
    pub at: Instant,
    /// The status that the upstream answered. None when the request has not been passed on, or is still there.
    pub upstream_status: Option<u16>,
    /// The status that the caller got. None when the connection was cut, or the answer is still on its way.
    pub status: Option<u16>,
}

/// In order of preference: a membership has a user and a group, an attachment a role and a policy.
const TARGETS: &[&str] = &[
    "InstanceProfileName",
    "OpenIDConnectProviderArn",
    "Url",
    "AccountAlias",
    "SAMLProviderArn",
    "UserName",
    "RoleName",
    "GroupName",
    "PolicyName",
    "PolicyArn",
    "RoleArn",
    // A SAML provider that is made.
    "Name",
    "AWSServiceName",
];

impl Call {
    pub(crate) fn new(request: &Parts, body: Bytes) -> Self {
        let service = service(&request.headers, &request.uri);
        let (operation, target, params) = match service {
            Service::S3 => s3::describe(request),
            _ => describe_query(request, &body),
        };
        Self {
            service: if service == Service::Other { unsigned_service(&params) } else { service },
            operation,
            target,
            params: params.into_iter().filter(|(name, _)| name != "Action" && name != "Version").collect(),
            headers: request.headers.clone(),
            body,
            at: Instant::now(),
            upstream_status: None,
            status: None,
        }
    }

    /// A parameter's value; empty when it is not there.
    #[must_use]
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A header's value; empty when it is not there, or no text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as text, with what is not UTF-8 replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether the operation changes something in the account or in a bucket, going by its name.
    #[must_use]
    pub fn is_write(&self) -> bool {
        const READS: &[&str] = &["Get", "List", "Head", "Simulate", "Generate"];
        match self.service {
            Service::Iam | Service::S3 => !READS.iter().any(|read| self.operation.starts_with(read)),
            Service::Sts | Service::Other => false,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service, self.operation)?;
        if self.target.is_empty() { Ok(()) } else { write!(f, " {}", self.target) }
    }
}

/// The service in the credential scope, `…/<date>/<region>/<service>/aws4_request`, of a signed or presigned request.
fn service(headers: &HeaderMap, uri: &Uri) -> Service {
    let in_header = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once("Credential="))
        .and_then(|(_, rest)| rest.split(',').next())
        .map(str::to_owned);
    let scope = in_header.or_else(|| query_parameters(uri).remove("X-Amz-Credential")).unwrap_or_default();
    match scope.rsplit('/').nth(1) {
        Some("iam") => Service::Iam,
        Some("sts") => Service::Sts,
        Some("s3") => Service::S3,
        _ => Service::Other,
    }
}

/// Some requests carry no signature (AssumeRoleWithWebIdentity): the version of their API gives them away.
fn unsigned_service(params: &BTreeMap<String, String>) -> Service {
    match params.get("Version").map(String::as_str) {
        Some("2010-05-08") => Service::Iam,
        Some("2011-06-15") => Service::Sts,
        _ => Service::Other,
    }
}

fn describe_query(request: &Parts, body: &[u8]) -> (String, String, BTreeMap<String, String>) {
    let mut params = query_parameters(&request.uri);
    if request.method == Method::POST && is_form(&request.headers) {
        params.extend(form_urlencoded::parse(body).into_owned());
    }
    let operation =
        params.get("Action").cloned().unwrap_or_else(|| format!("{} {}", request.method, request.uri.path()));
    let target = TARGETS.iter().find_map(|name| params.get(*name)).cloned().unwrap_or_default();
    (operation, target, params)
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"))
}

/// The parameters after the `?`, those without a value included.
pub(crate) fn query_parameters(uri: &Uri) -> BTreeMap<String, String> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn query_call(scope: &str, body: &'static str) -> Call {
        let request = Request::post("/")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
            )
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(())
            .unwrap();
        Call::new(&request.into_parts().0, Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn a_query_request_is_known_by_its_signature_and_its_action() {
        let call = query_call(
            "AKID/20260101/us-east-1/iam/aws4_request",
            "Action=AttachRolePolicy&Version=2010-05-08&RoleName=ops&PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FX",
        );
        assert_eq!(call.to_string(), "iam AttachRolePolicy ops");
        assert_eq!(call.param("PolicyArn"), "arn:aws:iam::aws:policy/X");
        assert_eq!(call.params.len(), 2, "neither Action nor Version");
        assert!(call.is_write());
    }

    #[test]
    fn an_unsigned_request_is_known_by_the_version_of_its_api() {
        let call = query_call("", "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn");
        assert_eq!(call.to_string(), "sts AssumeRoleWithWebIdentity arn");
    }

    #[test]
    fn asking_who_one_is_is_no_write() {
        let call = query_call(
            "AKID/20260101/us-east-1/sts/aws4_request",
            "Action=GetCallerIdentity&Version=2011-06-15",
        );
        assert_eq!(call.to_string(), "sts GetCallerIdentity");
        assert!(!call.is_write());
    }

    #[test]
    fn what_is_no_aws_request_is_named_by_method_and_path() {
        let request = Request::post("/moto-api/reset").body(()).unwrap();
        let call = Call::new(&request.into_parts().0, Bytes::new());
        assert_eq!(call.to_string(), "other POST /moto-api/reset");
    }
}
