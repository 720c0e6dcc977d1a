//! From a build to objects in the cluster: watches, then the rollout, or the deletion.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sluice_api::{
    conditions::{HEALTHY, reasons},
    kustomize::Kustomization,
};
use sluice_apply::{
    Failure, Input as Told, Outcome as Applied, Step as Ask, WaitSpec,
    finalize::Finalize,
    health::Health,
    rollout::{self, Rollout},
};
use sluice_cluster::EventType;
use sluice_object::{Gvk, ObjectId};
use sluice_reconcile::{Command, Input, Next, Woke};

use crate::{
    source::Trouble,
    waiting::{self, Waiting},
};

use super::{
    super::{
        Built, Effect, Outcome, facts, health, kinds,
        report::{self, notice},
        settings, versions,
    },
    DETECTING, Run, Stage, Step, signed,
};

#[derive(Debug)]
pub(super) struct Driving {
    pub(super) engine: Engine,
    pub(super) waiting: Option<Waiting>,
}

#[derive(Debug)]
pub(super) enum Engine {
    Apply(Box<Rollout>),
    Delete(Box<Finalize>),
}

impl Engine {
    fn is_pruning(&self) -> bool {
        match self {
            Self::Apply(rollout) => rollout.is_pruning(),
            Self::Delete(_) => true,
        }
    }

    fn next(&mut self, input: Told, now: Timestamp) -> Ask {
        match self {
            Self::Apply(rollout) => rollout.next(input, now),
            Self::Delete(finalize) => finalize.next(input, now),
        }
    }
}

impl Run {
    pub(super) fn on_built(mut self, object: &Kustomization, built: Result<Built, Trouble>, now: Timestamp) -> Step {
        let is_found = built.as_ref().err().is_none_or(|trouble| trouble.reason != reasons::ARTIFACT_FAILED);
        if let (true, Ok(artifact)) = (is_found, self.facts.source.clone()) {
            self.attempt(&artifact);
        }
        let mut built = match built {
            Ok(built) => built,
            Err(trouble) => {
                return self.fail(
                    object,
                    &trouble.reason,
                    trouble.message,
                    Next::After(object.spec.retry_interval()),
                    now,
                );
            }
        };
        self.checksum = Some(built.checksum.clone());
        self.inputs.clone_from(&built.inputs);
        self.moving = built.moving;
        self.convert(&mut built);
        let kinds = self.watched_kinds(&built);
        self.stage = Stage::Tracking(built);
        (self, Command::Do(Effect::Track { owner: facts::id(object), kinds }))
    }

    /// Brings objects to the versions that are served here; what other clusters serve is theirs to say.
    fn convert(&mut self, built: &mut Built) {
        if self.is_remote() || !self.facts.policy.convert_old_versions {
            return;
        }
        if let Some(text) = versions::convert(&mut built.objects) {
            let revision = self.revision();
            self.notices.push(notice(EventType::Warning, "OldAPIVersion", text, revision.as_deref()));
        }
    }

    /// Returns the kinds that are, or are to be, managed here. Other clusters are not watched.
    fn watched_kinds(&self, built: &Built) -> BTreeSet<Gvk> {
        if self.is_remote() {
            return BTreeSet::new();
        }
        let mut entries = facts::inventory(Some(&self.status));
        entries.extend(built.objects.iter().map(sluice_apply::inventory::entry));
        kinds(&entries)
    }

    /// A first apply publishes its inventory at once, with the same conditions.
    pub(super) fn announce(mut self, object: &Kustomization, built: Built, now: Timestamp) -> Step {
        if self.status.inventory.is_none() {
            self.act = DETECTING;
            return self.roll_out(object, built, now);
        }
        self.mark_working(object, DETECTING, now);
        let report = self.report();
        self.stage = Stage::Announcing(built);
        (self, Command::Publish(report))
    }

