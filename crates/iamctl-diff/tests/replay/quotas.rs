//! Properties of plans where there is hardly any room: no call breaks a quota that the end keeps, in any order that the
//! edges allow, or the plan is refused before the first call, and rightly so.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_diff::needs_quotas;
use iamctl_model::{
    Action, Address, Desired, Guard, Identity, IgnoreRule, Kind, Live, Path, Pattern, Plan, PolicyArn,
    PolicyName, Quotas, Resource, RoleName, Tags, UserName,
};
use iamctl_policy::{Document, Span};
use proptest::prelude::*;

use crate::cases::manifest;
use crate::properties::chooser;
use crate::states::{states, with_new_names};
use crate::world::{World, calls, config};

/// How much of everything that has a quota there is, at most.
fn most_of(live: &Live) -> Quotas {
    let of = |kind: Kind, measure: fn(&Resource) -> usize| {
        let addresses = live.addresses().map(|(address, _)| address).filter(|address| address.kind() == kind);
        addresses.map(|address| measure(&live.resource(&address, None).unwrap())).max().unwrap_or(0)
    };
    let attached = |one: &Resource| one.policies().map_or(0, BTreeSet::len);
    let inline = |one: &Resource| -> usize {
        one.inline_policies().into_iter().flatten().map(|(_, document)| document.quota_size()).sum()
    };
    let documents = live.policies.values().flat_map(|policy| &policy.versions);
    Quotas {
        users: Some(live.users.len()),
        groups: Some(live.groups.len()),
        roles: Some(live.roles.len()),
        policies: Some(live.policies.len()),
        instance_profiles: Some(live.count(Kind::InstanceProfile)),
        policies_of_user: Some(of(Kind::User, attached)),
        policies_of_group: Some(of(Kind::Group, attached)),
        policies_of_role: Some(of(Kind::Role, attached)),
        groups_of_user: live.users.values().map(|user| user.value.groups.len()).max(),
        inline_size_of_user: Some(of(Kind::User, inline)),
        inline_size_of_group: Some(of(Kind::Group, inline)),
        inline_size_of_role: Some(of(Kind::Role, inline)),
        versions_of_policy: Some(5),
        policy_size: documents.map(|version| version.document.quota_size()).max(),
        trust_size: live.roles.values().map(|role| role.trust.quota_size()).max(),
    }
}

/// Each quota of one with the same one of the other.
fn each(a: &Quotas, b: &Quotas, with: impl Fn(&str, usize, usize, usize) -> usize) -> Quotas {
    let fields = |quotas: &Quotas| -> BTreeMap<String, Option<usize>> {
        serde_json::from_value(serde_json::to_value(quotas).unwrap()).unwrap()
    };
    let (a, b) = (fields(a), fields(b));
    let both = a.iter().zip(b.values()).enumerate();
    let both = both.map(|(at, ((name, a), b))| (name, Some(with(name, at, a.unwrap_or(0), b.unwrap_or(0)))));
    serde_json::from_value(serde_json::to_value(both.collect::<BTreeMap<_, _>>()).unwrap()).unwrap()
}

/// Quotas that have no more room than what is there before or after.
pub(crate) fn no_more_than(before: &Live, after: &Live) -> Quotas {
    each(&most_of(before), &most_of(after), |_, _, before, after| before.max(after))
}

/// Whether all calls of a plan succeed in some order, whatever becomes of access meanwhile.
pub(crate) fn can_be_done(world: &World, plan: &Plan) -> bool {
    let mut account = world.account.clone();
    let gives = |action: &Action| {
        let call = action.call();
        ["Delete", "Detach", "Remove", "Untag"].into_iter().any(|word| call.starts_with(word))
    };
    let (mut left, takes): (Vec<&Action>, Vec<&Action>) =
        plan.steps.iter().map(|step| &step.action).partition(|action| gives(action));
    left.extend(takes);
    while !left.is_empty() {
        let Some(next) = left.iter().position(|action| account.perform(action).is_ok()) else { return false };
        left.remove(next);
    }
    true
}

/// What a plan writes, without the old versions that are in the way of new ones.
fn writes(plan: &Plan) -> Vec<String> {
    let actions = plan.steps.iter().map(|step| &step.action);
    let actions = actions.filter(|action| !matches!(action, Action::DeletePolicyVersion { .. }));
    let mut writes: Vec<String> = actions.map(|action| format!("{action:?}")).collect();
    writes.sort();
    writes
}

