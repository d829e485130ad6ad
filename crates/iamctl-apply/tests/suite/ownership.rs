//! What is ours after a run, for every kind of change and every way in which it can go.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_apply::{
    ActionError, Basis, ErrorClass, NotTried, Outcome, Receipt, Stop, after_run, is_uncertain,
};
use iamctl_model::{
    Action, Address, Cause, Change, ChangeAction, Group, GroupName, Identity, Owned, Ownership, Path, Plan,
    Policy, PolicyName, Resource, Role, RoleName, SessionDuration, Step, StepId, Tags, UniqueId, User,
    VersionId,
};
use iamctl_policy::Document;
use proptest::prelude::*;

use crate::account::failure;
use crate::world::{arn, group, plan, user, user_name};

fn at(address: &str) -> Address {
    address.parse().unwrap()
}

fn id(text: &str) -> UniqueId {
    UniqueId(text.to_owned())
}

fn owned(id_text: &str, last_applied: Resource) -> Owned {
    Owned { id: id(id_text), protect: false, last_applied }
}

fn document(action: &str) -> Document {
    Document::from_stored(&format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}}}"#
    ))
}

fn change(address: &str, action: ChangeAction, before: Option<Resource>, after: Option<Resource>) -> Change {
    Change { address: at(address), action, cause: Cause::Ours, fields: BTreeMap::new(), before, after }
}

fn steps(of: Vec<(Action, &str)>) -> Vec<Step> {
    let step = |(index, (action, because)): (usize, (Action, &str))| Step {
        id: StepId(index + 1),
        action,
        because: at(because),
        needs: Vec::new(),
    };
    of.into_iter().enumerate().map(step).collect()
}

fn done() -> Outcome {
    Outcome::Done(Receipt::default())
}

fn created(id_text: &str) -> Outcome {
    Outcome::Done(Receipt { created: Some(id(id_text)), ..Receipt::default() })
}

fn failed() -> Outcome {
    Outcome::Failed { attempts: 1, error: failure(ErrorClass::Denied, "AccessDenied"), lost: false }
}

fn outcomes<const N: usize>(of: [Outcome; N]) -> BTreeMap<StepId, Outcome> {
    of.into_iter().enumerate().map(|(index, outcome)| (StepId(index + 1), outcome)).collect()
}

fn basis(of: &[(&str, Owned)]) -> Basis {
    let ownership = of.iter().map(|(address, owned)| (at(address), owned.clone())).collect();
    let live = of.iter().map(|(address, owned)| (at(address), owned.id.clone())).collect();
    Basis { ownership: Ownership(ownership), live, protected: BTreeSet::new() }
}

fn create_user(name: &str, tags: &[(&str, &str)]) -> Action {
    let Resource::User(User { tags, .. }) = user(&[], &[], tags) else { panic!() };
    Action::CreateUser { user_name: user_name(name), path: Path::root(), permissions_boundary: None, tags }
}

fn attach(name: &str, policy: &str) -> Action {
    Action::AttachUserPolicy { user_name: user_name(name), policy_arn: arn(policy) }
}

fn detach(name: &str, policy: &str) -> Action {
    Action::DetachUserPolicy { user_name: user_name(name), policy_arn: arn(policy) }
}

fn group_name(name: &str) -> GroupName {
    GroupName::parse(name).unwrap()
}

fn join(name: &str, group: &str) -> Action {
    Action::AddUserToGroup { user_name: user_name(name), group_name: group_name(group) }
}

#[test]
fn a_created_thing_is_owned_with_as_much_of_it_as_was_made() {
    let after = user(&["p1", "p2"], &[], &[("team", "data")]);
    let plan = plan(
        vec![change("user/a", ChangeAction::Create, None, Some(after.clone()))],
        steps(vec![
            (create_user("a", &[("team", "data")]), "user/a"),
            (attach("a", "p1"), "user/a"),
            (attach("a", "p2"), "user/a"),
        ]),
    );
    let after_it = |outcomes| after_run(&plan, &basis(&[]), &outcomes).0;
    let only = |value| BTreeMap::from([(at("user/a"), owned("AIDA1", value))]);
    assert_eq!(after_it(outcomes([created("AIDA1"), done(), done()])), only(after));
    assert_eq!(
        after_it(outcomes([created("AIDA1"), failed(), done()])),
        only(user(&["p2"], &[], &[("team", "data")]))
    );
    assert_eq!(
        after_it(outcomes([created("AIDA1"), failed(), failed()])),
        only(user(&[], &[], &[("team", "data")]))
    );
    assert_eq!(after_it(outcomes([failed(), failed(), failed()])), BTreeMap::new());
    // Without its id it cannot be told from another one of its name.
    assert_eq!(after_it(outcomes([done(), done(), done()])), BTreeMap::new());
    assert!(is_uncertain(&plan, &outcomes([done(), done(), done()])));
    assert!(!is_uncertain(&plan, &outcomes([created("AIDA1"), failed(), failed()])));
}

