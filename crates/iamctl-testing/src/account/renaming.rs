//! Other names for what is there: the unique id stays.

use iamctl_apply::ActionError;
use iamctl_model::Address;

use super::{MemoryAccount, exists, missing};
use crate::trust;

impl MemoryAccount {
    /// Names are unique, whatever their case; another spelling of its own name is free.
    pub(super) fn check_rename(&self, from: &Address, to: &Address) -> Result<(), ActionError> {
        if self.live.id(from).is_none() {
            return Err(missing(format!("The {} with name {}", from.kind(), from.name())));
        }
        if from != to && self.live.id(to).is_some() {
            return Err(exists(format!("The {} with name {}", to.kind(), to.name())));
        }
        Ok(())
    }

    /// Gives a user or group another name, as a call of ours does, or somebody behind our back.
    /// What is not there, and what AWS cannot rename, stays as it is.
    pub fn rename(&mut self, from: &Address, to: &Address) {
        let live = &mut self.live;
        match (from, to) {
            (Address::User(from), Address::User(to)) => {
                let Some(user) = live.users.remove(from) else { return };
                for group in live.groups.values_mut() {
                    if group.value.members.remove(from) {
                        group.value.members.insert(to.clone());
                    }
                }
                let arn = |name| live.account.user_arn(&user.value.path, name);
                let (old, new) = (arn(from), arn(to));
                live.users.insert(to.clone(), user);
                trust::rename(live, old.as_str(), new.as_str());
            }
            (Address::Group(from), Address::Group(to)) => {
                let Some(group) = live.groups.remove(from) else { return };
                live.groups.insert(to.clone(), group);
                for user in live.users.values_mut() {
                    if user.value.groups.remove(from) {
                        user.value.groups.insert(to.clone());
                    }
                }
            }
            _ => {}
        }
    }
}
