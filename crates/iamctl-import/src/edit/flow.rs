//! Collections in flow style: on one line or several, with commas and brackets.

use iamctl_policy::{Node, Value};

use super::layout::offset;
use super::{Editor, Why};

impl Editor<'_> {
    /// Takes away the piece that begins at `start`, with the comma that parts it from its neighbour.
    pub(super) fn remove_from_flow(&mut self, places: &[(usize, usize)], start: usize) -> Result<(), Why> {
        let at = places.iter().position(|(from, _)| *from == start).ok_or(Why::Layout)?;
        let (from, to) = *places.get(at).ok_or(Why::Layout)?;
        let before = at.checked_sub(1).and_then(|at| places.get(at));
        match (before, places.get(at.saturating_add(1))) {
            (_, Some((next, _))) => self.replace(from, *next, String::new()),
            (Some((_, previous)), None) => self.replace(*previous, to, String::new()),
            (None, None) => self.replace(from, to, String::new()),
        }
    }

    pub(super) fn add_to_flow(
        &mut self,
        collection: &Node,
        last: Option<usize>,
        text: String,
    ) -> Result<(), Why> {
        match last {
            Some(end) => self.replace(end, end, format!(", {text}")),
            None => {
                let inside = offset(collection.span.start).saturating_add(1);
                self.replace(inside, inside, text)
            }
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
