//! HelmRepository: the index of a repository becomes an artifact; one of the type `oci` is a mere address.
//!
//! fetch (unless it is the one stored) → announce → store → artifact

mod effects;
mod machine;
mod steps;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sluice_api::source::{HelmRepository, HelmRepositoryStatus, HelmRepositoryType};
use sluice_object::{Artifact, Gvk, Object, ObjectId};
use sluice_reconcile::{Command, Context, Input, Kind, trace::Step};
use sluice_source::helm_repo::{Fetched, HelmRepoSpec, HelmRepos};

use crate::{
    Sources,
    source::{self, GROUP, Leftovers, Trouble},
};

/// The controller of HelmRepositories.
#[derive(Debug)]
pub struct HelmRepositories {
    /// The store and the artifacts in use.
    pub sources: Arc<Sources>,
    /// The client of repositories.
    pub client: HelmRepos,
    /// Host and port that artifact URLs name.
    pub advertised: String,
}

/// What a pass starts from.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What to ask for, or why that is not known.
    spec: Result<HelmRepoSpec, Trouble>,
    /// The artifact of the status, if it is in the store.
    stored: Option<Arc<Artifact>>,
    advertised: String,
}

/// One act on the world.
#[derive(Debug)]
pub enum Effect {
    /// Download the index, unless it is the one that is stored.
    Fetch(Box<(HelmRepoSpec, Option<Arc<Artifact>>)>),
    /// Store an index.
    Store(Box<(Fetched, ObjectId)>),
    /// Drop artifacts that are no longer to be kept.
    Collect(Leftovers),
}

/// The answer to an effect.
#[derive(Debug)]
pub enum Outcome {
    /// A new index, if there is one.
    Fetched(Result<Option<Box<Fetched>>, Trouble>),
    /// What was stored.
    Stored(Result<Arc<Artifact>, Trouble>),
    /// Old artifacts are gone.
    Collected,
}

impl Kind for HelmRepositories {
    type Object = HelmRepository;
    type Facts = Facts;
    type Run = machine::Run;
    type Effect = Effect;
    type Outcome = Outcome;

    fn gvk() -> Gvk {
        Gvk::new(GROUP, "v1", "HelmRepository")
    }

    fn component() -> &'static str {
        "source-controller"
    }

    fn read(object: &Object) -> Result<HelmRepository, serde_json::Error> {
        serde::Deserialize::deserialize(object.value())
    }

    fn is_suspended(object: &HelmRepository) -> bool {
        object.spec.suspend
    }

    /// One of the type `oci` that bears nothing of ours is left alone for good.
    fn is_static(object: &HelmRepository) -> bool {
        is_address(object) && !bears_ours(object)
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

    async fn observe(&self, object: &HelmRepository, cx: &Context) -> Facts {
        self.facts(object, cx).await
    }

    fn start(object: &HelmRepository, facts: Facts, now: jiff::Timestamp) -> (machine::Run, Command<Self>) {
        machine::start(object, facts, now)
    }

    fn next(
        object: &HelmRepository,
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

fn is_address(object: &HelmRepository) -> bool {
    object.spec.type_ == Some(HelmRepositoryType::Oci)
}

/// Says whether an object was reconciled before it became a mere address: the finalizer or a status is left.
fn bears_ours(object: &HelmRepository) -> bool {
    let finalizer = object.metadata.finalizers.iter().flatten().any(|name| name == sluice_reconcile::FINALIZER);
    let bare = |status: &HelmRepositoryStatus| status.conditions.is_empty() && status.artifact.is_none();
    finalizer || !object.status.as_ref().is_none_or(bare)
}
