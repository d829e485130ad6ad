//! An IAM account in memory that enforces IAM's rules, where a local AWS lets things pass.
//!
//! | rule | error | source |
//! | --- | --- | --- |
//! | a name is unique whatever its case | `EntityAlreadyExists` | IAM User Guide, quotas page |
//! | a call on what is not there | `NoSuchEntity` | IAM API |
//! | deleting what still has children, members or users | `DeleteConflict` | IAM API, `Delete*` |
//! | a sixth policy version, an eleventh attachment or group | `LimitExceeded` | quotas page |
//! | documents beyond their size | `LimitExceeded` | quotas page |
//! | a trust policy that names a user or role which is not there | `MalformedPolicyDocument` | Principal page |
//! | deleting a user or role turns its ARN in trust policies into its id | – | Principal page |
//! | changing what belongs to AWS | `UnmodifiableEntity` | IAM API |

use std::collections::{BTreeMap, BTreeSet};

use iamctl_apply::{ActionError, ErrorClass, Receipt};
use iamctl_model::{
    Account, Action, Address, Group, GroupName, Identity, Live, LiveGroup, LivePolicy, LiveRole, LiveUser,
    Observed, Path, PolicyArn, PolicyName, PolicyVersion, PrincipalArn, RoleDetails, RoleName, Tags,
    UniqueId, User, UserName, VersionId,
};
use iamctl_policy::Document;
use jiff::Timestamp;

use crate::trust;

/// The quotas that the account enforces: AWS's defaults.
#[derive(Debug, Clone)]
pub struct Quotas {
    /// Managed policies for one user, group or role.
    pub attachments: usize,
    /// Groups of one user.
    pub groups_per_user: usize,
    /// Versions of one managed policy.
    pub versions: usize,
    /// Characters of a managed policy, white space not counted.
    pub managed_size: usize,
    /// Characters of a trust policy, white space not counted.
    pub trust_size: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { attachments: 10, groups_per_user: 10, versions: 5, managed_size: 6_144, trust_size: 2_048 }
    }
}

