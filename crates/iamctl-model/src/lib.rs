//! The data of iamctl: names, addresses, resources, what is wanted, what is there, and the plan that
//! leads from one to the other.
//!
//! Every type guards its own invariants at construction; no type does any work. The stages are in
//! other crates: `iamctl-spec` makes a [`Desired`], `iamctl-aws` a [`Live`], `iamctl-diff` a [`Plan`],
//! and `iamctl-apply` carries the plan out.
//!
//! ```
//! use iamctl_model::{Account, AccountId, PolicyArn, PolicyName, Partition, Path};
//!
//! let account = Account { id: AccountId::parse("123456789012")?, partition: Partition::aws() };
//! let arn = PolicyArn::new(&account, &Path::root(), &PolicyName::parse("s3-read")?);
//! assert_eq!(arn.as_str(), "arn:aws:iam::123456789012:policy/s3-read");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod action;
mod address;
mod arn;
mod caller;
mod change;
mod credentials;
mod desired;
mod live;
mod names;
mod organization;
mod ownership;
mod plan;
mod provider;
mod quotas;
mod resource;
mod saml;
mod service_linked;
mod settings;
mod tags;

pub use action::Action;
pub use address::{Address, AddressError, Identity, Kind};
pub use arn::{Account, AccountId, ArnError, Partition, PolicyArn, PrincipalArn};
pub use caller::Caller;
pub use change::{Cause, Change, ChangeAction};
pub use credentials::{AccessKey, Credentials, KeyStatus, MfaSerial, ServiceCredential};
pub use desired::{
    AccessTest, ContextValue, Desired, Expectation, IgnoreRule, IgnoredItem, Managed, ManifestName,
    MasterCopy, Mfa, Pattern, TestContext, TestPrincipal, TestPrincipalKind, TestResource,
};
pub use live::{
    Live, LiveGroup, LiveInstanceProfile, LiveOidcProvider, LivePolicy, LiveRole, LiveSamlProvider,
    LiveSetting, LiveUser, Observed, OidcProviderDetails, PolicyVersion, RoleDetails, SamlProviderDetails,
    UniqueId, VersionId,
};
pub use names::{
    GroupName, InstanceProfileName, NameError, Path, PolicyName, RoleName, SamlProviderName,
    ServiceLinkedRoleName, UserName,
};
pub use organization::{Organization, OrganizationPolicy};
pub use ownership::{Owned, Ownership, Sibling, UnfinishedRun};
pub use plan::{Guard, Hazard, HazardKind, Note, Plan, Refusal, Step, StepId};
pub use provider::{OidcProviderArn, OidcProviderUrl};
pub use quotas::Quotas;
pub use resource::{
    Field, Group, InstanceProfile, OidcProvider, Policy, Resource, Role, SamlProvider, SessionDuration, User,
};
pub use saml::{MetadataError, MetadataFacts, SamlMetadata, SamlProviderArn};
pub use service_linked::{ServiceLinkedRole, trusted as trusted_service_linked_roles};
pub use settings::{AccountAlias, Alias, AliasError, PasswordPolicy, Within};
pub use tags::Tags;
