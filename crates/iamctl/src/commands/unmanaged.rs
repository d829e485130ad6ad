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
    if global.format == Format::Json {
        let things = addresses.iter().map(|address| {
            let dead = dead_principals(&observed.live, address);
            json!({"address": address, "id": observed.live.id(address), "created": observed.live.created(address),
                   "deleted_principals": dead})
        });
        let json = json!({"format_version": 1, "unmanaged": things.collect::<Vec<_>>()});
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
        page.line(0, &[(Ink::Plain, "Everything is managed here, or belongs to AWS.")]);
    }
    terminal.print(&page);
    Ok(Exit::Done)
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
