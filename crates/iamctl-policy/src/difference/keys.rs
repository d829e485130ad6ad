//! What the conditions on one key can tell apart.

use std::collections::BTreeSet;

use super::budget::{Budget, Spent};
use super::language::{Glob, texts};
use crate::eval::arn::{ArnPattern, fields, split};
use crate::eval::condition::{Condition, Expected};
use crate::eval::context::{Context, Values, View};
use crate::eval::operator::Quantifier;
use crate::eval::pattern::{Pattern, Resolved, Solid};
use crate::eval::value::{Decimal, Moment, Network};

/// What a service puts into a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyType {
    /// What its values are.
    pub values: KeyValues,
    /// Whether a request can have several.
    pub multivalued: bool,
}

/// What the values of a key are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyValues {
    /// Any text.
    Text,
    /// ARNs.
    Arn,
    /// `true` and `false`.
    Bool,
    /// Numbers.
    Number,
    /// Dates.
    Date,
    /// Addresses.
    Address,
}

/// Values of a key that all conditions on it treat alike.
#[derive(Debug, Clone)]
pub(crate) struct KeyClass {
    /// Some of these values. Nothing where it is not known whether there are any.
    pub(crate) values: Option<Values>,
    /// Which of the conditions hold.
    pub(crate) holds: Vec<bool>,
}

/// With more classes than this, a key is given up.
const MOST_CLASSES: usize = 600;

/// A text that is no number, no date, no address, no ARN, and neither true nor false.
const ILL_TYPED: &str = "example";

/// A key and the conditions on it.
pub(crate) struct Key<'c> {
    pub(crate) name: &'c str,
    pub(crate) conditions: &'c [&'c Condition],
    /// The values of the keys that the conditions use as variables.
    pub(crate) fixed: &'c Context,
    pub(crate) kind: Option<KeyType>,
}

/// Single values, by what they are compared as.
#[derive(Default)]
struct Families {
    globs: Vec<Glob>,
    numbers: Vec<Decimal>,
    dates: Vec<Moment>,
    networks: Vec<Network>,
    binaries: BTreeSet<String>,
    /// Whether there are conditions of each kind: texts, numbers, dates, addresses, bytes.
    kinds: [bool; 5],
    /// The kind of each condition.
    of: Vec<Option<usize>>,
}

