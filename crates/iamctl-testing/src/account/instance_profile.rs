//! Instance profiles and the role that each may hold.

use std::collections::BTreeMap;

use iamctl_apply::ActionError;
use iamctl_model::{Action, InstanceProfileName, LiveInstanceProfile, Observed, Path, Tags, UniqueId};

use super::holdings::{set_tags, untag};
use super::{MemoryAccount, conflict, exists, limit, missing};

impl MemoryAccount {
    pub(super) fn on_instance_profile(
        &mut self,
        name: &InstanceProfileName,
        action: &Action,
    ) -> Result<Option<UniqueId>, ActionError> {
        if let Action::CreateInstanceProfile { path, tags, .. } = action {
            return self.create_instance_profile(name, path, tags).map(Some);
        }
        if let Action::AddRoleToInstanceProfile { role_name, .. } = action
            && !self.live.roles.contains_key(role_name)
        {
            return Err(missing(format!("The role with name {role_name}")));
        }
        let there = || missing(format!("Instance Profile {name}"));
        let profile = self.profiles()?.get_mut(name).ok_or_else(there)?;
        match action {
            Action::AddRoleToInstanceProfile { role_name, .. } => {
                if profile.role.is_some() {
                    let message = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1";
                    return Err(limit(message.to_owned()));
                }
                profile.role = Some(role_name.clone());
            }
            Action::RemoveRoleFromInstanceProfile { role_name, .. } => {
                if profile.role.as_ref() != Some(role_name) {
                    return Err(missing(format!("The role {role_name} in the instance profile {name}")));
                }
                profile.role = None;
            }
            Action::DeleteInstanceProfile { .. } => {
                if profile.role.is_some() {
                    let message = "Cannot delete entity, must remove roles from instance profile first.";
                    return Err(conflict(message));
                }
                self.profiles()?.remove(name);
            }
            Action::TagInstanceProfile { tags, .. } => {
                let mut all = profile.tags.clone().unwrap_or(Tags::default());
                set_tags(&mut all, tags, false)?;
                profile.tags = Observed::Read(all);
            }
            Action::UntagInstanceProfile { tag_keys, .. } => {
                let mut all = profile.tags.clone().unwrap_or(Tags::default());
                untag(&mut all, tag_keys, false);
                profile.tags = Observed::Read(all);
            }
            _ => {}
        }
        self.tell_roles_of_their_profiles();
        Ok(None)
    }

    fn create_instance_profile(
        &mut self,
        name: &InstanceProfileName,
        path: &Path,
        tags: &Tags,
    ) -> Result<UniqueId, ActionError> {
        if self.profiles()?.contains_key(name) {
            return Err(exists(format!("Instance Profile {name}")));
        }
        let mut checked_tags = Tags::default();
        set_tags(&mut checked_tags, tags, false)?;
        let id = self.new_id("AIPA");
        let profile = LiveInstanceProfile {
            id: id.clone(),
            created: self.now,
            path: path.clone(),
            role: None,
            tags: Observed::Read(checked_tags),
        };
        self.profiles()?.insert(name.clone(), profile);
        Ok(id)
    }

    /// An account that was built without knowing its instance profiles has none to call.
    fn profiles(&mut self) -> Result<&mut BTreeMap<InstanceProfileName, LiveInstanceProfile>, ActionError> {
        let profiles = self.live.instance_profiles.as_mut();
        profiles.ok_or_else(|| missing("What instance profiles there are"))
    }

    /// A role's details name the instance profiles that hold it.
    fn tell_roles_of_their_profiles(&mut self) {
        let profiles = self.live.instance_profiles.as_ref().cloned().unwrap_or_default();
        for (name, role) in &mut self.live.roles {
            let holding = profiles.iter().filter(|(_, profile)| profile.role.as_ref() == Some(name));
            role.instance_profiles = holding.map(|(profile, _)| profile.clone()).collect();
        }
    }
}
