//! The machine that brings a set of objects into a cluster and takes away what is no longer in it.
//!
//! start → kinds → per stage: dry-run all · publish the inventory · clean up · apply · wait → prune → done
//!
//! The machine is a value. [`Rollout::start`] and [`Rollout::next`] return a [`Step`]; the driver does it and hands in
//! what came of it. Nothing in the machine is needed for safety after a crash: a new one, started with the stored
//! inventory, ends in the same state.

mod components;
mod item;
mod record;
mod scopes;
mod stage;
mod undeclared;

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use sluice_cluster::{ApiError, Identity, Response};
use sluice_object::{InventoryEntry, Object, ObjectId};

use crate::{
    health::{Health, Reader},
    ignore::IgnoreRules,
    inventory,
    managed_fields::TakeOver,
    order::{self, CustomKinds, Stage},
    prepare::{CommonMetadata, Owner, PrepareError, prepare},
    problem::{Problem, Trouble},
    prune::{self, Prune},
    step::{Ask, Input, Key, Keyed, Step},
};
pub use components::is_flux_component;
use record::Record;
use scopes::Scopes;
use stage::{Need, StageRun};

/// How a set is brought into a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Who owns the objects.
    pub owner: Owner,
    /// Field manager: `kustomize-controller`.
    pub manager: String,
    /// Further field managers whose fields become ours, by prefix.
    pub overridden_managers: Vec<String>,
    /// Whether fields that are managed in an older version of a kind are first said to be of the applied one.
    pub migrate: bool,
    /// Whether objects are deleted and made anew when a field cannot be changed in place.
    pub force: bool,
    /// Whether objects that are no longer in the set are deleted.
    pub prune: bool,
    /// Labels and annotations for every object.
    pub common_metadata: CommonMetadata,
    /// Kinds applied in a stage of their own.
    pub custom_kinds: CustomKinds,
    /// Rules of health.
    pub reader: Reader,
    /// How many requests may be under way at once.
    pub concurrency: usize,
    /// How long the end of a replaced object is awaited.
    pub timeout: SignedDuration,
    /// Whether objects that would install Flux are applied and pruned like others.
    pub flux_components: bool,
    /// Whose permissions are used, for hints.
    pub account: Identity,
    /// Fields that are left to others.
    pub ignore: IgnoreRules,
}

impl Options {
    /// Returns the options of a Kustomization with default fields.
    pub fn kustomization(namespace: &str, name: &str) -> Self {
        Self {
            owner: Owner::kustomization(namespace, name),
            manager: "kustomize-controller".into(),
            overridden_managers: Vec::new(),
            migrate: false,
            force: false,
            prune: true,
            common_metadata: CommonMetadata::default(),
            custom_kinds: CustomKinds::default(),
            reader: Reader::default(),
            concurrency: 4,
            timeout: SignedDuration::from_mins(5),
            flux_components: false,
            account: Identity::Agent,
            ignore: IgnoreRules::default(),
        }
    }

    fn is_skipped(&self, object: &Object) -> bool {
        self.owner.marked(object, "reconcile", "disabled") || self.owner.marked(object, "ssa", "Ignore")
    }

    fn only_if_absent(&self, desired: &Object) -> bool {
        self.owner.marked(desired, "ssa", "IfNotPresent")
    }

    fn forces(&self, desired: &Object, live: &Object) -> bool {
        self.force || [desired, live].iter().any(|object| self.owner.marked(object, "force", "enabled"))
    }

    fn take_over(&self) -> TakeOver {
        TakeOver { manager: self.manager.clone(), overridden: self.overridden_managers.clone() }
    }
}

/// A rollout under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    options: Options,
    record: Record,
    scopes: Scopes,
    later: VecDeque<(Stage, Vec<Object>)>,
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq)]
enum Phase {
    Kinds,
    Stage(Box<StageRun>),
    Prune(Prune),
    Ended(Box<Step>),
}

impl Rollout {
    /// Begins with manifests and the stored inventory.
    pub fn start(
        manifests: Vec<Object>,
        stored: Vec<InventoryEntry>,
        options: Options,
        now: Timestamp,
    ) -> (Self, Step) {
        let (left_out, manifests): (Vec<_>, Vec<_>) =
            manifests.into_iter().partition(|object| !options.flux_components && is_flux_component(object));
        let left_out = left_out.iter().map(Object::id).collect();
        let prepared = prepare(manifests.clone(), &options.owner, &options.common_metadata);
        let record = Record::new(stored, left_out);
        let mut rollout =
            Self { options, record, scopes: Scopes::default(), later: VecDeque::new(), phase: Phase::Kinds };
        let step = match prepared {
            Ok(objects) => rollout.ask_kinds(objects, now),
            Err(error) => rollout.refuse(&manifests, &error),
        };
        (rollout, step)
    }

    /// Takes in what came of the last step and returns the next one. After the end it returns the end again.
    pub fn next(&mut self, input: Input, now: Timestamp) -> Step {
        match input {
            Input::Answers(answers) => answers.into_iter().for_each(|(key, answer)| self.learn(key, answer, now)),
            Input::Published => self.record.on_published(),
            Input::Health(seen) => self.on_health(seen),
            Input::Deadline => self.on_deadline(now),
        }
        self.advance(now)
    }

    /// Returns the inventory to keep if the rollout is given up now: whatever was or may have been written is in it.
    pub fn inventory(&self) -> Vec<InventoryEntry> {
        self.record.inventory_so_far(self.touched())
    }

    /// Says whether all is applied, and what is stale is taken away.
    pub fn is_pruning(&self) -> bool {
        matches!(self.phase, Phase::Prune(_))
    }

