//! What has to be looked for, for one group of actions: a request that one side allows, and that the other does not,
//! or denies.

use std::collections::BTreeSet;

use super::budget::{Budget, Spent};
use super::cells::Cell;
use super::search::Line;
use super::space::Space;
use super::stack::Layer;
use crate::document::Effect;

/// How many ways are told of one group of actions.
const MOST_WAYS: usize = 64;

/// Statements by which something is allowed on the one side and not on the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The one that allows it.
    pub allow: Part,
    /// The one of the boundary that allows it as well, where there is a boundary.
    pub boundary: Option<Part>,
    /// The one of the other side that denies it, where it is not only that nothing allows it there.
    pub denied: Option<Part>,
    /// Those of the own side that deny some of it.
    pub except: Vec<Part>,
    /// What it has to do with MFA.
    pub mfa: Mfa,
}

/// A statement of a [`Stack`](super::Stack); all count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// The layer.
    pub layer: Layer,
    /// The policy in it.
    pub policy: usize,
    /// The statement in the policy.
    pub statement: usize,
    /// The pattern of its `Resource`; nothing for all of them, or for `NotResource`.
    pub pattern: Option<usize>,
}

/// What a way has to do with `aws:MultiFactorAuthPresent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mfa {
    /// Nothing: requests with it and without it are among those that differ, or no statement looks at it.
    Alike,
    /// Only requests with MFA differ; those without are allowed on neither side.
    Only,
    /// Only requests without MFA differ; those with it are allowed on both sides.
    Spared,
    /// Only requests without MFA differ.
    Without,
}

/// An Allow, with one of the boundary where there is one.
#[derive(Clone, Copy)]
struct Grant<'c> {
    allow: &'c Line<'c>,
    bound: Option<&'c Line<'c>>,
}

impl Grant<'_> {
    fn texts(&self) -> (&str, Option<&str>) {
        (self.allow.text, self.bound.map(|bound| bound.text))
    }
}

pub(super) struct Case<'c> {
    own_grants: Vec<Grant<'c>>,
    other_grants: Vec<Grant<'c>>,
    /// Which of the own grants the other side does not have as well.
    is_new: Vec<bool>,
    own_denies: Vec<&'c Line<'c>>,
    /// Those of the other side that the own side does not have as well.
    new_denies: Vec<&'c Line<'c>>,
}

/// A case in a space: the sets of requests that its statements are about.
pub(super) struct Laid<'c> {
    case: &'c Case<'c>,
    own: Vec<Vec<Cell>>,
    other: Vec<Cell>,
    own_denies: Vec<Cell>,
    new_denies: Vec<Cell>,
}

fn grants<'c>(lines: &[&'c Line<'c>], bounded: bool) -> Vec<Grant<'c>> {
    let allows = |layer: Layer| {
        let allows = move |line: &&&'c Line<'c>| line.layer == layer && line.rule.effect == Effect::Allow;
        lines.iter().filter(allows).copied()
    };
    let mut grants: Vec<Grant<'c>> = if bounded {
        let bounds: Vec<_> = allows(Layer::Boundary).collect();
        let with = |allow| bounds.iter().map(move |bound| Grant { allow, bound: Some(*bound) });
        allows(Layer::Identity).flat_map(with).collect()
    } else {
        allows(Layer::Identity).map(|allow| Grant { allow, bound: None }).collect()
    };
    grants.extend(allows(Layer::Direct).map(|allow| Grant { allow, bound: None }));
    grants
}

impl<'c> Case<'c> {
    pub(super) fn new(own: &[&'c Line<'c>], other: &[&'c Line<'c>], bounded: [bool; 2]) -> Self {
        let denies = |lines: &[&'c Line<'c>]| -> Vec<&'c Line<'c>> {
            lines.iter().copied().filter(|line| line.rule.effect == Effect::Deny).collect()
        };
        let (own_denies, mut new_denies) = (denies(own), denies(other));
        let known: BTreeSet<&str> = own_denies.iter().map(|line| line.text).collect();
        new_denies.retain(|line| !known.contains(line.text));
        let own_grants = grants(own, bounded[0]);
        let other_grants = grants(other, bounded[1]);
        let known: BTreeSet<_> = other_grants.iter().map(Grant::texts).collect();
        let is_new = own_grants.iter().map(|grant| !known.contains(&grant.texts())).collect();
        Self { is_new, own_grants, other_grants, own_denies, new_denies }
    }

    /// Whether the texts alone show that there is no such request.
    pub(super) fn is_settled(&self) -> bool {
        self.own_grants.is_empty() || (!self.is_new.contains(&true) && self.new_denies.is_empty())
    }

    pub(super) fn laid(&'c self, space: &Space<'_>, budget: &mut Budget) -> Result<Laid<'c>, Spent> {
        let mut of = |grant: &Grant<'_>| -> Result<Vec<Cell>, Spent> {
            let allow = space.cells(grant.allow.rule);
            let Some(bound) = grant.bound else { return Ok(allow) };
            let bound = space.cells(bound.rule);
            budget.spend(allow.len().saturating_mul(bound.len()))?;
            let both = allow.iter().flat_map(|allow| bound.iter().map(|bound| allow.and(bound)));
            Ok(both.filter(|cell| !cell.is_empty()).collect())
        };
        let own = self.own_grants.iter().map(&mut of).collect::<Result<Vec<_>, _>>()?;
        let other = self.other_grants.iter().map(&mut of).collect::<Result<Vec<_>, _>>()?;
        let cells = |lines: &[&Line<'_>]| lines.iter().flat_map(|line| space.cells(line.rule)).collect();
        Ok(Laid {
            case: self,
            own,
            other: other.into_iter().flatten().collect(),
            own_denies: cells(&self.own_denies),
            new_denies: cells(&self.new_denies),
        })
    }
}

