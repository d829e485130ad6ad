//! Walking a list that AWS cuts into pages, and distrusting it.
//!
//! A list of which the end was not seen looks like a shorter list, and what is missing from it looks
//! deleted. So whatever is odd about a page ends the walk with an error.

use std::collections::HashSet;

/// The markers of one walk.
#[derive(Debug, Default)]
pub(crate) struct Markers {
    seen: HashSet<String>,
}

/// Why a list cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BrokenList {
    /// There is more, and no way to ask for it.
    Cut,
    /// The next page would be one that was read already.
    Circular,
    /// There is a next page, and yet there is no more.
    Contradictory,
}

impl BrokenList {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            BrokenList::Cut => "AWS said that there is more and not how to get it",
            BrokenList::Circular => "AWS led back to a page that was read already",
            BrokenList::Contradictory => "AWS said that there is no more and how to get it",
        }
    }
}

impl Markers {
    /// The marker of the next page, `None` at the end.
    pub(crate) fn next(
        &mut self,
        is_truncated: bool,
        marker: Option<&str>,
    ) -> Result<Option<String>, BrokenList> {
        match (is_truncated, marker.filter(|marker| !marker.is_empty())) {
            (false, None) => Ok(None),
            (false, Some(_)) => Err(BrokenList::Contradictory),
            (true, None) => Err(BrokenList::Cut),
            (true, Some(marker)) if self.seen.insert(marker.to_owned()) => Ok(Some(marker.to_owned())),
            (true, Some(_)) => Err(BrokenList::Circular),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_ends_only_where_aws_says_so() {
        let mut markers = Markers::default();
        assert_eq!(markers.next(true, Some("a")), Ok(Some("a".to_owned())));
        assert_eq!(markers.next(true, Some("b")), Ok(Some("b".to_owned())));
        assert_eq!(markers.next(true, Some("a")), Err(BrokenList::Circular));
        assert_eq!(markers.next(true, None), Err(BrokenList::Cut));
        assert_eq!(markers.next(true, Some("")), Err(BrokenList::Cut));
        assert_eq!(markers.next(false, Some("c")), Err(BrokenList::Contradictory));
        assert_eq!(markers.next(false, Some("")), Ok(None));
        assert_eq!(markers.next(false, None), Ok(None));
    }
}
