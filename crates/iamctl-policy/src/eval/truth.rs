//! Truth where not everything is stated.

/// Whether something holds: surely not, surely, or depending on what was not stated.
///
/// The order makes *and* the smaller and *or* the larger of two (Kleene's strong logic of three values).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Truth {
    /// It does not hold, whatever the unstated things are.
    False,
    /// It depends on what was not stated.
    Unknown,
    /// It holds, whatever the unstated things are.
    True,
}

impl Truth {
    /// Both hold.
    pub(crate) fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// One of them holds.
    pub(crate) fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// Whether it surely holds.
    pub(crate) fn is_true(self) -> bool {
        self == Truth::True
    }

    /// Whether it surely does not hold.
    pub(crate) fn is_false(self) -> bool {
        self == Truth::False
    }

    /// Whether all of them hold; stops at the first that does not.
    pub(crate) fn all(truths: impl IntoIterator<Item = Truth>) -> Truth {
        let mut all = Truth::True;
        for truth in truths {
            all = all.and(truth);
            if all.is_false() {
                break;
            }
        }
        all
    }

    /// Whether one of them holds; stops at the first that does.
    pub(crate) fn any(truths: impl IntoIterator<Item = Truth>) -> Truth {
        let mut any = Truth::False;
        for truth in truths {
            any = any.or(truth);
            if any.is_true() {
                break;
            }
        }
        any
    }
}

impl std::ops::Not for Truth {
    type Output = Truth;

    fn not(self) -> Truth {
        match self {
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
            Truth::True => Truth::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Truth::True } else { Truth::False }
    }
}
