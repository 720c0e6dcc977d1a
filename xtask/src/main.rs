//! Developer tasks; `cargo xtask help` lists them.

mod bench;
mod bless;
mod check;
mod conformance;
mod crds;
mod demo;
mod diff;
mod fuzz;
mod process;
mod programs;
mod sim;
mod test;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Developer tasks")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measures Sluice against the cluster floor.
    Bench(bench::Options),
    /// Writes the golden files with the real tools.
    Bless {
        /// Writes nothing, and fails if something would be written.
        #[arg(long)]
        check: bool,
    },
    /// Checks format, lints, each crate on its own, and dependencies.
    Check,
    /// Compares our programs with the real ones.
    #[command(subcommand)]
    Conformance(conformance::Conformance),
    /// Writes the chart's CRDs from the types.
    Crds {
        /// Writes nothing, and fails if something would be written.
        #[arg(long)]
        check: bool,
    },
    /// Shows what Sluice does, on a control plane that it starts.
    Demo(demo::Options),
    /// Gives random inputs to our code and to the real thing.
    #[command(subcommand)]
    Fuzz(fuzz::Fuzz),
    /// Plays the whole agent in simulation, with faults.
    Sim(sim::Options),
    /// Runs all tests; those that need a cluster start one.
    Test,
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Bench(options) => bench::run(&options),
        Task::Bless { check } => bless::run(check),
        Task::Check => check::run(),
        Task::Conformance(what) => conformance::run(&what),
        Task::Crds { check } => crds::run(check),
        Task::Demo(options) => demo::run(&options),
        Task::Fuzz(what) => fuzz::run(&what),
        Task::Sim(options) => sim::run(&options),
        Task::Test => test::run(),
    }
}