    fn ask_kinds(&mut self, objects: Vec<Object>, now: Timestamp) -> Step {
        self.scopes = Scopes::of_definitions(&objects);
        let requests = self.scopes.ask(&objects);
        self.record.expect_jobs(&objects);
        self.later = stages(objects, &self.options.custom_kinds);
        if requests.is_empty() { self.advance(now) } else { self.requests(requests) }
    }

    fn refuse(&mut self, manifests: &[Object], error: &PrepareError) -> Step {
        let origin = manifests.iter().find(|object| object.id() == *error.subject()).and_then(Object::origin).cloned();
        let trouble = Trouble::Encrypted(error.to_string());
        self.fail(&Problem { subject: Some(error.subject().clone()), origin, trouble })
    }

    fn learn(&mut self, Key(ask): Key, answer: Result<Response, ApiError>, now: Timestamp) {
        match (ask, &mut self.phase) {
            (Ask::Kind(gvk), _) => self.scopes.learn(gvk, answer),
            (ask, Phase::Stage(run)) => run.learn(ask, answer, &self.options, now),
            (ask, Phase::Prune(prune)) => prune.learn(&ask, answer),
            _ => {}
        }
    }

    fn on_health(&mut self, seen: Vec<(ObjectId, Health)>) {
        if let Phase::Stage(run) = &mut self.phase {
            seen.into_iter().for_each(|(id, health)| run.on_health(&id, health));
        }
    }

    fn on_deadline(&mut self, now: Timestamp) {
        if let Phase::Stage(run) = &mut self.phase {
            run.on_deadline(now);
        }
    }

    fn advance(&mut self, now: Timestamp) -> Step {
        loop {
            let step = match &self.phase {
                Phase::Kinds => self.begin(),
                Phase::Stage(_) => self.advance_stage(now),
                Phase::Prune(_) => self.advance_prune(),
                Phase::Ended(step) => return (**step).clone(),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// Kinds are known: objects get their place, and the first stage begins.
    fn begin(&mut self) -> Option<Step> {
        for (_, objects) in &mut self.later {
            objects.iter_mut().for_each(|object| self.scopes.place(object));
            objects.sort_by_cached_key(|object| SortKey(object.id()));
        }
        self.next_stage();
        None
    }

    fn next_stage(&mut self) {
        self.phase = match self.later.pop_front() {
            Some((stage, objects)) => {
                Phase::Stage(Box::new(StageRun::new(stage, objects, &self.record.known(), &self.options)))
            }
            None => self.prune(),
        };
    }

    fn advance_stage(&mut self, now: Timestamp) -> Option<Step> {
        let Phase::Stage(run) = &mut self.phase else { return None };
        match run.advance(&mut self.scopes, &self.options, now) {
            Some(Need::Read(requests)) => Some(self.requests(requests)),
            Some(Need::Write(requests)) => Some(self.write(requests)),
            Some(Need::Wait(spec)) => Some(Step::Wait(spec)),
            Some(Need::Fail(problem)) => Some(self.fail(&problem)),
            None => {
                self.record.finish(run);
                self.next_stage();
                None
            }
        }
    }

    /// Writes go out only when the stored inventory has their objects.
    fn write(&mut self, requests: Vec<Keyed>) -> Step {
        let Phase::Stage(run) = &mut self.phase else { return self.requests(requests) };
        let later = self.later.iter().flat_map(|(_, objects)| objects).map(inventory::entry);
        if let Some(entries) = self.record.publish(run.entries().chain(later).collect()) {
            return Step::Publish(entries);
        }
        run.touch(&requests);
        self.requests(requests)
    }

    fn requests(&self, requests: Vec<Keyed>) -> Step {
        Step::Requests { requests, concurrency: self.options.concurrency.max(1) }
    }

    fn prune(&self) -> Phase {
        let stale = if self.options.prune { self.record.stale() } else { Vec::new() };
        let options =
            prune::Options { owner: self.options.owner.clone(), flux_components: self.options.flux_components };
        Phase::Prune(Prune::start(stale, options))
    }

    fn advance_prune(&mut self) -> Option<Step> {
        let Phase::Prune(prune) = &self.phase else { return None };
        if let Some(requests) = prune.requests() {
            return Some(self.requests(requests));
        }
        let step = match prune.error() {
            None => Step::Done(Box::new(self.record.outcome(prune))),
            Some(error) => Step::Failed(Box::new(self.record.prune_failure(prune, error, &self.options))),
        };
        Some(self.end(step))
    }

    fn fail(&mut self, problem: &Problem) -> Step {
        let mut failure = self.record.failure(problem, &self.options, self.touched());
        if let Phase::Stage(run) = &self.phase {
            failure.changes.0.extend(run.changes(false));
        }
        self.end(Step::Failed(Box::new(failure)))
    }

    fn touched(&self) -> Vec<InventoryEntry> {
        match &self.phase {
            Phase::Stage(run) => run.touched().collect(),
            _ => Vec::new(),
        }
    }

    fn end(&mut self, step: Step) -> Step {
        self.phase = Phase::Ended(Box::new(step.clone()));
        step
    }
}

/// Sorts as [`order::compare`] does.
#[derive(PartialEq, Eq)]
struct SortKey(ObjectId);

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        order::compare(&self.0, &other.0)
    }
}

fn stages(objects: Vec<Object>, custom: &CustomKinds) -> VecDeque<(Stage, Vec<Object>)> {
    let mut stages: VecDeque<_> = Stage::ALL.into_iter().map(|stage| (stage, Vec::new())).collect();
    for object in objects {
        let stage = Stage::of(&object.gvk(), custom);
        if let Some((_, members)) = stages.iter_mut().find(|(of, _)| *of == stage) {
            members.push(object);
        }
    }
    stages.retain(|(_, members)| !members.is_empty());
    stages
}
