//! Tells what a run does while it does it: a line that is drawn over on a terminal, plain lines
//! elsewhere.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use iamctl_apply::{Event, Outcome, RunEvent};
use iamctl_model::{Plan, StepId};
use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal::Terminal;

/// Watches one run.
pub(crate) struct Progress {
    steps: BTreeMap<StepId, String>,
    finished: AtomicUsize,
    terminal: Terminal,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new(terminal: Terminal, plan: &Plan) -> Self {
        let steps = plan.steps.iter().map(|step| (step.id, step.action.describe())).collect();
        let total = u64::try_from(plan.steps.len()).unwrap_or(u64::MAX);
        let bar = (terminal.draws() && total > 0).then(|| {
            let bar = ProgressBar::new(total);
            if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed}  {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { steps, finished: AtomicUsize::new(0), terminal, bar }
    }

    /// One thing that happened.
    pub(crate) fn watch(&self, event: &Event) {
        match &event.what {
            RunEvent::StepStarted { step, .. } => {
                if let Some(bar) = &self.bar {
                    bar.set_message(self.name(*step));
                }
            }
            RunEvent::StepFinished { step, outcome } => self.step_finished(*step, outcome),
            RunEvent::StepRetried { step, attempt, error, wait_ms } => {
                let wait = seconds(*wait_ms);
                self.say(&format!(
                    "{}: {error}; attempt {} in {wait}",
                    self.name(*step),
                    attempt.saturating_add(1)
                ));
            }
            RunEvent::Paused { wait_ms } => {
                self.say(&format!("AWS asks for fewer requests: waiting {}", seconds(*wait_ms)));
            }
            RunEvent::Stopping { reason, message } => {
                self.say(&format!("stopping ({reason}): {message}; what is in flight is finished"));
            }
            RunEvent::NotFlushed { failures, message } => {
                self.say(&format!(
                    "the run record could not be written ({failures} times in a row): {message}"
                ));
            }
            RunEvent::Opened { .. }
            | RunEvent::Flushed { .. }
            | RunEvent::Closed { .. }
            | RunEvent::Unknown => {}
        }
    }

    fn step_finished(&self, step: StepId, outcome: &Outcome) {
        let finished = self.finished.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let result = match outcome {
            Outcome::Done(_) => "done",
            Outcome::Failed { .. } => "failed",
            Outcome::NotTried { .. } => "not tried",
        };
        match &self.bar {
            Some(bar) => bar.inc(1),
            None => self.say(&format!("[{finished}/{}] {}: {result}", self.steps.len(), self.name(step))),
        }
    }

    /// Takes the drawn line away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn name(&self, step: StepId) -> String {
        self.steps.get(&step).cloned().unwrap_or_else(|| format!("step {step}"))
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None if self.terminal.tells() => self.terminal.complain(&format!("{text}\n")),
            None => {}
        }
    }
}

fn seconds(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        _ => format!("{} s", millis.div_ceil(1_000)),
    }
}
