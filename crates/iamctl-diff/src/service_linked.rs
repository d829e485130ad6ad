//! Roles that services of AWS have for themselves: what is said of them, and what waits for one to be there.

use std::collections::BTreeMap;

use iamctl_model::{Action, Address, Kind, Live, Note, Resource, trusted_service_linked_roles};
use iamctl_policy::Document;

use crate::drafts::Draft;
use crate::graph::{Edges, Reason};

/// What AWS calls a service-linked role that is taken for the one of the manifest.
pub(crate) fn known_as(live: &Live, address: &Address) -> Option<Note> {
    let Address::ServiceLinkedRole(name) = address else { return None };
    let (role, _) = live.service_linked_role(name)?;
    let message = format!("it is there already, as {role}: it is managed from now on, and stays as it is");
    Some(Note { address: address.clone(), message })
}

/// That a description is not as the manifest says. AWS would change it, and nobody asked it to.
pub(crate) fn other_description(wanted: &Resource, found: &Resource) -> Option<String> {
    let (Resource::ServiceLinkedRole(wanted), Resource::ServiceLinkedRole(found)) = (wanted, found) else {
        return None;
    };
    let wanted = wanted.description.as_ref()?;
    let stays = match &found.description {
        _ if found.description.as_ref() == Some(wanted) => return None,
        Some(text) => format!("the description stays `{text}`"),
        None => "it stays without a description".to_owned(),
    };
    Some(format!("{stays}: a service-linked role that is there is never changed"))
}

/// The calls that make the service-linked roles which a trust policy names: AWS refuses a name that nobody has.
pub(crate) fn named(trust: &Document, live: &Live, creates: &BTreeMap<Address, usize>) -> Vec<usize> {
    let made = creates.iter().filter_map(|(address, create)| match address {
        Address::ServiceLinkedRole(name) => Some((name, *create)),
        _ => None,
    });
    let made: Vec<_> = made.collect();
    if made.is_empty() {
        return Vec::new();
    }
    let trusted = trusted_service_linked_roles(trust, &live.account);
    trusted
        .flat_map(|(path, role)| {
            made.iter().filter(move |(name, _)| name.may_be(&role, &path)).map(|(_, create)| *create)
        })
        .collect()
}

/// Where the account has no room for all new roles, those of services come last: they take room as others do, and are
/// the only ones that AWS makes beyond the quota. Source: IAM User Guide, "Create a service-linked role".
pub(crate) fn after_roles(live: &Live, drafts: &[Draft], edges: &mut Edges) {
    let of = |is_meant: fn(&Action) -> bool| -> Vec<usize> {
        let meant = drafts.iter().enumerate().filter(|(_, draft)| is_meant(&draft.action));
        meant.map(|(index, _)| index).collect()
    };
    let roles = of(|action| matches!(action, Action::CreateRole { .. }));
    let linked = of(|action| matches!(action, Action::CreateServiceLinkedRole { .. }));
    let all = live.count(Kind::Role).saturating_add(roles.len()).saturating_add(linked.len());
    let most = live.quotas.as_ref().and_then(|quotas| quotas.of_kind(Kind::Role));
    if most.is_none_or(|most| all <= most) {
        return;
    }
    for first in roles {
        linked.iter().for_each(|then| edges.add(first, *then, Reason::Tidy));
    }
}
