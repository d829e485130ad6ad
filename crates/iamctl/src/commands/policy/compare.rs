//! `policy equal`: two documents beside each other.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use iamctl_policy::Document;
use iamctl_policy::difference::{are_equal, equal_line};
use serde_json::json;

use super::answer_lines;
use crate::cli::{Format, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::page::Ink;
use crate::terminal::Terminal;

/// Says whether two policy documents are the same
///
/// Given two files, exit code 0 when they are equal and 1 when they are not. Otherwise each line of the input is
/// a JSON object with two documents, `a` and `b`, and each line of the output has `equal`. A document may be a
/// string that holds its text. A broken line gets an answer with `error`, and the rest go on.
#[derive(Debug, Args)]
pub(super) struct Equal {
    #[command(flatten)]
    pair: Pair,
}

/// Two documents, or many pairs of them.
#[derive(Debug, Args)]
struct Pair {
    /// A document; without B, a file with pairs of documents; standard input when there is none, or for `-`
    #[arg(value_name = "A")]
    a: Option<PathBuf>,

    /// The other document
    #[arg(value_name = "B", requires = "a")]
    b: Option<PathBuf>,
}

impl Pair {
    /// Both documents, when files were given for both.
    fn documents(&self) -> Result<Option<(Document, Document)>, Failure> {
        let (Some(a), Some(b)) = (&self.a, &self.b) else { return Ok(None) };
        Ok(Some((read(a)?, read(b)?)))
    }
}

fn read(file: &Path) -> Result<Document, Failure> {
    let name = file.display();
    let failed = |what: &str| Failure::new(Exit::Failed, format!("{what} `{name}`"));
    let text = fs::read_to_string(file).map_err(|error| failed("cannot read").cause(error))?;
    let document = Document::from_stored(&text);
    match document.unreadable() {
        Some(reason) => Err(failed("there is no policy document in").cause(reason)),
        None => Ok(document),
    }
}

pub(super) fn equal(args: &Equal, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let Some((a, b)) = args.pair.documents()? else {
        return answer_lines(args.pair.a.as_deref(), equal_line);
    };
    let equal = are_equal(&a, &b).map_err(|problem| Failure::new(Exit::Failed, problem))?;
    match global.format {
        Format::Json => terminal.print_json(&json!({"equal": equal})),
        Format::Text | Format::Markdown => {
            let mut page = terminal.page();
            page.line(0, &[(Ink::Plain, if equal { "equal" } else { "different" })]);
            terminal.print(&page);
        }
    }
    Ok(if equal { Exit::Done } else { Exit::Failed })
}