impl Key<'_> {
    /// All classes of values, those first that a reader would expect. `Err` where they are too many.
    pub(crate) fn classes(&self, budget: &mut Budget) -> Result<Vec<KeyClass>, Spent> {
        if let Some(values) = self.fixed.value(self.name) {
            return Ok(vec![self.class(values.clone())]);
        }
        let mut classes = vec![self.class(Values::Absent)];
        let single = self.single(budget)?;
        classes.extend(single.iter().cloned());
        let sets = self.conditions.iter().any(|on| on.operator().quantifier != Quantifier::Single);
        if sets || self.kind.is_none_or(|kind| kind.multivalued) {
            classes.extend(self.several(&single, budget)?);
            classes.push(self.class(Values::Many(Vec::new())));
        }
        Ok(distinct(classes))
    }

    fn holds(&self, values: &Values) -> Vec<bool> {
        let mut context = self.fixed.clone();
        context.set(self.name, values.clone());
        let view = View { context: &context, open: false };
        self.conditions.iter().map(|condition| condition.holds(view).is_true()).collect()
    }

    fn class(&self, values: Values) -> KeyClass {
        KeyClass { holds: self.holds(&values), values: Some(values) }
    }

    /// One value of each class of single values.
    fn single(&self, budget: &mut Budget) -> Result<Vec<KeyClass>, Spent> {
        let families = self.families()?;
        let mut samples: Vec<Vec<String>> = Vec::new();
        let typed = |kind: KeyValues| self.kind.is_some_and(|known| known.values == kind);
        if typed(KeyValues::Bool) {
            let values = ["true", "false"].map(|text| self.class(Values::One(text.to_owned())));
            return Ok(distinct(values.to_vec()));
        }
        let [is_text, is_number, is_date, is_address, is_binary] = families.kinds;
        if is_text {
            let mut globs = families.globs.clone();
            globs.push(Glob::any_arn());
            let mut found = texts(&globs, None, budget)?;
            if typed(KeyValues::Arn) {
                found.retain(|text| fields(text).is_some());
            }
            samples.push(found);
        }
        let or_ill = |mut values: Vec<String>, kind: KeyValues| {
            values.extend((!typed(kind)).then(|| ILL_TYPED.to_owned()));
            values
        };
        if is_number {
            let numbers = Decimal::classes(&families.numbers);
            let zero = numbers.is_empty().then(|| "0".to_owned());
            let numbers = numbers.iter().map(Decimal::to_string).chain(zero).collect();
            samples.push(or_ill(numbers, KeyValues::Number));
        }
        if is_date {
            let zero = families.dates.is_empty().then(|| "0".to_owned());
            let dates = Moment::classes(&families.dates).map(|moment| moment.to_string());
            samples.push(or_ill(dates.chain(zero).collect(), KeyValues::Date));
        }
        if is_address {
            let ends = ["0.0.0.0", "::"].map(str::to_owned);
            let addresses = Network::classes(&families.networks).chain(ends).collect();
            samples.push(or_ill(addresses, KeyValues::Address));
        }
        if is_binary {
            let other =
                "AAAA".repeat(families.binaries.iter().map(String::len).max().unwrap_or(0).saturating_add(1));
            let texts = families.binaries.iter().cloned().chain([other, "!".to_owned()]);
            samples.push(texts.collect());
        }
        self.combined(&families, samples, budget)
    }

    /// One family of values is all there is to tell. Of several, the combinations are thought possible unless a
    /// sample shows that they are.
    fn combined(
        &self,
        families: &Families,
        mut samples: Vec<Vec<String>>,
        budget: &mut Budget,
    ) -> Result<Vec<KeyClass>, Spent> {
        if samples.is_empty() {
            samples.push(vec![self.usual().to_owned()]);
        }
        let kinds: Vec<usize> = (0..5).filter(|kind| families.kinds.get(*kind) == Some(&true)).collect();
        let mut classes = Vec::new();
        for text in samples.iter().flatten() {
            budget.spend(self.conditions.len().saturating_add(1))?;
            classes.push(self.class(Values::One(text.clone())));
        }
        if samples.len() > 1 {
            // Starts with what is so for every value, such as that the key is there.
            let always = classes.first().map(|class| class.holds.clone()).unwrap_or_default();
            let mut all = vec![always];
            for (kind, samples) in kinds.iter().zip(&samples) {
                let own: BTreeSet<Vec<bool>> =
                    samples.iter().map(|text| self.holds(&Values::One(text.clone()))).collect();
                let of = &families.of;
                let merge = |base: &Vec<bool>, own: &Vec<bool>| -> Vec<bool> {
                    let each = base.iter().zip(own).zip(of);
                    each.map(|((base, own), of)| if *of == Some(*kind) { *own } else { *base }).collect()
                };
                all = all.iter().flat_map(|base| own.iter().map(move |own| merge(base, own))).collect();
                if all.len() > MOST_CLASSES {
                    return Err(Spent);
                }
                budget.spend(all.len().saturating_mul(self.conditions.len()))?;
            }
            classes.extend(all.into_iter().map(|holds| KeyClass { values: None, holds }));
        }
        Ok(distinct(classes))
    }

    /// A value, where nothing is asked but whether there is one.
    fn usual(&self) -> &'static str {
        match self.kind.map(|kind| kind.values) {
            None | Some(KeyValues::Text) => ILL_TYPED,
            Some(KeyValues::Arn) => "arn:aws:s3:::example",
            Some(KeyValues::Bool) => "true",
            Some(KeyValues::Number) => "1",
            Some(KeyValues::Date) => "2020-01-01T00:00:00Z",
            Some(KeyValues::Address) => "203.0.113.1",
        }
    }

    fn families(&self) -> Result<Families, Spent> {
        let mut families = Families::default();
        let view = View { context: self.fixed, open: true };
        for condition in self.conditions {
            let kind = match condition.expected() {
                Expected::Text(patterns) => {
                    families.globs.extend(patterns.iter().filter_map(|pattern| resolved(pattern, view)));
                    Some(0)
                }
                Expected::IgnoringCase(patterns) | Expected::Bools(patterns) => {
                    for text in patterns.iter().filter_map(|pattern| pattern.literal(view).ok()) {
                        families.globs.push(Glob::folded(&text).ok_or(Spent)?);
                    }
                    if matches!(condition.expected(), Expected::Bools(_)) {
                        families.globs.extend(["true", "false"].into_iter().filter_map(Glob::folded));
                    }
                    Some(0)
                }
                Expected::Arns(patterns) => {
                    families.globs.extend(patterns.iter().filter_map(|pattern| arn(pattern, view)));
                    Some(0)
                }
                Expected::Numbers(_, numbers) => {
                    families.numbers.extend(numbers.iter().flatten().cloned());
                    Some(1)
                }
                Expected::Dates(_, dates) => {
                    families.dates.extend(dates.iter().flatten());
                    Some(2)
                }
                Expected::Networks(networks) => {
                    families.networks.extend(networks.iter().flatten());
                    Some(3)
                }
                Expected::Binary(texts) => {
                    families.binaries.extend(texts.iter().flatten().map(ToString::to_string));
                    Some(4)
                }
                Expected::Null(_) => None,
            };
            if let Some(there) = kind.and_then(|kind| families.kinds.get_mut(kind)) {
                *there = true;
            }
            families.of.push(kind);
        }
        Ok(families)
    }

    /// What several values can satisfy together: `ForAllValues:` what each does, `ForAnyValue:` what one does.
    fn several(&self, single: &[KeyClass], budget: &mut Budget) -> Result<Vec<KeyClass>, Spent> {
        let mut done: Vec<KeyClass> = Vec::new();
        let there = self.holds(&Values::Many(vec![ILL_TYPED.to_owned()]));
        // A single value is a set of one for the set operators; others do not hold for a set.
        let as_set = |class: &KeyClass| {
            let one = |((condition, own), there): ((&&Condition, &bool), &bool)| match (
                condition.expected(),
                condition.operator().quantifier,
            ) {
                (Expected::Null(_), _) => *there,
                (_, Quantifier::Single) => false,
                _ => *own,
            };
            let values = class.values.as_ref().and_then(|values| match values {
                Values::One(value) => Some(Values::Many(vec![value.clone()])),
                _ => None,
            });
            KeyClass {
                values,
                holds: self.conditions.iter().zip(&class.holds).zip(&there).map(one).collect(),
            }
        };
        let both = |(condition, (a, b)): (&&Condition, (&bool, &bool))| match condition.operator().quantifier
        {
            Quantifier::All => *a && *b,
            Quantifier::Single | Quantifier::Any => *a || *b,
        };
        for one in distinct(single.iter().map(as_set).collect()) {
            let unions: Vec<KeyClass> = done
                .iter()
                .map(|class| KeyClass {
                    holds: self.conditions.iter().zip(class.holds.iter().zip(&one.holds)).map(both).collect(),
                    values: union(class.values.as_ref(), one.values.as_ref()),
                })
                .collect();
            done.push(one);
            done.extend(unions);
            budget.spend(done.len().saturating_mul(self.conditions.len().saturating_add(1)))?;
            done = distinct(done);
            if done.len() > MOST_CLASSES {
                return Err(Spent);
            }
        }
        Ok(done)
    }
}

