//! What drifted is taken over by edits that leave every other character where it is.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails in a helper fails the test"
)]

use std::collections::BTreeSet;

mod support;

use iamctl_import::{Updated, update};
use iamctl_model::{
    Address, GroupName, Live, Observed, PolicyArn, PolicyName, RoleDetails, RoleName, SessionDuration, Tags,
    UserName,
};
use iamctl_policy::Document;
use iamctl_spec::{FilesInMemory, parse_for_editing};
use proptest::prelude::*;
use support::{drift, live, options, owned};

const MANIFEST: &str = r#"# The top.
version: 1
name: acme
account: "123456789012"
master_copy: {bucket: acme-iam-master-copy, region: eu-west-1}
variables: {env: prod}

policies:
  # Reads.
  read:   # what it is for
    description: Reads
    document:
      Version: "2012-10-17"
      Statement:
        # First come the buckets.
        - Sid: Buckets
          Effect: Allow
          Action: [s3:ListBucket, "s3:Get*"]   # all of reading
          Resource: "*"

        - Sid: Instances   # and then the instances
          Effect: Allow
          Action:
            - ec2:DescribeInstances
            - ec2:DescribeImages   # images too
          Resource: "*"
  in-file: {file: documents/in-file.json}
  varies:
    document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:Get*", Resource: "arn:aws:s3:::${env}"}]}

users:
  alice: {}   # the first
  bob:
    # Bob is in two teams.
    groups: [engineers, writers]
    tags:
      team: data   # since 2024
      floor: "3"
    policies:
      - read
      - aws:ReadOnlyAccess   # for a while
  carol:

groups:
  engineers: {policies: [read]}
  writers: {}

roles:
  engineer:
    description: Engineers at work
    trust:
      # People.
      - users: [alice, bob]
        mfa: required
      - services: [ec2.amazonaws.com]
    policies: [read]
"#;

const DOCUMENT: &str = r#"{
    "Statement": [
        {"Effect": "Allow", "Resource": "*", "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"]}
    ],
    "Version": "2012-10-17"
}
"#;

fn files() -> FilesInMemory {
    FilesInMemory::new().with("m.yaml", MANIFEST).with("documents/in-file.json", DOCUMENT)
}

/// Changes the account, takes the drift over, and gives the changed lines as a diff shows them.
fn taken_over(change: impl FnOnce(&mut Live)) -> (Vec<String>, Updated) {
    let read = parse_for_editing(&files(), "m.yaml", &options()).unwrap();
    let before = live(&read);
    let ownership = owned(&before);
    let mut now = before.clone();
    change(&mut now);
    let drifted = drift(&read, &now, &ownership);
    assert!(!drifted.is_empty());
    let updated = update(&read, "m.yaml", &options(), &now, &drifted);

    let mut after = files();
    for (path, text) in &updated.files {
        after = after.with(path.clone(), text.clone());
    }
    let read_again = parse_for_editing(&after, "m.yaml", &options()).unwrap();
    let left: BTreeSet<_> =
        drift(&read_again, &now, &ownership).into_iter().map(|item| item.address).collect();
    let explained: BTreeSet<_> = updated.left_out.iter().map(|left| left.address.clone()).collect();
    // A trust policy that names who was deleted is still to be tidied up in the account.
    let has_ghost = |address: &Address| match address {
        Address::Role(name) => now.roles[name].trust.aws_principals().any(|text| {
            let name = text.rsplit(":user/").next().and_then(|name| UserName::parse(name).ok());
            name.is_none_or(|name| !now.users.contains_key(&name))
        }),
        _ => false,
    };
    let left: BTreeSet<_> = left.into_iter().filter(|address| !has_ghost(address)).collect();
    assert_eq!(left, explained);
    (diff(&updated), updated)
}

