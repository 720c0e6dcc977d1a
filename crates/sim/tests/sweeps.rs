//! Each scenario, with a crash after each effect. Other faults, pairs and seeds are played by `cargo xtask sim`.

use std::thread::available_parallelism;

use sluice_sim::{
    Fault, scenario,
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
