//! The decisions of a source's pass. Source: the reconcilers of source-controller, which are alike in this.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_api::conditions::reasons;
use sluice_cluster::EventType;
use sluice_object::Artifact;
use sluice_reconcile::{Command, Input, Next, Notice, Report, Verdict};

use super::{
    Controller, Effect, Facts, Fetch, Leftovers, Look, Outcome, Record, Source, SourceObject, SourceStatus, Status,
    Told, Trouble, kind::id, notice,
};
use crate::unserved::NOT_SERVED_YET;

type Step<S> = (Run<S>, Command<Controller<S>>);

/// What stays wrong until the object changes.
const TERMINAL: [&str; 6] = [
    "URLInvalid",
    reasons::FEATURE_GATE_DISABLED,
    "InvalidChartReference",
    "MetadataPatchError",
    "ValuesFilesError",
    "UnsupportedSourceKind",
];

/// Where a pass is.
#[derive(Debug)]
pub struct Run<S: Source> {
    status: Status<S>,
    advertised: String,
    /// The artifact of the status, if it is in the store.
    stored: Option<Arc<Artifact>>,
    stage: Stage<S>,
}

#[derive(Debug)]
enum Stage<S: Source> {
    /// What is no longer needed is removed, and that is told.
    Collecting(S::Spec),
    /// The remote is asked.
    Looking(S::Spec),
    /// It is announced that an artifact is made.
    Announcing(S::Spec, S::Head),
    /// An artifact is made.
    Fetching,
    /// All artifacts are removed; then the object may go.
    Removing(Report),
}

pub(super) fn start<S: Source>(object: &S::Object, facts: Facts<S>, now: Timestamp) -> Step<S> {
    let Facts { spec, stored, advertised } = facts;
    let status = object.status().cloned().unwrap_or_default();
    let mut run = Run { status, advertised, stored, stage: Stage::Fetching };
    if object.metadata().deletion_timestamp.is_some() {
        return run.remove(object, Report::default());
    }
    if S::is_address(object) {
        // Flux: an address has no status, and nobody waits for it to go.
        return run.remove(object, Report { status: json!({}), notices: Vec::new() });
    }
    if let Some(message) = S::unserved(object) {
        return run.refuse(object, message, now);
    }
    match spec {
        Err(trouble) => run.fail(object, &trouble, now),
        Ok(spec) => {
            S::note(&spec, &mut run.status);
            run.collect(object, spec)
        }
    }
}

pub(super) fn next<S: Source>(
    object: &S::Object,
    mut run: Run<S>,
    input: Input<Outcome<S>>,
    now: Timestamp,
) -> Step<S> {
    match (std::mem::replace(&mut run.stage, Stage::Fetching), input) {
        (Stage::Collecting(spec), Input::Done(Outcome::Collected(count))) => run.collected(spec, count),
        (Stage::Collecting(spec), Input::Published) => run.look(spec),
        (Stage::Looking(spec), Input::Done(Outcome::Looked(Ok(head)))) => run.looked(object, spec, head, now),
        (Stage::Announcing(spec, head), Input::Published) => run.fetch(object, spec, head),
        (_, Input::Done(Outcome::Stored(Ok((artifact, about))))) => run.stored(object, &artifact, &about, now),
        (_, Input::Done(Outcome::Looked(Err(trouble)) | Outcome::Stored(Err(trouble)))) => {
            run.fail(object, &trouble, now)
        }
        (Stage::Removing(report), Input::Done(Outcome::Collected(count))) => run.removed(report, count),
        (stage, input) => {
            let trouble =
                Trouble { reason: reasons::FAILED.into(), message: format!("unexpected {input:?} in {stage:?}") };
            run.fail(object, &trouble, now)
        }
    }
}

impl<S: Source> Run<S> {
    fn remove(mut self, object: &S::Object, report: Report) -> Step<S> {
        self.stage = Stage::Removing(report);
        (self, Command::Do(Effect::Collect(Leftovers { owner: id::<S>(object), current: None })))
    }

    fn removed(self, mut report: Report, count: usize) -> Step<S> {
        if count > 0 && report.status.is_null() {
            report.notices.push(collected("garbage collected artifacts for deleted resource".into()));
        }
        let verdict = Verdict { report, next: Next::Never, success: true, release: true };
        (self, Command::Settle(verdict))
    }

    fn refuse(mut self, object: &S::Object, message: String, now: Timestamp) -> Step<S> {
        let notice = self.record(object, now).refuse(message);
        self.settle(vec![notice], Next::Never, false)
    }

