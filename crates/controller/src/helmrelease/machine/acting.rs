//! One act after the other: an action of Helm's is driven until it ends, and what it came to is noted.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sluice_api::{
    conditions::{FALSE, READY, RELEASED, REMEDIATED, TEST_SUCCESS, TRUE, UNKNOWN, is_true, reasons},
    helm::{Action, HelmRelease, ReleaseAction, ReleaseSnapshot},
    meta,
};
use sluice_apply::health::{Health, Reader, Status};
use sluice_cluster::{ApiError, EventType, Request, Response, Target};
use sluice_helm::{
    release::{self, Release, Secret},
    top,
};
use sluice_object::{Gvk, InventoryEntry, ObjectId};
use sluice_reconcile::{Cause, Command, Input, Next};
use sluice_release::{Error, Input as Told, Phase, Plan, Step as Ask};

use super::{
    super::{
        Effect, MANAGER, Outcome, facts, history,
        render::{Order, Rendered},
        report::{self, About, reasons as helm},
        settings,
    },
    Run, Stage, Step,
    deciding::Act,
    removing::Removal,
    trouble,
};
use crate::waiting::{self, Waiting};

/// An action underway.
#[derive(Debug)]
pub(super) struct Acting {
    pub(super) what: What,
    action: sluice_release::Action,
    /// What the action has asked for, and was not done yet.
    ask: Option<Ask>,
    waiting: Option<(Waiting, Reader)>,
    /// The definitions of the chart.
    definitions: Vec<InventoryEntry>,
    began: Timestamp,
    /// Why the wait was ended, if it was.
    cancelled: Option<Cause>,
}

/// What an action is for.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// To get the release to where it should be.
    Act(Act),
    /// To take it away.
    Remove(Removal),
}

impl Run {
    /// What was announced is begun.
    pub(super) fn begin_act(mut self, object: &HelmRelease, act: Act, now: Timestamp) -> Step {
        match act {
            Act::Unlock => self.unlock(object, now),
            Act::Correct => self.correct(object, now),
            Act::Install | Act::Upgrade => {
                self.prepare(&act);
                self.render(object, act, now)
            }
            Act::Test => {
                let filters = object.test().filters;
                let filters = filters
                    .into_iter()
                    .map(|filter| sluice_release::TestFilter { name: filter.name, exclude: filter.exclude });
                self.run_action(object, act, Plan::Test { filters: filters.collect() }, now)
            }
            Act::Rollback(to) => self.run_action(object, act, Plan::Rollback { to }, now),
            Act::Remove => self.run_action(object, act, Plan::Uninstall, now),
        }
    }

    /// None of what was said of earlier actions counts for a new one; an installation begins a new history.
    fn prepare(&mut self, act: &Act) {
        let installs = *act == Act::Install;
        let action = if installs { ReleaseAction::Install } else { ReleaseAction::Upgrade };
        self.status.last_attempted_release_action = Some(action);
        if installs {
            self.status.history.clear();
        }
        for type_ in [TEST_SUCCESS, REMEDIATED] {
            sluice_api::conditions::remove_condition(&mut self.status.conditions, type_);
        }
    }

    fn render(mut self, object: &HelmRelease, act: Act, now: Timestamp) -> Step {
        let (Some(chart), Ok(values)) = (self.chart.clone(), self.facts.values.clone()) else {
            return self.lost(object, &Stage::Nowhere, &Input::Published, now);
        };
        let installs = act == Act::Install;
        let last = self.last().map_or(0, |last| last.version);
        let reused = (!installs && object.upgrade().preserve_values)
            .then(|| release::deployed(&self.stored).or(self.last()).cloned().map(Box::new));
        let order = Order {
            who: self.who.clone(),
            chart: chart.chart,
            values,
            release: top::Release {
                name: release::shortened(&object.release_name()),
                namespace: object.release_namespace().to_owned(),
                revision: if installs { 1 } else { last + 1 },
                is_upgrade: !installs,
            },
            checks_schema: match installs {
                true => !object.install().disable_schema_validation,
                false => !object.upgrade().disable_schema_validation,
            },
            post_renderers: settings::post_renderers(object),
            strategy: settings::post_render_strategy(object),
            reused: reused.flatten(),
        };
        self.stage = Stage::Rendering(act);
        (self, Command::Do(Effect::Render(Box::new(order))))
    }

