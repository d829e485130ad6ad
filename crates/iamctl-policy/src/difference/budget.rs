//! How much may be tried.

/// Steps that are left. What costs more than there are is given up: the answer is *unknown* then.
#[derive(Debug)]
pub(crate) struct Budget(usize);

/// There are no steps left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spent;

impl Budget {
    pub(crate) fn new(steps: usize) -> Self {
        Self(steps)
    }

    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), Spent> {
        let left = self.0.checked_sub(steps);
        self.0 = left.unwrap_or(0);
        left.map(|_| ()).ok_or(Spent)
    }

    /// Does something with no more than so many of the steps that are left.
    pub(crate) fn within<T>(&mut self, most: usize, work: impl FnOnce(&mut Budget) -> T) -> T {
        let given = self.0.min(most);
        let mut part = Budget(given);
        let result = work(&mut part);
        self.0 = self.0.saturating_sub(given.saturating_sub(part.0));
        result
    }
}
