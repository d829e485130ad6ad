//! The AWS IAM policy language: documents with the places they were written at, the form in which
//! AWS would call two of them the same, and the difference between two of them, statement by
//! statement. [`eval`] decides who may do what under them, and [`difference`] which requests a change
//! allows that were not allowed before.
//!
//! The crate is pure: text goes in, values and [`Diagnostic`]s come out. It knows nothing of
//! manifests, accounts or the AWS SDK.
//!
//! ```
//! use iamctl_policy::Document;
//!
//! let ours = Document::from_stored(
//!     r#"{"Version": "2012-10-17",
//!         "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}]}"#,
//! );
//! let theirs = Document::from_stored(
//!     r#"{"Statement": {"Resource": ["*"], "Action": ["s3:ListBucket", "s3:GetObject"], "Effect": "Allow"},
//!         "Version": "2012-10-17"}"#,
//! );
//! assert_eq!(ours, theirs);
//! ```
//!
//! Asked as questions in JSON, one to a line, as `iamctl policy eval` answers them:
//!
//! ```
//! use iamctl_policy::eval::Answerer;
//!
//! let mut answerer = Answerer::new();
//! let answer = answerer.answer(
//!     br#"{"id": 1, "request": {"principal": "arn:aws:iam::111122223333:user/alice", "action": "s3:GetObject",
//!         "resource": "arn:aws:s3:::home/alice/notes.txt"}, "policies": {"identity": [{"Version": "2012-10-17",
//!         "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::home/*"}}]}}"#,
//! );
//! assert!(answer.text.starts_with(r#"{"id":1,"decision":"Allowed","#));
//! ```

mod canonical;
mod compare;
mod diagnostic;
pub mod difference;
mod document;
pub mod eval;
mod grammar;
mod json;
mod node;
mod not_read;
mod parse;
mod source;
mod stored;
mod suggest;
pub mod vocabulary;
mod written;

pub use canonical::{CanonicalStatement, Element};
pub use compare::{DocumentDiff, ElementDiff, StatementDiff, compare};
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use document::{Clause, Condition, Document, Effect, Principals, Spanned, Statement};
pub use grammar::{Grammar, is_storable_char};
pub use json::{MAX_DEPTH, MAX_NODES, parse_json, parse_json_within, unique};
pub use node::{Entry, Fields, Node, Value};
pub use not_read::why_not_read;
pub use source::{Position, Source, SourceId, Sources, Span};
pub use suggest::closest;
