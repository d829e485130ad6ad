//! Plans without AWS, against a saved account.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use iamctl_diff::{Inputs, MasterCopyState, plan as make_plan};
use iamctl_model::{Address, Desired, Live, Note, Owned, Ownership, Plan};
use iamctl_snapshot::{Snapshot, SnapshotError};
use iamctl_spec::Manifest;

use crate::cli::Limits;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::manifest::Loader;

/// Reads a saved account.
pub(crate) fn read(path: &Path) -> Result<Snapshot, Failure> {
    let failed = || Failure::new(Exit::Failed, format!("cannot read the saved account {}", path.display()));
    let text = text(path).map_err(|error| failed().cause(error))?;
    iamctl_snapshot::read(&text).map_err(|error: SnapshotError| {
        failed().cause(error).help("save one with `iamctl plan --save-live FILE`, or with `aws iam get-account-authorization-details`")
    })
}

/// The text of a file. What is no UTF-8 is mostly what PowerShell 5 writes.
pub(crate) fn text(path: &Path) -> Result<String, io::Error> {
    fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => io::Error::new(
            error.kind(),
            "it is not text in UTF-8; PowerShell writes that with `| Out-File -Encoding utf8 FILE`",
        ),
        _ => error,
    })
}

/// Plans against a saved account. What the master copy remembers is in snapshots of iamctl only.
pub(crate) fn plan(
    path: &Path,
    loader: &Loader<'_>,
    limits: &Limits,
) -> Result<(Manifest, Plan, Live), Failure> {
    // Mistakes in the manifest come first, whatever the file holds.
    let offline = loader.load(None)?;
    let Snapshot { live, ownership } = read(path)?;
    if let Some(expected) = offline.desired.account.as_ref().filter(|id| **id != live.account.id) {
        let message = format!(
            "the manifest is for account {expected}, and {} is of account {}",
            path.display(),
            live.account.id
        );
        return Err(Failure::new(Exit::Refused, message));
    }
    let manifest = loader.load_for(offline, &live.account)?;
    let (ownership, note) = match ownership {
        Some(ownership) => (ownership, "planned against a saved account: the master copy was not read".to_owned()),
        None => (
            taken_for_ours(&manifest.desired, &live),
            "planned against a saved account that does not say what is managed: what the manifest names is taken \
             to be, and nothing is deleted"
                .to_owned(),
        ),
    };
    let mut plan = make_plan(&Inputs {
        desired: &manifest.desired,
        live: &live,
        ownership: &ownership,
        unfinished: &[],
        siblings: &[],
        // Nothing is known of it, so nothing is said of it.
        master_copy: MasterCopyState {
            bucket_exists: true,
            has_head: true,
            is_renamed: false,
            manifest_is_stored: true,
        },
        caller: None,
        allow: &limits.allowed(),
        deny: &limits.denied(),
    })
    .plan;
    plan.changes.retain(|change| change.address != Address::MasterCopy);
    plan.notes.push(Note { address: Address::MasterCopy, message: note });
    Ok((manifest, plan, live))
}

/// What is in the manifest and in the account, taken to be ours and as we left it.
fn taken_for_ours(desired: &Desired, live: &Live) -> Ownership {
    let owned = desired.managed.iter().filter_map(|(address, managed)| {
        let id = live.id(address)?.clone();
        let last_applied = live.resource(address, Some(&managed.value))?;
        Some((address.clone(), Owned { id, protect: managed.protect, last_applied }))
    });
    Ownership(owned.collect::<BTreeMap<_, _>>())
}
