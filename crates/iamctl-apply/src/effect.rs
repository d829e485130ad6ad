//! What a call leaves of the thing that it is made on.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    AccountAlias, Action, Address, Group, InstanceProfile, OidcProvider, Path, Policy, PolicyArn, PolicyName,
    Resource, Role, SamlProvider, ServiceLinkedRole, Tags, User,
};

/// The things that a call changes: what it writes to, and the group of a membership, or the former name.
pub(crate) fn touched(action: &Action) -> [Option<Address>; 2] {
    let other = match action {
        Action::AddUserToGroup { group_name, .. } | Action::RemoveUserFromGroup { group_name, .. } => {
            Some(Address::Group(group_name.clone()))
        }
        _ => action.renames().map(|(from, _)| from),
    };
    [Some(action.subject()), other]
}

/// What the call makes, when it makes a thing, or puts it in the place of the whole that was there.
pub(crate) fn made(action: &Action) -> Option<Resource> {
    Some(match action.clone() {
        Action::CreateUser { user_name: _, path, permissions_boundary, tags } => {
            Resource::User(User { path, tags, permissions_boundary, ..User::default() })
        }
        Action::CreateGroup { group_name: _, path } => Resource::Group(Group { path, ..Group::default() }),
        Action::CreateRole {
            role_name: _,
            path,
            assume_role_policy_document: trust,
            description,
            max_session_duration,
            permissions_boundary,
            tags,
        } => Resource::Role(Role {
            path,
            description,
            max_session_duration,
            trust,
            tags,
            policies: BTreeSet::new(),
            inline_policies: BTreeMap::new(),
            permissions_boundary,
        }),
        Action::CreatePolicy { policy_name: _, path, description, policy_document: document, tags } => {
            Resource::Policy(Policy { path, description, tags, document })
        }
        Action::CreateInstanceProfile { instance_profile_name: _, path, tags } => {
            Resource::InstanceProfile(InstanceProfile { path, role: None, tags })
        }
        Action::CreateOpenIDConnectProvider { url: _, client_ids, thumbprints, tags } => {
            Resource::OidcProvider(OidcProvider { client_ids, thumbprints, tags })
        }
        Action::CreateAccountAlias { account_alias: alias } => Resource::AccountAlias(AccountAlias { alias }),
        Action::UpdateAccountPasswordPolicy { policy } => Resource::PasswordPolicy(policy),
        Action::CreateSAMLProvider { name: _, metadata, tags } => {
            Resource::SamlProvider(SamlProvider { metadata, tags })
        }
        Action::CreateServiceLinkedRole { name: _, description } => {
            Resource::ServiceLinkedRole(ServiceLinkedRole { description })
        }
        _ => return None,
    })
}

