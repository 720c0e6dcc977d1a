//! A wait of an action: for objects to be as desired, or to be gone.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sluice_apply::{
    WaitSpec,
    health::{Health, Reader, Rules, Status},
    wait::{self, Until, Verdict, WaitSet},
};
use sluice_cluster::Target;
use sluice_object::{Object, ObjectId};

use crate::{part::Turn, step::Input};

/// How a wait stands.
pub(crate) enum Waited {
    Going(Turn),
    Reached,
    Failed(String),
}

/// How objects are awaited.
pub(crate) struct Terms {
    pub(crate) reader: Reader,
    pub(crate) fail_fast: bool,
    pub(crate) timeout: SignedDuration,
    /// Whether it ends when nobody wants it any more.
    pub(crate) cancellable: bool,
}

/// A wait under way.
#[derive(Clone)]
pub(crate) struct Waiting {
    set: WaitSet,
    targets: BTreeMap<ObjectId, Target>,
    reader: Reader,
    until: Until,
    deadline: Timestamp,
    cancellable: bool,
    /// What failed objects say.
    failures: BTreeMap<ObjectId, String>,
    ended: Option<End>,
}

#[derive(Clone, Copy)]
enum End {
    Late,
    Cancelled,
}

impl Waiting {
    /// Waits for objects to be as desired; of some the health is known already.
    pub(crate) fn for_health(known: &[(&Object, Option<Health>)], terms: Terms, now: Timestamp) -> Self {
        let expiring_jobs = wait::expiring_jobs(known.iter().map(|(object, _)| *object));
        let settle = if terms.fail_fast { wait::SETTLE } else { SignedDuration::ZERO };
        let options = wait::Options { until: Until::Current, fail_fast: terms.fail_fast, expiring_jobs, settle };
        let mut waiting = Self::new(known.iter().map(|(object, _)| Target::of(object)), options, terms, now);
        waiting.set.tick(now);
        for (object, health) in known {
            if let Some(health) = health {
                waiting.note(object.id(), health.clone());
            }
        }
        waiting
    }

    /// Waits for objects to be gone.
    pub(crate) fn for_end(objects: &[Object], timeout: SignedDuration, now: Timestamp) -> Self {
        let options = wait::Options { until: Until::Gone, ..wait::Options::default() };
        let terms = Terms { reader: Reader::default(), fail_fast: false, timeout, cancellable: false };
        Self::new(objects.iter().map(Target::of), options, terms, now)
    }

    fn new(targets: impl Iterator<Item = Target>, options: wait::Options, terms: Terms, now: Timestamp) -> Self {
        let targets: BTreeMap<_, _> = targets.map(|target| (target.id(), target)).collect();
        Self {
            until: options.until,
            set: WaitSet::new(targets.keys().cloned(), options),
            targets,
            reader: terms.reader,
            deadline: now.saturating_add(terms.timeout).unwrap_or(Timestamp::MAX),
            cancellable: terms.cancellable,
            failures: BTreeMap::new(),
            ended: None,
        }
    }

    /// Takes news in and says how the wait stands.
    pub(crate) fn turn(&mut self, input: Option<Input>, now: Timestamp) -> Waited {
        self.set.tick(now);
        match input {
            Some(Input::Health(seen)) => seen.into_iter().for_each(|(id, health)| self.note(id, health)),
            // A deadline of an earlier wait is passed over.
            Some(Input::Deadline) if now >= self.deadline => self.ended = Some(End::Late),
            Some(Input::Cancelled) if self.cancellable => self.ended = Some(End::Cancelled),
            _ => {}
        }
        match (self.set.verdict(), self.ended) {
            (Verdict::Done, _) => Waited::Reached,
            (Verdict::Failed(text), _) => Waited::Failed(self.failure(text)),
            (Verdict::Waiting, Some(End::Cancelled)) => Waited::Failed("context canceled".into()),
            (Verdict::Waiting, Some(End::Late)) => Waited::Failed(self.timeout()),
            (Verdict::Waiting, None) => Waited::Going(Turn::Wait(self.spec(), self.reader.clone())),
        }
    }

    fn note(&mut self, id: ObjectId, health: Health) {
        if health.status == Status::Failed {
            self.failures.insert(id.clone(), health.message.clone());
        }
        self.set.note(&id, health);
    }

    /// Helm 3 says what is wrong with the first object, and no more.
    fn failure(&self, text: String) -> String {
        match self.reader.rules {
            Rules::Legacy | Rules::LegacyHooks => self.failures.values().next().cloned().unwrap_or(text),
            _ => text,
        }
    }

    fn timeout(&self) -> String {
        match (self.until, self.set.pending().next()) {
            (Until::Gone, Some(first)) => format!("{first} termination timeout: context deadline exceeded"),
            _ => self.set.timeout_text(),
        }
    }

    fn spec(&self) -> WaitSpec {
        let targets = self.set.pending().filter_map(|id| self.targets.get(id)).cloned().collect();
        WaitSpec { targets, until: self.until, deadline: self.deadline, recheck_at: self.set.recheck_at() }
    }
}
