//! How long IAM gets to catch up with what was changed.
//!
//! IAM answers reads from copies that lag behind, mostly by a second or two. What they say is taken
//! seriously only when it is still said after a while.

use std::time::Duration;

/// How long to wait in all before what IAM says is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience(Duration);

impl Patience {
    /// To wait so long in all. Without any, reads are repeated at once.
    #[must_use]
    pub fn new(in_all: Duration) -> Self {
        Self(in_all)
    }

    /// The wait before each further look, each longer than the one before.
    pub fn waits(self) -> impl Iterator<Item = Duration> + Send {
        const PARTS: [u32; 5] = [1, 2, 4, 6, 7];
        let whole: u32 = PARTS.iter().sum();
        PARTS.into_iter().map(move |part| self.0.saturating_mul(part).checked_div(whole).unwrap_or_default())
    }
}

impl Default for Patience {
    /// Twenty seconds.
    fn default() -> Self {
        Self::new(Duration::from_secs(20))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_and_are_all_of_it() {
        let waits: Vec<u64> = Patience::default().waits().map(|wait| wait.as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 6, 7]);
        let none: Duration = Patience::new(Duration::ZERO).waits().sum();
        assert_eq!(none, Duration::ZERO);
    }
}
