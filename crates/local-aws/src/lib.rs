//! Test support: a local AWS, so that tests and the demo speak the real wire protocol to a real process.
//!
//! [`LocalAws::start`] makes sure that a private Python environment with a pinned
//! [moto](https://github.com/getmoto/moto) exists in the ignored folder `.local-aws/` at the top of the
//! workspace, starts moto from it on a free loopback port, and stops it when dropped. The first call on a
//! machine downloads some 30 MB and takes around half a minute; after that a start takes half a second.
//!
//! ```no_run
//! use std::process::Command;
//! use local_aws::{LocalAws, Options};
//!
//! let aws = LocalAws::start(&Options::default())?;
//! let mut program = Command::new("some-aws-client");
//! aws.environment().apply_to(&mut program);
//! program.status()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It talks to nothing but loopback (the set-up excepted, which asks the package index that pip is
//! configured for) and reads nothing of the AWS configuration of the person who runs it. What moto lets
//! through that AWS refuses is not the business of this crate.

mod environment;
mod error;
mod python;
mod server;
mod variables;

use std::path::{Path, PathBuf};

pub use crate::error::Error;
pub use crate::server::LocalAws;
pub use crate::variables::Variables;

/// The account that requests with the usual credentials act in.
pub const ACCOUNT: &str = "123456789012";

/// The environment variable that names the Python to use, for machines where `python3` is not the right one.
pub const PYTHON_VARIABLE: &str = "LOCAL_AWS_PYTHON";

/// How a local AWS is set up and started. The default is what nearly every test wants.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether AWS's own managed policies (`arn:aws:iam::aws:policy/…`) exist. Without them, attaching one is
    /// `NoSuchEntity`; with them, the first request and every [`LocalAws::reset`] take half a second longer.
    pub managed_policies: bool,
    /// Where the Python environment is kept, instead of `.local-aws/` at the top of the workspace.
    pub folder: Option<PathBuf>,
    /// The Python to build the environment with, instead of the one that [`PYTHON_VARIABLE`] names, or else of
    /// the first suitable one on the `PATH`.
    pub python: Option<PathBuf>,
}

impl Options {
    fn folder(&self) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| workspace_root().join(".local-aws"))
    }
}

/// Whether [`prepare`] has nothing left to do: says whether a message about waiting is due.
#[must_use]
pub fn is_prepared(options: &Options) -> bool {
    environment::find(&options.folder()).is_some()
}

/// Sets up the Python environment unless it exists already, and returns the path of its interpreter.
///
/// Safe to call from several processes at once: one works, the others wait for it. An earlier attempt that was
/// killed half-way leaves nothing behind that counts.
///
/// # Errors
///
/// When there is no suitable Python, when it can make no virtual environments, or when the packages cannot be
/// had. The message says what to do.
pub fn prepare(options: &Options) -> Result<PathBuf, Error> {
    environment::ensure(options).map(|environment| environment.python())
}

/// The top of the workspace that this crate was compiled in.
fn workspace_root() -> &'static Path {
    let this_crate = Path::new(env!("CARGO_MANIFEST_DIR"));
    this_crate.ancestors().nth(2).unwrap_or(this_crate)
}
