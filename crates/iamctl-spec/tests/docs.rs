//! The documentation agrees with the code: tables are made from it, what is shown is valid, links lead
//! somewhere.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use common::{files_under, read, repository};
use iamctl_policy::Severity;
use iamctl_spec::{FilesInMemory, Options, RULES, parse, schema};
use serde_json::{Map, Value};

fn manual() -> PathBuf {
    repository().join("docs/manifest.md")
}

/// The blocks of the schema, in the order of the page, with their headings.
const BLOCKS: &[(&str, &str)] = &[
    ("manifest", "The manifest itself"),
    ("included", "An included file"),
    ("master_copy", "`master_copy`"),
    ("organization", "`organization`"),
    ("defaults", "`defaults`"),
    ("defaults_policy", "`defaults.policies`, `defaults.instance_profiles`"),
    ("defaults_provider", "`defaults.oidc_providers`, `defaults.saml_providers`"),
    ("defaults_identity", "`defaults.users`, `defaults.roles`"),
    ("defaults_group", "`defaults.groups`"),
    ("policy", "A policy"),
    ("user", "A user"),
    ("group", "A group"),
    ("role", "A role"),
    ("instance_profile", "An instance profile"),
    ("oidc_provider", "An OIDC provider"),
    ("account_alias", "`account_alias`"),
    ("password_policy", "`password_policy`"),
    ("saml_provider", "A SAML provider"),
    ("service_linked_role", "A service-linked role"),
    ("inline_policy", "An inline policy"),
    ("trust_item", "An item of `trust`"),
    ("mfa", "`mfa` of a trust"),
    ("file_only", "`trust_document` in a file"),
    ("ignore", "A rule of `ignore`"),
    ("accept", "An item of `accept_findings`"),
    ("test", "A test"),
    ("context", "`with` of a test"),
    ("mfa_age", "`mfa` of a test"),
];

/// Parts of the schema that are AWS's, and not tables here.
const OF_AWS: &[(&str, &str)] = &[
    ("policy_document", "policy document"),
    ("inline_policy_document", "policy document"),
    ("trust_policy_document", "trust policy"),
    ("conditions", "`Condition` element"),
];

fn keys() -> String {
    let schema = schema();
    let definitions = schema["definitions"].as_object().unwrap();
    let known = |name: &String| BLOCKS.iter().chain(OF_AWS).any(|(block, _)| block == name);
    let unknown: Vec<_> = definitions.keys().filter(|name| !known(name)).collect();
    assert!(unknown.is_empty(), "give these a heading: {unknown:?}");
    let mut page = String::new();
    for (name, heading) in BLOCKS {
        let block = if *name == "manifest" { &schema } else { &schema["definitions"][name] };
        write!(page, "\n### {heading}\n\n{}", table(block.as_object().unwrap())).unwrap();
    }
    page.push('\n');
    page
}

/// A block in words, and the table of its keys.
fn table(block: &Map<String, Value>) -> String {
    let mut page = format!("{}\n", block["description"].as_str().unwrap());
    if let Some(one_of) = block.get("oneOf") {
        let names = one_of
            .as_array()
            .unwrap()
            .iter()
            .map(|one| format!("`{}`", one["required"][0].as_str().unwrap()));
        writeln!(page, "Exactly one of {} is there.", names.collect::<Vec<_>>().join(" and ")).unwrap();
    }
    page.push_str("\n| key | value | what |\n| --- | --- | --- |\n");
    let required = block.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    for (key, shape) in block["properties"].as_object().unwrap() {
        let needed = if required.contains(&Value::from(key.as_str())) { ", needed" } else { "" };
        let what = shape["description"].as_str().unwrap();
        writeln!(page, "| `{key}` | {}{needed} | {what} |", in_words(shape)).unwrap();
    }
    if let Some(others) = block.get("patternProperties").and_then(Value::as_object) {
        let (_, shape) = others.iter().next().unwrap();
        writeln!(page, "| any condition key | {} | What it holds in the request. |", in_words(shape))
            .unwrap();
    }
    page
}

