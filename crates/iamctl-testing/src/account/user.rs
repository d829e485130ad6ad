//! Users and their memberships.

use iamctl_apply::ActionError;
use iamctl_model::{
    Action, GroupName, Kind, LiveUser, Observed, Path, PolicyArn, Tags, UniqueId, User, UserName,
};

use super::credentials::no_credentials;
use super::holdings::{no_policies, on_policies, set_tags, untag};
use super::{MemoryAccount, conflict, exists, limit, missing};
use crate::trust;

impl MemoryAccount {
    pub(super) fn on_user(
        &mut self,
        name: &UserName,
        action: &Action,
    ) -> Result<Option<UniqueId>, ActionError> {
        if let Action::CreateUser { path, permissions_boundary, tags, .. } = action {
            return self.create_user(name, path, permissions_boundary.as_ref(), tags).map(Some);
        }
        if let Action::AddUserToGroup { group_name, .. } | Action::RemoveUserFromGroup { group_name, .. } =
            action
        {
            self.membership(name, group_name, matches!(action, Action::AddUserToGroup { .. }))?;
            return Ok(None);
        }
        if self.on_credentials(name, action)? {
            return Ok(None);
        }
        if let Action::AttachUserPolicy { policy_arn, .. }
        | Action::PutUserPermissionsBoundary { permissions_boundary: policy_arn, .. } = action
        {
            self.check_policy(policy_arn)?;
        }
        let account = self.live.account.clone();
        let most = self.most_of_policies(Kind::User);
        let user =
            self.live.users.get_mut(name).ok_or_else(|| missing(format!("The user with name {name}")))?;
        let value = &mut user.value;
        match action {
            Action::UpdateUser { new_path: None, .. } => {}
            Action::UpdateUser { new_path: Some(new_path), .. } => {
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
            _ => on_policies(&mut value.policies, &mut value.inline_policies, most, action)?,
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
        let credentials = Observed::Read(no_credentials());
        self.live
            .users
            .insert(name.clone(), LiveUser { id: id.clone(), created: self.now, value: user, credentials });
        Ok(id)
    }

    fn delete_user(&mut self, name: &UserName) -> Result<(), ActionError> {
        let Some(LiveUser { id, value, credentials, .. }) = self.live.users.get(name).cloned() else {
            return Err(missing(format!("The user with name {name}")));
        };
        if !value.groups.is_empty() {
            return Err(conflict("Cannot delete entity, must remove users from group first."));
        }
        no_policies(&value.policies, &value.inline_policies)?;
        if let Observed::Read(credentials) = credentials
            && !credentials.are_none()
        {
            let message =
                format!("Cannot delete entity, must delete {} first.", credentials.describe().join(", "));
            return Err(conflict(&message));
        }
        self.live.users.remove(name);
        let arn = self.live.account.user_arn(&value.path, name);
        trust::rename(&mut self.live, arn.as_str(), &id.0);
        Ok(())
    }

    fn membership(&mut self, user: &UserName, group: &GroupName, add: bool) -> Result<(), ActionError> {
        let most = self.quotas.told.groups_of_user;
        let live_user =
            self.live.users.get_mut(user).ok_or_else(|| missing(format!("The user with name {user}")))?;
        let live_group =
            self.live.groups.get_mut(group).ok_or_else(|| missing(format!("The group with name {group}")))?;
        if add {
            let (groups, is_new) = (live_user.value.groups.len(), !live_user.value.groups.contains(group));
            if let Some(most) = most.filter(|most| is_new && groups >= *most) {
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
}
