//! Reading the account's alias and its password policy.

use aws_sdk_iam::types::PasswordPolicy as SdkPasswordPolicy;
use iamctl_model::{AccountAlias, Alias, Kind, Live, LiveSetting, Observed, PasswordPolicy, Within};

use crate::connect::Aws;
use crate::failure::Failure;
use crate::read::{PAGE, Reader, inconsistent};
use crate::read_error::ReadError;

const ALIASES: &str = "iam:ListAccountAliases";
const PASSWORD_POLICY: &str = "iam:GetAccountPasswordPolicy";

impl Aws {
    /// Reads a setting of the account into a live state that was read without it. Other kinds are left as they are.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub async fn read_setting(&self, live: &mut Live, kind: Kind) -> Result<(), ReadError> {
        Reader { client: self.iam_client(), origin: &self.origin }.add_setting(live, kind).await
    }
}

impl Reader<'_> {
    pub(crate) async fn add_setting(&self, live: &mut Live, kind: Kind) -> Result<(), ReadError> {
        let id = live.id_of_settings();
        match kind {
            Kind::AccountAlias => {
                let alias = self.account_alias().await?;
                let found = alias.map(|alias| LiveSetting { id, value: AccountAlias { alias } });
                live.account_alias = Observed::Read(found);
            }
            Kind::PasswordPolicy => {
                let policy = self.password_policy().await?;
                live.password_policy = Observed::Read(policy.map(|value| LiveSetting { id, value }));
            }
            _ => {}
        }
        Ok(())
    }

    /// An account has one at most, and AWS tells it in a list that could have pages.
    pub(crate) async fn account_alias(&self) -> Result<Option<Alias>, ReadError> {
        let answer = self.client.list_account_aliases().max_items(PAGE).send().await;
        let answer = answer.map_err(|error| self.error(ALIASES, error.into()))?;
        if answer.is_truncated || answer.account_aliases.len() > 1 {
            return Err(inconsistent(format!("{ALIASES} has more than one alias")));
        }
        let Some(text) = answer.account_aliases.into_iter().next() else { return Ok(None) };
        let unexpected = |error| ReadError::Unexpected { message: format!("{ALIASES}: {error}") };
        Alias::parse(&text).map(Some).map_err(unexpected)
    }

    /// `NoSuchEntity` is an answer here: the account has none of its own.
    pub(crate) async fn password_policy(&self) -> Result<Option<PasswordPolicy>, ReadError> {
        let answer = self.client.get_account_password_policy().send().await;
        let answer = match answer.map_err(Failure::from) {
            Err(failure) if failure.is_no_such_entity() => return Ok(None),
            answer => answer.map_err(|failure| self.error(PASSWORD_POLICY, failure))?,
        };
        let Some(found) = answer.password_policy else {
            let message = format!("{PASSWORD_POLICY} was answered without a password policy");
            return Err(ReadError::Unexpected { message });
        };
        convert(&found).map(Some)
    }
}

fn convert(found: &SdkPasswordPolicy) -> Result<PasswordPolicy, ReadError> {
    let length = found.minimum_password_length.unwrap_or(i32::from(Within::<6, 128>::LEAST.get()));
    Ok(PasswordPolicy {
        minimum_password_length: number("MinimumPasswordLength", length)?,
        require_symbols: found.require_symbols,
        require_numbers: found.require_numbers,
        require_uppercase_characters: found.require_uppercase_characters,
        require_lowercase_characters: found.require_lowercase_characters,
        allow_users_to_change_password: found.allow_users_to_change_password,
        max_password_age: some("MaxPasswordAge", found.max_password_age)?,
        password_reuse_prevention: some("PasswordReusePrevention", found.password_reuse_prevention)?,
        hard_expiry: found.hard_expiry.unwrap_or(false),
    })
}

/// None, and zero, which AWS does not take and some answers have, is none.
fn some<const LEAST: u16, const MOST: u16>(
    name: &str,
    found: Option<i32>,
) -> Result<Option<Within<LEAST, MOST>>, ReadError> {
    found.filter(|found| *found != 0).map(|found| number(name, found)).transpose()
}

fn number<const LEAST: u16, const MOST: u16>(
    name: &str,
    found: i32,
) -> Result<Within<LEAST, MOST>, ReadError> {
    Within::new(found).ok_or_else(|| ReadError::Unexpected {
        message: format!("{PASSWORD_POLICY}: {name} is {found}, and {LEAST} to {MOST} are known"),
    })
}
