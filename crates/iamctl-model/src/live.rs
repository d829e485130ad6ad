//! What is in the account, as it was read. It is old the moment it exists, and it may be incomplete:
//! what was not read is [`Observed::NotRead`], never empty.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use iamctl_policy::Document;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::{Address, Kind};
use crate::arn::{Account, PolicyArn};
use crate::credentials::Credentials;
use crate::names::{
    GroupName, InstanceProfileName, Path, PolicyName, RoleName, SamlProviderName, ServiceLinkedRoleName,
    UserName,
};
use crate::provider::OidcProviderUrl;
use crate::quotas::Quotas;
use crate::resource::{
    Group, InstanceProfile, OidcProvider, Policy, Resource, Role, SamlProvider, SessionDuration, User,
};
use crate::saml::SamlMetadata;
use crate::service_linked::ServiceLinkedRole;
use crate::settings::{AccountAlias, PasswordPolicy};
use crate::tags::Tags;

/// A value that AWS's answer may not have held.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed<T> {
    /// It was not read: it is not compared, and never a reason to change or delete.
    #[default]
    NotRead,
    /// It was read.
    Read(T),
}

impl<T> Observed<T> {
    /// Whether it was not read.
    #[must_use]
    pub fn is_not_read(&self) -> bool {
        matches!(self, Observed::NotRead)
    }

    /// The value, or what stands in where it was not read.
    pub fn unwrap_or(self, stand_in: T) -> T {
        match self {
            Observed::NotRead => stand_in,
            Observed::Read(value) => value,
        }
    }

    /// The value, when it was read.
    pub fn as_ref(&self) -> Option<&T> {
        match self {
            Observed::NotRead => None,
            Observed::Read(value) => Some(value),
        }
    }

    /// The value, when it was read.
    pub fn as_mut(&mut self) -> Option<&mut T> {
        match self {
            Observed::NotRead => None,
            Observed::Read(value) => Some(value),
        }
    }
}

/// AWS's own name for one life of a thing: `AIDA…`, `AROA…`, `ANPA…`, `AGPA…`, `AIPA…`. A thing that was
/// deleted and made again under its name has another one. Where a kind has none, its ARN stands in, and of a
/// setting the id of the account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UniqueId(pub String);

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A user that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveUser {
    /// Its unique id.
    pub id: UniqueId,
    /// When it was made.
    pub created: Timestamp,
    /// What it is.
    pub value: User,
    /// What it can sign in with: read only of users that are about to be deleted.
    #[serde(default)]
    pub credentials: Observed<Credentials>,
}

/// A group that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveGroup {
    /// Its unique id.
    pub id: UniqueId,
    /// When it was made.
    pub created: Timestamp,
    /// What it is; members are those users that name it.
    pub value: Group,
}

/// What `ListRoles` knows of a role and `GetAccountAuthorizationDetails` does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleDetails {
    /// What it is for; empty for none.
    pub description: String,
    /// How long a session of it may last at most.
    pub max_session_duration: SessionDuration,
}

/// A role that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveRole {
    /// Its unique id.
    pub id: UniqueId,
    /// When it was made.
    pub created: Timestamp,
    /// Its path.
    pub path: Path,
    /// Description and session duration.
    pub details: Observed<RoleDetails>,
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
    /// The instance profiles that hold it; it cannot be deleted while there are any.
    pub instance_profiles: Vec<InstanceProfileName>,
}

impl LiveRole {
    /// What it is, with what was not read taken from the wanted role, so that it does not differ.
    #[must_use]
    pub fn against(&self, wanted: Option<&Role>) -> Role {
        let (description, max_session_duration) = match (&self.details, wanted) {
            (Observed::Read(details), _) => (details.description.clone(), details.max_session_duration),
            (Observed::NotRead, Some(wanted)) => (wanted.description.clone(), wanted.max_session_duration),
            (Observed::NotRead, None) => (String::new(), SessionDuration::DEFAULT),
        };
        Role {
            path: self.path.clone(),
            description,
            max_session_duration,
            trust: self.trust.clone(),
            tags: self.tags.clone(),
            policies: self.policies.clone(),
            inline_policies: self.inline_policies.clone(),
            permissions_boundary: self.permissions_boundary.clone(),
        }
    }
}

