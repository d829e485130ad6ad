//! Situations as files: `tests/cases/*.case`. Each is planned, compared with the plan that stands in
//! the file, replayed where nothing refuses it, and planned again.
//!
//! A file has sections that begin with `--- name`: `unmanaged` (calls that somebody else made before
//! anything), `before` (a manifest that was applied), `sibling NAME`
//! (another one that was applied to the same account after it), `unreadable siblings` (names and
//! reasons), `behind our back` (calls that somebody else made since),
//! `renamed` (users and groups that somebody gave another name, one a line), `manifest` (what is wanted now),
//! `quotas` (what `GetAccountSummary` says of them, which the account enforces), `credentials` (what users were given to sign in with, one user a line), `allow` (guards), `deny` (hazards), `caller` (the ARN of who runs it), and `plan`. `UPDATE_CASES=1 cargo test -p iamctl-diff` writes the plans anew; read the difference.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use iamctl_model::{Action, Caller, Desired, Guard, HazardKind, ManifestName, Plan, Sibling, UserName};
use iamctl_spec::{FilesInMemory, Options};

use crate::world::{World, account, calls};

const HEAD: &str = "version: 1\nname: test\naccount: \"123456789012\"\nmaster_copy: {bucket: some-bucket, region: eu-west-1}\n";

pub(crate) fn manifest(text: &str) -> Desired {
    let mut files = FilesInMemory::new().with("m.yaml", format!("{HEAD}{text}"));
    for (name, text) in metadata() {
        files = files.with(format!("{name}.xml"), text);
    }
    let options = Options { account: Some(account()), ..Options::default() };
    match iamctl_spec::parse(&files, "m.yaml", &options) {
        Ok(manifest) => manifest.desired,
        Err(rejected) => panic!("{:#?}", rejected.diagnostics),
    }
}

