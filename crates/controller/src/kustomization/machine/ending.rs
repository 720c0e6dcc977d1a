//! Verdicts: success, failure, and the end of a Kustomization.

use std::time::Duration;

use jiff::Timestamp;
use sluice_api::{
    conditions::{self, READY, RECONCILING, TRUE, reasons},
    kustomize::Kustomization,
};
use sluice_apply::{
    Action, Outcome as Applied,
    finalize::{self, Finalize},
    prepare::Owner,
};
use sluice_cluster::EventType;
use sluice_object::{Artifact, Digest, InventoryEntry, ObjectId};
use sluice_reconcile::{Baseline, Command, Input, Next, Notice, Report, Verdict};

use super::{
    super::{
        Effect, Memory, Outcome, facts,
        report::{self, notice},
        settings,
    },
    Run, Stage, Step,
    applying::{Driving, Engine},
    elapsed, name_of, signed,
};

impl Run {
    pub(super) fn close(mut self, object: &Kustomization, applied: Applied, now: Timestamp) -> Step {
        let Ok(artifact) = self.facts.source.clone() else {
            return self.lost(object, &Stage::Nowhere, &Input::Published, now);
        };
        let corrected = self.corrected(&applied, &artifact);
        let verdict = self.succeed(object, &artifact, now);
        let memory = Memory {
            generation: object.metadata.generation.unwrap_or(0),
            packed: artifact.digest.clone(),
            checksum: self.checksum.clone().unwrap_or_else(|| Digest::sha256(&[])),
            inputs: self.inputs.take(),
            variables: self.variables_digest(),
            eager: self.facts.eager,
        };
        // Without it the next pass builds again, as it must to see what has moved elsewhere.
        let memory = (!self.moving).then_some(memory);
        let hashes = self.latest.hashes(&applied.inventory);
        let baseline = Baseline { hashes, corrected, eager: self.facts.eager };
        self.stage = Stage::Closing(Box::new(verdict));
        (self, Command::Do(Effect::Remember { owner: facts::id(object), memory, baseline }))
    }

    /// Returns what was put back: changed by us though the source is as it was.
    fn corrected(&self, applied: &Applied, artifact: &Artifact) -> Vec<ObjectId> {
        if self.status.last_applied_revision.as_deref() != Some(artifact.revision.as_str()) {
            return Vec::new();
        }
        let written = |action: &Action| matches!(action, Action::Created | Action::Configured);
        applied.changes.0.iter().filter(|(_, action)| written(action)).map(|(id, _)| id.clone()).collect()
    }

    /// Ends a pass, and tells of objects that are put back in vain.
    pub(super) fn closed(self, mut verdict: Verdict, contested: &[ObjectId]) -> Step {
        if !contested.is_empty() {
            let names: Vec<_> = contested.iter().map(ToString::to_string).collect();
            let message = format!(
                "changed again each time it is put back: {}; it is put back at the interval for now; \
                 hint: see who writes it in its metadata.managedFields, and leave those fields out of the manifest",
                names.join(", ")
            );
            verdict.report.notices.push(notice(
                EventType::Warning,
                "DriftContested",
                message,
                self.revision().as_deref(),
            ));
        }
        (self, Command::Settle(verdict))
    }

    pub(super) fn succeed(&mut self, object: &Kustomization, artifact: &Artifact, now: Timestamp) -> Verdict {
        let revision = artifact.revision.to_string();
        let took = elapsed(self.began, now);
        self.marks(object, now).ready(reasons::RECONCILIATION_SUCCEEDED, &format!("Applied revision: {revision}"));
        self.status.observed_generation = object.metadata.generation;
        self.status.last_attempted_revision = Some(revision.clone());
        self.status.last_applied_revision = Some(revision.clone());
        self.status.last_applied_origin_revision = self.origin_revision();
        self.handled(object);
        self.note_history(reasons::RECONCILIATION_SUCCEEDED, took, &revision, now);
        let interval = Duration::from(object.spec.interval);
        self.notices.push(report::finished(reasons::RECONCILIATION_SUCCEEDED, took, interval, &revision));
        Verdict { report: self.report(), next: Next::After(interval), success: true, release: false }
    }

    pub(super) fn note_history(&mut self, result: &str, took: Duration, revision: &str, now: Timestamp) {
        if let Some(checksum) = self.checksum.clone() {
            let metadata = [("revision", Some(revision.to_owned())), ("originRevision", self.origin_revision())];
            let metadata = metadata.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
            report::remember(&mut self.status, &checksum, result, took, metadata.collect(), now);
        }
    }

