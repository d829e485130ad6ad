//! Making one call of a plan.
//!
//! | answer | becomes |
//! | --- | --- |
//! | success | done |
//! | a create, a rename: no answer or 5xx, now or before | settled by looking (`settle.rs`) |
//! | a create: "already exists", and no answer was ever lost | refused: somebody else made it |
//! | a delete, detach, remove, untag: `NoSuchEntity` | done, with a remark |
//! | anything else | the error with its class (`failure.rs`) |
//!
//! IAM has no tokens that make a repeated call harmless. What may be repeated is repeated by the SDK;
//! what makes something is sent once, and whoever executes the plan decides about sending it again.

use std::error::Error;

use aws_sdk_iam as iam;
use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::config::retry::RetryConfig;
use aws_sdk_iam::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_iam::operation::RequestId;
use aws_sdk_iam::types::{StatusType, Tag};
use iamctl_apply::{ActionError, Attempt, ErrorClass, IamAccount, Receipt};
use iamctl_model::{Account, Action, Address, KeyStatus, Path, PolicyArn, Tags, UniqueId};

use crate::connect::Aws;
use crate::convert;
use crate::credentials::{CredentialsProblem, Origin};
use crate::failure::Failure;

/// IAM of one account, as the executor of a plan sees it.
#[derive(Debug, Clone)]
pub struct AwsIam {
    pub(crate) client: iam::Client,
    pub(crate) account: Account,
    origin: Origin,
}

impl Aws {
    /// IAM of the caller's account.
    #[must_use]
    pub fn iam(&self, account: &Account) -> AwsIam {
        AwsIam { client: self.iam_client(), account: account.clone(), origin: self.origin.clone() }
    }
}

impl IamAccount for AwsIam {
    async fn perform(&self, action: &Action, attempt: Attempt) -> Result<Receipt, ActionError> {
        let outcome = match self.call(action).await {
            Err(failure) if takes_away(action) && failure.is_no_such_entity() => Ok(Receipt {
                request_id: failure.request_id,
                created: None,
                remark: Some("was already gone".to_owned()),
            }),
            Err(failure) if makes(action) => self.settle(action, attempt, failure).await,
            outcome => outcome,
        };
        outcome.map_err(|failure| match puts_on(action) {
            Some(policy) => self.error(failure.with_policy(policy)),
            None => self.error(failure),
        })
    }

    async fn find(&self, address: &Address, path: Option<&Path>) -> Result<Option<UniqueId>, ActionError> {
        self.look_up(address, path).await.map_err(|failure| self.error(failure))
    }
}

