//! Every fault, seen by a client and by an upstream that only counts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fault_proxy::{Fault, Proxy, Service};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(50);

#[test]
fn requests_pass_and_are_written_down_in_order() -> Outcome {
    let (upstream, proxy) = pair()?;

    assert_eq!(send(proxy.address(), "Action=CreateUser&UserName=alice")?, "200 done");
    assert_eq!(send(proxy.address(), "Action=DeleteUser&UserName=bob")?, "200 done");

    let calls: Vec<String> = proxy.calls().iter().map(ToString::to_string).collect();
    assert_eq!(calls, ["iam CreateUser alice", "iam DeleteUser bob"]);
    assert!(proxy.calls().iter().all(|call| call.status == Some(200) && call.upstream_status == Some(200)));
    assert_eq!(proxy.count(|call| call.target == "bob"), 1);
    assert_eq!(upstream.requests(), 2);
    proxy.clear();
    assert!(proxy.calls().is_empty());
    Ok(())
}

#[test]
fn an_error_is_answered_without_asking_the_upstream() -> Outcome {
    let (upstream, proxy) = pair()?;
    proxy.inject(Fault::throttling());

    let answer = send(proxy.address(), "Action=ListUsers")?;

    assert!(answer.starts_with("400 <?xml") && answer.contains("<Code>Throttling</Code>"), "{answer}");
    let call = proxy.calls().remove(0);
    assert_eq!((call.upstream_status, call.status), (None, Some(400)));
    assert_eq!(upstream.requests(), 0);
    Ok(())
}

#[test]
fn matchers_add_up_and_turns_are_counted() -> Outcome {
    let (_upstream, proxy) = pair()?;
    let on_bob = Fault::access_denied().service(Service::Iam).operation("CreateUser").target("bob");
    let injected = proxy.inject(on_bob.skip(1).times(2));

    assert_eq!(send(proxy.address(), "Action=CreateUser&UserName=alice")?, "200 done");
    let statuses = (0..4)
        .map(|_| Ok(send(proxy.address(), "Action=CreateUser&UserName=bob")?.chars().take(3).collect()))
        .collect::<std::io::Result<Vec<String>>>()?;

    assert_eq!(statuses, ["200", "403", "403", "200"]);
    assert_eq!(injected.hits(), 2);
    Ok(())
}

#[test]
fn the_nth_request_alone_is_struck() -> Outcome {
    let (_upstream, proxy) = pair()?;
    proxy.inject(Fault::unavailable().nth(2));
    let answers = (0..3).map(|_| send(proxy.address(), "Action=ListUsers")).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(answers, ["200 done", "503 ", "200 done"]);
    Ok(())
}

#[test]
fn the_first_fault_wins_and_a_removed_one_is_out_of_force() -> Outcome {
    let (_upstream, proxy) = pair()?;
    let first = proxy.inject(Fault::reply(200, "text/plain", "a page"));
    proxy.inject(Fault::service_failure());

    assert_eq!(send(proxy.address(), "Action=ListUsers")?, "200 a page");
    first.remove();
    assert!(send(proxy.address(), "Action=ListUsers")?.starts_with("500 "));
    proxy.remove_faults();
    assert_eq!(send(proxy.address(), "Action=ListUsers")?, "200 done");
    Ok(())
}

#[test]
fn a_cut_request_never_arrives_and_a_lost_reply_was_carried_out() -> Outcome {
    let (upstream, proxy) = pair()?;
    proxy.inject(Fault::cut().operation("CreateUser"));
    proxy.inject(Fault::lose_reply().operation("DeleteUser"));

    assert_eq!(send(proxy.address(), "Action=CreateUser")?, "");
    assert_eq!(upstream.requests(), 0);
    assert_eq!(send(proxy.address(), "Action=DeleteUser")?, "");
    assert_eq!(upstream.requests(), 1);

    let seen: Vec<_> = proxy.calls().iter().map(|call| (call.upstream_status, call.status)).collect();
    assert_eq!(seen, [(None, None), (Some(200), None)]);
    Ok(())
}

#[test]
fn a_delayed_request_arrives_later() -> Outcome {
    let (_upstream, proxy) = pair()?;
    proxy.inject(Fault::delay(SHORT));
    let start = Instant::now();
    assert_eq!(send(proxy.address(), "Action=ListUsers")?, "200 done");
    assert!(start.elapsed() >= SHORT);
    Ok(())
}

