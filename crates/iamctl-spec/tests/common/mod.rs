//! Manifests in folders, for tests.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::path::{Path, PathBuf};

use iamctl_spec::FilesInMemory;
use serde_json::Value;

/// The top of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder of this crate's tests.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

#[expect(clippy::disallowed_methods, reason = "the crate is pure, its tests look at files")]
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files under a folder, in the order of their paths.
#[expect(clippy::disallowed_methods, reason = "the crate is pure, its tests look at files")]
pub(crate) fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// A folder as the manifest's folder.
pub(crate) fn in_memory(folder: &Path) -> FilesInMemory {
    files_under(folder).iter().fold(FilesInMemory::new(), |files, path| {
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
        files.with(name, read(path))
    })
}

/// What the JSON Schema of manifests finds wrong with a YAML text: a manifest, or one of its definitions.
pub(crate) fn schema_errors(schema: &Value, definition: &str, text: &str) -> Vec<String> {
    let schema = match definition {
        "manifest" => schema.clone(),
        part => serde_json::json!({
            "$schema": schema["$schema"],
            "allOf": [{"$ref": format!("#/definitions/{part}")}],
            "definitions": schema["definitions"],
        }),
    };
    let validator = jsonschema::validator_for(&schema).unwrap();
    let options = serde_saphyr::options! { strict_booleans: true };
    let instance: Value = serde_saphyr::from_str_with_options(text, options).unwrap();
    validator.iter_errors(&instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}