fn world() -> World {
    let mut world = World::empty();
    world.allow.extend([Guard::MassDelete, Guard::DeleteCredentials, Guard::Replace, Guard::WidenDrift]);
    world
}

/// What others put on things of ours, and what they have beside them.
fn others(world: &mut World, on: [bool; 3]) {
    let theirs = PolicyArn::parse("arn:aws:iam::aws:policy/Theirs").unwrap();
    let inline = PolicyName::parse("theirs").unwrap();
    let document = Document::from_stored(r#"{"Version":"2012-10-17","Statement":[]}"#);
    // Nobody puts anything on what belongs to AWS.
    let is_reserved =
        |name: &RoleName| world.live().roles.get(name).is_some_and(|role| role.path.is_reserved());
    let holders = world.live().addresses().filter_map(|(address, _)| match address {
        Address::User(name) => Some(Identity::User(name)),
        Address::Group(name) => Some(Identity::Group(name)),
        Address::Role(name) if !is_reserved(&name) => Some(Identity::Role(name)),
        _ => None,
    });
    let holders: Vec<_> = holders.collect();
    for (at, identity) in holders.iter().enumerate() {
        if on[at % on.len()] {
            world.perform(&Action::attach(identity, theirs.clone()));
            world.perform(&Action::put_inline(identity, inline.clone(), document.clone()));
        }
    }
    if on[0] {
        let (user_name, path) = (UserName::parse("x").unwrap(), Path::root());
        world.perform(&Action::CreateUser {
            user_name,
            path,
            permissions_boundary: None,
            tags: Tags::default(),
        });
    }
}

/// A setting that is no longer managed stays, and may then not be unset.
fn without_settings(mut state: Desired) -> Desired {
    state.managed.retain(|address, _| !address.kind().is_setting());
    state.absent.clear();
    state
}

fn leaving_theirs(mut state: Desired) -> Desired {
    let pattern = |text: &str| vec![Pattern::new(text)];
    state.ignore.push(IgnoreRule {
        span: Span::NONE,
        on: Vec::new(),
        tags: Vec::new(),
        policies: pattern("aws:Theirs"),
        inline_policies: pattern("theirs"),
        groups: Vec::new(),
        members: Vec::new(),
        reason: "theirs".to_owned(),
    });
    state
}

/// Plans, and holds what is refused and what is done against what the account lets one do.
fn check(world: &mut World, second: &Desired, choices: Vec<usize>) -> Result<(), TestCaseError> {
    let planned = world.plan(second);
    if planned.plan.refusals.is_empty() {
        world.replay(second, &planned, &mut chooser(choices));
        let again = world.plan(second);
        prop_assert!(again.plan.is_empty(), "left over: {:#?}", calls(&again.plan));
    } else {
        prop_assert!(planned.plan.refusals.iter().all(|refusal| refusal.guard == Guard::Quota));
        prop_assert!(
            !can_be_done(world, &planned.plan),
            "it could be done: {:#?}\n{:#?}",
            planned.plan.refusals,
            calls(&planned.plan)
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(1.0))]

    /// Quotas that have no more room than what is there before or after, or not even that.
    #[test]
    fn what_fits_in_the_end_fits_at_every_moment(
        past in prop::collection::vec(states(), 0..4),
        first in states(),
        second in states(),
        choices in prop::collection::vec(0_usize..50, 1..40),
        slack in prop::collection::vec(prop_oneof![3 => Just(0_usize), 1 => 1..3_usize], 15),
        squeezed in proptest::option::weighted(0.3, 0..15_usize),
        overfull in prop::bool::weighted(0.2),
        versions in 2..6_usize,
        (on, renamed) in (any::<[bool; 3]>(), any::<[bool; 4]>()),
    ) {
        let second = leaving_theirs(with_new_names(&first, second, renamed));
        let mut world = world();
        past.into_iter().map(without_settings).chain([first]).for_each(|state| drop(world.apply(&state)));
        others(&mut world, on);
        // What the end holds, with room for everything.
        let mut roomy = world.clone();
        let unhurried = roomy.plan(&second);
        prop_assert_eq!(&unhurried.plan.refusals, &[]);
        roomy.replay(&second, &unhurried, &mut |_| 0);
        let (before, after) = (most_of(world.live()), most_of(roomy.live()));
        let mut quotas = each(&before, &after, |name, at, before, after| {
            // No size was ever allowed that no longer is.
            let before = if overfull && !name.contains("size") { 0 } else { before };
            if squeezed == Some(at) { before.max(after.saturating_sub(1)) } else { before.max(after) + slack[at] }
        });
        quotas.versions_of_policy = Some(versions);
        world.account.tell_quotas(&quotas);
        prop_assert_eq!(writes(&world.plan(&second).plan), writes(&unhurried.plan));
        check(&mut world, &second, choices)?;
    }
}

/// Something of which AWS's own numbers let one have only so much.
#[derive(Debug, Clone)]
struct Crowd {
    policies: Vec<usize>,
    groups: Vec<usize>,
    /// Sizes of inline policies, of what a user may have.
    inline: Vec<usize>,
    tags: Vec<usize>,
    client_ids: Vec<usize>,
    trusted: usize,
    path: bool,
}

/// What is near the quotas of an account, where those for attached policies and trust were raised or not.
fn crowd(raised: bool) -> impl Strategy<Value = Crowd> {
    use prop::sample::subsequence;
    let all = |count: usize| (0..count).collect::<Vec<usize>>();
    (
        subsequence(all(24), if raised { 15..=20 } else { 7..=10 }),
        subsequence(all(13), 7..=10),
        prop::collection::vec(250..1_100_usize, 5),
        subsequence(all(60), 45..=50),
        subsequence(all(110), 95..=100),
        1..if raised { 90_usize } else { 40 },
        prop::bool::weighted(0.2),
    )
        .prop_map(|(policies, groups, inline, tags, client_ids, trusted, path)| Crowd {
            policies,
            groups,
            inline,
            tags,
            client_ids,
            trusted,
            path,
        })
}

fn text(resource: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "s3:Get", "Resource": "arn:aws:s3:::{resource}"}}]}}"#
    )
}

