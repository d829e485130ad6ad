//! Source texts and places in them.

use std::fmt;

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
    line_starts: Vec<usize>,
}

impl Source {
    fn new(name: String, text: String) -> Self {
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at.saturating_add(1))).collect();
        Self { name, text, line_starts }
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
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(start..offset.min(self.text.len())).unwrap_or("");
        Position { line, column: before.chars().count().saturating_add(1) }
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
        assert_eq!(sources.slice(Span::new(id, 7, 13)), "second");
        assert_eq!(sources.position(Span::NONE), None);
    }
}
