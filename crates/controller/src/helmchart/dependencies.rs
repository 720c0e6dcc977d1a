//! The dependencies that a chart names and does not have.

use sluice_helm::{Chart, chart::Dependency, load_archive};
use sluice_reconcile::Context;

use super::{
    HelmCharts,
    failure::Failure,
    remote::{self, check_url},
    working::helm_limits,
};
use crate::source::Trouble;

/// Dependencies that are looked up for one chart. Public umbrella charts have some dozens.
const MOST: usize = 256;

/// What a chart lacks.
#[derive(Debug, Default)]
pub(super) struct Missing {
    /// Charts of the same source.
    pub(super) local: Vec<Dependency>,
    /// Charts of repositories.
    pub(super) remote: Vec<Dependency>,
    /// How many were found and added.
    pub(super) resolved: usize,
}

impl Missing {
    /// Returns what a chart names, in its lock file if it has one, and does not have under that name or alias.
    pub(super) fn of(chart: &Chart) -> Self {
        let wanted: Vec<&Dependency> = match &chart.lock {
            Some(lock) => lock.dependencies.iter().flatten().collect(),
            None => chart.metadata.dependencies().collect(),
        };
        if wanted.len() == chart.dependencies.len() {
            return Self::default();
        }
        let there = |wanted: &&Dependency| chart.dependencies.iter().any(|chart| chart.name() == wanted.key());
        let missing = wanted.into_iter().filter(|wanted| !there(wanted)).cloned();
        let is_local = |wanted: &Dependency| wanted.repository.is_empty() || wanted.repository.starts_with("file://");
        let (local, remote) = missing.partition(is_local);
        Self { local, remote, resolved: 0 }
    }

    /// Adds a chart that was found, under its alias.
    pub(super) fn add(&mut self, chart: &mut Chart, wanted: &Dependency, mut found: Chart) {
        if !wanted.alias.is_empty() {
            found.metadata.name.clone_from(&wanted.alias);
        }
        chart.dependencies.push(found);
        self.resolved += 1;
    }
}

impl HelmCharts {
    /// Pulls the dependencies that are elsewhere; returns how many there were in all.
    pub(super) async fn complete(
        &self,
        chart: &mut Chart,
        mut missing: Missing,
        namespace: &str,
        cx: &Context,
    ) -> Result<usize, Trouble> {
        if missing.remote.len() > MOST {
            return Err(Failure::Dependencies.of(format!("the chart lacks more than {MOST} dependencies")));
        }
        for wanted in std::mem::take(&mut missing.remote) {
            let found = self.dependency(&wanted, namespace, cx).await?;
            missing.add(chart, &wanted, found);
        }
        Ok(missing.resolved)
    }

    async fn dependency(&self, wanted: &Dependency, namespace: &str, cx: &Context) -> Result<Chart, Trouble> {
        let Dependency { name, version, repository, .. } = wanted;
        let named = |problem: &str| {
            let problem = problem.split_once(": ").map_or(problem, |(_, rest)| rest);
            Failure::Dependencies.of(format!("failed to add remote dependency '{}': {problem}", wanted.key()))
        };
        let failed = |trouble: Trouble| named(&trouble.message);
        check_url(repository).map_err(failed)?;
        let remote = remote::of_dependency(repository, namespace, cx).await.map_err(failed)?;
        let choice = self.choose(&remote, name, version, cx).await.map_err(failed)?;
        let archive = self.pull(&remote, choice).await.map_err(failed)?;
        let limits = helm_limits(&self.limits);
        let load = move || {
            let bytes = archive.read().map_err(|error| error.to_string())?;
            load_archive(&bytes, &limits).map_err(|error| format!("failed to load downloaded archive: {error}"))
        };
        let loaded = cx.cpu(load).await.ok_or_else(|| Trouble::lost("the dependency"))?;
        loaded.map(|loaded| loaded.chart).map_err(|problem| named(&format!("load: {problem}")))
    }
}
