//! What was imported, and what was not.

use std::path::Path;

use iamctl_import::{Imported, Updated};
use iamctl_model::Kind;
use serde_json::{Value, json};

use super::page::{Ink, Page};

/// How many things that were left out are named one by one.
pub(crate) const MOST_NAMED: usize = 20;

/// The closing summary for people.
pub(crate) fn report(page: &mut Page, imported: &Imported, manifest: &Path) {
    let files = imported.files.len().saturating_sub(1);
    let with = match files {
        0 => String::new(),
        1 => " and a file beside it".to_owned(),
        many => format!(" and {many} files beside it"),
    };
    page.words(0, 2, &[(Ink::Plain, format!("Wrote {}{with}: {}.", manifest.display(), counts(imported)))]);
    let mut note = |text: String| page.words(2, 6, &[(Ink::Hint, "note: "), (Ink::Plain, text.as_str())]);
    if imported.of_aws > 0 {
        note(format!("{} of AWS's own left to AWS", things(imported.of_aws, "role")));
    }
    if imported.not_chosen > 0 {
        note(format!("{} not chosen", things(imported.not_chosen, "thing")));
    }
    for ((kind, field), count) in &imported.not_read {
        note(format!(
            "the {} of {} are not in the file: left to others until `ignore:` goes from the block",
            plural(field),
            things(*count, kind_name(*kind))
        ));
    }
    for (address, ids) in &imported.ghosts {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        note(format!("the trust policy of {address} names {}, which was deleted", ids.join(" and ")));
    }
    for left in imported.left_out.iter().take(MOST_NAMED) {
        let text = format!("{} is left out: {}", left.address, left.reason);
        page.words(2, 9, &[(Ink::Caution, "warning: "), (Ink::Plain, text.as_str())]);
    }
    let more = imported.left_out.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        let text = format!("{more} more are left out; `--format json` names them all");
        page.words(2, 9, &[(Ink::Caution, "warning: "), (Ink::Plain, text.as_str())]);
    }
    let option = match manifest.to_str() {
        Some("desired-state.yaml") => String::new(),
        _ => format!(" -f {}", manifest.display()),
    };
    let next =
        format!("iamctl plan{option}, which adopts all of it and changes nothing; then iamctl apply{option}");
    page.words(2, 6, &[(Ink::Hint, "next: "), (Ink::Plain, next.as_str())]);
}

/// The same for programs.
pub(crate) fn report_json(imported: &Imported, manifest: &Path) -> Value {
    let not_read = imported
        .not_read
        .iter()
        .map(|((kind, field), count)| json!({"kind": kind_name(*kind), "field": field, "count": count}));
    json!({
        "format_version": 1,
        "manifest": manifest.display().to_string(),
        "files": imported.files.iter().skip(1).map(|(path, _)| path).collect::<Vec<_>>(),
        "imported": imported.addresses,
        "left_out": imported.left_out.iter()
            .map(|left| json!({"address": left.address, "reason": left.reason})).collect::<Vec<_>>(),
        "of_aws": imported.of_aws,
        "not_chosen": imported.not_chosen,
        "ghosts": imported.ghosts.iter()
            .map(|(address, ids)| json!({"address": address, "ids": ids})).collect::<Vec<_>>(),
        "not_read": not_read.collect::<Vec<_>>(),
    })
}

/// What was taken over into a manifest, for people.
pub(crate) fn update_report(page: &mut Page, updated: &Updated) {
    for done in &updated.done {
        let what: Vec<&str> = done.fields.iter().map(|field| field.as_str()).collect();
        let what = if what.is_empty() { "its block, as it was deleted".to_owned() } else { what.join(", ") };
        page.words(
            2,
            4,
            &[
                (Ink::Change, "~ "),
                (Ink::Bold, &done.address.to_string()),
                (Ink::Plain, &format!("  {what}")),
            ],
        );
    }
    for left in &updated.left_out {
        let is_in_part = updated.done.iter().any(|done| done.address == left.address);
        let is = if is_in_part { "is not taken over whole" } else { "is as it was" };
        let text = format!("{} {is}: {}", left.address, left.reason);
        page.words(2, 9, &[(Ink::Caution, "warning: "), (Ink::Plain, text.as_str())]);
    }
    let files: Vec<&str> = updated.files.keys().map(String::as_str).collect();
    let text = match (files.as_slice(), updated.left_out.is_empty()) {
        ([], true) => "Nothing drifted: the manifest is as it was.".to_owned(),
        ([], false) => "The manifest is as it was.".to_owned(),
        (files, _) => format!("Edited {}: look at the difference before you commit it.", files.join(", ")),
    };
    page.words(0, 2, &[(Ink::Plain, text)]);
}

/// The same for programs.
pub(crate) fn update_report_json(updated: &Updated) -> Value {
    json!({
        "format_version": 1,
        "files": updated.files.keys().collect::<Vec<_>>(),
        "taken_over": updated.done.iter()
            .map(|done| json!({"address": done.address, "fields": done.fields})).collect::<Vec<_>>(),
        "left_out": updated.left_out.iter()
            .map(|left| json!({"address": left.address, "reason": left.reason})).collect::<Vec<_>>(),
    })
}

fn counts(imported: &Imported) -> String {
    let count = |kind: Kind| imported.addresses.iter().filter(|address| address.kind() == kind).count();
    let kinds = [
        Kind::Policy,
        Kind::User,
        Kind::Group,
        Kind::Role,
        Kind::InstanceProfile,
        Kind::OidcProvider,
        Kind::SamlProvider,
        Kind::AccountAlias,
        Kind::PasswordPolicy,
    ];
    let parts: Vec<String> = kinds
        .into_iter()
        .filter(|kind| count(*kind) > 0)
        .map(|kind| things(count(kind), kind_name(kind)))
        .collect();
    if parts.is_empty() { "nothing was there to import".to_owned() } else { parts.join(", ") }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Policy => "policy",
        Kind::Group => "group",
        Kind::User => "user",
        Kind::Role => "role",
        Kind::InstanceProfile => "instance profile",
        Kind::OidcProvider => "OIDC provider",
        Kind::AccountAlias => "account alias",
        Kind::PasswordPolicy => "password policy",
        Kind::SamlProvider => "SAML provider",
        Kind::ServiceLinkedRole => "service-linked role",
        Kind::MasterCopy => "master copy",
    }
}

/// What is not in a file is so for several things, mostly.
fn plural(field: &str) -> &str {
    match field {
        "description" => "descriptions",
        "max_session_duration" => "session durations",
        other => other,
    }
}

fn things(count: usize, of: &str) -> String {
    match (count, of.strip_suffix('y')) {
        (1, _) => format!("1 {of}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {of}s"),
    }
}
