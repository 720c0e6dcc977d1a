//! The decisions of a Kustomization's pass. Source: kustomize-controller's reconciler.
//!
//! start → blocked | (Looking →) (Yielding →) unchanged | Building → Tracking → Driving (rollout) → Checking (health) → Closing → verdict
//!         deletion: Driving (finalize) → Closing

mod applying;
mod checking;
mod ending;
mod unchanged;

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use sluice_api::{
    conditions::{self, READY, reasons},
    kustomize::{Kustomization, KustomizationStatus},
};
use sluice_cluster::{EventType, Identity};
use sluice_object::{Artifact, Digest, Inputs, ObjectId};
use sluice_reconcile::{Command, Input, Next, Notice, Report, Verdict};

use self::{applying::Driving, checking::Checking};
use super::{
    Built, Effect, Facts, GROUP, Kustomizations, Outcome,
    facts::{self, NoArtifact},
    report::{notice, shown},
    settings,
};
use crate::{
    dependencies::Blocked, marks::Marks, requested::requested_at, source::Trouble, unserved::NOT_SERVED_YET,
    waiting::Latest,
};

const FETCHING: &str = "Fetching manifests";
const BUILDING: &str = "Building manifests";
const DETECTING: &str = "Detecting drift";
const CHECKING: &str = "Running health checks";

/// The metadata of an artifact that names the revision it was made from.
const ORIGIN_REVISION: &str = "org.opencontainers.image.revision";

type Step = (Run, Command<Kustomizations>);

/// Where a pass is.
#[derive(Debug)]
pub struct Run {
    status: KustomizationStatus,
    facts: Facts,
    who: Identity,
    began: Timestamp,
    /// What is done now, as `Reconciling` tells it.
    act: &'static str,
    latest: Latest,
    checksum: Option<Digest>,
    inputs: Option<Inputs>,
    /// Whether the build has read what may be different the next time though the source is the same.
    moving: bool,
    notices: Vec<Notice>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Between stages; never seen by an input.
    Nowhere,
    /// What watches do not tell is read, before anything is built.
    Looking(Arc<Artifact>),
    /// Nothing has changed; others go first.
    Yielding(Arc<Artifact>),
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

pub(super) fn start(object: &Kustomization, facts: Facts, now: Timestamp) -> Step {
    let status = object.status.clone().unwrap_or_default();
    let (latest, notices) = (Latest::default(), Vec::new());
    let who = facts.identity.clone().unwrap_or_default();
    let mut run = Run {
        status,
        facts,
        who,
        began: now,
        act: FETCHING,
        latest,
        checksum: None,
        inputs: None,
        moving: false,
        notices,
        stage: Stage::Nowhere,
    };
    if object.metadata.deletion_timestamp.is_some() {
        return run.finalize(object, now);
    }
    if let Some(field) = unserved_field(object) {
        return run.refuse(object, field, now);
    }
    if let Err(trouble) = run.facts.expressions.clone() {
        return run.stall(object, &trouble, now);
    }
    let artifact = match run.facts.source.clone() {
        Ok(artifact) => artifact,
        Err(NoArtifact::Denied(trouble)) => return run.stall(object, &trouble, now),
        Err(NoArtifact::Awaited(trouble)) => {
            return run.block(object, &trouble, None, object.spec.retry_interval(), now);
        }
        Err(NoArtifact::Unreadable(trouble)) => {
            let event = Some((EventType::Warning, trouble.message.clone()));
            return run.block(object, &trouble, event, object.spec.retry_interval(), now);
        }
    };
    if let Some(blocked) = run.facts.blocked.clone() {
        return run.wait_for_dependency(object, blocked, now);
    }
    if let Err(trouble) = run.facts.variables.clone() {
        run.attempt(&artifact);
        let next = Next::After(object.spec.retry_interval());
        return run.fail(object, &trouble.reason, trouble.message, next, now);
    }
    if let Err(trouble) = run.facts.identity.clone() {
        return run.no_way(object, trouble, now);
    }
    if run.is_unchanged(object) { run.look(object, artifact, now) } else { run.build(object, artifact) }
}

pub(super) fn next(object: &Kustomization, mut run: Run, input: Input<Outcome>, now: Timestamp) -> Step {
    match (std::mem::replace(&mut run.stage, Stage::Nowhere), input) {
        (Stage::Looking(artifact), Input::Done(Outcome::Read(health))) => run.looked(object, artifact, &health, now),
        (Stage::Yielding(artifact), Input::Deadline) => run.unchanged(object, &artifact, now),
        (Stage::Yielding(_), Input::Superseded(_)) => run.settle(Vec::new(), Next::Now, true),
        (Stage::Building, Input::Done(Outcome::Built(built))) => run.on_built(object, built, now),
        (Stage::Tracking(built), Input::Done(Outcome::Tracked)) => run.announce(object, built, now),
        (Stage::Announcing(built), Input::Published) => run.roll_out(object, built, now),
        (Stage::Driving(driving), input) => run.drive(object, *driving, input, now),
        (Stage::Checking(checking), input) => run.check(object, *checking, input, now),
        (Stage::Closing(verdict), Input::Done(Outcome::Remembered(contested))) => run.closed(*verdict, &contested),
        (Stage::Closing(verdict), _) => (run, Command::Settle(*verdict)),
        (stage, input) => run.lost(object, &stage, &input, now),
    }
}

// Before a build.
impl Run {
    fn build(mut self, object: &Kustomization, artifact: Arc<Artifact>) -> Step {
        self.stage = Stage::Building;
        let path = object.spec.path.clone().unwrap_or_default();
        let overrides = Box::new(settings::overrides(object));
        let variables = self.facts.variables.clone().unwrap_or_default();
        (self, Command::Do(Effect::Build { artifact, path, overrides, variables }))
    }

