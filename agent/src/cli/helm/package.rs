//! `sluice helm package`

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use jiff::Timestamp;
use sluice_helm::{Chart, dependencies, is_version, pack};

use super::{
    chart::load,
    flags::{Downloads, Global},
    output::Output,
    values::cause,
};

/// Flags of `sluice helm package`.
#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(in crate::cli) struct Package {
    /// The folders of the charts.
    #[arg(value_name = "CHART_PATH")]
    charts: Vec<PathBuf>,
    /// The version that the chart gets.
    #[arg(long)]
    version: Option<String>,
    /// The version of the application that the chart gets.
    #[arg(long)]
    app_version: Option<String>,
    /// The folder for the archive.
    #[arg(long, short, default_value = ".", value_name = "DIR")]
    destination: PathBuf,
    /// Refused: charts are not fetched.
    #[arg(long, short = 'u', num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    dependency_update: bool,
    /// Refused: nothing is signed here.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    sign: bool,
    #[arg(long, hide = true)]
    key: Option<String>,
    #[arg(long, hide = true)]
    keyring: Option<String>,
    #[arg(long, hide = true)]
    passphrase_file: Option<String>,
    #[command(flatten)]
    downloads: Downloads,
    #[command(flatten)]
    global: Global,
}

impl Package {
    /// Writes an archive for each chart.
    ///
    /// # Errors
    /// When a folder is no chart, lacks dependencies, or the archive cannot be written.
    pub(super) fn run(&self, output: &mut Output) -> anyhow::Result<()> {
        if self.charts.is_empty() {
            bail!("need at least one argument, the path to the chart");
        }
        if self.sign {
            bail!("charts are not signed with --sign; hint: sign the archive");
        }
        if self.dependency_update {
            bail!("dependencies are not fetched with --dependency-update; hint: put them into charts/ before");
        }
        for path in &self.charts {
            let archive = self.package(path, output)?;
            output.line(format_args!("Successfully packaged chart and saved it to: {}", archive.display()));
        }
        Ok(())
    }

    fn package(&self, path: &Path, output: &mut Output) -> anyhow::Result<PathBuf> {
        let folder = fs::canonicalize(path).map_err(|error| anyhow!("stat {}: {}", path.display(), cause(&error)))?;
        let mut chart = load(&folder, output)?;
        if let Some(version) = self.version.as_ref().filter(|version| !version.is_empty()) {
            chart.metadata.version.clone_from(version);
        }
        if !is_version(&chart.metadata.version) {
            bail!("invalid semantic version");
        }
        if let Some(version) = self.app_version.as_ref().filter(|version| !version.is_empty()) {
            chart.metadata.app_version.clone_from(version);
        }
        dependencies::check(&chart)?;
        let destination = match self.destination == Path::new(".") {
            true => env::current_dir().context("find the working directory")?,
            false => self.destination.clone(),
        };
        save(&chart, &destination)
    }
}

/// Writes the archive of a chart into a folder, and returns its path.
///
/// # Errors
/// When it cannot be written.
pub(super) fn save(chart: &Chart, folder: &Path) -> anyhow::Result<PathBuf> {
    let archive = folder.join(format!("{}-{}.tgz", chart.name(), chart.metadata.version));
    let failed = || format!("failed to save: write `{}`", archive.display());
    fs::create_dir_all(folder).with_context(failed)?;
    fs::write(&archive, pack(chart, Timestamp::now()).with_context(failed)?).with_context(failed)?;
    Ok(archive)
}
