//! `cargo xtask ci`: what has to hold for every commit, cheapest first, stopping at the first failure.

use std::time::Instant;

use anyhow::Result;

use crate::{build, check, say, setup, steps};

/// `--locked`: a commit without its lock file would test other versions than it names.
const LINTS: &[&str] = &["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
const DOCUMENTATION: &[&str] = &["doc", "--workspace", "--no-deps", "--locked"];
const TESTS: &[&str] = &["test", "--workspace", "--locked"];

pub(crate) fn run() -> Result<()> {
    let start = Instant::now();
    timed("formatting", || cargo(&["fmt", "--all", "--check"]))?;
    timed("dependencies and licences", check::run)?;
    timed("lints", || cargo(LINTS))?;
    timed("documentation", || cargo(DOCUMENTATION))?;
    timed("local AWS", setup::prepare)?;
    // Last, and without a word after it, so that the output ends with the tests' own summary.
    say::heading(&format!("tests (all before them: {})", seconds(start)));
    cargo(TESTS)
}

fn cargo(arguments: &[&str]) -> Result<()> {
    let shown_as = format!("cargo {}", arguments.join(" "));
    steps::expect(build::cargo().args(arguments).env("RUSTDOCFLAGS", "--deny warnings"), 0, &shown_as)
}

fn timed(name: &str, step: impl FnOnce() -> Result<()>) -> Result<()> {
    say::heading(name);
    let start = Instant::now();
    let result = step();
    let outcome = if result.is_ok() { "done" } else { "failed" };
    say::line(&format!("{name}: {outcome} after {}", seconds(start)));
    result
}

fn seconds(start: Instant) -> String {
    format!("{:.1} s", start.elapsed().as_secs_f64())
}