    pub(super) fn rendered(
        self,
        object: &HelmRelease,
        act: Act,
        rendered: Result<Box<Rendered>, String>,
        now: Timestamp,
    ) -> Step {
        let Rendered { release, definitions } = match rendered {
            Ok(rendered) => *rendered,
            Err(text) => return self.not_rendered(object, &act, &text, now),
        };
        let entries = definitions.iter().map(sluice_apply::inventory::entry).collect();
        let action = act.action().unwrap_or(Action::Upgrade);
        let crds = settings::crds(object, action, definitions);
        let plan = match action {
            Action::Install => Plan::Install { release },
            _ => Plan::Upgrade { release },
        };
        let options = sluice_release::Options { crds, ..self.options(object, action) };
        let kinds = kinds_of(&plan);
        let (action, ask) = sluice_release::Action::start(plan, self.stored.clone(), options, now);
        self.track(object, What::Act(act), action, ask, (entries, kinds), now)
    }

    fn options(&self, object: &HelmRelease, action: Action) -> sluice_release::Options {
        let storage = self.status.storage_namespace.clone().unwrap_or_default();
        let expressions = self.facts.expressions.as_ref().map(|compiled| compiled.health.clone()).unwrap_or_default();
        settings::options(object, &storage, action, &self.facts.policy, expressions)
    }

    fn run_action(self, object: &HelmRelease, act: Act, plan: Plan, now: Timestamp) -> Step {
        let options = self.options(object, act.action().unwrap_or(Action::Upgrade));
        self.drive(object, What::Act(act), plan, options, now)
    }

    pub(super) fn take_away(self, object: &HelmRelease, removal: Removal, now: Timestamp) -> Step {
        let options = self.options(object, Action::Uninstall);
        self.drive(object, What::Remove(removal), Plan::Uninstall, options, now)
    }

    fn drive(
        self,
        object: &HelmRelease,
        what: What,
        plan: Plan,
        options: sluice_release::Options,
        now: Timestamp,
    ) -> Step {
        let kinds = self.last().map(|last| manifest_kinds(&last.manifest)).unwrap_or_default();
        let (action, ask) = sluice_release::Action::start(plan, self.stored.clone(), options, now);
        self.track(object, what, action, ask, (Vec::new(), kinds), now)
    }

    /// Watches are opened before the first write, so that nothing is missed. Other clusters are not watched.
    fn track(
        mut self,
        object: &HelmRelease,
        what: What,
        action: sluice_release::Action,
        ask: Ask,
        (definitions, mut kinds): (Vec<InventoryEntry>, BTreeSet<Gvk>),
        now: Timestamp,
    ) -> Step {
        kinds.extend(facts::inventory(&self.status).iter().map(InventoryEntry::gvk));
        if self.is_remote() {
            kinds.clear();
        }
        let acting = Acting { what, action, ask: Some(ask), waiting: None, definitions, began: now, cancelled: None };
        self.stage = Stage::Tracking(Box::new(acting));
        (self, Command::Do(Effect::Track { owner: facts::id(object), kinds }))
    }

    pub(super) fn tracked(self, object: &HelmRelease, mut acting: Acting, now: Timestamp) -> Step {
        match acting.ask.take() {
            Some(ask) => self.obey(object, acting, ask, now),
            None => self.lost(object, &Stage::Tracking(Box::new(acting)), &Input::Published, now),
        }
    }

