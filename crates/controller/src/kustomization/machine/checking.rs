//! Health: awaited by what watches see, until all is well, something has failed for good, or time is up.

use jiff::Timestamp;
use sluice_api::{
    conditions::{self, FALSE, HEALTHY, TRUE, UNKNOWN, reasons},
    kustomize::Kustomization,
};
use sluice_apply::{
    Outcome as Applied, WaitSpec,
    wait::{self, Until, WaitSet},
};
use sluice_cluster::{EventType, Target};
use sluice_reconcile::{Cause, Command, Input, Next};

use super::{
    super::{
        Outcome, facts,
        report::{notice, shown},
    },
    CHECKING, Run, Stage, Step, after, elapsed,
};

use crate::waiting::{self, Waiting};

#[derive(Debug)]
pub(super) struct Checking {
    pub(super) set: WaitSet,
    pub(super) targets: Vec<Target>,
    pub(super) waiting: Waiting,
    pub(super) applied: Applied,
    pub(super) began: Timestamp,
    pub(super) deadline: Timestamp,
}

impl Run {
    pub(super) fn begin_check(
        self,
        object: &Kustomization,
        applied: Applied,
        targets: Vec<Target>,
        now: Timestamp,
    ) -> Step {
        let fail_fast = self.facts.policy.fail_fast;
        let expiring_jobs = applied.expiring_jobs.clone();
        let options = wait::Options { until: Until::Current, fail_fast, expiring_jobs, settle: wait::SETTLE };
        let mut set = WaitSet::new(targets.iter().map(Target::id), options);
        set.tick(now);
        let health = applied.health.clone();
        for (id, health) in health {
            set.on_health(&id, health);
        }
        let deadline = after(now, object.spec.timeout());
        let spec = WaitSpec { targets: targets.clone(), until: Until::Current, deadline, recheck_at: None };
        let waiting = self.waiting(spec, now);
        let checking = Checking { set, targets, waiting, applied, began: now, deadline };
        match checking.set.verdict() {
            wait::Verdict::Waiting => self.announce_check(object, checking, now),
            verdict => self.judge(object, checking, verdict, now),
        }
    }

    pub(super) fn announce_check(mut self, object: &Kustomization, checking: Checking, now: Timestamp) -> Step {
        self.mark_working(object, CHECKING, now);
        let message = self.progress(object);
        self.marks(object, now).set(HEALTHY, UNKNOWN, reasons::PROGRESSING, &message);
        let report = self.report();
        self.stage = Stage::Checking(Box::new(checking));
        (self, Command::Publish(report))
    }

    pub(super) fn check(
        self,
        object: &Kustomization,
        mut checking: Checking,
        input: Input<Outcome>,
        now: Timestamp,
    ) -> Step {
        let health = match input {
            Input::Published => Vec::new(),
            Input::Done(Outcome::Read(health)) => {
                checking.waiting.on_read(&health);
                health
            }
            Input::Woke(woke) => self.on_wake(Some(&mut checking.waiting), woke, now),
            Input::Deadline => {
                let managed = self.managed();
                let Some(next) = checking.waiting.on_time(now, &managed) else {
                    let text = checking.set.timeout_text();
                    return self.unhealthy(object, &checking, &text, now);
                };
                return self.go_on(checking, next);
            }
            Input::Superseded(cause) => return self.overtaken(object, &cause, now),
            input @ Input::Done(_) => return self.lost(object, &Stage::Checking(Box::new(checking)), &input, now),
        };
        checking.set.tick(now);
        for (id, health) in health {
            checking.set.on_health(&id, health);
        }
        let verdict = checking.set.verdict();
        self.judge(object, checking, verdict, now)
    }

    fn go_on(mut self, checking: Checking, next: waiting::Next) -> Step {
        self.stage = Stage::Checking(Box::new(checking));
        self.rest(next)
    }

    pub(super) fn judge(
        self,
        object: &Kustomization,
        mut checking: Checking,
        verdict: wait::Verdict,
        now: Timestamp,
    ) -> Step {
        match verdict {
            wait::Verdict::Done => self.healthy(object, checking, now),
            wait::Verdict::Failed(text) => self.unhealthy(object, &checking, &text, now),
            wait::Verdict::Waiting => {
                let pending: Vec<_> = checking.set.pending().cloned().collect();
                let targets =
                    checking.targets.iter().filter(|target| pending.contains(&target.id())).cloned().collect();
                let (deadline, recheck_at) = (checking.deadline, checking.set.recheck_at());
                checking.waiting.renew(WaitSpec { targets, until: Until::Current, deadline, recheck_at });
                let next = checking.waiting.rest(&self.managed());
                self.go_on(checking, next)
            }
        }
    }

    pub(super) fn healthy(mut self, object: &Kustomization, checking: Checking, now: Timestamp) -> Step {
        let before = object.status.as_ref().is_some_and(|status| conditions::is_true(&status.conditions, HEALTHY));
        let moved = self.status.last_applied_revision != self.revision() && checking.applied.changes.any();
        let message = self.passed(object, checking.began, now);
        if !before || moved {
            let revision = self.revision();
            self.notices.push(notice(EventType::Normal, reasons::PROGRESSING, &message, revision.as_deref()));
        }
        self.close(object, checking.applied, now)
    }

    /// Returns what is told of a passed check.
    pub(super) fn passed(&mut self, object: &Kustomization, began: Timestamp, now: Timestamp) -> String {
        let message = format!("Health check passed in {}", shown(elapsed(began, now)));
        self.marks(object, now).set(HEALTHY, TRUE, reasons::SUCCEEDED, &message);
        message
    }

    pub(super) fn unhealthy(mut self, object: &Kustomization, checking: &Checking, text: &str, now: Timestamp) -> Step {
        self.marks(object, now).set(HEALTHY, FALSE, reasons::HEALTH_CHECK_FAILED, text);
        let message = format!("health check failed after {}: {text}", shown(elapsed(checking.began, now)));
        self.fail(object, reasons::HEALTH_CHECK_FAILED, message, Next::After(object.spec.retry_interval()), now)
    }

    /// A new revision, a changed spec or a deletion ends the wait; another pass starts at once.
    pub(super) fn overtaken(mut self, object: &Kustomization, cause: &Cause, now: Timestamp) -> Step {
        let by = match cause {
            Cause::Reference => facts::source_id(object),
            Cause::Changed | Cause::Deleted => facts::id(object),
        };
        let message = format!("New reconciliation triggered by {by}");
        if conditions::find_condition(&self.status.conditions, HEALTHY).is_some() {
            self.marks(object, now).set(HEALTHY, FALSE, reasons::HEALTH_CHECK_CANCELED, &message);
        }
        self.marks(object, now).failed(reasons::HEALTH_CHECK_CANCELED, &message);
        let notices = std::mem::take(&mut self.notices);
        self.settle(notices, Next::Now, false)
    }
}