impl AwsIam {
    /// One arm for each call. What makes something is not repeated by the SDK, everything else is.
    async fn call(&self, action: &Action) -> Result<Receipt, Failure> {
        let iam = &self.client;
        match action {
            Action::CreateUser { user_name, path, permissions_boundary, tags } => {
                let call = iam
                    .create_user()
                    .user_name(user_name.as_str())
                    .path(path.as_str())
                    .set_permissions_boundary(permissions_boundary.as_ref().map(ToString::to_string))
                    .set_tags(some(sdk_tags(tags)?));
                let answer = call.customize().config_override(once()).send().await;
                made(answer, |answer| Some(answer.user.as_ref()?.user_id.clone()))
            }
            Action::UpdateUser { user_name, new_user_name, new_path } => {
                let call = iam
                    .update_user()
                    .user_name(user_name.as_str())
                    .set_new_user_name(new_user_name.as_ref().map(ToString::to_string))
                    .set_new_path(new_path.as_ref().map(ToString::to_string));
                done(call.customize().config_override(once()).send().await)
            }
            Action::DeleteUser { user_name } => {
                done(iam.delete_user().user_name(user_name.as_str()).send().await)
            }
            Action::CreateGroup { group_name, path } => {
                let call = iam.create_group().group_name(group_name.as_str()).path(path.as_str());
                let answer = call.customize().config_override(once()).send().await;
                made(answer, |answer| Some(answer.group.as_ref()?.group_id.clone()))
            }
            Action::UpdateGroup { group_name, new_group_name, new_path } => {
                let call = iam
                    .update_group()
                    .group_name(group_name.as_str())
                    .set_new_group_name(new_group_name.as_ref().map(ToString::to_string))
                    .set_new_path(new_path.as_ref().map(ToString::to_string));
                done(call.customize().config_override(once()).send().await)
            }
            Action::DeleteGroup { group_name } => {
                done(iam.delete_group().group_name(group_name.as_str()).send().await)
            }
            Action::CreateRole {
                role_name,
                path,
                assume_role_policy_document,
                description,
                max_session_duration,
                permissions_boundary,
                tags,
            } => {
                let call = iam
                    .create_role()
                    .role_name(role_name.as_str())
                    .path(path.as_str())
                    .assume_role_policy_document(assume_role_policy_document.to_compact_string())
                    .set_description(text(description))
                    .max_session_duration(max_session_duration.as_secs().cast_signed())
                    .set_permissions_boundary(permissions_boundary.as_ref().map(ToString::to_string))
                    .set_tags(some(sdk_tags(tags)?));
                let answer = call.customize().config_override(once()).send().await;
                made(answer, |answer| Some(answer.role.as_ref()?.role_id.clone()))
            }
            Action::UpdateRole { role_name, description, max_session_duration } => done(
                iam.update_role()
                    .role_name(role_name.as_str())
                    .description(description)
                    .max_session_duration(max_session_duration.as_secs().cast_signed())
                    .send()
                    .await,
            ),
            Action::UpdateAssumeRolePolicy { role_name, policy_document } => done(
                iam.update_assume_role_policy()
                    .role_name(role_name.as_str())
                    .policy_document(policy_document.to_compact_string())
                    .send()
                    .await,
            ),
            Action::DeleteRole { role_name } => {
                done(iam.delete_role().role_name(role_name.as_str()).send().await)
            }
            Action::CreatePolicy { policy_name, path, description, policy_document, tags } => {
                let call = iam
                    .create_policy()
                    .policy_name(policy_name.as_str())
                    .path(path.as_str())
                    .set_description(text(description))
                    .policy_document(policy_document.to_compact_string())
                    .set_tags(some(sdk_tags(tags)?));
                let answer = call.customize().config_override(once()).send().await;
                made(answer, |answer| {
                    let policy = answer.policy.as_ref()?;
                    let arn = PolicyArn::new(&self.account, path, policy_name);
                    let created = convert::timestamp(policy.create_date?)?;
                    Some(convert::policy_id(policy.policy_id.clone(), &arn, created).0)
                })
            }
            Action::CreatePolicyVersion { policy_arn, policy_document } => {
                let call = iam
                    .create_policy_version()
                    .policy_arn(policy_arn.as_str())
                    .policy_document(policy_document.to_compact_string())
                    .set_as_default(true);
                done(call.customize().config_override(once()).send().await)
            }
            Action::SetDefaultPolicyVersion { policy_arn, version_id } => done(
                iam.set_default_policy_version()
                    .policy_arn(policy_arn.as_str())
                    .version_id(&version_id.0)
                    .send()
                    .await,
            ),
            Action::DeletePolicyVersion { policy_arn, version_id } => done(
                iam.delete_policy_version()
                    .policy_arn(policy_arn.as_str())
                    .version_id(&version_id.0)
                    .send()
                    .await,
            ),
            Action::DeletePolicy { policy_arn } => {
                done(iam.delete_policy().policy_arn(policy_arn.as_str()).send().await)
            }
            Action::PutUserPermissionsBoundary { user_name, permissions_boundary } => done(
                iam.put_user_permissions_boundary()
                    .user_name(user_name.as_str())
                    .permissions_boundary(permissions_boundary.as_str())
                    .send()
                    .await,
            ),
            Action::DeleteUserPermissionsBoundary { user_name } => {
                done(iam.delete_user_permissions_boundary().user_name(user_name.as_str()).send().await)
            }
            Action::PutRolePermissionsBoundary { role_name, permissions_boundary } => done(
                iam.put_role_permissions_boundary()
                    .role_name(role_name.as_str())
                    .permissions_boundary(permissions_boundary.as_str())
                    .send()
                    .await,
            ),
            Action::DeleteRolePermissionsBoundary { role_name } => {
                done(iam.delete_role_permissions_boundary().role_name(role_name.as_str()).send().await)
            }
            Action::PutUserPolicy { user_name, policy_name, policy_document } => done(
                iam.put_user_policy()
                    .user_name(user_name.as_str())
                    .policy_name(policy_name.as_str())
                    .policy_document(policy_document.to_compact_string())
                    .send()
                    .await,
            ),
            Action::DeleteUserPolicy { user_name, policy_name } => done(
                iam.delete_user_policy()
                    .user_name(user_name.as_str())
                    .policy_name(policy_name.as_str())
                    .send()
                    .await,
            ),
            Action::PutGroupPolicy { group_name, policy_name, policy_document } => done(
                iam.put_group_policy()
                    .group_name(group_name.as_str())
                    .policy_name(policy_name.as_str())
                    .policy_document(policy_document.to_compact_string())
                    .send()
                    .await,
            ),
            Action::DeleteGroupPolicy { group_name, policy_name } => done(
                iam.delete_group_policy()
                    .group_name(group_name.as_str())
                    .policy_name(policy_name.as_str())
                    .send()
                    .await,
            ),
            Action::PutRolePolicy { role_name, policy_name, policy_document } => done(
                iam.put_role_policy()
                    .role_name(role_name.as_str())
                    .policy_name(policy_name.as_str())
                    .policy_document(policy_document.to_compact_string())
                    .send()
                    .await,
            ),
            Action::DeleteRolePolicy { role_name, policy_name } => done(
                iam.delete_role_policy()
                    .role_name(role_name.as_str())
                    .policy_name(policy_name.as_str())
                    .send()
                    .await,
            ),
            Action::AttachUserPolicy { user_name, policy_arn } => done(
                iam.attach_user_policy()
                    .user_name(user_name.as_str())
                    .policy_arn(policy_arn.as_str())
                    .send()
                    .await,
            ),
            Action::DetachUserPolicy { user_name, policy_arn } => done(
                iam.detach_user_policy()
                    .user_name(user_name.as_str())
                    .policy_arn(policy_arn.as_str())
                    .send()
                    .await,
            ),
            Action::AttachGroupPolicy { group_name, policy_arn } => done(
                iam.attach_group_policy()
                    .group_name(group_name.as_str())
                    .policy_arn(policy_arn.as_str())
                    .send()
                    .await,
            ),
            Action::DetachGroupPolicy { group_name, policy_arn } => done(
                iam.detach_group_policy()
                    .group_name(group_name.as_str())
                    .policy_arn(policy_arn.as_str())
                    .send()
                    .await,
            ),
            Action::AttachRolePolicy { role_name, policy_arn } => done(
                iam.attach_role_policy()
                    .role_name(role_name.as_str())
                    .policy_arn(policy_arn.as_str())
                    .send()
                    .await,
            ),
            Action::DetachRolePolicy { role_name, policy_arn } => done(
                iam.detach_role_policy()
                    .role_name(role_name.as_str())
                    .policy_arn(policy_arn.as_str())
                    .send()
                    .await,
            ),
            Action::AddUserToGroup { group_name, user_name } => done(
                iam.add_user_to_group()
                    .group_name(group_name.as_str())
                    .user_name(user_name.as_str())
                    .send()
                    .await,
            ),
            Action::RemoveUserFromGroup { group_name, user_name } => done(
                iam.remove_user_from_group()
                    .group_name(group_name.as_str())
                    .user_name(user_name.as_str())
                    .send()
                    .await,
            ),
            Action::TagUser { user_name, tags } => done(
                iam.tag_user().user_name(user_name.as_str()).set_tags(Some(sdk_tags(tags)?)).send().await,
            ),
            Action::UntagUser { user_name, tag_keys } => done(
                iam.untag_user()
                    .user_name(user_name.as_str())
                    .set_tag_keys(Some(tag_keys.clone()))
                    .send()
                    .await,
            ),
            Action::TagRole { role_name, tags } => done(
                iam.tag_role().role_name(role_name.as_str()).set_tags(Some(sdk_tags(tags)?)).send().await,
            ),
            Action::UntagRole { role_name, tag_keys } => done(
                iam.untag_role()
                    .role_name(role_name.as_str())
                    .set_tag_keys(Some(tag_keys.clone()))
                    .send()
                    .await,
            ),
            Action::TagPolicy { policy_arn, tags } => done(
                iam.tag_policy().policy_arn(policy_arn.as_str()).set_tags(Some(sdk_tags(tags)?)).send().await,
            ),
            Action::UntagPolicy { policy_arn, tag_keys } => done(
                iam.untag_policy()
                    .policy_arn(policy_arn.as_str())
                    .set_tag_keys(Some(tag_keys.clone()))
                    .send()
                    .await,
            ),
            Action::CreateInstanceProfile { instance_profile_name, path, tags } => {
                let call = iam
                    .create_instance_profile()
                    .instance_profile_name(instance_profile_name.as_str())
                    .path(path.as_str())
                    .set_tags(some(sdk_tags(tags)?));
                let answer = call.customize().config_override(once()).send().await;
                made(answer, |answer| Some(answer.instance_profile.as_ref()?.instance_profile_id.clone()))
            }
            Action::DeleteInstanceProfile { instance_profile_name: name } => {
                done(iam.delete_instance_profile().instance_profile_name(name.as_str()).send().await)
            }
            Action::AddRoleToInstanceProfile { instance_profile_name, role_name } => done(
                iam.add_role_to_instance_profile()
                    .instance_profile_name(instance_profile_name.as_str())
                    .role_name(role_name.as_str())
                    .customize()
                    .config_override(once())
                    .send()
                    .await,
            ),
            Action::RemoveRoleFromInstanceProfile { instance_profile_name, role_name } => done(
                iam.remove_role_from_instance_profile()
                    .instance_profile_name(instance_profile_name.as_str())
                    .role_name(role_name.as_str())
                    .send()
                    .await,
            ),
            Action::TagInstanceProfile { instance_profile_name: name, tags } => done(
                iam.tag_instance_profile()
                    .instance_profile_name(name.as_str())
                    .set_tags(Some(sdk_tags(tags)?))
                    .send()
                    .await,
            ),
            Action::UntagInstanceProfile { instance_profile_name: name, tag_keys } => done(
                iam.untag_instance_profile()
                    .instance_profile_name(name.as_str())
                    .set_tag_keys(Some(tag_keys.clone()))
                    .send()
                    .await,
            ),
            Action::CreateOpenIDConnectProvider { .. }
            | Action::DeleteOpenIDConnectProvider { .. }
            | Action::AddClientIDToOpenIDConnectProvider { .. }
            | Action::RemoveClientIDFromOpenIDConnectProvider { .. }
            | Action::UpdateOpenIDConnectProviderThumbprint { .. }
            | Action::TagOpenIDConnectProvider { .. }
            | Action::UntagOpenIDConnectProvider { .. } => self.call_on_oidc_provider(action).await,
            Action::CreateAccountAlias { .. }
            | Action::DeleteAccountAlias { .. }
            | Action::UpdateAccountPasswordPolicy { .. }
            | Action::DeleteAccountPasswordPolicy {} => self.call_on_setting(action).await,
            Action::CreateSAMLProvider { .. }
            | Action::UpdateSAMLProvider { .. }
            | Action::DeleteSAMLProvider { .. }
            | Action::TagSAMLProvider { .. }
            | Action::UntagSAMLProvider { .. } => self.call_on_saml_provider(action).await,
            Action::CreateServiceLinkedRole { name, description } => {
                self.create_service_linked_role(name, description.clone()).await
            }
            Action::UpdateAccessKey { user_name, access_key_id, status } => done(
                iam.update_access_key()
                    .user_name(user_name.as_str())
                    .access_key_id(access_key_id)
                    .status(sdk_status(*status))
                    .send()
                    .await,
            ),
            Action::DeleteAccessKey { user_name, access_key_id: key } => {
                done(iam.delete_access_key().user_name(user_name.as_str()).access_key_id(key).send().await)
            }
            Action::DeleteLoginProfile { user_name } => {
                done(iam.delete_login_profile().user_name(user_name.as_str()).send().await)
            }
            Action::DeactivateMFADevice { user_name, serial_number } => done(
                iam.deactivate_mfa_device()
                    .user_name(user_name.as_str())
                    .serial_number(&serial_number.0)
                    .send()
                    .await,
            ),
            Action::DeleteVirtualMFADevice { user_name: _, serial_number } => {
                done(iam.delete_virtual_mfa_device().serial_number(&serial_number.0).send().await)
            }
            Action::DeleteSigningCertificate { user_name, certificate_id } => done(
                iam.delete_signing_certificate()
                    .user_name(user_name.as_str())
                    .certificate_id(certificate_id)
                    .send()
                    .await,
            ),
            Action::DeleteSSHPublicKey { user_name, ssh_public_key_id } => done(
                iam.delete_ssh_public_key()
                    .user_name(user_name.as_str())
                    .ssh_public_key_id(ssh_public_key_id)
                    .send()
                    .await,
            ),
            Action::DeleteServiceSpecificCredential { user_name, service_specific_credential_id: id } => {
                done(
                    iam.delete_service_specific_credential()
                        .user_name(user_name.as_str())
                        .service_specific_credential_id(id)
                        .send()
                        .await,
                )
            }
        }
    }

