//! What AWS would refuse and can be known offline: rules that look at whole things, one file for
//! each group of them, and the table of all rules.

mod catalogue;
mod contradictions;
mod quotas;
mod tags;
mod trust;

use iamctl_model::{Address, Field, IgnoreRule, Managed};
use iamctl_policy::{Diagnostics, Node, Span, Value};

pub use catalogue::{RULES, Rule};

/// A thing that the manifest defines, with the places of its parts.
pub(crate) struct Entity {
    pub(crate) address: Address,
    pub(crate) managed: Managed,
    pub(crate) places: Places,
    /// The fields left to others, with the places where that is said.
    pub(crate) ignore: Vec<(Field, Span)>,
}

/// Where the parts of a thing stand.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    name: Span,
    keys: Vec<(String, Span)>,
    /// Tags by key.
    pub(crate) tags: Vec<(String, Span)>,
}

impl Places {
    /// The places of a block's keys; `name` is where its name stands.
    pub(crate) fn of(name: Span, block: &Node) -> Self {
        let keys = match &block.value {
            Value::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.key_span)).collect(),
            _ => Vec::new(),
        };
        Self { name, keys, tags: Vec::new() }
    }

    /// Where a key stands; the name of the thing when it is not written.
    pub(crate) fn key(&self, key: &str) -> Span {
        self.written(key).unwrap_or(self.name)
    }

    /// Where a key stands, when it is written.
    pub(crate) fn written(&self, key: &str) -> Option<Span> {
        self.keys.iter().find(|(known, _)| known == key).map(|(_, span)| *span)
    }
}

/// What rules look at.
pub(crate) struct World<'a> {
    pub(crate) entities: &'a [Entity],
    pub(crate) ignore: &'a Vec<IgnoreRule>,
}

/// The checks, in no particular order: findings are sorted by place.
const CHECKS: &[fn(&World<'_>, &mut Diagnostics)] = &[
    contradictions::reserved_names,
    contradictions::renamed,
    contradictions::ignored_and_written,
    contradictions::ignored_by_rule,
    quotas::document_sizes,
    quotas::inline_sums,
    quotas::attachments,
    quotas::memberships,
    tags::count,
    tags::characters,
    tags::same_key,
    trust::principals,
    trust::actions,
    trust::mfa_that_is_never_there,
    trust::open_identity_providers,
];

/// Runs all checks.
pub(crate) fn check(world: &World<'_>, found: &mut Diagnostics) {
    for check in CHECKS {
        check(world, found);
    }
}
