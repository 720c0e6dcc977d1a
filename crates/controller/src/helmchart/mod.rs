//! HelmChart: a chart of a repository, a registry, or the files of a source becomes an artifact.
//!
//! which chart and version → the one that is stored? done : pull, or load → values files → dependencies → pack → artifact

mod dependencies;
mod failure;
mod folder;
mod pulling;
mod remote;
mod spec;
#[cfg(test)]
mod tests;
mod working;

use std::{fmt, sync::Arc, time::Duration};

use sluice_api::{
    meta,
    source::{HelmChart, HelmChartStatus},
};
use sluice_object::{Artifact, ObjectId};
use sluice_reconcile::{
    Context, Index,
    trace::{Arrival, Attribute, Step},
};
use sluice_source::{Limits, helm_repo::HelmRepos, oci::Oci};

use self::{pulling::Choice, spec::Spec};
use crate::{
    Sources,
    source::{Fetch, Source, Told, Trouble},
};

/// Charts of repositories, registries and files.
#[derive(Debug)]
pub struct HelmCharts {
    /// The store and the artifacts in use.
    pub sources: Arc<Sources>,
    /// The client of repositories.
    pub repositories: HelmRepos,
    /// The client of registries.
    pub registries: Oci,
    /// Bounds on a chart.
    pub limits: Limits,
}

/// The chart that is meant now.
#[derive(Debug)]
pub struct Head {
    name: String,
    version: String,
    /// Whether it is packed here, not taken as it comes.
    packed: bool,
    /// The values files that are told of a chart that is kept.
    values_files: Vec<String>,
    found: Found,
}

/// Where it is.
#[derive(Debug)]
enum Found {
    /// At a repository or in a registry.
    Remote(Choice),
    /// Among the files of a source.
    Here,
}

/// What is told of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    name: String,
    version: String,
    packed: bool,
    values_files: Vec<String>,
    /// Dependencies that were looked up for it.
    resolved: usize,
}

impl Source for HelmCharts {
    const KIND: &'static str = "HelmChart";
    const OUTDATED: &'static str = "NewChart";

    type Object = HelmChart;
    type Spec = Spec;
    type Head = Head;
    type About = About;

    fn interval(object: &HelmChart) -> Duration {
        object.spec.interval.into()
    }

    fn unserved(object: &HelmChart) -> Option<String> {
        object.spec.verify.as_ref().map(|_| {
            "`spec.verify` is not served yet by this version of Sluice; nothing is pulled that must be verified".into()
        })
    }

    fn references(object: &HelmChart) -> Vec<ObjectId> {
        vec![spec::source_id(object)]
    }

    fn concerns(object: &HelmChart, index: &Index) -> bool {
        spec::is_outdated(object, index)
    }

    async fn spec(&self, object: &HelmChart, cx: &Context) -> Result<Spec, Trouble> {
        spec::read(object, &self.sources, cx).await
    }

    async fn look(&self, spec: &Spec, _: Option<&Arc<Artifact>>, cx: &Context) -> Result<Head, Trouble> {
        self.head(spec, cx).await
    }

    async fn fetch(&self, fetch: Fetch<Self>, _: &Sources, cx: &Context) -> Result<(Arc<Artifact>, About), Trouble> {
        self.make(fetch, cx).await
    }

    /// A new chart begins the trace of its version.
    fn step(fetch: &Fetch<Self>) -> Step {
        let Head { name, version, .. } = &fetch.head;
        let name = || Attribute::from(name);
        let arrival = Arrival {
            source: fetch.owner.clone(),
            revision: version.clone(),
            attributes: vec![("sluice.helm.chart", name())],
        };
        Step::new("fetch").with("sluice.helm.chart", name()).arriving(arrival)
    }

    /// As in Flux, any change of the spec makes the chart anew.
    fn is_current(object: &HelmChart, stored: &Artifact, head: &Head) -> bool {
        let Some(status) = &object.status else { return false };
        status.observed_generation == object.metadata.generation
            && status.observed_chart_name.as_ref() == Some(&head.name)
            && stored.revision.as_str() == head.version
    }

    fn about(head: &Head, _: &Artifact) -> About {
        let Head { name, version, packed, values_files, .. } = head;
        About {
            name: name.clone(),
            version: version.clone(),
            packed: *packed,
            values_files: values_files.clone(),
            resolved: 0,
        }
    }

    fn news(object: &HelmChart, Head { name, version, .. }: &Head) -> Option<String> {
        let observed = object.status.as_ref().and_then(|status| status.observed_chart_name.as_ref());
        let same = observed == Some(name) && !crate::source::differs(object, version);
        (!same).then(|| format!("new '{name}' chart with version '{version}'"))
    }

    fn note(spec: &Spec, status: &mut HelmChartStatus) {
        if let Some(revision) = &spec.revision {
            status.observed_source_artifact_revision = Some(revision.clone());
        }
    }

    fn note_stored(object: &HelmChart, about: &About, status: &mut HelmChartStatus) {
        status.observed_chart_name = Some(about.name.clone());
        let ignoring = object.spec.ignore_missing_values_files;
        status.observed_values_files = if ignoring { about.values_files.clone() } else { Vec::new() };
    }

    fn locate(status: &mut HelmChartStatus, url: String) {
        status.url = Some(url);
    }

    fn ready(_: &meta::Artifact, about: &About) -> Told {
        Told { reason: about.reason(), message: about.to_string() }
    }

    fn events(_: &HelmChart, artifact: &meta::Artifact, about: &About, _: bool) -> Vec<Told> {
        let resolved =
            Told { reason: "ResolvedDependencies", message: format!("resolved {} chart dependencies", about.resolved) };
        let resolved = (about.resolved > 0).then_some(resolved);
        resolved.into_iter().chain([Self::ready(artifact, about)]).collect()
    }
}

impl About {
    fn reason(&self) -> &'static str {
        if self.packed { "ChartPackageSucceeded" } else { "ChartPullSucceeded" }
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, packed, values_files, .. } = self;
        let act = if *packed { "packaged" } else { "pulled" };
        write!(f, "{act} '{name}' chart with version '{version}'")?;
        match values_files.is_empty() {
            true => Ok(()),
            false => write!(f, " and merged values files [{}]", values_files.join(" ")),
        }
    }
}
