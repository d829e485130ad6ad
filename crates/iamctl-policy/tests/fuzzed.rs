//! What the fuzzer found worth keeping, held against what must hold for every text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "../../../fuzz/checks/policy_document.rs"]
mod check;

#[test]
#[expect(clippy::disallowed_methods, reason = "the crate is pure, its tests look at files")]
fn what_the_fuzzer_kept_is_answered_as_every_text_must_be() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/policy_document");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        check::check(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 100, "{count}");
}
