//! Things that are made from nothing, and that go with all they have.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{Action, Address, Group, InstanceProfile, Resource, Role, RoleName, Tags, User};

use super::Drafter;
use super::circles::nobody;
use crate::credentials;
use crate::providers::{OidcCalls, SamlCalls};
use crate::settings;
use crate::world::identity;

impl Drafter<'_> {
    pub(crate) fn create(&mut self, address: &Address, after: &Resource) {
        match (address, after) {
            (Address::Policy(name), Resource::Policy(policy)) => self.plain(
                address,
                Action::CreatePolicy {
                    policy_name: name.clone(),
                    path: policy.path.clone(),
                    description: policy.description.clone(),
                    policy_document: policy.document.clone(),
                    tags: policy.tags.clone(),
                },
            ),
            (Address::Group(name), Resource::Group(group)) => {
                let create = Action::CreateGroup { group_name: name.clone(), path: group.path.clone() };
                self.plain(address, create);
                self.group(name, &Group { path: group.path.clone(), ..Group::default() }, group);
            }
            (Address::User(name), Resource::User(user)) => {
                self.plain(
                    address,
                    Action::CreateUser {
                        user_name: name.clone(),
                        path: user.path.clone(),
                        permissions_boundary: user.permissions_boundary.clone(),
                        tags: user.tags.clone(),
                    },
                );
                let made = User {
                    path: user.path.clone(),
                    tags: user.tags.clone(),
                    permissions_boundary: user.permissions_boundary.clone(),
                    ..User::default()
                };
                self.user(name, &made, user);
            }
            (Address::Role(name), Resource::Role(role)) => self.create_role(name, role),
            (Address::InstanceProfile(name), Resource::InstanceProfile(profile)) => {
                self.plain(
                    address,
                    Action::CreateInstanceProfile {
                        instance_profile_name: name.clone(),
                        path: profile.path.clone(),
                        tags: profile.tags.clone(),
                    },
                );
                self.instance_profile(name, &InstanceProfile { role: None, ..profile.clone() }, profile);
            }
            (Address::OidcProvider(url), Resource::OidcProvider(provider)) => {
                self.drafts.extend(OidcCalls::new(self.world, url).create(provider));
            }
            (Address::AccountAlias | Address::PasswordPolicy, setting) => {
                self.drafts.extend(settings::set(setting));
            }
            (Address::SamlProvider(name), Resource::SamlProvider(provider)) => {
                self.drafts.extend(SamlCalls::new(self.world, name).create(provider));
            }
            (Address::ServiceLinkedRole(name), Resource::ServiceLinkedRole(role)) => {
                let (name, description) = (name.clone(), role.description.clone());
                self.plain(address, Action::CreateServiceLinkedRole { name, description });
            }
            // An address and what is at it are of one kind.
            _ => {}
        }
    }

    fn create_role(&mut self, name: &RoleName, role: &Role) {
        let address = Address::Role(name.clone());
        let trust = if self.locked.contains(name) { nobody() } else { role.trust.clone() };
        self.plain(
            &address,
            Action::CreateRole {
                role_name: name.clone(),
                path: role.path.clone(),
                assume_role_policy_document: trust.clone(),
                description: role.description.clone(),
                max_session_duration: role.max_session_duration,
                permissions_boundary: role.permissions_boundary.clone(),
                tags: role.tags.clone(),
            },
        );
        let made =
            Role { trust, policies: BTreeSet::new(), inline_policies: BTreeMap::new(), ..role.clone() };
        self.role(name, &made, role);
    }

    /// Unwinds all that AWS demands to be gone first, whoever put it there.
    pub(crate) fn delete(&mut self, address: &Address) {
        let live = self.world.live();
        match address {
            Address::Policy(name) => {
                let Some(policy) = live.policies.get(name) else { return };
                for version in policy.versions.iter().filter(|version| !version.is_default) {
                    let (policy_arn, version_id) = (policy.arn.clone(), version.id.clone());
                    self.plain(address, Action::DeletePolicyVersion { policy_arn, version_id });
                }
                self.plain(address, Action::DeletePolicy { policy_arn: policy.arn.clone() });
            }
            Address::Group(name) => {
                self.unwind(address);
                self.plain(address, Action::DeleteGroup { group_name: name.clone() });
            }
            Address::User(name) => {
                let user = live.users.get(name);
                let has = user.and_then(|user| user.credentials.as_ref());
                self.drafts.extend(has.into_iter().flat_map(|has| credentials::drafts(name, has)));
                let groups = live.users.get(name).map(|user| user.value.groups.clone()).unwrap_or_default();
                for group in &groups {
                    self.leave(address, name, group);
                }
                self.unwind(address);
                self.plain(address, Action::DeleteUser { user_name: name.clone() });
            }
            Address::Role(name) => {
                self.unwind(address);
                self.plain(address, Action::DeleteRole { role_name: name.clone() });
            }
            Address::InstanceProfile(name) => {
                let Some(found) = live.instance_profile(name) else { return };
                let found = found.against(&Tags::default());
                let without = InstanceProfile { role: None, ..found.clone() };
                self.instance_profile(name, &found, &without);
                self.plain(address, Action::DeleteInstanceProfile { instance_profile_name: name.clone() });
            }
            Address::OidcProvider(url) => self.drafts.extend(OidcCalls::new(self.world, url).delete()),
            Address::AccountAlias | Address::PasswordPolicy => {
                let found = live.resource(address, None);
                self.drafts.extend(found.as_ref().and_then(settings::unset));
            }
            Address::SamlProvider(name) => self.drafts.extend(SamlCalls::new(self.world, name).delete()),
            // It is for its service to let it go.
            Address::ServiceLinkedRole(_) | Address::MasterCopy => {}
        }
    }

    fn unwind(&mut self, address: &Address) {
        let found = self.world.live().resource(address, None);
        if let (Some(identity), Some(found)) = (identity(address), found) {
            self.attachments(&identity, found.policies().unwrap_or(&BTreeSet::new()), &BTreeSet::new());
            let inline = found.inline_policies().cloned().unwrap_or_default();
            self.inline_policies(&identity, &inline, &BTreeMap::new());
        }
    }
}