#[test]
fn a_call_without_an_answer_leaves_the_run_uncertain() {
    let plan = plan(vec![], steps(vec![(attach("a", "p1"), "user/a")]));
    for (class, expected) in [
        (ErrorClass::Unreachable, true),
        (ErrorClass::ServerFault, true),
        (ErrorClass::Throttled, false),
        (ErrorClass::Denied, false),
    ] {
        let error = ActionError { class, code: None, message: String::new(), request_id: None };
        let failed = |lost| outcomes([Outcome::Failed { attempts: 4, error: error.clone(), lost }]);
        assert_eq!(is_uncertain(&plan, &failed(false)), expected, "{class:?}");
        assert!(is_uncertain(&plan, &failed(true)), "{class:?} after a lost reply");
    }
}

#[test]
fn a_delete_counts_only_when_the_delete_itself_succeeded() {
    let before = user(&["p1"], &[], &[]);
    let plan = plan(
        vec![change("user/a", ChangeAction::Delete, Some(before.clone()), None)],
        steps(vec![
            (detach("a", "p1"), "user/a"),
            (Action::DeleteUser { user_name: user_name("a") }, "user/a"),
        ]),
    );
    let basis = basis(&[("user/a", owned("AIDA1", before))]);
    assert_eq!(after_run(&plan, &basis, &outcomes([done(), done()])).0, BTreeMap::new());
    assert_eq!(
        after_run(&plan, &basis, &outcomes([done(), failed()])).0,
        BTreeMap::from([(at("user/a"), owned("AIDA1", user(&[], &[], &[])))])
    );
    assert_eq!(after_run(&plan, &basis, &outcomes([failed(), failed()])), basis.ownership);
}

#[test]
fn drift_that_a_failed_call_should_have_undone_stays_drift() {
    // Somebody attached `deny`. The run tags the user and fails to detach it.
    let last_applied = user(&["p1"], &[], &[]);
    let live = user(&["p1", "deny"], &[], &[]);
    let after = user(&["p1"], &[], &[("team", "data")]);
    let tag = Action::TagUser {
        user_name: user_name("a"),
        tags: Tags(BTreeMap::from([("team".to_owned(), "data".to_owned())])),
    };
    let plan = plan(
        vec![change("user/a", ChangeAction::Update, Some(live), Some(after.clone()))],
        steps(vec![(tag, "user/a"), (detach("a", "deny"), "user/a")]),
    );
    let basis = basis(&[("user/a", owned("AIDA1", last_applied.clone()))]);
    let value = |outcomes| after_run(&plan, &basis, &outcomes).0[&at("user/a")].last_applied.clone();
    // `deny` is not in what we last applied, so it is still somebody else's doing.
    assert_eq!(value(outcomes([done(), failed()])), after);
    assert_eq!(value(outcomes([failed(), done()])), last_applied);
    assert_eq!(value(outcomes([done(), done()])), after);
}

#[test]
fn a_replaced_thing_is_ours_under_its_new_id_or_remembered_by_the_old_one() {
    let (before, after) =
        (group(&[]), Resource::Group(Group { path: Path::parse("/new/").unwrap(), ..Group::default() }));
    let create = Action::CreateGroup { group_name: group_name("g"), path: Path::parse("/new/").unwrap() };
    let plan = plan(
        vec![change("group/g", ChangeAction::Replace, Some(before.clone()), Some(after.clone()))],
        steps(vec![(Action::DeleteGroup { group_name: group_name("g") }, "group/g"), (create, "group/g")]),
    );
    let basis = basis(&[("group/g", owned("AGPA1", before))]);
    assert_eq!(
        after_run(&plan, &basis, &outcomes([done(), created("AGPA2")])).0,
        BTreeMap::from([(at("group/g"), owned("AGPA2", after))])
    );
    // Trust policies still name the old id, and the next plan has to know whose it was.
    assert_eq!(after_run(&plan, &basis, &outcomes([done(), failed()])), basis.ownership);
    assert_eq!(after_run(&plan, &basis, &outcomes([failed(), failed()])), basis.ownership);
}

