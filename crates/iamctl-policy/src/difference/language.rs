//! Which texts some patterns can tell apart.
//!
//! Each pattern is a small automaton; all of them are run side by side from the empty text on. Two texts that
//! lead to the same places in all patterns are never told apart behind them, so only the first is followed.
//! What comes out is one text, a shortest one, for every set of patterns that some text satisfies at once.

use std::collections::{BTreeSet, HashSet, VecDeque};

use super::budget::{Budget, Spent};
use crate::eval::pattern::{Pattern, Solid};

/// The characters a wildcard stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Wild {
    Any,
    NotColon,
}

/// One character of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sign {
    Char(char),
    /// An ASCII character in lower case that stands for all that are it in lower case.
    Folded(char),
    One(Wild),
    Many(Wild),
}

/// A pattern as a row of signs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Glob(Vec<Sign>);

/// `K` of the unit of temperature, the only character beyond ASCII that is one of ASCII in lower case.
const KELVIN: char = '\u{212a}';

impl Wild {
    fn holds(self, c: char) -> bool {
        self == Wild::Any || c != ':'
    }
}

impl Glob {
    pub(crate) fn of(pieces: &[Solid<'_>], wild: Wild) -> Self {
        let mut glob = Self::default();
        glob.extend(pieces, wild);
        glob
    }

    fn extend(&mut self, pieces: &[Solid<'_>], wild: Wild) {
        for piece in pieces {
            match piece {
                Solid::Text(text) => self.0.extend(text.chars().map(Sign::Char)),
                Solid::One => self.0.push(Sign::One(wild)),
                Solid::Star => self.0.push(Sign::Many(wild)),
            }
        }
    }

    /// A pattern without variables.
    pub(crate) fn plain(pattern: &Pattern) -> Self {
        Self::of(&pattern.solid(), Wild::Any)
    }

    /// A text whose letters have no case; none where that is beyond ASCII.
    pub(crate) fn folded(text: &str) -> Option<Self> {
        text.is_ascii().then(|| Self(text.chars().map(|c| Sign::Folded(c.to_ascii_lowercase())).collect()))
    }

    /// Six fields, of which only the last may hold colons.
    pub(crate) fn fields(fields: &[Vec<Solid<'_>>]) -> Self {
        let mut glob = Self::default();
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                glob.0.push(Sign::Char(':'));
            }
            glob.extend(field, if at < 5 { Wild::NotColon } else { Wild::Any });
        }
        glob
    }

    /// Whatever is an ARN.
    pub(crate) fn any_arn() -> Self {
        Self::fields(&vec![vec![Solid::Star]; 6])
    }

    /// Whatever is not empty.
    pub(crate) fn some_text() -> Self {
        Self(vec![Sign::One(Wild::Any), Sign::Many(Wild::Any)])
    }

    /// Whatever may be the name of an action of a service.
    pub(crate) fn any_action_of(service: &str) -> Self {
        let service = service.chars().chain([':']).map(Sign::Char);
        Self(service.chain([Sign::One(Wild::NotColon), Sign::Many(Wild::NotColon)]).collect())
    }

    /// Whatever may be the name of an action.
    pub(crate) fn any_action() -> Self {
        let name = [Sign::One(Wild::NotColon), Sign::Many(Wild::NotColon)];
        Self(name.into_iter().chain([Sign::Char(':')]).chain(name).collect())
    }
}

/// A text for every set of patterns that some text satisfies together. With an alphabet, texts are made of its
/// characters only.
pub(crate) fn texts(
    globs: &[Glob],
    alphabet: Option<&str>,
    budget: &mut Budget,
) -> Result<Vec<String>, Spent> {
    let machine = Machine::new(globs);
    let mut found = Vec::new();
    let mut told = HashSet::new();
    let mut seen = HashSet::new();
    let mut queue = VecDeque::new();
    let start = machine.start();
    seen.insert(start.clone());
    queue.push_back((start, String::new()));
    while let Some((state, text)) = queue.pop_front() {
        budget.spend(state.len().saturating_add(1))?;
        if told.insert(machine.accepted(&state)) {
            found.push(text.clone());
        }
        for c in machine.tellers(&state, alphabet) {
            budget.spend(state.len().saturating_add(1))?;
            let next = machine.step(&state, c);
            if seen.insert(next.clone()) {
                budget.spend(text.len().saturating_add(8))?;
                let mut text = text.clone();
                text.push(c);
                queue.push_back((next, text));
            }
        }
    }
    Ok(found)
}

/// All patterns one after the other, with an end behind each.
struct Machine {
    signs: Vec<Option<Sign>>,
    starts: Vec<usize>,
}

impl Machine {
    fn new(globs: &[Glob]) -> Self {
        let (mut signs, mut starts) = (Vec::new(), Vec::new());
        for glob in globs {
            starts.push(signs.len());
            signs.extend(glob.0.iter().copied().map(Some));
            signs.push(None);
        }
        Self { signs, starts }
    }

    fn sign(&self, at: usize) -> Option<Sign> {
        self.signs.get(at).copied().flatten()
    }

