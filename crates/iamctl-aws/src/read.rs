//! Reading the account: as few calls as AWS allows, and no conclusion from a part of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sdk_iam as iam;
use aws_sdk_iam::types::EntityType;
use futures_util::{StreamExt, TryStreamExt, stream};
use iam::types::{GroupDetail, ManagedPolicyDetail, Role, RoleDetail, UserDetail};
use iamctl_apply::ErrorClass;
use iamctl_model::{
    Account, Address, InstanceProfileName, Kind, Live, LiveRole, Observed, OidcProviderUrl, Path, PolicyArn,
    PolicyName, RoleDetails, RoleName, SamlProviderName, Tags, UniqueId,
};

use crate::connect::Aws;
use crate::convert;
use crate::credentials::{CredentialsProblem, Origin};
use crate::failure::Failure;
use crate::pages::Markers;
use crate::patience::Patience;
use crate::read_error::ReadError;
use crate::{read_instance_profiles, read_oidc_providers, read_saml_providers};

/// What is read beyond what two list calls give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The managed policies whose tags matter: each costs one call.
    pub tags_of_policies: BTreeSet<PolicyName>,
    /// Whether instance profiles are read, and of which the tags: each of these costs one call.
    pub instance_profiles: Option<BTreeSet<InstanceProfileName>>,
    /// Whether OpenID Connect providers are read, and of which more than that they are there: each of these
    /// costs one call.
    pub oidc_providers: Option<BTreeSet<OidcProviderUrl>>,
    /// The settings of the account that are read: each costs one call.
    pub settings: BTreeSet<Kind>,
    /// Whether SAML providers are read, and of which metadata and tags: each of these costs one call.
    pub saml_providers: Option<BTreeSet<SamlProviderName>>,
}

const DETAILS: &str = "iam:GetAccountAuthorizationDetails";
const ROLES: &str = "iam:ListRoles";
const POLICY_TAGS: &str = "iam:ListPolicyTags";

/// The most objects a page can hold; AWS may send fewer.
pub(crate) const PAGE: i32 = 1000;

/// Reads in flight at once, for calls that are made one for each object. IAM begins to throttle
/// readers somewhere above twenty a second.
pub(crate) const CONCURRENT_READS: usize = 4;

impl Aws {
    /// Reads all users, groups, roles and managed policies of the account, and instance profiles and
    /// identity providers, and settings of the account, where the scope says so.
    ///
    /// It takes one GetAccountAuthorizationDetails and one ListRoles for every thousand objects, side
    /// by side, and then one ListPolicyTags for each policy of the scope that is there. What is read
    /// twice must agree; while it does not, all is read again, with growing waits, before it is an error.
    ///
    /// # Errors
    ///
    /// Also when anything about the answers is odd: a part of an account is never returned as if it
    /// were all of it.
    pub async fn read_live(&self, account: &Account, scope: &Scope) -> Result<Live, ReadError> {
        self.read_live_within(account, scope, Patience::default()).await
    }

    /// The same with a chosen patience for lists that contradict each other: what somebody else does to an
    /// account while it is read is no reason to fail.
    ///
    /// # Errors
    ///
    /// As [`read_live`](Self::read_live).
    pub async fn read_live_within(
        &self,
        account: &Account,
        scope: &Scope,
        patience: Patience,
    ) -> Result<Live, ReadError> {
        let reader = Reader { client: self.iam_client(), origin: &self.origin };
        for wait in patience.waits() {
            match reader.read(account, scope).await {
                Err(ReadError::Inconsistent { .. }) => tokio::time::sleep(wait).await,
                outcome => return outcome,
            }
        }
        reader.read(account, scope).await
    }

    /// Reads the tags of these policies into a live state that was read without them.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read, also because it is not there any more.
    pub async fn read_policy_tags(
        &self,
        live: &mut Live,
        policies: &BTreeSet<PolicyName>,
    ) -> Result<(), ReadError> {
        Reader { client: self.iam_client(), origin: &self.origin }.add_tags(live, policies).await
    }
}

