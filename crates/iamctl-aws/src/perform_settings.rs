//! The calls on the account's alias and its password policy.

use iamctl_apply::Receipt;
use iamctl_model::{Action, Alias, PasswordPolicy, UniqueId, Within};

use crate::failure::Failure;
use crate::perform::{AwsIam, done, made, once};

impl AwsIam {
    pub(crate) async fn call_on_setting(&self, action: &Action) -> Result<Receipt, Failure> {
        let iam = &self.client;
        match action {
            Action::CreateAccountAlias { account_alias } => {
                let call = iam.create_account_alias().account_alias(account_alias.as_str());
                let answer = call.customize().config_override(once()).send().await;
                made(answer, |_| Some(self.id_of_settings().0))
            }
            Action::DeleteAccountAlias { account_alias } => {
                done(iam.delete_account_alias().account_alias(account_alias.as_str()).send().await)
            }
            Action::UpdateAccountPasswordPolicy { policy } => self.set_password_policy(policy).await,
            Action::DeleteAccountPasswordPolicy {} => done(iam.delete_account_password_policy().send().await),
            _ => Ok(Receipt::default()),
        }
    }

    /// Sends all of it: AWS resets what it is not told. What there is none of is not sent, because it takes no zero.
    async fn set_password_policy(&self, policy: &PasswordPolicy) -> Result<Receipt, Failure> {
        let PasswordPolicy {
            minimum_password_length,
            require_symbols,
            require_numbers,
            require_uppercase_characters,
            require_lowercase_characters,
            allow_users_to_change_password,
            max_password_age,
            password_reuse_prevention,
            hard_expiry,
        } = policy;
        let call = self
            .client
            .update_account_password_policy()
            .minimum_password_length(i32::from(minimum_password_length.get()))
            .require_symbols(*require_symbols)
            .require_numbers(*require_numbers)
            .require_uppercase_characters(*require_uppercase_characters)
            .require_lowercase_characters(*require_lowercase_characters)
            .allow_users_to_change_password(*allow_users_to_change_password)
            .set_max_password_age(max_password_age.map(Within::get).map(i32::from))
            .set_password_reuse_prevention(password_reuse_prevention.map(Within::get).map(i32::from))
            .hard_expiry(*hard_expiry);
        made(call.send().await, |_| Some(self.id_of_settings().0))
    }

    pub(crate) fn id_of_settings(&self) -> UniqueId {
        UniqueId(self.account.id.to_string())
    }

    /// Whether the account itself has an alias: nobody but its owner can see who has one.
    pub(crate) async fn has_alias(&self, alias: &Alias) -> Result<bool, Failure> {
        let answer = self.client.list_account_aliases().send().await?;
        Ok(answer.account_aliases.iter().any(|there| there == alias.as_str()))
    }
}
