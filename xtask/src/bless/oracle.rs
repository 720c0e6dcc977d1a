//! Asking a real tool.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use sluice_e2e::tools::{self, Tool};

use super::Golden;
use crate::programs::workspace;

/// A real tool that is asked what it makes of a case.
pub(super) struct Oracle {
    program: PathBuf,
}

/// What the tool has printed, or what it has said when it refused.
pub(super) type Answer = Result<String, String>;

impl Oracle {
    /// Returns a tool, built before if need be.
    pub(super) fn of(tool: Tool) -> anyhow::Result<Self> {
        let program = tools::path_blocking(tool).with_context(|| format!("have {}", tool.name()))?;
        Ok(Self { program })
    }

    /// Runs the tool in a folder of the workspace, without the environment: that is no part of a case.
    pub(super) fn build(&self, folder: &Path, arguments: &[&str]) -> anyhow::Result<Answer> {
        self.answer(
            Command::new(&self.program).current_dir(workspace().join(folder)).args(arguments).stdin(Stdio::null()),
        )
    }

    /// Makes the golden file at `path` from a file that the tool reads.
    pub(super) fn golden(&self, path: PathBuf, arguments: &[&str], input: &Path) -> anyhow::Result<Golden> {
        let file = File::open(workspace().join(input)).with_context(|| format!("open {}", input.display()))?;
        let made = self.answer(Command::new(&self.program).args(arguments).stdin(file))?;
        Ok(Golden { path, made })
    }

    fn answer(&self, command: &mut Command) -> anyhow::Result<Answer> {
        let program = self.program.display();
        let output = command.env_clear().output().with_context(|| format!("start {program}"))?;
        ensure!(output.status.code().is_some(), "{program} was cut short: {}", output.status);
        if !output.status.success() {
            // A refusal may quote what it refuses.
            return Ok(Err(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let text = String::from_utf8(output.stdout).with_context(|| format!("read the answer of {program}"))?;
        Ok(Ok(text))
    }
}

/// Returns the paths in a folder of the workspace whose names end so, sorted; none is an error.
pub(super) fn files(folder: &str, end: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(workspace().join(folder)).with_context(|| format!("list {folder}"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(end) {
            found.push(Path::new(folder).join(name));
        }
    }
    ensure!(!found.is_empty(), "no case in {folder}");
    found.sort();
    Ok(found)
}

/// Returns the path beside another, with another end.
pub(super) fn beside(path: &Path, end: &str, other: &str) -> PathBuf {
    let name = path.to_string_lossy();
    PathBuf::from(format!("{}{other}", name.strip_suffix(end).unwrap_or(&name)))
}
