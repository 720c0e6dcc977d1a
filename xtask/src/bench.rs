//! `cargo xtask bench`: builds the agent and the benches in release mode, and becomes the benches.

use std::{os::unix::process::CommandExt as _, process::Command};

use anyhow::Context as _;
use sluice_e2e::tools::{self, Tool};

use crate::{
    process::{cargo, step},
    programs,
};

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Replace the table in README.md.
    #[arg(long)]
    write: bool,
    /// How many Kustomizations.
    #[arg(long, default_value_t = 100)]
    count: usize,
    /// Measures builds instead, against kustomize; needs no cluster.
    #[arg(long, conflicts_with = "write")]
    kustomize: bool,
}

/// Runs the benches; returns only when they cannot be run.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if options.kustomize {
        return builds();
    }
    let folder = programs::build(&["sluice", "sluice-benches"], true)?;
    let mut benches = Command::new(folder.join("sluice-benches"));
    benches.arg(format!("--count={}", options.count)).env("SLUICE_BIN", folder.join("sluice"));
    if options.write {
        benches.arg("--write");
    }
    Err(benches.exec()).context("run the benches")
}

fn builds() -> anyhow::Result<()> {
    let kustomize = tools::path_blocking(Tool::Kustomize).context("have kustomize")?;
    let folder = programs::build(&["sluice"], true)?;
    let example = ["build", "--locked", "--quiet", "--release", "--package", "sluice-kustomize", "--example", "speed"];
    step("cargo build sluice-kustomize", cargo(&example))?;
    let mut speed = Command::new(folder.join("examples/speed"));
    Err(speed.arg(kustomize).arg(folder.join("sluice")).exec()).context("run the builds")
}
