//! What cannot be done in one call, as manifests of before and after: things that AWS cannot move, among all that has to
//! do with them, and users and groups that get other names.

use iamctl_model::Desired;

use crate::cases::manifest;

/// The manifests of before and after, with what they are about.
pub(crate) fn pairs() -> Vec<(&'static str, Desired, Desired)> {
    let moved = MOVED.map(|(about, text)| (about, text, text));
    let pairs = moved.into_iter().chain(CHANGED);
    let read = |text: &str, path: &str| manifest(&written_out(text, path));
    pairs.map(|(about, from, to)| (about, read(from, "/"), read(to, "/x/"))).collect()
}

/// A manifest with these sections and, where they name none, two policies of which one denies.
fn written_out(text: &str, path: &str) -> String {
    let statement = |effect: &str, action: &str| {
        let statement = format!("{{Effect: {effect}, Action: '{action}', Resource: '*'}}");
        format!("document: {{Version: '2012-10-17', Statement: {statement}}}")
    };
    let policies = "policies: {allow: {$ALLOW}, deny: {$DENY}}\n";
    let text = if text.starts_with("policies:") { text.to_owned() } else { format!("{policies}{text}") };
    [
        ("$ALLOW", statement("Allow", "s3:*")),
        ("$MORE", statement("Allow", "ec2:*")),
        ("$DENY", statement("Deny", "iam:*")),
        ("$EC2", "trust: [{services: [ec2.amazonaws.com]}]".to_owned()),
        ("$PATH", format!("path: {path}")),
    ]
    .into_iter()
    .fold(text, |text, (word, meant)| text.replace(word, &meant))
}

/// What is moved to where AWS cannot move it, among all that has to do with it.
const MOVED: [(&str, &str); 11] = [
    (
        "a role with all that it can have, and one that trusts it",
        "roles:
  r: {$PATH, $EC2, policies: [allow, deny], inline_policies: {own: {$MORE}}, tags: {team: x}, description: d}
  other: {trust: [{roles: [r]}], policies: [allow]}
instance_profiles: {web: {role: r}}",
    ),
    (
        "a role that several trust, among others",
        "users: {u: {}, v: {}}
roles:
  r: {$PATH, trust: [{users: [u]}], policies: [allow]}
  one: {trust: [{roles: [r], users: [v]}]}
  two: {trust: [{roles: [r, one], mfa: required}, {accounts: ['999999999999']}]}",
    ),
    (
        "roles that trust each other in a circle",
        "roles:
  a: {$PATH, trust: [{roles: [b]}]}
  b: {$PATH, trust: [{roles: [a]}]}
  c: {trust: [{roles: [a, b]}]}",
    ),
    ("a role that trusts itself", "users: {u: {}}\nroles: {r: {$PATH, trust: [{users: [u], roles: [r]}]}}"),
    (
        "a role and its boundary",
        "policies: {bound: {$PATH, $ALLOW}, allow: {$ALLOW}}
roles: {r: {$PATH, $EC2, permissions_boundary: bound, policies: [allow]}, s: {trust: [{roles: [r]}]}}",
    ),
    (
        "a boundary",
        "policies: {bound: {$PATH, $ALLOW}, allow: {$ALLOW}}
users: {u: {permissions_boundary: bound, policies: [allow]}}
roles: {r: {$EC2, permissions_boundary: bound}}",
    ),
    (
        "a policy that allows",
        "policies: {p: {$PATH, $ALLOW}}
users: {u: {policies: [p]}}
groups: {g: {policies: [p]}}
roles: {r: {$EC2, policies: [p]}}",
    ),
    (
        "a policy that denies",
        "policies: {allow: {$ALLOW}, p: {$PATH, $DENY}}
users: {u: {policies: [p, allow], groups: [g]}}
groups: {g: {policies: [p, allow]}}
roles: {r: {$EC2, policies: [p, allow]}}",
    ),
    (
        "an instance profile, and with its role",
        "roles: {r: {$EC2}, s: {$PATH, $EC2}}
instance_profiles: {i: {$PATH, role: r, tags: {a: b}}, k: {$PATH, role: s}, l: {$PATH}}",
    ),
    (
        "everything",
        "policies: {p: {$PATH, $ALLOW}, q: {$PATH, $DENY}}
users: {u: {$PATH, policies: [p, q], permissions_boundary: p, groups: [g]}}
groups: {g: {$PATH, policies: [p, q]}}
roles:
  r: {$PATH, trust: [{users: [u], roles: [s]}], policies: [p, q], permissions_boundary: q}
  s: {$PATH, trust: [{roles: [r]}], policies: [p], inline_policies: {own: {$MORE}}}
instance_profiles: {i: {$PATH, role: r}}",
    ),
    (
        "a role whose trust is left to others",
        "roles:
  r: {$PATH, $EC2, policies: [allow]}
  other: {trust: [{roles: [r]}], ignore: [policies]}",
    ),
];