#[test]
fn an_adopted_thing_is_ours_from_the_first_call_that_succeeded() {
    let (before, after) = (user(&["p1", "theirs"], &[], &[]), user(&["p1"], &[], &[]));
    let adopt =
        |before: &Resource| change("user/a", ChangeAction::Adopt, Some(before.clone()), Some(after.clone()));
    let mut basis = basis(&[]);
    basis.live.insert(at("user/a"), id("AIDA7"));
    let taken = |value| BTreeMap::from([(at("user/a"), owned("AIDA7", value))]);

    let strip = plan(vec![adopt(&before)], steps(vec![(detach("a", "theirs"), "user/a")]));
    assert_eq!(after_run(&strip, &basis, &outcomes([done()])).0, taken(after.clone()));
    assert_eq!(after_run(&strip, &basis, &outcomes([failed()])).0, BTreeMap::new());

    let two = steps(vec![(detach("a", "theirs"), "user/a"), (attach("a", "p2"), "user/a")]);
    let both = user(&["p1", "p2"], &[], &[]);
    let two = plan(vec![change("user/a", ChangeAction::Adopt, Some(before.clone()), Some(both))], two);
    assert_eq!(
        after_run(&two, &basis, &outcomes([failed(), done()])).0,
        taken(user(&["p1", "p2", "theirs"], &[], &[]))
    );

    // One that needs no call is adopted whatever becomes of others.
    let as_it_is = plan(vec![adopt(&after)], steps(vec![(create_user("b", &[]), "user/b")]));
    assert_eq!(after_run(&as_it_is, &basis, &outcomes([failed()])).0, taken(after));
}

#[test]
fn forgetting_needs_no_call_and_blocking_changes_nothing() {
    let value = user(&["p1"], &[], &[]);
    let basis =
        basis(&[("user/a", owned("AIDA1", value.clone())), ("user/b", owned("AIDA2", value.clone()))]);
    let plan = plan(
        vec![
            change("user/a", ChangeAction::Forget, Some(value.clone()), None),
            change("user/b", ChangeAction::Blocked, Some(value.clone()), Some(user(&[], &[], &[]))),
        ],
        vec![],
    );
    assert_eq!(
        after_run(&plan, &basis, &BTreeMap::new()).0,
        BTreeMap::from([(at("user/b"), owned("AIDA2", value))])
    );
}

#[test]
fn a_membership_is_remembered_of_the_user_and_of_the_group() {
    let basis = basis(&[
        ("group/g", owned("AGPA1", group(&["old"]))),
        ("user/a", owned("AIDA1", user(&[], &[], &[]))),
    ]);
    let plan = plan(
        vec![change("user/a", ChangeAction::Update, Some(user(&[], &[], &[])), Some(user(&[], &["g"], &[])))],
        steps(vec![(join("a", "g"), "user/a")]),
    );
    assert_eq!(
        after_run(&plan, &basis, &outcomes([done()])).0,
        BTreeMap::from([
            (at("group/g"), owned("AGPA1", group(&["a", "old"]))),
            (at("user/a"), owned("AIDA1", user(&[], &["g"], &[]))),
        ])
    );
    assert_eq!(after_run(&plan, &basis, &outcomes([failed()])), basis.ownership);
}

/// A change is complete only with the calls of other changes that are a part of it.
#[test]
fn a_group_without_one_of_its_members_is_remembered_so() {
    let plan = plan(
        vec![
            change("group/g", ChangeAction::Create, None, Some(group(&["a"]))),
            change("user/a", ChangeAction::Create, None, Some(user(&[], &["g"], &[]))),
        ],
        steps(vec![
            (Action::CreateGroup { group_name: group_name("g"), path: Path::root() }, "group/g"),
            (create_user("a", &[]), "user/a"),
            (join("a", "g"), "user/a"),
        ]),
    );
    assert_eq!(
        after_run(&plan, &basis(&[]), &outcomes([created("AGPA1"), created("AIDA1"), failed()])).0,
        BTreeMap::from([
            (at("group/g"), owned("AGPA1", group(&[]))),
            (at("user/a"), owned("AIDA1", user(&[], &[], &[]))),
        ])
    );
}

