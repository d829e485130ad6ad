//! Collections in flow style: on one line or several, with commas and brackets. JSON is written so too.

use iamctl_policy::{Node, Value};

use super::layout::offset;
use super::{Editor, Why};
use crate::yaml::{WIDTH, Yaml, escaped};

/// How the neighbours of a value are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes where YAML needs none.
    Yaml,
    /// With quotes everywhere, as in JSON.
    Quoted,
    /// Likewise, and without any space.
    Compact,
}

impl Style {
    pub(super) fn line(self, value: &Yaml) -> String {
        match self {
            Style::Yaml => value.on_one_line(),
            Style::Quoted => value.on_one_quoted_line(),
            Style::Compact => value.to_json().to_string(),
        }
    }

    fn comma(self) -> &'static str {
        if self == Style::Compact { "," } else { ", " }
    }

    fn key(self, key: &str) -> String {
        let colon = if self == Style::Compact { ":" } else { ": " };
        self.line(&Yaml::text(key)) + colon
    }

    /// Each entry and each item on a line of its own, behind `indent`.
    fn lines(self, value: &Yaml, indent: &str, unit: &str) -> String {
        let inner = format!("{indent}{unit}");
        let (open, close, parts): (_, _, Vec<String>) = match value {
            Yaml::Map(entries) | Yaml::Block(entries) if !entries.is_empty() => {
                let part = |(key, value): &(String, Yaml)| self.key(key) + &self.lines(value, &inner, unit);
                ('{', '}', entries.iter().map(part).collect())
            }
            Yaml::List(items) | Yaml::Items(items) if !items.is_empty() => {
                ('[', ']', items.iter().map(|item| self.lines(item, &inner, unit)).collect())
            }
            _ => return self.line(value),
        };
        let parts: Vec<String> = parts.into_iter().map(|part| format!("{inner}{part}")).collect();
        format!("{open}\n{}\n{indent}{close}", parts.join(",\n"))
    }
}

