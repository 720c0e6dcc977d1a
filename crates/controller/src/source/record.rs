//! The parts of a status that all sources have, and how a pass changes them.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sluice_api::{
    conditions::{
        self, ARTIFACT_IN_STORAGE, ARTIFACT_OUTDATED, BUILD_FAILED, Condition, FETCH_FAILED, RECONCILING,
        STORAGE_OPERATION_FAILED, TRUE, reasons,
    },
    meta,
};
use sluice_cluster::EventType;
use sluice_object::Artifact;
use sluice_reconcile::Notice;

use super::{Told, Trouble, notice};
use crate::{
    marks::{Marks, time},
    unserved::NOT_SERVED_YET,
};

/// The reason of errors of the store.
const STORAGE_FAILED: &str = "StorageOperationFailed";

/// The reason of a source of a source that has no artifact yet.
pub(crate) const NO_SOURCE_ARTIFACT: &str = "NoSourceArtifact";

/// The reasons of what was fetched, and could not be made into an artifact.
const BUILDING: [&str; 4] = ["MetadataPatchError", "ValuesFilesError", "DependencyBuildError", "ChartPackageError"];

/// The status of a source.
pub trait SourceStatus {
    /// Returns the parts that all sources have.
    fn parts(&mut self) -> Parts<'_>;
    /// Returns the artifact.
    fn artifact(&self) -> Option<&meta::Artifact>;
    /// Says whether nothing was ever written into it but its generation.
    fn is_bare(&self) -> bool;
}

/// The parts that all sources have.
#[derive(Debug)]
pub struct Parts<'a> {
    pub(super) conditions: &'a mut Vec<Condition>,
    pub(super) artifact: &'a mut Option<meta::Artifact>,
    pub(super) observed_generation: &'a mut Option<i64>,
    pub(super) last_handled_reconcile_at: &'a mut Option<String>,
}

/// A status while a pass changes it.
pub(crate) struct Record<'a> {
    parts: Parts<'a>,
    metadata: &'a ObjectMeta,
    now: Timestamp,
}

impl<'a> Record<'a> {
    pub(crate) fn new(status: &'a mut impl SourceStatus, metadata: &'a ObjectMeta, now: Timestamp) -> Self {
        Self { parts: status.parts(), metadata, now }
    }

    fn marks(&mut self) -> Marks<'_> {
        Marks::new(self.parts.conditions, self.metadata.generation.unwrap_or(0), self.now)
    }

    /// What is not served yet is never ignored in silence.
    pub(crate) fn refuse(&mut self, message: String) -> Notice {
        self.marks().stalled(NOT_SERVED_YET, &message);
        self.observed();
        notice(EventType::Warning, NOT_SERVED_YET, message, None)
    }

    /// An artifact is to be made: of something new, or of the same with other settings. `kept` says whether the
    /// artifact of the status is still there.
    pub(crate) fn announce(&mut self, outdated: &str, news: Option<String>, kept: bool) {
        let gone = self.parts.artifact.is_some() && !kept;
        let news = if gone { Some("disappeared from storage".into()) } else { news };
        let Some(news) = news else { return self.reworked() };
        let mut marks = self.marks();
        marks.working_on(&format!("building artifact: {news}"));
        marks.set(ARTIFACT_OUTDATED, TRUE, outdated, &news);
    }

    /// As Flux, other settings are no news of the remote.
    fn reworked(&mut self) {
        let (old, new) = (self.parts.observed_generation.unwrap_or(-1), self.metadata.generation.unwrap_or(0));
        let message = match old == new {
            true => "reconciliation in progress".into(),
            false => format!("processing object: new generation {old} -> {new}"),
        };
        self.marks().working_on(&message);
    }

    /// Describes a new artifact.
    pub(crate) fn stored(&mut self, artifact: &Artifact) {
        *self.parts.artifact = Some(meta::Artifact {
            path: artifact.path.clone(),
            url: String::new(),
            revision: artifact.revision.to_string(),
            digest: artifact.digest.to_string(),
            last_update_time: time(self.now),
            size: i64::try_from(artifact.size).ok(),
            metadata: artifact.metadata.clone(),
        });
    }

    /// Says whether the last pass failed.
    pub(crate) fn has_failed(&self) -> bool {
        let failed = |type_| conditions::is_true(self.parts.conditions, type_);
        failed(FETCH_FAILED) || failed(BUILD_FAILED) || failed(STORAGE_OPERATION_FAILED)
    }

    /// The artifact is what the remote has; URLs name the host where artifacts are served now.
    pub(crate) fn succeed(&mut self, told: &Told, advertised: &str) {
        let Told { reason, message } = told;
        if let Some(artifact) = self.parts.artifact {
            artifact.url = format!("http://{advertised}/{}", artifact.path);
        }
        let mut marks = self.marks();
        for gone in [FETCH_FAILED, BUILD_FAILED, STORAGE_OPERATION_FAILED, ARTIFACT_OUTDATED] {
            marks.clear(gone);
        }
        marks.ready(reason, message);
        marks.set(ARTIFACT_IN_STORAGE, TRUE, reason, message);
        self.observed();
    }

    /// The pass failed and is repeated; the artifact stays.
    pub(crate) fn fail(&mut self, trouble: &Trouble) -> Notice {
        let Trouble { reason, message } = trouble;
        let progress = if self.parts.artifact.is_none() { "building artifact" } else { "processing object" };
        let mut marks = self.marks();
        blame(&mut marks, trouble);
        marks.set(RECONCILING, TRUE, reasons::PROGRESSING, progress);
        marks.failed(reason, message);
        self.handled();
        // Flux only traces that a source has nothing yet.
        let type_ = if reason == NO_SOURCE_ARTIFACT { EventType::Normal } else { EventType::Warning };
        notice(type_, reason, message.clone(), None)
    }

    /// The pass failed, and is not repeated before the object changes.
    pub(crate) fn stall(&mut self, trouble: &Trouble) -> Notice {
        let Trouble { reason, message } = trouble;
        let mut marks = self.marks();
        blame(&mut marks, trouble);
        marks.stalled(reason, message);
        self.observed();
        notice(EventType::Warning, reason, message.clone(), None)
    }

    fn observed(&mut self) {
        *self.parts.observed_generation = self.metadata.generation;
        self.handled();
    }

    fn handled(&mut self) {
        if let Some(token) = crate::requested::requested_at(self.metadata) {
            *self.parts.last_handled_reconcile_at = Some(token);
        }
    }
}

/// Says in the condition of that step what failed.
fn blame(marks: &mut Marks<'_>, Trouble { reason, message }: &Trouble) {
    let type_ = match reason.as_str() {
        STORAGE_FAILED => STORAGE_OPERATION_FAILED,
        reason if BUILDING.contains(&reason) => BUILD_FAILED,
        _ => FETCH_FAILED,
    };
    if type_ != STORAGE_OPERATION_FAILED {
        // As in Flux, a revision that cannot be had or built is not news.
        marks.clear(ARTIFACT_OUTDATED);
    }
    if type_ == FETCH_FAILED {
        marks.clear(BUILD_FAILED);
    }
    if type_ == BUILD_FAILED {
        marks.clear(FETCH_FAILED);
    }
    marks.set(type_, TRUE, reason, message);
}
