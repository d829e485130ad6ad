//! `policy equal` and `policy diff`: two documents beside each other.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use iamctl_access::with_tables;
use iamctl_policy::Document;
use iamctl_policy::difference::{
    Access, Difference, Level, are_equal, diff_line, difference, differences, equal_line, kind_of,
};
use iamctl_policy::eval::PolicyKind;
use serde_json::json;

use super::answer_lines;
use crate::cli::{Format, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::names::counted;
use crate::render::page::{Ink, Page};
use crate::render::request::in_words;
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

    /// What counts as equal
    #[arg(long, value_enum, default_value = "structural")]
    level: EqualLevel,

    /// What the documents are; without it, those that name principals are taken for trust policies
    #[arg(long, value_enum)]
    kind: Option<Kind>,
}

/// Says whether a change of a policy document adds or removes access
///
/// Is there a request that B allows and A does not, and one the other way? Each yes comes with such a request; each
/// no is so for every request; where it cannot be said, the answer is unknown. Given two files, exit code 0 when
/// both give the same access and 1 when they do not or it cannot be said. Otherwise each line of the input is a JSON
/// object with `a`, `b` and `kind`, and each line of the output has `added` and `removed`. A broken line gets an
/// answer with `error`, and the rest go on. docs/difference.md tells the rules.
#[derive(Debug, Args)]
pub(super) struct Diff {
    #[command(flatten)]
    pair: Pair,

    /// What the documents are; without it, those that name principals are taken for trust policies
    #[arg(long, value_enum)]
    kind: Option<Kind>,
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

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EqualLevel {
    /// AWS treats them as the same text
    Structural,
    /// They allow the same requests
    Semantic,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Policies of users, groups and roles, and boundaries
    Identity,
    /// Trust policies of roles, and other policies of resources
    Trust,
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

fn policy_kind(asked: Option<Kind>) -> Option<PolicyKind> {
    asked.map(|kind| match kind {
        Kind::Identity => PolicyKind::Principal,
        Kind::Trust => PolicyKind::Resource,
    })
}

pub(super) fn equal(args: &Equal, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let level = match args.level {
        EqualLevel::Structural => Level::Structural,
        EqualLevel::Semantic => Level::Semantic,
    };
    let Some((a, b)) = args.pair.documents()? else {
        return with_tables(|vocabulary| {
            answer_lines(args.pair.a.as_deref(), |line| {
                equal_line(line, level, policy_kind(args.kind), vocabulary)
            })
        });
    };
    let failed = |problem| Failure::new(Exit::Failed, problem);
    let mut equal = are_equal(&a, &b).map_err(failed)?;
    if !equal && level == Level::Semantic {
        let kind = policy_kind(args.kind).unwrap_or_else(|| kind_of(&a, &b));
        let found = with_tables(|vocabulary| difference(&a, &b, kind, vocabulary)).map_err(failed)?;
        let undecided = || {
            let failure =
                Failure::new(Exit::Failed, "it cannot be decided whether they give the same access");
            failure.cause([&found.added, &found.removed].into_iter().find_map(reason).unwrap_or_default())
        };
        equal = found.is_none().ok_or_else(undecided)?;
    }
    match global.format {
        Format::Json => terminal.print_json(&json!({"equal": equal})),
        Format::Text | Format::Markdown | Format::Sarif => {
            let mut page = terminal.page();
            page.line(0, &[(Ink::Plain, if equal { "equal" } else { "different" })]);
            terminal.print(&page);
        }
    }
    Ok(if equal { Exit::Done } else { Exit::Failed })
}

fn reason(access: &Access) -> Option<&str> {
    match access {
        Access::Unknown(why) => Some(why),
        Access::No | Access::Yes(_) => None,
    }
}

pub(super) fn diff(args: &Diff, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let Some((a, b)) = args.pair.documents()? else {
        return with_tables(|vocabulary| {
            answer_lines(args.pair.a.as_deref(), |line| diff_line(line, policy_kind(args.kind), vocabulary))
        });
    };
    let kind = policy_kind(args.kind).unwrap_or_else(|| kind_of(&a, &b));
    let found = with_tables(|vocabulary| differences(&a, &b, kind, vocabulary));
    let found = found
        .map_err(|problem| Failure::new(Exit::Failed, "AWS would take no such policy").cause(problem))?;
    match global.format {
        Format::Json => terminal.print_json(&found.to_json()),
        Format::Text | Format::Markdown | Format::Sarif => terminal.print(&page(&found, kind, terminal)),
    }
    Ok(if found.is_none() == Some(true) { Exit::Done } else { Exit::Failed })
}

/// How many sets of actions are shown without `-v`.
const MOST_SHOWN: usize = 12;

fn page(found: &Difference, kind: PolicyKind, terminal: Terminal) -> Page {
    let mut page = terminal.page();
    if found.is_none() == Some(true) {
        page.line(0, &[(Ink::Plain, "The same access.")]);
        return page;
    }
    side(&mut page, ("Gained", "+", Ink::Add), &found.added, kind, terminal.verbose);
    page.gap();
    side(&mut page, ("Lost", "-", Ink::Remove), &found.removed, kind, terminal.verbose);
    page
}

fn side(
    page: &mut Page,
    (title, sign, ink): (&str, &str, Ink),
    access: &Access,
    kind: PolicyKind,
    all: bool,
) {
    let changes = match access {
        Access::No => return page.line(0, &[(Ink::Bold, title), (Ink::Plain, ": nothing.")]),
        Access::Unknown(why) => {
            let why = format!(": unknown, since {why}.");
            return page.words(0, 2, &[(Ink::Bold, title), (Ink::Caution, &why)]);
        }
        Access::Yes(changes) => changes,
    };
    page.line(0, &[(Ink::Bold, title), (Ink::Plain, ":")]);
    let shown = if all { changes.len() } else { MOST_SHOWN };
    for change in changes.iter().take(shown) {
        let first = change.actions.first().map_or(change.witness.request().action.as_str(), String::as_str);
        let more = change.actions.len().saturating_sub(1);
        let more =
            if more == 0 { String::new() } else { format!(" and {}", counted(more, "other", "others")) };
        page.words(2, 4, &[(ink, sign), (ink, " "), (ink, first), (Ink::Plain, &more)]);
        page.words(
            6,
            8,
            &[
                (Ink::Dim, "such as "),
                (Ink::Plain, &in_words(change.witness.request(), kind == PolicyKind::Resource)),
            ],
        );
    }
    let hidden = changes.len().saturating_sub(shown);
    if hidden > 0 {
        let hidden =
            format!("and {}; -v shows all", counted(hidden, "other set of actions", "other sets of actions"));
        page.line(2, &[(Ink::Hint, hidden)]);
    }
}
