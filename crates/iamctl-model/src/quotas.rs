//! How much of everything AWS lets an account have.

use serde::{Deserialize, Serialize};

use crate::address::Kind;

/// The quotas of one account, as `GetAccountSummary` tells them; `None` for what it did not tell. How much there is
/// already follows from what is in the account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Quotas {
    /// Users of the account.
    pub users: Option<usize>,
    /// Groups of the account.
    pub groups: Option<usize>,
    /// Roles of the account, those of AWS's services with them.
    pub roles: Option<usize>,
    /// Managed policies of the account, without those of AWS.
    pub policies: Option<usize>,
    /// Instance profiles of the account.
    pub instance_profiles: Option<usize>,
    /// Managed policies that are attached to one user.
    pub policies_of_user: Option<usize>,
    /// Managed policies that are attached to one group.
    pub policies_of_group: Option<usize>,
    /// Managed policies that are attached to one role.
    pub policies_of_role: Option<usize>,
    /// Groups that one user is a member of.
    pub groups_of_user: Option<usize>,
    /// Characters of all inline policies of one user, white space not counted.
    pub inline_size_of_user: Option<usize>,
    /// Characters of all inline policies of one group.
    pub inline_size_of_group: Option<usize>,
    /// Characters of all inline policies of one role.
    pub inline_size_of_role: Option<usize>,
    /// Versions that are kept of one managed policy.
    pub versions_of_policy: Option<usize>,
    /// Characters of one managed policy.
    pub policy_size: Option<usize>,
    /// Characters of the trust policy of one role.
    pub trust_size: Option<usize>,
}

impl Quotas {
    /// How many things of a kind there may be.
    #[must_use]
    pub fn of_kind(&self, kind: Kind) -> Option<usize> {
        match kind {
            Kind::User => self.users,
            Kind::Group => self.groups,
            Kind::Role => self.roles,
            Kind::Policy => self.policies,
            Kind::InstanceProfile => self.instance_profiles,
            // They count as roles, and AWS makes them beyond the quota of roles as well.
            // Source: IAM User Guide, "Create a service-linked role".
            Kind::ServiceLinkedRole
            | Kind::OidcProvider
            | Kind::SamlProvider
            | Kind::AccountAlias
            | Kind::PasswordPolicy
            | Kind::MasterCopy => None,
        }
    }

    /// How many managed policies may be attached to one thing of a kind.
    #[must_use]
    pub fn attached_to(&self, kind: Kind) -> Option<usize> {
        match kind {
            Kind::User => self.policies_of_user,
            Kind::Group => self.policies_of_group,
            Kind::Role => self.policies_of_role,
            Kind::Policy
            | Kind::InstanceProfile
            | Kind::OidcProvider
            | Kind::SamlProvider
            | Kind::ServiceLinkedRole
            | Kind::AccountAlias
            | Kind::PasswordPolicy
            | Kind::MasterCopy => None,
        }
    }

    /// How many characters all inline policies of one thing of a kind may have.
    #[must_use]
    pub fn inline_size(&self, kind: Kind) -> Option<usize> {
        match kind {
            Kind::User => self.inline_size_of_user,
            Kind::Group => self.inline_size_of_group,
            Kind::Role => self.inline_size_of_role,
            Kind::Policy
            | Kind::InstanceProfile
            | Kind::OidcProvider
            | Kind::SamlProvider
            | Kind::ServiceLinkedRole
            | Kind::AccountAlias
            | Kind::PasswordPolicy
            | Kind::MasterCopy => None,
        }
    }
}
