//! The decisions of a HelmRelease's pass. Source: helm-controller's reconciler and its `AtomicRelease`.
//!
//! start → (Templating →) blocked | Loading → Reading (revisions) → determine → Announcing → Rendering → Acting … → determine …
//!         → verdict; deletion: Reading → Acting (uninstall) → Templating → gone

mod acting;
mod deciding;
mod drifting;
mod ending;
mod outcomes;
mod recovering;
mod removing;
mod starting;
mod telling;
mod unlocking;

use std::collections::BTreeSet;

use jiff::Timestamp;
use sluice_api::{
    conditions::{READY, RECONCILING, TRUE, UNKNOWN, find_condition, reasons},
    helm::{HelmRelease, HelmReleaseStatus, ReleaseSnapshot},
};
use sluice_apply::drift::Difference;
use sluice_cluster::{EventType, Identity};
use sluice_helm::release::Release;
use sluice_object::ObjectId;
use sluice_reconcile::{Command, Input, Notice, Report, Verdict};

use self::{acting::Acting, deciding::Act, drifting::Drifting, recovering::Reconsidering};
use super::{Effect, Facts, HelmReleases, Outcome, chart::Loaded, facts, history, report, state::Wanted};
use crate::{marks::Marks, source::Trouble, waiting::Latest};

type Step = (Run, Command<HelmReleases>);

/// Where a pass is.
#[derive(Debug)]
pub struct Run {
    status: HelmReleaseStatus,
    facts: Facts,
    who: Identity,
    /// The chart, once it is loaded.
    chart: Option<Loaded>,
    /// The revisions in storage, as they were read and then written.
    stored: Vec<Release>,
    /// What was done so far: no act is done twice in a pass.
    done: BTreeSet<deciding::ActKind>,
    /// When the act underway was begun.
    began: Timestamp,
    latest: Latest,
    notices: Vec<Notice>,
    /// What was found to differ, and is to be put back.
    differences: Vec<Difference>,
    /// Objects that were put back.
    corrected: Vec<ObjectId>,
    /// Whether something has come up that another pass must see at once.
    overtaken: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Between stages; never seen by an input.
    Nowhere,
    /// HelmCharts are made or deleted.
    Templating(starting::Templating),
    /// The chart is loaded.
    Loading,
    /// Stored revisions are read.
    Reading(Purpose),
    /// What is about to be done is published.
    Announcing(Act),
    /// Watches are opened.
    Tracking(Box<Acting>),
    /// A release is rendered.
    Rendering(Act),
    /// An action is underway.
    Acting(Box<Acting>),
    /// A pending release is given free.
    Unlocking(Box<Release>),
    /// Objects are compared with the cluster, or put back.
    Drifting(Box<Drifting>),
    /// A failed release is looked at before it is given up.
    Reconsidering(Box<Reconsidering>),
    /// What the next pass compares with is kept; then the pass settles.
    Closing(Box<Verdict>),
}

/// What stored revisions are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To see what is to be done.
    Release,
    /// To take the release away, because it has another name now.
    Replace,
    /// To take the release away for good.
    Delete,
}

pub(super) fn start(object: &HelmRelease, facts: Facts, now: Timestamp) -> Step {
    let run = Run {
        status: object.status.clone().unwrap_or_default(),
        who: facts.identity.clone().unwrap_or_default(),
        facts,
        chart: None,
        stored: Vec::new(),
        done: BTreeSet::new(),
        began: now,
        latest: Latest::default(),
        notices: Vec::new(),
        differences: Vec::new(),
        corrected: Vec::new(),
        overtaken: false,
        stage: Stage::Nowhere,
    };
    if object.metadata.deletion_timestamp.is_some() { run.delete(object, now) } else { run.begin(object, now) }
}

pub(super) fn next(object: &HelmRelease, mut run: Run, input: Input<Outcome>, now: Timestamp) -> Step {
    match (std::mem::replace(&mut run.stage, Stage::Nowhere), input) {
        (Stage::Templating(templating), Input::Done(Outcome::Answers { answers, .. })) => {
            run.templated(object, templating, answers, now)
        }
        (Stage::Loading, Input::Done(Outcome::Loaded(loaded))) => run.loaded(object, loaded, now),
        (Stage::Reading(purpose), Input::Done(Outcome::Revisions(found))) => run.read(object, purpose, found, now),
        (Stage::Announcing(act), Input::Published) => run.begin_act(object, act, now),
        (Stage::Rendering(act), Input::Done(Outcome::Rendered(rendered))) => run.rendered(object, act, rendered, now),
        (Stage::Tracking(acting), Input::Done(Outcome::Tracked)) => run.tracked(object, *acting, now),
        (Stage::Acting(acting), input) => run.act(object, *acting, input, now),
        (Stage::Unlocking(release), Input::Done(Outcome::Answers { answers, .. })) => {
            run.unlocked(object, *release, answers, now)
        }
        (Stage::Drifting(drifting), Input::Done(outcome)) => run.drifting(object, *drifting, outcome, now),
        (Stage::Reconsidering(looking), Input::Done(outcome)) => run.reconsidering(object, *looking, outcome, now),
        (Stage::Closing(verdict), Input::Done(Outcome::Remembered(contested))) => run.closed(*verdict, &contested),
        (Stage::Closing(verdict), _) => (run, Command::Settle(*verdict)),
        (stage, input) => run.lost(object, &stage, &input, now),
    }
}

