//! The command line. The doc comments here are the help texts.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use iamctl_model::{Guard, HazardKind};
use iamctl_policy::closest;

use crate::commands::{
    apply, can, completions, drift, escalations, import, init, plan, policy, runs, show, test, unlock,
    unmanaged, validate,
};

/// Keeps AWS IAM users, groups, roles and policies as one YAML manifest says.
///
/// `iamctl plan` shows what would change in the account; `iamctl apply` makes only the calls that are
/// needed, in a safe order, and stores the manifest and a record of the run in an S3 bucket, the master
/// copy.
#[derive(Debug, Parser)]
#[command(name = "iamctl", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Reads the command line of this process.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        Self::try_parse_from(repeatable_last(std::env::args_os()))
    }
}

/// Puts the options that may be repeated, and stand before or after the verb, behind everything else.
/// What stands after the verb would otherwise silently replace what stands before it.
fn repeatable_last(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    const REPEATABLE: [&str; 2] = ["--var", "--var-file"];
    let (mut others, mut moved, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        let name = text.split_once('=').map_or(&*text, |(name, _)| name);
        if text == "--" {
            rest.push(word);
            rest.extend(words.by_ref());
        } else if REPEATABLE.contains(&name) {
            let value = if name == text { words.next() } else { None };
            moved.push(word);
            moved.extend(value);
        } else {
            others.push(word);
        }
    }
    [others, moved, rest].concat()
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Init),
    Import(import::Import),
    Validate(validate::Validate),
    Plan(plan::PlanArgs),
    Apply(apply::Apply),
    Drift(drift::Drift),
    Show(show::Show),
    Unmanaged(unmanaged::Unmanaged),
    Test(test::Test),
    Can(can::Can),
    WhoCan(can::WhoCan),
    Escalations(escalations::Escalations),
    Runs(runs::Runs),
    Unlock(unlock::Unlock),
    Policy(policy::Policy),
    Schema(validate::Schema),
    Completions(completions::Completions),
}

/// Options that stand before or after the verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The manifest
    #[arg(short, long, global = true, value_name = "FILE", default_value = "desired-state.yaml")]
    pub(crate) file: PathBuf,

    /// A value for a variable of the manifest
    #[arg(long = "var", global = true, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(crate) vars: Vec<(String, String)>,

    /// A YAML or JSON file with values for variables of the manifest; a later one wins, and `--var` over
    /// all of them
    #[arg(long = "var-file", global = true, value_name = "FILE")]
    pub(crate) var_files: Vec<PathBuf>,

    /// The profile of the AWS configuration to sign in with
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// The AWS Region; decides the partition
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,

    /// Sends all requests to this address instead of AWS
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,

    /// How results are written
    #[arg(long, global = true, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(crate) format: Format,

    /// When colors are used
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,

    /// Shows more; twice: the requests to AWS as well
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Shows only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// What may refuse a plan, apart from what always does.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Limits {
    /// Lets one guard pass
    #[arg(long, value_name = "GUARD", value_parser = allowable_guard)]
    pub(crate) allow: Vec<Guard>,

    /// Refuses a plan that has this hazard, or does this to access: `widens`, `narrows`, `unknown-access`
    #[arg(long, value_name = "HAZARD", value_parser = hazard)]
    pub(crate) deny: Vec<Denied>,
}

impl Limits {
    /// The guards that may be passed.
    pub(crate) fn allowed(&self) -> BTreeSet<Guard> {
        self.allow.iter().copied().collect()
    }

    /// The hazards that refuse.
    pub(crate) fn denied(&self) -> BTreeSet<HazardKind> {
        let hazards = self.deny.iter().filter_map(|denied| match denied {
            Denied::Hazard(kind) => Some(*kind),
            Denied::Access(_) => None,
        });
        hazards.collect()
    }

    /// What of a change of access refuses.
    pub(crate) fn denied_access(&self) -> BTreeSet<AccessHazard> {
        let hazards = self.deny.iter().filter_map(|denied| match denied {
            Denied::Hazard(_) => None,
            Denied::Access(hazard) => Some(*hazard),
        });
        hazards.collect()
    }
}

/// What `--deny` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    Hazard(HazardKind),
    Access(AccessHazard),
}

/// What a plan may do to access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AccessHazard {
    /// Somebody gains something.
    Widens,
    /// Somebody loses something.
    Narrows,
    /// It is not known whether somebody does.
    Unknown,
}

impl AccessHazard {
    const ALL: [AccessHazard; 3] = [AccessHazard::Widens, AccessHazard::Narrows, AccessHazard::Unknown];

    /// Its name on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            AccessHazard::Widens => "widens",
            AccessHazard::Narrows => "narrows",
            AccessHazard::Unknown => "unknown-access",
        }
    }
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs: stable and versioned
    Json,
    /// For comments on pull requests; what has no such form is written as text
    Markdown,
    /// For code scanning (SARIF 2.1.0): the findings of `validate` and `policy lint`, and nothing else
    Sarif,
}

/// When colors are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// A guard that may be passed.
fn allowable_guard(text: &str) -> Result<Guard, String> {
    let guard = serde_json::from_value::<Guard>(text.into()).ok().filter(|guard| guard.can_be_allowed());
    guard.ok_or_else(|| {
        let names: Vec<&str> = Guard::ALL.iter().filter(|g| g.can_be_allowed()).map(|g| g.as_str()).collect();
        format!("{}the guards that can be passed are {}", did_you_mean(text, &names), names.join(", "))
    })
}

/// A hazard that may be denied.
fn hazard(text: &str) -> Result<Denied, String> {
    let kind = HazardKind::ALL.into_iter().find(|kind| kind.as_str() == text).map(Denied::Hazard);
    let access = AccessHazard::ALL.into_iter().find(|kind| kind.as_str() == text).map(Denied::Access);
    kind.or(access).ok_or_else(|| {
        let names: Vec<&str> = HazardKind::ALL
            .map(HazardKind::as_str)
            .into_iter()
            .chain(AccessHazard::ALL.map(AccessHazard::as_str))
            .collect();
        format!("{}the hazards that can be denied are {}", did_you_mean(text, &names), names.join(", "))
    })
}

fn did_you_mean(text: &str, names: &[&str]) -> String {
    closest(text, names.iter().copied()).map_or_else(String::new, |name| format!("did you mean `{name}`? "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Cli {
        Cli::try_parse_from(repeatable_last(line.split(' ').map(OsString::from))).unwrap()
    }

    #[test]
    fn repeatable_options_count_on_both_sides_of_the_verb() {
        let cli =
            read("iamctl --var a=1 --var-file=x.yaml -f m.yaml show --var=b=2 user/a --var-file y.yaml");
        let vars = [("a", "1"), ("b", "2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(cli.global.vars, vars);
        assert_eq!(cli.global.var_files, ["x.yaml", "y.yaml"].map(PathBuf::from));
        assert_eq!(cli.global.file, PathBuf::from("m.yaml"));
        assert!(matches!(cli.command, Command::Show(_)));
    }

    #[test]
    fn what_is_wrong_with_them_is_still_wrong() {
        let words = |line: &str| repeatable_last(line.split(' ').map(OsString::from));
        for line in
            ["iamctl --var plan", "iamctl plan --var", "iamctl --var a plan", "iamctl plan -- --var a=1"]
        {
            assert!(Cli::try_parse_from(words(line)).is_err(), "{line}");
        }
        assert_eq!(
            words("iamctl plan -- --var a"),
            ["iamctl", "plan", "--", "--var", "a"].map(OsString::from)
        );
    }

    #[test]
    fn the_command_line_is_declared_without_contradictions() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
