//! Two tables about AWS: its services with their actions, resource types and condition keys; and the
//! policies that it manages itself.
//!
//! The tables are embedded in the program, compressed. Nothing is unpacked before somebody asks, and a
//! service is read when it is first looked at. Each table knows what it was made from and when
//! ([`Provenance`]); whoever draws a conclusion from a table should name its date. The crate is pure.
//!
//! ```
//! let (service, action) = iamctl_data::services().action("S3:getobject").expect("S3 has it");
//! assert_eq!((service.prefix, action.name), ("s3", "GetObject"));
//! assert!(action.resource_types().any(|(name, _)| name == "object"));
//!
//! let policy = iamctl_data::managed_policies().by_name("ReadOnlyAccess").expect("AWS has it");
//! assert_eq!(policy.arn("aws"), "arn:aws:iam::aws:policy/ReadOnlyAccess");
//! ```
//!
//! `cargo xtask data` makes the tables anew; `README.md` says from what, and under which licences.

mod key;
mod policies;
mod provenance;
mod services;
mod table;
mod template;

pub use key::{ConditionKey, ValueType};
pub use policies::{ManagedPolicies, ManagedPolicy, managed_policies};
pub use provenance::Provenance;
pub use services::{AccessLevel, Action, ResourceType, Service, Services, services};
