//! Test support: what AWS does, in memory, with its rules enforced and its failures at will.

mod account;
mod behaviour;
mod bucket;
mod trust;

pub use account::{MemoryAccount, saml_metadata};
pub use behaviour::{Call, Scene, scenes};
pub use bucket::{BucketCall, BucketFault, BucketOperation, MemoryBucket};
