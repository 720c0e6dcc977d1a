//! A HelmRelease's pass as it is told in traces.

use sluice_api::helm::HelmRelease;
use sluice_reconcile::trace::{Attribute, Origin, Step};

use super::{Effect, Facts, Outcome, facts};
use crate::steps::{self, parent};

/// Returns the revision that the pass is about, and the Kustomization that has applied this object.
pub(super) fn origin(object: &HelmRelease, facts: &Facts) -> Option<Origin> {
    let source = facts.source.as_ref().ok()?;
    Some(Origin {
        source: source.id.clone(),
        revision: source.artifact.revision.clone(),
        generation: object.metadata.generation,
        parent: parent(&object.metadata, &facts::id(object)),
    })
}

/// Opening watches and keeping what was applied take no time; reads belong to the wait that they are a part of.
pub(super) fn step(effect: &Effect) -> Option<Step> {
    match effect {
        Effect::Load(chosen) => Some(Step::new("load").with("sluice.chart", &chosen.0.artifact.revision)),
        Effect::Revisions { name, .. } => Some(Step::new("revisions").with("sluice.release", name)),
        Effect::Render(order) => Some(Step::new("render").with("sluice.release", &order.release.name)),
        Effect::Requests { requests, purpose, .. } => {
            Some(Step::new(purpose).with("sluice.requests", Attribute::count(requests.len())))
        }
        _ => None,
    }
}

pub(super) fn failure(outcome: &Outcome) -> Option<(String, String)> {
    match outcome {
        Outcome::Loaded(Err(trouble)) => Some((trouble.reason.clone(), trouble.message.clone())),
        Outcome::Revisions(Err(_)) => Some(("StateError".into(), "stored revisions could not be read".into())),
        Outcome::Rendered(Err(_)) => Some(("RenderFailed".into(), "the chart could not be rendered".into())),
        Outcome::Answers { answers, .. } => steps::failure(answers.iter()),
        _ => None,
    }
}
