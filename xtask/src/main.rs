//! The project's tasks, run as `cargo xtask TASK`: the demo, the sandbox, the tests, and the checks of CI.
//!
//! It builds in seconds because it depends on nothing of iamctl itself; what needs iamctl builds it with cargo.

mod build;
mod check;
mod ci;
mod data;
mod demo;
mod large;
mod sandbox;
mod say;
mod setup;
mod signals;
mod steps;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the iamctl project.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Show the main job on desired-state.yaml, against a local AWS that is started for it.
    Demo,
    /// Leave a local AWS running, to play with iamctl.
    Sandbox(sandbox::Arguments),
    /// Run every test of the project.
    Test(test::Arguments),
    /// Set up the local AWS (the other tasks do that by themselves).
    Setup,
    /// Make and read a large account, beside a plain script that does the same, and count requests.
    Large(large::Arguments),
    /// Make the tables of AWS's services and managed policies anew.
    Data(data::Arguments),
    /// Check which crate depends on which, and the licences of all of them.
    Check,
    /// Everything that CI checks: formatting, dependencies, lints, documentation, tests.
    Ci,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Demo => demo::run().map(|()| ExitCode::SUCCESS),
        Task::Sandbox(arguments) => sandbox::run(&arguments),
        Task::Test(arguments) => test::run(&arguments),
        Task::Setup => setup::prepare().map(|()| ExitCode::SUCCESS),
        Task::Large(arguments) => large::run(&arguments).map(|()| ExitCode::SUCCESS),
        Task::Data(arguments) => data::run(&arguments).map(|()| ExitCode::SUCCESS),
        Task::Check => check::run().map(|()| ExitCode::SUCCESS),
        Task::Ci => ci::run().map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        say::error(&error);
        ExitCode::FAILURE
    })
}
