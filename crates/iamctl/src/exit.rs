//! How the process ends.

use std::process::{ExitCode, Termination};

/// The exit codes: a contract with scripts. They change only with the major version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done, or there was nothing to do.
    Done = 0,
    /// Something failed, wholly or in part.
    Failed = 1,
    /// There are changes: `plan --detailed-exitcode`.
    Pending = 2,
    /// The manifest is not valid.
    Invalid = 3,
    /// A guard refused; the message names what would let it pass.
    Refused = 4,
    /// Another run holds the lock.
    Locked = 5,
    /// The person said no, or there was no terminal to ask at and no `--yes`.
    Declined = 6,
    /// The command line is wrong.
    Usage = 64,
    /// Interrupted.
    Interrupted = 130,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
