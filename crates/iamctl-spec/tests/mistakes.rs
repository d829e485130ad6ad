//! Every mistake is told at its place, with a way to fix it.
//!
//! One case is `mistakes/NAME.yaml`, or a folder `mistakes/NAME/` with a `desired-state.yaml` and what
//! it includes; what is expected stands beside it in `NAME.expected`. Keys that every manifest needs
//! are added where a case does not have them. `UPDATE_EXPECTED=1` writes what is found: look at it
//! before you commit it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use iamctl_policy::{Diagnostic, Diagnostics, Severity, Sources, Span};
use iamctl_spec::{FilesInMemory, Options, RULES, parse};

const NEEDED: &str = r#"
version: 1
name: test
account: "123456789012"
master_copy: {bucket: acme-iam-master-copy, region: eu-west-1}
"#;

fn findings(files: &FilesInMemory) -> (Diagnostics, Sources) {
    match parse(files, "desired-state.yaml", &Options::default()) {
        Ok(manifest) => (manifest.warnings, manifest.sources),
        Err(rejected) => (rejected.diagnostics, rejected.sources),
    }
}

fn shown(found: &Diagnostic, sources: &Sources) -> String {
    let severity = match found.severity {
        Severity::Error => "error",
        Severity::SecurityWarning => "security warning",
        Severity::Warning => "warning",
        Severity::Suggestion => "suggestion",
    };
    let place = |span: Span| match (sources.get(span.source), sources.position(span)) {
        (Some(source), Some(at)) => {
            let underlined = sources.slice(span).lines().next().unwrap_or("");
            let cut: String = underlined.chars().take(60).collect();
            format!("{}:{}:{} |{cut}|", source.name(), at.line, at.column)
        }
        _ => "nowhere".to_owned(),
    };
    let mut out = format!("{severity}[{}]: {}\n  at {}", found.code, found.message, place(found.span));
    if !found.label.is_empty() {
        write!(out, " {}", found.label).unwrap();
    }
    out.push('\n');
    for label in &found.related {
        writeln!(out, "  and {} {}", place(label.span), label.text).unwrap();
    }
    for help in &found.help {
        writeln!(out, "  help: {help}").unwrap();
    }
    out
}

/// Name, files and the path of the expectation of every case.
fn cases() -> BTreeMap<String, FilesInMemory> {
    let folder = common::folder("mistakes");
    let mut cases: BTreeMap<String, FilesInMemory> = BTreeMap::new();
    for path in common::files_under(&folder) {
        let relative = path.strip_prefix(&folder).unwrap();
        if relative.extension().is_some_and(|extension| extension == "expected") {
            continue;
        }
        let mut parts = relative.components();
        let first = parts.next().unwrap().as_os_str().to_str().unwrap();
        let rest = parts.as_path();
        let (case, name) = if rest == Path::new("") {
            (first.trim_end_matches(".yaml"), "desired-state.yaml")
        } else {
            (first, rest.to_str().unwrap())
        };
        let mut text = common::read(&path);
        if name == "desired-state.yaml"
            && !text.lines().any(|line| line.starts_with("version:"))
            && !text.contains("# as it is")
        {
            text.push_str(NEEDED);
        }
        let files = cases.remove(case).unwrap_or_default();
        cases.insert(case.to_owned(), files.with(name, text));
    }
    cases
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the crate is pure, its tests look at files")]
fn every_case_is_told_as_expected() {
    let mut wrong = Vec::new();
    for (case, files) in cases() {
        let (found, sources) = findings(&files);
        let told: Vec<_> = found.iter().map(|one| shown(one, &sources)).collect();
        let told = told.join("\n");
        let path = common::folder("mistakes").join(format!("{case}.expected"));
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::write(&path, &told).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if told != expected {
            wrong.push(format!("== {case}: expected\n{expected}\n== {case}: found\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_case_and_every_finding_a_rule() {
    let mut seen = BTreeSet::new();
    for files in cases().values() {
        seen.extend(findings(files).0.iter().map(|found| found.code));
    }
    seen.extend(findings_in_code());
    let rules: BTreeSet<_> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(rules.len(), RULES.len(), "a rule is listed twice");
    assert_eq!(rules.difference(&seen).collect::<Vec<_>>(), Vec::<&&str>::new(), "rules without a case");
    assert_eq!(seen.difference(&rules).collect::<Vec<_>>(), Vec::<&&str>::new(), "findings without a rule");
}

/// Cases that no file can hold: options, and texts that are too long for a repository.
fn findings_in_code() -> Vec<&'static str> {
    let codes = |files: &FilesInMemory, options: &Options| {
        parse(files, "desired-state.yaml", options)
            .unwrap_err()
            .diagnostics
            .iter()
            .map(|found| found.code)
            .collect()
    };
    let options = Options {
        variables: [("env".to_owned(), "prod".to_owned())].into_iter().collect(),
        ..Options::default()
    };
    let undeclared: Vec<_> = codes(&FilesInMemory::new().with("desired-state.yaml", NEEDED), &options);
    let deep = FilesInMemory::new().with("desired-state.yaml", "[".repeat(20_000));
    let many = (0..=500).fold(format!("{NEEDED}groups:\n"), |text, n| text + &format!("  g{n}:\n"));
    let many = FilesInMemory::new().with("desired-state.yaml", many);
    // What is accepted and not found is known only when documents are looked through.
    let accepted = "accept_findings: [{code: INVALID_ACTION, reason: it is new}]\nusers: []\n";
    let accepted = FilesInMemory::new().with("desired-state.yaml", format!("{NEEDED}{accepted}"));
    let looked_through = codes(&accepted, &Options { findings: true, ..Options::default() });
    let plain = Options::default();
    [undeclared, codes(&deep, &plain), codes(&many, &plain), looked_through].concat()
}

#[test]
fn every_error_says_what_to_do() {
    // What is wrong says enough in these.
    let plain = [
        "file-path",
        "file-unreadable",
        "include-path",
        "not-json",
        "not-yaml",
        "missing-key",
        "wrong-type",
        "empty-file",
        "address",
        "empty-statement",
        "empty-list",
        "missing-action",
        "missing-element",
        "principal",
        "condition-operator",
    ];
    for (case, files) in cases() {
        let (found, _) = findings(&files);
        for one in found.iter() {
            assert!(!one.help.is_empty() || plain.contains(&one.code), "{case}: {}", one.message);
            assert!(
                !one.message.ends_with('.') && !one.message.starts_with(char::is_uppercase),
                "{case}: {}",
                one.message
            );
        }
    }
}
