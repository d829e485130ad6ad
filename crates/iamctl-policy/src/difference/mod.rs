//! What two documents have in common, and what they do not.
//!
//! [`are_equal`] tells whether AWS would call two of them the same text. [`difference`] tells whether they give
//! the same access: is there a request that the later one allows and the earlier one does not, and one the other
//! way? Each *yes* has a [`Witness`] that [`decide`](crate::eval::decide) confirms; each *no* is so for every
//! request there can be; everything else is *unknown*, with the reason.
//!
//! ```
//! use iamctl_policy::Document;
//! use iamctl_policy::difference::{Access, Vocabulary, difference};
//! use iamctl_policy::eval::PolicyKind;
//!
//! let before = Document::from_stored(
//!     r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]}}"#,
//! );
//! let after = Document::from_stored(
//!     r#"{"Statement": {"Effect": "Allow", "Action": "S3:Get*", "Resource": "arn:aws:s3:::?/*"}}"#,
//! );
//! let found = difference(&before, &after, PolicyKind::Principal, &Vocabulary::none())?;
//! let Access::Yes(added) = &found.added else { panic!("{found:?}") };
//! let request = added[0].witness.to_json();
//! assert!(request["action"].as_str().unwrap().starts_with("s3:"));
//! assert!(!request["resource"].as_str().unwrap().starts_with("arn:aws:s3:::a/"));
//! assert!(matches!(found.removed, Access::Yes(_)));
//! # Ok::<(), String>(())
//! ```
//!
//! The method, and what is unknown and why, is told in `docs/difference.md`.

mod budget;
mod case;
mod cells;
mod groups;
mod keys;
mod language;
mod lines;
mod people;
mod search;
mod space;
mod stack;
mod witness;

pub use case::{Mfa, Part, Way};
pub use keys::{KeyType, KeyValues};
pub use lines::{Level, diff_line, equal_line};
pub use stack::{Layer, Stack, of_stacks, of_trust};
pub use witness::Witness;

use crate::Document;
use crate::eval::{Context, Policy, PolicyKind};
use search::Search;

/// What is known about AWS's services. It makes witnesses nicer, and keeps values away that requests never have;
/// what it does not know is taken to be possible.
pub struct Vocabulary<'v> {
    /// The actions that a pattern such as `s3:Get*` names.
    pub actions: &'v dyn Fn(&str) -> Vec<String>,
    /// What the values of a condition key are.
    pub key: &'v dyn Fn(&str) -> Option<KeyType>,
}

impl Vocabulary<'_> {
    /// One that knows nothing.
    #[must_use]
    pub fn none() -> Self {
        Self { actions: &|_| Vec::new(), key: &|_| None }
    }
}

/// What a change of documents does to access.
#[derive(Debug, Clone)]
pub struct Difference {
    /// Whether something is allowed now that was not.
    pub added: Access,
    /// Whether something was allowed that is not any more.
    pub removed: Access,
}

/// Whether there is a request that one document allows and the other does not.
#[derive(Debug, Clone)]
pub enum Access {
    /// There is none.
    No,
    /// There is, such as these.
    Yes(Vec<Change>),
    /// It cannot be said; the reason.
    Unknown(String),
}

/// Actions that two documents do not allow alike, and a request.
#[derive(Debug, Clone)]
pub struct Change {
    /// The actions, as far as they are known; only in [`differences`].
    pub actions: Vec<String>,
    /// The request.
    pub witness: Witness,
    /// Whether actions of all services that no policy names are among them.
    pub is_open: bool,
    /// The statements by which they are allowed on the one side and not on the other; only in [`differences`], and
    /// not all of them where there are too many.
    pub ways: Vec<Way>,
}

/// All that one side allows and the other does not.
#[derive(Debug, Clone)]
pub struct Found {
    /// What is sure.
    pub changes: Vec<Change>,
    /// Why there may be more.
    pub doubt: Option<String>,
}

impl Found {
    fn unknown(why: &str) -> Self {
        Self { changes: Vec::new(), doubt: Some(why.to_owned()) }
    }

    fn access(self) -> Access {
        match (self.changes.is_empty(), self.doubt) {
            (false, _) => Access::Yes(self.changes),
            (true, Some(why)) => Access::Unknown(why),
            (true, None) => Access::No,
        }
    }
}

impl Access {
    /// `yes`, `no` or `unknown`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Access::No => "no",
            Access::Yes(_) => "yes",
            Access::Unknown(_) => "unknown",
        }
    }
}

impl Difference {
    /// Whether both documents give the same access; nothing when that cannot be said.
    #[must_use]
    pub fn is_none(&self) -> Option<bool> {
        match (&self.added, &self.removed) {
            (Access::No, Access::No) => Some(true),
            (Access::Yes(_), _) | (_, Access::Yes(_)) => Some(false),
            _ => None,
        }
    }
}

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

/// What kind of policy two documents are: policies of resources, trust policies among them, name principals.
#[must_use]
pub fn kind_of(a: &Document, b: &Document) -> PolicyKind {
    let mut statements = a.statements().iter().chain(b.statements());
    let names = statements.any(|statement| statement.principals.is_some());
    if names { PolicyKind::Resource } else { PolicyKind::Principal }
}

/// Whether access is added or removed from one document to another, with one request of each.
///
/// Policies of [`PolicyKind::Principal`] are taken to be the only ones of a principal, and resources to leave
/// everything to it. Callers that a policy of [`PolicyKind::Resource`] is about are taken to hold an identity
/// policy that allows everything, and requests to be such that the policy decides them: roles are assumed, and
/// other things are done from another account.
///
/// # Errors
///
/// What keeps one of them from being evaluated.
pub fn difference(
    before: &Document,
    after: &Document,
    kind: PolicyKind,
    vocabulary: &Vocabulary<'_>,
) -> Result<Difference, String> {
    search(before, after, kind, vocabulary, true)
}

/// The same, with a request for each set of actions that differs.
///
/// # Errors
///
/// What keeps one of them from being evaluated.
pub fn differences(
    before: &Document,
    after: &Document,
    kind: PolicyKind,
    vocabulary: &Vocabulary<'_>,
) -> Result<Difference, String> {
    search(before, after, kind, vocabulary, false)
}

fn search(
    before: &Document,
    after: &Document,
    kind: PolicyKind,
    vocabulary: &Vocabulary<'_>,
    only_first: bool,
) -> Result<Difference, String> {
    let policy = |name: &str, document: &Document| {
        Policy::new(document, kind).map_err(|problems| format!("`{name}`: {}", problems.join("; ")))
    };
    let sides = [policy("a", before)?, policy("b", after)?].map(|policy| Stack::of(vec![policy]));
    let nothing = Context::new();
    let search = Search {
        kind,
        sides: sides.each_ref(),
        vocabulary,
        only_first,
        asker: None,
        callers: None,
        fixed: &nothing,
    };
    let [added, removed] = search.run().map(Found::access);
    Ok(Difference { added, removed })
}
