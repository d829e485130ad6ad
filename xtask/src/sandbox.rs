//! `cargo xtask sandbox`: a local AWS to play with.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use local_aws::{LocalAws, Variables};

use crate::signals::Signals;
use crate::{build, say, setup, steps};

/// The local AWS shows at once what was done to it, so iamctl need not look again for it.
const CATCH_UP: (&str, &str) = ("IAMCTL_CATCH_UP", "0");

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Run your shell in the sandbox, and stop the local AWS when it ends.
    #[arg(long, conflicts_with = "command")]
    shell: bool,
    /// A command to run in the sandbox, after `--`; the local AWS stops when it ends.
    #[arg(last = true)]
    command: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let program = build::iamctl()?;
    let signals = Signals::note()?;
    let aws = setup::start()?;
    let folder = program.parent().context("iamctl lies in no folder")?;
    let environment = aws.environment();
    let shell = || std::env::var("SHELL").unwrap_or_else(|_| "/bin/sh".to_owned());
    let command = if arguments.shell { vec![shell()] } else { arguments.command.clone() };
    let Some((program, rest)) = command.split_first() else {
        explain(&aws, &environment, &folder.display().to_string());
        signals.wait();
        say::line("\nThe local AWS is gone.");
        return Ok(ExitCode::SUCCESS);
    };
    let mut command = Command::new(program);
    command.args(rest).env("PATH", path_with(folder)?);
    environment.apply_to(&mut command);
    command.env(CATCH_UP.0, CATCH_UP.1);
    steps::exit_code(&mut command).map(ExitCode::from)
}

fn path_with(folder: &std::path::Path) -> Result<std::ffi::OsString> {
    let present = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&present));
    std::env::join_paths(folders).context("failed to put iamctl on the PATH")
}

fn explain(aws: &LocalAws, environment: &Variables, folder: &str) {
    say::heading(&format!("a local AWS at {}, account {}", aws.endpoint(), local_aws::ACCOUNT));
    say::remark("It is empty, knows AWS's managed policies, and is gone when this ends: Ctrl-C.");
    say::remark("Paste this into another shell, and iamctl, the AWS CLI and every SDK in it go there:\n");
    for line in shell_lines(environment, folder) {
        say::line(&line);
    }
    say::remark("\nThen, for example:");
    say::command("iamctl plan");
}

/// Lines for a POSIX shell that do what [`Variables::apply_to`] does, and put iamctl on the `PATH`.
fn shell_lines(environment: &Variables, folder: &str) -> Vec<String> {
    let exports = environment.set().map(|(name, value)| format!("export {name}={}", quoted(value)));
    let unset = environment.remove().collect::<Vec<_>>().join(" ");
    let path = format!("export PATH={}:\"$PATH\"", quoted(folder));
    let catch_up = format!("export {}={}", CATCH_UP.0, CATCH_UP.1);
    exports.chain([catch_up, format!("unset {unset}"), path]).collect()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_quoted_reaches_the_shell_as_it_is() {
        let text = r#"it's $HOME "and" \more"#;
        let output =
            Command::new("sh").args(["-c", &format!("printf %s {}", quoted(text))]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
    }

    #[test]
    fn iamctl_comes_first_on_the_path() {
        let path = path_with(std::path::Path::new("/built")).unwrap();
        assert_eq!(std::env::split_paths(&path).next().unwrap(), std::path::Path::new("/built"));
    }
}
