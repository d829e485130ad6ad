//! Accounts that are as a manifest says, and what a plan calls drift.

#![allow(dead_code, reason = "each test file takes what it needs")]

use iamctl_diff::{Inputs, MasterCopyState, plan};
use iamctl_import::Drifted;
use iamctl_model::{
    Account, AccountId, Address, Cause, ChangeAction, Live, LiveSamlProvider, Observed, Owned, Ownership,
    Partition, PolicyArn, PolicyVersion, RoleDetails, SamlProviderDetails, UniqueId, VersionId,
};
use iamctl_spec::{Options, ReadForEditing};
use jiff::Timestamp;
use std::collections::BTreeSet;

pub(crate) fn account() -> Account {
    Account { id: AccountId::parse("123456789012").unwrap(), partition: Partition::aws() }
}

pub(crate) fn options() -> Options {
    Options { account: Some(account()), ..Options::default() }
}

/// An account that is as the manifest says.
pub(crate) fn live(read: &ReadForEditing) -> Live {
    let created: Timestamp = "2026-11-24T03:12:00Z".parse().unwrap();
    let mut live = Live::empty(account());
    for (address, managed) in &read.manifest.desired.managed {
        let id = UniqueId(format!("ID{address}"));
        use iamctl_model::{LiveGroup, LivePolicy, LiveRole, LiveUser, Resource};
        match (address, managed.value.clone()) {
            (Address::User(name), Resource::User(value)) => {
                live.users
                    .insert(name.clone(), LiveUser { id, created, value, credentials: Observed::NotRead });
            }
            (Address::Group(name), Resource::Group(value)) => {
                live.groups.insert(name.clone(), LiveGroup { id, created, value });
            }
            (Address::Policy(name), Resource::Policy(policy)) => {
                let version = PolicyVersion {
                    id: VersionId("v1".into()),
                    is_default: true,
                    created,
                    document: policy.document,
                };
                let arn = PolicyArn::new(&account(), &policy.path, name);
                let (path, description, tags) =
                    (policy.path, policy.description, Observed::Read(policy.tags));
                live.policies.insert(
                    name.clone(),
                    LivePolicy { id, arn, created, path, description, tags, versions: vec![version] },
                );
            }
            (Address::Role(name), Resource::Role(role)) => {
                let details = RoleDetails {
                    description: role.description,
                    max_session_duration: role.max_session_duration,
                };
                live.roles.insert(
                    name.clone(),
                    LiveRole {
                        id,
                        created,
                        path: role.path,
                        details: Observed::Read(details),
                        trust: role.trust,
                        tags: role.tags,
                        policies: role.policies,
                        inline_policies: role.inline_policies,
                        permissions_boundary: role.permissions_boundary,
                        instance_profiles: Vec::new(),
                    },
                );
            }
            (Address::SamlProvider(name), Resource::SamlProvider(value)) => {
                let details = SamlProviderDetails { metadata: value.metadata, tags: value.tags };
                let provider = LiveSamlProvider { id, created, details: Observed::Read(details) };
                match &mut live.saml_providers {
                    Observed::Read(known) => _ = known.insert(name.clone(), provider),
                    Observed::NotRead => {
                        live.saml_providers = Observed::Read([(name.clone(), provider)].into());
                    }
                }
            }
            _ => panic!("{address}"),
        }
    }
    live
}

/// What the master copy remembers when an account was left as it is.
pub(crate) fn owned(live: &Live) -> Ownership {
    let owned = live.addresses().map(|(address, id)| {
        let last_applied = live.resource(&address, None).unwrap();
        (address.clone(), Owned { id: id.clone(), protect: false, last_applied })
    });
    Ownership(owned.collect())
}

pub(crate) fn drift(read: &ReadForEditing, live: &Live, ownership: &Ownership) -> Vec<Drifted> {
    let planned = plan(&Inputs {
        desired: &read.manifest.desired,
        live,
        ownership,
        unfinished: &[],
        siblings: &[],
        master_copy: MasterCopyState {
            bucket_exists: true,
            has_head: true,
            is_renamed: false,
            manifest_is_stored: true,
        },
        caller: None,
        allow: &BTreeSet::new(),
        deny: &BTreeSet::new(),
    });
    let changes = planned.plan.changes.iter().filter(|change| change.address != Address::MasterCopy);
    let drifted =
        changes.filter(|change| change.cause != Cause::Ours && change.action != ChangeAction::Forget);
    drifted
        .map(|change| Drifted {
            address: change.address.clone(),
            fields: change.fields.keys().copied().collect(),
        })
        .collect()
}
