//! `cargo xtask fuzz`: random inputs for us and for the real thing.

use std::{os::unix::process::CommandExt as _, process::Command};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use sluice_e2e::tools::{self, Tool};

use crate::{
    process::{cargo, step},
    programs,
};

/// What to fuzz.
#[derive(Subcommand)]
pub(crate) enum Fuzz {
    /// Compares what YAML means here and in Go, and how it is written.
    Yaml(Options),
}

/// How much.
#[derive(Args)]
pub(crate) struct Options {
    /// How many documents.
    #[arg(long, value_name = "NUMBER", default_value_t = 100_000)]
    documents: u64,
    /// The same seed makes the same documents.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

/// Becomes the fuzzer; returns only when it cannot be run.
pub(crate) fn run(what: &Fuzz) -> anyhow::Result<()> {
    let Fuzz::Yaml(options) = what;
    let oracle = tools::path_blocking(Tool::YamlOracle).context("have the YAML oracle")?;
    let build = ["build", "--locked", "--quiet", "--release", "--package", "sluice-yaml", "--example", "fuzz"];
    step("cargo build sluice-yaml", cargo(&build))?;
    let mut fuzzer = Command::new(programs::target()?.join("release/examples/fuzz"));
    fuzzer.arg(oracle).args([options.documents.to_string(), options.seed.to_string()]);
    Err(fuzzer.exec()).context("run the fuzzer")
}