/// The account. What it holds is a [`Live`], so that a test can build one by hand and read it back.
#[derive(Debug, Clone)]
pub struct MemoryAccount {
    live: Live,
    /// The number of the latest version of each policy: ids are never used again.
    latest_versions: BTreeMap<PolicyName, usize>,
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
        Self { live, latest_versions, quotas: Quotas::default(), ids: 0, now }
    }

    /// An empty account.
    #[must_use]
    pub fn empty(account: Account) -> Self {
        Self::new(Live::empty(account), Timestamp::UNIX_EPOCH)
    }

    /// With other quotas.
    #[must_use]
    pub fn with_quotas(mut self, quotas: Quotas) -> Self {
        self.quotas = quotas;
        self
    }

    /// What the account holds, as a reader would see it.
    #[must_use]
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Makes one call.
    ///
    /// # Errors
    ///
    /// As IAM would answer it. A call that fails changes nothing.
    pub fn perform(&mut self, action: &Action) -> Result<Receipt, ActionError> {
        let seconds = self.now.as_second().saturating_add(1);
        self.now = Timestamp::from_second(seconds).unwrap_or(self.now);
        let address = action.subject();
        if let Some(resource) = self.live.resource(&address, None)
            && resource.path().is_reserved()
        {
            let message = format!("Cannot perform the operation on the protected {address}.");
            return Err(error(ErrorClass::Refused, "UnmodifiableEntity", message));
        }
        let created = match &address {
            Address::User(name) => self.on_user(name, action)?,
            Address::Group(name) => self.on_group(name, action)?,
            Address::Role(name) => self.on_role(name, action)?,
            Address::Policy(name) => self.on_policy(name, action)?,
            Address::MasterCopy => None,
        };
        Ok(Receipt { created, ..Receipt::default() })
    }

    fn new_id(&mut self, prefix: &str) -> UniqueId {
        self.ids = self.ids.saturating_add(1);
        UniqueId(format!("{prefix}{:017}", self.ids))
    }

    fn on_user(&mut self, name: &UserName, action: &Action) -> Result<Option<UniqueId>, ActionError> {
        if let Action::CreateUser { path, permissions_boundary, tags, .. } = action {
            return self.create_user(name, path, permissions_boundary.as_ref(), tags).map(Some);
        }
        if let Action::AddUserToGroup { group_name, .. } | Action::RemoveUserFromGroup { group_name, .. } =
            action
        {
            self.membership(name, group_name, matches!(action, Action::AddUserToGroup { .. }))?;
            return Ok(None);
        }
        if let Action::AttachUserPolicy { policy_arn, .. }
        | Action::PutUserPermissionsBoundary { permissions_boundary: policy_arn, .. } = action
        {
            self.check_policy(policy_arn)?;
        }
        let account = self.live.account.clone();
        let quotas = self.quotas.clone();
        let user =
            self.live.users.get_mut(name).ok_or_else(|| missing(format!("The user with name {name}")))?;
        let value = &mut user.value;
        match action {
            Action::UpdateUser { new_path, .. } => {
                let old = account.user_arn(&value.path, name);
                value.path = new_path.clone();
                let new = account.user_arn(new_path, name);
                trust::rename(&mut self.live, old.as_str(), new.as_str());
            }
            Action::DeleteUser { .. } => return self.delete_user(name).map(|()| None),
            Action::PutUserPermissionsBoundary { permissions_boundary, .. } => {
                value.permissions_boundary = Some(permissions_boundary.clone());
            }
            Action::DeleteUserPermissionsBoundary { .. } => value.permissions_boundary = None,
            Action::TagUser { tags, .. } => set_tags(&mut value.tags, tags, true)?,
            Action::UntagUser { tag_keys, .. } => untag(&mut value.tags, tag_keys, true),
            _ => on_policies(&mut value.policies, &mut value.inline_policies, 2_048, &quotas, action)?,
        }
        Ok(None)
    }

    fn create_user(
        &mut self,
        name: &UserName,
        path: &Path,
        boundary: Option<&PolicyArn>,
        tags: &Tags,
    ) -> Result<UniqueId, ActionError> {
        if self.live.users.contains_key(name) {
            return Err(exists(format!("User with name {name}")));
        }
        boundary.map_or(Ok(()), |boundary| self.check_policy(boundary))?;
        let mut user =
            User { path: path.clone(), permissions_boundary: boundary.cloned(), ..User::default() };
        set_tags(&mut user.tags, tags, true)?;
        let id = self.new_id("AIDA");
        self.live.users.insert(name.clone(), LiveUser { id: id.clone(), created: self.now, value: user });
        Ok(id)
    }

    fn delete_user(&mut self, name: &UserName) -> Result<(), ActionError> {
        let Some(LiveUser { id, value, .. }) = self.live.users.get(name).cloned() else {
            return Err(missing(format!("The user with name {name}")));
        };
        if !value.groups.is_empty() {
            return Err(conflict("Cannot delete entity, must remove users from group first."));
        }
        no_policies(&value.policies, &value.inline_policies)?;
        self.live.users.remove(name);
        let arn = self.live.account.user_arn(&value.path, name);
        trust::rename(&mut self.live, arn.as_str(), &id.0);
        Ok(())
    }

    fn membership(&mut self, user: &UserName, group: &GroupName, add: bool) -> Result<(), ActionError> {
        let most = self.quotas.groups_per_user;
        let live_user =
            self.live.users.get_mut(user).ok_or_else(|| missing(format!("The user with name {user}")))?;
        let live_group =
            self.live.groups.get_mut(group).ok_or_else(|| missing(format!("The group with name {group}")))?;
        if add {
            if live_user.value.groups.len() >= most && !live_user.value.groups.contains(group) {
                return Err(limit(format!("Cannot exceed quota for GroupsPerUser: {most}")));
            }
            live_user.value.groups.insert(group.clone());
            live_group.value.members.insert(user.clone());
        } else {
            if !live_user.value.groups.remove(group) {
                return Err(missing(format!("User {user} in group {group}")));
            }
            live_group.value.members.remove(user);
        }
        Ok(())
    }

    fn on_group(&mut self, name: &GroupName, action: &Action) -> Result<Option<UniqueId>, ActionError> {
        if let Action::CreateGroup { path, .. } = action {
            if self.live.groups.contains_key(name) {
                return Err(exists(format!("Group with name {name}")));
            }
            let id = self.new_id("AGPA");
            let value = Group { path: path.clone(), ..Group::default() };
            self.live.groups.insert(name.clone(), LiveGroup { id: id.clone(), created: self.now, value });
            return Ok(Some(id));
        }
        if let Action::AttachGroupPolicy { policy_arn, .. } = action {
            self.check_policy(policy_arn)?;
        }
        let quotas = self.quotas.clone();
        let group =
            self.live.groups.get_mut(name).ok_or_else(|| missing(format!("The group with name {name}")))?;
        let value = &mut group.value;
        match action {
            Action::UpdateGroup { new_path, .. } => value.path = new_path.clone(),
            Action::DeleteGroup { .. } => {
                if !value.members.is_empty() {
                    return Err(conflict("Cannot delete entity, must remove users from group first."));
                }
                no_policies(&value.policies, &value.inline_policies)?;
                self.live.groups.remove(name);
            }
            _ => on_policies(&mut value.policies, &mut value.inline_policies, 5_120, &quotas, action)?,
        }
        Ok(None)
    }

    fn on_role(&mut self, name: &RoleName, action: &Action) -> Result<Option<UniqueId>, ActionError> {
        match action {
            Action::CreateRole { .. } => return self.create_role(name, action).map(Some),
            Action::AttachRolePolicy { policy_arn, .. }
            | Action::PutRolePermissionsBoundary { permissions_boundary: policy_arn, .. } => {
                self.check_policy(policy_arn)?;
            }
            Action::UpdateAssumeRolePolicy { policy_document, .. } => self.check_trust(policy_document)?,
            _ => {}
        }
        let quotas = self.quotas.clone();
        let role =
            self.live.roles.get_mut(name).ok_or_else(|| missing(format!("The role with name {name}")))?;
        match action {
            Action::UpdateRole { description, max_session_duration, .. } => {
                role.details = Observed::Read(RoleDetails {
                    description: description.clone(),
                    max_session_duration: *max_session_duration,
                });
            }
            Action::UpdateAssumeRolePolicy { policy_document, .. } => role.trust = policy_document.clone(),
            Action::DeleteRole { .. } => return self.delete_role(name).map(|()| None),
            Action::PutRolePermissionsBoundary { permissions_boundary, .. } => {
                role.permissions_boundary = Some(permissions_boundary.clone());
            }
            Action::DeleteRolePermissionsBoundary { .. } => role.permissions_boundary = None,
            Action::TagRole { tags, .. } => set_tags(&mut role.tags, tags, true)?,
            Action::UntagRole { tag_keys, .. } => untag(&mut role.tags, tag_keys, true),
            _ => on_policies(&mut role.policies, &mut role.inline_policies, 10_240, &quotas, action)?,
        }
        Ok(None)
    }

    fn create_role(&mut self, name: &RoleName, action: &Action) -> Result<UniqueId, ActionError> {
        let Action::CreateRole {
            role_name: _,
            path,
            assume_role_policy_document: trust,
            description,
            max_session_duration,
            permissions_boundary,
            tags,
        } = action
        else {
            return Err(missing(name));
        };
        if self.live.roles.contains_key(name) {
            return Err(exists(format!("Role with name {name}")));
        }
        permissions_boundary.as_ref().map_or(Ok(()), |boundary| self.check_policy(boundary))?;
        self.check_trust(trust)?;
        let mut checked_tags = Tags::default();
        set_tags(&mut checked_tags, tags, true)?;
        let id = self.new_id("AROA");
        let details =
            RoleDetails { description: description.clone(), max_session_duration: *max_session_duration };
        let role = LiveRole {
            id: id.clone(),
            created: self.now,
            path: path.clone(),
            details: Observed::Read(details),
            trust: trust.clone(),
            tags: checked_tags,
            policies: BTreeSet::new(),
            inline_policies: BTreeMap::new(),
            permissions_boundary: permissions_boundary.clone(),
            instance_profiles: Vec::new(),
        };
        self.live.roles.insert(name.clone(), role);
        Ok(id)
    }

    fn delete_role(&mut self, name: &RoleName) -> Result<(), ActionError> {
        let Some(role) = self.live.roles.get(name).cloned() else {
            return Err(missing(format!("The role with name {name}")));
        };
        no_policies(&role.policies, &role.inline_policies)?;
        if !role.instance_profiles.is_empty() {
            return Err(conflict("Cannot delete entity, must remove roles from instance profile first."));
        }
        self.live.roles.remove(name);
        let arn = self.live.account.role_arn(&role.path, name);
        trust::rename(&mut self.live, arn.as_str(), &role.id.0);
        Ok(())
    }

    fn on_policy(&mut self, name: &PolicyName, action: &Action) -> Result<Option<UniqueId>, ActionError> {
        if let Action::CreatePolicy { path, description, policy_document, tags, .. } = action {
            return self.create_policy(name, path, description, policy_document, tags).map(Some);
        }
        let arn = match action {
            Action::CreatePolicyVersion { policy_arn, .. }
            | Action::SetDefaultPolicyVersion { policy_arn, .. }
            | Action::DeletePolicyVersion { policy_arn, .. }
            | Action::DeletePolicy { policy_arn }
            | Action::TagPolicy { policy_arn, .. }
            | Action::UntagPolicy { policy_arn, .. } => policy_arn,
            _ => return Err(missing(name)),
        };
        self.check_policy(arn)?;
        let in_use = self.users_of(arn);
        let (now, quotas) = (self.now, self.quotas.clone());
        let policy = self.live.policies.get_mut(name).ok_or_else(|| missing(format!("Policy {arn}")))?;
        let position = |id: &VersionId| policy.versions.iter().position(|version| version.id == *id);
        match action {
            Action::CreatePolicyVersion { policy_document, .. } => {
                check_size(policy_document, quotas.managed_size, "PolicySize")?;
                if policy.versions.len() >= quotas.versions {
                    let message = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.";
                    return Err(limit(message.to_owned()));
                }
                let latest = self.latest_versions.entry(name.clone()).or_default();
                *latest = latest.saturating_add(1);
                policy.versions.iter_mut().for_each(|version| version.is_default = false);
                policy.versions.push(PolicyVersion {
                    id: VersionId(format!("v{latest}")),
                    is_default: true,
                    created: now,
                    document: policy_document.clone(),
                });
            }
            Action::SetDefaultPolicyVersion { version_id, .. } => {
                position(version_id).ok_or_else(|| missing(format!("Policy {arn} version {version_id}")))?;
                policy.versions.iter_mut().for_each(|version| version.is_default = version.id == *version_id);
            }
            Action::DeletePolicyVersion { version_id, .. } => {
                let at = position(version_id)
                    .ok_or_else(|| missing(format!("Policy {arn} version {version_id}")))?;
                if policy.versions.get(at).is_some_and(|version| version.is_default) {
                    return Err(conflict("Cannot delete the default version of a policy."));
                }
                policy.versions.remove(at);
            }
            Action::DeletePolicy { .. } => {
                if in_use {
                    return Err(conflict("Cannot delete a policy attached to entities."));
                }
                if policy.versions.len() > 1 {
                    return Err(conflict(
                        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions.",
                    ));
                }
                self.live.policies.remove(name);
            }
            Action::TagPolicy { tags, .. } => {
                let mut all = policy.tags.clone().unwrap_or(Tags::default());
                set_tags(&mut all, tags, false)?;
                policy.tags = Observed::Read(all);
            }
            Action::UntagPolicy { tag_keys, .. } => {
                let mut all = policy.tags.clone().unwrap_or(Tags::default());
                untag(&mut all, tag_keys, false);
                policy.tags = Observed::Read(all);
            }
            _ => {}
        }
        Ok(None)
    }

    fn create_policy(
        &mut self,
        name: &PolicyName,
        path: &Path,
        description: &str,
        document: &Document,
        tags: &Tags,
    ) -> Result<UniqueId, ActionError> {
        if self.live.policies.contains_key(name) {
            return Err(exists(format!("A policy called {name}")));
        }
        check_size(document, self.quotas.managed_size, "PolicySize")?;
        let mut checked_tags = Tags::default();
        set_tags(&mut checked_tags, tags, false)?;
        let id = self.new_id("ANPA");
        let first = PolicyVersion {
            id: VersionId("v1".to_owned()),
            is_default: true,
            created: self.now,
            document: document.clone(),
        };
        self.latest_versions.insert(name.clone(), 1);
        let policy = LivePolicy {
            id: id.clone(),
            arn: PolicyArn::new(&self.live.account, path, name),
            created: self.now,
            path: path.clone(),
            description: description.to_owned(),
            tags: Observed::Read(checked_tags),
            versions: vec![first],
        };
        self.live.policies.insert(name.clone(), policy);
        Ok(id)
    }

    /// AWS's own policies are taken to exist; the account's own must.
    fn check_policy(&self, arn: &PolicyArn) -> Result<(), ActionError> {
        let there = self.live.policies.get(&arn.policy_name()).is_some_and(|policy| policy.arn == *arn);
        if there || arn.is_aws_managed() { Ok(()) } else { Err(missing(format!("Policy {arn}"))) }
    }

    /// Whether anything is attached to a policy or bounded by it.
    fn users_of(&self, arn: &PolicyArn) -> bool {
        let on = |policies: &BTreeSet<PolicyArn>, boundary: Option<&PolicyArn>| {
            policies.contains(arn) || boundary == Some(arn)
        };
        self.live.groups.values().any(|group| on(&group.value.policies, None))
            || self
                .live
                .users
                .values()
                .any(|user| on(&user.value.policies, user.value.permissions_boundary.as_ref()))
            || self.live.roles.values().any(|role| on(&role.policies, role.permissions_boundary.as_ref()))
    }

    fn check_trust(&self, trust: &Document) -> Result<(), ActionError> {
        check_size(trust, self.quotas.trust_size, "ACLSizePerRole")?;
        for value in trust::principals(trust) {
            let there = match PrincipalArn::parse(&value) {
                Ok(arn) if arn.account() == self.live.account.id.as_str() => match arn.identity() {
                    Some(Identity::User(name)) => self
                        .live
                        .users
                        .get(&name)
                        .is_some_and(|user| self.live.account.user_arn(&user.value.path, &name) == arn),
                    Some(Identity::Role(name)) => self
                        .live
                        .roles
                        .get(&name)
                        .is_some_and(|role| self.live.account.role_arn(&role.path, &name) == arn),
                    Some(Identity::Group(_)) | None => false,
                },
                // Principals of other accounts are taken to exist.
                Ok(_) => true,
                Err(_) => !(value.starts_with("AIDA") || value.starts_with("AROA")),
            };
            if !there {
                return Err(malformed(format!("Invalid principal in policy: \"AWS\":\"{value}\"")));
            }
        }
        Ok(())
    }
}

