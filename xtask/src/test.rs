//! `cargo xtask test`: plain `cargo test`, with the local AWS set up first so that the wait has a name.

use std::process::ExitCode;

use anyhow::Result;

use crate::{build, say, setup, steps};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Passed on to `cargo test --workspace`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    setup::prepare()?;
    say::command(["cargo test --workspace".to_owned(), arguments.arguments.join(" ")].join(" ").trim_end());
    let mut cargo = build::cargo();
    cargo.args(["test", "--workspace"]).args(&arguments.arguments);
    steps::exit_code(&mut cargo).map(ExitCode::from)
}