    /// The error as the port has it. What is wrong with credentials is said with what to do.
    fn error(&self, failure: Failure) -> ActionError {
        if failure.class != ErrorClass::Credentials {
            return failure.into_action_error();
        }
        let problem = CredentialsProblem::of_iam(&failure, &self.origin);
        let message = format!("{problem}; {}", problem.help());
        Failure { message, ..failure }.into_action_error()
    }
}

/// Whether a call makes something that a second call would make once more, or find in its way.
fn makes(action: &Action) -> bool {
    action.creates()
        // The second attempt finds nothing under the old name.
        || action.renames().is_some()
        // There is room for one role: the second attempt finds the first one's in its way.
        || matches!(action, Action::CreatePolicyVersion { .. } | Action::AddRoleToInstanceProfile { .. })
}

/// The policy that a call puts on something that may have it or not.
fn puts_on(action: &Action) -> Option<&PolicyArn> {
    match action {
        Action::AttachUserPolicy { policy_arn: policy, .. }
        | Action::AttachGroupPolicy { policy_arn: policy, .. }
        | Action::AttachRolePolicy { policy_arn: policy, .. }
        | Action::PutUserPermissionsBoundary { permissions_boundary: policy, .. }
        | Action::PutRolePermissionsBoundary { permissions_boundary: policy, .. }
        | Action::CreateUser { permissions_boundary: Some(policy), .. }
        | Action::CreateRole { permissions_boundary: Some(policy), .. } => Some(policy),
        _ => None,
    }
}

