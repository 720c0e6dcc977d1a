//! One stage: check all of it, then write, then wait.
//!
//! kinds → dry-runs and reads → (migrate, replace) → clean up → apply → wait. What comes next follows from the items alone, so
//! a step asked for twice is the same step.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use sluice_cluster::{ApiError, Response, Target};
use sluice_object::{InventoryEntry, Object, ObjectId};

use super::{
    Options,
    item::{Item, State},
    scopes::Scopes,
};
use crate::{
    health::Health,
    order::Stage,
    problem::{Problem, Trouble},
    step::{Action, Ask, Key, Keyed, WaitSpec},
    wait::{self, Until, Verdict, WaitSet},
};

/// How long a stage may take to become healthy.
const STAGE_TIMEOUT: SignedDuration = SignedDuration::from_secs(60);

/// What a stage needs next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Need {
    /// Answers that change nothing in the cluster.
    Read(Vec<Keyed>),
    /// Answers to writes.
    Write(Vec<Keyed>),
    /// Time.
    Wait(WaitSpec),
    /// It cannot go on.
    Fail(Box<Problem>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct StageRun {
    stage: Stage,
    items: Vec<Item>,
    asked: bool,
    wait: Option<Waiting>,
    healthy: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Waiting {
    set: WaitSet,
    deadline: Timestamp,
    late: bool,
}

impl StageRun {
    pub(super) fn new(stage: Stage, objects: Vec<Object>, known: &BTreeSet<ObjectId>, options: &Options) -> Self {
        let item = |object: Object| {
            let known = known.contains(&object.id());
            Item::new(object, known, options)
        };
        let items = objects.into_iter().map(item).collect();
        Self { stage, items, asked: false, wait: None, healthy: false }
    }

    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    /// Returns the ids and versions of all objects of the stage.
    pub(super) fn entries(&self) -> impl Iterator<Item = InventoryEntry> {
        self.items.iter().map(Item::entry)
    }

    /// Returns the objects for which a write was sent.
    pub(super) fn touched(&self) -> impl Iterator<Item = InventoryEntry> {
        self.items.iter().filter(|item| item.is_touched()).map(Item::entry)
    }

    /// Notes that writes go out.
    pub(super) fn touch(&mut self, writes: &[Keyed]) {
        for Keyed { key: Key(ask), .. } in writes {
            if let Some(item) = index(ask).and_then(|index| self.items.get_mut(index)) {
                item.touch();
            }
        }
    }

    pub(super) fn learn(&mut self, ask: Ask, answer: Result<Response, ApiError>, options: &Options, now: Timestamp) {
        let Some(item) = index(&ask).and_then(|index| self.items.get_mut(index)) else { return };
        match ask {
            Ask::Kind(_) => {}
            Ask::DryRun(_) => item.on_dry_run(answer, options, now),
            Ask::Live(_) => item.on_live(answer, options, now),
            Ask::Delete(_) => item.on_delete(answer),
            Ask::CleanUp(_) => item.on_clean_up(answer),
            Ask::Apply(_) => item.on_apply(answer, options, now),
        }
    }

    pub(super) fn on_health(&mut self, id: &ObjectId, health: Health) {
        if let Some(waiting) = &mut self.wait {
            waiting.set.note(id, health);
        }
    }

    /// A deadline of an earlier wait is passed over.
    pub(super) fn on_deadline(&mut self, now: Timestamp) {
        if let Some(waiting) = &mut self.wait {
            waiting.late |= now >= waiting.deadline;
        }
    }

    /// Returns what the stage needs, or nothing when it is through.
    pub(super) fn advance(&mut self, scopes: &mut Scopes, options: &Options, now: Timestamp) -> Option<Need> {
        self.ask_kinds(scopes)
            .or_else(|| self.check(scopes, options))
            .or_else(|| self.problem())
            .or_else(|| self.migrate(options))
            .or_else(|| self.replace())
            .or_else(|| self.await_end(options, now))
            .or_else(|| self.clean_up(options))
            .or_else(|| self.apply(options))
            .or_else(|| self.await_health(now))
    }

    fn ask_kinds(&mut self, scopes: &mut Scopes) -> Option<Need> {
        if !self.asked {
            self.asked = true;
            let requests = scopes.ask(self.items.iter().map(Item::desired));
            if !requests.is_empty() {
                return Some(Need::Read(requests));
            }
        }
        self.items.iter_mut().for_each(|item| scopes.place(item.desired_mut()));
        None
    }

    fn check(&mut self, scopes: &Scopes, options: &Options) -> Option<Need> {
        for item in self.items.iter_mut().filter(|item| *item.state() == State::Checking) {
            let refusal = scopes.refusal(&item.desired().gvk()).cloned();
            match refusal {
                Some(error) => item.stick(Trouble::DryRun(error)),
                None if scopes.lacks_namespace(item.desired()) => item.stick(Trouble::NoNamespace),
                None => {}
            }
        }
        if self.problem().is_some() {
            return None;
        }
        let requests = self.reads(options);
        (!requests.is_empty()).then_some(Need::Read(requests))
    }

    fn reads(&self, options: &Options) -> Vec<Keyed> {
        self.items.iter().enumerate().flat_map(|(index, item)| asks(index, item, options)).collect()
    }

    /// Returns the first problem in the order of the objects.
    fn problem(&self) -> Option<Need> {
        self.items.iter().find_map(|item| match item.state() {
            State::Stuck(problem) => Some(Need::Fail(problem.clone())),
            _ => None,
        })
    }

    fn migrate(&self, options: &Options) -> Option<Need> {
        self.writes(|index, item| match item.state() {
            State::Migrate(patch) => Some(keyed(Ask::CleanUp(index), item.clean_up_request(patch, options))),
            _ => None,
        })
    }

    /// Nothing is deleted before all other objects of the stage have passed their check.
    fn replace(&self) -> Option<Need> {
        self.writes(|index, item| match item.state() {
            State::Replace { uid } => Some(keyed(Ask::Delete(index), item.delete_request(uid))),
            _ => None,
        })
    }

    fn await_end(&mut self, options: &Options, now: Timestamp) -> Option<Need> {
        let ending = |item: &&Item| *item.state() == State::Ending;
        if !self.items.iter().any(|item| ending(&item)) {
            return None;
        }
        let ids: Vec<_> = self.items.iter().filter(ending).map(Item::id).collect();
        let deadline = now.saturating_add(options.timeout).unwrap_or(Timestamp::MAX);
        let gone = wait::Options { until: Until::Gone, ..wait::Options::default() };
        let waiting = self.wait.get_or_insert_with(|| Waiting { set: WaitSet::new(ids, gone), deadline, late: false });
        if waiting.set.verdict() == Verdict::Done {
            self.wait = None;
            self.items.iter_mut().filter(|item| *item.state() == State::Ending).for_each(Item::check_again);
            return Some(Need::Read(self.reads(options)));
        }
        if waiting.late {
            let late: BTreeSet<_> = waiting.set.pending().cloned().collect();
            self.items
                .iter_mut()
                .filter(|item| late.contains(&item.id()))
                .for_each(|item| item.stick(Trouble::ReplaceWait));
            return self.problem();
        }
        self.wait_spec(Until::Gone)
    }

    fn clean_up(&self, options: &Options) -> Option<Need> {
        self.writes(|index, item| match item.state() {
            State::CleanUp(patch) => Some(keyed(Ask::CleanUp(index), item.clean_up_request(patch, options))),
            _ => None,
        })
    }

    /// Objects of one kind are applied at once, kinds one after the other.
    fn apply(&self, options: &Options) -> Option<Need> {
        let kind = self.items.iter().find(|item| matches!(item.state(), State::Write(_)))?.desired().gvk();
        self.writes(|index, item| match item.state() {
            State::Write(_) if item.desired().gvk() == kind => {
                Some(keyed(Ask::Apply(index), item.apply_request(options)))
            }
            _ => None,
        })
    }

    fn writes(&self, request: impl Fn(usize, &Item) -> Option<Keyed>) -> Option<Need> {
        let requests: Vec<_> = self.items.iter().enumerate().filter_map(|(index, item)| request(index, item)).collect();
        (!requests.is_empty()).then_some(Need::Write(requests))
    }

    /// Waits for all objects of the stage, unchanged and skipped ones too. What answers have shown is not asked again.
    fn await_health(&mut self, now: Timestamp) -> Option<Need> {
        if !self.stage.waits() || self.healthy {
            return None;
        }
        if self.wait.is_none() {
            let deadline = now.saturating_add(STAGE_TIMEOUT).unwrap_or(Timestamp::MAX);
            self.wait = Some(Waiting { set: self.seen(), deadline, late: false });
        }
        let waiting = self.wait.as_ref()?;
        match waiting.set.verdict() {
            Verdict::Done => {
                self.healthy = true;
                self.wait = None;
                None
            }
            Verdict::Failed(text) => Some(Need::Fail(Box::new(Problem::wait(text)))),
            Verdict::Waiting if waiting.late => Some(Need::Fail(Box::new(Problem::wait(waiting.set.timeout_text())))),
            Verdict::Waiting => self.wait_spec(Until::Current),
        }
    }

    fn seen(&self) -> WaitSet {
        let mut set = WaitSet::new(self.items.iter().map(Item::id), wait::Options::default());
        for item in &self.items {
            if let Some(health) = item.health() {
                set.note(&item.id(), health.clone());
            }
        }
        set
    }

    fn wait_spec(&self, until: Until) -> Option<Need> {
        let waiting = self.wait.as_ref()?;
        let pending: BTreeSet<_> = waiting.set.pending().collect();
        let awaited = self.items.iter().filter(|item| pending.contains(&item.id()));
        let targets = awaited.map(|item| Target::of(item.desired())).collect();
        let (deadline, recheck_at) = (waiting.deadline, waiting.set.recheck_at());
        Some(Need::Wait(WaitSpec { targets, until, deadline, recheck_at }))
    }

    /// Returns what became of the objects so far; of an unfinished stage only what was written.
    pub(super) fn changes(&self, finished: bool) -> impl Iterator<Item = (ObjectId, Action)> {
        self.items.iter().filter_map(move |item| match item.state() {
            State::Ended(action) if finished || matches!(action, Action::Created | Action::Configured) => {
                Some((item.id(), *action))
            }
            _ => None,
        })
    }
}

fn asks(index: usize, item: &Item, options: &Options) -> Vec<Keyed> {
    let wants = item.wants(options);
    let dry_run = wants.dry_run.then(|| keyed(Ask::DryRun(index), item.dry_run_request(options)));
    let live = wants.live.then(|| keyed(Ask::Live(index), item.live_request()));
    dry_run.into_iter().chain(live).collect()
}

fn keyed(ask: Ask, request: sluice_cluster::Request) -> Keyed {
    Keyed { key: Key(ask), request }
}

fn index(ask: &Ask) -> Option<usize> {
    match ask {
        Ask::Kind(_) => None,
        Ask::DryRun(index) | Ask::Live(index) | Ask::Delete(index) | Ask::CleanUp(index) | Ask::Apply(index) => {
            Some(*index)
        }
    }
}
