//! The search for a request that one document allows and the other does not.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::budget::{Budget, Spent};
use super::cells::Cell;
use super::language::{Glob, texts};
use super::people::principals;
use super::space::{Ground, Space};
use super::witness::{Asked, Witness};
use super::{Access, Change, Difference, Vocabulary};
use crate::canonical::Element;
use crate::document::{Document, Effect, Statement};
use crate::eval::policy::Rule;
use crate::eval::{Action, Context, Policy, PolicyKind, Principal, Request, Values};

/// How much is tried for one pair of documents.
const MOST_STEPS: usize = 20_000_000;

/// How much of it for the classes of actions, and for the requests of one of them.
const MOST_STEPS_AT_ONCE: usize = 4_000_000;

/// With how many combinations of values for open variables it is tried to find a request.
const MOST_TRIALS: usize = 48;

/// The characters of the names of actions, as far as their case does not count.
const ACTION_ALPHABET: &str = "example0123456789bcdfghijknoqrstuvwyz-_.:";

/// A statement in its document.
struct Line<'p> {
    rule: &'p Rule,
    statement: &'p Statement,
    /// What it says, but for its `Sid`: two of the same text are about the same requests.
    text: String,
}

/// Two documents, ready to be searched.
pub(super) struct Search<'p> {
    kind: PolicyKind,
    policies: [&'p Policy; 2],
    lines: [Vec<Line<'p>>; 2],
    principals: Vec<Principal>,
    vocabulary: &'p Vocabulary<'p>,
    /// Whether one request of each kind is enough.
    pub(super) only_first: bool,
}

/// Actions that all statements treat alike: those of each document that are about them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Group {
    lines: [Vec<usize>; 2],
    /// Whether it is the action that root users cannot do.
    no_root: bool,
}

impl<'p> Search<'p> {
    pub(super) fn new(kind: PolicyKind, policies: [&'p Policy; 2], vocabulary: &'p Vocabulary<'p>) -> Self {
        let lines = policies.map(lines);
        let documents = policies.map(Policy::document);
        let principals = if kind == PolicyKind::Resource { principals(documents) } else { Vec::new() };
        Self { kind, policies, lines, principals, vocabulary, only_first: true }
    }

    pub(super) fn run(&self) -> Difference {
        let mut budget = Budget::new(MOST_STEPS);
        let Ok(groups) = budget.within(MOST_STEPS_AT_ONCE, |budget| self.groups(budget)) else {
            let why = || Access::Unknown("the patterns of actions are too many to be told apart".to_owned());
            return Difference { added: why(), removed: why() };
        };
        let added = budget.within(MOST_STEPS / 2, |budget| self.side(Side::After, &groups, budget));
        Difference { added, removed: self.side(Side::Before, &groups, &mut budget) }
    }

    /// All actions there can be, by the statements about them.
    fn groups(&self, budget: &mut Budget) -> Result<Vec<(Group, Vec<Action>)>, Spent> {
        let mut told = HashSet::new();
        let patterns = self.lines.iter().flatten().flat_map(|line| &line.rule.actions.patterns);
        let mut globs: Vec<Glob> =
            patterns.map(Glob::plain).filter(|glob| told.insert(glob.clone())).collect();
        globs.push(Glob::any_action());
        if self.kind == PolicyKind::Resource {
            globs.extend(Glob::folded("sts:assumerole"));
        }
        let mut places: HashMap<Group, usize> = HashMap::new();
        let mut groups: Vec<(Group, Vec<Action>)> = Vec::new();
        for text in texts(&globs, Some(ACTION_ALPHABET), budget)? {
            let Ok(action) = Action::parse(&text) else { continue };
            budget.spend(self.lines.iter().map(Vec::len).sum())?;
            let group = self.group_of(&action);
            let at = *places.entry(group.clone()).or_insert(groups.len());
            match groups.get_mut(at) {
                Some((_, actions)) => actions.push(action),
                None => groups.push((group, vec![action])),
            }
        }
        Ok(groups)
    }

    fn group_of(&self, action: &Action) -> Group {
        let about = |lines: &Vec<Line<'_>>| {
            let about = lines.iter().enumerate().filter(|(_, line)| line.rule.is_about_action(action));
            about.map(|(at, _)| at).collect()
        };
        let no_root =
            self.kind == PolicyKind::Resource && action.as_str().eq_ignore_ascii_case("sts:assumerole");
        Group { lines: self.lines.each_ref().map(about), no_root }
    }

