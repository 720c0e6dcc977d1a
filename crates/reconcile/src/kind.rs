//! What a kind must say of itself to be reconciled.

use std::{collections::BTreeMap, fmt::Debug, future::Future, time::Duration};

use jiff::Timestamp;
use serde_json::Value;
use sluice_cluster::EventType;
use sluice_object::{Gvk, InventoryEntry, Object, ObjectId};

use crate::{
    Context, Seen,
    trace::{Origin, Step},
};

/// A kind of custom resource: facts are observed, a pure machine decides, effects are performed.
pub trait Kind: Sized + Send + Sync + 'static {
    /// The custom resource, typed.
    type Object: Send + Sync + 'static;
    /// What is read at the start of a pass: source, dependencies, identity.
    type Facts: Debug + Send;
    /// Where a pass is: a value, never a future; lost in a crash without harm.
    type Run: Debug + Send;
    /// One bounded, repeatable act on the world, as data.
    type Effect: Debug + Send;
    /// Its answer, as data.
    type Outcome: Debug + Send;

    /// Returns the kind as served.
    fn gvk() -> Gvk;
    /// Returns the upstream controller's name: the component of events.
    fn component() -> &'static str;
    /// Returns the field manager of what that controller writes on its own objects.
    fn manager() -> &'static str {
        Self::component()
    }
    /// Reads the typed form of an object.
    ///
    /// # Errors
    /// When the object does not have the schema of the kind.
    fn read(object: &Object) -> Result<Self::Object, serde_json::Error>;
    /// Says whether passes are off for now; of such an object only the status is kept up with its generation.
    fn is_suspended(object: &Self::Object) -> bool;
    /// Says whether the generation of a suspended object counts as observed, whether or not it is ready.
    fn observes_suspended() -> bool {
        false
    }
    /// Says whether there is nothing to do for an object, not even a finalizer: all it has of ours is an empty status.
    fn is_static(_: &Self::Object) -> bool {
        false
    }
    /// Returns what the object refers to: a change there wakes it.
    fn references(_: &Self::Object) -> Vec<ObjectId> {
        Vec::new()
    }
    /// Condenses what dependents care about; they are woken when it changes.
    fn signal(object: &Object) -> String;
    /// Says whether a change of a reference must start a pass of a settled object.
    fn concerns(_: &Self::Object, _: &crate::Index) -> bool {
        false
    }
    /// Says of which revision of which source a pass is, so that it joins the trace of that.
    fn origin(_: &Self::Object, _: &Self::Facts) -> Option<Origin> {
        None
    }
    /// Says what an effect is in a trace; nothing for one that is not worth telling.
    fn step(_: &Self::Effect) -> Option<Step> {
        None
    }
    /// Says why an effect failed, if it did: a reason and a text without secrets.
    fn failure(_: &Self::Outcome) -> Option<(String, String)> {
        None
    }

    /// Reads what a pass starts from.
    fn observe(&self, object: &Self::Object, cx: &Context) -> impl Future<Output = Self::Facts> + Send;
    /// Begins a pass.
    fn start(object: &Self::Object, facts: Self::Facts, now: Timestamp) -> (Self::Run, Command<Self>);
    /// Continues a pass.
    fn next(
        object: &Self::Object,
        run: Self::Run,
        input: Input<Self::Outcome>,
        now: Timestamp,
    ) -> (Self::Run, Command<Self>);
    /// Does one effect.
    fn perform(&self, effect: Self::Effect, cx: &Context) -> impl Future<Output = Self::Outcome> + Send;
}

/// What a machine is told.
#[derive(Debug)]
pub enum Input<O> {
    /// The report is written.
    Published,
    /// The effect is done.
    Done(O),
    /// Something that the parked pass waits for has changed.
    Woke(Woke),
    /// The parked pass's deadline has passed.
    Deadline,
    /// The parked pass is overtaken; it settles, and another one starts.
    Superseded(Cause),
}

impl<O> Input<O> {
    /// Returns a word for logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Done(_) => "done",
            Self::Woke(_) => "woke",
            Self::Deadline => "deadline",
            Self::Superseded(_) => "superseded",
        }
    }
}

/// Why a parked pass is overtaken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The object's spec has changed, or a reconcile was requested.
    Changed,
    /// Something that it refers to has changed.
    Reference,
    /// The object is being deleted.
    Deleted,
}

/// What has changed for a parked pass.
#[derive(Debug, Clone, Default)]
pub struct Woke {
    /// The present state of the watched objects; none for an object that is not there.
    pub objects: Vec<(ObjectId, Option<Seen>)>,
    /// Objects whose kind cannot be watched: they are to be read instead.
    pub unwatched: Vec<ObjectId>,
}

/// What a machine wants next.
#[derive(Debug)]
pub enum Command<K: Kind> {
    /// Write status and events, then go on.
    Publish(Report),
    /// Do an effect, then go on with its outcome.
    Do(K::Effect),
    /// Hold no task until something happens.
    Park(Park),
    /// The pass is over.
    Settle(Verdict),
}

/// A status and the events to go with it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The whole new `status`; what differs from the stored one is written.
    pub status: Value,
    /// Events, in order.
    pub notices: Vec<Notice>,
}

/// An event about the object.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Normal or Warning.
    pub type_: EventType,
    /// One PascalCase word.
    pub reason: String,
    /// Text for people.
    pub message: String,
    /// Annotations, already with their group prefix.
    pub annotations: BTreeMap<String, String>,
}

/// What a parked pass waits for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Park {
    /// Objects whose changes wake it.
    pub objects: Vec<Watched>,
    /// When it is woken at the latest.
    pub deadline: Option<Timestamp>,
}

/// An object that a pass waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The object and its version.
    pub entry: InventoryEntry,
    /// Whether it carries our owner labels, and so is in the common watch of its kind.
    pub owned: bool,
}

/// The end of a pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Final status and events.
    pub report: Report,
    /// When the next pass starts.
    pub next: Next,
    /// Whether the pass did what it was for; a metric label.
    pub success: bool,
    /// Whether the finalizer is to be removed.
    pub release: bool,
}

/// When the next pass starts, if nothing happens before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// After a time, with jitter.
    After(Duration),
    /// After exactly this time, because it was told to people.
    In(Duration),
    /// At once.
    Now,
    /// After a time that grows with each failure in a row: 750 ms to 15 min.
    Backoff,
    /// Not before the object or a reference changes.
    Never,
}
