//! Addresses: how people, plans and records name the things that iamctl manages.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::arn::Account;
use crate::names::{
    GroupName, InstanceProfileName, NameError, PolicyName, RoleName, SamlProviderName, ServiceLinkedRoleName,
    UserName,
};
use crate::provider::{OidcProviderArn, OidcProviderUrl};
use crate::saml::SamlProviderArn;

/// The kinds of thing that have an address, in the order in which they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A managed policy of the account.
    Policy,
    /// A group.
    Group,
    /// A user.
    User,
    /// A role.
    Role,
    /// An instance profile: what hands a role to EC2 instances.
    InstanceProfile,
    /// An OpenID Connect provider: whose tokens roles can trust.
    OidcProvider,
    /// The alias of the account.
    AccountAlias,
    /// What the account demands of passwords.
    PasswordPolicy,
    /// A SAML provider: whose assertions roles can trust.
    SamlProvider,
    /// A role that a service of AWS has for itself.
    ServiceLinkedRole,
    /// The copy of manifest and ownership in the S3 bucket.
    MasterCopy,
}

impl Kind {
    /// The kinds of thing that are in an account, in the order in which they are listed.
    pub const IN_ACCOUNT: [Kind; 10] = [
        Kind::Policy,
        Kind::Group,
        Kind::User,
        Kind::Role,
        Kind::ServiceLinkedRole,
        Kind::InstanceProfile,
        Kind::OidcProvider,
        Kind::SamlProvider,
        Kind::AccountAlias,
        Kind::PasswordPolicy,
    ];

    /// Whether things of this kind belong to AWS, which makes and changes them as it likes: they are made where they
    /// are missing, and otherwise only described.
    #[must_use]
    pub fn is_of_aws(self) -> bool {
        self == Kind::ServiceLinkedRole
    }

    /// Whether an account has one at most: it has no name, no unique id of its own, and no date.
    #[must_use]
    pub fn is_setting(self) -> bool {
        matches!(self, Kind::AccountAlias | Kind::PasswordPolicy)
    }

    /// The word in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::MasterCopy => "master_copy",
            Kind::Policy => "policy",
            Kind::Group => "group",
            Kind::User => "user",
            Kind::Role => "role",
            Kind::InstanceProfile => "instance_profile",
            Kind::OidcProvider => "oidc_provider",
            Kind::AccountAlias => "account_alias",
            Kind::PasswordPolicy => "password_policy",
            Kind::SamlProvider => "saml_provider",
            Kind::ServiceLinkedRole => "service_linked_role",
        }
    }

    /// The key in the manifest, and in JSON, under which things of this kind stand.
    #[must_use]
    pub fn section(self) -> &'static str {
        match self {
            Kind::InstanceProfile => "instance_profiles",
            Kind::OidcProvider => "oidc_providers",
            Kind::AccountAlias | Kind::PasswordPolicy => self.as_str(),
            Kind::SamlProvider => "saml_providers",
            Kind::ServiceLinkedRole => "service_linked_roles",
            other => other.plural(),
        }
    }

    /// The word for several of them.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Kind::MasterCopy => "master copies",
            Kind::Policy => "policies",
            Kind::Group => "groups",
            Kind::User => "users",
            Kind::Role => "roles",
            Kind::InstanceProfile => "instance profiles",
            Kind::OidcProvider => "OIDC providers",
            Kind::AccountAlias => "account aliases",
            Kind::PasswordPolicy => "password policies",
            Kind::SamlProvider => "SAML providers",
            Kind::ServiceLinkedRole => "service-linked roles",
        }
    }
}

/// The word in sentences.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::InstanceProfile => "instance profile",
            Kind::OidcProvider => "OIDC provider",
            Kind::AccountAlias => "account alias",
            Kind::PasswordPolicy => "password policy",
            Kind::SamlProvider => "SAML provider",
            Kind::ServiceLinkedRole => "service-linked role",
            other => other.as_str(),
        })
    }
}

/// What policies attach to: AWS's word for users, groups and roles together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// A group.
    Group(GroupName),
    /// A user.
    User(UserName),
    /// A role.
    Role(RoleName),
}

impl Identity {
    /// Its address.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Identity::Group(name) => Address::Group(name.clone()),
            Identity::User(name) => Address::User(name.clone()),
            Identity::Role(name) => Address::Role(name.clone()),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().fmt(f)
    }
}

/// The address of one managed thing: `user/alice`, `policy/s3-read`, `master_copy`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// A managed policy of the account.
    Policy(PolicyName),
    /// A group.
    Group(GroupName),
    /// A user.
    User(UserName),
    /// A role.
    Role(RoleName),
    /// An instance profile.
    InstanceProfile(InstanceProfileName),
    /// An OpenID Connect provider.
    OidcProvider(OidcProviderUrl),
    /// The alias of the account.
    AccountAlias,
    /// What the account demands of passwords.
    PasswordPolicy,
    /// A SAML provider.
    SamlProvider(SamlProviderName),
    /// A service-linked role, by its service: what it is called is for AWS to choose.
    ServiceLinkedRole(ServiceLinkedRoleName),
    /// The master copy itself.
    MasterCopy,
}