/// Changes a thing as the call does. `planned` is what the plan makes of the thing: a policy's version
/// is named by its id, and only the plan knows what stands in it.
///
/// A call that has nothing to do with the thing, or with things of its kind, changes nothing.
pub(crate) fn change(resource: &mut Resource, action: &Action, planned: Option<&Resource>) {
    match action {
        // These make, replace or delete the whole thing, a version that is not in force, or credentials, which are no part
        // of what is managed.
        Action::CreateUser { .. }
        | Action::CreateGroup { .. }
        | Action::CreateRole { .. }
        | Action::CreatePolicy { .. }
        | Action::CreateInstanceProfile { .. }
        | Action::CreateOpenIDConnectProvider { .. }
        | Action::CreateAccountAlias { .. }
        | Action::UpdateAccountPasswordPolicy { .. }
        | Action::CreateSAMLProvider { .. }
        | Action::CreateServiceLinkedRole { .. }
        | Action::DeleteUser { .. }
        | Action::DeleteGroup { .. }
        | Action::DeleteRole { .. }
        | Action::DeletePolicy { .. }
        | Action::DeleteInstanceProfile { .. }
        | Action::DeleteOpenIDConnectProvider { .. }
        | Action::DeleteAccountAlias { .. }
        | Action::DeleteAccountPasswordPolicy {}
        | Action::DeleteSAMLProvider { .. }
        | Action::DeletePolicyVersion { .. }
        | Action::UpdateAccessKey { .. }
        | Action::DeleteAccessKey { .. }
        | Action::DeleteLoginProfile { .. }
        | Action::DeactivateMFADevice { .. }
        | Action::DeleteVirtualMFADevice { .. }
        | Action::DeleteSigningCertificate { .. }
        | Action::DeleteSSHPublicKey { .. }
        | Action::DeleteServiceSpecificCredential { .. } => {}
        // What it is called is said by its address.
        Action::UpdateUser { user_name: _, new_user_name: _, new_path }
        | Action::UpdateGroup { group_name: _, new_group_name: _, new_path } => {
            if let (Some(new), Some(path)) = (new_path, path(resource)) {
                *path = new.clone();
            }
        }
        Action::UpdateRole { .. } | Action::UpdateAssumeRolePolicy { .. } => change_role(resource, action),
        Action::CreatePolicyVersion { .. } | Action::SetDefaultPolicyVersion { .. } => {
            change_policy(resource, action, planned);
        }
        Action::PutUserPermissionsBoundary { permissions_boundary, .. }
        | Action::PutRolePermissionsBoundary { permissions_boundary, .. } => {
            set_boundary(resource, Some(permissions_boundary.clone()));
        }
        Action::DeleteUserPermissionsBoundary { .. } | Action::DeleteRolePermissionsBoundary { .. } => {
            set_boundary(resource, None);
        }
        Action::PutUserPolicy { .. }
        | Action::PutGroupPolicy { .. }
        | Action::PutRolePolicy { .. }
        | Action::DeleteUserPolicy { .. }
        | Action::DeleteGroupPolicy { .. }
        | Action::DeleteRolePolicy { .. } => change_inline_policies(resource, action),
        Action::AttachUserPolicy { policy_arn, .. }
        | Action::AttachGroupPolicy { policy_arn, .. }
        | Action::AttachRolePolicy { policy_arn, .. } => attach(resource, policy_arn),
        Action::DetachUserPolicy { policy_arn, .. }
        | Action::DetachGroupPolicy { policy_arn, .. }
        | Action::DetachRolePolicy { policy_arn, .. } => detach(resource, policy_arn),
        Action::AddUserToGroup { .. } | Action::RemoveUserFromGroup { .. } => {
            change_membership(resource, action);
        }
        Action::AddRoleToInstanceProfile { .. } | Action::RemoveRoleFromInstanceProfile { .. } => {
            change_instance_profile(resource, action);
        }
        Action::AddClientIDToOpenIDConnectProvider { .. }
        | Action::RemoveClientIDFromOpenIDConnectProvider { .. }
        | Action::UpdateOpenIDConnectProviderThumbprint { .. } => change_oidc_provider(resource, action),
        Action::UpdateSAMLProvider { metadata, .. } => {
            if let Resource::SamlProvider(provider) = resource {
                provider.metadata.clone_from(metadata);
            }
        }
        Action::TagUser { tags, .. }
        | Action::TagRole { tags, .. }
        | Action::TagPolicy { tags, .. }
        | Action::TagInstanceProfile { tags, .. }
        | Action::TagOpenIDConnectProvider { tags, .. }
        | Action::TagSAMLProvider { tags, .. } => tag(resource, tags),
        Action::UntagUser { tag_keys, .. }
        | Action::UntagRole { tag_keys, .. }
        | Action::UntagInstanceProfile { tag_keys, .. }
        | Action::UntagOpenIDConnectProvider { tag_keys, .. }
        | Action::UntagSAMLProvider { tag_keys, .. }
        | Action::UntagPolicy { tag_keys, .. } => untag(resource, tag_keys),
    }
}

