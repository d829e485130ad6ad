//! What is imported says exactly what is there: planning it adopts everything and changes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails in a helper fails the test"
)]

use std::collections::{BTreeMap, BTreeSet};

use iamctl_diff::{Inputs, MasterCopyState, plan};
use iamctl_import::{Head, Imported, Options, Selection, import};
use iamctl_model::{
    Account, AccountId, Address, ChangeAction, GroupName, Kind, Live, LiveGroup, LivePolicy, LiveRole,
    LiveUser, ManifestName, MasterCopy, Observed, Ownership, Partition, Path, Pattern, Plan, PolicyArn,
    PolicyName, PolicyVersion, RoleDetails, RoleName, SessionDuration, Tags, UniqueId, User, UserName,
    VersionId,
};
use iamctl_policy::Document;
use iamctl_spec::{FilesInMemory, Options as SpecOptions, parse};
use jiff::Timestamp;
use proptest::prelude::*;

fn account() -> Account {
    Account { id: AccountId::parse("123456789012").unwrap(), partition: Partition::aws() }
}

fn options() -> Options {
    let master_copy = MasterCopy {
        bucket: "acme-iam-master-copy".to_owned(),
        region: "eu-west-1".to_owned(),
        prefix: "iam/".to_owned(),
        owner: None,
        kms_key: None,
    };
    let head = Head { name: ManifestName::parse("acme").unwrap(), master_copy };
    Options { head, selection: Selection::default(), split: false }
}

/// The plan for what was imported, on the account that it was imported from.
fn planned(live: &Live, imported: &Imported) -> Plan {
    let mut files = FilesInMemory::new();
    for (path, text) in &imported.files {
        files = files.with(path.clone(), text.clone());
    }
    let spec = SpecOptions { account: Some(live.account.clone()), ..SpecOptions::default() };
    let manifest = parse(&files, &imported.files[0].0, &spec)
        .unwrap_or_else(|rejected| panic!("{:?}\n{}", rejected.diagnostics, imported.files[0].1));
    plan(&Inputs {
        desired: &manifest.desired,
        live,
        ownership: &Ownership::default(),
        unfinished: &[],
        siblings: &[],
        master_copy: MasterCopyState {
            bucket_exists: true,
            has_head: true,
            is_renamed: false,
            manifest_is_stored: true,
        },
        caller: None,
        allow: &BTreeSet::new(),
        deny: &BTreeSet::new(),
    })
    .plan
}

fn assert_only_adopts(live: &Live, imported: &Imported) {
    let plan = planned(live, imported);
    assert!(plan.steps.is_empty(), "{:#?}\n{}", plan.steps, imported.files[0].1);
    assert!(plan.refusals.is_empty(), "{:#?}", plan.refusals);
    let things = plan.changes.iter().filter(|change| change.address != Address::MasterCopy);
    for change in things.clone() {
        assert!(change.action == ChangeAction::Adopt && change.fields.is_empty(), "{change:#?}");
    }
    assert_eq!(things.count(), imported.addresses.len());
}

fn time() -> Timestamp {
    "2026-11-24T03:12:00Z".parse().unwrap()
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn user(name: &str, value: User) -> (UserName, LiveUser) {
    let id = UniqueId(format!("AIDA{}", name.to_ascii_uppercase()));
    (UserName::parse(name).unwrap(), LiveUser { id, created: time(), value, credentials: Observed::NotRead })
}

fn policy(name: &str, path_text: &str, document: Document) -> (PolicyName, LivePolicy) {
    let name = PolicyName::parse(name).unwrap();
    let version =
        PolicyVersion { id: VersionId("v1".to_owned()), is_default: true, created: time(), document };
    let policy = LivePolicy {
        id: UniqueId(format!("ANPA{name}")),
        arn: PolicyArn::new(&account(), &path(path_text), &name),
        created: time(),
        path: path(path_text),
        description: String::new(),
        tags: Observed::Read(Tags::default()),
        versions: vec![version],
    };
    (name, policy)
}

fn role(name: &str, trust: &str) -> (RoleName, LiveRole) {
    let details = RoleDetails { description: String::new(), max_session_duration: SessionDuration::DEFAULT };
    let role = LiveRole {
        id: UniqueId(format!("AROA{name}")),
        created: time(),
        path: Path::root(),
        details: Observed::Read(details),
        trust: Document::from_stored(trust),
        tags: Tags::default(),
        policies: BTreeSet::new(),
        inline_policies: BTreeMap::new(),
        permissions_boundary: None,
        instance_profiles: Vec::new(),
    };
    (RoleName::parse(name).unwrap(), role)
}

fn allow_all() -> Document {
    Document::from_stored(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
    )
}

fn trust(principal: &str, rest: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"{rest}}}]}}"#
    )
}

