//! Texts that fuzzing found to lead to new places in the reader: each ends in a manifest or in findings.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails in a helper fails the test"
)]
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    dead_code,
    unreachable_pub,
    reason = "shared with the fuzzer"
)]

#[path = "../../../fuzz/checks/manifest.rs"]
mod manifest;

#[test]
fn what_fuzzing_kept_ends_in_a_manifest_or_in_findings() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/manifest");
    #[expect(clippy::disallowed_methods, reason = "a test may read its cases")]
    let files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() > 20);
    for file in files {
        #[expect(clippy::disallowed_methods, reason = "a test may read its cases")]
        let text = std::fs::read(&file).unwrap();
        let _ = manifest::check(&text);
    }
}