fn union(a: Option<&Values>, b: Option<&Values>) -> Option<Values> {
    match (a?, b?) {
        (Values::Many(a), Values::Many(b)) => Some(Values::Many(a.iter().chain(b).cloned().collect())),
        _ => None,
    }
}

/// The first class of those that are alike, and of these one that has values.
fn distinct(classes: Vec<KeyClass>) -> Vec<KeyClass> {
    let mut places = std::collections::HashMap::new();
    let mut kept: Vec<KeyClass> = Vec::new();
    for class in classes {
        let at = *places.entry(class.holds.clone()).or_insert(kept.len());
        match kept.get_mut(at) {
            None => kept.push(class),
            Some(known) if known.values.is_none() => known.values = class.values,
            Some(_) => {}
        }
    }
    kept
}

/// The pattern when its variables have their values; nothing where one has none: then nothing matches.
fn resolved(pattern: &Pattern, view: View<'_>) -> Option<Glob> {
    match pattern.resolve(view) {
        Resolved::Pieces(pieces) => Some(Glob::of(&pieces, super::language::Wild::Any)),
        Resolved::Missing | Resolved::Unknown => None,
    }
}

fn arn(pattern: &ArnPattern, view: View<'_>) -> Option<Glob> {
    let fields: Vec<Vec<Solid<'_>>> = match pattern {
        ArnPattern::NotAnArn => return None,
        ArnPattern::Fields(patterns) => patterns.iter().map(Pattern::solid).collect(),
        ArnPattern::Variables(pattern) => match pattern.resolve(view) {
            Resolved::Pieces(pieces) => split(&pieces),
            Resolved::Missing | Resolved::Unknown => return None,
        },
    };
    (fields.len() == 6).then(|| Glob::fields(&fields))
}
