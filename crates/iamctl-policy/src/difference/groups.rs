//! All actions there can be, divided by the statements about them.
//!
//! The name of an action says which service it is of, and most patterns name one service: so each service that some
//! pattern names is divided on its own, and all others together, by those patterns that leave the service open.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::budget::{Budget, Spent};
use super::language::{Glob, texts};
use super::search::Line;
use super::stack::Layer;
use crate::eval::pattern::{Pattern, Solid};
use crate::eval::{Action, PolicyKind};

/// The characters of the names of actions, as far as their case does not count.
const ACTION_ALPHABET: &str = "example0123456789bcdfghijknoqrstuvwyz-_.:";

/// Actions that all statements treat alike: those of each side that are about them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Group {
    pub(super) lines: [Vec<usize>; 2],
    /// Whether it is the action that root users cannot do.
    pub(super) no_root: bool,
}

/// A group, and actions of it.
#[derive(Debug)]
pub(super) struct Sampled {
    pub(super) group: Group,
    pub(super) samples: Vec<Action>,
    /// Whether it has actions of services that no pattern names.
    pub(super) is_open: bool,
}

/// The patterns of all lines, by the service that they name.
pub(super) struct Index<'p> {
    kind: PolicyKind,
    lines: [Vec<ByService<'p>>; 2],
    /// Whether both sides have a boundary, or neither.
    is_bounded_alike: bool,
}

struct ByService<'p> {
    /// What it says, and where it stands.
    text: (Layer, &'p str),
    negated: bool,
    named: HashMap<&'p str, Vec<&'p Pattern>>,
    open: Vec<&'p Pattern>,
}

/// The service that a pattern names; nothing where it leaves that open.
fn service_of(pattern: &Pattern) -> Option<String> {
    match pattern.solid().first() {
        Some(Solid::Text(text)) => text.split_once(':').map(|(service, _)| service.to_owned()),
        _ => None,
    }
}

impl<'p> Index<'p> {
    pub(super) fn new(
        kind: PolicyKind,
        lines: &[Vec<Line<'p>>; 2],
        services: &'p BTreeSet<String>,
        is_bounded_alike: bool,
    ) -> Self {
        let by_service = |line: &Line<'p>| {
            let actions = &line.rule.actions;
            let mut found = ByService {
                text: (line.layer, line.text),
                negated: actions.negated,
                named: HashMap::new(),
                open: Vec::new(),
            };
            for pattern in &actions.patterns {
                let service = service_of(pattern).and_then(|service| services.get(&service));
                match service {
                    Some(service) => found.named.entry(service).or_default().push(pattern),
                    None => found.open.push(pattern),
                }
            }
            found
        };
        let lines = lines.each_ref().map(|lines| lines.iter().map(by_service).collect());
        Self { kind, lines, is_bounded_alike }
    }

    /// Whether the statements that can be about actions of a service are the same on both sides, word for word: then
    /// nothing there differs. Without a service, it is asked of all that no pattern names.
    pub(super) fn is_alike(&self, service: Option<&str>) -> bool {
        let [before, after] = self.lines.each_ref().map(|lines| -> BTreeSet<_> {
            let can_be = |line: &&ByService<'_>| {
                line.negated
                    || !line.open.is_empty()
                    || service.is_some_and(|service| line.named.contains_key(service))
            };
            lines.iter().filter(can_be).map(|line| line.text).collect()
        });
        self.is_bounded_alike && before == after
    }

    /// The services that patterns name.
    pub(super) fn services(kind: PolicyKind, lines: &[Vec<Line<'p>>; 2]) -> BTreeSet<String> {
        let patterns = lines.iter().flatten().flat_map(|line| &line.rule.actions.patterns);
        let mut services: BTreeSet<String> = patterns.filter_map(service_of).collect();
        if kind == PolicyKind::Resource {
            services.insert("sts".to_owned());
        }
        services
    }

    /// The group of an action; `service` where its service is one that some pattern names.
    fn group(&self, action: &Action, service: Option<&str>) -> Group {
        let lower = action.as_str().to_ascii_lowercase();
        let is_about = |line: &ByService<'_>| {
            let named = service.and_then(|service| line.named.get(service)).into_iter().flatten();
            let mut patterns = named.chain(&line.open);
            patterns.any(|pattern| pattern.matches_plain(&lower)) != line.negated
        };
        let about = |lines: &Vec<ByService<'_>>| {
            let about = lines.iter().enumerate().filter(|(_, line)| is_about(line));
            about.map(|(at, _)| at).collect()
        };
        let no_root = self.kind == PolicyKind::Resource && lower == "sts:assumerole";
        Group { lines: self.lines.each_ref().map(about), no_root }
    }

    pub(super) fn group_of(&self, action: &Action) -> Group {
        let lower = action.as_str().to_ascii_lowercase();
        self.group(action, lower.split_once(':').map(|(service, _)| service))
    }

    fn globs(&self, service: Option<&str>) -> Vec<Glob> {
        let lines = || self.lines.iter().flatten();
        let open = lines().flat_map(|line| &line.open);
        let named = lines().filter_map(|line| line.named.get(service?)).flatten();
        let mut told = HashSet::new();
        let globs = open.chain(named).map(|pattern| Glob::plain(pattern));
        globs.filter(|glob| told.insert(glob.clone())).collect()
    }

    /// All groups, each with actions.
    pub(super) fn groups(
        &self,
        services: &BTreeSet<String>,
        budget: &mut Budget,
    ) -> Result<Vec<Sampled>, Spent> {
        let mut places: HashMap<Group, usize> = HashMap::new();
        let mut groups: Vec<Sampled> = Vec::new();
        let mut add = |group: Group, action: Action, is_open: bool| {
            let at = *places.entry(group.clone()).or_insert(groups.len());
            match groups.get_mut(at) {
                Some(known) => {
                    known.samples.push(action);
                    known.is_open |= is_open;
                }
                None => groups.push(Sampled { group, samples: vec![action], is_open }),
            }
        };
        let lines = self.lines.iter().map(Vec::len).sum();
        for service in services.iter().filter(|service| !self.is_alike(Some(service.as_str()))) {
            let mut globs = self.globs(Some(service));
            globs.push(Glob::any_action_of(service));
            if self.kind == PolicyKind::Resource {
                globs.extend(Glob::folded("sts:assumerole"));
            }
            for text in texts(&globs, Some(ACTION_ALPHABET), budget)? {
                let is_own = text.split_once(':').is_some_and(|(of, _)| of == service);
                let Ok(action) = Action::parse(&text) else { continue };
                if is_own {
                    budget.spend(lines)?;
                    add(self.group(&action, Some(service)), action, false);
                }
            }
        }
        if self.is_alike(None) {
            return Ok(groups);
        }
        let mut globs = self.globs(None);
        globs.push(Glob::any_action());
        for text in texts(&globs, Some(ACTION_ALPHABET), budget)? {
            let Ok(action) = Action::parse(&text) else { continue };
            budget.spend(lines)?;
            add(self.group(&action, None), action, true);
        }
        Ok(groups)
    }
}
