//! What became of the steps of a plan.

use std::fmt;

use iamctl_model::StepId;
use serde::{Deserialize, Serialize};

use crate::port::{ActionError, Receipt};

/// What became of one step.
///
/// In JSON: `{"outcome": "done", "request_id": …, "created": …, "remark": …}`, `{"outcome": "failed",
/// "attempts": 3, "error": {…}, "lost": true}`, `{"outcome": "not_tried", "because": {"step": 3}}` or `{"outcome":
/// "not_tried", "because": {"stopped": "interrupted"}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// AWS did it.
    Done(Receipt),
    /// AWS did not do it, or did not say so: see [`Outcome::is_ambiguous`].
    Failed {
        /// How often it was tried.
        attempts: u32,
        /// The last answer.
        error: ActionError,
        /// Whether some attempt, not only the last one, may have been carried out: a clear answer to
        /// the last one says nothing about those before it. Records of older versions do not tell.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        lost: bool,
    },
    /// The call was never made.
    NotTried {
        /// Why.
        because: NotTried,
    },
}

impl Outcome {
    /// What AWS answered, when it did it.
    #[must_use]
    pub fn receipt(&self) -> Option<&Receipt> {
        match self {
            Outcome::Done(receipt) => Some(receipt),
            Outcome::Failed { .. } | Outcome::NotTried { .. } => None,
        }
    }

    /// Whether the call may have been carried out although nothing says so.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        matches!(self, Outcome::Failed { error, lost, .. } if *lost || error.class.is_ambiguous())
    }
}

/// Why a step was not tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotTried {
    /// It needs this step, directly or through others, and this one failed.
    Step(StepId),
    /// The run had been stopped.
    Stopped(Stop),
}

/// Why a run starts no more steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// Somebody asked for it: Ctrl-C.
    Interrupted,
    /// The credentials expired or are not valid.
    Credentials,
    /// What happens cannot be recorded.
    RecordNotWritten,
    /// The lock is no longer ours, or it cannot be told whether it is.
    LockLost,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stop::Interrupted => "interrupted",
            Stop::Credentials => "the credentials were no longer accepted",
            Stop::RecordNotWritten => "the run record could not be written",
            Stop::LockLost => "the lock was lost",
        })
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunResult {
    /// Every step is done.
    Succeeded,
    /// Some step is not.
    Failed,
    /// It was interrupted before every step was done.
    Interrupted,
}

/// How many steps had which outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Done.
    pub done: usize,
    /// Failed.
    pub failed: usize,
    /// Not tried.
    pub not_tried: usize,
}

impl Counts {
    /// Counts outcomes.
    pub fn of<'o>(outcomes: impl IntoIterator<Item = &'o Outcome>) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            match outcome {
                Outcome::Done(_) => counts.done += 1,
                Outcome::Failed { .. } => counts.failed += 1,
                Outcome::NotTried { .. } => counts.not_tried += 1,
            }
        }
        counts
    }

    /// How a run with these outcomes ended.
    #[must_use]
    pub fn result(self, stop: Option<Stop>) -> RunResult {
        match stop {
            _ if self.failed == 0 && self.not_tried == 0 => RunResult::Succeeded,
            Some(Stop::Interrupted) => RunResult::Interrupted,
            _ => RunResult::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use iamctl_model::UniqueId;
    use serde_json::json;

    use super::*;
    use crate::port::ErrorClass;

    #[test]
    fn outcomes_are_written_as_documented_and_read_back() {
        let error = ActionError {
            class: ErrorClass::Denied,
            code: Some("AccessDenied".to_owned()),
            message: "no".to_owned(),
            request_id: None,
        };
        let created = Receipt { created: Some(UniqueId("AIDA1".to_owned())), ..Receipt::default() };
        for (outcome, expected) in [
            (Outcome::Done(created), json!({"outcome": "done", "created": "AIDA1"})),
            (
                Outcome::Failed { attempts: 2, error: error.clone(), lost: false },
                json!({"outcome": "failed", "attempts": 2,
                       "error": {"class": "denied", "code": "AccessDenied", "message": "no"}}),
            ),
            (
                Outcome::Failed { attempts: 2, error, lost: true },
                json!({"outcome": "failed", "attempts": 2, "lost": true,
                       "error": {"class": "denied", "code": "AccessDenied", "message": "no"}}),
            ),
            (
                Outcome::NotTried { because: NotTried::Step(StepId(3)) },
                json!({"outcome": "not_tried", "because": {"step": 3}}),
            ),
            (
                Outcome::NotTried { because: NotTried::Stopped(Stop::Interrupted) },
                json!({"outcome": "not_tried", "because": {"stopped": "interrupted"}}),
            ),
        ] {
            let json = serde_json::to_value(&outcome).unwrap();
            assert_eq!(json, expected);
            assert_eq!(serde_json::from_value::<Outcome>(json).unwrap(), outcome);
        }
    }

    #[test]
    fn a_run_succeeded_when_every_step_is_done_even_if_it_was_interrupted_at_the_last() {
        let all = Counts { done: 2, failed: 0, not_tried: 0 };
        assert_eq!(all.result(Some(Stop::Interrupted)), RunResult::Succeeded);
        let some = Counts { done: 1, failed: 0, not_tried: 1 };
        assert_eq!(some.result(Some(Stop::Interrupted)), RunResult::Interrupted);
        assert_eq!(some.result(Some(Stop::Credentials)), RunResult::Failed);
        assert_eq!(Counts { failed: 1, ..some }.result(None), RunResult::Failed);
    }
}
