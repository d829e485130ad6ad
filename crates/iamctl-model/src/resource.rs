//! The values that are compared: what a user, group, role or policy *is*, apart from identity,
//! dates and other things that only AWS decides.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use iamctl_policy::Document;
use serde::{Deserialize, Serialize};

use crate::address::Kind;
use crate::arn::PolicyArn;
use crate::names::{GroupName, Path, PolicyName, RoleName, UserName};
use crate::saml::SamlMetadata;
use crate::service_linked::ServiceLinkedRole;
use crate::settings::{AccountAlias, PasswordPolicy};
use crate::tags::Tags;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct User {
    /// Its path.
    pub path: Path,
    /// Its tags.
    pub tags: Tags,
    /// The groups it is a member of.
    pub groups: BTreeSet<GroupName>,
    /// The managed policies attached to it.
    pub policies: BTreeSet<PolicyArn>,
    /// Its inline policies.
    pub inline_policies: BTreeMap<PolicyName, Document>,
    /// The policy that bounds what its other policies can allow.
    pub permissions_boundary: Option<PolicyArn>,
}

/// A group. Groups have neither tags nor boundary.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Group {
    /// Its path.
    pub path: Path,
    /// Its members. The manifest gives them on the users; here they are so that a member whom the
    /// manifest does not know can be seen.
    pub members: BTreeSet<UserName>,
    /// The managed policies attached to it.
    pub policies: BTreeSet<PolicyArn>,
    /// Its inline policies.
    pub inline_policies: BTreeMap<PolicyName, Document>,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its path. AWS cannot change it.
    pub path: Path,
    /// What it is for; empty for none.
    pub description: String,
    /// How long a session of it may last at most.
    pub max_session_duration: SessionDuration,
    /// Who may assume it.
    pub trust: Document,
    /// Its tags.
    pub tags: Tags,
    /// The managed policies attached to it.
    pub policies: BTreeSet<PolicyArn>,
    /// Its inline policies.
    pub inline_policies: BTreeMap<PolicyName, Document>,
    /// The policy that bounds what its other policies can allow.
    pub permissions_boundary: Option<PolicyArn>,
}

/// A managed policy of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its path. AWS cannot change it.
    pub path: Path,
    /// What it is for; empty for none. AWS cannot change it.
    pub description: String,
    /// Its tags.
    pub tags: Tags,
    /// Its default version.
    pub document: Document,
}

/// An instance profile: it hands a role to the EC2 instances that run with it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InstanceProfile {
    /// Its path. AWS cannot change it.
    pub path: Path,
    /// The role that it holds: one, or none.
    pub role: Option<RoleName>,
    /// Its tags.
    pub tags: Tags,
}

/// An OpenID Connect provider: roles that trust it let those in who sign in there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OidcProvider {
    /// The audiences whose tokens it takes.
    pub client_ids: BTreeSet<String>,
    /// The certificates that its keys may be served under; `None` where that is left to AWS, which chooses them
    /// when the provider is made and does not look at them for well-known providers.
    pub thumbprints: Option<BTreeSet<String>>,
    /// Its tags.
    pub tags: Tags,
}

/// A SAML provider: roles that trust it let those in for whom an identity provider vouches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlProvider {
    /// What the identity provider says of itself, with the certificates that its assertions are signed with.
    pub metadata: SamlMetadata,
    /// Its tags.
    pub tags: Tags,
}

/// A thing of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Resource {
    /// A managed policy.
    Policy(Policy),
    /// A group.
    Group(Group),
    /// A user.
    User(User),
    /// A role.
    Role(Role),
    /// An instance profile.
    InstanceProfile(InstanceProfile),
    /// An OpenID Connect provider.
    OidcProvider(OidcProvider),
    /// The alias of the account.
    AccountAlias(AccountAlias),
    /// What the account demands of passwords.
    PasswordPolicy(PasswordPolicy),
    /// A SAML provider.
    SamlProvider(SamlProvider),
    /// A service-linked role.
    ServiceLinkedRole(ServiceLinkedRole),
}