fn check_size(document: &Document, most: usize, quota: &str) -> Result<(), ActionError> {
    if document.quota_size() > most {
        return Err(limit(format!("Cannot exceed quota for {quota}: {most}")));
    }
    Ok(())
}

fn no_policies(
    attached: &BTreeSet<PolicyArn>,
    inline: &BTreeMap<PolicyName, Document>,
) -> Result<(), ActionError> {
    if !attached.is_empty() {
        return Err(conflict("Cannot delete entity, must detach all policies first."));
    }
    if !inline.is_empty() {
        return Err(conflict("Cannot delete entity, must delete policies first."));
    }
    Ok(())
}

/// Attaches, detaches, puts and deletes policies of a user, group or role.
fn on_policies(
    attached: &mut BTreeSet<PolicyArn>,
    inline: &mut BTreeMap<PolicyName, Document>,
    inline_size: usize,
    quotas: &Quotas,
    action: &Action,
) -> Result<(), ActionError> {
    match action {
        Action::AttachUserPolicy { policy_arn, .. }
        | Action::AttachGroupPolicy { policy_arn, .. }
        | Action::AttachRolePolicy { policy_arn, .. } => {
            if attached.len() >= quotas.attachments && !attached.contains(policy_arn) {
                return Err(limit(format!(
                    "Cannot exceed quota for PoliciesPerRole: {}",
                    quotas.attachments
                )));
            }
            attached.insert(policy_arn.clone());
        }
        Action::DetachUserPolicy { policy_arn, .. }
        | Action::DetachGroupPolicy { policy_arn, .. }
        | Action::DetachRolePolicy { policy_arn, .. } => {
            if !attached.remove(policy_arn) {
                return Err(missing(format!("Policy {policy_arn} was not attached and")));
            }
        }
        Action::PutUserPolicy { policy_name, policy_document, .. }
        | Action::PutGroupPolicy { policy_name, policy_document, .. }
        | Action::PutRolePolicy { policy_name, policy_document, .. } => {
            let others = inline.iter().filter(|(name, _)| *name != policy_name);
            let size: usize = others.map(|(_, document)| document.quota_size()).sum();
            if size.saturating_add(policy_document.quota_size()) > inline_size {
                return Err(limit(format!("Maximum policy size of {inline_size} bytes exceeded")));
            }
            // An upsert keeps the spelling of the name it replaces.
            match inline.get_mut(policy_name) {
                Some(document) => *document = policy_document.clone(),
                None => drop(inline.insert(policy_name.clone(), policy_document.clone())),
            }
        }
        Action::DeleteUserPolicy { policy_name, .. }
        | Action::DeleteGroupPolicy { policy_name, .. }
        | Action::DeleteRolePolicy { policy_name, .. } => {
            if inline.remove(policy_name).is_none() {
                return Err(missing(format!("The policy with name {policy_name}")));
            }
        }
        other => {
            return Err(error(
                ErrorClass::Refused,
                "InvalidAction",
                format!("{} is not known here", other.call()),
            ));
        }
    }
    Ok(())
}

/// Tag keys of users and roles ignore case and keep it; those of policies do not.
/// Source: IAM User Guide, "Rules for tagging in IAM".
fn set_tags(all: &mut Tags, new: &Tags, ignore_case: bool) -> Result<(), ActionError> {
    for (key, value) in &new.0 {
        if ignore_case {
            all.0.retain(|known, _| !known.eq_ignore_ascii_case(key));
        }
        all.0.insert(key.clone(), value.clone());
    }
    if all.0.len() > 50 {
        return Err(limit("Cannot exceed quota for TagsPerResource: 50".to_owned()));
    }
    Ok(())
}

fn untag(all: &mut Tags, keys: &[String], ignore_case: bool) {
    let same =
        |known: &str, key: &str| if ignore_case { known.eq_ignore_ascii_case(key) } else { known == key };
    all.0.retain(|known, _| !keys.iter().any(|key| same(known, key)));
}
