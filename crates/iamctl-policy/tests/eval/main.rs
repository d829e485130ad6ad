//! The evaluation of policies: cases from AWS's documentation, and random requests that a second,
//! simple evaluator answers as well.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on fails"
)]

mod cases;
mod generate;
mod judged;
mod lines;
mod managed;
mod random;
mod reference;
mod reference_conditions;
