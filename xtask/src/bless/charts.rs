//! The charts of `helm`, as Helm itself renders them.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context as _, ensure};
use sluice_e2e::tools::{self, Tool};

use super::{Golden, oracle::files};
use crate::programs::workspace;

const CASES: &str = "crates/helm/tests/charts";

/// Makes `golden.txt` of each case: what Helm prints on each command of `commands`.
pub(super) fn goldens() -> anyhow::Result<Vec<Golden>> {
    let helm = tools::path_blocking(Tool::Helm).context("have helm")?;
    files(CASES, "")?.into_iter().map(|case| golden(&helm, &case)).collect()
}

fn golden(helm: &Path, case: &Path) -> anyhow::Result<Golden> {
    let folder = fs::canonicalize(workspace().join(case)).with_context(|| format!("open {}", case.display()))?;
    let commands = folder.join("commands");
    let commands = fs::read_to_string(&commands).with_context(|| format!("read {}", commands.display()))?;
    let mut text = String::new();
    for line in commands.lines() {
        let mut command = Command::new(helm);
        command.args(line.split_whitespace()).current_dir(&folder).env_clear();
        let output = command.output().with_context(|| format!("start {}", helm.display()))?;
        ensure!(output.status.code().is_some(), "helm was cut short on {}: {}", case.display(), output.status);
        transcribe(&mut text, line, &output, &folder)?;
    }
    Ok(Golden { path: PathBuf::from(case).join("golden.txt"), made: Ok(text) })
}

/// As the test of the charts writes it.
fn transcribe(text: &mut String, line: &str, output: &Output, folder: &Path) -> anyhow::Result<()> {
    writeln!(text, "$ helm {line}")?;
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let printed = String::from_utf8_lossy(bytes).replace(&folder.to_string_lossy()[..], "CASE");
        if !printed.is_empty() {
            let end = if printed.ends_with('\n') { "" } else { "\n=== without a newline at the end\n" };
            write!(text, "=== {name}\n{printed}{end}")?;
        }
    }
    writeln!(text, "=== exit {}", output.status.code().unwrap_or_default())?;
    Ok(())
}
