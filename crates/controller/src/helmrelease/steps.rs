//! A HelmRelease's pass as it is told in traces.

use sluice_api::helm::HelmRelease;
use sluice_cluster::{ApiError, ErrorKind};
use sluice_object::ObjectId;
use sluice_reconcile::{
    Kind,
    trace::{Attribute, Origin, Step},
};

use super::{Effect, Facts, Outcome, facts};
use crate::kustomization;

/// Returns the revision that the pass is about, and the Kustomization that has applied this object.
pub(super) fn origin(object: &HelmRelease, facts: &Facts) -> Option<Origin> {
    let source = facts.source.as_ref().ok()?;
    Some(Origin {
        source: source.id.clone(),
        revision: source.artifact.revision.clone(),
        generation: object.metadata.generation,
        parent: parent(object),
    })
}

fn parent(object: &HelmRelease) -> Option<ObjectId> {
    let labels = object.metadata.labels.as_ref()?;
    let label = |name: &str| labels.get(&format!("{}/{name}", kustomization::GROUP)).cloned();
    let parent = ObjectId::new(&kustomization::Kustomizations::gvk(), label("namespace")?, label("name")?);
    (parent != facts::id(object)).then_some(parent)
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

/// Of an answer of the API server only the reason is told: its text may quote what was sent.
pub(super) fn failure(outcome: &Outcome) -> Option<(String, String)> {
    match outcome {
        Outcome::Loaded(Err(trouble)) => Some((trouble.reason.clone(), trouble.message.clone())),
        Outcome::Revisions(Err(_)) => Some(("StateError".into(), "stored revisions could not be read".into())),
        Outcome::Rendered(Err(_)) => Some(("RenderFailed".into(), "the chart could not be rendered".into())),
        Outcome::Answers { answers, .. } => {
            let errors = answers.iter().filter_map(|answer| answer.as_ref().err());
            let failed: Vec<_> = errors.filter(|error| !error.is_not_found()).collect();
            let first = reason(failed.first()?);
            Some((first, format!("{} of {} requests failed", failed.len(), answers.len())))
        }
        _ => None,
    }
}

fn reason(error: &ApiError) -> String {
    match &error.kind {
        ErrorKind::Status(code) if error.reason.is_empty() => code.to_string(),
        ErrorKind::Status(_) => error.reason.clone(),
        ErrorKind::NoMatch(_) => "NoMatch".into(),
        ErrorKind::Transport => "Transport".into(),
        ErrorKind::Timeout => "Timeout".into(),
    }
}
