//! What is found in the policy documents of a manifest, and what it accepts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{files_under, read, repository};
use iamctl_lint::FindingType;
use iamctl_spec::{FilesInMemory, Manifest, Options, parse};

const HEAD: &str = r#"
version: 1
name: test
account: "123456789012"
master_copy: {bucket: acme-iam-master-copy, region: eu-west-1}
"#;

const PASSES: &str = r#"
policies:
  passes:
    document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "iam:PassRole", Resource: "*"}]}
  wrong: {file: wrong.json}
users:
  alice:
    inline_policies:
      own:
        document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:Gett*", Resource: "*"}]}
roles:
  open:
    trust: [{users: [alice], mfa: required}, {accounts: ["123456789012"]}]
"#;

const WRONG: &str = r#"{"Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "*"}]}"#;

fn manifest(text: &str, findings: bool) -> Manifest {
    let files =
        FilesInMemory::new().with("desired-state.yaml", format!("{HEAD}{text}")).with("wrong.json", WRONG);
    let read = parse(&files, "desired-state.yaml", &Options { findings, ..Options::default() });
    read.unwrap_or_else(|rejected| panic!("{:?}", rejected.diagnostics))
}

/// Code and text of each finding.
fn found(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let text = |one: &iamctl_lint::Finding| manifest.sources.slice(one.span).to_owned();
    let mut all: Vec<_> = manifest.findings.iter().map(|one| (one.check.code, text(one))).collect();
    all.sort();
    all
}

#[test]
fn findings_have_their_places_in_the_manifest_and_in_its_files() {
    assert_eq!(
        found(&manifest(PASSES, true)),
        [
            ("INVALID_ACTION", "\"s3:GetObjekt\"".to_owned()),
            ("INVALID_ACTION", "\"s3:Gett*\"".to_owned()),
            ("MFA_BYPASSED_BY_OTHER_STATEMENT", "\"123456789012\"".to_owned()),
            ("PASS_ROLE_WITH_STAR_IN_RESOURCE", "\"iam:PassRole\"".to_owned()),
        ]
    );
    assert!(manifest(PASSES, false).findings.is_empty(), "nobody asked");
}

#[test]
fn what_is_accepted_with_a_reason_is_not_told_and_what_is_not_found_is() {
    let accept = r#"
accept_findings:
  - {code: PASS_ROLE_WITH_STAR_IN_RESOURCE, on: policy/pass*, reason: the deployer passes any role}
  - {code: [INVALID_ACTION, MISSING_VERSION], on: [user/alice], reason: the action is new}
"#;
    let manifest = manifest(&format!("{PASSES}{accept}"), true);
    let codes: Vec<_> = found(&manifest).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["INVALID_ACTION", "MFA_BYPASSED_BY_OTHER_STATEMENT"]);
    let warnings: Vec<_> = manifest.warnings.iter().map(|one| (one.code, one.message.as_str())).collect();
    assert_eq!(warnings, [("accepts-nothing", "`MISSING_VERSION` is not found here")]);
}

#[test]
fn a_mistake_is_told_once() {
    let text = r#"
policies:
  p:
    document: {Statement: [{Effect: Alow, Action: "s3:Gett", Resource: bucket, Principal: "*"}]}
"#;
    let files = FilesInMemory::new().with("desired-state.yaml", format!("{HEAD}{text}"));
    let options = Options { findings: true, ..Options::default() };
    let rejected = parse(&files, "desired-state.yaml", &options).unwrap_err();
    let told: Vec<_> = rejected.diagnostics.iter().map(|one| one.code).collect();
    assert_eq!(told, ["missing-version", "effect", "resource", "surplus-element"]);
    let more: Vec<_> = rejected.findings.iter().map(|one| one.check.code).collect();
    assert_eq!(more, ["INVALID_ACTION"]);
}

/// The founding case and the examples are good ones.
#[test]
fn no_example_has_an_error_or_a_security_warning() {
    let manifests = files_under(&repository().join("examples"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .chain([repository().join("desired-state.yaml")]);
    let mut read_some = 0;
    for path in manifests {
        let folder = path.parent().unwrap();
        let mut files = FilesInMemory::new();
        for file in files_under(folder).iter().filter(|file| file.extension().is_some()) {
            let name = file.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
            if name.ends_with(".yaml") || name.ends_with(".json") {
                files = files.with(&name, read(file));
            }
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let Ok(manifest) = parse(&files, name, &Options { findings: true, ..Options::default() }) else {
            // An included file, or one that needs variables.
            continue;
        };
        read_some += 1;
        for one in &manifest.findings {
            let bad = [FindingType::Error, FindingType::SecurityWarning];
            assert!(
                !bad.contains(&one.check.finding_type),
                "{}: {} {}",
                path.display(),
                one.check.code,
                one.message
            );
        }
    }
    assert!(read_some > 3, "{read_some} manifests");
}
