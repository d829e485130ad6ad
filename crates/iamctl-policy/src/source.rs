//! Source texts and places in them.

use std::fmt;
use std::sync::OnceLock;

/// Names one text of a [`Sources`] collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

impl SourceId {
    /// The source of everything that was not written by a person, such as a document read from AWS:
    /// there is nothing to underline.
    pub const NONE: SourceId = SourceId(u32::MAX);
}

/// A half-open range of bytes in one source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The text this range lies in.
    pub source: SourceId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The span of things without a place.
    pub const NONE: Span = Span { source: SourceId::NONE, start: 0, end: 0 };

    /// A span of `source`. Offsets beyond 4 GiB are clamped; sources are refused long before that.
    #[must_use]
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { source, start: clamp(start), end: clamp(end) }
    }

    /// Whether this is [`Span::NONE`] or another span without a source.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.source == SourceId::NONE
    }

    /// The smallest span that covers both; `self` where they lie in different sources.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.source != other.source {
            return self;
        }
        Span { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            f.write_str("Span(none)")
        } else {
            write!(f, "Span({}:{}..{})", self.source.0, self.start, self.end)
        }
    }
}

/// Line and column of a place, as editors count them: both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
}

/// One text and the name under which people know it.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    text: String,
    /// What is known of every [`STRIDE`]th byte; made when the first position is asked for.
    milestones: OnceLock<Vec<Milestone>>,
}

/// How many bytes lie between two milestones.
const STRIDE: usize = 4_096;

/// Line and column of one byte of a text, both from 0: a position is counted from the nearest one, so
/// that neither a text of a million lines nor a line of a million characters makes it dear.
#[derive(Debug, Clone, Copy, Default)]
struct Milestone {
    line: usize,
    column: usize,
}

impl Milestone {
    /// The milestone after some more bytes. A character counts where it begins.
    fn after(self, bytes: &[u8]) -> Self {
        let begins = |bytes: &[u8]| bytes.iter().filter(|b| (**b as i8) >= -0x40).count();
        match bytes.iter().rposition(|b| *b == b'\n') {
            None => Self { column: self.column.saturating_add(begins(bytes)), ..self },
            Some(last) => {
                let lines = bytes.iter().filter(|b| **b == b'\n').count();
                let rest = bytes.get(last.saturating_add(1)..).unwrap_or_default();
                Self { line: self.line.saturating_add(lines), column: begins(rest) }
            }
        }
    }
}

impl Source {
    fn new(name: String, text: String) -> Self {
        Self { name, text, milestones: OnceLock::new() }
    }

    /// The name shown in messages, usually a path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset; an offset beyond the end is the end.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let milestones = self.milestones.get_or_init(|| self.find_milestones());
        let offset = offset.min(self.text.len());
        let last = offset.checked_div(STRIDE).unwrap_or(0);
        let milestone = milestones.get(last).copied().unwrap_or_default();
        let between = self.text.as_bytes().get(last.saturating_mul(STRIDE)..offset);
        let here = milestone.after(between.unwrap_or_default());
        Position { line: here.line.saturating_add(1), column: here.column.saturating_add(1) }
    }

    fn find_milestones(&self) -> Vec<Milestone> {
        let mut here = Milestone::default();
        let mut found = vec![here];
        for bytes in self.text.as_bytes().chunks(STRIDE) {
            here = here.after(bytes);
            found.push(here);
        }
        found
    }
}

/// The texts of one run: the manifest and the files it names.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    sources: Vec<Source>,
}

impl Sources {
    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text and returns the id that spans in it carry.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        let id = SourceId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        self.sources.push(Source::new(name.into(), text.into()));
        id
    }

    /// The text behind an id; `None` for [`SourceId::NONE`].
    #[must_use]
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(usize::try_from(id.0).ok()?)
    }

    /// The text a span covers; empty for spans without a source.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        let range = usize::try_from(span.start).unwrap_or(0)..usize::try_from(span.end).unwrap_or(0);
        self.get(span.source).and_then(|source| source.text.get(range)).unwrap_or("")
    }

    /// Line and column at which a span begins.
    #[must_use]
    pub fn position(&self, span: Span) -> Option<Position> {
        Some(self.get(span.source)?.position(usize::try_from(span.start).unwrap_or(usize::MAX)))
    }

    /// All texts in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.sources
            .iter()
            .enumerate()
            .map(|(n, source)| (SourceId(u32::try_from(n).unwrap_or(u32::MAX)), source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let mut sources = Sources::new();
        let id = sources.add("a.yaml", "x: é1\nsecond: line\n");
        assert_eq!(sources.position(Span::new(id, 5, 6)), Some(Position { line: 1, column: 5 }));
        assert_eq!(sources.position(Span::new(id, 7, 8)), Some(Position { line: 2, column: 1 }));
        assert_eq!(sources.position(Span::new(id, 900, 901)), Some(Position { line: 3, column: 1 }));
        // Within a character: its end.
        assert_eq!(sources.position(Span::new(id, 4, 6)), Some(Position { line: 1, column: 5 }));
        assert_eq!(sources.slice(Span::new(id, 7, 13)), "second");
        assert_eq!(sources.position(Span::NONE), None);
    }

    #[test]
    fn positions_are_the_same_however_far_from_a_milestone() {
        let lines = (0..2_000).map(|n| "é".repeat(n % 7) + &"x".repeat(n % 11) + "\n");
        let text = lines.collect::<String>() + &"ü".repeat(3 * STRIDE) + "\nlast";
        let source = Source::new("m.yaml".to_owned(), text.clone());
        let (mut line, mut column) = (1, 1);
        for (at, c) in text.char_indices() {
            assert_eq!(source.position(at), Position { line, column }, "at {at}");
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        assert_eq!(source.position(text.len()), Position { line, column });
    }
}