    pub(super) fn act(
        mut self,
        object: &HelmRelease,
        mut acting: Acting,
        input: Input<Outcome>,
        now: Timestamp,
    ) -> Step {
        let told = match input {
            Input::Done(Outcome::Answers { answers, seen }) => {
                self.latest.learn(seen);
                Told::Answers(answers)
            }
            Input::Done(Outcome::Read(health)) => Told::Health(health),
            Input::Woke(woke) => {
                let health = self.latest.health(woke.clone());
                let Some((waiting, _)) = &mut acting.waiting else { return self.rest_again(acting, now) };
                waiting.on_wake(&woke, now);
                Told::Health(unjudged(waiting, health))
            }
            Input::Deadline => {
                let managed = self.managed();
                let next = acting.waiting.as_mut().and_then(|(waiting, _)| waiting.on_time(now, &managed));
                match next {
                    None => Told::Deadline,
                    Some(next) => return self.wait(acting, next),
                }
            }
            Input::Superseded(cause) if acting.action.phase() == Phase::Waiting => {
                acting.cancelled = Some(cause);
                Told::Cancelled
            }
            // What a hook does must not be begun twice: whatever comes up waits for its end.
            Input::Superseded(_) => {
                self.overtaken = true;
                return self.rest_again(acting, now);
            }
            input => return self.lost(object, &Stage::Acting(Box::new(acting)), &input, now),
        };
        let ask = acting.action.next(told, now);
        self.obey(object, acting, ask, now)
    }

    fn rest_again(self, mut acting: Acting, _now: Timestamp) -> Step {
        let managed = self.managed();
        match acting.waiting.as_mut().map(|(waiting, _)| waiting.rest(&managed)) {
            Some(next) => self.wait(acting, next),
            None => {
                let mut run = self;
                run.stage = Stage::Acting(Box::new(acting));
                (run, Command::Park(sluice_reconcile::Park::default()))
            }
        }
    }

    fn wait(mut self, acting: Acting, next: waiting::Next) -> Step {
        let reader = acting.waiting.as_ref().map(|(_, reader)| reader.clone()).unwrap_or_default();
        self.stage = Stage::Acting(Box::new(acting));
        let command = match next {
            waiting::Next::Park(park) => Command::Park(park),
            waiting::Next::Read(targets) => Command::Do(Effect::Read { who: self.who.clone(), targets, reader }),
        };
        (self, command)
    }

    fn obey(mut self, object: &HelmRelease, mut acting: Acting, ask: Ask, now: Timestamp) -> Step {
        match ask {
            Ask::Requests { requests, concurrency } => {
                let purpose = purpose(acting.action.phase());
                self.note_inventory(&acting);
                acting.waiting = None;
                self.stage = Stage::Acting(Box::new(acting));
                let who = self.who.clone();
                (self, Command::Do(Effect::Requests { who, requests, concurrency, purpose }))
            }
            Ask::Wait { spec, reader } => {
                let (waiting, remote) = (acting.waiting.take(), self.is_remote());
                let mut waiting = match waiting {
                    Some((mut waiting, _)) => {
                        waiting.renew(spec);
                        waiting
                    }
                    None => Waiting::new(spec, reader.clone(), remote, now),
                };
                let next = waiting.rest(&self.managed());
                acting.waiting = Some((waiting, reader));
                self.wait(acting, next)
            }
            Ask::Ended(result) => self.ended(object, acting, result, now),
        }
    }

    /// What is about to be written is in the inventory that watches go by.
    fn note_inventory(&mut self, acting: &Acting) {
        let Acting { what: What::Act(Act::Install | Act::Upgrade | Act::Rollback(_)), action, definitions, .. } =
            acting
        else {
            return;
        };
        let objects = action.objects();
        if action.observed().is_empty() || objects.is_empty() {
            return;
        }
        let entries = objects.iter().chain(definitions);
        let entry =
            |entry: &InventoryEntry| meta::InventoryEntry { id: entry.id.to_inventory(), v: entry.version.clone() };
        self.status.inventory = Some(meta::Inventory { entries: entries.map(entry).collect() });
    }

