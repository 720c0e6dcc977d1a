//! A pass that finds everything as it was left: nothing is built, and nobody is asked but for what watches do not tell.

use std::sync::Arc;

use jiff::Timestamp;
use sluice_api::{
    conditions::{self, READY},
    kustomize::Kustomization,
};
use sluice_apply::health::{Health, Status};
use sluice_object::{Artifact, Digest, ObjectId};
use sluice_reconcile::{Command, Park};

use super::{
    super::{facts, health, variables},
    Run, Stage, Step,
};
use crate::waiting;

impl Run {
    pub(super) fn is_unchanged(&self, object: &Kustomization) -> bool {
        let Some(memory) = &self.facts.memory else { return false };
        self.facts.standing.clean
            && Some(memory.generation) == object.metadata.generation
            && self.facts.same_build
            && memory.eager == self.facts.eager
            && memory.variables == self.variables_digest()
            && conditions::is_true(&self.status.conditions, READY)
    }

    /// Returns nothing where manifests stay as they are.
    pub(super) fn variables_digest(&self) -> Option<Digest> {
        self.facts.variables.as_ref().ok()?.as_deref().map(variables::digest)
    }

    /// Nothing has changed as far as watches tell. The rest is read.
    pub(super) fn look(mut self, object: &Kustomization, artifact: Arc<Artifact>, now: Timestamp) -> Step {
        let targets = std::mem::take(&mut self.facts.standing.unseen);
        if targets.is_empty() {
            return self.give_way(object, artifact, now);
        }
        self.stage = Stage::Looking(artifact);
        self.rest(waiting::Next::Read(targets))
    }

    pub(super) fn looked(
        self,
        object: &Kustomization,
        artifact: Arc<Artifact>,
        health: &[(ObjectId, Health)],
        now: Timestamp,
    ) -> Step {
        if health.iter().all(|(_, health)| health.status == Status::Current) {
            return self.give_way(object, artifact, now);
        }
        self.build(object, artifact)
    }

    /// A commit wakes all that are built from its source. Those that it touches go first: telling that nothing has
    /// changed goes to the end of the queue.
    fn give_way(mut self, object: &Kustomization, artifact: Arc<Artifact>, now: Timestamp) -> Step {
        if self.status.last_applied_revision == self.revision() {
            return self.unchanged(object, &artifact, now);
        }
        self.stage = Stage::Yielding(artifact);
        (self, Command::Park(Park { objects: Vec::new(), deadline: Some(now) }))
    }

    /// Nothing has changed anywhere: one status write and one event.
    pub(super) fn unchanged(mut self, object: &Kustomization, artifact: &Artifact, now: Timestamp) -> Step {
        self.checksum = self.facts.memory.as_ref().map(|memory| memory.checksum.clone());
        if !health::targets(object, &facts::inventory(Some(&self.status))).is_empty() {
            self.passed(object, self.began, now);
        }
        let verdict = self.succeed(object, artifact, now);
        (self, Command::Settle(verdict))
    }
}
