//! What actions came to: conditions, history, counters and events, and what follows.

use jiff::Timestamp;
use sluice_api::{
    conditions::{FALSE, READY, RELEASED, REMEDIATED, TEST_SUCCESS, TRUE, UNKNOWN, is_true, reasons},
    helm::{Action, HelmRelease, ReleaseAction, ReleaseSnapshot},
};
use sluice_cluster::EventType;
use sluice_helm::release::{self, Release};
use sluice_reconcile::{Cause, Next};
use sluice_release::Error;

use super::{
    super::{
        facts, history,
        report::{self, About, reasons as helm},
    },
    Run, Step,
    acting::Acting,
    deciding::Act,
};

/// The releases that an action wrote, by revision.
pub(super) type Observed = std::collections::BTreeMap<i64, Release>;

impl Run {
    pub(super) fn about_wanted(&self) -> About {
        let values = self.facts.values.as_ref().map(|values| values.json.clone()).unwrap_or_default();
        About {
            revision: self.wanted().version.to_owned(),
            token: release::digest_values(self.facts.policy.digests, &values).to_string(),
            app_version: self.chart.as_ref().map(|chart| chart.chart.metadata.app_version.clone()).unwrap_or_default(),
            oci_digest: self.status.last_attempted_revision_digest.clone().unwrap_or_default(),
        }
    }

    pub(super) fn not_rendered(mut self, object: &HelmRelease, act: &Act, text: &str, now: Timestamp) -> Step {
        self.note_duration(now);
        self.note_failure(object, act, text, now);
        self.act_failed(object, text, now)
    }

    /// Notes that a release could not be made as wanted.
    fn note_failure(&mut self, object: &HelmRelease, act: &Act, text: &str, now: Timestamp) {
        let (reason, action) = match act {
            Act::Install | Act::Finish(Action::Install) => (helm::INSTALL_FAILED, "install"),
            _ => (helm::UPGRADE_FAILED, "upgrade"),
        };
        let wanted = self.wanted();
        let message = format!(
            "Helm {action} failed for release {}/{} with chart {}@{}: {}",
            object.release_namespace(),
            object.release_name(),
            wanted.chart,
            wanted.version,
            text.trim()
        );
        let about = self.about_wanted();
        self.tell_failure(object, (RELEASED, reason), about, message, now);
        self.summarize(object, now);
    }

    /// Counts a failure, and says it in a condition and an event.
    pub(super) fn tell_failure(
        &mut self,
        object: &HelmRelease,
        (type_, reason): (&str, &str),
        about: About,
        message: String,
        now: Timestamp,
    ) {
        self.status.failures += 1;
        self.marks(object, now).set(type_, FALSE, reason, &message);
        self.notices.push(about.notice(EventType::Warning, reason, message));
    }

    /// Brings the history's entries of what was written up to date. Without an action they keep theirs.
    pub(super) fn note(&mut self, observed: &Observed, action: Option<&str>) {
        let algorithm = self.facts.policy.digests;
        for release in observed.values() {
            history::update(&mut self.status, release, algorithm, action);
        }
    }

    pub(super) fn released_with(
        mut self,
        object: &HelmRelease,
        acting: Acting,
        act: &Act,
        observed: &Observed,
        result: Result<(), Error>,
        now: Timestamp,
    ) -> Step {
        let algorithm = self.facts.policy.digests;
        let installs = *act == Act::Install;
        history::record(&mut self.status, observed, algorithm, if installs { "install" } else { "upgrade" });
        let Err(error) = result else {
            self.note_success(object, installs, now);
            return self.go_on(object, act, now);
        };
        if let Some(cause) = acting.cancelled {
            return self.cancelled(object, &cause, now);
        }
        let text = told(&error);
        self.note_failure(object, act, &text, now);
        if observed.is_empty() {
            return self.act_failed(object, &text, now);
        }
        match installs {
            true => self.status.install_failures += 1,
            false => self.status.upgrade_failures += 1,
        }
        self.go_on(object, act, now)
    }