    fn ended(
        mut self,
        object: &HelmRelease,
        acting: Acting,
        result: Result<Box<Release>, Error>,
        now: Timestamp,
    ) -> Step {
        self.note_inventory(&acting);
        for notice in acting.action.notices() {
            tracing::info!("{notice}");
        }
        let observed = acting.action.observed().clone();
        self.absorb(&observed);
        let result = result.map(|_| ());
        match acting.what.clone() {
            What::Remove(removal) => self.removed(object, removal, &observed, result, now),
            What::Act(act) => {
                let took = now.duration_since(acting.began).unsigned_abs();
                match act {
                    Act::Test => self.tested(object, &act, &observed, result, now),
                    Act::Rollback(to) => self.rolled_back(object, &act, to, &observed, result, now),
                    Act::Remove => self.remediated(object, &act, &observed, result, now),
                    _ => {
                        self.status.last_attempted_release_action_duration = Some(sluice_api::Duration(took));
                        self.released_with(object, acting, &act, &observed, result, now)
                    }
                }
            }
        }
    }

    /// Takes over what was written, so that storage need not be read again.
    fn absorb(&mut self, observed: &std::collections::BTreeMap<i64, Release>) {
        for release in observed.values() {
            match self.stored.iter_mut().find(|stored| stored.version == release.version) {
                Some(stored) => *stored = release.clone(),
                None => self.stored.push(release.clone()),
            }
        }
    }
}

type Observed = std::collections::BTreeMap<i64, Release>;

// What actions came to.
impl Run {
    fn about_wanted(&self) -> About {
        let values = self.facts.values.as_ref().map(|values| values.json.clone()).unwrap_or_default();
        About {
            revision: self.wanted().version.to_owned(),
            token: release::digest_values(release::Algorithm::Sha256, &values).to_string(),
            app_version: self.chart.as_ref().map(|chart| chart.chart.metadata.app_version.clone()).unwrap_or_default(),
            oci_digest: self.status.last_attempted_revision_digest.clone().unwrap_or_default(),
        }
    }

    fn not_rendered(mut self, object: &HelmRelease, act: &Act, text: &str, now: Timestamp) -> Step {
        self.note_failure(object, act, text, now);
        self.act_failed(object, text, now)
    }

