//! What the fuzzer found worth keeping, held against what must hold for every text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "../../../fuzz/checks/snapshot.rs"]
mod check;

#[test]
#[expect(clippy::disallowed_methods, reason = "the crate is pure, its tests look at files")]
fn what_the_fuzzer_kept_is_answered_as_every_text_must_be() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/snapshot");
    let (mut count, mut accounts) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        accounts += usize::from(check::check(&std::fs::read(entry.unwrap().path()).unwrap()).is_some());
        count += 1;
    }
    // Some of it must get past the reader, or it would say little.
    assert!(count > 50 && accounts > 5, "{count} {accounts}");
}
