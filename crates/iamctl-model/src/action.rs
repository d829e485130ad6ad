//! The calls that iamctl makes: one variant for each call of the IAM API, under AWS's own name and
//! with AWS's own parameter names.

mod subject;

use std::collections::BTreeSet;

use iamctl_policy::Document;
use serde::{Deserialize, Serialize};

use crate::address::Identity;
use crate::arn::PolicyArn;
use crate::credentials::{KeyStatus, MfaSerial};
use crate::live::VersionId;
use crate::names::{
    GroupName, InstanceProfileName, Path, PolicyName, RoleName, SamlProviderName, ServiceLinkedRoleName,
    UserName,
};
use crate::provider::{OidcProviderArn, OidcProviderUrl};
use crate::resource::SessionDuration;
use crate::saml::{SamlMetadata, SamlProviderArn};
use crate::settings::{Alias, Parameters, PasswordPolicy};
use crate::tags::Tags;

/// One call that changes something in IAM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", content = "params", rename_all_fields = "PascalCase")]
#[expect(missing_docs, reason = "the variants are the calls of the IAM API, the fields its parameters")]
pub enum Action {
    CreateUser {
        user_name: UserName,
        path: Path,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        permissions_boundary: Option<PolicyArn>,
        #[serde(skip_serializing_if = "Tags::is_empty", default)]
        tags: Tags,
    },
    UpdateUser {
        user_name: UserName,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        new_user_name: Option<UserName>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        new_path: Option<Path>,
    },
    DeleteUser {
        user_name: UserName,
    },
    CreateGroup {
        group_name: GroupName,
        path: Path,
    },
    UpdateGroup {
        group_name: GroupName,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        new_group_name: Option<GroupName>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        new_path: Option<Path>,
    },
    DeleteGroup {
        group_name: GroupName,
    },
    CreateRole {
        role_name: RoleName,
        path: Path,
        assume_role_policy_document: Document,
        description: String,
        max_session_duration: SessionDuration,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        permissions_boundary: Option<PolicyArn>,
        #[serde(skip_serializing_if = "Tags::is_empty", default)]
        tags: Tags,
    },
    /// Sends both, because a value that is left out would be reset.
    UpdateRole {
        role_name: RoleName,
        description: String,
        max_session_duration: SessionDuration,
    },
    UpdateAssumeRolePolicy {
        role_name: RoleName,
        policy_document: Document,
    },
    DeleteRole {
        role_name: RoleName,
    },
    CreatePolicy {
        policy_name: PolicyName,
        path: Path,
        description: String,
        policy_document: Document,
        #[serde(skip_serializing_if = "Tags::is_empty", default)]
        tags: Tags,
    },
    /// Makes the new version the default one.
    CreatePolicyVersion {
        policy_arn: PolicyArn,
        policy_document: Document,
    },
    SetDefaultPolicyVersion {
        policy_arn: PolicyArn,
        version_id: VersionId,
    },
    DeletePolicyVersion {
        policy_arn: PolicyArn,
        version_id: VersionId,
    },
    DeletePolicy {
        policy_arn: PolicyArn,
    },
    PutUserPermissionsBoundary {
        user_name: UserName,
        permissions_boundary: PolicyArn,
    },
    DeleteUserPermissionsBoundary {
        user_name: UserName,
    },
    PutRolePermissionsBoundary {
        role_name: RoleName,
        permissions_boundary: PolicyArn,
    },
    DeleteRolePermissionsBoundary {
        role_name: RoleName,
    },
    PutUserPolicy {
        user_name: UserName,
        policy_name: PolicyName,
        policy_document: Document,
    },
    DeleteUserPolicy {
        user_name: UserName,
        policy_name: PolicyName,
    },
    PutGroupPolicy {
        group_name: GroupName,
        policy_name: PolicyName,
        policy_document: Document,
    },
    DeleteGroupPolicy {
        group_name: GroupName,
        policy_name: PolicyName,
    },
    PutRolePolicy {
        role_name: RoleName,
        policy_name: PolicyName,
        policy_document: Document,
    },
    DeleteRolePolicy {
        role_name: RoleName,
        policy_name: PolicyName,
    },
    AttachUserPolicy {
        user_name: UserName,
        policy_arn: PolicyArn,
    },
    DetachUserPolicy {
        user_name: UserName,
        policy_arn: PolicyArn,
    },
    AttachGroupPolicy {
        group_name: GroupName,
        policy_arn: PolicyArn,
    },
    DetachGroupPolicy {
        group_name: GroupName,
        policy_arn: PolicyArn,
    },
    AttachRolePolicy {
        role_name: RoleName,
        policy_arn: PolicyArn,
    },
    DetachRolePolicy {
        role_name: RoleName,
        policy_arn: PolicyArn,
    },
    AddUserToGroup {
        group_name: GroupName,
        user_name: UserName,
    },
    RemoveUserFromGroup {
        group_name: GroupName,
        user_name: UserName,
    },
    TagUser {
        user_name: UserName,
        tags: Tags,
    },
    UntagUser {
        user_name: UserName,
        tag_keys: Vec<String>,
    },
    TagRole {
        role_name: RoleName,
        tags: Tags,
    },
    UntagRole {
        role_name: RoleName,
        tag_keys: Vec<String>,
    },
    TagPolicy {
        policy_arn: PolicyArn,
        tags: Tags,
    },
    UntagPolicy {
        policy_arn: PolicyArn,
        tag_keys: Vec<String>,
    },
    UpdateAccessKey {
        user_name: UserName,
        access_key_id: String,
        status: KeyStatus,
    },
    DeleteAccessKey {
        user_name: UserName,
        access_key_id: String,
    },
    DeleteLoginProfile {
        user_name: UserName,
    },
    DeactivateMFADevice {
        user_name: UserName,
        serial_number: MfaSerial,
    },
    /// The user is no parameter of the call: it says whose device it was.
    DeleteVirtualMFADevice {
        user_name: UserName,
        serial_number: MfaSerial,
    },
    DeleteSigningCertificate {
        user_name: UserName,
        certificate_id: String,
    },
    DeleteSSHPublicKey {
        user_name: UserName,
        #[serde(rename = "SSHPublicKeyId")]
        ssh_public_key_id: String,
    },
    DeleteServiceSpecificCredential {
        user_name: UserName,
        service_specific_credential_id: String,
    },
    CreateInstanceProfile {
        instance_profile_name: InstanceProfileName,
        path: Path,
        #[serde(skip_serializing_if = "Tags::is_empty", default)]
        tags: Tags,
    },
    DeleteInstanceProfile {
        instance_profile_name: InstanceProfileName,
    },
    AddRoleToInstanceProfile {
        instance_profile_name: InstanceProfileName,
        role_name: RoleName,
    },
    RemoveRoleFromInstanceProfile {
        instance_profile_name: InstanceProfileName,
        role_name: RoleName,
    },
    TagInstanceProfile {
        instance_profile_name: InstanceProfileName,
        tags: Tags,
    },
    UntagInstanceProfile {
        instance_profile_name: InstanceProfileName,
        tag_keys: Vec<String>,
    },
    /// Without thumbprints, AWS takes the one that it finds.
    CreateOpenIDConnectProvider {
        #[serde(with = "crate::provider::with_scheme")]
        url: OidcProviderUrl,
        #[serde(rename = "ClientIDList", skip_serializing_if = "BTreeSet::is_empty", default)]
        client_ids: BTreeSet<String>,
        #[serde(rename = "ThumbprintList", skip_serializing_if = "Option::is_none", default)]
        thumbprints: Option<BTreeSet<String>>,
        #[serde(skip_serializing_if = "Tags::is_empty", default)]
        tags: Tags,
    },
    DeleteOpenIDConnectProvider {
        #[serde(rename = "OpenIDConnectProviderArn")]
        arn: OidcProviderArn,
    },
    AddClientIDToOpenIDConnectProvider {
        #[serde(rename = "OpenIDConnectProviderArn")]
        arn: OidcProviderArn,
        #[serde(rename = "ClientID")]
        client_id: String,
    },
    RemoveClientIDFromOpenIDConnectProvider {
        #[serde(rename = "OpenIDConnectProviderArn")]
        arn: OidcProviderArn,
        #[serde(rename = "ClientID")]
        client_id: String,
    },
    /// Replaces all of them.
    UpdateOpenIDConnectProviderThumbprint {
        #[serde(rename = "OpenIDConnectProviderArn")]
        arn: OidcProviderArn,
        #[serde(rename = "ThumbprintList")]
        thumbprints: BTreeSet<String>,
    },
    TagOpenIDConnectProvider {
        #[serde(rename = "OpenIDConnectProviderArn")]
        arn: OidcProviderArn,
        tags: Tags,
    },
    UntagOpenIDConnectProvider {
        #[serde(rename = "OpenIDConnectProviderArn")]
        arn: OidcProviderArn,
        tag_keys: Vec<String>,
    },
    /// Takes the place of the alias that the account has.
    CreateAccountAlias {
        account_alias: Alias,
    },
    DeleteAccountAlias {
        account_alias: Alias,
    },
    /// Makes it, or takes the place of the whole that is there: what is left out would be reset.
    UpdateAccountPasswordPolicy {
        #[serde(flatten, with = "Parameters")]
        policy: PasswordPolicy,
    },
    DeleteAccountPasswordPolicy {},
    CreateSAMLProvider {
        name: SamlProviderName,
        #[serde(rename = "SAMLMetadataDocument")]
        metadata: SamlMetadata,
        #[serde(skip_serializing_if = "Tags::is_empty", default)]
        tags: Tags,
    },
    /// What is not named stays as it is: encryption of assertions, and its keys.
    UpdateSAMLProvider {
        #[serde(rename = "SAMLProviderArn")]
        arn: SamlProviderArn,
        #[serde(rename = "SAMLMetadataDocument")]
        metadata: SamlMetadata,
    },
    DeleteSAMLProvider {
        #[serde(rename = "SAMLProviderArn")]
        arn: SamlProviderArn,
    },
    TagSAMLProvider {
        #[serde(rename = "SAMLProviderArn")]
        arn: SamlProviderArn,
        tags: Tags,
    },
    UntagSAMLProvider {
        #[serde(rename = "SAMLProviderArn")]
        arn: SamlProviderArn,
        tag_keys: Vec<String>,
    },
    /// The service says what the role may do, and what it is called.
    CreateServiceLinkedRole {
        #[serde(flatten, with = "crate::service_linked::parameters")]
        name: ServiceLinkedRoleName,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        description: Option<String>,
    },
}

