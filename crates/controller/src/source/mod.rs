//! What sources share: why they fail, their secrets, their artifacts, and how their passes end in a status.

mod artifacts;
mod record;
mod secrets;

use sluice_api::{conditions::reasons, meta};
use sluice_cluster::EventType;
use sluice_object::{Object, ObjectId};
use sluice_reconcile::Notice;
use sluice_source::store;

pub(crate) use self::{
    artifacts::{collect, owner, publish, publish_as_is, stored},
    record::Record,
    secrets::{proxy, read_secret, text, tls, value},
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

/// Condenses a source to what its dependents care about: the artifact.
pub(crate) fn signal(source: &Object) -> String {
    let artifact = &source.value()["status"]["artifact"];
    format!("{} {}", artifact["revision"], artifact["digest"])
}

/// One line: what failed, why, and what to do.
pub(crate) fn with_cause(error: &dyn std::error::Error, hint: Option<String>) -> String {
    let mut text = format!("failed to {error}");
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

pub(crate) fn notice(type_: EventType, reason: &str, message: String, artifact: Option<&meta::Artifact>) -> Notice {
    let mut annotations = std::collections::BTreeMap::new();
    if let Some(artifact) = artifact {
        annotations.insert(format!("{GROUP}/revision"), artifact.revision.clone());
        annotations.insert(format!("{GROUP}/digest"), artifact.digest.clone());
    }
    Notice { type_, reason: reason.into(), message, annotations }
}
