//! The trust of one role: whom it lets in that it did not, and the other way.

use std::collections::BTreeSet;

use iamctl_model::{Identity, RoleName};
use iamctl_policy::Document;
use iamctl_policy::difference::{Found, Stack, Vocabulary, of_trust};
use iamctl_policy::eval::{Policy, Principal, PrincipalKind};

use super::candidates::identity;
use super::tags::Retagged;
use super::{Caller, Known, TrustChange, told};
use crate::Access;
use crate::stack::Collector;

/// How an entry is called that stands for those whom a document does not name.
const ANYBODY: &str = "*";

pub(super) fn role(
    both: [&Access; 2],
    name: &RoleName,
    retagged: &Retagged,
    vocabulary: &Vocabulary<'_>,
) -> TrustChange {
    let mut unknown: Vec<String> = retagged.of_trust(both, name).into_iter().collect();
    let trusts = both.map(|access| {
        let mut unread = Vec::new();
        let held = Collector { state: &access.state, library: &access.library }.trust(&mut unread, name);
        unknown.extend(unread.iter().map(ToString::to_string));
        held.filter(|held| held.source.is_some()).and_then(|held| held.policy())
    });
    let found = of_trust(trusts.each_ref().map(Option::as_ref), None, vocabulary);
    let is_open = !unknown.is_empty();
    let known = |found: &Found| match (is_open, found.changes.is_empty(), &found.doubt) {
        (true, ..) | (false, true, Some(_)) => Known::Unknown,
        (false, false, _) => Known::Yes,
        (false, true, None) => Known::No,
    };
    let [gains, loses] = found.each_ref().map(known);
    unknown.extend(found.iter().filter_map(|found| found.doubt.clone()));
    let mut change =
        TrustChange { role: name.clone(), gains, loses, unknown, gained: Vec::new(), lost: Vec::new() };
    if change.gains == Known::No && change.loses == Known::No {
        return change;
    }
    for (kind, text) in entries(&trusts) {
        let Some(principal) = representative(&text) else { continue };
        let [added, removed] = of_trust(
            trusts.each_ref().map(Option::as_ref),
            Some(std::slice::from_ref(&principal)),
            vocabulary,
        );
        let identity: Option<Identity> = both.iter().rev().find_map(|access| identity(&access.state, &text));
        let stacks = trusts
            .each_ref()
            .map(|trust| Stack { identity: trust.iter().cloned().collect(), ..Stack::default() });
        let [before, after] = &stacks;
        let caller =
            |portion| Caller { kind: kind.clone(), name: text.clone(), identity: identity.clone(), portion };
        change.gained.extend(told::of_caller(&added, [after, before], true).into_iter().map(caller));
        change.lost.extend(told::of_caller(&removed, [before, after], false).into_iter().map(caller));
    }
    change
}

/// Whom the documents name, by kind and text; everybody, where one of them excepts some.
fn entries(trusts: &[Option<Policy>; 2]) -> BTreeSet<(Option<String>, String)> {
    let documents = trusts.iter().flatten().map(Policy::document);
    let mut found = BTreeSet::new();
    for principals in documents.flat_map(Document::statements).filter_map(|one| one.principals.as_ref()) {
        found.extend(principals.entries.iter().map(|(kind, value)| (kind.clone(), value.text.clone())));
        if principals.negated {
            found.insert((None, ANYBODY.to_owned()));
        }
    }
    // The same, however it is written.
    if found.contains(&(None, ANYBODY.to_owned())) {
        found.remove(&(Some("AWS".to_owned()), ANYBODY.to_owned()));
    }
    found
}

/// Somebody who is let in where an entry lets anybody in.
fn representative(text: &str) -> Option<Principal> {
    let user = |account: &str| Principal::parse(&format!("arn:aws:iam::{account}:user/somebody")).ok();
    if text == ANYBODY {
        return user("777788889999");
    }
    let principal = Principal::parse(text).ok()?;
    match principal.kind() {
        PrincipalKind::Root { account } => user(account),
        _ => Some(principal),
    }
}
