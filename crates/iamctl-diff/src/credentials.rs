//! What users sign in with, when they are deleted: AWS deletes no user that still has any of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    Action, Address, Change, ChangeAction, Credentials, Desired, Identity, KeyStatus, Live, MfaSerial, Note,
    Observed, Ownership, Sibling, UnfinishedRun, UserName,
};

use crate::claim::claim;
use crate::delta::Delta;
use crate::drafts::{Draft, Effect};
use crate::graph::{Edges, Reason};

/// The users that are about to be deleted, whose credentials are worth reading before a plan is made:
/// ours, there, and no longer in the manifest.
#[must_use]
pub fn users_to_delete(
    desired: &Desired,
    live: &Live,
    ownership: &Ownership,
    unfinished: &[UnfinishedRun],
    siblings: &[Sibling],
) -> BTreeSet<UserName> {
    let claimed = match unfinished {
        [] => Cow::Borrowed(ownership),
        unfinished => Cow::Owned(claim(ownership.clone(), unfinished, siblings, live)),
    };
    let users = claimed.0.iter().filter_map(|(address, owned)| match address {
        Address::User(name) => Some((address, name, owned)),
        _ => None,
    });
    let renamed: BTreeSet<&Address> =
        desired.managed.values().filter_map(|managed| managed.renamed_from.as_ref()).collect();
    let deleted = users.filter(|(address, _, owned)| {
        if renamed.contains(address) {
            return false;
        }
        let is_wanted = desired.managed.contains_key(*address) || desired.forget.contains(*address);
        !is_wanted && !owned.protect && live.id(address) == Some(&owned.id)
    });
    deleted.map(|(_, name, _)| name.clone()).collect()
}

/// Takes away what a user signs in with: first so that nobody can use it any more, then for good.
pub(crate) fn drafts(user: &UserName, has: &Credentials) -> Vec<Draft> {
    let keys = has.access_keys.iter();
    let cut_off = keys.filter(|key| key.status == KeyStatus::Active).map(|key| Action::UpdateAccessKey {
        user_name: user.clone(),
        access_key_id: key.id.clone(),
        status: KeyStatus::Inactive,
    });
    let password = has.password.then(|| Action::DeleteLoginProfile { user_name: user.clone() });
    let address = Address::User(user.clone());
    let cut_off = cut_off.chain(password).map(|action| Draft {
        effects: Effect::of(Delta::cut_off(), BTreeSet::from([Identity::User(user.clone())]))
            .into_iter()
            .collect(),
        ..Draft::plain(&address, action)
    });
    let for_good = deletions(user, has).into_iter().map(|action| Draft::plain(&address, action));
    cut_off.chain(for_good).collect()
}

fn deletions(user: &UserName, has: &Credentials) -> Vec<Action> {
    let user_name = || user.clone();
    let mut actions = Vec::new();
    for key in &has.access_keys {
        let access_key_id = key.id.clone();
        actions.push(Action::DeleteAccessKey { user_name: user_name(), access_key_id });
    }
    for serial in &has.mfa_devices {
        let serial_number = serial.clone();
        actions.push(Action::DeactivateMFADevice { user_name: user_name(), serial_number });
        if serial.is_virtual() {
            let serial_number = serial.clone();
            actions.push(Action::DeleteVirtualMFADevice { user_name: user_name(), serial_number });
        }
    }
    for id in &has.signing_certificates {
        let certificate_id = id.clone();
        actions.push(Action::DeleteSigningCertificate { user_name: user_name(), certificate_id });
    }
    for id in &has.ssh_public_keys {
        let ssh_public_key_id = id.clone();
        actions.push(Action::DeleteSSHPublicKey { user_name: user_name(), ssh_public_key_id });
    }
    for credential in has.service_credentials.as_ref().into_iter().flatten() {
        let service_specific_credential_id = credential.id.clone();
        actions.push(Action::DeleteServiceSpecificCredential {
            user_name: user_name(),
            service_specific_credential_id,
        });
    }
    actions
}

/// Keys are made useless before anything of the user is taken away for good, so that a run that fails
/// half-way leaves nothing that can still be used. A device is nobody's before it is deleted.
pub(crate) fn order(drafts: &[Draft], edges: &mut Edges) {
    let mut deactivations: BTreeMap<&UserName, Vec<usize>> = BTreeMap::new();
    let mut devices: BTreeMap<&MfaSerial, usize> = BTreeMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        match &draft.action {
            Action::UpdateAccessKey { user_name, .. } => {
                deactivations.entry(user_name).or_default().push(index);
            }
            Action::DeactivateMFADevice { serial_number, .. } => _ = devices.insert(serial_number, index),
            _ => {}
        }
    }
    for (index, draft) in drafts.iter().enumerate() {
        let (Action::DeleteAccessKey { user_name: user, .. }
        | Action::DeleteLoginProfile { user_name: user }
        | Action::DeactivateMFADevice { user_name: user, .. }
        | Action::DeleteVirtualMFADevice { user_name: user, .. }
        | Action::DeleteSigningCertificate { user_name: user, .. }
        | Action::DeleteSSHPublicKey { user_name: user, .. }
        | Action::DeleteServiceSpecificCredential { user_name: user, .. }) = &draft.action
        else {
            continue;
        };
        for first in deactivations.get(user).into_iter().flatten() {
            edges.add(*first, index, Reason::Excess);
        }
        if let Action::DeleteVirtualMFADevice { serial_number, .. } = &draft.action
            && let Some(first) = devices.get(serial_number)
        {
            edges.add(*first, index, Reason::Precondition);
        }
    }
}

/// What goes for good with users that are deleted, and what may be in the way because it was not read.
pub(crate) fn notes(changes: &[Change], live: &Live) -> Vec<Note> {
    let deleted = changes.iter().filter(|change| change.action == ChangeAction::Delete);
    let note = |change: &Change| {
        let Address::User(name) = &change.address else { return None };
        let message = match live.users.get(name)?.credentials.as_ref() {
            None => {
                "whether it has a password, keys or MFA devices was not read: AWS refuses to delete a user \
                     that has any"
                    .to_owned()
            }
            Some(has) if !has.describe().is_empty() => {
                format!("{} will be gone for good", has.describe().join(", "))
            }
            Some(has) if has.service_credentials == Observed::NotRead => {
                "whether it has service-specific credentials was not read: AWS refuses to delete a user that \
                 has any"
                    .to_owned()
            }
            Some(_) => return None,
        };
        Some(Note { address: change.address.clone(), message })
    };
    deleted.filter_map(note).collect()
}