impl LiveRole {
    /// What it is as a service-linked role, with a description that was not read taken from the wanted one.
    fn as_service_linked(&self, wanted: Option<&ServiceLinkedRole>) -> ServiceLinkedRole {
        let description = match &self.details {
            Observed::Read(details) => Some(&details.description).filter(|text| !text.is_empty()).cloned(),
            Observed::NotRead => wanted.and_then(|wanted| wanted.description.clone()),
        };
        ServiceLinkedRole { description }
    }
}

/// The id of one version of a managed policy: `v1`, `v2`, …
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionId(pub String);

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One version of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// Its id.
    pub id: VersionId,
    /// Whether it is the version in force.
    pub is_default: bool,
    /// When it was made.
    pub created: Timestamp,
    /// Its text.
    pub document: Document,
}

/// A managed policy that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LivePolicy {
    /// Its unique id.
    pub id: UniqueId,
    /// Its ARN.
    pub arn: PolicyArn,
    /// When it was made.
    pub created: Timestamp,
    /// Its path.
    pub path: Path,
    /// What it is for; empty for none.
    pub description: String,
    /// Its tags: not part of `GetAccountAuthorizationDetails`, one call for each policy.
    pub tags: Observed<Tags>,
    /// All its versions, in no particular order; exactly one is the default.
    pub versions: Vec<PolicyVersion>,
}

impl LivePolicy {
    /// The version in force.
    #[must_use]
    pub fn default_version(&self) -> Option<&PolicyVersion> {
        self.versions.iter().find(|version| version.is_default)
    }

    /// What it is, with what was not read taken from the wanted policy, so that it does not differ.
    /// `None` for a policy without a default version, which AWS does not have.
    #[must_use]
    pub fn against(&self, wanted_tags: &Tags) -> Option<Policy> {
        Some(Policy {
            path: self.path.clone(),
            description: self.description.clone(),
            tags: self.tags.clone().unwrap_or(wanted_tags.clone()),
            document: self.default_version()?.document.clone(),
        })
    }
}

/// An instance profile that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveInstanceProfile {
    /// Its unique id.
    pub id: UniqueId,
    /// When it was made.
    pub created: Timestamp,
    /// Its path.
    pub path: Path,
    /// The role that it holds.
    pub role: Option<RoleName>,
    /// Its tags: not part of `ListInstanceProfiles`, one call for each instance profile.
    pub tags: Observed<Tags>,
}

impl LiveInstanceProfile {
    /// What it is, with what was not read taken from the wanted one, so that it does not differ.
    #[must_use]
    pub fn against(&self, wanted_tags: &Tags) -> InstanceProfile {
        InstanceProfile {
            path: self.path.clone(),
            role: self.role.clone(),
            tags: self.tags.clone().unwrap_or(wanted_tags.clone()),
        }
    }
}

/// An OpenID Connect provider that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveOidcProvider {
    /// Its ARN: AWS gives it no id.
    pub id: UniqueId,
    /// What it is: not part of `ListOpenIDConnectProviders`, one call for each provider.
    pub details: Observed<OidcProviderDetails>,
}

/// What `GetOpenIDConnectProvider` tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OidcProviderDetails {
    /// When it was made.
    pub created: Timestamp,
    /// The audiences whose tokens it takes.
    pub client_ids: BTreeSet<String>,
    /// The certificates that its keys may be served under.
    pub thumbprints: BTreeSet<String>,
    /// Its tags.
    pub tags: Tags,
}