impl Resource {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Resource::Policy(_) => Kind::Policy,
            Resource::Group(_) => Kind::Group,
            Resource::User(_) => Kind::User,
            Resource::Role(_) => Kind::Role,
            Resource::InstanceProfile(_) => Kind::InstanceProfile,
            Resource::OidcProvider(_) => Kind::OidcProvider,
            Resource::AccountAlias(_) => Kind::AccountAlias,
            Resource::PasswordPolicy(_) => Kind::PasswordPolicy,
            Resource::SamlProvider(_) => Kind::SamlProvider,
            Resource::ServiceLinkedRole(_) => Kind::ServiceLinkedRole,
        }
    }

    /// The managed policies attached to it; `None` for kinds that policies do not attach to.
    #[must_use]
    pub fn policies(&self) -> Option<&BTreeSet<PolicyArn>> {
        match self {
            Resource::Policy(_)
            | Resource::InstanceProfile(_)
            | Resource::OidcProvider(_)
            | Resource::SamlProvider(_)
            | Resource::ServiceLinkedRole(_)
            | Resource::AccountAlias(_)
            | Resource::PasswordPolicy(_) => None,
            Resource::Group(group) => Some(&group.policies),
            Resource::User(user) => Some(&user.policies),
            Resource::Role(role) => Some(&role.policies),
        }
    }

    /// Its inline policies; `None` for kinds that have none.
    #[must_use]
    pub fn inline_policies(&self) -> Option<&BTreeMap<PolicyName, Document>> {
        match self {
            Resource::Policy(_)
            | Resource::InstanceProfile(_)
            | Resource::OidcProvider(_)
            | Resource::SamlProvider(_)
            | Resource::ServiceLinkedRole(_)
            | Resource::AccountAlias(_)
            | Resource::PasswordPolicy(_) => None,
            Resource::Group(group) => Some(&group.inline_policies),
            Resource::User(user) => Some(&user.inline_policies),
            Resource::Role(role) => Some(&role.inline_policies),
        }
    }

    /// The policy that bounds it.
    #[must_use]
    pub fn permissions_boundary(&self) -> Option<&PolicyArn> {
        match self {
            Resource::User(user) => user.permissions_boundary.as_ref(),
            Resource::Role(role) => role.permissions_boundary.as_ref(),
            Resource::Policy(_)
            | Resource::Group(_)
            | Resource::InstanceProfile(_)
            | Resource::OidcProvider(_)
            | Resource::SamlProvider(_)
            | Resource::ServiceLinkedRole(_)
            | Resource::AccountAlias(_)
            | Resource::PasswordPolicy(_) => None,
        }
    }

    /// Its tags; `None` for kinds that cannot have any.
    #[must_use]
    pub fn tags(&self) -> Option<&Tags> {
        match self {
            Resource::Policy(policy) => Some(&policy.tags),
            Resource::Group(_)
            | Resource::ServiceLinkedRole(_)
            | Resource::AccountAlias(_)
            | Resource::PasswordPolicy(_) => None,
            Resource::User(user) => Some(&user.tags),
            Resource::Role(role) => Some(&role.tags),
            Resource::InstanceProfile(profile) => Some(&profile.tags),
            Resource::OidcProvider(provider) => Some(&provider.tags),
            Resource::SamlProvider(provider) => Some(&provider.tags),
        }
    }

    /// Its path; `None` for kinds that have none.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Resource::Policy(policy) => Some(&policy.path),
            Resource::Group(group) => Some(&group.path),
            Resource::User(user) => Some(&user.path),
            Resource::Role(role) => Some(&role.path),
            Resource::InstanceProfile(profile) => Some(&profile.path),
            Resource::OidcProvider(_)
            | Resource::SamlProvider(_)
            | Resource::ServiceLinkedRole(_)
            | Resource::AccountAlias(_)
            | Resource::PasswordPolicy(_) => None,
        }
    }
}

