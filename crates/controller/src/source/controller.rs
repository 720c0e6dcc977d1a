//! The controller of any kind of source.

use std::{fmt::Debug, sync::Arc};

use sluice_object::{Artifact, Gvk, Object, ObjectId};
use sluice_reconcile::{Command, Context, Index, Input, Kind, trace::Step};

use super::{
    Leftovers, Source, SourceObject, SourceStatus, Trouble, artifacts,
    kind::id,
    machine::{self, Run},
};
use crate::Sources;

/// Reconciles the sources of one kind.
#[derive(Debug)]
pub struct Controller<S> {
    /// What the kind has of its own.
    pub source: S,
    /// The store and the artifacts in use.
    pub sources: Arc<Sources>,
    /// Host and port that artifact URLs name.
    pub advertised: String,
}

/// What a pass starts from.
#[derive(Debug)]
pub struct Facts<S: Source> {
    /// What to ask of the remote, or why that is not known.
    pub(crate) spec: Result<S::Spec, Trouble>,
    /// The artifact of the status, if it is in the store.
    pub(crate) stored: Option<Arc<Artifact>>,
    pub(crate) advertised: String,
}

/// One act on the world.
#[derive(Debug)]
pub enum Effect<S: Source> {
    /// Drop artifacts that are no longer to be kept.
    Collect(Leftovers),
    /// Look at what the remote has.
    Look(Box<Look<S>>),
    /// Fetch and store it.
    Fetch(Box<Fetch<S>>),
}

/// What to look at.
#[derive(Debug)]
pub struct Look<S: Source> {
    /// What to ask for.
    pub spec: S::Spec,
    /// What is stored.
    pub stored: Option<Arc<Artifact>>,
}

/// What to fetch, and for whom.
#[derive(Debug)]
pub struct Fetch<S: Source> {
    /// What to ask for.
    pub spec: S::Spec,
    /// What the remote has.
    pub head: S::Head,
    /// What is stored: of it, nothing need be fetched again.
    pub stored: Option<Arc<Artifact>>,
    /// Whose artifact it becomes.
    pub owner: ObjectId,
}

/// The answer to an effect.
#[derive(Debug)]
pub enum Outcome<S: Source> {
    /// So many old artifacts are gone.
    Collected(usize),
    /// What the remote has.
    Looked(Result<S::Head, Trouble>),
    /// What was stored, and what is told of it.
    Stored(Result<(Arc<Artifact>, S::About), Trouble>),
}

impl<S: Source> Kind for Controller<S> {
    type Object = S::Object;
    type Facts = Facts<S>;
    type Run = Run<S>;
    type Effect = Effect<S>;
    type Outcome = Outcome<S>;

    fn gvk() -> Gvk {
        S::gvk()
    }

    fn component() -> &'static str {
        "source-controller"
    }

    fn read(object: &Object) -> Result<S::Object, serde_json::Error> {
        serde::Deserialize::deserialize(object.value())
    }

    fn is_suspended(object: &S::Object) -> bool {
        object.is_suspended()
    }

    /// An address that bears nothing of ours is left alone for good.
    fn is_static(object: &S::Object) -> bool {
        S::is_address(object) && !bears_ours(object)
    }

    fn references(object: &S::Object) -> Vec<ObjectId> {
        S::references(object)
    }

    fn signal(object: &Object) -> String {
        super::signal(object)
    }

    fn concerns(object: &S::Object, index: &Index) -> bool {
        S::concerns(object, index)
    }

    /// Looking happens at each interval and is not told.
    fn step(effect: &Effect<S>) -> Option<Step> {
        match effect {
            Effect::Fetch(fetch) => Some(S::step(fetch)),
            _ => None,
        }
    }

    fn failure(outcome: &Outcome<S>) -> Option<(String, String)> {
        let (Outcome::Looked(Err(trouble)) | Outcome::Stored(Err(trouble))) = outcome else { return None };
        Some((trouble.reason.clone(), trouble.message.clone()))
    }

    async fn observe(&self, object: &S::Object, cx: &Context) -> Facts<S> {
        let artifact = object.status().and_then(SourceStatus::artifact);
        let stored = artifacts::stored(&self.sources, &id::<S>(object), artifact).await;
        Facts { spec: self.source.spec(object, cx).await, stored, advertised: self.advertised.clone() }
    }

    fn start(object: &S::Object, facts: Facts<S>, now: jiff::Timestamp) -> (Run<S>, Command<Self>) {
        machine::start(object, facts, now)
    }

    fn next(
        object: &S::Object,
        run: Run<S>,
        input: Input<Outcome<S>>,
        now: jiff::Timestamp,
    ) -> (Run<S>, Command<Self>) {
        machine::next(object, run, input, now)
    }

    async fn perform(&self, effect: Effect<S>, cx: &Context) -> Outcome<S> {
        match effect {
            Effect::Collect(leftovers) => {
                Outcome::Collected(artifacts::collect(&self.sources, &leftovers, cx.now()).await)
            }
            Effect::Look(look) => Outcome::Looked(self.source.look(&look.spec, look.stored.as_ref(), cx).await),
            Effect::Fetch(fetch) => Outcome::Stored(self.source.fetch(*fetch, &self.sources, cx).await),
        }
    }
}

/// Says whether an object was reconciled before it became a mere address: the finalizer or a status is left.
fn bears_ours<O: SourceObject>(object: &O) -> bool {
    let finalizer = object.metadata().finalizers.iter().flatten().any(|name| name == sluice_reconcile::FINALIZER);
    finalizer || object.status().is_some_and(|status| !status.is_bare())
}