    pub(super) fn roll_out(self, object: &Kustomization, built: Built, now: Timestamp) -> Step {
        let old = facts::inventory(Some(&self.status));
        let ignore = match settings::ignore_rules(&object.spec.ignore) {
            Ok(rules) => rules,
            Err(error) => {
                let next = Next::After(object.spec.retry_interval());
                return self.fail(object, reasons::RECONCILIATION_FAILED, error.to_string(), next, now);
            }
        };
        let policy = &self.facts.policy;
        let options = rollout::Options {
            ignore,
            account: self.who.clone(),
            force: object.spec.force,
            prune: object.spec.prune,
            common_metadata: settings::common_metadata(object),
            custom_kinds: policy.custom_kinds.clone(),
            overridden_managers: policy.overridden_managers.clone(),
            migrate: policy.migrate,
            concurrency: policy.concurrent_ssa,
            flux_components: !policy.leave_flux_alone,
            timeout: signed(object.spec.timeout()),
            reader: self.facts.reader(),
            ..rollout::Options::kustomization(&facts::namespace(object), &facts::id(object).name)
        };
        let (rollout, ask) = Rollout::start(built.objects, old, options, now);
        let driving = Driving { engine: Engine::Apply(Box::new(rollout)), waiting: None };
        self.obey(object, driving, ask, now)
    }

    pub(super) fn drive(
        mut self,
        object: &Kustomization,
        mut driving: Driving,
        input: Input<Outcome>,
        now: Timestamp,
    ) -> Step {
        let told = match input {
            Input::Published => Told::Published,
            Input::Done(Outcome::Answers { answers, seen }) => {
                self.latest.learn(seen);
                Told::Answers(answers)
            }
            Input::Done(Outcome::Read(health)) => {
                driving.waiting.iter_mut().for_each(|waiting| waiting.on_read(&health));
                Told::Health(health)
            }
            Input::Woke(woke) => Told::Health(self.on_wake(driving.waiting.as_mut(), woke, now)),
            Input::Deadline => {
                let managed = self.managed();
                match driving.waiting.as_mut().map(|waiting| waiting.on_time(now, &managed)) {
                    None | Some(None) => Told::Deadline,
                    Some(Some(next)) => {
                        self.stage = Stage::Driving(Box::new(driving));
                        return self.rest(next);
                    }
                }
            }
            Input::Superseded(cause) => return self.overtaken(object, &cause, now),
            input @ Input::Done(_) => return self.lost(object, &Stage::Driving(Box::new(driving)), &input, now),
        };
        let ask = driving.engine.next(told, now);
        self.obey(object, driving, ask, now)
    }

    /// Returns the health that a wake tells; what must be read for it is read before the next park.
    pub(super) fn on_wake(&self, waiting: Option<&mut Waiting>, woke: Woke, now: Timestamp) -> Vec<(ObjectId, Health)> {
        match waiting {
            None => self.latest.health(woke),
            Some(waiting) => waiting.on_wake(woke, &self.latest, now),
        }
    }

    /// Parks the pass, or reads what a watch does not tell.
    pub(super) fn rest(self, next: waiting::Next) -> Step {
        let command = match next {
            waiting::Next::Park(park) => Command::Park(park),
            waiting::Next::Read(targets) => {
                let (who, reader) = (self.who.clone(), self.facts.reader());
                Command::Do(Effect::Read { who, targets, reader })
            }
        };
        (self, command)
    }