    pub(super) fn fail(
        mut self,
        object: &Kustomization,
        reason: &str,
        message: String,
        next: Next,
        now: Timestamp,
    ) -> Step {
        let progress = self.progress(object);
        let message = self.masked(message);
        let mut marks = self.marks(object, now);
        marks.set(RECONCILING, TRUE, reasons::PROGRESSING, &progress);
        marks.failed(reason, &message);
        self.handled(object);
        let revision = self.revision();
        let took = elapsed(self.began, now);
        self.note_history(reason, took, revision.as_deref().unwrap_or_default(), now);
        self.notices.push(notice(EventType::Warning, reason, message, revision.as_deref()));
        let verdict = Verdict { report: self.report(), next, success: false, release: false };
        self.stage = Stage::Closing(Box::new(verdict));
        let owner = facts::id(object);
        (self, Command::Do(Effect::Remember { owner, memory: None, baseline: Baseline::default() }))
    }

    fn masked(&self, message: String) -> String {
        match &self.facts.variables {
            Ok(Some(variables)) => variables.masked(&message),
            _ => message,
        }
    }

    pub(super) fn settle(mut self, notices: Vec<Notice>, next: Next, success: bool) -> Step {
        self.notices = notices;
        let verdict = Verdict { report: self.report(), next, success, release: false };
        (self, Command::Settle(verdict))
    }

    pub(super) fn lost(self, object: &Kustomization, stage: &Stage, input: &Input<Outcome>, now: Timestamp) -> Step {
        let (stage, input) = (name_of(stage), input.name());
        let message = format!("the pass was told `{input}` while {stage}; it starts again, please report this");
        self.fail(object, reasons::RECONCILIATION_FAILED, message, Next::Backoff, now)
    }
}

impl Run {
    pub(super) fn finalize(self, object: &Kustomization, now: Timestamp) -> Step {
        let inventory = facts::inventory(Some(&self.status));
        if let Some(account) = self.facts.missing_account.clone() {
            return self.orphan(object, &inventory, &account);
        }
        let options = finalize::Options {
            owner: Owner::kustomization(&facts::namespace(object), &facts::id(object).name),
            policy: settings::deletion_policy(object),
            prune: object.spec.prune,
            suspended: object.spec.suspend,
            timeout: signed(object.spec.timeout()),
            concurrency: self.facts.policy.concurrent_ssa,
            flux_components: !self.facts.policy.leave_flux_alone,
            account: self.who.clone(),
        };
        if let (true, Err(trouble)) = (options.deletes() && !inventory.is_empty(), self.facts.identity.clone()) {
            let message = format!(
                "pruning for deleted resource failed: {}; hint: to let its objects be, set `deletionPolicy: Orphan`",
                trouble.message
            );
            return self.fail(object, &trouble.reason, message, Next::Backoff, now);
        }
        let (machine, ask) = Finalize::start(inventory, options, now);
        let driving = Driving { engine: Engine::Delete(Box::new(machine)), waiting: None };
        self.obey(object, driving, ask, now)
    }

    /// Flux: without its account nothing can be deleted; the objects stay, and an event lists them.
    pub(super) fn orphan(mut self, object: &Kustomization, inventory: &[InventoryEntry], account: &str) -> Step {
        let lines: Vec<_> = inventory.iter().map(|entry| entry.id.to_string()).collect();
        tracing::warn!(account, "nothing is pruned: the account to impersonate is not there");
        let text = format!("unable to prune objects: \n{}", lines.join("\n"));
        let revision = self.status.last_applied_revision.clone();
        self.notices.push(notice(EventType::Warning, &self.last_reason(), text, revision.as_deref()));
        self.release(object)
    }

    pub(super) fn deleted(mut self, object: &Kustomization, applied: Applied) -> Step {
        let revision = self.status.last_applied_revision.clone();
        let reason = self.last_reason();
        if !applied.pruned.0.is_empty() {
            self.notices.push(notice(EventType::Normal, &reason, applied.pruned.full_log(), revision.as_deref()));
        }
        if let Some(text) = applied.unterminated {
            self.notices.push(notice(
                EventType::Warning,
                &reason,
                format!("failed to wait for resources termination: {text}"),
                revision.as_deref(),
            ));
        }
        self.release(object)
    }

    /// Flux gives events of a deletion the reason that Ready has.
    fn last_reason(&self) -> String {
        let ready = conditions::find_condition(&self.status.conditions, READY);
        ready.map_or_else(|| reasons::RECONCILIATION_SUCCEEDED.into(), |ready| ready.reason.clone())
    }

    pub(super) fn release(mut self, object: &Kustomization) -> Step {
        let report = Report { status: serde_json::Value::Null, notices: std::mem::take(&mut self.notices) };
        let verdict = Verdict { report, next: Next::Never, success: true, release: true };
        self.stage = Stage::Closing(Box::new(verdict));
        (self, Command::Do(Effect::Forget(facts::id(object))))
    }
}