impl Action {
    /// Attaches a managed policy.
    #[must_use]
    pub fn attach(to: &Identity, policy_arn: PolicyArn) -> Self {
        match to.clone() {
            Identity::User(user_name) => Action::AttachUserPolicy { user_name, policy_arn },
            Identity::Group(group_name) => Action::AttachGroupPolicy { group_name, policy_arn },
            Identity::Role(role_name) => Action::AttachRolePolicy { role_name, policy_arn },
        }
    }

    /// Detaches a managed policy.
    #[must_use]
    pub fn detach(from: &Identity, policy_arn: PolicyArn) -> Self {
        match from.clone() {
            Identity::User(user_name) => Action::DetachUserPolicy { user_name, policy_arn },
            Identity::Group(group_name) => Action::DetachGroupPolicy { group_name, policy_arn },
            Identity::Role(role_name) => Action::DetachRolePolicy { role_name, policy_arn },
        }
    }

    /// Makes or replaces an inline policy.
    #[must_use]
    pub fn put_inline(to: &Identity, policy_name: PolicyName, policy_document: Document) -> Self {
        match to.clone() {
            Identity::User(user_name) => Action::PutUserPolicy { user_name, policy_name, policy_document },
            Identity::Group(group_name) => {
                Action::PutGroupPolicy { group_name, policy_name, policy_document }
            }
            Identity::Role(role_name) => Action::PutRolePolicy { role_name, policy_name, policy_document },
        }
    }

