//! Many runs of a scenario: each fault at each effect, pairs of them, seeds.

use std::{
    ops::Range,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use crate::{
    chance::Chance,
    clock::lock,
    fault::{FAULTS, Fault},
    plan::Plan,
    play::{Outcome, play},
    scenario::Scenario,
    state,
};

/// After so many failures of a scenario nobody reads on.
const MOST_FAILURES: usize = 20;

/// A run that must not have gone as it did.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What decided it; the faults are given.
    pub plan: Plan,
    /// What must not be.
    pub violations: Vec<String>,
}

/// What came of many runs.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// How many there were.
    pub runs: usize,
    /// Their effects.
    pub effects: usize,
    /// Their passes.
    pub passes: usize,
    /// How long they took.
    pub took: Duration,
    /// Those that failed, the first ones.
    pub failures: Vec<Failure>,
}

/// Plays a scenario in turn and without faults: what comes of it is what must come of all other runs.
pub fn undisturbed(scenario: &Scenario) -> Outcome {
    play(scenario, &Plan::plain())
}

/// Plays a scenario; what must not be is also what differs from the undisturbed run in the end.
pub fn check(scenario: &Scenario, plan: &Plan, wanted: &Outcome) -> Outcome {
    let mut outcome = play(scenario, plan);
    outcome.violations.extend(state::differences(&outcome.state, &wanted.state));
    outcome
}

/// Returns each of these faults at each effect.
pub fn singles(wanted: &Outcome, faults: &[Fault]) -> Vec<Plan> {
    let each = |effect: usize| faults.iter().map(move |fault| Plan::with([(effect, *fault)].into()));
    (0..wanted.effects).flat_map(each).collect()
}

/// Returns so many pairs of faults; the second one comes soon after the first, or any time.
pub fn pairs(wanted: &Outcome, count: usize) -> Vec<Plan> {
    let mut chance = Chance::new(wanted.effects as u64);
    let mut fault = |from: usize, bound: usize| (from + chance.below(bound), FAULTS[chance.below(FAULTS.len())]);
    let pair = |index: usize| {
        let first = fault(0, wanted.effects);
        let reach = if index.is_multiple_of(2) { 12 } else { wanted.effects };
        Plan::with([first, fault(first.0 + 1, reach)].into())
    };
    (0..count).map(pair).collect()
}

/// Returns a run for each seed.
pub fn seeds(seeds: Range<u64>) -> Vec<Plan> {
    seeds.map(Plan::seeded).collect()
}

/// Plays all plans on so many threads.
pub fn sweep(scenario: &Scenario, wanted: &Outcome, plans: Vec<Plan>, threads: usize) -> Summary {
    let (begun, plans, summary) = (Instant::now(), Mutex::new(plans.into_iter()), Mutex::new(Summary::default()));
    let work = || {
        while let Some(plan) = next(&plans, &summary) {
            let outcome = check(scenario, &plan, wanted);
            note(&mut lock(&summary), &plan, outcome);
        }
    };
    thread::scope(|scope| (0..threads.max(1)).for_each(|_| drop(scope.spawn(work))));
    let summary = lock(&summary).clone();
    Summary { took: begun.elapsed(), ..summary }
}

fn next(plans: &Mutex<impl Iterator<Item = Plan>>, summary: &Mutex<Summary>) -> Option<Plan> {
    if lock(summary).failures.len() >= MOST_FAILURES {
        return None;
    }
    lock(plans).next()
}

fn note(summary: &mut Summary, plan: &Plan, outcome: Outcome) {
    summary.runs += 1;
    summary.effects += outcome.effects;
    summary.passes += outcome.passes;
    if !outcome.violations.is_empty() {
        summary.failures.push(Failure { plan: plan.but(outcome.faults), violations: outcome.violations });
    }
}

/// Drops faults from a failing plan while it still fails, and returns the run with its trace.
pub fn shrink(scenario: &Scenario, wanted: &Outcome, plan: &Plan) -> (Plan, Outcome) {
    let mut plan = plan.clone();
    for effect in plan.effects() {
        let fewer = plan.without(effect);
        if !check(scenario, &fewer, wanted).violations.is_empty() {
            plan = fewer;
        }
    }
    let outcome = check(scenario, &plan.clone().traced(), wanted);
    (plan, outcome)
}
