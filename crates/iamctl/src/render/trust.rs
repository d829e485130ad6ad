//! Trust policies in words: who may assume a role, and on what terms.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::Account;
use iamctl_policy::{Condition, Document, Effect, Statement};

use super::names::{list, principal};
use super::page::{Ink, Page};

/// On what terms somebody may assume a role; each inner set is one way, all of which must be met.
type Terms = BTreeSet<BTreeSet<String>>;

/// Who may assume a role. Only documents that these words say completely.
#[derive(Debug, PartialEq, Eq)]
struct Grants(BTreeMap<String, Terms>);

/// The calls that assume a role, or go with it without giving more.
const ASSUMING: [&str; 5] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:TagSession",
    "sts:SetSourceIdentity",
];

impl Grants {
    fn of(document: &Document, account: &Account) -> Option<Self> {
        if document.unreadable().is_some() || document.statements().is_empty() {
            return None;
        }
        let mut grants: BTreeMap<String, Terms> = BTreeMap::new();
        for statement in document.statements() {
            let terms = Self::terms(statement)?;
            for (kind, value) in &statement.principals.as_ref()?.entries {
                let who = principal(kind.as_deref(), &value.text, account);
                grants.entry(who).or_default().insert(terms.clone());
            }
        }
        Some(Self(grants))
    }

    fn terms(statement: &Statement) -> Option<BTreeSet<String>> {
        let principals = statement.principals.as_ref()?;
        let actions = statement.actions.as_ref()?;
        let known = |action: &str| ASSUMING.iter().any(|known| known.eq_ignore_ascii_case(action));
        let plain = statement.effect == Effect::Allow
            && !principals.negated
            && !actions.negated
            && statement.resources.is_none()
            && statement.other.is_empty()
            && actions.patterns.iter().all(|action| known(&action.text));
        if !plain {
            return None;
        }
        let mut terms: BTreeSet<String> = statement.conditions.iter().flatten().map(term).collect();
        // Assuming the role itself goes without saying; what only some statements give does not.
        let extras = actions.patterns.iter().filter_map(|action| match action.text.as_str() {
            "sts:TagSession" => Some("may tag the session"),
            "sts:SetSourceIdentity" => Some("may set a source identity"),
            _ => None,
        });
        terms.extend(extras.map(str::to_owned));
        Some(terms)
    }
}

/// One condition in words.
fn term(condition: &Condition) -> String {
    let values: Vec<&str> = condition.values.iter().map(|value| value.text.as_str()).collect();
    let key = condition.key.text.to_ascii_lowercase();
    match (condition.operator.text.as_str(), key.as_str(), values.as_slice()) {
        ("Bool", "aws:multifactorauthpresent", ["true"]) => "MFA needed".to_owned(),
        ("NumericLessThan", "aws:multifactorauthage", [seconds]) => {
            format!("MFA not older than {}", duration(seconds))
        }
        ("StringEquals", "sts:externalid", ids) => format!("external id {}", ids.join(" or ")),
        ("StringEquals", "aws:sourceaccount", accounts) => format!("for account {}", accounts.join(" or ")),
        (operator, _, values) => format!("if {operator} {} {}", condition.key.text, values.join(" or ")),
    }
}

