//! The search for a request that one side allows and the other does not.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::budget::{Budget, Spent};
use super::case::{Case, Laid};
use super::groups::{Group, Index, Sampled};
use super::people::principals;
use super::space::{Ground, Space};
use super::stack::{Layer, Stack};
use super::witness::{Asked, Witness};
use super::{Change, Found, Vocabulary};
use crate::document::{Effect, Statement};
use crate::eval::policy::Rule;
use crate::eval::{Action, Context, Policy, PolicyKind, Principal, Request, Values};

/// How much is tried for one pair.
const MOST_STEPS: usize = 20_000_000;

/// How much of it for the classes of actions, and for the requests of one of them.
const MOST_STEPS_AT_ONCE: usize = 4_000_000;

/// With how many combinations of values for open variables it is tried to find a request.
const MOST_TRIALS: usize = 48;

/// A statement in its policy.
pub(super) struct Line<'p> {
    pub(super) rule: &'p Rule,
    pub(super) statement: &'p Statement,
    /// What it says: two of the same text are about the same requests.
    pub(super) text: &'p str,
    pub(super) layer: Layer,
    /// The numbers of the policy in its layer, and of the statement in it.
    pub(super) place: (usize, usize),
}

/// Two sides, ready to be searched.
pub(super) struct Search<'p> {
    pub(super) kind: PolicyKind,
    pub(super) sides: [&'p Stack; 2],
    pub(super) vocabulary: &'p Vocabulary<'p>,
    /// Whether one request of each kind is enough, and nothing more is to be told.
    pub(super) only_first: bool,
    /// Who asks, where that is known.
    pub(super) asker: Option<&'p Principal>,
    /// The callers that policies of resources tell apart; without them, all that the documents can.
    pub(super) callers: Option<&'p [Principal]>,
    /// The keys that are known.
    pub(super) fixed: &'p Context,
}

/// What was made ready for one search.
struct Run<'s, 'p> {
    search: &'s Search<'p>,
    lines: [Vec<Line<'p>>; 2],
    callers: Vec<Principal>,
    index: &'s Index<'p>,
    /// The actions of AWS's table, by their groups; only where all is told.
    known: BTreeMap<usize, Vec<String>>,
}

impl<'p> Search<'p> {
    /// What the later side allows beyond the earlier one, and the earlier one beyond the later.
    pub(super) fn run(&self) -> [Found; 2] {
        let lines = self.sides.map(lines);
        let services = Index::services(self.kind, &lines);
        let [before, after] = self.sides.map(Stack::is_bounded);
        let index = Index::new(self.kind, &lines, &services, before == after);
        let mut budget = Budget::new(MOST_STEPS);
        let Ok(groups) = budget.within(MOST_STEPS_AT_ONCE, |budget| index.groups(&services, budget)) else {
            let why = || Found::unknown("the patterns of actions are too many to be told apart");
            return [why(), why()];
        };
        let callers = match (self.kind, self.callers) {
            (PolicyKind::Principal, _) => Vec::new(),
            (_, Some(callers)) => callers.to_vec(),
            (_, None) => principals(self.sides.iter().flat_map(|side| side.documents())),
        };
        let known = if self.only_first { BTreeMap::new() } else { self.known(&services, &index, &groups) };
        let run = Run { search: self, lines, callers, index: &index, known };
        let added = budget.within(MOST_STEPS / 2, |budget| run.side(Side::After, &groups, budget));
        [added, run.side(Side::Before, &groups, &mut budget)]
    }

    /// The actions of the services that patterns name, by the number of their group.
    fn known(
        &self,
        services: &BTreeSet<String>,
        index: &Index<'p>,
        groups: &[Sampled],
    ) -> BTreeMap<usize, Vec<String>> {
        let places: HashMap<&Group, usize> =
            groups.iter().enumerate().map(|(at, sampled)| (&sampled.group, at)).collect();
        let mut known: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let differing = services.iter().filter(|service| !index.is_alike(Some(service.as_str())));
        for text in differing.flat_map(|service| (self.vocabulary.actions)(&format!("{service}:*"))) {
            let group = Action::parse(&text).ok().map(|action| index.group_of(&action));
            if let Some(at) = group.and_then(|group| places.get(&group)) {
                known.entry(*at).or_default().push(text);
            }
        }
        known
    }
}

impl<'p> Run<'_, 'p> {
    /// What one side allows and the other does not.
    fn side(&self, side: Side, groups: &[Sampled], budget: &mut Budget) -> Found {
        let mut found = Found { changes: Vec::new(), doubt: None };
        for (at, sampled) in groups.iter().enumerate() {
            let one = budget.within(MOST_STEPS_AT_ONCE, |budget| self.of_group(side, at, sampled, budget));
            match one {
                Ok(Outcome::No) => {}
                Ok(Outcome::Yes(change)) => found.changes.push(*change),
                Ok(Outcome::Unknown(why)) => {
                    found.doubt.get_or_insert(why);
                }
                Err(Spent) => {
                    found.doubt.get_or_insert("there are too many cases to go through".to_owned());
                }
            }
            if self.search.only_first && !found.changes.is_empty() {
                break;
            }
        }
        found
    }

