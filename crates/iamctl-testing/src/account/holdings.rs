//! What users, groups and roles hold alike: policies and tags.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_apply::{ActionError, ErrorClass};
use iamctl_model::{Action, PolicyArn, PolicyName, Tags};
use iamctl_policy::Document;

use super::{conflict, error, limit, missing};

pub(super) fn no_policies(
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

/// Attaches, detaches, puts and deletes policies of a user, group or role, which may have so many attached and so many
/// characters of inline policies.
pub(super) fn on_policies(
    attached: &mut BTreeSet<PolicyArn>,
    inline: &mut BTreeMap<PolicyName, Document>,
    (most_attached, inline_size): (Option<usize>, Option<usize>),
    action: &Action,
) -> Result<(), ActionError> {
    match action {
        Action::AttachUserPolicy { policy_arn, .. }
        | Action::AttachGroupPolicy { policy_arn, .. }
        | Action::AttachRolePolicy { policy_arn, .. } => {
            let is_new = !attached.contains(policy_arn);
            if let Some(most) = most_attached.filter(|most| is_new && attached.len() >= *most) {
                return Err(limit(format!("Cannot exceed quota for PoliciesPerRole: {most}")));
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
            let size = size.saturating_add(policy_document.quota_size());
            if let Some(most) = inline_size.filter(|most| size > *most) {
                return Err(limit(format!("Maximum policy size of {most} bytes exceeded")));
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
pub(super) fn set_tags(all: &mut Tags, new: &Tags, ignore_case: bool) -> Result<(), ActionError> {
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

pub(super) fn untag(all: &mut Tags, keys: &[String], ignore_case: bool) {
    let same =
        |known: &str, key: &str| if ignore_case { known.eq_ignore_ascii_case(key) } else { known == key };
    all.0.retain(|known, _| !keys.iter().any(|key| same(known, key)));
}
