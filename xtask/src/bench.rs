//! `cargo xtask bench`: builds the agent and the benches in release mode, and becomes the benches.

mod helm;

use std::{
    env,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use sluice_e2e::{
    machine,
    tools::{self, Tool},
};

use crate::{
    process::{cargo, step},
    programs,
};

/// What is said of measurements on a cluster.
const CLUSTER: [&str; 3] = ["count", "helm_releases", "definitions"];

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Replace the table in README.md.
    #[arg(long)]
    write: bool,
    /// How many Kustomizations, or HelmReleases.
    #[arg(long, default_value_t = 100)]
    count: usize,
    /// Measures HelmReleases instead.
    #[arg(long)]
    helm_releases: bool,
    /// How many definitions of 129 KiB there are that nobody uses.
    #[arg(long, default_value_t = 0)]
    definitions: usize,
    /// Measures builds instead, against kustomize; needs no cluster.
    #[arg(long, conflicts_with_all = CLUSTER)]
    kustomize: bool,
    /// Measures charts instead, against Helm; needs no cluster.
    #[arg(long, conflicts_with_all = CLUSTER, conflicts_with = "kustomize", requires = "charts")]
    helm: bool,
    /// A folder in which every chart is rendered with its defaults.
    #[arg(long, value_name = "DIR", requires = "helm")]
    charts: Option<PathBuf>,
}

/// Runs the benches; returns only when they cannot be run.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if options.kustomize {
        return builds(options.write);
    }
    if let Some(charts) = &options.charts {
        return renders(charts, options.write);
    }
    let folder = programs::build(&["sluice", "sluice-benches"], true)?;
    let mut benches = Command::new(folder.join("sluice-benches"));
    benches.arg(format!("--count={}", options.count)).arg(format!("--definitions={}", options.definitions));
    benches.args(options.helm_releases.then_some("--helm-releases")).args(options.write.then_some("--write"));
    benches.env("SLUICE_BIN", folder.join("sluice"));
    Err(benches.exec()).context("run the benches")
}

/// Renders in this process too, so this program has to be fast itself.
fn renders(charts: &Path, write: bool) -> anyhow::Result<()> {
    let folder = programs::build(&["sluice", "xtask"], true)?;
    if cfg!(debug_assertions) {
        return Err(Command::new(folder.join("xtask")).args(env::args_os().skip(1)).exec()).context("run the benches");
    }
    helm::run(&folder.join("sluice"), charts, write)
}

fn builds(write: bool) -> anyhow::Result<()> {
    let kustomize = tools::path_blocking(Tool::Kustomize).context("have kustomize")?;
    let folder = programs::build(&["sluice"], true)?;
    let example = ["build", "--locked", "--quiet", "--release", "--package", "sluice-kustomize", "--example", "speed"];
    step("cargo build sluice-kustomize", cargo(&example))?;
    let machine = machine::describe();
    let mut speed = Command::new(folder.join("examples/speed"));
    let output = speed.arg(kustomize).arg(folder.join("sluice")).stderr(Stdio::inherit()).output();
    let output = output.context("run the builds")?;
    ensure!(output.status.success(), "the builds failed: {}", output.status);
    let rows = String::from_utf8_lossy(&output.stdout);
    let table = format!("{rows}\n`cargo xtask bench --kustomize`, the best of five, {machine}.\n");
    print!("{table}");
    if write { machine::write_table("kustomize", &table).context("write the table") } else { Ok(()) }
}
