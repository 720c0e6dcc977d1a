//! Spans in the words of OpenTelemetry's conventions for pipelines, version control and Kubernetes.

use jiff::Timestamp;
use sluice_object::ObjectId;

use super::{Arrival, Attribute, Attributes, Ending, Place, Span};

/// How something went, as `cicd.*` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Success,
    Failure,
    Cancellation,
    Timeout,
    Skip,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancellation => "cancellation",
            Self::Timeout => "timeout",
            Self::Skip => "skip",
        }
    }

    pub(super) fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Success => Self::Success,
            Ending::Failure(..) => Self::Failure,
            Ending::Blocked => Self::Skip,
            Ending::Overtaken => Self::Cancellation,
        }
    }
}

/// From when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
}

/// Returns the span of a revision: a run of the pipeline that the source is.
pub(super) fn root(place: Place, of: &Arrival, time: Time, outcome: Outcome, error: Option<(String, String)>) -> Span {
    let mut attributes = vec![
        ("cicd.pipeline.action.name", "SYNC".into()),
        ("cicd.pipeline.name", of.source.to_string().into()),
        ("cicd.pipeline.run.id", format!("{:032x}", place.trace).into()),
        ("cicd.pipeline.result", outcome.as_str().into()),
    ];
    attributes.extend(object(&of.source));
    attributes.push(("sluice.revision", of.revision.clone().into()));
    attributes.extend(of.attributes.clone());
    span(place, None, format!("SYNC {}", of.source), time, attributes, error)
}

/// Returns the span of an object that a revision has reached: a task of the run.
pub(super) fn task(
    (place, parent): (Place, u64),
    of: &Arrival,
    id: &ObjectId,
    time: Time,
    outcome: Outcome,
    error: Option<(String, String)>,
) -> Span {
    let mut attributes = vec![
        ("cicd.pipeline.task.name", id.to_string().into()),
        ("cicd.pipeline.task.type", "deploy".into()),
        ("cicd.pipeline.task.run.id", format!("{:016x}", place.span).into()),
        ("cicd.pipeline.task.run.result", outcome.as_str().into()),
    ];
    attributes.extend(object(id));
    attributes.push(("sluice.revision", of.revision.clone().into()));
    attributes.extend(of.attributes.iter().filter(|(name, _)| *name == "vcs.ref.head.revision").cloned());
    span(place, Some(parent), format!("SYNC {id}"), time, attributes, error)
}

/// Returns the span of a step.
pub(super) fn step(
    (place, parent): (Place, u64),
    name: &'static str,
    time: Time,
    mut attributes: Attributes,
    error: Option<(String, String)>,
) -> Span {
    let outcome = if error.is_some() { Outcome::Failure } else { Outcome::Success };
    attributes.push(("cicd.pipeline.task.name", name.into()));
    attributes.push(("cicd.pipeline.task.run.result", outcome.as_str().into()));
    span(place, Some(parent), name.into(), time, attributes, error)
}

fn span(
    place: Place,
    parent: Option<u64>,
    name: String,
    time: Time,
    mut attributes: Attributes,
    error: Option<(String, String)>,
) -> Span {
    let error = error.map(|(reason, message)| {
        attributes.push(("error.type", reason.into()));
        message
    });
    let Time { began, ended } = time;
    Span { trace: place.trace, id: place.span, parent, name, began, ended: ended.max(began), attributes, error }
}

fn object(id: &ObjectId) -> [(&'static str, Attribute); 4] {
    [
        ("k8s.namespace.name", id.namespace.clone().into()),
        ("object.kind", id.kind.clone().into()),
        ("object.namespace", id.namespace.clone().into()),
        ("object.name", id.name.clone().into()),
    ]
}
