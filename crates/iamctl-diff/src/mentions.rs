//! Who else names something: what is deleted or called otherwise leaves names behind that name nothing.

use std::collections::BTreeMap;

use iamctl_model::{Address, Change, ChangeAction, Live, Note, Resource};
use iamctl_policy::Document;

use crate::world::{When, World};

/// The ARN by which documents name something.
pub(crate) fn arn_of(live: &Live, address: &Address) -> Option<String> {
    let account = &live.account;
    let arn = match address {
        Address::Policy(name) => live.policies.get(name)?.arn.as_str().to_owned(),
        Address::Role(name) => account.role_arn(&live.roles.get(name)?.path, name).as_str().to_owned(),
        Address::User(name) => account.user_arn(&live.users.get(name)?.value.path, name).as_str().to_owned(),
        _ => return None,
    };
    Some(arn)
}

/// Who names what, and in which of its documents.
pub(crate) type Mentions = BTreeMap<Address, Vec<(Address, &'static str)>>;

/// The documents that name one of these ARNs after all is done: those of things that are not managed here, and those
/// of the manifest that write the ARN out. Given are the ARNs with what each names; nothing is told of what names
/// itself.
pub(crate) fn mentions(world: &World<'_>, live: &Live, named: &BTreeMap<String, Address>) -> Mentions {
    let mut found = Mentions::new();
    if named.is_empty() {
        return found;
    }
    let mut look = |who: &Address, document: &Document, what| {
        // Between two quotes stands a whole name: not that of another one which begins so.
        for arn in document.to_compact_string().split('"') {
            let Some(address) = named.get(arn).filter(|address| *address != who) else { continue };
            let all = found.entry(address.clone()).or_default();
            if !all.contains(&(who.clone(), what)) {
                all.push((who.clone(), what));
            }
        }
    };
    for (who, _) in live.addresses() {
        let Some(resource) = world.resource(&who, When::After) else { continue };
        match &resource {
            Resource::Policy(policy) => look(&who, &policy.document, "the text"),
            Resource::Role(role) => look(&who, &role.trust, "the trust policy"),
            _ => {}
        }
        for document in resource.inline_policies().into_iter().flat_map(BTreeMap::values) {
            look(&who, document, "an inline policy");
        }
    }
    found
}

/// One note for each thing that goes and is still named.
pub(crate) fn notes(world: &World<'_>, live: &Live, changes: &[Change]) -> Vec<Note> {
    let gone = changes.iter().filter(|change| change.action == ChangeAction::Delete);
    let named = gone.filter_map(|change| Some((arn_of(live, &change.address)?, change.address.clone())));
    let note = |(address, found): (Address, Vec<(Address, &str)>)| {
        let named: Vec<String> = found.into_iter().map(|(who, what)| format!("{what} of {who}")).collect();
        let verb = if named.len() == 1 { "names" } else { "name" };
        let message = format!("{} still {verb} it, and then nothing", joined(&named)?);
        Some(Note { address, message })
    };
    mentions(world, live, &named.collect()).into_iter().filter_map(note).collect()
}

/// Words in a row; `None` for no words.
fn joined(words: &[String]) -> Option<String> {
    match words {
        [] => None,
        [one] => Some(one.clone()),
        [first @ .., last] => Some(format!("{} and {last}", first.join(", "))),
    }
}
