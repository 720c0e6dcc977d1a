//! A Kustomization's pass as it is told in traces.

use sluice_api::kustomize::Kustomization;
use sluice_apply::Keyed;
use sluice_cluster::{Request, Response};
use sluice_reconcile::trace::{Attribute, Origin, Step};

use super::{Effect, Facts, Outcome, facts};
use crate::steps::{self, parent};

/// Returns the revision that the pass is about, and the Kustomization that has applied this one.
pub(super) fn origin(object: &Kustomization, facts: &Facts) -> Option<Origin> {
    let artifact = facts.source.as_ref().ok()?;
    Some(Origin {
        source: facts::source_id(object),
        revision: artifact.revision.to_string(),
        generation: object.metadata.generation,
        parent: parent(&object.metadata, &facts::id(object)),
    })
}

/// Opening watches and keeping what was applied take no time; reads belong to the wait that they are a part of.
pub(super) fn step(effect: &Effect) -> Option<Step> {
    match effect {
        Effect::Build { path, variables, .. } => {
            let variables = variables.as_ref().map_or(0, |variables| variables.values.len());
            Some(Step::new("build").with("sluice.path", path).with("sluice.variables", Attribute::count(variables)))
        }
        Effect::Requests { requests, pruning, .. } => {
            let count = Attribute::count(requests.len());
            Some(Step::new(purpose(requests, *pruning)).with("sluice.requests", count))
        }
        _ => None,
    }
}

fn purpose(requests: &[Keyed], pruning: bool) -> &'static str {
    let all = |is: fn(&Request) -> bool| requests.iter().all(|keyed| is(&keyed.request));
    if pruning {
        "prune"
    } else if all(|request| matches!(request, Request::Resolve(_))) {
        "discover"
    } else if all(|request| matches!(request, Request::Apply { dry_run: true, .. } | Request::Get(_))) {
        "dry-run"
    } else {
        "apply"
    }
}

pub(super) fn failure(outcome: &Outcome) -> Option<(String, String)> {
    match outcome {
        Outcome::Built(Err(trouble)) => Some((trouble.reason.clone(), trouble.message.clone())),
        Outcome::Answers { answers, .. } => steps::failure(answers.iter().map(|(_, answer)| answer)),
        _ => None,
    }
}

/// Returns how many objects the API server has deleted.
pub(super) fn deleted(outcome: &Outcome) -> usize {
    let Outcome::Answers { answers, .. } = outcome else { return 0 };
    answers.iter().filter(|(_, answer)| matches!(answer, Ok(Response::Done))).count()
}
