//! What two documents have in common, and what they do not.
//!
//! [`are_equal`] tells whether AWS would call two of them the same text; a line of JSON asks it with
//! [`equal_line`].

mod lines;

pub use lines::equal_line;

use crate::Document;

/// Whether AWS treats two documents as the same text.
///
/// # Errors
///
/// A sentence that says which of them is no policy document.
pub fn are_equal(a: &Document, b: &Document) -> Result<bool, String> {
    for (name, document) in [("a", a), ("b", b)] {
        if let Some(reason) = document.unreadable() {
            return Err(format!("`{name}` cannot be read: {reason}"));
        }
    }
    Ok(a == b)
}
