//! Which requests go wrong, and how.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::reply::{AwsError, Reply};
use crate::{Call, Service};

/// A rule: what happens to requests that match. Without any matcher it is every request, for ever.
///
/// Matchers add up. Of several rules, the one injected first wins. [`skip`](Self::skip) counts only requests that
/// this rule would otherwise have taken.
#[must_use = "a fault does nothing until it is handed to `Proxy::inject`"]
pub struct Fault {
    kind: Kind,
    matchers: Vec<Matcher>,
    skip: usize,
    times: usize,
}

type Matcher = Box<dyn Fn(&Call) -> bool + Send + Sync>;

/// What happens instead of forwarding a request and returning its answer.
#[derive(Clone)]
pub(crate) enum Kind {
    Error(AwsError),
    Reply(Reply),
    Cut,
    LoseReply,
    Delay(Duration),
    Hold,
    HoldReply,
    Rewrite(Rewrite),
}

/// What becomes of the body of an answer.
pub(crate) type Rewrite = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// What each fault does.
impl Fault {
    /// Answers with an AWS error in the shape of the service asked, without asking it.
    pub fn error(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        let code: Cow<'static, str> = code.into().into();
        let message = message.into().into();
        Self::new(Kind::Error(AwsError { query: (status, code.clone()), s3: (status, code), message }))
    }

    /// AWS asks to slow down: `Throttling` (400), or `SlowDown` (503) from S3. SDKs retry it.
    pub fn throttling() -> Self {
        Self::known((400, "Throttling"), (503, "SlowDown"), "Rate exceeded")
    }

    /// AWS is broken: `ServiceFailure` (500), or `InternalError` (500) from S3. SDKs retry it.
    pub fn service_failure() -> Self {
        Self::known((500, "ServiceFailure"), (500, "InternalError"), "We encountered an internal error.")
    }

    /// Something in front of AWS is broken: 503 without a body. SDKs retry it.
    pub fn unavailable() -> Self {
        Self::reply(503, "text/plain", "")
    }

    /// `AccessDenied` (403).
    pub fn access_denied() -> Self {
        Self::known(
            (403, "AccessDenied"),
            (403, "AccessDenied"),
            "User is not authorized to perform this action",
        )
    }

    /// `ExpiredToken` (403, or 400 from S3): the session's credentials are too old.
    pub fn expired_token() -> Self {
        let message = "The security token included in the request is expired";
        Self::known((403, "ExpiredToken"), (400, "ExpiredToken"), message)
    }

    /// Answers with this body, without asking the upstream: for what it never says, such as a second page.
    pub fn reply(status: u16, content_type: impl Into<String>, body: impl Into<String>) -> Self {
        Self::new(Kind::Reply(Reply::new(status, content_type, body)))
    }

    /// Cuts the connection; the upstream never sees the request.
    pub fn cut() -> Self {
        Self::new(Kind::Cut)
    }

    /// Lets the upstream carry the request out, then cuts the connection instead of answering.
    pub fn lose_reply() -> Self {
        Self::new(Kind::LoseReply)
    }

    /// Waits before forwarding.
    pub fn delay(duration: Duration) -> Self {
        Self::new(Kind::Delay(duration))
    }

    /// Keeps the request back until [`Injected::release`]. If the caller goes away meanwhile, it is never sent.
    pub fn hold() -> Self {
        Self::new(Kind::Hold)
    }

    /// Lets the upstream carry the request out, and keeps the answer back until [`Injected::release`].
    pub fn hold_reply() -> Self {
        Self::new(Kind::HoldReply)
    }

    /// Lets the upstream carry the request out, and changes the body of its answer: where the upstream answers in
    /// another way than AWS does. Without a matcher for one service it gets the objects of S3 too.
    pub fn rewrite(change: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self::new(Kind::Rewrite(Arc::new(change)))
    }

    fn known(query: (u16, &'static str), s3: (u16, &'static str), message: &'static str) -> Self {
        let borrowed = |(status, code)| (status, Cow::Borrowed(code));
        Self::new(Kind::Error(AwsError { query: borrowed(query), s3: borrowed(s3), message: message.into() }))
    }

    fn new(kind: Kind) -> Self {
        Self { kind, matchers: Vec::new(), skip: 0, times: usize::MAX }
    }
}

/// Which requests a fault strikes.
impl Fault {
    /// Only requests to this service.
    pub fn service(self, service: Service) -> Self {
        self.when(move |call| call.service == service)
    }

