//! The oracle of access: after every call of a plan, in any order that its edges allow, whoever asks is
//! answered as before the plan or as after it, unless the plan names the danger.
//!
//! Asked is for single requests of users and roles: what a role may do once it was assumed, and whether it
//! can be, are two questions.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{Desired, Guard, HazardKind, Identity, Live, Plan, PolicyArn};
use iamctl_policy::Document;
use iamctl_policy::eval::{
    Action, Context, Outcome, Policies, Policy, PolicyKind, Principal, Request, Resource, decide,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use crate::quotas::{can_be_done, no_more_than};
use crate::states::{asked, asked_actions, role_name, with_new_names};
use crate::world::{World, account, calls, config, order};

/// Who may do what, as the names of requests.
pub(crate) type Access = BTreeMap<Identity, BTreeSet<String>>;

/// Documents that were made ready, each once.
#[derive(Default)]
pub(crate) struct Ready(BTreeMap<String, Policy>);

impl Ready {
    fn policy(&mut self, document: &Document, kind: PolicyKind) -> Policy {
        let text = format!("{kind:?}{}", document.to_compact_string());
        self.0.entry(text).or_insert_with(|| Policy::new(document, kind).unwrap()).clone()
    }

    fn managed(&mut self, live: &Live, arn: &PolicyArn) -> Policy {
        // The one of AWS that is ever used here: it bounds while a boundary is replaced.
        if arn.as_str() == "arn:aws:iam::aws:policy/AWSDenyAll" {
            let all =
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
            return self.policy(&Document::from_stored(all), PolicyKind::Principal);
        }
        // The texts of the others are not known here.
        if arn.is_aws_managed() {
            let nothing = r#"{"Version":"2012-10-17","Statement":[]}"#;
            return self.policy(&Document::from_stored(nothing), PolicyKind::Principal);
        }
        let document = live.policies[&arn.policy_name()].default_version().unwrap().document.clone();
        self.policy(&document, PolicyKind::Principal)
    }

    /// What bears on the requests of a user or role, and the condition keys of those.
    fn of(&mut self, live: &Live, identity: &Identity) -> (String, Policies, Context) {
        let resource = live.resource(&identity.address(), None).unwrap();
        let mut holders = vec![resource.clone()];
        let (arn, tags) = match (identity, &resource) {
            (Identity::User(name), iamctl_model::Resource::User(user)) => {
                let groups = user.groups.iter().map(|name| Identity::Group(name.clone()).address());
                holders.extend(groups.map(|address| live.resource(&address, None).unwrap()));
                (account().user_arn(&user.path, name).as_str().to_owned(), &user.tags)
            }
            (Identity::Role(name), iamctl_model::Resource::Role(role)) => {
                (account().role_arn(&role.path, name).as_str().to_owned(), &role.tags)
            }
            _ => panic!("{identity} asks for nothing"),
        };
        let mut identity = Vec::new();
        for holder in &holders {
            identity.extend(holder.policies().into_iter().flatten().map(|arn| self.managed(live, arn)));
            let inline = holder.inline_policies().into_iter().flatten();
            identity.extend(inline.map(|(_, document)| self.policy(document, PolicyKind::Principal)));
        }
        let boundary = resource.permissions_boundary().map(|arn| vec![self.managed(live, arn)]);
        let mut context = Context::new();
        for (key, value) in &tags.0 {
            context = context.with(&format!("aws:PrincipalTag/{key}"), value);
        }
        (arn, Policies { identity, boundary, ..Policies::default() }, context)
    }

    pub(crate) fn access(&mut self, live: &Live) -> Access {
        let users = live.users.keys().cloned().map(Identity::User);
        let identities = users.chain(live.roles.keys().cloned().map(Identity::Role));
        identities.map(|identity| (identity.clone(), self.allowed(live, &identity))).collect()
    }

    fn allowed(&mut self, live: &Live, identity: &Identity) -> BTreeSet<String> {
        let (arn, mut policies, context) = self.of(live, identity);
        let mut allowed = BTreeSet::new();
        let mut ask = |policies: &Policies, action: &str, resource: &str, context: &Context| {
            let request = Request {
                principal: Principal::parse(&arn).unwrap(),
                action: Action::parse(action).unwrap(),
                resource: Resource::Named(resource.to_owned()),
                resource_account: None,
                context: context.clone(),
            };
            if decide(policies, &request).outcome == Outcome::Allowed {
                let mfa = context.value("aws:MultiFactorAuthPresent").is_some();
                allowed.insert(format!("{action} {resource}{}", if mfa { " with MFA" } else { "" }));
            }
        };
        for action in asked_actions() {
            for resource in ["arn:aws:s3:::b/x", "arn:aws:s3:::c/x"] {
                ask(&policies, action, resource, &context);
            }
        }
        for (name, role) in &live.roles {
            policies.resource = Some(self.policy(&role.trust, PolicyKind::Resource));
            let role = account().role_arn(&role.path, name).as_str().to_owned();
            ask(&policies, "sts:AssumeRole", &role, &context);
            let with_mfa = context.clone().with("aws:MultiFactorAuthPresent", "true");
            ask(&policies, "sts:AssumeRole", &role, &with_mfa);
        }
        allowed
    }
}

fn names(plan: &Plan, kind: HazardKind, identity: &Identity) -> bool {
    plan.hazards.iter().any(|hazard| hazard.kind == kind && hazard.address == identity.address())
}

proptest! {
    #![proptest_config(config(3.0))]

    #[test]
    fn every_moment_of_a_plan_is_as_before_it_or_as_after_it(
        (first, second) in (asked(), asked()),
        choices in prop::collection::vec(0_usize..50, 1..40),
        renamed in any::<[bool; 4]>(),
    ) {
        let second = with_new_names(&first, second, renamed);
        let mut world = World::empty();
        world.allow.extend([Guard::MassDelete, Guard::DeleteCredentials, Guard::Replace]);
        world.apply(&first);
        prop_assert_eq!(&world.plan(&second).plan.refusals, &[]);
        every_moment_is_named(world, &second, &choices)?;
    }

    /// It is the same where the old and the new have no room beside each other.
    #[test]
    fn every_moment_is_as_before_or_as_after_where_there_is_no_room(
        (first, second) in (asked(), asked()),
        choices in prop::collection::vec(0_usize..50, 1..40),
        renamed in any::<[bool; 4]>(),
    ) {
        let second = with_new_names(&first, second, renamed);
        let mut world = World::empty();
        world.allow.extend([Guard::MassDelete, Guard::DeleteCredentials, Guard::Replace]);
        world.apply(&first);
        let mut roomy = world.clone();
        roomy.apply(&second);
        world.account.tell_quotas(&no_more_than(world.live(), roomy.live()));
        let plan = world.plan(&second).plan;
        if plan.refusals.is_empty() {
            every_moment_is_named(world, &second, &choices)?;
        } else {
            prop_assert!(!can_be_done(&world, &plan), "{:#?}", plan.refusals);
        }
    }
}

/// Carries out a plan in an order that its edges allow, and asks after every call.
fn every_moment_is_named(mut world: World, second: &Desired, choices: &[usize]) -> Result<(), TestCaseError> {
    let plan = world.plan(second).plan;
    let mut at = 0;
    let order = order(&plan, &mut |_| {
        at += 1;
        choices[at % choices.len()]
    });
    // Who is renamed stays the same.
    let renames: BTreeMap<_, _> = plan.steps.iter().filter_map(|step| step.action.renames()).collect();
    let by_last_name = |access: Access| -> Access {
        let last = |identity: Identity| match renames.get(&identity.address()) {
            Some(iamctl_model::Address::User(name)) => Identity::User(name.clone()),
            _ => identity,
        };
        access.into_iter().map(|(identity, allowed)| (last(identity), allowed)).collect()
    };
    let mut ready = Ready::default();
    let mut moments = vec![by_last_name(ready.access(world.live()))];
    for id in &order {
        world.perform(&plan.steps.iter().find(|step| step.id == *id).unwrap().action);
        moments.push(by_last_name(ready.access(world.live())));
    }
    let none = BTreeSet::new();
    let of = |access: &Access, identity: &Identity| access.get(identity).unwrap_or(&none).clone();
    let (before, after) = (&moments[0], &moments[moments.len() - 1]);
    for (done, moment) in moments.iter().enumerate() {
        let everybody: BTreeSet<&Identity> = before.keys().chain(after.keys()).chain(moment.keys()).collect();
        for identity in everybody {
            let (then, now, last) = (of(before, identity), of(moment, identity), of(after, identity));
            let excess: Vec<_> = now.iter().filter(|it| !then.contains(*it) && !last.contains(*it)).collect();
            let gap: Vec<_> = then.intersection(&last).filter(|it| !now.contains(*it)).collect();
            for (found, kind) in [(excess, HazardKind::MomentaryExcess), (gap, HazardKind::MomentaryGap)] {
                prop_assert!(
                    found.is_empty() || names(&plan, kind, identity),
                    "{identity}: {kind:?} of {found:?} after {done} of {order:?}\n{:#?}\n{:#?}",
                    calls(&plan),
                    plan.hazards
                );
            }
        }
    }
    Ok(())
}

/// Else the property above would hold for want of anything that is allowed.
#[test]
fn roles_are_assumed_in_generated_states() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut assumed = BTreeSet::new();
    for _ in 0..64 {
        let state = asked().new_tree(&mut runner).unwrap().current();
        let mut world = World::empty();
        world.apply(&state);
        for allowed in Ready::default().access(world.live()).into_values() {
            assumed.extend(allowed.into_iter().filter(|request| request.starts_with("sts:AssumeRole")));
        }
    }
    for at in 0..2 {
        let role = format!("role/{}", role_name(at));
        assert!(assumed.iter().any(|request| request.ends_with(&role)), "{assumed:?}");
        assert!(assumed.iter().any(|request| request.ends_with(&format!("{role} with MFA"))), "{assumed:?}");
    }
}
