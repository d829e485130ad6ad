//! The JSON Schema is the one that is committed, and agrees with the reader about manifests.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::path::{Path, PathBuf};

use common::{files_under, read};
use iamctl_spec::schema;
use serde_json::Value;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

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
    let mut schema = schema();
    schema["allOf"][0]["$ref"] = Value::String(format!("#/definitions/{definition}"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let options = serde_saphyr::options! { strict_booleans: true };
    let instance: Value = serde_saphyr::from_str_with_options(text, options).unwrap();
    validator.iter_errors(&instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_founding_manifest_is_valid() {
    assert_eq!(errors("manifest", &read(&repository().join("desired-state.yaml"))), Vec::<String>::new());
}

/// Every YAML file under `examples/` that is a manifest or is included by one.
#[test]
fn all_examples_are_valid() {
    for path in files_under(&repository().join("examples")) {
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        let text = if is_yaml { read(&path) } else { continue };
        let is_document = text.lines().any(|line| line.starts_with("Statement:"));
        let is_manifest = text.lines().any(|line| line.starts_with("version:"));
        let definition = if is_manifest { "manifest" } else { "included" };
        if !is_document {
            assert_eq!(errors(definition, &text), Vec::<String>::new(), "{}", path.display());
        }
    }
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
