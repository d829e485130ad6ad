//! Which parts of two things of one kind differ.

use iamctl_model::{
    AccountAlias, Field, Group, InstanceProfile, OidcProvider, PasswordPolicy, Policy, Resource, Role,
    SamlProvider, ServiceLinkedRole, User,
};

/// The fields in which two things differ, in the order of [`Field`]. Things of different kinds have
/// nothing in common and are never compared; they differ in no field.
///
/// Every struct is taken apart completely: a new field does not compile until somebody decides how it
/// is compared.
pub(crate) fn differing(before: &Resource, after: &Resource) -> Vec<Field> {
    let differences = match (before, after) {
        (Resource::Policy(before), Resource::Policy(after)) => policy(before, after),
        (Resource::Group(before), Resource::Group(after)) => group(before, after),
        (Resource::User(before), Resource::User(after)) => user(before, after),
        (Resource::Role(before), Resource::Role(after)) => role(before, after),
        (Resource::InstanceProfile(before), Resource::InstanceProfile(after)) => {
            instance_profile(before, after)
        }
        (Resource::OidcProvider(before), Resource::OidcProvider(after)) => oidc_provider(before, after),
        (Resource::AccountAlias(before), Resource::AccountAlias(after)) => account_alias(before, after),
        (Resource::PasswordPolicy(before), Resource::PasswordPolicy(after)) => password_policy(before, after),
        (Resource::SamlProvider(before), Resource::SamlProvider(after)) => saml_provider(before, after),
        (Resource::ServiceLinkedRole(before), Resource::ServiceLinkedRole(_)) => service_linked_role(before),
        _ => Vec::new(),
    };
    let mut fields: Vec<_> =
        differences.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect();
    fields.sort_unstable();
    fields
}

/// Takes over some fields of another thing of the same kind.
pub(crate) fn take_over(into: &mut Resource, from: &Resource, fields: &[Field]) {
    for field in fields {
        match (&mut *into, from) {
            (Resource::Policy(into), Resource::Policy(from)) => match field {
                Field::Path => into.path.clone_from(&from.path),
                Field::Description => into.description.clone_from(&from.description),
                Field::Tags => into.tags.clone_from(&from.tags),
                Field::Document => into.document.clone_from(&from.document),
                _ => {}
            },
            (Resource::Group(into), Resource::Group(from)) => match field {
                Field::Path => into.path.clone_from(&from.path),
                Field::Members => into.members.clone_from(&from.members),
                Field::Policies => into.policies.clone_from(&from.policies),
                Field::InlinePolicies => into.inline_policies.clone_from(&from.inline_policies),
                _ => {}
            },
            (Resource::User(into), Resource::User(from)) => match field {
                Field::Path => into.path.clone_from(&from.path),
                Field::Tags => into.tags.clone_from(&from.tags),
                Field::Groups => into.groups.clone_from(&from.groups),
                Field::Policies => into.policies.clone_from(&from.policies),
                Field::InlinePolicies => into.inline_policies.clone_from(&from.inline_policies),
                Field::PermissionsBoundary => {
                    into.permissions_boundary.clone_from(&from.permissions_boundary);
                }
                _ => {}
            },
            (Resource::Role(into), Resource::Role(from)) => match field {
                Field::Path => into.path.clone_from(&from.path),
                Field::Description => into.description.clone_from(&from.description),
                Field::MaxSessionDuration => into.max_session_duration = from.max_session_duration,
                Field::Trust => into.trust.clone_from(&from.trust),
                Field::Tags => into.tags.clone_from(&from.tags),
                Field::Policies => into.policies.clone_from(&from.policies),
                Field::InlinePolicies => into.inline_policies.clone_from(&from.inline_policies),
                Field::PermissionsBoundary => {
                    into.permissions_boundary.clone_from(&from.permissions_boundary);
                }
                _ => {}
            },
            (Resource::InstanceProfile(into), Resource::InstanceProfile(from)) => match field {
                Field::Path => into.path.clone_from(&from.path),
                Field::Role => into.role.clone_from(&from.role),
                Field::Tags => into.tags.clone_from(&from.tags),
                _ => {}
            },
            (Resource::OidcProvider(into), Resource::OidcProvider(from)) => match field {
                Field::ClientIds => into.client_ids.clone_from(&from.client_ids),
                Field::Thumbprints => into.thumbprints.clone_from(&from.thumbprints),
                Field::Tags => into.tags.clone_from(&from.tags),
                _ => {}
            },
            (Resource::AccountAlias(into), Resource::AccountAlias(from)) => into.clone_from(from),
            (Resource::PasswordPolicy(into), Resource::PasswordPolicy(from)) => {
                take_over_of_passwords(into, from, *field);
            }
            (Resource::SamlProvider(into), Resource::SamlProvider(from)) => match field {
                Field::Metadata => into.metadata.clone_from(&from.metadata),
                Field::Tags => into.tags.clone_from(&from.tags),
                _ => {}
            },
            _ => {}
        }
    }
}

fn instance_profile(before: &InstanceProfile, after: &InstanceProfile) -> Vec<(Field, bool)> {
    let InstanceProfile { path, role, tags } = before;
    vec![
        (Field::Path, *path != after.path),
        (Field::Role, *role != after.role),
        (Field::Tags, *tags != after.tags),
    ]
}

