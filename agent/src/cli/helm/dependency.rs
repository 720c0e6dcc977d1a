//! `sluice helm dependency build`, for charts that are all on this disk.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use sluice_helm::{
    Chart,
    chart::{Dependency as Wanted, Generated, Lock},
    is_compatible,
};

use super::{
    chart::load,
    flags::{Downloads, Global},
    output::Output,
    package::save,
    values::cause,
};

/// What before the path says that a chart is on this disk.
const LOCAL: &str = "file://";

/// Commands about dependencies.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Dependency {
    /// Puts the charts that a chart needs, of `file://` repositories, into its `charts/`.
    Build(Build),
}

/// Flags of `sluice helm dependency build`.
#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(in crate::cli) struct Build {
    /// The folder of the chart.
    #[arg(default_value = ".", value_name = "CHART")]
    chart: PathBuf,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    skip_refresh: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    verify: Option<bool>,
    #[arg(long, hide = true)]
    keyring: Option<String>,
    #[command(flatten)]
    downloads: Downloads,
    #[command(flatten)]
    global: Global,
}

impl Dependency {
    /// Does what the command line says.
    ///
    /// # Errors
    /// When a chart is not there, of another version, or would have to be fetched.
    pub(super) fn run(&self, output: &mut Output) -> anyhow::Result<()> {
        let Self::Build(command) = self;
        command.run(output)
    }
}

impl Build {
    fn run(&self, output: &mut Output) -> anyhow::Result<()> {
        let shown = self.chart.display();
        match fs::metadata(&self.chart) {
            Err(error) => bail!("could not find {shown}: stat {shown}: {}", cause(&error)),
            Ok(found) if !found.is_dir() => bail!("only unpacked charts can be updated"),
            Ok(_) => {}
        }
        let chart = load(&self.chart, output)?;
        let wanted: Vec<_> = chart.metadata.dependencies().collect();
        if wanted.is_empty() {
            return Ok(());
        }
        refuse_remote(&wanted)?;
        match &chart.lock {
            Some(lock) => self.by_lock(&chart, &wanted, lock, output),
            None => self.anew(&chart, &wanted, output),
        }
    }

    fn by_lock(&self, chart: &Chart, wanted: &[&Wanted], lock: &Lock, output: &mut Output) -> anyhow::Result<()> {
        let found: Vec<_> = lock.dependencies.iter().flatten().collect();
        if Lock::digest(wanted, &found) != lock.digest {
            bail!("{}", out_of_sync(chart));
        }
        self.fill(&found, output)
    }

    fn anew(&self, chart: &Chart, wanted: &[&Wanted], output: &mut Output) -> anyhow::Result<()> {
        let found: Vec<Wanted> =
            wanted.iter().map(|wanted| self.resolved(wanted, output)).collect::<anyhow::Result<_>>()?;
        self.fill(&found.iter().collect::<Vec<_>>(), output)?;
        let digest = Lock::digest(wanted, &found.iter().collect::<Vec<_>>());
        let dependencies = found.into_iter().map(Some).collect();
        let lock = Lock { generated: Generated::at(Timestamp::now()), digest, dependencies };
        let file = self.chart.join(if chart.metadata.api_version == "v1" { "requirements.lock" } else { "Chart.lock" });
        if file.is_symlink() {
            bail!("`{}` is a link; hint: remove it", file.display());
        }
        fs::write(&file, lock.to_yaml()).with_context(|| format!("write `{}`", file.display()))
    }

    /// Returns a dependency with the version that is there.
    fn resolved(&self, wanted: &Wanted, output: &mut Output) -> anyhow::Result<Wanted> {
        let version = match wanted.repository.is_empty() {
            true => wanted.version.clone(),
            false => load(&self.local(wanted)?, output)?.metadata.version,
        };
        let Wanted { name, repository, .. } = wanted.clone();
        Ok(Wanted { name, repository, version, ..Wanted::default() })
    }