impl Crowd {
    /// As the text of a manifest, in which the user is called so.
    fn manifest(&self, user: &str) -> String {
        let list = |items: &[usize], prefix: &str| -> String {
            items.iter().map(|at| format!("{prefix}{at}")).collect::<Vec<_>>().join(", ")
        };
        let policies = (0..24).map(|at| format!("p{at}: {{document: {}}}", text(&format!("p{at}/*"))));
        let policies = policies.collect::<Vec<_>>().join(", ");
        let groups = (0..13).map(|at| format!("g{at}: {{}}")).collect::<Vec<_>>().join(", ");
        let inline = |scale: usize| {
            let mut left = 2_048;
            let fitting = self.inline.iter().enumerate().take_while(|(_, size)| {
                let fits = **size <= left;
                left = left.saturating_sub(**size);
                fits
            });
            let fitting = fitting.map(|(at, size)| {
                let size = size * scale / 2;
                // The path decides which names there are.
                let at = if self.path { at + 2 } else { at };
                format!(
                    "i{at}: {{document: {}}}",
                    text(&"x".repeat(size - Document::from_stored(&text("")).quota_size()))
                )
            });
            fitting.collect::<Vec<_>>().join(", ")
        };
        let (tags, attached) = (list(&self.tags, "t"), list(&self.policies, "p"));
        let tags = tags.split(", ").map(|tag| format!("{tag}: x")).collect::<Vec<_>>().join(", ");
        let trusted =
            (0..self.trusted).map(|at| format!("\"arn:aws:iam::9{at:011}:root\"")).collect::<Vec<_>>();
        let trust = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {{"AWS": [{}]}}}}]}}"#,
            trusted.join(", ")
        );
        let path = if self.path { "/a/" } else { "/" };
        format!(
            "policies: {{{policies}}}
groups: {{{groups}, full: {{policies: [{}], inline_policies: {{{}}}}}}}
users: {{{user}: {{path: {path}, tags: {{{tags}}}, groups: [{}], policies: [{attached}], inline_policies: {{{}}}}}}}
roles: {{r: {{path: {path}, trust_document: {trust}, tags: {{{tags}}}, policies: [{attached}], inline_policies: {{{}}}}}}}
oidc_providers: {{o.example: {{client_ids: [{}], tags: {{{tags}}}}}}}
",
            list(&self.policies[..self.policies.len().min(10)], "p"),
            inline(5),
            list(&self.groups, "g"),
            inline(2),
            inline(10),
            list(&self.client_ids, "c"),
        )
    }
}

