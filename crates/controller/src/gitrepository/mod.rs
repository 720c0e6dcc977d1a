//! GitRepository: a Git remote becomes an artifact.
//!
//! head (one round trip) → the same revision as stored? done : fetch → store → artifact

mod effects;
mod machine;
mod steps;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use sluice_api::source::GitRepository;
use sluice_object::{Artifact, Gvk, Object, ObjectId};
use sluice_reconcile::{Command, Context, Input, Kind, trace::Step};
use sluice_source::{
    Limits,
    git::{Git, GitSpec, Head},
};

pub(crate) use crate::source::{GROUP, Trouble, with_cause};
use crate::{
    Sources,
    source::{self, Leftovers},
};

/// The controller of GitRepositories.
#[derive(Debug)]
pub struct GitRepositories {
    /// The store and the artifacts in use.
    pub sources: Arc<Sources>,
    /// The Git client.
    pub git: Git,
    /// Host and port that artifact URLs name.
    pub advertised: String,
    /// Bounds on a fetch.
    pub limits: Limits,
}

/// What a pass starts from.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What to ask of the remote, or why that is not known.
    spec: Result<GitSpec, Trouble>,
    /// Whether the artifact of the status is in the store.
    stored: bool,
    advertised: String,
}

/// One act on the world.
#[derive(Debug)]
pub enum Effect {
    /// Ask where the reference points.
    Head(Box<GitSpec>),
    /// Fetch and store a revision.
    Fetch(Box<Fetch>),
    /// Drop artifacts that are no longer to be kept.
    Collect(Leftovers),
}

/// What to fetch, and for whom.
#[derive(Debug)]
pub struct Fetch {
    spec: GitSpec,
    head: Head,
    ignore: Option<String>,
    owner: ObjectId,
}

/// The answer to an effect.
#[derive(Debug)]
pub enum Outcome {
    /// Where the reference points.
    Head(Result<Head, Trouble>),
    /// What was stored, with the first line of the commit's message.
    Stored(Result<(Arc<Artifact>, String), Trouble>),
    /// Old artifacts are gone.
    Collected,
}

impl Kind for GitRepositories {
    type Object = GitRepository;
    type Facts = Facts;
    type Run = machine::Run;
    type Effect = Effect;
    type Outcome = Outcome;

    fn gvk() -> Gvk {
        Gvk::new(GROUP, "v1", "GitRepository")
    }

    fn component() -> &'static str {
        "source-controller"
    }

    fn read(object: &Object) -> Result<GitRepository, serde_json::Error> {
        serde::Deserialize::deserialize(object.value())
    }

    fn is_suspended(object: &GitRepository) -> bool {
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

    async fn observe(&self, object: &GitRepository, cx: &Context) -> Facts {
        self.facts(object, cx).await
    }

    fn start(object: &GitRepository, facts: Facts, now: jiff::Timestamp) -> (machine::Run, Command<Self>) {
        machine::start(object, facts, now)
    }

    fn next(
        object: &GitRepository,
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
