//! Each scenario, with a crash after each effect. Other faults, pairs and seeds are played by `cargo xtask sim`.

use std::thread::available_parallelism;

use sluice_sim::{
    Fault, Plan, play, scenario,
    sweep::{self, Summary},
};

fn threads() -> usize {
    available_parallelism().map_or(1, usize::from)
}

#[track_caller]
fn assert_fine(summary: &Summary) {
    let shown: Vec<_> =
        summary.failures.iter().map(|failure| format!("{}: {:#?}", failure.plan, failure.violations)).collect();
    assert!(shown.is_empty(), "{} of {} runs failed:\n{}", shown.len(), summary.runs, shown.join("\n"));
}

#[test]
fn nothing_goes_wrong_where_nothing_fails() {
    let found: Vec<_> = scenario::all()
        .iter()
        .flat_map(|scenario| {
            let outcome = sweep::undisturbed(scenario);
            outcome.violations.into_iter().map(|violation| format!("{}: {violation}", scenario.name))
        })
        .collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_crash_after_any_effect_is_borne() {
    for scenario in scenario::all() {
        let wanted = sweep::undisturbed(&scenario);
        assert_fine(&sweep::sweep(&scenario, &wanted, sweep::singles(&wanted, &[Fault::DiesAfter]), threads()));
    }
}

/// Chance comes from the seed alone: a run that is played again is the same to the last request.
#[test]
fn a_seed_replays() {
    for scenario in scenario::all() {
        for seed in [1, 2] {
            let run = || play(&scenario, &Plan::seeded(seed).traced()).trace;
            let (first, again) = (run(), run());
            let differs = first.iter().zip(&again).find(|(first, again)| first != again);
            assert!(differs.is_none() && first.len() == again.len(), "{} {seed}: {differs:#?}", scenario.name);
        }
    }
}