/// What a value looks like.
fn in_words(shape: &Value) -> String {
    if let Some(reference) = shape["$ref"].as_str() {
        return named(reference);
    }
    if let Some(all) = shape["allOf"].as_array() {
        return in_words(&all[0]);
    }
    if let Some(any) = shape["anyOf"].as_array() {
        return one_of(any);
    }
    if let Some(words) = shape["enum"].as_array() {
        let words: Vec<_> = words.iter().map(|word| format!("`{}`", word.as_str().unwrap())).collect();
        return words.join(", ");
    }
    if let Some(only) = shape.get("const") {
        return format!("`{only}`");
    }
    match &shape["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", plural(&shape["items"])),
        Value::String(kind) if kind == "object" => {
            format!("map from names to {}", plural(&shape["additionalProperties"]))
        }
        Value::String(kind) if kind == "string" => "text".to_owned(),
        Value::String(kind) if kind == "boolean" => "`true` or `false`".to_owned(),
        Value::String(kind) if kind == "null" => "`~`".to_owned(),
        Value::Array(kinds) if kinds.iter().any(|kind| kind == "boolean") => "value".to_owned(),
        Value::Array(kinds) if kinds.iter().any(|kind| kind == "integer") => "digits".to_owned(),
        other => panic!("there are no words for {other}"),
    }
}

/// A duration, a boolean that may be a variable, one or many, this or nothing.
fn one_of(shapes: &[Value]) -> String {
    let kinds: Vec<&str> = shapes.iter().filter_map(|shape| shape["type"].as_str()).collect();
    match (kinds.as_slice(), shapes) {
        (["integer", "string"], [number, _]) if number.get("maximum").is_some() => "number".to_owned(),
        (["integer", "string"], _) => "duration".to_owned(),
        (["boolean", "string"], _) => "`true` or `false`".to_owned(),
        ([.., "array"], [one, _]) => format!("{}, or a list", in_words(one)),
        // Nothing at all stands for the block without keys.
        ([.., "null"], [one, _]) if one.get("$ref").is_some() => in_words(one),
        ([.., "null"], [one, _]) if one["type"] == "object" => in_words(one),
        _ => shapes.iter().map(in_words).collect::<Vec<_>>().join(" or "),
    }
}

fn named(reference: &str) -> String {
    let name = reference.trim_start_matches("#/definitions/");
    match BLOCKS.iter().find(|(block, _)| *block == name) {
        Some((_, heading)) => format!("[{}]({})", lower_first(heading), anchor(heading)),
        None => OF_AWS.iter().find(|(part, _)| *part == name).unwrap().1.to_owned(),
    }
}

fn plural(shape: &Value) -> String {
    match in_words(shape).as_str() {
        "text" => "texts".to_owned(),
        "value" => "values".to_owned(),
        "value or `~`" => "values, or `~` for none".to_owned(),
        words => words.to_owned(),
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect()
}

fn rules() -> String {
    let mut page = String::new();
    let mut group = "";
    for rule in RULES {
        if rule.group != group {
            group = rule.group;
            write!(page, "\n### {group}\n\n| rule | says |\n| --- | --- |\n").unwrap();
        }
        writeln!(page, "| `{}` | {} |", rule.code, rule.says).unwrap();
    }
    page.push('\n');
    page
}

/// Set `UPDATE_DOCS=1` to write them anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "the crate is pure, its tests look at files")]
fn the_tables_of_the_manual_are_those_that_are_made() {
    let page = read(&manual());
    let made = with_part(&with_part(&page, "keys", &keys()), "rules", &rules());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(manual(), &made).unwrap();
    }
    assert!(read(&manual()) == made, "out of date: UPDATE_DOCS=1 cargo test -p iamctl-spec --test docs");
}

/// The page with another text between two marks.
fn with_part(page: &str, name: &str, part: &str) -> String {
    let (before, rest) = page.split_once(&format!("<!-- {name}:")).unwrap();
    let (mark, rest) = rest.split_once("-->\n").unwrap();
    let end = format!("<!-- end of {name} -->");
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}<!-- {name}:{mark}-->\n{part}{end}{after}")
}

