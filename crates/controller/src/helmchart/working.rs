//! What a HelmChart's pass does: look which chart is meant, and make the archive.

use std::sync::Arc;

use jiff::Timestamp;
use sluice_helm::{
    Chart, Metadata, archive_metadata,
    defaults::{self, ValuesFile},
    load_archive, pack, with_build,
};
use sluice_object::{Artifact, Revision};
use sluice_reconcile::Context;
use sluice_source::{Limits, Publication, store::Received};

use super::{
    About, Found, Head, HelmCharts, Spec,
    failure::Failure,
    folder,
    pulling::Choice,
    remote::Remote,
    spec::{Origin, clean},
};
use crate::source::{self, Fetch, Trouble};

/// Files that are packed here have no times: the same files make the same archive.
const NO_TIME: Timestamp = Timestamp::UNIX_EPOCH;

/// Returns the bounds of a chart that is loaded.
pub(super) fn helm_limits(limits: &Limits) -> sluice_helm::Limits {
    sluice_helm::Limits { file: limits.file, ..sluice_helm::Limits::default() }
}

impl HelmCharts {
    /// Returns the chart that is meant now.
    pub(super) async fn head(&self, spec: &Spec, cx: &Context) -> Result<Head, Trouble> {
        match &spec.origin {
            Origin::Remote(remote) => {
                let choice = self.choose(remote, &spec.chart, &spec.version, cx).await?;
                let (name, version) = (spec.chart.clone(), choice.version().to_owned());
                spec.head(name, &version, spec.build.is_some(), Found::Remote(choice))
            }
            Origin::Files { tree, .. } => {
                let (metadata, is_folder) = self.metadata(tree, &spec.chart, cx).await?;
                let packed = is_folder || spec.build.is_some();
                spec.head(metadata.name, &metadata.version, packed, Found::Here)
            }
        }
    }

    async fn metadata(&self, tree: &Arc<Artifact>, path: &str, cx: &Context) -> Result<(Metadata, bool), Trouble> {
        let (tree, path, limits) = (tree.tree.clone(), path.to_owned(), helm_limits(&self.limits));
        let read = cx.cpu(move || folder::metadata(&tree, &path, &limits)).await;
        read.unwrap_or_else(|| Err(Trouble::lost("the chart")))
    }

    /// Makes the archive of a chart, and an artifact of it.
    pub(super) async fn make(&self, fetch: Fetch<Self>, cx: &Context) -> Result<(Arc<Artifact>, About), Trouble> {
        let Fetch { spec, head, owner: id, .. } = fetch;
        let mut about = Self::described(&head);
        let archive = match (&spec.origin, head.found) {
            (Origin::Remote(remote), Found::Remote(choice)) => {
                self.pulled(&spec, remote, choice, &mut about, cx).await?
            }
            (Origin::Files { tree, namespace }, _) => self.packed(&spec, tree, namespace, &mut about, cx).await?,
            (Origin::Remote(_), Found::Here) => return Err(Trouble::lost("the chart")),
        };
        let publication = Publication {
            owner: source::owner(&id)?,
            file: format!("{}-{}.tgz", about.name.rsplit('/').next().unwrap_or_default(), about.version),
            revision: Revision::new(&about.version),
            metadata: Default::default(),
            tree: self.sources.store().draft("a chart", self.limits.clone()).finish(),
            etags: Default::default(),
        };
        Ok((source::publish_as_is(&self.sources, &id, publication, archive).await?, about))
    }

    fn described(head: &Head) -> About {
        let Head { name, version, packed, .. } = head;
        About { name: name.clone(), version: version.clone(), packed: *packed, values_files: Vec::new(), resolved: 0 }
    }

    /// Pulls a chart; it stays as it comes unless values are to be merged.
    async fn pulled(
        &self,
        spec: &Spec,
        remote: &Remote,
        choice: Choice,
        about: &mut About,
        cx: &Context,
    ) -> Result<Received, Trouble> {
        let archive = self.pull(remote, choice).await?;
        let bytes = archive.read().map_err(|error| Trouble::storage(&error))?;
        let limits = helm_limits(&self.limits);
        if !about.packed {
            let checked = cx.cpu(move || archive_metadata(&bytes, &limits).map(drop)).await;
            let checked = checked.ok_or_else(|| Trouble::lost("the chart"))?;
            return checked.map(|()| archive).map_err(|error| {
                Failure::Pull.of(format!("failed to load chart metadata from written chart: {error}"))
            });
        }
        let (version, files, ignore) = (about.version.clone(), spec.values_files.clone(), spec.ignore_missing);
        let work = move || repacked(&bytes, version, &files, ignore, &limits);
        let (bytes, used) = cx.cpu(work).await.unwrap_or_else(|| Err(Trouble::lost("the chart")))?;
        about.values_files = used;
        self.received(&bytes).await
    }