impl LiveOidcProvider {
    /// What it is, as the wanted one where its details were not read, so that it does not differ. The thumbprints
    /// that AWS chose are no part of it where nobody asked for any.
    #[must_use]
    pub fn against(&self, wanted: Option<&OidcProvider>) -> Option<OidcProvider> {
        match (&self.details, wanted) {
            (Observed::Read(details), _) => Some(OidcProvider {
                client_ids: details.client_ids.clone(),
                thumbprints: Some(details.thumbprints.clone()),
                tags: details.tags.clone(),
            }),
            (Observed::NotRead, wanted) => wanted.cloned(),
        }
    }
}

/// A setting of the account that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveSetting<T> {
    /// The id of the account, whose only one it is.
    pub id: UniqueId,
    /// What it is.
    pub value: T,
}

/// A SAML provider that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveSamlProvider {
    /// Its ARN: the id that AWS gives it is told neither by the list nor when it is made.
    pub id: UniqueId,
    /// When it was made.
    pub created: Timestamp,
    /// What it is: not part of `ListSAMLProviders`, one call for each provider.
    pub details: Observed<SamlProviderDetails>,
}

/// What `GetSAMLProvider` tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlProviderDetails {
    /// The metadata document of the identity provider.
    pub metadata: SamlMetadata,
    /// Its tags.
    pub tags: Tags,
}

impl LiveSamlProvider {
    /// What it is, as the wanted one where its details were not read, so that it does not differ.
    #[must_use]
    pub fn against(&self, wanted: Option<&SamlProvider>) -> Option<SamlProvider> {
        match (&self.details, wanted) {
            (Observed::Read(details), _) => {
                Some(SamlProvider { metadata: details.metadata.clone(), tags: details.tags.clone() })
            }
            (Observed::NotRead, wanted) => wanted.cloned(),
        }
    }
}

/// Everything that was read from one account.
///
/// Service-linked roles and `/aws-reserved/` are in it, so that they can be counted and named; nothing
/// ever changes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The account that was read.
    pub account: Account,
    /// Its managed policies, without those of AWS.
    pub policies: BTreeMap<PolicyName, LivePolicy>,
    /// Its groups.
    pub groups: BTreeMap<GroupName, LiveGroup>,
    /// Its users.
    pub users: BTreeMap<UserName, LiveUser>,
    /// Its roles.
    pub roles: BTreeMap<RoleName, LiveRole>,
    /// Its instance profiles: read only where somebody manages one.
    #[serde(default)]
    pub instance_profiles: Observed<BTreeMap<InstanceProfileName, LiveInstanceProfile>>,
    /// Its OpenID Connect providers: read only where somebody manages one.
    #[serde(default)]
    pub oidc_providers: Observed<BTreeMap<OidcProviderUrl, LiveOidcProvider>>,
    /// Its alias, if it has one: read only where somebody manages it.
    #[serde(default)]
    pub account_alias: Observed<Option<LiveSetting<AccountAlias>>>,
    /// What it demands of passwords, if anything of its own: read only where somebody manages it.
    #[serde(default)]
    pub password_policy: Observed<Option<LiveSetting<PasswordPolicy>>>,
    /// Its SAML providers: read only where somebody manages one.
    #[serde(default)]
    pub saml_providers: Observed<BTreeMap<SamlProviderName, LiveSamlProvider>>,
    /// When users and roles were last used, as far as that was read: of roles AWS remembers 400 days, of
    /// others since 2014 or later. `None` is not in that time. It says nothing about what they are.
    /// Source: IAM API, `RoleLastUsed`, `User`, `AccessKeyLastUsed`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub last_used: BTreeMap<Address, Option<Timestamp>>,
    /// What it may hold: read only where something is made.
    #[serde(default, skip_serializing_if = "Observed::is_not_read")]
    pub quotas: Observed<Quotas>,
}