    fn refuse(self, object: &Kustomization, field: &str, now: Timestamp) -> Step {
        let message =
            format!("`spec.{field}` is not served yet by this version of Sluice; nothing is applied without it");
        self.stall(object, &Trouble { reason: NOT_SERVED_YET.into(), message }, now)
    }

    /// Nobody can act: what the spec says stalls, what the cluster says is tried again.
    fn no_way(self, object: &Kustomization, trouble: Trouble, now: Timestamp) -> Step {
        if [NOT_SERVED_YET, reasons::FEATURE_GATE_DISABLED].contains(&trouble.reason.as_str()) {
            return self.stall(object, &trouble, now);
        }
        let next = Next::After(object.spec.retry_interval());
        self.fail(object, &trouble.reason, trouble.message, next, now)
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
        event: Option<(EventType, String)>,
        after: Duration,
        now: Timestamp,
    ) -> Step {
        let before = conditions::find_condition(&self.status.conditions, READY).map(|ready| ready.message.clone());
        self.marks(object, now).blocked(&trouble.reason, &trouble.message);
        self.handled(object);
        let event = event.filter(|_| before.as_deref() != Some(&trouble.message));
        let revision = self.revision();
        let notices = event.map(|(type_, text)| notice(type_, &trouble.reason, text, revision.as_deref()));
        self.settle(notices.into_iter().collect(), Next::After(after), false)
    }

    fn wait_for_dependency(self, object: &Kustomization, blocked: Blocked, now: Timestamp) -> Step {
        let after = self.facts.policy.requeue_dependency;
        let waits = format!("Dependencies do not meet ready condition, retrying in {}", shown(after));
        let (message, text) = match blocked {
            Blocked::Cycle(message) => (message.clone(), message),
            Blocked::Dependency(message) => (message, waits),
        };
        let trouble = Trouble { reason: reasons::DEPENDENCY_NOT_READY.into(), message };
        self.block(object, &trouble, Some((EventType::Normal, text)), after, now)
    }
}

// Conditions and status.
impl Run {
    fn marks(&mut self, object: &Kustomization, now: Timestamp) -> Marks<'_> {
        Marks::new(&mut self.status.conditions, object.metadata.generation.unwrap_or(0), now)
    }

    /// Notes that the artifact holds the path: its revision is attempted from here on.
    fn attempt(&mut self, artifact: &Artifact) {
        self.status.last_attempted_revision = Some(artifact.revision.to_string());
        self.act = BUILDING;
    }

    fn mark_working(&mut self, object: &Kustomization, act: &'static str, now: Timestamp) {
        self.act = act;
        let message = self.progress(object);
        self.marks(object, now).working("Reconciliation in progress", &message);
    }

    fn progress(&self, object: &Kustomization) -> String {
        let revision = self.revision().unwrap_or_default();
        format!("{} for revision {revision} with a timeout of {}", self.act, shown(object.spec.timeout()))
    }

    fn revision(&self) -> Option<String> {
        self.facts.source.as_ref().ok().map(|artifact| artifact.revision.to_string())
    }

    fn handled(&mut self, object: &Kustomization) {
        if let Some(token) = requested_at(&object.metadata) {
            self.status.last_handled_reconcile_at = Some(token);
        }
    }

    /// Returns the revision of what an artifact was made from, where its source tells.
    fn origin_revision(&self) -> Option<String> {
        self.facts.source.as_ref().ok()?.metadata.get(ORIGIN_REVISION).cloned()
    }

    fn report(&mut self) -> Report {
        let mut notices = std::mem::take(&mut self.notices);
        if let Some(origin) = self.origin_revision() {
            let key = format!("{GROUP}/originRevision");
            notices.iter_mut().for_each(|notice| _ = notice.annotations.insert(key.clone(), origin.clone()));
        }
        Report { status: serde_json::to_value(&self.status).unwrap_or_default(), notices }
    }

    fn is_remote(&self) -> bool {
        matches!(self.who, Identity::Remote(_))
    }

    /// Objects of the inventory carry our labels, so the common watch of their kind shows them.
    fn managed(&self) -> impl Fn(&ObjectId) -> bool + 'static {
        let ids: std::collections::BTreeSet<_> =
            facts::inventory(Some(&self.status)).into_iter().map(|entry| entry.id).collect();
        move |id| ids.contains(id)
    }
}

fn name_of(stage: &Stage) -> &'static str {
    match stage {
        Stage::Nowhere => "between stages",
        Stage::Looking(_) => "looking",
        Stage::Yielding(_) => "giving way",
        Stage::Building => "building",
        Stage::Tracking(_) | Stage::Announcing(_) => "beginning",
        Stage::Driving(_) => "applying",
        Stage::Checking(_) => "checking health",
        Stage::Closing(_) => "closing",
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
    [(spec.decryption.is_some(), "decryption")].into_iter().find_map(|(used, name)| used.then_some(name))
}
