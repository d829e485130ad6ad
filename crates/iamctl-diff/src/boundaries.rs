//! What a new text of a permissions boundary means for those whom it bounds.

use iamctl_model::{Address, Change, ChangeAction, Hazard, HazardKind, Resource};

use crate::delta::Delta;
use crate::world::World;

/// The policies that bound somebody and will bound less: what is attached to those may allow more.
pub(crate) fn loosened(world: &World<'_>, changes: &[Change]) -> Vec<Hazard> {
    changes.iter().filter_map(|change| loosened_text(world, change)).collect()
}

fn loosened_text(world: &World<'_>, change: &Change) -> Option<Hazard> {
    let (Address::Policy(name), Some(Resource::Policy(before)), Some(Resource::Policy(after))) =
        (&change.address, &change.before, &change.after)
    else {
        return None;
    };
    let is_update = matches!(change.action, ChangeAction::Update | ChangeAction::Adopt);
    if !is_update || !Delta::of_bounding_text(&before.document, &after.document).widens() {
        return None;
    }
    let bounded = world.stay_bounded_by(&world.live().policies.get(name)?.arn);
    let first = bounded.first()?;
    let whom = match bounded.len().saturating_sub(1) {
        0 => first.to_string(),
        more => format!("{first} and {more} more"),
    };
    let message = format!(
        "{} is the permissions boundary of {whom} and changes: policies may allow more",
        change.address
    );
    Some(Hazard { kind: HazardKind::BoundaryLoosened, address: change.address.clone(), message })
}
