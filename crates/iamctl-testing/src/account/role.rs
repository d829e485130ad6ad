//! Roles and their trust policies.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_apply::ActionError;
use iamctl_model::{
    Action, Identity, Kind, LiveRole, Observed, PrincipalArn, RoleDetails, RoleName, Tags, UniqueId,
};
use iamctl_policy::Document;

use super::holdings::{no_policies, on_policies, set_tags, untag};
use super::{MemoryAccount, check_size, conflict, exists, malformed, missing};
use crate::trust;

impl MemoryAccount {
    pub(super) fn on_role(
        &mut self,
        name: &RoleName,
        action: &Action,
    ) -> Result<Option<UniqueId>, ActionError> {
        match action {
            Action::CreateRole { .. } => return self.create_role(name, action).map(Some),
            Action::AttachRolePolicy { policy_arn, .. }
            | Action::PutRolePermissionsBoundary { permissions_boundary: policy_arn, .. } => {
                self.check_policy(policy_arn)?;
            }
            Action::UpdateAssumeRolePolicy { policy_document, .. } => self.check_trust(policy_document)?,
            _ => {}
        }
        let most = self.most_of_policies(Kind::Role);
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
            _ => on_policies(&mut role.policies, &mut role.inline_policies, most, action)?,
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

    fn check_trust(&self, trust: &Document) -> Result<(), ActionError> {
        check_size(trust, self.quotas.told.trust_size, "ACLSizePerRole")?;
        for value in trust.aws_principals() {
            let there = match PrincipalArn::parse(value) {
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