    /// A failed release was finished: its entry tells of a success now, and no failure counts any more.
    pub(super) fn finished(
        mut self,
        object: &HelmRelease,
        (act, action): (&Act, Action),
        observed: &Observed,
        result: Result<(), Error>,
        now: Timestamp,
    ) -> Step {
        self.note(observed, None);
        let Err(error) = result else {
            (self.status.failures, self.status.install_failures, self.status.upgrade_failures) = (0, 0, 0);
            self.note_success(object, action == Action::Install, now);
            return self.go_on(object, act, now);
        };
        let text = told(&error);
        self.note_failure(object, act, &text, now);
        if observed.is_empty() { self.act_failed(object, &text, now) } else { self.go_on(object, act, now) }
    }

    fn note_success(&mut self, object: &HelmRelease, installs: bool, now: Timestamp) {
        let Some(entry) = self.latest_entry() else { return };
        let (reason, message) = match installs {
            true => (helm::INSTALL_SUCCEEDED, report::install_succeeded(&entry)),
            false => (helm::UPGRADE_SUCCEEDED, report::upgrade_succeeded(&entry)),
        };
        let mut marks = self.marks(object, now);
        marks.set(RELEASED, TRUE, reason, &message);
        if object.test().enable && !history::was_tested(&entry) {
            let (release, chart) = (history::full_name(&entry), history::chart_of(&entry));
            let awaits = format!("Helm release {release} with chart {chart} is awaiting tests");
            marks.set(TEST_SUCCESS, UNKNOWN, helm::AWAITING_TESTS, &awaits);
        }
        if self.retry_interval(object).is_some() {
            (self.status.failures, self.status.install_failures, self.status.upgrade_failures) = (0, 0, 0);
        }
        self.notice_of(&entry, EventType::Normal, reason, message);
        self.summarize(object, now);
    }

    /// An act failed before anything was stored: it is tried again, as if nothing had been.
    pub(super) fn act_failed(mut self, object: &HelmRelease, text: &str, now: Timestamp) -> Step {
        if let Some(after) = self.retry_interval(object) {
            return self.try_again_after(object, after, now);
        }
        if is_true(&self.status.conditions, READY) {
            self.not_ready(object, now, helm::RECONCILE_ERROR, text);
        }
        self.try_again(object, false, now)
    }

    /// Something newer is wanted: what was awaited no longer counts.
    fn cancelled(mut self, object: &HelmRelease, cause: &Cause, now: Timestamp) -> Step {
        let own = facts::id(object);
        let by = match (cause, &self.facts.source) {
            (Cause::Reference, Ok(source)) => &source.id,
            _ => &own,
        };
        let by = format!("{}/{}/{}", by.kind, by.namespace, by.name);
        let message = format!("New reconciliation triggered by {by}");
        self.not_ready(object, now, reasons::HEALTH_CHECK_CANCELED, &message);
        let told = format!("Health checks canceled due to new reconciliation triggered by {by}");
        self.notice(EventType::Normal, reasons::HEALTH_CHECK_CANCELED, told);
        self.pause(object, Next::Now)
    }

    pub(super) fn tested(
        mut self,
        object: &HelmRelease,
        act: &Act,
        observed: &Observed,
        result: Result<(), Error>,
        now: Timestamp,
    ) -> Step {
        let Some(before) = self.latest_entry() else {
            return self.act_failed(object, "no latest release: required for test", now);
        };
        if let Some(release) = observed.get(&before.version) {
            let algorithm = self.facts.policy.digests;
            history::update(&mut self.status, release, algorithm, None);
            let results = history::test_hooks(release, &object.test().filters);
            let entry = self.status.history.iter_mut().find(|entry| history::targets(entry, release));
            entry.into_iter().for_each(|entry| entry.test_hooks = Some(results.clone()));
        }
        let Some(entry) = self.latest_entry() else { return self.go_on(object, act, now) };
        let subject = history::subject(&entry);
        match result {
            Ok(()) => {
                let message = format!("Helm test succeeded for {subject}: {}", count_of_tests(&entry));
                self.marks(object, now).set(TEST_SUCCESS, TRUE, helm::TEST_SUCCEEDED, &message);
                self.notice_of(&entry, EventType::Normal, helm::TEST_SUCCEEDED, message);
            }
            Err(error) => {
                let text = told(&error);
                let message = format!("Helm test failed for {subject}: {}", text.trim());
                self.tell_failure(object, (TEST_SUCCESS, helm::TEST_FAILED), About::of(&entry), message, now);
                if !history::was_tested(&entry) {
                    self.summarize(object, now);
                    return self.act_failed(object, &text, now);
                }
                self.count_failed_test(object);
            }
        }
        self.summarize(object, now);
        self.go_on(object, act, now)
    }

