//! What a plan does to access, for a reviewer: the riskiest first, those who change alike told once.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_access::escalation::Escalation;
use iamctl_access::{AccessChange, Caller, ChangeVerdict, Effect, Known, Portion, PrincipalChange, Risk};
use iamctl_data::{AccessLevel, services};
use iamctl_model::Account;
use iamctl_policy::difference::Mfa;

use super::access_json::name as level_name;
use super::answer::together;
use super::escalation;
use super::names::{counted, list, principal};
use super::page::{Ink, Page};
use super::request::in_words;

/// How many names, portions, resources and actions are told before the rest is only counted.
const MOST_NAMES: usize = 6;
const MOST_PORTIONS: usize = 8;
const MOST_RESOURCES: usize = 3;
const MOST_ACTIONS: usize = 4;

/// The section of a plan.
pub(crate) fn access(page: &mut Page, change: &AccessChange, account: &Account, verbose: bool) {
    if change.is_empty() {
        return;
    }
    let mut groups = groups(change);
    // Portions are in the order of their risks already.
    groups.sort_by_key(|(one, _)| {
        let effect = &one.effect;
        let risk = effect.gained.iter().flat_map(|portion| &portion.risks).min().copied();
        (effect.verdict() == ChangeVerdict::Same, risk.is_none(), risk)
    });
    page.line(0, &[(Ink::Bold, "Access")]);
    let writer = Writer { account, verbose };
    for (one, names) in &groups {
        writer.effect(page, &one.effect, names);
        writer.escalations(page, one);
    }
    for role in &change.roles {
        let callers = |all: &'_ [Caller]| -> Vec<Caller> {
            all.iter().filter(|caller| caller.identity.is_none()).cloned().collect()
        };
        let (gained, lost) = (callers(&role.gained), callers(&role.lost));
        let is_told = gained.is_empty() && lost.is_empty();
        let has_others = role.verdict() == ChangeVerdict::Unknown
            || is_told && role.gained.is_empty() && role.lost.is_empty();
        if is_told && !has_others {
            continue;
        }
        // Users and roles of the account are told of themselves.
        let verdict = match (gained.is_empty(), lost.is_empty(), role.verdict()) {
            (_, _, ChangeVerdict::Unknown) | (true, true, _) => role.verdict(),
            (false, false, _) => ChangeVerdict::Both,
            (false, true, _) => ChangeVerdict::Widens,
            (true, false, _) => ChangeVerdict::Narrows,
        };
        writer.head(page, &[format!("the trust of role/{}", role.role)], verdict);
        writer.callers(page, &gained, ("+ ", Ink::Add), true);
        writer.callers(page, &lost, ("- ", Ink::Remove), false);
        writer.unknown(page, &role.unknown);
    }
    page.gap();
}

/// Those who change alike.
fn groups(change: &AccessChange) -> Vec<(&PrincipalChange, Vec<String>)> {
    let mut groups: Vec<(&PrincipalChange, Vec<String>)> = Vec::new();
    for one in &change.principals {
        let is_alike = |(known, _): &(&PrincipalChange, _)| {
            let both_same =
                known.effect.verdict() == ChangeVerdict::Same && one.effect.verdict() == ChangeVerdict::Same;
            both_same || known.effect == one.effect && paths(known) == paths(one)
        };
        match groups.iter().position(is_alike).and_then(|at| groups.get_mut(at)) {
            Some((_, names)) => names.push(one.who.to_string()),
            None => groups.push((one, vec![one.who.to_string()])),
        }
    }
    groups
}

/// The newly open paths to more rights in words, those first that need nothing but what policies tell.
fn paths(change: &PrincipalChange) -> Vec<(bool, String)> {
    let told = |one: &Escalation| (one.path.given.is_some(), escalation::headline(one));
    let mut paths: Vec<(bool, String)> = change.escalations.iter().map(told).collect();
    paths.sort_by_key(|(is_given, _)| *is_given);
    paths
}

struct Writer<'a> {
    account: &'a Account,
    verbose: bool,
}

/// How far things are told.
const NAME: usize = 2;
const LINE: usize = 6;

