//! Whatever way a manifest is laid out, only what drifted changes in it, and what stands beside that in the way of
//! its neighbours.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails in a helper fails the test"
)]

mod support;

use std::collections::BTreeMap;

use iamctl_import::{Updated, update};
use iamctl_model::{Live, Observed, PolicyArn, UserName};
use iamctl_spec::{FilesInMemory, parse_for_editing};
use support::{drift, live, options, owned};

const TOP: &str = "version: 1\nname: acme\naccount: \"123456789012\"\nmaster_copy: {bucket: acme-iam-master-copy, region: eu-west-1}\n";

type Texts<'t> = &'t [(&'t str, &'t str)];

fn files(texts: Texts<'_>) -> FilesInMemory {
    texts.iter().fold(FilesInMemory::new(), |files, (path, text)| {
        let text = if *path == "m.yaml" { format!("{TOP}{text}") } else { (*text).to_owned() };
        files.with(*path, text)
    })
}

/// A manifest in files, taken over from an account that is as another manifest says, and a little more.
fn taken_over(
    before: Texts<'_>,
    account: Texts<'_>,
    more: impl FnOnce(&mut Live),
) -> (BTreeMap<String, String>, Updated) {
    let read = |texts| {
        parse_for_editing(&files(texts), "m.yaml", &options())
            .unwrap_or_else(|e| panic!("{:?}", e.diagnostics))
    };
    let manifest = read(before);
    let ownership = owned(&live(&manifest));
    let mut now = live(&read(account));
    more(&mut now);
    let drifted = drift(&manifest, &now, &ownership);
    assert!(!drifted.is_empty());
    let updated = update(&manifest, "m.yaml", &options(), &now, &drifted);
    let after = before.iter().map(|(path, text)| {
        let text = updated.files.get(*path).map_or(*text, |new| new.strip_prefix(TOP).unwrap_or(new));
        ((*path).to_owned(), text.to_owned())
    });
    (after.collect(), updated)
}

#[track_caller]
fn assert_becomes(before: &str, account: &str, expected: &str) {
    let (after, updated) = taken_over(&[("m.yaml", before)], &[("m.yaml", account)], |_| {});
    assert_eq!(updated.left_out, []);
    assert_eq!(after["m.yaml"], expected);
}

fn policy(document: &str) -> String {
    format!("policies:\n  p: {{document: {document}}}\n")
}

const ONE: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "sqs:SendMessage"], "Resource": "*"}]}"#;

