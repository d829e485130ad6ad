//! Accounts in which somebody may assume a role or not, for all the reasons there are, and every change of one into
//! another: whoever may do something that was not allowed is never said to gain nothing, and the other way.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{live_of, manifest};
use iamctl_access::{Access, Known, Question, Verdict};
use iamctl_model::{Identity, Mfa, RoleName, TestContext, UserName};
use iamctl_policy::eval::Action;

const MFA: &str = "Condition: {Bool: {\"aws:MultiFactorAuthPresent\": \"true\"}}";
const NO_MFA: &str = "Condition: {BoolIfExists: {\"aws:MultiFactorAuthPresent\": \"false\"}}";

/// One account: what policies say, whom a trust names, and a boundary.
struct World {
    trust: usize,
    access: Access,
}

/// The trusts: of no role at all, and of a role that lets in others, the two of them, and the whole account.
fn trusts() -> Vec<Option<String>> {
    let of = |principals: &str, rest: &str| {
        format!("{{Effect: Allow, Principal: {{{principals}}}, Action: \"sts:AssumeRole\"{rest}}}")
    };
    let both = "AWS: [\"arn:aws:iam::123456789012:user/alice\", \"arn:aws:iam::123456789012:role/x\"]";
    let deny = format!("{{Effect: Deny, Principal: \"*\", Action: \"sts:AssumeRole\", {NO_MFA}}}");
    vec![
        None,
        Some(of("Service: ec2.amazonaws.com", "")),
        Some(of(both, "")),
        Some(of(both, &format!(", {MFA}"))),
        Some(format!("{}, {deny}", of(both, ""))),
        Some(of("AWS: \"arn:aws:iam::123456789012:root\"", "")),
    ]
}

fn worlds() -> Vec<World> {
    let allow = "{Effect: Allow, Action: \"sts:*\", Resource: \"*\"}";
    let own = [
        "{Effect: Allow, Action: \"s3:*\", Resource: \"*\"}".to_owned(),
        allow.to_owned(),
        format!("{{Effect: Allow, Action: \"sts:AssumeRole\", Resource: \"arn:aws:iam::*:role/r\", {MFA}}}"),
        format!("{allow}, {{Effect: Deny, NotAction: \"s3:*\", Resource: \"*\", {NO_MFA}}}"),
    ];
    let boundaries = ["", "sts:*", "s3:*"];
    let mut worlds = Vec::new();
    for own in &own {
        for (trust, role) in trusts().into_iter().enumerate() {
            for bound in boundaries {
                let boundary = if bound.is_empty() { "" } else { ", permissions_boundary: b" };
                let text = |statements: &str| {
                    format!("{{document: {{Version: \"2012-10-17\", Statement: [{statements}]}}}}")
                };
                let bound = if bound.is_empty() { "s3:*" } else { bound };
                let bound = text(&format!("{{Effect: Allow, Action: \"{bound}\", Resource: \"*\"}}"));
                let role = role.as_ref().map(|statements| {
                    format!(
                        "  r: {{trust_document: {{Version: \"2012-10-17\", Statement: [{statements}]}}}}\n"
                    )
                });
                let text = format!(
                    "policies:\n  p: {}\n  b: {bound}\nusers: {{alice: {{policies: [p]{boundary}}}}}\nroles:\n  \
                     x: {{trust: [{{services: ec2.amazonaws.com}}], policies: [p]{boundary}}}\n{}",
                    text(own),
                    role.unwrap_or_default()
                );
                assert!(!manifest(&text).desired.managed.is_empty());
                worlds.push(World { trust, access: Access::of_live(&live_of(&text)) });
            }
        }
    }
    worlds
}

/// Whether a principal may assume the role, without MFA and with it; nothing where that depends on more.
fn may(access: &Access, who: &str) -> [Option<bool>; 2] {
    [Mfa::Absent, Mfa::Present { age: None }].map(|mfa| {
        let Ok(on) = access.on("role/r") else { return Some(false) };
        let with = TestContext { mfa: Some(mfa), ..TestContext::default() };
        let action = Action::parse("sts:AssumeRole").unwrap();
        let who = access.who(who).unwrap();
        match access.ask(&Question { who: &who, action: &action, on: &on, with: &with }).verdict {
            Verdict::Allowed => Some(true),
            Verdict::Depends => None,
            _ => Some(false),
        }
    })
}

#[test]
fn what_becomes_allowed_or_denied_is_never_said_not_to() {
    let worlds = worlds();
    let everybody = [
        ("user/alice", Identity::User(UserName::parse("alice").unwrap())),
        ("role/x", Identity::Role(RoleName::parse("x").unwrap())),
    ];
    let known: Vec<_> =
        worlds.iter().map(|world| everybody.each_ref().map(|(who, _)| may(&world.access, who))).collect();
    let wide = trusts().len() - 1;
    let (mut gains, mut losses, mut wrong) = (0, 0, Vec::new());
    for (from, before) in worlds.iter().enumerate() {
        // Not every pair: neighbours in many directions are enough.
        for (to, after) in worlds.iter().enumerate().filter(|(to, _)| (from * 7 + to) % 13 == 0) {
            // What is given to the account as a whole is told with the role.
            if before.trust != after.trust && (before.trust == wide || after.trust == wide) {
                continue;
            }
            let change = before.access.change_to(&after.access);
            for (at, (name, who)) in everybody.iter().enumerate() {
                let told = change.principals.iter().find(|one| one.who == *who);
                let told = told.map_or((Known::No, Known::No), |one| (one.effect.gains, one.effect.loses));
                let pairs = known[from][at].into_iter().zip(known[to][at]);
                for (old, new) in pairs.filter_map(|(old, new)| Some((old?, new?))) {
                    gains += usize::from(!old && new);
                    losses += usize::from(old && !new);
                    if (!old && new && told.0 == Known::No) || (old && !new && told.1 == Known::No) {
                        wrong.push((name, from, to, old, new));
                    }
                }
            }
        }
    }
    assert!(gains > 100 && losses > 100, "{gains} {losses}");
    assert_eq!(wrong, []);
}
