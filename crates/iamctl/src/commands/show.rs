//! `show`: one thing whole, from all three sides.

use clap::Args;
use iamctl_model::{Address, Kind, Resource};
use iamctl_policy::closest;
use serde_json::json;

use crate::cli::{Format, Global};
use crate::context::Session;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::manifest::Loader;
use crate::render::page::Ink;
use crate::render::plan_text::{self, Setting};
use crate::terminal::Terminal;

/// Shows one thing as the manifest, the account and the master copy know it
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// `user/NAME`, `group/NAME`, `role/NAME`, `policy/NAME` or `instance_profile/NAME`
    #[arg(value_name = "ADDRESS", value_parser = address)]
    address: Address,
}

fn address(text: &str) -> Result<Address, String> {
    let address: Address = text.parse().map_err(|error: iamctl_model::AddressError| error.to_string())?;
    match address.kind() {
        Kind::MasterCopy => {
            Err("write `user/NAME`, `group/NAME`, `role/NAME`, `policy/NAME` or `instance_profile/NAME`"
                .to_owned())
        }
        _ => Ok(address),
    }
}

pub(crate) async fn show(args: &Show, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let loader = Loader::new(global, terminal)?;
    let session = Session::begin(global, &loader, terminal).await?;
    let observed = session.observe().await?;
    let planned = session.plan(&observed, &Default::default());
    let address = &args.address;
    let wanted = session.manifest.desired.managed.get(address).map(|managed| &managed.value);
    let live = observed.live.resource(address, wanted);
    let owned = observed.memory.ownership.get(address);
    if wanted.is_none() && live.is_none() && owned.is_none() {
        let in_account = observed.live.addresses().map(|(address, _)| address);
        let in_manifest = session.manifest.desired.managed.keys().cloned();
        let known: Vec<Address> = in_manifest.chain(in_account).collect();
        let failure = Failure::new(
            Exit::Failed,
            format!("there is no {address}, neither in the manifest nor in the account"),
        );
        return Err(match meant(address, &known) {
            Some(close) => failure.help(format!("did you mean `{close}`?")),
            None => failure,
        });
    }
    let change = planned.plan.changes.iter().find(|change| change.address == *address);
    let id = observed.live.id(address);
    // What AWS calls it.
    let role = match address {
        Address::ServiceLinkedRole(name) => observed.live.service_linked_role(name).map(|(role, _)| role),
        _ => None,
    };
    let is_ours = id.is_some_and(|id| planned.ownership.owns(address, id));
    if global.format == Format::Json {
        let json = json!({
            "format_version": 1, "address": address, "id": id, "created": observed.live.created(address),
            "managed": is_ours, "protected": owned.is_some_and(|owned| owned.protect),
            "manifest": wanted, "live": live, "last_applied": owned.map(|owned| &owned.last_applied),
            "change": change, "role_name": role,
        });
        terminal.print_json(&json);
        return Ok(Exit::Done);
    }
    let mut page = terminal.page();
    page.line(0, &[(Ink::Bold, address.to_string())]);
    let mut fact = |name: &str, value: String| {
        page.words(2, 14, &[(Ink::Dim, format!("{name:<12}  ")), (Ink::Plain, value)]);
    };
    if let (Some(id), Some(created)) = (id, observed.live.created(address)) {
        fact("unique id", id.to_string());
        fact("made", format!("{created:.0}"));
    }
    if let Some(role) = role {
        fact("role name", role.to_string());
    }
    fact(
        "managed",
        match (is_ours, wanted.is_some(), owned.is_some_and(|owned| owned.protect)) {
            (true, _, true) => "yes, and protected".to_owned(),
            (true, _, false) => "yes".to_owned(),
            (false, true, _) => "not yet".to_owned(),
            (false, false, _) => "no".to_owned(),
        },
    );
    page.gap();
    if let Some(change) = change {
        let setting = Setting {
            master_copy: &session.manifest.desired.master_copy,
            verbose: terminal.verbose,
            only_drift: false,
            access: None,
        };
        page.line(0, &[(Ink::Bold, "What would change")]);
        plan_text::one_change(&mut page, &planned.plan, setting, change);
        page.gap();
    }
    let sides: [(&str, Option<&Resource>); 3] = [
        ("In the manifest", wanted),
        ("In the account", live.as_ref()),
        ("Last applied", owned.map(|owned| &owned.last_applied)),
    ];
    for (title, side) in merged(&sides) {
        page.line(0, &[(Ink::Bold, title)]);
        let mut whole = page.another();
        plan_text::one_thing(&mut whole, &planned.plan, &session.manifest.desired.master_copy, side);
        if whole.is_empty() {
            whole.line(2, &[(Ink::Dim, "it is there, and nothing more is said of it")]);
        }
        page.append(whole);
        page.gap();
    }
    terminal.print(&page);
    Ok(Exit::Done)
}

/// What was probably meant: a like name of the same kind, or the same name of another. What all addresses of a kind
/// have in common is no likeness.
fn meant<'k>(typed: &Address, known: &'k [Address]) -> Option<&'k Address> {
    let name = |address: &Address| match address.to_string().split_once('/') {
        Some((_, name)) => name.to_owned(),
        None => address.to_string(),
    };
    let same_kind: Vec<(String, &Address)> = known
        .iter()
        .filter(|address| address.kind() == typed.kind())
        .map(|address| (name(address), address))
        .collect();
    let typed = name(typed);
    match closest(&typed, same_kind.iter().map(|(name, _)| name.as_str())) {
        Some(close) => same_kind.iter().find(|(name, _)| name == close).map(|(_, address)| *address),
        None => known.iter().find(|address| name(address) == typed),
    }
}

/// Sides that agree are shown once.
fn merged<'r>(sides: &[(&str, Option<&'r Resource>); 3]) -> Vec<(String, &'r Resource)> {
    let mut shown: Vec<(String, &Resource)> = Vec::new();
    for (title, side) in sides.iter().filter_map(|(title, side)| Some((*title, (*side)?))) {
        match shown.iter_mut().find(|(_, other)| *other == side) {
            Some((titles, _)) => {
                titles.push_str(", ");
                titles.push_str(&title.to_lowercase());
            }
            None => shown.push((title.to_owned(), side)),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_and_not_the_word_before_them() {
        let known: Vec<Address> =
            ["user/bob", "user/alice", "role/engineer"].map(|text| text.parse().unwrap()).to_vec();
        let cases = [
            ("user/zed", None),
            ("user/alicia", Some("user/alice")),
            ("user/engineer", Some("role/engineer")),
            ("role/enginer", Some("role/engineer")),
            ("group/bob", Some("user/bob")),
        ];
        for (typed, expected) in cases {
            let found = meant(&typed.parse().unwrap(), &known).map(Address::to_string);
            assert_eq!(found.as_deref(), expected, "{typed}");
        }
    }
}
