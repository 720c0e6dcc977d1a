//! The machine that takes away what a deleted reconciler has put into a cluster.
//!
//! inventory + policy → nothing, or delete → (wait until all is gone) → done

use jiff::{SignedDuration, Timestamp};
use sluice_cluster::{Identity, Target};
use sluice_object::{InventoryEntry, ObjectId};

use crate::{
    health::Health,
    prepare::Owner,
    prune::{self, Prune},
    step::{Failure, Input, Key, Outcome, Step, WaitSpec},
    wait::{self, Until, Verdict, WaitSet},
};

/// What becomes of the objects of a deleted reconciler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeletionPolicy {
    /// They are deleted if stale objects are.
    #[default]
    MirrorPrune,
    /// They are deleted.
    Delete,
    /// They are deleted, and their end is awaited.
    WaitForTermination,
    /// They stay.
    Orphan,
}

impl DeletionPolicy {
    /// Reads `spec.deletionPolicy`; an empty text is the default.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "MirrorPrune" => Some(Self::MirrorPrune),
            "Delete" => Some(Self::Delete),
            "WaitForTermination" => Some(Self::WaitForTermination),
            "Orphan" => Some(Self::Orphan),
            _ => None,
        }
    }
}

/// How the objects are taken away.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Who owns them.
    pub owner: Owner,
    /// What becomes of them.
    pub policy: DeletionPolicy,
    /// Whether stale objects were deleted.
    pub prune: bool,
    /// Whether the reconciler is suspended; then nothing is deleted.
    pub suspended: bool,
    /// How long their end is awaited.
    pub timeout: SignedDuration,
    /// How many requests may be under way at once.
    pub concurrency: usize,
    /// Whether Flux's own components are deleted too.
    pub flux_components: bool,
    /// Whose permissions are used, for hints.
    pub account: Identity,
}

impl Options {
    /// Says whether anything is deleted at all.
    pub fn deletes(&self) -> bool {
        let wanted = match self.policy {
            DeletionPolicy::MirrorPrune => self.prune,
            DeletionPolicy::Delete | DeletionPolicy::WaitForTermination => true,
            DeletionPolicy::Orphan => false,
        };
        wanted && !self.suspended
    }
}

/// A finalization under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Finalize {
    options: Options,
    prune: Prune,
    wait: Option<(WaitSet, Timestamp)>,
    late: bool,
}

impl Finalize {
    /// Begins with the stored inventory.
    pub fn start(inventory: Vec<InventoryEntry>, options: Options, now: Timestamp) -> (Self, Step) {
        let entries = if options.deletes() { inventory } else { Vec::new() };
        let owner = options.owner.clone();
        let prune = Prune::start(entries, prune::Options { owner, flux_components: options.flux_components });
        let mut finalize = Self { options, prune, wait: None, late: false };
        let step = finalize.advance(now);
        (finalize, step)
    }

    /// Takes in what came of the last step and returns the next one.
    pub fn next(&mut self, input: Input, now: Timestamp) -> Step {
        match input {
            Input::Answers(answers) => {
                answers.into_iter().for_each(|(Key(ask), answer)| self.prune.learn(&ask, answer));
            }
            Input::Health(seen) => self.on_health(seen),
            Input::Deadline => self.late = self.wait.as_ref().is_some_and(|(_, deadline)| now >= *deadline),
            Input::Published => {}
        }
        self.advance(now)
    }

    fn on_health(&mut self, seen: Vec<(ObjectId, Health)>) {
        if let Some((set, _)) = &mut self.wait {
            seen.into_iter().for_each(|(id, health)| set.note(&id, health));
        }
    }

    fn advance(&mut self, now: Timestamp) -> Step {
        if let Some(requests) = self.prune.requests() {
            return Step::Requests { requests, concurrency: self.options.concurrency.max(1) };
        }
        if self.prune.error().is_some() {
            let failure = self.prune.failure(&self.options.owner, &self.options.account);
            return Step::Failed(Box::new(Failure { inventory: self.prune.entries(), ..failure }));
        }
        if self.options.policy == DeletionPolicy::WaitForTermination {
            return self.await_end(now);
        }
        self.done(None)
    }

    fn await_end(&mut self, now: Timestamp) -> Step {
        let deadline = now.saturating_add(self.options.timeout).unwrap_or(Timestamp::MAX);
        let prune = &self.prune;
        let (set, deadline) = self.wait.get_or_insert_with(|| (end_of(prune), deadline));
        if set.verdict() == Verdict::Done {
            return self.done(None);
        }
        let pending = |entry: &&InventoryEntry| set.pending().any(|id| *id == entry.id);
        let targets: Vec<_> = self.prune.deleted().filter(pending).map(|e| Target::by_id(&e.id, &e.version)).collect();
        if let (true, Some(first)) = (self.late, targets.first()) {
            return self.done(Some(format!("{} termination timeout: context deadline exceeded", first.id())));
        }
        Step::Wait(WaitSpec { targets, until: Until::Gone, deadline: *deadline, recheck_at: None })
    }

    fn done(&self, unterminated: Option<String>) -> Step {
        Step::Done(Box::new(Outcome { pruned: self.prune.changes(), unterminated, ..Outcome::default() }))
    }
}

fn end_of(prune: &Prune) -> WaitSet {
    let options = wait::Options { until: Until::Gone, ..wait::Options::default() };
    WaitSet::new(prune.deleted().map(|entry| entry.id.clone()), options)
}
