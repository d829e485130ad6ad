//! Where things stand in a text: lines, columns, dashes, and the ends of values.

use iamctl_policy::{Node, Value};

use super::{Editor, Why};

/// A text in block style, such as a literal behind `|`. In the tree it stands where its first line begins.
pub(super) struct BlockText {
    /// Where its indicator is.
    pub(super) start: usize,
    /// Where its last line ends.
    pub(super) end: usize,
    /// Whether its line ends count: `|`, not `>`.
    pub(super) is_literal: bool,
    /// How far its lines are indented.
    pub(super) indent: usize,
}

impl Editor<'_> {
    /// Where a value ends. Collections in the tree may reach to their last item only: in flow style the
    /// closing bracket is looked for.
    pub(super) fn end(&self, node: &Node) -> Result<usize, Why> {
        self.check(node)?;
        let start = offset(node.span.start);
        if !matches!(node.value, Value::Map(_) | Value::List(_)) {
            if let Some(block) = self.block_text(node)? {
                return Ok(block.end);
            }
            // The end of a text in several lines may be that of its last line.
            let text = self.text.get(start..offset(node.span.end)).ok_or(Why::Layout)?;
            return Ok(start.saturating_add(text.trim_end().len()));
        }
        let last = self.places(node)?.into_iter().map(|(_, end)| end).max();
        if !self.is_flow(node) {
            return Ok(last.unwrap_or(start));
        }
        self.closing(last.unwrap_or(start.saturating_add(1))).ok_or(Why::Layout)
    }

    /// The whole of a text in block style; `None` for other values. One whose indentation is said by a number is
    /// not understood.
    pub(super) fn block_text(&self, node: &Node) -> Result<Option<BlockText>, Why> {
        let first = offset(node.span.start);
        let Value::String(_) = &node.value else { return Ok(None) };
        let before = self.text.get(..first).ok_or(Why::Layout)?;
        let header = before.trim_end_matches([' ', '\n', '\r']);
        if !before.get(header.len()..).is_some_and(|gap| gap.contains('\n')) {
            return Ok(None);
        }
        let line = self.line_start(header.len());
        let text = header.get(line..).unwrap_or_default();
        let text = text.split(" #").next().unwrap_or(text).trim_end();
        let word = text.rsplit(' ').next().unwrap_or(text);
        let is_literal = word.starts_with('|');
        let modifiers = word.trim_start_matches(['|', '>']);
        if !(is_literal || word.starts_with('>')) || modifiers.len().saturating_add(1) != word.len() {
            return Ok(None);
        }
        if !matches!(modifiers, "" | "-" | "+") {
            return Err(Why::Layout);
        }
        let start = line.saturating_add(text.len()).saturating_sub(word.len());
        let (indent, mut end) = (self.column(first), first);
        let mut at = self.line_start(first);
        while at < self.text.len() {
            let next = self.next_line(at);
            let line = self.text.get(at..next).unwrap_or_default().trim_end_matches(['\n', '\r']);
            let is_blank = line.trim().is_empty();
            let width = line.len().saturating_sub(line.trim_start_matches(' ').len());
            if !is_blank && width < indent {
                break;
            }
            if !is_blank {
                end = at.saturating_add(line.len());
            }
            at = next;
        }
        Ok(Some(BlockText { start, end, is_literal, indent }))
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
        line.chars().filter(|c| *c != '\u{feff}').count()
    }

    /// The space before something that is the first on its line; `None` where it is not.
    pub(super) fn indent(&self, at: usize) -> Option<&str> {
        let before = self.text.get(self.line_start(at)..at)?;
        before.chars().all(|c| c == ' ' || c == '\t').then_some(before)
    }

    /// The space at the beginning of a line.
    pub(super) fn line_indent(&self, at: usize) -> &str {
        let line = self.text.get(self.line_start(at)..at).unwrap_or_default();
        line.get(..line.len().saturating_sub(line.trim_start_matches([' ', '\t']).len())).unwrap_or_default()
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

pub(crate) fn offset(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}
