//! Properties of every plan.

use iamctl_model::{
    AccessKey, Action, ChangeAction, Credentials, Guard, KeyStatus, MfaSerial, Observed, ServiceCredential,
};
use proptest::prelude::*;

use crate::states::{states, user_name, with_new_names};
use crate::world::{World, calls, config};

/// A choice among ready steps that is made of a list of numbers, so that it shrinks.
pub(crate) fn chooser(choices: Vec<usize>) -> impl FnMut(usize) -> usize {
    let mut at = 0;
    move |_| {
        at += 1;
        choices.get(at % choices.len().max(1)).copied().unwrap_or(0)
    }
}

/// A world that was brought to a state by applying it.
fn world_at(state: &iamctl_model::Desired) -> World {
    let mut world = World::empty();
    world.allow.extend([Guard::MassDelete, Guard::DeleteCredentials, Guard::Replace]);
    world.apply(state);
    world
}

/// Something of everything that a user can sign in with.
fn credentials(of: usize) -> Credentials {
    let key = |id: &str, status| AccessKey { id: id.to_owned(), status };
    Credentials {
        password: true,
        access_keys: vec![key("AKIA1", KeyStatus::Active), key("AKIA2", KeyStatus::Inactive)],
        mfa_devices: vec![
            MfaSerial(format!("arn:aws:iam::123456789012:mfa/device{of}")),
            MfaSerial(format!("GAHT1234567{of}")),
        ],
        signing_certificates: vec!["CERT1".to_owned()],
        ssh_public_keys: vec!["APKA1".to_owned()],
        service_credentials: Observed::Read(vec![ServiceCredential {
            id: "ACCA1".to_owned(),
            service: "codecommit.amazonaws.com".to_owned(),
        }]),
    }
}

proptest! {
    #![proptest_config(config(1.0))]

    /// From anything to anything: every call succeeds in any order that the edges allow, and then there
    /// is nothing left to do.
    #[test]
    fn replaying_a_plan_reaches_the_manifest_in_any_allowed_order(
        first in states(),
        second in states(),
        choices in prop::collection::vec(0_usize..50, 1..40),
        has_credentials in any::<[bool; 4]>(),
        renamed in any::<[bool; 4]>(),
    ) {
        let second = with_new_names(&first, second, renamed);
        let mut world = world_at(&first);
        for (at, has) in has_credentials.into_iter().enumerate() {
            if has {
                world.account.give_credentials(&user_name(at), credentials(at));
            }
        }
        prop_assert_eq!(calls(&world.plan(&first).plan), Vec::<String>::new());
        let planned = world.plan(&second);
        prop_assert_eq!(&planned.plan.refusals, &[]);
        world.replay(&second, &planned, &mut chooser(choices));
        prop_assert_eq!(world.account.unassigned_devices(), &[]);
        let again = world.plan(&second);
        prop_assert!(again.plan.is_empty(), "left over: {:#?} {:#?}", again.plan.changes, calls(&again.plan));
        prop_assert_eq!(&again.ownership, &world.ownership);
    }

    /// Nothing is written twice, and nothing that is already so: a plan has no two equal calls, and a
    /// thing that does not differ has none at all.
    #[test]
    fn only_needed_calls_are_planned(first in states(), second in states()) {
        let world = world_at(&first);
        let plan = world.plan(&second).plan;
        for step in &plan.steps {
            let same = plan.steps.iter().filter(|other| other.action == step.action).count();
            prop_assert_eq!(same, 1, "{}", step.action.describe());
            prop_assert!(plan.changes.iter().any(|change| change.address == step.because
                && !matches!(change.action, ChangeAction::Forget | ChangeAction::Blocked)));
        }
    }

    /// The same inputs give the same plan, and a plan reads back as it was written.
    #[test]
    fn plans_are_stable_and_survive_being_stored(first in states(), second in states()) {
        let world = world_at(&first);
        let plan = world.plan(&second).plan;
        prop_assert!(plan.does_the_same_as(&world.plan(&second).plan));
        let stored = serde_json::to_string(&plan).unwrap();
        let read: iamctl_model::Plan = serde_json::from_str(&stored).unwrap();
        prop_assert!(read.does_the_same_as(&plan));
    }

    /// What nobody here manages is not touched.
    #[test]
    fn unmanaged_things_are_never_touched(
        others in states(),
        second in states(),
        choices in prop::collection::vec(0_usize..50, 1..40),
    ) {
        // All of `others` is there and not ours; only what the manifest does not name is a neighbour.
        let mut world = world_at(&others);
        world.ownership = iamctl_model::Ownership::default();
        let planned = world.plan(&second);
        let before = world.live().clone();
        if planned.plan.refusals.is_empty() {
            world.replay(&second, &planned, &mut chooser(choices));
        }
        for (address, id) in before.addresses() {
            if !second.managed.contains_key(&address) {
                prop_assert_eq!(world.live().id(&address), Some(id));
            }
        }
        let touched = planned.plan.steps.iter().map(|step| (step.action.subject(), &step.action));
        for (address, action) in touched {
            // A member that is not ours may be taken out of a group that is.
            let leaves = matches!(action, Action::RemoveUserFromGroup { .. });
            prop_assert!(leaves || second.managed.contains_key(&address), "{}", action.describe());
        }
    }

    /// A run that stops anywhere leaves an account from which the next run gets to the manifest.
    #[test]
    fn a_run_that_was_killed_is_finished_by_the_next(
        first in states(),
        second in states(),
        stop in 0_usize..40,
        renamed in any::<[bool; 4]>(),
    ) {
        let second = with_new_names(&first, second, renamed);
        let mut world = world_at(&first);
        let planned = world.plan(&second);
        let started = jiff::Timestamp::from_second(world.account.now().as_second() + 1).unwrap();
        let mut created = std::collections::BTreeMap::new();
        for (done, step) in planned.plan.steps.iter().take(stop).enumerate() {
            let receipt = world.account.perform(&step.action).unwrap();
            // The outcomes of the last calls were never written down.
            if let Some(id) = receipt.created && done + 3 < stop {
                created.insert(step.action.subject(), id);
            }
        }
        world.unfinished = vec![iamctl_model::UnfinishedRun {
            run: "20260101T000000Z-aaaaaaaa".into(), started, plan: planned.plan.clone(), created,
        }];
        let rest = world.plan(&second);
        prop_assert_eq!(&rest.plan.refusals, &[]);
        prop_assert!(rest.plan.steps.len() <= planned.plan.steps.len());
        world.replay(&second, &rest, &mut |_| 0);
        let again = world.plan(&second);
        prop_assert!(again.plan.is_empty(), "left over: {:#?}", calls(&again.plan));
    }
}
