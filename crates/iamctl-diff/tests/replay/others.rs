//! What runs that were killed and other manifests have to do with a plan.

use std::collections::BTreeMap;

use iamctl_diff::{leaves_unexplained, may_overlap};
use iamctl_model::{
    Action, Address, ChangeAction, Guard, ManifestName, Path, Plan, Sibling, UnfinishedRun, UserName,
};
use jiff::{SignedDuration, Timestamp};

use crate::cases::manifest;
use crate::world::{World, calls};

const ALICE: &str = "users: {alice: {}}";
const BOTH: &str = "users: {alice: {}, bob: {}}";

fn create(name: &str) -> Action {
    Action::CreateUser {
        user_name: UserName::parse(name).unwrap(),
        path: Path::root(),
        permissions_boundary: None,
        tags: Default::default(),
    }
}

fn at(address: &str) -> Address {
    address.parse().unwrap()
}

/// A world in which `before` was applied, and a run for `planned` was killed before its outcomes were
/// written; `made` says what it got done.
fn killed(before: &str, planned: &str, made: &[Action]) -> World {
    let mut world = World::empty();
    world.apply(&manifest(before));
    let plan = world.plan(&manifest(planned)).plan;
    let started = next_second(world.account.now());
    made.iter().for_each(|action| world.perform(action));
    let run = "20260101T000000Z-aaaaaaaa".to_owned();
    world.unfinished = vec![UnfinishedRun { run, started, plan, created: BTreeMap::new() }];
    world
}

fn next_second(time: Timestamp) -> Timestamp {
    time.checked_add(SignedDuration::from_secs(1)).unwrap()
}

/// Another manifest makes this user.
fn make_for_sibling(world: &mut World, name: &str) {
    let mut sibling = World { account: world.account.clone(), ..World::empty() };
    sibling.apply(&manifest(&format!("users: {{{name}: {{}}}}")));
    world.account = sibling.account;
    let name = ManifestName::parse("platform").unwrap();
    world.siblings = vec![Sibling { name, ownership: Ok(sibling.ownership) }];
}

fn guards(plan: &Plan) -> Vec<(Guard, String)> {
    plan.refusals.iter().map(|refusal| (refusal.guard, refusal.address.to_string())).collect()
}

#[test]
fn what_a_killed_run_made_and_nobody_wants_any_more_is_deleted() {
    let mut world = killed(ALICE, BOTH, &[create("bob")]);
    let desired = manifest(ALICE);
    let planned = world.plan(&desired);
    assert_eq!(calls(&planned.plan), ["1 DeleteUser user/bob []"]);
    world.replay(&desired, &planned, &mut |_| 0);
    assert!(world.plan(&desired).plan.is_empty());
}

#[test]
fn what_another_manifest_made_is_not_claimed_for_a_killed_run() {
    let mut world = killed(ALICE, BOTH, &[]);
    make_for_sibling(&mut world, "bob");
    // It is as the killed run would have made it, and was made since that began.
    let plan = world.plan(&manifest(BOTH)).plan;
    assert_eq!(guards(&plan), [(Guard::Sibling, "user/bob".to_owned())]);
    assert_eq!(plan.count(ChangeAction::Blocked), 1);
    // Least of all is it deleted because this manifest no longer wants it.
    let plan = world.plan(&manifest(ALICE)).plan;
    assert_eq!((calls(&plan), plan.is_empty()), (Vec::<String>::new(), true));

    world.siblings.clear();
    assert_eq!(calls(&world.plan(&manifest(ALICE)).plan), ["1 DeleteUser user/bob []"]);
}

#[test]
fn killed_runs_are_looked_for_where_they_can_have_left_something() {
    let long_ago = Timestamp::UNIX_EPOCH;
    let applied = |text: &str| {
        let mut world = World::empty();
        world.apply(&manifest(text));
        world
    };
    let tag = |name: &str| Action::TagUser {
        user_name: UserName::parse(name).unwrap(),
        tags: iamctl_model::Tags([("team".to_owned(), "x".to_owned())].into()),
    };
    let delete = |name: &str| Action::DeleteUser { user_name: UserName::parse(name).unwrap() };
    // What was done behind our back, what is wanted, when the head was written, whether it is strange.
    let much_later = Timestamp::from_second(100_000).unwrap();
    for (behind, wanted, written, expected) in [
        (vec![], BOTH, Some(long_ago), false),
        (vec![tag("bob")], BOTH, Some(much_later), true),
        (vec![tag("bob")], "users: {alice: {}, bob: {tags: {team: x}}}", Some(long_ago), false),
        (vec![tag("bob")], "users: {alice: {}, bob: {tags: {team: y}}}", Some(much_later), true),
        // What is gone is gone, whoever deleted it.
        (vec![delete("bob")], BOTH, Some(long_ago), false),
        (vec![delete("bob")], ALICE, Some(long_ago), false),
        // A killed run may have made it, unless it is older than the head.
        (vec![create("carol")], "users: {alice: {}, bob: {}, carol: {}}", Some(long_ago), true),
        (vec![create("carol")], "users: {alice: {}, bob: {}, carol: {}}", Some(much_later), false),
        (vec![create("carol")], "users: {alice: {}, bob: {}, carol: {}}", None, true),
        (vec![create("carol")], "users: {alice: {}, bob: {}, carol: {adopt: true}}", Some(long_ago), false),
        (vec![create("carol")], BOTH, Some(long_ago), true),
        (vec![create("carol")], BOTH, Some(much_later), false),
        (vec![create("carol")], BOTH, None, true),
    ] {
        let mut world = applied(BOTH);
        behind.iter().for_each(|action| world.perform(action));
        let found = leaves_unexplained(&manifest(wanted), world.live(), &world.ownership, written);
        assert_eq!(found, expected, "{behind:?} {wanted} {written:?}");
    }
}

