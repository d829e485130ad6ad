//! Orders things by edges of different strength: weaker edges give way where stronger ones leave no
//! order, and what gave way is told.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// Why one step comes before another, the weakest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reason {
    /// So that nobody sees a half-deleted thing.
    Tidy,
    /// So that whoever runs this keeps the rights to finish.
    Runner,
    /// So that what is allowed before and after is never denied in between.
    Gap,
    /// So that nothing is allowed in between that is allowed neither before nor after.
    Excess,
    /// AWS refuses the later call otherwise.
    Precondition,
}

impl Reason {
    /// The next stronger one.
    pub(crate) fn above(self) -> Option<Self> {
        match self {
            Reason::Tidy => Some(Reason::Runner),
            Reason::Runner => Some(Reason::Gap),
            Reason::Gap => Some(Reason::Excess),
            Reason::Excess => Some(Reason::Precondition),
            Reason::Precondition => None,
        }
    }
}

/// An edge that gave way, and what it was for.
pub(crate) type GivenUp = (usize, usize, Reason);

const FROM_WEAKEST: [Reason; 4] = [Reason::Tidy, Reason::Runner, Reason::Gap, Reason::Excess];

/// Edges between steps numbered from 0.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edges(BTreeMap<(usize, usize), Why>);

/// All that is told of why one step comes before another.
#[derive(Debug, Clone, Copy)]
struct Why {
    /// The strongest reason, which counts.
    strongest: Reason,
    /// Whether it is also so that there is no gap.
    gap: bool,
}

impl Why {
    /// What is given up with an edge: a hole where it closed one, and a gap as well where it closed that too.
    fn given_up(self, (first, then): (usize, usize)) -> impl Iterator<Item = GivenUp> {
        let also = (self.gap && self.strongest == Reason::Excess).then_some(Reason::Gap);
        [self.strongest].into_iter().chain(also).map(move |reason| (first, then, reason))
    }
}

impl Edges {
    /// `first` comes before `then`. Of two reasons for the same edge the stronger one counts.
    pub(crate) fn add(&mut self, first: usize, then: usize, reason: Reason) {
        if first != then {
            let why = self.0.entry((first, then)).or_insert(Why { strongest: reason, gap: false });
            why.strongest = reason.max(why.strongest);
            why.gap |= reason == Reason::Gap;
        }
    }

    /// All of them: which step, before which, and why.
    pub(crate) fn iter(&self) -> impl Iterator<Item = GivenUp> {
        self.0.iter().map(|((first, then), why)| (*first, *then, why.strongest))
    }

    /// Takes these away, and returns them.
    pub(crate) fn let_go(&mut self, goes: impl Fn(usize, usize) -> bool) -> Vec<GivenUp> {
        let gone = self.0.extract_if(.., |(first, then), _| goes(*first, *then));
        gone.flat_map(|(edge, why)| why.given_up(edge)).collect()
    }

    /// What each step needs, for steps that have been put in order.
    pub(crate) fn needs(&self) -> BTreeMap<usize, BTreeSet<usize>> {
        let mut needs: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (first, then) in self.0.keys() {
            needs.entry(*then).or_default().insert(*first);
        }
        needs
    }

    /// The groups of steps that each must come before itself.
    fn circles(&self, nodes: usize) -> Vec<Vec<usize>> {
        let mut graph = DiGraph::<(), ()>::with_capacity(nodes, self.0.len());
        for _ in 0..nodes {
            graph.add_node(());
        }
        for (first, then) in self.0.keys() {
            graph.add_edge(NodeIndex::new(*first), NodeIndex::new(*then), ());
        }
        let components = kosaraju_scc(&graph).into_iter().filter(|component| component.len() > 1);
        components.map(|component| component.into_iter().map(NodeIndex::index).collect()).collect()
    }

