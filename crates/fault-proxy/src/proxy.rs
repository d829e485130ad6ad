//! The proxy itself: its thread, its log of calls, and what happens to a request on its way.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdTcpListener};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::fault::{Kind, Rewrite, Rule};
use crate::forward::{ForwardError, Upstream};
use crate::reply::Reply;
use crate::{Call, Fault, Injected};

/// A running proxy. Dropping it closes every connection.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    endpoint: String,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy in front of the HTTP server at `upstream`. Nothing needs to listen there yet.
    ///
    /// # Errors
    ///
    /// When the system has no port or no thread to give.
    pub fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = StdTcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let state = Arc::new(State::default());
        let (stop, stopped) = oneshot::channel();

        let for_thread = Arc::clone(&state);
        let thread = std::thread::Builder::new().name("fault-proxy".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, Upstream::new(upstream), for_thread) => {}
                    _ = stopped => {}
                }
            });
            // Dropping the runtime drops every connection, held requests included.
        })?;
        let endpoint = format!("http://{address}");
        Ok(Self { address, endpoint, state, stop: Some(stop), thread: Some(thread) })
    }

    /// The URL to give to AWS clients as their endpoint, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The same as an address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every request since the start or the last [`clear`](Self::clear), in order of arrival.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state.lock().calls.values().cloned().collect()
    }

    /// How many of [`calls`](Self::calls) fulfil `condition`.
    pub fn count(&self, condition: impl Fn(&Call) -> bool) -> usize {
        self.state.lock().calls.values().filter(|call| condition(call)).count()
    }

    /// Waits for a call that fulfils `condition`, past or coming; nothing if there is none within `timeout`.
    /// A condition on [`Call::status`] waits for the answer.
    pub fn wait_for(&self, timeout: Duration, condition: impl Fn(&Call) -> bool) -> Option<Call> {
        let find = |calls: &BTreeMap<u64, Call>| calls.values().find(|call| condition(call)).cloned();
        let (inner, _) = self
            .state
            .changed
            .wait_timeout_while(self.state.lock(), timeout, |inner| find(&inner.calls).is_none())
            .unwrap_or_else(PoisonError::into_inner);
        find(&inner.calls)
    }

    /// Forgets the calls so far. Faults stay in force, and so do their counters.
    pub fn clear(&self) {
        self.state.lock().calls.clear();
    }

    /// Puts a fault in force from the next request on, after those that are in force already.
    pub fn inject(&self, fault: Fault) -> Injected {
        let rule = Arc::new(Rule::new(fault));
        self.state.lock().rules.push(Arc::clone(&rule));
        Injected(rule)
    }

    /// Takes every fault out of force. Requests that are held stay held.
    pub fn remove_faults(&self) {
        self.state.lock().rules.clear();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Fails only if the thread has ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the proxy's thread and its owner share.
#[derive(Debug, Default)]
struct State {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    next_id: u64,
    calls: BTreeMap<u64, Call>,
    rules: Vec<Arc<Rule>>,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a call down and finds the rule for it, in one go: the order of the log is the order of counting.
    fn arrive(&self, call: Call) -> (u64, Option<Arc<Rule>>) {
        let mut inner = self.lock();
        let rule = inner.rules.iter().find(|rule| rule.strikes(&call)).cloned();
        let id = inner.next_id;
        inner.next_id += 1;
        inner.calls.insert(id, call);
        self.changed.notify_all();
        (id, rule)
    }

    /// Adds to a call what has become known, unless it was forgotten meanwhile.
    fn update(&self, id: u64, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.lock().calls.get_mut(&id) {
            change(call);
        }
        self.changed.notify_all();
    }
}

/// The reason given to the HTTP server for closing a connection without an answer.
#[derive(Debug, thiserror::Error)]
enum Abort {
    #[error("cut on purpose")]
    OnPurpose,
    #[error("the request breaks off")]
    Request(#[from] hyper::Error),
    #[error("the answer cannot be built")]
    Reply(#[from] http::Error),
    #[error("the task that passes the request on was stopped")]
    Forward(#[from] tokio::task::JoinError),
}

async fn serve(listener: StdTcpListener, upstream: Upstream, state: Arc<State>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    loop {
        // Accepting fails when a client is gone already or when files run out; neither is worth ending for.
        let Ok((connection, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        tokio::spawn(serve_connection(connection, upstream.clone(), Arc::clone(&state)));
    }
}

async fn serve_connection(connection: TcpStream, upstream: Upstream, state: Arc<State>) {
    // Fails only on a connection that is closed already.
    let _ = connection.set_nodelay(true);
    let service = service_fn(|request| handle(request, upstream.clone(), Arc::clone(&state)));
    // An error here is a fault of ours or a caller that went away: both are business as usual.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(connection), service).await;
}

async fn handle(
    request: Request<Incoming>,
    upstream: Upstream,
    state: Arc<State>,
) -> Result<Response<Full<Bytes>>, Abort> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let call = Call::new(&parts, body.clone());
    let service = call.service;
    let (id, rule) = state.arrive(call);

    // In a task of its own: like AWS, it carries out what has arrived even if the caller goes away.
    let forward = {
        let state = Arc::clone(&state);
        move || tokio::spawn(async move { forward(&upstream, &parts, body, &state, id).await })
    };
    let response = match rule.as_deref().map(Rule::kind) {
        None => forward().await??,
        Some(Kind::Error(error)) => made_up(&error.reply(service))?,
        Some(Kind::Reply(reply)) => made_up(reply)?,
        Some(Kind::Cut) => return Err(Abort::OnPurpose),
        Some(Kind::LoseReply) => {
            forward().await??;
            return Err(Abort::OnPurpose);
        }
        Some(Kind::Delay(duration)) => {
            tokio::time::sleep(*duration).await;
            forward().await??
        }
        Some(Kind::Hold) => {
            until_released(rule.as_deref()).await;
            forward().await??
        }
        Some(Kind::HoldReply) => {
            let response = forward().await??;
            until_released(rule.as_deref()).await;
            response
        }
        Some(Kind::Rewrite(change)) => rewritten(forward().await??, change).await,
    };
    state.update(id, |call| call.status = Some(response.status().as_u16()));
    Ok(response)
}

/// The same answer with another body; its length follows from that.
async fn rewritten(response: Response<Full<Bytes>>, change: &Rewrite) -> Response<Full<Bytes>> {
    let (parts, body) = response.into_parts();
    let Ok(body) = body.collect().await;
    let body = change(&String::from_utf8_lossy(&body.to_bytes()));
    Response::from_parts(parts, Full::new(Bytes::from(body)))
}

async fn until_released(rule: Option<&Rule>) {
    if let Some(rule) = rule {
        rule.until_released().await;
    }
}

async fn forward(
    upstream: &Upstream,
    parts: &http::request::Parts,
    body: Bytes,
    state: &State,
    id: u64,
) -> Result<Response<Full<Bytes>>, Abort> {
    match upstream.send(parts, body).await {
        Ok(response) => {
            state.update(id, |call| call.upstream_status = Some(response.status().as_u16()));
            Ok(response)
        }
        Err(error) => bad_gateway(&error),
    }
}

fn bad_gateway(error: &ForwardError) -> Result<Response<Full<Bytes>>, Abort> {
    made_up(&Reply::new(502, "text/plain", format!("fault-proxy: {error}")))
}

fn made_up(reply: &Reply) -> Result<Response<Full<Bytes>>, Abort> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    Ok(response.body(Full::new(Bytes::from(reply.body.clone())))?)
}
