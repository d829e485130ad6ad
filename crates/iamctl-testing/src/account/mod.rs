//! An IAM account in memory that enforces IAM's rules, where a local AWS lets things pass.
//!
//! | rule | error | source |
//! | --- | --- | --- |
//! | a name is unique whatever its case | `EntityAlreadyExists` | IAM User Guide, quotas page |
//! | a call on what is not there | `NoSuchEntity` | IAM API |
//! | deleting what still has children, members, users or credentials | `DeleteConflict` | IAM API, `Delete*` |
//! | more users, groups, roles, policies, instance profiles, attachments or versions than [`MemoryAccount::quotas`] says | `LimitExceeded` | quotas page |
//! | a second role in an instance profile | `LimitExceeded` | quotas page |
//! | a sixth thumbprint, or a hundred and first client id | `LimitExceeded` | quotas page |
//! | a hundred and first OIDC or SAML provider | `LimitExceeded` | quotas page |
//! | a fifty-first tag | `LimitExceeded` | quotas page |
//! | metadata that is no metadata | `InvalidInput` | IAM API, `CreateSAMLProvider` |
//! | documents beyond their size | `LimitExceeded` | quotas page |
//! | a trust policy that names a user or role which is not there | `MalformedPolicyDocument` | Principal page |
//! | deleting a user or role turns its ARN in trust policies into its id | – | Principal page |
//! | an alias that another account has | `EntityAlreadyExists` | alias page |
//! | a second service-linked role of a name, or a suffix where the service takes none | `InvalidInput` | answers of AWS, quoted in issues of Terraform's provider |
//! | changing what belongs to AWS | `UnmodifiableEntity` | IAM API |

mod credentials;
mod group;
mod holdings;
mod instance_profile;
mod oidc_provider;
mod policy;
mod renaming;
mod role;
mod saml_provider;
mod service_linked_role;
mod settings;
mod user;

use std::collections::{BTreeMap, BTreeSet};

use iamctl_apply::{ActionError, ErrorClass, Receipt};
use iamctl_model::{
    Account, Action, Address, Kind, Live, LivePolicy, MfaSerial, Observed, Path, PolicyArn, PolicyName,
    UniqueId,
};
use iamctl_policy::Document;
use jiff::Timestamp;
pub use saml_provider::saml_metadata;

/// The quotas that the account enforces.
#[derive(Debug, Clone)]
struct Quotas {
    /// Those that `GetAccountSummary` tells.
    told: iamctl_model::Quotas,
    oidc_providers: usize,
    saml_providers: usize,
}

impl Default for Quotas {
    /// AWS's defaults. Source: IAM User Guide, "IAM and AWS STS quotas".
    fn default() -> Self {
        let told = iamctl_model::Quotas {
            users: Some(5_000),
            groups: Some(300),
            roles: Some(1_000),
            policies: Some(1_500),
            instance_profiles: Some(1_000),
            policies_of_user: Some(10),
            policies_of_group: Some(10),
            policies_of_role: Some(10),
            groups_of_user: Some(10),
            inline_size_of_user: Some(2_048),
            inline_size_of_group: Some(5_120),
            inline_size_of_role: Some(10_240),
            versions_of_policy: Some(5),
            policy_size: Some(6_144),
            trust_size: Some(2_048),
        };
        Self { told, oidc_providers: 100, saml_providers: 100 }
    }
}

/// The account. What it holds is a [`Live`], so that a test can build one by hand and read it back.
#[derive(Debug, Clone)]
pub struct MemoryAccount {
    live: Live,
    /// The number of the latest version of each policy: ids are never used again.
    latest_versions: BTreeMap<PolicyName, usize>,
    /// Virtual MFA devices that no user has.
    unassigned_devices: Vec<MfaSerial>,
    aliases_of_others: BTreeSet<String>,
    quotas: Quotas,
    ids: usize,
    now: Timestamp,
}

fn error(class: ErrorClass, code: &str, message: String) -> ActionError {
    ActionError { class, code: Some(code.to_owned()), message, request_id: None }
}

fn missing(what: impl std::fmt::Display) -> ActionError {
    error(ErrorClass::Lagging, "NoSuchEntity", format!("{what} cannot be found."))
}

fn exists(what: impl std::fmt::Display) -> ActionError {
    error(ErrorClass::Refused, "EntityAlreadyExists", format!("{what} already exists."))
}

fn conflict(message: &str) -> ActionError {
    error(ErrorClass::Lagging, "DeleteConflict", message.to_owned())
}

fn limit(message: String) -> ActionError {
    error(ErrorClass::Refused, "LimitExceeded", message)
}

fn malformed(message: String) -> ActionError {
    error(ErrorClass::Lagging, "MalformedPolicyDocument", message)
}

impl MemoryAccount {
    /// An account that holds this already. Time begins at `now` and moves by a second with each call.
    #[must_use]
    pub fn new(live: Live, now: Timestamp) -> Self {
        let latest = |policy: &LivePolicy| {
            policy.versions.iter().filter_map(|version| version.id.0.strip_prefix('v')?.parse().ok()).max()
        };
        let latest_versions =
            live.policies.iter().map(|(name, policy)| (name.clone(), latest(policy).unwrap_or(0))).collect();
        Self {
            live,
            latest_versions,
            unassigned_devices: Vec::new(),
            aliases_of_others: BTreeSet::new(),
            quotas: Quotas::default(),
            ids: 0,
            now,
        }
    }

