//! What the head says and the account, as it was read, does not show. Right after a run that may be
//! IAM's reads, which lag behind, and not somebody who changed something.

use iamctl_model::{Address, Cause, ChangeAction, Desired, Live, Owned, Ownership};

use crate::changes::compare;
use crate::claim::is_on_the_way_to;
use crate::ghosts::Ghosts;
use crate::moves::Moves;

/// Whether everything that is ours reads as it was left.
#[must_use]
pub fn is_as_left(desired: &Desired, live: &Live, ownership: &Ownership) -> bool {
    if missing(live, ownership).next().is_some() {
        return false;
    }
    let moves = Moves::of(desired, live, ownership);
    let live = moves.live(live);
    let ownership = moves.ownership(ownership.clone());
    let live = Ghosts::of(&live, &ownership).haunt(live);
    compare(desired, &live, &ownership, &[]).changes.iter().all(|change| match change.action {
        ChangeAction::Delete => ownership.get(&change.address).is_none_or(|owned| {
            live.resource(&change.address, Some(&owned.last_applied))
                .is_some_and(|found| is_on_the_way_to(&owned.last_applied, &found))
        }),
        _ => change.cause == Cause::Ours,
    })
}

/// What is ours and was not found, or another one under its name.
pub fn missing<'a>(
    live: &'a Live,
    ownership: &'a Ownership,
) -> impl Iterator<Item = (&'a Address, &'a Owned)> {
    ownership.0.iter().filter(|(address, owned)| live.id(address) != Some(&owned.id))
}
