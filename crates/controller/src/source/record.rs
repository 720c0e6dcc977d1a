//! The parts of a status that all sources have, and how a pass changes them.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sluice_api::{
    conditions::{
        self, ARTIFACT_IN_STORAGE, ARTIFACT_OUTDATED, Condition, FETCH_FAILED, RECONCILING, STORAGE_OPERATION_FAILED,
        TRUE, reasons,
    },
    meta,
    source::{BucketStatus, GitRepositoryStatus, HelmRepositoryStatus, OciRepositoryStatus},
};
use sluice_cluster::EventType;
use sluice_object::Artifact;
use sluice_reconcile::Notice;

use super::{Trouble, notice};
use crate::{
    marks::{Marks, time},
    unserved::NOT_SERVED_YET,
};

/// The reason of errors of the store.
const STORAGE_FAILED: &str = "StorageOperationFailed";

/// The status of a source.
pub(crate) trait SourceStatus {
    /// Returns the parts that all sources have.
    fn parts(&mut self) -> Parts<'_>;
}

/// The parts that all sources have.
pub(crate) struct Parts<'a> {
    conditions: &'a mut Vec<Condition>,
    artifact: &'a mut Option<meta::Artifact>,
    observed_generation: &'a mut Option<i64>,
    last_handled_reconcile_at: &'a mut Option<String>,
}

impl SourceStatus for GitRepositoryStatus {
    fn parts(&mut self) -> Parts<'_> {
        let Self { conditions, artifact, observed_generation, last_handled_reconcile_at, .. } = self;
        Parts { conditions, artifact, observed_generation, last_handled_reconcile_at }
    }
}

impl SourceStatus for BucketStatus {
    fn parts(&mut self) -> Parts<'_> {
        let Self { conditions, artifact, observed_generation, last_handled_reconcile_at, .. } = self;
        Parts { conditions, artifact, observed_generation, last_handled_reconcile_at }
    }
}

impl SourceStatus for OciRepositoryStatus {
    fn parts(&mut self) -> Parts<'_> {
        let Self { conditions, artifact, observed_generation, last_handled_reconcile_at, .. } = self;
        Parts { conditions, artifact, observed_generation, last_handled_reconcile_at }
    }
}

impl SourceStatus for HelmRepositoryStatus {
    fn parts(&mut self) -> Parts<'_> {
        let Self { conditions, artifact, observed_generation, last_handled_reconcile_at, .. } = self;
        Parts { conditions, artifact, observed_generation, last_handled_reconcile_at }
    }
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

    /// A revision is to be stored; `kept` says whether the artifact of the status is still there.
    pub(crate) fn building(&mut self, revision: &str, kept: bool) {
        self.making(format!("new upstream revision '{revision}'"), kept);
    }

    /// The same, in other words.
    pub(crate) fn making(&mut self, news: String, kept: bool) {
        let gone = self.parts.artifact.is_some() && !kept;
        let message = if gone { "disappeared from storage".into() } else { news };
        let mut marks = self.marks();
        marks.working_on(&format!("building artifact: {message}"));
        marks.set(ARTIFACT_OUTDATED, TRUE, reasons::NEW_REVISION, &message);
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
        failed(FETCH_FAILED) || failed(STORAGE_OPERATION_FAILED)
    }

    /// The artifact is what the remote has; URLs name the host where artifacts are served now.
    pub(crate) fn succeed(&mut self, message: &str, advertised: &str) {
        if let Some(artifact) = self.parts.artifact {
            artifact.url = format!("http://{advertised}/{}", artifact.path);
        }
        let mut marks = self.marks();
        for gone in [FETCH_FAILED, STORAGE_OPERATION_FAILED, ARTIFACT_OUTDATED] {
            marks.clear(gone);
        }
        marks.ready(reasons::SUCCEEDED, message);
        marks.set(ARTIFACT_IN_STORAGE, TRUE, reasons::SUCCEEDED, message);
        self.observed();
    }

    /// The pass failed and is repeated; the artifact stays.
    pub(crate) fn fail(&mut self, trouble: &Trouble) -> Notice {
        let Trouble { reason, message } = trouble;
        let type_ = if reason == STORAGE_FAILED { STORAGE_OPERATION_FAILED } else { FETCH_FAILED };
        let progress = if self.parts.artifact.is_none() { "building artifact" } else { "processing object" };
        let mut marks = self.marks();
        if type_ == FETCH_FAILED {
            // As in Flux, a revision that cannot be had is not news.
            marks.clear(ARTIFACT_OUTDATED);
        }
        marks.set(type_, TRUE, reason, message);
        marks.set(RECONCILING, TRUE, reasons::PROGRESSING, progress);
        marks.failed(reason, message);
        self.handled();
        notice(EventType::Warning, reason, message.clone(), None)
    }

    /// The pass failed, and is not repeated before the object changes.
    pub(crate) fn stall(&mut self, trouble: &Trouble) -> Notice {
        let Trouble { reason, message } = trouble;
        let mut marks = self.marks();
        marks.set(FETCH_FAILED, TRUE, reason, message);
        marks.stalled(reason, message);
        self.observed();
        notice(EventType::Warning, reason, message.clone(), None)
    }

    fn observed(&mut self) {
        *self.parts.observed_generation = self.metadata.generation;
        self.handled();
    }

    fn handled(&mut self) {
        if let Some(token) = crate::kustomization::requested_at(self.metadata) {
            *self.parts.last_handled_reconcile_at = Some(token);
        }
    }
}
