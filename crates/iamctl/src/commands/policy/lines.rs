//! Questions as JSON Lines: one to a line, answered before more input is waited for.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::path::Path;

use iamctl_policy::eval::Answer;

use crate::exit::Exit;
use crate::failure::Failure;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Answers the lines of a file, or of standard input when there is none, or for `-`.
pub(super) fn answer_lines(
    file: Option<&Path>,
    answer: impl FnMut(&[u8]) -> Answer,
) -> Result<Exit, Failure> {
    let output = BufWriter::new(io::stdout().lock());
    match file.filter(|file| *file != Path::new("-")) {
        None => {
            let input = BufReader::with_capacity(1 << 16, io::stdin().lock());
            answer_all(input, output, "standard input", answer)
        }
        Some(file) => {
            let name = file.display().to_string();
            let input = File::open(file)
                .map_err(|error| Failure::new(Exit::Failed, format!("cannot read {name}")).cause(error))?;
            answer_all(BufReader::with_capacity(1 << 16, input), output, &name, answer)
        }
    }
}

/// Answers line by line. Before it would have to wait for more input, everything answered so far is
/// written: whoever asks one question at a time gets one answer at a time.
fn answer_all<R: io::Read>(
    mut input: BufReader<R>,
    mut output: impl Write,
    name: &str,
    mut answer: impl FnMut(&[u8]) -> Answer,
) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    let mut line = Vec::new();
    let mut is_first = true;
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
        // Some editors and shells put a byte order mark before all else.
        let text = line.strip_prefix(BYTE_ORDER_MARK).filter(|_| is_first).unwrap_or(&line);
        is_first = false;
        if text.trim_ascii().is_empty() {
            continue;
        }
        let answer = answer(text);
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

    use iamctl_policy::eval::Answerer;

    use super::*;

    const SOUND: &str = r#"{"id": 1, "request": {"principal": "arn:aws:iam::111122223333:root",
        "action": "s3:GetObject", "resource": "*"}}"#;

    fn sound() -> String {
        SOUND.replace('\n', " ")
    }

    fn evaluate<R: Read>(input: BufReader<R>, output: impl Write) -> Exit {
        let mut answerer = Answerer::new();
        answer_all(input, output, "input", |line| answerer.answer(line)).unwrap()
    }

    fn answers(input: &str) -> (Exit, Vec<String>) {
        let mut output = Vec::new();
        let exit = evaluate(BufReader::new(input.as_bytes()), &mut output);
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
        let (exit, lines) = answers(&format!("\u{feff}{sound}\n\u{feff}{sound}"));
        assert_eq!(exit, Exit::Failed);
        assert_eq!(lines.first(), Some(first));
        assert!(lines.last().is_some_and(|line| line.contains("error")), "{lines:?}");
        assert_eq!(answers("\u{feff}"), (Exit::Done, Vec::new()));
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
        assert_eq!(evaluate(BufReader::new(asker), output), Exit::Done);
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

        let exit = evaluate(BufReader::new(sound().as_bytes()), Closed);
        assert_eq!(exit, Exit::Done);
    }
}
