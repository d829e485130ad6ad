//! Ctrl-C while other programs run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};

/// Whether somebody asked this process to end.
pub(crate) struct Signals(Arc<AtomicBool>);

impl Signals {
    /// From now on a signal is noted instead of ending this process. The programs that it runs get Ctrl-C too, and
    /// need the local AWS to finish what they are doing; this process ends after them, and cleans up.
    pub(crate) fn note() -> Result<Self> {
        let noted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&noted))
                .context("failed to prepare for Ctrl-C")?;
        }
        Ok(Self(noted))
    }

    /// Waits for the first signal.
    pub(crate) fn wait(&self) {
        while !self.0.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
