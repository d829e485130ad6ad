//! Requests for the same actions, divided by what the statements about these actions can tell apart.
//!
//! Each thing that a request states is a part: the principal, the resource, each condition key. What a variable
//! stands for is no part of its own: where its key is left open, a condition or a resource that uses it may
//! match or not, whatever the rest is. So the requests that are looked through are all there are, and maybe
//! more; where none is found, there is none.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Vocabulary;
use super::budget::{Budget, Spent};
use super::cells::{Bits, Cell};
use super::keys::{Key, KeyClass};
use super::language::{Glob, Wild, texts};
use crate::document::Effect;
use crate::eval::arn::ArnPattern;
use crate::eval::condition::{Condition, Expected};
use crate::eval::context::{Context, Values, View};
use crate::eval::pattern::{Comparison, Pattern, Resolved, Solid, matches};
use crate::eval::policy::{Resources, Rule};
use crate::eval::principal::Naming;
use crate::eval::{PolicyKind, Principal, PrincipalKind};

/// With more open resources than this, they are not compared with each other.
const MOST_COVERED: usize = 40;

/// What requests state, and the classes of it.
enum Part {
    Principal,
    Resource(Vec<String>),
    Key(String, Vec<KeyClass>),
    /// Whether a condition with an open variable holds.
    Condition,
    /// How a resource with an open variable compares: a match, none, or nothing to compare.
    Variable,
}

/// The requests for some actions.
pub(crate) struct Space<'p> {
    principals: &'p [Principal],
    fixed: &'p Context,
    /// Whether root users are left out, who cannot assume roles.
    no_root: bool,
    parts: Vec<Part>,
    /// The classes of each part that requests surely have.
    sure: Cell,
    /// Where parts with a name are.
    named: BTreeMap<String, usize>,
    /// Resources with open variables, and their parts.
    open: Vec<(usize, Pattern)>,
    /// The part of a condition, and its place among the conditions there.
    places: HashMap<*const Condition, (usize, usize)>,
}

/// A request that was found, but for its action.
pub(crate) struct Point {
    pub(crate) principal: Option<Principal>,
    pub(crate) resource: Option<String>,
    pub(crate) context: Context,
}

/// What a space is made for.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'p> {
    pub(crate) kind: PolicyKind,
    pub(crate) principals: &'p [Principal],
    pub(crate) no_root: bool,
    pub(crate) vocabulary: &'p Vocabulary<'p>,
    /// Keys that have one value, or none, in all requests.
    pub(crate) fixed: &'p Context,
}

impl<'p> Space<'p> {
    pub(crate) fn new(ground: &Ground<'p>, rules: &[&Rule], budget: &mut Budget) -> Result<Self, Spent> {
        let mut space = Self {
            principals: ground.principals,
            fixed: ground.fixed,
            no_root: ground.no_root,
            parts: Vec::new(),
            sure: Cell(Vec::new()),
            named: BTreeMap::new(),
            open: Vec::new(),
            places: HashMap::new(),
        };
        if ground.kind == PolicyKind::Resource {
            space.add(Part::Principal, "principal", Bits::all(ground.principals.len()));
        }
        if rules.iter().any(|rule| rule.resources.is_some()) {
            let resources = space.resources(rules, budget)?;
            let sure = Bits::all(resources.len());
            space.add(Part::Resource(resources), "resource", sure);
        }
        let mut by_key: BTreeMap<&str, Vec<&Condition>> = BTreeMap::new();
        for condition in rules.iter().flat_map(|rule| &rule.conditions) {
            if is_closed(condition, ground.fixed) {
                by_key.entry(&condition.key).or_default().push(condition);
            } else {
                let at = space.add_open(Part::Condition, &name_of(condition), 2);
                space.places.insert(std::ptr::from_ref(condition), (at, 0));
            }
        }
        for (key, conditions) in by_key {
            let kind = (ground.vocabulary.key)(key);
            let found =
                Key { name: key, conditions: &conditions, fixed: ground.fixed, kind }.classes(budget)?;
            let sure = Bits::of(found.iter().map(|class| class.values.is_some()));
            let part = space.add(Part::Key(key.to_owned(), found), &format!("key {key}"), sure);
            let places = conditions.iter().enumerate();
            space.places.extend(places.map(|(at, on)| (std::ptr::from_ref(*on), (part, at))));
        }
        let patterns = rules.iter().filter_map(|rule| rule.resources.as_ref()).flat_map(|of| &of.patterns);
        for pattern in patterns.filter(|pattern| space.is_open(pattern)).collect::<Vec<_>>() {
            let at = space.add_open(Part::Variable, &format!("{pattern:?}"), 3);
            if space.open.iter().all(|(known, _)| *known != at) {
                space.open.push((at, pattern.clone()));
            }
        }
        Ok(space)
    }

