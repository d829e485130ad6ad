//! Takes out of two things what must not be compared: what the manifest leaves to others, what AWS
//! writes itself, and what AWS cannot change.

use std::collections::BTreeSet;

use iamctl_model::{
    Address, Desired, Field, Group, IgnoredItem, InstanceProfile, Managed, OidcProvider, Policy, Resource,
    Role, SamlProvider, Tags, User, UserName,
};

/// One managed thing, in the form in which its sides can be compared.
pub(crate) struct Comparable<'a> {
    desired: &'a Desired,
    address: &'a Address,
    managed: &'a Managed,
    /// Users that the manifest knows, or that are deleted with this plan: their memberships are
    /// changed on the user, not on the group.
    own_users: &'a BTreeSet<UserName>,
}

impl<'a> Comparable<'a> {
    pub(crate) fn new(
        desired: &'a Desired,
        address: &'a Address,
        managed: &'a Managed,
        own_users: &'a BTreeSet<UserName>,
    ) -> Self {
        Self { desired, address, managed, own_users }
    }

    /// What the manifest wants, where `live` already is: a policy keeps the description it has,
    /// because AWS cannot change it.
    pub(crate) fn wanted(&self, live: Option<&Resource>) -> Resource {
        let mut wanted = self.managed.value.clone();
        if let (Resource::Policy(wanted), Some(Resource::Policy(live))) = (&mut wanted, live) {
            wanted.description.clone_from(&live.description);
        }
        let leaves_all_to_us = self.managed.ignore.is_empty() && self.desired.ignore.is_empty();
        if leaves_all_to_us && !wanted.tags().is_some_and(Tags::has_any_of_aws) {
            return wanted;
        }
        self.without_others(wanted.clone(), &wanted)
    }

    /// One side, live or last applied, in the form in which it can be compared with `wanted`.
    pub(crate) fn side(&self, side: Resource, wanted: &Resource) -> Resource {
        self.without_others(side, wanted)
    }

    fn without_others(&self, side: Resource, wanted: &Resource) -> Resource {
        match (side, wanted) {
            (Resource::Policy(side), Resource::Policy(wanted)) => Resource::Policy(self.policy(side, wanted)),
            (Resource::Group(side), Resource::Group(wanted)) => Resource::Group(self.group(side, wanted)),
            (Resource::User(side), Resource::User(wanted)) => Resource::User(self.user(side, wanted)),
            (Resource::Role(side), Resource::Role(wanted)) => Resource::Role(self.role(side, wanted)),
            (Resource::InstanceProfile(side), Resource::InstanceProfile(wanted)) => {
                Resource::InstanceProfile(InstanceProfile {
                    path: side.path,
                    role: self.pick(Field::Role, side.role, &wanted.role),
                    tags: self.tags(side.tags),
                })
            }
            (Resource::OidcProvider(side), Resource::OidcProvider(wanted)) => {
                Resource::OidcProvider(OidcProvider {
                    client_ids: self.pick(Field::ClientIds, side.client_ids, &wanted.client_ids),
                    // What the manifest does not name is AWS's choice.
                    thumbprints: wanted.thumbprints.as_ref().and(side.thumbprints),
                    tags: self.tags(side.tags),
                })
            }
            (Resource::SamlProvider(side), Resource::SamlProvider(wanted)) => {
                Resource::SamlProvider(SamlProvider {
                    metadata: self.pick(Field::Metadata, side.metadata, &wanted.metadata),
                    tags: self.tags(side.tags),
                })
            }
            // Nothing of it is ever changed.
            (Resource::ServiceLinkedRole(_), Resource::ServiceLinkedRole(wanted)) => {
                Resource::ServiceLinkedRole(wanted.clone())
            }
            // Settings are managed whole; things of different kinds have no address in common.
            (side, _) => side,
        }
    }

    fn leaves(&self, field: Field) -> bool {
        self.managed.ignore.contains(&field)
    }

    fn leaves_item(&self, item: IgnoredItem<'_>) -> bool {
        self.desired.ignored(self.address, item).is_some()
    }

    /// `side`, or `wanted` where the field is left to others.
    fn pick<T: Clone>(&self, field: Field, side: T, wanted: &T) -> T {
        if self.leaves(field) { wanted.clone() } else { side }
    }

    fn tags(&self, tags: Tags) -> Tags {
        if self.leaves(Field::Tags) {
            return Tags::default();
        }
        let mut tags = tags.without_those_of_aws();
        tags.0.retain(|key, _| !self.leaves_item(IgnoredItem::Tag(key)));
        tags
    }

    fn policy(&self, side: Policy, wanted: &Policy) -> Policy {
        Policy {
            path: side.path,
            description: wanted.description.clone(),
            tags: self.tags(side.tags),
            document: self.pick(Field::Document, side.document, &wanted.document),
        }
    }

    fn group(&self, side: Group, wanted: &Group) -> Group {
        let strangers = side.members.into_iter().filter(|member| {
            !self.own_users.contains(member)
                && !self.leaves(Field::Members)
                && !self.leaves_item(IgnoredItem::Member(member))
        });
        let mut group = Group {
            path: self.pick(Field::Path, side.path, &wanted.path),
            members: wanted.members.iter().cloned().chain(strangers).collect(),
            policies: side.policies,
            inline_policies: side.inline_policies,
        };
        group.policies.retain(|arn| self.keeps_policy(arn));
        group.inline_policies.retain(|name, _| self.keeps_inline(name));
        group
    }

    fn user(&self, side: User, wanted: &User) -> User {
        let mut user = User {
            path: self.pick(Field::Path, side.path, &wanted.path),
            tags: self.tags(side.tags),
            groups: side.groups,
            policies: side.policies,
            inline_policies: side.inline_policies,
            permissions_boundary: self.pick(
                Field::PermissionsBoundary,
                side.permissions_boundary,
                &wanted.permissions_boundary,
            ),
        };
        user.groups.retain(|name| !self.leaves(Field::Groups) && !self.leaves_item(IgnoredItem::Group(name)));
        user.policies.retain(|arn| self.keeps_policy(arn));
        user.inline_policies.retain(|name, _| self.keeps_inline(name));
        user
    }

    fn role(&self, side: Role, wanted: &Role) -> Role {
        let mut role = Role {
            path: side.path,
            description: self.pick(Field::Description, side.description, &wanted.description),
            max_session_duration: self.pick(
                Field::MaxSessionDuration,
                side.max_session_duration,
                &wanted.max_session_duration,
            ),
            trust: self.pick(Field::Trust, side.trust, &wanted.trust),
            tags: self.tags(side.tags),
            policies: side.policies,
            inline_policies: side.inline_policies,
            permissions_boundary: self.pick(
                Field::PermissionsBoundary,
                side.permissions_boundary,
                &wanted.permissions_boundary,
            ),
        };
        role.policies.retain(|arn| self.keeps_policy(arn));
        role.inline_policies.retain(|name, _| self.keeps_inline(name));
        role
    }

    fn keeps_policy(&self, arn: &iamctl_model::PolicyArn) -> bool {
        !self.leaves(Field::Policies) && !self.leaves_item(IgnoredItem::Policy(arn))
    }

    fn keeps_inline(&self, name: &iamctl_model::PolicyName) -> bool {
        !self.leaves(Field::InlinePolicies) && !self.leaves_item(IgnoredItem::InlinePolicy(name))
    }
}
