//! The decisions of a Kustomization's pass. Source: kustomize-controller's reconciler.
//!
//! start → blocked | unchanged | Building → Tracking → Driving (rollout) → Checking (health) → Closing → verdict
//!         deletion: Driving (finalize) → Closing

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sluice_api::{
    conditions::{self, FALSE, HEALTHY, READY, TRUE, UNKNOWN, reasons},
    kustomize::{Kustomization, KustomizationStatus},
};
use sluice_apply::{
    Failure, Input as Told, Outcome as Applied, Step as Ask, WaitSpec,
    finalize::{self, Finalize},
    health::{JobRule, Reader},
    prepare::Owner,
    rollout::{self, Rollout},
    wait::{self, Until, WaitSet},
};
use sluice_cluster::{EventType, Target};
use sluice_object::{Artifact, Digest, Gvk, InventoryEntry, ObjectId};
use sluice_reconcile::{Cause, Command, Input, Next, Notice, Report, Verdict, Woke};

use super::{
    Built, Effect, Facts, Kustomizations, Memory, Outcome, facts, kinds,
    report::{self, notice, shown},
    requested_at, settings,
    waiting::{self, Latest, Waiting},
};
use crate::{gitrepository::Trouble, marks::Marks, unserved::NOT_SERVED_YET};

type Step = (Run, Command<Kustomizations>);

/// Where a pass is.
#[derive(Debug)]
pub struct Run {
    status: KustomizationStatus,
    facts: Facts,
    began: Timestamp,
    latest: Latest,
    checksum: Option<Digest>,
    notices: Vec<Notice>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Between stages; never seen by an input.
    Nowhere,
    /// Objects are built.
    Building,
    /// Watches are opened for these objects.
    Tracking(Built),
    /// Progress is published before the rollout begins.
    Announcing(Built),
    /// Objects are applied, or deleted.
    Driving(Box<Driving>),
    /// Health is awaited.
    Checking(Box<Checking>),
    /// What the next pass compares with is kept; then the pass settles.
    Closing(Box<Verdict>),
}

#[derive(Debug)]
struct Driving {
    engine: Engine,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
enum Engine {
    Apply(Box<Rollout>),
    Delete(Box<Finalize>),
}

impl Engine {
    fn next(&mut self, input: Told, now: Timestamp) -> Ask {
        match self {
            Self::Apply(rollout) => rollout.next(input, now),
            Self::Delete(finalize) => finalize.next(input, now),
        }
    }
}

#[derive(Debug)]
struct Checking {
    set: WaitSet,
    targets: Vec<Target>,
    waiting: Waiting,
    applied: Applied,
    began: Timestamp,
    deadline: Timestamp,
}

pub(super) fn start(object: &Kustomization, facts: Facts, now: Timestamp) -> Step {
    let status = object.status.clone().unwrap_or_default();
    let (latest, notices) = (Latest::default(), Vec::new());
    let mut run = Run { status, facts, began: now, latest, checksum: None, notices, stage: Stage::Nowhere };
    if object.metadata.deletion_timestamp.is_some() {
        return run.finalize(object, now);
    }
    if let Some(field) = unserved_field(object) {
        return run.refuse(object, field, now);
    }
    let artifact = match run.facts.source.clone() {
        Ok(artifact) => artifact,
        Err(trouble) if trouble.reason == reasons::ACCESS_DENIED => return run.stall(object, &trouble, now),
        Err(trouble) => return run.block(object, &trouble, EventType::Warning, run_retry(object), now),
    };
    if let Some(message) = run.facts.blocked.clone() {
        return run.wait_for_dependency(object, message, now);
    }
    if run.is_unchanged(object, &artifact) {
        return run.unchanged(object, &artifact, now);
    }
    run.status.last_attempted_revision = Some(artifact.revision.to_string());
    run.stage = Stage::Building;
    let path = object.spec.path.clone().unwrap_or_default();
    let overrides = Box::new(settings::overrides(object));
    (run, Command::Do(Effect::Build { artifact, path, overrides }))
}

pub(super) fn next(object: &Kustomization, mut run: Run, input: Input<Outcome>, now: Timestamp) -> Step {
    match (std::mem::replace(&mut run.stage, Stage::Nowhere), input) {
        (Stage::Building, Input::Done(Outcome::Built(built))) => run.on_built(object, built, now),
        (Stage::Tracking(built), Input::Done(Outcome::Tracked)) => run.announce(object, built, now),
        (Stage::Announcing(built), Input::Published) => run.roll_out(object, built, now),
        (Stage::Driving(driving), input) => run.drive(object, *driving, input, now),
        (Stage::Checking(checking), input) => run.check(object, *checking, input, now),
        (Stage::Closing(verdict), _) => (run, Command::Settle(*verdict)),
        (stage, input) => run.lost(object, &stage, &input, now),
    }
}

fn run_retry(object: &Kustomization) -> Duration {
    object.spec.retry_interval()
}

// Before a build.
impl Run {
    fn is_unchanged(&self, object: &Kustomization, artifact: &Artifact) -> bool {
        let Some(memory) = &self.facts.memory else { return false };
        self.facts.clean
            && object.spec.health_checks.is_empty()
            && Some(memory.generation) == object.metadata.generation
            && memory.revision == artifact.revision.as_str()
            && memory.eager == self.facts.eager
            && conditions::is_true(&self.status.conditions, READY)
    }

