//! What the fuzzer found worth keeping, held against what must hold for every text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "../../../fuzz/checks/manifest.rs"]
mod check;
mod common;

#[test]
#[expect(clippy::disallowed_methods, reason = "the crate is pure, its tests look at files")]
fn what_the_fuzzer_kept_is_answered_as_every_text_must_be() {
    let corpus = common::files_under(&common::repository().join("fuzz/corpus/manifest"));
    assert!(corpus.len() > 100, "{}", corpus.len());
    let valid = corpus.iter().filter(|path| check::check(&std::fs::read(path).unwrap()).is_ok());
    // Some of it must get past the reader, or it would say little.
    assert!(valid.count() > 5);
}
