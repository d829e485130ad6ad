//! Users and groups that somebody gave another name. Their unique id stays, and with it all that they may do:
//! they are neither gone nor to be made again.

use std::collections::BTreeMap;

use iamctl_model::{Address, Desired, Kind, Live, Owned, Ownership, UniqueId};

/// Where each thing of the account is, by what stays the same when it is renamed.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    live: &'a Live,
    by_id: BTreeMap<Kind, BTreeMap<&'a UniqueId, Address>>,
}

impl<'a> Names<'a> {
    pub(crate) fn of(live: &'a Live) -> Self {
        let mut by_id: BTreeMap<Kind, BTreeMap<&UniqueId, Address>> = BTreeMap::new();
        for (address, id) in live.addresses() {
            by_id.entry(address.kind()).or_default().insert(id, address);
        }
        Self { live, by_id }
    }

    /// Where a thing of ours is now, when that is not where it was left.
    pub(crate) fn elsewhere(&self, address: &Address, owned: &Owned) -> Option<&Address> {
        let is_there = self.live.id(address) == Some(&owned.id);
        self.find(address.kind(), &owned.id).filter(|_| !is_there)
    }

    fn find(&self, kind: Kind, id: &UniqueId) -> Option<&Address> {
        self.by_id.get(&kind)?.get(id)
    }
}

/// What is remembered, with those under their new names whose blocks were renamed as well.
pub(crate) fn follow(mut ownership: Ownership, desired: &Desired, live: &Live) -> Ownership {
    let is_left = |(address, owned): &(&Address, &Owned)| {
        live.id(address) != Some(&owned.id) && !desired.managed.contains_key(*address)
    };
    if !ownership.0.iter().any(|entry| is_left(&entry)) {
        return ownership;
    }
    let names = Names::of(live);
    let is_named = |to: &Address| desired.managed.contains_key(to) || desired.forget.contains(to);
    // A name that another one of ours had is free when that one is gone.
    let is_free =
        |to: &Address| ownership.get(to).is_none_or(|other| names.find(to.kind(), &other.id).is_none());
    let moved = ownership.0.iter().filter(is_left).filter_map(|(address, owned)| {
        let to = names.elsewhere(address, owned).filter(|to| is_named(to) && is_free(to))?;
        Some((address.clone(), to.clone()))
    });
    for (from, to) in moved.collect::<Vec<_>>() {
        if let Some(owned) = ownership.0.remove(&from) {
            ownership.0.remove(&to);
            ownership.0.insert(to, owned);
        }
    }
    ownership
}