    /// Adds a part, unless there is one of this name; says where it is.
    fn add(&mut self, part: Part, name: &str, sure: Bits) -> usize {
        if let Some(at) = self.named.get(name) {
            return *at;
        }
        let at = self.parts.len();
        self.named.insert(name.to_owned(), at);
        self.parts.push(part);
        self.sure.0.push(sure);
        at
    }

    fn add_open(&mut self, part: Part, name: &str, classes: usize) -> usize {
        self.add(part, name, Bits::of(std::iter::repeat_n(false, classes)))
    }

    fn view(&self) -> View<'p> {
        View { context: self.fixed, open: true }
    }

    fn is_open(&self, pattern: &Pattern) -> bool {
        matches!(pattern.resolve(self.view()), Resolved::Unknown)
    }

    /// A resource of each class.
    fn resources(&self, rules: &[&Rule], budget: &mut Budget) -> Result<Vec<String>, Spent> {
        let patterns = rules.iter().filter_map(|rule| rule.resources.as_ref()).flat_map(|of| &of.patterns);
        let mut globs = Vec::new();
        for pattern in patterns {
            match pattern.resolve(self.view()) {
                Resolved::Pieces(pieces) => globs.push(Glob::of(&pieces, Wild::Any)),
                Resolved::Unknown => globs.push(Glob::of(&pattern.hull(), Wild::Any)),
                Resolved::Missing => {}
            }
        }
        let mut told = HashSet::new();
        globs.retain(|glob: &Glob| told.insert(glob.clone()));
        // Requests name a resource: it is never empty, which one more pattern can tell.
        globs.push(Glob::some_text());
        let mut found = texts(&globs, None, budget)?;
        found.retain(|text| !text.is_empty());
        Ok(found)
    }

    fn everything(&self) -> Cell {
        let mut all = self.everything_at_all();
        if let Some(at) = self.named.get("principal").filter(|_| self.no_root) {
            let is_root = |principal: &Principal| matches!(principal.kind(), PrincipalKind::Root { .. });
            all.limit(*at, &Bits::of(self.principals.iter().map(|principal| !is_root(principal))));
        }
        all
    }

    fn everything_at_all(&self) -> Cell {
        let bits = self.parts.iter().map(|part| match part {
            Part::Principal => Bits::all(self.principals.len()),
            Part::Resource(classes) => Bits::all(classes.len()),
            Part::Key(_, classes) => Bits::all(classes.len()),
            Part::Condition => Bits::all(2),
            Part::Variable => Bits::all(3),
        });
        Cell(bits.collect())
    }

    /// The requests a statement is about.
    pub(crate) fn cells(&self, rule: &Rule) -> Vec<Cell> {
        self.cells_with(rule, rule.resources.as_ref())
    }

    fn cells_with(&self, rule: &Rule, resources: Option<&Resources>) -> Vec<Cell> {
        let mut cell = self.everything();
        if let Some(at) = self.named.get("principal") {
            cell.limit(*at, &Bits::of(self.principals.iter().map(|principal| reaches(rule, principal))));
        }
        for condition in &rule.conditions {
            let Some((part, place)) = self.places.get(&std::ptr::from_ref(condition)) else { continue };
            let holds = match self.parts.get(*part) {
                Some(Part::Key(_, classes)) => {
                    Bits::of(classes.iter().map(|class| class.holds.get(*place) == Some(&true)))
                }
                _ => Bits::of([true, false]),
            };
            cell.limit(*part, &holds);
        }
        let mut cells = self.with_resources(resources, cell);
        cells.retain(|cell| !cell.is_empty());
        cells
    }

    /// The same for each pattern of its resources on its own; for all of them at once where they are told by what they
    /// are not.
    pub(crate) fn cells_by_pattern(&self, rule: &Rule) -> Vec<(Option<usize>, Cell)> {
        let Some(resources) = rule.resources.as_ref().filter(|resources| !resources.negated) else {
            return self.cells(rule).into_iter().map(|cell| (None, cell)).collect();
        };
        let mut found = Vec::new();
        for (at, pattern) in resources.patterns.iter().enumerate() {
            let only = Resources { negated: false, patterns: vec![pattern.clone()] };
            let mut cells = self.cells_with(rule, Some(&only));
            cells.retain(|cell| !cell.is_empty());
            found.extend(cells.into_iter().map(|cell| (Some(at), cell)));
        }
        found
    }

    /// A cell, divided into requests with MFA and all others; nothing where no condition looks at it.
    pub(crate) fn by_mfa(&self, cell: &Cell) -> Option<[Cell; 2]> {
        let part = *self.named.get("key aws:multifactorauthpresent")?;
        let Some(Part::Key(_, classes)) = self.parts.get(part) else { return None };
        let is_with = |class: &KeyClass| match &class.values {
            Some(Values::One(value)) => value.eq_ignore_ascii_case("true"),
            _ => false,
        };
        let limited = |with: bool| {
            let mut cell = cell.clone();
            cell.limit(part, &Bits::of(classes.iter().map(|class| is_with(class) == with)));
            cell
        };
        Some([limited(true), limited(false)])
    }

    /// Of the requests, those about the resources of a statement. One that names several in different ways
    /// falls into several sets.
    fn with_resources(&self, resources: Option<&Resources>, mut cell: Cell) -> Vec<Cell> {
        let Some(resources) = resources else { return vec![cell] };
        let part = self.named.get("resource").copied().unwrap_or(usize::MAX);
        let Some(Part::Resource(samples)) = self.parts.get(part) else { return Vec::new() };
        let mut closed = Vec::new();
        let mut open = Vec::new();
        for pattern in &resources.patterns {
            match pattern.resolve(self.view()) {
                Resolved::Unknown => open.extend(self.covered(pattern, resources.negated)),
                // With a variable that has no value, `NotResource` is about nothing.
                Resolved::Missing if resources.negated => return Vec::new(),
                Resolved::Missing => {}
                Resolved::Pieces(_) => closed.push(pattern),
            }
        }
        let is_named = |text: &String| {
            closed.iter().any(|pattern| pattern.compare(text, self.view()) == Comparison::Match)
        };
        let named = Bits::of(samples.iter().map(|text| is_named(text) != resources.negated));
        if resources.negated {
            cell.limit(part, &named);
            open.iter().for_each(|(at, _)| cell.limit(*at, &Bits::of([false, true, false])));
            return vec![cell];
        }
        let matching = open.iter().map(|(at, hull)| {
            let mut cell = cell.clone();
            cell.limit(part, &Bits::of(samples.iter().map(|text| matches(hull, text))));
            cell.limit(*at, &Bits::of([true, false, false]));
            cell
        });
        let mut cells: Vec<Cell> = matching.collect();
        cell.limit(part, &named);
        cells.push(cell);
        cells
    }

    /// The parts of a resource with an open variable, and of those that it covers.
    fn covered(&self, pattern: &Pattern, only_itself: bool) -> Vec<(usize, Vec<Solid<'_>>)> {
        let few = self.open.len() <= MOST_COVERED && !only_itself;
        let is_covered = |other: &Pattern| other == pattern || (few && pattern.always_covers(other));
        let covered = self.open.iter().filter(|(_, other)| is_covered(other));
        covered.map(|(at, other)| (*at, other.hull())).collect()
    }

    /// The requests of a cell that are surely there.
    pub(crate) fn surely(&self, cell: &Cell) -> Cell {
        cell.and(&self.sure)
    }

    /// Why a request that was found may not be there.
    pub(crate) fn doubt(&self) -> String {
        for part in &self.parts {
            match part {
                Part::Condition => return "a condition compares a key with a variable".to_owned(),
                Part::Variable => return "a resource is named by a variable".to_owned(),
                Part::Key(key, classes) if classes.iter().any(|class| class.values.is_none()) => {
                    return format!("the key `{key}` is compared as values of several types");
                }
                _ => {}
            }
        }
        "a request that was found is not confirmed".to_owned()
    }

    /// The request of a class of each part.
    pub(crate) fn point(&self, classes: &[usize]) -> Point {
        let mut point = Point { principal: None, resource: None, context: self.fixed.clone() };
        for (part, class) in self.parts.iter().zip(classes) {
            match part {
                Part::Principal => point.principal = self.principals.get(*class).cloned(),
                Part::Resource(samples) => point.resource = samples.get(*class).cloned(),
                Part::Key(key, found) => {
                    if let Some(values) = found.get(*class).and_then(|class| class.values.clone()) {
                        point.context.set(key, values);
                    }
                }
                Part::Condition | Part::Variable => {}
            }
        }
        point
    }

    /// A few values for a key that is used as a variable: those that conditions on it can tell apart.
    pub(crate) fn samples(&self, key: &str) -> Vec<Values> {
        match self.named.get(&format!("key {key}")).and_then(|at| self.parts.get(*at)) {
            Some(Part::Key(_, classes)) => classes.iter().filter_map(|class| class.values.clone()).collect(),
            _ => Vec::new(),
        }
    }
}

