//! What happens in a run, told as it happens.

use std::time::Duration;

use iamctl_model::StepId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::outcome::{Outcome, RunResult, Stop};
use crate::port::ActionError;
use crate::run_id::RunId;

/// One thing that happened in a run.
///
/// In JSON: `{"number": 4, "at": "2026-11-24T03:12:01.5Z", "event": "step_started", "step": 2,
/// "attempt": 1}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its number within the run, from 1. Only what is recorded is counted: anything else bears the
    /// number of what comes next.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: RunEvent,
}

/// What can happen in a run. Those that are marked so are in the run's record; the others are told
/// only to whoever watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEvent {
    /// The record is open: from here on calls may be made.
    Opened {
        /// The run.
        run: RunId,
        /// How many steps its plan has.
        steps: usize,
    },
    /// In the record: a call is about to be made.
    StepStarted {
        /// The step.
        step: StepId,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// In the record: a call failed and is made again later.
    StepRetried {
        /// The step.
        step: StepId,
        /// Which attempt failed.
        attempt: u32,
        /// Why.
        error: ActionError,
        /// How long until the next attempt, in milliseconds.
        wait_ms: u64,
    },
    /// In the record: it is settled what became of a step.
    StepFinished {
        /// The step.
        step: StepId,
        /// What became of it.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// In the record: AWS had too many requests, so no call is made for a while.
    Paused {
        /// How long, in milliseconds.
        wait_ms: u64,
    },
    /// In the record: no more steps are started.
    Stopping {
        /// Why.
        reason: Stop,
        /// What led to it.
        message: String,
    },
    /// Events were written to the record.
    Flushed {
        /// The segment.
        segment: u32,
        /// How many events it holds.
        events: usize,
    },
    /// Events could not be written to the record.
    NotFlushed {
        /// How often in a row.
        failures: u32,
        /// Why.
        message: String,
    },
    /// The run is over and its record closed.
    Closed {
        /// How it ended.
        result: RunResult,
    },
    /// Something that a later version of iamctl recorded and this one does not know.
    #[serde(other)]
    Unknown,
}

impl RunEvent {
    /// Whether it belongs in the record.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        match self {
            RunEvent::StepStarted { .. }
            | RunEvent::StepRetried { .. }
            | RunEvent::StepFinished { .. }
            | RunEvent::Paused { .. }
            | RunEvent::Stopping { .. }
            | RunEvent::Unknown => true,
            RunEvent::Opened { .. }
            | RunEvent::Flushed { .. }
            | RunEvent::NotFlushed { .. }
            | RunEvent::Closed { .. } => false,
        }
    }
}

/// Milliseconds, for events.
pub(crate) fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

/// Who is told what happens, while it happens. Terminal and JSON output are each one of these; the
/// record does not need one.
pub type Watcher<'w> = &'w (dyn Fn(&Event) + Send + Sync);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::port::Receipt;

    fn event(what: RunEvent) -> Event {
        Event { number: 4, at: "2026-11-24T03:12:01.5Z".parse().unwrap(), what }
    }

    #[test]
    fn events_are_written_as_documented_and_read_back() {
        let started = event(RunEvent::StepStarted { step: StepId(2), attempt: 1 });
        let finished =
            event(RunEvent::StepFinished { step: StepId(2), outcome: Outcome::Done(Receipt::default()) });
        for (event, expected) in [
            (
                started,
                json!({"number": 4, "at": "2026-11-24T03:12:01.5Z", "event": "step_started",
                             "step": 2, "attempt": 1}),
            ),
            (
                finished,
                json!({"number": 4, "at": "2026-11-24T03:12:01.5Z", "event": "step_finished",
                              "step": 2, "outcome": "done"}),
            ),
        ] {
            let json = serde_json::to_value(&event).unwrap();
            assert_eq!(json, expected);
            assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
        }
    }

    #[test]
    fn an_event_of_a_later_version_is_passed_over_but_a_broken_one_is_not() {
        let read = |json| serde_json::from_value::<Event>(json);
        let later = json!({"number": 4, "at": "2026-11-24T03:12:01Z", "event": "step_admired", "by": "all"});
        assert_eq!(read(later).unwrap().what, RunEvent::Unknown);
        let broken = json!({"number": 4, "at": "2026-11-24T03:12:01Z", "event": "step_finished", "step": 2});
        assert!(read(broken).is_err());
    }
}
