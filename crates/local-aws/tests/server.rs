//! The local AWS from outside: it answers, it is private to its owner, and it never outlives it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use local_aws::{LocalAws, Options};

#[test]
fn it_answers_requests_and_forgets_everything_on_reset() {
    let aws = LocalAws::start(&Options::default()).unwrap();

    let created = iam(aws.address(), "Action=CreateUser&UserName=alice").unwrap();
    assert!(created.starts_with("HTTP/1.1 200"), "{created}");
    assert!(created.contains(&format!("arn:aws:iam::{}:user/alice", local_aws::ACCOUNT)), "{created}");

    aws.reset().unwrap();
    let gone = iam(aws.address(), "Action=GetUser&UserName=alice").unwrap();
    assert!(gone.starts_with("HTTP/1.1 404"), "{gone}");
}

#[test]
fn two_at_once_know_nothing_of_each_other() {
    let (one, other) =
        (LocalAws::start(&Options::default()).unwrap(), LocalAws::start(&Options::default()).unwrap());
    assert_ne!(one.endpoint(), other.endpoint());

    iam(one.address(), "Action=CreateUser&UserName=alice").unwrap();
    let answer = iam(other.address(), "Action=GetUser&UserName=alice").unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[test]
fn managed_policies_exist_when_asked_for() {
    let get = "Action=GetPolicy&PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess";

    let with = LocalAws::start(&Options { managed_policies: true, ..Options::default() }).unwrap();
    assert!(iam(with.address(), get).unwrap().starts_with("HTTP/1.1 200"));
    with.reset().unwrap();
    assert!(iam(with.address(), get).unwrap().starts_with("HTTP/1.1 200"), "also after a reset");

    let without = LocalAws::start(&Options::default()).unwrap();
    assert!(iam(without.address(), get).unwrap().starts_with("HTTP/1.1 404"));
}

#[test]
fn dropped_means_gone() {
    let aws = LocalAws::start(&Options::default()).unwrap();
    let address = aws.address();
    drop(aws);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn it_ends_when_its_owner_is_killed() {
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "an_owner_that_only_waits", "--nocapture"])
        .env(OWNER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let address: SocketAddr =
        lines.map_while(Result::ok).find_map(|line| line.strip_prefix("address ")?.parse().ok()).unwrap();
    assert!(TcpStream::connect(address).is_ok());

    // SIGKILL: the owner has no chance to clean up.
    owner.kill().unwrap();
    owner.wait().unwrap();

    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < deadline, "the server still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Set for the test below when it plays the owner in a process of its own; otherwise it does nothing.
const OWNER: &str = "LOCAL_AWS_TEST_PLAYS_OWNER";

#[test]
fn an_owner_that_only_waits() {
    if std::env::var_os(OWNER).is_none() {
        return;
    }
    let aws = LocalAws::start(&Options::default()).unwrap();
    // On a line of its own, whatever the test runner has printed before it.
    println!("\naddress {}", aws.address());
    std::thread::sleep(Duration::from_secs(120));
}

/// Sends a Query request as an AWS client would, and returns the whole answer.
fn iam(address: SocketAddr, query: &str) -> std::io::Result<String> {
    let body = format!("{query}&Version=2010-05-08");
    let scope = "Credential=local/20260101/us-east-1/iam/aws4_request";
    let mut connection = TcpStream::connect(address)?;
    write!(
        connection,
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}
