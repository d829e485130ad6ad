//! The request context: condition keys and their values.

use super::truth::Truth;

/// The value of one condition key.
///
/// Source: IAM User Guide, "Single-valued vs. multivalued context keys".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// The key is not in the request.
    Absent,
    /// A single-valued key.
    One(String),
    /// A multivalued key. Its values may be none at all.
    Many(Vec<String>),
}

/// The condition keys of a request. Names of keys are compared without regard to case, those of tags
/// included (IAM User Guide, "IAM JSON policy elements: Condition" and "Controlling access to AWS
/// resources using tags").
///
/// What a key that is not mentioned means is up to the question: [`decide`](super::decide) takes it as
/// absent, [`judge`](super::judge) as not stated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Sorted by key, keys in lower case.
    entries: Vec<(Box<str>, Values)>,
}

/// A context, and what a key means that it does not mention.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'c> {
    pub(crate) context: &'c Context,
    /// Whether such a key is unstated rather than absent.
    pub(crate) open: bool,
}

/// What is known about a key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Known<'c> {
    Unstated,
    Absent,
    One(&'c str),
    Many(&'c [String]),
}

impl Context {
    /// A context that mentions no key.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key; returns what it was set to before.
    pub fn set(&mut self, key: &str, values: Values) -> Option<Values> {
        let key = key.to_ascii_lowercase().into_boxed_str();
        match self.entries.binary_search_by(|(known, _)| known.as_ref().cmp(&key)) {
            Ok(at) => self.entries.get_mut(at).map(|(_, old)| std::mem::replace(old, values)),
            Err(at) => {
                self.entries.insert(at, (key, values));
                None
            }
        }
    }

    /// The context with a single-valued key.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.set(key, Values::One(value.to_owned()));
        self
    }

    /// The context with a multivalued key.
    #[must_use]
    pub fn with_many<'v>(mut self, key: &str, values: impl IntoIterator<Item = &'v str>) -> Self {
        self.set(key, Values::Many(values.into_iter().map(str::to_owned).collect()));
        self
    }

    /// The context with a key that is known to be absent.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.set(key, Values::Absent);
        self
    }

    /// The keys that are mentioned, in lower case, and their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Values)> {
        self.entries.iter().map(|(key, values)| (key.as_ref(), values))
    }

    /// The value of a key that is mentioned.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Values> {
        self.find(&key.to_ascii_lowercase())
    }

    fn find(&self, key: &str) -> Option<&Values> {
        let at = self.entries.binary_search_by(|(known, _)| known.as_ref().cmp(key)).ok()?;
        self.entries.get(at).map(|(_, values)| values)
    }
}

impl<'c> View<'c> {
    /// What is known about a key, which is given in lower case.
    pub(crate) fn get(self, key: &str) -> Known<'c> {
        match self.context.find(key) {
            Some(Values::One(value)) => Known::One(value),
            Some(Values::Many(values)) => Known::Many(values),
            Some(Values::Absent) => Known::Absent,
            None if self.open => Known::Unstated,
            None => Known::Absent,
        }
    }
}

impl Known<'_> {
    /// Whether the key has no value. A multivalued key without values counts as null: IAM User Guide,
    /// "Multivalued context key examples", which offers `Null` as the way to tell "missing context keys
    /// or context keys with empty values" apart.
    pub(crate) fn is_null(self) -> Truth {
        match self {
            Known::Unstated => Truth::Unknown,
            Known::Absent => Truth::True,
            Known::One(_) => Truth::False,
            Known::Many(values) => values.is_empty().into(),
        }
    }
}
