//! Names of manifests that are in use: two manifests of one name would delete each other's things.

use iamctl_apply::MasterStore;
use iamctl_aws::Aws;
use iamctl_model::{Account, ManifestName, MasterCopy};

use crate::exit::Exit;
use crate::failure::Failure;

/// Refuses a name under which something is managed already in this master copy. `option` chooses another.
///
/// A master copy that cannot be read is no reason against a file: the plan will say what it is.
pub(crate) async fn refuse_taken(
    aws: &Aws,
    account: &Account,
    name: &ManifestName,
    master_copy: &MasterCopy,
    option: &str,
) -> Result<(), Failure> {
    let bucket = aws.bucket(master_copy, account);
    let store = MasterStore::new(&bucket, &master_copy.prefix, account.clone(), name.clone());
    let Ok(memory) = store.read_memory().await else { return Ok(()) };
    if memory.head.is_none() {
        return Ok(());
    }
    let count = memory.ownership.0.len();
    let message = format!(
        "a manifest named `{name}` is in use in account {}: it manages {count} things, which the plan of \
         another one of that name would delete",
        account.id
    );
    let place = store.location(&format!("{}current/", store.layout().root()));
    Err(Failure::new(Exit::Refused, message)
        .help(format!("choose another name: `{option} NAME`"))
        .help(format!("or go on with that one, whose text lies in {place}")))
}
