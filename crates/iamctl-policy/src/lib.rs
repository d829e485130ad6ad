//! The AWS IAM policy language: documents with the places they were written at, the form in which
//! AWS would call two of them the same, and the difference between two of them, statement by
//! statement.
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

mod canonical;
mod compare;
mod diagnostic;
pub mod difference;
mod document;
pub mod eval;
mod grammar;
mod json;
mod node;
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
pub use source::{Position, Source, SourceId, Sources, Span};
pub use suggest::closest;
