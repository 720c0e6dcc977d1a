//! Before a release is looked at: its HelmChart, what it waits for, its chart, its revisions.

use jiff::Timestamp;
use sluice_api::{
    conditions::{STALLED, reasons},
    helm::{ChartNameChangeStrategy, HelmRelease},
};
use sluice_cluster::{ApiError, EventType, Identity, Response};
use sluice_helm::release::{Release, digest_values, shortened, verify_values};
use sluice_object::Object;
use sluice_reconcile::{Command, Next};

use super::{
    super::{
        Effect,
        chart::{Loaded, NoChart},
        effects::{Chosen, Found, GONE},
        history,
        report::reasons as helm,
        template,
    },
    Purpose, Run, Stage, Step, trouble,
};
use crate::{dependencies::Blocked, source::Trouble};

/// HelmCharts being made and deleted.
#[derive(Debug)]
pub(super) struct Templating {
    /// Whether one is deleted, before the other.
    stale: bool,
    /// The one that is made, and whether it was there.
    wanted: Option<(Object, bool)>,
    /// Whether the HelmRelease is going too.
    last: bool,
}

const PREREQUISITES: &str = "Fulfilling prerequisites";

impl Run {
    pub(super) fn begin(self, object: &HelmRelease, now: Timestamp) -> Step {
        if let Err(refused) = self.facts.expressions.clone() {
            return self.stall(object, &refused, now);
        }
        if let Some(denied) = self.facts.denied.clone() {
            return self.stall(object, &denied, now);
        }
        if self.facts.template.stale.is_some() || self.facts.template.wanted.is_some() {
            return self.make_template(object);
        }
        self.check(object, now)
    }

    /// HelmCharts are the agent's own to make, whoever installs the release.
    fn make_template(mut self, object: &HelmRelease) -> Step {
        let (stale, exists) = (self.facts.template.stale.take(), self.facts.template.exists);
        let wanted = self.facts.template.wanted.take().map(|chart| (chart, exists));
        let deletes = stale.clone().map(template::delete);
        let requests = deletes.into_iter().chain(wanted.clone().map(|(chart, _)| template::apply(chart))).collect();
        let last = object.metadata.deletion_timestamp.is_some();
        self.stage = Stage::Templating(Templating { stale: stale.is_some(), wanted, last });
        let effect = Effect::Requests { who: Identity::Agent, requests, concurrency: 1, purpose: "chart" };
        (self, Command::Do(effect))
    }

    /// Deletes the HelmChart of a release that has been taken away.
    pub(super) fn delete_template(mut self, object: &HelmRelease) -> Step {
        self.facts.template = template::Template { stale: template::target(&self.status), ..Default::default() };
        self.make_template(object)
    }

    pub(super) fn templated(
        mut self,
        object: &HelmRelease,
        templating: Templating,
        answers: Vec<Result<Response, ApiError>>,
        now: Timestamp,
    ) -> Step {
        let mut answers = answers.into_iter();
        if templating.stale {
            let named = self.status.helm_chart.clone().unwrap_or_default();
            match answers.next() {
                Some(Err(error)) if !error.is_not_found() => {
                    let message = format!("failed to delete HelmChart '{named}': {error}");
                    return self.fail(object, &trouble(helm::RECONCILE_ERROR, message), Next::Backoff, now);
                }
                Some(Ok(_)) => {
                    self.notice(EventType::Normal, "HelmChartDeleted", format!("deleted HelmChart '{named}'"))
                }
                _ => {}
            }
            self.status.helm_chart = None;
        }
        if templating.last {
            return self.released(object);
        }
        let Some((chart, existed)) = templating.wanted else { return self.check(object, now) };
        match answers.next() {
            Some(Err(error)) => {
                let message = format!("failed to run server-side apply: {error}");
                self.notice(EventType::Normal, "HelmChartSyncErr", message.clone());
                self.fail(object, &trouble(helm::RECONCILE_ERROR, message), Next::Backoff, now)
            }
            _ => self.made(object, &chart, existed, now),
        }
    }

    /// What the index knows of the HelmChart is old news now: its own pass will wake this one.
    fn made(mut self, object: &HelmRelease, chart: &Object, existed: bool, now: Timestamp) -> Step {
        let reason = if existed { "HelmChartConfigured" } else { "HelmChartCreated" };
        self.notice(EventType::Normal, reason, template::told(object, chart, !existed));
        self.status.helm_chart = Some(format!("{}/{}", chart.namespace(), chart.name()));
        let message = format!(
            "HelmChart '{}/{}' is not ready: latest generation of object has not been reconciled",
            chart.namespace(),
            chart.name()
        );
        self.working(object, PREREQUISITES, now);
        self.wait_for_chart(object, &trouble(helm::SOURCE_NOT_READY, message), now)
    }

