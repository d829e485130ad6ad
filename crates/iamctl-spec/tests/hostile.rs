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

/// All of these took minutes, or gigabytes, until something bounded them.
#[test]
fn what_is_repeated_over_and_over_is_refused_soon() {
    let refused_within = |files: FilesInMemory, code: &str| {
        let rejected = parse(&files, "m.yaml", &Options::default()).unwrap_err();
        assert!(codes(&rejected.diagnostics).contains(&code), "{code}: {:?}", rejected.diagnostics);
    };
    let manifest = |rest: &str| FilesInMemory::new().with("m.yaml", format!("{NEEDED}{rest}"));
    let policies = |count: usize| {
        (0..count).fold("policies:\n".to_owned(), |text, n| text + &format!("  p{n}: {{file: d.json}}\n"))
    };
    let document = |action: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Resource":"*","Action":{action}}}]}}"#
        )
    };
    // One document, large or with many mistakes, for many policies.
    let large = format!("\"s3:{}\"", "a".repeat(1_000_000));
    refused_within(manifest(&policies(2_000)).with("d.json", document(&large)), "policy-size");
    let many = format!("[{}1]", "1,".repeat(500_000));
    refused_within(manifest(&policies(2_000)).with("d.json", document(&many)), "too-much");
    // Many values in many files.
    let users = (0..150_000).fold("users:\n".to_owned(), |text, n| text + &format!("  u{n}: {{}}\n"));
    let included = (0..8).fold(manifest("include: [\"i/*.yaml\"]\n"), |files, n| {
        files.with(format!("i/{n}.yaml"), users.clone())
    });
    refused_within(included, "too-much");
    // Variables that are not closed, or not there.
    refused_within(
        manifest(&format!("users: {{a: {{path: \"{}\"}}}}\n", "${".repeat(500_000))),
        "unclosed-variable",
    );
    let unknown = (0..100_000).fold(String::new(), |text, n| text + &format!("${{v{n}}}"));
    refused_within(manifest(&format!("users: {{a: {{path: \"{unknown}\"}}}}\n")), "unknown-variable");
}

#[test]
fn patterns_and_includes_are_bounded_together() {
    let manifest = |rest: &str| FilesInMemory::new().with("m.yaml", format!("{NEEDED}{rest}"));
    let patterns = vec!["\"f*.yaml\""; 5_000].join(", ");
    let files = (0..100).fold(manifest(&format!("include: [{patterns}]\n")), |files, n| {
        files.with(format!("f{n}.yaml"), "include: [\"f*.yaml\"]\n")
    });
    let rejected = parse(&files, "m.yaml", &Options::default()).unwrap_err();
    let mut told = rejected.diagnostics.iter().map(|found| found.message.as_str());
    let wanted = "`f*.yaml` cannot be included: for all patterns together, more than 100000 names would have to be looked at";
    assert!(told.any(|message| message == wanted), "{:?}", rejected.diagnostics);

    let chain = |length: usize| {
        let files = (0..length).fold(manifest("include: [f0.yaml]\n"), |files, n| {
            files.with(format!("f{n}.yaml"), format!("include: [f{}.yaml]\n", n + 1))
        });
        parse(&files.with(format!("f{length}.yaml"), "users: {}\n"), "m.yaml", &Options::default())
    };
    assert!(chain(99).is_ok());
    assert_eq!(codes(&chain(100).unwrap_err().diagnostics), ["too-much"]);
    assert_eq!(codes(&chain(4_000).unwrap_err().diagnostics), ["too-much"]);
}

#[test]
fn what_is_long_is_told_short() {
    let long = "x".repeat(1_000_000);
    for text in [
        format!("users: {{a: {{groups: [{long}]}}}}\n"),
        format!("users:\n  ? {long}\n  : {{foo: 1}}\n"),
        format!("roles: {{r: {{? {long}\n: 1, trust: []}}}}\n"),
        format!("policies: {{p: {{file: {long}}}}}\n"),
        format!("include: [\"{long}*\"]\n"),
        format!("variables: {{{long}: 1}}\n"),
        format!("users: *{long}\n"),
        format!("users: !{long} x\n"),
    ] {
        let text = format!("{NEEDED}{text}");
        let rejected = refused(text.as_str());
        for found in rejected.diagnostics.iter() {
            let related = found.related.iter().map(|label| &label.text);
            let said = [&found.message, &found.label].into_iter().chain(related).chain(&found.help);
            assert!(said.map(String::len).all(|length| length < 1_100), "{}", found.code);
        }
    }
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
