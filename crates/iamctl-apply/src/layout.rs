//! Where the objects of one master copy lie in its bucket.

use iamctl_model::{AccountId, ManifestName};

use crate::digest::Digest;
use crate::run_id::RunId;

/// The keys of one master copy. All of them begin with `<prefix><account>/<manifest name>/`:
///
/// | key | holds | written |
/// | --- | --- | --- |
/// | `head.json` | the only pointer, see [`Head`](crate::Head) | by conditional put, last |
/// | `lock.json` | who writes at this moment, see [`LockHolder`](crate::LockHolder) | by conditional put and delete |
/// | `states/<run>.json` | what is ours, see [`State`](crate::State) | once |
/// | `manifests/<digest>/<file>` | a manifest, byte for byte | once |
/// | `current/<file>` | the manifest of the last run, for people | in any run that writes |
/// | `runs/<run>/opened.json` | who is about to do what, see [`Opened`](crate::Opened) | once, before the first call |
/// | `runs/<run>/events-<n>.json` | what happened, see [`Segment`](crate::Segment) | once each |
/// | `runs/<run>/closed.json` | how it ended, see [`Closed`](crate::Closed) | once |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    account: String,
    root: String,
}

impl Layout {
    /// The keys under a prefix, which is empty or ends with a slash.
    #[must_use]
    pub fn new(prefix: &str, account: &AccountId, manifest: &ManifestName) -> Self {
        let account = format!("{prefix}{account}/");
        Self { root: format!("{account}{manifest}/"), account }
    }

    /// The keys of another manifest of the same account under the same prefix.
    pub(crate) fn beside(&self, manifest: &ManifestName) -> Self {
        Self { root: format!("{}{manifest}/", self.account), account: self.account.clone() }
    }

    /// The folder of the account, in which each manifest has its own.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// What all keys begin with.
    #[must_use]
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The head.
    #[must_use]
    pub fn head(&self) -> String {
        self.under("head.json")
    }

    /// The lock.
    #[must_use]
    pub fn lock(&self) -> String {
        self.under("lock.json")
    }

    /// What a run left as ours.
    #[must_use]
    pub fn state(&self, run: &RunId) -> String {
        self.under(&Self::state_below_root(run))
    }

    /// The same, as the head names it: without the root, so that a bucket can be copied or moved.
    pub(crate) fn state_below_root(run: &RunId) -> String {
        format!("states/{run}.json")
    }

    /// The folder of a manifest.
    #[must_use]
    pub fn manifest(&self, digest: &Digest) -> String {
        self.under(&format!("manifests/{digest}/"))
    }

    /// The folder of the manifest as it is now.
    #[must_use]
    pub fn current(&self) -> String {
        self.under("current/")
    }

    /// The folder of all runs.
    #[must_use]
    pub fn runs(&self) -> String {
        self.under("runs/")
    }

    /// The folder of one run.
    #[must_use]
    pub fn run(&self, run: &RunId) -> String {
        self.under(&format!("runs/{run}/"))
    }

    /// The opening of a run's record.
    #[must_use]
    pub fn opened(&self, run: &RunId) -> String {
        format!("{}{OPENED}", self.run(run))
    }

    /// One segment of a run's events; they count from 1.
    #[must_use]
    pub fn segment(&self, run: &RunId, number: u32) -> String {
        format!("{}events-{number:06}.json", self.run(run))
    }

    /// The end of a run's record.
    #[must_use]
    pub fn closed(&self, run: &RunId) -> String {
        format!("{}{CLOSED}", self.run(run))
    }

    pub(crate) fn under(&self, rest: &str) -> String {
        format!("{}{rest}", self.root)
    }

    /// A key that sorts after all keys of a run and before those of the next one.
    pub(crate) fn after_run(&self, run: &RunId) -> String {
        // `0` is the character after `/`.
        format!("{}{run}0", self.runs())
    }

    /// The run a key belongs to, and the key's rest below the run's folder.
    pub(crate) fn part_of_run<'k>(&self, key: &'k str) -> Option<(RunId, &'k str)> {
        let (run, rest) = key.strip_prefix(&self.runs())?.split_once('/')?;
        Some((run.parse().ok()?, rest))
    }
}

pub(crate) const OPENED: &str = "opened.json";
pub(crate) const CLOSED: &str = "closed.json";

/// The number of a segment, from the key below its run's folder.
pub(crate) fn segment_number(rest: &str) -> Option<u32> {
    let digits = rest.strip_prefix("events-")?.strip_suffix(".json")?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(prefix: &str) -> Layout {
        let account = AccountId::parse("123456789012").unwrap();
        Layout::new(prefix, &account, &ManifestName::parse("acme-prod").unwrap())
    }

    #[test]
    fn keys_lie_where_the_documentation_says() {
        let run: RunId = "20261124T031200Z-k3v9x0ab".parse().unwrap();
        let at_prefix = layout("iam/");
        let below = |key: String| key.strip_prefix("iam/123456789012/acme-prod/").map(str::to_owned).unwrap();
        assert_eq!(below(at_prefix.head()), "head.json");
        assert_eq!(below(at_prefix.lock()), "lock.json");
        assert_eq!(below(at_prefix.state(&run)), "states/20261124T031200Z-k3v9x0ab.json");
        assert_eq!(below(at_prefix.opened(&run)), "runs/20261124T031200Z-k3v9x0ab/opened.json");
        assert_eq!(below(at_prefix.segment(&run, 12)), "runs/20261124T031200Z-k3v9x0ab/events-000012.json");
        assert_eq!(below(at_prefix.closed(&run)), "runs/20261124T031200Z-k3v9x0ab/closed.json");
        assert_eq!(below(at_prefix.current()), "current/");
        assert!(below(at_prefix.manifest(&Digest::of(b""))).starts_with("manifests/sha256-e3b0c442"));
        assert_eq!(layout("").head(), "123456789012/acme-prod/head.json");
    }

    #[test]
    fn runs_are_told_apart_in_a_listing() {
        let layout = layout("");
        let first: RunId = "20261124T031200Z-aaaaaaaa".parse().unwrap();
        let second: RunId = "20261124T031200Z-aaaaaaab".parse().unwrap();
        assert!(layout.segment(&first, 999_999) < layout.after_run(&first));
        assert!(layout.after_run(&first) < layout.closed(&second));
        assert_eq!(layout.part_of_run(&layout.opened(&first)), Some((first.clone(), OPENED)));
        assert_eq!(segment_number("events-000012.json"), Some(12));
        for other in ["head.json", "123456789012/acme-prod/runs/x/opened.json"] {
            assert_eq!(layout.part_of_run(other), None);
        }
        assert_eq!(segment_number("events-x.json"), None);
    }
}
