//! The values of a key that conditions can tell apart.
//!
//! Conditions on a key divide all its values into classes: two values of one class satisfy the same
//! conditions. Where the classes are finitely many and a value of each can be written down, a question
//! that leaves the key open is answered by asking once for each class.
//!
//! AWS gives each key one type, and one value where no set operator is used. The types of its global keys are
//! known; any other key, a tag above all, may have a text beside the numbers or dates that it is compared with.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::condition::{Condition, Expected};
use super::context::Values;
use super::operator::Quantifier;
use super::pattern::{Pattern, Shape};
use super::value::{Decimal, Moment, Network};

/// With more classes than this, the sets of values of a multivalued key are not gone through.
const MOST_MEMBERS: usize = 5;

/// The global keys whose values are never just any text.
/// Source: IAM User Guide, "AWS global condition context keys".
const TYPED: [&str; 10] = [
    "aws:currenttime",
    "aws:epochtime",
    "aws:tokenissuetime",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalisawsservice",
    "aws:securetransport",
    "aws:viaawsservice",
    "aws:sourceip",
    "aws:vpcsourceip",
];

/// What the conditions on one key compare.
#[derive(Default)]
struct Compared {
    texts: BTreeSet<String>,
    prefixes: BTreeSet<String>,
    ignoring_case: BTreeSet<String>,
    numbers: Vec<Decimal>,
    dates: Vec<Moment>,
    networks: Vec<Network>,
    booleans: bool,
    sets: bool,
}

/// Values of a key, one of each class that the conditions on it can tell apart; nothing where the classes
/// cannot be told. The key is in small letters.
pub(crate) fn classes<'c>(key: &str, conditions: impl Iterator<Item = &'c Condition>) -> Option<Vec<Values>> {
    let mut compared = Compared::default();
    for condition in conditions {
        compared.add(condition)?;
    }
    let single = compared.representatives(TYPED.contains(&key))?;
    let mut values = vec![Values::Absent];
    values.extend(single.iter().cloned().map(Values::One));
    if compared.sets && single.len() <= MOST_MEMBERS {
        for members in 1..1_usize << single.len() {
            let chosen = single.iter().enumerate().filter(|(at, _)| members >> at & 1 == 1);
            values.push(Values::Many(chosen.map(|(_, value)| value.clone()).collect()));
        }
    } else if compared.sets {
        return None;
    }
    Some(values)
}

impl Compared {
    fn add(&mut self, condition: &Condition) -> Option<()> {
        self.sets |= condition.operator().quantifier != Quantifier::Single;
        match condition.expected() {
            Expected::Text(patterns) => {
                for pattern in patterns {
                    match pattern.shape()? {
                        Shape::Text(text) => self.texts.insert(text.to_owned()),
                        Shape::Prefix(prefix) => self.prefixes.insert(prefix.to_owned()),
                    };
                }
            }
            Expected::IgnoringCase(patterns) => {
                self.ignoring_case.extend(texts(patterns)?.map(str::to_lowercase));
            }
            Expected::Bools(patterns) => {
                self.booleans = texts(patterns).is_some();
                self.booleans.then_some(())?;
            }
            Expected::Numbers(_, numbers) => self.numbers.extend(numbers.iter().flatten().cloned()),
            Expected::Dates(_, dates) => self.dates.extend(dates.iter().flatten()),
            Expected::Networks(networks) => self.networks.extend(networks.iter().flatten()),
            Expected::Null(_) => {}
            Expected::Binary(_) | Expected::Arns(_) => return None,
        }
        Some(())
    }

