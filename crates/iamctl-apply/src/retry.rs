//! Whether a failed call is made again, and when.

use std::time::Duration;

use crate::port::ErrorClass;

/// What is known when a call has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// What the failure means.
    pub class: ErrorClass,
    /// How often the call was tried, this time included. For [`ErrorClass::Throttled`], which is about
    /// all calls: how often in a row all of them were slowed down, this time included.
    pub attempt: u32,
    /// How far IAM may lag behind what the step needs.
    pub lag: Lag,
    /// The time since the step's first attempt began.
    pub elapsed: Duration,
}

/// How far IAM may lag behind earlier steps of a run, for one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    /// There was no earlier step: what is missing is missing.
    None,
    /// There were, but they made nothing that could be missing now.
    Brief,
    /// They made something, or took away what is in the way, and IAM may not show it everywhere yet.
    Long,
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The call is made again after this time.
    After(Duration),
    /// It is not made again.
    GiveUp,
}

/// How patient a run is with one class of failures.
struct Patience {
    first: Duration,
    longest: Duration,
    attempts: u32,
    at_most: Duration,
}

/// Decides from a failure, and from a random number that spreads the waits of several callers.
///
/// | failure | waits | gives up |
/// | --- | --- | --- |
/// | throttled | 1 s, 2 s, 4 s … 60 s, all calls together | after 10 minutes |
/// | busy | 1 s, 2 s, 4 s … 15 s | after 2 minutes |
/// | lagging behind a step that made something | 0.5 s, 1 s, 2 s … 10 s | after 2 minutes |
/// | lagging behind another step | 0.5 s, 1 s, 2 s, 4 s | after 10 seconds |
/// | lagging, and there was no earlier step | | at once |
/// | unreachable, server fault | 1 s, 2 s, 4 s | after the fourth attempt |
/// | denied, credentials, refused | | at once |
///
/// Waits are shortened by up to a half at random. Two minutes are what other tools grant IAM to spread
/// a change; it mostly takes two seconds. IAM tells throttled callers nothing about when to come back.
#[must_use]
pub fn retry(failure: &Failure, random: u64) -> Retry {
    let Some(patience) = patience(failure) else { return Retry::GiveUp };
    if failure.attempt >= patience.attempts || failure.elapsed >= patience.at_most {
        return Retry::GiveUp;
    }
    let doublings = failure.attempt.saturating_sub(1).min(16);
    let wait = patience.first.saturating_mul(1 << doublings).min(patience.longest);
    // The last attempt is made when patience ends, not before.
    let left = patience.at_most.saturating_sub(failure.elapsed);
    Retry::After(shorten(wait, random).min(left))
}

fn patience(failure: &Failure) -> Option<Patience> {
    let for_two_minutes =
        |first, longest| Patience { first, longest, attempts: u32::MAX, at_most: Duration::from_secs(120) };
    let seconds = Duration::from_secs;
    match failure.class {
        ErrorClass::Throttled => {
            Some(Patience { at_most: seconds(600), ..for_two_minutes(seconds(1), seconds(60)) })
        }
        ErrorClass::Busy => Some(for_two_minutes(seconds(1), seconds(15))),
        ErrorClass::Lagging => {
            let patience = for_two_minutes(Duration::from_millis(500), seconds(10));
            match failure.lag {
                Lag::None => None,
                Lag::Brief => Some(Patience { at_most: seconds(10), ..patience }),
                Lag::Long => Some(patience),
            }
        }
        ErrorClass::Unreachable | ErrorClass::ServerFault => {
            Some(Patience { attempts: 4, at_most: Duration::MAX, ..for_two_minutes(seconds(1), seconds(4)) })
        }
        ErrorClass::Denied | ErrorClass::Credentials | ErrorClass::Refused => None,
    }
}

fn shorten(wait: Duration, random: u64) -> Duration {
    // 20 bits are plenty.
    let part = u32::try_from(random % (1 << 20)).unwrap_or_default();
    wait - (wait / 2).mul_f64(f64::from(part) / f64::from(1 << 20))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLASSES: [ErrorClass; 8] = [
        ErrorClass::Throttled,
        ErrorClass::Busy,
        ErrorClass::Lagging,
        ErrorClass::Unreachable,
        ErrorClass::ServerFault,
        ErrorClass::Denied,
        ErrorClass::Credentials,
        ErrorClass::Refused,
    ];

    /// The waits of one call that always fails so, without chance.
    fn waits(class: ErrorClass, lag: Lag) -> Vec<f64> {
        let mut waits = Vec::new();
        let mut elapsed = Duration::ZERO;
        for attempt in 1..1_000 {
            match retry(&Failure { class, attempt, lag, elapsed }, 0) {
                Retry::After(wait) => {
                    waits.push(wait.as_secs_f64());
                    elapsed += wait;
                }
                Retry::GiveUp => return waits,
            }
        }
        panic!("it never gives up");
    }

    #[test]
    fn waits_double_up_to_a_limit_and_end() {
        assert_eq!(waits(ErrorClass::Unreachable, Lag::Long), [1.0, 2.0, 4.0]);
        assert_eq!(waits(ErrorClass::ServerFault, Lag::None), [1.0, 2.0, 4.0]);
        assert_eq!(waits(ErrorClass::Lagging, Lag::Brief), [0.5, 1.0, 2.0, 4.0, 2.5]);
        let lagging = waits(ErrorClass::Lagging, Lag::Long);
        assert_eq!(lagging[..6], [0.5, 1.0, 2.0, 4.0, 8.0, 10.0]);
        assert_eq!(lagging.iter().sum::<f64>(), 120.0);
        let busy = waits(ErrorClass::Busy, Lag::None);
        assert_eq!(busy[..6], [1.0, 2.0, 4.0, 8.0, 15.0, 15.0]);
        assert_eq!(busy.iter().sum::<f64>(), 120.0);
        let throttled = waits(ErrorClass::Throttled, Lag::None);
        assert_eq!(throttled[..8], [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
        assert_eq!(throttled.iter().sum::<f64>(), 600.0);
    }

    #[test]
    fn what_cannot_pass_is_not_tried_again() {
        assert!(waits(ErrorClass::Lagging, Lag::None).is_empty());
        for class in CLASSES {
            assert_eq!(waits(class, Lag::Long).is_empty(), !class.may_pass(), "{class:?}");
        }
    }

    proptest! {
        #[test]
        fn chance_shortens_a_wait_by_a_half_at_most(
            class in proptest::sample::select(&CLASSES[..5]),
            attempt in 1..50u32,
            elapsed in 0..100u64,
            random: u64,
        ) {
            let failure = Failure { class, attempt, lag: Lag::Long, elapsed: Duration::from_secs(elapsed) };
            match (retry(&failure, 0), retry(&failure, random)) {
                (Retry::After(full), Retry::After(wait)) => prop_assert!(full / 2 <= wait && wait <= full),
                (full, wait) => prop_assert_eq!(full, wait),
            }
        }

        #[test]
        fn no_input_makes_it_panic(attempt: u32, elapsed: u64, random: u64, long: bool) {
            for class in CLASSES {
                let elapsed = Duration::from_secs(elapsed);
                let lag = if long { Lag::Long } else { Lag::Brief };
                let _ = retry(&Failure { class, attempt, lag, elapsed }, random);
            }
        }
    }
}
