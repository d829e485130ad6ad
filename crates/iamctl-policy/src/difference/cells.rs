//! Sets of requests: for each thing a request states, some of the classes of its values.

use super::budget::{Budget, Spent};

/// How many sets are taken away one inside the other at most; it bounds the stack.
const MOST_NESTED: usize = 400;

/// A set of classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    pub(crate) fn of(classes: impl IntoIterator<Item = bool>) -> Self {
        let mut words = Vec::new();
        for (at, is_in) in classes.into_iter().enumerate() {
            if at % 64 == 0 {
                words.push(0_u64);
            }
            if let (Some(word), true) = (words.last_mut(), is_in) {
                *word |= 1 << (at % 64);
            }
        }
        Self(words)
    }

    pub(crate) fn all(count: usize) -> Self {
        Self::of(std::iter::repeat_n(true, count))
    }

    fn with(&self, other: &Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| combine(*a, *b)).collect())
    }

    pub(crate) fn and(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    fn without(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & !b)
    }

    fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & !b == 0)
    }

    fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    fn first(&self) -> Option<usize> {
        let (at, word) = self.0.iter().enumerate().find(|(_, word)| **word != 0)?;
        at.checked_mul(64)?.checked_add(usize::try_from(word.trailing_zeros()).ok()?)
    }
}

/// All requests of which each part is of one of some classes; as many sets as requests have parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell(pub(crate) Vec<Bits>);

impl Cell {
    pub(crate) fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a.and(b)).collect())
    }

    /// Allows only some classes of one part.
    pub(crate) fn limit(&mut self, part: usize, to: &Bits) {
        if let Some(bits) = self.0.get_mut(part) {
            *bits = bits.and(to);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().any(Bits::is_empty)
    }

    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a.meets(b))
    }

    /// The first class of each part.
    fn first(&self) -> Option<Vec<usize>> {
        self.0.iter().map(Bits::first).collect()
    }

    /// A request of this cell that is in none of the others.
    pub(crate) fn escape(&self, others: &[&Cell], budget: &mut Budget) -> Result<Option<Vec<usize>>, Spent> {
        self.escape_within(others, MOST_NESTED, budget)
    }

    /// One of the others is taken away: what is left falls into one part for each thing of which it does not
    /// hold all, and these parts have nothing in common.
    fn escape_within(
        &self,
        others: &[&Cell],
        depth: usize,
        budget: &mut Budget,
    ) -> Result<Option<Vec<usize>>, Spent> {
        budget.spend(others.len().saturating_add(1).saturating_mul(self.0.len().saturating_add(1)))?;
        if self.is_empty() {
            return Ok(None);
        }
        let mut meeting: Vec<&Cell> = others.iter().copied().filter(|other| self.meets(other)).collect();
        // The one that leaves the fewest parts.
        let open = |other: &Cell| self.0.iter().zip(&other.0).filter(|(a, b)| !a.is_within(b)).count();
        let Some((at, _)) = meeting.iter().enumerate().min_by_key(|(_, other)| open(other)) else {
            return Ok(self.first());
        };
        let taken = meeting.swap_remove(at);
        let Some(depth) = depth.checked_sub(1) else { return Err(Spent) };
        let mut rest = self.clone();
        for (part, (own, other)) in self.0.iter().zip(&taken.0).enumerate() {
            let outside = own.without(other);
            if outside.is_empty() {
                continue;
            }
            let mut outer = rest.clone();
            outer.limit(part, &outside);
            if let Some(found) = outer.escape_within(&meeting, depth, budget)? {
                return Ok(Some(found));
            }
            rest.limit(part, other);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cell of three parts with four classes each, from twelve bits.
    fn cell(bits: u32) -> Cell {
        Cell((0..3).map(|part| Bits::of((0..4).map(|at| bits >> (part * 4 + at) & 1 == 1))).collect())
    }

    fn has(cell: &Cell, point: &[usize]) -> bool {
        let bits = cell.0.iter().zip(point);
        bits.into_iter().all(|(bits, at)| bits.meets(&Bits::of((0..4).map(|class| class == *at))))
    }

    #[test]
    fn what_escapes_is_found_whenever_something_does() {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 12 | state >> 20
        };
        let (mut yes, mut no) = (0, 0);
        for _ in 0..3_000 {
            let own = cell(next() | next());
            let others: Vec<Cell> = (0..next() % 9).map(|_| cell(next() | next())).collect();
            let points = (0..64_usize).map(|at| [at / 16, at / 4 % 4, at % 4]);
            let is_left = |point: &[usize]| has(&own, point) && !others.iter().any(|other| has(other, point));
            let expected = points.into_iter().any(|point| is_left(&point));
            let found = own.escape(&others.iter().collect::<Vec<_>>(), &mut Budget::new(100_000)).unwrap();
            assert_eq!(found.is_some(), expected);
            if let Some(point) = found {
                assert!(is_left(&point));
                yes += 1;
            } else {
                no += 1;
            }
        }
        assert!(yes > 300 && no > 300, "{yes} {no}");
    }
}