proptest! {
    #![proptest_config(config(0.4))]

    /// AWS's own numbers, by default or raised, and read only where a plan says that it is worth a call: nothing is
    /// refused that fits.
    #[test]
    fn quotas_are_read_wherever_they_may_matter(
        (first, second, raised) in any::<bool>().prop_flat_map(|raised| (crowd(raised), crowd(raised), Just(raised))),
        choices in prop::collection::vec(0_usize..50, 1..40),
        (denied, renamed) in any::<(bool, bool)>(),
    ) {
        let mut world = world();
        let of_account = match raised {
            true => Quotas {
                policies_of_user: Some(20), policies_of_role: Some(25), trust_size: Some(4_096), ..Quotas::default()
            },
            false => Quotas::default(),
        };
        world.account.set_quotas(&of_account);
        world.apply(&manifest(&first.manifest("u")));
        let mut wanted = manifest(&second.manifest(if renamed { "v" } else { "u" }));
        if renamed && let Some(user) = wanted.managed.get_mut(&"user/v".parse().unwrap()) {
            user.renamed_from = Some("user/u".parse().unwrap());
        }
        if !denied && needs_quotas(&wanted, world.live(), &world.ownership) {
            world.account.tell_quotas(&of_account);
        }
        let planned = world.plan(&wanted);
        prop_assert_eq!(&planned.plan.refusals, &[]);
        check(&mut world, &wanted, choices)?;
    }
}

/// An account with 99 providers of somebody else and one of ours, of which there can be 100.
fn full_of_providers() -> World {
    let mut world = world();
    for at in 0..99 {
        let metadata = serde_json::json!(iamctl_testing::saml_metadata("idp", &["AAAA"]));
        let calls = [
            format!(
                r#"{{"call": "CreateSAMLProvider", "params": {{"Name": "x{at}", "SAMLMetadataDocument": {metadata}}}}}"#
            ),
            format!(
                r#"{{"call": "CreateOpenIDConnectProvider", "params": {{"Url": "https://x{at}.example", "ClientIDList": ["c"]}}}}"#
            ),
        ];
        calls.iter().for_each(|call| world.perform(&serde_json::from_str(call).unwrap()));
    }
    world.apply(&manifest(&providers("old")));
    world
}

fn providers(name: &str) -> String {
    format!(
        "saml_providers: {{{name}: {{metadata_file: one.xml}}}}
oidc_providers: {{{name}.example: {{client_ids: [c]}}}}"
    )
}

#[test]
fn providers_are_deleted_before_others_are_made_where_there_can_be_no_more() {
    let mut world = full_of_providers();
    let wanted = manifest(&providers("new"));
    let planned = world.plan(&wanted);
    assert_eq!(planned.plan.refusals, []);
    world.replay(&wanted, &planned, &mut |ready| ready - 1);
}

#[test]
fn a_provider_too_many_is_refused_where_aws_raises_no_quota() {
    let world = full_of_providers();
    let both = "saml_providers: {old: {metadata_file: one.xml}, new: {metadata_file: one.xml}}
oidc_providers: {old.example: {client_ids: [c]}, new.example: {client_ids: [c]}}";
    let refusals = world.plan(&manifest(both)).plan.refusals;
    let messages: Vec<_> = refusals.iter().map(|refusal| refusal.message.as_str()).collect();
    let expected = "the account would have 101 SAML providers, and its quota is 100: there are 100, 1 would be made and 0 deleted";
    assert_eq!(messages, [expected]);
}

#[test]
fn tags_of_others_take_room() {
    let mut world = world();
    let ours = |tags: &str| {
        manifest(&format!(
            "users: {{u: {{tags: {{{tags}}}}}}}\nignore: [{{tags: [theirs*], reason: theirs}}]"
        ))
    };
    world.apply(&ours("a: x"));
    let theirs = (0..49).map(|at| (format!("theirs{at}"), "x".to_owned())).collect();
    world.perform(&Action::TagUser { user_name: UserName::parse("u").unwrap(), tags: Tags(theirs) });
    assert_eq!(world.plan(&ours("A: y")).plan.refusals, []);
    let refusals = world.plan(&ours("a: x, b: y")).plan.refusals;
    assert_eq!(refusals[0].message, "user/u would have 51 tags, and there is room for 50");
}
