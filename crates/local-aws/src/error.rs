//! What can go wrong while setting up or starting the local AWS.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no local AWS. Messages are for the person at the terminal: they say what to install or look at.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No Python at all was found.
    #[error(
        "the local AWS needs Python 3.{oldest} or newer, and there is no `{tried}` here\n  \
         install it (Debian, Ubuntu: `apt-get install python3 python3-venv`; Fedora: `dnf install python3`; \
         macOS: `brew install python`),\n  \
         or name one in the environment variable {variable}", variable = crate::PYTHON_VARIABLE
    )]
    NoPython {
        /// What was looked for.
        tried: String,
        /// The minor version of the oldest Python that will do.
        oldest: u32,
    },
    /// Only older Pythons were found than moto runs on.
    #[error(
        "the local AWS needs Python 3.{oldest} or newer, and `{python}` is {found}\n  \
         install a newer one beside it (Fedora, RHEL: `dnf install python3.12`; Debian has it from 12 on),\n  \
         or name one in the environment variable {variable}", variable = crate::PYTHON_VARIABLE
    )]
    OldPython {
        /// The Python that was found.
        python: String,
        /// Its version, as in `3.9`.
        found: String,
        /// The minor version of the oldest Python that will do.
        oldest: u32,
    },
    /// Python can make no virtual environment, and there is no pip to fill a bare one.
    #[error(
        "`{python}` has neither the `ensurepip` module nor `pip`, so it can make no virtual environment\n  \
         install one of them (Debian, Ubuntu: `apt-get install python3-venv`, or `python{version}-venv` if \
         this Python is not the default one)\n  \
         it said: {said}"
    )]
    NoVenv {
        /// The Python that was tried.
        python: String,
        /// Its version, as in `3.11`.
        version: String,
        /// The end of what `python -m venv` printed.
        said: String,
    },
    /// pip could not install the packages.
    #[error(
        "the packages of the local AWS could not be installed\n  \
         they come from the package index that pip is configured for (PIP_INDEX_URL, pip.conf; PyPI by default)\n  \
         pip said: {said}"
    )]
    Packages {
        /// The end of what pip printed.
        said: String,
    },
    /// The server ended before it was ready.
    #[error("the local AWS did not start: {reason}\n  it said: {said}")]
    Start {
        /// What was seen from outside.
        reason: String,
        /// The end of what the server printed.
        said: String,
    },
    /// The server neither ended nor said where it listens.
    #[error("the local AWS did not start within {seconds} s\n  it said: {said}")]
    Silent {
        /// How long it was waited for.
        seconds: u64,
        /// The end of what the server printed.
        said: String,
    },
    /// The running server did not answer a request of ours as it should.
    #[error("the local AWS did not answer `{request}`: {reason}")]
    Request {
        /// The request line.
        request: String,
        /// What came instead.
        reason: String,
    },
    /// A file or a process could not be worked with.
    #[error("failed to {action} `{}`", path.display())]
    Io {
        /// What was attempted, as a verb.
        action: &'static str,
        /// With which file, folder or program.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: adds to an I/O error what was attempted, and with what.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

/// The message, and not the structure: what a test's `unwrap()` prints is read by people who lack Python.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        self.source().map_or(Ok(()), |source| write!(f, ": {source}"))
    }
}
