//! The bound on what an evaluation may cost.

use crate::error::Fault;

/// What an evaluation may cost: every part of an expression that is looked at costs a step, and so does every element
/// that is made or compared, and every 16 bytes of text. It is some milliseconds of work, thousands of times what a
/// look at conditions takes.
pub const STEPS: u32 = 250_000;

/// The steps that are left.
#[derive(Debug)]
pub(crate) struct Steps(u32);

impl Steps {
    pub(crate) fn new() -> Self {
        Self(STEPS)
    }

    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), Fault> {
        let left = u32::try_from(steps).ok().and_then(|steps| self.0.checked_sub(steps));
        self.0 = left.unwrap_or(0);
        left.map(|_| ()).ok_or(Fault::TooLong)
    }

    /// Spends what a text of that many bytes costs.
    pub(crate) fn spend_on(&mut self, bytes: usize) -> Result<(), Fault> {
        self.spend(bytes / 16)
    }
}
