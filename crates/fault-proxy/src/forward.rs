//! Passing a request on to the upstream, and its answer back.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri, header, request::Parts};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

/// Why there is no answer from the upstream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForwardError {
    #[error("the request cannot be passed on")]
    Request(#[from] http::Error),
    #[error("the upstream does not answer")]
    Upstream(#[from] hyper_util::client::legacy::Error),
    #[error("the upstream's answer breaks off")]
    Body(#[from] hyper::Error),
}

/// A client of one upstream, which keeps connections open.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Upstream {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { address, client: Client::builder(TokioExecutor::new()).build(connector) }
    }

    /// Sends the request with its own `Host`, because that is what was signed.
    pub(crate) async fn send(
        &self,
        parts: &Parts,
        body: Bytes,
    ) -> Result<Response<Full<Bytes>>, ForwardError> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let uri =
            Uri::builder().scheme("http").authority(self.address.to_string()).path_and_query(path).build()?;
        let mut request = Request::builder().method(parts.method.clone()).uri(uri).body(Full::new(body))?;
        *request.headers_mut() = end_to_end(&parts.headers);

        let (mut answer, body) = self.client.request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        let length = answer.headers.get(header::CONTENT_LENGTH).cloned();
        answer.headers = end_to_end(&answer.headers);
        // The answer to HEAD has a length and no body; everywhere else the length follows from the body.
        if let (&Method::HEAD, Some(length)) = (&parts.method, length) {
            answer.headers.insert(header::CONTENT_LENGTH, length);
        }
        Ok(Response::from_parts(answer, Full::new(body)))
    }
}

/// The headers without those that concern only one connection, or the way a body is cut up on it.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    const OF_ONE_CONNECTION: &[&str] = &[
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    let mut kept = headers.clone();
    for name in OF_ONE_CONNECTION {
        kept.remove(*name);
    }
    kept
}