fn path(resource: &mut Resource) -> Option<&mut Path> {
    match resource {
        Resource::Policy(policy) => Some(&mut policy.path),
        Resource::Group(group) => Some(&mut group.path),
        Resource::User(user) => Some(&mut user.path),
        Resource::Role(role) => Some(&mut role.path),
        Resource::InstanceProfile(profile) => Some(&mut profile.path),
        Resource::OidcProvider(_)
        | Resource::SamlProvider(_)
        | Resource::ServiceLinkedRole(_)
        | Resource::AccountAlias(_)
        | Resource::PasswordPolicy(_) => None,
    }
}

fn change_role(resource: &mut Resource, action: &Action) {
    let Resource::Role(role) = resource else { return };
    match action {
        Action::UpdateRole { role_name: _, description, max_session_duration } => {
            role.description.clone_from(description);
            role.max_session_duration = *max_session_duration;
        }
        Action::UpdateAssumeRolePolicy { role_name: _, policy_document } => {
            role.trust = policy_document.clone();
        }
        _ => {}
    }
}

fn change_policy(resource: &mut Resource, action: &Action, planned: Option<&Resource>) {
    let Resource::Policy(policy) = resource else { return };
    match (action, planned) {
        (Action::CreatePolicyVersion { policy_arn: _, policy_document }, _) => {
            policy.document = policy_document.clone();
        }
        (Action::SetDefaultPolicyVersion { .. }, Some(Resource::Policy(planned))) => {
            policy.document = planned.document.clone();
        }
        _ => {}
    }
}

fn change_instance_profile(resource: &mut Resource, action: &Action) {
    let Resource::InstanceProfile(profile) = resource else { return };
    match action {
        Action::AddRoleToInstanceProfile { role_name, .. } => profile.role = Some(role_name.clone()),
        Action::RemoveRoleFromInstanceProfile { .. } => profile.role = None,
        _ => {}
    }
}

fn change_oidc_provider(resource: &mut Resource, action: &Action) {
    let Resource::OidcProvider(provider) = resource else { return };
    match action {
        Action::AddClientIDToOpenIDConnectProvider { client_id, .. } => {
            provider.client_ids.insert(client_id.clone());
        }
        Action::RemoveClientIDFromOpenIDConnectProvider { client_id, .. } => {
            provider.client_ids.remove(client_id);
        }
        Action::UpdateOpenIDConnectProviderThumbprint { thumbprints, .. } => {
            provider.thumbprints = Some(thumbprints.clone());
        }
        _ => {}
    }
}

fn set_boundary(resource: &mut Resource, boundary: Option<PolicyArn>) {
    match resource {
        Resource::User(user) => user.permissions_boundary = boundary,
        Resource::Role(role) => role.permissions_boundary = boundary,
        Resource::Policy(_)
        | Resource::Group(_)
        | Resource::InstanceProfile(_)
        | Resource::OidcProvider(_)
        | Resource::SamlProvider(_)
        | Resource::ServiceLinkedRole(_)
        | Resource::AccountAlias(_)
        | Resource::PasswordPolicy(_) => {}
    }
}

fn change_inline_policies(resource: &mut Resource, action: &Action) {
    let (name, document) = match action {
        Action::PutUserPolicy { policy_name, policy_document, .. }
        | Action::PutGroupPolicy { policy_name, policy_document, .. }
        | Action::PutRolePolicy { policy_name, policy_document, .. } => (policy_name, Some(policy_document)),
        Action::DeleteUserPolicy { policy_name, .. }
        | Action::DeleteGroupPolicy { policy_name, .. }
        | Action::DeleteRolePolicy { policy_name, .. } => (policy_name, None),
        _ => return,
    };
    match resource {
        Resource::Policy(_)
        | Resource::InstanceProfile(_)
        | Resource::OidcProvider(_)
        | Resource::SamlProvider(_)
        | Resource::ServiceLinkedRole(_)
        | Resource::AccountAlias(_)
        | Resource::PasswordPolicy(_) => {}
        Resource::Group(group) => set_or_remove(&mut group.inline_policies, name, document),
        Resource::User(user) => set_or_remove(&mut user.inline_policies, name, document),
        Resource::Role(role) => set_or_remove(&mut role.inline_policies, name, document),
    }
}