pub(super) fn duration(seconds: &str) -> String {
    match seconds.parse::<u64>() {
        Ok(seconds) if seconds > 0 && seconds % 3_600 == 0 => format!("{} h", seconds / 3_600),
        Ok(seconds) if seconds > 0 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

fn way(terms: &BTreeSet<String>) -> String {
    let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
    terms.join(", ")
}

/// The terms in words; none for services and identity providers without any, because for them MFA is
/// no question.
fn ways(terms: &Terms, who: &[impl AsRef<str>]) -> String {
    if terms.iter().any(BTreeSet::is_empty) {
        let machines = who.iter().all(|who| is_machine(who.as_ref()));
        return if machines { String::new() } else { "without MFA or any other condition".to_owned() };
    }
    let ways: Vec<String> = terms.iter().map(way).collect();
    ways.join("; or ")
}

fn is_machine(who: &str) -> bool {
    who.ends_with(".amazonaws.com") || who.contains("-provider/")
}

/// ", on these terms", or nothing.
fn on(terms: &Terms, who: &[impl AsRef<str>]) -> String {
    let ways = ways(terms, who);
    if ways.is_empty() { ways } else { format!(", {ways}") }
}

/// Who may assume a role, one line for all with the same terms. `false` when words do not suffice.
pub(crate) fn whole(
    page: &mut Page,
    indent: usize,
    mark: &str,
    ink: Ink,
    trust: &Document,
    account: &Account,
) -> bool {
    let Some(grants) = Grants::of(trust, account) else { return false };
    for (terms, who) in by_value(&grants.0) {
        let text = format!("{} may assume it{}", list(&who), on(&terms, &who));
        page.words(indent, 4, &[(ink, super::names::marked(mark)), (Ink::Plain, text)]);
    }
    true
}

/// What changes about who may assume a role. `false` when words do not suffice.
pub(crate) fn difference(
    page: &mut Page,
    indent: usize,
    before: &Document,
    after: &Document,
    account: &Account,
) -> bool {
    let (Some(old), Some(new)) = (Grants::of(before, account), Grants::of(after, account)) else {
        return false;
    };
    if old == new {
        return false;
    }
    let always_needed =
        |grants: &Grants| grants.0.values().flatten().all(|terms| terms.contains("MFA needed"));
    let still_mfa = always_needed(&old) && always_needed(&new);

    let gone = old.0.iter().filter(|(who, _)| !new.0.contains_key(*who));
    let gone: Vec<&str> = gone.map(|(who, _)| who.as_str()).collect();
    let come: BTreeMap<_, _> = new.0.iter().filter(|(who, _)| !old.0.contains_key(*who)).collect();
    let come: BTreeMap<String, Terms> =
        come.into_iter().map(|(who, terms)| (who.clone(), terms.clone())).collect();
    for (terms, who) in by_value(&come) {
        let mut text = format!("{} may now assume it{}", list(&who), on(&terms, &who));
        if still_mfa {
            text = text.replace("MFA needed", "MFA still needed");
        }
        page.words(indent, 4, &[(Ink::Add, "+ ".to_owned()), (Ink::Plain, text)]);
    }
    if !gone.is_empty() {
        let text = format!("{} may no longer assume it", list(&gone));
        page.words(indent, 4, &[(Ink::Remove, "- ".to_owned()), (Ink::Plain, text)]);
    }
    let mut changed: BTreeMap<(Terms, Terms), Vec<&str>> = BTreeMap::new();
    for (who, terms) in &new.0 {
        if let Some(old_terms) = old.0.get(who).filter(|old_terms| *old_terms != terms) {
            changed.entry((old_terms.clone(), terms.clone())).or_default().push(who);
        }
    }
    for ((old_terms, new_terms), who) in changed {
        let loses_mfa =
            |terms: &Terms| terms.iter().any(|way| !way.iter().any(|term| term.starts_with("MFA")));
        let text = format!("{} may now assume it{}", list(&who), on(&new_terms, &who));
        page.words(indent, 4, &[(Ink::Change, "~ ".to_owned()), (Ink::Plain, text)]);
        page.words(indent.saturating_add(4), 4, &[(Ink::Dim, format!("before: {}", ways(&old_terms, &who)))]);
        if loses_mfa(&new_terms) && !loses_mfa(&old_terms) {
            page.line(indent.saturating_add(4), &[(Ink::Caution, "MFA is no longer needed")]);
        }
    }
    true
}

/// Those with the same terms together, machines apart from people.
fn by_value(grants: &BTreeMap<String, Terms>) -> Vec<(Terms, Vec<String>)> {
    let mut by_terms: BTreeMap<(&Terms, bool), Vec<String>> = BTreeMap::new();
    for (who, terms) in grants {
        by_terms.entry((terms, is_machine(who))).or_default().push(who.clone());
    }
    by_terms.into_iter().map(|((terms, _), who)| (terms.clone(), who)).collect()
}
