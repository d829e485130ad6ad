//! Values for variables that come from files beside the manifest, and from the command line.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use iamctl_policy::Diagnostic;
use iamctl_spec::{FileError, FilesInMemory, Manifest, Options, Rejected, VariableFile, parse};

const MANIFEST: &str = r#"
version: 1
name: test
account: "123456789012"
master_copy: {bucket: acme-iam-master-copy, region: eu-west-1}
variables: {env: ~, size: 1, open: ~, here: declared}
"#;

fn file(name: &str, text: &str) -> VariableFile {
    VariableFile { name: name.to_owned(), text: Ok(text.to_owned()) }
}

fn read(files: Vec<VariableFile>, given: &[(&str, &str)]) -> Result<Manifest, Box<Rejected>> {
    let variables = given.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let options = Options { variables, variable_files: files, ..Options::default() };
    parse(&FilesInMemory::new().with("m.yaml", MANIFEST), "m.yaml", &options)
}

fn values(manifest: &Manifest) -> String {
    let values: Vec<String> =
        manifest.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    values.join(" ")
}

#[test]
fn a_later_file_wins_and_the_command_line_over_all() {
    let first = || file("a.yaml", "env: prod  # of course\nsize: 0042\nopen: true\n");
    let second = || file("b.json", r#"{"size": 7, "open": "yes: indeed"}"#);
    let read = |files, given: &[_]| values(&read(files, given).unwrap());
    assert_eq!(read(vec![first()], &[]), "env=prod here=declared open=true size=0042");
    assert_eq!(read(vec![first(), second()], &[]), "env=prod here=declared open=yes: indeed size=7");
    assert_eq!(read(vec![second(), first()], &[]), "env=prod here=declared open=true size=0042");
    assert_eq!(
        read(vec![first(), second()], &[("size", "9"), ("here", "x")]),
        "env=prod here=x open=yes: indeed size=9"
    );
    assert_eq!(
        read(vec![file("a.yaml", "env: ${account_id}\nopen: 1")], &[]),
        "env=123456789012 here=declared open=1 size=1"
    );
}

#[test]
fn a_file_of_variables_is_no_part_of_the_manifest() {
    let manifest = read(vec![file("a.yaml", "env: prod\nopen: true")], &[]).unwrap();
    assert_eq!(manifest.files.len(), 1);
    assert_eq!(
        manifest.sources.iter().map(|(_, source)| source.name()).collect::<Vec<_>>(),
        ["m.yaml", "a.yaml"]
    );
}

/// Code, message, and the place with the text there.
fn finding(found: &Diagnostic, rejected: &Rejected) -> String {
    let place = match (rejected.sources.get(found.span.source), rejected.sources.position(found.span)) {
        (Some(source), Some(at)) => {
            format!("{}:{}:{} `{}`", source.name(), at.line, at.column, rejected.sources.slice(found.span))
        }
        _ => "nowhere".to_owned(),
    };
    format!("{} at {place}: {}", found.code, found.message)
}

#[test]
fn mistakes_are_told_at_their_places_all_at_once() {
    let files = vec![
        file("prod.yaml", "env: prod\nopne: true\nsize: [1]\nopen:\nhere: ${env}\nenv: twice\n"),
        file("list.yaml", "- env\n"),
        file("broken.json", "{\"env\": }"),
        VariableFile { name: "gone.yaml".to_owned(), text: Err(FileError::NotFound) },
        file("empty.yaml", "# nothing\n"),
    ];
    let rejected = read(files, &[("sise", "1")]).unwrap_err();
    let mut found: Vec<String> = rejected.diagnostics.iter().map(|found| finding(found, &rejected)).collect();
    found.sort();
    assert_eq!(
        found,
        [
            "duplicate-key at prod.yaml:6:1 `env`: `env` is defined twice in the same map",
            "empty-file at empty.yaml:1:1 ``: the file is empty",
            "file-unreadable at nowhere: `gone.yaml` cannot be read: there is no such file",
            "not-json at broken.json:1:9 `}`: not valid JSON: a value is expected here",
            "undeclared-variable at nowhere: there is no variable `sise` to give a value",
            "undeclared-variable at prod.yaml:2:1 `opne`: there is no variable `opne` to give a value",
            "variable-in-variable at prod.yaml:5:7 `${env}`: the value of a variable cannot use the variable `env`",
            "wrong-type at list.yaml:1:1 `- env`: a file of variables must be a map, not a list",
            "wrong-type at prod.yaml:3:7 `[1`: the variable `size` must be a text, a number or a boolean, not a list",
            "wrong-type at prod.yaml:4:5 ``: the variable `open` must be a text, a number or a boolean, not nothing",
        ]
    );
    let opne = rejected.diagnostics.iter().find(|found| found.message.contains("`opne`")).unwrap();
    assert_eq!(opne.help, ["did you mean `open`?", "declare it in the manifest: `variables: {opne: ~}`"]);
}
