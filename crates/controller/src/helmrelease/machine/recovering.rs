//! A failed release that is tried no more: once its objects are as it wants them, and healthy, it is finished. Flux leaves
//! it as it is.
//!
//! out of tries → hope (a watch tells when) → health → drift → Act::Finish, or given up

use std::collections::BTreeSet;

use jiff::Timestamp;
use sluice_api::helm::{Action, HelmRelease};
use sluice_apply::health::{Health, Rules, Status as HealthStatus};
use sluice_cluster::Target;
use sluice_helm::{Event, hook::Phase, release::Status};
use sluice_object::{InventoryEntry, ObjectId};
use sluice_reconcile::{Command, Next};

use super::{
    super::{Effect, Outcome, facts, history},
    Run, Stage, Step,
    deciding::{Act, ActKind},
    drifting::Purpose,
};

/// A release that is about to be given up, or to be finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GivenUp {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// How far it is known whether a release may be finished.
#[derive(Debug)]
pub(super) struct Reconsidering {
    given_up: GivenUp,
    action: Action,
    phase: Looking,
}

#[derive(Debug, Clone, Copy)]
enum Looking {
    /// Watches are opened.
    Tracking,
    /// A watch is asked to tell.
    Hoping,
    /// Health is read.
    Reading,
    /// The watch is asked no more: healthy objects would tell all the time.
    Leaving,
}

impl Run {
    /// Looks at the objects of a failed release once more before it is given up.
    pub(super) fn reconsider(mut self, object: &HelmRelease, given_up: GivenUp, now: Timestamp) -> Step {
        let Some(action) = self.unfinished(object) else { return self.give_up(object, given_up, Next::Never, now) };
        if self.done.contains(&ActKind::Finish) {
            return self.keep_looking(object, given_up, now);
        }
        let mut kinds: BTreeSet<_> = facts::inventory(&self.status).iter().map(InventoryEntry::gvk).collect();
        if self.is_remote() {
            kinds.clear();
        }
        let looking = Reconsidering { given_up, action, phase: Looking::Tracking };
        self.stage = Stage::Reconsidering(Box::new(looking));
        (self, Command::Do(Effect::Track { owner: facts::id(object), kinds }))
    }

    /// Returns what the last revision came of, if it has failed for its objects only: hooks that have failed, or did not
    /// run before the objects were written, are not made up for by healthy objects.
    fn unfinished(&self, object: &HelmRelease) -> Option<Action> {
        let last = self.last().filter(|last| last.info.status == Status::Failed && self.facts.policy.recovers)?;
        let entry = history::latest(&self.status).filter(|entry| history::targets(entry, last))?;
        let (action, before, disabled) = match entry.action.as_deref()? {
            "install" => (Action::Install, Event::PreInstall, object.install().disable_hooks),
            "upgrade" => (Action::Upgrade, Event::PreUpgrade, object.upgrade().disable_hooks),
            _ => return None,
        };
        let stands = |hook: &sluice_helm::Hook| match hook.last_run.phase {
            Phase::Failed => true,
            Phase::Succeeded => false,
            _ => hook.is_for(before),
        };
        (disabled || !last.hooks.iter().any(stands)).then_some(action)
    }

    pub(super) fn reconsidering(
        mut self,
        object: &HelmRelease,
        mut looking: Reconsidering,
        outcome: Outcome,
        now: Timestamp,
    ) -> Step {
        let reader = self.options(object, looking.action).reader();
        let targets: Vec<_> =
            facts::inventory(&self.status).iter().map(|entry| Target::by_id(&entry.id, &entry.version)).collect();
        let (phase, effect) = match (looking.phase, outcome) {
            (Looking::Tracking, Outcome::Tracked) => {
                let ids: BTreeSet<_> = targets.iter().map(Target::id).collect();
                // Where an expression or another cluster decides, no watch tells: the interval must do.
                let is_told = |id: &ObjectId| reader.rules == Rules::Legacy || !reader.judges(id);
                let told = !self.is_remote() && ids.iter().all(is_told);
                let objects = if told { ids } else { BTreeSet::new() };
                (Looking::Hoping, Effect::Hope { owner: facts::id(object), objects })
            }
            (Looking::Hoping, Outcome::Hoped) => {
                (Looking::Reading, Effect::Read { who: self.who.clone(), targets, reader })
            }
            (Looking::Reading, Outcome::Read(health)) => {
                let Reconsidering { given_up, action, .. } = looking;
                return self.on_health(object, given_up, action, &health, now);
            }
            (Looking::Leaving, Outcome::Hoped) => return self.keep_looking(object, looking.given_up, now),
            (phase, other) => {
                looking.phase = phase;
                let stage = Stage::Reconsidering(Box::new(looking));
                return self.lost(object, &stage, &sluice_reconcile::Input::Done(other), now);
            }
        };
        looking.phase = phase;
        self.stage = Stage::Reconsidering(Box::new(looking));
        (self, Command::Do(effect))
    }

    fn on_health(
        self,
        object: &HelmRelease,
        given_up: GivenUp,
        action: Action,
        health: &[(ObjectId, Health)],
        now: Timestamp,
    ) -> Step {
        if health.iter().any(|(_, health)| health.status != HealthStatus::Current) {
            return self.keep_looking(object, given_up, now);
        }
        self.look_for_drift(object, Purpose::Finish(given_up, action), now)
    }

    /// The objects were compared: those that are not as the revision has them were never written, or were changed since.
    pub(super) fn reconsidered(
        mut self,
        object: &HelmRelease,
        (given_up, action): (GivenUp, Action),
        same: bool,
        now: Timestamp,
    ) -> Step {
        if same {
            return self.announce(object, Act::Finish(action), now);
        }
        self.stage = Stage::Reconsidering(Box::new(Reconsidering { given_up, action, phase: Looking::Leaving }));
        (self, Command::Do(Effect::Hope { owner: facts::id(object), objects: BTreeSet::new() }))
    }

    /// What no watch tells is looked at again at the interval.
    fn keep_looking(self, object: &HelmRelease, given_up: GivenUp, now: Timestamp) -> Step {
        let next = Next::After(object.spec.interval.into());
        self.give_up(object, given_up, next, now)
    }
}