#[test]
fn a_document_in_json_is_edited_as_json() {
    let with = |text: &str| ONE.replace(r#"["s3:GetObject", "sqs:SendMessage"]"#, text);
    let pretty = "{\n\t\"Version\": \"2012-10-17\",\n\t\"Statement\": [\n\t\t{\n\t\t\t\"Effect\": \"Allow\",\n\t\t\t\"Action\": [\n\t\t\t\t\"s3:GetObject\",\n\t\t\t\t\"sqs:SendMessage\"\n\t\t\t],\n\t\t\t\"Resource\": \"*\"\n\t\t}\n\t]\n}";
    let compact = ONE.replace(": ", ":").replace(", ", ",");
    let condition = r#", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]"#;
    for (before, account, from, to) in [
        (
            ONE,
            with(r#"["s3:GetObject", "sqs:SendMessage", "sns:Publish"]"#),
            "SendMessage\"",
            "SendMessage\", \"sns:Publish\"",
        ),
        (ONE, with(r#""sqs:SendMessage""#), "\"s3:GetObject\", ", ""),
        (ONE, with(r#"["a:B", "c:D"]"#), r#"["s3:GetObject", "sqs:SendMessage"]"#, r#"["a:B", "c:D"]"#),
        (ONE, ONE.replace("}]", condition), "}]", condition),
        (
            pretty,
            with(r#"["s3:GetObject", "sqs:SendMessage", "sns:Publish"]"#),
            "SendMessage\"",
            "SendMessage\",\n\t\t\t\t\"sns:Publish\"",
        ),
        (pretty, with(r#"["s3:GetObject"]"#), ",\n\t\t\t\t\"sqs:SendMessage\"", ""),
        (
            pretty,
            ONE.replace("}]", r#"}, {"Effect": "Deny", "Action": "iam:*", "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b"]}]"#),
            "\t\t}\n",
            "\t\t},\n\t\t{\n\t\t\t\"Effect\": \"Deny\",\n\t\t\t\"Action\": \"iam:*\",\n\t\t\t\"Resource\": [\n\t\t\t\t\"arn:aws:s3:::a\",\n\t\t\t\t\"arn:aws:s3:::b\"\n\t\t\t]\n\t\t}\n",
        ),
        (
            &compact,
            with(r#"["s3:GetObject", "sqs:SendMessage", "sns:Publish"]"#),
            "SendMessage\"",
            "SendMessage\",\"sns:Publish\"",
        ),
        (&compact, ONE.replace("\"*\"", "\"arn:aws:s3:::${x}\""), "\"*\"", "\"arn:aws:s3:::$${x}\""),
    ] {
        let account = policy(&account.replace("${x}", "$${x}"));
        for (mark, line_end) in [("", "\n"), ("\u{feff}", "\r\n")] {
            let as_file = |text: &str| format!("{mark}{}", text.replace('\n', line_end));
            let texts = ("p.json", as_file(before));
            let manifest = [("m.yaml", "policies: {p: {file: p.json}}\n"), (texts.0, texts.1.as_str())];
            let (after, updated) = taken_over(&manifest, &[("m.yaml", &account)], |_| {});
            assert_eq!(updated.left_out, []);
            assert_eq!(before.matches(from).count(), 1, "{from}");
            assert_eq!(after["p.json"], as_file(&before.replace(from, to)));
        }
    }
}

#[test]
fn lists_and_maps_in_several_lines_get_lines_of_the_same_kind() {
    let users = |gina: &str| {
        format!(
            "users:\n  gina: {gina}\npolicies: {}\n",
            policy(ONE).split_once("policies:\n  ").unwrap().1.trim_end().replace("p: ", "{p: ") + "}"
        )
    };
    for (before, account, expected) in [
        ("{\n    tags: {a: b}\n  }", "{tags: {a: b}, path: /x/}", "{\n    tags: {a: b},\n    path: /x/\n  }"),
        (
            "{\n    tags: {a: b},   # these\n  }",
            "{tags: {a: b}, path: /x/}",
            "{\n    tags: {a: b},   # these\n    path: /x/,\n  }",
        ),
        (
            "{\n    tags: {a: b}   # these\n  }",
            "{tags: {a: b}, path: /x/, policies: [p]}",
            "{\n    tags: {a: b},   # these\n    path: /x/,\n    policies: [p]\n  }",
        ),
        (
            "{policies: [\n    p,   # ours\n    aws:ReadOnlyAccess   # theirs\n  ]}",
            "{policies: [p]}",
            "{policies: [\n    p   # ours\n  ]}",
        ),
        (
            "{\n    policies: [p,\n      aws:ReadOnlyAccess],\n    path: /x/,\n  }",
            "{policies: [p, aws:ReadOnlyAccess], path: /x/, tags: {a: b}}",
            "{\n    policies: [p,\n      aws:ReadOnlyAccess],\n    path: /x/,\n    tags: {a: b},\n  }",
        ),
        ("{}", "{tags: {a: b}, path: /x/}", "{path: /x/, tags: {a: b}}"),
        ("{\"tags\": {\"a\": \"b\"}}", "{tags: {a: b, c: d}}", "{\"tags\": {\"a\": \"b\", \"c\": \"d\"}}"),
    ] {
        assert_becomes(&users(before), &users(account), &users(expected));
    }
}

#[test]
fn line_ends_are_those_of_the_file() {
    let before = "users:\r\n  alice:\r\n    tags:\r\n      a: b\r\n  bob: {}\r\n";
    let account = "users: {alice: {path: /x/, tags: {a: b, c: d}}, bob: {}}\n";
    let expected =
        "users:\r\n  alice:\r\n    tags:\r\n      a: b\r\n      c: d\r\n    path: /x/\r\n  bob: {}\r\n";
    assert_becomes(before, account, expected);
}

#[test]
fn what_defaults_give_is_not_written_into_the_block() {
    let defaults = "defaults: {users: {path: /people/, tags: {team: data}, permissions_boundary: \"aws:ReadOnlyAccess\"}}\n";
    for (before, account, expected) in [
        (
            "{}",
            "{path: /people/, permissions_boundary: \"aws:ReadOnlyAccess\", tags: {team: data, a: b}}",
            "{tags: {a: b}}",
        ),
        (
            "{}",
            "{path: /people/, permissions_boundary: \"aws:ReadOnlyAccess\", tags: {team: ops}}",
            "{tags: {team: ops}}",
        ),
        ("{}", "{path: /, permissions_boundary: \"aws:ReadOnlyAccess\", tags: {team: data}}", "{path: /}"),
        ("{}", "{path: /people/, tags: {team: data}}", "{permissions_boundary: ~}"),
    ] {
        let users = |alice: &str| format!("users: {{alice: {alice}}}\n");
        assert_becomes(
            &(defaults.to_owned() + &users(before)),
            &users(account),
            &(defaults.to_owned() + &users(expected)),
        );
    }
}

#[test]
fn what_is_left_to_others_is_not_written_into_the_block() {
    let rules = "ignore:\n  - {tags: [\"cost:*\"], reason: others}\n  - {policies: [\"aws:SecurityAudit\"], reason: others}\n";
    let (before, account) = (
        format!("{rules}users: {{alice: {{}}}}\n"),
        "users: {alice: {tags: {a: b}, policies: [\"aws:ReadOnlyAccess\"]}}\n",
    );
    let (after, updated) = taken_over(&[("m.yaml", &before)], &[("m.yaml", account)], |live| {
        let alice = &mut live.users.get_mut(&UserName::parse("alice").unwrap()).unwrap().value;
        let written_by_others = [("cost:center", "1"), ("AKIAIOSFODNN7EXAMPLE", "laptop"), ("aws:x", "y")];
        alice.tags.0.extend(written_by_others.map(|(key, value)| (key.to_owned(), value.to_owned())));
        alice.policies.insert(PolicyArn::parse("arn:aws:iam::aws:policy/SecurityAudit").unwrap());
    });
    assert_eq!(updated.left_out, []);
    assert_eq!(
        after["m.yaml"],
        format!("{rules}users: {{alice: {{policies: [aws:ReadOnlyAccess], tags: {{a: b}}}}}}\n")
    );
}

#[test]
fn what_can_be_edited_of_a_thing_is_although_the_rest_cannot() {
    let before = "defaults: {users: {tags: {team: data}}}\nusers: {alice: {path: /a/}}\n";
    let (after, updated) =
        taken_over(&[("m.yaml", before)], &[("m.yaml", "users: {alice: {path: /b/}}\n")], |_| {});
    assert_eq!(after["m.yaml"], before.replace("/a/", "/b/"));
    let reasons: Vec<_> = updated.left_out.iter().map(|left| left.reason.as_str()).collect();
    assert_eq!(reasons, ["`tags`: its values come from `defaults:`, a variable or a shared text"]);
    assert_eq!(updated.done.len(), 1);
}

#[test]
fn a_policy_that_was_deleted_goes_from_lists_that_drifted_besides() {
    let before = "policies: {p: {file: p.json}, q: {file: p.json}}\nusers: {alice: {policies: [p, q]}, bob: {policies: [q, p]}}\n";
    let account = "policies: {q: {file: p.json}}\nusers: {alice: {policies: [q]}, bob: {policies: [\"aws:ReadOnlyAccess\", q]}}\n";
    let (after, updated) =
        taken_over(&[("m.yaml", before), ("p.json", ONE)], &[("m.yaml", account), ("p.json", ONE)], |_| {});
    assert_eq!(updated.left_out, []);
    let expected = "policies: {q: {file: p.json}}\nusers: {alice: {policies: [q]}, bob: {policies: [q, aws:ReadOnlyAccess]}}\n";
    assert_eq!(after["m.yaml"], expected);
}

#[test]
fn what_is_left_to_others_stays_left_to_them_when_it_is_gone() {
    let rule = "ignore:\n  - {on: user/alice, policies: [p, other], reason: the scanner's}\n";
    let before = format!("policies: {{p: {{file: p.json}}}}\nusers: {{alice: {{}}}}\n{rule}");
    let account = format!("users: {{alice: {{}}}}\n{rule}");
    let (after, updated) =
        taken_over(&[("m.yaml", &before), ("p.json", ONE)], &[("m.yaml", &account), ("p.json", ONE)], |_| {});
    assert_eq!(updated.left_out, []);
    assert!(after["m.yaml"].contains(rule), "{}", after["m.yaml"]);
    assert!(!after["m.yaml"].contains("file: p.json"), "{}", after["m.yaml"]);
}

#[test]
fn a_user_who_was_deleted_goes_from_trust_policies_written_as_documents() {
    let document = |principals: &str| {
        format!(
            r#"{{Version: "2012-10-17", Statement: [{{Effect: Allow, Principal: {{AWS: {principals}}}, Action: sts:AssumeRole}}]}}"#
        )
    };
    let (alice, bob) = ("\"arn:aws:iam::123456789012:user/alice\"", "\"arn:aws:iam::123456789012:user/bob\"");
    let manifest = |users: &str, principals: &str| {
        format!("users: {{{users}}}\nroles:\n  r: {{trust_document: {}}}\n", document(principals))
    };
    let before = manifest("alice: {}, bob: {}", &format!("[{alice}, {bob}]"));
    // AWS shows who was deleted by the unique id.
    let account = manifest("alice: {}", &format!("[{alice}, AIDACKCEVSQ6C2EXAMPLE]"));
    let (after, updated) = taken_over(&[("m.yaml", &before)], &[("m.yaml", &account)], |_| {});
    assert_eq!(updated.left_out, []);
    assert_eq!(after["m.yaml"], manifest("alice: {}", &format!("[{alice}]")));
}

#[test]
fn a_trust_policy_that_would_let_nobody_in_is_for_a_person_to_decide() {
    let role = |principal: &str| {
        format!(
            r#"roles: {{r: {{trust_document: {{Version: "2012-10-17", Statement: {{Effect: Allow, Principal: {{AWS: {principal}}}, Action: sts:AssumeRole}}}}}}}}"#
        )
    };
    let before = format!("users: {{bob: {{}}}}\n{}\n", role("\"arn:aws:iam::123456789012:user/bob\""));
    let (after, updated) =
        taken_over(&[("m.yaml", &before)], &[("m.yaml", &role("AIDACKCEVSQ6C2EXAMPLE"))], |_| {});
    assert_eq!(after["m.yaml"], before);
    assert_eq!(updated.left_out[0].reason, "the trust policy of role/r lets nobody else in");
}

fn metadata(entity: &str) -> String {
    let descriptor = "<IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">";
    let padding = "<!-- this is here so that there are a thousand characters -->\n".repeat(16);
    format!(
        "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{entity}\">\n  {descriptor}\n{padding}  </IDPSSODescriptor>\n</EntityDescriptor>\n"
    )
}

#[test]
fn a_literal_stays_a_literal_and_goes_whole() {
    let provider = |name: &str, entity: &str| {
        let lines: String = metadata(entity).lines().map(|line| format!("      {line}\n")).collect();
        format!("  {name}:\n    metadata: |   # theirs\n{lines}")
    };
    let two = format!("saml_providers:\n{}{}", provider("a", "one"), provider("b", "two"));
    let changed = two.replace("\"one\"", "\"three\"");
    let (after, updated) = taken_over(&[("m.yaml", &two)], &[("m.yaml", &changed)], |_| {});
    assert_eq!(updated.left_out, []);
    assert_eq!(after["m.yaml"].replace("metadata: |\n", "metadata: |   # theirs\n"), changed);
    let one = format!("saml_providers:\n{}", provider("b", "two"));
    assert_becomes(&two, &one, &one);
}

#[test]
fn nothing_is_read_of_what_a_live_account_does_not_tell() {
    let before = "users: {alice: {}}\n";
    let (after, updated) =
        taken_over(&[("m.yaml", before)], &[("m.yaml", "users: {alice: {path: /x/}}\n")], |live| {
            live.saml_providers = Observed::NotRead;
        });
    assert_eq!((after["m.yaml"].as_str(), updated.left_out.len()), ("users: {alice: {path: /x/}}\n", 0));
}
