//! `cargo xtask sim`: the whole agent in simulation.

mod planted;

use std::thread::available_parallelism;

use anyhow::{Context as _, bail};
use clap::Args;
use sluice_sim::{
    FAULTS, Outcome, Plan, Scenario, scenario,
    sweep::{self, Failure, Summary},
};

/// What is simulated.
#[derive(Args)]
pub(crate) struct Options {
    /// Plays this scenario only.
    #[arg(long)]
    scenario: Option<String>,
    /// Replays one seed, and prints what happens.
    #[arg(long)]
    seed: Option<u64>,
    /// Plays this many seeds of each scenario.
    #[arg(long, default_value_t = 0)]
    seeds: u64,
    /// Plays this many pairs of faults of each scenario.
    #[arg(long, default_value_t = 0)]
    pairs: usize,
    /// Leaves out the sweep of each fault at each effect.
    #[arg(long)]
    no_singles: bool,
    /// Prints what happens where nothing fails.
    #[arg(long)]
    trace: bool,
    /// Plants mistakes in copies of the tree instead, each of which the sweep must find.
    #[arg(long)]
    planted: bool,
}

/// Simulates, and fails when something must not have been.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if options.planted {
        return planted::run();
    }
    let mut failed = 0;
    for scenario in chosen(options)? {
        let wanted = sweep::undisturbed(&scenario);
        if options.trace {
            print_trace(&sluice_sim::play(&scenario, &Plan::plain().traced()));
        }
        if let Some(seed) = options.seed {
            let outcome = sweep::check(&scenario, &Plan::seeded(seed).traced(), &wanted);
            print_trace(&outcome);
            failed += usize::from(!outcome.violations.is_empty());
            continue;
        }
        wanted.violations.iter().for_each(|violation| println!("{}: {violation}", scenario.name));
        let threads = available_parallelism().map_or(1, usize::from);
        let summary = sweep::sweep(&scenario, &wanted, plans(options, &wanted), threads);
        print_summary(&scenario, &wanted, &summary);
        failed += summary.failures.len() + wanted.violations.len();
    }
    if failed > 0 { bail!("{failed} runs failed") } else { Ok(()) }
}

fn chosen(options: &Options) -> anyhow::Result<Vec<Scenario>> {
    match &options.scenario {
        None => Ok(scenario::all()),
        Some(name) => Ok(vec![scenario::named(name).with_context(|| {
            let names: Vec<_> = scenario::all().iter().map(|scenario| scenario.name).collect();
            format!("find the scenario `{name}`; there are {}", names.join(", "))
        })?]),
    }
}

fn plans(options: &Options, wanted: &Outcome) -> Vec<Plan> {
    let singles = if options.no_singles { Vec::new() } else { sweep::singles(wanted, &FAULTS) };
    [singles, sweep::pairs(wanted, options.pairs), sweep::seeds(0..options.seeds)].concat()
}

fn print_summary(scenario: &Scenario, wanted: &Outcome, summary: &Summary) {
    let speed = summary.passes as f64 / summary.took.as_secs_f64();
    println!(
        "{:<16} {:>4} effects {:>6} runs {:>8} passes {:>6.1} s {speed:>7.0} passes/s {:>3} failed",
        scenario.name,
        wanted.effects,
        summary.runs,
        summary.passes,
        summary.took.as_secs_f64(),
        summary.failures.len()
    );
    if let Some(failure) = summary.failures.first() {
        print_failure(scenario, wanted, failure);
    }
    summary.failures.iter().skip(1).for_each(|failure| {
        println!("  {}: {}", failure.plan, failure.violations.first().map_or("", String::as_str));
    });
}

fn print_failure(scenario: &Scenario, wanted: &Outcome, failure: &Failure) {
    let (plan, outcome) = sweep::shrink(scenario, wanted, &failure.plan);
    println!("  {plan}");
    print_trace(&outcome);
}

fn print_trace(outcome: &Outcome) {
    outcome.trace.iter().for_each(|line| println!("  {line}"));
    outcome.violations.iter().for_each(|violation| println!("  ✗ {violation}"));
}
