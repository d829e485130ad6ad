//! Carrying out the steps of a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use iamctl_model::{Step, StepId};
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::doomed::Doomed;
use crate::event::{RunEvent, millis};
use crate::lag::{class, lag};
use crate::lock_watch::LockWatch;
use crate::outcome::{NotTried, Outcome, Stop};
use crate::port::{ActionError, Attempt, ErrorClass, IamAccount, MasterBucket, Receipt};
use crate::record::Opened;
use crate::recorder::Recorder;
use crate::retry::{Failure, Lag, Retry, retry};
use crate::schedule::Schedule;

/// How many calls are in flight at once unless somebody says otherwise. IAM throttles callers that
/// write more than about five times a second.
pub const DEFAULT_PARALLEL: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);

/// What became of the steps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Executed {
    pub(crate) outcomes: BTreeMap<StepId, Outcome>,
    pub(crate) stop: Option<(Stop, String)>,
}

/// One attempt that is over.
struct Answered {
    index: usize,
    began: Instant,
    /// Whether the call was made: not when what it is about is gone, or another one.
    was_made: bool,
    answer: Result<Receipt, ActionError>,
}

/// The attempts at one step.
#[derive(Debug, Clone, Default)]
struct Attempts {
    count: u32,
    first: Option<Instant>,
    /// Why they failed: patience with one failure is not used up by another.
    failures: BTreeMap<ErrorClass, u32>,
    /// Whether one of them may have been carried out although it failed.
    lost: bool,
}

/// All calls together are slowed down when one of them is throttled.
#[derive(Debug)]
struct Pace {
    paused_until: Instant,
    /// When the last pause was called. Calls that began before it say nothing new about the pace.
    paused_at: Option<Instant>,
    /// How long the next pause is: it doubles with each one, and halves with each success.
    level: u32,
}

pub(crate) struct Executor<'s, 'r, A, B> {
    account: &'s A,
    steps: &'s [Step],
    doomed: &'s Doomed,
    started: Timestamp,
    parallel: NonZeroUsize,
    schedule: Schedule,
    recorder: Recorder<'r, B>,
    lock: LockWatch<'r, B>,
    calls: FuturesUnordered<BoxFuture<'s, Answered>>,
    attempts: Vec<Attempts>,
    /// Steps that failed and are tried again, by when, and why they failed.
    waiting: BTreeSet<(Instant, usize)>,
    last_errors: BTreeMap<usize, ActionError>,
    pace: Pace,
    executed: Executed,
}

impl<'s, 'r, A: IamAccount + Sync, B: MasterBucket + Sync> Executor<'s, 'r, A, B> {
    pub(crate) fn new(
        account: &'s A,
        opened: &'s Opened,
        doomed: &'s Doomed,
        schedule: Schedule,
        recorder: Recorder<'r, B>,
        lock: LockWatch<'r, B>,
        parallel: NonZeroUsize,
    ) -> Self {
        Self {
            account,
            steps: &opened.plan.steps,
            doomed,
            started: opened.started,
            parallel,
            schedule,
            recorder,
            lock,
            calls: FuturesUnordered::new(),
            attempts: vec![Attempts::default(); opened.plan.steps.len()],
            waiting: BTreeSet::new(),
            last_errors: BTreeMap::new(),
            pace: Pace { paused_until: Instant::now(), paused_at: None, level: 0 },
            executed: Executed::default(),
        }
    }

    /// Carries the steps out until all are settled. What is in flight when it is cancelled is finished.
    pub(crate) async fn run(mut self, cancelled: &CancellationToken) -> (Executed, Recorder<'r, B>) {
        while self.executed.outcomes.len() < self.steps.len() {
            if cancelled.is_cancelled() {
                self.stop(Stop::Interrupted, "interrupted".to_owned());
            }
            self.recorder.flush_if_due();
            if self.executed.stop.is_none() {
                self.lock.look_if_due();
                self.start_what_may_start();
            }
            self.wait(cancelled).await;
        }
        (self.executed, self.recorder)
    }