    fn start(&self) -> Vec<usize> {
        let mut state = Vec::new();
        for start in &self.starts {
            self.enter(*start, &mut state);
        }
        self.tidy(state)
    }

    /// A place, and those behind it that need no character.
    fn enter(&self, mut at: usize, state: &mut Vec<usize>) {
        state.push(at);
        while let Some(Sign::Many(_)) = self.sign(at) {
            at = at.saturating_add(1);
            state.push(at);
        }
    }

    fn step(&self, state: &[usize], c: char) -> Vec<usize> {
        let mut next = Vec::with_capacity(state.len().saturating_add(4));
        for at in state {
            let after = at.saturating_add(1);
            match self.sign(*at) {
                Some(Sign::Char(own)) if own == c => self.enter(after, &mut next),
                Some(Sign::Folded(own)) if c.to_lowercase().eq([own]) => self.enter(after, &mut next),
                Some(Sign::One(wild)) if wild.holds(c) => self.enter(after, &mut next),
                Some(Sign::Many(wild)) if wild.holds(c) => self.enter(*at, &mut next),
                _ => {}
            }
        }
        self.tidy(next)
    }

    /// Sorted, and without what a later star of the same pattern makes needless: whatever is satisfied from
    /// before that star is satisfied from it as well, since it takes everything.
    fn tidy(&self, mut state: Vec<usize>) -> Vec<usize> {
        state.sort_unstable();
        state.dedup();
        let mut kept: Vec<usize> = Vec::with_capacity(state.len());
        let mut starts = self.starts.iter().rev().peekable();
        let mut passed = false;
        for at in state.into_iter().rev() {
            while starts.next_if(|start| **start > at).is_some() {
                passed = false;
            }
            if !passed {
                kept.push(at);
            }
            passed |= self.sign(at) == Some(Sign::Many(Wild::Any));
        }
        kept.reverse();
        kept
    }

    /// The ends that are reached.
    fn accepted(&self, state: &[usize]) -> Vec<usize> {
        state.iter().copied().filter(|at| self.sign(*at).is_none()).collect()
    }

    /// The characters that lead to different places, and one for all others.
    fn tellers(&self, state: &[usize], alphabet: Option<&str>) -> Vec<char> {
        // From nowhere, everything leads nowhere.
        if state.is_empty() {
            return Vec::new();
        }
        let mut live = BTreeSet::new();
        for at in state {
            match self.sign(*at) {
                Some(Sign::Char(c)) => {
                    live.insert(c);
                }
                Some(Sign::Folded(c)) => {
                    live.extend([c, c.to_ascii_uppercase()]);
                    live.extend((c == 'k').then_some(KELVIN));
                }
                Some(Sign::One(Wild::NotColon) | Sign::Many(Wild::NotColon)) => {
                    live.insert(':');
                }
                _ => {}
            }
        }
        let other = match alphabet {
            Some(alphabet) => {
                live.retain(|c| alphabet.contains(*c));
                alphabet.chars().find(|c| !live.contains(c))
            }
            None => ('a'..='z').rev().chain('\0'..=char::MAX).find(|c| !live.contains(c)),
        };
        live.into_iter().chain(other).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::eval::pattern::Syntax;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text, Syntax { wildcards: true, variables: false })
    }

    /// All texts of these characters with at most this length.
    fn all(of: &str, longest: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..longest {
            last = last.iter().flat_map(|text| of.chars().map(move |c| format!("{text}{c}"))).collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    #[test]
    fn every_set_of_patterns_that_a_text_satisfies_has_a_text() {
        let patterns = all("ab*?", 3);
        let enumerated = all("abx", 5);
        // Each pattern with two others, some far and some near.
        for (at, first) in patterns.iter().enumerate() {
            let others =
                [at.wrapping_mul(7) % patterns.len(), at.wrapping_mul(13).wrapping_add(5) % patterns.len()];
            let three = [first, &patterns[others[0]], &patterns[others[1]]].map(|text| pattern(text));
            let globs: Vec<Glob> = three.iter().map(Glob::plain).collect();
            let signature =
                |text: &str| three.iter().map(|pattern| pattern.matches_plain(text)).collect::<Vec<_>>();
            let found = texts(&globs, None, &mut Budget::new(1_000_000)).unwrap();
            let by_text: BTreeMap<_, _> = found.iter().map(|text| (signature(text), text)).collect();
            assert_eq!(by_text.len(), found.len(), "{three:?}");
            let expected: BTreeSet<_> = enumerated.iter().map(|text| signature(text)).collect();
            for signature in expected {
                assert!(by_text.contains_key(&signature), "{three:?} {signature:?}");
            }
        }
    }

    #[test]
    fn what_takes_too_long_is_given_up() {
        let hostile: Vec<Glob> =
            (0..40).map(|at| Glob::plain(&pattern(&format!("*{}", format!("a{at}*b").repeat(40))))).collect();
        assert!(texts(&hostile, None, &mut Budget::new(200_000)).is_err());
    }
}
