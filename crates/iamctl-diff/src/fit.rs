//! Puts calls that take room after calls that make room, where there is not enough for all of them at once.
//!
//! All steps are put in a line that keeps to every edge and never takes more than there is. Where there is no such
//! line the weakest edges give way, and no more of them than it takes. Then every call that takes room waits for those
//! that made it in that line. So it fits in every other order as well that the edges allow: what was taken by the
//! calls that are done was free at the beginning, or was made by calls that are done.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::graph::{Edges, GivenUp, Reason};

/// Something of which there may only be so much.
#[derive(Debug, Clone, Default)]
pub(crate) struct Room {
    /// How much more there may be, or less than nothing where there is too much already.
    pub(crate) free: i64,
    /// What each step adds to it, or takes from it (less than nothing).
    pub(crate) steps: BTreeMap<usize, i64>,
}

impl Room {
    /// Whether some step may find no room if it comes too early.
    pub(crate) fn is_crowded(&self) -> bool {
        let taken = self
            .steps
            .values()
            .filter(|change| **change < 0)
            .fold(0, |sum: i64, change| sum.saturating_sub(*change));
        taken > self.free && taken > 0
    }
}

/// Steps for which there is no room until others are done that wait for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stuck {
    /// The room, by its place among the rooms.
    pub(crate) room: usize,
    /// The first step that does not fit.
    pub(crate) step: usize,
    /// Those that would make room for it.
    pub(crate) others: Vec<usize>,
}

/// Adds edges so that all steps fit in any order that edges allow, and takes those away that leave no such order.
/// Returns these, or what cannot be done whatever gives way but preconditions. There is an order before.
pub(crate) fn fit(edges: &mut Edges, nodes: usize, rooms: &[Room]) -> Result<Vec<GivenUp>, Stuck> {
    if rooms.is_empty() {
        return Ok(Vec::new());
    }
    // What is in the way of the first line may be an edge that could have given way earlier.
    let line = Line::of(edges, nodes, rooms, Reason::Tidy)
        .or_else(|_| Line::of(edges, nodes, rooms, Reason::Precondition))?;
    let place: BTreeMap<usize, usize> = line.iter().enumerate().map(|(at, step)| (*step, at)).collect();
    let given_up = edges.let_go(|first, then| place.get(&first) > place.get(&then));
    for room in rooms {
        for (first, then) in payments(room, &line) {
            edges.add(first, then, Reason::Precondition);
        }
    }
    Ok(given_up)
}

/// Which steps each step that takes room waits for.
fn payments(room: &Room, line: &[usize]) -> Vec<(usize, usize)> {
    let mut edges = Vec::new();
    let (mut free, mut too_much) = (room.free.max(0), room.free.saturating_neg().max(0));
    // Those that bring it down to what there may be at all.
    let mut first_of_all = Vec::new();
    let mut made: VecDeque<(usize, i64)> = VecDeque::new();
    for step in line {
        let change = room.steps.get(step).copied().unwrap_or(0);
        if change > 0 {
            if too_much > 0 {
                first_of_all.push(*step);
            }
            let rest = change.saturating_sub(too_much);
            too_much = too_much.saturating_sub(change).max(0);
            made.extend((rest > 0).then_some((*step, rest)));
        }
        if change < 0 {
            edges.extend(first_of_all.iter().map(|first| (*first, *step)));
            let needed = change.saturating_neg();
            let mut rest = needed.saturating_sub(free).max(0);
            free = free.saturating_sub(needed).max(0);
            while rest > 0
                && let Some((first, there)) = made.front_mut()
            {
                edges.push((*first, *step));
                let taken = rest.min(*there);
                rest = rest.saturating_sub(taken);
                *there = there.saturating_sub(taken);
                if *there == 0 {
                    made.pop_front();
                }
            }
        }
    }
    edges
}

