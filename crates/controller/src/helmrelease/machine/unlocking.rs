//! A pending release that nobody works on is marked as failed, so that it can be upgraded or removed.

use jiff::Timestamp;
use sluice_api::{
    conditions::{FALSE, RELEASED},
    helm::HelmRelease,
};
use sluice_cluster::{ApiError, EventType, Request, Response, Target};
use sluice_helm::release::{self, Release, Secret};
use sluice_object::Gvk;
use sluice_reconcile::Next;

use super::{
    super::{
        MANAGER, history,
        report::{About, reasons as helm},
    },
    Run, Stage, Step,
    deciding::Act,
    outcomes::Observed,
    trouble,
};

impl Run {
    pub(super) fn unlock(mut self, object: &HelmRelease, now: Timestamp) -> Step {
        let Some(mut release) = self.last().cloned() else { return self.go_on(object, &Act::Unlock, now) };
        let state = release.info.status.clone();
        release.set_status(release::Status::Failed, format!("Release unlocked from stale '{state}' state"));
        let secret = match Secret::modified(&release, now) {
            Ok(secret) => secret.to_json(self.status.storage_namespace.as_deref().unwrap_or_default()),
            Err(error) => return self.fail(object, &trouble(helm::STATE_ERROR, error.to_string()), Next::Backoff, now),
        };
        let namespace = self.status.storage_namespace.clone().unwrap_or_default();
        let target = Target { gvk: Gvk::new("", "v1", "Secret"), namespace, name: release.secret_name() };
        let patch = serde_json::json!({"metadata": {"labels": secret["metadata"]["labels"]}, "data": secret["data"]});
        let requests = vec![Request::MergePatch { target, patch, manager: MANAGER.into() }];
        self.stage = Stage::Unlocking(Box::new(release));
        let command = self.requests(requests, "unlock");
        (self, command)
    }

    pub(super) fn unlocked(
        mut self,
        object: &HelmRelease,
        release: Release,
        answers: Vec<Result<Response, ApiError>>,
        now: Timestamp,
    ) -> Step {
        let algorithm = self.facts.policy.digests;
        let state = self.last().map(|last| last.info.status.to_string()).unwrap_or_default();
        let entry = history::snapshot(&release, algorithm, "", "");
        let subject = format!("Helm {} in {state} state", history::subject(&entry));
        if let Some(Err(error)) = answers.into_iter().next() {
            let message = format!("Unlock of {subject} failed: {error}");
            self.tell_failure(object, (RELEASED, helm::PENDING_RELEASE), About::of(&entry), message, now);
            self.summarize(object, now);
            return self.act_failed(object, &error.to_string(), now);
        }
        let message = format!("Unlocked {subject}");
        self.marks(object, now).set(RELEASED, FALSE, helm::PENDING_RELEASE, &message);
        self.notice_of(&entry, EventType::Normal, helm::PENDING_RELEASE, message);
        history::update(&mut self.status, &release, algorithm, None);
        self.absorb(&Observed::from([(release.version, release)]));
        self.summarize(object, now);
        self.go_on(object, &Act::Unlock, now)
    }
}
