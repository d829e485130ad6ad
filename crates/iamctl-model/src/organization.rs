//! What an organisation limits in its accounts.

use iamctl_policy::Document;

use crate::arn::AccountId;

/// The policies of the organisation that an account belongs to, as far as they are given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Organization {
    /// The organisation's id, such as `o-a1b2c3d4e5`: what `aws:PrincipalOrgID` holds.
    pub id: Option<String>,
    /// The account that manages the organisation. No policy of the organisation binds it.
    pub management_account: Option<AccountId>,
    /// The service control policies on the way to the account, level by level, the root first. Every level
    /// has to allow.
    pub scp: Vec<Vec<OrganizationPolicy>>,
    /// The resource control policies, likewise. They only deny.
    pub rcp: Vec<Vec<OrganizationPolicy>>,
}

/// One policy of an organisation.
#[derive(Debug, Clone, PartialEq)]
pub struct OrganizationPolicy {
    /// How people call it: the path of its file, or AWS's name.
    pub name: String,
    /// What it says.
    pub document: Document,
}

impl Organization {
    /// Whether the policies bind an account. They do not bind the one that manages the organisation.
    ///
    /// Source: AWS Organizations User Guide, "Service control policies", "Tasks and entities not restricted by
    /// SCPs", and "Resource control policies", "Resources and entities not restricted by RCPs".
    #[must_use]
    pub fn binds(&self, account: &AccountId) -> bool {
        self.management_account.as_ref() != Some(account)
    }

    /// Whether there are service control policies.
    #[must_use]
    pub fn has_scp(&self) -> bool {
        !self.scp.is_empty()
    }
}

impl OrganizationPolicy {
    /// The name of AWS's own policy that allows everything. AWS attaches it everywhere to begin with.
    pub const FULL_ACCESS: &'static str = "FullAWSAccess";

    /// AWS's own policy that allows everything.
    ///
    /// Source: AWS Organizations User Guide, "SCP evaluation".
    #[must_use]
    pub fn full_access() -> Self {
        let document =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        Self { name: Self::FULL_ACCESS.to_owned(), document: Document::from_stored(document) }
    }
}