impl Editor<'_> {
    /// Takes away the piece that begins at `start`, with the comma that parts it from its neighbour.
    pub(super) fn remove_from_flow(&mut self, places: &[(usize, usize)], start: usize) -> Result<(), Why> {
        let at = places.iter().position(|(from, _)| *from == start).ok_or(Why::Layout)?;
        let (from, to) = *places.get(at).ok_or(Why::Layout)?;
        let before = at.checked_sub(1).and_then(|at| places.get(at));
        match (before, places.get(at.saturating_add(1))) {
            (_, Some((next, _))) => self.replace(from, *next, String::new()),
            (Some((_, previous)), None) => {
                // A comment on the one before stays, and the comma behind that one goes.
                let between = self.text.get(*previous..from).ok_or(Why::Layout)?;
                match between.find(',').filter(|_| between.contains('#')) {
                    Some(comma) => {
                        let comma = previous.saturating_add(comma);
                        self.replace(comma, comma.saturating_add(1), String::new())?;
                        let has_own_lines = self.indent(from).is_some();
                        let begin = if has_own_lines { self.line_start(from) } else { from };
                        let rest = self.text.get(to..self.next_line(to)).unwrap_or_default();
                        let tail = rest.trim_start_matches(',').trim();
                        let ends = has_own_lines && (tail.is_empty() || tail.starts_with('#'));
                        self.replace(begin, if ends { self.next_line(to) } else { to }, String::new())
                    }
                    None => self.replace(*previous, to, String::new()),
                }
            }
            (None, None) => self.replace(from, to, String::new()),
        }
    }

    /// Adds an item, or with a key an entry: behind the last one, or on a line of its own like that.
    pub(super) fn add_to_flow(
        &mut self,
        collection: &Node,
        key: Option<&str>,
        wanted: &Yaml,
    ) -> Result<(), Why> {
        let places = self.places(collection)?;
        let style = self.style(collection);
        let wanted = &escaped(wanted.clone());
        let key = key.map(|key| style.key(&crate::yaml::without_variables(key))).unwrap_or_default();
        let line = format!("{key}{}", style.line(wanted));
        let Some((start, end)) = places.last().copied() else {
            let inside = offset(collection.span.start).saturating_add(1);
            return self.insert(inside, line, style.comma());
        };
        let Some(indent) = self.indent(start).map(str::to_owned) else {
            return self.replace(end, end, format!("{}{line}", style.comma()));
        };
        let outer = self.line_indent(offset(collection.span.start));
        let unit = indent.strip_prefix(outer).filter(|unit| !unit.is_empty()).unwrap_or("  ").to_owned();
        // JSON is mostly written with each value on a line of its own, YAML with what fits on one.
        let is_tall = indent.len().saturating_add(line.len()) > WIDTH
            || style == Style::Quoted && self.has_tall_children(collection);
        let text = match is_tall {
            true => format!("{indent}{key}{}", style.lines(wanted, &indent, &unit)),
            false => format!("{indent}{line}"),
        };
        let next = self.next_line(end);
        let rest = self.text.get(end..next).unwrap_or_default();
        let behind_comma = rest.trim_start().strip_prefix(',');
        match (behind_comma, behind_comma.unwrap_or(rest).trim()) {
            (Some(_), tail) if tail.is_empty() || tail.starts_with('#') => {
                self.replace(next, next, format!("{text},\n"))
            }
            (None, tail) if tail.starts_with('#') => {
                // The comment is about the last one: the comma goes before it, the new one below.
                if !self.edits.iter().any(|edit| (edit.start, edit.end) == (end, end)) {
                    self.replace(end, end, ",".to_owned())?;
                }
                self.insert(next, format!("{text}\n"), ",\n")
            }
            _ => self.replace(end, end, format!(",\n{text}")),
        }
    }

    /// Inserts a piece; behind one that is already inserted there, parted from it.
    fn insert(&mut self, at: usize, text: String, parted_by: &str) -> Result<(), Why> {
        match self.edits.iter_mut().find(|edit| (edit.start, edit.end) == (at, at)) {
            Some(edit) => {
                edit.text.truncate(edit.text.trim_end().len());
                edit.text.push_str(parted_by);
                edit.text.push_str(&text);
                Ok(())
            }
            None => self.replace(at, at, text),
        }
    }

    /// Begin and end of each item, or of each entry with its key.
    pub(super) fn places(&self, collection: &Node) -> Result<Vec<(usize, usize)>, Why> {
        match &collection.value {
            Value::Map(entries) => entries
                .iter()
                .map(|one| {
                    let end = self.end(&one.value)?.max(offset(one.key_span.end));
                    Ok((offset(one.key_span.start), end))
                })
                .collect(),
            Value::List(items) => {
                items.iter().map(|one| Ok((offset(one.span.start), self.end(one)?))).collect()
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The style of a value: that of its own text, for a collection that of its first keys and items.
    pub(super) fn style(&self, node: &Node) -> Style {
        let is_quoted = |at: u32| self.text.get(offset(at)..).is_some_and(|rest| rest.starts_with('"'));
        let is_json_like = match &node.value {
            Value::Map(entries) => {
                !entries.is_empty() && entries.iter().all(|entry| is_quoted(entry.key_span.start))
            }
            Value::List(items) => {
                !items.is_empty() && items.iter().all(|item| self.style(item) != Style::Yaml)
            }
            _ => is_quoted(node.span.start),
        };
        match (self.is_json, is_json_like) {
            (true, _) if self.is_compact() => Style::Compact,
            (true, _) | (false, true) => Style::Quoted,
            (false, false) => Style::Yaml,
        }
    }

    fn is_compact(&self) -> bool {
        !self.text.trim_end().contains('\n') && !self.text.contains(": ")
    }

    fn has_tall_children(&self, collection: &Node) -> bool {
        let is_tall = |node: &Node| {
            let span = offset(node.span.start)..self.end(node).unwrap_or(0);
            let is_collection = matches!(node.value, Value::Map(_) | Value::List(_));
            is_collection && self.text.get(span).is_some_and(|text| text.contains('\n'))
        };
        match &collection.value {
            Value::Map(entries) => entries.iter().any(|entry| is_tall(&entry.value)),
            Value::List(items) => items.iter().any(is_tall),
            _ => false,
        }
    }

    pub(super) fn is_flow(&self, node: &Node) -> bool {
        let first = self.text.get(offset(node.span.start)..).and_then(|rest| rest.chars().next());
        matches!(node.value, Value::List(_) | Value::Map(_)) && matches!(first, Some('[' | '{'))
    }

    /// The end of the bracket that closes behind the last item: only commas, space and comments are in
    /// between.
    pub(super) fn closing(&self, from: usize) -> Option<usize> {
        let mut in_comment = false;
        for (at, c) in self.text.get(from..)?.char_indices() {
            match c {
                '\n' => in_comment = false,
                _ if in_comment => {}
                ']' | '}' => return Some(from.saturating_add(at).saturating_add(1)),
                '#' => in_comment = true,
                ',' | ' ' | '\t' | '\r' => {}
                _ => return None,
            }
        }
        None
    }
}