pub(crate) struct Reader<'a> {
    pub(crate) client: iam::Client,
    pub(crate) origin: &'a Origin,
}

/// Everything that GetAccountAuthorizationDetails said, over all pages.
#[derive(Default)]
struct Details {
    users: Vec<UserDetail>,
    groups: Vec<GroupDetail>,
    roles: Vec<RoleDetail>,
    policies: Vec<ManagedPolicyDetail>,
}

impl Reader<'_> {
    async fn read(&self, account: &Account, scope: &Scope) -> Result<Live, ReadError> {
        let instance_profiles = async {
            match &scope.instance_profiles {
                Some(_) => self.instance_profiles().await.map(Some),
                None => Ok(None),
            }
        };
        let oidc_providers = async {
            match &scope.oidc_providers {
                Some(_) => self.oidc_providers().await.map(Some),
                None => Ok(None),
            }
        };
        let saml_providers = async {
            match &scope.saml_providers {
                Some(_) => self.saml_providers().await.map(Some),
                None => Ok(None),
            }
        };
        let (details, roles, profiles, providers, saml_providers) = tokio::try_join!(
            self.details(),
            self.roles(),
            instance_profiles,
            oidc_providers,
            saml_providers
        )?;
        let mut live = assemble(account, details, roles)?;
        if let Some(profiles) = profiles {
            read_instance_profiles::add(&mut live, profiles)?;
        }
        if let Some(providers) = providers {
            read_oidc_providers::add(&mut live, providers)?;
        }
        if let Some(providers) = saml_providers {
            read_saml_providers::add(&mut live, providers)?;
        }
        self.add_tags(&mut live, &scope.tags_of_policies).await?;
        if let Some(tags_of) = &scope.instance_profiles {
            self.add_instance_profile_tags(&mut live, tags_of).await?;
        }
        if let Some(details_of) = &scope.oidc_providers {
            self.add_oidc_details(&mut live, details_of).await?;
        }
        for kind in &scope.settings {
            self.add_setting(&mut live, *kind).await?;
        }
        if let Some(details_of) = &scope.saml_providers {
            self.add_saml_details(&mut live, details_of).await?;
        }
        Ok(live)
    }

    /// One call for each of these policies that is there.
    async fn add_tags(&self, live: &mut Live, policies: &BTreeSet<PolicyName>) -> Result<(), ReadError> {
        let wanted = live.policies.iter().filter(|(name, _)| policies.contains(*name));
        let wanted: Vec<_> = wanted.map(|(name, policy)| (name.clone(), policy.arn.clone())).collect();
        let read = wanted.into_iter().map(|(name, arn)| async move { Ok((name, self.tags(&arn).await?)) });
        let tags: Vec<_> = stream::iter(read).buffer_unordered(CONCURRENT_READS).try_collect().await?;
        for (name, tags) in tags {
            if let Some(policy) = live.policies.get_mut(&name) {
                policy.tags = Observed::Read(tags);
            }
        }
        Ok(())
    }

    async fn details(&self) -> Result<Details, ReadError> {
        let call = self.client.get_account_authorization_details().max_items(PAGE);
        let kinds = [EntityType::User, EntityType::Group, EntityType::Role, EntityType::LocalManagedPolicy];
        let call = call.set_filter(Some(kinds.into()));
        let (mut all, mut markers, mut marker) = (Details::default(), Markers::default(), None);
        let mut has_lists = false;
        loop {
            let page =
                call.clone().set_marker(marker).send().await.map_err(|e| self.error(DETAILS, e.into()))?;
            marker = self.next(DETAILS, &mut markers, page.is_truncated, page.marker.as_deref())?;
            has_lists |= page.user_detail_list.is_some()
                || page.group_detail_list.is_some()
                || page.role_detail_list.is_some()
                || page.policies.is_some();
            all.users.extend(page.user_detail_list.unwrap_or_default());
            all.groups.extend(page.group_detail_list.unwrap_or_default());
            all.roles.extend(page.role_detail_list.unwrap_or_default());
            all.policies.extend(page.policies.unwrap_or_default());
            if marker.is_none() {
                break;
            }
        }
        // An account without anything answers with empty lists. No list at all is no answer.
        if has_lists {
            Ok(all)
        } else {
            Err(ReadError::Unexpected { message: format!("{DETAILS} was answered without any list") })
        }
    }

    async fn roles(&self) -> Result<Vec<Role>, ReadError> {
        let call = self.client.list_roles().max_items(PAGE);
        let (mut all, mut markers, mut marker) = (Vec::new(), Markers::default(), None);
        loop {
            let page =
                call.clone().set_marker(marker).send().await.map_err(|e| self.error(ROLES, e.into()))?;
            marker = self.next(ROLES, &mut markers, page.is_truncated, page.marker.as_deref())?;
            all.extend(page.roles);
            if marker.is_none() {
                return Ok(all);
            }
        }
    }

    async fn tags(&self, policy: &PolicyArn) -> Result<Tags, ReadError> {
        let call = self.client.list_policy_tags().policy_arn(policy.as_str()).max_items(PAGE);
        let (mut all, mut markers, mut marker) = (Vec::new(), Markers::default(), None);
        loop {
            let page = call.clone().set_marker(marker).send().await;
            let page = page.map_err(|error| match Failure::from(error) {
                failure if failure.is_no_such_entity() => {
                    inconsistent(format!("`{policy}` was listed and is not there any more"))
                }
                failure => self.error(POLICY_TAGS, failure),
            })?;
            marker = self.next(POLICY_TAGS, &mut markers, page.is_truncated, page.marker.as_deref())?;
            all.extend(page.tags);
            if marker.is_none() {
                return Ok(convert::tags(all));
            }
        }
    }

    pub(crate) fn next(
        &self,
        call: &str,
        markers: &mut Markers,
        is_truncated: bool,
        marker: Option<&str>,
    ) -> Result<Option<String>, ReadError> {
        let next = markers.next(is_truncated, marker);
        next.map_err(|broken| inconsistent(format!("{call}: {}", broken.as_str())))
    }

    pub(crate) fn error(&self, call: &'static str, failure: Failure) -> ReadError {
        if failure.class == ErrorClass::Credentials {
            return ReadError::Credentials(CredentialsProblem::of_iam(&failure, self.origin));
        }
        let Failure { class, code, message, request_id, .. } = failure;
        match class {
            ErrorClass::Denied => ReadError::Denied { permission: call, message, request_id },
            ErrorClass::Unreachable => ReadError::Unreachable { call, message },
            _ => ReadError::Failed { call, code, message, request_id },
        }
    }
}