/// Whether a call has nothing left to do when its object is not there.
fn takes_away(action: &Action) -> bool {
    matches!(
        action,
        Action::DeleteUser { .. }
            | Action::DeleteGroup { .. }
            | Action::DeleteRole { .. }
            | Action::DeletePolicy { .. }
            | Action::DeletePolicyVersion { .. }
            | Action::DeleteUserPermissionsBoundary { .. }
            | Action::DeleteRolePermissionsBoundary { .. }
            | Action::DeleteUserPolicy { .. }
            | Action::DeleteGroupPolicy { .. }
            | Action::DeleteRolePolicy { .. }
            | Action::DetachUserPolicy { .. }
            | Action::DetachGroupPolicy { .. }
            | Action::DetachRolePolicy { .. }
            | Action::RemoveUserFromGroup { .. }
            | Action::UntagUser { .. }
            | Action::UntagRole { .. }
            | Action::UntagPolicy { .. }
            | Action::DeleteInstanceProfile { .. }
            | Action::RemoveRoleFromInstanceProfile { .. }
            | Action::UntagInstanceProfile { .. }
            | Action::DeleteOpenIDConnectProvider { .. }
            | Action::RemoveClientIDFromOpenIDConnectProvider { .. }
            | Action::UntagOpenIDConnectProvider { .. }
            | Action::DeleteAccountAlias { .. }
            | Action::DeleteAccountPasswordPolicy {}
            | Action::DeleteSAMLProvider { .. }
            | Action::UntagSAMLProvider { .. }
            // A key that is gone cannot be used either.
            | Action::UpdateAccessKey { status: KeyStatus::Inactive, .. }
            | Action::DeleteAccessKey { .. }
            | Action::DeleteLoginProfile { .. }
            | Action::DeactivateMFADevice { .. }
            | Action::DeleteVirtualMFADevice { .. }
            | Action::DeleteSigningCertificate { .. }
            | Action::DeleteSSHPublicKey { .. }
            | Action::DeleteServiceSpecificCredential { .. }
    )
}