/// The block of a role that trusts this, as it is written.
fn trust_as_written(document: &str) -> String {
    let mut live = Live::empty(account());
    live.users
        .extend([user("alice", User::default()), user("bob", User { path: path("/x/"), ..User::default() })]);
    live.roles.extend([role("r", document)]);
    let imported = import(&live, &options()).unwrap();
    assert_eq!(imported.left_out, []);
    assert_only_adopts(&live, &imported);
    let text = &imported.files[0].1;
    text.split_once("  r:\n").unwrap().1.split_once("    adopt: true\n").unwrap().1.to_owned()
}

#[test]
fn trust_policies_become_shorthand_where_that_is_exact() {
    let mfa = r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
    let cases = [
        (
            trust(r#"{"AWS":["arn:aws:iam::123456789012:user/alice","arn:aws:iam::123456789012:user/x/bob"]}"#, mfa),
            "    trust:\n      - users: [alice, bob]\n        mfa: required\n",
        ),
        (
            trust(r#"{"AWS":"arn:aws:iam::210987654321:root"}"#, r#","Condition":{"StringEquals":{"sts:ExternalId":"e-1","aws:PrincipalOrgID":"o-1"}}"#),
            "    trust:\n      - accounts: [\"210987654321\"]\n        external_id: e-1\n        conditions: {StringEquals: {aws:PrincipalOrgID: o-1}}\n",
        ),
        (
            trust(r#"{"Service":["lambda.amazonaws.com","ec2.amazonaws.com"]}"#, ""),
            "    trust:\n      - services: [ec2.amazonaws.com, lambda.amazonaws.com]\n",
        ),
        (
            trust(r#"{"AWS":"arn:aws:iam::123456789012:role/r"}"#, r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"5400"}}"#),
            "    trust:\n      - roles: [r]\n        mfa: {max_age: 90m}\n",
        ),
        (
            trust(r#"{"AWS":"arn:aws:iam::123456789012:user/nobody-here"}"#, ""),
            "    trust:\n      - users: [\"arn:aws:iam::123456789012:user/nobody-here\"]\n",
        ),
        (
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/*"}}}]}"#.to_owned(),
            "    trust:\n      - oidc: [token.actions.githubusercontent.com]\n        conditions: {StringLike: {token.actions.githubusercontent.com:sub: \"repo:acme/*\"}}\n",
        ),
    ];
    for (document, expected) in &cases {
        let written = trust_as_written(document);
        // Whether a text needs quotes is not the point here.
        assert_eq!(
            written.replace("\"repo:acme/*\"", "repo:acme/*"),
            expected.replace("\"repo:acme/*\"", "repo:acme/*")
        );
    }
}

#[test]
fn trust_policies_that_say_more_than_the_shorthand_stay_documents() {
    let statement = |more: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{{more}"Effect":"Allow","Principal":{{"Service":"ec2.amazonaws.com"}},"Action":"sts:AssumeRole"}}]}}"#
        )
    };
    for document in [
        statement(r#""Sid":"A","#),
        statement("").replace("2012-10-17", "2008-10-17"),
        statement("").replace(r#""Version""#, r#""Id":"i","Version""#),
        statement("").replace(r#""Version":"2012-10-17","#, ""),
        statement("").replace("Allow", "Deny"),
        trust(r#"{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}"#, ""),
        trust(r#"{"AWS":"*"}"#, r#","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#),
        trust(r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/r/session"}"#, ""),
    ] {
        assert!(trust_as_written(&document).starts_with("    trust_document:\n"), "{document}");
    }
    let not_trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":"210987654321"},"Action":"sts:*"}]}"#;
    assert!(trust_as_written(not_trust).starts_with("    trust_document:\n"));
}

#[test]
fn the_ids_of_deleted_principals_are_kept_and_named() {
    let mut live = Live::empty(account());
    live.roles.extend([role("r", &trust(r#"{"AWS":["AIDACKCEVSQ6C2EXAMPLE","210987654321"]}"#, ""))]);
    let imported = import(&live, &options()).unwrap();
    assert_only_adopts(&live, &imported);
    let ghosts: BTreeSet<String> = ["AIDACKCEVSQ6C2EXAMPLE".to_owned()].into();
    assert_eq!(imported.ghosts, BTreeMap::from([("role/r".parse().unwrap(), ghosts)]));
    assert!(imported.files[0].1.contains("# AIDACKCEVSQ6C2EXAMPLE is a user or role that was deleted"));
}

#[test]
fn what_cannot_be_written_is_left_out_and_everything_else_is_not() {
    let mut live = Live::empty(account());
    let unreadable = Document::from_stored("not json");
    live.policies.extend([policy("good", "/", allow_all()), policy("bad", "/", unreadable)]);
    let arns = ["bad", "good"]
        .map(|name| PolicyArn::parse(&format!("arn:aws:iam::123456789012:policy/{name}")).unwrap());
    live.users.extend([user("alice", User { policies: arns.into(), ..User::default() })]);
    let imported = import(&live, &options()).unwrap();
    let left_out: Vec<_> = imported.left_out.iter().map(|one| one.address.to_string()).collect();
    assert_eq!(left_out, ["policy/bad"]);
    assert!(imported.files[0].1.contains("policies: [\"arn:aws:iam::123456789012:policy/bad\", good]"));
    assert_only_adopts(&live, &imported);
}

#[test]
fn tags_that_aws_writes_are_left_to_aws_and_can_choose() {
    let mut live = Live::empty(account());
    let tags = |keys: &[&str]| Tags(keys.iter().map(|key| ((*key).to_owned(), "x".to_owned())).collect());
    let alice = User { tags: tags(&["AKIAIOSFODNN7EXAMPLE", "team"]), ..User::default() };
    live.users.extend([user("alice", alice)]);
    let (name, mut found) = policy("p", "/", allow_all());
    found.tags = Observed::Read(tags(&["aws:cloudformation:stack-name"]));
    live.policies.insert(name, found);
    let imported = import(&live, &options()).unwrap();
    assert_eq!(imported.left_out, []);
    assert!(imported.files[0].1.contains("    tags: {team: x}\n"), "{}", imported.files[0].1);
    assert_only_adopts(&live, &imported);
    let of_stack = ("aws:cloudformation:stack-name".to_owned(), Some("x".to_owned()));
    let selection = Selection { tags: vec![of_stack], ..Selection::default() };
    let imported = import(&live, &Options { selection, ..options() }).unwrap();
    let chosen: Vec<_> = imported.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(chosen, ["policy/p"]);
    assert_only_adopts(&live, &imported);
}

#[test]
fn what_belongs_to_aws_is_left_to_aws() {
    let mut live = Live::empty(account());
    for (name, reserved) in [
        ("AWSServiceRoleForX", "/aws-service-role/x.amazonaws.com/"),
        ("AWSReservedSSO_x_0123456789abcdef", "/aws-reserved/sso.amazonaws.com/"),
    ] {
        let (name, mut found) = role(name, &trust(r#"{"Service":"x.amazonaws.com"}"#, ""));
        found.path = path(reserved);
        live.roles.insert(name, found);
    }
    let imported = import(&live, &options()).unwrap();
    assert_eq!((imported.of_aws, imported.addresses.len()), (2, 0));
}

#[test]
fn a_part_of_the_account_leaves_the_rest_of_its_memberships_alone() {
    let mut live = Live::empty(account());
    let groups: BTreeSet<_> = ["in", "out"].map(|name| GroupName::parse(name).unwrap()).into();
    for name in &groups {
        let members = ["alice", "bob"].map(|name| UserName::parse(name).unwrap()).into();
        let value = iamctl_model::Group { members, ..iamctl_model::Group::default() };
        live.groups
            .insert(name.clone(), LiveGroup { id: UniqueId(format!("AGPA{name}")), created: time(), value });
    }
    for name in ["alice", "bob"] {
        live.users.extend([user(name, User { groups: groups.clone(), ..User::default() })]);
    }
    let addresses = ["user/alice", "group/in"].map(|text| text.parse().unwrap()).into();
    let selection = Selection { addresses, ..Selection::default() };
    let imported = import(&live, &Options { selection, ..options() }).unwrap();
    assert_eq!((imported.addresses.len(), imported.not_chosen), (2, 2));
    assert_only_adopts(&live, &imported);
}

#[test]
fn things_are_chosen_by_kind_path_name_and_tag() {
    let mut live = Live::empty(account());
    let tagged = User {
        path: path("/team/"),
        tags: Tags([("Team".to_owned(), "data".to_owned())].into()),
        ..User::default()
    };
    live.users.extend([user("alice", tagged), user("bob", User::default())]);
    live.roles.extend([role("alice-role", &trust(r#"{"Service":"ec2.amazonaws.com"}"#, ""))]);
    let chosen = |selection: Selection| {
        let imported = import(&live, &Options { selection, ..options() }).unwrap();
        imported.addresses.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let all = Selection::default;
    assert_eq!(chosen(Selection { kinds: vec![Kind::User], ..all() }), ["user/alice", "user/bob"]);
    assert_eq!(chosen(Selection { path: Some("/team/".into()), ..all() }), ["user/alice"]);
    assert_eq!(
        chosen(Selection { names: vec![Pattern::new("ALICE*")], ..all() }),
        ["user/alice", "role/alice-role"]
    );
    assert_eq!(
        chosen(Selection { tags: vec![("team".into(), Some("data".into()))], ..all() }),
        ["user/alice"]
    );
    assert_eq!(
        chosen(Selection { tags: vec![("team".into(), None)], kinds: vec![Kind::Role], ..all() }),
        [] as [&str; 0]
    );
}

#[test]
fn what_was_not_read_is_ignored_and_not_taken_for_empty() {
    let text = r#"{"UserDetailList":[],"GroupDetailList":[],"RoleDetailList":[{"Path":"/","RoleName":"r","RoleId":"AROA1","Arn":"arn:aws:iam::123456789012:role/r","CreateDate":"2026-11-24T03:12:00Z","AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}}],
      "Policies":[{"PolicyName":"p","PolicyId":"ANPA1","Arn":"arn:aws:iam::123456789012:policy/p","Path":"/","CreateDate":"2026-11-24T03:12:00Z","PolicyVersionList":[{"VersionId":"v1","IsDefaultVersion":true,"CreateDate":"2026-11-24T03:12:00Z","Document":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}}]}]}"#;
    let live = iamctl_snapshot::read(text).unwrap().live;
    let imported = import(&live, &options()).unwrap();
    assert_only_adopts(&live, &imported);
    let text = &imported.files[0].1;
    assert!(
        text.contains("ignore: [tags]") && text.contains("ignore: [description, max_session_duration]"),
        "{text}"
    );
    assert_eq!(imported.not_read.len(), 3);
}

#[test]
fn long_documents_can_have_files_of_their_own() {
    let actions: Vec<_> = (0..40).map(|n| format!("\"s3:Action{n}\"")).collect();
    let long = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":[{}],"Resource":"arn:aws:s3:::${{aws:username}}/${{x}}"}}}}"#,
        actions.join(",")
    );
    let mut live = Live::empty(account());
    live.policies
        .extend([policy("long", "/", Document::from_stored(&long)), policy("short", "/", allow_all())]);
    live.users.extend([user(
        "alice",
        User {
            inline_policies: [(PolicyName::parse("own").unwrap(), Document::from_stored(&long))].into(),
            ..User::default()
        },
    )]);
    let imported = import(&live, &Options { split: true, ..options() }).unwrap();
    let paths: Vec<_> = imported.files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["desired-state.yaml", "policies/long.json", "policies/inline/user-alice/own.json"]);
    assert_only_adopts(&live, &imported);
}

/// Texts that YAML, JSON and variables each have their own mind about.
fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,20}",
        "[ -~¡-ÿ\\t\\n]{0,20}",
        prop::sample::select(vec![
            "${name}",
            "$${x}",
            "${aws:username}",
            "$",
            "${",
            "no",
            "012",
            "1e3",
            "2012-10-17",
            "~",
            "- a",
            "a: b",
            " a ",
            "#",
            "'",
            "\"",
            "\\",
            "!!str x",
            "&a",
            "*a",
            "%",
            "@",
            "`",
            "|",
            ">",
            "?",
            ",",
            "[",
            "{}",
            "<<",
        ])
        .prop_map(str::to_owned),
    ]
}

fn tag_text() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_.:/=+@ -]{1,12}"
        .prop_filter("AWS keeps these", |text| !text.to_ascii_lowercase().starts_with("aws:"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_text_comes_back_as_it_is(
        description in nasty(), resource in nasty(), value in nasty(), key in "[a-z]{1,5}:[A-Za-z/${}]{1,9}",
        tags in prop::collection::btree_map(tag_text(), tag_text(), 0..4), path_text in "/[!-~]{1,9}/", external in "[a-z0-9+=,.@:/-]{2,9}",
    ) {
        let mut live = Live::empty(account());
        let document = serde_json::json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:*", "Resource": format!("arn:aws:s3:::{resource}"), "Condition": {"StringLike": {&key: [&value, "x"]}}},
        ]});
        let (name, mut found) = policy("p", "/", Document::from_stored(&document.to_string()));
        found.description = description.clone();
        live.policies.insert(name, found);
        let document = serde_json::json!({"StringEquals": {"sts:ExternalId": external}, "StringLike": {&key: &value}}).to_string();
        let (name, mut found) = role("r", &trust(r#"{"AWS":"210987654321"}"#, &format!(r#","Condition":{document}"#)));
        found.details = Observed::Read(RoleDetails { description, max_session_duration: SessionDuration::from_secs(3_661).unwrap() });
        live.roles.insert(name, found);
        let mut seen = BTreeSet::new();
        let tags = tags.into_iter().filter(|(key, _)| seen.insert(key.to_ascii_lowercase()));
        let value = User { path: Path::parse(&path_text).unwrap(), tags: Tags(tags.collect()), ..User::default() };
        live.users.extend([user("alice", value)]);
        let imported = import(&live, &options()).unwrap();
        assert_only_adopts(&live, &imported);
        // What the reader of manifests refuses may be left out; nothing else.
        for one in &imported.left_out {
            prop_assert!(!one.reason.contains("no words"), "{one:?}");
        }
    }
}
