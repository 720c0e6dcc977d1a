//! A Kustomization's pass as it is told in traces.

use sluice_api::kustomize::Kustomization;
use sluice_apply::Keyed;
use sluice_cluster::{ApiError, ErrorKind, Request, Response};
use sluice_object::ObjectId;
use sluice_reconcile::{
    Kind,
    trace::{Attribute, Origin, Step},
};

use super::{Effect, Facts, GROUP, Kustomizations, Outcome, facts};

/// Returns the revision that the pass is about, and the Kustomization that has applied this one.
pub(super) fn origin(object: &Kustomization, facts: &Facts) -> Option<Origin> {
    let artifact = facts.source.as_ref().ok()?;
    Some(Origin {
        source: facts::source_id(object),
        revision: artifact.revision.to_string(),
        generation: object.metadata.generation,
        parent: parent(object),
    })
}

fn parent(object: &Kustomization) -> Option<ObjectId> {
    let labels = object.metadata.labels.as_ref()?;
    let label = |name: &str| labels.get(&format!("{GROUP}/{name}")).cloned();
    let parent = ObjectId::new(&Kustomizations::gvk(), label("namespace")?, label("name")?);
    (parent != facts::id(object)).then_some(parent)
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

/// Of an answer of the API server only the reason is told: its text may quote what was sent.
pub(super) fn failure(outcome: &Outcome) -> Option<(String, String)> {
    match outcome {
        Outcome::Built(Err(trouble)) => Some((trouble.reason.clone(), trouble.message.clone())),
        Outcome::Answers { answers, .. } => {
            // What is not there is no failure of a read; where it is one, the object's own span says so.
            let errors = answers.iter().filter_map(|(_, answer)| answer.as_ref().err());
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

/// Returns how many objects the API server has deleted.
pub(super) fn deleted(outcome: &Outcome) -> usize {
    let Outcome::Answers { answers, .. } = outcome else { return 0 };
    answers.iter().filter(|(_, answer)| matches!(answer, Ok(Response::Done))).count()
}
