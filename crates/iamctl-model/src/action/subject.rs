//! What calls are made on, and what becomes of it.

use super::Action;
use crate::address::Address;

impl Action {
    /// Whether the call makes the thing that it is made on, and a second one would find it in its way.
    #[must_use]
    pub fn creates(&self) -> bool {
        matches!(
            self,
            Action::CreateUser { .. }
                | Action::CreateGroup { .. }
                | Action::CreateRole { .. }
                | Action::CreatePolicy { .. }
                | Action::CreateInstanceProfile { .. }
                | Action::CreateOpenIDConnectProvider { .. }
                | Action::CreateAccountAlias { .. }
                | Action::CreateSAMLProvider { .. }
                | Action::CreateServiceLinkedRole { .. }
        )
    }

    /// Whether the call deletes the thing that it is made on.
    #[must_use]
    pub fn deletes(&self) -> bool {
        matches!(
            self,
            Action::DeleteUser { .. }
                | Action::DeleteGroup { .. }
                | Action::DeleteRole { .. }
                | Action::DeletePolicy { .. }
                | Action::DeleteInstanceProfile { .. }
                | Action::DeleteOpenIDConnectProvider { .. }
                | Action::DeleteAccountAlias { .. }
                | Action::DeleteAccountPasswordPolicy {}
                | Action::DeleteSAMLProvider { .. }
        )
    }

    /// What a call renames, and to what. Every other call names the thing as it is called by then.
    #[must_use]
    pub fn renames(&self) -> Option<(Address, Address)> {
        match self {
            Action::UpdateUser { user_name, new_user_name: Some(new), .. } => {
                Some((Address::User(user_name.clone()), Address::User(new.clone())))
            }
            Action::UpdateGroup { group_name, new_group_name: Some(new), .. } => {
                Some((Address::Group(group_name.clone()), Address::Group(new.clone())))
            }
            _ => None,
        }
    }

    /// The thing that the call writes to, by the name that it has afterwards. IAM answers
    /// ConcurrentModification to two writes on the same thing at the same moment, so they are never made.
    #[must_use]
    pub fn subject(&self) -> Address {
        match self {
            Action::CreateUser { user_name, .. }
            | Action::UpdateUser { new_user_name: Some(user_name), .. }
            | Action::UpdateUser { user_name, .. }
            | Action::DeleteUser { user_name }
            | Action::PutUserPermissionsBoundary { user_name, .. }
            | Action::DeleteUserPermissionsBoundary { user_name }
            | Action::PutUserPolicy { user_name, .. }
            | Action::DeleteUserPolicy { user_name, .. }
            | Action::AttachUserPolicy { user_name, .. }
            | Action::DetachUserPolicy { user_name, .. }
            | Action::AddUserToGroup { user_name, .. }
            | Action::RemoveUserFromGroup { user_name, .. }
            | Action::TagUser { user_name, .. }
            | Action::UntagUser { user_name, .. }
            | Action::UpdateAccessKey { user_name, .. }
            | Action::DeleteAccessKey { user_name, .. }
            | Action::DeleteLoginProfile { user_name }
            | Action::DeactivateMFADevice { user_name, .. }
            | Action::DeleteVirtualMFADevice { user_name, .. }
            | Action::DeleteSigningCertificate { user_name, .. }
            | Action::DeleteSSHPublicKey { user_name, .. }
            | Action::DeleteServiceSpecificCredential { user_name, .. } => Address::User(user_name.clone()),
            Action::CreateGroup { group_name, .. }
            | Action::UpdateGroup { new_group_name: Some(group_name), .. }
            | Action::UpdateGroup { group_name, .. }
            | Action::DeleteGroup { group_name }
            | Action::PutGroupPolicy { group_name, .. }
            | Action::DeleteGroupPolicy { group_name, .. }
            | Action::AttachGroupPolicy { group_name, .. }
            | Action::DetachGroupPolicy { group_name, .. } => Address::Group(group_name.clone()),
            Action::CreateRole { role_name, .. }
            | Action::UpdateRole { role_name, .. }
            | Action::UpdateAssumeRolePolicy { role_name, .. }
            | Action::DeleteRole { role_name }
            | Action::PutRolePermissionsBoundary { role_name, .. }
            | Action::DeleteRolePermissionsBoundary { role_name }
            | Action::PutRolePolicy { role_name, .. }
            | Action::DeleteRolePolicy { role_name, .. }
            | Action::AttachRolePolicy { role_name, .. }
            | Action::DetachRolePolicy { role_name, .. }
            | Action::TagRole { role_name, .. }
            | Action::UntagRole { role_name, .. } => Address::Role(role_name.clone()),
            Action::CreatePolicy { policy_name, .. } => Address::Policy(policy_name.clone()),
            Action::CreatePolicyVersion { policy_arn, .. }
            | Action::SetDefaultPolicyVersion { policy_arn, .. }
            | Action::DeletePolicyVersion { policy_arn, .. }
            | Action::DeletePolicy { policy_arn }
            | Action::TagPolicy { policy_arn, .. }
            | Action::UntagPolicy { policy_arn, .. } => Address::Policy(policy_arn.policy_name()),
            Action::CreateInstanceProfile { instance_profile_name: name, .. }
            | Action::DeleteInstanceProfile { instance_profile_name: name }
            | Action::AddRoleToInstanceProfile { instance_profile_name: name, .. }
            | Action::RemoveRoleFromInstanceProfile { instance_profile_name: name, .. }
            | Action::TagInstanceProfile { instance_profile_name: name, .. }
            | Action::UntagInstanceProfile { instance_profile_name: name, .. } => {
                Address::InstanceProfile(name.clone())
            }
            Action::CreateOpenIDConnectProvider { url, .. } => Address::OidcProvider(url.clone()),
            Action::DeleteOpenIDConnectProvider { arn }
            | Action::AddClientIDToOpenIDConnectProvider { arn, .. }
            | Action::RemoveClientIDFromOpenIDConnectProvider { arn, .. }
            | Action::UpdateOpenIDConnectProviderThumbprint { arn, .. }
            | Action::TagOpenIDConnectProvider { arn, .. }
            | Action::UntagOpenIDConnectProvider { arn, .. } => Address::OidcProvider(arn.url().clone()),
            Action::CreateAccountAlias { .. } | Action::DeleteAccountAlias { .. } => Address::AccountAlias,
            Action::UpdateAccountPasswordPolicy { .. } | Action::DeleteAccountPasswordPolicy {} => {
                Address::PasswordPolicy
            }
            Action::CreateSAMLProvider { name, .. } => Address::SamlProvider(name.clone()),
            Action::CreateServiceLinkedRole { name, .. } => Address::ServiceLinkedRole(name.clone()),
            Action::UpdateSAMLProvider { arn, .. }
            | Action::DeleteSAMLProvider { arn }
            | Action::TagSAMLProvider { arn, .. }
            | Action::UntagSAMLProvider { arn, .. } => Address::SamlProvider(arn.name().clone()),
        }
    }
}