    /// Nothing has changed anywhere: one status write and one event.
    fn unchanged(mut self, object: &Kustomization, artifact: &Artifact, now: Timestamp) -> Step {
        self.checksum = self.facts.memory.as_ref().map(|memory| memory.checksum.clone());
        let verdict = self.succeed(object, artifact, now);
        (self, Command::Settle(verdict))
    }

    fn refuse(self, object: &Kustomization, field: &str, now: Timestamp) -> Step {
        let message =
            format!("`spec.{field}` is not served yet by this version of Sluice; nothing is applied without it");
        self.stall(object, &Trouble { reason: NOT_SERVED_YET.into(), message }, now)
    }

    fn stall(mut self, object: &Kustomization, trouble: &Trouble, now: Timestamp) -> Step {
        self.marks(object, now).stalled(&trouble.reason, &trouble.message);
        self.status.observed_generation = object.metadata.generation;
        self.handled(object);
        let notices = vec![notice(EventType::Warning, &trouble.reason, &trouble.message, None)];
        self.settle(notices, Next::Never, false)
    }

    /// Something else must come first. The event is sent when this begins, not each time it is looked at.
    fn block(
        mut self,
        object: &Kustomization,
        trouble: &Trouble,
        type_: EventType,
        after: Duration,
        now: Timestamp,
    ) -> Step {
        let before = conditions::find_condition(&self.status.conditions, READY).map(|ready| ready.message.clone());
        self.marks(object, now).blocked(&trouble.reason, &trouble.message);
        self.handled(object);
        let news = before.as_deref() != Some(&trouble.message);
        let revision = self.revision();
        let notices = news.then(|| notice(type_, &trouble.reason, &trouble.message, revision.as_deref()));
        self.settle(notices.into_iter().collect(), Next::After(after), false)
    }

    fn wait_for_dependency(self, object: &Kustomization, message: String, now: Timestamp) -> Step {
        let after = self.facts.policy.requeue_dependency;
        let trouble = Trouble { reason: reasons::DEPENDENCY_NOT_READY.into(), message };
        self.block(object, &trouble, EventType::Normal, after, now)
    }
}

// From a build to objects in the cluster.
impl Run {
    fn on_built(mut self, object: &Kustomization, built: Result<Built, Trouble>, now: Timestamp) -> Step {
        let built = match built {
            Ok(built) => built,
            Err(trouble) => {
                return self.fail(object, &trouble.reason, trouble.message, Next::After(run_retry(object)), now);
            }
        };
        self.checksum = Some(built.checksum.clone());
        let mut entries = facts::inventory(Some(&self.status));
        entries.extend(built.objects.iter().map(sluice_apply::inventory::entry));
        self.stage = Stage::Tracking(built);
        (self, Command::Do(Effect::Track { owner: facts::id(object), kinds: kinds(&entries) }))
    }