/// Thumbprints that are left to AWS differ from none.
fn oidc_provider(before: &OidcProvider, after: &OidcProvider) -> Vec<(Field, bool)> {
    let OidcProvider { client_ids, thumbprints, tags } = before;
    let both = thumbprints.as_ref().zip(after.thumbprints.as_ref());
    vec![
        (Field::ClientIds, *client_ids != after.client_ids),
        (Field::Thumbprints, both.is_some_and(|(before, after)| before != after)),
        (Field::Tags, *tags != after.tags),
    ]
}

fn saml_provider(before: &SamlProvider, after: &SamlProvider) -> Vec<(Field, bool)> {
    let SamlProvider { metadata, tags } = before;
    vec![(Field::Metadata, *metadata != after.metadata), (Field::Tags, *tags != after.tags)]
}

/// It is never changed, and so it never differs.
fn service_linked_role(before: &ServiceLinkedRole) -> Vec<(Field, bool)> {
    let ServiceLinkedRole { description: _ } = before;
    Vec::new()
}

fn policy(before: &Policy, after: &Policy) -> Vec<(Field, bool)> {
    let Policy { path, description, tags, document } = before;
    vec![
        (Field::Path, *path != after.path),
        (Field::Description, *description != after.description),
        (Field::Tags, *tags != after.tags),
        (Field::Document, *document != after.document),
    ]
}

fn take_over_of_passwords(into: &mut PasswordPolicy, from: &PasswordPolicy, field: Field) {
    match field {
        Field::MinimumPasswordLength => into.minimum_password_length = from.minimum_password_length,
        Field::RequireSymbols => into.require_symbols = from.require_symbols,
        Field::RequireNumbers => into.require_numbers = from.require_numbers,
        Field::RequireUppercaseCharacters => {
            into.require_uppercase_characters = from.require_uppercase_characters;
        }
        Field::RequireLowercaseCharacters => {
            into.require_lowercase_characters = from.require_lowercase_characters;
        }
        Field::AllowUsersToChangePassword => {
            into.allow_users_to_change_password = from.allow_users_to_change_password;
        }
        Field::MaxPasswordAge => into.max_password_age = from.max_password_age,
        Field::PasswordReusePrevention => into.password_reuse_prevention = from.password_reuse_prevention,
        Field::HardExpiry => into.hard_expiry = from.hard_expiry,
        _ => {}
    }
}

fn account_alias(before: &AccountAlias, after: &AccountAlias) -> Vec<(Field, bool)> {
    let AccountAlias { alias } = before;
    vec![(Field::Alias, *alias != after.alias)]
}

fn password_policy(before: &PasswordPolicy, after: &PasswordPolicy) -> Vec<(Field, bool)> {
    let PasswordPolicy {
        minimum_password_length,
        require_symbols,
        require_numbers,
        require_uppercase_characters,
        require_lowercase_characters,
        allow_users_to_change_password,
        max_password_age,
        password_reuse_prevention,
        hard_expiry,
    } = before;
    vec![
        (Field::MinimumPasswordLength, *minimum_password_length != after.minimum_password_length),
        (Field::RequireSymbols, *require_symbols != after.require_symbols),
        (Field::RequireNumbers, *require_numbers != after.require_numbers),
        (
            Field::RequireUppercaseCharacters,
            *require_uppercase_characters != after.require_uppercase_characters,
        ),
        (
            Field::RequireLowercaseCharacters,
            *require_lowercase_characters != after.require_lowercase_characters,
        ),
        (
            Field::AllowUsersToChangePassword,
            *allow_users_to_change_password != after.allow_users_to_change_password,
        ),
        (Field::MaxPasswordAge, *max_password_age != after.max_password_age),
        (Field::PasswordReusePrevention, *password_reuse_prevention != after.password_reuse_prevention),
        (Field::HardExpiry, *hard_expiry != after.hard_expiry),
    ]
}

fn group(before: &Group, after: &Group) -> Vec<(Field, bool)> {
    let Group { path, members, policies, inline_policies } = before;
    vec![
        (Field::Path, *path != after.path),
        (Field::Members, *members != after.members),
        (Field::Policies, *policies != after.policies),
        (Field::InlinePolicies, *inline_policies != after.inline_policies),
    ]
}

fn user(before: &User, after: &User) -> Vec<(Field, bool)> {
    let User { path, tags, groups, policies, inline_policies, permissions_boundary } = before;
    vec![
        (Field::Path, *path != after.path),
        (Field::Tags, *tags != after.tags),
        (Field::Groups, *groups != after.groups),
        (Field::Policies, *policies != after.policies),
        (Field::InlinePolicies, *inline_policies != after.inline_policies),
        (Field::PermissionsBoundary, *permissions_boundary != after.permissions_boundary),
    ]
}

fn role(before: &Role, after: &Role) -> Vec<(Field, bool)> {
    let Role {
        path,
        description,
        max_session_duration,
        trust,
        tags,
        policies,
        inline_policies,
        permissions_boundary,
    } = before;
    vec![
        (Field::Path, *path != after.path),
        (Field::Description, *description != after.description),
        (Field::MaxSessionDuration, *max_session_duration != after.max_session_duration),
        (Field::Trust, *trust != after.trust),
        (Field::Tags, *tags != after.tags),
        (Field::Policies, *policies != after.policies),
        (Field::InlinePolicies, *inline_policies != after.inline_policies),
        (Field::PermissionsBoundary, *permissions_boundary != after.permissions_boundary),
    ]
}
