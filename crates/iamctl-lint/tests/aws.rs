//! The policies that AWS manages itself: what is an error in them is likely to be a mistake of ours.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use iamctl_data::managed_policies;
use iamctl_lint::{FindingType, Kind, lint_text};
use iamctl_policy::Sources;

/// Those that are known: actions that requests never have the key of, and keys that AWS does not document. AWS tells
/// of some of these itself.
const KNOWN: [(&str, usize); 4] = [
    ("INVALID_GLOBAL_CONDITION_KEY", 2),
    ("INVALID_SERVICE_CONDITION_KEY", 1),
    ("MISSING_QUALIFIER", 3),
    ("UNSUPPORTED_ACTION_FOR_CONDITION_KEY", 22),
];

#[test]
fn hardly_anything_is_an_error_in_the_policies_of_aws() {
    let mut counts = BTreeMap::new();
    let mut names = Vec::new();
    for policy in managed_policies().iter() {
        let source = Sources::new().add("", "");
        for one in lint_text(policy.document, source, Kind::Identity) {
            if one.check.finding_type == FindingType::Error {
                *counts.entry(one.check.code).or_insert(0) += 1;
                names.push(format!("{} {} {}: {}", policy.name, one.check.code, one.path, one.message));
            }
        }
    }
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), KNOWN, "{}", names.join("\n"));
}
