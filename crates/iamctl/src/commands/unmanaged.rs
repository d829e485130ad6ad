//! `unmanaged`: what is in the account and not ours.

use std::collections::BTreeSet;

use clap::Args;
use iamctl_diff::{deleted_principals, unmanaged_addresses};
use iamctl_model::{Address, Kind, Live};
use serde_json::json;

use crate::cli::{Format, Global};
use crate::context::Session;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::manifest::Loader;
use crate::render::names::list;
use crate::render::page::Ink;
use crate::terminal::Terminal;

/// Lists what is in the account and not managed by this manifest
///
/// What belongs to AWS itself (service-linked roles, Identity Center's roles) is left out. Roles that
/// trust users or roles which were deleted are marked. Instance profiles, identity providers, the account's
/// alias and its password policy are listed where some are managed, or when they are asked for: reading them is
/// a call of its own.
#[derive(Debug, Args)]
pub(crate) struct Unmanaged {
    /// Only things of this kind
    #[arg(value_enum, value_name = "KIND")]
    kind: Option<KindName>,
}

/// The kinds that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KindName {
    Policies,
    Groups,
    Users,
    Roles,
    InstanceProfiles,
    OidcProviders,
    AccountAlias,
    PasswordPolicy,
    SamlProviders,
}

impl From<KindName> for Kind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Policies => Kind::Policy,
            KindName::Groups => Kind::Group,
            KindName::Users => Kind::User,
            KindName::Roles => Kind::Role,
            KindName::InstanceProfiles => Kind::InstanceProfile,
            KindName::OidcProviders => Kind::OidcProvider,
            KindName::AccountAlias => Kind::AccountAlias,
            KindName::PasswordPolicy => Kind::PasswordPolicy,
            KindName::SamlProviders => Kind::SamlProvider,
        }
    }
}

pub(crate) async fn unmanaged(
    args: &Unmanaged,
    global: &Global,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let loader = Loader::new(global, terminal)?;
    let session = Session::begin(global, &loader, terminal).await?;
    let wanted = args.kind.map(Kind::from);
    let observed = session.observe_also(wanted).await?;
    let ownership = session.plan(&observed, &Default::default()).ownership;
    let addresses: Vec<Address> = unmanaged_addresses(&session.manifest.desired, &observed.live, &ownership)
        .filter(|address| wanted.is_none_or(|kind| address.kind() == kind))
        .collect();
    let not_read: Vec<Kind> = match wanted {
        None => Kind::IN_ACCOUNT.into_iter().filter(|kind| !observed.live.has_read(*kind)).collect(),
        Some(_) => Vec::new(),
    };
    if global.format == Format::Json {
        let things = addresses.iter().map(|address| {
            let dead = dead_principals(&observed.live, address);
            json!({"address": address, "id": observed.live.id(address), "created": observed.live.created(address),
                   "deleted_principals": dead})
        });
        let not_read: Vec<&str> = not_read.iter().map(|kind| kind.section()).collect();
        let json =
            json!({"format_version": 1, "unmanaged": things.collect::<Vec<_>>(), "not_read": not_read});
        terminal.print_json(&json);
        return Ok(Exit::Done);
    }
    let mut page = terminal.page();
    for address in &addresses {
        let dead = dead_principals(&observed.live, address);
        let remark = match dead.is_empty() {
            true => String::new(),
            false => format!("  trusts {}, deleted", dead.iter().copied().collect::<Vec<_>>().join(", ")),
        };
        page.words(0, 4, &[(Ink::Plain, address.to_string()), (Ink::Caution, remark)]);
    }
    if addresses.is_empty() {
        let text = match not_read.is_empty() {
            true => "Everything is managed here, or belongs to AWS.",
            false => "Everything that was read is managed here, or belongs to AWS.",
        };
        page.line(0, &[(Ink::Plain, text)]);
    }
    terminal.print(&page);
    tell_not_read(&not_read, terminal);
    Ok(Exit::Done)
}

/// What may be there all the same: beside the list, which holds one thing a line.
fn tell_not_read(kinds: &[Kind], terminal: Terminal) {
    if kinds.is_empty() {
        return;
    }
    let names: Vec<String> = kinds.iter().map(|kind| kind.section().replace('_', "-")).collect();
    let text = format!(
        "not read, because none of them is managed: {}; `iamctl unmanaged KIND` lists those of one kind",
        list(&names)
    );
    let mut page = terminal.page();
    page.words(0, 6, &[(Ink::Hint, "note: "), (Ink::Plain, text.as_str())]);
    terminal.tell(&page);
}

/// The users and roles in a role's trust policy that were deleted: what is left of them can be taken out.
fn dead_principals<'l>(live: &'l Live, address: &Address) -> BTreeSet<&'l str> {
    match address {
        Address::Role(name) => {
            live.roles.get(name).map(|role| deleted_principals(&role.trust)).unwrap_or_default()
        }
        _ => BTreeSet::new(),
    }
}