    /// A first apply publishes its inventory at once, with the same conditions.
    fn announce(mut self, object: &Kustomization, built: Built, now: Timestamp) -> Step {
        if self.status.inventory.is_none() {
            return self.roll_out(object, built, now);
        }
        self.mark_working(object, "Detecting drift", now);
        let report = self.report();
        self.stage = Stage::Announcing(built);
        (self, Command::Publish(report))
    }

    fn roll_out(self, object: &Kustomization, built: Built, now: Timestamp) -> Step {
        let old = facts::inventory(Some(&self.status));
        let policy = &self.facts.policy;
        let options = rollout::Options {
            account: self.facts.identity.clone(),
            force: object.spec.force,
            prune: object.spec.prune,
            common_metadata: settings::common_metadata(object),
            custom_kinds: policy.custom_kinds.clone(),
            concurrency: policy.concurrent_ssa,
            flux_components: !policy.leave_flux_alone,
            timeout: signed(object.spec.timeout()),
            reader: Reader { jobs: JobRule::MustComplete },
            ..rollout::Options::kustomization(&facts::namespace(object), &facts::id(object).name)
        };
        let (rollout, ask) = Rollout::start(built.objects, old, options, now);
        let driving = Driving { engine: Engine::Apply(Box::new(rollout)), waiting: None };
        self.obey(object, driving, ask, now)
    }

    fn drive(mut self, object: &Kustomization, mut driving: Driving, input: Input<Outcome>, now: Timestamp) -> Step {
        let told = match input {
            Input::Published => Told::Published,
            Input::Done(Outcome::Answers { answers, seen }) => {
                self.latest.learn(seen);
                Told::Answers(answers)
            }
            Input::Done(Outcome::Read(health)) => Told::Health(health),
            Input::Woke(woke) => match self.on_wake(driving.waiting.as_mut(), &woke, now) {
                Some(read) => return self.park_for_read(driving, read),
                None => Told::Health(self.latest.health(woke)),
            },
            Input::Deadline => {
                let managed = self.managed();
                match driving.waiting.as_mut().map(|waiting| waiting.on_time(now, &managed)) {
                    Some(waiting::Next::Park(park)) => {
                        self.stage = Stage::Driving(Box::new(driving));
                        return (self, Command::Park(park));
                    }
                    Some(waiting::Next::Read(targets)) => return self.park_for_read(driving, targets),
                    Some(waiting::Next::Over) | None => Told::Deadline,
                }
            }
            Input::Superseded(cause) => return self.overtaken(object, &cause, now),
            input @ Input::Done(_) => return self.lost(object, &Stage::Driving(Box::new(driving)), &input, now),
        };
        let ask = driving.engine.next(told, now);
        self.obey(object, driving, ask, now)
    }

    fn on_wake(&self, waiting: Option<&mut Waiting>, woke: &Woke, now: Timestamp) -> Option<Vec<Target>> {
        let waiting = waiting?;
        if !waiting.unwatched(&woke.unwatched) {
            return None;
        }
        match waiting.read(now) {
            waiting::Next::Read(targets) => Some(targets),
            _ => None,
        }
    }

    fn park_for_read(mut self, driving: Driving, targets: Vec<Target>) -> Step {
        self.stage = Stage::Driving(Box::new(driving));
        let who = self.facts.identity.clone();
        (self, Command::Do(Effect::Read { who, targets }))
    }

