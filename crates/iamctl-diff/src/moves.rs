//! Users whose path changes get another ARN. IAM keeps the principals of trust policies by unique id
//! and shows their present ARN, so a trust policy that names such a user changes by itself: it must
//! not be put again, and the change is nobody's drift.
//! Source: IAM User Guide, "AWS JSON policy elements: Principal".

use std::borrow::Cow;
use std::collections::BTreeMap;

use iamctl_model::{Address, Desired, Field, Live, Ownership, Resource};
use iamctl_policy::Document;

/// What trust policies will call users, where that is not what they call them now.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    /// From the ARN that users have in the account.
    live: BTreeMap<String, String>,
    /// From the ARN that users had when the head was written.
    remembered: BTreeMap<String, String>,
}

impl Moves {
    pub(crate) fn of(desired: &Desired, live: &Live, ownership: &Ownership) -> Self {
        let mut moves = Self::default();
        for (name, user) in &live.users {
            let address = Address::User(name.clone());
            let owned = ownership.get(&address).filter(|owned| owned.id == user.id);
            let found = &user.value.path;
            let wanted = desired.managed.get(&address).filter(|managed| {
                (managed.adopt || owned.is_some()) && !managed.ignore.contains(&Field::Path)
            });
            let path = wanted.and_then(|managed| managed.value.path()).unwrap_or(found);
            let arn = |path| live.account.user_arn(path, name).as_str().to_owned();
            if found != path {
                moves.live.insert(arn(found), arn(path));
            }
            if let Some(owned) = owned
                && let Some(last) = owned.last_applied.path()
                && last != path
            {
                moves.remembered.insert(arn(last), arn(path));
            }
        }
        moves
    }

    /// The account with its trust policies as they will read.
    pub(crate) fn live<'a>(&self, live: &'a Live) -> Cow<'a, Live> {
        if self.live.is_empty() {
            return Cow::Borrowed(live);
        }
        let mut live = live.clone();
        live.roles.values_mut().for_each(|role| rename(&mut role.trust, &self.live));
        Cow::Owned(live)
    }

    /// What is remembered, in the same words.
    pub(crate) fn ownership(&self, mut ownership: Ownership) -> Ownership {
        for owned in ownership.0.values_mut().filter(|_| !self.remembered.is_empty()) {
            if let Resource::Role(role) = &mut owned.last_applied {
                rename(&mut role.trust, &self.remembered);
            }
        }
        ownership
    }
}

fn rename(trust: &mut Document, names: &BTreeMap<String, String>) {
    if let Some(renamed) = trust.map_aws_principals(|arn| names.get(arn).cloned()) {
        *trust = renamed;
    }
}
