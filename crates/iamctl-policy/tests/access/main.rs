//! Whether a change of documents adds or removes access: cases, all requests of small universes, random pairs of
//! documents, and hostile ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a test that cannot go on fails"
)]

mod attack;
mod cases;
mod documents;
mod exhaustive;
mod hostile;
mod random;
mod stacks;
