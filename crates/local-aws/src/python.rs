//! Finds a Python that moto runs on, and runs its tools without letting the person's settings interfere.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::Error;

/// moto 5.2.5 needs 3.10.
const OLDEST_MINOR: u32 = 10;
/// The newest version that `requirements.txt` was resolved for and tried with. A newer one is used only if there
/// is no other: its compiled packages may be missing.
const NEWEST_TRIED_MINOR: u32 = 14;

/// An interpreter outside any environment of ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Python {
    program: PathBuf,
    minor: u32,
}

impl Python {
    /// The Python that was asked for, or else the most usual one that is new enough.
    pub(crate) fn find(named: Option<&Path>) -> Result<Self, Error> {
        let candidates = match named {
            Some(program) => vec![program.to_owned()],
            None => usual_names(),
        };
        choose(&candidates, minor_version)
    }

    /// `3.N`.
    pub(crate) fn version(&self) -> String {
        format!("3.{}", self.minor)
    }

    /// The program as it was found.
    pub(crate) fn name(&self) -> String {
        self.program.display().to_string()
    }

    /// A command that runs this Python.
    pub(crate) fn command(&self) -> Command {
        command(&self.program)
    }
}

/// A command that runs the interpreter `program`, with pip's settings kept as far as they say where packages come
/// from, and dropped as far as they would put them elsewhere.
pub(crate) fn command(program: &Path) -> Command {
    const MISLEADING: &[&str] = &[
        "PIP_CONSTRAINT",
        "PIP_DRY_RUN",
        "PIP_EDITABLE",
        "PIP_NO_BINARY",
        "PIP_PREFIX",
        "PIP_PYTHON",
        "PIP_REPORT",
        "PIP_REQUIREMENT",
        "PIP_ROOT",
        "PIP_TARGET",
        "PYTHONHOME",
        "PYTHONPATH",
    ];
    let mut command = Command::new(program);
    for name in MISLEADING {
        command.env_remove(name);
    }
    // Set, not removed: the environment wins over pip.conf, where these two are often found.
    command.env("PIP_USER", "0").env("PIP_REQUIRE_VIRTUALENV", "0").stdin(Stdio::null());
    command
}

/// The last lines of what a tool printed: enough to see the reason, little enough to read.
pub(crate) fn last_words(output: &Output) -> String {
    const LINES: usize = 12;
    let text = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).join("\n");
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let start = lines.len().saturating_sub(LINES);
    lines.get(start..).unwrap_or_default().join("\n  ")
}

/// `python3` first: what the machine's owner made the default. The others are there for machines whose default is
/// too old.
fn usual_names() -> Vec<PathBuf> {
    let numbered = (OLDEST_MINOR..=NEWEST_TRIED_MINOR).rev().map(|minor| format!("python3.{minor}"));
    std::iter::once("python3".to_owned()).chain(numbered).map(PathBuf::from).collect()
}

fn choose(candidates: &[PathBuf], version: impl Fn(&Path) -> Option<u32>) -> Result<Python, Error> {
    let mut too_new = None;
    let mut too_old = None;
    for program in candidates {
        let Some(minor) = version(program) else { continue };
        let python = Python { program: program.clone(), minor };
        match minor {
            OLDEST_MINOR..=NEWEST_TRIED_MINOR => return Ok(python),
            0..OLDEST_MINOR => too_old = too_old.or(Some(python)),
            _ => too_new = too_new.or(Some(python)),
        }
    }
    match (too_new, too_old) {
        (Some(python), _) => Ok(python),
        (None, Some(python)) => {
            Err(Error::OldPython { python: python.name(), found: python.version(), oldest: OLDEST_MINOR })
        }
        (None, None) => Err(Error::NoPython {
            tried: candidates.first().map(|program| program.display().to_string()).unwrap_or_default(),
            oldest: OLDEST_MINOR,
        }),
    }
}

/// The `N` of Python `3.N`; nothing when the program is not there, or is no Python 3.
fn minor_version(program: &Path) -> Option<u32> {
    const PRINT_VERSION: &str = "import sys; print('%d.%d' % sys.version_info[:2])";
    let output = command(program).args(["-c", PRINT_VERSION]).output().ok()?;
    if !output.status.success() {
        return None;
    }
    String::from_utf8(output.stdout).ok()?.trim().strip_prefix("3.")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose_among(versions: &[(&str, Option<u32>)]) -> Result<Python, Error> {
        let names: Vec<PathBuf> = versions.iter().map(|(name, _)| PathBuf::from(name)).collect();
        choose(&names, |program| {
            versions.iter().find(|(name, _)| Path::new(name) == program).and_then(|(_, minor)| *minor)
        })
    }

    #[test]
    fn the_first_python_of_a_tried_version_is_taken() {
        let python =
            choose_among(&[("python3", Some(9)), ("python3.14", None), ("python3.12", Some(12))]).unwrap();
        assert_eq!((python.name(), python.version()), ("python3.12".to_owned(), "3.12".to_owned()));
    }

    #[test]
    fn a_newer_python_than_was_tried_is_better_than_none() {
        assert_eq!(choose_among(&[("python3", Some(15))]).unwrap().version(), "3.15");
        assert_eq!(
            choose_among(&[("python3", Some(15)), ("python3.14", Some(14))]).unwrap().version(),
            "3.14"
        );
    }

    #[test]
    fn without_any_python_the_message_says_what_to_install() {
        let message = choose_among(&[("python3", None)]).unwrap_err().to_string();
        assert!(message.contains("no `python3` here"), "{message}");
        assert!(message.contains("apt-get install python3 python3-venv"), "{message}");
        assert!(message.contains(crate::PYTHON_VARIABLE), "{message}");
    }

    #[test]
    fn an_old_python_is_named_with_its_version() {
        let message = choose_among(&[("python3", Some(9))]).unwrap_err().to_string();
        assert!(message.contains("needs Python 3.10 or newer, and `python3` is 3.9"), "{message}");
    }
}
