//! Running iamctl, and what became of it.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything here takes on a slow machine, and shorter than anybody waits for a hanging test.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a command to its end, with nothing to read from.
pub(crate) fn run(command: Command) -> Finished {
    start(command).finish()
}

/// Starts a command, with nothing to read from.
pub(crate) fn start(mut command: Command) -> Running {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    starting(child)
}

/// A child that was started in some other way.
pub(crate) fn starting(mut child: Child) -> Running {
    let out = child.stdout.take().map(Said::follow).unwrap_or_default();
    let err = child.stderr.take().map(Said::follow).unwrap_or_default();
    Running { child, out, err, ended: None }
}

/// A program that runs. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    out: Said,
    err: Said,
    ended: Option<ExitStatus>,
}

impl Running {
    /// Waits until standard error holds these words.
    #[track_caller]
    pub(crate) fn wait_until_it_says(&self, words: &str) {
        assert!(self.err.wait_for(words), "it never said `{words}`, but:\n{}", self.err.text());
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// `kill -9`, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.wait().signal(), Some(9), "it ended before it was killed");
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Finished {
        let status = self.wait();
        Finished { status, out: self.out.all(), err: self.err.all() }
    }

    #[track_caller]
    fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.ended = Some(status);
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{}{}", self.out.text(), self.err.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_none() {
            // Fails only if it has ended meanwhile.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What a stream says, while it goes on.
#[derive(Default)]
pub(crate) struct Said {
    shared: Arc<Shared>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    said: Mutex<Words>,
    changed: Condvar,
}

#[derive(Default)]
struct Words {
    bytes: Vec<u8>,
    /// Nothing comes after them.
    ended: bool,
}

impl Words {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Said {
    /// Reads a stream to its end, on a thread.
    pub(crate) fn follow(mut stream: impl Read + Send + 'static) -> Self {
        let shared: Arc<Shared> = Arc::default();
        let for_reader = Arc::clone(&shared);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // A terminal ends with an error when nobody is at its other end any more.
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                for_reader.said.lock().unwrap().bytes.extend(buffer.iter().take(count));
                for_reader.changed.notify_all();
            }
            for_reader.said.lock().unwrap().ended = true;
            for_reader.changed.notify_all();
        });
        Self { shared, reader: Some(reader) }
    }

    /// What was said so far.
    pub(crate) fn text(&self) -> String {
        self.shared.said.lock().unwrap().text()
    }

    /// Waits until it holds these words; false when that does not happen.
    pub(crate) fn wait_for(&self, words: &str) -> bool {
        let Shared { said, changed } = &*self.shared;
        let goes_on = |said: &mut Words| !said.ended && !said.text().contains(words);
        let (said, _) = changed.wait_timeout_while(said.lock().unwrap(), PATIENCE, goes_on).unwrap();
        said.text().contains(words)
    }

    /// All of it.
    pub(crate) fn all(&mut self) -> String {
        self.reader.take().map(JoinHandle::join).transpose().unwrap();
        self.text()
    }
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(super) status: ExitStatus,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Finished {
    /// It ended with this exit code, and without a panic.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "{}\nstdout:\n{}\nstderr:\n{}", self.status, self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// The exit code.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Standard output and standard error hold these words, wherever lines are broken.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        let all = format!("{}\n{}", self.out, self.err);
        let flowing = all.split_whitespace().collect::<Vec<_>>().join(" ");
        for wanted in words {
            assert!(flowing.contains(wanted), "it does not say `{wanted}`, but:\n{all}");
        }
        self
    }

    /// Standard output, which is JSON and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in\n{}", self.out))
    }
}
