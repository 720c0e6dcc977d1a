//! Finding charts, and values to render them with.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use serde::Serialize;

/// A chart that is rendered, as the oracle reads it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Job {
    /// What people call it.
    #[serde(skip)]
    pub(crate) label: String,
    pub(crate) chart: PathBuf,
    pub(crate) name: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) values: Vec<PathBuf>,
    pub(crate) kube_version: String,
    pub(crate) stubs: bool,
    /// How often the oracle renders it: the time is that of the fastest.
    pub(crate) runs: usize,
}

/// Returns a job for each chart below a folder, and for each file of values that it is tested with.
pub(crate) fn below(folder: &Path, kube_version: &str) -> anyhow::Result<Vec<Job>> {
    let root = fs::canonicalize(folder).with_context(|| format!("open {}", folder.display()))?;
    let mut charts = Vec::new();
    collect(&root, &mut charts).with_context(|| format!("walk {}", folder.display()))?;
    ensure!(!charts.is_empty(), "no chart below {}", folder.display());
    let mut jobs = Vec::new();
    for chart in charts {
        let name = chart.strip_prefix(&root).unwrap_or(&chart).display().to_string();
        let job = |label: String, values: Vec<PathBuf>| Job {
            label,
            chart: chart.clone(),
            name: "release",
            namespace: "space",
            values,
            kube_version: kube_version.to_owned(),
            stubs: true,
            runs: 1,
        };
        jobs.push(job(name.clone(), Vec::new()));
        for values in tested(&chart)? {
            let file = values.file_name().unwrap_or_default().to_string_lossy().into_owned();
            jobs.push(job(format!("{name} with {file}"), vec![values]));
        }
    }
    Ok(jobs)
}

/// Charts in charts are rendered with those that they are in.
fn collect(directory: &Path, charts: &mut Vec<PathBuf>) -> io::Result<()> {
    if directory.join("Chart.yaml").is_file() {
        charts.push(directory.to_owned());
        return Ok(());
    }
    entries(directory)?
        .iter()
        .filter(|path| path.is_dir() && !path.is_symlink())
        .try_for_each(|path| collect(path, charts))
}

fn tested(chart: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folder = chart.join("ci");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = entries(&folder).with_context(|| format!("list {}", folder.display()))?;
    files.retain(|path| path.to_string_lossy().ends_with("values.yaml"));
    Ok(files)
}

fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name() != ".git" {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
