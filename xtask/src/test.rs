//! `cargo xtask test`: all tests, the tools that they need built before.

use std::time::Instant;

use anyhow::Context as _;
use sluice_e2e::tools::{self, Tool};

use crate::process::{cargo, require, step};

const TOOLS: [Tool; 9] = [
    Tool::Etcd,
    Tool::KubeApiserver,
    Tool::KubeControllerManager,
    Tool::KubeScheduler,
    Tool::Kubectl,
    Tool::Kwok,
    Tool::Helm,
    Tool::Helm3,
    Tool::Kustomize,
];

const GO_HINT: &str = "install Go 1.26 or newer: the tests build Kubernetes from its modules; \
                       or set KUBECONFIG to a cluster that they may use";

/// Builds what is missing and runs the tests of the whole workspace.
pub(crate) fn run() -> anyhow::Result<()> {
    require("git", &["--version"], "install git; the tests serve repositories with its http-backend")?;
    // With a cluster of the user's, nothing has to be built for one.
    if std::env::var_os("KUBECONFIG").is_none() {
        require("go", &["version"], GO_HINT)?;
        build_tools()?;
    }
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
