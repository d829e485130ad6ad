//! The oracle: a plan is replayed on an account that enforces IAM's rules, and then there is nothing
//! left to plan. As properties over generated states.

#![expect(clippy::disallowed_methods, reason = "the crate is pure, its tests read cases from files")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's leave for tests does not reach the helper functions of an integration test"
)]

mod access;
mod cases;
mod failing;
mod journeys;
mod matrix;
mod others;
mod properties;
mod quotas;
mod states;
mod world;