impl Live {
    /// An account without anything, all of which was read.
    #[must_use]
    pub fn empty(account: Account) -> Self {
        Self {
            instance_profiles: Observed::Read(BTreeMap::new()),
            oidc_providers: Observed::Read(BTreeMap::new()),
            account_alias: Observed::Read(None),
            password_policy: Observed::Read(None),
            saml_providers: Observed::Read(BTreeMap::new()),
            ..Self::unread(account)
        }
    }

    /// An account of which nothing is known yet: of what is always read there is nothing so far, and the rest was
    /// not read.
    #[must_use]
    pub fn unread(account: Account) -> Self {
        Self {
            account,
            policies: BTreeMap::new(),
            groups: BTreeMap::new(),
            users: BTreeMap::new(),
            roles: BTreeMap::new(),
            instance_profiles: Observed::NotRead,
            oidc_providers: Observed::NotRead,
            account_alias: Observed::NotRead,
            password_policy: Observed::NotRead,
            saml_providers: Observed::NotRead,
            last_used: BTreeMap::new(),
            quotas: Observed::NotRead,
        }
    }

    /// Whether the things of a kind were read at all. Of a kind that was not, nothing is known: not even
    /// that there are none.
    #[must_use]
    pub fn has_read(&self, kind: Kind) -> bool {
        match kind {
            Kind::MasterCopy
            | Kind::Policy
            | Kind::Group
            | Kind::User
            | Kind::Role
            | Kind::ServiceLinkedRole => true,
            Kind::InstanceProfile => self.instance_profiles.as_ref().is_some(),
            Kind::OidcProvider => self.oidc_providers.as_ref().is_some(),
            Kind::AccountAlias => self.account_alias.as_ref().is_some(),
            Kind::PasswordPolicy => self.password_policy.as_ref().is_some(),
            Kind::SamlProvider => self.saml_providers.as_ref().is_some(),
        }
    }

    /// The instance profile of a name, when it was read and is there.
    #[must_use]
    pub fn instance_profile(&self, name: &InstanceProfileName) -> Option<&LiveInstanceProfile> {
        self.instance_profiles.as_ref()?.get(name)
    }

    /// The OpenID Connect provider of a URL, when it was read and is there.
    #[must_use]
    pub fn oidc_provider(&self, url: &OidcProviderUrl) -> Option<&LiveOidcProvider> {
        self.oidc_providers.as_ref()?.get(url)
    }

    /// The alias, when it was read and there is one.
    #[must_use]
    pub fn account_alias(&self) -> Option<&LiveSetting<AccountAlias>> {
        self.account_alias.as_ref()?.as_ref()
    }

    /// The password policy, when it was read and there is one.
    #[must_use]
    pub fn password_policy(&self) -> Option<&LiveSetting<PasswordPolicy>> {
        self.password_policy.as_ref()?.as_ref()
    }

    /// The unique id of settings of this account.
    #[must_use]
    pub fn id_of_settings(&self) -> UniqueId {
        UniqueId(self.account.id.to_string())
    }

    /// The SAML provider of a name, when it was read and is there.
    #[must_use]
    pub fn saml_provider(&self, name: &SamlProviderName) -> Option<&LiveSamlProvider> {
        self.saml_providers.as_ref()?.get(name)
    }

    /// The role of a service that is meant by a name: one of the roles, under whatever name AWS gave it.
    #[must_use]
    pub fn service_linked_role(&self, name: &ServiceLinkedRoleName) -> Option<(&RoleName, &LiveRole)> {
        let found = name.among(self.roles.iter().map(|(role, found)| (role, &found.path)))?;
        self.roles.get_key_value(found)
    }

    /// The roles whose trust policies name the identity provider of an ARN.
    pub fn roles_trusting(&self, provider: &str) -> impl Iterator<Item = &RoleName> {
        let names_it = move |trust: &Document| trust.federated_principals().any(|text| text == provider);
        self.roles.iter().filter(move |(_, role)| names_it(&role.trust)).map(|(name, _)| name)
    }

