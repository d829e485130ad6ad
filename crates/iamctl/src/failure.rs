//! Why a command ended early, for people, and with which exit code.

use crate::exit::Exit;

/// A failure: what is wrong, what to do about it, and how the process ends.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the process ends.
    pub(crate) exit: Exit,
    /// What is wrong, in one sentence without a period; empty when all was said already.
    pub(crate) message: String,
    /// What led to it, the nearest cause first.
    pub(crate) causes: Vec<String>,
    /// What to do.
    pub(crate) help: Vec<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), causes: Vec::new(), help: Vec::new() }
    }

    /// The process ends so, and everything has been said.
    pub(crate) fn silent(exit: Exit) -> Self {
        Self::new(exit, "")
    }

    pub(crate) fn cause(mut self, cause: impl std::fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        let help = help.into();
        if !help.is_empty() {
            self.help.push(help);
        }
        self
    }
}

impl From<iamctl_aws::ConnectError> for Failure {
    fn from(error: iamctl_aws::ConnectError) -> Self {
        Self::new(Exit::Failed, error.to_string()).help(error.help())
    }
}

impl From<iamctl_aws::ReadError> for Failure {
    fn from(error: iamctl_aws::ReadError) -> Self {
        Self::new(Exit::Failed, "the account could not be read").cause(&error).help(error.help())
    }
}

impl From<iamctl_apply::ReadError> for Failure {
    fn from(error: iamctl_apply::ReadError) -> Self {
        match &error {
            iamctl_apply::ReadError::Renamed { .. } => {
                Self::new(Exit::Refused, "the name of the manifest does not fit the master copy")
            }
            _ => Self::new(Exit::Failed, "the master copy could not be read"),
        }
        .cause(&error)
        .help(error.help())
    }
}
