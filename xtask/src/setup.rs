//! Setting up and starting the local AWS, with a word to the person who waits for it.

use std::path::PathBuf;

use anyhow::Result;
use local_aws::{LocalAws, Options};

use crate::say;

/// AWS's managed policies exist, so that manifests may name them.
fn options() -> Options {
    Options { managed_policies: true, ..Options::default() }
}

/// Sets up the local AWS unless that was done before.
pub(crate) fn prepare() -> Result<()> {
    python().map(drop)
}

/// The same; returns the interpreter of its environment, which has boto3.
pub(crate) fn python() -> Result<PathBuf> {
    if !local_aws::is_prepared(&options()) {
        say::line(
            "Setting up the local AWS in .local-aws/ (once; about 30 MB from the Python package index) …",
        );
    }
    Ok(local_aws::prepare(&options())?)
}

/// Starts an empty local AWS.
pub(crate) fn start() -> Result<LocalAws> {
    prepare()?;
    Ok(LocalAws::start(&options())?)
}
