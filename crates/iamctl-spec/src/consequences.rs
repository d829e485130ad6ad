//! Mistakes that only follow from another one: not told, because they go when that one does.

use std::collections::BTreeSet;

use iamctl_policy::{Diagnostic, Diagnostics, SourceId};

/// What leaves a text without the value that it should have.
const UNRESOLVED: [&str; 3] = ["variable-without-value", "unknown-variable", "unclosed-variable"];

/// What may be said of a name only because the file that defines it could not be named.
const UNDEFINED: &str = "undefined";

/// Without what is said of texts in which a variable has no value.
pub(crate) fn without_consequences(found: Diagnostics) -> Diagnostics {
    let unresolved = |one: &&Diagnostic| UNRESOLVED.contains(&one.code) && !one.span.is_none();
    let places: BTreeSet<(SourceId, u32)> =
        found.iter().filter(unresolved).map(|one| (one.span.source, one.span.start)).collect();
    // Beyond a number, findings are only counted: then nothing is taken away.
    if places.is_empty() || found.len() != found.iter().count() {
        return found;
    }
    let follows = |one: &Diagnostic| {
        let (source, start, end) = (one.span.source, one.span.start, one.span.end);
        !UNRESOLVED.contains(&one.code)
            && places.range((source, start)..(source, end.max(start))).next().is_some()
    };
    let is_file = |one: &Diagnostic| one.code.starts_with("include-") || one.code == "file-unreadable";
    let lacks_a_file = found.iter().any(|one| is_file(one) && follows(one));
    let mut told = Diagnostics::new();
    for one in found.iter().filter(|one| !follows(one)) {
        if !(lacks_a_file && one.code == UNDEFINED) {
            told.push(one.clone());
        }
    }
    told
}