    fn check(mut self, object: &HelmRelease, now: Timestamp) -> Step {
        self.working(object, PREREQUISITES, now);
        if let Some(blocked) = self.facts.blocked.clone() {
            return self.wait_for_dependency(object, blocked, now);
        }
        self.forgive(object, &[reasons::DEPENDENCY_NOT_READY], now);
        let source = match self.facts.source.clone() {
            Ok(source) => source,
            Err(NoChart::Denied(denied)) => return self.stall(object, &denied, now),
            Err(NoChart::Missing(missing)) => return self.fail(object, &missing, Next::Backoff, now),
            Err(NoChart::Unready(unready)) => return self.wait_for_chart(object, &unready, now),
        };
        self.forgive(object, &[reasons::ACCESS_DENIED, reasons::ARTIFACT_FAILED, helm::SOURCE_NOT_READY], now);
        if let Err(error) = self.facts.values.clone() {
            self.notice(EventType::Warning, &error.reason, error.message.clone());
            return self.fail(object, &error, Next::Backoff, now);
        }
        self.forgive(object, &[helm::VALUES_ERROR], now);
        if let Err(error) = self.facts.identity.clone() {
            return self.fail(object, &error, Next::Backoff, now);
        }
        self.forgive(object, &[helm::REST_CLIENT_ERROR], now);
        self.stage = Stage::Loading;
        (self, Command::Do(Effect::Load(Box::new(Chosen(source)))))
    }

    fn wait_for_dependency(mut self, object: &HelmRelease, blocked: Blocked, now: Timestamp) -> Step {
        let (Blocked::Cycle(message) | Blocked::Dependency(message)) = blocked;
        let before = self.ready_message();
        self.not_ready(object, now, reasons::DEPENDENCY_NOT_READY, &message);
        if before.as_deref() != Some(&message) {
            self.notice(EventType::Normal, reasons::DEPENDENCY_NOT_READY, message);
        }
        let after = self.facts.policy.requeue_dependency;
        self.pause(object, Next::After(after))
    }

    fn wait_for_chart(mut self, object: &HelmRelease, unready: &Trouble, now: Timestamp) -> Step {
        tracing::info!("{}", unready.message);
        self.not_ready(object, now, &unready.reason, &unready.message);
        let after = self.facts.policy.requeue_dependency;
        self.pause(object, Next::After(after))
    }

    pub(super) fn loaded(mut self, object: &HelmRelease, loaded: Result<Box<Found>, Trouble>, now: Timestamp) -> Step {
        let loaded = match loaded {
            Ok(found) => found.0,
            Err(error) if error.message == GONE => {
                let after = self.facts.policy.requeue_dependency;
                let message = format!("{GONE}. Retrying in {}", sluice_api::Duration(after));
                self.not_ready(object, now, &error.reason, &message);
                return self.pause(object, Next::After(after));
            }
            Err(error) if error.reason == reasons::ARTIFACT_FAILED => {
                self.notice(EventType::Warning, &error.reason, error.message.clone());
                let message = format!("Could not load chart: {}", error.message);
                return self.fail(object, &Trouble { message, ..error }, Next::Backoff, now);
            }
            Err(error) => return self.fail(object, &error, Next::Backoff, now),
        };
        self.forgive(object, &[reasons::ARTIFACT_FAILED, helm::CHART_MUTATE_ERROR], now);
        if self.must_replace(object, &loaded) {
            return self.read_revisions(object, Purpose::Replace);
        }
        self.attempt(object, &loaded);
        self.chart = Some(loaded);
        self.read_revisions(object, Purpose::Release)
    }

    /// A release of another name cannot be upgraded to: the old one goes first.
    fn must_replace(&self, object: &HelmRelease, loaded: &Loaded) -> bool {
        match history::target_changed(object, &self.status, loaded.name()) {
            Some(history::CHART_NAME) => {
                object.upgrade().chart_name_change_strategy.unwrap_or_default() == ChartNameChangeStrategy::Reinstall
            }
            changed => changed.is_some(),
        }
    }