    /// Notes that a release could not be made as wanted.
    fn note_failure(&mut self, object: &HelmRelease, act: &Act, text: &str, now: Timestamp) {
        let (reason, action) = match act {
            Act::Install => (helm::INSTALL_FAILED, "install"),
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
        self.status.failures += 1;
        self.marks(object, now).set(RELEASED, FALSE, reason, &message);
        let notice = self.about_wanted().notice(EventType::Warning, reason, message);
        self.notices.push(notice);
        self.summarize(object, now);
    }

    fn released_with(
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
    fn act_failed(mut self, object: &HelmRelease, text: &str, now: Timestamp) -> Step {
        if let Some(after) = self.retry_interval(object) {
            return self.try_again_after(object, after, now);
        }
        if is_true(&self.status.conditions, READY) {
            self.not_ready(object, now, helm::RECONCILE_ERROR, text);
        }
        self.pause(object, Next::Backoff)
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

    fn tested(
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
        let subject = format!("release {} with chart {}", history::full_name(&entry), history::chart_of(&entry));
        match result {
            Ok(()) => {
                let message = format!("Helm test succeeded for {subject}: {}", count_of_tests(&entry));
                self.marks(object, now).set(TEST_SUCCESS, TRUE, helm::TEST_SUCCEEDED, &message);
                self.notice_of(&entry, EventType::Normal, helm::TEST_SUCCEEDED, message);
            }
            Err(error) => {
                let text = told(&error);
                let message = format!("Helm test failed for {subject}: {}", text.trim());
                self.status.failures += 1;
                self.marks(object, now).set(TEST_SUCCESS, FALSE, helm::TEST_FAILED, &message);
                self.notice_of(&entry, EventType::Warning, helm::TEST_FAILED, message);
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

    fn rolled_back(
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
        let subject = format!("release {} with chart {}", history::full_name(&target), history::chart_of(&target));
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
                self.status.failures += 1;
                self.marks(object, now).set(REMEDIATED, FALSE, helm::ROLLBACK_FAILED, &message);
                self.notices.push(about.notice(EventType::Warning, helm::ROLLBACK_FAILED, message));
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
    fn remediated(
        mut self,
        object: &HelmRelease,
        act: &Act,
        observed: &Observed,
        result: Result<(), Error>,
        now: Timestamp,
    ) -> Step {
        let algorithm = self.facts.policy.digests;
        for release in observed.values() {
            history::update(&mut self.status, release, algorithm, Some("uninstall-remediation"));
        }
        let Some(entry) = self.latest_entry() else {
            return self.act_failed(object, "no latest release: required to uninstall", now);
        };
        let subject = format!("release {} with chart {}", history::full_name(&entry), history::chart_of(&entry));
        match result {
            Ok(()) => {
                let message = format!("Helm uninstall remediation for {subject} succeeded");
                self.marks(object, now).set(REMEDIATED, TRUE, helm::UNINSTALL_SUCCEEDED, &message);
                self.notice_of(&entry, EventType::Normal, helm::UNINSTALL_SUCCEEDED, message);
            }
            Err(error) => {
                let text = told(&error);
                let message = format!("Helm uninstall remediation for {subject} failed: {}", text.trim());
                self.status.failures += 1;
                self.marks(object, now).set(REMEDIATED, FALSE, helm::UNINSTALL_FAILED, &message);
                self.notice_of(&entry, EventType::Warning, helm::UNINSTALL_FAILED, message);
                if observed.is_empty() {
                    return self.act_failed(object, &text, now);
                }
            }
        }
        self.go_on(object, act, now)
    }
}

// A pending release that nobody works on.
impl Run {
    fn unlock(mut self, object: &HelmRelease, now: Timestamp) -> Step {
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
        let subject = format!(
            "Helm release {} with chart {} in {state} state",
            history::full_name(&entry),
            history::chart_of(&entry)
        );
        if let Some(Err(error)) = answers.into_iter().next() {
            let message = format!("Unlock of {subject} failed: {error}");
            self.status.failures += 1;
            self.marks(object, now).set(RELEASED, FALSE, helm::PENDING_RELEASE, &message);
            self.notice_of(&entry, EventType::Warning, helm::PENDING_RELEASE, message);
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

/// Health that a watch tells is passed on, unless other rules hold than a watch goes by.
fn unjudged(waiting: &Waiting, health: Vec<(ObjectId, Health)>) -> Vec<(ObjectId, Health)> {
    health.into_iter().filter(|(id, health)| !waiting.is_judged(id) || health.status == Status::NotFound).collect()
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

fn kinds_of(plan: &Plan) -> BTreeSet<Gvk> {
    match plan {
        Plan::Install { release } | Plan::Upgrade { release } => manifest_kinds(&release.manifest),
        _ => BTreeSet::new(),
    }
}

fn manifest_kinds(manifest: &str) -> BTreeSet<Gvk> {
    let objects = sluice_release::read_manifest(manifest).unwrap_or_default();
    objects.iter().map(sluice_object::Object::gvk).collect()
}

fn purpose(phase: Phase) -> &'static str {
    match phase {
        Phase::Definitions => "crds",
        Phase::Checking => "dry-run",
        Phase::Storing => "store",
        Phase::Hook(_) => "hook",
        Phase::Applying | Phase::Waiting | Phase::Ended => "apply",
        Phase::Deleting => "delete",
    }
}