/// What is moved and changed besides, and what gets another name.
const CHANGED: [(&str, &str, &str); 6] = [
    (
        "a role that is moved, and whoever trusted it does so on other terms",
        "users: {u: {}}
roles: {r: {$PATH, $EC2, policies: [allow]}, other: {trust: [{roles: [r]}]}, third: {trust: [{roles: [r], users: [u]}]}}",
        "users: {u: {}}
roles: {r: {$PATH, trust: [{users: [u]}], policies: [deny]}, other: {trust: [{roles: [r], users: [u], mfa: required}]}, third: {trust: [{users: [u]}]}}",
    ),
    (
        "a role that is moved, and one that trusts it is new, and one that did is gone",
        "roles: {r: {$PATH, $EC2}, old: {trust: [{roles: [r]}]}}",
        "roles: {r: {$PATH, $EC2}, new: {trust: [{roles: [r]}]}}",
    ),
    (
        "a user and a group with other names, moved besides",
        "users: {robert: {groups: [staff], policies: [allow]}, carol: {groups: [staff]}}
groups: {staff: {policies: [allow]}}
roles: {r: {trust: [{users: [robert, carol]}]}}",
        "users: {bob: {renamed_from: robert, $PATH, groups: [crew], policies: [deny], tags: {a: b}}, carol: {groups: [crew]}}
groups: {crew: {renamed_from: staff, $PATH, policies: [allow, deny]}}
roles: {r: {trust: [{users: [bob, carol]}]}}",
    ),
    (
        "names that are passed on",
        "users: {a: {policies: [allow]}, b: {policies: [deny]}}
groups: {g: {policies: [allow]}, h: {}}
roles: {r: {trust: [{users: [a]}]}, s: {trust: [{users: [b]}]}}",
        "users: {b: {renamed_from: a, policies: [allow]}, c: {renamed_from: b, policies: [deny]}}
groups: {h: {renamed_from: g, policies: [allow]}, i: {renamed_from: h}}
roles: {r: {trust: [{users: [b]}]}, s: {trust: [{users: [c]}]}}",
    ),
    (
        "a user with another name whom a role trusts that is moved",
        "users: {a: {}}\nroles: {r: {$PATH, trust: [{users: [a]}]}, s: {trust: [{roles: [r], users: [a]}]}}",
        "users: {b: {renamed_from: a}}\nroles: {r: {$PATH, trust: [{users: [b]}]}, s: {trust: [{roles: [r], users: [b]}]}}",
    ),
    (
        "a role that is moved while somebody whom it trusts goes",
        "users: {u: {}, v: {}}\nroles: {r: {$PATH, trust: [{users: [u, v]}]}, s: {trust: [{roles: [r], users: [v]}]}}",
        "users: {u: {}}\nroles: {r: {$PATH, trust: [{users: [u]}]}, s: {trust: [{roles: [r]}]}}",
    ),
];
