//! No text, however it was made, ends in anything but a manifest or findings, and soon.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::fmt::Write as _;

use iamctl_policy::{Diagnostics, SourceId};
use iamctl_spec::{FilesInMemory, MAX_FILE_BYTES, Options, Rejected, parse, schema};
use proptest::prelude::*;
use serde_json::{Value, json};

const NEEDED: &str = "version: 1\nname: x\nmaster_copy: {bucket: some-bucket, region: eu-west-1}\n";

fn refused(text: impl Into<String>) -> Rejected {
    let files = FilesInMemory::new().with("m.yaml", text);
    let rejected = parse(&files, "m.yaml", &Options::default()).unwrap_err();
    assert!(rejected.diagnostics.has_errors());
    *rejected
}

fn codes(found: &Diagnostics) -> Vec<&'static str> {
    found.iter().map(|one| one.code).collect()
}

#[test]
fn nesting_is_refused_at_its_limit() {
    for open in ["[", "{a: ", "- ", "? ", "&a [", "!!seq ["] {
        let rejected = refused(open.repeat(20_000));
        assert_eq!(rejected.diagnostics.len(), 1, "{open}");
    }
    let indented = (0..2_000).fold(String::new(), |text, depth| text + &" ".repeat(depth) + "a:\n");
    assert_eq!(codes(&refused(indented).diagnostics), ["too-much"]);
}

#[test]
fn aliases_are_refused_when_they_add_up_to_a_bomb() {
    for (width, value) in [(10, "[x, x]"), (2, "{k: v}"), (100, "text")] {
        let mut bomb = format!("a0: &a0 {value}\n");
        for n in 1..40 {
            let below = vec![format!("*a{}", n - 1); width].join(", ");
            writeln!(bomb, "a{n}: &a{n} [{below}]").unwrap();
        }
        let rejected = refused(bomb);
        assert!(codes(&rejected.diagnostics).contains(&"too-much"), "{value}: {:?}", rejected.diagnostics);
    }
    let mut merges = "a0: &a0 {k0: v}\n".to_owned();
    for n in 1..40 {
        writeln!(merges, "a{n}: &a{n} {{<<: [*a{0}, *a{0}], k{n}: [*a{0}, *a{0}]}}", n - 1).unwrap();
    }
    refused(merges);
    let long = format!("users:\n  a: &a {}\n{}", "x".repeat(100_000), "  b: *a\n".repeat(10_000));
    refused(long);
}

#[test]
fn variables_are_refused_when_they_add_up_to_a_bomb() {
    let uses = (0..3_000).fold(String::new(), |text, n| text + &format!("  u{n}: {{path: \"${{long}}\"}}\n"));
    let bomb = format!("{NEEDED}variables: {{long: {}}}\nusers:\n{uses}", "x".repeat(100_000));
    assert!(refused(bomb).diagnostics.len() > 1);
    let inside =
        (0..3_000).fold(String::new(), |text, n| text + &format!("  u{n}: {{path: \"/${{long}}/\"}}\n"));
    let bomb = format!("{NEEDED}variables: {{long: {}}}\nusers:\n{inside}", "x".repeat(100_000));
    assert!(codes(&refused(bomb).diagnostics).contains(&"too-much"));
}

#[test]
fn what_is_too_large_is_not_parsed() {
    let rejected = refused("x".repeat(50 * 1024 * 1024));
    let found = rejected.diagnostics.iter().next().unwrap();
    assert_eq!(
        found.message,
        "`m.yaml` cannot be read: it is larger than 8 MiB, which is the most that is read"
    );
    let flat = format!("[{}", "a,".repeat(MAX_FILE_BYTES / 2 - 8));
    refused(flat);
    let included = "x: ".to_owned() + &"y".repeat(MAX_FILE_BYTES - 10);
    let mut files = FilesInMemory::new().with("m.yaml", format!("{NEEDED}include: [\"i/*.yaml\"]\n"));
    for n in 0..9 {
        files = files.with(format!("i/{n}.yaml"), included.clone());
    }
    let rejected = parse(&files, "m.yaml", &Options::default()).unwrap_err();
    let last = rejected.diagnostics.iter().find(|found| found.code == "file-unreadable").unwrap();
    assert_eq!(last.message, "`i/3.yaml` cannot be read: all files together have more than 32 MiB");
}

#[test]
fn junk_is_refused() {
    let binary: String = (0..20_000_u32).filter_map(|n| char::from_u32(n * 7 % 0x3000)).collect();
    for junk in [
        "\0",
        "\u{feff}",
        "\u{feff}\u{feff}a: b",
        "%",
        "%YAML 9.9\n---\na: b",
        "---",
        "...",
        "--- ---",
        "? ? ?",
        ": : :",
        "&",
        "*",
        "!",
        "|",
        ">",
        "|9",
        "'",
        "\"",
        "\"\\x",
        "\"\\uD800\"",
        "\r",
        "a: |\n\t\r\n",
        "a:\u{2028}b",
        "\u{85}",
        "- - - -",
        "[[], {}, ,]",
        "{a, b: , : c}",
        "{{}: {}}",
        "[]: x",
        "a: 'b' c",
        "<<: <<",
        "<<: [<<]",
        "<<: {<<: *x}",
        "1.7976931348623157e999",
        "0x",
        "0o9",
        "-.inf",
        "2001-12-14t21:59:43.10-05:00",
        "!!binary x",
        "!!int x",
        "!<x> y",
        binary.as_str(),
    ] {
        refused(junk);
        for text in [format!("{NEEDED}users: {junk}"), format!("{NEEDED}users:\n  a: {{tags: {junk}")] {
            _ = parse(&FilesInMemory::new().with("m.yaml", text), "m.yaml", &Options::default());
        }
    }
}