    /// Packs a chart of files, with the dependencies that it lacks.
    async fn packed(
        &self,
        spec: &Spec,
        tree: &Arc<Artifact>,
        namespace: &str,
        about: &mut About,
        cx: &Context,
    ) -> Result<Received, Trouble> {
        let (tree, path, limits) = (tree.tree.clone(), spec.chart.clone(), helm_limits(&self.limits));
        if !about.packed {
            let bytes = cx.cpu(move || folder::archive(&tree, &path, &limits)).await;
            let bytes = bytes.ok_or_else(|| Trouble::lost("the chart"))?;
            return self.received(&bytes.map_err(|problem| Failure::Pull.of(problem))?).await;
        }
        let (version, files, ignore) = (about.version.clone(), spec.values_files.clone(), spec.ignore_missing);
        let load = move || {
            let mut chart = folder::load(&tree, &path, &limits).map_err(|problem| Failure::Package.of(problem))?;
            chart.metadata.version = version;
            let used = match files.is_empty() {
                true => Vec::new(),
                false => folder::merge(&tree, &mut chart, &files, ignore)?,
            };
            let is_folder = folder::archive(&tree, &path, &limits).is_err();
            let missing = match is_folder {
                true => folder::complete(&tree, &path, &mut chart, &limits)?,
                false => Default::default(),
            };
            Ok((chart, used, missing))
        };
        let (mut chart, used, missing) = cx.cpu(load).await.unwrap_or_else(|| Err(Trouble::lost("the chart")))?;
        about.values_files = used;
        about.resolved = self.complete(&mut chart, missing, namespace, cx).await?;
        let bytes = cx.cpu(move || archive_of(&chart)).await.unwrap_or_else(|| Err(Trouble::lost("the chart")))?;
        self.received(&bytes).await
    }

    async fn received(&self, bytes: &[u8]) -> Result<Received, Trouble> {
        if bytes.len() as u64 > self.limits.size {
            let most = self.limits.size;
            return Err(Failure::Package.of(format!("the packed chart exceeds '{most}' bytes limit")));
        }
        self.sources.store().take(bytes).await.map_err(|error| Trouble::storage(&error))
    }
}

impl Spec {
    fn head(&self, name: String, version: &str, packed: bool, found: Found) -> Result<Head, Trouble> {
        let version = match &self.build {
            Some(build) => with_build(version, build).map_err(|error| Failure::Patch.of(error))?,
            None => version.to_owned(),
        };
        let observed = &self.observed_files;
        let values_files = if observed.is_empty() { self.values_files.clone() } else { observed.clone() };
        Ok(Head { name, version, packed, values_files, found })
    }
}

/// Merges values files of a chart into its defaults, and packs it again.
fn repacked(
    bytes: &[u8],
    version: String,
    files: &[String],
    ignore: bool,
    limits: &sluice_helm::Limits,
) -> Result<(Vec<u8>, Vec<String>), Trouble> {
    let loaded = load_archive(bytes, limits);
    let loaded = loaded.map_err(|error| Failure::Package.of(format!("failed to load downloaded chart: {error}")));
    let mut chart = loaded?.chart;
    chart.metadata.version = version;
    let failed = |problem: String| Failure::Values.of(problem);
    let named = files.iter().map(|path| (path.clone(), values_file(&chart, path))).collect();
    let merged = defaults::merge(&chart, named, ignore);
    let (values, used) = merged.map_err(|error| failed(format!("failed to merge chart values: {error}")))?;
    let changed = defaults::replace(&mut chart, &values).map_err(|error| failed(error.to_string()))?;
    Ok((archive_of(&chart)?, if changed { used } else { Vec::new() }))
}

fn values_file(chart: &Chart, path: &str) -> ValuesFile {
    let path = clean(path);
    if path == "values.yaml" {
        return ValuesFile::Own;
    }
    let file = chart.content.files.iter().find(|file| file.name == path);
    file.map_or(ValuesFile::Missing, |file| ValuesFile::Read(file.data.clone()))
}

fn archive_of(chart: &Chart) -> Result<Vec<u8>, Trouble> {
    pack(chart, NO_TIME).map_err(|error| Failure::Package.of(format!("failed to package chart: {error}")))
}
