//! Test support: what AWS does, in memory, with its rules enforced and its failures at will.

mod bucket;

pub use bucket::{BucketCall, BucketFault, BucketOperation, MemoryBucket};
