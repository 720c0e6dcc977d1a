//! One act after the other: an action of Helm's is driven until it ends.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sluice_api::{
    conditions::{REMEDIATED, TEST_SUCCESS},
    helm::{Action, HelmRelease, ReleaseAction},
    meta,
};
use sluice_apply::health::Reader;
use sluice_helm::{
    Event,
    release::{self, Release},
    top,
};
use sluice_object::{Gvk, InventoryEntry};
use sluice_reconcile::{Cause, Command, Input};
use sluice_release::{Error, Input as Told, Phase, Plan, Step as Ask};

use super::{
    super::{
        Effect, Outcome, facts,
        render::{Order, Rendered},
        settings,
    },
    Run, Stage, Step,
    deciding::Act,
    outcomes::Observed,
    removing::Removal,
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
    /// Why the wait was ended, if it was.
    pub(super) cancelled: Option<Cause>,
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
        self.began = now;
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
            Act::Finish(action) => {
                let event = if action == Action::Install { Event::PostInstall } else { Event::PostUpgrade };
                self.run_action(object, act, Plan::Finish { event }, now)
            }
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
        let reused = (!installs && object.upgrade().preserve_values).then(|| self.in_force().cloned().map(Box::new));
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
            resolves_names: self.facts.policy.resolves_names,
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
        self.track(object, What::Act(act), action, ask, (entries, kinds))
    }

    pub(super) fn options(&self, object: &HelmRelease, action: Action) -> sluice_release::Options {
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
        self.track(object, what, action, ask, (Vec::new(), kinds))
    }

    /// Watches are opened before the first write, so that nothing is missed. Other clusters are not watched.
    fn track(
        mut self,
        object: &HelmRelease,
        what: What,
        action: sluice_release::Action,
        ask: Ask,
        (definitions, mut kinds): (Vec<InventoryEntry>, BTreeSet<Gvk>),
    ) -> Step {
        kinds.extend(facts::inventory(&self.status).iter().map(InventoryEntry::gvk));
        if self.is_remote() {
            kinds.clear();
        }
        let acting = Acting { what, action, ask: Some(ask), waiting: None, definitions, cancelled: None };
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
            Input::Done(Outcome::Read(health)) => {
                acting.waiting.iter_mut().for_each(|(waiting, _)| waiting.on_read(&health));
                Told::Health(health)
            }
            Input::Woke(woke) => {
                let Some((waiting, _)) = &mut acting.waiting else { return self.rest_again(acting) };
                Told::Health(waiting.on_wake(woke, &self.latest, now))
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
                return self.rest_again(acting);
            }
            input => return self.lost(object, &Stage::Acting(Box::new(acting)), &input, now),
        };
        let ask = acting.action.next(told, now);
        self.obey(object, acting, ask, now)
    }

    fn rest_again(self, mut acting: Acting) -> Step {
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
            What::Act(act) => match act {
                Act::Test => self.tested(object, &act, &observed, result, now),
                Act::Rollback(to) => self.rolled_back(object, &act, to, &observed, result, now),
                Act::Remove => self.remediated(object, &act, &observed, result, now),
                Act::Finish(action) => self.finished(object, (&act, action), &observed, result, now),
                _ => {
                    self.note_duration(now);
                    self.released_with(object, acting, &act, &observed, result, now)
                }
            },
        }
    }

    /// Notes how long the act has taken.
    pub(super) fn note_duration(&mut self, now: Timestamp) {
        let took = now.duration_since(self.began).unsigned_abs();
        self.status.last_attempted_release_action_duration = Some(sluice_api::Duration(took));
    }

    /// Takes over what was written, so that storage need not be read again.
    pub(super) fn absorb(&mut self, observed: &Observed) {
        for release in observed.values() {
            match self.stored.iter_mut().find(|stored| stored.version == release.version) {
                Some(stored) => *stored = release.clone(),
                None => self.stored.push(release.clone()),
            }
        }
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
