//! Verdicts: success, failure, and the end of a HelmRelease.

use jiff::Timestamp;
use sluice_api::{
    conditions::{FALSE, READY, RECONCILING, find_condition},
    helm::HelmRelease,
};
use sluice_cluster::EventType;
use sluice_object::ObjectId;
use sluice_reconcile::{Baseline, Command, Input, Next, Report, Verdict};

use super::{
    super::{Effect, Outcome, facts, report::reasons as helm},
    Run, Stage, Step, name_of, trouble,
};
use crate::source::Trouble;

impl Run {
    /// All is as wanted.
    pub(super) fn succeed(mut self, object: &HelmRelease, now: Timestamp) -> Step {
        self.marks(object, now).clear(RECONCILING);
        self.summarize(object, now);
        self.rest(object)
    }

    /// The pass ends well; the next one comes at the interval.
    pub(super) fn rest(mut self, object: &HelmRelease) -> Step {
        self.status.observed_generation = object.metadata.generation;
        self.handled(object);
        let hashes = self.latest.hashes(&facts::inventory(&self.status));
        let corrected = std::mem::take(&mut self.corrected);
        // Nothing was written where nothing was to be done: what watches know stays what counts.
        let keeps = self.facts.clean && self.done.is_empty();
        let verdict = self.verdict(Next::After(object.spec.interval.into()), true);
        if keeps {
            return (self, Command::Settle(verdict));
        }
        self.stage = Stage::Closing(Box::new(verdict));
        let baseline = Baseline { hashes, corrected, eager: false };
        (self, Command::Do(Effect::Remember { owner: facts::id(object), baseline }))
    }

    /// Ends a pass, and tells of objects that are put back in vain.
    pub(super) fn closed(self, mut verdict: Verdict, contested: &[ObjectId]) -> Step {
        if !contested.is_empty() {
            let names: Vec<_> = contested.iter().map(ToString::to_string).collect();
            let message = format!(
                "changed again each time it is put back: {}; hint: see who writes it in its metadata.managedFields, \
                 and have `spec.driftDetection.ignore` leave those fields alone",
                names.join(", ")
            );
            verdict.report.notices.push(super::super::report::plain(EventType::Warning, "DriftContested", message));
        }
        (self, Command::Settle(verdict))
    }

    /// An attempt failed before anything was done to the release.
    pub(super) fn fail(mut self, object: &HelmRelease, why: &Trouble, next: Next, now: Timestamp) -> Step {
        self.not_ready(object, now, &why.reason, &why.message);
        self.pause(object, next)
    }

    /// The pass ends with the conditions as they are.
    pub(super) fn pause(mut self, object: &HelmRelease, next: Next) -> Step {
        self.handled(object);
        self.settle(next, false)
    }

    pub(super) fn settle(mut self, next: Next, success: bool) -> Step {
        let verdict = self.verdict(next, success);
        (self, Command::Settle(verdict))
    }

    /// What came up while a hook ran is looked at now.
    fn verdict(&mut self, next: Next, success: bool) -> Verdict {
        let next = if self.overtaken { Next::Now } else { next };
        Verdict { report: self.report(), next, success, release: false }
    }

    pub(super) fn not_ready(&mut self, object: &HelmRelease, now: Timestamp, reason: &str, message: &str) {
        self.marks(object, now).set(READY, FALSE, reason, message);
    }

    pub(super) fn ready_message(&self) -> Option<String> {
        find_condition(&self.status.conditions, READY).map(|ready| ready.message.clone())
    }

    pub(super) fn handled(&mut self, object: &HelmRelease) {
        if let Some(token) = crate::requested::requested_at(&object.metadata) {
            self.status.last_handled_reconcile_at = Some(token);
        }
    }

    pub(super) fn lost(self, object: &HelmRelease, stage: &Stage, input: &Input<Outcome>, now: Timestamp) -> Step {
        let (stage, input) = (name_of(stage), input.name());
        let message = format!("the pass was told `{input}` while {stage}; it starts again, please report this");
        self.fail(object, &trouble(helm::RECONCILE_ERROR, message), Next::Backoff, now)
    }

    /// Nothing of the HelmRelease is left.
    pub(super) fn released(mut self, object: &HelmRelease) -> Step {
        let report = Report { status: serde_json::Value::Null, notices: std::mem::take(&mut self.notices) };
        let verdict = Verdict { report, next: Next::Never, success: true, release: true };
        self.stage = Stage::Closing(Box::new(verdict));
        (self, Command::Do(Effect::Forget(facts::id(object))))
    }
}