/// No repetition by the SDK.
pub(crate) fn once() -> iam::config::Builder {
    iam::Config::builder().retry_config(RetryConfig::disabled())
}

pub(crate) fn done<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> Result<Receipt, Failure>
where
    T: RequestId,
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    made(answer, |_| None)
}

pub(crate) fn made<T, E>(
    answer: Result<T, SdkError<E, HttpResponse>>,
    id: impl Fn(&T) -> Option<String>,
) -> Result<Receipt, Failure>
where
    T: RequestId,
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let answer = answer?;
    Ok(Receipt {
        request_id: answer.request_id().map(str::to_owned),
        created: id(&answer).map(UniqueId),
        remark: None,
    })
}

fn sdk_status(status: KeyStatus) -> StatusType {
    match status {
        KeyStatus::Active => StatusType::Active,
        KeyStatus::Inactive => StatusType::Inactive,
    }
}

/// IAM refuses an empty description on some calls, and has none where none is sent.
fn text(description: &str) -> Option<String> {
    (!description.is_empty()).then(|| description.to_owned())
}

pub(crate) fn some(tags: Vec<Tag>) -> Option<Vec<Tag>> {
    (!tags.is_empty()).then_some(tags)
}

pub(crate) fn sdk_tags(tags: &Tags) -> Result<Vec<Tag>, BuildError> {
    tags.0.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
