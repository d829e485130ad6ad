//! Users and roles that were deleted, in the trust policies that named them.
//!
//! IAM keeps the principals of trust policies by unique id and shows their ARN. Once a user or role is
//! deleted, its id is what it shows, and the policy no longer applies to anybody: not even to another one
//! that is made under the same name. Only to put the policy again lets that one in.
//! Source: IAM User Guide, "AWS JSON policy elements: Principal".

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    Address, Change, ChangeAction, Desired, Field, Identity, Live, LivePolicy, Note, Ownership, PrincipalArn,
    Resource, Role,
};
use iamctl_policy::Document;

/// Users and roles that were ours and are gone, whether or not another one has their name.
#[derive(Debug, Default)]
pub(crate) struct Ghosts {
    by_id: BTreeMap<String, Ghost>,
}

#[derive(Debug)]
struct Ghost {
    address: Address,
    /// As trust policies named it.
    arn: String,
    /// Whether nobody has its name now.
    is_nobody: bool,
}

impl Ghosts {
    pub(crate) fn of(live: &Live, ownership: &Ownership) -> Self {
        let gone = ownership.0.iter().filter(|(address, owned)| live.id(address) != Some(&owned.id));
        let by_id = gone.filter_map(|(address, owned)| {
            let path = owned.last_applied.path()?;
            let arn = match address {
                Address::User(name) => live.account.user_arn(path, name),
                Address::Role(name) => live.account.role_arn(path, name),
                Address::Group(_)
                | Address::Policy(_)
                | Address::InstanceProfile(_)
                | Address::OidcProvider(_)
                | Address::AccountAlias
                | Address::PasswordPolicy
                | Address::SamlProvider(_)
                | Address::ServiceLinkedRole(_)
                | Address::MasterCopy => return None,
            };
            let is_nobody = live.id(address).is_none();
            let ghost = Ghost { address: address.clone(), arn: arn.as_str().to_owned(), is_nobody };
            Some((owned.id.0.clone(), ghost))
        });
        Self { by_id: by_id.collect() }
    }

    /// The account as IAM will show it: a trust policy that still shows the ARN of somebody who is not
    /// there was read from a copy that lags behind. Whatever comes after must see that it names nobody.
    pub(crate) fn haunt<'l>(&self, live: Cow<'l, Live>) -> Cow<'l, Live> {
        let nobody = self.by_id.iter().filter(|(_, ghost)| ghost.is_nobody);
        let ids: BTreeMap<&str, &String> = nobody.map(|(id, ghost)| (ghost.arn.as_str(), id)).collect();
        let id = |arn: &str| ids.get(arn).map(|id| (*id).clone());
        let haunted: Vec<_> = live
            .roles
            .iter()
            .filter(|_| !ids.is_empty())
            .filter_map(|(name, role)| Some((name.clone(), role.trust.map_aws_principals(id)?)))
            .collect();
        if haunted.is_empty() {
            return live;
        }
        let mut live = live.into_owned();
        for (name, trust) in haunted {
            if let Some(role) = live.roles.get_mut(&name) {
                role.trust = trust;
            }
        }
        Cow::Owned(live)
    }

    /// A trust policy as it was before those whom it names were deleted, as far as they were ours.
    pub(crate) fn exorcised(&self, trust: &Document) -> Document {
        let arn = |id: &str| self.by_id.get(id).map(|ghost| ghost.arn.clone());
        trust.map_aws_principals(arn).unwrap_or_else(|| trust.clone())
    }

    /// The same for a thing of any kind.
    pub(crate) fn without<'a>(&self, thing: &'a Resource) -> Cow<'a, Resource> {
        match thing {
            Resource::Role(role) if !self.by_id.is_empty() => {
                let mut role = role.clone();
                role.trust = self.exorcised(&role.trust);
                Cow::Owned(Resource::Role(role))
            }
            thing => Cow::Borrowed(thing),
        }
    }

    /// What managed things say of users and roles that were deleted, and what becomes of it.
    pub(crate) fn notes(&self, desired: &Desired, live: &Live, changes: &[Change]) -> Vec<Note> {
        let puts_trust =
            |change: &&Change| change.action != ChangeAction::Blocked && change.touches(Field::Trust);
        let put: BTreeSet<&Address> =
            changes.iter().filter(puts_trust).map(|change| &change.address).collect();
        let mut notes = Vec::new();
        for address in desired.managed.keys() {
            let mut note = |message| notes.push(Note { address: address.clone(), message });
            if let Address::Role(name) = address
                && let Some(role) = live.roles.get(name)
            {
                let outcome = if put.contains(address) { ": it is put again" } else { "" };
                for id in self.named_by(&role.trust) {
                    note(format!("its trust policy names {id}, {}{outcome}", self.who(id)));
                }
            }
            if self.by_id.is_empty() {
                continue;
            }
            let documents = documents(live, address);
            for id in documents.into_iter().flat_map(|document| self.in_conditions(document)) {
                note(format!("a condition of its policies names {id}, {}", self.who(&id)));
            }
        }
        notes
    }

    fn named_by<'d>(&self, trust: &'d Document) -> BTreeSet<&'d str> {
        trust.aws_principals().filter(|text| is_unique_id(text) || self.by_id.contains_key(*text)).collect()
    }

    /// Conditions name ids on purpose (`aws:userid`), of anybody: only those that were ours are known to
    /// be gone.
    fn in_conditions(&self, document: &Document) -> BTreeSet<String> {
        let conditions = document.statements().iter().filter_map(|statement| statement.conditions.as_ref());
        let values = conditions.flatten().flat_map(|condition| &condition.values);
        let ids = values.filter_map(|value| value.text.split(':').next());
        ids.filter(|id| self.by_id.contains_key(*id)).map(str::to_owned).collect()
    }

    fn who(&self, id: &str) -> String {
        match (self.by_id.get(id), id.get(..4)) {
            (Some(ghost), _) => format!("which was {} before it was deleted", ghost.address),
            (None, Some("AIDA")) => "a user that was deleted".to_owned(),
            (None, Some("AROA")) => "a role that was deleted".to_owned(),
            (None, _) => "somebody who was deleted".to_owned(),
        }
    }
}

