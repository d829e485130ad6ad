//! `cargo xtask test`: plain `cargo test`, with the local AWS set up first so that the wait has a name.

use std::process::ExitCode;

use anyhow::Result;

use crate::{build, say, setup, steps};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Passed on to `cargo test`, as in `-p iamctl-policy` or `-- --nocapture`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Arguments {
    /// Whether the first argument is `--`, which the parser takes for its own and drops.
    fn starts_with_separator(&self) -> bool {
        std::env::args().len() > self.arguments.len() + 2
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    setup::prepare()?;
    // Without `--workspace`, so that `-p` works: at the top of this workspace, all of it is cargo's default.
    let separator = arguments.starts_with_separator().then_some("--");
    let passed_on = arguments.arguments.iter().map(String::as_str);
    let arguments: Vec<&str> = ["test"].into_iter().chain(separator).chain(passed_on).collect();
    say::command(&format!("cargo {}", arguments.join(" ")));
    steps::exit_code(build::cargo().args(arguments)).map(ExitCode::from)
}