    /// As Flux, each pass begins with what earlier ones have left.
    fn collect(mut self, object: &S::Object, spec: S::Spec) -> Step<S> {
        let Some(stored) = &self.stored else { return self.look(spec) };
        let leftovers = Leftovers { owner: id::<S>(object), current: Some(stored.path.clone()) };
        self.stage = Stage::Collecting(spec);
        (self, Command::Do(Effect::Collect(leftovers)))
    }

    fn collected(mut self, spec: S::Spec, count: usize) -> Step<S> {
        if count == 0 {
            return self.look(spec);
        }
        let notices = vec![collected(format!("garbage collected {count} artifacts"))];
        self.stage = Stage::Collecting(spec);
        (self, Command::Publish(Report { status: Value::Null, notices }))
    }

    fn look(mut self, spec: S::Spec) -> Step<S> {
        let look = Look { spec: spec.clone(), stored: self.stored.clone() };
        self.stage = Stage::Looking(spec);
        (self, Command::Do(Effect::Look(Box::new(look))))
    }

    fn looked(mut self, object: &S::Object, spec: S::Spec, head: S::Head, now: Timestamp) -> Step<S> {
        match self.stored.clone() {
            Some(stored) if S::is_current(object, &stored, &head) => {
                self.unchanged(object, &S::about(&head, &stored), now)
            }
            stored => {
                let news = S::news(object, &head);
                self.record(object, now).announce(S::OUTDATED, news, stored.is_some());
                self.stage = Stage::Announcing(spec, head);
                let report = self.report(Vec::new());
                (self, Command::Publish(report))
            }
        }
    }

    fn unchanged(mut self, object: &S::Object, about: &S::About, now: Timestamp) -> Step<S> {
        let recovered = self.record(object, now).has_failed();
        self.succeed(object, about, now);
        let notices = if recovered { self.told(object, about, false) } else { Vec::new() };
        self.settle(notices, Next::After(S::interval(object)), true)
    }

    fn fetch(self, object: &S::Object, spec: S::Spec, head: S::Head) -> Step<S> {
        let fetch = Fetch { spec, head, stored: self.stored.clone(), owner: id::<S>(object) };
        (self, Command::Do(Effect::Fetch(Box::new(fetch))))
    }

    fn stored(mut self, object: &S::Object, artifact: &Arc<Artifact>, about: &S::About, now: Timestamp) -> Step<S> {
        let recovered = self.record(object, now).has_failed();
        let is_new = self.status.artifact().is_none_or(|old| old.digest != artifact.digest.as_str());
        self.record(object, now).stored(artifact);
        S::note_stored(object, about, &mut self.status);
        self.succeed(object, about, now);
        // As Flux, the same bytes under another revision are no news.
        let notices = if is_new || recovered { self.told(object, about, is_new) } else { Vec::new() };
        self.settle(notices, Next::After(S::interval(object)), true)
    }

    fn told(&self, object: &S::Object, about: &S::About, is_new: bool) -> Vec<Notice> {
        let Some(artifact) = self.status.artifact() else { return Vec::new() };
        let told = S::events(object, artifact, about, is_new).into_iter();
        told.map(|Told { reason, message }| notice(EventType::Normal, reason, message, Some(artifact))).collect()
    }

    fn succeed(&mut self, object: &S::Object, about: &S::About, now: Timestamp) {
        let Some(artifact) = self.status.artifact() else { return };
        let told = S::ready(artifact, about);
        let folder = artifact.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let url = format!("http://{}/{folder}/{}", self.advertised, S::LATEST);
        S::locate(&mut self.status, url);
        Record::new(&mut self.status, object.metadata(), now).succeed(&told, &self.advertised);
    }

    fn fail(mut self, object: &S::Object, trouble: &Trouble, now: Timestamp) -> Step<S> {
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

    fn settle(self, notices: Vec<Notice>, next: Next, success: bool) -> Step<S> {
        let verdict = Verdict { report: self.report(notices), next, success, release: false };
        (self, Command::Settle(verdict))
    }

    fn report(&self, notices: Vec<Notice>) -> Report {
        Report { status: serde_json::to_value(&self.status).unwrap_or_default(), notices }
    }

    fn record<'a>(&'a mut self, object: &'a S::Object, now: Timestamp) -> Record<'a> {
        Record::new(&mut self.status, object.metadata(), now)
    }
}

fn collected(message: String) -> Notice {
    notice(EventType::Normal, "GarbageCollectionSucceeded", message, None)
}
