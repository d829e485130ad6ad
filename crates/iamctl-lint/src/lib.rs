//! Checks policy documents, offline: AWS IAM Access Analyzer's policy checks under AWS's own names and types, and
//! some of our own that AWS does not have.
//!
//! The crate is pure: a text or a tree of values goes in, [`Finding`]s with their places come out. A document that
//! AWS would refuse is answered with findings like any other, and one that is no JSON with one finding.
//!
//! ```
//! use iamctl_lint::{Kind, lint_text};
//! use iamctl_policy::SourceId;
//!
//! let found = lint_text(
//!     r#"{"Version": "2012-10-17",
//!         "Statement": {"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "*"}}"#,
//!     SourceId::NONE,
//!     Kind::Identity,
//! );
//! assert_eq!(found[0].check.code, "INVALID_ACTION");
//! assert_eq!(found[0].path, "/Statement/Action");
//! assert_eq!(found[0].help[0], "did you mean `s3:GetObject`?");
//! ```
//!
//! `docs/findings.md` lists the checks, and those of AWS that are not made, with the reasons.

mod catalogue;
mod checks;
mod finding;
mod kind;
mod lines;
mod policy;
mod read;
mod regions;
mod tables;
mod wild;

use iamctl_policy::{Diagnostics, Node, SourceId, parse_json};

pub use catalogue::{CHECKS, NOT_CHECKED, NotChecked};
pub use finding::{Check, Finding, FindingType, Origin};
pub use kind::Kind;
pub use lines::lint_line;

use finding::Findings;

/// How many values of a document are looked at. The largest policies of AWS, those of KMS keys with 32 KiB, have
/// no room for so many.
const MOST_VALUES: usize = 10_240;

/// Checks a document that is given as text.
#[must_use]
pub fn lint_text(text: &str, source: SourceId, kind: Kind) -> Vec<Finding> {
    // What has no source has no places; where in the document something is, is told from its place.
    let mut problems = Diagnostics::new();
    let node = parse_json(text, source, &mut problems);
    let mut found = Findings::default();
    for problem in problems.iter() {
        let position = position(text, problem.span.start);
        let message = format!("{} (line {}, column {})", problem.message, position.0, position.1);
        let finding = Finding::new(&catalogue::JSON_SYNTAX_ERROR, problem.span, message);
        let finding = problem.related.iter().fold(finding, |one, label| one.related(label.span, &label.text));
        found.push(problem.help.iter().fold(finding, Finding::help));
    }
    if let Some(node) = node {
        check(&node, kind, &mut found);
        found.locate(&node);
    }
    found.into_sorted()
}

/// Checks a document that was read already.
#[must_use]
pub fn lint(document: &Node, kind: Kind) -> Vec<Finding> {
    let mut found = Findings::default();
    check(document, kind, &mut found);
    found.locate(document);
    found.into_sorted()
}

fn check(document: &Node, kind: Kind, found: &mut Findings) {
    if weighs_more_than(document, &mut { MOST_VALUES }) {
        let message = format!("the document has more than {MOST_VALUES} values: no policy may be so large");
        found.add(&catalogue::DOCUMENT_TOO_LARGE, document.span, message);
        return;
    }
    let Some(policy) = read::read(document, kind, found) else { return };
    checks::run(&policy, found);
}

/// Whether there are more values in a tree, itself included, than a number that counts down.
fn weighs_more_than(node: &Node, most: &mut usize) -> bool {
    use iamctl_policy::Value;
    let Some(left) = most.checked_sub(1) else { return true };
    *most = left;
    match &node.value {
        Value::List(items) => items.iter().any(|item| weighs_more_than(item, most)),
        Value::Map(entries) => entries.iter().any(|entry| weighs_more_than(&entry.value, most)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Line and column of an offset, both from 1.
fn position(text: &str, offset: u32) -> (usize, usize) {
    let before = text.get(..usize::try_from(offset).unwrap_or(0)).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()).saturating_add(1);
    (line, column)
}
