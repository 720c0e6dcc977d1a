//! The workspace's programs, built by Cargo into the folder where the running one lies.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::process::{cargo, step};

/// Returns the workspace's folder.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Builds packages and returns the folder of their programs.
pub(crate) fn build(packages: &[&str], release: bool) -> anyhow::Result<PathBuf> {
    let mut arguments = vec!["build", "--locked", "--quiet"];
    arguments.extend(packages.iter().flat_map(|package| ["--package", package]));
    arguments.extend(release.then_some("--release"));
    step(&format!("cargo build {}", packages.join(" ")), cargo(&arguments))?;
    Ok(target()?.join(if release { "release" } else { "debug" }))
}

/// Returns Cargo's target folder: the running program is `<target>/<profile>/xtask`.
pub(crate) fn target() -> anyhow::Result<PathBuf> {
    let program = env::current_exe().context("find the running program")?;
    let folder = program.parent().and_then(Path::parent).context("find the target folder")?;
    Ok(folder.to_owned())
}