    fn obey(mut self, object: &Kustomization, mut driving: Driving, ask: Ask, now: Timestamp) -> Step {
        let command = match ask {
            Ask::Requests { requests, concurrency } => {
                Command::Do(Effect::Requests { who: self.facts.identity.clone(), requests, concurrency })
            }
            Ask::Publish(entries) => {
                self.status.inventory = Some(report::inventory(&entries));
                self.mark_working(object, "Detecting drift", now);
                Command::Publish(self.report())
            }
            Ask::Wait(spec) => {
                let waiting = renewed(driving.waiting.take(), spec, now);
                let park = waiting.park(&self.managed());
                driving.waiting = Some(waiting);
                Command::Park(park)
            }
            Ask::Done(applied) => return self.applied(object, driving.engine, *applied, now),
            Ask::Failed(failure) => return self.not_applied(object, &driving.engine, *failure, now),
        };
        self.stage = Stage::Driving(Box::new(driving));
        (self, command)
    }

    fn applied(mut self, object: &Kustomization, engine: Engine, applied: Applied, now: Timestamp) -> Step {
        if let Engine::Delete(_) = engine {
            return self.deleted(object, applied);
        }
        self.status.inventory = Some(report::inventory(&applied.inventory));
        self.tell_changes(&applied);
        let targets = health_targets(object, &applied);
        if targets.is_empty() {
            self.marks(object, now).clear(HEALTHY);
            return self.close(object, applied, now);
        }
        self.begin_check(object, applied, targets, now)
    }

    fn tell_changes(&mut self, applied: &Applied) {
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

    fn not_applied(mut self, object: &Kustomization, engine: &Engine, failure: Failure, now: Timestamp) -> Step {
        self.status.inventory = Some(report::inventory(&failure.inventory));
        let next = if failure.transient { Next::Backoff } else { Next::After(run_retry(object)) };
        if let Engine::Delete(_) = engine {
            let message = format!("pruning for deleted resource failed: {}", failure.error);
            return self.fail(object, failure.reason, message, Next::Backoff, now);
        }
        self.fail(object, failure.reason, told(&failure), next, now)
    }
}

// Health.
impl Run {
    fn begin_check(self, object: &Kustomization, applied: Applied, targets: Vec<Target>, now: Timestamp) -> Step {
        let options =
            wait::Options { until: Until::Current, fail_fast: true, expiring_jobs: applied.expiring_jobs.clone() };
        let mut set = WaitSet::new(targets.iter().map(Target::id), options);
        let health = applied.health.clone();
        for (id, health) in health {
            set.on_health(&id, health);
        }
        let deadline = after(now, object.spec.timeout());
        let spec = WaitSpec { targets: targets.clone(), until: Until::Current, deadline, recheck_at: None };
        let checking = Checking { set, targets, waiting: Waiting::new(spec, now), applied, began: now, deadline };
        match checking.set.verdict() {
            wait::Verdict::Waiting => self.announce_check(object, checking, now),
            verdict => self.judge(object, checking, verdict, now),
        }
    }

    fn announce_check(mut self, object: &Kustomization, checking: Checking, now: Timestamp) -> Step {
        self.mark_working(object, "Running health checks", now);
        let message = self.progress(object, "Running health checks");
        self.marks(object, now).set(HEALTHY, UNKNOWN, reasons::PROGRESSING, &message);
        let report = self.report();
        self.stage = Stage::Checking(Box::new(checking));
        (self, Command::Publish(report))
    }

    fn check(self, object: &Kustomization, mut checking: Checking, input: Input<Outcome>, now: Timestamp) -> Step {
        let health = match input {
            Input::Published => Vec::new(),
            Input::Done(Outcome::Read(health)) => health,
            Input::Woke(woke) => match self.on_wake(Some(&mut checking.waiting), &woke, now) {
                Some(targets) => return self.read_health(checking, targets),
                None => self.latest.health(woke),
            },
            Input::Deadline => {
                let managed = self.managed();
                match checking.waiting.on_time(now, &managed) {
                    waiting::Next::Over => {
                        let text = checking.set.timeout_text();
                        return self.unhealthy(object, &checking, &text, now);
                    }
                    waiting::Next::Read(targets) => return self.read_health(checking, targets),
                    waiting::Next::Park(_) => Vec::new(),
                }
            }
            Input::Superseded(cause) => return self.overtaken(object, &cause, now),
            input @ Input::Done(_) => return self.lost(object, &Stage::Checking(Box::new(checking)), &input, now),
        };
        for (id, health) in health {
            checking.set.on_health(&id, health);
        }
        let verdict = checking.set.verdict();
        self.judge(object, checking, verdict, now)
    }

