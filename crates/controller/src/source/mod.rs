//! What sources share, which is nearly all: [`Controller`] reconciles the sources of any kind.
//!
//! leftovers collected → look at the remote → the same as stored? done : announce → fetch → store → artifact
//!
//! A kind is a [`Source`]: what to ask for, how to look and fetch, and what is said of it.

mod artifacts;
mod controller;
mod kind;
mod machine;
mod record;
mod secrets;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use sluice_api::{
    conditions::{STALLED, reasons},
    meta,
};
use sluice_cluster::EventType;
use sluice_object::{Object, ObjectId};
use sluice_reconcile::Notice;
use sluice_source::store;

pub(crate) use self::{
    artifacts::{owner, publish, publish_as_is},
    record::{NO_SOURCE_ARTIFACT, Record},
    secrets::{proxy, read_secret, text, tls, value},
};
pub use self::{
    controller::{Controller, Effect, Facts, Fetch, Look, Outcome},
    kind::{Source, SourceObject, Status, Told},
    machine::Run,
    record::{Parts, SourceStatus},
};

pub(crate) const GROUP: &str = "source.toolkit.fluxcd.io";

/// Why something could not be done, in the words of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// One PascalCase word.
    pub reason: String,
    /// Text for people, with the way out.
    pub message: String,
}

impl Trouble {
    pub(crate) fn access(message: String) -> Self {
        Self { reason: reasons::AUTHENTICATION_FAILED.into(), message }
    }

    pub(crate) fn lost(what: &str) -> Self {
        Self { reason: reasons::FAILED.into(), message: format!("{what} is not there any more; it is fetched again") }
    }

    pub(crate) fn storage(error: &store::Error) -> Self {
        Self { reason: error.reason().into(), message: with_cause(error, error.hint()) }
    }
}

/// Names the artifacts that are no longer to be kept; all of them without a current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftovers {
    /// The source.
    pub owner: ObjectId,
    /// The path of the artifact to keep.
    pub current: Option<String>,
}

/// Condenses a source to what its dependents care about: the artifact, and whether it is of the spec.
pub(crate) fn signal(source: &Object) -> String {
    let (status, artifact) = (&source.value()["status"], &source.value()["status"]["artifact"]);
    let is_observed = status["observedGeneration"].as_i64() == source.generation();
    let conditions = status["conditions"].as_array();
    let stalled = conditions.into_iter().flatten().find(|condition| condition["type"] == STALLED);
    let stalled = stalled.map(|condition| &condition["status"]);
    format!("{} {} {is_observed} {stalled:?}", artifact["revision"], artifact["digest"])
}

/// One line: what failed, why, and what to do.
pub(crate) fn with_cause(error: &dyn std::error::Error, hint: Option<String>) -> String {
    format!("failed to {}", chain(error, hint))
}

/// The same without saying that it is a failure.
pub(crate) fn chain(error: &dyn std::error::Error, hint: Option<String>) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    match hint {
        Some(hint) => format!("{text}; hint: {hint}"),
        None => text,
    }
}

/// Says whether an object has no artifact of that revision.
pub(crate) fn differs<O: SourceObject>(object: &O, revision: &str) -> bool {
    object.status().and_then(SourceStatus::artifact).is_none_or(|artifact| artifact.revision != revision)
}

pub(crate) fn notice(type_: EventType, reason: &str, message: String, artifact: Option<&meta::Artifact>) -> Notice {
    let mut annotations = std::collections::BTreeMap::new();
    if let Some(artifact) = artifact {
        annotations.insert(format!("{GROUP}/revision"), artifact.revision.clone());
        annotations.insert(format!("{GROUP}/digest"), artifact.digest.clone());
    }
    Notice { type_, reason: reason.into(), message, annotations }
}
