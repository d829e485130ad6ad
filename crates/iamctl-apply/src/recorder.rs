//! Writing the record of a run while it goes on.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending};
use tokio::time::Instant;

use crate::error::WriteError;
use crate::event::{Event, RunEvent, Watcher};
use crate::port::{Condition, ETag, MasterBucket, StoreError};
use crate::record::Segment;
use crate::run_id::RunId;
use crate::runner::TimeAndChance;
use crate::store::{MasterStore, MayPass, to_json};

/// Events wait for others to share a segment with, but no longer than this.
const EVERY: Duration = Duration::from_secs(1);
/// So many events are written at once.
const ENOUGH: usize = 100;
/// The last segments may be longer: what was never tried is told all at once.
const AT_MOST: usize = 1_000;
/// After so many failures in a row nothing new is started.
const FAILURES: u32 = 3;

/// Numbers and dates what happens, tells it to the watcher, and writes what belongs there to the record.
pub(crate) struct Recorder<'r, B> {
    store: MasterStore<'r, B>,
    run: RunId,
    time: &'r dyn TimeAndChance,
    watcher: Watcher<'r>,
    next_number: u64,
    recorded: u64,
    /// What is not yet being written, and since when.
    pending: Vec<Event>,
    pending_since: Option<Instant>,
    /// The segment that is being written, or was not.
    segment: Option<Unwritten<'r>>,
    written_segments: u32,
    failures: u32,
}

struct Unwritten<'r> {
    key: String,
    bytes: Result<Vec<u8>, StoreError>,
    events: usize,
    progress: Progress<'r>,
}

enum Progress<'r> {
    Writing(BoxFuture<'r, Result<ETag, WriteError>>),
    /// It failed, and is tried again at this time.
    Waiting(Instant),
}

/// The record cannot be written.
#[derive(Debug, Clone)]
pub(crate) struct CannotRecord {
    pub(crate) message: String,
}

impl<'r, B: MasterBucket + Sync> Recorder<'r, B> {
    pub(crate) fn new(
        store: MasterStore<'r, B>,
        run: RunId,
        time: &'r dyn TimeAndChance,
        watcher: Watcher<'r>,
    ) -> Self {
        Self {
            store,
            run,
            time,
            watcher,
            next_number: 1,
            recorded: 0,
            pending: Vec::new(),
            pending_since: None,
            segment: None,
            written_segments: 0,
            failures: 0,
        }
    }

    pub(crate) fn time(&self) -> &'r dyn TimeAndChance {
        self.time
    }

    /// How many segments and events are in the record.
    pub(crate) fn written(&self) -> (u32, u64) {
        (self.written_segments, self.recorded)
    }

    /// Something happened.
    pub(crate) fn tell(&mut self, what: RunEvent) {
        let recorded = what.is_recorded();
        // Only recorded events are numbered on: the numbers of a record have no gaps.
        let event = Event { number: self.next_number, at: self.time.now(), what };
        (self.watcher)(&event);
        if recorded {
            self.next_number += 1;
            self.pending_since.get_or_insert_with(Instant::now);
            self.pending.push(event);
        }
    }

    /// Begins to write when it is time to.
    pub(crate) fn flush_if_due(&mut self) {
        if self.due().is_some_and(|due| due <= Instant::now()) {
            self.begin();
        }
    }

    /// When there is something to begin.
    pub(crate) fn due(&self) -> Option<Instant> {
        match &self.segment {
            Some(Unwritten { progress: Progress::Writing(_), .. }) => None,
            Some(Unwritten { progress: Progress::Waiting(until), .. }) => Some(*until),
            None if self.pending.len() >= ENOUGH => self.pending_since,
            None => Some(self.pending_since? + EVERY),
        }
    }

    fn begin(&mut self) {
        let Some(mut segment) = self.segment.take().or_else(|| self.next_segment()) else { return };
        // What may have been written is written again as it was: a lost reply does no harm.
        let (store, key, bytes) = (self.store.clone(), segment.key.clone(), segment.bytes.clone());
        let write = async move {
            let bytes = bytes.map_err(|error| WriteError { location: store.location(&key), error })?;
            store.try_put(&key, &bytes, Condition::IfAbsent).await
        };
        segment.progress = Progress::Writing(write.boxed());
        self.segment = Some(segment);
    }

    fn next_segment(&mut self) -> Option<Unwritten<'r>> {
        let count = self.pending.len().min(AT_MOST);
        if count == 0 {
            return None;
        }
        let events: Vec<Event> = self.pending.drain(..count).collect();
        self.pending_since = (!self.pending.is_empty()).then(Instant::now);
        let number = self.written_segments + 1;
        let segment = Segment { run: self.run.clone(), segment: number, events };
        Some(Unwritten {
            key: self.store.layout().segment(&self.run, number),
            bytes: to_json(&segment),
            events: segment.events.len(),
            progress: Progress::Waiting(Instant::now()),
        })
    }

    /// Waits until what is being written is written. Never ends when nothing is.
    ///
    /// # Errors
    ///
    /// When it failed so often that no new call should be made.
    pub(crate) async fn flushed(&mut self) -> Result<(), CannotRecord> {
        let answer = match &mut self.segment {
            Some(Unwritten { progress: Progress::Writing(write), .. }) => write.await,
            _ => pending().await,
        };
        self.conclude(answer)
    }

    fn conclude(&mut self, answer: Result<ETag, WriteError>) -> Result<(), CannotRecord> {
        let Some(mut segment) = self.segment.take() else { return Ok(()) };
        match answer {
            Ok(_) => {
                self.failures = 0;
                self.written_segments += 1;
                self.recorded += u64::try_from(segment.events).unwrap_or_default();
                self.tell(RunEvent::Flushed { segment: self.written_segments, events: segment.events });
                Ok(())
            }
            Err(error) => {
                self.failures = if error.may_pass() { self.failures + 1 } else { FAILURES };
                segment.progress = Progress::Waiting(Instant::now() + EVERY);
                self.segment = Some(segment);
                let message = error.to_string();
                self.tell(RunEvent::NotFlushed { failures: self.failures, message: message.clone() });
                if self.failures < FAILURES { Ok(()) } else { Err(CannotRecord { message }) }
            }
        }
    }

    /// Writes all that is left.
    ///
    /// # Errors
    ///
    /// When a part of it cannot be written, several times.
    pub(crate) async fn drain(&mut self) -> Result<(), WriteError> {
        if let Some(Unwritten { progress: Progress::Writing(_), .. }) = &self.segment {
            // Whatever comes of it, what is left is written below.
            let _ = self.flushed().await;
        }
        while let Some(segment) = self.segment.take().or_else(|| self.next_segment()) {
            let location = || self.store.location(&segment.key);
            let answer = match segment.bytes.clone() {
                Ok(bytes) => self.store.put_once(&segment.key, bytes).await,
                Err(error) => Err(WriteError { location: location(), error }),
            };
            self.segment = Some(segment);
            let failed = answer.as_ref().err().cloned();
            let _ = self.conclude(answer);
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(())
    }
}
