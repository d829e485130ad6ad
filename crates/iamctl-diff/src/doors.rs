//! Who may assume a role is decided on two sides: by the trust of the role, and by what those of the
//! account are allowed that it admits. A trust that names the account bounds what everybody's grants of
//! `sts:AssumeRole` give; one that names a user or role of it gives by itself.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{Action, HazardKind, Identity};
use iamctl_policy::Document;

use crate::delta::{Actions, Delta, Named};
use crate::drafts::{Draft, Effect, Part, own_principal};
use crate::graph::{Edges, Reason};
use crate::order::{Relation, excess, gap};
use crate::world::World;

/// What a change of who may assume a role does to the requests of this account's users and roles to
/// assume it.
#[derive(Debug, Default)]
struct Door {
    everybody: Delta,
    named: BTreeMap<Identity, Delta>,
}

/// What the order of doors and grants left to be told.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) hazards: BTreeSet<(Identity, HazardKind)>,
    /// Who is in danger, and of what, where an edge between a door and a grant gives way.
    pub(crate) whom: BTreeMap<(usize, usize), BTreeSet<(Identity, HazardKind)>>,
}

/// Puts changes of trust and changes of what the account's users and roles may do in order.
pub(crate) fn order(world: &World<'_>, drafts: &[Draft], edges: &mut Edges) -> Found {
    let mut found = Found::default();
    let doors: Vec<(usize, Door)> =
        drafts.iter().enumerate().filter_map(|(index, draft)| Some((index, door(world, draft)?))).collect();
    let mut assuming = Actions::default();
    for (_, door) in &doors {
        door.named.values().chain([&door.everybody]).for_each(|delta| assuming.extend(&delta.touched()));
    }
    let mut grants: Vec<(usize, &Effect)> = Vec::new();
    for (index, draft) in drafts.iter().enumerate().filter(|_| !doors.is_empty()) {
        // Who may come into a role does not change what the role may do.
        if !matches!(draft.action, Action::UpdateAssumeRolePolicy { .. }) {
            let touching =
                draft.effects.iter().filter(|effect| effect.delta.touched().may_overlap(&assuming));
            grants.extend(touching.map(|effect| (index, effect)));
        }
    }
    for (at, door) in &doors {
        for (index, effect) in &grants {
            let ends = drafts.get(*at).zip(drafts.get(*index));
            if ends.is_some_and(|(door, grant)| door.is_parted_from(grant)) {
                continue;
            }
            found.relate(edges, (*at, &door.everybody), (*index, &effect.delta), || effect.on.clone());
            for (identity, delta) in door.named.iter().filter(|(identity, _)| effect.on.contains(*identity)) {
                let whom = || BTreeSet::from([identity.clone()]);
                found.relate(edges, (*at, delta), (*index, &effect.delta), whom);
            }
        }
    }
    found
}

impl Found {
    fn relate(
        &mut self,
        edges: &mut Edges,
        (a, x): (usize, &Delta),
        (b, y): (usize, &Delta),
        whom: impl Fn() -> BTreeSet<Identity>,
    ) {
        for (strict, loose, reason, hazard) in [
            (excess(x, y), excess(y, x), Reason::Excess, HazardKind::MomentaryExcess),
            (gap(x, y), gap(y, x), Reason::Gap, HazardKind::MomentaryGap),
        ] {
            let (first, then) = match (strict, loose) {
                (Relation::Matters, Relation::Matters) => {
                    self.hazards.extend(whom().into_iter().map(|identity| (identity, hazard)));
                    continue;
                }
                (Relation::Matters, _) => (a, b),
                (_, Relation::Matters) => (b, a),
                // Grants of other actions have nothing to do with it.
                _ => continue,
            };
            edges.add(first, then, reason);
            let whom = whom().into_iter().map(|identity| (identity, hazard));
            self.whom.entry((first, then)).or_default().extend(whom);
        }
    }
}

fn door(world: &World<'_>, draft: &Draft) -> Option<Door> {
    // Nobody could assume a role that was made in the place of another one.
    let is_new = draft.part == Part::New;
    let now = |name| world.live().roles.get(name).map(|role| &role.trust).filter(|_| !is_new);
    let (before, after) = match &draft.action {
        Action::CreateRole { assume_role_policy_document: trust, .. } => (None, Some(trust)),
        Action::UpdateAssumeRolePolicy { role_name, policy_document } => {
            (now(role_name), Some(policy_document))
        }
        Action::DeleteRole { role_name } => (now(role_name), None),
        _ => return None,
    };
    let door = Door::between(world, before, after);
    (!door.everybody.is_empty() || !door.named.is_empty()).then_some(door)
}

impl Door {
    fn between(world: &World<'_>, before: Option<&Document>, after: Option<&Document>) -> Self {
        let account = &world.live().account;
        let mut door = Door::default();
        for (principal, delta) in Delta::by_principal(before, after) {
            let Named::Aws(text) = &principal else {
                if principal == Named::Unclear {
                    door.everybody.merge(delta.clone().bounding());
                    door.everybody.merge(delta);
                }
                continue;
            };
            if let Some(identity) = own_principal(account, text) {
                door.named.entry(identity).or_default().merge(delta);
            } else if text == "*" {
                // It admits the account, and gives by itself as well.
                door.everybody.merge(delta.clone().bounding());
                door.everybody.merge(delta);
            } else if text.contains(account.id.as_str()) {
                door.everybody.merge(delta.bounding());
            }
        }
        door
    }
}
