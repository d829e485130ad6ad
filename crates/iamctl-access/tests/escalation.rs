//! Paths to more rights: who has one, and near misses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![allow(
    clippy::disallowed_methods,
    reason = "the table in the documentation is held, and written when asked"
)]

mod common;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use common::{account, live_of, manifest};
use iamctl_access::escalation::{Kind, Need, PATHS, Path, Reach, Terms};
use iamctl_access::{Access, Dependence};
use iamctl_model::TestContext;

/// Who has which path, one a line.
fn told(access: &Access) -> String {
    let of: Vec<_> = access.principals().collect();
    let mut text = String::new();
    for (who, standing) in access.escalations(&of, &TestContext::default()) {
        if let Some(terms) = standing.administrator {
            writeln!(text, "{who}: administrator{}", of_terms(terms)).unwrap();
        }
        for one in &standing.escalations {
            let reaches = match one.reaches.as_slice() {
                [] => String::new(),
                reaches => format!(" by {}", reaches.join(", ")),
            };
            let open = match one.is_hypothetical {
                true => " if it is there",
                false => "",
            };
            let keys: Vec<_> = one.depends_on.iter().map(dependence).collect();
            let keys = if keys.is_empty() { String::new() } else { format!(" if {}", keys.join(", ")) };
            writeln!(text, "{who}: {}{reaches}{open}{keys}{}", one.path.id, of_terms(one.terms)).unwrap();
        }
        for unread in &standing.unknown {
            writeln!(text, "{who}: unknown: {unread}").unwrap();
        }
    }
    text
}

fn of_terms(terms: Terms) -> &'static str {
    match terms {
        Terms::Always => "",
        Terms::OnlyWithMfa => ", only with MFA",
        Terms::OnlyWithoutMfa => ", only without MFA",
    }
}

fn dependence(on: &Dependence) -> String {
    match on {
        Dependence::Key(key) => key.clone(),
        other => format!("{other:?}"),
    }
}

/// What a whole account has.
#[track_caller]
fn whole(text: &str, expected: &str) {
    let told = told(&Access::of_live(&live_of(text)));
    let expected: String = expected.lines().map(|line| format!("{}\n", line.trim())).collect();
    assert_eq!(told.trim(), expected.trim(), "{text}");
}

/// A manifest in which `one` holds a document and nobody else holds anything, in an account in which every
/// path finds what it needs.
fn one_user(statements: &str, more: &str) -> String {
    format!(
        "policies:\n  own:\n    document: {{Version: '2012-10-17', Statement: [{statements}]}}\n\
         groups: {{mine: {{}}, others: {{}}}}\n\
         users:\n  other: {{}}\n  one: {{policies: [own], groups: [mine]{more}}}\n\
         roles:\n  worker:\n    trust: [{{services: [{}]}}, {{users: [one]}}]\n    policies: [theirs]\n",
        SERVICES.join(", ")
    )
    .replacen("policies:\n", &format!("policies:\n  theirs: {{document: {NOTHING}}}\n"), 1)
}

const NOTHING: &str =
    "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:ListAllMyBuckets', Resource: '*'}]}";

const SERVICES: [&str; 12] = [
    "ec2.amazonaws.com",
    "lambda.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "cloudformation.amazonaws.com",
    "codebuild.amazonaws.com",
    "glue.amazonaws.com",
    "sagemaker.amazonaws.com",
    "datapipeline.amazonaws.com",
    "tasks.apprunner.amazonaws.com",
    "bedrock-agentcore.amazonaws.com",
    "states.amazonaws.com",
    "batch.amazonaws.com",
];

fn allow(actions: &[&str]) -> String {
    format!("{{Effect: Allow, Action: ['{}'], Resource: '*'}}", actions.join("', '"))
}

fn is_of_roles(path: &Path) -> bool {
    path.needs.iter().any(|need| matches!(need.on, Reach::Own(Kind::Role | Kind::BoundedRole)))
}

#[test]
fn every_action_of_a_path_is_in_the_table_of_actions() {
    let mut ids = BTreeSet::new();
    for path in PATHS {
        assert!(ids.insert(path.id), "{} is there twice", path.id);
        for need in path.needs {
            let (service, action) = iamctl_data::services().action(need.action).unwrap();
            assert_eq!(format!("{}:{}", service.prefix, action.name), need.action, "of {}", path.id);
        }
    }
}

