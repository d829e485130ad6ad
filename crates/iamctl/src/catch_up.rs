//! Reading the account right after a run: IAM's reads lag behind what was just written, and what is
//! ours and does not show yet must not be taken for gone or changed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use iamctl_apply::Memory;
use iamctl_aws::{Patience, Scope};
use iamctl_diff::{is_as_left, missing};
use iamctl_model::Live;
use jiff::{SignedDuration, Timestamp};

use crate::context::Session;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::page::Ink;
use crate::terminal::Terminal;

/// For how long after a run IAM's lists may lack what it did.
const FRESH: SignedDuration = SignedDuration::from_mins(2);

/// How far the clock of whoever wrote the head may be ahead of this one.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The seconds to wait in all, where they shall not be the usual ones.
const SETTING: &str = "IAMCTL_CATCH_UP";

/// The patience of one command, which is used up once: `apply` looks twice.
#[derive(Debug)]
pub(crate) struct CatchUp {
    patience: Patience,
    used: AtomicBool,
    terminal: Terminal,
}

impl CatchUp {
    pub(crate) fn from_environment(terminal: Terminal) -> Result<Self, Failure> {
        let patience = match std::env::var_os(SETTING).filter(|value| !value.is_empty()) {
            None => Patience::default(),
            Some(value) => patience(&value.to_string_lossy()).ok_or_else(|| {
                Failure::new(Exit::Usage, format!("{SETTING} is `{}`", value.display()))
                    .help("a whole number of seconds up to 600 is expected")
            })?,
        };
        Ok(Self { patience, used: AtomicBool::new(false), terminal })
    }

    fn tell(&self) {
        let mut page = self.terminal.page();
        let text = "not all that was applied a moment ago shows in IAM yet: looking again";
        page.words(0, 6, &[(Ink::Caution, "note: "), (Ink::Plain, text)]);
        self.terminal.tell(&page);
    }
}

fn patience(seconds: &str) -> Option<Patience> {
    let seconds: u64 = seconds.trim().parse().ok().filter(|seconds| *seconds <= 600)?;
    Some(Patience::new(Duration::from_secs(seconds)))
}

impl Session {
    /// Reads the account. Shortly after a run, what is ours and reads otherwise is read again, with growing
    /// waits, before it is believed; and of what the list still lacks, IAM is asked by name.
    pub(crate) async fn read_live(&self, memory: &Memory, scope: &Scope) -> Result<Live, Failure> {
        let read = || self.aws.read_live_within(self.account(), scope, self.catch_up.patience);
        let mut live = read().await?;
        let Some(head) = memory.last().filter(|head| is_fresh(head.written, Timestamp::now())) else {
            return Ok(live);
        };
        tracing::debug!("the head of {} was written a moment ago", head.written);
        let differs = |live: &Live| !is_as_left(&self.manifest.desired, live, &memory.ownership);
        if differs(&live) && !self.catch_up.used.swap(true, Ordering::Relaxed) {
            let waits: Vec<Duration> =
                self.catch_up.patience.waits().filter(|wait| !wait.is_zero()).collect();
            if !waits.is_empty() {
                self.catch_up.tell();
            }
            for wait in waits {
                tokio::time::sleep(wait).await;
                live = read().await?;
                if !differs(&live) {
                    break;
                }
            }
        }
        self.confirm_missing(memory, &live).await?;
        Ok(live)
    }

    /// Nothing is forgotten or made again because one list lacks it.
    async fn confirm_missing(&self, memory: &Memory, live: &Live) -> Result<(), Failure> {
        for (address, owned) in missing(live, &memory.ownership) {
            let found = self.aws.find(self.account(), address, owned.last_applied.path()).await?;
            if found.is_some() && found.as_ref() != live.id(address) {
                return Err(Failure::new(
                    Exit::Refused,
                    format!("{address} is not yet visible: it is there, and IAM's list does not have it"),
                )
                .cause("it was applied a moment ago, and IAM's reads lag behind")
                .help("run it again in a minute"));
            }
        }
        Ok(())
    }
}

/// Whether a head was written so short a time ago that IAM's reads may not show it all.
fn is_fresh(written: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(written);
    age < FRESH && age > -CLOCK_SKEW
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_fresh_for_two_minutes() {
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        for (age, fresh) in
            [(0, true), (119, true), (120, false), (86_400, false), (-200, true), (-301, false)]
        {
            assert_eq!(is_fresh(at(0), at(age)), fresh, "{age}");
        }
    }

    #[test]
    fn patience_is_a_number_of_seconds() {
        assert_eq!(patience("0"), Some(Patience::new(Duration::ZERO)));
        assert_eq!(patience(" 600 "), Some(Patience::new(Duration::from_mins(10))));
        for nonsense in ["601", "-1", "1.5", "soon", ""] {
            assert_eq!(patience(nonsense), None, "{nonsense}");
        }
    }
}
