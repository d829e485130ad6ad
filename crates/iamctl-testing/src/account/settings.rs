//! The account's alias and its password policy.

use iamctl_apply::ActionError;
use iamctl_model::{AccountAlias, Action, LiveSetting, Observed, UniqueId};

use super::{MemoryAccount, exists, missing};

impl MemoryAccount {
    /// Another account has this alias from now on, so that this one cannot have it.
    pub fn give_alias_to_another(&mut self, alias: &str) {
        self.aliases_of_others.insert(alias.to_owned());
    }

    /// A new alias takes the place of the one that is there.
    /// Source: IAM User Guide, "Using an alias for your AWS account ID".
    pub(super) fn on_account_alias(&mut self, action: &Action) -> Result<Option<UniqueId>, ActionError> {
        let id = self.live.id_of_settings();
        let Observed::Read(there) = &mut self.live.account_alias else {
            return Err(missing("What alias the account has"));
        };
        match action {
            Action::CreateAccountAlias { account_alias: alias } => {
                if self.aliases_of_others.contains(alias.as_str()) {
                    return Err(exists(format!("The account alias {alias}")));
                }
                let value = AccountAlias { alias: alias.clone() };
                *there = Some(LiveSetting { id: id.clone(), value });
                Ok(Some(id))
            }
            Action::DeleteAccountAlias { account_alias: alias } => {
                if there.as_ref().is_none_or(|there| there.value.alias != *alias) {
                    return Err(missing(format!("The account alias {alias}")));
                }
                *there = None;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    pub(super) fn on_password_policy(&mut self, action: &Action) -> Result<Option<UniqueId>, ActionError> {
        let id = self.live.id_of_settings();
        let Observed::Read(there) = &mut self.live.password_policy else {
            return Err(missing("What password policy the account has"));
        };
        match action {
            Action::UpdateAccountPasswordPolicy { policy } => {
                *there = Some(LiveSetting { id: id.clone(), value: policy.clone() });
                Ok(Some(id))
            }
            Action::DeleteAccountPasswordPolicy {} => match there.take() {
                Some(_) => Ok(None),
                None => Err(missing("The account policy with name PasswordPolicy")),
            },
            _ => Ok(None),
        }
    }
}