/// Puts together what the two lists say. Nothing is concluded before all pages of both are there.
fn assemble(account: &Account, details: Details, roles: Vec<Role>) -> Result<Live, ReadError> {
    let mut live = Live::unread(account.clone());
    for policy in details.policies {
        check_account(account, policy.arn.as_deref())?;
        let (name, policy) = convert::policy(policy)?;
        insert(&mut live.policies, name, policy, "policy")?;
    }
    for group in details.groups {
        check_account(account, group.arn.as_deref())?;
        let (name, group) = convert::group(group)?;
        insert(&mut live.groups, name, group, "group")?;
    }
    for user in details.users {
        check_account(account, user.arn.as_deref())?;
        let (name, user) = convert::user(user)?;
        insert(&mut live.users, name, user, "user")?;
    }
    for role in details.roles {
        check_account(account, role.arn.as_deref())?;
        let used = role.role_last_used.clone();
        let (name, role) = convert::role(role)?;
        if let Some(used) = used {
            let at = used.last_used_date.and_then(convert::timestamp);
            live.last_used.insert(Address::Role(name.clone()), at);
        }
        insert(&mut live.roles, name, role, "role")?;
    }
    add_details(&mut live.roles, roles)?;
    add_members(&mut live)?;
    check_attachments(&live)?;
    Ok(live)
}