/// A line of steps in the making.
struct Line<'a> {
    rooms: &'a [Room],
    /// What is left in each room.
    free: Vec<i64>,
    /// The room that a step changes, and by how much.
    change: BTreeMap<usize, (usize, i64)>,
    before: Vec<Vec<(usize, Reason)>>,
    after: Vec<Vec<usize>>,
    waits_for: Vec<usize>,
    done: Vec<bool>,
    /// Steps that wait for nothing and take no room, and those that wait for nothing and do.
    ready: BTreeSet<usize>,
    takers: BTreeSet<usize>,
    /// For each step that makes room, those that take it and must come first.
    taken_first: BTreeMap<usize, BTreeSet<usize>>,
    /// The same, from those that take it to those that make some.
    makes_after: BTreeMap<usize, Vec<usize>>,
    /// Those that make room, by how many must come first.
    soonest: BTreeSet<(usize, usize)>,
    line: Vec<usize>,
}

impl<'a> Line<'a> {
    /// A line that lets no edge go that is weaker than this without need; those it does not look at.
    fn of(edges: &Edges, nodes: usize, rooms: &'a [Room], weakest: Reason) -> Result<Vec<usize>, Stuck> {
        let mut line = Self {
            rooms,
            free: rooms.iter().map(|room| room.free).collect(),
            change: BTreeMap::new(),
            before: vec![Vec::new(); nodes],
            after: vec![Vec::new(); nodes],
            waits_for: vec![0; nodes],
            done: vec![false; nodes],
            ready: BTreeSet::new(),
            takers: BTreeSet::new(),
            taken_first: BTreeMap::new(),
            makes_after: BTreeMap::new(),
            soonest: BTreeSet::new(),
            line: Vec::with_capacity(nodes),
        };
        for (at, room) in rooms.iter().enumerate() {
            line.change.extend(room.steps.iter().map(|(step, change)| (*step, (at, *change))));
        }
        for (first, then, reason) in edges.iter().filter(|(_, _, reason)| *reason >= weakest) {
            if let Some(before) = line.before.get_mut(then) {
                before.push((first, reason));
            }
            if let Some(after) = line.after.get_mut(first) {
                after.push(then);
            }
            if let Some(count) = line.waits_for.get_mut(then) {
                *count = count.saturating_add(1);
            }
        }
        line.find_taken_first();
        for step in 0..nodes {
            if line.waits_for.get(step) == Some(&0) {
                line.now_ready(step);
            }
        }
        line.run(nodes)
    }

    fn run(mut self, nodes: usize) -> Result<Vec<usize>, Stuck> {
        while self.line.len() < nodes {
            match self.ready.pop_first().or_else(|| self.next_taker()) {
                Some(step) => self.take(step),
                None => {
                    let next = [Reason::Tidy, Reason::Runner, Reason::Gap, Reason::Excess];
                    match next.into_iter().find_map(|weakest| self.forced(weakest)) {
                        Some(step) => self.take(step),
                        None => return Err(self.stuck()),
                    }
                }
            }
        }
        Ok(self.line)
    }

    fn find_taken_first(&mut self) {
        for (step, (room, _)) in self.change.iter().filter(|(_, (_, change))| *change > 0) {
            let takes =
                |step: &usize| self.change.get(step).is_some_and(|(at, change)| at == room && *change < 0);
            let first = self.all_before(vec![*step], Reason::Tidy);
            let first: BTreeSet<usize> = first.into_iter().filter(takes).collect();
            for taker in &first {
                self.makes_after.entry(*taker).or_default().push(*step);
            }
            if !first.is_empty() {
                self.soonest.insert((first.len(), *step));
                self.taken_first.insert(*step, first);
            }
        }
    }

    /// These steps and all that are not done and come before them by edges that are no weaker than this.
    fn all_before(&self, mut next: Vec<usize>, weakest: Reason) -> BTreeSet<usize> {
        let mut all: BTreeSet<usize> = next.iter().copied().collect();
        while let Some(step) = next.pop() {
            for (first, reason) in self.waiting_for(step) {
                if reason >= weakest && all.insert(first) {
                    next.push(first);
                }
            }
        }
        all
    }

