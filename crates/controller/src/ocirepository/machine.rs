//! The decisions of an OCIRepository's pass. Source: source-controller's OCIRepository reconciler.

use std::sync::Arc;

use jiff::Timestamp;
use sluice_api::{
    conditions::reasons,
    source::{OciRepository, OciRepositoryStatus},
};
use sluice_cluster::EventType;
use sluice_object::{Artifact, ObjectId};
use sluice_reconcile::{Command, Input, Kind, Next, Notice, Report, Verdict};
use sluice_source::{
    oci::{FetchOptions, Head, OciSpec},
    store::LATEST,
};

use super::{Effect, Facts, Fetch, OciRepositories, Outcome};
use crate::{
    source::{Leftovers, Record, Trouble, notice},
    unserved::NOT_SERVED_YET,
};

type Step = (Run, Command<OciRepositories>);

/// What stays wrong until the object changes.
const TERMINAL: [&str; 2] = ["URLInvalid", reasons::FEATURE_GATE_DISABLED];

/// Annotations of manifests that say what an artifact was made of.
const ORIGIN_SOURCE: &str = "org.opencontainers.image.source";
const ORIGIN_REVISION: &str = "org.opencontainers.image.revision";

/// Where a pass is.
#[derive(Debug)]
pub struct Run {
    status: OciRepositoryStatus,
    advertised: String,
    /// Whether the artifact of the status is in the store.
    kept: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The registry is asked; whether the stored artifact may be kept.
    Asking { spec: OciSpec, options: FetchOptions, keep: bool },
    /// It is announced that an artifact is made.
    Announcing { spec: OciSpec, options: FetchOptions, head: Head },
    /// An artifact is made.
    Fetching,
    /// What is no longer needed is removed; then the pass settles.
    Collecting(Box<Verdict>),
}

pub(super) fn start(object: &OciRepository, facts: Facts, now: Timestamp) -> Step {
    let Facts { spec, stored, options, advertised } = facts;
    let status = object.status.clone().unwrap_or_default();
    let mut run = Run { status, advertised, kept: stored, stage: Stage::Fetching };
    if object.metadata.deletion_timestamp.is_some() {
        return run.remove(object);
    }
    if object.spec.verify.is_some() {
        return run.refuse(object, unverified(), now);
    }
    match spec {
        Err(trouble) => run.fail(object, &trouble, now),
        Ok(spec) => {
            let keep = stored && run.same_settings(object);
            run.stage = Stage::Asking { spec: spec.clone(), options, keep };
            (run, Command::Do(Effect::Head(Box::new(spec))))
        }
    }
}

pub(super) fn next(object: &OciRepository, mut run: Run, input: Input<Outcome>, now: Timestamp) -> Step {
    match (std::mem::replace(&mut run.stage, Stage::Fetching), input) {
        (Stage::Asking { spec, options, keep }, Input::Done(Outcome::Head(Ok(head)))) => match keep {
            true if run.has(&head) => run.unchanged(object, now),
            _ => run.announce(object, (spec, options, head), now),
        },
        (_, Input::Done(Outcome::Head(Err(trouble)))) => run.fail(object, &trouble, now),
        (Stage::Announcing { spec, options, head }, Input::Published) => {
            let fetch = Fetch { spec, head, options, owner: id(object) };
            (run, Command::Do(Effect::Fetch(Box::new(fetch))))
        }
        (_, Input::Done(Outcome::Stored(Ok(artifact)))) => run.stored(object, &artifact, now),
        (_, Input::Done(Outcome::Stored(Err(trouble)))) => run.fail(object, &trouble, now),
        (Stage::Collecting(verdict), _) => (run, Command::Settle(*verdict)),
        (stage, input) => {
            let trouble =
                Trouble { reason: reasons::FAILED.into(), message: format!("unexpected {input:?} in {stage:?}") };
            run.fail(object, &trouble, now)
        }
    }
}

impl Run {
    fn same_settings(&self, object: &OciRepository) -> bool {
        let OciRepositoryStatus { observed_ignore, observed_layer_selector, .. } = &self.status;
        *observed_ignore == object.spec.ignore && *observed_layer_selector == object.spec.layer_selector
    }

    fn has(&self, head: &Head) -> bool {
        self.status.artifact.as_ref().is_some_and(|artifact| artifact.revision == head.revision.as_str())
    }

