//! What is found.

use std::fmt;

use iamctl_policy::{Diagnostic, Label, Node, Severity, Span, Value};

use crate::kind::Kind;

/// How much a finding matters. The words are AWS's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingType {
    /// A part of the policy does not work.
    Error,
    /// The policy allows more than is safe.
    SecurityWarning,
    /// The policy departs from good practice, and security does not hang on it.
    Warning,
    /// The policy could be written better, and would allow the same.
    Suggestion,
}

impl FindingType {
    /// All of them, the worst first.
    pub const ALL: [FindingType; 4] =
        [FindingType::Error, FindingType::SecurityWarning, FindingType::Warning, FindingType::Suggestion];

    /// AWS's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FindingType::Error => "ERROR",
            FindingType::SecurityWarning => "SECURITY_WARNING",
            FindingType::Warning => "WARNING",
            FindingType::Suggestion => "SUGGESTION",
        }
    }

    /// The type of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

impl fmt::Display for FindingType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who thought of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It is one of AWS IAM Access Analyzer's, with its name and type.
    Aws,
    /// It is ours.
    Ours,
}

/// A check: what it is called, and what it is about.
#[derive(Debug, PartialEq, Eq)]
pub struct Check {
    /// The name in upper snake case.
    pub code: &'static str,
    /// How much it matters.
    pub finding_type: FindingType,
    /// Whose it is.
    pub origin: Origin,
    /// The kinds of policy that it can be found in.
    pub kinds: &'static [Kind],
    /// What is wrong, in one sentence; Markdown.
    pub says: &'static str,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub check: &'static Check,
    /// What is wrong, in lower case without a final period.
    pub message: String,
    /// Where it was written.
    pub span: Span,
    /// Where in the document: a JSON Pointer (RFC 6901), empty for the whole document.
    pub path: String,
    /// Other places involved.
    pub related: Vec<Label>,
    /// What to do.
    pub help: Vec<String>,
}

impl Finding {
    pub(crate) fn new(check: &'static Check, span: Span, message: impl Into<String>) -> Self {
        let message = shortened(message.into());
        Self { check, message, span, path: String::new(), related: Vec::new(), help: Vec::new() }
    }

    /// Says what to do.
    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(shortened(text.into()));
        self
    }

    /// Offers the word that was probably meant, when there is one.
    pub(crate) fn did_you_mean(self, word: Option<&str>) -> Self {
        match word {
            Some(word) => self.help(format!("did you mean `{word}`?")),
            None => self,
        }
    }

    /// Points to another place.
    pub(crate) fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        if !span.is_none() && span != self.span {
            self.related.push(Label { span, text: text.into() });
        }
        self
    }
}

/// A finding as it is shown.
impl From<&Finding> for Diagnostic {
    fn from(finding: &Finding) -> Self {
        let Finding { check, message, span, path: _, related, help } = finding;
        let severity = match check.finding_type {
            FindingType::Error => Severity::Error,
            FindingType::SecurityWarning => Severity::SecurityWarning,
            FindingType::Warning => Severity::Warning,
            FindingType::Suggestion => Severity::Suggestion,
        };
        let shown = Diagnostic {
            severity,
            related: related.clone(),
            ..Diagnostic::error(check.code, *span, message)
        };
        help.iter().fold(shown, Diagnostic::help)
    }
}

/// How many findings of one document are kept: nobody reads the thousandth.
const MOST_KEPT: usize = 1_000;
/// How many bytes of one sentence are kept: what was written is repeated in it.
const MOST_SAID: usize = 600;

/// The findings about one document.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    kept: Vec<Finding>,
}

impl Findings {
    pub(crate) fn push(&mut self, finding: Finding) {
        if self.kept.len() < MOST_KEPT {
            self.kept.push(finding);
        }
    }

    pub(crate) fn add(&mut self, check: &'static Check, span: Span, message: impl Into<String>) {
        self.push(Finding::new(check, span, message));
    }

    /// The known word that was probably meant. To look for it costs time: where there are many findings, or the
    /// word is longer than any that is known, it is not looked for.
    pub(crate) fn meant<'a>(&self, typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        let is_worth_it = self.kept.len() < 100 && typed.len() <= 100;
        if is_worth_it { iamctl_policy::closest(typed, known) } else { None }
    }

    /// The findings, by their places, the worst first where several are about the same place.
    pub(crate) fn into_sorted(mut self) -> Vec<Finding> {
        self.kept.sort_by(|a, b| {
            let by = |one: &Finding| (one.span, one.check.finding_type, one.check.code);
            by(a).cmp(&by(b))
        });
        self.kept
    }

    /// Fills in where in the document each finding is.
    pub(crate) fn locate(&mut self, document: &Node) {
        for finding in &mut self.kept {
            finding.path = pointer(document, finding.span);
        }
    }
}

/// Leaves out the middle of a sentence that nobody reads to its end.
fn shortened(text: String) -> String {
    if text.len() <= MOST_SAID {
        return text;
    }
    let half = MOST_SAID / 2;
    let begin = text.get(..text.floor_char_boundary(half)).unwrap_or_default();
    let end = text.get(text.ceil_char_boundary(text.len().saturating_sub(half))..).unwrap_or_default();
    format!("{begin}…{end}")
}

/// The JSON Pointer of what is written at a place.
fn pointer(document: &Node, span: Span) -> String {
    let lies_in =
        |outer: Span| outer.source == span.source && outer.start <= span.start && span.end <= outer.end;
    let mut path = String::new();
    let mut node = document;
    loop {
        let inner = match &node.value {
            Value::List(items) => {
                items.iter().enumerate().find(|(_, item)| lies_in(item.span)).map(|(index, item)| {
                    path.push_str(&format!("/{index}"));
                    item
                })
            }
            Value::Map(entries) => {
                let entry = entries.iter().find(|entry| lies_in(entry.key_span) || lies_in(entry.value.span));
                entry.map(|entry| {
                    path.push('/');
                    path.push_str(&entry.key.replace('~', "~0").replace('/', "~1"));
                    &entry.value
                })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        match inner {
            Some(inner) if inner.span != span && lies_in(inner.span) => node = inner,
            _ => return path,
        }
    }
}
