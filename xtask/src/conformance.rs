//! `cargo xtask conformance`: our programs against the real ones, on inputs that nobody chose to suit us.

mod cases;
pub(crate) mod helm;
mod kustomize;
mod run;
mod verdict;

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to compare.
#[derive(Subcommand)]
pub(crate) enum Conformance {
    /// Compares `sluice kustomize build` with `kustomize build`.
    Kustomize(Options),
    /// Compares releases that our engine makes of charts with those of Helm's.
    Helm(helm::Options),
}

/// Where the inputs are; without any, the golden cases of the engine.
#[derive(Args)]
pub(crate) struct Options {
    /// A folder of cases: `NAME/input/`, with the directory to build and flags in `NAME/case.json` or `NAME/target`.
    #[arg(long, value_name = "DIR", conflicts_with = "trees")]
    cases: Option<PathBuf>,
    /// A folder in which every kustomization is built.
    #[arg(long, value_name = "DIR")]
    trees: Option<PathBuf>,
    /// How many differences are shown.
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    shown: usize,
}

/// Compares, prints what was found, and fails if anything differs.
pub(crate) fn run(what: &Conformance) -> anyhow::Result<()> {
    match what {
        Conformance::Kustomize(options) => kustomize::run(options),
        Conformance::Helm(options) => helm::run(options),
    }
}
