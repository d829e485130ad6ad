//! `policy lint`: what is wrong with policy documents.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use iamctl_lint::{Finding, FindingType, Kind, lint_line, lint_text};
use iamctl_policy::{Diagnostics, Node, SourceId, Sources, Value, parse_json};
use serde_json::json;

use super::answer_lines;
use crate::cli::{Format, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::diagnostics;
use crate::render::page::Ink;
use crate::render::sarif;
use crate::terminal::Terminal;

/// Says what is wrong with policy documents
///
/// AWS Access Analyzer's policy checks, under AWS's names and without AWS, and some more. Exit code 1 when there is
/// an error, or a finding of a type that `--deny` names. Without a file, or for `-`, each line of the input is a JSON
/// object with `doc` and `kind`, and each line of the output has `findings`; a broken line gets an answer with
/// `error`, and the rest go on: exit code 1 when there was a broken one. docs/findings.md tells the checks.
#[derive(Debug, Args)]
pub(super) struct Lint {
    /// Files that hold a policy document each; `-` for JSON Lines on standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// What the documents are; without it, those that name principals are taken for trust policies when all they
    /// allow is of STS, and otherwise for policies of resources
    #[arg(long, value_enum)]
    kind: Option<KindName>,

    /// A type of finding that makes the exit code 1, besides ERROR
    #[arg(long, value_enum, value_name = "TYPE", ignore_case = true)]
    deny: Vec<TypeName>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindName {
    /// Policies of users, groups and roles, and boundaries
    Identity,
    /// Trust policies of roles
    Trust,
    /// Service control policies
    Scp,
    /// Resource control policies
    Rcp,
    /// Policies of other resources, such as buckets
    Resource,
}

impl From<KindName> for Kind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Identity => Kind::Identity,
            KindName::Trust => Kind::Trust,
            KindName::Scp => Kind::Scp,
            KindName::Rcp => Kind::Rcp,
            KindName::Resource => Kind::Resource,
        }
    }
}

/// The types of findings, in AWS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum TypeName {
    /// Parts that do not work
    Error,
    /// Allows more than is safe
    SecurityWarning,
    /// Departs from good practice
    Warning,
    /// Could be written better
    Suggestion,
}

impl TypeName {
    pub(crate) fn is(self, finding_type: FindingType) -> bool {
        matches!(
            (self, finding_type),
            (TypeName::Error, FindingType::Error)
                | (TypeName::SecurityWarning, FindingType::SecurityWarning)
                | (TypeName::Warning, FindingType::Warning)
                | (TypeName::Suggestion, FindingType::Suggestion)
        )
    }
}

pub(super) fn lint(args: &Lint, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let is_lines = args.files.is_empty() || args.files == [Path::new("-")];
    if is_lines {
        let kind = args.kind.map_or(Kind::Identity, Kind::from);
        return answer_lines(None, |line| lint_line(line, kind));
    }
    let mut sources = Sources::new();
    let mut checked = Vec::new();
    for file in &args.files {
        let name = file.display().to_string();
        let cannot = |error| Failure::new(Exit::Failed, format!("cannot read `{name}`")).cause(error);
        let text = fs::read_to_string(file).map_err(cannot)?;
        let source = sources.add(name.clone(), text.clone());
        let kind = args.kind.map_or_else(|| guess(&text), Kind::from);
        checked.push(Checked { name, kind, findings: lint_text(&text, source, kind) });
    }
    match global.format {
        Format::Json => terminal.print_json(&in_json(&checked, &sources)),
        Format::Sarif => {
            let all = checked.iter().flat_map(|one| &one.findings);
            terminal.print_json(&sarif::log(all, &sources));
        }
        Format::Text | Format::Markdown => show(&checked, &sources, terminal),
    }
    let counts = |one: &Finding| {
        let of = one.check.finding_type;
        of == FindingType::Error || args.deny.iter().any(|denied| denied.is(of))
    };
    let fails = checked.iter().any(|one| one.findings.iter().any(counts));
    Ok(if fails { Exit::Failed } else { Exit::Done })
}

/// A file and what was found in it.
struct Checked {
    name: String,
    kind: Kind,
    findings: Vec<Finding>,
}

fn show(checked: &[Checked], sources: &Sources, terminal: Terminal) {
    let mut all = Diagnostics::new();
    for finding in checked.iter().flat_map(|one| &one.findings) {
        all.push(finding.into());
    }
    // Findings are the result here, and go where results go.
    if !all.is_empty() {
        return terminal.print_raw(&diagnostics::text(&all, sources, terminal.look_of_results()));
    }
    let mut page = terminal.page();
    for one in checked {
        let text = format!("{}, as {}", one.name, one.kind.describe());
        page.words(0, 2, &[(Ink::Add, "no findings: "), (Ink::Plain, &text)]);
    }
    terminal.print(&page);
}

fn in_json(checked: &[Checked], sources: &Sources) -> serde_json::Value {
    let files = checked.iter().map(|one| {
        let findings: Vec<_> = one.findings.iter().map(|finding| finding_in_json(finding, sources)).collect();
        json!({"file": one.name, "kind": one.kind.as_str(), "findings": findings})
    });
    json!({"format_version": 1, "files": files.collect::<Vec<_>>()})
}

/// A finding with its place, for scripts.
pub(crate) fn finding_in_json(finding: &Finding, sources: &Sources) -> serde_json::Value {
    let mut value = diagnostics::place(finding.span, sources);
    value.insert("type".to_owned(), json!(finding.check.finding_type.as_str()));
    value.insert("code".to_owned(), json!(finding.check.code));
    value.insert("message".to_owned(), json!(finding.message));
    value.insert("path".to_owned(), json!(finding.path));
    value.insert("help".to_owned(), json!(finding.help));
    value.into()
}

/// What a document is, from what it names.
fn guess(text: &str) -> Kind {
    let Some(document) = parse_json(text, SourceId::NONE, &mut Diagnostics::new()) else {
        return Kind::Identity;
    };
    let statements = member(&document, "Statement").map(Node::one_or_many).unwrap_or_default();
    let names_principals =
        |one: &Node| member(one, "Principal").is_some() || member(one, "NotPrincipal").is_some();
    if !statements.iter().any(names_principals) {
        return Kind::Identity;
    }
    let is_of_sts = |action: &Node| {
        action
            .as_str()
            .is_some_and(|text| text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sts:")))
    };
    let assumes =
        statements.iter().filter_map(|one| member(one, "Action")).flat_map(Node::one_or_many).all(is_of_sts);
    if assumes && !statements.iter().any(|one| member(one, "Resource").is_some()) {
        Kind::Trust
    } else {
        Kind::Resource
    }
}

fn member<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
        _ => None,
    }
}
