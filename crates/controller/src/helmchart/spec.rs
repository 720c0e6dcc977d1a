//! What chart is wanted: the spec of a HelmChart, and what its source has.

use std::{path::PathBuf, sync::Arc};

use sluice_api::{
    helm::ChartSourceKind,
    meta,
    source::{HelmChart, HelmRepository, ReconcileStrategy},
};
use sluice_object::{Artifact, Gvk, Object, ObjectId};
use sluice_reconcile::{Context, Index};

use super::remote::{self, Remote};
use crate::{
    Sources,
    source::{GROUP, NO_SOURCE_ARTIFACT, Trouble},
};

/// The reason of a source that is not there.
const UNAVAILABLE: &str = "SourceUnavailable";

/// Digits of a revision that become build metadata: labels are short, and get the version.
const SHORT: usize = 12;

/// The chart that is wanted, and where it comes from.
#[derive(Debug, Clone)]
pub struct Spec {
    pub(super) origin: Origin,
    /// The revision of the source's artifact.
    pub(super) revision: Option<String>,
    /// The name of the chart, or its path.
    pub(super) chart: String,
    pub(super) version: String,
    /// The build metadata that the version gets.
    pub(super) build: Option<String>,
    /// The values files to merge; none for the chart's own alone.
    pub(super) values_files: Vec<String>,
    pub(super) ignore_missing: bool,
    /// The values files that were found when the chart was made.
    pub(super) observed_files: Vec<String>,
}

/// Where a chart comes from.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    Remote(Box<Remote>),
    Files { tree: Arc<Artifact>, namespace: String },
}

pub(super) fn source_id(object: &HelmChart) -> ObjectId {
    let namespace = object.metadata.namespace.clone().unwrap_or_default();
    ObjectId::new(&source_gvk(object), namespace, &object.spec.source_ref.name)
}

fn source_gvk(object: &HelmChart) -> Gvk {
    let kind = match object.spec.source_ref.kind {
        ChartSourceKind::HelmRepository => "HelmRepository",
        ChartSourceKind::GitRepository => "GitRepository",
        ChartSourceKind::Bucket => "Bucket",
    };
    Gvk::new(GROUP, "v1", kind)
}

/// Says whether the source has something else than what the chart was last looked for in, or has come to be.
pub(super) fn is_outdated(object: &HelmChart, index: &Index) -> bool {
    differs_from(object, index.get(&source_id(object)).as_deref())
}

fn differs_from(object: &HelmChart, source: Option<&Object>) -> bool {
    let Some(source) = source else { return false };
    let status = object.status.clone().unwrap_or_default();
    let waits = |reason: &str| reason == UNAVAILABLE || reason == NO_SOURCE_ARTIFACT;
    let waiting = status.conditions.iter().any(|condition| condition.type_ == "Ready" && waits(&condition.reason));
    match artifact_of(source) {
        Some(artifact) => Some(artifact.revision) != status.observed_source_artifact_revision,
        None => waiting && source.value()["spec"]["type"] == "oci",
    }
}

fn artifact_of(source: &Object) -> Option<meta::Artifact> {
    serde_json::from_value(source.value()["status"]["artifact"].clone()).ok()
}

pub(super) async fn read(object: &HelmChart, sources: &Sources, cx: &Context) -> Result<Spec, Trouble> {
    let id = source_id(object);
    let source = cx.index.get(&id).ok_or_else(|| unavailable(&id))?;
    let artifact = artifact_of(&source);
    let wanted = &object.spec;
    let origin = match wanted.source_ref.kind {
        ChartSourceKind::HelmRepository => Origin::Remote(Box::new(repository(object, &source, sources, cx).await?)),
        ChartSourceKind::GitRepository | ChartSourceKind::Bucket => {
            let named = artifact.as_ref().ok_or_else(|| without_artifact(object))?;
            let opened = sources.artifact(&id, named, cx.serves(&source)).await;
            Origin::Files { tree: opened.map_err(|_| without_artifact(object))?, namespace: id.namespace.clone() }
        }
    };
    let values_files = if is_own(&wanted.values_files) { Vec::new() } else { wanted.values_files.clone() };
    let revision = artifact.map(|artifact| artifact.revision);
    Ok(Spec {
        build: build(object, revision.as_deref(), !values_files.is_empty()),
        origin,
        revision,
        chart: wanted.chart.clone(),
        version: wanted.version.clone().unwrap_or_else(|| "*".into()),
        values_files,
        ignore_missing: wanted.ignore_missing_values_files,
        observed_files: object.status.clone().unwrap_or_default().observed_values_files,
    })
}

async fn repository(object: &HelmChart, source: &Object, sources: &Sources, cx: &Context) -> Result<Remote, Trouble> {
    let repository: HelmRepository = serde::Deserialize::deserialize(source.value())
        .map_err(|error| Trouble { reason: UNAVAILABLE.into(), message: format!("failed to get source: {error}") })?;
    let remote = remote::of(&repository, cx).await?;
    match &remote {
        Remote::Index { artifact, .. } if !artifact.as_ref().is_some_and(|path| sources.store().holds(path)) => {
            Err(without_artifact(object))
        }
        _ => Ok(remote),
    }
}