fn set_or_remove<T: Clone>(inline: &mut BTreeMap<PolicyName, T>, name: &PolicyName, document: Option<&T>) {
    // Removed first, because the map would keep the old spelling of the name.
    inline.remove(name);
    if let Some(document) = document {
        inline.insert(name.clone(), document.clone());
    }
}

fn attach(resource: &mut Resource, policy: &PolicyArn) {
    if let Some(attached) = policies(resource) {
        attached.insert(policy.clone());
    }
}

fn detach(resource: &mut Resource, policy: &PolicyArn) {
    if let Some(attached) = policies(resource) {
        attached.remove(policy);
    }
}

fn policies(resource: &mut Resource) -> Option<&mut BTreeSet<PolicyArn>> {
    match resource {
        Resource::Policy(_)
        | Resource::InstanceProfile(_)
        | Resource::OidcProvider(_)
        | Resource::SamlProvider(_)
        | Resource::ServiceLinkedRole(_)
        | Resource::AccountAlias(_)
        | Resource::PasswordPolicy(_) => None,
        Resource::Group(group) => Some(&mut group.policies),
        Resource::User(user) => Some(&mut user.policies),
        Resource::Role(role) => Some(&mut role.policies),
    }
}

/// A membership is a part of both its user and its group.
fn change_membership(resource: &mut Resource, action: &Action) {
    match (action, resource) {
        (Action::AddUserToGroup { group_name, .. }, Resource::User(user)) => {
            user.groups.insert(group_name.clone());
        }
        (Action::AddUserToGroup { user_name, .. }, Resource::Group(group)) => {
            group.members.insert(user_name.clone());
        }
        (Action::RemoveUserFromGroup { group_name, .. }, Resource::User(user)) => {
            user.groups.remove(group_name);
        }
        (Action::RemoveUserFromGroup { user_name, .. }, Resource::Group(group)) => {
            group.members.remove(user_name);
        }
        _ => {}
    }
}

fn tag(resource: &mut Resource, tags: &Tags) {
    untag(resource, &tags.0.keys().cloned().collect::<Vec<_>>());
    let (Resource::User(User { tags: present, .. })
    | Resource::Role(Role { tags: present, .. })
    | Resource::Policy(Policy { tags: present, .. })
    | Resource::InstanceProfile(InstanceProfile { tags: present, .. })
    | Resource::OidcProvider(OidcProvider { tags: present, .. })
    | Resource::SamlProvider(SamlProvider { tags: present, .. })) = resource
    else {
        return;
    };
    present.0.extend(tags.0.clone());
}

/// The case of a key does not count on users and roles, and does on everything else.
fn untag(resource: &mut Resource, keys: &[String]) {
    match resource {
        Resource::User(User { tags, .. }) | Resource::Role(Role { tags, .. }) => {
            tags.0.retain(|key, _| !keys.iter().any(|gone| same_but_for_case(gone, key)));
        }
        Resource::Policy(Policy { tags, .. })
        | Resource::InstanceProfile(InstanceProfile { tags, .. })
        | Resource::OidcProvider(OidcProvider { tags, .. })
        | Resource::SamlProvider(SamlProvider { tags, .. }) => {
            tags.0.retain(|key, _| !keys.contains(key));
        }
        Resource::Group(_)
        | Resource::ServiceLinkedRole(_)
        | Resource::AccountAlias(_)
        | Resource::PasswordPolicy(_) => {}
    }
}

fn same_but_for_case(a: &str, b: &str) -> bool {
    a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase))
}