    /// The addresses of all that is there, with their unique ids. Service-linked roles are there as roles, by the
    /// names that AWS gave them.
    pub fn addresses(&self) -> impl Iterator<Item = (Address, &UniqueId)> {
        let policies = self.policies.iter().map(|(name, policy)| (Address::Policy(name.clone()), &policy.id));
        let groups = self.groups.iter().map(|(name, group)| (Address::Group(name.clone()), &group.id));
        let users = self.users.iter().map(|(name, user)| (Address::User(name.clone()), &user.id));
        let roles = self.roles.iter().map(|(name, role)| (Address::Role(name.clone()), &role.id));
        let profiles = self.instance_profiles.as_ref().into_iter().flatten();
        let profiles = profiles.map(|(name, found)| (Address::InstanceProfile(name.clone()), &found.id));
        let providers = self.oidc_providers.as_ref().into_iter().flatten();
        let providers = providers.map(|(url, found)| (Address::OidcProvider(url.clone()), &found.id));
        let saml_providers = self.saml_providers.as_ref().into_iter().flatten();
        let saml_providers =
            saml_providers.map(|(name, found)| (Address::SamlProvider(name.clone()), &found.id));
        let providers = providers.chain(saml_providers);
        let alias = self.account_alias().map(|found| (Address::AccountAlias, &found.id));
        let passwords = self.password_policy().map(|found| (Address::PasswordPolicy, &found.id));
        let settings = alias.into_iter().chain(passwords);
        policies.chain(groups).chain(users).chain(roles).chain(profiles).chain(providers).chain(settings)
    }

    /// The unique id of the thing at an address.
    #[must_use]
    pub fn id(&self, address: &Address) -> Option<&UniqueId> {
        match address {
            Address::MasterCopy => None,
            Address::Policy(name) => self.policies.get(name).map(|policy| &policy.id),
            Address::Group(name) => self.groups.get(name).map(|group| &group.id),
            Address::User(name) => self.users.get(name).map(|user| &user.id),
            Address::Role(name) => self.roles.get(name).map(|role| &role.id),
            Address::InstanceProfile(name) => self.instance_profile(name).map(|profile| &profile.id),
            Address::OidcProvider(url) => self.oidc_provider(url).map(|provider| &provider.id),
            Address::AccountAlias => self.account_alias().map(|alias| &alias.id),
            Address::PasswordPolicy => self.password_policy().map(|policy| &policy.id),
            Address::SamlProvider(name) => self.saml_provider(name).map(|provider| &provider.id),
            Address::ServiceLinkedRole(name) => self.service_linked_role(name).map(|(_, role)| &role.id),
        }
    }

    /// When the thing at an address was made.
    #[must_use]
    pub fn created(&self, address: &Address) -> Option<Timestamp> {
        match address {
            // AWS does not tell since when settings are what they are.
            Address::AccountAlias | Address::PasswordPolicy | Address::MasterCopy => None,
            Address::Policy(name) => self.policies.get(name).map(|policy| policy.created),
            Address::Group(name) => self.groups.get(name).map(|group| group.created),
            Address::User(name) => self.users.get(name).map(|user| user.created),
            Address::Role(name) => self.roles.get(name).map(|role| role.created),
            Address::InstanceProfile(name) => self.instance_profile(name).map(|profile| profile.created),
            Address::OidcProvider(url) => {
                self.oidc_provider(url)?.details.as_ref().map(|details| details.created)
            }
            Address::SamlProvider(name) => self.saml_provider(name).map(|provider| provider.created),
            Address::ServiceLinkedRole(name) => self.service_linked_role(name).map(|(_, role)| role.created),
        }
    }