    /// The steps that are not done and should come before this one.
    fn waiting_for(&self, step: usize) -> impl Iterator<Item = (usize, Reason)> {
        let before = self.before.get(step).into_iter().flatten().copied();
        before.filter(|(first, _)| self.done.get(*first) == Some(&false))
    }

    fn now_ready(&mut self, step: usize) {
        let takes = self.change.get(&step).is_some_and(|(_, change)| *change < 0);
        if takes {
            self.takers.insert(step)
        } else {
            self.ready.insert(step)
        };
    }

    fn fits(&self, step: usize) -> bool {
        let Some((room, change)) = self.change.get(&step) else { return true };
        *change >= 0 || self.free.get(*room).is_some_and(|free| free.saturating_add(*change) >= 0)
    }

    /// Of those that fit, one that lets room be made soon.
    fn next_taker(&self) -> Option<usize> {
        let any = self.takers.iter().copied().find(|step| self.fits(*step))?;
        let soonest = self.soonest.iter().filter_map(|(_, makes)| self.taken_first.get(makes)).flatten();
        let soonest = soonest.copied().find(|step| self.takers.contains(step) && self.fits(*step));
        soonest.or(Some(any))
    }

    /// One that takes room is done: those for which it had to come first have one less to wait for.
    fn is_taken(&mut self, step: usize) {
        for makes in self.makes_after.remove(&step).unwrap_or_default() {
            if let Some(takers) = self.taken_first.get_mut(&makes) {
                self.soonest.remove(&(takers.len(), makes));
                takers.remove(&step);
                if !takers.is_empty() {
                    self.soonest.insert((takers.len(), makes));
                }
            }
        }
    }

    fn take(&mut self, step: usize) {
        self.ready.remove(&step);
        self.takers.remove(&step);
        self.line.push(step);
        if let Some(done) = self.done.get_mut(step) {
            *done = true;
        }
        if let Some((room, change)) = self.change.get(&step)
            && let Some(free) = self.free.get_mut(*room)
        {
            *free = free.saturating_add(*change);
        }
        if let Some(takers) = self.taken_first.remove(&step) {
            self.soonest.remove(&(takers.len(), step));
        }
        self.is_taken(step);
        for then in self.after.get(step).cloned().unwrap_or_default() {
            if let Some(count) = self.waits_for.get_mut(then) {
                *count = count.saturating_sub(1);
                if *count == 0 && self.done.get(then) == Some(&false) {
                    self.now_ready(then);
                }
            }
        }
    }

    /// The rooms that have too little for a step that waits for nothing else.
    fn full(&self) -> BTreeSet<usize> {
        self.takers.iter().filter_map(|step| self.change.get(step)).map(|(room, _)| *room).collect()
    }

    /// A step on the way to more room that waits only for edges that are no stronger than this.
    fn forced(&self, strongest: Reason) -> Option<usize> {
        let full = self.full();
        let makes = self.change.iter().filter(|(step, (room, change))| {
            *change > 0 && full.contains(room) && self.done.get(**step) == Some(&false)
        });
        let makes: Vec<usize> = makes.map(|(step, _)| *step).collect();
        let stronger = Reason::above(strongest)?;
        let on_the_way = self.all_before(makes, stronger);
        let free = on_the_way.into_iter().filter(|step| {
            self.fits(*step) && self.waiting_for(*step).all(|(_, reason)| reason <= strongest)
        });
        free.min_by_key(|step| {
            let reasons: Vec<Reason> = self.waiting_for(*step).map(|(_, reason)| reason).collect();
            (reasons.iter().filter(|reason| **reason == strongest).count(), reasons.len(), *step)
        })
    }

