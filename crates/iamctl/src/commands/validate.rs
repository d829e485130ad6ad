//! `validate` and `schema`: what needs no account.

use clap::Args;
use iamctl_model::Kind;

use crate::cli::{Format, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::manifest::Loader;
use crate::render::names::counted;
use crate::render::page::Ink;
use crate::terminal::Terminal;

/// Checks the manifest, without AWS
///
/// Everything that can be known offline is checked: names, references, documents, sizes. All mistakes
/// are told at once. Exit code 3 when there are any.
#[derive(Debug, Args)]
pub(crate) struct Validate {}

pub(crate) fn validate(global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let manifest = Loader::new(global, terminal)?.load(None)?;
    let desired = &manifest.desired;
    let count = |kind: Kind| desired.managed.keys().filter(|address| address.kind() == kind).count();
    if global.format == Format::Json {
        let counts = Kind::IN_ACCOUNT.map(|kind| (kind.section(), count(kind)));
        let counts: serde_json::Map<String, serde_json::Value> =
            counts.into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
        let json = serde_json::json!({"diagnostics": [], "manifest": desired.name, "counts": counts});
        terminal.print_json(&json);
        return Ok(Exit::Done);
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
    ] {
        if count(kind) > 0 {
            parts.push(counted(count(kind), one, many));
        }
    }
    let mut page = terminal.page();
    let text = format!("{}: {}", global.file.display(), parts.join(", "));
    page.words(0, 2, &[(Ink::Add, "valid: "), (Ink::Plain, &text)]);
    terminal.print(&page);
    Ok(Exit::Done)
}

/// Writes the JSON Schema of manifests, for editors
#[derive(Debug, Args)]
pub(crate) struct Schema {}

pub(crate) fn schema(terminal: Terminal) -> Exit {
    terminal.print_json(&iamctl_spec::schema());
    Exit::Done
}
