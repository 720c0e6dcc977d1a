//! `cargo xtask test`: all tests, the tools that they need built before.

use std::time::Instant;

use anyhow::Context as _;
use sluice_e2e::tools::{self, Tool};

use crate::process::{cargo, require, step};

const TOOLS: [Tool; 8] = [
    Tool::Etcd,
    Tool::KubeApiserver,
    Tool::KubeControllerManager,
    Tool::KubeScheduler,
    Tool::Kubectl,
    Tool::Kwok,
    Tool::Helm,
    Tool::Kustomize,
];

/// Builds what is missing and runs the tests of the whole workspace.
pub(crate) fn run() -> anyhow::Result<()> {
    require("git", &["--version"], "install git; the tests serve repositories with its http-backend")?;
    require("go", &["version"], "install Go 1.26 or newer; the tests build Kubernetes from its modules")?;
    build_tools()?;
    // The agent that the scenarios start is the one of this tree.
    step("cargo build", cargo(&["build", "--locked", "--package", "sluice"]))?;
    step("cargo test", cargo(&["test", "--locked", "--workspace", "--no-fail-fast"]))
}

fn build_tools() -> anyhow::Result<()> {
    let started = Instant::now();
    for tool in TOOLS {
        tools::path_blocking(tool).with_context(|| format!("have {}", tool.name()))?;
    }
    eprintln!("── tools: {:.1?}", started.elapsed());
    Ok(())
}
