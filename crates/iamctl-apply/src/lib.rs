//! Carries out a plan through narrow ports, keeps the record of the run, and writes the master copy.
//! It names no AWS SDK: `iamctl-aws` implements the ports for AWS, the test support crate in memory.

mod port;

pub use port::{
    ActionError, BucketState, Condition, ETag, ErrorClass, IamAccount, MasterBucket, Object, Receipt,
    StoreError,
};
