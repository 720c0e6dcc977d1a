//! OCIRepository: an artifact of a registry becomes an artifact of ours.
//!
//! head (tag or range → digest) → the same revision as stored? done : manifest → layer → store → artifact

mod access;
mod effects;
mod machine;
mod steps;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sluice_api::source::OciRepository;
use sluice_object::{Artifact, Gvk, Object, ObjectId};
use sluice_reconcile::{Command, Context, Input, Kind, trace::Step};
use sluice_source::{
    Limits,
    oci::{FetchOptions, Head, Oci, OciSpec},
};

use crate::{
    Sources,
    source::{self, GROUP, Leftovers, Trouble},
};

/// The controller of OCIRepositories.
#[derive(Debug)]
pub struct OciRepositories {
    /// The store and the artifacts in use.
    pub sources: Arc<Sources>,
    /// The client of registries.
    pub client: Oci,
    /// Host and port that artifact URLs name.
    pub advertised: String,
    /// Bounds on a fetch.
    pub limits: Limits,
    /// Whether objects may be somebody of their own to a cloud (gate `ObjectLevelWorkloadIdentity`).
    pub object_level_identity: bool,
}

/// What a pass starts from.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What to ask of the registry, or why that is not known.
    spec: Result<OciSpec, Trouble>,
    /// Whether the artifact of the status is in the store.
    stored: bool,
    options: FetchOptions,
    advertised: String,
}

/// One act on the world.
#[derive(Debug)]
pub enum Effect {
    /// Ask what the reference means now.
    Head(Box<OciSpec>),
    /// Fetch and store it.
    Fetch(Box<Fetch>),
    /// Drop artifacts that are no longer to be kept.
    Collect(Leftovers),
}

/// What to fetch, and for whom.
#[derive(Debug)]
pub struct Fetch {
    spec: OciSpec,
    head: Head,
    options: FetchOptions,
    owner: ObjectId,
}

/// The answer to an effect.
#[derive(Debug)]
pub enum Outcome {
    /// What the reference means.
    Head(Result<Head, Trouble>),
    /// What was stored.
    Stored(Result<Arc<Artifact>, Trouble>),
    /// Old artifacts are gone.
    Collected,
}

impl Kind for OciRepositories {
    type Object = OciRepository;
    type Facts = Facts;
    type Run = machine::Run;
    type Effect = Effect;
    type Outcome = Outcome;

    fn gvk() -> Gvk {
        Gvk::new(GROUP, "v1", "OCIRepository")
    }

    fn component() -> &'static str {
        "source-controller"
    }

    fn read(object: &Object) -> Result<OciRepository, serde_json::Error> {
        serde::Deserialize::deserialize(object.value())
    }

    fn is_suspended(object: &OciRepository) -> bool {
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

    async fn observe(&self, object: &OciRepository, cx: &Context) -> Facts {
        self.facts(object, cx).await
    }

    fn start(object: &OciRepository, facts: Facts, now: jiff::Timestamp) -> (machine::Run, Command<Self>) {
        machine::start(object, facts, now)
    }

    fn next(
        object: &OciRepository,
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