impl Writer<'_> {
    fn head(&self, page: &mut Page, names: &[String], verdict: ChangeVerdict) {
        let one = names.len() == 1;
        let (symbol, ink, word) = match verdict {
            ChangeVerdict::Widens if one => ("+", Ink::Add, "  widens"),
            ChangeVerdict::Widens => ("+", Ink::Add, "  widen"),
            ChangeVerdict::Narrows if one => ("-", Ink::Remove, "  narrows"),
            ChangeVerdict::Narrows => ("-", Ink::Remove, "  narrow"),
            ChangeVerdict::Both if one => ("~", Ink::Change, "  widens and narrows"),
            ChangeVerdict::Both => ("~", Ink::Change, "  widen and narrow"),
            ChangeVerdict::Same => ("=", Ink::Hint, "  same access, other text"),
            ChangeVerdict::Unknown => ("?", Ink::Caution, "  not known for sure"),
        };
        let names = self.shortened(names, MOST_NAMES);
        page.words(NAME, 6, &[(ink, format!("{symbol} ")), (Ink::Bold, names), (Ink::Dim, word.to_owned())]);
    }

    /// A list, of which no more is told than people read.
    fn shortened(&self, items: &[String], most: usize) -> String {
        if self.verbose || items.len() <= most.saturating_add(1) {
            return list(items);
        }
        let mut shown: Vec<String> = items.iter().take(most).cloned().collect();
        shown.push(format!("{} more", items.len().saturating_sub(most)));
        list(&shown)
    }

    fn effect(&self, page: &mut Page, effect: &Effect, names: &[String]) {
        self.head(page, names, effect.verdict());
        let is_sure = effect.gains == Known::Yes || effect.loses == Known::Yes;
        let is_something = !effect.gained.is_empty() || !effect.lost.is_empty();
        if !effect.unknown.is_empty() && !is_sure && is_something {
            self.unknown(page, &effect.unknown);
            page.line(LINE, &[(Ink::Dim, "as far as it is known:")]);
            self.portions(page, effect);
        } else {
            self.portions(page, effect);
            self.unknown(page, &effect.unknown);
        }
    }

    /// The paths to more rights that open. Those that need something that policies do not tell are only counted:
    /// nearly everybody who works with servers has one.
    fn escalations(&self, page: &mut Page, change: &PrincipalChange) {
        let paths = paths(change);
        let is_told =
            |(at, (is_given, _)): &(usize, &(bool, String))| self.verbose || !is_given && *at < MOST_PORTIONS;
        let told: Vec<&str> =
            paths.iter().enumerate().filter(is_told).map(|(_, (_, text))| text.as_str()).collect();
        for text in &told {
            page.words(LINE, 4, &[(Ink::Danger, "! "), (Ink::Danger, text)]);
        }
        let hidden = paths.len().saturating_sub(told.len());
        if hidden > 0 && !told.is_empty() {
            let more = counted(hidden, "more path to more rights", "more paths to more rights");
            page.words(LINE, 4, &[(Ink::Danger, "! "), (Ink::Hint, &format!("{more}; -v shows all"))]);
        }
    }

    fn portions(&self, page: &mut Page, effect: &Effect) {
        for (portions, mark, gained) in
            [(&effect.gained, ("+ ", Ink::Add), true), (&effect.lost, ("- ", Ink::Remove), false)]
        {
            let shown = if self.verbose { portions.len() } else { MOST_PORTIONS };
            for portion in portions.iter().take(shown) {
                self.line(page, portion, mark, gained, self.said(portion, gained));
            }
            let hidden: Vec<&Portion> = portions.iter().skip(shown).collect();
            if !hidden.is_empty() {
                let said = format!("{}; -v shows all", hidden_in_words(&hidden));
                page.words(LINE, 4, &[(mark.1, mark.0), (Ink::Hint, &said)]);
            }
        }
    }

    fn line(
        &self,
        page: &mut Page,
        portion: &Portion,
        (mark, ink): (&str, Ink),
        gained: bool,
        said: Vec<(Ink, String)>,
    ) {
        let mut pieces = vec![(ink, mark.to_owned())];
        pieces.extend(said);
        let terms = terms(portion, gained);
        if !terms.is_empty() {
            pieces.push((Ink::Plain, terms));
        }
        page.words(LINE, 4, &pieces);
        if self.verbose {
            let such = in_words(portion.witness.request(), true);
            page.words(LINE + 4, 4, &[(Ink::Dim, "such as "), (Ink::Dim, such.as_str())]);
        }
    }

    /// What may be done, to what.
    fn said(&self, portion: &Portion, gained: bool) -> Vec<(Ink, String)> {
        let risky = |risk: Risk| gained && portion.risks.contains(&risk);
        let ink = if gained { Ink::Danger } else { Ink::Plain };
        if let Some(actions) = assuming(portion) {
            let verb = match (gained, portion.mfa) {
                (true, Mfa::Spared) => "may now assume",
                (false, Mfa::Spared) => "may assume",
                (true, _) => "may now assume",
                (false, _) => "may no longer assume",
            };
            let on = self.resources(portion);
            return vec![(ink, format!("{verb} {on}{actions}"))];
        }
        let Some(service) = &portion.service else {
            let but = match portion.but_for.as_slice() {
                [] => String::new(),
                some => format!(" but for some of {}", self.shortened(some, MOST_NAMES)),
            };
            let text = format!("all actions of all services{but}");
            return vec![(ink, text), (Ink::Plain, format!(" on {}", self.resources(portion)))];
        };
        let mut pieces = vec![(Ink::Bold, format!("{service}: "))];
        let mut levels: BTreeMap<std::cmp::Reverse<Option<AccessLevel>>, Vec<&str>> = BTreeMap::new();
        for (action, level) in &portion.actions {
            let name = action.split_once(':').map_or(action.as_str(), |(_, name)| name);
            levels.entry(std::cmp::Reverse(*level)).or_default().push(name);
        }
        let all = services().get(service).map_or(0, |service| service.actions().count());
        if all == portion.actions.len() && all > MOST_ACTIONS && !self.verbose {
            pieces.push((Ink::Plain, format!("all {all} actions")));
            let of = |level| levels.get(&std::cmp::Reverse(Some(level))).map_or(0, Vec::len);
            let managing = of(AccessLevel::PermissionsManagement);
            if managing > 0 {
                pieces.push((Ink::Plain, ", ".to_owned()));
                let word = level_name(AccessLevel::PermissionsManagement);
                pieces.push((ink, format!("{managing} of them {word}")));
            }
            pieces.push((Ink::Plain, format!(", on {}", self.resources(portion))));
            return pieces;
        }
        let few = portion.actions.len() <= MOST_ACTIONS;
        for (at, (level, names)) in levels.iter().enumerate() {
            let is_risky = level.0 == Some(AccessLevel::PermissionsManagement)
                || risky(Risk::PassRole) && names.contains(&"PassRole");
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let word = level.0.map_or("others", level_name);
            let text = if few || self.verbose {
                format!("{word} {}", names.join(", "))
            } else {
                format!("{} {word}", names.len())
            };
            if at > 0 {
                pieces.push((Ink::Plain, ", ".to_owned()));
            }
            pieces.push((if is_risky { ink } else { Ink::Plain }, text));
            if !few && !self.verbose && names.iter().any(|name| name == "PassRole") {
                pieces.push((ink, " (PassRole among them)".to_owned()));
            }
        }
        pieces.push((Ink::Plain, format!(" on {}", self.resources(portion))));
        pieces
    }

    fn resources(&self, portion: &Portion) -> String {
        match portion.resources.as_slice() {
            [] => "some of it".to_owned(),
            [one] if one == "*" => "everything".to_owned(),
            all => self.shortened(all, MOST_RESOURCES),
        }
    }

    /// Whom a trust policy lets in, or no longer: those on the same terms together.
    fn callers(&self, page: &mut Page, callers: &[Caller], mark: (&str, Ink), gained: bool) {
        let mut groups: Vec<(&Caller, Vec<String>)> = Vec::new();
        for caller in callers {
            let name = principal(caller.kind.as_deref(), &caller.name, self.account);
            match groups.iter_mut().find(|(known, _)| known.portion == caller.portion) {
                Some((_, names)) => names.push(name),
                None => groups.push((caller, vec![name])),
            }
        }
        for (caller, names) in groups {
            let portion = &caller.portion;
            let what = match assuming(portion) {
                Some(actions) => format!("assume it{actions}"),
                None => {
                    let actions: Vec<String> =
                        portion.actions.iter().map(|(action, _)| action.clone()).collect();
                    self.shortened(&actions, MOST_ACTIONS)
                }
            };
            let verb = match (gained, portion.mfa) {
                (true, _) => "may now",
                (false, Mfa::Spared) => "may",
                (false, _) => "may no longer",
            };
            let ink = if gained { Ink::Danger } else { Ink::Plain };
            let names = self.shortened(&names, MOST_NAMES);
            let said = vec![(Ink::Plain, format!("{names} ")), (ink, format!("{verb} {what}"))];
            self.line(page, portion, mark, gained, said);
        }
    }

    fn unknown(&self, page: &mut Page, unknown: &[String]) {
        let shown = if self.verbose { unknown.len() } else { MOST_RESOURCES };
        for why in unknown.iter().take(shown) {
            page.words(LINE, 4, &[(Ink::Caution, "? "), (Ink::Plain, why.as_str())]);
        }
        let hidden = unknown.len().saturating_sub(shown);
        if hidden > 0 {
            page.line(
                LINE,
                &[(
                    Ink::Hint,
                    format!("? {}; -v shows all", counted(hidden, "other reason", "other reasons")),
                )],
            );
        }
    }
}

