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
    // Not called `file`: that is the manifest, whose global option would stand in for it.
    #[arg(value_name = "FILE")]
    requests: Option<PathBuf>,
}

pub(crate) fn policy(args: &Policy) -> Result<Exit, Failure> {
    match &args.question {
        Question::Eval(args) => eval(args),
    }
}

fn eval(args: &Eval) -> Result<Exit, Failure> {
    let output = BufWriter::new(io::stdout().lock());
    match args.requests.as_deref().filter(|file| *file != Path::new("-")) {
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::Read;
    use std::rc::Rc;

    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    const SOUND: &str = r#"{"id": 1, "request": {"principal": "arn:aws:iam::111122223333:root",
        "action": "s3:GetObject", "resource": "*"}}"#;

    #[test]
    fn the_manifest_is_not_taken_for_the_requests() {
        let requests = |arguments: &[&str]| {
            let arguments = ["iamctl", "policy", "eval"].iter().chain(arguments);
            let Command::Policy(policy) = Cli::try_parse_from(arguments).unwrap().command else { panic!() };
            let Question::Eval(eval) = policy.question;
            eval.requests
        };
        assert_eq!(requests(&[]), None);
        assert_eq!(requests(&["-f", "manifest.yaml"]), None);
        assert_eq!(requests(&["asked.jsonl"]), Some("asked.jsonl".into()));
    }

    fn sound() -> String {
        SOUND.replace('\n', " ")
    }

    fn answers(input: &str) -> (Exit, Vec<String>) {
        let mut output = Vec::new();
        let exit = answer_all(BufReader::new(input.as_bytes()), &mut output, "input").unwrap();
        (exit, String::from_utf8(output).unwrap().lines().map(str::to_owned).collect())
    }

    #[test]
    fn every_line_has_its_answer_and_a_broken_one_ends_nothing() {
        let sound = sound();
        let (exit, lines) = answers(&format!("{sound}\r\n\n{{\n  \n{sound}"));
        assert_eq!(exit, Exit::Failed);
        let [first, second, third] = lines.as_slice() else { panic!("{lines:?}") };
        assert!(first.starts_with(r#"{"id":1,"decision":"Allowed","#), "{first}");
        assert!(second.starts_with(r#"{"id":null,"error":"#), "{second}");
        assert_eq!(first, third);
        assert_eq!(answers(&sound).0, Exit::Done);
        assert_eq!(answers(""), (Exit::Done, Vec::new()));
    }

    /// Gives one line at a time, and sees to it that the one before was answered.
    struct Asker {
        lines: Vec<String>,
        given: usize,
        answered: Rc<RefCell<Vec<u8>>>,
    }

    impl Read for Asker {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let answered = self.answered.borrow().iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(answered, self.given, "the next line is read before the last one was answered");
            let Some(line) = self.lines.get(self.given) else { return Ok(0) };
            self.given += 1;
            buffer[..line.len()].copy_from_slice(line.as_bytes());
            Ok(line.len())
        }
    }

    struct Shared(Rc<RefCell<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whoever_asks_one_question_at_a_time_gets_one_answer_at_a_time() {
        let answered = Rc::new(RefCell::new(Vec::new()));
        let line = format!("{}\n", sound());
        let asker =
            Asker { lines: vec![line.clone(), line.clone(), line], given: 0, answered: answered.clone() };
        let output = BufWriter::new(Shared(answered));
        assert_eq!(answer_all(BufReader::new(asker), output, "input").unwrap(), Exit::Done);
    }

    #[test]
    fn a_reader_who_has_seen_enough_is_no_failure() {
        struct Closed;

        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let exit = answer_all(BufReader::new(sound().as_bytes()), Closed, "input").unwrap();
        assert_eq!(exit, Exit::Done);
    }
}