    /// An empty account.
    #[must_use]
    pub fn empty(account: Account) -> Self {
        Self::new(Live::empty(account), Timestamp::UNIX_EPOCH)
    }

    /// Has these quotas from now on, those that are `None` as before, and tells them to readers.
    pub fn tell_quotas(&mut self, quotas: &iamctl_model::Quotas) {
        self.set_quotas(quotas);
        self.live.quotas = Observed::Read(self.quotas.told.clone());
    }

    /// The same, but readers are told nothing.
    pub fn set_quotas(&mut self, quotas: &iamctl_model::Quotas) {
        let told = &mut self.quotas.told;
        for (has, is) in [
            (&mut told.users, quotas.users),
            (&mut told.groups, quotas.groups),
            (&mut told.roles, quotas.roles),
            (&mut told.policies, quotas.policies),
            (&mut told.instance_profiles, quotas.instance_profiles),
            (&mut told.policies_of_user, quotas.policies_of_user),
            (&mut told.policies_of_group, quotas.policies_of_group),
            (&mut told.policies_of_role, quotas.policies_of_role),
            (&mut told.groups_of_user, quotas.groups_of_user),
            (&mut told.inline_size_of_user, quotas.inline_size_of_user),
            (&mut told.inline_size_of_group, quotas.inline_size_of_group),
            (&mut told.inline_size_of_role, quotas.inline_size_of_role),
            (&mut told.versions_of_policy, quotas.versions_of_policy),
            (&mut told.policy_size, quotas.policy_size),
            (&mut told.trust_size, quotas.trust_size),
        ] {
            *has = is.or(*has);
        }
    }

    /// The quotas that the account enforces, of those that `GetAccountSummary` tells.
    #[must_use]
    pub fn quotas(&self) -> &iamctl_model::Quotas {
        &self.quotas.told
    }

    /// Has room for this many OIDC and SAML providers each from now on.
    pub fn set_most_providers(&mut self, oidc_providers: usize, saml_providers: usize) {
        self.quotas.oidc_providers = oidc_providers;
        self.quotas.saml_providers = saml_providers;
    }

    /// Whether there is room for one more of a kind.
    fn check_room(&self, action: &Action) -> Result<(), ActionError> {
        let kind = action.subject().kind();
        let most = match kind {
            Kind::OidcProvider => Some(self.quotas.oidc_providers),
            Kind::SamlProvider => Some(self.quotas.saml_providers),
            _ => self.quotas.told.of_kind(kind),
        };
        match most.filter(|_| action.creates()) {
            Some(most) if self.live.count(kind) >= most => {
                Err(limit(format!("Cannot exceed quota for {}PerAccount: {most}", kind.section())))
            }
            _ => Ok(()),
        }
    }

    /// How many policies may be attached to one thing of a kind, and how long its inline policies may be.
    fn most_of_policies(&self, kind: Kind) -> (Option<usize>, Option<usize>) {
        (self.quotas.told.attached_to(kind), self.quotas.told.inline_size(kind))
    }

    /// What the account holds, as a reader would see it.
    #[must_use]
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// The time of the latest call.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Makes one call.
    ///
    /// # Errors
    ///
    /// As IAM would answer it. A call that fails changes nothing.
    pub fn perform(&mut self, action: &Action) -> Result<Receipt, ActionError> {
        let seconds = self.now.as_second().saturating_add(1);
        self.now = Timestamp::from_second(seconds).unwrap_or(self.now);
        self.check_room(action)?;
        if let Some((from, to)) = action.renames() {
            self.check_rename(&from, &to)?;
            self.rename(&from, &to);
        }
        let address = action.subject();
        if let Some(resource) = self.live.resource(&address, None)
            && resource.path().is_some_and(Path::is_reserved)
        {
            let message = format!("Cannot perform the operation on the protected {address}.");
            return Err(error(ErrorClass::Refused, "UnmodifiableEntity", message));
        }
        let created = match &address {
            Address::User(name) => self.on_user(name, action)?,
            Address::Group(name) => self.on_group(name, action)?,
            Address::Role(name) => self.on_role(name, action)?,
            Address::Policy(name) => self.on_policy(name, action)?,
            Address::InstanceProfile(name) => self.on_instance_profile(name, action)?,
            Address::OidcProvider(url) => self.on_oidc_provider(url, action)?,
            Address::AccountAlias => self.on_account_alias(action)?,
            Address::PasswordPolicy => self.on_password_policy(action)?,
            Address::SamlProvider(name) => self.on_saml_provider(name, action)?,
            Address::ServiceLinkedRole(name) => self.on_service_linked_role(name, action)?,
            Address::MasterCopy => None,
        };
        Ok(Receipt { created, ..Receipt::default() })
    }

    fn new_id(&mut self, prefix: &str) -> UniqueId {
        self.ids = self.ids.saturating_add(1);
        UniqueId(format!("{prefix}{:017}", self.ids))
    }

    /// AWS's own policies are taken to exist; the account's own must.
    fn check_policy(&self, arn: &PolicyArn) -> Result<(), ActionError> {
        let there = self.live.policies.get(&arn.policy_name()).is_some_and(|policy| policy.arn == *arn);
        if there || arn.is_aws_managed() { Ok(()) } else { Err(missing(format!("Policy {arn}"))) }
    }
}

fn check_size(document: &Document, most: Option<usize>, quota: &str) -> Result<(), ActionError> {
    if let Some(most) = most.filter(|most| document.quota_size() > *most) {
        return Err(limit(format!("Cannot exceed quota for {quota}: {most}")));
    }
    Ok(())
}