    pub(super) fn obey(mut self, object: &Kustomization, mut driving: Driving, ask: Ask, now: Timestamp) -> Step {
        let command = match ask {
            Ask::Requests { requests, concurrency } => {
                let (who, pruning) = (self.who.clone(), driving.engine.is_pruning());
                Command::Do(Effect::Requests { who, requests, concurrency, pruning })
            }
            Ask::Publish(entries) => {
                self.status.inventory = Some(report::inventory(&entries));
                self.mark_working(object, DETECTING, now);
                Command::Publish(self.report())
            }
            Ask::Wait(spec) => {
                let waiting = self.renewed(driving.waiting.take(), spec, now);
                let next = driving.waiting.insert(waiting).rest(&self.managed());
                self.stage = Stage::Driving(Box::new(driving));
                return self.rest(next);
            }
            Ask::Done(applied) => return self.applied(object, driving.engine, *applied, now),
            Ask::Failed(failure) => return self.not_applied(object, &driving.engine, *failure, now),
        };
        self.stage = Stage::Driving(Box::new(driving));
        (self, command)
    }

    fn renewed(&self, waiting: Option<Waiting>, spec: WaitSpec, now: Timestamp) -> Waiting {
        match waiting {
            None => self.waiting(spec, now),
            Some(mut waiting) => {
                waiting.renew(spec);
                waiting
            }
        }
    }

    pub(super) fn waiting(&self, spec: WaitSpec, now: Timestamp) -> Waiting {
        Waiting::new(spec, self.facts.reader(), self.is_remote(), now)
    }

    pub(super) fn applied(mut self, object: &Kustomization, engine: Engine, applied: Applied, now: Timestamp) -> Step {
        if let Engine::Delete(_) = engine {
            return self.deleted(object, applied);
        }
        self.status.inventory = Some(report::inventory(&applied.inventory));
        self.tell_changes(&applied);
        let checked = applied.health_targets(&facts::id(object));
        let targets = health::targets(object, applied.inventory.iter().filter(|entry| checked.contains(&entry.id)));
        if targets.is_empty() {
            self.marks(object, now).clear(HEALTHY);
            return self.close(object, applied, now);
        }
        self.begin_check(object, applied, targets, now)
    }

    pub(super) fn tell_changes(&mut self, applied: &Applied) {
        let revision = self.revision();
        let changes = applied.changes.change_log();
        if !changes.is_empty() {
            self.notices.push(notice(EventType::Normal, reasons::PROGRESSING, changes, revision.as_deref()));
        }
        if !applied.pruned.0.is_empty() {
            let lines = applied.pruned.full_log();
            self.notices.push(notice(EventType::Normal, reasons::PROGRESSING, lines, revision.as_deref()));
        }
        for (id, fields) in &applied.undeclared {
            let text = format!(
                "{id} has fields that its kind does not have, and which are not applied: {}",
                fields.join(", ")
            );
            self.notices.push(notice(EventType::Warning, "UnknownFields", text, revision.as_deref()));
        }
        if !applied.left_out.is_empty() {
            let text = format!(
                "{} objects that would install Flux are left alone; Sluice does their work",
                applied.left_out.len()
            );
            self.notices.push(notice(EventType::Normal, "FluxComponentsSkipped", text, revision.as_deref()));
        }
    }

    pub(super) fn not_applied(
        mut self,
        object: &Kustomization,
        engine: &Engine,
        failure: Failure,
        now: Timestamp,
    ) -> Step {
        if self.status.inventory.is_some() || !failure.inventory.is_empty() {
            self.status.inventory = Some(report::inventory(&failure.inventory));
        }
        let next = if failure.transient { Next::Backoff } else { Next::After(object.spec.retry_interval()) };
        if let Engine::Delete(_) = engine {
            let message = format!("pruning for deleted resource failed: {}", failure.error);
            return self.fail(object, failure.reason, message, Next::Backoff, now);
        }
        self.fail(object, failure.reason, told(&failure), next, now)
    }
}

/// Flux's text, with the file and the way out put in where Flux has none.
fn told(failure: &Failure) -> String {
    let mut error = failure.error.clone();
    if let Some(origin) = &failure.origin {
        error = format!("{error}; written in {origin}");
    }
    if let Some(hint) = &failure.hint {
        error = format!("{error}; hint: {hint}");
    }
    format!("{error}\n{}", failure.changes.change_log()).trim_end().to_owned()
}
