//! `validate` and `schema`: what needs no account.

use clap::Args;
use iamctl_lint::{Finding, FindingType};
use iamctl_model::Kind;
use iamctl_policy::{Diagnostics, Severity};
use iamctl_spec::{Manifest, Rejected};
use serde_json::{Value, json};

use super::policy::TypeName;
use crate::cli::{Format, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::manifest::Loader;
use crate::render::names::counted;
use crate::render::page::Ink;
use crate::render::{diagnostics, sarif};
use crate::terminal::Terminal;

/// Checks the manifest, without AWS
///
/// Everything that can be known offline is checked: names, references, documents, sizes. Policy documents are looked
/// through as `policy lint` does. All mistakes are told at once. Exit code 3 when there are any, or a finding of type
/// ERROR, or of one that `--deny` names.
#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// A type of finding in policy documents that makes the exit code 3, besides ERROR
    #[arg(long, value_enum, value_name = "TYPE", ignore_case = true)]
    deny: Vec<TypeName>,
}

pub(crate) fn validate(args: &Validate, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let loader = Loader::new(global, terminal)?;
    let (told, findings, sources, manifest) = match loader.load_with_findings() {
        Ok(manifest) => {
            let Manifest { warnings, findings, sources, .. } = manifest.clone();
            (warnings, findings, sources, Some(manifest))
        }
        Err(rejected) => {
            let Rejected { diagnostics, findings, sources } = *rejected;
            (diagnostics, findings, sources, None)
        }
    };
    let counts = |one: &Finding| {
        let of = one.check.finding_type;
        of == FindingType::Error || args.deny.iter().any(|denied| denied.is(of))
    };
    let is_valid = manifest.is_some() && !findings.iter().any(counts);
    let shown = shown(told, &findings, args, terminal);
    if global.format == Format::Sarif {
        terminal.print_json(&sarif::log(findings.iter(), &sources));
    } else if global.format != Format::Json && !shown.is_empty() {
        terminal.complain(&diagnostics::text(&shown, &sources, terminal.look()));
    }
    if manifest.is_none() {
        loader.tell_of_init();
    }
    let Some(manifest) = manifest.filter(|_| is_valid) else {
        if global.format == Format::Json {
            terminal.print_json(&json!({"diagnostics": diagnostics::json(&shown, &sources)}));
        }
        return Err(Failure::silent(Exit::Invalid));
    };
    if global.format != Format::Sarif {
        tell_of(&manifest, &diagnostics::json(&shown, &sources), hidden(&findings, &shown), global, terminal);
    }
    Ok(Exit::Done)
}

/// What is shown: mistakes and warnings, and of the findings those that matter. Suggestions are for those who ask.
fn shown(told: Diagnostics, findings: &[Finding], args: &Validate, terminal: Terminal) -> Diagnostics {
    let mut shown = told;
    let is_denied = |of: FindingType| args.deny.iter().any(|denied| denied.is(of));
    for finding in findings {
        let of = finding.check.finding_type;
        if of != FindingType::Suggestion || terminal.verbose || is_denied(of) {
            shown.push(finding.into());
        }
    }
    shown
}

/// How many suggestions are not shown.
fn hidden(findings: &[Finding], shown: &Diagnostics) -> usize {
    let suggestions = findings.iter().filter(|one| one.check.finding_type == FindingType::Suggestion).count();
    let told = shown.iter().filter(|one| one.severity == Severity::Suggestion).count();
    suggestions.saturating_sub(told)
}

fn tell_of(manifest: &Manifest, told: &Value, hidden: usize, global: &Global, terminal: Terminal) {
    let desired = &manifest.desired;
    let count = |kind: Kind| desired.managed.keys().filter(|address| address.kind() == kind).count();
    if global.format == Format::Json {
        let counts = Kind::IN_ACCOUNT.map(|kind| (kind.section(), count(kind)));
        let counts: serde_json::Map<String, Value> =
            counts.into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
        let json = json!({"diagnostics": told, "manifest": desired.name, "counts": counts});
        terminal.print_json(&json);
        return;
    }
    let mut parts = vec![
        counted(count(Kind::Policy), "policy", "policies"),
        counted(count(Kind::Group), "group", "groups"),
        counted(count(Kind::User), "user", "users"),
        counted(count(Kind::Role), "role", "roles"),
    ];
    for (kind, one, many) in [
        (Kind::InstanceProfile, "instance profile", "instance profiles"),
        (Kind::OidcProvider, "OIDC provider", "OIDC providers"),
        (Kind::AccountAlias, "account alias", "account aliases"),
        (Kind::PasswordPolicy, "password policy", "password policies"),
        (Kind::SamlProvider, "SAML provider", "SAML providers"),
        (Kind::ServiceLinkedRole, "service-linked role", "service-linked roles"),
    ] {
        if count(kind) > 0 {
            parts.push(counted(count(kind), one, many));
        }
    }
    let mut page = terminal.page();
    let text = format!("{}: {}", global.file.display(), parts.join(", "));
    page.words(0, 2, &[(Ink::Add, "valid: "), (Ink::Plain, &text)]);
    if hidden > 0 {
        let text =
            format!("{} in policy documents; -v shows them", counted(hidden, "suggestion", "suggestions"));
        page.words(2, 4, &[(Ink::Hint, &text)]);
    }
    terminal.print(&page);
}

/// Writes the JSON Schema of manifests, for editors
#[derive(Debug, Args)]
pub(crate) struct Schema {}

pub(crate) fn schema(terminal: Terminal) -> Exit {
    terminal.print_json(&iamctl_spec::schema());
    Exit::Done
}
