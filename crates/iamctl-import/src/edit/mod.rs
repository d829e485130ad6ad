//! Edits of YAML text that touch only what differs: comments, order and layout of everything else stay.
//!
//! A tree of the text says where each value stands, and what it is once variables are replaced. What is
//! wanted is compared with that, value by value, without regard to the order of lists and maps: IAM has
//! none. Each difference becomes one replacement of a piece of the text, in the style (flow or block) in
//! which the text around it is written.

mod flow;
mod layout;
mod likeness;

use std::fmt;

use iamctl_policy::{Entry, Node, Value};

use crate::yaml::{Yaml, escaped, write_entry, write_item};
pub(crate) use layout::offset;
use likeness::likeness;
pub(crate) use likeness::{alike, same};

/// A piece of text to replace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) text: String,
}

/// Why a text is not edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Alias,
    Variable,
    Layout,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Alias => "it stands behind a YAML alias or a merge key, which others use as well",
            Why::Variable => "it is made of variables, which others use as well",
            Why::Layout => "its lines are laid out in a way that only a person can change",
        })
    }
}

/// The edits of one text.
pub(crate) struct Editor<'t> {
    text: &'t str,
    /// Whether it is JSON, and not any YAML.
    is_json: bool,
    edits: Vec<Edit>,
}

