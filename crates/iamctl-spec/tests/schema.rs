//! The JSON Schema is the one that is committed, and agrees with the reader about manifests.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{read, repository, schema_errors};
use iamctl_spec::schema;

/// Set `UPDATE_SCHEMA=1` to write the file anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "the crate is pure, its tests look at files")]
fn the_committed_schema_is_the_one_that_is_made() {
    let path = repository().join("docs/schema/desired-state.schema.json");
    let made = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &made).unwrap();
    }
    assert!(
        read(&path) == made,
        "the schema has changed: UPDATE_SCHEMA=1 cargo test -p iamctl-spec --test schema"
    );
}

fn errors(definition: &str, text: &str) -> Vec<String> {
    schema_errors(&schema(), definition, text)
}

#[test]
fn the_founding_manifest_is_valid() {
    assert_eq!(errors("manifest", &read(&repository().join("desired-state.yaml"))), Vec::<String>::new());
}

#[test]
fn the_schema_knows_every_way_to_write_things() {
    for file in ["good/everything.yaml", "good/teams/included.yaml"] {
        let text = read(&common::folder(file));
        let definition = if text.contains("version:") { "manifest" } else { "included" };
        assert_eq!(errors(definition, &text), Vec::<String>::new(), "{file}");
    }
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let base = "version: 1\nname: x\nmaster_copy: {bucket: some-bucket, region: eu-west-1}\n";
    assert_eq!(errors("manifest", base), Vec::<String>::new());
    for wrong in [
        "user: {}\n",
        "users: {alice: {polices: []}}\n",
        "users: {\"a b\": {}}\n",
        "users: [alice]\n",
        "roles: {r: {policies: []}}\n",
        "roles: {r: {trust: [{users: x}], trust_document: {Statement: []}}}\n",
        "roles: {r: {trust: [{users: x, mfa: true}]}}\n",
        "roles: {r: {trust: [{users: x}], max_session_duration: 4 hours}}\n",
        "policies: {p: {document: {Statement: []}, file: x.json}}\n",
        "tests: [{principal: user/x, can: a:B, cannot: a:C}]\n",
        "ignore: [{tags: x}]\n",
        "account: abc\n",
    ] {
        assert!(!errors("manifest", &format!("{base}{wrong}")).is_empty(), "taken: {wrong}");
    }
}
