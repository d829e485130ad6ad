#![no_main]

#[path = "../checks/policy_document.rs"]
mod check;

use iamctl_model::Resource;
use iamctl_policy::Grammar;
use iamctl_spec::{FilesInMemory, Options, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    check::check(data);
    check_yaml(data, "policies: {p: {file: d.yaml}}", Grammar::Managed);
    check_yaml(data, "roles: {r: {trust_document: {file: d.yaml}}}", Grammar::Trust);
});

/// The same text as YAML, in the place that a manifest gives it.
fn check_yaml(data: &[u8], place: &str, grammar: Grammar) {
    let manifest =
        format!("version: 1\nname: x\nmaster_copy: {{bucket: some-bucket, region: eu-west-1}}\n{place}\n");
    let files = FilesInMemory::new().with("m.yaml", manifest).with("d.yaml", String::from_utf8_lossy(data));
    let Ok(manifest) = parse(&files, "m.yaml", &Options::default()) else { return };
    for managed in manifest.desired.managed.values() {
        match &managed.value {
            Resource::Policy(policy) => check::same_again(&policy.document, Some(grammar)),
            Resource::Role(role) => check::same_again(&role.trust, Some(grammar)),
            Resource::User(_) | Resource::Group(_) => {}
        }
    }
}