/// Carries out edits that do not overlap.
pub(crate) fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in sorted {
        out.push_str(text.get(at..edit.start)?);
        out.push_str(&edit.text);
        at = edit.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

impl<'t> Editor<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, is_json: false, edits: Vec::new() }
    }

    /// For a text that stays JSON.
    pub(crate) fn json(text: &'t str) -> Self {
        Self { is_json: true, ..Self::new(text) }
    }

    pub(crate) fn finish(self) -> Vec<Edit> {
        self.edits
    }

    /// Makes a value what is wanted.
    pub(crate) fn value(&mut self, node: &Node, wanted: &Yaml) -> Result<(), Why> {
        if same(node, wanted) {
            return Ok(());
        }
        self.check(node)?;
        match (&node.value, wanted) {
            (Value::Map(entries), Yaml::Map(new) | Yaml::Block(new)) if !entries.is_empty() => {
                self.map(node, entries, new)
            }
            (Value::List(items), Yaml::List(new) | Yaml::Items(new)) if !items.is_empty() => {
                self.list(node, items, new)
            }
            // A list of which one item is left stays a list.
            (Value::List(items), Yaml::Text(_) | Yaml::Word(_) | Yaml::Map(_) | Yaml::Block(_))
                if !items.is_empty() =>
            {
                self.list(node, items, std::slice::from_ref(wanted))
            }
            _ => self.whole(node, wanted),
        }
    }

    /// Sets or takes away one entry of a map; `None` takes it away.
    pub(crate) fn entry(&mut self, map: &Node, key: &str, wanted: Option<&Yaml>) -> Result<(), Why> {
        let entries = match &map.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null => &[],
            _ => return Err(Why::Layout),
        };
        let known = entries.iter().find(|entry| entry.key == key);
        match (known, wanted) {
            (Some(entry), Some(wanted)) => self.value(&entry.value, wanted),
            (Some(entry), None) => self.remove_entry(map, entry),
            (None, Some(wanted)) => self.add_entry(map, entries, key, wanted),
            (None, None) => Ok(()),
        }
    }

    /// Gives a first key to a block of which only the name is written.
    pub(crate) fn fill_empty(&mut self, entry: &Entry, key: &str, wanted: &Yaml) -> Result<(), Why> {
        self.check(&entry.value)?;
        let end = self.end(&entry.value)?.max(offset(entry.key_span.end));
        let rest = self.text.get(offset(entry.key_span.end)..end).unwrap_or_default();
        // `~` or `null` would stand in the way.
        if rest.contains(['~', 'n', 'N']) {
            return Err(Why::Layout);
        }
        let mut text = String::new();
        let column = self.column(offset(entry.key_span.start)).saturating_add(2);
        write_entry(key, &escaped(wanted.clone()), &mut text, column);
        self.add_lines(offset(entry.key_span.end), &text)
    }

    /// Takes away an entry with the lines that it stands on.
    pub(crate) fn remove_entry(&mut self, map: &Node, entry: &Entry) -> Result<(), Why> {
        self.check(map)?;
        let end = self.end(&entry.value)?.max(offset(entry.key_span.end));
        let start = offset(entry.key_span.start);
        if self.is_flow(map) {
            return self.remove_from_flow(&self.places(map)?, start);
        }
        self.remove_lines(start, end)
    }

    fn map(&mut self, node: &Node, entries: &[Entry], new: &[(String, Yaml)]) -> Result<(), Why> {
        let mut removed = 0_usize;
        for entry in entries {
            match new.iter().find(|(key, _)| *key == entry.key) {
                Some((_, wanted)) => self.value(&entry.value, wanted)?,
                None => {
                    removed = removed.saturating_add(1);
                    self.remove_entry(node, entry)?;
                }
            }
        }
        let added: Vec<_> =
            new.iter().filter(|(key, _)| !entries.iter().any(|entry| entry.key == *key)).collect();
        if removed == entries.len() && !entries.is_empty() {
            // Nothing of it stays: what is written anew stands where it stood.
            return Err(Why::Layout);
        }
        for (key, wanted) in added {
            self.add_entry(node, entries, key, wanted)?;
        }
        Ok(())
    }

    fn list(&mut self, node: &Node, items: &[Node], new: &[Yaml]) -> Result<(), Why> {
        let mut left: Vec<&Yaml> = new.iter().collect();
        let mut others: Vec<&Node> = Vec::new();
        for item in items {
            match left.iter().position(|wanted| same(item, wanted)) {
                Some(at) => _ = left.remove(at),
                None => others.push(item),
            }
        }
        // What became something else of the same kind is changed where it stands: the most alike first.
        let mut removed = Vec::new();
        for item in others {
            let alike = left
                .iter()
                .enumerate()
                .map(|(at, wanted)| (likeness(item, wanted), at))
                .max_by_key(|(likeness, at)| (*likeness, std::cmp::Reverse(*at)));
            match alike.filter(|(likeness, _)| *likeness > 0) {
                Some((_, at)) => {
                    let wanted = left.remove(at);
                    self.value(item, wanted)?;
                }
                None => removed.push(item),
            }
        }
        if removed.len() == items.len() && !are_texts(&removed, &left) {
            return self.whole(node, &Yaml::List(new.to_vec()));
        }
        if removed.len() == items.len() {
            // Nothing stays of it but its places.
            let both = removed.len().min(left.len());
            for (item, wanted) in removed.drain(..both).zip(left.drain(..both)) {
                self.value(item, wanted)?;
            }
        }
        for item in removed {
            self.remove_item(node, item)?;
        }
        for wanted in left {
            self.add_item(node, items, wanted)?;
        }
        Ok(())
    }

    fn whole(&mut self, node: &Node, wanted: &Yaml) -> Result<(), Why> {
        let start = offset(node.span.start);
        let end = self.end(node)?;
        let is_block = matches!(node.value, Value::List(_) | Value::Map(_)) && !self.is_flow(node);
        if is_block {
            // A list below its key: below it stays, in the column where it is.
            let column = self.column(start);
            let mut text = String::new();
            match wanted {
                Yaml::List(items) | Yaml::Items(items) if matches!(node.value, Value::List(_)) => {
                    let dash = self.dash(start).ok_or(Why::Layout)?;
                    let column = self.column(dash);
                    for item in items {
                        write_item(&escaped(item.clone()), &mut text, column);
                    }
                    let text = text.trim_start().trim_end_matches('\n').to_owned();
                    return self.replace(dash, end, text);
                }
                Yaml::Map(entries) | Yaml::Block(entries) if matches!(node.value, Value::Map(_)) => {
                    for (key, value) in entries {
                        write_entry(key, &escaped(value.clone()), &mut text, column);
                    }
                    return self.replace(start, end, text.trim_start().trim_end_matches('\n').to_owned());
                }
                _ => return Err(Why::Layout),
            }
        }
        if matches!(node.value, Value::Null) && start == end {
            return Err(Why::Layout);
        }
        let wanted = escaped(wanted.clone());
        if let Some(block) = self.block_text(node)? {
            let text = literal(&wanted, block.indent).filter(|_| block.is_literal);
            return self.replace(block.start, block.end, text.unwrap_or_else(|| wanted.on_one_line()));
        }
        self.replace(start, end, self.style(node).line(&wanted))
    }

    fn add_entry(&mut self, map: &Node, entries: &[Entry], key: &str, wanted: &Yaml) -> Result<(), Why> {
        self.check(map)?;
        if self.is_flow(map) {
            return self.add_to_flow(map, Some(key), wanted);
        }
        let Some(first) = entries.first() else { return Err(Why::Layout) };
        let mut end = 0;
        for entry in entries {
            end = end.max(self.end(&entry.value)?).max(offset(entry.key_span.end));
        }
        let mut text = String::new();
        write_entry(key, &escaped(wanted.clone()), &mut text, self.column(offset(first.key_span.start)));
        self.add_lines(end, &text)
    }

    fn add_item(&mut self, list: &Node, items: &[Node], wanted: &Yaml) -> Result<(), Why> {
        if self.is_flow(list) {
            return self.add_to_flow(list, None, wanted);
        }
        let last = items.last().map(|item| self.end(item)).transpose()?;
        let first = items.first().ok_or(Why::Layout)?;
        let dash = self.dash(offset(first.span.start)).ok_or(Why::Layout)?;
        let mut text = String::new();
        write_item(&escaped(wanted.clone()), &mut text, self.column(dash));
        self.add_lines(last.ok_or(Why::Layout)?, &text)
    }

    /// Takes away those items of a list that are meant; others stay.
    pub(crate) fn remove_items(
        &mut self,
        list: &Node,
        items: &[Node],
        is_meant: impl Fn(&Node) -> bool,
    ) -> Result<(), Why> {
        items.iter().filter(|item| is_meant(item)).try_for_each(|item| self.remove_item(list, item))
    }

    fn remove_item(&mut self, list: &Node, item: &Node) -> Result<(), Why> {
        let start = offset(item.span.start);
        if self.is_flow(list) {
            return self.remove_from_flow(&self.places(list)?, start);
        }
        let dash = self.dash(start).ok_or(Why::Layout)?;
        let end = self.end(item)?;
        self.remove_lines(dash, end)
    }

    /// Whole lines only: what else stands on them would go with them.
    fn remove_lines(&mut self, start: usize, end: usize) -> Result<(), Why> {
        let line = self.line_start(start);
        let before = self.text.get(line..start).ok_or(Why::Layout)?;
        if !before.chars().all(|c| c == ' ') {
            return Err(Why::Layout);
        }
        self.replace(line, self.next_line(end), String::new())
    }

    fn add_lines(&mut self, after: usize, text: &str) -> Result<(), Why> {
        let at = self.next_line(after);
        let text = match self.text.get(..at).is_some_and(|before| before.ends_with('\n')) {
            true => text.to_owned(),
            // The last line of the file, without its end.
            false => format!("\n{}", text.trim_end_matches('\n')),
        };
        self.replace(at, at, text)
    }

    fn replace(&mut self, start: usize, end: usize, text: String) -> Result<(), Why> {
        let old = self.text.get(start..end).ok_or(Why::Layout)?;
        // What a variable says here it says elsewhere too.
        let has_variable = old.split("${").skip(1).any(|rest| {
            rest.split_once('}')
                .is_some_and(|(name, _)| !name.contains(':') && !matches!(name, "*" | "?" | "$"))
        });
        if has_variable && !text.is_empty() {
            return Err(Why::Variable);
        }
        let overlaps = |edit: &Edit| edit.start < end && start < edit.end;
        if self.edits.iter().any(overlaps) {
            return Err(Why::Layout);
        }
        let has_other_line_ends = self.text.contains("\r\n");
        let text = if has_other_line_ends { text.replace('\n', "\r\n") } else { text };
        self.edits.push(Edit { start, end, text });
        Ok(())
    }

    fn check(&self, node: &Node) -> Result<(), Why> {
        if node.alias.is_some() { Err(Why::Alias) } else { Ok(()) }
    }
}

/// Whether each of these stands for one text.
fn are_texts(items: &[&Node], wanted: &[&Yaml]) -> bool {
    items.iter().all(|item| !matches!(item.value, Value::Map(_) | Value::List(_)))
        && wanted.iter().all(|wanted| matches!(wanted, Yaml::Text(_) | Yaml::Word(_)))
}

/// A text as a literal behind `|`, where that says the same: it has several lines, and nothing in it needs an escape.
fn literal(wanted: &Yaml, indent: usize) -> Option<String> {
    let Yaml::Text(text) = wanted else { return None };
    let lines = text.strip_suffix('\n').unwrap_or(text);
    let is_printable =
        |c: char| c == '\t' || c == '\n' || !(c.is_control() || "\u{2028}\u{2029}\u{feff}".contains(c));
    let begins_well = !lines.starts_with([' ', '\t', '\n']);
    if !lines.contains('\n') || lines.ends_with('\n') || !begins_well || !text.chars().all(is_printable) {
        return None;
    }
    let mut out = if text.ends_with('\n') { "|".to_owned() } else { "|-".to_owned() };
    for line in lines.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
    }
    Some(out)
}
