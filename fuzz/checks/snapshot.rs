//! What must hold for every text that is given as a saved account.

use iamctl_model::Ownership;
use iamctl_snapshot::{Snapshot, read, write};

/// Reads a text as a saved account; what was read is written and read again.
pub(crate) fn check(data: &[u8]) -> Option<Snapshot> {
    let text = String::from_utf8_lossy(data);
    let snapshot = match read(&text) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    let ownership = snapshot.ownership.clone().unwrap_or_default();
    let written = write(&snapshot.live, &ownership, "2020-01-01T00:00:00Z".parse().expect("a moment"));
    let again = read(&written).expect("what was written is read");
    assert_eq!(again.live, snapshot.live);
    assert_eq!(again.ownership, Some::<Ownership>(ownership));
    Some(snapshot)
}
