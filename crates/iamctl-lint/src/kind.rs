//! What a document is for.

use std::fmt;

/// The kind of a policy: each allows other elements and means other things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What its holder may do: managed and inline policies, and permissions boundaries.
    Identity,
    /// Who may assume a role.
    Trust,
    /// A service control policy of AWS Organizations.
    Scp,
    /// A resource control policy of AWS Organizations.
    Rcp,
    /// The policy of any other resource, such as a bucket's.
    Resource,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 5] = [Kind::Identity, Kind::Trust, Kind::Scp, Kind::Rcp, Kind::Resource];

    /// The word for it on the command line and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Identity => "identity",
            Kind::Trust => "trust",
            Kind::Scp => "scp",
            Kind::Rcp => "rcp",
            Kind::Resource => "resource",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The kind in a sentence, with article.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Kind::Identity => "an identity policy",
            Kind::Trust => "a trust policy",
            Kind::Scp => "an SCP",
            Kind::Rcp => "an RCP",
            Kind::Resource => "a resource policy",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