#[test]
fn protection_follows_the_manifest_once_something_was_done() {
    let (before, after) = (user(&[], &[], &[]), user(&["p1"], &[], &[]));
    let mut basis = basis(&[("user/a", owned("AIDA1", before.clone()))]);
    basis.protected.insert(at("user/a"));
    let update = change("user/a", ChangeAction::Update, Some(before), Some(after));
    let plan = plan(vec![update], steps(vec![(attach("a", "p1"), "user/a")]));
    assert!(after_run(&plan, &basis, &outcomes([done()])).0[&at("user/a")].protect);
    assert_eq!(after_run(&plan, &basis, &outcomes([failed()])), basis.ownership);
}

fn role(trust: &str, description: &str) -> Role {
    Role {
        path: Path::root(),
        description: description.to_owned(),
        max_session_duration: SessionDuration::DEFAULT,
        trust: document(trust),
        tags: Tags::default(),
        policies: BTreeSet::new(),
        inline_policies: BTreeMap::new(),
        permissions_boundary: None,
    }
}

/// Every call that changes a role or a policy, alone among others that failed.
#[test]
fn each_call_leaves_its_own_trace() {
    let role_name = RoleName::parse("r").unwrap();
    let (name, hours) = (|| role_name.clone(), SessionDuration::from_secs(7_200).unwrap());
    let identity = Identity::Role(name());
    let inline = PolicyName::parse("inline").unwrap();
    let mut before = role("sts:AssumeRole", "old");
    before.tags = Tags(BTreeMap::from([("Team".to_owned(), "a".to_owned())]));
    before.policies.insert(arn("p1"));
    before.inline_policies.insert(inline.clone(), document("s3:GetObject"));
    before.permissions_boundary = Some(arn("bound"));
    let tags = Tags(BTreeMap::from([("team".to_owned(), "b".to_owned())]));

    type Expected = fn(&mut Role);
    let cases: Vec<(Action, Expected)> = vec![
        (
            Action::UpdateRole {
                role_name: name(),
                description: "new".to_owned(),
                max_session_duration: hours,
            },
            |role| {
                role.description = "new".to_owned();
                role.max_session_duration = SessionDuration::from_secs(7_200).unwrap();
            },
        ),
        (
            Action::UpdateAssumeRolePolicy { role_name: name(), policy_document: document("sts:TagSession") },
            |role| role.trust = document("sts:TagSession"),
        ),
        (
            Action::PutRolePermissionsBoundary { role_name: name(), permissions_boundary: arn("other") },
            |role| role.permissions_boundary = Some(arn("other")),
        ),
        (Action::DeleteRolePermissionsBoundary { role_name: name() }, |role| {
            role.permissions_boundary = None;
        }),
        (Action::put_inline(&identity, inline.clone(), document("s3:PutObject")), |role| {
            role.inline_policies.insert(PolicyName::parse("inline").unwrap(), document("s3:PutObject"));
        }),
        (Action::delete_inline(&identity, inline.clone()), |role| role.inline_policies.clear()),
        (Action::attach(&identity, arn("p2")), |role| {
            role.policies.insert(arn("p2"));
        }),
        (Action::detach(&identity, arn("p1")), |role| role.policies.clear()),
        // The case of a key does not count on roles, and the new spelling stays.
        (Action::TagRole { role_name: name(), tags: tags.clone() }, |role| {
            role.tags = Tags(BTreeMap::from([("team".to_owned(), "b".to_owned())]));
        }),
        (Action::UntagRole { role_name: name(), tag_keys: vec!["TEAM".to_owned()] }, |role| {
            role.tags = Tags::default();
        }),
    ];
    for (action, expected) in cases {
        let call = action.call();
        let never = (
            Action::UpdateAssumeRolePolicy { role_name: name(), policy_document: document("x:y") },
            "role/r",
        );
        let plan = plan(
            vec![change("role/r", ChangeAction::Update, None, Some(Resource::Role(role("x:y", ""))))],
            steps(vec![(action, "role/r"), never]),
        );
        let basis = basis(&[("role/r", owned("AROA1", Resource::Role(before.clone())))]);
        let mut role = before.clone();
        expected(&mut role);
        let after = after_run(&plan, &basis, &outcomes([done(), failed()]));
        assert_eq!(after.0[&at("role/r")], owned("AROA1", Resource::Role(role)), "{call}");
    }
}