/// The parts of a thing that can differ, under the names the manifest uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The name of a user or group.
    Name,
    /// `path`
    Path,
    /// `description`
    Description,
    /// `max_session_duration`
    MaxSessionDuration,
    /// `trust` or `trust_document`
    Trust,
    /// `document`
    Document,
    /// `permissions_boundary`
    PermissionsBoundary,
    /// `groups` of a user
    Groups,
    /// The members of a group that the manifest does not know.
    Members,
    /// `role` of an instance profile
    Role,
    /// `client_ids` of an OpenID Connect provider
    ClientIds,
    /// `thumbprints` of an OpenID Connect provider
    Thumbprints,
    /// The alias of the account.
    Alias,
    /// `minimum_password_length` of the password policy
    MinimumPasswordLength,
    /// `require_symbols` of the password policy
    RequireSymbols,
    /// `require_numbers` of the password policy
    RequireNumbers,
    /// `require_uppercase_characters` of the password policy
    RequireUppercaseCharacters,
    /// `require_lowercase_characters` of the password policy
    RequireLowercaseCharacters,
    /// `allow_users_to_change_password` of the password policy
    AllowUsersToChangePassword,
    /// `max_password_age` of the password policy
    MaxPasswordAge,
    /// `password_reuse_prevention` of the password policy
    PasswordReusePrevention,
    /// `hard_expiry` of the password policy
    HardExpiry,
    /// `metadata` of a SAML provider
    Metadata,
    /// `policies`
    Policies,
    /// `inline_policies`
    InlinePolicies,
    /// `tags`
    Tags,
    /// The bucket of the master copy.
    Bucket,
    /// The text of the manifest in the master copy.
    Manifest,
    /// What the master copy records as owned.
    Ownership,
}

impl Field {
    /// The manifest's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Field::Name => "name",
            Field::Path => "path",
            Field::Description => "description",
            Field::MaxSessionDuration => "max_session_duration",
            Field::Trust => "trust",
            Field::Document => "document",
            Field::PermissionsBoundary => "permissions_boundary",
            Field::Groups => "groups",
            Field::Members => "members",
            Field::Role => "role",
            Field::ClientIds => "client_ids",
            Field::Thumbprints => "thumbprints",
            Field::Alias => "alias",
            Field::MinimumPasswordLength => "minimum_password_length",
            Field::RequireSymbols => "require_symbols",
            Field::RequireNumbers => "require_numbers",
            Field::RequireUppercaseCharacters => "require_uppercase_characters",
            Field::RequireLowercaseCharacters => "require_lowercase_characters",
            Field::AllowUsersToChangePassword => "allow_users_to_change_password",
            Field::MaxPasswordAge => "max_password_age",
            Field::PasswordReusePrevention => "password_reuse_prevention",
            Field::HardExpiry => "hard_expiry",
            Field::Metadata => "metadata",
            Field::Policies => "policies",
            Field::InlinePolicies => "inline_policies",
            Field::Tags => "tags",
            Field::Bucket => "bucket",
            Field::Manifest => "manifest",
            Field::Ownership => "ownership",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How long a role session may last: between one and twelve hours.
/// Source: the IAM API's `roleMaxSessionDurationType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SessionDuration(u32);

impl SessionDuration {
    /// What AWS takes when nothing is said: one hour.
    pub const DEFAULT: Self = Self(3_600);

    /// A duration in seconds; `None` outside of one to twelve hours.
    #[must_use]
    pub fn from_secs(seconds: u32) -> Option<Self> {
        (3_600..=43_200).contains(&seconds).then_some(Self(seconds))
    }

    /// In seconds.
    #[must_use]
    pub fn as_secs(self) -> u32 {
        self.0
    }
}

impl fmt::Display for SessionDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes, seconds) = (self.0 / 3_600, self.0 / 60 % 60, self.0 % 60);
        write!(f, "{hours}h")?;
        if minutes > 0 || seconds > 0 {
            write!(f, "{minutes}m")?;
        }
        if seconds > 0 {
            write!(f, "{seconds}s")?;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for SessionDuration {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = u32::deserialize(deserializer)?;
        Self::from_secs(seconds)
            .ok_or_else(|| serde::de::Error::custom(format!("{seconds} is not between 3600 and 43200")))
    }
}
