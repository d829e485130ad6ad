//! All rules by name.

/// One rule that a manifest is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The code that findings carry.
    pub code: &'static str,
    /// What it says.
    pub says: &'static str,
    /// The section of the reference it belongs to.
    pub group: &'static str,
}

const fn rule(group: &'static str, code: &'static str, says: &'static str) -> Rule {
    Rule { code, says, group }
}

/// Every rule whose findings [`parse`](crate::parse) can report.
pub const RULES: &[Rule] = &[];
