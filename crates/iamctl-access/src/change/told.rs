//! What is gained or lost, as people read it: by service and by what the actions do, the riskiest first.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_data::{AccessLevel, services};
use iamctl_model::Pattern;
use iamctl_policy::Statement;
use iamctl_policy::difference::{Change, Found, Layer, Mfa, Part, Stack, Way};

use super::{Portion, Risk};
use crate::answer::If;

/// The terms on which actions are gained or lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Terms {
    resources: Vec<String>,
    conditions: Vec<If>,
    denied_if: Vec<If>,
    has_exceptions: bool,
    mfa: Mfa,
}

/// All portions of what one side has beyond the other: `stacks` are that side and the other one.
pub(super) fn portions(found: &Found, stacks: [&Stack; 2], account: &str, gained: bool) -> Vec<Portion> {
    let mut portions: BTreeMap<(Option<String>, Terms), Portion> = BTreeMap::new();
    for change in &found.changes {
        for terms in terms(change, stacks, account) {
            for (service, actions) in by_service(change) {
                let key = (service.clone(), terms.clone());
                let known = portions.entry(key).or_insert_with(|| Portion {
                    service,
                    actions: Vec::new(),
                    but_for: Vec::new(),
                    resources: terms.resources.clone(),
                    conditions: terms.conditions.clone(),
                    denied_if: terms.denied_if.clone(),
                    has_exceptions: terms.has_exceptions,
                    mfa: terms.mfa,
                    risks: Vec::new(),
                    witness: change.witness.clone(),
                });
                known.actions.extend(actions);
            }
        }
    }
    let mut portions: Vec<Portion> = portions.into_values().collect();
    let but_for =
        if portions.iter().any(|one| one.service.is_none()) { but_for(found, stacks) } else { Vec::new() };
    for portion in &mut portions {
        if portion.service.is_none() {
            portion.but_for.clone_from(&but_for);
        }
        portion.actions.sort();
        portion.actions.dedup();
        portion.risks = risks(portion, gained);
    }
    portions.sort_by(|a, b| {
        let order =
            |of: &Portion| (of.risks.first().copied().map_or(99, |risk| risk as u8), of.service.clone());
        order(a).cmp(&order(b))
    });
    portions
}

/// The actions of a change, by their services; those of all services under none.
fn by_service(change: &Change) -> BTreeMap<Option<String>, Vec<(String, Option<AccessLevel>)>> {
    let mut found: BTreeMap<Option<String>, Vec<(String, Option<AccessLevel>)>> = BTreeMap::new();
    if change.is_open {
        found.insert(None, Vec::new());
    }
    let known = change.actions.iter().map(String::as_str);
    let such = Some(change.witness.request().action.as_str())
        .filter(|_| change.actions.is_empty() && !change.is_open);
    for action in known.chain(such) {
        // Where all services are meant, those that are named are among them.
        let service =
            action.split_once(':').map(|(service, _)| service.to_owned()).filter(|_| !change.is_open);
        let level = services().action(action).map(|(_, action)| action.access_level);
        found.entry(service).or_default().push((action.to_owned(), level));
    }
    found
}

/// The services that policies name and of which not all actions are among what differs.
fn but_for(found: &Found, stacks: [&Stack; 2]) -> Vec<String> {
    let all = stacks
        .into_iter()
        .flat_map(|stack| [&stack.identity, &stack.direct].into_iter().chain(&stack.boundary));
    let statements = all.flatten().flat_map(|policy| policy.document().statements());
    let patterns =
        statements.filter_map(|statement| statement.actions.as_ref()).flat_map(|clause| &clause.patterns);
    let named: BTreeSet<String> = patterns
        .filter_map(|pattern| pattern.text.split_once(':'))
        .filter(|(service, _)| !service.contains(['*', '?']))
        .map(|(service, _)| service.to_ascii_lowercase())
        .collect();
    let told: BTreeSet<&str> =
        found.changes.iter().flat_map(|change| &change.actions).map(String::as_str).collect();
    let is_whole = |prefix: &String| {
        services().get(prefix).is_some_and(|service| {
            service.actions().all(|action| told.contains(format!("{prefix}:{}", action.name).as_str()))
        })
    };
    named.into_iter().filter(|service| !is_whole(service)).collect()
}

fn risks(portion: &Portion, gained: bool) -> Vec<Risk> {
    let mut risks = Vec::new();
    let is = |name: &str| portion.actions.iter().any(|(action, _)| action.eq_ignore_ascii_case(name));
    if portion.service.is_none() {
        risks.push(Risk::Everything);
    }
    if portion.actions.iter().any(|(_, level)| *level == Some(AccessLevel::PermissionsManagement)) {
        risks.push(Risk::PermissionsManagement);
    }
    if is("iam:PassRole") {
        risks.push(Risk::PassRole);
    }
    let assumes = |action: &str| action.to_ascii_lowercase().starts_with("sts:assumerole");
    if portion.actions.iter().any(|(action, _)| assumes(action)) {
        risks.push(Risk::AssumeRole);
    }
    if gained && portion.mfa == Mfa::Spared {
        risks.push(Risk::NoMfa);
    }
    risks
}