impl Address {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Address::MasterCopy => Kind::MasterCopy,
            Address::Policy(_) => Kind::Policy,
            Address::Group(_) => Kind::Group,
            Address::User(_) => Kind::User,
            Address::Role(_) => Kind::Role,
            Address::InstanceProfile(_) => Kind::InstanceProfile,
            Address::OidcProvider(_) => Kind::OidcProvider,
            Address::AccountAlias => Kind::AccountAlias,
            Address::PasswordPolicy => Kind::PasswordPolicy,
            Address::SamlProvider(_) => Kind::SamlProvider,
            Address::ServiceLinkedRole(_) => Kind::ServiceLinkedRole,
        }
    }

    /// The name behind the slash; empty where there is one of the kind only.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Address::AccountAlias | Address::PasswordPolicy | Address::MasterCopy => "",
            Address::Policy(name) => name.as_str(),
            Address::Group(name) => name.as_str(),
            Address::User(name) => name.as_str(),
            Address::Role(name) => name.as_str(),
            Address::InstanceProfile(name) => name.as_str(),
            Address::OidcProvider(url) => url.as_str(),
            Address::SamlProvider(name) => name.as_str(),
            Address::ServiceLinkedRole(name) => name.as_str(),
        }
    }

    /// What trust policies call the identity provider at it; `None` for what is none.
    #[must_use]
    pub fn federated_principal(&self, account: &Account) -> Option<String> {
        match self {
            Address::OidcProvider(url) => Some(OidcProviderArn::new(account, url).as_str().to_owned()),
            Address::SamlProvider(name) => Some(SamlProviderArn::new(account, name).as_str().to_owned()),
            _ => None,
        }
    }

    /// The identity provider that a trust policy names, where it is one that an account can have.
    #[must_use]
    pub fn of_federated_principal(text: &str) -> Option<Address> {
        let oidc = || OidcProviderArn::parse(text).map(|arn| Address::OidcProvider(arn.url().clone()));
        let saml = || SamlProviderArn::parse(text).map(|arn| Address::SamlProvider(arn.name().clone()));
        oidc().or_else(|_| saml()).ok()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::AccountAlias | Address::PasswordPolicy | Address::MasterCopy => {
                f.write_str(self.kind().as_str())
            }
            _ => write!(f, "{}/{}", self.kind().as_str(), self.name()),
        }
    }
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressError {
    /// It has no known kind before a slash.
    Shape(String),
    /// The name is not a name of that kind.
    Name(NameError),
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressError::Shape(text) => {
                write!(
                    f,
                    "`{text}` is not an address: write `user/NAME`, `group/NAME`, `role/NAME`, `policy/NAME`, \
                     `instance_profile/NAME`, `oidc_provider/URL`, `saml_provider/NAME`, \
                     `service_linked_role/SERVICE`, `account_alias` or `password_policy`"
                )
            }
            AddressError::Name(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AddressError {}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let nameless = [Address::AccountAlias, Address::PasswordPolicy, Address::MasterCopy];
        if let Some(address) = nameless.into_iter().find(|address| text == address.kind().as_str()) {
            return Ok(address);
        }
        let shape = || AddressError::Shape(text.to_owned());
        let (kind, name) = text.split_once('/').ok_or_else(shape)?;
        match kind {
            "policy" => PolicyName::parse(name).map(Address::Policy),
            "group" => GroupName::parse(name).map(Address::Group),
            "user" => UserName::parse(name).map(Address::User),
            "role" => RoleName::parse(name).map(Address::Role),
            "instance_profile" => InstanceProfileName::parse(name).map(Address::InstanceProfile),
            "oidc_provider" => OidcProviderUrl::parse(name).map(Address::OidcProvider),
            "saml_provider" => SamlProviderName::parse(name).map(Address::SamlProvider),
            "service_linked_role" => ServiceLinkedRoleName::parse(name).map(Address::ServiceLinkedRole),
            _ => return Err(shape()),
        }
        .map_err(AddressError::Name)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_is_written() {
        for text in [
            "user/alice",
            "group/engineers",
            "role/engineer",
            "policy/s3-read",
            "instance_profile/web",
            "oidc_provider/oidc.eks.eu-west-1.amazonaws.com/id/0A1B",
            "account_alias",
            "password_policy",
            "saml_provider/Okta_1.x-y",
            "service_linked_role/ecs.amazonaws.com",
            "service_linked_role/autoscaling.amazonaws.com/batch",
            "master_copy",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "alice",
            "user/",
            "user/a/b",
            "users/alice",
            "role/a b",
            "password_policy/",
            "account_alias/x",
            "service_linked_role/AWSServiceRoleForECS",
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }
}
