//! Groups.

use iamctl_apply::ActionError;
use iamctl_model::{Action, Group, GroupName, Kind, LiveGroup, UniqueId};

use super::holdings::{no_policies, on_policies};
use super::{MemoryAccount, conflict, exists, missing};

impl MemoryAccount {
    pub(super) fn on_group(
        &mut self,
        name: &GroupName,
        action: &Action,
    ) -> Result<Option<UniqueId>, ActionError> {
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
        let most = self.most_of_policies(Kind::Group);
        let group =
            self.live.groups.get_mut(name).ok_or_else(|| missing(format!("The group with name {name}")))?;
        let value = &mut group.value;
        match action {
            Action::UpdateGroup { new_path, .. } => {
                value.path = new_path.clone().unwrap_or(value.path.clone());
            }
            Action::DeleteGroup { .. } => {
                if !value.members.is_empty() {
                    return Err(conflict("Cannot delete entity, must remove users from group first."));
                }
                no_policies(&value.policies, &value.inline_policies)?;
                self.live.groups.remove(name);
            }
            _ => on_policies(&mut value.policies, &mut value.inline_policies, most, action)?,
        }
        Ok(None)
    }
}