fn diff(updated: &Updated) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, after) in &updated.files {
        let before = if path == "m.yaml" { MANIFEST } else { DOCUMENT };
        let diff = similar::TextDiff::from_lines(before, after.as_str());
        for change in diff.iter_all_changes() {
            let line = change.value().trim_end_matches('\n');
            match change.tag() {
                similar::ChangeTag::Delete => lines.push(format!("-{line}")),
                similar::ChangeTag::Insert => lines.push(format!("+{line}")),
                similar::ChangeTag::Equal => {}
            }
        }
    }
    lines
}

fn user(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

fn aws(name: &str) -> PolicyArn {
    PolicyArn::parse(&format!("arn:aws:iam::aws:policy/{name}")).unwrap()
}

fn set_document(live: &mut Live, name: &str, change: impl FnOnce(&str) -> String) {
    let policy = live.policies.get_mut(&PolicyName::parse(name).unwrap()).unwrap();
    let text = policy.versions[0].document.to_compact_string();
    let changed = change(&text);
    assert_ne!(text, changed);
    policy.versions[0].document = Document::from_stored(&changed);
}

#[test]
fn what_is_new_is_added_where_it_belongs() {
    let (lines, _) = taken_over(|live| {
        let alice = &mut live.users.get_mut(&user("alice")).unwrap().value;
        alice.groups.insert(GroupName::parse("writers").unwrap());
    });
    assert_eq!(lines, ["-  alice: {}   # the first", "+  alice: {groups: [writers]}   # the first"]);

    let (lines, _) = taken_over(|live| {
        let carol = &mut live.users.get_mut(&user("carol")).unwrap().value;
        carol.tags = Tags([("a".to_owned(), "no".to_owned())].into());
    });
    assert_eq!(lines, ["+    tags: {a: \"no\"}"]);

    let (lines, _) = taken_over(|live| {
        let bob = &mut live.users.get_mut(&user("bob")).unwrap().value;
        bob.policies.insert(aws("SecurityAudit"));
        bob.permissions_boundary = Some(aws("job-function/ViewOnlyAccess"));
    });
    assert_eq!(
        lines,
        ["+      - aws:SecurityAudit", "+    permissions_boundary: aws:job-function/ViewOnlyAccess"]
    );
}

#[test]
fn what_is_gone_goes_with_its_line_or_its_comma() {
    let (lines, _) = taken_over(|live| {
        let bob = &mut live.users.get_mut(&user("bob")).unwrap().value;
        bob.groups.remove(&GroupName::parse("engineers").unwrap());
    });
    assert_eq!(lines, ["-    groups: [engineers, writers]", "+    groups: [writers]"]);

    let (lines, _) = taken_over(|live| {
        let bob = &mut live.users.get_mut(&user("bob")).unwrap().value;
        bob.policies.remove(&aws("ReadOnlyAccess"));
    });
    assert_eq!(lines, ["-      - aws:ReadOnlyAccess   # for a while"]);

    let (lines, _) = taken_over(|live| {
        let bob = &mut live.users.get_mut(&user("bob")).unwrap().value;
        bob.tags = Tags([("floor".to_owned(), "4".to_owned())].into());
    });
    assert_eq!(lines, ["-      team: data   # since 2024", "-      floor: \"3\"", "+      floor: \"4\""]);

    let (lines, _) = taken_over(|live| {
        live.users.get_mut(&user("bob")).unwrap().value.tags = Tags::default();
    });
    assert_eq!(lines, ["-    tags:", "-      team: data   # since 2024", "-      floor: \"3\""]);
}

#[test]
fn a_document_changes_where_it_differs() {
    let (lines, _) = taken_over(|live| {
        set_document(live, "read", |text| text.replace("\"s3:Get*\"", "\"s3:Get*\",\"s3:PutObject\""));
    });
    assert_eq!(
        lines,
        [
            "-          Action: [s3:ListBucket, \"s3:Get*\"]   # all of reading",
            "+          Action: [s3:ListBucket, \"s3:Get*\", s3:PutObject]   # all of reading",
        ]
    );
    let (lines, _) =
        taken_over(|live| set_document(live, "read", |text| text.replace(",\"ec2:DescribeImages\"", "")));
    assert_eq!(lines, ["-            - ec2:DescribeImages   # images too"]);
    let (lines, _) = taken_over(|live| {
        set_document(live, "read", |text| {
            text.replacen(
                "\"Resource\":\"*\"",
                "\"Resource\":\"*\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"true\"}}",
                1,
            )
        });
    });
    assert_eq!(lines, ["+          Condition: {Bool: {aws:SecureTransport: \"true\"}}"]);
    let (lines, _) = taken_over(|live| {
        set_document(live, "read", |text| {
            text.replace(
                "\"Statement\":[",
                "\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"iam:*\",\"Resource\":\"*\"},",
            )
        });
    });
    assert_eq!(lines, ["+        - Effect: Deny", "+          Action: iam:*", "+          Resource: \"*\""]);
}

#[test]
fn a_document_in_a_file_keeps_the_order_and_the_indentation_of_the_file() {
    let (lines, updated) = taken_over(|live| {
        set_document(live, "in-file", |text| text.replace("sqs:SendMessage", "sqs:DeleteMessage"));
    });
    assert_eq!(updated.files.keys().collect::<Vec<_>>(), ["documents/in-file.json"]);
    assert!(updated.files["documents/in-file.json"].starts_with("{\n    \"Statement\": [\n"), "{lines:?}");
}

#[test]
fn a_trust_policy_changes_item_by_item() {
    let engineer = || RoleName::parse("engineer").unwrap();
    let (lines, _) = taken_over(|live| {
        let role = live.roles.get_mut(&engineer()).unwrap();
        let text = role
            .trust
            .to_compact_string()
            .replace("arn:aws:iam::123456789012:user/bob", "arn:aws:iam::123456789012:user/carol");
        role.trust = Document::from_stored(&text);
    });
    assert_eq!(lines, ["-      - users: [alice, bob]", "+      - users: [alice, carol]"]);
    let (lines, _) = taken_over(|live| {
        let role = live.roles.get_mut(&engineer()).unwrap();
        let details = RoleDetails {
            description: "Others: at work".to_owned(),
            max_session_duration: SessionDuration::from_secs(7_200).unwrap(),
        };
        role.details = Observed::Read(details);
    });
    assert_eq!(
        lines,
        [
            "-    description: Engineers at work",
            "+    description: \"Others: at work\"",
            "+    max_session_duration: 2h"
        ]
    );
}

#[test]
fn what_was_deleted_loses_its_block() {
    let (lines, _) = taken_over(|live| _ = live.users.remove(&user("carol")));
    assert_eq!(lines, ["-  carol:"]);
}

#[test]
fn what_was_deleted_goes_from_every_list_that_names_it() {
    let (lines, updated) = taken_over(|live| {
        live.users.remove(&user("bob"));
        // AWS shows a deleted principal by its id.
        let role = live.roles.get_mut(&RoleName::parse("engineer").unwrap()).unwrap();
        let text = role.trust.to_compact_string();
        role.trust = Document::from_stored(
            &text.replace("arn:aws:iam::123456789012:user/bob", "AIDACKCEVSQ6C2EXAMPLE"),
        );
    });
    let has = |line: &str| lines.iter().any(|known| known == line);
    assert!(has("-  bob:") && has("-    # Bob is in two teams."), "{lines:#?}");
    assert!(has("-      - users: [alice, bob]") && has("+      - users: [alice]"), "{lines:#?}");
    assert_eq!(updated.left_out, []);
}

#[test]
fn what_cannot_be_edited_is_left_alone_and_explained() {
    let (lines, updated) =
        taken_over(|live| set_document(live, "varies", |text| text.replace("arn:aws:s3:::prod", "*")));
    assert_eq!(lines, [] as [&str; 0]);
    assert_eq!(updated.left_out[0].reason, "`document`: it is made of variables, which others use as well");
    let (lines, updated) = taken_over(|live| {
        // Nobody would be left to assume the role: a person has to decide.
        live.users.remove(&user("alice"));
        live.users.remove(&user("bob"));
        live.users.get_mut(&user("carol")).unwrap().value.tags =
            Tags([("a".to_owned(), "b".to_owned())].into());
    });
    assert!(lines.contains(&"+    tags: {a: b}".to_owned()), "{lines:#?}");
    assert!(lines.contains(&"+      - users: [bob]".to_owned()), "{lines:#?}");
    let left_out: Vec<_> = updated.left_out.iter().map(|left| left.address.to_string()).collect();
    assert_eq!(left_out, ["user/bob"]);
    assert_eq!(updated.done.len(), 2);
}

/// Drift of every kind, each on a thing of its own or on one that others drift on too.
const DRIFT: [fn(&mut Live, &str); 12] = [
    |live, text| {
        _ = live.users.get_mut(&user("alice")).unwrap().value.tags.0.insert("a".to_owned(), text.to_owned());
    },
    |live, text| {
        _ = live.users.get_mut(&user("bob")).unwrap().value.tags.0.insert("team".to_owned(), text.to_owned());
    },
    |live, text| {
        _ = live.users.get_mut(&user("bob")).unwrap().value.tags.0.insert(format!("t{text}"), String::new());
    },
    |live, _| live.users.get_mut(&user("bob")).unwrap().value.policies.clear(),
    |live, _| _ = live.users.get_mut(&user("carol")).unwrap().value.policies.insert(aws("SecurityAudit")),
    |live, _| _ = live.users.remove(&user("carol")),
    |live, _| live.users.get_mut(&user("bob")).unwrap().value.groups.clear(),
    |live, text| edit(live, "read", |document| document.replace("s3:ListBucket", &format!("s3:{text}"))),
    |live, text| {
        edit(live, "in-file", |document| document.replace("sqs:SendMessage", &format!("sqs:{text}")));
    },
    |live, text| {
        edit(live, "varies", |document| {
            document.replace("\"Allow\"", &format!("\"Allow\",\"Sid\":\"S{text}\""))
        });
    },
    |live, text| {
        let role = live.roles.get_mut(&RoleName::parse("engineer").unwrap()).unwrap();
        role.tags.0.insert("floor".to_owned(), text.to_owned());
        role.policies.clear();
    },
    |live, text| {
        let role = live.roles.get_mut(&RoleName::parse("engineer").unwrap()).unwrap();
        let id = format!(
            "\"sts:AssumeRole\",\"Condition\":{{\"StringEquals\":{{\"sts:ExternalId\":\"e{text}\"}}}}"
        );
        role.trust =
            Document::from_stored(&role.trust.to_compact_string().replacen("\"sts:AssumeRole\"", &id, 1));
    },
];

fn edit(live: &mut Live, name: &str, change: impl FnOnce(&str) -> String) {
    let policy = live.policies.get_mut(&PolicyName::parse(name).unwrap()).unwrap();
    policy.versions[0].document =
        Document::from_stored(&change(&policy.versions[0].document.to_compact_string()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// What is taken over plans empty, what is not is explained: `taken_over` sees to both.
    #[test]
    fn any_drift_is_taken_over_or_explained(
        which in prop::collection::btree_set(0..DRIFT.len(), 1..6), text in "[A-Za-z0-9]{1,6}",
    ) {
        let (lines, updated) = taken_over(|live| {
            for one in which {
                // Who was deleted before has nothing that could drift.
                if one != 4 || live.users.contains_key(&user("carol")) {
                    DRIFT[one](live, &text);
                }
            }
        });
        prop_assert!(lines.len() <= 60, "{lines:#?}");
        prop_assert!(updated.left_out.len() <= 2, "{:?}", updated.left_out);
    }
}