// Conditions and status.
impl Run {
    fn marks(&mut self, object: &HelmRelease, now: Timestamp) -> Marks<'_> {
        Marks::new(&mut self.status.conditions, object.metadata.generation.unwrap_or(0), now)
    }

    fn summarize(&mut self, object: &HelmRelease, now: Timestamp) {
        let digests = self.facts.digests.clone();
        report::summarize(object, &mut self.status, &digests, now);
    }

    /// Tells what goes on.
    fn working(&mut self, object: &HelmRelease, message: &str, now: Timestamp) {
        let mut marks = self.marks(object, now);
        marks.clear(sluice_api::conditions::STALLED);
        marks.set(RECONCILING, TRUE, reasons::PROGRESSING, message);
    }

    /// What an earlier pass has failed of no longer holds.
    fn forgive(&mut self, object: &HelmRelease, stale: &[&str], now: Timestamp) {
        let ready = find_condition(&self.status.conditions, READY);
        if ready.is_some_and(|ready| stale.contains(&ready.reason.as_str())) {
            self.marks(object, now).set(READY, UNKNOWN, reasons::PROGRESSING, "reconciliation in progress");
        }
    }

    fn notice(&mut self, type_: EventType, reason: &str, message: impl Into<String>) {
        self.notices.push(report::plain(type_, reason, message));
    }

    /// Notes an event about a revision.
    fn notice_of(&mut self, entry: &ReleaseSnapshot, type_: EventType, reason: &str, message: impl Into<String>) {
        self.notices.push(report::About::of(entry).notice(type_, reason, message));
    }

    fn report(&mut self) -> Report {
        let notices = std::mem::take(&mut self.notices);
        Report { status: serde_json::to_value(&self.status).unwrap_or_default(), notices }
    }

    fn latest_entry(&self) -> Option<ReleaseSnapshot> {
        history::latest(&self.status).cloned()
    }

    fn is_remote(&self) -> bool {
        matches!(self.who, Identity::Remote(_))
    }

    fn wanted(&self) -> Wanted<'_> {
        static NOTHING: std::sync::LazyLock<serde_json::Map<String, serde_json::Value>> =
            std::sync::LazyLock::new(serde_json::Map::new);
        Wanted {
            chart: self.chart.as_ref().map(Loaded::name).unwrap_or_default(),
            version: self.chart.as_ref().map(Loaded::version).unwrap_or_default(),
            values: self.facts.values.as_ref().map_or(&*NOTHING, |values| &values.json),
        }
    }

    /// Objects of the inventory carry our labels, so the common watch of their kind shows them.
    fn managed(&self) -> impl Fn(&ObjectId) -> bool + 'static {
        let ids: std::collections::BTreeSet<_> =
            facts::inventory(&self.status).into_iter().map(|entry| entry.id).collect();
        move |id| ids.contains(id)
    }

    fn requests(&self, requests: Vec<sluice_cluster::Request>, purpose: &'static str) -> Command<HelmReleases> {
        let concurrency = self.facts.policy.concurrent_ssa;
        Command::Do(Effect::Requests { who: self.who.clone(), requests, concurrency, purpose })
    }
}

fn trouble(reason: &str, message: impl Into<String>) -> Trouble {
    Trouble { reason: reason.into(), message: message.into() }
}

fn name_of(stage: &Stage) -> &'static str {
    match stage {
        Stage::Nowhere => "between stages",
        Stage::Templating(_) => "making the HelmChart",
        Stage::Loading => "loading the chart",
        Stage::Reading(_) => "reading revisions",
        Stage::Announcing(_) | Stage::Tracking(_) => "beginning",
        Stage::Rendering(_) => "rendering",
        Stage::Acting(_) => "acting",
        Stage::Unlocking(_) => "unlocking",
        Stage::Drifting(_) => "looking for drift",
        Stage::Reconsidering(_) => "looking at a failed release",
        Stage::Closing(_) => "closing",
    }
}