#[test]
fn other_manifests_are_read_only_where_something_is_taken_over() {
    let mut world = World::empty();
    world.apply(&manifest(BOTH));
    let overlaps = |world: &World, text: &str| {
        may_overlap(&manifest(text), world.live(), &world.ownership, &world.unfinished)
    };
    let carol = "users: {alice: {}, bob: {}, carol: {adopt: true}}";
    assert!(!overlaps(&world, BOTH));
    assert!(!overlaps(&world, ALICE));
    assert!(!overlaps(&world, carol), "it is made, not taken over");
    world.perform(&create("carol"));
    assert!(overlaps(&world, carol));
    assert!(!overlaps(&world, BOTH), "it is not managed");
    assert!(overlaps(&killed(ALICE, BOTH, &[]), ALICE), "a killed run may be found to have made things");
    assert!(world.live().id(&at("user/carol")).is_some());
}

/// A world whose account was changed in a way that no call of ours can.
fn changed(text: &str, change: impl Fn(&mut iamctl_model::Live)) -> World {
    let mut world = World::empty();
    world.apply(&manifest(text));
    let mut live = world.live().clone();
    change(&mut live);
    World { account: iamctl_testing::MemoryAccount::new(live, world.account.now()), ..world }
}

#[test]
fn what_belongs_to_aws_is_not_taken_over_whatever_the_block_says() {
    let text = |adopt: &str| format!("roles: {{r: {{trust: [{{services: [ec2.amazonaws.com]}}]{adopt}}}}}");
    let role = iamctl_model::RoleName::parse("r").unwrap();
    for path in ["/aws-service-role/ec2.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/"] {
        let mut world = changed(&text(""), |live| {
            live.roles.get_mut(&role).unwrap().path = Path::parse(path).unwrap();
        });
        assert_eq!(guards(&world.plan(&manifest(&text(""))).plan), [(Guard::Reserved, "role/r".to_owned())]);
        world.ownership = Default::default();
        let plan = world.plan(&manifest(&text(", adopt: true"))).plan;
        assert_eq!(guards(&plan), [(Guard::Reserved, "role/r".to_owned())]);
        assert_eq!(calls(&plan), Vec::<String>::new());
        // It is not even counted among what nobody manages.
        assert_eq!(world.plan(&manifest("users: {}")).plan.unmanaged["roles"], 0);
    }
}

#[test]
fn a_role_of_an_instance_profile_is_not_deleted() {
    let role = iamctl_model::RoleName::parse("r").unwrap();
    let text = "users: {alice: {}}\nroles: {r: {trust: [{services: [ec2.amazonaws.com]}]}}";
    let world = changed(text, |live| {
        live.roles.get_mut(&role).unwrap().instance_profiles =
            vec![iamctl_model::InstanceProfileName::parse("web").unwrap()];
    });
    let plan = world.plan(&manifest(ALICE)).plan;
    assert_eq!(guards(&plan), [(Guard::InUse, "role/r".to_owned())]);
    assert_eq!(plan.refusals[0].message, "role/r would be deleted and is still used by instance_profile/web");
}

/// A copy of IAM that lags behind shows the ARN of somebody who was deleted a moment ago: the text of the
/// trust is as the manifest has it, and still it must be put again once that one is made again.
#[test]
fn whoever_is_made_again_is_put_into_every_trust_again_though_its_text_is_equal() {
    let raw = |principal: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {{"AWS": "arn:aws:iam::123456789012:{principal}"}}}}}}"#
        )
    };
    let text = format!(
        "users: {{alice: {{}}, bob: {{path: /team/}}}}
roles:
  base: {{trust: [{{users: [alice]}}]}}
  words: {{trust: [{{users: [bob], roles: [base]}}]}}
  raw-user: {{trust_document: {}}}
  raw-role: {{trust_document: {}}}
  other: {{trust: [{{users: [alice]}}]}}",
        raw("user/team/bob"),
        raw("role/base")
    );
    let desired = manifest(&text);
    let mut world = changed(&text, |live| {
        live.users.remove(&UserName::parse("bob").unwrap()).unwrap();
        live.roles.remove(&iamctl_model::RoleName::parse("base").unwrap()).unwrap();
    });
    let planned = world.plan(&desired);
    assert_eq!(
        calls(&planned.plan),
        [
            "1 CreateUser user/bob []",
            "2 CreateRole role/base []",
            "3 UpdateAssumeRolePolicy role/raw-role [2]",
            "4 UpdateAssumeRolePolicy role/raw-user [1]",
            "5 UpdateAssumeRolePolicy role/words [1 2]",
        ]
    );
    assert_eq!(guards(&planned.plan), []);
    let notes: Vec<String> =
        planned.plan.notes.iter().map(|note| format!("{}: {}", note.address, note.message)).collect();
    assert_eq!(notes.len(), 4, "{notes:#?}");
    assert!(notes[0].contains("which was role/base before it was deleted: it is put again"), "{}", notes[0]);
    world.replay(&desired, &planned, &mut |_| 0);
    let again = world.plan(&desired).plan;
    assert!(again.is_empty() && again.notes.is_empty());
}