/// The build metadata of a version tells what else a chart was made of, so that its users see a change.
fn build(object: &HelmChart, revision: Option<&str>, merges: bool) -> Option<String> {
    let is_remote = object.spec.source_ref.kind == ChartSourceKind::HelmRepository;
    let revision = revision.filter(|_| !is_remote && object.spec.reconcile_strategy == ReconcileStrategy::Revision);
    let generation = merges.then(|| object.metadata.generation.unwrap_or_default().to_string());
    let parts: Vec<_> = revision.map(short).into_iter().chain(generation).collect();
    (!parts.is_empty()).then(|| parts.join("."))
}

/// Returns the first digits of the hash of a revision.
fn short(revision: &str) -> String {
    let digest = revision.rsplit_once('@').map_or(revision, |(_, digest)| digest);
    digest.rsplit_once(':').map_or(digest, |(_, hash)| hash).chars().take(SHORT).collect()
}

/// Says whether the files are but the chart's own values, which it has anyway.
fn is_own(files: &[String]) -> bool {
    matches!(files, [one] if clean(one) == "values.yaml")
}

/// Returns a path without `.` and empty parts.
pub(super) fn clean(path: &str) -> String {
    let parts = PathBuf::from(path);
    let parts = parts.components().filter(|part| !matches!(part, std::path::Component::CurDir));
    parts.collect::<PathBuf>().to_string_lossy().into_owned()
}

fn unavailable(id: &ObjectId) -> Trouble {
    let message = format!(
        "failed to get source: {} '{}/{}' not found; hint: `spec.sourceRef` names a source in the namespace of the chart",
        id.kind, id.namespace, id.name
    );
    Trouble { reason: UNAVAILABLE.into(), message }
}

fn without_artifact(object: &HelmChart) -> Trouble {
    let (kind, name) = (source_gvk(object).kind, &object.spec.source_ref.name);
    Trouble { reason: NO_SOURCE_ARTIFACT.into(), message: format!("no artifact available for {kind} source '{name}'") }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn chart(kind: &str, strategy: &str) -> HelmChart {
        let source = json!({"kind": kind, "name": "s"});
        let spec = json!({"chart": "c", "interval": "1m", "sourceRef": source, "reconcileStrategy": strategy});
        let metadata = json!({"name": "c", "namespace": "ns", "generation": 7});
        let object = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart", "metadata": metadata, "spec": spec});
        serde_json::from_value(object).unwrap()
    }

    #[rstest]
    #[case("GitRepository", "ChartVersion", "main@sha1:0123456789abcdef", false, None)]
    #[case("GitRepository", "ChartVersion", "main@sha1:0123456789abcdef", true, Some("7"))]
    #[case("GitRepository", "Revision", "main@sha1:0123456789abcdef", false, Some("0123456789ab"))]
    #[case("Bucket", "Revision", "sha256:fedcba9876543210", true, Some("fedcba987654.7"))]
    #[case("HelmRepository", "Revision", "sha256:fedcba9876543210", false, None)]
    #[case("HelmRepository", "ChartVersion", "sha256:fedcba9876543210", true, Some("7"))]
    fn the_version_tells_what_else_went_into_a_chart(
        #[case] kind: &str,
        #[case] strategy: &str,
        #[case] revision: &str,
        #[case] merges: bool,
        #[case] expected: Option<&str>,
    ) {
        assert_eq!(build(&chart(kind, strategy), Some(revision), merges).as_deref(), expected);
    }

    #[rstest]
    #[case(&["values.yaml"], true)]
    #[case(&["./values.yaml"], true)]
    #[case(&["values.yaml", "prod.yaml"], false)]
    #[case(&["prod.yaml"], false)]
    #[case(&[], false)]
    fn own_values_alone_are_nothing_to_merge(#[case] files: &[&str], #[case] own: bool) {
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        assert_eq!(is_own(&files), own);
    }

    #[rstest]
    #[case(json!({"revision": "2"}), json!("1"), "Succeeded", "default", true)]
    #[case(json!({"revision": "1"}), json!("1"), "Succeeded", "default", false)]
    #[case(json!({"revision": "1"}), Value::Null, "NoSourceArtifact", "default", true)]
    #[case(Value::Null, Value::Null, "NoSourceArtifact", "default", false)]
    #[case(Value::Null, Value::Null, "SourceUnavailable", "oci", true)]
    #[case(Value::Null, Value::Null, "ChartPullSucceeded", "oci", false)]
    fn a_chart_is_looked_for_again_when_its_source_has_moved(
        #[case] artifact: Value,
        #[case] observed: Value,
        #[case] reason: &str,
        #[case] type_: &str,
        #[case] outdated: bool,
    ) {
        let mut object = chart("HelmRepository", "ChartVersion");
        let ready = json!({"type": "Ready", "status": "False", "reason": reason, "message": "", "lastTransitionTime": "1970-01-01T00:00:00Z"});
        object.status =
            serde_json::from_value(json!({"observedSourceArtifactRevision": observed, "conditions": [ready]})).ok();
        let mut artifact = artifact;
        if artifact.is_object() {
            for (key, text) in
                [("path", "p"), ("url", "u"), ("digest", "sha256:1"), ("lastUpdateTime", "1970-01-01T00:00:00Z")]
            {
                artifact[key] = json!(text);
            }
        }
        let source = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
            "metadata": {"name": "s", "namespace": "ns"}, "spec": {"type": type_}, "status": {"artifact": artifact},
        });
        let source = Object::new(source).unwrap();
        assert_eq!(differs_from(&object, Some(&source)), outdated);
    }
}