    /// Deletes an inline policy.
    #[must_use]
    pub fn delete_inline(from: &Identity, policy_name: PolicyName) -> Self {
        match from.clone() {
            Identity::User(user_name) => Action::DeleteUserPolicy { user_name, policy_name },
            Identity::Group(group_name) => Action::DeleteGroupPolicy { group_name, policy_name },
            Identity::Role(role_name) => Action::DeleteRolePolicy { role_name, policy_name },
        }
    }

    /// AWS's name of the call.
    #[must_use]
    pub fn call(&self) -> &'static str {
        match self {
            Action::CreateUser { .. } => "CreateUser",
            Action::UpdateUser { .. } => "UpdateUser",
            Action::DeleteUser { .. } => "DeleteUser",
            Action::CreateGroup { .. } => "CreateGroup",
            Action::UpdateGroup { .. } => "UpdateGroup",
            Action::DeleteGroup { .. } => "DeleteGroup",
            Action::CreateRole { .. } => "CreateRole",
            Action::UpdateRole { .. } => "UpdateRole",
            Action::UpdateAssumeRolePolicy { .. } => "UpdateAssumeRolePolicy",
            Action::DeleteRole { .. } => "DeleteRole",
            Action::CreatePolicy { .. } => "CreatePolicy",
            Action::CreatePolicyVersion { .. } => "CreatePolicyVersion",
            Action::SetDefaultPolicyVersion { .. } => "SetDefaultPolicyVersion",
            Action::DeletePolicyVersion { .. } => "DeletePolicyVersion",
            Action::DeletePolicy { .. } => "DeletePolicy",
            Action::PutUserPermissionsBoundary { .. } => "PutUserPermissionsBoundary",
            Action::DeleteUserPermissionsBoundary { .. } => "DeleteUserPermissionsBoundary",
            Action::PutRolePermissionsBoundary { .. } => "PutRolePermissionsBoundary",
            Action::DeleteRolePermissionsBoundary { .. } => "DeleteRolePermissionsBoundary",
            Action::PutUserPolicy { .. } => "PutUserPolicy",
            Action::DeleteUserPolicy { .. } => "DeleteUserPolicy",
            Action::PutGroupPolicy { .. } => "PutGroupPolicy",
            Action::DeleteGroupPolicy { .. } => "DeleteGroupPolicy",
            Action::PutRolePolicy { .. } => "PutRolePolicy",
            Action::DeleteRolePolicy { .. } => "DeleteRolePolicy",
            Action::AttachUserPolicy { .. } => "AttachUserPolicy",
            Action::DetachUserPolicy { .. } => "DetachUserPolicy",
            Action::AttachGroupPolicy { .. } => "AttachGroupPolicy",
            Action::DetachGroupPolicy { .. } => "DetachGroupPolicy",
            Action::AttachRolePolicy { .. } => "AttachRolePolicy",
            Action::DetachRolePolicy { .. } => "DetachRolePolicy",
            Action::AddUserToGroup { .. } => "AddUserToGroup",
            Action::RemoveUserFromGroup { .. } => "RemoveUserFromGroup",
            Action::TagUser { .. } => "TagUser",
            Action::UntagUser { .. } => "UntagUser",
            Action::TagRole { .. } => "TagRole",
            Action::UntagRole { .. } => "UntagRole",
            Action::TagPolicy { .. } => "TagPolicy",
            Action::UntagPolicy { .. } => "UntagPolicy",
            Action::UpdateAccessKey { .. } => "UpdateAccessKey",
            Action::DeleteAccessKey { .. } => "DeleteAccessKey",
            Action::DeleteLoginProfile { .. } => "DeleteLoginProfile",
            Action::DeactivateMFADevice { .. } => "DeactivateMFADevice",
            Action::DeleteVirtualMFADevice { .. } => "DeleteVirtualMFADevice",
            Action::DeleteSigningCertificate { .. } => "DeleteSigningCertificate",
            Action::DeleteSSHPublicKey { .. } => "DeleteSSHPublicKey",
            Action::DeleteServiceSpecificCredential { .. } => "DeleteServiceSpecificCredential",
            Action::CreateInstanceProfile { .. } => "CreateInstanceProfile",
            Action::DeleteInstanceProfile { .. } => "DeleteInstanceProfile",
            Action::AddRoleToInstanceProfile { .. } => "AddRoleToInstanceProfile",
            Action::RemoveRoleFromInstanceProfile { .. } => "RemoveRoleFromInstanceProfile",
            Action::TagInstanceProfile { .. } => "TagInstanceProfile",
            Action::UntagInstanceProfile { .. } => "UntagInstanceProfile",
            Action::CreateOpenIDConnectProvider { .. } => "CreateOpenIDConnectProvider",
            Action::DeleteOpenIDConnectProvider { .. } => "DeleteOpenIDConnectProvider",
            Action::AddClientIDToOpenIDConnectProvider { .. } => "AddClientIDToOpenIDConnectProvider",
            Action::RemoveClientIDFromOpenIDConnectProvider { .. } => {
                "RemoveClientIDFromOpenIDConnectProvider"
            }
            Action::UpdateOpenIDConnectProviderThumbprint { .. } => "UpdateOpenIDConnectProviderThumbprint",
            Action::TagOpenIDConnectProvider { .. } => "TagOpenIDConnectProvider",
            Action::UntagOpenIDConnectProvider { .. } => "UntagOpenIDConnectProvider",
            Action::CreateAccountAlias { .. } => "CreateAccountAlias",
            Action::DeleteAccountAlias { .. } => "DeleteAccountAlias",
            Action::UpdateAccountPasswordPolicy { .. } => "UpdateAccountPasswordPolicy",
            Action::DeleteAccountPasswordPolicy {} => "DeleteAccountPasswordPolicy",
            Action::CreateSAMLProvider { .. } => "CreateSAMLProvider",
            Action::UpdateSAMLProvider { .. } => "UpdateSAMLProvider",
            Action::DeleteSAMLProvider { .. } => "DeleteSAMLProvider",
            Action::TagSAMLProvider { .. } => "TagSAMLProvider",
            Action::UntagSAMLProvider { .. } => "UntagSAMLProvider",
            Action::CreateServiceLinkedRole { .. } => "CreateServiceLinkedRole",
        }
    }

    /// What the call is about, in words: `AttachRolePolicy s3-read to role/engineer`.
    #[must_use]
    pub fn describe(&self) -> String {
        let call = self.call();
        let subject = self.subject();
        match self {
            Action::AttachUserPolicy { policy_arn, .. }
            | Action::AttachGroupPolicy { policy_arn, .. }
            | Action::AttachRolePolicy { policy_arn, .. } => {
                format!("{call} {} to {subject}", policy_arn.path_and_name())
            }
            Action::DetachUserPolicy { policy_arn, .. }
            | Action::DetachGroupPolicy { policy_arn, .. }
            | Action::DetachRolePolicy { policy_arn, .. } => {
                format!("{call} {} from {subject}", policy_arn.path_and_name())
            }
            Action::PutUserPolicy { policy_name, .. }
            | Action::PutGroupPolicy { policy_name, .. }
            | Action::PutRolePolicy { policy_name, .. } => format!("{call} {policy_name} on {subject}"),
            Action::DeleteUserPolicy { policy_name, .. }
            | Action::DeleteGroupPolicy { policy_name, .. }
            | Action::DeleteRolePolicy { policy_name, .. } => format!("{call} {policy_name} of {subject}"),
            Action::AddUserToGroup { group_name, .. } => format!("{call} {subject} to group/{group_name}"),
            Action::RemoveUserFromGroup { group_name, .. } => {
                format!("{call} {subject} from group/{group_name}")
            }
            Action::DeletePolicyVersion { version_id, .. }
            | Action::SetDefaultPolicyVersion { version_id, .. } => {
                format!("{call} {version_id} of {subject}")
            }
            Action::UpdateAccessKey { access_key_id, status, .. } => {
                format!("{call} {access_key_id} of {subject}: {status:?}")
            }
            Action::DeleteAccessKey { access_key_id: id, .. }
            | Action::DeleteSigningCertificate { certificate_id: id, .. }
            | Action::DeleteSSHPublicKey { ssh_public_key_id: id, .. }
            | Action::DeleteServiceSpecificCredential { service_specific_credential_id: id, .. } => {
                format!("{call} {id} of {subject}")
            }
            Action::DeactivateMFADevice { serial_number, .. }
            | Action::DeleteVirtualMFADevice { serial_number, .. } => {
                format!("{call} {serial_number} of {subject}")
            }
            Action::AddRoleToInstanceProfile { role_name, .. } => {
                format!("{call} role/{role_name} to {subject}")
            }
            Action::RemoveRoleFromInstanceProfile { role_name, .. } => {
                format!("{call} role/{role_name} from {subject}")
            }
            Action::AddClientIDToOpenIDConnectProvider { client_id, .. } => {
                format!("{call} {} to {subject}", client_id.escape_debug())
            }
            Action::RemoveClientIDFromOpenIDConnectProvider { client_id, .. } => {
                format!("{call} {} from {subject}", client_id.escape_debug())
            }
            Action::CreateAccountAlias { account_alias } | Action::DeleteAccountAlias { account_alias } => {
                format!("{call} {account_alias}")
            }
            Action::UpdateAccountPasswordPolicy { .. } | Action::DeleteAccountPasswordPolicy {} => {
                call.to_owned()
            }
            _ => match self.renames() {
                Some((from, to)) => format!("{call} {from} -> {}", to.name()),
                None => format!("{call} {subject}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_written_as_the_call_it_is_and_reads_back() {
        let action = Action::AttachRolePolicy {
            role_name: RoleName::parse("engineer").unwrap(),
            policy_arn: PolicyArn::parse("arn:aws:iam::123456789012:policy/s3-read").unwrap(),
        };
        let json = serde_json::to_value(&action).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"call": "AttachRolePolicy", "params": {
                "RoleName": "engineer", "PolicyArn": "arn:aws:iam::123456789012:policy/s3-read"}})
        );
        assert_eq!(json["call"], action.call());
        assert_eq!(serde_json::from_value::<Action>(json).unwrap(), action);
        assert_eq!(action.describe(), "AttachRolePolicy s3-read to role/engineer");
    }

    #[test]
    fn parameters_have_the_names_that_aws_gives_them() {
        let bob = || UserName::parse("bob").unwrap();
        let id = || "ID".to_owned();
        let serial_number = || MfaSerial("GAHT1".to_owned());
        for (action, params, says) in [
            (
                Action::UpdateAccessKey {
                    user_name: bob(),
                    access_key_id: id(),
                    status: KeyStatus::Inactive,
                },
                serde_json::json!({"UserName": "bob", "AccessKeyId": "ID", "Status": "Inactive"}),
                "UpdateAccessKey ID of user/bob: Inactive",
            ),
            (
                Action::DeactivateMFADevice { user_name: bob(), serial_number: serial_number() },
                serde_json::json!({"UserName": "bob", "SerialNumber": "GAHT1"}),
                "DeactivateMFADevice GAHT1 of user/bob",
            ),
            (
                Action::DeleteSSHPublicKey { user_name: bob(), ssh_public_key_id: id() },
                serde_json::json!({"UserName": "bob", "SSHPublicKeyId": "ID"}),
                "DeleteSSHPublicKey ID of user/bob",
            ),
            (
                Action::DeleteLoginProfile { user_name: bob() },
                serde_json::json!({"UserName": "bob"}),
                "DeleteLoginProfile user/bob",
            ),
            (
                Action::CreateAccountAlias { account_alias: Alias::parse("acme-prod").unwrap() },
                serde_json::json!({"AccountAlias": "acme-prod"}),
                "CreateAccountAlias acme-prod",
            ),
            (
                Action::UpdateAccountPasswordPolicy {
                    policy: PasswordPolicy {
                        max_password_age: crate::settings::Within::new(90_u16),
                        hard_expiry: true,
                        ..PasswordPolicy::default()
                    },
                },
                serde_json::json!({
                    "MinimumPasswordLength": 6, "RequireSymbols": false, "RequireNumbers": false,
                    "RequireUppercaseCharacters": false, "RequireLowercaseCharacters": false,
                    "AllowUsersToChangePassword": false, "MaxPasswordAge": 90, "HardExpiry": true}),
                "UpdateAccountPasswordPolicy",
            ),
            (Action::DeleteAccountPasswordPolicy {}, serde_json::json!({}), "DeleteAccountPasswordPolicy"),
            (
                Action::CreateServiceLinkedRole {
                    name: ServiceLinkedRoleName::parse("autoscaling.amazonaws.com/batch").unwrap(),
                    description: None,
                },
                serde_json::json!({"AWSServiceName": "autoscaling.amazonaws.com", "CustomSuffix": "batch"}),
                "CreateServiceLinkedRole service_linked_role/autoscaling.amazonaws.com/batch",
            ),
            (
                Action::CreateServiceLinkedRole {
                    name: ServiceLinkedRoleName::parse("ecs.amazonaws.com").unwrap(),
                    description: Some("for tasks".to_owned()),
                },
                serde_json::json!({"AWSServiceName": "ecs.amazonaws.com", "Description": "for tasks"}),
                "CreateServiceLinkedRole service_linked_role/ecs.amazonaws.com",
            ),
        ] {
            let json = serde_json::to_value(&action).unwrap();
            assert_eq!(json, serde_json::json!({"call": action.call(), "params": params}));
            assert_eq!(serde_json::from_value::<Action>(json).unwrap(), action);
            assert_eq!(action.describe(), says);
        }
    }
}
