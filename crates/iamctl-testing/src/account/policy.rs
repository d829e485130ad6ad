//! Managed policies and their versions.

use std::collections::BTreeSet;

use iamctl_apply::ActionError;
use iamctl_model::{
    Action, LivePolicy, Observed, Path, PolicyArn, PolicyName, PolicyVersion, Tags, UniqueId, VersionId,
};
use iamctl_policy::Document;

use super::holdings::{set_tags, untag};
use super::{MemoryAccount, check_size, conflict, exists, limit, missing};

impl MemoryAccount {
    pub(super) fn on_policy(
        &mut self,
        name: &PolicyName,
        action: &Action,
    ) -> Result<Option<UniqueId>, ActionError> {
        if let Action::CreatePolicy { path, description, policy_document, tags, .. } = action {
            return self.create_policy(name, path, description, policy_document, tags).map(Some);
        }
        let (Action::CreatePolicyVersion { policy_arn: arn, .. }
        | Action::SetDefaultPolicyVersion { policy_arn: arn, .. }
        | Action::DeletePolicyVersion { policy_arn: arn, .. }
        | Action::DeletePolicy { policy_arn: arn }
        | Action::TagPolicy { policy_arn: arn, .. }
        | Action::UntagPolicy { policy_arn: arn, .. }) = action
        else {
            return Err(missing(name));
        };
        self.check_policy(arn)?;
        let in_use = self.users_of(arn);
        let (now, quotas) = (self.now, self.quotas.clone());
        let policy = self.live.policies.get_mut(name).ok_or_else(|| missing(format!("Policy {arn}")))?;
        let position = |id: &VersionId| policy.versions.iter().position(|version| version.id == *id);
        match action {
            Action::CreatePolicyVersion { policy_document, .. } => {
                check_size(policy_document, quotas.told.policy_size, "PolicySize")?;
                if let Some(most) =
                    quotas.told.versions_of_policy.filter(|most| policy.versions.len() >= *most)
                {
                    return Err(limit(format!(
                        "A managed policy can have up to {most} versions. Before you create a new version, you must delete an existing version."
                    )));
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
        check_size(document, self.quotas.told.policy_size, "PolicySize")?;
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
}