    /// Writes the archives of all, then takes away those of before.
    fn fill(&self, found: &[&Wanted], output: &mut Output) -> anyhow::Result<()> {
        let charts = self.chart.join("charts");
        fs::create_dir_all(&charts).with_context(|| format!("make `{}`", charts.display()))?;
        output.line(format_args!("Saving {} charts", found.len()));
        let mut packed = Vec::new();
        for wanted in found {
            match self.fitting(wanted, &charts, output) {
                Ok(chart) => packed.extend(chart),
                Err(error) => {
                    output.line(format_args!("Save error occurred:  {error}"));
                    return Err(error);
                }
            }
        }
        let kept: BTreeSet<_> = packed.iter().map(|chart| save(chart, &charts)).collect::<anyhow::Result<_>>()?;
        output.line("Deleting outdated charts");
        let local = found.iter().filter(|wanted| wanted.repository.is_empty());
        self.clear(&charts, &kept, &local.map(|wanted| wanted.name.as_str()).collect(), output)
    }

    /// Returns the chart that is to be packed; none where it lies in `charts/` already.
    fn fitting(&self, wanted: &Wanted, charts: &Path, output: &mut Output) -> anyhow::Result<Option<Chart>> {
        let Wanted { name, version, .. } = wanted;
        if wanted.repository.is_empty() {
            const ASSUMED: &str = "did not declare a repository. Assuming it exists in the charts directory";
            output.line(format_args!("Dependency {name} {ASSUMED}"));
            let there = load(&charts.join(name), output)?.metadata.version;
            if !is_compatible(version, &there) {
                bail!("dependency {name} at version {there} does not satisfy the constraint {version}");
            }
            return Ok(None);
        }
        let chart = load(&self.local(wanted)?, output)?;
        if !is_compatible(version, &chart.metadata.version) {
            bail!("can't get a valid version for dependency {name}");
        }
        Ok(Some(chart))
    }

    fn local(&self, wanted: &Wanted) -> anyhow::Result<PathBuf> {
        let path = wanted.repository.strip_prefix(LOCAL).unwrap_or(&wanted.repository);
        let path = self.chart.join(path);
        if path.exists() { Ok(path) } else { Err(anyhow!("directory {} not found", clean(&path).display())) }
    }

    fn clear(
        &self,
        charts: &Path,
        kept: &BTreeSet<PathBuf>,
        local: &BTreeSet<&str>,
        output: &mut Output,
    ) -> anyhow::Result<()> {
        for entry in fs::read_dir(charts).with_context(|| format!("list `{}`", charts.display()))? {
            let path = entry?.path();
            if path.is_dir() || kept.contains(&path) {
                continue;
            }
            match load(&path, output) {
                Err(error) => {
                    output.line(format_args!("Could not verify {} for deletion: {error} (Skipping)", path.display()));
                }
                Ok(chart) if local.contains(chart.name()) => {}
                Ok(_) => fs::remove_file(&path).with_context(|| format!("delete `{}`", path.display()))?,
            }
        }
        Ok(())
    }
}

fn refuse_remote(wanted: &[&Wanted]) -> anyhow::Result<()> {
    let is_remote = |wanted: &&&Wanted| !wanted.repository.is_empty() && !wanted.repository.starts_with(LOCAL);
    match wanted.iter().find(is_remote) {
        Some(Wanted { name, repository, .. }) => {
            bail!("`{name}` is not fetched from `{repository}`; hint: put its archive into charts/")
        }
        None => Ok(()),
    }
}

fn out_of_sync(chart: &Chart) -> &'static str {
    match chart.metadata.api_version.as_str() {
        "v1" => {
            "the lock file (requirements.lock) is out of sync with the dependencies file (requirements.yaml). \
             Please update the dependencies"
        }
        _ => {
            "the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml). \
             Please update the dependencies with 'helm dependency update'"
        }
    }
}

/// Resolves `..` by text alone, as Go joins paths.
fn clean(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut cleaned = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(cleaned.components().next_back(), Some(Component::Normal(_))) => {
                cleaned.pop();
            }
            other => cleaned.push(other),
        }
    }
    cleaned
}
