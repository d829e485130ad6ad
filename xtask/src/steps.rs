//! Running programs for a reader to watch, with their output left as it is.

use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail};

/// Runs a command and returns its exit code; dying of a signal counts as in a shell, 128 and its number.
pub(crate) fn exit_code(command: &mut Command) -> Result<u8> {
    let status = command
        .status()
        .with_context(|| format!("failed to run `{}`", command.get_program().to_string_lossy()))?;
    Ok(code_of(status))
}

/// Runs a command that has to end with the exit code `expected`.
pub(crate) fn expect(command: &mut Command, expected: u8, shown_as: &str) -> Result<()> {
    let code = exit_code(command)?;
    if code != expected {
        bail!("`{shown_as}` ended with exit code {code}, and {expected} was expected");
    }
    Ok(())
}

fn code_of(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn exit_codes_are_those_of_a_shell() {
        assert_eq!(exit_code(&mut shell("exit 2")).unwrap(), 2);
        assert_eq!(exit_code(&mut shell("kill -9 $$")).unwrap(), 137);
    }

    #[test]
    fn another_exit_code_than_expected_is_an_error_that_names_the_command() {
        assert!(expect(&mut shell("exit 2"), 2, "iamctl plan").is_ok());
        let message = expect(&mut shell("exit 4"), 2, "iamctl plan").unwrap_err().to_string();
        assert_eq!(message, "`iamctl plan` ended with exit code 4, and 2 was expected");
    }
}
