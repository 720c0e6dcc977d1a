//! `cargo xtask bench`: builds the agent and the benches in release mode, and becomes the benches.

use std::{os::unix::process::CommandExt as _, process::Command};

use anyhow::Context as _;

use crate::programs;

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Replace the table in README.md.
    #[arg(long)]
    write: bool,
    /// How many Kustomizations.
    #[arg(long, default_value_t = 100)]
    count: usize,
}

/// Runs the benches; returns only when they cannot be run.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let folder = programs::build(&["sluice", "sluice-benches"], true)?;
    let mut benches = Command::new(folder.join("sluice-benches"));
    benches.arg(format!("--count={}", options.count)).env("SLUICE_BIN", folder.join("sluice"));
    if options.write {
        benches.arg("--write");
    }
    Err(benches.exec()).context("run the benches")
}