#[test]
fn the_version_in_force_is_what_the_plan_says_stands_in_it() {
    let policy = |action: &str, tags: &[(&str, &str)]| {
        let Resource::User(User { tags, .. }) = user(&[], &[], tags) else { panic!() };
        let description = String::new();
        Resource::Policy(Policy { path: Path::root(), description, tags, document: document(action) })
    };
    let tag_keys = vec!["TEAM".to_owned()];
    let untag = Action::UntagPolicy { policy_arn: arn("p"), tag_keys };
    let v1 = VersionId("v1".to_owned());
    let delete = Action::DeletePolicyVersion { policy_arn: arn("p"), version_id: v1.clone() };
    let default = Action::SetDefaultPolicyVersion { policy_arn: arn("p"), version_id: v1 };
    let policy_document = document("s3:PutObject");
    let new = Action::CreatePolicyVersion { policy_arn: arn("p"), policy_document };
    let basis = basis(&[("policy/p", owned("ANPA1", policy("s3:GetObject", &[("Team", "a")])))]);
    for (action, expected) in [
        (default, policy("s3:ListBucket", &[("Team", "a")])),
        (new, policy("s3:PutObject", &[("Team", "a")])),
        (delete, policy("s3:GetObject", &[("Team", "a")])),
        // On policies the case of a key counts.
        (untag, policy("s3:GetObject", &[("Team", "a")])),
    ] {
        let planned = policy("s3:ListBucket", &[]);
        let never = Action::UntagPolicy { policy_arn: arn("p"), tag_keys: vec!["Team".to_owned()] };
        let plan = plan(
            vec![change("policy/p", ChangeAction::Update, None, Some(planned))],
            steps(vec![(action, "policy/p"), (never, "policy/p")]),
        );
        let after = after_run(&plan, &basis, &outcomes([done(), failed()]));
        assert_eq!(after.0[&at("policy/p")].last_applied, expected, "{:?}", plan.steps[0].action);
    }
}

/// A change with its steps, and what is ours before it.
#[derive(Debug, Clone)]
struct Case {
    plan: Plan,
    basis: Basis,
}

/// Users that are created, updated, deleted or left alone, each with any attachments.
fn any_case() -> impl Strategy<Value = Case> {
    let policies = || prop::collection::btree_set(prop::sample::select(vec!["p1", "p2", "p3", "p4"]), 0..4);
    let state = || prop::option::of(policies());
    prop::collection::vec((state(), state()), 1..6).prop_map(|users| {
        let mut case = Case { plan: plan(vec![], vec![]), basis: basis(&[]) };
        for (n, (before, after)) in users.into_iter().enumerate() {
            add_user(&mut case, &format!("u{n}"), before.as_ref(), after.as_ref());
        }
        case
    })
}

fn add_user(case: &mut Case, name: &str, before: Option<&BTreeSet<&str>>, after: Option<&BTreeSet<&str>>) {
    let address = format!("user/{name}");
    let value = |policies: &BTreeSet<&str>| user(&policies.iter().copied().collect::<Vec<_>>(), &[], &[]);
    let empty = BTreeSet::new();
    let action = match (before, after) {
        (None, None) => return,
        (None, Some(_)) => ChangeAction::Create,
        (Some(_), None) => ChangeAction::Delete,
        (Some(_), Some(_)) => ChangeAction::Update,
    };
    if let Some(before) = before {
        let id = UniqueId(format!("OLD-{name}"));
        let owned = Owned { id: id.clone(), protect: false, last_applied: value(before) };
        case.basis.ownership.0.insert(at(&address), owned);
        case.basis.live.insert(at(&address), id);
    }
    if before == after {
        return;
    }
    case.plan.changes.push(change(&address, action, before.map(value), after.map(value)));
    let (old, new) = (before.unwrap_or(&empty), after.unwrap_or(&empty));
    let mut actions = Vec::new();
    actions.extend(before.is_none().then(|| create_user(name, &[])));
    actions.extend(new.difference(old).map(|policy| attach(name, policy)));
    actions.extend(old.difference(new).map(|policy| detach(name, policy)));
    actions.extend(after.is_none().then(|| Action::DeleteUser { user_name: user_name(name) }));
    for action in actions {
        let id = StepId(case.plan.steps.len() + 1);
        case.plan.steps.push(Step { id, action, because: at(&address), needs: Vec::new() });
    }
}

