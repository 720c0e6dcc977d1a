//! The chart of a HelmRelease: where it comes from, and what it is once loaded.

use std::sync::Arc;

use sluice_api::{
    conditions::{self, Condition, FALSE, READY, STALLED, reasons},
    helm::{ChartRefKind, HelmRelease},
    meta,
};
use sluice_helm::Chart;
use sluice_object::{Gvk, Object, ObjectId};
use sluice_reconcile::Index;

use super::{Policy, report};
use crate::source::{GROUP as SOURCES, Trouble};

/// A source that has a chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Source {
    /// The object.
    pub(super) id: ObjectId,
    /// Its artifact.
    pub(super) artifact: meta::Artifact,
    /// Whether its revision names the contents: the chart's version tells it then.
    pub(super) by_digest: bool,
    /// Whether its kind is made elsewhere.
    pub(super) external: bool,
}

/// Why there is no chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NoChart {
    /// It is of another namespace, or of a kind that is not allowed.
    Denied(Trouble),
    /// Its object is not there.
    Missing(Trouble),
    /// It has no artifact yet.
    Unready(Trouble),
}

/// A chart in memory.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    /// The chart, with the version that tells its digest.
    pub(super) chart: Arc<Chart>,
    /// The digest that the version tells; empty where it tells none.
    pub(super) oci_digest: String,
}

impl Loaded {
    pub(super) fn name(&self) -> &str {
        &self.chart.metadata.name
    }

    pub(super) fn version(&self) -> &str {
        &self.chart.metadata.version
    }
}

/// Returns what names the source's object.
pub(super) fn source_id(object: &HelmRelease) -> Option<ObjectId> {
    let Some(reference) = &object.spec.chart_ref else {
        object.spec.chart.as_ref()?;
        let (namespace, name) = object.chart_name();
        return Some(ObjectId::new(&super::template::gvk(), namespace, name));
    };
    let namespace = reference.namespace.as_deref().filter(|namespace| !namespace.is_empty());
    let gvk = Gvk::new(SOURCES, "v1", kind(reference.kind));
    Some(ObjectId::new(&gvk, namespace.unwrap_or(object.own_namespace()), &reference.name))
}

fn kind(kind: ChartRefKind) -> &'static str {
    match kind {
        ChartRefKind::OciRepository => "OCIRepository",
        ChartRefKind::HelmChart => "HelmChart",
        ChartRefKind::ExternalArtifact => "ExternalArtifact",
    }
}

/// Returns the source, if it is ready.
pub(super) fn source(object: &HelmRelease, policy: &Policy, index: &Index) -> Result<Source, NoChart> {
    let Some(id) = source_id(object) else { return Err(NoChart::Missing(failed("spec names no chart".into()))) };
    if let Some(denied) = denied(object, &id, policy) {
        return Err(NoChart::Denied(denied));
    }
    let Some(found) = index.get(&id) else { return Err(NoChart::Missing(missing(&id))) };
    let external = id.kind == "ExternalArtifact";
    let artifact = artifact(&found);
    match unready(&found, external, artifact.is_some()) {
        None => {}
        Some(why) => {
            let message = format!("{} '{}/{}' is not ready: {why}", id.kind, id.namespace, id.name);
            return Err(NoChart::Unready(Trouble { reason: report::reasons::SOURCE_NOT_READY.into(), message }));
        }
    }
    let Some(artifact) = artifact else { return Err(NoChart::Missing(missing(&id))) };
    let by_digest = id.kind == "OCIRepository" || (external && artifact.revision.contains(':'));
    Ok(Source { id, artifact, by_digest, external })
}

fn artifact(source: &Object) -> Option<meta::Artifact> {
    serde_json::from_value(source.value().pointer("/status/artifact")?.clone()).ok()
}

