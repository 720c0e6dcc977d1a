//! What is to be done next, by the state of the release. Source: helm-controller's `actionForState`.

use std::time::Duration;

use jiff::Timestamp;
use sluice_api::{
    conditions::{
        DRIFTED, FALSE, READY, RECONCILING, RELEASED, REMEDIATED, TRUE, UNKNOWN, find_condition, is_true, reasons,
    },
    helm::{Action, HelmRelease, ReleaseAction, Remediation, RemediationStrategy},
};
use sluice_helm::release::{self, Release};
use sluice_reconcile::{Command, Next};

use super::{
    super::{
        history,
        report::{self, reasons as helm},
        state::{self, State, Wanted},
        values::{self, Values},
    },
    Run, Stage, Step,
    drifting::Purpose,
    recovering::GivenUp,
    starting::Request,
    trouble,
};

/// One act on a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// A pending release is given free.
    Unlock,
    /// It is made.
    Install,
    /// It is changed.
    Upgrade,
    /// Its tests are run.
    Test,
    /// An earlier revision is brought back.
    Rollback(i64),
    /// It is taken away because it has failed.
    Remove,
    /// Objects are put back.
    Correct,
    /// What an action has left when it failed is done.
    Finish(Action),
}

/// What acts count as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ActKind {
    Unlock,
    Release,
    Test,
    Remediate,
    Drift,
    Finish,
}

impl Act {
    pub(super) fn kind(&self) -> ActKind {
        match self {
            Self::Unlock => ActKind::Unlock,
            Self::Install | Self::Upgrade => ActKind::Release,
            Self::Test => ActKind::Test,
            Self::Rollback(_) | Self::Remove => ActKind::Remediate,
            Self::Correct => ActKind::Drift,
            Self::Finish(_) => ActKind::Finish,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Unlock => "unlock",
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Test => "test",
            Self::Rollback(_) => "rollback",
            Self::Remove => "uninstall",
            Self::Correct => "correct cluster drift",
            Self::Finish(_) => "finish",
        }
    }

    pub(super) fn action(&self) -> Option<Action> {
        match self {
            Self::Install => Some(Action::Install),
            Self::Upgrade => Some(Action::Upgrade),
            Self::Test => Some(Action::Test),
            Self::Rollback(_) => Some(Action::Rollback),
            Self::Remove => Some(Action::Uninstall),
            Self::Finish(action) => Some(*action),
            Self::Unlock | Self::Correct => None,
        }
    }
}

/// What follows from a state.
enum Decision {
    Do(Act),
    /// All is as wanted.
    Nothing,
    /// Failures are not tried again.
    Exhausted,
    /// There is nothing to roll back to.
    NoWayBack,
}

impl Run {
    /// Looks at the release, and goes on with what follows.
    pub(super) fn determine(self, object: &HelmRelease, now: Timestamp) -> Step {
        let kept = self.kept(object);
        let values = kept.as_ref().map_or(self.wanted().values, |values| &values.json);
        let wanted = Wanted { values, ..self.wanted() };
        let state = state::state(object, &self.status, &self.stored, wanted, &self.facts.digests);
        let state = match state {
            Ok(state) => state,
            Err(error) => {
                let message = format!("Could not determine release state: {error}");
                return self.fail(object, &trouble(helm::STATE_ERROR, message), Next::Backoff, now);
            }
        };
        // What was released a moment ago is as it was released.
        let fresh = self.facts.clean || self.done.contains(&ActKind::Release);
        if state == State::Deployed && state::looks_for_drift(object) && !fresh {
            return self.look_for_drift(object, Purpose::Correct, now);
        }
        self.decided(object, &state, now)
    }

    /// Returns the wanted values on top of what is kept of the release's own, if that is to be kept.
    fn kept(&self, object: &HelmRelease) -> Option<Values> {
        let values = self.facts.values.as_ref().ok().filter(|_| object.upgrade().preserve_values)?;
        Some(values::kept(values, self.in_force()?))
    }

