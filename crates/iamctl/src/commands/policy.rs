//! `policy`: the policy engine on its own.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use iamctl_policy::eval::Answerer;

use crate::exit::Exit;
use crate::failure::Failure;

/// Asks the policy engine, without manifest and without AWS
#[derive(Debug, Args)]
pub(crate) struct Policy {
    #[command(subcommand)]
    question: Question,
}

#[derive(Debug, Subcommand)]
enum Question {
    Eval(Eval),
}

/// Decides requests as AWS would, one to a line
///
/// Each line of the input is a JSON object with a request and all policies that apply to it; each line of
/// the output is the decision and what decided it. A broken line gets an answer with `error`, and the
/// rest go on. Exit code 1 when there was a broken one. docs/evaluation.md describes the fields.
#[derive(Debug, Args)]
struct Eval {
    /// A file with the requests; standard input when there is none, or for `-`
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(crate) fn policy(args: &Policy) -> Result<Exit, Failure> {
    match &args.question {
        Question::Eval(args) => eval(args),
    }
}

fn eval(args: &Eval) -> Result<Exit, Failure> {
    let output = BufWriter::new(io::stdout().lock());
    match args.file.as_deref().filter(|file| *file != Path::new("-")) {
        None => answer_all(BufReader::with_capacity(1 << 16, io::stdin().lock()), output, "standard input"),
        Some(file) => {
            let name = file.display().to_string();
            let input = File::open(file)
                .map_err(|error| Failure::new(Exit::Failed, format!("cannot read {name}")).cause(error))?;
            answer_all(BufReader::with_capacity(1 << 16, input), output, &name)
        }
    }
}

/// Answers line by line. Before it would have to wait for more input, everything answered so far is
/// written: whoever asks one question at a time gets one answer at a time.
fn answer_all<R: io::Read>(
    mut input: BufReader<R>,
    mut output: impl Write,
    name: &str,
) -> Result<Exit, Failure> {
    let mut answerer = Answerer::new();
    let mut exit = Exit::Done;
    let mut line = Vec::new();
    let cannot = |verb: &str, error: io::Error| {
        Failure::new(Exit::Failed, format!("cannot {verb} {name}")).cause(error)
    };
    loop {
        if !input.buffer().contains(&b'\n') && !written(output.flush())? {
            return Ok(exit);
        }
        line.clear();
        if input.read_until(b'\n', &mut line).map_err(|error| cannot("read", error))? == 0 {
            return Ok(exit);
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answer = answerer.answer(&line);
        if answer.is_error {
            exit = Exit::Failed;
        }
        if !written(writeln!(output, "{}", answer.text))? {
            return Ok(exit);
        }
    }
}

/// Whether it was written; it is not when nobody reads any more.
fn written(result: io::Result<()>) -> Result<bool, Failure> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::new(Exit::Failed, "cannot write the answers").cause(error)),
    }
}