/// Requests of a cell that are in none of some others; `whole` is the cell of the same statements without what the
/// other side denies.
struct Escaping<'a> {
    part_of: &'a Cell,
    whole: &'a Cell,
    without: &'a [&'a Cell],
}

impl Laid<'_> {
    /// A class of each part of such a request, of those that are surely there or of all.
    pub(super) fn find(
        &self,
        space: &Space<'_>,
        surely: bool,
        budget: &mut Budget,
    ) -> Result<Option<Vec<usize>>, Spent> {
        let started = |cell: &Cell| if surely { space.surely(cell) } else { cell.clone() };
        let not_allowed: Vec<&Cell> = self.own_denies.iter().chain(&self.other).collect();
        let new = self.own.iter().zip(&self.case.is_new).filter(|(_, is_new)| **is_new);
        for cell in new.flat_map(|(cells, _)| cells) {
            if let Some(found) = started(cell).escape(&not_allowed, budget)? {
                return Ok(Some(found));
            }
        }
        let denied: Vec<&Cell> = self.own_denies.iter().collect();
        for cell in self.own.iter().flatten() {
            for deny in &self.new_denies {
                budget.spend(cell.0.len().saturating_add(1))?;
                if let Some(found) = started(&cell.and(deny)).escape(&denied, budget)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// All ways, pattern by pattern; as many as can be found with what is left.
    pub(super) fn ways(&self, space: &Space<'_>, budget: &mut Budget) -> Vec<Way> {
        let mut ways = Vec::new();
        // What is left over when it is too much is told as far as it goes.
        let _: Result<(), Spent> = self.add_ways(space, budget, &mut ways);
        ways
    }

    fn add_ways(&self, space: &Space<'_>, budget: &mut Budget, ways: &mut Vec<Way>) -> Result<(), Spent> {
        let not_allowed: Vec<&Cell> = self.own_denies.iter().chain(&self.other).collect();
        let denied: Vec<&Cell> = self.own_denies.iter().collect();
        for (grant, is_new) in self.case.own_grants.iter().zip(&self.case.is_new) {
            let bounds = match grant.bound {
                None => vec![(None, None)],
                Some(bound) => {
                    let cells = space.cells_by_pattern(bound.rule).into_iter();
                    cells.map(|(at, cell)| (Some(part(bound, at)), Some(cell))).collect()
                }
            };
            for (at, cell) in space.cells_by_pattern(grant.allow.rule) {
                for (boundary, bound) in &bounds {
                    let cell = bound.as_ref().map_or_else(|| cell.clone(), |bound| cell.and(bound));
                    let allow = part(grant.allow, at);
                    let mut add =
                        |part_of: &Cell, without: &[&Cell], denied: Option<Part>, budget: &mut Budget| {
                            let found = Escaping { part_of, whole: &cell, without };
                            let Some(mfa) = self.mfa(&found, space, budget)? else { return Ok(()) };
                            let except = self.exceptions(part_of, space);
                            if ways.len() < MOST_WAYS {
                                ways.push(Way { allow, boundary: *boundary, denied, except, mfa });
                            }
                            Ok(())
                        };
                    if *is_new {
                        add(&cell, &not_allowed, None, budget)?;
                    }
                    for deny in &self.case.new_denies {
                        for (at, other) in space.cells_by_pattern(deny.rule) {
                            add(&cell.and(&other), &denied, Some(part(deny, at)), budget)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// What requests that escape have to do with MFA; nothing where none does.
    fn mfa(
        &self,
        found: &Escaping<'_>,
        space: &Space<'_>,
        budget: &mut Budget,
    ) -> Result<Option<Mfa>, Spent> {
        let cell = space.surely(found.part_of);
        let Some([with_mfa, without_mfa]) = space.by_mfa(&cell) else {
            return Ok(cell.escape(found.without, budget)?.map(|_| Mfa::Alike));
        };
        let escapes =
            |cell: &Cell, without: &[&Cell], budget: &mut Budget| Ok(cell.escape(without, budget)?.is_some());
        let both =
            (escapes(&with_mfa, found.without, budget)?, escapes(&without_mfa, found.without, budget)?);
        Ok(match both {
            (false, false) => None,
            (true, true) => Some(Mfa::Alike),
            (true, false) => Some(Mfa::Only),
            (false, true) => {
                // With MFA it is allowed here, and not for the first time.
                let denies: Vec<&Cell> = self.own_denies.iter().collect();
                let not_allowed: Vec<&Cell> = self.own_denies.iter().chain(&self.other).collect();
                let whole = space.by_mfa(&space.surely(found.whole)).map(|[with_mfa, _]| with_mfa);
                let is_spared = match whole {
                    Some(whole) => {
                        escapes(&whole, &denies, budget)? && !escapes(&whole, &not_allowed, budget)?
                    }
                    None => false,
                };
                Some(if is_spared { Mfa::Spared } else { Mfa::Without })
            }
        })
    }

    /// The own statements that deny some requests of a cell.
    fn exceptions(&self, cell: &Cell, space: &Space<'_>) -> Vec<Part> {
        let denies = self.case.own_denies.iter();
        let meets = |line: &&&Line<'_>| space.cells(line.rule).iter().any(|deny| deny.meets(cell));
        denies.filter(meets).map(|line| part(line, None)).collect()
    }
}

fn part(line: &Line<'_>, pattern: Option<usize>) -> Part {
    Part { layer: line.layer, policy: line.place.0, statement: line.place.1, pattern }
}