    /// What the document of one side allows and the other does not.
    fn side(&self, side: Side, groups: &[(Group, Vec<Action>)], budget: &mut Budget) -> Access {
        let mut changes = Vec::new();
        let mut doubt = None;
        for (group, actions) in groups {
            let found =
                budget.within(MOST_STEPS_AT_ONCE, |budget| self.of_group(side, group, actions, budget));
            match found {
                Ok(Access::No) => {}
                Ok(Access::Yes(found)) => changes.extend(found),
                Ok(Access::Unknown(why)) => {
                    doubt.get_or_insert(why);
                }
                Err(Spent) => {
                    doubt.get_or_insert("there are too many cases to go through".to_owned());
                }
            }
            if self.only_first && !changes.is_empty() {
                break;
            }
        }
        match (changes.is_empty(), doubt) {
            (false, _) => Access::Yes(changes),
            (true, Some(why)) => Access::Unknown(why),
            (true, None) => Access::No,
        }
    }

    fn of_group(
        &self,
        side: Side,
        group: &Group,
        actions: &[Action],
        budget: &mut Budget,
    ) -> Result<Access, Spent> {
        let [own, other] = self.pair(side, group);
        let case = Case::new(&own, &other);
        if case.is_settled() {
            return Ok(Access::No);
        }
        let nothing = Context::new();
        let ground = Ground {
            kind: self.kind,
            principals: &self.principals,
            no_root: group.no_root,
            vocabulary: self.vocabulary,
            fixed: &nothing,
        };
        let rules: Vec<&Rule> = own.iter().chain(&other).map(|line| line.rule).collect();
        let space = Space::new(&ground, &rules, budget)?;
        if case.find(&space, false, budget)?.is_none() {
            return Ok(Access::No);
        }
        let asked = self.asked(side, group, actions, &own);
        let try_in = |space: &Space<'_>, budget: &mut Budget| -> Result<Option<Request>, Spent> {
            let point = case.find(space, true, budget)?;
            Ok(point.and_then(|classes| asked.confirm(&space.point(&classes))))
        };
        if let Some(request) = try_in(&space, budget)? {
            return Ok(self.found(&asked, request));
        }
        for fixed in trials(&rules, &space) {
            let ground = Ground { fixed: &fixed, ..ground };
            let space = Space::new(&ground, &rules, budget)?;
            if let Some(request) = try_in(&space, budget)? {
                return Ok(self.found(&asked, request));
            }
        }
        Ok(Access::Unknown(space.doubt()))
    }

    fn found(&self, asked: &Asked<'_>, request: Request) -> Access {
        let actions = if self.only_first { Vec::new() } else { asked.actions() };
        Access::Yes(vec![Change { actions, witness: Witness(request) }])
    }

    fn asked<'a>(
        &'a self,
        side: Side,
        group: &'a Group,
        actions: &'a [Action],
        own: &'a [&Line<'p>],
    ) -> Asked<'a> {
        let [own_policy, other_policy] = side.first(self.policies);
        let mut patterns = Vec::new();
        for line in own.iter().filter(|line| line.rule.effect == Effect::Allow) {
            let clause = line.statement.actions.as_ref();
            let texts = clause.filter(|clause| !clause.negated).map_or(&[][..], |clause| &clause.patterns);
            patterns.extend(texts.iter().map(|pattern| pattern.text.as_str()));
        }
        Asked {
            kind: self.kind,
            own: own_policy,
            other: other_policy,
            samples: actions,
            patterns,
            known: self.vocabulary.actions,
            is_alike: Box::new(move |action| self.group_of(action) == *group),
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

/// One of two documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
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

/// The statements of a document.
fn lines(policy: &Policy) -> Vec<Line<'_>> {
    let document: &Document = policy.document();
    // Variables are none in other versions.
    let variables = document.version() == Some("2012-10-17");
    let texts = document.canonical_statements().into_iter().map(|statement| {
        let elements: Vec<_> =
            statement.elements().filter(|(element, _)| **element != Element::Sid).collect();
        format!("{variables} {elements:?}")
    });
    let rules = policy.rules().iter().zip(document.statements());
    rules.zip(texts).map(|((rule, statement), text)| Line { rule, statement, text }).collect()
}

