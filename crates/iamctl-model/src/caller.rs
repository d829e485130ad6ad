//! Who runs iamctl.

use serde::{Deserialize, Serialize};

use crate::address::Identity;
use crate::arn::Account;
use crate::names::{RoleName, UserName};

/// The answer of `sts:GetCallerIdentity`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The account and its partition.
    pub account: Account,
    /// `arn:aws:iam::…:user/alice`, `arn:aws:sts::…:assumed-role/admin/session`, …
    pub arn: String,
    /// `AIDA…`, `AROA…:session`, …
    pub user_id: String,
}

impl Caller {
    /// The user or role behind the session. An assumed role's ARN has no path, only the name.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let resource = self.arn.splitn(6, ':').nth(5)?;
        let mut fields = resource.split('/');
        match fields.next()? {
            "user" => UserName::parse(fields.next_back()?).ok().map(Identity::User),
            "assumed-role" => RoleName::parse(fields.next()?).ok().map(Identity::Role),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arn::{AccountId, Partition};

    #[test]
    fn the_identity_behind_a_session_is_found() {
        let identity = |arn: &str| {
            let account =
                Account { id: AccountId::parse("123456789012").unwrap(), partition: Partition::aws() };
            let caller = Caller { account, arn: arn.to_owned(), user_id: String::new() };
            caller.identity().map(|identity| identity.to_string())
        };
        assert_eq!(identity("arn:aws:iam::123456789012:user/team/alice").as_deref(), Some("user/alice"));
        assert_eq!(
            identity("arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/a@b.c")
                .as_deref(),
            Some("role/AWSReservedSSO_Admin_0123456789abcdef")
        );
        assert_eq!(identity("arn:aws:iam::123456789012:root"), None);
        assert_eq!(identity("arn:aws:sts::123456789012:federated-user/bob"), None);
    }
}
