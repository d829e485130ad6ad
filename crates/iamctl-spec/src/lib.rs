//! Reads iamctl's manifests: text goes in, a [`Desired`] comes out, or every mistake at its place.
//!
//! The crate is pure. Whoever calls it hands in the texts through [`Files`], and the account when it is
//! known; it knows no clock, environment, file system or network. A [`Desired`] in hand is a valid one:
//! everything that AWS would refuse, and that can be known without asking AWS, was refused here.
//!
//! ```
//! use iamctl_spec::{FilesInMemory, Options, parse};
//!
//! let files = FilesInMemory::new().with("desired-state.yaml", r#"
//! version: 1
//! name: acme-prod
//! master_copy: {bucket: acme-iam-master-copy, region: eu-west-1}
//! users:
//!   alice: {groups: [enginers]}
//! groups:
//!   engineers: {policies: ["aws:ReadOnlyAccess"]}
//! "#);
//! let rejected = parse(&files, "desired-state.yaml", &Options::default()).unwrap_err();
//! let first = rejected.diagnostics.iter().next().unwrap();
//! assert_eq!(first.message, "the group `enginers` is not defined");
//! assert_eq!(first.help[0], "did you mean `engineers`?");
//! assert_eq!(rejected.sources.slice(first.span), "enginers");
//! ```

mod block;
mod budget;
pub mod condition_keys;
mod consequences;
mod files;
mod keys;
mod load;
mod lower;
mod paths;
mod rules;
mod schema;
mod variables;
mod yaml;

use std::collections::BTreeMap;
use std::rc::Rc;

use consequences::without_consequences;
use iamctl_lint::Finding;
use iamctl_model::{Account, Desired};
use iamctl_policy::{Diagnostics, Node, Sources};

pub use files::{FileError, Files, FilesInMemory, FolderEntry, MAX_FILE_BYTES};
pub use paths::resolve as resolve_path;
pub use rules::{RULES, Rule};
pub use schema::schema;

/// What is known besides the texts.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Values for variables that the manifest declares: `--var`. They win over those of files.
    pub variables: BTreeMap<String, String>,
    /// Files with values for variables: `--var-file`. A later one wins over those before it.
    pub variable_files: Vec<VariableFile>,
    /// The account whose ARNs the result shall hold. Without, they hold the manifest's `account:` in
    /// the partition `aws`, or twelve zeros.
    pub account: Option<Account>,
    /// What to write before the paths of files in messages, with its slash: the folder in which the
    /// manifest lies, as the person who runs this would name it.
    pub folder: String,
    /// Whether policy documents are looked through for [`Manifest::findings`], which takes time.
    pub findings: bool,
}

/// A YAML or JSON file that holds a map from the names of variables to their values. It need not lie in
/// the manifest's folder, and is no part of the manifest.
#[derive(Debug, Clone)]
pub struct VariableFile {
    /// Its name for messages; one that ends with `.json` is read as JSON.
    pub name: String,
    /// Its text, or why there is none. At most [`MAX_FILE_BYTES`] are read.
    pub text: Result<String, FileError>,
}

/// A manifest without mistakes.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// What it wants.
    pub desired: Desired,
    /// The texts that the places in `desired` and `warnings` lie in.
    pub sources: Sources,
    /// Path, relative to the manifest's folder, and exact text of every file: the manifest first, then
    /// included files and documents in the order in which they were read.
    pub files: Vec<(String, String)>,
    /// The values of all variables, wherever they came from.
    pub variables: BTreeMap<String, String>,
    /// What is probably not meant.
    pub warnings: Diagnostics,
    /// What is found in the policy documents and not accepted by the manifest, when it was asked for.
    pub findings: Vec<Finding>,
}

/// A manifest with mistakes.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// All that is wrong, and warnings.
    pub diagnostics: Diagnostics,
    /// What is found in the policy documents, when it was asked for.
    pub findings: Vec<Finding>,
    /// The texts that the places lie in.
    pub sources: Sources,
}

/// Reads a manifest. `manifest` is its path as [`Files::read`] knows it.
///
/// # Errors
///
/// When anything in it is a mistake: all mistakes are in the answer.
pub fn parse(files: &dyn Files, manifest: &str, options: &Options) -> Result<Manifest, Box<Rejected>> {
    parse_for_editing(files, manifest, options).map(|read| read.manifest)
}

/// A manifest, and the trees of its files, for those who want to edit their texts.
#[derive(Debug, Clone)]
pub struct ReadForEditing {
    /// The manifest.
    pub manifest: Manifest,
    /// Path and tree of every YAML file, the manifest first. Values have their variables replaced;
    /// places are those in the text as it was written.
    pub trees: Vec<(String, Node)>,
    /// Path and tree of every document in a file of its own.
    pub documents: Vec<(String, Node)>,
}

/// Reads a manifest as [`parse`] does, and keeps the trees.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_for_editing(
    files: &dyn Files,
    manifest: &str,
    options: &Options,
) -> Result<ReadForEditing, Box<Rejected>> {
    let mut loader = load::Loader::new(files, options);
    let (parts, account) = loader.load(manifest, options);
    let desired = account.and_then(|account| lower::lower(&parts, &account, &mut loader));
    let variables = loader.variables();
    let load::Loader { sources, read, found, trees, findings, .. } = loader;
    match desired {
        Some(desired) if !found.has_errors() => Ok(ReadForEditing {
            manifest: Manifest { desired, sources, files: read, variables, warnings: found, findings },
            trees: parts.into_iter().map(|part| (part.path, part.node)).collect(),
            documents: trees
                .into_iter()
                .filter_map(|(path, tree)| Some((path, Rc::unwrap_or_clone(tree?))))
                .collect(),
        }),
        _ => Err(Box::new(Rejected { diagnostics: without_consequences(found), findings, sources })),
    }
}
