//! Where things stand in a text: lines, columns, dashes, and the ends of values.

use iamctl_policy::{Node, Value};

use super::{Editor, Why};

impl Editor<'_> {
    /// Where a value ends. Collections in the tree reach to their last item only: in flow style the
    /// closing bracket is looked for.
    pub(super) fn end(&self, node: &Node) -> Result<usize, Why> {
        self.check(node)?;
        let mut end = offset(node.span.end);
        match &node.value {
            Value::Map(entries) => {
                for entry in entries {
                    end = end.max(self.end(&entry.value)?).max(offset(entry.key_span.end));
                }
            }
            Value::List(items) => {
                for item in items {
                    end = end.max(self.end(item)?);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                // The end of a text in several lines may be that of its last line.
                let text = self.text.get(offset(node.span.start)..end).ok_or(Why::Layout)?;
                return Ok(offset(node.span.start).saturating_add(text.trim_end().len()));
            }
        }
        if !self.is_flow(node) {
            return Ok(end);
        }
        let is_empty = match &node.value {
            Value::Map(entries) => entries.is_empty(),
            Value::List(items) => items.is_empty(),
            _ => false,
        };
        let from = if is_empty { offset(node.span.start).saturating_add(1) } else { end };
        self.closing(from).ok_or(Why::Layout)
    }

    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end.saturating_add(1))
    }

    pub(super) fn next_line(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        at.saturating_add(rest.find('\n').map_or(rest.len(), |end| end.saturating_add(1)))
    }

    pub(super) fn column(&self, at: usize) -> usize {
        let line = self.text.get(self.line_start(at)..at).unwrap_or_default();
        line.chars().count()
    }

    /// The dash before an item of a block list, when it is the only thing before it.
    pub(super) fn dash(&self, item: usize) -> Option<usize> {
        let line = self.line_start(item);
        let here = self.text.get(item..)?;
        if here.starts_with("- ") && self.text.get(line..item)?.chars().all(|c| c == ' ') {
            return Some(item);
        }
        let before = self.text.get(line..item)?.trim_end_matches(' ');
        let before = before.strip_suffix('-')?;
        before.chars().all(|c| c == ' ').then(|| line.saturating_add(before.len()))
    }
}

pub(super) fn offset(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}