/// The terms of a change: ways with the same conditions are told together, with the resources of all of them.
fn terms(change: &Change, stacks: [&Stack; 2], account: &str) -> Vec<Terms> {
    let mut all: Vec<Terms> = Vec::new();
    for way in &change.ways {
        let one = of_way(way, stacks, account);
        let alike = |known: &&mut Terms| {
            (&known.conditions, &known.denied_if, known.mfa, known.has_exceptions)
                == (&one.conditions, &one.denied_if, one.mfa, one.has_exceptions)
        };
        match all.iter_mut().find(alike) {
            Some(known) => known.resources.extend(one.resources),
            None => all.push(one),
        }
    }
    if all.is_empty() {
        // The request that was found is all that is to be told.
        let resources = Vec::new();
        all.push(Terms {
            resources,
            conditions: Vec::new(),
            denied_if: Vec::new(),
            has_exceptions: true,
            mfa: Mfa::Alike,
        });
    }
    for terms in &mut all {
        terms.resources.sort();
        terms.resources.dedup();
        if terms.resources.iter().any(|text| text == "*") {
            terms.resources = vec!["*".to_owned()];
        }
    }
    // What holds on fewer terms needs no more to be said.
    let open: Vec<Terms> =
        all.iter().filter(|one| one.conditions.is_empty() && one.mfa != Mfa::Only).cloned().collect();
    let is_said = |terms: &Terms| {
        !terms.conditions.is_empty()
            && open.iter().any(|open| open.mfa == Mfa::Alike && open.resources == terms.resources)
    };
    all.retain(|terms| !is_said(terms));
    all
}

fn statement<'s>(stack: &'s Stack, part: &Part) -> Option<&'s Statement> {
    stack.policy(part.layer, part.policy)?.document().statements().get(part.statement)
}

fn of_way(way: &Way, [own, other]: [&Stack; 2], account: &str) -> Terms {
    let allow = statement(own, &way.allow).map(|found| (found, way.allow));
    let boundary = way.boundary.and_then(|part| Some((statement(own, &part)?, part)));
    let denied = way.denied.and_then(|part| Some((statement(other, &part)?, part)));
    let parts = [allow, boundary, denied].into_iter().flatten();
    let mut resources: Vec<String> = Vec::new();
    for (statement, part) in parts {
        let found = resource(statement, &part);
        let covers = |wide: &str, narrow: &str| Pattern::new(wide).matches_exactly(narrow);
        if resources.iter().any(|known| covers(&found, known)) {
            continue;
        }
        resources.retain(|known| !covers(known, &found));
        resources.push(found);
    }
    let is_mfa = |one: &If| match one {
        If::Condition { key, .. } => key.eq_ignore_ascii_case("aws:MultiFactorAuthPresent"),
        _ => false,
    };
    let mut conditions: Vec<If> =
        [allow, boundary].into_iter().flatten().flat_map(|(one, _)| conditions(one)).collect();
    conditions.sort();
    conditions.dedup();
    if way.mfa != Mfa::Alike {
        // That is said in words of its own.
        conditions.retain(|one| !is_mfa(one));
    }
    let mut denied_if: Vec<If> = denied.into_iter().flat_map(|(one, _)| self::conditions(one)).collect();
    if way.mfa == Mfa::Spared {
        denied_if.retain(|one| !is_mfa(one));
    }
    denied_if.sort();
    let is_assumed = way.allow.layer == Layer::Direct;
    let resources = vec![short(&resources.join(" within "), account)];
    let has_exceptions = !way.except.is_empty() && !is_assumed && !only_about_mfa(way, own);
    Terms { resources, conditions, denied_if, has_exceptions, mfa: way.mfa }
}

/// Whether what is excepted is what goes without MFA, which is said already.
fn only_about_mfa(way: &Way, own: &Stack) -> bool {
    let is_mfa = |one: &If| match one {
        If::Condition { key, .. } => key.eq_ignore_ascii_case("aws:MultiFactorAuthPresent"),
        _ => false,
    };
    let about = |part: &Part| {
        let found: Vec<If> = statement(own, part).into_iter().flat_map(conditions).collect();
        !found.is_empty() && found.iter().all(is_mfa)
    };
    way.mfa == Mfa::Only && way.except.iter().all(about)
}

fn resource(statement: &Statement, part: &Part) -> String {
    let Some(clause) = &statement.resources else { return "*".to_owned() };
    let texts: Vec<&str> = clause.patterns.iter().map(|pattern| pattern.text.as_str()).collect();
    match part.pattern.and_then(|at| texts.get(at)) {
        Some(text) => (*text).to_owned(),
        None if clause.negated => format!("anything but {}", texts.join(" and ")),
        None => texts.join(" or "),
    }
}

fn conditions(statement: &Statement) -> impl Iterator<Item = If> {
    statement.conditions.iter().flatten().map(|condition| If::Condition {
        operator: condition.operator.text.clone(),
        key: condition.key.text.clone(),
        values: condition.values.iter().map(|value| value.text.clone()).collect(),
    })
}

/// Things of the account by their addresses.
fn short(text: &str, account: &str) -> String {
    let own = format!(":iam::{account}:");
    let Some((start, rest)) = text.split_once(&own) else { return text.to_owned() };
    let is_arn = start.starts_with("arn:") && !start.contains(' ') && !rest.contains(['*', '?', '$', ' ']);
    match (is_arn, rest.split_once('/'), rest.rsplit('/').next()) {
        (true, Some((kind @ ("role" | "user" | "group" | "policy"), _)), Some(name)) => {
            format!("{kind}/{name}")
        }
        _ => text.to_owned(),
    }
}

/// The portion of what a trust policy lets one caller do.
pub(super) fn of_caller(found: &Found, stacks: [&Stack; 2], gained: bool) -> Vec<Portion> {
    portions(found, stacks, "", gained)
}