    fn count_failed_test(&mut self, object: &HelmRelease) {
        let Some(remediation) = object.remediation(&self.status) else { return };
        if remediation.ignore_test_failures {
            return;
        }
        match self.status.last_attempted_release_action {
            Some(ReleaseAction::Install) => self.status.install_failures += 1,
            Some(ReleaseAction::Upgrade) => self.status.upgrade_failures += 1,
            None => {}
        }
    }

    pub(super) fn rolled_back(
        mut self,
        object: &HelmRelease,
        act: &Act,
        to: i64,
        observed: &Observed,
        result: Result<(), Error>,
        now: Timestamp,
    ) -> Step {
        let target = self.status.history.iter().find(|entry| entry.version == to).cloned();
        let algorithm = self.facts.policy.digests;
        for release in observed.values() {
            if !history::update(&mut self.status, release, algorithm, Some("rollback")) {
                self.status.history.insert(0, history::snapshot(release, algorithm, "rollback", ""));
            }
        }
        let Some(target) = target else { return self.go_on(object, act, now) };
        let subject = history::subject(&target);
        let about = About { token: self.about_wanted().token, ..About::of(&target) };
        match result {
            Ok(()) => {
                let message = format!("Helm rollback to previous {subject} succeeded");
                self.marks(object, now).set(REMEDIATED, TRUE, helm::ROLLBACK_SUCCEEDED, &message);
                self.notices.push(about.notice(EventType::Normal, helm::ROLLBACK_SUCCEEDED, message));
            }
            Err(error) => {
                let text = told(&error);
                let message = format!("Helm rollback to previous {subject} failed: {}", text.trim());
                self.tell_failure(object, (REMEDIATED, helm::ROLLBACK_FAILED), about, message, now);
                if observed.is_empty() {
                    self.summarize(object, now);
                    return self.act_failed(object, &text, now);
                }
            }
        }
        self.summarize(object, now);
        self.go_on(object, act, now)
    }

    /// A failed release was taken away, so that it can be made anew. Ready tells the failure until it is.
    pub(super) fn remediated(
        mut self,
        object: &HelmRelease,
        act: &Act,
        observed: &Observed,
        result: Result<(), Error>,
        now: Timestamp,
    ) -> Step {
        self.note(observed, Some("uninstall-remediation"));
        let Some(entry) = self.latest_entry() else {
            return self.act_failed(object, "no latest release: required to uninstall", now);
        };
        let subject = history::subject(&entry);
        match result {
            Ok(()) => {
                let message = format!("Helm uninstall remediation for {subject} succeeded");
                self.marks(object, now).set(REMEDIATED, TRUE, helm::UNINSTALL_SUCCEEDED, &message);
                self.notice_of(&entry, EventType::Normal, helm::UNINSTALL_SUCCEEDED, message);
            }
            Err(error) => {
                let text = told(&error);
                let message = format!("Helm uninstall remediation for {subject} failed: {}", text.trim());
                self.tell_failure(object, (REMEDIATED, helm::UNINSTALL_FAILED), About::of(&entry), message, now);
                if observed.is_empty() {
                    return self.act_failed(object, &text, now);
                }
            }
        }
        self.go_on(object, act, now)
    }
}

/// Returns an error as conditions tell it: Helm's text, with a way out where one is known.
pub(super) fn told(error: &Error) -> String {
    match error.hint() {
        Some(hint) => format!("{error}; hint: {hint}"),
        None => error.to_string(),
    }
}

fn count_of_tests(entry: &ReleaseSnapshot) -> String {
    match entry.test_hooks.as_ref().map_or(0, std::collections::BTreeMap::len) {
        0 => "no test hooks".into(),
        1 => "1 test hook completed successfully".into(),
        count => format!("{count} test hooks completed successfully"),
    }
}
