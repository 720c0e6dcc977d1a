//! Bucket: a container of Azure Blob Storage becomes an artifact.
//!
//! list (names and etags) → the same revision as stored? done : fetch what has changed → store → artifact

mod access;
mod effects;
mod machine;
mod steps;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sluice_api::source::Bucket;
use sluice_object::{Artifact, Gvk, Object, ObjectId};
use sluice_reconcile::{Command, Context, Input, Kind, trace::Step};
use sluice_source::{
    Limits,
    bucket::{BucketSpec, FetchOptions, Listing},
};

use crate::{
    Sources,
    source::{self, GROUP, Leftovers, Trouble},
};

/// The controller of Buckets.
#[derive(Debug)]
pub struct Buckets {
    /// The store and the artifacts in use.
    pub sources: Arc<Sources>,
    /// The client of object stores.
    pub client: sluice_source::bucket::Buckets,
    /// Host and port that artifact URLs name.
    pub advertised: String,
    /// Bounds on a fetch.
    pub limits: Limits,
}

/// What a pass starts from.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What to ask of the store, or why that is not known.
    spec: Result<BucketSpec, Trouble>,
    /// The artifact of the status, if it is in the store.
    stored: Option<Arc<Artifact>>,
    options: FetchOptions,
    advertised: String,
}

/// One act on the world.
#[derive(Debug)]
pub enum Effect {
    /// List what the bucket holds.
    List(Box<(BucketSpec, FetchOptions)>),
    /// Fetch and store what was listed.
    Fetch(Box<Fetch>),
    /// Drop artifacts that are no longer to be kept.
    Collect(Leftovers),
}

/// What to fetch, and for whom.
#[derive(Debug)]
pub struct Fetch {
    spec: BucketSpec,
    options: FetchOptions,
    listing: Listing,
    /// An artifact whose files need not be downloaded again.
    earlier: Option<Arc<Artifact>>,
    owner: ObjectId,
}

/// The answer to an effect.
#[derive(Debug)]
pub enum Outcome {
    /// What the bucket holds.
    Listed(Result<Listing, Trouble>),
    /// What was stored.
    Stored(Result<Arc<Artifact>, Trouble>),
    /// Old artifacts are gone.
    Collected,
}

impl Kind for Buckets {
    type Object = Bucket;
    type Facts = Facts;
    type Run = machine::Run;
    type Effect = Effect;
    type Outcome = Outcome;

    fn gvk() -> Gvk {
        Gvk::new(GROUP, "v1", "Bucket")
    }

    fn component() -> &'static str {
        "source-controller"
    }

    fn read(object: &Object) -> Result<Bucket, serde_json::Error> {
        serde::Deserialize::deserialize(object.value())
    }

    fn is_suspended(object: &Bucket) -> bool {
        object.spec.suspend
    }

    fn signal(object: &Object) -> String {
        source::signal(object)
    }

    fn step(effect: &Effect) -> Option<Step> {
        steps::step(effect)
    }

    fn failure(outcome: &Outcome) -> Option<(String, String)> {
        steps::failure(outcome)
    }

    async fn observe(&self, object: &Bucket, cx: &Context) -> Facts {
        self.facts(object, cx).await
    }

    fn start(object: &Bucket, facts: Facts, now: jiff::Timestamp) -> (machine::Run, Command<Self>) {
        machine::start(object, facts, now)
    }

    fn next(
        object: &Bucket,
        run: machine::Run,
        input: Input<Outcome>,
        now: jiff::Timestamp,
    ) -> (machine::Run, Command<Self>) {
        machine::next(object, run, input, now)
    }

    async fn perform(&self, effect: Effect, cx: &Context) -> Outcome {
        self.act(effect, cx).await
    }
}