pub(crate) fn insert<K: Ord + fmt::Display + Clone, V: PartialEq>(
    map: &mut BTreeMap<K, V>,
    name: K,
    value: V,
    kind: &str,
) -> Result<(), ReadError> {
    match map.get(&name) {
        // A page may repeat what moved into it while the pages before were read.
        Some(known) if *known == value => Ok(()),
        Some(_) => Err(inconsistent(format!("{kind}/{name} was listed twice and differs"))),
        None => {
            map.insert(name, value);
            Ok(())
        }
    }
}

/// Refuses what belongs to another account than the one that the caller was found to be in: the
/// credentials changed in between, or the endpoint is not what it seems.
pub(crate) fn check_account(account: &Account, arn: Option<&str>) -> Result<(), ReadError> {
    let mut fields = arn.unwrap_or_default().split(':');
    match (fields.next(), fields.nth(3)) {
        (Some("arn"), Some(id)) if id != account.id.as_str() => {
            let message =
                format!("account {} was asked and account `{}` answered", account.id, id.escape_debug());
            Err(ReadError::Unexpected { message })
        }
        _ => Ok(()),
    }
}

/// Adds descriptions and session durations. A role that ListRoles does not have keeps them unread; one
/// that only ListRoles has was made or deleted in between, and cannot be left out in silence.
fn add_details(roles: &mut BTreeMap<RoleName, LiveRole>, listed: Vec<Role>) -> Result<(), ReadError> {
    let mut found: BTreeMap<RoleName, (UniqueId, Observed<RoleDetails>)> = BTreeMap::new();
    for role in listed {
        // Nothing ever changes those, so it does not matter which list has them.
        let is_reserved = Path::parse(&role.path).is_ok_and(|path| path.is_reserved());
        let (name, id, details) = convert::role_details(role)?;
        if !is_reserved && !roles.contains_key(&name) {
            return Err(inconsistent(format!("role/{name} is in {ROLES} and not in {DETAILS}")));
        }
        insert(&mut found, name, (id, details), "role").map(drop)?;
    }
    for (name, (id, details)) in found {
        match roles.get_mut(&name) {
            Some(role) if role.id == id => role.details = details,
            Some(_) => return Err(inconsistent(format!("role/{name} was deleted and made again"))),
            None => {}
        }
    }
    Ok(())
}

/// Members are what the users say: groups do not list them.
fn add_members(live: &mut Live) -> Result<(), ReadError> {
    for (name, user) in &live.users {
        for group in &user.value.groups {
            let Some(group) = live.groups.get_mut(group) else {
                return Err(inconsistent(format!(
                    "user/{name} is a member of group/{group}, which is not there"
                )));
            };
            group.value.members.insert(name.clone());
        }
    }
    Ok(())
}

/// A policy of the account that is attached and not listed was missed: the plan would make it again.
fn check_attachments(live: &Live) -> Result<(), ReadError> {
    let listed: BTreeSet<&PolicyArn> = live.policies.values().map(|policy| &policy.arn).collect();
    let of_users = live.users.values().flat_map(|user| &user.value.policies);
    let of_groups = live.groups.values().flat_map(|group| &group.value.policies);
    let of_roles = live.roles.values().flat_map(|role| &role.policies);
    let mut attached = of_users.chain(of_groups).chain(of_roles);
    match attached.find(|arn| arn.is_in(&live.account) && !listed.contains(arn)) {
        Some(arn) => Err(inconsistent(format!("`{arn}` is attached and not listed"))),
        None => Ok(()),
    }
}

pub(crate) fn inconsistent(message: String) -> ReadError {
    ReadError::Inconsistent { message }
}
