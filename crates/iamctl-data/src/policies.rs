//! The policies that AWS manages.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::provenance::Provenance;
use crate::table::{fields, unpack};

static POLICIES: LazyLock<ManagedPolicies> =
    LazyLock::new(|| ManagedPolicies::read(include_bytes!("../tables/managed-policies.br")));

/// All policies that AWS manages.
#[must_use]
pub fn managed_policies() -> &'static ManagedPolicies {
    &POLICIES
}

/// The policies that AWS manages, by name: names are unique, whatever the path.
#[derive(Debug)]
pub struct ManagedPolicies {
    provenance: Provenance,
    by_name: BTreeMap<&'static str, ManagedPolicy>,
}

/// A policy that AWS manages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// The name: `Billing`.
    pub name: &'static str,
    /// The path, with a slash at both ends: `/job-function/`.
    pub path: &'static str,
    /// The default version: `v7`.
    pub version: &'static str,
    /// The day it was last changed, as `YYYY-MM-DD`.
    pub updated: &'static str,
    /// The document of the default version: JSON without white space.
    pub document: &'static str,
}

impl ManagedPolicies {
    fn read(packed: &[u8]) -> Self {
        let (provenance, body) = unpack(packed);
        let policies = body.lines().map(|line| {
            let [name, path, version, updated, document] = fields(line);
            (name, ManagedPolicy { name, path, version, updated, document })
        });
        Self { provenance, by_name: policies.collect() }
    }

    /// What the table was made from.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// The policy of a name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&ManagedPolicy> {
        self.by_name.get(name)
    }

    /// The policy of an ARN of any partition.
    #[must_use]
    pub fn by_arn(&self, arn: &str) -> Option<&ManagedPolicy> {
        let (_, rest) = arn.strip_prefix("arn:")?.split_once(':')?;
        let path_and_name = rest.strip_prefix("iam::aws:policy/")?;
        let name = path_and_name.rsplit('/').next()?;
        self.by_name(name).filter(|policy| policy.path_and_name() == path_and_name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &ManagedPolicy> {
        self.by_name.values()
    }
}

impl ManagedPolicy {
    /// Path and name, without the first slash: `job-function/Billing`.
    #[must_use]
    pub fn path_and_name(&self) -> String {
        format!("{}{}", self.path.trim_start_matches('/'), self.name)
    }

    /// Its ARN in a partition.
    #[must_use]
    pub fn arn(&self, partition: &str) -> String {
        format!("arn:{partition}:iam::aws:policy{}{}", self.path, self.name)
    }
}
