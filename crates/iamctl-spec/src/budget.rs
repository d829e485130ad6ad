//! What the files of one manifest may cost together, so that no set of files, however it was made,
//! takes more than moments to refuse.

use iamctl_policy::{Diagnostic, Diagnostics, MAX_NODES, Node, Value};

use crate::files::MAX_FILE_BYTES;

/// How many bytes all files of one manifest may have.
pub(crate) const MAX_TOTAL_BYTES: usize = 4 * MAX_FILE_BYTES;
/// How many files one manifest may have.
pub(crate) const MAX_FILES: usize = 5_000;
/// How many names in folders are looked at for all patterns together.
pub(crate) const MAX_NAMES: usize = 100_000;
/// How many files may lead to one another by `include:`.
pub(crate) const MAX_INCLUDE_DEPTH: usize = 100;
/// How many bytes a key may have. No name, tag or condition key of AWS comes near it.
const MAX_KEY: usize = 1_024;
/// For how many bytes of a text that cannot be read one value is charged.
const BYTES_PER_UNREAD_NODE: usize = 8;

/// What is left of it.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) bytes: usize,
    pub(crate) files: usize,
    pub(crate) names: usize,
    /// Values that files may still hold.
    pub(crate) nodes: usize,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { bytes: MAX_TOTAL_BYTES, files: MAX_FILES, names: MAX_NAMES, nodes: MAX_NODES }
    }

    /// Takes off what a file has cost, whether or not it could be read, and cuts its keys to what a key
    /// may have: they are repeated in messages.
    pub(crate) fn charge(&mut self, text: &str, node: Option<&mut Node>, found: &mut Diagnostics) {
        let cost = match node {
            Some(node) => count_and_cut(node, found),
            None => text.len().checked_div(BYTES_PER_UNREAD_NODE).unwrap_or(0),
        };
        self.nodes = self.nodes.saturating_sub(cost);
    }
}

fn count_and_cut(node: &mut Node, found: &mut Diagnostics) -> usize {
    let below: usize = match &mut node.value {
        Value::List(items) => items.iter_mut().map(|item| count_and_cut(item, found)).sum(),
        Value::Map(entries) => {
            let mut count: usize = 0;
            for entry in entries {
                if entry.key.len() > MAX_KEY {
                    let message =
                        format!("a key has at most {MAX_KEY} bytes, this one has {}", entry.key.len());
                    found.push(Diagnostic::error("too-much", entry.key_span, message).help("shorten it"));
                    entry.key.truncate(entry.key.floor_char_boundary(MAX_KEY));
                }
                count = count.saturating_add(count_and_cut(&mut entry.value, found));
            }
            count
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    };
    below.saturating_add(1)
}