#[test]
fn a_held_request_goes_on_when_released() -> Outcome {
    let (upstream, proxy) = pair()?;
    let held = proxy.inject(Fault::hold());

    std::thread::scope(|scope| {
        let answer = scope.spawn(|| send(proxy.address(), "Action=CreateUser&UserName=alice"));
        assert!(held.wait_for_hits(1, LONG));
        assert_eq!(upstream.requests(), 0);
        held.release();
        assert_eq!(answer.join().unwrap().unwrap(), "200 done");
    });
    Ok(())
}

#[test]
fn a_held_request_is_never_sent_when_its_caller_goes_away() -> Outcome {
    let (upstream, proxy) = pair()?;
    let held = proxy.inject(Fault::hold().times(1));

    let connection = open(proxy.address(), "Action=CreateUser&UserName=alice")?;
    assert!(held.wait_for_hits(1, LONG));
    drop(connection);
    std::thread::sleep(SHORT);
    held.release();

    assert_eq!(send(proxy.address(), "Action=ListUsers")?, "200 done");
    assert_eq!(upstream.requests(), 1, "only the second");
    Ok(())
}

#[test]
fn a_held_reply_belongs_to_a_request_that_was_carried_out() -> Outcome {
    let (upstream, proxy) = pair()?;
    proxy.inject(Fault::hold_reply());

    let connection = open(proxy.address(), "Action=CreateUser&UserName=alice")?;
    let call = proxy.wait_for(LONG, |call| call.upstream_status == Some(200)).unwrap();

    assert_eq!(call.status, None);
    assert_eq!(upstream.requests(), 1);
    drop(connection);
    Ok(())
}

#[test]
fn a_rewritten_answer_belongs_to_a_request_that_was_carried_out() -> Outcome {
    let (upstream, proxy) = pair()?;
    proxy.inject(Fault::rewrite(|body| body.replace("done", "done, and more")).operation("CreateUser"));

    assert_eq!(send(proxy.address(), "Action=CreateUser&UserName=alice")?, "200 done, and more");
    assert_eq!(send(proxy.address(), "Action=ListUsers")?, "200 done");

    assert_eq!(upstream.requests(), 2);
    assert_eq!(proxy.calls()[0].upstream_status, Some(200));
    Ok(())
}

#[test]
fn waiting_for_what_never_comes_ends() -> Outcome {
    let (_upstream, proxy) = pair()?;
    assert!(proxy.wait_for(SHORT, |_| true).is_none());
    assert!(!proxy.inject(Fault::cut()).wait_for_hits(1, SHORT));
    Ok(())
}

#[test]
fn an_upstream_that_is_not_there_is_a_bad_gateway() -> Outcome {
    let nobody = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let proxy = Proxy::start(nobody)?;
    let answer = send(proxy.address(), "Action=ListUsers")?;
    assert!(answer.starts_with("502 fault-proxy: the upstream does not answer"), "{answer}");
    Ok(())
}

#[test]
fn dropping_the_proxy_closes_what_it_holds() -> Outcome {
    let (_upstream, proxy) = pair()?;
    let held = proxy.inject(Fault::hold());
    let mut connection = open(proxy.address(), "Action=ListUsers")?;
    assert!(held.wait_for_hits(1, LONG));

    drop(proxy);

    let mut answer = String::new();
    // Closed in good order or reset: either way there is no answer, and no waiting for one.
    let _ = connection.read_to_string(&mut answer);
    assert_eq!(answer, "");
    Ok(())
}

type Outcome = Result<(), std::io::Error>;

/// An HTTP server that says `done` to everything and counts.
struct Upstream {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Upstream {
    fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let upstream = Self { address: listener.local_addr()?, requests: Arc::default() };
        let requests = Arc::clone(&upstream.requests);
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let requests = Arc::clone(&requests);
                std::thread::spawn(move || serve(connection, &requests));
            }
        });
        Ok(upstream)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn serve(mut connection: TcpStream, requests: &AtomicUsize) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap_or(0);
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        requests.fetch_add(1, Ordering::SeqCst);
        connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")?;
    }
}

fn pair() -> std::io::Result<(Upstream, Proxy)> {
    let upstream = Upstream::start()?;
    let proxy = Proxy::start(upstream.address)?;
    Ok((upstream, proxy))
}

/// Sends an IAM request and leaves the answer unread.
fn open(address: SocketAddr, body: &str) -> std::io::Result<TcpStream> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(LONG))?;
    let scope = "Credential=local/20260101/us-east-1/iam/aws4_request";
    write!(
        connection,
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    Ok(connection)
}

/// Sends an IAM request; returns status and body, or nothing when the connection was closed without an answer.
fn send(address: SocketAddr, body: &str) -> std::io::Result<String> {
    let mut answer = String::new();
    open(address, body)?.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    Ok(if answer.is_empty() { String::new() } else { format!("{status} {body}") })
}