    /// Only this operation, as in `CreateUser` or `PutObject`.
    pub fn operation(self, operation: impl Into<String>) -> Self {
        let operation = operation.into();
        self.when(move |call| call.operation == operation)
    }

    /// Only this [`Call::target`].
    pub fn target(self, target: impl Into<String>) -> Self {
        let target = target.into();
        self.when(move |call| call.target == target)
    }

    /// Only requests for which `matches` is true. It must not call the proxy: the proxy is waiting for it.
    pub fn when(mut self, matches: impl Fn(&Call) -> bool + Send + Sync + 'static) -> Self {
        self.matchers.push(Box::new(matches));
        self
    }

    /// Lets the first `count` matching requests pass.
    pub fn skip(self, count: usize) -> Self {
        Self { skip: count, ..self }
    }

    /// Strikes at most `count` times; without this, every time.
    pub fn times(self, count: usize) -> Self {
        Self { times: count, ..self }
    }

    /// Strikes the `number`th matching request, counted from 1, and no other.
    pub fn nth(self, number: usize) -> Self {
        self.skip(number.saturating_sub(1)).times(1)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("kind", &self.kind)
            .field("matchers", &self.matchers.len())
            .field("skip", &self.skip)
            .field("times", &self.times)
            .finish()
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => f.debug_tuple("Error").field(error).finish(),
            Self::Reply(reply) => f.debug_tuple("Reply").field(reply).finish(),
            Self::Cut => f.write_str("Cut"),
            Self::LoseReply => f.write_str("LoseReply"),
            Self::Delay(duration) => f.debug_tuple("Delay").field(duration).finish(),
            Self::Hold => f.write_str("Hold"),
            Self::HoldReply => f.write_str("HoldReply"),
            Self::Rewrite(_) => f.write_str("Rewrite"),
        }
    }
}

/// A fault in force. Dropping this handle changes nothing.
#[derive(Clone, Debug)]
pub struct Injected(pub(crate) Arc<Rule>);

impl Injected {
    /// How many requests it has struck.
    #[must_use]
    pub fn hits(&self) -> usize {
        *self.0.hits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it has struck `count` requests; false if that does not happen within `timeout`.
    #[must_use = "false means that the requests did not come"]
    pub fn wait_for_hits(&self, count: usize, timeout: Duration) -> bool {
        let hits = self.0.hits.lock().unwrap_or_else(PoisonError::into_inner);
        let (hits, _) = self
            .0
            .was_hit
            .wait_timeout_while(hits, timeout, |hits| *hits < count)
            .unwrap_or_else(PoisonError::into_inner);
        *hits >= count
    }

    /// Lets go of everything that [`Fault::hold`] or [`Fault::hold_reply`] keeps back, now and later.
    pub fn release(&self) {
        self.0.released.send_replace(true);
    }

    /// Takes the fault out of force. Requests that it holds stay held.
    pub fn remove(&self) {
        self.0.removed.store(true, Ordering::Release);
    }
}

/// A fault with its counters.
#[derive(Debug)]
pub(crate) struct Rule {
    fault: Fault,
    seen: AtomicUsize,
    hits: Mutex<usize>,
    was_hit: Condvar,
    released: watch::Sender<bool>,
    removed: AtomicBool,
}

impl Rule {
    pub(crate) fn new(fault: Fault) -> Self {
        Self {
            fault,
            seen: AtomicUsize::new(0),
            hits: Mutex::new(0),
            was_hit: Condvar::new(),
            released: watch::Sender::new(false),
            removed: AtomicBool::new(false),
        }
    }

    /// Whether this rule takes `call`. Counts it, so it is to be asked once for each call.
    pub(crate) fn strikes(&self, call: &Call) -> bool {
        if self.removed.load(Ordering::Acquire) || !self.fault.matchers.iter().all(|matches| matches(call)) {
            return false;
        }
        let seen_before = self.seen.fetch_add(1, Ordering::AcqRel);
        let strikes = seen_before.checked_sub(self.fault.skip).is_some_and(|turn| turn < self.fault.times);
        if strikes {
            *self.hits.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            self.was_hit.notify_all();
        }
        strikes
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.fault.kind
    }

    pub(crate) async fn until_released(&self) {
        // The sender is in `self`, so waiting cannot fail.
        let _ = self.released.subscribe().wait_for(|released| *released).await;
    }
}