#[test]
fn whoever_is_allowed_all_that_a_path_needs_has_it_and_whoever_lacks_one_action_has_not() {
    for path in PATHS {
        let actions: Vec<_> = path.needs.iter().map(|need| need.action).collect();
        let has = |statements: &str, more: &str| {
            let text = match is_of_roles(path) {
                false => one_user(statements, more),
                true => one_user("{Effect: Allow, Action: 's3:GetObject', Resource: '*'}", "").replace(
                    "policies: [theirs]\n",
                    &format!(
                        "policies: [theirs]\n    inline_policies: {{x: {{document: {{Version: '2012-10-17', \
                         Statement: [{statements}]}}}}}}\n{}",
                        more.replace(", permissions_boundary", "    permissions_boundary")
                    ),
                ),
            };
            let live = live_of(&text);
            let access = Access::of_live(&live);
            let who = if is_of_roles(path) { "role/worker" } else { "user/one" };
            let identity = access.principals().find(|one| one.to_string() == who).unwrap();
            let all = access.escalations(&[identity], &TestContext::default());
            let standing = &all[0].1;
            assert!(standing.unknown.is_empty(), "{}: {:?}", path.id, standing.unknown);
            standing.escalations.iter().find(|one| one.path == path).cloned()
        };
        let bounded = ", permissions_boundary: 'aws:AdministratorAccess'";
        let is_bounded = path
            .needs
            .iter()
            .any(|need| matches!(need.on, Reach::Own(Kind::BoundedRole | Kind::BoundedUser)));
        let more = if is_bounded { bounded } else { "" };
        let found = has(&allow(&actions), more).unwrap_or_else(|| panic!("{} is not found", path.id));
        assert!(found.is_certain(), "{}: {:?}", path.id, found.depends_on);
        assert_eq!(found.steps.len(), path.needs.len(), "{}", path.id);
        for left_out in &actions {
            // The trust of the role names the user, which is enough to assume it.
            if *left_out == "sts:AssumeRole" {
                continue;
            }
            let rest: Vec<_> = actions.iter().filter(|action| *action != left_out).copied().collect();
            let rest = if rest.is_empty() { vec!["s3:ListAllMyBuckets"] } else { rest };
            assert_eq!(has(&allow(&rest), more), None, "{} without {left_out}", path.id);
            let denied =
                format!("{}, {{Effect: Deny, Action: '{left_out}', Resource: '*'}}", allow(&actions));
            assert_eq!(has(&denied, more), None, "{} with {left_out} denied", path.id);
        }
        let boundary = ", permissions_boundary: 'aws:AmazonS3FullAccess'";
        assert_eq!(has(&allow(&actions), boundary), None, "{} with a boundary", path.id);
    }
}

#[test]
fn a_path_by_mfa_is_told_with_it() {
    let statement = "{Effect: Allow, Action: 'iam:CreateAccessKey', Resource: '*', Condition: {Bool: \
                     {'aws:MultiFactorAuthPresent': 'true'}}}";
    whole(&one_user(statement, ""), "user/one: create-access-key by user/other, only with MFA");
    let statement = "{Effect: Deny, Action: '*', Resource: '*', Condition: {BoolIfExists: \
                     {'aws:MultiFactorAuthPresent': 'false'}}}, {Effect: Allow, Action: \
                     'iam:CreateAccessKey', Resource: '*'}";
    whole(&one_user(statement, ""), "user/one: create-access-key by user/other, only with MFA");
}

#[test]
fn needs_that_ask_for_opposite_things_are_no_path() {
    let statement = |mfa: bool, action: &str| {
        format!(
            "{{Effect: Allow, Action: '{action}', Resource: '*', Condition: {{Bool: \
             {{'aws:MultiFactorAuthPresent': '{mfa}'}}}}}}"
        )
    };
    let both = format!("{}, {}", statement(true, "iam:PassRole"), statement(false, "ec2:RunInstances"));
    whole(&one_user(&both, ""), "");
    let both = format!("{}, {}", statement(true, "iam:PassRole"), statement(true, "ec2:RunInstances"));
    whole(&one_user(&both, ""), "user/one: pass-role-ec2-run-instances by role/worker, only with MFA");
}

#[test]
fn conditions_that_nobody_stated_are_told() {
    let statement = "{Effect: Allow, Action: 'iam:CreateAccessKey', Resource: '*', Condition: {IpAddress: \
                     {'aws:SourceIp': '192.0.2.0/24'}}}";
    whole(&one_user(statement, ""), "user/one: create-access-key by user/other if aws:sourceip");
}

#[test]
fn what_is_limited_to_itself_or_to_harmless_things_is_no_path() {
    let own = "{Effect: Allow, Action: ['iam:CreateAccessKey', 'iam:CreateLoginProfile'], Resource: \
               'arn:aws:iam::123456789012:user/${*}one'}";
    whole(&one_user(&own.replace("${*}", ""), ""), "");
    let passed = "{Effect: Allow, Action: ['iam:PassRole'], Resource: 'arn:aws:iam::*:role/other-*'}, \
                  {Effect: Allow, Action: 'ec2:RunInstances', Resource: '*'}";
    whole(&one_user(passed, ""), "");
    let passed = "{Effect: Allow, Action: ['iam:PassRole'], Resource: '*', Condition: {StringEquals: \
                  {'iam:PassedToService': 'lambda.amazonaws.com'}}}, {Effect: Allow, Action: \
                  ['ec2:RunInstances', 'lambda:CreateFunction'], Resource: '*'}";
    whole(&one_user(passed, ""), "");
}