    /// Notes what is attempted. Other failures were of something else.
    fn attempt(&mut self, object: &HelmRelease, loaded: &Loaded) {
        let values = self.facts.values.as_ref().map(|values| values.json.clone()).unwrap_or_default();
        let (reset, algorithm) = (self.is_requested(object, Request::Reset), self.facts.policy.digests);
        let status = &mut self.status;
        status.storage_namespace = Some(object.storage_namespace().to_owned());
        let same_values = match (&status.last_attempted_config_digest, &status.last_attempted_values_checksum) {
            (Some(digest), _) if !digest.is_empty() => verify_values(digest, &values),
            (_, Some(checksum)) if !checksum.is_empty() => verify_values(&format!("sha1:{checksum}"), &values),
            _ => true,
        };
        let differs = status.last_attempted_generation != object.metadata.generation
            || status.last_attempted_revision.as_deref() != Some(loaded.version())
            || !same_values;
        if differs || reset {
            (status.failures, status.install_failures, status.upgrade_failures) = (0, 0, 0);
        }
        status.last_attempted_generation = object.metadata.generation;
        status.last_attempted_revision = Some(loaded.version().to_owned());
        status.last_attempted_revision_digest = (!loaded.oci_digest.is_empty()).then(|| loaded.oci_digest.clone());
        status.last_attempted_config_digest = Some(digest_values(algorithm, &values).to_string());
        status.last_attempted_values_checksum = None;
        status.last_release_revision = None;
    }

    pub(super) fn read_revisions(mut self, object: &HelmRelease, purpose: Purpose) -> Step {
        let namespace = match purpose {
            Purpose::Release => object.storage_namespace().to_owned(),
            Purpose::Replace | Purpose::Delete => self.status.storage_namespace.clone().unwrap_or_default(),
        };
        let name = match (purpose, history::latest(&self.status)) {
            (Purpose::Replace | Purpose::Delete, Some(latest)) => latest.name.clone(),
            _ => shortened(&object.release_name()),
        };
        self.stage = Stage::Reading(purpose);
        let who = self.who.clone();
        (self, Command::Do(Effect::Revisions { who, namespace, name }))
    }

    pub(super) fn read(
        mut self,
        object: &HelmRelease,
        purpose: Purpose,
        found: Result<Vec<Release>, String>,
        now: Timestamp,
    ) -> Step {
        match (found, purpose) {
            (Ok(stored), Purpose::Release) => {
                self.stored = stored;
                self.determine(object, now)
            }
            (Ok(stored), purpose) => {
                self.stored = stored;
                self.uninstall(object, purpose, now)
            }
            (Err(error), Purpose::Release) => {
                let message = format!("Could not determine release state: {error}");
                self.fail(object, &trouble(helm::STATE_ERROR, message), Next::Backoff, now)
            }
            (Err(error), _) => self.fail(object, &trouble(helm::UNINSTALL_FAILED, error), Next::Backoff, now),
        }
    }

    fn stall(mut self, object: &HelmRelease, why: &Trouble, now: Timestamp) -> Step {
        let told = why.message.rsplit_once("configuration error: ").map_or(why.message.as_str(), |(_, told)| told);
        let known = self.ready_message().as_deref() == Some(&why.message);
        if !known || self.status.observed_generation != object.metadata.generation {
            self.notice(EventType::Warning, &why.reason, told);
        }
        self.marks(object, now).stalled(&why.reason, &why.message);
        self.status.observed_generation = object.metadata.generation;
        self.handled(object);
        debug_assert!(sluice_api::conditions::is_true(&self.status.conditions, STALLED));
        self.settle(Next::Never, false)
    }
}

/// What a person may ask for once, by annotations that name the same moment as the request to reconcile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// An upgrade although nothing has changed, or a try although there is none left.
    Force,
    /// To count failures from zero.
    Reset,
}

impl Run {
    /// Says whether something is asked for that was not done yet. Asking counts as done.
    pub(super) fn is_requested(&mut self, object: &HelmRelease, what: Request) -> bool {
        use sluice_api::annotations::{RECONCILE_FORCE_AT, RECONCILE_REQUESTED_AT, RECONCILE_RESET_AT};
        let annotation = |key: &str| object.metadata.annotations.as_ref().and_then(|all| all.get(key)).cloned();
        let (key, handled) = match what {
            Request::Force => (RECONCILE_FORCE_AT, &mut self.status.last_handled_force_at),
            Request::Reset => (RECONCILE_RESET_AT, &mut self.status.last_handled_reset_at),
        };
        let Some(asked) = annotation(key) else { return false };
        let before = handled.replace(asked.clone());
        annotation(RECONCILE_REQUESTED_AT).as_ref() == Some(&asked)
            && self.status.last_handled_reconcile_at.as_ref() != Some(&asked)
            && before.as_ref() != Some(&asked)
    }
}
