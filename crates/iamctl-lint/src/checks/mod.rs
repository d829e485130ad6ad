//! The checks, one file for each subject.

mod actions;
mod arns;
mod document;
mod keys;
mod mfa;
mod operators;
mod organizations;
mod perimeter;
mod powers;
mod principals;
mod redundant;
mod services;
mod tags;
mod trust;
mod values;
mod variables;

use crate::finding::Findings;
use crate::policy::Policy;

/// Runs all checks, in no particular order: findings are sorted by place.
pub(crate) fn run(policy: &Policy<'_>, found: &mut Findings) {
    for check in [
        actions::check,
        arns::check,
        document::check,
        keys::check,
        mfa::check,
        operators::check,
        organizations::check,
        perimeter::check,
        powers::check,
        principals::check,
        redundant::check,
        services::check,
        tags::check,
        trust::check,
        values::check,
        variables::check,
    ] {
        check(policy, found);
    }
}
