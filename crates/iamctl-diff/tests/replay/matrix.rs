//! The cause of every difference: each part of each kind of thing, changed by the manifest, in the
//! account, by both differently, and by both alike.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    AccountAlias, Address, Alias, Cause, Change, ChangeAction, Field, Group, Guard, InstanceProfile, Kind,
    OidcProvider, PasswordPolicy, Plan, Policy, Resource, Role, SamlMetadata, SamlProvider,
    ServiceLinkedRole, SessionDuration, Tags, User,
};
use iamctl_policy::Document;

use crate::cases::manifest;
use crate::world::{World, calls};

/// One part of a kind of thing, with three values, as the block of a thing called `x` has them.
struct Part {
    kind: Kind,
    field: Field,
    /// What was last applied, what the manifest wants next, and what somebody makes of it in the account.
    values: [&'static str; 3],
}

const fn part(kind: Kind, field: Field, values: [&'static str; 3]) -> Part {
    Part { kind, field, values }
}

/// Every part that can change in place.
const PARTS: [Part; 30] = [
    part(Kind::Policy, Field::Tags, ["tags: {a: '1'}", "tags: {a: '2'}", "tags: {a: '3'}"]),
    part(
        Kind::Policy,
        Field::Document,
        [
            "document: {Version: '2012-10-17', Statement: {Effect: Allow, Action: 's3:Get*', Resource: '*'}}",
            "document: {Version: '2012-10-17', Statement: {Effect: Allow, Action: 's3:Put*', Resource: '*'}}",
            "document: {Version: '2012-10-17', Statement: {Effect: Allow, Action: 's3:List*', Resource: '*'}}",
        ],
    ),
    part(Kind::Group, Field::Path, ["path: /a/", "path: /b/", "path: /c/"]),
    part(Kind::Group, Field::Policies, ["policies: [p]", "policies: [q]", "policies: [s]"]),
    part(
        Kind::Group,
        Field::InlinePolicies,
        [
            "inline_policies: {i: {file: a.json}}",
            "inline_policies: {i: {file: b.json}}",
            "inline_policies: {i: {file: c.json}}",
        ],
    ),
    part(Kind::User, Field::Path, ["path: /a/", "path: /b/", "path: /c/"]),
    part(Kind::User, Field::Tags, ["tags: {a: '1'}", "tags: {b: '1'}", "tags: {}"]),
    part(Kind::User, Field::Groups, ["groups: [g]", "groups: [h]", "groups: [i]"]),
    part(Kind::User, Field::Policies, ["policies: [p]", "policies: [p, q]", "policies: []"]),
    part(
        Kind::User,
        Field::InlinePolicies,
        [
            "inline_policies: {i: {file: a.json}}",
            "inline_policies: {j: {file: a.json}}",
            "inline_policies: {}",
        ],
    ),
    part(
        Kind::User,
        Field::PermissionsBoundary,
        ["permissions_boundary: p", "permissions_boundary: q", "permissions_boundary: ~"],
    ),
    part(Kind::Role, Field::Description, ["description: one", "description: two", "description: ''"]),
    part(
        Kind::Role,
        Field::MaxSessionDuration,
        ["max_session_duration: 2h", "max_session_duration: 3h", "max_session_duration: 4h"],
    ),
    part(
        Kind::Role,
        Field::Trust,
        ["trust: [{users: [u]}]", "trust: [{users: [v], mfa: required}]", "trust: [{users: [u, v, w]}]"],
    ),
    part(Kind::Role, Field::Tags, ["tags: {a: '1'}", "tags: {A: '2'}", "tags: {a: '1', b: '1'}"]),
    part(Kind::Role, Field::Policies, ["policies: [p]", "policies: ['aws:ReadOnlyAccess']", "policies: [q]"]),
    part(
        Kind::Role,
        Field::InlinePolicies,
        [
            "inline_policies: {i: {file: a.json}}",
            "inline_policies: {i: {file: b.json}}",
            "inline_policies: {k: {file: c.json}}",
        ],
    ),
    part(
        Kind::Role,
        Field::PermissionsBoundary,
        ["permissions_boundary: p", "permissions_boundary: 'aws:ReadOnlyAccess'", "permissions_boundary: ~"],
    ),
    part(Kind::InstanceProfile, Field::Role, ["role: y", "role: ~", "role: z"]),
    part(Kind::InstanceProfile, Field::Tags, ["tags: {a: '1'}", "tags: {A: '2'}", "tags: {a: '1', b: '1'}"]),
    part(
        Kind::OidcProvider,
        Field::ClientIds,
        ["client_ids: [a]", "client_ids: [b, c]", "client_ids: [a, d]"],
    ),
    part(
        Kind::OidcProvider,
        Field::Thumbprints,
        [
            "thumbprints: ['0000000000000000000000000000000000000001']",
            "thumbprints: ['0000000000000000000000000000000000000001', '0000000000000000000000000000000000000002']",
            "thumbprints: ['0000000000000000000000000000000000000001', '0000000000000000000000000000000000000003']",
        ],
    ),
    part(Kind::OidcProvider, Field::Tags, ["tags: {a: '1'}", "tags: {A: '2'}", "tags: {a: '1', b: '1'}"]),
    part(Kind::AccountAlias, Field::Alias, ["name: one", "name: two", "name: three"]),
    part(
        Kind::PasswordPolicy,
        Field::MinimumPasswordLength,
        ["minimum_password_length: 14", "minimum_password_length: 16", "minimum_password_length: 12"],
    ),
    part(
        Kind::PasswordPolicy,
        Field::MaxPasswordAge,
        ["max_password_age: 90", "max_password_age: 60", "max_password_age: 91"],
    ),
    part(
        Kind::PasswordPolicy,
        Field::PasswordReusePrevention,
        ["password_reuse_prevention: 3", "password_reuse_prevention: 4", "minimum_password_length: 6"],
    ),
    part(
        Kind::SamlProvider,
        Field::Metadata,
        ["metadata_file: one.xml", "metadata_file: both.xml", "metadata_file: other.xml"],
    ),
    part(Kind::SamlProvider, Field::Tags, ["tags: {a: '1'}", "tags: {A: '2'}", "tags: {a: '1', b: '1'}"]),
    // Unlike the others, its middle value goes back to nothing.
    part(Kind::Group, Field::Policies, ["policies: [p, q]", "policies: []", "policies: [p]"]),
];

/// What AWS cannot change in place, what is no part of the block, or what has two values only: cases of their own.
const ELSEWHERE: [(Kind, Field, &str); 12] = [
    (Kind::Policy, Field::Path, "role-path.case, and below"),
    (Kind::Policy, Field::Description, "description-of-a-policy.case"),
    (Kind::Role, Field::Path, "role-path.case"),
    (Kind::InstanceProfile, Field::Path, "instance-profile-path.case"),
    (Kind::Group, Field::Members, "group-stranger.case"),
    (Kind::ServiceLinkedRole, Field::Description, "service-linked-role-description.case"),
    (Kind::PasswordPolicy, Field::RequireSymbols, "below"),
    (Kind::PasswordPolicy, Field::RequireNumbers, "below"),
    (Kind::PasswordPolicy, Field::RequireUppercaseCharacters, "below"),
    (Kind::PasswordPolicy, Field::RequireLowercaseCharacters, "below"),
    (Kind::PasswordPolicy, Field::AllowUsersToChangePassword, "below"),
    (Kind::PasswordPolicy, Field::HardExpiry, "below"),
];

fn document(action: &str) -> String {
    format!("{{Version: '2012-10-17', Statement: {{Effect: Allow, Action: '{action}', Resource: '*'}}}}")
}

/// A manifest in which `x`, a thing of this kind, has this block, among others for it to name.
fn text(kind: Kind, block: &str) -> String {
    let inline = |file: &str, action: &str| {
        (format!("{{file: {file}.json}}"), format!("{{document: {}}}", document(action)))
    };
    let inlines: BTreeMap<String, String> =
        [inline("a", "ec2:Run*"), inline("b", "ec2:Stop*"), inline("c", "ec2:Describe*")].into();
    let block = inlines.iter().fold(block.to_owned(), |block, (file, inline)| block.replace(file, inline));
    let needed = match kind {
        Kind::Policy if !block.contains("document:") => format!("document: {}, ", document("sqs:*")),
        Kind::Role if !block.contains("trust:") => "trust: [{users: [w]}], ".to_owned(),
        Kind::SamlProvider if !block.contains("metadata_file:") => "metadata_file: one.xml, ".to_owned(),
        _ => String::new(),
    };
    let x = |this: Kind| if this == kind { format!(", x: {{{needed}{block}}}") } else { String::new() };
    let setting = match kind {
        Kind::AccountAlias | Kind::PasswordPolicy => format!("{}: {{{block}}}\n", kind.as_str()),
        _ => String::new(),
    };
    let policy = |name: &str| format!("{name}: {{document: {}}}", document(&format!("{name}:*")));
    format!(
        "policies: {{{}, {}, {}{}}}\ngroups: {{g: {{}}, h: {{}}, i: {{}}{}}}\nusers: {{u: {{}}, v: {{}}, w: {{}}{}}}\nroles: {{y: {{trust: [{{users: [u]}}]}}, z: {{trust: [{{users: [u]}}]}}{}}}\ninstance_profiles: {{k: {{}}{}}}\noidc_providers: {{y.example: {{}}{}}}\nsaml_providers: {{y: {{metadata_file: one.xml}}{}}}\n{setting}",
        policy("p"),
        policy("q"),
        policy("s"),
        x(Kind::Policy),
        x(Kind::Group),
        x(Kind::User),
        x(Kind::Role),
        x(Kind::InstanceProfile),
        x(Kind::OidcProvider).replace(" x:", " x.example:"),
        x(Kind::SamlProvider),
    )
}

/// A world in which we left `x` as `last` says, and somebody made of it what `live` says.
fn world(kind: Kind, last: &str, live: &str) -> World {
    let mut world = World::empty();
    world.apply(&manifest(&text(kind, last)));
    let mut somebody = world.clone();
    somebody.apply(&manifest(&text(kind, live)));
    World { account: somebody.account, ..world }
}

fn change(plan: &Plan) -> &Change {
    let [change] = plan.changes.as_slice() else { panic!("{:#?}", plan.changes) };
    change
}

fn guards(plan: &Plan) -> Vec<Guard> {
    plan.refusals.iter().map(|refusal| refusal.guard).collect()
}

/// Plans `wanted`, checks the cause of the only change, and that applying it leaves nothing.
fn assert_cause(mut world: World, part: &Part, wanted: &str, cause: Cause) {
    let what = format!("{} {}: {cause:?}", part.kind, part.field);
    let desired = manifest(&text(part.kind, wanted));
    let planned = world.plan(&desired);
    let change = change(&planned.plan);
    let address = match part.kind {
        Kind::AccountAlias | Kind::PasswordPolicy => part.kind.as_str().to_owned(),
        Kind::OidcProvider => "oidc_provider/x.example".to_owned(),
        kind => format!("{}/x", kind.as_str()),
    };
    assert_eq!(change.address.to_string(), address, "{what}");
    assert_eq!(change.fields, BTreeMap::from([(part.field, cause)]), "{what}");
    assert_eq!(change.cause, cause, "{what}");
    match cause {
        Cause::Conflict => {
            assert_eq!(
                (change.action, guards(&planned.plan)),
                (ChangeAction::Blocked, vec![Guard::Conflict]),
                "{what}"
            );
            assert_eq!(calls(&planned.plan), Vec::<String>::new(), "{what}");
            world.allow.insert(Guard::Conflict);
        }
        Cause::Ours | Cause::Drift => {
            assert_eq!((change.action, guards(&planned.plan)), (ChangeAction::Update, vec![]), "{what}");
        }
    }
    let planned = world.plan(&desired);
    assert_eq!(guards(&planned.plan), [], "{what}");
    assert!(!planned.plan.steps.is_empty(), "{what}");
    world.replay(&desired, &planned, &mut |_| 0);
    assert!(world.plan(&desired).plan.is_empty(), "{what}");
}

#[test]
fn each_part_of_each_thing_differs_for_a_reason() {
    for part in &PARTS {
        let [last, next, live] = part.values;
        assert_cause(world(part.kind, last, last), part, next, Cause::Ours);
        assert_cause(world(part.kind, last, live), part, last, Cause::Drift);
        assert_cause(world(part.kind, last, live), part, next, Cause::Conflict);
    }
}

/// What is true or false cannot be changed by both differently.
#[test]
fn each_flag_of_a_password_policy_differs_for_a_reason() {
    for (field, looser) in [
        (Field::RequireSymbols, "false"),
        (Field::RequireNumbers, "false"),
        (Field::RequireUppercaseCharacters, "false"),
        (Field::RequireLowercaseCharacters, "false"),
        (Field::AllowUsersToChangePassword, "true"),
        (Field::HardExpiry, "false"),
    ] {
        let block = |value: &str| format!("max_password_age: 90, {field}: {value}");
        let (strict, loose) = (block(if looser == "true" { "false" } else { "true" }), block(looser));
        let part = part(Kind::PasswordPolicy, field, ["", "", ""]);
        assert_cause(world(part.kind, &strict, &strict), &part, &loose, Cause::Ours);
        assert_cause(world(part.kind, &loose, &loose), &part, &strict, Cause::Ours);
        assert_cause(world(part.kind, &strict, &loose), &part, &strict, Cause::Drift);
    }
}

#[test]
fn what_both_changed_alike_is_only_remembered() {
    for part in &PARTS {
        let what = format!("{} {}", part.kind, part.field);
        let [last, next, _] = part.values;
        let mut world = world(part.kind, last, next);
        let desired = manifest(&text(part.kind, next));
        let planned = world.plan(&desired);
        assert_eq!(calls(&planned.plan), Vec::<String>::new(), "{what}");
        let change = change(&planned.plan);
        assert_eq!((&change.address, change.cause), (&Address::MasterCopy, Cause::Ours), "{what}");
        assert_eq!(change.fields, BTreeMap::from([(Field::Ownership, Cause::Ours)]), "{what}");
        world.replay(&desired, &planned, &mut |_| 0);
        assert!(world.plan(&desired).plan.is_empty(), "{what}");
        // From now on it is what was last applied: going back is the manifest's doing.
        let plan = world.plan(&manifest(&text(part.kind, last))).plan;
        assert_eq!(self::change(&plan).fields, BTreeMap::from([(part.field, Cause::Ours)]), "{what}");
    }
}

/// A thing of each kind has the parts that its JSON has, under the names of fields.
#[test]
fn no_part_of_any_kind_is_left_out() {
    let document = Document::from_stored("{}");
    let things = [
        Resource::Policy(Policy {
            path: Default::default(),
            description: String::new(),
            tags: Tags::default(),
            document: document.clone(),
        }),
        Resource::Group(Group::default()),
        Resource::User(User::default()),
        Resource::Role(Role {
            path: Default::default(),
            description: String::new(),
            max_session_duration: SessionDuration::DEFAULT,
            trust: document,
            tags: Tags::default(),
            policies: BTreeSet::new(),
            inline_policies: BTreeMap::new(),
            permissions_boundary: None,
        }),
        Resource::InstanceProfile(InstanceProfile::default()),
        Resource::OidcProvider(OidcProvider::default()),
        Resource::AccountAlias(AccountAlias { alias: Alias::parse("one").unwrap() }),
        Resource::PasswordPolicy(PasswordPolicy::default()),
        Resource::SamlProvider(SamlProvider { metadata: SamlMetadata::stored(""), tags: Tags::default() }),
        Resource::ServiceLinkedRole(ServiceLinkedRole { description: Some(String::new()) }),
    ];
    let all = things.iter().flat_map(|thing| {
        let json = serde_json::to_value(thing).unwrap();
        let keys: Vec<String> = json.as_object().unwrap().keys().cloned().collect();
        keys.into_iter().filter(|key| key != "kind").map(move |key| format!("{} {key}", thing.kind()))
    });
    let here = PARTS.iter().map(|part| format!("{} {}", part.kind, part.field));
    let elsewhere = ELSEWHERE.iter().map(|(kind, field, _)| format!("{kind} {field}"));
    assert_eq!(here.chain(elsewhere).collect::<BTreeSet<_>>(), all.collect());
}

#[test]
fn a_thing_is_as_bad_as_its_worst_part_and_each_part_has_its_own_cause() {
    let (last, live) = ("tags: {a: '1'}, path: /a/, groups: [g]", "tags: {a: '2'}, path: /b/, groups: [g]");
    let mut world = world(Kind::User, last, live);
    let causes = |plan: &Plan| -> Vec<String> {
        change(plan).fields.iter().map(|(field, cause)| format!("{field} {cause:?}")).collect()
    };
    let plan = world.plan(&manifest(&text(Kind::User, "tags: {a: '1'}, path: /b/, groups: [h]"))).plan;
    assert_eq!(causes(&plan), ["groups Ours", "tags Drift"], "the path is as wanted, whoever made it so");
    assert_eq!((change(&plan).cause, guards(&plan)), (Cause::Drift, vec![]));

    let wanted = manifest(&text(Kind::User, "tags: {a: '3'}, path: /a/, groups: [h]"));
    let plan = world.plan(&wanted).plan;
    assert_eq!(causes(&plan), ["path Drift", "groups Ours", "tags Conflict"]);
    assert_eq!((change(&plan).cause, guards(&plan)), (Cause::Conflict, vec![Guard::Conflict]));
    assert_eq!(
        plan.refusals[0].message,
        "tags of user/x changed both in the manifest and in the account since the last run"
    );
    world.allow.insert(Guard::Conflict);
    let planned = world.plan(&wanted);
    world.replay(&wanted, &planned, &mut |_| 0);
    assert!(world.plan(&wanted).plan.is_empty());
}

/// Whatever takes rights away is not undone unasked, if it was not the manifest that did it.
#[test]
fn restrictions_that_somebody_put_on_are_not_undone_unasked() {
    const DENY: &str =
        "{document: {Version: '2012-10-17', Statement: {Effect: Deny, Action: '*', Resource: '*'}}}";
    let inline = format!("inline_policies: {{stop: {DENY}}}");
    for (kind, last, live) in [
        (Kind::User, "", "permissions_boundary: p"),
        (Kind::User, "permissions_boundary: p", "permissions_boundary: q"),
        (Kind::User, "", "policies: ['aws:AWSCompromisedKeyQuarantineV3']"),
        (Kind::User, "", "policies: [deny]"),
        (Kind::User, "", inline.as_str()),
        (Kind::User, "", "groups: [denied]"),
        (Kind::Group, "", "policies: [deny]"),
        (Kind::Group, "", inline.as_str()),
        (Kind::Role, "", "permissions_boundary: 'aws:ReadOnlyAccess'"),
        (Kind::Role, "", "policies: ['aws:AWSDenyAll']"),
        (Kind::Role, "", "policies: [deny]"),
        (Kind::Role, "", inline.as_str()),
        (Kind::Role, "trust: [{users: [u, v]}]", "trust: [{users: [u]}]"),
        (Kind::InstanceProfile, "role: y", "role: ~"),
        (Kind::OidcProvider, "client_ids: [a, b]", "client_ids: [b]"),
        (Kind::SamlProvider, "metadata_file: both.xml", "metadata_file: one.xml"),
        (
            Kind::OidcProvider,
            "thumbprints: ['0000000000000000000000000000000000000001', '0000000000000000000000000000000000000002']",
            "thumbprints: ['0000000000000000000000000000000000000001']",
        ),
        (Kind::PasswordPolicy, "minimum_password_length: 8", "minimum_password_length: 14"),
        (Kind::PasswordPolicy, "require_numbers: false", "require_numbers: true"),
        (Kind::PasswordPolicy, "allow_users_to_change_password: true", "minimum_password_length: 6"),
        (Kind::PasswordPolicy, "max_password_age: 90", "max_password_age: 30"),
        (Kind::Role, "trust: [{users: [u]}]", "trust: [{users: [u], mfa: required}]"),
        (
            Kind::Policy,
            "document: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}",
            "document: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}, \
             {Effect: Deny, Action: 's3:Delete*', Resource: '*'}]}",
        ),
    ] {
        let with_deny = |block: &str| {
            let text = text(kind, block).replacen("policies: {", &format!("policies: {{deny: {DENY}, "), 1);
            manifest(&text.replacen("groups: {", "groups: {denied: {policies: [deny]}, ", 1))
        };
        let mut world = World::empty();
        world.apply(&with_deny(last));
        let mut somebody = world.clone();
        somebody.apply(&with_deny(live));
        world.account = somebody.account;

        let desired = with_deny(last);
        let planned = world.plan(&desired).plan;
        assert_eq!(guards(&planned), [Guard::WidenDrift], "{kind} {last} {live}");
        assert_eq!(calls(&planned), Vec::<String>::new(), "{kind} {live}");
        world.allow.insert(Guard::WidenDrift);
        let planned = world.plan(&desired);
        assert_eq!(guards(&planned.plan), [], "{kind} {live}");
        world.replay(&desired, &planned, &mut |_| 0);
        assert!(world.plan(&desired).plan.is_empty(), "{kind} {live}");

        // When the manifest says so as well, it is nobody's drift.
        let mut ours = World::empty();
        ours.apply(&with_deny(live));
        assert_eq!(guards(&ours.plan(&desired).plan), [], "{kind} {live}");
    }
}

/// How many of so many things may be deleted without a word: at most ten, and fewer than three or at
/// most 30 %.
#[test]
fn many_deletes_need_a_word() {
    let users = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("u{n}: {{}}")).collect();
        manifest(&format!("users: {{{}}}", names.join(", ")))
    };
    for (owned, deleted, refused) in [
        (1, 1, false),
        (2, 2, false),
        (3, 2, false),
        (3, 3, true),
        (9, 3, true),
        (10, 3, false),
        (10, 4, true),
        (30, 9, false),
        (30, 10, true),
        (34, 10, false),
        (100, 10, false),
        (100, 11, true),
    ] {
        let mut world = World::empty();
        world.apply(&users(owned));
        let desired = users(owned - deleted);
        let plan = world.plan(&desired).plan;
        assert_eq!(plan.count(ChangeAction::Delete), deleted);
        let expected: &[Guard] = if refused { &[Guard::MassDelete] } else { &[] };
        assert_eq!(guards(&plan), expected, "{deleted} of {owned}");
        world.allow.insert(Guard::MassDelete);
        world.apply(&desired);
        assert_eq!(world.live().users.len(), owned - deleted);
    }
}
