//! What is wrong, where, and what to do about it: data only. The binary turns it into text.

use crate::json::{MAX_DEPTH, MAX_NODES};
use crate::source::Span;

/// How bad a [`Diagnostic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The input cannot be used.
    Error,
    /// The input can be used and gives away more than is safe.
    SecurityWarning,
    /// The input can be used and probably does not mean what its writer thinks.
    Warning,
    /// The input could be written better, and would mean the same.
    Suggestion,
}

/// A second place that a [`Diagnostic`] points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is to be seen there.
    pub text: String,
}

/// One finding about a text.
///
/// Messages are lower case without a final period, with the user's words in backticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable kebab-case name of the rule, for scripts and editors.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where; [`Span::NONE`] when it is about the whole input.
    pub span: Span,
    /// What to write under the underlined text; may be empty.
    pub label: String,
    /// Other places involved, such as the first definition of a duplicate.
    pub related: Vec<Label>,
    /// What to do.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error at a place.
    #[must_use]
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            span,
            label: String::new(),
            related: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A warning at a place.
    #[must_use]
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// The error for a text that is more than any reader takes: hostile, or not what it is taken for.
    #[must_use]
    pub fn too_much(span: Span) -> Self {
        Self::error("too-much", span, "the text is nested too deeply, or holds too much")
            .help(format!("at most {MAX_DEPTH} levels and {MAX_NODES} values are read"))
    }

    /// Says what the underlined text is.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Points to another place.
    #[must_use]
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        if !span.is_none() {
            self.related.push(Label { span, text: text.into() });
        }
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Offers the word that was probably meant, when there is one.
    #[must_use]
    pub fn did_you_mean<'a>(self, typed: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match crate::suggest::closest(typed, known) {
            Some(word) => self.help(format!("did you mean `{word}`?")),
            None => self,
        }
    }
}

/// How many findings are kept: what lies beyond is counted, so that a hostile text cannot fill the
/// memory with them.
const MOST_KEPT: usize = 10_000;

/// How many bytes of one sentence are kept: what was written is repeated in it, however long it is.
const MOST_SAID: usize = 1_000;
/// How many of them are its end.
const MOST_SAID_LAST: usize = 200;

/// Leaves out the middle of a sentence that nobody reads to its end.
fn shorten(text: &mut String) {
    if text.len() > MOST_SAID {
        let begin = text.get(..text.floor_char_boundary(MOST_SAID.saturating_sub(MOST_SAID_LAST)));
        let end = text.get(text.ceil_char_boundary(text.len().saturating_sub(MOST_SAID_LAST))..);
        *text = format!("{}…{}", begin.unwrap_or_default(), end.unwrap_or_default());
    }
}

/// Findings collected over a whole input, so that all mistakes can be told at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    /// Those beyond what is kept.
    dropped: usize,
    has_errors: bool,
}

impl Diagnostics {
    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding.
    pub fn push(&mut self, mut diagnostic: Diagnostic) {
        self.has_errors |= diagnostic.severity == Severity::Error;
        if self.found.len() < MOST_KEPT {
            let Diagnostic { message, label, related, help, .. } = &mut diagnostic;
            let related = related.iter_mut().map(|label| &mut label.text);
            [message, label].into_iter().chain(related).chain(help).for_each(shorten);
            self.found.push(diagnostic);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// Whether any finding is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.has_errors
    }

    /// How many findings there are, those included that are too many to be kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len().saturating_add(self.dropped)
    }

    /// Whether there are so few findings that it is worth looking for the word that was meant: to look
    /// costs time, and nobody reads the thousandth suggestion.
    #[must_use]
    pub fn are_few(&self) -> bool {
        self.len() < 200
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The findings that are kept, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        let mut sorted: Vec<_> = self.found.iter().collect();
        sorted.sort_by_key(|found| (found.span, found.severity));
        sorted.into_iter()
    }

    /// Adds the findings of another collection.
    pub fn extend(&mut self, other: Diagnostics) {
        other.found.into_iter().for_each(|found| self.push(found));
        self.dropped = self.dropped.saturating_add(other.dropped);
        self.has_errors |= other.has_errors;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_nobody_reads_to_its_end_the_middle_is_left_out() {
        let mut found = Diagnostics::new();
        let long = "é".repeat(100_000);
        let one = Diagnostic::error("e", Span::NONE, format!("the user `{long}` is not defined"));
        found.push(one.label(&long).help(&long));
        let kept = found.iter().next().unwrap();
        assert!(kept.message.starts_with("the user `éé") && kept.message.ends_with("é` is not defined"));
        assert!(kept.message.contains("é…é") && kept.message.len() <= MOST_SAID + 3);
        assert!(kept.label.len() <= MOST_SAID + 3 && kept.help[0].len() <= MOST_SAID + 3);
    }

    #[test]
    fn findings_beyond_the_limit_are_counted_and_errors_among_them_not_forgotten() {
        let mut many = Diagnostics::new();
        for _ in 0..MOST_KEPT {
            many.push(Diagnostic::warning("w", Span::NONE, "w"));
        }
        assert!(!many.has_errors());
        many.push(Diagnostic::error("e", Span::NONE, "e"));
        assert!(many.has_errors());
        assert_eq!((many.len(), many.iter().count()), (MOST_KEPT + 1, MOST_KEPT));
        let mut all = Diagnostics::new();
        all.extend(many);
        assert!(all.has_errors());
        assert_eq!(all.len(), MOST_KEPT + 1);
    }
}
