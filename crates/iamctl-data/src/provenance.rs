//! What a table was made from.

use std::fmt;

/// What a table was made from, and how old it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provenance {
    /// The package that it was made from.
    pub package: &'static str,
    /// The version of that package.
    pub version: &'static str,
    /// The day up to which the package knows AWS, as `YYYY-MM-DD`.
    pub date: &'static str,
    /// The licence of the package.
    pub licence: &'static str,
}

impl Provenance {
    pub(crate) fn parse(line: &'static str) -> Self {
        let [package, version, date, licence] = crate::table::fields(line);
        Self { package, version, date, licence }
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {}", self.package, self.version, self.date)
    }
}
