//! The decisions of a HelmRepository's pass. Source: source-controller's HelmRepository reconciler.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::json;
use sluice_api::{
    conditions::reasons,
    source::{HelmRepository, HelmRepositoryStatus},
};
use sluice_cluster::EventType;
use sluice_object::{Artifact, ObjectId};
use sluice_reconcile::{Command, Input, Kind, Next, Notice, Report, Verdict};
use sluice_source::{helm_repo::Fetched, store::LATEST_INDEX};

use super::{Effect, Facts, HelmRepositories, Outcome, is_address};
use crate::source::{Leftovers, Record, Trouble, notice};

type Step = (Run, Command<HelmRepositories>);

/// What stays wrong until the object changes.
const TERMINAL: &str = "URLInvalid";

/// The interval of an object that names none.
const INTERVAL: Duration = Duration::from_secs(60);

/// Where a pass is.
#[derive(Debug)]
pub struct Run {
    status: HelmRepositoryStatus,
    advertised: String,
    /// Whether the artifact of the status is in the store.
    kept: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The index is downloaded or stored.
    Working,
    /// It is announced that an artifact is made.
    Announcing(Box<Fetched>),
    /// What is no longer needed is removed; then the pass settles.
    Collecting(Box<Verdict>),
}

pub(super) fn start(object: &HelmRepository, facts: Facts, now: Timestamp) -> Step {
    let Facts { spec, stored, advertised } = facts;
    let status = object.status.clone().unwrap_or_default();
    let run = Run { status, advertised, kept: stored.is_some(), stage: Stage::Working };
    if object.metadata.deletion_timestamp.is_some() {
        return run.remove(object, Report::default());
    }
    if is_address(object) {
        // Flux: an address has no status, and nobody waits for it to go.
        return run.remove(object, Report { status: json!({}), notices: Vec::new() });
    }
    match spec {
        Err(trouble) => run.fail(object, &trouble, now),
        Ok(spec) => (run, Command::Do(Effect::Fetch(Box::new((spec, stored))))),
    }
}

pub(super) fn next(object: &HelmRepository, mut run: Run, input: Input<Outcome>, now: Timestamp) -> Step {
    match (std::mem::replace(&mut run.stage, Stage::Working), input) {
        (_, Input::Done(Outcome::Fetched(Ok(None)))) => run.unchanged(object, now),
        (_, Input::Done(Outcome::Fetched(Ok(Some(fetched))))) => run.announce(object, fetched, now),
        (_, Input::Done(Outcome::Fetched(Err(trouble)))) => run.fail(object, &trouble, now),
        (Stage::Announcing(fetched), Input::Published) => {
            (run, Command::Do(Effect::Store(Box::new((*fetched, id(object))))))
        }
        (_, Input::Done(Outcome::Stored(Ok(artifact)))) => run.stored(object, &artifact, now),
        (_, Input::Done(Outcome::Stored(Err(trouble)))) => run.fail(object, &trouble, now),
        (Stage::Collecting(verdict), _) => (run, Command::Settle(*verdict)),
        (stage, input) => {
            let trouble =
                Trouble { reason: reasons::FAILED.into(), message: format!("unexpected {input:?} in {stage:?}") };
            run.fail(object, &trouble, now)
        }
    }
}

impl Run {
    fn remove(mut self, object: &HelmRepository, report: Report) -> Step {
        let verdict = Verdict { report, next: Next::Never, success: true, release: true };
        self.stage = Stage::Collecting(Box::new(verdict));
        (self, Command::Do(Effect::Collect(Leftovers { owner: id(object), current: None })))
    }

    fn announce(mut self, object: &HelmRepository, fetched: Box<Fetched>, now: Timestamp) -> Step {
        let (news, kept) = (format!("new index revision '{}'", fetched.revision), self.kept);
        self.record(object, now).making(news, kept);
        self.stage = Stage::Announcing(fetched);
        let report = self.report(Vec::new());
        (self, Command::Publish(report))
    }

    fn unchanged(mut self, object: &HelmRepository, now: Timestamp) -> Step {
        let recovered = self.record(object, now).has_failed();
        self.succeed(object, now);
        let notices = recovered.then(|| self.told(object, reasons::SUCCEEDED));
        self.settle(notices.into_iter().collect(), Next::After(interval(object)), true)
    }

    fn stored(mut self, object: &HelmRepository, artifact: &Arc<Artifact>, now: Timestamp) -> Step {
        self.record(object, now).stored(artifact);
        self.succeed(object, now);
        let notices = vec![self.told(object, "NewArtifact")];
        let report = self.report(notices);
        let verdict = Verdict { report, next: Next::After(interval(object)), success: true, release: false };
        self.stage = Stage::Collecting(Box::new(verdict));
        let leftovers = Leftovers { owner: id(object), current: Some(artifact.path.clone()) };
        (self, Command::Do(Effect::Collect(leftovers)))
    }

    fn told(&self, object: &HelmRepository, reason: &str) -> Notice {
        let artifact = self.status.artifact.as_ref();
        let size = artifact.and_then(|artifact| artifact.size).map(human);
        let size = size.map_or("unknown size".into(), |size| format!("size {size}"));
        let message = format!("stored fetched index of {size} from '{}'", object.spec.url);
        notice(EventType::Normal, reason, message, artifact)
    }

    fn succeed(&mut self, object: &HelmRepository, now: Timestamp) {
        let Some(artifact) = &self.status.artifact else { return };
        let message = format!("stored artifact: revision '{}'", artifact.revision);
        let folder = artifact.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.status.url = Some(format!("http://{}/{folder}/{LATEST_INDEX}", self.advertised));
        Record::new(&mut self.status, &object.metadata, now).succeed(&message, &self.advertised);
    }

    fn fail(mut self, object: &HelmRepository, trouble: &Trouble, now: Timestamp) -> Step {
        if trouble.reason == TERMINAL {
            let notice = self.record(object, now).stall(trouble);
            return self.settle(vec![notice], Next::Never, false);
        }
        let notice = self.record(object, now).fail(trouble);
        self.settle(vec![notice], Next::Backoff, false)
    }

    fn settle(self, notices: Vec<Notice>, next: Next, success: bool) -> Step {
        let verdict = Verdict { report: self.report(notices), next, success, release: false };
        (self, Command::Settle(verdict))
    }

    fn report(&self, notices: Vec<Notice>) -> Report {
        Report { status: serde_json::to_value(&self.status).unwrap_or_default(), notices }
    }

    fn record<'a>(&'a mut self, object: &'a HelmRepository, now: Timestamp) -> Record<'a> {
        Record::new(&mut self.status, &object.metadata, now)
    }
}

pub(super) fn id(object: &HelmRepository) -> ObjectId {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    ObjectId::new(&HelmRepositories::gvk(), text(&object.metadata.namespace), text(&object.metadata.name))
}

fn interval(object: &HelmRepository) -> Duration {
    object.spec.interval.map_or(INTERVAL, Into::into)
}

/// Four digits and a decimal unit, as Flux's event has it.
pub(super) fn human(size: i64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut value, mut unit) = (size as f64, 0);
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1000.0, unit + 1);
    }
    let decimals = if value >= 100.0 {
        1
    } else if value >= 10.0 {
        2
    } else {
        3
    };
    let digits = format!("{value:.decimals$}");
    format!("{}{}", digits.trim_end_matches('0').trim_end_matches('.'), UNITS[unit])
}
