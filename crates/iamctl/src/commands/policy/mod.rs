//! `policy`: the policy engine on its own.

mod compare;
mod lines;
mod lint;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use iamctl_policy::eval::Answerer;

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

use lines::answer_lines;
pub(crate) use lint::TypeName;

/// Asks the policy engine, without manifest and without AWS
#[derive(Debug, Args)]
pub(crate) struct Policy {
    #[command(subcommand)]
    question: Question,
}

#[derive(Debug, Subcommand)]
enum Question {
    Eval(Eval),
    Equal(compare::Equal),
    Diff(compare::Diff),
    Lint(lint::Lint),
}

/// Decides requests as AWS would, one to a line
///
/// Each line of the input is a JSON object with a request and all policies that apply to it; each line of
/// the output is the decision and what decided it. A broken line gets an answer with `error`, and the
/// rest go on. Exit code 1 when there was a broken one. docs/evaluation.md describes the fields.
#[derive(Debug, Args)]
struct Eval {
    /// A file with the requests; standard input when there is none, or for `-`
    // Not called `file`: that is the manifest, whose global option would stand in for it.
    #[arg(value_name = "FILE")]
    requests: Option<PathBuf>,
}

impl Policy {
    /// Whether findings are asked for.
    pub(crate) fn is_lint(&self) -> bool {
        matches!(self.question, Question::Lint(_))
    }
}

pub(crate) fn policy(args: &Policy, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    match &args.question {
        Question::Eval(args) => eval(args),
        Question::Equal(args) => compare::equal(args, global, terminal),
        Question::Diff(args) => compare::diff(args, global, terminal),
        Question::Lint(args) => lint::lint(args, global, terminal),
    }
}

fn eval(args: &Eval) -> Result<Exit, Failure> {
    let mut answerer = Answerer::new();
    answer_lines(args.requests.as_deref(), |line| answerer.answer(line))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    #[test]
    fn the_manifest_is_not_taken_for_the_requests() {
        let requests = |arguments: &[&str]| {
            let arguments = ["iamctl", "policy", "eval"].iter().chain(arguments);
            let Command::Policy(policy) = Cli::try_parse_from(arguments).unwrap().command else { panic!() };
            let Question::Eval(eval) = policy.question else { panic!() };
            eval.requests
        };
        assert_eq!(requests(&[]), None);
        assert_eq!(requests(&["-f", "manifest.yaml"]), None);
        assert_eq!(requests(&["asked.jsonl"]), Some("asked.jsonl".into()));
    }
}