/// "7 Read and 12 List of 9 services more"
fn hidden_in_words(hidden: &[&Portion]) -> String {
    let mut levels: BTreeMap<std::cmp::Reverse<Option<AccessLevel>>, usize> = BTreeMap::new();
    for (_, level) in hidden.iter().flat_map(|portion| &portion.actions) {
        let count = levels.entry(std::cmp::Reverse(*level)).or_default();
        *count = count.saturating_add(1);
    }
    let words: Vec<String> = levels
        .iter()
        .map(|(level, count)| format!("{count} {}", level.0.map_or("others", level_name)))
        .collect();
    let more: BTreeSet<Option<&str>> = hidden.iter().map(|portion| portion.service.as_deref()).collect();
    format!("{} of {}", list(&words), counted(more.len(), "service more", "services more"))
}

/// What goes with assuming a role, where that is what a portion is about.
fn assuming(portion: &Portion) -> Option<String> {
    if portion.service.as_deref() != Some("sts") {
        return None;
    }
    let names: Vec<&str> =
        portion.actions.iter().filter_map(|(action, _)| Some(action.split_once(':')?.1)).collect();
    let known = |name: &&str| {
        ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "TagSession", "SetSourceIdentity"]
            .contains(name)
    };
    if !names.iter().any(|name| name.starts_with("AssumeRole")) || !names.iter().all(known) {
        return None;
    }
    let mut with = Vec::new();
    if names.contains(&"TagSession") {
        with.push("tag the session");
    }
    if names.contains(&"SetSourceIdentity") {
        with.push("set a source identity");
    }
    Some(if with.is_empty() { String::new() } else { format!(" and {}", with.join(" and ")) })
}

/// On which terms: behind a comma.
fn terms(portion: &Portion, gained: bool) -> String {
    let mut words = match (portion.mfa, gained) {
        (Mfa::Alike, _) => Vec::new(),
        (Mfa::Only, true) => vec!["only with MFA".to_owned()],
        (Mfa::Only, false) => vec!["which needed MFA".to_owned()],
        (Mfa::Spared, true) => vec!["MFA no longer needed".to_owned()],
        (Mfa::Spared, false) => vec!["now only with MFA".to_owned()],
        (Mfa::Without, _) => vec!["only without MFA".to_owned()],
    };
    if !portion.conditions.is_empty() {
        words.push(format!("only {}", together(&portion.conditions)));
    }
    if !portion.denied_if.is_empty() {
        let when = if gained { "denied so far" } else { "denied now" };
        words.push(format!("{when} {}", together(&portion.denied_if)));
    }
    if portion.has_exceptions {
        words.push("with exceptions that are denied".to_owned());
    }
    words.iter().map(|word| format!(", {word}")).collect()
}