    fn remove(mut self, object: &OciRepository) -> Step {
        let verdict = Verdict { report: Report::default(), next: Next::Never, success: true, release: true };
        self.stage = Stage::Collecting(Box::new(verdict));
        (self, Command::Do(Effect::Collect(Leftovers { owner: id(object), current: None })))
    }

    fn refuse(mut self, object: &OciRepository, message: String, now: Timestamp) -> Step {
        let notice = self.record(object, now).refuse(message);
        self.settle(vec![notice], Next::Never, false)
    }

    fn announce(
        mut self,
        object: &OciRepository,
        (spec, options, head): (OciSpec, FetchOptions, Head),
        now: Timestamp,
    ) -> Step {
        let news = format!("new revision '{}' for '{}'", head.revision, head.reference);
        let kept = self.kept;
        self.record(object, now).making(news, kept);
        self.stage = Stage::Announcing { spec, options, head };
        let report = self.report(Vec::new());
        (self, Command::Publish(report))
    }

    fn unchanged(mut self, object: &OciRepository, now: Timestamp) -> Step {
        let recovered = self.record(object, now).has_failed();
        self.succeed(object, now);
        let notices = recovered.then(|| self.told(object, reasons::SUCCEEDED));
        self.settle(notices.into_iter().collect(), Next::After(object.spec.interval.into()), true)
    }

    fn stored(mut self, object: &OciRepository, artifact: &Arc<Artifact>, now: Timestamp) -> Step {
        self.record(object, now).stored(artifact);
        self.status.observed_ignore = object.spec.ignore.clone();
        self.status.observed_layer_selector = object.spec.layer_selector.clone();
        self.succeed(object, now);
        let notices = vec![self.told(object, "NewArtifact")];
        let next = Next::After(object.spec.interval.into());
        let verdict = Verdict { report: self.report(notices), next, success: true, release: false };
        self.stage = Stage::Collecting(Box::new(verdict));
        let leftovers = Leftovers { owner: id(object), current: Some(artifact.path.clone()) };
        (self, Command::Do(Effect::Collect(leftovers)))
    }

    fn told(&self, object: &OciRepository, reason: &str) -> Notice {
        let artifact = self.status.artifact.as_ref();
        let revision = artifact.map(|artifact| artifact.revision.as_str()).unwrap_or_default();
        let mut message = format!("stored artifact with revision '{revision}' from '{}'", object.spec.url);
        let annotation = |key| artifact.and_then(|artifact| artifact.metadata.get(key)).filter(|text| !text.is_empty());
        if let (Some(source), Some(revision)) = (annotation(ORIGIN_SOURCE), annotation(ORIGIN_REVISION)) {
            message = format!("{message}, origin source '{source}', origin revision '{revision}'");
        }
        notice(EventType::Normal, reason, message, artifact)
    }

    fn succeed(&mut self, object: &OciRepository, now: Timestamp) {
        let Some(artifact) = &self.status.artifact else { return };
        let message = format!("stored artifact for digest '{}'", artifact.revision);
        let folder = artifact.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.status.url = Some(format!("http://{}/{folder}/{LATEST}", self.advertised));
        Record::new(&mut self.status, &object.metadata, now).succeed(&message, &self.advertised);
    }

    fn fail(mut self, object: &OciRepository, trouble: &Trouble, now: Timestamp) -> Step {
        if trouble.reason == NOT_SERVED_YET {
            return self.refuse(object, trouble.message.clone(), now);
        }
        if TERMINAL.contains(&trouble.reason.as_str()) {
            let notice = self.record(object, now).stall(trouble);
            return self.settle(vec![notice], Next::Never, false);
        }
        let notice = self.record(object, now).fail(trouble);
        self.settle(vec![notice], Next::Backoff, false)
    }

    fn settle(self, notices: Vec<Notice>, next: Next, success: bool) -> Step {
        let verdict = Verdict { report: self.report(notices), next, success, release: false };
        (self, Command::Settle(verdict))
    }

    fn report(&self, notices: Vec<Notice>) -> Report {
        Report { status: serde_json::to_value(&self.status).unwrap_or_default(), notices }
    }

    fn record<'a>(&'a mut self, object: &'a OciRepository, now: Timestamp) -> Record<'a> {
        Record::new(&mut self.status, &object.metadata, now)
    }
}

pub(super) fn id(object: &OciRepository) -> ObjectId {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    ObjectId::new(&OciRepositories::gvk(), text(&object.metadata.namespace), text(&object.metadata.name))
}

fn unverified() -> String {
    "`spec.verify` is not served yet by this version of Sluice; nothing is fetched that must be verified".into()
}
