//! The running server: a child process that lives as long as the value that stands for it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::environment::{self, Environment};
use crate::{Error, Options, Variables};

/// Half a second is usual. Many test processes starting at once on a small machine take much longer.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// Applies to each read of the answer to a request of this module.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// A local AWS, empty at the start, that answers until this value is dropped or this process ends in any way.
#[derive(Debug)]
pub struct LocalAws {
    child: Child,
    address: SocketAddr,
    endpoint: String,
    empty_file: PathBuf,
    said: Log,
}

impl LocalAws {
    /// Starts a local AWS of its own for the caller, setting up the Python environment first if need be.
    ///
    /// Any number may run side by side. An environment that does not work any more (files removed, Python
    /// upgraded underneath) is built again once.
    ///
    /// # Errors
    ///
    /// What [`prepare`](crate::prepare) fails with; and when the server does not start or does not answer.
    pub fn start(options: &Options) -> Result<Self, Error> {
        let environment = environment::ensure(options)?;
        match Self::launch(&environment, options) {
            Err(Error::Start { .. }) => Self::launch(&environment::repair(options, &environment)?, options),
            result => result,
        }
    }

    /// The URL to give to AWS clients as their endpoint, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The same as an address, for what goes between the client and the server.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The environment variables that point an AWS client here and nowhere else.
    #[must_use]
    pub fn environment(&self) -> Variables {
        self.environment_at(&self.endpoint)
    }

    /// The same, for a client that is to go through `endpoint`: a proxy in front of this server.
    #[must_use]
    pub fn environment_at(&self, endpoint: &str) -> Variables {
        Variables::new(endpoint, &self.empty_file)
    }

    /// Forgets every account, user, bucket and so on, as if freshly started.
    ///
    /// # Errors
    ///
    /// When the server does not answer, or not with success.
    pub fn reset(&self) -> Result<(), Error> {
        self.request("POST", "/moto-api/reset")
    }

    /// The end of what the server printed: tracebacks of requests that moto answered with status 500.
    #[must_use]
    pub fn log(&self) -> String {
        self.said.text()
    }

    fn launch(environment: &Environment, options: &Options) -> Result<Self, Error> {
        let state = options.folder();
        let empty_file = state.join("empty-aws-config");
        File::create(&empty_file).map_err(Error::io("create", &empty_file))?;

        let program = environment.python();
        let mut command = Command::new(&program);
        command.arg("-I").arg(environment::data_file("serve.py"));
        set_environment(&mut command, options, &empty_file);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C in a terminal goes to the whole process group. The server ends when this process does, not before.
        command.process_group(0);
        let mut child = command.spawn().map_err(Error::io("start", &program))?;

        let said = Log::default();
        let output = follow_output(&mut child, &said);
        // From here on, returning early drops the value, and that ends the child.
        let mut server = Self {
            child,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            endpoint: String::new(),
            empty_file,
            said,
        };
        let port = server.wait_for_port(output)?;
        server.address.set_port(port);
        server.endpoint = format!("http://{}", server.address);
        server.request("GET", "/moto-api/")?;
        Ok(server)
    }

    fn wait_for_port(&mut self, output: Output) -> Result<u16, Error> {
        let reason = match output.first_line.recv_timeout(START_TIMEOUT) {
            Ok(line) => match line.trim().parse() {
                Ok(port) => return Ok(port),
                Err(_) => format!("it printed `{}` where its port was expected", line.trim()),
            },
            Err(RecvTimeoutError::Timeout) => {
                return Err(Error::Silent { seconds: START_TIMEOUT.as_secs(), said: self.log() });
            }
            Err(RecvTimeoutError::Disconnected) => match self.child.wait() {
                Ok(status) => format!("it ended with {status}"),
                Err(error) => format!("it ended, and how is not known: {error}"),
            },
        };
        // What it said last explains why; the end of the process ends the reader too.
        let _ = self.child.kill();
        let _ = output.reader_of_errors.map(JoinHandle::join);
        Err(Error::Start { reason, said: self.log() })
    }

    /// Sends a request without a body and expects success. So little HTTP needs no client library.
    fn request(&self, method: &str, path: &str) -> Result<(), Error> {
        let failed = |reason: String| Error::Request { request: format!("{method} {path}"), reason };
        let answer = self.exchange(method, path).map_err(|error| failed(error.to_string()))?;
        let status_line = answer.lines().next().unwrap_or_default();
        match status_line.split(' ').nth(1) {
            Some("200") => Ok(()),
            _ => Err(failed(format!("it answered `{status_line}`"))),
        }
    }

    fn exchange(&self, method: &str, path: &str) -> std::io::Result<String> {
        let mut connection = TcpStream::connect(self.address)?;
        connection.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        write!(
            connection,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            self.address
        )?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        // Both fail only if the child has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Nothing of this process's environment but what finding shared libraries and temporary files may need.
fn set_environment(command: &mut Command, options: &Options, empty_file: &std::path::Path) {
    const KEPT: &[&str] = &["DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ"];
    command.env_clear();
    command.envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command
        // botocore looks for further service models in the home folder.
        .env("HOME", options.folder())
        .env("AWS_CONFIG_FILE", empty_file)
        .env("AWS_SHARED_CREDENTIALS_FILE", empty_file)
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("MOTO_IAM_LOAD_MANAGED_POLICIES", if options.managed_policies { "true" } else { "false" });
}

/// The child's output while it starts.
struct Output {
    first_line: Receiver<String>,
    reader_of_errors: Option<JoinHandle<()>>,
}

/// Keeps reading what the child prints, so that it never blocks on a full pipe, and hands over its first line.
fn follow_output(child: &mut Child, said: &Log) -> Output {
    let (sender, first_line) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        let said = said.clone();
        std::thread::spawn(move || follow(stdout, &said, Some(sender)));
    }
    let reader_of_errors = child.stderr.take().map(|stderr| {
        let said = said.clone();
        std::thread::spawn(move || follow(stderr, &said, None))
    });
    Output { first_line, reader_of_errors }
}

fn follow(stream: impl Read, said: &Log, mut first_line: Option<Sender<String>>) {
    for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        match first_line.take() {
            // Fails only when nobody waits for the port any more.
            Some(receiver) => drop(receiver.send(line)),
            None => said.add(&line),
        }
    }
}

/// The last lines that the server printed.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    const LINES: usize = 400;

    fn add(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == Self::LINES {
            lines.remove(0);
        }
        lines.push(line.to_owned());
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}