/// A role with one word in its trust policy for all who are gone: those of whom an id is left, and those whom nobody
/// has the name of any more. Until a trust is put again it shows the one or the other, and a run that failed in
/// between need not have told whose id it is.
pub(crate) fn without_names_of_nobody<'a>(thing: &'a Resource, live: &Live) -> Cow<'a, Resource> {
    let Resource::Role(role) = thing else { return Cow::Borrowed(thing) };
    let is_nobody = |principal: &str| is_unique_id(principal) || names_nobody(principal, live);
    let nobody = |principal: &str| is_nobody(principal).then(|| "nobody".to_owned());
    match role.trust.map_aws_principals(nobody) {
        Some(trust) => Cow::Owned(Resource::Role(Role { trust, ..role.clone() })),
        None => Cow::Borrowed(thing),
    }
}

/// Whether a principal is an ARN of this account that no user or role has. Users can be moved, and keep their trust.
fn names_nobody(principal: &str, live: &Live) -> bool {
    let Ok(arn) = PrincipalArn::parse(principal) else { return false };
    if arn.account() != live.account.id.as_str() {
        return false;
    }
    match arn.identity() {
        Some(Identity::User(name)) => !live.users.contains_key(&name),
        Some(Identity::Role(name)) => {
            live.roles.get(&name).is_none_or(|role| live.account.role_arn(&role.path, &name) != arn)
        }
        Some(Identity::Group(_)) | None => false,
    }
}

/// Every document of a thing that is in force.
fn documents<'l>(live: &'l Live, address: &Address) -> Vec<&'l Document> {
    let (own, inline) = match address {
        Address::Policy(name) => {
            let version = live.policies.get(name).and_then(LivePolicy::default_version);
            (version.map(|version| &version.document), None)
        }
        Address::Role(name) => {
            let role = live.roles.get(name);
            (role.map(|role| &role.trust), role.map(|role| &role.inline_policies))
        }
        Address::User(name) => (None, live.users.get(name).map(|user| &user.value.inline_policies)),
        Address::Group(name) => (None, live.groups.get(name).map(|group| &group.value.inline_policies)),
        Address::InstanceProfile(_)
        | Address::OidcProvider(_)
        | Address::SamlProvider(_)
        | Address::ServiceLinkedRole(_)
        | Address::AccountAlias
        | Address::PasswordPolicy
        | Address::MasterCopy => (None, None),
    };
    own.into_iter().chain(inline.into_iter().flat_map(BTreeMap::values)).collect()
}

/// The principals of a trust policy that were deleted: a unique id stands where an ARN would.
pub fn deleted_principals(trust: &Document) -> BTreeSet<&str> {
    trust.aws_principals().filter(|text| is_unique_id(text)).collect()
}

/// Whether a principal reads as the unique id of a user or role.
pub(crate) fn is_unique_id(principal: &str) -> bool {
    principal.starts_with("AIDA") || principal.starts_with("AROA")
}