    /// Takes edges away, the weakest first, until there is an order. Returns what was taken away, or
    /// the steps of a circle that only preconditions make.
    pub(crate) fn break_circles(&mut self, nodes: usize) -> Result<Vec<GivenUp>, Vec<usize>> {
        let mut given_up = Vec::new();
        for weakest in FROM_WEAKEST {
            let circles = self.circles(nodes);
            if circles.is_empty() {
                return Ok(given_up);
            }
            let mut circle_of: BTreeMap<usize, usize> = BTreeMap::new();
            for (number, circle) in circles.iter().enumerate() {
                circle_of.extend(circle.iter().map(|step| (*step, number)));
            }
            self.0.retain(|(first, then), why| {
                let inside = circle_of.get(first).is_some_and(|circle| circle_of.get(then) == Some(circle));
                let goes = inside && why.strongest == weakest;
                if goes {
                    given_up.extend(why.given_up((*first, *then)));
                }
                !goes
            });
        }
        match self.circles(nodes).into_iter().next() {
            None => Ok(given_up),
            Some(circle) => Err(circle),
        }
    }

    /// All steps in an order that the edges allow; where there is a choice, the smaller number first.
    /// Steps in a circle are missing from it.
    pub(crate) fn sorted(&self, nodes: usize) -> Vec<usize> {
        let mut waiting_for = vec![0_usize; nodes];
        let mut followers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (first, then) in self.0.keys() {
            if let Some(count) = waiting_for.get_mut(*then) {
                *count = count.saturating_add(1);
            }
            followers.entry(*first).or_default().push(*then);
        }
        let ready = waiting_for.iter().enumerate().filter(|(_, count)| **count == 0);
        let mut ready: BinaryHeap<Reverse<usize>> = ready.map(|(node, _)| Reverse(node)).collect();
        let mut order = Vec::with_capacity(nodes);
        while let Some(Reverse(node)) = ready.pop() {
            order.push(node);
            for follower in followers.get(&node).into_iter().flatten() {
                if let Some(count) = waiting_for.get_mut(*follower) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        ready.push(Reverse(*follower));
                    }
                }
            }
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(list: &[(usize, usize, Reason)]) -> Edges {
        let mut edges = Edges::default();
        list.iter().for_each(|(first, then, reason)| edges.add(*first, *then, *reason));
        edges
    }

    #[test]
    fn the_smaller_number_goes_first_where_there_is_a_choice() {
        let edges = edges(&[(3, 0, Reason::Precondition), (2, 1, Reason::Gap)]);
        assert_eq!(edges.sorted(4), [2, 1, 3, 0]);
    }

    #[test]
    fn the_weakest_edges_of_a_circle_give_way_and_others_stay() {
        let mut edges = edges(&[
            (0, 1, Reason::Excess),
            (1, 2, Reason::Precondition),
            (2, 0, Reason::Gap),
            (2, 3, Reason::Gap),
        ]);
        assert_eq!(edges.break_circles(4), Ok(vec![(2, 0, Reason::Gap)]));
        assert_eq!(edges.sorted(4), [0, 1, 2, 3]);
    }

    #[test]
    fn a_circle_of_preconditions_is_told_whole() {
        let mut edges =
            edges(&[(0, 1, Reason::Precondition), (1, 0, Reason::Precondition), (0, 2, Reason::Gap)]);
        let mut circle = edges.break_circles(3).unwrap_err();
        circle.sort_unstable();
        assert_eq!(circle, [0, 1]);
    }

    #[test]
    fn a_hole_that_opens_opens_a_gap_as_well_where_the_edge_closed_both() {
        let mut edges = edges(&[(0, 1, Reason::Gap), (0, 1, Reason::Excess), (1, 0, Reason::Precondition)]);
        assert_eq!(edges.break_circles(2), Ok(vec![(0, 1, Reason::Excess), (0, 1, Reason::Gap)]));
    }

    #[test]
    fn the_stronger_reason_for_an_edge_counts() {
        let mut edges = edges(&[(0, 1, Reason::Gap), (0, 1, Reason::Precondition), (1, 0, Reason::Excess)]);
        assert_eq!(edges.break_circles(2), Ok(vec![(1, 0, Reason::Excess)]));
    }
}
