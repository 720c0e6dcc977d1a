//! What goes wrong in a run, and in which order things happen in it: both come from here alone.

use std::{collections::BTreeMap, fmt};

use crate::{
    chance::Chance,
    fault::{FAULTS, Fault},
};

/// Where faults come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Faults {
    /// These, by the number of the effect.
    Given(BTreeMap<usize, Fault>),
    /// Chance.
    Drawn,
}

/// A run, as far as it is not the scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What decides the order; none for the order in which things were asked for.
    pub seed: Option<u64>,
    /// What goes wrong.
    pub faults: Faults,
    /// Whether the run is written down.
    pub traced: bool,
}

impl Plan {
    /// A run in which nothing goes wrong, and everything in turn.
    pub fn plain() -> Self {
        Self::with(BTreeMap::new())
    }

    /// A run in turn, with these faults.
    pub fn with(faults: BTreeMap<usize, Fault>) -> Self {
        Self { seed: None, faults: Faults::Given(faults), traced: false }
    }

    /// A run that a seed decides.
    pub fn seeded(seed: u64) -> Self {
        Self { seed: Some(seed), faults: Faults::Drawn, traced: false }
    }

    /// The same order, with these faults instead.
    #[must_use]
    pub fn but(&self, faults: BTreeMap<usize, Fault>) -> Self {
        Self { faults: Faults::Given(faults), ..self.clone() }
    }

    /// The same without the fault of an effect.
    #[must_use]
    pub fn without(&self, effect: usize) -> Self {
        let mut plan = self.clone();
        if let Faults::Given(faults) = &mut plan.faults {
            faults.remove(&effect);
        }
        plan
    }

    /// Returns the effects with a fault that is given.
    pub fn effects(&self) -> Vec<usize> {
        match &self.faults {
            Faults::Given(faults) => faults.keys().copied().collect(),
            Faults::Drawn => Vec::new(),
        }
    }

    /// The same, written down.
    #[must_use]
    pub fn traced(self) -> Self {
        Self { traced: true, ..self }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seed {
            Some(seed) => write!(f, "seed {seed}")?,
            None => f.write_str("in turn")?,
        }
        match &self.faults {
            Faults::Given(faults) => faults.iter().try_for_each(|(effect, fault)| write!(f, "; {effect}: {fault}")),
            Faults::Drawn => Ok(()),
        }
    }
}

/// At most so many faults are drawn for a run: a world in which everything fails all the time proves nothing.
const MOST_FAULTS: usize = 6;
/// One effect in so many fails.
const RARITY: usize = 25;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Something that was asked for is let go.
    Asked(usize),
    /// So many events of a watch are delivered, the last of them maybe twice.
    Watch { index: usize, count: usize, again: bool },
    /// Nothing, for so many milliseconds.
    Nothing(u64),
    /// The user takes the next step.
    Step,
}

/// Decides as the run goes on.
pub(crate) struct Order {
    chance: Option<Chance>,
    /// Of faults alone, so that the order is the same when these are given.
    fortune: Chance,
    faults: Faults,
    drawn: BTreeMap<usize, Fault>,
}

impl Order {
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut chance = plan.seed.map(Chance::new);
        let fortune = chance.as_mut().map_or(Chance::new(0), Chance::branch);
        Self { chance, fortune, faults: plan.faults.clone(), drawn: BTreeMap::new() }
    }

    /// Returns the fault of an effect. `calm` says that faults are over.
    pub(crate) fn fault(&mut self, effect: usize, calm: bool) -> Option<Fault> {
        let fault = match &self.faults {
            Faults::Given(faults) => faults.get(&effect).copied(),
            Faults::Drawn if calm || self.drawn.len() >= MOST_FAULTS || !self.fortune.one_in(RARITY) => None,
            Faults::Drawn => Some(FAULTS[self.fortune.below(FAULTS.len())]),
        };
        self.drawn.extend(fault.map(|fault| (effect, fault)));
        fault
    }

    /// Says whether all happens in turn, and nothing goes wrong.
    pub(crate) fn is_plain(&self) -> bool {
        self.chance.is_none() && self.faults == Faults::Given(BTreeMap::new())
    }

    /// Returns the faults that there were.
    pub(crate) fn faults(&self) -> BTreeMap<usize, Fault> {
        self.drawn.clone()
    }

    /// Says whether an answer takes its time.
    pub(crate) fn is_slow(&mut self) -> bool {
        self.chance.as_mut().is_some_and(|chance| chance.one_in(4))
    }

    /// Chooses what is next: without a seed all events, and then what was asked for first. `early` says whether the
    /// user may take a step before all is quiet.
    pub(crate) fn next(&mut self, choices: &crate::stage::Choices, early: bool) -> Turn {
        let Some(chance) = &mut self.chance else {
            return match choices.watches.first() {
                Some(&index) => Turn::Watch { index, count: usize::MAX, again: false },
                None => Turn::Asked(0),
            };
        };
        if early && chance.one_in(60) {
            return Turn::Step;
        }
        if chance.one_in(40) {
            return Turn::Nothing([5, 50, 1000, 10_000][chance.below(4)]);
        }
        let index = chance.below(choices.asked + choices.watches.len());
        match index.checked_sub(choices.asked) {
            None => Turn::Asked(index),
            Some(index) => {
                Turn::Watch { index: choices.watches[index], count: 1 + chance.below(4), again: chance.one_in(10) }
            }
        }
    }

    /// Returns the chance of a life.
    pub(crate) fn branch(&mut self) -> Chance {
        self.chance.as_mut().map_or(Chance::new(0), Chance::branch)
    }
}