    fn of_group(
        &self,
        side: Side,
        number: usize,
        sampled: &Sampled,
        budget: &mut Budget,
    ) -> Result<Outcome, Spent> {
        let [own, other] = self.pair(side, &sampled.group);
        let stacks = side.first(self.search.sides);
        let case = Case::new(&own, &other, stacks.map(Stack::is_bounded));
        if case.is_settled() {
            return Ok(Outcome::No);
        }
        let ground = Ground {
            kind: self.search.kind,
            principals: &self.callers,
            no_root: sampled.group.no_root,
            vocabulary: self.search.vocabulary,
            fixed: self.search.fixed,
        };
        let rules: Vec<&Rule> = own.iter().chain(&other).map(|line| line.rule).collect();
        let space = Space::new(&ground, &rules, budget)?;
        if case.laid(&space, budget)?.find(&space, false, budget)?.is_none() {
            return Ok(Outcome::No);
        }
        let asked = self.asked(stacks, sampled, &own);
        let mut try_in = |space: &Space<'_>| -> Result<Option<Outcome>, Spent> {
            let laid = case.laid(space, budget)?;
            let Some(classes) = laid.find(space, true, budget)? else { return Ok(None) };
            let Some(request) = asked.confirm(&space.point(&classes)) else { return Ok(None) };
            Ok(Some(self.found(number, sampled, &asked, request, (&laid, space), budget)))
        };
        if let Some(found) = try_in(&space)? {
            return Ok(found);
        }
        for fixed in trials(&rules, &space, self.search.fixed) {
            let ground = Ground { fixed: &fixed, ..ground };
            // What one choice of values costs does not count for the rest of the search.
            let space = Space::new(&ground, &rules, &mut Budget::new(MOST_STEPS_AT_ONCE / MOST_TRIALS))?;
            if let Some(found) = try_in(&space)? {
                return Ok(found);
            }
        }
        Ok(Outcome::Unknown(space.doubt()))
    }

    fn found(
        &self,
        number: usize,
        sampled: &Sampled,
        asked: &Asked<'_>,
        request: Request,
        (laid, space): (&Laid<'_>, &Space<'_>),
        budget: &mut Budget,
    ) -> Outcome {
        let witness = Witness(request);
        if self.search.only_first {
            let change = Change { actions: Vec::new(), witness, is_open: false, ways: Vec::new() };
            return Outcome::Yes(Box::new(change));
        }
        let mut actions = self.known.get(&number).cloned().unwrap_or_default();
        if actions.is_empty() && !sampled.is_open {
            actions = asked.actions();
        }
        actions.sort_unstable();
        actions.dedup();
        let ways = laid.ways(space, budget);
        Outcome::Yes(Box::new(Change { actions, witness, is_open: sampled.is_open, ways }))
    }

    fn asked<'a>(
        &'a self,
        [own_side, other_side]: [&'a Stack; 2],
        sampled: &'a Sampled,
        own: &'a [&Line<'p>],
    ) -> Asked<'a> {
        let mut patterns = Vec::new();
        for line in own.iter().filter(|line| line.rule.effect == Effect::Allow) {
            let clause = line.statement.actions.as_ref();
            let texts = clause.filter(|clause| !clause.negated).map_or(&[][..], |clause| &clause.patterns);
            patterns.extend(texts.iter().map(|pattern| pattern.text.as_str()));
        }
        Asked {
            kind: self.search.kind,
            own: own_side,
            other: other_side,
            asker: self.search.asker,
            samples: &sampled.samples,
            patterns,
            known: self.search.vocabulary.actions,
            is_alike: Box::new(move |action| self.index.group_of(action) == sampled.group),
            rules: own.iter().map(|line| line.rule).collect(),
        }
    }

    /// The statements about the actions, those of the side first of which it is asked what it has beyond the other.
    fn pair(&self, side: Side, group: &Group) -> [Vec<&Line<'p>>; 2] {
        let [before, after] = &self.lines;
        let [of_before, of_after] = &group.lines;
        let before = of_before.iter().filter_map(|at| before.get(*at)).collect();
        let after = of_after.iter().filter_map(|at| after.get(*at)).collect();
        side.first([before, after])
    }
}

/// What is known of one group of actions.
enum Outcome {
    No,
    Yes(Box<Change>),
    Unknown(String),
}

/// One of two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

impl Side {
    /// Two things, of which the one of this side comes first.
    fn first<T>(self, [before, after]: [T; 2]) -> [T; 2] {
        match self {
            Side::Before => [before, after],
            Side::After => [after, before],
        }
    }
}

/// The statements of a side.
fn lines(stack: &Stack) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for (layer, policies) in stack.layers() {
        for (number, policy) in policies.iter().enumerate() {
            let policy: &Policy = policy;
            let rules = policy.rules().iter().zip(policy.document().statements()).zip(policy.texts());
            lines.extend(rules.enumerate().map(|(at, ((rule, statement), text))| Line {
                rule,
                statement,
                text,
                layer,
                place: (number, at),
            }));
        }
    }
    lines
}

/// Values for the keys that variables stand for, some combinations of them.
fn trials(rules: &[&Rule], space: &Space<'_>, fixed: &Context) -> Vec<Context> {
    let keys: BTreeSet<&str> =
        rules.iter().flat_map(|rule| rule.variables()).map(|variable| &*variable.key).collect();
    let mut trials = vec![fixed.clone()];
    for key in keys.into_iter().filter(|key| fixed.value(key).is_none()) {
        let mut values = vec![Values::One("example".to_owned()), Values::Absent];
        values.extend(space.samples(key).into_iter().filter(|values| *values != Values::Absent).take(4));
        let with = |context: &Context, values: &Values| {
            let mut context = context.clone();
            context.set(key, values.clone());
            context
        };
        trials = values
            .iter()
            .flat_map(|values| trials.iter().map(move |context| with(context, values)))
            .collect();
        trials.truncate(MOST_TRIALS);
    }
    // Without variables, everything was tried already.
    trials.retain(|context| context != fixed);
    trials
}