#[test]
fn a_role_that_trusts_another_service_cannot_be_passed_to_this_one() {
    let text = one_user(&allow(&["iam:PassRole", "ec2:RunInstances"]), "").replace("ec2.amazonaws.com, ", "");
    whole(&text, "");
    // In a manifest alone, such a role may be elsewhere.
    let access = Access::of_manifest(&manifest(&text).desired, &account());
    assert_eq!(told(&access), "user/one: pass-role-ec2-run-instances if it is there\n");
}

#[test]
fn an_action_on_some_resource_only_is_enough() {
    let statement = "{Effect: Allow, Action: ['lambda:UpdateFunctionCode'], Resource: \
                     'arn:aws:lambda:*:*:function:app-*'}";
    whole(&one_user(statement, ""), "user/one: lambda-update-function-code");
    let denied = format!(
        "{statement}, {{Effect: Deny, Action: 'lambda:*', Resource: 'arn:aws:lambda:*:*:function:*'}}"
    );
    whole(&one_user(&denied, ""), "");
}

#[test]
fn administrators_have_nothing_to_gain() {
    whole(&one_user(&allow(&["*"]), ""), "user/one: administrator");
    let with_mfa = "{Effect: Allow, Action: '*', Resource: '*', Condition: {Bool: \
                    {'aws:MultiFactorAuthPresent': 'true'}}}";
    whole(&one_user(with_mfa, ""), "user/one: administrator, only with MFA");
}

#[test]
fn a_text_that_is_not_known_is_told_once() {
    let text = one_user(&allow(&["s3:ListAllMyBuckets"]), "")
        .replace("policies: [own]", "policies: [own, 'arn:aws:iam::123456789012:policy/elsewhere']");
    whole(
        &text,
        "user/one: unknown: the text of arn:aws:iam::123456789012:policy/elsewhere is not known: it is not in \
         the manifest, and was not read from the account",
    );
}

#[test]
fn a_change_names_the_paths_that_it_opens_and_none_that_were_open() {
    let keys = "{Effect: Allow, Action: 'iam:CreateAccessKey', Resource: '*'}";
    let with_mfa = keys.replace("'*'}", "'*', Condition: {Bool: {'aws:MultiFactorAuthPresent': 'true'}}}");
    let reading = allow(&["s3:ListAllMyBuckets"]);
    let opened = |before: &str, after: &str| {
        let [before, after] = [before, after].map(|text| Access::of_live(&live_of(&one_user(text, ""))));
        let change = before.change_to(&after);
        let paths = change.principals.iter().flat_map(|one| &one.escalations);
        paths.map(|one| format!("{}{}", one.path.id, of_terms(one.terms))).collect::<Vec<_>>()
    };
    assert_eq!(opened(&reading, keys), ["create-access-key"]);
    assert_eq!(opened(&reading, &with_mfa), ["create-access-key, only with MFA"]);
    assert_eq!(opened(&with_mfa, keys), ["create-access-key"]);
    assert_eq!(opened(keys, &with_mfa), [""; 0]);
    assert_eq!(opened(keys, &format!("{keys}, {reading}")), [""; 0]);
    assert_eq!(opened(&allow(&["*"]), keys), [""; 0]);
    assert_eq!(opened(keys, &format!("{keys}, {}", allow(&["ssm:SendCommand"]))), ["ssm-send-command"]);
}

/// What a path needs, in words.
fn need(need: &Need) -> String {
    let action = format!("`{}`", need.action);
    let on = match need.on {
        Reach::Some => return action,
        Reach::Own(_) => "itself".to_owned(),
        Reach::OwnGroup => "a group of its".to_owned(),
        Reach::OwnPolicy => "a policy of the account that it has".to_owned(),
        Reach::OtherUser => "another user".to_owned(),
        Reach::OtherGroup => "a group that it is not in".to_owned(),
        Reach::OtherRole => "another role".to_owned(),
        Reach::PolicyOfRole => "a policy of the account that the role has".to_owned(),
        Reach::Passed(service) => format!("a role that `{service}` may assume"),
    };
    format!("{action} on {on}")
}

/// `UPDATE_DOCS=1 cargo test -p iamctl-access --test escalation` writes the table.
#[test]
fn the_documentation_lists_every_path_with_what_it_needs() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/escalation.md");
    let page = fs::read_to_string(file).unwrap();
    let head = "| path | may | needs | given |\n| --- | --- | --- | --- |\n";
    let (above, table) = page.split_once(head).unwrap();
    let rows = PATHS.iter().map(|path| {
        let needs: Vec<_> = path.needs.iter().map(need).collect();
        let given = path.given.map(|given| format!(" {given}")).unwrap_or_default();
        format!("| `{}` | {} | {} |{given} |\n", path.id, path.does, needs.join("; "))
    });
    let rows: String = rows.collect();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(file, format!("{above}{head}{rows}")).unwrap();
    } else {
        assert_eq!(table, rows, "run UPDATE_DOCS=1 cargo test -p iamctl-access --test escalation");
    }
}