fn success(step: &Step) -> Outcome {
    match step.action {
        Action::CreateUser { .. } => created(&format!("NEW-{}", step.because.name())),
        _ => done(),
    }
}

proptest! {
    #[test]
    fn full_success_is_exactly_what_the_plan_says(case in any_case()) {
        let all = case.plan.steps.iter().map(|step| (step.id, success(step))).collect();
        let after = after_run(&case.plan, &case.basis, &all);
        for change in &case.plan.changes {
            let value = after.get(&change.address).map(|owned| owned.last_applied.clone());
            prop_assert_eq!(&value, &change.after);
        }
        let untouched = |address: &&Address| case.plan.changes.iter().all(|c| c.address != **address);
        for address in case.basis.ownership.0.keys().filter(untouched) {
            prop_assert_eq!(after.get(address), case.basis.ownership.get(address));
        }
    }

    #[test]
    fn nothing_done_is_nothing_changed(case in any_case(), kind in 0..3u8) {
        let outcome = match kind {
            0 => failed(),
            1 => Outcome::NotTried { because: NotTried::Stopped(Stop::Interrupted) },
            _ => Outcome::NotTried { because: NotTried::Step(StepId(1)) },
        };
        let none = case.plan.steps.iter().map(|step| (step.id, outcome.clone())).collect();
        prop_assert_eq!(after_run(&case.plan, &case.basis, &none), case.basis.ownership.clone());
        prop_assert_eq!(after_run(&case.plan, &case.basis, &BTreeMap::new()), case.basis.ownership);
    }

    /// Any part may have succeeded: what is remembered is what a second, simpler account of the same
    /// calls says, with the ids that were answered.
    #[test]
    fn a_part_done_is_that_part_remembered(case in any_case(), luck in any::<u64>()) {
        let mut real: BTreeMap<Address, (UniqueId, BTreeSet<String>)> = BTreeMap::new();
        for (address, owned) in &case.basis.ownership.0 {
            let policies = owned.last_applied.policies().unwrap();
            let policies = policies.iter().map(|arn| arn.path_and_name().to_owned()).collect();
            real.insert(address.clone(), (owned.id.clone(), policies));
        }
        let mut outcomes = BTreeMap::new();
        for step in &case.plan.steps {
            let there = real.contains_key(&step.because);
            let possible = there || matches!(step.action, Action::CreateUser { .. });
            if !possible || luck >> (step.id.0 % 64) & 1 == 0 {
                outcomes.insert(step.id, failed());
                continue;
            }
            outcomes.insert(step.id, success(step));
            let policies = real.get_mut(&step.because).map(|(_, policies)| policies);
            match (&step.action, policies) {
                (Action::AttachUserPolicy { policy_arn, .. }, Some(policies)) => {
                    policies.insert(policy_arn.path_and_name().to_owned());
                }
                (Action::DetachUserPolicy { policy_arn, .. }, Some(policies)) => {
                    policies.remove(policy_arn.path_and_name());
                }
                (Action::DeleteUser { .. }, _) => drop(real.remove(&step.because)),
                (Action::CreateUser { .. }, _) => {
                    let id = UniqueId(format!("NEW-{}", step.because.name()));
                    real.insert(step.because.clone(), (id, BTreeSet::new()));
                }
                _ => unreachable!(),
            }
        }
        let expected = real.into_iter().map(|(address, (id, policies))| {
            let value = user(&policies.iter().map(String::as_str).collect::<Vec<_>>(), &[], &[]);
            (address, Owned { id, protect: false, last_applied: value })
        });
        let after = after_run(&case.plan, &case.basis, &outcomes);
        prop_assert_eq!(after, Ownership(expected.collect()));
    }
}