    /// Returns the revision whose values are in force.
    pub(super) fn in_force(&self) -> Option<&Release> {
        release::deployed(&self.stored).or(self.last())
    }

    /// Goes on with what follows from a state.
    pub(super) fn decided(mut self, object: &HelmRelease, state: &State, now: Timestamp) -> Step {
        let forced = self.is_requested(object, Request::Force);
        match self.decide(object, state, forced, now) {
            Decision::Do(act) => self.announce(object, act, now),
            Decision::Nothing => self.succeed(object, now),
            Decision::Exhausted => self.exhausted(object, now),
            Decision::NoWayBack => {
                let message = "Failed to perform remediation: missing target release for rollback: cannot remediate failed release";
                let given_up = GivenUp { reason: helm::MISSING_ROLLBACK_TARGET, message: message.into() };
                self.reconsider(object, given_up, now)
            }
        }
    }

    fn decide(&mut self, object: &HelmRelease, state: &State, forced: bool, now: Timestamp) -> Decision {
        match state {
            State::Locked => Decision::Do(Act::Unlock),
            State::Absent => tried(object.install_remediation(&self.status), forced, Act::Install),
            State::Unmanaged => {
                self.status.history.clear();
                Decision::Do(Act::Upgrade)
            }
            State::OutOfSync => tried(object.upgrade_remediation(&self.status), forced, Act::Upgrade),
            State::Untested => {
                self.forget_remediation(object, now);
                Decision::Do(Act::Test)
            }
            State::Failed => self.after_failure(object, forced),
            State::Deployed => self.in_sync(object, forced, now),
        }
    }

    fn in_sync(&mut self, object: &HelmRelease, forced: bool, now: Timestamp) -> Decision {
        match self.retry_interval(object) {
            Some(_) => history::truncate_to_newest(&mut self.status.history),
            None => {
                let ignored = object
                    .remediation(&self.status)
                    .map_or(object.test().ignore_failures, |remediation| remediation.ignore_test_failures);
                history::truncate(&mut self.status.history, ignored);
            }
        }
        if forced {
            return Decision::Do(Act::Upgrade);
        }
        self.forget_remediation(object, now);
        self.forgive_failure(object, now);
        if state::looks_for_drift(object) {
            let message = "No drift detected against the cluster state";
            self.marks(object, now).set(DRIFTED, FALSE, helm::NO_DRIFT_DETECTED, message);
        }
        Decision::Nothing
    }

    /// What a rollback has brought back is what is wanted now.
    fn forget_remediation(&mut self, object: &HelmRelease, now: Timestamp) {
        if !is_true(&self.status.conditions, REMEDIATED) {
            return;
        }
        let Some(entry) = self.latest_entry() else { return };
        let mut marks = self.marks(object, now);
        marks.clear(REMEDIATED);
        marks.set(RELEASED, TRUE, helm::UPGRADE_SUCCEEDED, &report::upgrade_succeeded(&entry));
    }

    /// A release that is as wanted did not fail, whatever was said of it.
    fn forgive_failure(&mut self, object: &HelmRelease, now: Timestamp) {
        let conditions = &self.status.conditions;
        if is_true(conditions, READY) && is_true(conditions, RELEASED) {
            return;
        }
        let reason = find_condition(conditions, RELEASED).map(|released| released.reason.as_str());
        let Some(entry) = self.latest_entry() else { return };
        let (reason, message) = match reason {
            Some(helm::INSTALL_FAILED) => (helm::INSTALL_SUCCEEDED, report::install_succeeded(&entry)),
            Some(helm::UPGRADE_FAILED) => (helm::UPGRADE_SUCCEEDED, report::upgrade_succeeded(&entry)),
            _ => return,
        };
        self.marks(object, now).set(RELEASED, TRUE, reason, &message);
        self.summarize(object, now);
    }

