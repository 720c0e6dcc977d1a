//! The decisions of a GitRepository's pass. Source: source-controller's GitRepository reconciler.

use std::sync::Arc;

use jiff::Timestamp;
use sluice_api::{
    conditions::reasons,
    source::{GitProvider, GitRepository, GitRepositoryStatus},
};
use sluice_cluster::EventType;
use sluice_object::{Artifact, ObjectId};
use sluice_reconcile::{Command, Input, Kind, Next, Notice, Report, Verdict};
use sluice_source::git::{GitSpec, Head};

use super::{Effect, Facts, Fetch, GitRepositories, Outcome};
use crate::source::{Leftovers, Record, Trouble, notice};

type Step = (Run, Command<GitRepositories>);

/// Where a pass is.
#[derive(Debug)]
pub struct Run {
    status: GitRepositoryStatus,
    advertised: String,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The remote is asked; whether the stored artifact may be kept.
    Asking { spec: GitSpec, keep: bool },
    /// It is announced that an artifact is made.
    Announcing { spec: GitSpec, head: Head },
    /// An artifact is made.
    Fetching,
    /// What is no longer needed is removed; then the pass settles.
    Collecting(Box<Verdict>),
}

pub(super) fn start(object: &GitRepository, facts: Facts, now: Timestamp) -> Step {
    let status = object.status.clone().unwrap_or_default();
    let mut run = Run { status, advertised: facts.advertised, stage: Stage::Fetching };
    if object.metadata.deletion_timestamp.is_some() {
        return run.remove(object);
    }
    if let Some(field) = unserved_field(object) {
        return run.refuse(object, field, now);
    }
    match facts.spec {
        Err(trouble) => run.fail(object, &trouble, now),
        Ok(spec) => {
            run.stage = Stage::Asking { spec: spec.clone(), keep: facts.stored && run.same_settings(object) };
            (run, Command::Do(Effect::Head(Box::new(spec))))
        }
    }
}

pub(super) fn next(object: &GitRepository, mut run: Run, input: Input<Outcome>, now: Timestamp) -> Step {
    match (std::mem::replace(&mut run.stage, Stage::Fetching), input) {
        (Stage::Asking { spec, keep }, Input::Done(Outcome::Head(Ok(head)))) => {
            run.on_head(object, spec, head, keep, now)
        }
        (_, Input::Done(Outcome::Head(Err(trouble)))) => run.fail(object, &trouble, now),
        (Stage::Announcing { spec, head }, Input::Published) => run.fetch(object, spec, head),
        (_, Input::Done(Outcome::Stored(Ok((artifact, message))))) => run.stored(object, &artifact, &message, now),
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
    fn same_settings(&self, object: &GitRepository) -> bool {
        self.status.observed_ignore == object.spec.ignore
    }

    fn remove(mut self, object: &GitRepository) -> Step {
        let verdict = Verdict { report: Report::default(), next: Next::Never, success: true, release: true };
        self.stage = Stage::Collecting(Box::new(verdict));
        (self, Command::Do(Effect::Collect(Leftovers { owner: id(object), current: None })))
    }

    fn refuse(mut self, object: &GitRepository, field: &str, now: Timestamp) -> Step {
        let message = format!(
            "`spec.{field}` is not served yet by this version of Sluice; remove it, or use another form of access"
        );
        let notice = self.record(object, now).refuse(message);
        self.settle(vec![notice], Next::Never, false)
    }

    fn on_head(mut self, object: &GitRepository, spec: GitSpec, head: Head, keep: bool, now: Timestamp) -> Step {
        let current = self.status.artifact.as_ref().map(|artifact| artifact.revision.clone());
        if keep && current.as_deref() == Some(head.revision.as_str()) {
            return self.unchanged(object, now);
        }
        self.record(object, now).building(head.revision.as_str(), keep);
        self.stage = Stage::Announcing { spec, head };
        let report = self.report(Vec::new());
        (self, Command::Publish(report))
    }

    fn unchanged(mut self, object: &GitRepository, now: Timestamp) -> Step {
        let recovered = self.record(object, now).has_failed();
        let message = self.succeed(object, now);
        let artifact = self.status.artifact.clone();
        let notices = recovered.then(|| notice(EventType::Normal, reasons::SUCCEEDED, message, artifact.as_ref()));
        self.settle(notices.into_iter().collect(), Next::After(object.spec.interval.into()), true)
    }

    fn fetch(mut self, object: &GitRepository, spec: GitSpec, head: Head) -> Step {
        self.stage = Stage::Fetching;
        let fetch = Fetch { spec, head, ignore: object.spec.ignore.clone(), owner: id(object) };
        (self, Command::Do(Effect::Fetch(Box::new(fetch))))
    }

    fn stored(mut self, object: &GitRepository, artifact: &Arc<Artifact>, commit: &str, now: Timestamp) -> Step {
        self.record(object, now).stored(artifact);
        self.status.observed_ignore = object.spec.ignore.clone();
        self.succeed(object, now);
        let message = format!("stored artifact for commit '{commit}'");
        let notices = vec![notice(EventType::Normal, "NewArtifact", message, self.status.artifact.as_ref())];
        let next = Next::After(object.spec.interval.into());
        let verdict = Verdict { report: self.report(notices), next, success: true, release: false };
        self.stage = Stage::Collecting(Box::new(verdict));
        let leftovers = Leftovers { owner: id(object), current: Some(artifact.path.clone()) };
        (self, Command::Do(Effect::Collect(leftovers)))
    }

    fn succeed(&mut self, object: &GitRepository, now: Timestamp) -> String {
        let revision = self.status.artifact.as_ref().map(|artifact| artifact.revision.clone()).unwrap_or_default();
        let message = format!("stored artifact for revision '{revision}'");
        Record::new(&mut self.status, &object.metadata, now).succeed(&message, &self.advertised);
        message
    }

    fn fail(mut self, object: &GitRepository, trouble: &Trouble, now: Timestamp) -> Step {
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

    fn record<'a>(&'a mut self, object: &'a GitRepository, now: Timestamp) -> Record<'a> {
        Record::new(&mut self.status, &object.metadata, now)
    }
}

pub(super) fn id(object: &GitRepository) -> ObjectId {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    ObjectId::new(&GitRepositories::gvk(), text(&object.metadata.namespace), text(&object.metadata.name))
}

/// Returns the first setting in use that this version does not serve.
fn unserved_field(object: &GitRepository) -> Option<&'static str> {
    let spec = &object.spec;
    [
        (spec.verify.is_some(), "verify"),
        (spec.proxy_secret_ref.is_some(), "proxySecretRef"),
        (spec.recurse_submodules, "recurseSubmodules"),
        (!spec.include.is_empty(), "include"),
        (!spec.sparse_checkout.is_empty(), "sparseCheckout"),
        (spec.provider() != GitProvider::Generic, "provider"),
        (spec.url.starts_with("ssh://"), "url with the scheme ssh"),
    ]
    .into_iter()
    .find_map(|(used, name)| used.then_some(name))
}
