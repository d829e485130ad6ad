//! `cargo xtask demo`: the main job on `desired-state.yaml`, for a reader to watch.
//!
//! Every command is a real one, against a local AWS that is started for this run and gone after it. The change that
//! it shows is made to a copy of the manifest, in a temporary folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use local_aws::LocalAws;

use crate::signals::Signals;
use crate::{build, say, setup, steps};

const MANIFEST: &str = "desired-state.yaml";

pub(crate) fn run() -> Result<()> {
    // First what fails fastest: a machine without Python should not have to build the AWS SDK to hear of it.
    let python = setup::python()?;
    say::line("Building iamctl (the AWS SDK makes the first build take minutes) …");
    let program = build::iamctl()?;
    let _signals = Signals::note()?;
    let demo = Demo { program, python, aws: setup::start()? };
    let folder =
        tempfile::Builder::new().prefix("iamctl-demo-").tempdir().context("failed to make a folder")?;

    demo.found()?;
    demo.change(folder.path())?;
    let runs = demo.show_master_copy()?;
    demo.show_runs(&runs)?;
    say::heading("That was it");
    say::remark(
        "The local AWS ends here, and nothing else on this machine has changed. `cargo xtask sandbox` leaves one running.",
    );
    Ok(())
}

/// What the steps have in common.
struct Demo {
    program: PathBuf,
    python: PathBuf,
    aws: LocalAws,
}

impl Demo {
    fn found(&self) -> Result<()> {
        say::heading("1. Is the manifest right? Nothing is asked of AWS for this.");
        self.iamctl(&["validate"], 0)?;
        say::heading("2. What would change in the account, which is empty?");
        self.iamctl(&["plan"], 0)?;
        say::heading("3. Make it so.");
        self.iamctl(&["apply", "--yes"], 0)?;
        say::heading("4. And now? Nothing is left to do: with --detailed-exitcode, that is exit code 0.");
        self.iamctl(&["plan", "--detailed-exitcode"], 0)
    }

    fn change(&self, folder: &Path) -> Result<()> {
        let original = build::root().join(MANIFEST);
        let text =
            std::fs::read_to_string(&original).with_context(|| format!("failed to read {MANIFEST}"))?;
        let (text, changed_lines) = hire_dave(&text)?;
        let copy = folder.join(MANIFEST);
        std::fs::write(&copy, text).with_context(|| format!("failed to write {}", copy.display()))?;
        let copy = copy.to_str().context("the temporary folder has a name that is not UTF-8")?;

        say::heading("5. Dave joins: two lines change in a copy of the manifest.");
        for line in changed_lines {
            say::line(&line);
        }
        say::remark(
            "\nThe plan names the change, and what it does to access. Exit code 2: there is something to do.",
        );
        self.iamctl(&["plan", "--detailed-exitcode", "-f", copy], 2)?;
        self.iamctl(&["apply", "--yes", "-f", copy], 0)?;
        self.iamctl(&["plan", "--detailed-exitcode", "-f", copy], 0)
    }

    /// Returns the ids of the runs that are recorded there, oldest first.
    fn show_master_copy(&self) -> Result<Vec<String>> {
        say::heading("6. The master copy: what now lies in S3, read by boto3 (size and key).");
        let mut command = Command::new(&self.python);
        command.arg("-I").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join("list_buckets.py"));
        self.aws.environment().apply_to(&mut command);
        let output = command.stderr(Stdio::inherit()).output().context("failed to run Python")?;
        ensure!(output.status.success(), "the buckets could not be listed");
        let listing = String::from_utf8_lossy(&output.stdout);
        say::line(listing.trim_end());
        Ok(runs_in(&listing))
    }

    fn show_runs(&self, runs: &[String]) -> Result<()> {
        say::heading("7. The run record: who changed what, when, and how it went.");
        self.iamctl(&["runs", "list"], 0)?;
        let Some(last) = runs.last() else { bail!("the master copy holds no record of a run") };
        self.iamctl(&["runs", "show", last], 0)
    }

    /// Runs iamctl at the top of the workspace, as the reader would.
    fn iamctl(&self, arguments: &[&str], expected: u8) -> Result<()> {
        let shown_as = format!("iamctl {}", arguments.join(" "));
        say::command(&shown_as);
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(build::root()).stdin(Stdio::null());
        self.aws.environment().apply_to(&mut command);
        steps::expect(&mut command, expected, &shown_as)
    }
}

/// Adds a user, and lets him assume the role. Returns the text, and the changed lines as a diff shows them.
fn hire_dave(text: &str) -> Result<(String, Vec<String>)> {
    let text = replace_line(text, |line| (line == "users:").then(|| "users:\n  dave: {}".to_owned()))?;
    let in_trust =
        |line: &str| line.contains("[alice, bob, carol]").then(|| line.replace("carol]", "carol, dave]"));
    let before = text.lines().find(|line| in_trust(line).is_some()).unwrap_or_default().to_owned();
    let text = replace_line(&text, in_trust)?;
    let after = in_trust(&before).unwrap_or_default();
    let lines =
        vec![" users:".to_owned(), "+  dave: {}".to_owned(), format!("-{before}"), format!("+{after}")];
    Ok((text, lines))
}

/// Replaces the one line that `change` has something to say to.
fn replace_line(text: &str, change: impl Fn(&str) -> Option<String>) -> Result<String> {
    let changed = text.lines().filter(|line| change(line).is_some()).count();
    ensure!(
        changed == 1,
        "the change that the demo makes does not fit {MANIFEST} any more: {changed} lines match"
    );
    Ok(text.lines().map(|line| change(line).unwrap_or_else(|| line.to_owned()) + "\n").collect())
}

/// The ids in keys such as `…/runs/<id>/plan.json`; they sort by time.
fn runs_in(listing: &str) -> Vec<String> {
    let ids = listing.lines().filter_map(|line| line.split_once("/runs/")?.1.split_once('/'));
    ids.map(|(id, _)| id.to_owned()).collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_change_adds_a_user_and_his_right_to_the_role() {
        let text = "users:\n  alice: {}\nroles:\n  r:\n    trust:\n      - users: [alice, bob, carol]\n";
        let (changed, lines) = hire_dave(text).unwrap();
        assert_eq!(
            changed,
            "users:\n  dave: {}\n  alice: {}\nroles:\n  r:\n    trust:\n      - users: [alice, bob, carol, dave]\n"
        );
        assert_eq!(lines[2], "-      - users: [alice, bob, carol]");
        assert_eq!(lines[3], "+      - users: [alice, bob, carol, dave]");
    }

    #[test]
    fn a_manifest_that_the_change_does_not_fit_is_an_error() {
        assert!(hire_dave("users:\n  alice: {}\n").is_err());
    }

    #[test]
    fn runs_are_found_in_the_keys_once_each_and_in_order() {
        let listing = "bucket b\n  10  iam/1/n/head.json\n  9  iam/1/n/runs/r2/a\n  9  iam/1/n/runs/r1/a\n  9  iam/1/n/runs/r1/b";
        assert_eq!(runs_in(listing), ["r1", "r2"]);
    }
}