    fn after_failure(&mut self, object: &HelmRelease, forced: bool) -> Decision {
        if self.retry_interval(object).is_some() {
            history::truncate_to_newest(&mut self.status.history);
            return Decision::Do(Act::Upgrade);
        }
        let Some(remediation) = object.remediation(&self.status) else { return Decision::Do(Act::Upgrade) };
        // Without a failure counted, what has failed has changed since.
        if remediation.failures <= 0 || forced {
            return Decision::Do(Act::Upgrade);
        }
        if remediation.is_exhausted() && !remediation.remediate_last_failure {
            return Decision::Exhausted;
        }
        history::truncate(&mut self.status.history, remediation.ignore_test_failures);
        match remediation.strategy {
            RemediationStrategy::Uninstall => Decision::Do(Act::Remove),
            RemediationStrategy::Rollback => self.way_back(&remediation),
        }
    }

    /// A target that was changed in storage is none: an upgrade is tried again instead.
    fn way_back(&self, remediation: &Remediation) -> Decision {
        let Some(target) = history::previous(&self.status, remediation.ignore_test_failures) else {
            return Decision::NoWayBack;
        };
        let found = self.stored.iter().find(|release| history::targets(target, release));
        match found {
            Some(found) if state::is_as_observed(target, found) => Decision::Do(Act::Rollback(target.version)),
            _ => Decision::Do(Act::Upgrade),
        }
    }
}

fn tried(remediation: Remediation, forced: bool, act: Act) -> Decision {
    if remediation.is_exhausted() && !forced { Decision::Exhausted } else { Decision::Do(act) }
}

impl Run {
    /// Publishes what is about to be done, unless its like was done already.
    pub(super) fn announce(mut self, object: &HelmRelease, act: Act, now: Timestamp) -> Step {
        if self.done.contains(&act.kind()) {
            return self.enough(object, now);
        }
        let timeout = sluice_api::Duration(object.timeout(act.action()));
        let message = format!("Running '{}' action with timeout of {timeout}", act.name());
        self.working(object, &message, now);
        if act.kind() == ActKind::Release {
            self.marks(object, now).set(READY, UNKNOWN, reasons::PROGRESSING, &message);
        }
        self.stage = Stage::Announcing(act);
        let report = self.report();
        (self, Command::Publish(report))
    }

    /// An act is over: the release is looked at again, or the pass has done enough.
    pub(super) fn go_on(mut self, object: &HelmRelease, act: &Act, now: Timestamp) -> Step {
        if act.kind() != ActKind::Remediate {
            self.done.insert(act.kind());
            return self.determine(object, now);
        }
        if let Some(after) = self.retry_interval(object) {
            return self.try_again_after(object, after, now);
        }
        let Some(remediation) = object.remediation(&self.status) else { return self.try_again(object, true, now) };
        let removes_upgrade = self.status.last_attempted_release_action == Some(ReleaseAction::Upgrade)
            && remediation.strategy == RemediationStrategy::Uninstall;
        if !remediation.is_exhausted() || removes_upgrade {
            return self.try_again(object, true, now);
        }
        self.exhausted(object, now)
    }

    fn enough(self, object: &HelmRelease, now: Timestamp) -> Step {
        if let Some(after) = self.retry_interval(object) {
            return self.try_again_after(object, after, now);
        }
        if object.remediation(&self.status).is_none_or(|remediation| !remediation.is_exhausted()) {
            return self.try_again(object, true, now);
        }
        let mut run = self;
        run.marks(object, now).clear(RECONCILING);
        run.rest(object)
    }

    pub(super) fn retry_interval(&self, object: &HelmRelease) -> Option<Duration> {
        object.retry_interval(&self.status, self.facts.policy.retry_by_default)
    }

    fn exhausted(self, object: &HelmRelease, now: Timestamp) -> Step {
        let action = match self.status.last_attempted_release_action {
            Some(ReleaseAction::Upgrade) => "upgrade",
            _ => "install",
        };
        let failures = object.remediation(&self.status).map_or(0, |remediation| remediation.failures);
        let message = format!("Failed to {action} after {failures} attempt(s)");
        self.reconsider(object, GivenUp { reason: helm::RETRIES_EXCEEDED, message }, now)
    }

    /// Returns the newest stored revision.
    pub(super) fn last(&self) -> Option<&Release> {
        release::last(&self.stored)
    }
}
