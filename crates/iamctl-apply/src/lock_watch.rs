//! Whether the lock is still ours while calls are made.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending};
use jiff::{SignedDuration, Timestamp};

use crate::lock::LockLost;
use crate::port::MasterBucket;
use crate::run_id::RunId;
use crate::runner::TimeAndChance;
use crate::store::MasterStore;

/// The lock is looked at again after this time, while calls go on.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(5);
/// No call starts when the lock was last looked at longer ago than this. It must be longer than S3
/// ever takes to answer, or a slow network would keep a run from ever starting a call.
const TRUSTED_FOR: SignedDuration = SignedDuration::from_secs(60);

/// Looks at the lock now and then.
///
/// A person may break the lock of a run that seems dead and only sleeps, in a laptop with its lid
/// closed. When it wakes, somebody else may have changed the account. So the time is that of the wall
/// clock, which goes on while a machine sleeps.
pub(crate) struct LockWatch<'r, B> {
    store: MasterStore<'r, B>,
    run: RunId,
    time: &'r dyn TimeAndChance,
    ours_at: Option<Timestamp>,
    look: Option<BoxFuture<'r, Result<Timestamp, LockLost>>>,
}

impl<'r, B: MasterBucket + Sync> LockWatch<'r, B> {
    pub(crate) fn new(store: MasterStore<'r, B>, run: RunId, time: &'r dyn TimeAndChance) -> Self {
        Self { store, run, time, ours_at: None, look: None }
    }

    /// Whether it was ours a moment ago.
    pub(crate) fn is_ours(&self) -> bool {
        self.was_ours_within(TRUSTED_FOR)
    }

    fn was_ours_within(&self, span: SignedDuration) -> bool {
        self.ours_at.is_some_and(|at| self.time.now().duration_since(at).abs() <= span)
    }

    /// Begins to look when it is time to.
    pub(crate) fn look_if_due(&mut self) {
        if self.look.is_some() || self.was_ours_within(LOOK_AGAIN) {
            return;
        }
        let (store, run, began) = (self.store.clone(), self.run.clone(), self.time.now());
        let look = async move { store.verify_lock(&run).await.map(|()| began) };
        self.look = Some(look.boxed());
    }

    /// Waits until it was looked at. Never ends when nobody looks.
    ///
    /// # Errors
    ///
    /// When it is not ours any more, or that cannot be told.
    pub(crate) async fn looked(&mut self) -> Result<(), LockLost> {
        let answer = match &mut self.look {
            Some(look) => look.await,
            None => pending().await,
        };
        self.look = None;
        self.ours_at = Some(answer?);
        Ok(())
    }
}
