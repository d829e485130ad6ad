//! How much there may be, and how sure that is.

use iamctl_model::{Kind, Live, Quotas};

/// How much there may be of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) most: usize,
    pub(crate) source: Source,
}

/// How a quota is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The account told it.
    Told,
    /// AWS raises it for nobody.
    Fixed,
    /// It is what an account has that never asked for more. Whether this one did was not read.
    Default,
}

impl Limit {
    /// Whether AWS surely refuses what is more.
    pub(crate) fn is_sure(&self) -> bool {
        self.source != Source::Default
    }

    /// What to add where it is told.
    pub(crate) fn unsure(&self) -> &'static str {
        match self.source {
            Source::Told | Source::Fixed => "",
            Source::Default => ": AWS's default quota. Whether this account's is higher is not read",
        }
    }
}

/// The quotas of an account: what it told, and else what AWS documents.
/// Source of all numbers: IAM User Guide, "IAM and AWS STS quotas".
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits<'a>(Option<&'a Quotas>);

impl<'a> Limits<'a> {
    pub(crate) fn of(live: &'a Live) -> Self {
        Self(live.quotas.as_ref())
    }

    /// Where nothing was read.
    pub(crate) fn unread() -> Self {
        Self(None)
    }

    fn told(self, told: impl Fn(&Quotas) -> Option<usize>, otherwise: Limit) -> Limit {
        let most = self.0.and_then(told);
        most.map_or(otherwise, |most| Limit { most, source: Source::Told })
    }

    /// Things of a kind in the account.
    pub(crate) fn total(self, kind: Kind) -> Option<Limit> {
        let otherwise = match kind {
            Kind::User => fixed(5_000),
            Kind::Group => default(300),
            Kind::Role | Kind::InstanceProfile => default(1_000),
            Kind::Policy => default(1_500),
            Kind::OidcProvider => default(100),
            Kind::SamlProvider => fixed(100),
            // AWS makes them beyond the quota of roles as well.
            Kind::ServiceLinkedRole | Kind::AccountAlias | Kind::PasswordPolicy | Kind::MasterCopy => {
                return None;
            }
        };
        Some(self.told(|quotas| quotas.of_kind(kind), otherwise))
    }

    /// Managed policies that are attached to one thing of a kind.
    pub(crate) fn attached(self, kind: Kind) -> Limit {
        let otherwise = if kind == Kind::Group { fixed(10) } else { default(10) };
        self.told(|quotas| quotas.attached_to(kind), otherwise)
    }

    /// Groups of one user.
    pub(crate) fn groups(self) -> Limit {
        self.told(|quotas| quotas.groups_of_user, fixed(10))
    }

    /// Characters of all inline policies of one thing of a kind.
    pub(crate) fn inline_size(self, kind: Kind) -> Option<Limit> {
        let otherwise = match kind {
            Kind::User => fixed(2_048),
            Kind::Group => fixed(5_120),
            Kind::Role => fixed(10_240),
            Kind::Policy
            | Kind::InstanceProfile
            | Kind::OidcProvider
            | Kind::SamlProvider
            | Kind::ServiceLinkedRole
            | Kind::AccountAlias
            | Kind::PasswordPolicy
            | Kind::MasterCopy => return None,
        };
        Some(self.told(|quotas| quotas.inline_size(kind), otherwise))
    }

    /// Versions that are kept of one managed policy.
    pub(crate) fn versions(self) -> Limit {
        self.told(|quotas| quotas.versions_of_policy, fixed(5))
    }

    /// Characters of one managed policy.
    pub(crate) fn policy_size(self) -> Limit {
        self.told(|quotas| quotas.policy_size, fixed(6_144))
    }

    /// Characters of one trust policy.
    pub(crate) fn trust_size(self) -> Limit {
        self.told(|quotas| quotas.trust_size, default(2_048))
    }

    /// Tags of one thing.
    pub(crate) fn tags(self) -> Limit {
        fixed(50)
    }

    /// Client ids of one OpenID Connect provider.
    pub(crate) fn client_ids(self) -> Limit {
        fixed(100)
    }
}

fn fixed(most: usize) -> Limit {
    Limit { most, source: Source::Fixed }
}

fn default(most: usize) -> Limit {
    Limit { most, source: Source::Default }
}