    fn read_health(mut self, checking: Checking, targets: Vec<Target>) -> Step {
        self.stage = Stage::Checking(Box::new(checking));
        let who = self.facts.identity.clone();
        (self, Command::Do(Effect::Read { who, targets }))
    }

    fn judge(mut self, object: &Kustomization, mut checking: Checking, verdict: wait::Verdict, now: Timestamp) -> Step {
        match verdict {
            wait::Verdict::Done => self.healthy(object, checking, now),
            wait::Verdict::Failed(text) => self.unhealthy(object, &checking, &text, now),
            wait::Verdict::Waiting => {
                let pending: Vec<_> = checking.set.pending().cloned().collect();
                let targets =
                    checking.targets.iter().filter(|target| pending.contains(&target.id())).cloned().collect();
                let (deadline, recheck_at) = (checking.deadline, checking.set.recheck_at());
                checking.waiting.renew(WaitSpec { targets, until: Until::Current, deadline, recheck_at });
                let park = checking.waiting.park(&self.managed());
                self.stage = Stage::Checking(Box::new(checking));
                (self, Command::Park(park))
            }
        }
    }

    fn healthy(mut self, object: &Kustomization, checking: Checking, now: Timestamp) -> Step {
        let message = format!("Health check passed in {}", shown(elapsed(checking.began, now)));
        let before = object.status.as_ref().is_some_and(|status| conditions::is_true(&status.conditions, HEALTHY));
        let moved = self.status.last_applied_revision != self.revision() && checking.applied.changes.any();
        if !before || moved {
            let revision = self.revision();
            self.notices.push(notice(EventType::Normal, reasons::PROGRESSING, &message, revision.as_deref()));
        }
        self.marks(object, now).set(HEALTHY, TRUE, reasons::SUCCEEDED, &message);
        self.close(object, checking.applied, now)
    }

    fn unhealthy(mut self, object: &Kustomization, checking: &Checking, text: &str, now: Timestamp) -> Step {
        self.marks(object, now).set(HEALTHY, FALSE, reasons::HEALTH_CHECK_FAILED, text);
        let message = format!("health check failed after {}: {text}", shown(elapsed(checking.began, now)));
        self.fail(object, reasons::HEALTH_CHECK_FAILED, message, Next::After(run_retry(object)), now)
    }

