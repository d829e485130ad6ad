//! Reading the records of runs: the audit trail, and what a killed run left.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use iamctl_model::{Address, ChangeAction, Plan, Step, StepId, UnfinishedRun};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;

use crate::effect::made;
use crate::error::ReadError;
use crate::layout::{CLOSED, OPENED, segment_number};
use crate::memory::Memory;
use crate::outcome::Outcome;
use crate::port::MasterBucket;
use crate::record::{Closed, Opened, RunEnd, RunRecord, Segment};
use crate::run_id::RunId;
use crate::store::MasterStore;

/// How many objects are read at once.
const READS_AT_ONCE: usize = 8;

/// One run in a list of runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRun {
    /// The run.
    pub run: RunId,
    /// What is known of it. One record that cannot be read does not hide the others.
    pub summary: Result<RunSummary, ReadError>,
}

/// The outline of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// When it began.
    pub started: Timestamp,
    /// The ARN of who ran it.
    pub who: String,
    /// What was typed.
    pub command: String,
    /// How it ended.
    pub end: RunEnd,
}

/// The keys of one run's folder.
#[derive(Debug, Clone, Default)]
struct Folder {
    opened: bool,
    closed: bool,
    segments: u32,
}

impl<B: MasterBucket + Sync> MasterStore<'_, B> {
    /// The latest runs, the latest first.
    ///
    /// Keys can only be listed from the oldest, so this looks into ever longer spans of time before
    /// `now` until it has found enough.
    ///
    /// # Errors
    ///
    /// When the runs cannot be listed.
    pub async fn list_runs(&self, now: Timestamp, most: usize) -> Result<Vec<ListedRun>, ReadError> {
        let mut folders = BTreeMap::new();
        for days in [Some(2), Some(60), None] {
            let since = days.and_then(|days| now.checked_sub(SignedDuration::from_hours(24 * days)).ok());
            let after = since.map(|since| self.layout.after_run(&RunId::new(since, 0)));
            folders = self.folders(&self.layout.runs(), after.as_deref()).await?;
            if folders.len() >= most {
                break;
            }
        }
        let holder = self.lock_holder().await;
        let latest = folders.into_iter().rev().take(most);
        let listed = stream::iter(latest).map(async |(run, folder)| {
            let summary = self.summary(&run, &folder, holder.as_ref()).await;
            ListedRun { run, summary }
        });
        Ok(listed.buffered(READS_AT_ONCE).collect().await)
    }

    async fn summary(
        &self,
        run: &RunId,
        folder: &Folder,
        holder: Option<&RunId>,
    ) -> Result<RunSummary, ReadError> {
        let (started, runner, end) = if folder.closed {
            let closed = self.closing(run, folder.segments).await?;
            (closed.started, closed.runner.clone(), RunEnd::Closed(Box::new(closed)))
        } else {
            let opened: Opened = self.read_json(&self.layout.opened(run)).await?;
            (opened.started, opened.runner, RunEnd::of_open(run, holder))
        };
        Ok(RunSummary { started, who: runner.who.arn, command: runner.command, end })
    }

    /// All that is recorded of a run; `None` when there is no such run.
    ///
    /// # Errors
    ///
    /// When a part of it cannot be read, or is missing.
    pub async fn load_run(&self, run: &RunId) -> Result<Option<RunRecord>, ReadError> {
        let mut folders = self.folders(&self.layout.run(run), None).await?;
        let Some(folder) = folders.remove(run) else { return Ok(None) };
        let holder = if folder.closed { None } else { self.lock_holder().await };
        self.record(run, &folder, holder.as_ref()).await.map(Some)
    }

    /// The runs that opened their record after the run that the head names and never wrote the head,
    /// and those that the head calls unsettled: in the order in which they ran.
    ///
    /// Costs one listing when there is none.
    ///
    /// # Errors
    ///
    /// When the list or one of the records cannot be read.
    pub async fn unfinished_runs(&self, memory: &Memory) -> Result<Vec<UnfinishedRun>, ReadError> {
        // Of a manifest that was renamed, some lie where it was before.
        let formers = memory.former_names().into_iter().map(|name| self.beside(name));
        let stores: Vec<Self> = std::iter::once(self.clone()).chain(formers).collect();
        let mut folders: BTreeMap<RunId, (usize, Folder)> = BTreeMap::new();
        for run in memory.last().into_iter().flat_map(|head| &head.unsettled) {
            for (at, store) in stores.iter().enumerate() {
                let found = store.folders(&store.layout.run(run), None).await?;
                folders.extend(found.into_iter().map(|(run, folder)| (run, (at, folder))));
            }
        }
        for (at, store) in stores.iter().enumerate().take(2) {
            let after = match (at, &memory.renaming) {
                (0, _) => memory.last_of_its_own(),
                (_, Some(renaming)) => Some(&renaming.head.run),
                // What was done under an old name that is taken over is settled.
                (_, None) => continue,
            };
            let found = store.later_than(after).await?;
            folders.extend(found.into_iter().map(|(run, folder)| (run, (at, folder))));
        }
        let stores = &stores;
        stream::iter(folders)
            .map(async |(run, (at, folder))| {
                let store = stores.get(at).unwrap_or(self);
                let record = store.record(&run, &folder, None).await?;
                let (created, outcomes) = (record.created(), record.outcomes());
                let Opened { run, started, mut plan, .. } = record.opened;
                leave_out_what_it_did_not_make(&mut plan, &outcomes);
                Ok(UnfinishedRun { run: run.to_string(), started, plan, created })
            })
            .buffered(READS_AT_ONCE)
            .try_collect()
            .await
    }

    /// The runs after one, or all.
    async fn later_than(&self, run: Option<&RunId>) -> Result<BTreeMap<RunId, Folder>, ReadError> {
        let after = run.map(|run| self.layout.after_run(run));
        self.folders(&self.layout.runs(), after.as_deref()).await
    }

    async fn record(
        &self,
        run: &RunId,
        folder: &Folder,
        holder: Option<&RunId>,
    ) -> Result<RunRecord, ReadError> {
        if !folder.opened {
            let named_by = format!("the folder of run {run}");
            let location = self.location(&self.layout.opened(run));
            return Err(ReadError::Missing { location, named_by });
        }
        let key = self.layout.opened(run);
        let opened: Opened = self.read_json(&key).await?;
        self.check_owner(&key, &opened.account, &opened.manifest)?;
        self.check_run(&key, &opened.run, run)?;
        let segments: Vec<Segment> = stream::iter(1..=folder.segments)
            .map(async |number| self.segment(run, number).await)
            .buffered(READS_AT_ONCE)
            .try_collect()
            .await?;
        let end = match folder.closed {
            true => RunEnd::Closed(Box::new(self.closing(run, folder.segments).await?)),
            false => RunEnd::of_open(run, holder),
        };
        let events = segments.into_iter().flat_map(|segment| segment.events).collect();
        Ok(RunRecord { opened, events, end })
    }

    async fn segment(&self, run: &RunId, number: u32) -> Result<Segment, ReadError> {
        let key = self.layout.segment(run, number);
        let segment: Segment = self.read_json(&key).await?;
        self.check_run(&key, &segment.run, run)?;
        Ok(segment)
    }

    async fn closing(&self, run: &RunId, segments: u32) -> Result<Closed, ReadError> {
        let key = self.layout.closed(run);
        let closed: Closed = self.read_json(&key).await?;
        self.check_run(&key, &closed.run, run)?;
        if closed.segments > segments {
            return Err(ReadError::Missing {
                location: self.location(&self.layout.segment(run, closed.segments)),
                named_by: self.location(&key),
            });
        }
        Ok(closed)
    }

    fn check_run(&self, key: &str, found: &RunId, expected: &RunId) -> Result<(), ReadError> {
        if found == expected {
            return Ok(());
        }
        let (found, expected) = (format!("run {found}"), format!("run {expected}"));
        Err(ReadError::Foreign { location: self.location(key), found, expected })
    }

    async fn read_json<T: DeserializeOwned>(&self, key: &str) -> Result<T, ReadError> {
        let object = self.get(key).await?.ok_or_else(|| ReadError::Missing {
            location: self.location(key),
            named_by: "the listing of the bucket".to_owned(),
        })?;
        self.parse(key, &object.bytes)
    }

    /// What there is of each run under a prefix.
    async fn folders(
        &self,
        prefix: &str,
        start_after: Option<&str>,
    ) -> Result<BTreeMap<RunId, Folder>, ReadError> {
        let mut folders: BTreeMap<RunId, Folder> = BTreeMap::new();
        for key in self.list(prefix, start_after).await? {
            // Whatever else somebody put there is none of ours.
            let Some((run, rest)) = self.layout.part_of_run(&key) else { continue };
            let folder = folders.entry(run).or_default();
            match (rest, segment_number(rest)) {
                (OPENED, _) => folder.opened = true,
                (CLOSED, _) => folder.closed = true,
                // Reading all of them up to the last finds out whether one is missing.
                (_, Some(number)) => folder.segments = folder.segments.max(number),
                _ => {}
            }
        }
        Ok(folders)
    }

    /// The run that holds the lock, as far as that can be known: it is only told to readers.
    async fn lock_holder(&self) -> Option<RunId> {
        self.read_lock().await.ok().flatten().map(|(holder, _)| holder.run)
    }
}

/// Leaves out of the plan of a run that left something open what it is known not to have made. Whatever
/// has such a name now was made by somebody else, however equal it is. Of a replacement, what was taken from the old
/// one stays to be explained.
fn leave_out_what_it_did_not_make(plan: &mut Plan, outcomes: &BTreeMap<StepId, Outcome>) {
    let was_not_made = |step: &&Step| {
        let outcome = outcomes.get(&step.id);
        let not_done = |outcome: &Outcome| outcome.receipt().is_none() && !outcome.is_ambiguous();
        made(&step.action).is_some() && outcome.is_some_and(not_done)
    };
    let not_made: BTreeSet<Address> =
        plan.steps.iter().filter(was_not_made).map(|step| step.action.subject()).collect();
    plan.changes
        .retain(|change| change.action == ChangeAction::Replace || !not_made.contains(&change.address));
    for change in plan.changes.iter_mut().filter(|change| not_made.contains(&change.address)) {
        change.after = None;
    }
    plan.steps.retain(|step| made(&step.action).is_none() || !not_made.contains(&step.action.subject()));
}