    /// A value of each class; where any text can be, one that nothing names as well.
    fn representatives(&self, is_typed: bool) -> Option<Vec<String>> {
        let kinds = [
            !self.texts.is_empty() || !self.prefixes.is_empty(),
            !self.ignoring_case.is_empty(),
            !self.numbers.is_empty(),
            !self.dates.is_empty(),
            !self.networks.is_empty(),
            self.booleans,
        ];
        // Of two ways to compare, each could divide the classes of the other.
        if kinds.iter().filter(|kind| **kind).count() > 1 {
            return None;
        }
        let mut values: BTreeSet<String> = self.texts.union(&self.ignoring_case).cloned().collect();
        // A text with one of the prefixes is like that prefix with something behind it that no other text
        // has, and the prefix itself may be one of the texts.
        let unused = self.unused();
        values.extend(self.prefixes.iter().flat_map(|prefix| [prefix.clone(), format!("{prefix}{unused}")]));
        values.extend(Decimal::classes(&self.numbers).iter().map(Decimal::to_string));
        values.extend(Moment::classes(&self.dates).map(|moment| moment.to_string()));
        values.extend(Network::classes(&self.networks));
        if self.booleans {
            values.extend(["true".to_owned(), "false".to_owned()]);
        }
        let is_text =
            self.numbers.is_empty() && self.dates.is_empty() && self.networks.is_empty() && !self.booleans;
        if is_text || !is_typed {
            values.insert(unused);
        }
        Some(values.into_iter().collect())
    }

    /// A text that no other one is, begins with, or ends in: it is longer than all of them, of a character
    /// that AWS stores in no document.
    fn unused(&self) -> String {
        let all = self.texts.iter().chain(&self.prefixes).chain(&self.ignoring_case);
        let longest = all.map(String::len).max().unwrap_or(0);
        "\u{10ffff}".repeat(longest.saturating_add(1))
    }
}

fn texts(patterns: &[Pattern]) -> Option<impl Iterator<Item = &str>> {
    let texts: Option<Vec<&str>> = patterns
        .iter()
        .map(|pattern| match pattern.shape()? {
            Shape::Text(text) => Some(text),
            Shape::Prefix(_) => None,
        })
        .collect();
    Some(texts?.into_iter())
}

impl Decimal {
    /// The numbers, one just beyond each, zero and its neighbours: between any two of the numbers, below
    /// the least and above the greatest lies one of them.
    pub(crate) fn classes(numbers: &[Decimal]) -> Vec<Decimal> {
        if numbers.is_empty() {
            return Vec::new();
        }
        let digits = numbers.iter().map(Decimal::decimals).max().unwrap_or(0).saturating_add(1);
        let zero = Decimal::zero();
        let mut classes: Vec<Decimal> = numbers
            .iter()
            .chain([&zero])
            .flat_map(|number| [number.clone(), number.beyond(digits)])
            .collect();
        classes.push(zero.beyond(digits).negative());
        classes
    }
}

impl Moment {
    /// The moments, the one after each, and one before all.
    pub(crate) fn classes(moments: &[Moment]) -> impl Iterator<Item = Moment> {
        let first = moments.iter().min().map(|moment| moment.later(-1));
        moments.iter().flat_map(|moment| [*moment, moment.later(1)]).chain(first)
    }
}

impl Network {
    /// The first address of each network, the one after its last, and the first of all: the classes are
    /// the ranges between these.
    pub(crate) fn classes(networks: &[Network]) -> impl Iterator<Item = String> {
        let of = |network: &Network| match *network {
            Network::V4 { bits, mask } => {
                let after = (bits | !mask).checked_add(1);
                [Some(bits), after]
                    .into_iter()
                    .flatten()
                    .map(|bits| Ipv4Addr::from_bits(bits).to_string())
                    .collect()
            }
            Network::V6 { bits, mask } => {
                let after = (bits | !mask).checked_add(1);
                let both = [Some(bits), after].into_iter().flatten();
                both.map(|bits| Ipv6Addr::from_bits(bits).to_string()).collect::<Vec<_>>()
            }
        };
        let first = if networks.is_empty() { [].as_slice() } else { ["0.0.0.0", "::"].as_slice() };
        networks.iter().flat_map(of).chain(first.iter().map(|text| (*text).to_owned()))
    }
}