    /// A new revision, a changed spec or a deletion ends the wait; another pass starts at once.
    fn overtaken(mut self, object: &Kustomization, cause: &Cause, now: Timestamp) -> Step {
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

// Ends.
impl Run {
    fn close(mut self, object: &Kustomization, applied: Applied, now: Timestamp) -> Step {
        let Ok(artifact) = self.facts.source.clone() else {
            return self.lost(object, &Stage::Nowhere, &Input::Published, now);
        };
        let verdict = self.succeed(object, &artifact, now);
        let memory = Memory {
            generation: object.metadata.generation.unwrap_or(0),
            revision: artifact.revision.to_string(),
            checksum: self.checksum.clone().unwrap_or_else(|| Digest::sha256(&[])),
            eager: self.facts.eager,
        };
        let hashes = self.latest.hashes(&applied.inventory);
        let (owner, eager) = (facts::id(object), self.facts.eager);
        self.stage = Stage::Closing(Box::new(verdict));
        (self, Command::Do(Effect::Remember { owner, memory: Some(memory), hashes, eager }))
    }

    fn succeed(&mut self, object: &Kustomization, artifact: &Artifact, now: Timestamp) -> Verdict {
        let revision = artifact.revision.to_string();
        let took = elapsed(self.began, now);
        self.marks(object, now).ready(reasons::RECONCILIATION_SUCCEEDED, &format!("Applied revision: {revision}"));
        self.status.observed_generation = object.metadata.generation;
        self.status.last_attempted_revision = Some(revision.clone());
        self.status.last_applied_revision = Some(revision.clone());
        self.handled(object);
        self.note_history(reasons::RECONCILIATION_SUCCEEDED, took, &revision, now);
        let interval = Duration::from(object.spec.interval);
        self.notices.push(report::finished(reasons::RECONCILIATION_SUCCEEDED, took, interval, &revision));
        Verdict { report: self.report(), next: Next::After(interval), success: true, release: false }
    }

    fn note_history(&mut self, result: &str, took: Duration, revision: &str, now: Timestamp) {
        if let Some(checksum) = self.checksum.clone() {
            report::remember(&mut self.status, &checksum, result, took, revision, now);
        }
    }

    fn fail(mut self, object: &Kustomization, reason: &str, message: String, next: Next, now: Timestamp) -> Step {
        if !conditions::is_true(&self.status.conditions, conditions::RECONCILING) {
            self.mark_working(object, "Building manifests", now);
        }
        self.marks(object, now).failed(reason, &message);
        self.handled(object);
        let revision = self.revision();
        let took = elapsed(self.began, now);
        self.note_history(reason, took, revision.as_deref().unwrap_or_default(), now);
        self.notices.push(notice(EventType::Warning, reason, message, revision.as_deref()));
        let verdict = Verdict { report: self.report(), next, success: false, release: false };
        self.stage = Stage::Closing(Box::new(verdict));
        let owner = facts::id(object);
        (self, Command::Do(Effect::Remember { owner, memory: None, hashes: Vec::new(), eager: false }))
    }

    fn settle(mut self, notices: Vec<Notice>, next: Next, success: bool) -> Step {
        self.notices = notices;
        let verdict = Verdict { report: self.report(), next, success, release: false };
        (self, Command::Settle(verdict))
    }

    fn lost(self, object: &Kustomization, stage: &Stage, input: &Input<Outcome>, now: Timestamp) -> Step {
        let (stage, input) = (name_of(stage), name_of_input(input));
        let message = format!("the pass was told `{input}` while {stage}; it starts again, please report this");
        self.fail(object, reasons::RECONCILIATION_FAILED, message, Next::Backoff, now)
    }
}

// Deletion.
impl Run {
    fn finalize(self, object: &Kustomization, now: Timestamp) -> Step {
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
            account: self.facts.identity.clone(),
        };
        let (machine, ask) = Finalize::start(inventory, options, now);
        let driving = Driving { engine: Engine::Delete(Box::new(machine)), waiting: None };
        self.obey(object, driving, ask, now)
    }

    /// Flux: without its account nothing can be deleted; the objects stay, and an event lists them.
    fn orphan(mut self, object: &Kustomization, inventory: &[InventoryEntry], account: &str) -> Step {
        let lines: Vec<_> = inventory.iter().map(|entry| entry.id.to_string()).collect();
        let text = format!("unable to prune objects, {account} not found: \n{}", lines.join("\n"));
        self.notices.push(notice(EventType::Warning, reasons::RECONCILIATION_FAILED, text, None));
        self.release(object)
    }

    fn deleted(mut self, object: &Kustomization, applied: Applied) -> Step {
        let revision = self.status.last_applied_revision.clone();
        let reason = conditions::find_condition(&self.status.conditions, READY).map(|ready| ready.reason.clone());
        let reason = reason.unwrap_or_else(|| reasons::RECONCILIATION_SUCCEEDED.into());
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

    fn release(mut self, object: &Kustomization) -> Step {
        let report = Report { status: serde_json::Value::Null, notices: std::mem::take(&mut self.notices) };
        let verdict = Verdict { report, next: Next::Never, success: true, release: true };
        self.stage = Stage::Closing(Box::new(verdict));
        (self, Command::Do(Effect::Forget(facts::id(object))))
    }
}

// Conditions and status.
impl Run {
    fn marks(&mut self, object: &Kustomization, now: Timestamp) -> Marks<'_> {
        Marks::new(&mut self.status.conditions, object.metadata.generation.unwrap_or(0), now)
    }

    fn mark_working(&mut self, object: &Kustomization, act: &str, now: Timestamp) {
        let message = self.progress(object, act);
        self.marks(object, now).working("Reconciliation in progress", &message);
    }

    fn progress(&self, object: &Kustomization, act: &str) -> String {
        let revision = self.revision().unwrap_or_default();
        format!("{act} for revision {revision} with a timeout of {}", shown(object.spec.timeout()))
    }

    fn revision(&self) -> Option<String> {
        self.facts.source.as_ref().ok().map(|artifact| artifact.revision.to_string())
    }

    fn handled(&mut self, object: &Kustomization) {
        if let Some(token) = requested_at(&object.metadata) {
            self.status.last_handled_reconcile_at = Some(token);
        }
    }

    fn report(&mut self) -> Report {
        let notices = std::mem::take(&mut self.notices);
        Report { status: serde_json::to_value(&self.status).unwrap_or_default(), notices }
    }

    /// Objects of the inventory carry our labels, so the common watch of their kind shows them.
    fn managed(&self) -> impl Fn(&ObjectId) -> bool + 'static {
        let ids: std::collections::HashSet<_> =
            facts::inventory(Some(&self.status)).into_iter().map(|entry| entry.id).collect();
        move |id| ids.contains(id)
    }
}

fn renewed(waiting: Option<Waiting>, spec: WaitSpec, now: Timestamp) -> Waiting {
    match waiting {
        None => Waiting::new(spec, now),
        Some(mut waiting) => {
            waiting.renew(spec);
            waiting
        }
    }
}

/// Returns what a health check covers: all that was applied, or what the spec lists; never the object itself.
fn health_targets(object: &Kustomization, applied: &Applied) -> Vec<Target> {
    let itself = facts::id(object);
    let targets: Vec<_> = if object.spec.wait {
        let wanted = applied.health_targets(&itself);
        let entries = applied.inventory.iter().filter(|entry| wanted.contains(&entry.id));
        entries.map(|entry| Target::by_id(&entry.id, &entry.version)).collect()
    } else {
        object.spec.health_checks.iter().map(health_check).collect()
    };
    targets.into_iter().filter(|target| target.id() != itself).collect()
}

fn health_check(check: &sluice_api::kustomize::HealthCheck) -> Target {
    let version = check.api_version.as_deref().filter(|version| !version.is_empty()).unwrap_or("apps/v1");
    let namespace = check.namespace.clone().unwrap_or_default();
    Target { gvk: Gvk::parse(version, &check.kind), namespace, name: check.name.clone() }
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

fn name_of(stage: &Stage) -> &'static str {
    match stage {
        Stage::Nowhere => "between stages",
        Stage::Building => "building",
        Stage::Tracking(_) | Stage::Announcing(_) => "beginning",
        Stage::Driving(_) => "applying",
        Stage::Checking(_) => "checking health",
        Stage::Closing(_) => "closing",
    }
}

fn name_of_input(input: &Input<Outcome>) -> &'static str {
    match input {
        Input::Published => "published",
        Input::Done(_) => "done",
        Input::Woke(_) => "woke",
        Input::Deadline => "deadline",
        Input::Superseded(_) => "superseded",
    }
}

fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).unsigned_abs()
}

fn after(now: Timestamp, time: Duration) -> Timestamp {
    now + signed(time)
}

/// The longest that can be said is longer than anybody waits.
fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::from_hours(24 * 365))
}

/// Returns the first setting in use that this version does not serve.
fn unserved_field(object: &Kustomization) -> Option<&'static str> {
    let spec = &object.spec;
    [
        (spec.decryption.is_some(), "decryption"),
        (spec.post_build.is_some(), "postBuild"),
        (spec.kube_config.is_some(), "kubeConfig"),
        (!spec.ignore.is_empty(), "ignore"),
        (!spec.health_check_exprs.is_empty(), "healthCheckExprs"),
        (spec.depends_on.iter().any(|dependency| dependency.ready_expr.is_some()), "dependsOn[].readyExpr"),
    ]
    .into_iter()
    .find_map(|(used, name)| used.then_some(name))
}
