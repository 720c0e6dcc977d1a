//! `sluice helm lint`

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{anyhow, bail};
use clap::Args;
use sluice_helm::{
    Capabilities, File, Limits, Notice,
    lint::{Message, Options, Severity, lint},
    render::Execution,
    top::Schemas,
};
use sluice_template::Map;

use super::{
    chart::{archived, read_folder},
    flags::{Global, capabilities},
    output::Output,
    template::execution,
    values::{Values, cause},
    world::Offline,
};

/// Flags of `sluice helm lint`.
#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(in crate::cli) struct Lint {
    /// The folders or archives of the charts.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The version of Kubernetes.
    #[arg(long, value_name = "VERSION")]
    kube_version: Option<String>,
    /// Prints only warnings and errors.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    quiet: bool,
    /// Fails on warnings too.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    strict: bool,
    /// Does not check values against schemas.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    skip_schema_validation: bool,
    /// Renders native templates (`*.j2`) of charts that say they have them.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    native_templates: bool,
    /// Looks at the charts in `charts/` too.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    with_subcharts: bool,
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    global: Global,
}

/// What was found in a chart, or why nobody could look.
type Found = Result<Vec<Message>, String>;

impl Lint {
    /// Looks at charts, and prints what was found.
    ///
    /// # Errors
    /// When a chart has errors.
    pub(super) fn run(&self, output: &mut Output) -> anyhow::Result<()> {
        if self.paths.is_empty() {
            bail!("\"helm lint\" requires at least 1 argument\n\nUsage:  helm lint PATH [flags]");
        }
        let capabilities = capabilities(self.kube_version.as_deref(), &[])?;
        let values = self.values.read()?;
        let paths = self.all()?;
        let (mut failed, mut told) = (0, false);
        for path in &paths {
            let found = self.look(path, &values, &capabilities, output);
            failed += usize::from(self.fails(&found));
            let unusual = found.as_ref().map_or(true, |found| found.iter().any(is_unusual));
            told |= unusual;
            if unusual || !self.quiet {
                output.print(&self.described(path, &found));
            }
        }
        let summary = format!("{} chart(s) linted, {failed} chart(s) failed", paths.len());
        match failed {
            0 if told || !self.quiet => output.line(summary),
            0 => {}
            _ => bail!("{summary}"),
        }
        Ok(())
    }

    fn fails(&self, found: &Found) -> bool {
        let worst = if self.strict { Severity::Warning } else { Severity::Error };
        found.as_ref().map_or(true, |found| found.iter().any(|message| message.severity >= worst))
    }

    fn described(&self, path: &Path, found: &Found) -> String {
        let mut text = format!("==> Linting {}\n", path.display());
        match found {
            Err(error) => writeln!(text, "Error {error}").expect("invariant: writing to a String cannot fail"),
            Ok(found) => {
                for message in found.iter().filter(|message| !self.quiet || is_unusual(message)) {
                    writeln!(text, "{message}").expect("invariant: writing to a String cannot fail");
                }
            }
        }
        text + "\n"
    }

    fn look(&self, path: &Path, values: &Map, capabilities: &Capabilities, output: &mut Output) -> Found {
        let files = files(path, output).map_err(|error| error.to_string())?;
        let documents = Default::default();
        let folder = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let options = Options {
            namespace: &self.global.namespace(),
            capabilities,
            schemas: if self.skip_schema_validation { Schemas::Skipped } else { Schemas::Checked(&documents) },
            execution: &Execution { native: self.native_templates, ..execution(true) },
            folder: &folder.to_string_lossy(),
        };
        let mut notices: Vec<Notice> = Vec::new();
        let found = lint(files, values, &options, Box::new(Offline::new()), &mut notices);
        output.log(&notices);
        Ok(found)
    }

    /// Returns the charts, and those in them where that is wanted.
    fn all(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut paths = self.paths.clone();
        if self.with_subcharts {
            for path in &self.paths {
                below(&path.join("charts"), &mut paths)?;
            }
        }
        Ok(paths)
    }
}

fn is_unusual(message: &Message) -> bool {
    message.severity > Severity::Info
}

fn below(folder: &Path, charts: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        let name = path.to_string_lossy().into_owned();
        match path.is_dir() && !path.is_symlink() {
            true => below(&path, charts)?,
            false if path.ends_with("Chart.yaml") => charts.push(folder.to_owned()),
            false if name.ends_with(".tgz") || name.ends_with(".tar.gz") => charts.push(path),
            false => {}
        }
    }
    Ok(())
}

/// Reads the files of a chart, whether or not they are one.
fn files(path: &Path, output: &mut Output) -> anyhow::Result<Vec<File>> {
    if path.to_string_lossy().ends_with(".tgz") || path.to_string_lossy().ends_with(".tar.gz") {
        return archived(path);
    }
    let definition = path.join("Chart.yaml");
    fs::metadata(&definition).map_err(|error| {
        anyhow!("unable to check Chart.yaml file in chart: stat {}: {}", definition.display(), cause(&error))
    })?;
    read_folder(path, &Limits::default(), output)
}
