//! What a machine asks of its driver, and what the driver tells it.

use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;
use sluice_cluster::{ApiError, Request, Response, Target};
use sluice_object::{Gvk, InventoryEntry, ObjectId, Origin};

use crate::{health::Health, wait::Until};

/// What the machine wants next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Do the requests, at most `concurrency` at once, and hand in [`Input::Answers`].
    Requests {
        /// The requests.
        requests: Vec<Keyed>,
        /// How many may be under way at once.
        concurrency: usize,
    },
    /// Store this as the inventory, then hand in [`Input::Published`]: objects are about to be written that it lacked.
    Publish(Vec<InventoryEntry>),
    /// Watch the targets: hand in [`Input::Health`] as it becomes known, or [`Input::Deadline`].
    Wait(WaitSpec),
    /// All is done.
    Done(Box<Outcome>),
    /// It ended early.
    Failed(Box<Failure>),
}

/// What the driver tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Answers to requests of the last step, in any order.
    Answers(Vec<(Key, Result<Response, ApiError>)>),
    /// The inventory is stored.
    Published,
    /// What is known of awaited objects. An object that is gone is [`Health::not_found`].
    Health(Vec<(ObjectId, Health)>),
    /// The deadline of the wait has passed.
    Deadline,
}

/// A request, with the key under which its answer is handed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Keyed {
    /// The key.
    pub key: Key,
    /// The request.
    pub request: Request,
}

/// Tells the answers of one step apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub(crate) Ask);

/// What a request is for, and of which object in the list at hand.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Ask {
    Kind(Gvk),
    DryRun(usize),
    Live(usize),
    Delete(usize),
    CleanUp(usize),
    Apply(usize),
}

/// A wait.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitSpec {
    /// The objects, without those that have arrived.
    pub targets: Vec<Target>,
    /// What is waited for.
    pub until: Until,
    /// When to hand in [`Input::Deadline`].
    pub deadline: Timestamp,
    /// When to look again although nothing changes.
    pub recheck_at: Option<Timestamp>,
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// It was not there.
    Created,
    /// It was changed.
    Configured,
    /// It was as desired.
    Unchanged,
    /// It is left alone on request.
    Skipped,
    /// It was deleted, or was gone already.
    Deleted,
    /// It could not be read or deleted.
    Unknown,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Deleted => "deleted",
            Self::Unknown => "unknown",
        })
    }
}

/// Objects and what happened to them, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes(pub Vec<(ObjectId, Action)>);

impl Changes {
    /// Returns the lines of an event: `<Kind>/<namespace>/<name> <action>`, without what is unchanged or skipped.
    pub fn change_log(&self) -> String {
        self.lines(|action| !matches!(action, Action::Unchanged | Action::Skipped))
    }

    /// Returns a line for every object.
    pub fn full_log(&self) -> String {
        self.lines(|_| true)
    }

    /// Says whether anything was written.
    pub fn any(&self) -> bool {
        self.0.iter().any(|(_, action)| !matches!(action, Action::Unchanged | Action::Skipped))
    }

    fn lines(&self, shown: impl Fn(Action) -> bool) -> String {
        let lines = self.0.iter().filter(|(_, action)| shown(*action)).map(|(id, action)| format!("{id} {action}"));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// The end of a run in which all went well.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// The applied objects, in order of application.
    pub changes: Changes,
    /// The objects that had become stale, in order of deletion.
    pub pruned: Changes,
    /// What exists now.
    pub inventory: Vec<InventoryEntry>,
    /// Health of the applied objects as last seen, to begin a wait with.
    pub health: Vec<(ObjectId, Health)>,
    /// Applied Jobs that may vanish when they are done.
    pub expiring_jobs: BTreeSet<ObjectId>,
    /// Flux's own components, left alone.
    pub left_out: Vec<ObjectId>,
    /// Fields of manifests that the API server does not know, and that were not sent: for a warning.
    pub undeclared: Vec<(ObjectId, Vec<String>)>,
    /// Why waiting for the end of deleted objects was given up.
    pub unterminated: Option<String>,
}

impl Outcome {
    /// Returns the applied objects that a health check of everything covers: those not skipped, without the reconciled
    /// resource itself.
    pub fn health_targets(&self, own: &ObjectId) -> Vec<ObjectId> {
        let itself = |id: &ObjectId| (&id.kind, &id.namespace, &id.name) == (&own.kind, &own.namespace, &own.name);
        let checked = self.changes.0.iter().filter(|(id, action)| *action != Action::Skipped && !itself(id));
        checked.map(|(id, _)| id.clone()).collect()
    }
}

/// The end of a run that did not get through. Nothing written is missing from its inventory.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The error, in Flux's words.
    pub error: String,
    /// `ReconciliationFailed` or `PruneFailed`.
    pub reason: &'static str,
    /// The object at fault.
    pub subject: Option<ObjectId>,
    /// Where its manifest was written.
    pub origin: Option<Origin>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the same run may go through later without any change.
    pub transient: bool,
    /// What was applied before.
    pub changes: Changes,
    /// What was deleted before.
    pub pruned: Changes,
    /// The inventory to keep.
    pub inventory: Vec<InventoryEntry>,
    /// Flux's own components, left alone.
    pub left_out: Vec<ObjectId>,
}

impl Failure {
    /// Returns Flux's Ready message: the error, and the changes made before it.
    pub fn ready_message(&self) -> String {
        format!("{}\n{}", self.error, self.changes.change_log())
    }
}