/// Metadata of one identity provider, and of another one with the certificate of the first.
fn metadata() -> [(&'static str, String); 5] {
    let of = iamctl_testing::saml_metadata;
    [
        ("one", of("idp", &["AAAA"])),
        ("both", of("idp", &["AAAA", "BBBB"])),
        ("two", of("idp", &["BBBB"])),
        ("moved", of("idp", &["AAAA"]).replace("/sso", "/login")),
        ("other", of("other", &["AAAA"])),
    ]
}

fn sections(text: &str) -> BTreeMap<String, String> {
    let mut sections: BTreeMap<String, String> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines() {
        match line.strip_prefix("--- ") {
            Some(name) => current = name.trim().to_owned(),
            None => {
                let section = sections.entry(current.clone()).or_default();
                section.push_str(line);
                section.push('\n');
            }
        }
    }
    sections
}

fn world(sections: &BTreeMap<String, String>) -> World {
    let mut world = World::empty();
    calls_of_others(&mut world, sections, "unmanaged");
    if let Some(before) = sections.get("before") {
        world.apply(&manifest(before));
    }
    for (section, text) in sections {
        if let Some(name) = section.strip_prefix("sibling ") {
            let mut sibling = World { account: world.account.clone(), ..World::empty() };
            sibling.apply(&manifest(text));
            world.account = sibling.account;
            let name = ManifestName::parse(name).unwrap();
            world.siblings.push(Sibling { name, ownership: Ok(sibling.ownership) });
        }
    }
    for line in sections.get("unreadable siblings").map(String::as_str).unwrap_or_default().lines() {
        let (name, reason) = line.split_once(": ").unwrap();
        let name = ManifestName::parse(name).unwrap();
        world.siblings.push(Sibling { name, ownership: Err(reason.to_owned()) });
    }
    calls_of_others(&mut world, sections, "behind our back");
    for line in sections.get("renamed").map(String::as_str).unwrap_or_default().lines() {
        let (from, to) = line.split_once(" -> ").unwrap();
        world.account.rename(&from.parse().unwrap(), &to.parse().unwrap());
    }
    if let Some(quotas) = sections.get("quotas") {
        world.account.tell_quotas(&serde_json::from_str(quotas).unwrap());
    }
    for line in sections.get("credentials").map(String::as_str).unwrap_or_default().lines() {
        let (user, has) = line.split_once(": ").unwrap();
        let has = serde_json::from_str(has).unwrap_or_else(|error| panic!("{line}: {error}"));
        world.account.give_credentials(&UserName::parse(user).unwrap(), has);
    }
    for name in sections.get("allow").map(String::as_str).unwrap_or_default().split_whitespace() {
        let guard: Guard = serde_json::from_value(name.into()).unwrap();
        world.allow.insert(guard);
    }
    world.caller = sections.get("caller").map(|arn| Caller {
        account: account(),
        arn: arn.trim().to_owned(),
        user_id: "AROAEXAMPLE:session".to_owned(),
    });
    for name in sections.get("deny").map(String::as_str).unwrap_or_default().split_whitespace() {
        let hazard: HazardKind = serde_json::from_value(name.into()).unwrap();
        world.deny.insert(hazard);
    }
    world
}

fn calls_of_others(world: &mut World, sections: &BTreeMap<String, String>, section: &str) {
    for line in sections.get(section).map(String::as_str).unwrap_or_default().lines() {
        if !line.trim().is_empty() {
            let mut line = line.to_owned();
            for (name, text) in metadata() {
                line = line.replace(&format!("\"${name}.xml\""), &serde_json::json!(text).to_string());
            }
            let action: Action =
                serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
            world.perform(&action);
        }
    }
}

/// The plan as text: what a reader of the case file has to judge.
fn describe(plan: &Plan) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        let fields: Vec<_> = change
            .fields
            .iter()
            .map(|(field, cause)| format!("{field} ({cause:?})").to_lowercase())
            .collect();
        let cause = format!("{:?}", change.cause).to_lowercase();
        let line = format!("{} {} [{cause}] {}", change.action.as_str(), change.address, fields.join(", "));
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    for call in calls(plan) {
        writeln!(text, "  {call}").unwrap();
    }
    for refusal in &plan.refusals {
        writeln!(text, "refused ({}): {}\n  help: {}", refusal.guard.as_str(), refusal.message, refusal.help)
            .unwrap();
    }
    for hazard in &plan.hazards {
        writeln!(text, "hazard ({}): {}", hazard.kind.as_str(), hazard.message).unwrap();
    }
    for note in &plan.notes {
        writeln!(text, "note: {}: {}", note.address, note.message).unwrap();
    }
    let unmanaged = plan.unmanaged.iter().filter(|(_, count)| **count > 0);
    for (kind, count) in unmanaged {
        writeln!(text, "unmanaged: {count} {kind}").unwrap();
    }
    if text.is_empty() { "nothing to do\n".to_owned() } else { text }
}

fn case_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_case_has_its_plan_and_leads_to_its_manifest() {
    let mut wrong = Vec::new();
    for file in case_files() {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let sections = sections(&text);
        let mut world = world(&sections);
        let desired = manifest(&sections["manifest"]);
        let planned = world.plan(&desired);
        let found = describe(&planned.plan);
        let expected = sections.get("plan").map(String::as_str).unwrap_or_default();
        if found.trim() != expected.trim() {
            if std::env::var_os("UPDATE_CASES").is_some() {
                let head = text.split("--- plan").next().unwrap().trim_end();
                std::fs::write(&file, format!("{head}\n--- plan\n{found}")).unwrap();
            } else {
                wrong.push(format!("{name}:\n{found}\nexpected:\n{expected}"));
            }
        }
        if planned.plan.refusals.is_empty() {
            world.replay(&desired, &planned, &mut |_| 0);
            let again = world.plan(&desired).plan;
            assert!(again.is_empty(), "{name}: left over:\n{}", describe(&again));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
