//! The state of the git repository that a manifest lies in, for the run record.

use std::path::Path;
use std::process::{Command, Stdio};

use iamctl_apply::GitState;

/// Commit and cleanliness of the repository around a folder; `None` outside of any, or without git.
pub(crate) fn state(folder: &Path) -> Option<GitState> {
    let commit = git(folder, &["rev-parse", "--verify", "HEAD"])?;
    // Only the manifest's own folder: what lies elsewhere does not make this manifest another one.
    let changes = git(folder, &["status", "--porcelain", "--untracked-files=normal", "--", "."])?;
    Some(GitState { commit, dirty: !changes.is_empty() })
}

/// Whether a commit is one that the checked out one builds on; `false` where git cannot say.
pub(crate) fn builds_on(folder: &Path, commit: &str) -> bool {
    // It comes from a record: nothing else than a commit may reach git.
    let is_id = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id && git(folder, &["merge-base", "--is-ancestor", commit, "HEAD"]).is_some()
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        // Read-only questions must not wait for another git, nor take its lock.
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