    /// Waits until there is something to do.
    async fn wait(&mut self, cancelled: &CancellationToken) {
        if self.executed.outcomes.len() == self.steps.len() {
            return;
        }
        let wake = self.next_wake();
        tokio::select! {
            biased;
            // First, because calls may go on answering without a break.
            flushed = self.recorder.flushed() => if let Err(error) = flushed {
                self.stop(Stop::RecordNotWritten, error.message);
            },
            lock = self.lock.looked() => if let Err(lost) = lock {
                self.stop(Stop::LockLost, lost.to_string());
            },
            () = cancelled.cancelled(), if self.executed.stop.is_none() => {}
            Some(answered) = self.calls.next() => self.settle(answered),
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
        }
    }

    fn next_wake(&self) -> Option<Instant> {
        let may_start = self.calls.len() < self.parallel.get() && self.lock.is_ours();
        let retry = self.waiting.first().map(|(at, _)| *at).filter(|_| may_start);
        let now = Instant::now();
        let resume = Some(self.pace.paused_until).filter(|until| *until > now);
        let retry = retry.map(|at| resume.map_or(at, |resume| at.max(resume)));
        [retry, resume, self.recorder.due()].into_iter().flatten().min()
    }

    fn start_what_may_start(&mut self) {
        let may_start = self.lock.is_ours() && self.pace.paused_until <= Instant::now();
        while may_start && self.calls.len() < self.parallel.get() {
            // Steps that were begun come first: others wait for them.
            let next = self.due_retry().or_else(|| self.schedule.start());
            let Some(index) = next else { return };
            self.start(index);
        }
    }

    fn due_retry(&mut self) -> Option<usize> {
        let (at, index) = *self.waiting.first()?;
        if at > Instant::now() {
            return None;
        }
        self.waiting.pop_first();
        Some(index)
    }

    fn start(&mut self, index: usize) {
        let (Some(step), Some(attempts)) = (self.steps.get(index), self.attempts.get_mut(index)) else {
            return;
        };
        let (account, doomed, started, began) = (self.account, self.doomed, self.started, Instant::now());
        attempts.count += 1;
        attempts.first.get_or_insert(began);
        let (count, lost_before) = (attempts.count, attempts.lost);
        self.recorder.tell(RunEvent::StepStarted { step: step.id, attempt: count });
        let call = async move {
            let attempt = Attempt { run_started: started, lost_before };
            let (was_made, answer) = match doomed.before(step, account, lost_before).await {
                Ok(None) => (true, account.perform(&step.action, attempt).await),
                Ok(Some(receipt)) => (false, Ok(receipt)),
                Err(error) => (false, Err(error)),
            };
            Answered { index, began, was_made, answer }
        };
        self.calls.push(call.boxed());
    }

    fn settle(&mut self, answered: Answered) {
        let Answered { index, began, was_made, answer } = answered;
        if let (Err(error), Some(attempts)) = (&answer, self.attempts.get_mut(index)) {
            attempts.lost |= was_made && error.class.is_ambiguous();
        }
        match answer {
            Ok(receipt) => {
                self.pace.success(began);
                self.finish(index, Outcome::Done(receipt));
                self.schedule.done(index);
            }
            Err(error) if error.class == ErrorClass::Credentials => {
                let message = error.to_string();
                self.stop(Stop::Credentials, message);
                self.fail(index, error);
            }
            Err(error) => match self.patience(index, began, &error) {
                Retry::After(wait) if self.executed.stop.is_none() => self.try_again(index, error, wait),
                Retry::After(_) | Retry::GiveUp if was_made => self.fail(index, error),
                // What kept it from being made says nothing about the call itself.
                Retry::After(_) | Retry::GiveUp => {
                    self.fail(index, ActionError { class: ErrorClass::Refused, ..error });
                }
            },
        }
    }