/// Whether a statement is about a principal in a way that counts. A federated user has nothing of what its user
/// or account is granted, and is denied what they are.
fn reaches(rule: &Rule, principal: &Principal) -> bool {
    let (about, naming) = rule.is_about(principal, false, false);
    let is_federated = matches!(principal.kind(), PrincipalKind::FederatedUser { .. });
    about.is_true() && (rule.effect == Effect::Deny || !is_federated || naming == Naming::Direct)
}

/// Whether all variables of a condition have a value.
fn is_closed(condition: &Condition, fixed: &Context) -> bool {
    condition.variables().all(|variable| fixed.value(&variable.key).is_some())
}

/// Two conditions of the same name hold for the same requests.
fn name_of(condition: &Condition) -> String {
    let texts = |patterns: &[Pattern]| {
        let mut texts: Vec<String> = patterns.iter().map(|pattern| format!("{pattern:?}")).collect();
        texts.sort_unstable();
        texts
    };
    let values = match condition.expected() {
        Expected::Text(patterns) | Expected::IgnoringCase(patterns) | Expected::Bools(patterns) => {
            texts(patterns)
        }
        Expected::Arns(patterns) => {
            let mut texts: Vec<String> =
                patterns.iter().map(|pattern: &ArnPattern| format!("{pattern:?}")).collect();
            texts.sort_unstable();
            texts
        }
        other => vec![format!("{other:?}")],
    };
    // `StringLike` without wildcards is `StringEquals`.
    let kind = std::mem::discriminant(condition.expected());
    let operator = condition.operator();
    let how = (operator.quantifier, operator.negated, operator.if_exists, kind);
    format!("{how:?} {} {values:?}", condition.key)
}