/// Every place of the schema with every kind of value that may be wrong there: nothing panics, and
/// what the schema takes and the reader does not is told.
#[test]
fn wrong_types_at_every_level_are_told() {
    let schema = schema();
    let mut paths = Vec::new();
    places(&schema, &schema, &mut Vec::new(), &mut paths);
    assert!(paths.len() > 150, "{}", paths.len());
    let wrong = [
        json!(null),
        json!(true),
        json!(5),
        json!("text"),
        json!([]),
        json!({}),
        json!([[]]),
        json!({"x": {"y": []}}),
    ];
    let validator = jsonschema::validator_for(&schema).unwrap();
    for path in &paths {
        for value in &wrong {
            let mut manifest = json!({"version": 1, "name": "x", "master_copy": {"bucket": "some-bucket", "region": "eu-west-1"}});
            put(&mut manifest, path, value);
            let files = FilesInMemory::new().with("m.yaml", manifest.to_string());
            let result = parse(&files, "m.yaml", &Options::default());
            if !validator.is_valid(&manifest) {
                assert!(result.is_err(), "taken, though the schema does not: {manifest}");
            }
        }
    }
}

/// The paths of all keys and items that a schema knows; "*" stands for any key, "0" for an item.
fn places(root: &Value, schema: &Value, here: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if here.len() > 7 {
        return;
    }
    if !here.is_empty() && !found.contains(here) {
        found.push(here.clone());
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap();
        return places(root, target, here, found);
    }
    for branch in ["allOf", "anyOf"] {
        for part in schema[branch].as_array().into_iter().flatten() {
            places(root, part, here, found);
        }
    }
    let inner =
        schema["properties"].as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value));
    let any = schema["additionalProperties"].as_object().map(|_| ("*", &schema["additionalProperties"]));
    let items = schema["items"].as_object().map(|_| ("0", &schema["items"]));
    for (key, value) in inner.chain(any).chain(items) {
        here.push(key.to_owned());
        places(root, value, here, found);
        here.pop();
    }
}

fn put(at: &mut Value, path: &[String], value: &Value) {
    let Some((first, rest)) = path.split_first() else {
        *at = value.clone();
        return;
    };
    if first == "0" {
        *at = json!([null]);
        return put(&mut at[0], rest, value);
    }
    if !at.is_object() {
        *at = json!({});
    }
    let key = if first == "*" { "some" } else { first };
    put(&mut at[key], rest, value);
}

/// A piece of text that is not there, is there twice, or is another one.
fn mutated(text: &str, edits: &[(usize, usize, String)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (at, length, with)| {
        let chars: Vec<char> = text.chars().collect();
        let start = at % (chars.len() + 1);
        let end = (start + length % 12).min(chars.len());
        chars[..start].iter().chain(with.chars().collect::<Vec<_>>().iter()).chain(&chars[end..]).collect()
    })
}

fn edit() -> impl Strategy<Value = (usize, usize, String)> {
    let token = prop_oneof![
        Just(String::new()),
        "[\\[\\]{}:,\\-#&*!|>'\"%@`? \\n\\t]{1,3}",
        "[a-z0-9]{1,6}",
        Just("${".to_owned()),
        Just("*a".to_owned()),
        Just("&a ".to_owned()),
        Just("<<: ".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    (any::<usize>(), any::<usize>(), token)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn mutations_of_manifests_never_panic(edits in prop::collection::vec(edit(), 1..8)) {
        let folder = common::folder("good");
        let text = mutated(&common::read(&folder.join("everything.yaml")), &edits);
        let files = common::in_memory(&folder).with("everything.yaml", text.clone());
        let (diagnostics, sources) = match parse(&files, "everything.yaml", &Options::default()) {
            Ok(manifest) => (manifest.warnings, manifest.sources),
            Err(rejected) => (rejected.diagnostics, rejected.sources),
        };
        for found in diagnostics.iter() {
            for span in std::iter::once(found.span).chain(found.related.iter().map(|label| label.span)) {
                prop_assert!(span.source == SourceId::NONE || sources.get(span.source).is_some());
                let source_length = sources.get(span.source).map_or(usize::MAX, |source| source.text().len());
                prop_assert!(span.end as usize <= source_length && span.start <= span.end, "{found:?}");
                prop_assert!(span.start == span.end || !sources.slice(span).is_empty(), "{found:?} in {text}");
            }
        }
    }

    #[test]
    fn any_text_is_answered(text in ".{0,200}") {
        let files = FilesInMemory::new().with("m.yaml", text);
        prop_assert!(parse(&files, "m.yaml", &Options::default()).is_err());
    }
}
