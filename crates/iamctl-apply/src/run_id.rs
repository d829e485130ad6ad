//! The id of a run: its time, so that the ids sort as the runs did, and something random.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};

const TIME: &str = "%Y%m%dT%H%M%SZ";
const TIME_LENGTH: usize = 16;
const RANDOM_LENGTH: usize = 8;
const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// The id of a run: `20261124T031200Z-k3v9x0ab`.
///
/// Ids sort by time. Within one master copy a run's id is greater than the ids of all runs before it,
/// whatever the clocks of the machines say: see [`RunId::later_than`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RunId(Box<str>);

impl RunId {
    /// An id from a time and 64 random bits.
    #[must_use]
    pub fn new(now: Timestamp, random: u64) -> Self {
        let mut rest = random;
        let mut suffix = String::with_capacity(RANDOM_LENGTH);
        for _ in 0..RANDOM_LENGTH {
            let digit = usize::try_from(rest % 36).unwrap_or_default();
            suffix.extend(ALPHABET.get(digit).copied().map(char::from));
            rest /= 36;
        }
        Self::assemble(now, &suffix)
    }

    /// This id, or one that is a second later than `other` when it would not sort after it.
    ///
    /// What an unfinished run left is looked for among the runs after the one that the head names.
    /// A run on a machine whose clock is behind must be found there too.
    #[must_use]
    pub fn later_than(self, other: Option<&RunId>) -> Self {
        match other {
            Some(other) if *other >= self => {
                let time = other.time().saturating_add(SignedDuration::from_secs(1));
                Self::assemble(time.unwrap_or(Timestamp::MAX), self.random())
            }
            _ => self,
        }
    }

    fn assemble(time: Timestamp, random: &str) -> Self {
        Self(format!("{}-{random}", time.strftime(TIME)).into())
    }

    /// The time in it: that of the run's start, unless [`later_than`](Self::later_than) moved it.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.0.get(..TIME_LENGTH).and_then(parse_time).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn random(&self) -> &str {
        self.0.get(TIME_LENGTH + 1..).unwrap_or_default()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn parse_time(text: &str) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(DateTime::strptime(TIME, text).ok()?).ok()
}

/// A text that is not the id of a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not the id of a run: it looks like `20261124T031200Z-k3v9x0ab`", .0.escape_debug())]
pub struct NotARunId(String);

impl FromStr for RunId {
    type Err = NotARunId;

    fn from_str(text: &str) -> Result<Self, NotARunId> {
        let id = Self(text.into());
        let suffix_fits =
            id.random().len() == RANDOM_LENGTH && id.random().bytes().all(|byte| ALPHABET.contains(&byte));
        // Writing it again tells whether every character was in its place.
        let time = text.get(..TIME_LENGTH).and_then(parse_time);
        match time.map(|time| Self::assemble(time, id.random())) {
            Some(same) if suffix_fits && same == id => Ok(id),
            _ => Err(NotARunId(text.to_owned())),
        }
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_id_holds_its_time_and_reads_back() {
        let id = RunId::new(at("2026-11-24T03:12:00.9Z"), 0);
        assert_eq!(id.as_str(), "20261124T031200Z-00000000");
        assert_eq!(id.time(), at("2026-11-24T03:12:00Z"));
        let id = RunId::new(at("2026-11-24T03:12:00Z"), u64::MAX);
        assert_eq!(id.as_str().parse::<RunId>().unwrap(), id);
        assert_eq!(id.as_str().len(), 25);
    }

    #[test]
    fn ids_sort_by_time() {
        let earlier = RunId::new(at("2026-11-24T03:12:00Z"), u64::MAX);
        let later = RunId::new(at("2026-11-24T03:12:01Z"), 0);
        assert!(earlier < later);
    }

    #[test]
    fn a_clock_that_is_behind_does_not_make_an_earlier_id() {
        let head = RunId::new(at("2026-11-24T03:12:00Z"), 7);
        for now in ["2026-11-24T03:12:00Z", "2020-01-01T00:00:00Z"] {
            let id = RunId::new(at(now), 3).later_than(Some(&head));
            assert!(id > head, "{id}");
            assert_eq!(id.time(), at("2026-11-24T03:12:01Z"));
            assert_eq!(id.as_str().parse::<RunId>().unwrap(), id);
        }
        let id = RunId::new(at("2026-11-25T00:00:00Z"), 3);
        assert_eq!(id.clone().later_than(Some(&head)), id);
        assert_eq!(id.clone().later_than(None), id);
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in [
            "",
            "20261124T031200Z",
            "20261124T031200Z-",
            "20261124T031200Z-0000000",
            "20261124T031200Z-000000000",
            "20261124T031200Z-0000000A",
            "20261324T031200Z-00000000",
            "20261124T031200Z_00000000",
            "20261124T03120 Z-00000000",
            "2026-1-4T031200Z-00000000",
            "ééééééééé-00000000",
            "../../20261124T031200Z-00000000",
        ] {
            assert!(bad.parse::<RunId>().is_err(), "{bad}");
        }
        let said = "\u{1b}[31m".parse::<RunId>().unwrap_err().to_string();
        assert_eq!(said, "`\\u{1b}[31m` is not the id of a run: it looks like `20261124T031200Z-k3v9x0ab`");
    }
}