    fn stuck(&self) -> Stuck {
        let step = self.takers.first().copied().unwrap_or_default();
        let room = self.change.get(&step).map(|(room, _)| *room).unwrap_or_default();
        let makes = self.rooms.get(room).into_iter().flat_map(|room| &room.steps);
        let makes = makes.filter(|(step, change)| **change > 0 && self.done.get(**step) == Some(&false));
        Stuck { room, step, others: makes.map(|(step, _)| *step).collect() }
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

    fn room(free: i64, steps: &[(usize, i64)]) -> Room {
        Room { free, steps: steps.iter().copied().collect() }
    }

    fn all(edges: &Edges) -> Vec<(usize, usize)> {
        edges.iter().map(|(first, then, _)| (first, then)).collect()
    }

    #[test]
    fn each_that_takes_room_waits_for_one_that_makes_it() {
        // 0 and 1 take, 2 and 3 make; there is room for one.
        let mut found = edges(&[]);
        assert_eq!(fit(&mut found, 4, &[room(1, &[(0, -1), (1, -1), (2, 1), (3, 1)])]), Ok(vec![]));
        assert_eq!(all(&found), [(2, 1)]);
    }

    #[test]
    fn the_old_goes_after_the_new_as_long_as_there_is_room() {
        // 0 before 2, 1 before 3: two that are replaced, and room for one more.
        let mut found = edges(&[(0, 2, Reason::Gap), (1, 3, Reason::Gap)]);
        assert_eq!(fit(&mut found, 4, &[room(1, &[(0, -1), (1, -1), (2, 1), (3, 1)])]), Ok(vec![]));
        assert_eq!(all(&found), [(0, 2), (1, 3), (2, 1)]);
    }

    #[test]
    fn what_gives_way_is_the_weakest_and_no_more_than_must() {
        // 0 takes what is a prohibition and 1 a grant; 2 makes room by the old prohibition, 3 by the old grant.
        let list =
            [(0, 2, Reason::Excess), (0, 1, Reason::Excess), (3, 2, Reason::Excess), (1, 3, Reason::Gap)];
        let mut found = edges(&list);
        let full = [room(0, &[(0, -1), (1, -1), (2, 1), (3, 1)])];
        assert_eq!(fit(&mut found, 4, &full), Ok(vec![(1, 3, Reason::Gap)]));
        assert_eq!(all(&found), [(0, 1), (0, 2), (2, 1), (3, 0), (3, 2)]);
    }

    #[test]
    fn the_room_goes_first_to_whom_more_room_comes_of() {
        // 1 must come before 2, which makes room for 0.
        let mut found = edges(&[(1, 2, Reason::Precondition)]);
        assert_eq!(fit(&mut found, 3, &[room(1, &[(0, -1), (1, -1), (2, 1)])]), Ok(vec![]));
        assert_eq!(all(&found), [(1, 2), (2, 0)]);
    }

    #[test]
    fn sizes_are_paid_from_as_many_as_it_takes() {
        let mut found = edges(&[]);
        let sizes = [room(5, &[(0, -12), (1, -3), (2, 4), (3, 6)])];
        assert_eq!(fit(&mut found, 4, &sizes), Ok(vec![]));
        assert_eq!(all(&found), [(2, 0), (3, 0), (3, 1)]);
    }

    #[test]
    fn where_there_is_too_much_already_all_of_that_goes_first() {
        let mut found = edges(&[]);
        let rooms = [room(-2, &[(0, -1), (1, -1), (2, 1), (3, 1), (4, 1), (5, 1)])];
        assert_eq!(fit(&mut found, 6, &rooms), Ok(vec![]));
        assert_eq!(all(&found), [(2, 0), (2, 1), (3, 0), (3, 1), (4, 0), (5, 1)]);
    }

    #[test]
    fn what_waits_for_itself_is_told() {
        let mut found = edges(&[(0, 1, Reason::Precondition)]);
        let rooms = [room(0, &[(0, -1), (1, 1)])];
        assert_eq!(fit(&mut found, 2, &rooms), Err(Stuck { room: 0, step: 0, others: vec![1] }));
    }
}
