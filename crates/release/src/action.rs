//! The machine: parts in a row, and what comes when one of them fails.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use sluice_apply::inventory;
use sluice_helm::release::Release;
use sluice_object::InventoryEntry;

use crate::{
    error::Error,
    finish, install,
    options::{Options, Plan},
    part::{OnFail, Part, Stage, Turn},
    rollback,
    step::{Input, Phase, Step},
    testing, uninstall, upgrade,
    work::Work,
};

/// What the failure of a stored release in a phase leads to: the error to end with, and the parts that record it.
pub(crate) type Recover = fn(&mut Work, Error, Phase) -> (Error, Vec<Stage>);

/// How an action begins.
pub(crate) struct Begun {
    pub(crate) work: Work,
    pub(crate) stages: Vec<Stage>,
    pub(crate) recover: Recover,
    /// Returns the error of an action whose recovery has failed as well.
    pub(crate) unrecovered: fn(Error, Error) -> Error,
}

/// An action under way.
#[derive(Clone)]
pub struct Action {
    work: Work,
    stages: VecDeque<Stage>,
    recover: Recover,
    unrecovered: fn(Error, Error) -> Error,
    /// What went wrong, while it is being recorded.
    error: Option<Error>,
    ended: Option<Step>,
}

impl Action {
    /// Begins with the stored revisions of the release.
    pub fn start(plan: Plan, history: Vec<Release>, options: Options, now: Timestamp) -> (Self, Step) {
        let begun = match plan {
            Plan::Install { release } => install::begin(release, history, options, now),
            Plan::Upgrade { release } => upgrade::begin(release, history, options, now),
            Plan::Rollback { to } => rollback::begin(to, history, options, now),
            Plan::Uninstall => uninstall::begin(history, options, now),
            Plan::Finish { event } => finish::begin(event, history, options),
            Plan::Test { filters } => testing::begin(&filters, history, options),
        };
        match begun {
            Ok(Begun { work, stages, recover, unrecovered }) => {
                let stages = stages.into();
                let mut action = Self { work, stages, recover, unrecovered, error: None, ended: None };
                let step = action.advance(None, now);
                (action, step)
            }
            Err((work, error)) => {
                let step = Step::Ended(Err(error));
                let (stages, ended) = (VecDeque::new(), Some(step.clone()));
                let (recover, unrecovered): (Recover, _) = (|_, error, _| (error, Vec::new()), |error, _| error);
                (Self { work: *work, stages, recover, unrecovered, error: None, ended }, step)
            }
        }
    }

    /// Takes in what came of the last step and returns the next one. After the end it returns the end again.
    pub fn next(&mut self, input: Input, now: Timestamp) -> Step {
        self.advance(Some(input), now)
    }

    /// Returns each revision as it was last written, deleted ones as they were then.
    pub fn observed(&self) -> &BTreeMap<i64, Release> {
        &self.work.store.observed
    }

    /// Returns the objects of the release, without hooks, as soon as their kinds are known.
    pub fn objects(&self) -> Vec<InventoryEntry> {
        let is_placed = self.work.kinds.missing(self.work.items.iter().map(|item| &item.object)).is_empty();
        let items = self.work.items.iter().filter(|_| is_placed);
        items.map(|item| inventory::entry(&item.object)).collect()
    }

    /// Returns what people should know: what of the chart was left out, what of a release was kept.
    pub fn notices(&self) -> &[String] {
        &self.work.notices
    }

    /// Says where the action is.
    pub fn phase(&self) -> Phase {
        self.stages.front().map_or(Phase::Ended, |stage| stage.part.phase())
    }

    fn advance(&mut self, mut input: Option<Input>, now: Timestamp) -> Step {
        if let Some(step) = &self.ended {
            return step.clone();
        }
        loop {
            let Some(stage) = self.stages.front_mut() else { return self.end() };
            match stage.part.turn(&mut self.work, input.take(), now) {
                Turn::Ask(requests) => {
                    return Step::Requests { requests, concurrency: self.work.options.concurrency.max(1) };
                }
                Turn::Wait(spec, reader) => return Step::Wait { spec, reader },
                Turn::Done => _ = self.stages.pop_front(),
                Turn::Fail(error) => self.fail(error),
            }
        }
    }

    fn fail(&mut self, error: Error) {
        let phase = self.phase();
        let on_fail = self.stages.pop_front().map_or(OnFail::End, |stage| stage.on_fail);
        let error = match on_fail {
            OnFail::Ignore => return,
            OnFail::Keep => return self.work.kept.push(error),
            OnFail::EndWith(change) => change(&self.work, error),
            OnFail::End => error,
        };
        self.error = Some(match self.error.take() {
            Some(first) => {
                self.stages.clear();
                (self.unrecovered)(first, error)
            }
            None => self.recover(error, phase),
        });
    }

    /// Nothing is recorded of a release that is not stored, nor over what somebody else has recorded.
    fn recover(&mut self, error: Error, phase: Phase) -> Error {
        let is_stored = self.work.store.observed.contains_key(&self.work.release.version);
        let (error, stages) = match is_stored && !error.is_conflict() && phase != Phase::Storing {
            true => (self.recover)(&mut self.work, error, phase),
            false => (error, Vec::new()),
        };
        self.stages = stages.into();
        error
    }

    fn end(&mut self) -> Step {
        let stored = !self.work.store.observed.is_empty();
        let result = match self.error.take() {
            Some(error) => Err(error.having_stored(stored)),
            None => Ok(Box::new(self.work.release.clone())),
        };
        let step = Step::Ended(result);
        self.ended = Some(step.clone());
        step
    }
}

/// Objects and values may hold secrets: only what identifies the action is shown.
impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Action")
            .field("release", &self.work.release)
            .field("phase", &self.phase())
            .finish_non_exhaustive()
    }
}

/// What an action begins with, or why it does not.
pub(crate) type Beginning = Result<Begun, (Box<Work>, Error)>;

/// Returns an action that ends before it has begun.
pub(crate) fn refuse(work: Work, error: Error) -> Beginning {
    Err((Box::new(work), error))
}

/// Returns the parts that bring the objects of a release into the cluster.
pub(crate) fn writing() -> [Stage; 4] {
    use crate::{check::Retry, remove::Await, stale::Stale, write::Write};
    [
        Part::Retry(Retry::default()).or_end(),
        Part::Write(Write::default()).or_end(),
        Part::Stale(Stale::default()).or_end(),
        Part::Await(Await::Items(None)).or_end(),
    ]
}