/// What has to be looked for: a request that one document allows, and that the other does not, or denies.
struct Case<'c> {
    own_allows: Vec<&'c Rule>,
    own_denies: Vec<&'c Rule>,
    other_allows: Vec<&'c Rule>,
    /// Statements of one document that the other one does not have as well.
    new_allows: Vec<&'c Rule>,
    new_denies: Vec<&'c Rule>,
}

impl<'c> Case<'c> {
    fn new(own: &[&'c Line<'_>], other: &[&'c Line<'_>]) -> Self {
        let texts = |lines: &[&'c Line<'_>]| -> BTreeSet<&'c str> {
            lines.iter().map(|line| line.text.as_str()).collect()
        };
        let (own_texts, other_texts) = (texts(own), texts(other));
        let those = |lines: &[&'c Line<'_>], effect: Effect, without: &BTreeSet<&str>| -> Vec<&'c Rule> {
            let lines = lines.iter().filter(|line| line.rule.effect == effect);
            lines.filter(|line| !without.contains(line.text.as_str())).map(|line| line.rule).collect()
        };
        let all = BTreeSet::new();
        Self {
            own_allows: those(own, Effect::Allow, &all),
            own_denies: those(own, Effect::Deny, &all),
            other_allows: those(other, Effect::Allow, &all),
            new_allows: those(own, Effect::Allow, &other_texts),
            new_denies: those(other, Effect::Deny, &own_texts),
        }
    }

    /// Whether the texts alone show that there is no such request.
    fn is_settled(&self) -> bool {
        self.own_allows.is_empty() || (self.new_allows.is_empty() && self.new_denies.is_empty())
    }

    /// A class of each part of such a request, of those that are surely there or of all.
    fn find(
        &self,
        space: &Space<'_>,
        surely: bool,
        budget: &mut Budget,
    ) -> Result<Option<Vec<usize>>, Spent> {
        let cells =
            |rules: &[&Rule]| -> Vec<Cell> { rules.iter().flat_map(|rule| space.cells(rule)).collect() };
        let started = |cell: &Cell| if surely { space.surely(cell) } else { cell.clone() };
        let own_denies = cells(&self.own_denies);
        let new_denies = cells(&self.new_denies);
        let other_allows = cells(&self.other_allows);
        let not_allowed: Vec<&Cell> = own_denies.iter().chain(&other_allows).collect();
        for cell in cells(&self.new_allows) {
            if let Some(found) = started(&cell).escape(&not_allowed, budget)? {
                return Ok(Some(found));
            }
        }
        let denied: Vec<&Cell> = own_denies.iter().collect();
        for cell in cells(&self.own_allows) {
            for deny in &new_denies {
                budget.spend(cell.0.len().saturating_add(1))?;
                if let Some(found) = started(&cell.and(deny)).escape(&denied, budget)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }
}

/// Values for the keys that variables stand for, some combinations of them.
fn trials(rules: &[&Rule], space: &Space<'_>) -> Vec<Context> {
    let keys: BTreeSet<&str> =
        rules.iter().flat_map(|rule| rule.variables()).map(|variable| &*variable.key).collect();
    let mut trials = vec![Context::new()];
    for key in keys {
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
    trials.retain(|context| context.iter().next().is_some());
    trials
}