/// What the manual shows is a manifest, or a part of one: nothing is wrong with it but that it names
/// things which stand elsewhere.
#[test]
fn what_the_manual_shows_is_valid() {
    let head = "version: 1\nname: shown\naccount: \"123456789012\"\n";
    let master_copy = "master_copy: {bucket: acme-iam-master-copy, region: eu-west-1}\n";
    let document = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}"#;
    let options = Options { variables: [("region".to_owned(), "x".to_owned())].into(), ..Options::default() };
    let shown = blocks(&read(&manual()), "yaml");
    assert!(shown.len() > 8, "{}", shown.len());
    for text in shown {
        let has = |key: &str| text.lines().any(|line| line.starts_with(key));
        let mut whole = text.clone();
        if has("name:") == has("version:") && !has("name:") {
            whole.push_str(head);
        } else if !has("name:") {
            whole.push_str(head.trim_start_matches("version: 1\n"));
        }
        if !has("master_copy:") {
            whole.push_str(master_copy);
        }
        let options = if text.contains("region: ~") { options.clone() } else { Options::default() };
        let metadata = read(&common::folder("good").join("documents/okta.xml"));
        let for_resources = document.replace("\"Action\"", "\"Principal\": \"*\", \"Action\"");
        let files = FilesInMemory::new()
            .with("m.yaml", &whole)
            .with("policies/deploy.json", document)
            .with("organization/no-leaving.json", document)
            .with("organization/regions.yaml", document)
            .with("saml/okta.xml", metadata)
            .with("organization/only-our-own.json", for_resources);
        let Err(rejected) = parse(&files, "m.yaml", &options) else { continue };
        let wrong = rejected.diagnostics.iter().filter(|found| found.severity == Severity::Error);
        let wrong: Vec<_> =
            wrong.filter(|found| found.code != "undefined").map(|found| &found.message).collect();
        assert!(wrong.is_empty(), "{wrong:?} in\n{whole}");
    }
}

/// Documents and workflows can be pasted: nothing else would be noticed when it is wrong.
#[test]
fn all_json_and_yaml_that_is_shown_can_be_parsed() {
    let mut seen = 0;
    for page in pages() {
        let text = read(&page);
        for json in blocks(&text, "json") {
            let parsed: Result<Value, _> = serde_json::from_str(&json);
            assert!(parsed.is_ok(), "{}: {parsed:?} in\n{json}", page.display());
            seen += 1;
        }
        for yaml in blocks(&text, "yaml") {
            let parsed: Result<Value, _> = serde_saphyr::from_str(&yaml);
            assert!(parsed.is_ok(), "{}: {parsed:?} in\n{yaml}", page.display());
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen}");
}

/// The code blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if inside && line.trim_end() == "```" {
            inside = false;
        } else if inside {
            let block = found.last_mut().unwrap();
            block.push_str(line);
            block.push('\n');
        } else if line.trim_end() == format!("```{language}") {
            inside = true;
            found.push(String::new());
        }
    }
    found
}

/// All pages for people.
fn pages() -> Vec<PathBuf> {
    let top = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| repository().join(name));
    let below = ["docs", "examples"].map(|name| files_under(&repository().join(name))).concat();
    let below = below.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    top.into_iter().chain(below).collect()
}

#[test]
fn every_link_within_the_repository_leads_somewhere() {
    let mut broken = Vec::new();
    let mut seen = 0;
    for page in pages() {
        for link in links(&read(&page)) {
            seen += 1;
            if !leads_somewhere(&page, &link) {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(seen > 50, "{seen}");
}

/// The targets of links, without those to other sites.
fn links(page: &str) -> Vec<String> {
    let mut prose = String::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if !inside {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).map(str::to_owned).collect()
}

fn leads_somewhere(page: &Path, link: &str) -> bool {
    let (path, part) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() { page.to_owned() } else { page.parent().unwrap().join(path) };
    if !target.exists() {
        return false;
    }
    part.is_empty() || headings(&read(&target)).contains(&format!("#{part}"))
}

/// The anchors of a page's headings.
fn headings(page: &str) -> Vec<String> {
    page.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect()
}

/// The anchor that a heading gets: lower case, without punctuation, with `-` for spaces.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    let text: String = kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect();
    format!("#{text}")
}
