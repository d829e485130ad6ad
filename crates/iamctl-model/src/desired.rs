//! What the manifest wants, for one account: every value in the form that AWS will hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use iamctl_policy::Span;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::arn::AccountId;
use crate::resource::{Field, Resource};

/// The name of a manifest: what tells it apart from others in one bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ManifestName(String);

impl ManifestName {
    /// Letters, digits, `-`, `_` and `.`, at most 64, the first one a letter or digit: the name is a
    /// part of keys in S3.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        fits.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ManifestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the master copy lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterCopy {
    /// The bucket.
    pub bucket: String,
    /// The bucket's Region.
    pub region: String,
    /// What all keys begin with: empty, or ending with a slash.
    pub prefix: String,
    /// The account that owns the bucket, when it is not the managed one.
    pub owner: Option<AccountId>,
    /// The KMS key that encrypts a bucket which iamctl makes; S3's own encryption without one.
    pub kms_key: Option<String>,
}

/// One thing that the manifest manages.
#[derive(Debug, Clone)]
pub struct Managed {
    /// What it shall be.
    pub value: Resource,
    /// Where its name stands in the manifest.
    pub span: Span,
    /// Whether one that is there already may be taken over.
    pub adopt: bool,
    /// Whether deleting it is refused, also after its block is gone.
    pub protect: bool,
    /// Fields left to others.
    pub ignore: BTreeSet<Field>,
}

/// All that one manifest wants of one account.
#[derive(Debug, Clone)]
pub struct Desired {
    /// The manifest's name.
    pub name: ManifestName,
    /// The only account the manifest is for.
    pub account: Option<AccountId>,
    /// Where the master copy lies.
    pub master_copy: MasterCopy,
    /// What is managed.
    pub managed: BTreeMap<Address, Managed>,
    /// What is no longer managed and shall not be deleted.
    pub forget: BTreeSet<Address>,
}
