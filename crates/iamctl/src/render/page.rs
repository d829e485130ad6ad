//! Lines of inked words: layout that knows the terminal's width and nothing of what it shows.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use super::diagnostics::visible;
use crate::failure::Failure;

/// What a word is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Bold,
    Dim,
    Add,
    Remove,
    Change,
    Caution,
    Danger,
    Hint,
}

impl Ink {
    fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        match self {
            Ink::Plain => Style::new(),
            Ink::Bold => Style::new().bold(),
            Ink::Dim => Style::new().dimmed(),
            Ink::Add => colour(AnsiColor::Green),
            Ink::Remove => colour(AnsiColor::Red),
            Ink::Change => colour(AnsiColor::Yellow),
            Ink::Caution => colour(AnsiColor::Yellow).bold(),
            Ink::Danger => colour(AnsiColor::Red).bold(),
            Ink::Hint => colour(AnsiColor::Cyan),
        }
    }
}

/// A piece of a line.
pub(crate) type Piece = (Ink, String);

/// Text that grows line by line.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    width: usize,
    lines: Vec<(usize, Vec<Piece>)>,
}

impl Page {
    pub(crate) fn new(width: usize) -> Self {
        Self { width, lines: Vec::new() }
    }

    /// An empty page of the same width.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.width)
    }

    /// Whether there is no line yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Goes on with the lines of another page.
    pub(crate) fn append(&mut self, other: Page) {
        self.lines.extend(other.lines);
    }

    /// An empty line, unless there is one already or nothing stands above it.
    pub(crate) fn gap(&mut self) {
        if self.lines.last().is_some_and(|(_, pieces)| !pieces.is_empty()) {
            self.lines.push((0, Vec::new()));
        }
    }

    /// One line, however long.
    pub(crate) fn line<T: AsRef<str>>(&mut self, indent: usize, pieces: &[(Ink, T)]) {
        let pieces = pieces.iter().map(|(ink, text)| (*ink, one_line(text.as_ref())));
        self.lines.push((indent, pieces.collect()));
    }

    /// Words that go on in further lines, `hang` deeper, where they do not fit.
    pub(crate) fn words<T: AsRef<str>>(&mut self, indent: usize, hang: usize, pieces: &[(Ink, T)]) {
        let mut line: Vec<Piece> = Vec::new();
        let mut column = indent;
        let mut current_indent = indent;
        for (ink, text) in pieces {
            for word in one_line(text.as_ref()).split_inclusive(' ') {
                let length = word.trim_end().width();
                if column.saturating_add(length) > self.width && column > current_indent {
                    self.lines.push((current_indent, std::mem::take(&mut line)));
                    current_indent = indent.saturating_add(hang);
                    column = current_indent;
                }
                column = column.saturating_add(word.width());
                match line.last_mut() {
                    Some((last, text)) if last == ink => text.push_str(word),
                    _ => line.push((*ink, word.to_owned())),
                }
            }
        }
        self.lines.push((current_indent, line));
    }

    /// The text, with or without colors.
    pub(crate) fn text(&self, colour: bool) -> String {
        let mut out = String::new();
        for (indent, pieces) in &self.lines {
            let mut line = " ".repeat(*indent);
            for (at, (ink, text)) in pieces.iter().enumerate() {
                let last = at.saturating_add(1) == pieces.len();
                let text = if last { text.trim_end() } else { text };
                if text.is_empty() {
                    continue;
                }
                let style = ink.style();
                // Writing to a string cannot fail.
                let _ = match colour && *ink != Ink::Plain {
                    true => write!(line, "{style}{text}{style:#}"),
                    false => write!(line, "{text}"),
                };
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// The text for a fence of kind `diff`, which colors lines by their first character: the mark of a
    /// line comes first, its indentation after.
    pub(crate) fn diff_text(&self) -> String {
        let mut out = String::new();
        for (indent, pieces) in &self.lines {
            let mark = pieces.first().map(|(ink, text)| (*ink, text.trim()));
            let (mark, rest) = match mark {
                Some((Ink::Add, "+")) => ("+", pieces.get(1..)),
                Some((Ink::Remove, "-")) => ("-", pieces.get(1..)),
                Some((Ink::Change, "~")) => ("!", pieces.get(1..)),
                // What is refused keeps its own mark beside the one that stands for a change here.
                Some((_, "!")) => ("!", Some(pieces.as_slice())),
                _ => (" ", Some(pieces.as_slice())),
            };
            let rest: String = rest.unwrap_or_default().iter().map(|(_, text)| text.as_str()).collect();
            out.push_str(format!("{mark}{}{rest}", " ".repeat(*indent)).trim_end());
            out.push('\n');
        }
        out
    }
}

fn one_line(text: &str) -> String {
    visible(text).replace(['\n', '\t'], " ")
}

/// Why a command ended early.
pub(crate) fn failure(page: &mut Page, failure: &Failure) {
    page.words(0, 7, &[(Ink::Danger, "error: "), (Ink::Bold, failure.message.as_str())]);
    for cause in &failure.causes {
        page.words(2, 2, &[(Ink::Dim, "because: "), (Ink::Plain, cause.as_str())]);
    }
    for help in &failure.help {
        page.words(2, 2, &[(Ink::Hint, "help: "), (Ink::Plain, help.as_str())]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_at_the_width_and_hang() {
        let mut page = Page::new(20);
        page.words(2, 4, &[(Ink::Add, "+ "), (Ink::Plain, "one two three four five")]);
        assert_eq!(page.text(false), "  + one two three\n      four five\n");
        for line in page.text(false).lines() {
            assert!(line.width() <= 20);
        }
    }

    #[test]
    fn what_a_terminal_would_act_upon_is_shown_by_its_number() {
        let mut page = Page::new(80);
        page.line(0, &[(Ink::Plain, "a\u{1b}[31mb\nc")]);
        assert_eq!(page.text(false), "a\\u{1b}[31mb c\n");
    }
}
