//! Running a build.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};

use super::cases::Case;

/// What a build printed, and how long it took.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Outcome {
    pub(super) succeeded: bool,
    pub(super) printed: String,
    pub(super) said: String,
    pub(super) took: Duration,
}

/// What it takes to fetch bases: the `git` that kustomize starts, and the way out.
const KEPT: [&str; 6] = ["PATH", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Builds a case. The rest of the environment is no part of it.
pub(super) fn build(program: &Path, before: &[&str], case: &Case) -> anyhow::Result<Outcome> {
    let mut command = Command::new(program);
    command.args(before).arg("build").arg(&case.directory).args(&case.flags).env_clear().stdin(Stdio::null());
    command.envs(KEPT.iter().filter_map(|name| Some((name, env::var_os(name)?)))).env("GIT_TERMINAL_PROMPT", "0");
    let started = Instant::now();
    let output = command.output().with_context(|| format!("start {}", program.display()))?;
    // A program that has crashed has not refused.
    let crashed = !matches!(output.status.code(), Some(0 | 1));
    ensure!(!crashed, "{} has crashed on {}: {}", program.display(), case.directory.display(), output.status);
    Ok(Outcome {
        succeeded: output.status.success(),
        printed: String::from_utf8_lossy(&output.stdout).into_owned(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
        took: started.elapsed(),
    })
}
