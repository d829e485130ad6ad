//! Error replies in the two shapes that AWS's XML services use.

use std::borrow::Cow;

use crate::Service;

/// A whole reply, made up by the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: impl Into<String>, body: impl Into<String>) -> Self {
        Self { status, headers: vec![("content-type", content_type.into())], body: body.into() }
    }
}

/// An AWS error. S3 has other codes than IAM and STS for what is the same event.
#[derive(Clone, Debug)]
pub(crate) struct AwsError {
    pub(crate) query: (u16, Cow<'static, str>),
    pub(crate) s3: (u16, Cow<'static, str>),
    pub(crate) message: Cow<'static, str>,
}

/// The request id of every AWS error that the proxy makes up, so that tests can look for it in messages and records.
pub const REQUEST_ID: &str = "fa017000-0000-4000-8000-000000000001";

impl AwsError {
    pub(crate) fn reply(&self, service: Service) -> Reply {
        let (status, id_header, body) = match service {
            Service::S3 => (self.s3.0, "x-amz-request-id", self.s3_body()),
            _ => (self.query.0, "x-amzn-requestid", self.query_body()),
        };
        let mut reply =
            Reply::new(status, "text/xml", format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}"));
        // Clients take the id from here, not from the body.
        reply.headers.push((id_header, REQUEST_ID.to_owned()));
        reply
    }

    fn query_body(&self) -> String {
        let (status, code) = &self.query;
        let (code, message) = (escape(code), escape(&self.message));
        let side = if *status < 500 { "Sender" } else { "Receiver" };
        let error = format!("<Type>{side}</Type><Code>{code}</Code><Message>{message}</Message>");
        format!("<ErrorResponse><Error>{error}</Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>")
    }

    fn s3_body(&self) -> String {
        let (code, message) = (escape(&self.s3.1), escape(&self.message));
        let ids = format!("<RequestId>{REQUEST_ID}</RequestId><HostId>fault-proxy</HostId>");
        format!("<Error><Code>{code}</Code><Message>{message}</Message>{ids}</Error>")
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENIED: AwsError = AwsError {
        query: (403, Cow::Borrowed("AccessDenied")),
        s3: (403, Cow::Borrowed("AccessDenied")),
        message: Cow::Borrowed("not <you> & me"),
    };

    #[test]
    fn a_query_error_is_wrapped_and_names_its_side() {
        let body = DENIED.reply(Service::Iam).body;
        let error = "<Type>Sender</Type><Code>AccessDenied</Code><Message>not &lt;you&gt; &amp; me</Message>";
        assert!(body.contains(&format!("<ErrorResponse><Error>{error}</Error><RequestId>")), "{body}");
    }

    #[test]
    fn an_s3_error_is_bare() {
        let body = DENIED.reply(Service::S3).body;
        assert!(body.contains("\n<Error><Code>AccessDenied</Code><Message>not &lt;you&gt; "), "{body}");
    }
}
