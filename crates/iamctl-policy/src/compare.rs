//! The difference between two documents, statement by statement, for people to read.

use crate::canonical::{CanonicalStatement, Element};
use crate::document::Document;

/// What differs between two documents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentDiff {
    /// `Version` before and after, when it differs.
    pub version: Option<(Option<String>, Option<String>)>,
    /// Every statement of both sides once, in the order of the later document; removed ones where
    /// they stood.
    pub statements: Vec<StatementDiff>,
}

/// What became of one statement. Indices count from 0 in the order written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementDiff {
    /// There on both sides.
    Same {
        /// Index in the earlier document.
        before: usize,
        /// Index in the later document.
        after: usize,
    },
    /// Only in the later document.
    Added {
        /// Index in the later document.
        after: usize,
    },
    /// Only in the earlier document.
    Removed {
        /// Index in the earlier document.
        before: usize,
    },
    /// There on both sides with some elements changed.
    Changed {
        /// Index in the earlier document.
        before: usize,
        /// Index in the later document.
        after: usize,
        /// The elements that differ.
        elements: Vec<ElementDiff>,
    },
}

/// One element of a changed statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElementDiff {
    /// Which element.
    pub element: Element,
    /// Values only in the earlier statement.
    pub removed: Vec<String>,
    /// Values only in the later statement.
    pub added: Vec<String>,
    /// How many values are in both.
    pub kept: usize,
}

impl DocumentDiff {
    /// Whether the documents are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.version.is_none()
            && self.statements.iter().all(|statement| matches!(statement, StatementDiff::Same { .. }))
    }
}

/// Compares two documents. Statements are paired wherever they stand: equal ones first, then those
/// with the same `Sid`, then the most similar ones of the same effect.
#[must_use]
pub fn compare(before: &Document, after: &Document) -> DocumentDiff {
    let old = before.canonical_statements();
    let new = after.canonical_statements();
    let pairs = pair(&old, &new);

    let mut statements = Vec::new();
    let mut removed = (0..old.len()).filter(|index| !pairs.iter().any(|(b, _)| b == index)).peekable();
    for (after_index, new_statement) in new.iter().enumerate() {
        while let Some(before) = removed.next_if(|before| *before <= after_index) {
            statements.push(StatementDiff::Removed { before });
        }
        let partner =
            pairs.iter().find(|(_, a)| *a == after_index).and_then(|(b, _)| Some((*b, old.get(*b)?)));
        statements.push(match partner {
            None => StatementDiff::Added { after: after_index },
            Some((before, old_statement)) if old_statement == new_statement => {
                StatementDiff::Same { before, after: after_index }
            }
            Some((before, old_statement)) => StatementDiff::Changed {
                before,
                after: after_index,
                elements: element_diffs(old_statement, new_statement),
            },
        });
    }
    statements.extend(removed.map(|before| StatementDiff::Removed { before }));

    let (old_version, new_version) = (before.version(), after.version());
    DocumentDiff {
        version: (old_version != new_version)
            .then(|| (old_version.map(str::to_owned), new_version.map(str::to_owned))),
        statements,
    }
}

/// Beyond this many statements without an equal partner, similarity is not looked for: a document
/// within IAM's size limits never gets there.
const MOST_COMPARED: usize = 200;

fn pair(old: &[CanonicalStatement], new: &[CanonicalStatement]) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let mut free_old: Vec<usize> = (0..old.len()).collect();
    let mut free_new: Vec<usize> = (0..new.len()).collect();
    let mut take = |wanted: &dyn Fn(&CanonicalStatement, &CanonicalStatement) -> bool| {
        free_new.retain(|&n| {
            let partner = free_old.iter().position(|&o| match (old.get(o), new.get(n)) {
                (Some(old), Some(new)) => wanted(old, new),
                _ => false,
            });
            match partner {
                Some(at) => pairs.push((free_old.remove(at), n)),
                None => return true,
            }
            false
        });
    };
    take(&|old, new| old == new);
    take(&|old, new| {
        !new.values(&Element::Sid).is_empty() && old.values(&Element::Sid) == new.values(&Element::Sid)
    });

    if free_old.len() <= MOST_COMPARED && free_new.len() <= MOST_COMPARED {
        let mut candidates = Vec::new();
        for &o in &free_old {
            for &n in &free_new {
                if let (Some(old), Some(new)) = (old.get(o), new.get(n)) {
                    candidates.push((similarity(old, new), o, n));
                }
            }
        }
        // The most similar first; among equals the order written.
        candidates.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        for (score, o, n) in candidates {
            let taken = pairs.iter().any(|(b, a)| *b == o || *a == n);
            if score >= SIMILAR_ENOUGH && !taken {
                pairs.push((o, n));
            }
        }
    }
    pairs
}

/// In percent of all values of both statements.
const SIMILAR_ENOUGH: usize = 30;

/// Shared values in percent of all values; 0 for different effects or different `Sid`s, which are
/// their writer's word that these are two statements.
fn similarity(old: &CanonicalStatement, new: &CanonicalStatement) -> usize {
    let sids = (old.values(&Element::Sid), new.values(&Element::Sid));
    let renamed = !sids.0.is_empty() && !sids.1.is_empty();
    if renamed || old.values(&Element::Effect) != new.values(&Element::Effect) {
        return 0;
    }
    let diffs = element_diffs(old, new);
    let different: usize = diffs.iter().map(|diff| diff.removed.len() + diff.added.len()).sum();
    let shared: usize = old
        .elements()
        .map(|(element, values)| values.len() - excess(values, new.values(element)).len())
        .sum();
    // The effect is shared by definition and would make strangers look alike.
    let shared = shared.saturating_sub(1);
    shared.saturating_mul(100).checked_div(shared.saturating_add(different)).unwrap_or(0)
}

fn element_diffs(old: &CanonicalStatement, new: &CanonicalStatement) -> Vec<ElementDiff> {
    let mut elements: Vec<_> =
        old.elements().chain(new.elements()).map(|(element, _)| element.clone()).collect();
    elements.sort_unstable();
    elements.dedup();
    elements
        .into_iter()
        .filter_map(|element| {
            let (before, after) = (old.values(&element), new.values(&element));
            let (removed, added) = (excess(before, after), excess(after, before));
            let only_presence =
                old.elements().any(|(e, _)| *e == element) != new.elements().any(|(e, _)| *e == element);
            let kept = before.len().saturating_sub(removed.len());
            let differs = !removed.is_empty() || !added.is_empty() || only_presence;
            differs.then_some(ElementDiff { element, removed, added, kept })
        })
        .collect()
}

/// What the first sorted list has beyond the second, each value as often as it is there too often.
fn excess(values: &[String], other: &[String]) -> Vec<String> {
    let mut rest: Vec<&String> = other.iter().collect();
    values
        .iter()
        .filter(|value| match rest.iter().position(|candidate| candidate == value) {
            Some(at) => {
                rest.remove(at);
                false
            }
            None => true,
        })
        .cloned()
        .collect()
}