    /// What the thing at an address is, with what was not read taken from `wanted` where that is of
    /// the same kind.
    #[must_use]
    pub fn resource(&self, address: &Address, wanted: Option<&Resource>) -> Option<Resource> {
        let wanted_tags = || wanted.and_then(Resource::tags).cloned().unwrap_or_default();
        match address {
            Address::MasterCopy => None,
            Address::Policy(name) => self.policies.get(name)?.against(&wanted_tags()).map(Resource::Policy),
            Address::Group(name) => self.groups.get(name).map(|group| Resource::Group(group.value.clone())),
            Address::User(name) => self.users.get(name).map(|user| Resource::User(user.value.clone())),
            Address::Role(name) => {
                let wanted = match wanted {
                    Some(Resource::Role(role)) => Some(role),
                    _ => None,
                };
                self.roles.get(name).map(|role| Resource::Role(role.against(wanted)))
            }
            Address::InstanceProfile(name) => {
                let found = self.instance_profile(name)?;
                Some(Resource::InstanceProfile(found.against(&wanted_tags())))
            }
            Address::OidcProvider(url) => {
                let wanted = match wanted {
                    Some(Resource::OidcProvider(provider)) => Some(provider),
                    _ => None,
                };
                self.oidc_provider(url)?.against(wanted).map(Resource::OidcProvider)
            }
            Address::AccountAlias => {
                self.account_alias().map(|found| Resource::AccountAlias(found.value.clone()))
            }
            Address::PasswordPolicy => {
                self.password_policy().map(|found| Resource::PasswordPolicy(found.value.clone()))
            }
            Address::SamlProvider(name) => {
                let wanted = match wanted {
                    Some(Resource::SamlProvider(provider)) => Some(provider),
                    _ => None,
                };
                self.saml_provider(name)?.against(wanted).map(Resource::SamlProvider)
            }
            Address::ServiceLinkedRole(name) => {
                let wanted = match wanted {
                    Some(Resource::ServiceLinkedRole(role)) => Some(role),
                    _ => None,
                };
                let (_, found) = self.service_linked_role(name)?;
                Some(Resource::ServiceLinkedRole(found.as_service_linked(wanted)))
            }
        }
    }

    /// The name at an address as AWS spells it; `None` also for service-linked roles, which it calls otherwise.
    #[must_use]
    pub fn spelling(&self, address: &Address) -> Option<&str> {
        match address {
            Address::AccountAlias
            | Address::PasswordPolicy
            | Address::ServiceLinkedRole(_)
            | Address::MasterCopy => None,
            Address::Policy(name) => self.policies.get_key_value(name).map(|(name, _)| name.as_str()),
            Address::Group(name) => self.groups.get_key_value(name).map(|(name, _)| name.as_str()),
            Address::User(name) => self.users.get_key_value(name).map(|(name, _)| name.as_str()),
            Address::Role(name) => self.roles.get_key_value(name).map(|(name, _)| name.as_str()),
            Address::InstanceProfile(name) => {
                self.instance_profiles.as_ref()?.get_key_value(name).map(|(name, _)| name.as_str())
            }
            Address::OidcProvider(url) => {
                self.oidc_providers.as_ref()?.get_key_value(url).map(|(url, _)| url.as_str())
            }
            Address::SamlProvider(name) => {
                self.saml_providers.as_ref()?.get_key_value(name).map(|(name, _)| name.as_str())
            }
        }
    }

    /// How many things of a kind there are.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::MasterCopy => 0,
            Kind::Policy => self.policies.len(),
            Kind::Group => self.groups.len(),
            Kind::User => self.users.len(),
            Kind::Role => self.roles.len(),
            Kind::InstanceProfile => self.instance_profiles.as_ref().map_or(0, BTreeMap::len),
            Kind::OidcProvider => self.oidc_providers.as_ref().map_or(0, BTreeMap::len),
            Kind::AccountAlias => usize::from(self.account_alias().is_some()),
            Kind::PasswordPolicy => usize::from(self.password_policy().is_some()),
            Kind::SamlProvider => self.saml_providers.as_ref().map_or(0, BTreeMap::len),
            Kind::ServiceLinkedRole => {
                self.roles.values().filter(|role| role.path.is_service_linked()).count()
            }
        }
    }
}