    fn patience(&mut self, index: usize, began: Instant, error: &ActionError) -> Retry {
        let Some(attempts) = self.attempts.get_mut(index) else { return Retry::GiveUp };
        let class = self.steps.get(index).map_or(error.class, |step| class(self.steps, step, error));
        let failures = attempts.failures.entry(class).or_default();
        *failures += 1;
        let failure = Failure {
            class,
            attempt: *failures,
            lag: self.steps.get(index).map_or(Lag::None, |step| lag(self.steps, step, error)),
            elapsed: attempts.first.map_or(Duration::ZERO, |first| first.elapsed()),
        };
        let random = self.recorder.time().random();
        match class {
            ErrorClass::Throttled => self.pace.throttled(began, failure, random),
            _ => retry(&failure, random),
        }
    }

    fn try_again(&mut self, index: usize, error: ActionError, wait: Duration) {
        let Some(step) = self.steps.get(index) else { return };
        let attempt = self.attempts.get(index).map_or(0, |attempts| attempts.count);
        let wait_ms = millis(wait);
        self.recorder.tell(RunEvent::StepRetried { step: step.id, attempt, error: error.clone(), wait_ms });
        let at = Instant::now() + wait;
        if error.class == ErrorClass::Throttled && self.pace.pause_until(at) {
            self.recorder.tell(RunEvent::Paused { wait_ms });
        }
        self.waiting.insert((at, index));
        self.last_errors.insert(index, error);
    }

    fn fail(&mut self, index: usize, error: ActionError) {
        let (attempts, lost) = self.attempts.get(index).map_or((0, false), |tried| (tried.count, tried.lost));
        self.finish(index, Outcome::Failed { attempts, error, lost });
        let Some(failed) = self.steps.get(index).map(|step| step.id) else { return };
        for dependent in self.schedule.failed(index) {
            self.finish(dependent, Outcome::NotTried { because: NotTried::Step(failed) });
        }
    }

    /// Starts nothing more. Steps that wait to be tried again have failed.
    fn stop(&mut self, reason: Stop, message: String) {
        if self.executed.stop.is_some() {
            return;
        }
        self.executed.stop = Some((reason, message.clone()));
        self.recorder.tell(RunEvent::Stopping { reason, message });
        for index in self.schedule.stop() {
            self.finish(index, Outcome::NotTried { because: NotTried::Stopped(reason) });
        }
        for (_, index) in std::mem::take(&mut self.waiting) {
            if let Some(error) = self.last_errors.remove(&index) {
                self.fail(index, error);
            }
        }
    }

    fn finish(&mut self, index: usize, outcome: Outcome) {
        let Some(step) = self.steps.get(index) else { return };
        self.recorder.tell(RunEvent::StepFinished { step: step.id, outcome: outcome.clone() });
        self.executed.outcomes.insert(step.id, outcome);
    }
}

impl Pace {
    /// Whether a call that began at this time tells something about the pace since the last pause.
    fn is_news(&self, began: Instant) -> bool {
        self.paused_at.is_none_or(|paused| paused <= began)
    }

    /// A call that began at this time succeeded.
    fn success(&mut self, began: Instant) {
        if self.is_news(began) {
            self.level = self.level.saturating_sub(1);
        }
    }

    /// A call that began at this time was throttled.
    fn throttled(&mut self, began: Instant, failure: Failure, random: u64) -> Retry {
        if self.is_news(began) {
            self.level += 1;
        }
        let answer = retry(&Failure { attempt: self.level.max(1), ..failure }, random);
        let paused_for = self.paused_until.saturating_duration_since(Instant::now());
        match answer {
            // Calls that were in flight together are throttled together: that is one pause, not four.
            Retry::After(_) if !self.is_news(began) && !paused_for.is_zero() => Retry::After(paused_for),
            answer => answer,
        }
    }

    /// Pauses all calls, unless they are paused for as long already.
    fn pause_until(&mut self, until: Instant) -> bool {
        let longer = until > self.paused_until;
        if longer {
            self.paused_until = until;
            self.paused_at = Some(Instant::now());
        }
        longer
    }
}
