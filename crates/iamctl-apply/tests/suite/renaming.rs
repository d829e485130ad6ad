//! A manifest that gets another name, and takes what it manages with it.

use std::collections::BTreeSet;

use iamctl_apply::{LockError, ReadError, RenameProblem, RunResult};
use iamctl_model::{ManifestName, Ownership};

use crate::kills::{PLACES, finish, killed};
use crate::world::{Applied, Wanted, World, user, wanted};

fn before() -> Wanted {
    wanted(&[("user/alice", user(&["p1"], &[], &[])), ("user/gone", user(&["p1"], &[], &[]))])
}

fn after() -> Wanted {
    wanted(&[("user/alice", user(&["p2"], &[], &[])), ("user/bob", user(&["p1"], &[], &[("a", "1")]))])
}

fn name(text: &str) -> ManifestName {
    ManifestName::parse(text).unwrap()
}

async fn applied(world: &World, to: &Wanted) {
    let run = world.apply(to).await.closed();
    assert_eq!((run.result, run.problems), (RunResult::Succeeded, Vec::new()));
}

/// A world in which `acme-prod` was applied, and is called `acme` from now on.
async fn renamed() -> World {
    let world = World::new();
    applied(&world, &before()).await;
    world.call("acme", Some("acme-prod"));
    world
}

async fn problem(world: &World) -> RenameProblem {
    match world.store().read_memory().await {
        Err(ReadError::Renamed { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

/// What somebody sees who has another manifest in the same place.
async fn seen_by_others(world: &World) -> Vec<(String, Ownership)> {
    let store = iamctl_apply::MasterStore::new(&world.bucket, "iam/", crate::world::account(), name("third"));
    let siblings = store.read_siblings().await.unwrap().into_iter();
    siblings.map(|sibling| (sibling.name.to_string(), sibling.ownership.unwrap())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_renamed_manifest_goes_on_with_what_it_managed() {
    let world = renamed().await;
    applied(&world, &before()).await;
    world.assert_settled(&before(), &BTreeSet::new()).await;
    // The word that it was renamed may stay, and may go.
    world.call("acme", None);
    world.assert_settled(&before(), &BTreeSet::new()).await;
    applied(&world, &after()).await;
    world.call("acme", Some("acme-prod"));
    world.assert_settled(&after(), &BTreeSet::new()).await;
    // Nothing is done under the old name any more, and nobody takes it for an owner.
    world.call("acme-prod", None);
    let moved = RenameProblem::Moved { name: name("acme-prod"), to: name("acme") };
    assert_eq!(problem(&world).await, moved);
    let owners: Vec<(String, usize)> =
        seen_by_others(&world).await.into_iter().map(|(name, owned)| (name, owned.0.len())).collect();
    assert_eq!(owners, [("acme".to_owned(), 2), ("acme-prod".to_owned(), 0)]);
    // Its old records are found.
    world.call("acme", None);
    let formers = world.store().former_stores().await.unwrap();
    assert_eq!(formers.len(), 1);
    assert_eq!(formers[0].list_runs(world.clock.time(), 9).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_renames_is_finished_wherever_it_was_killed() {
    for to in [before(), after()] {
        for place in PLACES {
            for skip in 0.. {
                let world = renamed().await;
                let froze = killed(&world, &to, place, skip).await;
                if !froze {
                    assert!(skip > 0 || to == before(), "{place:?}");
                    break;
                }
                // At each moment exactly one name has everything that was there.
                let seen = seen_by_others(&world).await;
                let owners = |address: &str| {
                    seen.iter().filter(|(_, owned)| owned.get(&address.parse().unwrap()).is_some()).count()
                };
                assert_eq!(owners("user/alice"), 1, "{place:?} {skip} {seen:?}");
                finish(&world, &to, &BTreeSet::new()).await;
            }
        }
    }
}

/// Whoever goes on under the old name instead may do so as long as nothing was done under the new one.
#[tokio::test(start_paused = true)]
async fn the_old_name_goes_on_or_is_refused_wherever_the_run_was_killed() {
    let (mut went_on, mut refused) = (0, 0);
    for place in PLACES {
        for skip in 0.. {
            let world = renamed().await;
            if !killed(&world, &after(), place, skip).await {
                break;
            }
            world.break_lock().await;
            world.call("acme-prod", None);
            match world.store().read_memory().await {
                Ok(_) => {
                    applied(&world, &after()).await;
                    world.call("acme", Some("acme-prod"));
                    went_on += 1;
                }
                Err(ReadError::Renamed { .. }) => {
                    world.call("acme", Some("acme-prod"));
                    refused += 1;
                }
                Err(error) => panic!("{error}"),
            }
            if matches!(world.apply(&after()).await, Applied::NotOpened(_) | Applied::Locked(_)) {
                panic!("{place:?} {skip}");
            }
            world.assert_settled(&after(), &BTreeSet::new()).await;
        }
    }
    assert!(went_on > 0 && refused > 0, "{went_on} {refused}");
}

#[tokio::test(start_paused = true)]
async fn what_was_killed_under_the_old_name_is_claimed_under_the_new_one() {
    for place in PLACES {
        for skip in 0.. {
            let world = World::new();
            applied(&world, &before()).await;
            if !killed(&world, &after(), place, skip).await {
                break;
            }
            world.break_lock().await;
            world.call("acme", Some("acme-prod"));
            finish(&world, &after(), &BTreeSet::new()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_back() {
    let world = renamed().await;
    applied(&world, &before()).await;
    world.call("acme-prod", Some("acme"));
    applied(&world, &after()).await;
    world.assert_settled(&after(), &BTreeSet::new()).await;
    world.call("acme", None);
    assert_eq!(problem(&world).await, RenameProblem::Moved { name: name("acme"), to: name("acme-prod") });
    // On to a third name, from the one that it has.
    world.call("third", Some("acme"));
    assert_eq!(problem(&world).await, RenameProblem::Moved { name: name("acme"), to: name("acme-prod") });
    world.call("third", Some("acme-prod"));
    applied(&world, &before()).await;
    world.assert_settled(&before(), &BTreeSet::new()).await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_former_name_is_told() {
    let world = World::new();
    world.call("acme", Some("acme-prod"));
    assert_eq!(problem(&world).await, RenameProblem::Nothing { from: name("acme-prod") });
    world.call("acme-prod", None);
    applied(&world, &before()).await;
    world.call("acme", None);
    applied(&world, &wanted(&[("user/carol", user(&[], &[], &[]))])).await;
    world.call("acme", Some("acme-prod"));
    assert_eq!(problem(&world).await, RenameProblem::Both { from: name("acme-prod"), to: name("acme") });
}

#[tokio::test(start_paused = true)]
async fn both_locks_are_taken_or_none() {
    let world = renamed().await;
    world.call("acme-prod", None);
    let run = "20261124T031200Z-k3v9x0ab".parse().unwrap();
    let theirs = world.store();
    let lock = theirs.lock(run, crate::world::runner(), world.clock.time()).await.unwrap();
    world.call("acme", Some("acme-prod"));
    assert!(matches!(world.apply(&before()).await, Applied::Locked(LockError::Held(_))));
    assert_eq!(world.store().read_lock().await.unwrap(), None);
    lock.release().await.unwrap();
    applied(&world, &before()).await;
    for key in ["acme", "acme-prod"] {
        assert_eq!(world.bucket.object(&format!("iam/123456789012/{key}/lock.json")), None);
    }
}
