//! Who may do what: the evaluation of policies.
//!
//! A [`Policy`] is a document made ready for many questions. [`Policies`] are all that apply to a
//! request, layer by layer. [`decide`] answers a [`Request`] of which everything is stated, as AWS would,
//! and says which statement decided; [`near_misses`] says what the others lacked. [`judge`] answers where
//! the resource, the session or condition keys are left open; [`relevant`] and [`sure_misses`] say which
//! statements its answer rests on.
//!
//! ```
//! use iamctl_policy::Document;
//! use iamctl_policy::eval::{
//!     Action, Context, Outcome, Policies, Policy, PolicyKind, Principal, Request, Resource, decide,
//! };
//!
//! let document = Document::from_stored(
//!     r#"{"Version": "2012-10-17", "Statement": {
//!         "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::home/${aws:username}/*",
//!         "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}}"#,
//! );
//! let policies = Policies {
//!     identity: vec![Policy::new(&document, PolicyKind::Principal).expect("AWS would take it")],
//!     ..Policies::default()
//! };
//! let mut request = Request {
//!     principal: Principal::parse("arn:aws:iam::111122223333:user/alice")?,
//!     action: Action::parse("s3:GetObject")?,
//!     resource: Resource::Named("arn:aws:s3:::home/alice/notes.txt".into()),
//!     resource_account: None,
//!     context: Context::new().with("aws:username", "alice").with("aws:MultiFactorAuthPresent", "true"),
//! };
//! assert_eq!(decide(&policies, &request).outcome, Outcome::Allowed);
//! request.context = Context::new().with("aws:username", "alice");
//! assert_eq!(decide(&policies, &request).outcome, Outcome::ImplicitlyDenied);
//! # Ok::<(), String>(())
//! ```
//!
//! The rules and what is not modelled are told in `docs/evaluation.md`; the source of each rule stands
//! where it is carried out.

mod answer;
pub(crate) mod arn;
mod classes;
pub(crate) mod condition;
pub(crate) mod context;
mod decide;
mod explain;
mod judge;
mod lines;
pub(crate) mod operator;
pub(crate) mod pattern;
pub(crate) mod policy;
pub(crate) mod principal;
mod relevant;
mod request;
pub(crate) mod truth;
pub(crate) mod value;

pub use context::{Context, Values};
pub use decide::{Because, Decision, Lack, Layer, Outcome, Place, Policies, decide};
pub use explain::{Failed, NearMiss, near_misses};
pub use judge::{Unstated, Verdict, judge};
pub use lines::{Answer, Answerer};
pub use policy::{Policy, PolicyKind};
pub use principal::{Principal, PrincipalKind};
pub use relevant::{ByResource, Open, Relevant, relevant, sure_misses};
pub use request::{Action, Request, Resource};