/// Says why the operator forbids a source.
pub(super) fn denied(object: &HelmRelease, id: &ObjectId, policy: &Policy) -> Option<Trouble> {
    let shown = format!("{}/{}", id.namespace, id.name);
    let message = if policy.no_cross_namespace_refs && id.namespace != object.own_namespace() {
        format!("cross-namespace references are not allowed: cannot access {} {shown}", id.kind)
    } else if id.kind == "ExternalArtifact" && !policy.external_artifacts {
        format!("can't access '{}/{shown}', ExternalArtifact feature gate is disabled", id.kind)
    } else {
        return None;
    };
    Some(Trouble { reason: reasons::ACCESS_DENIED.into(), message })
}

/// Flux reads sources of a cache, which names kinds, not resources.
fn missing(id: &ObjectId) -> Trouble {
    failed(format!("could not get Source object: {}.{} \"{}\" not found", id.kind, id.group, id.name))
}

fn failed(message: String) -> Trouble {
    Trouble { reason: reasons::ARTIFACT_FAILED.into(), message }
}

fn unready(source: &Object, external: bool, has_artifact: bool) -> Option<String> {
    let none = "does not have an artifact".to_owned();
    if external {
        return (!has_artifact).then_some(none);
    }
    let status = &source.value()["status"];
    let conditions: Vec<Condition> = serde_json::from_value(status["conditions"].clone()).unwrap_or_default();
    let message = |type_: &str| conditions::find_condition(&conditions, type_).map(|found| found.message.clone());
    if status["observedGeneration"].as_i64() != source.generation() {
        let failed = conditions::find_condition(&conditions, READY).is_some_and(|ready| ready.status == FALSE);
        let told = failed.then(|| message(READY)).flatten();
        return Some(told.unwrap_or_else(|| "latest generation of object has not been reconciled".into()));
    }
    if conditions::is_true(&conditions, STALLED) {
        return message(STALLED);
    }
    (!has_artifact).then_some(none)
}

/// Puts the digest of a revision into a chart's version, so that a tag that has moved is another version.
pub(super) fn told_by(chart: Arc<Chart>, source: &Source, tracks: bool) -> Result<Loaded, Trouble> {
    if !source.by_digest {
        return Ok(Loaded { chart, oci_digest: String::new() });
    }
    let tracked = sluice_helm::release::track(&chart.metadata.version, &source.artifact.revision);
    let tracked = tracked
        .map_err(|error| Trouble { reason: report::reasons::CHART_MUTATE_ERROR.into(), message: error.to_string() })?;
    if !tracks {
        return Ok(Loaded { chart, oci_digest: tracked.digest });
    }
    let mut told = Chart::clone(&chart);
    told.metadata.version = tracked.version;
    Ok(Loaded { chart: Arc::new(told), oci_digest: tracked.digest })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn object(status: Value) -> Object {
        let metadata = json!({"name": "c", "namespace": "ns", "generation": 2});
        let api = "source.toolkit.fluxcd.io/v1";
        Object::new(json!({"apiVersion": api, "kind": "HelmChart", "metadata": metadata, "status": status})).unwrap()
    }

    fn condition(type_: &str, status: &str, message: &str) -> Value {
        json!({"type": type_, "status": status, "reason": "R", "message": message, "lastTransitionTime": "2026-01-01T00:00:00Z"})
    }

    #[rstest]
    #[case::new(json!({}), false, Some("latest generation of object has not been reconciled"))]
    #[case::failing(json!({"observedGeneration": 1, "conditions": [condition("Ready", "False", "no such chart")]}), true, Some("no such chart"))]
    #[case::stalled(json!({"observedGeneration": 2, "conditions": [condition("Stalled", "True", "bad url")]}), true, Some("bad url"))]
    #[case::empty(json!({"observedGeneration": 2}), false, Some("does not have an artifact"))]
    #[case::old_artifact(json!({"observedGeneration": 2, "conditions": [condition("Ready", "False", "down")]}), true, None)]
    fn a_source_is_ready_when_its_artifact_is_of_its_spec(
        #[case] status: Value,
        #[case] has_artifact: bool,
        #[case] expected: Option<&str>,
    ) {
        assert_eq!(unready(&object(status), false, has_artifact).as_deref(), expected);
    }
}
