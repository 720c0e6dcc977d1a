//! The HelmChart that is made from `spec.chart`. Source: helm-controller's `HelmChartTemplate`.

use serde_json::{Map, Value, json};
use sluice_api::helm::{HelmRelease, HelmReleaseStatus};
use sluice_cluster::{Precondition, Propagation, Request, Target};
use sluice_object::{Gvk, Object};
use sluice_reconcile::Index;

use super::{GROUP, MANAGER};
use crate::source::GROUP as SOURCES;

/// What must be done about HelmCharts before a release is looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Template {
    /// One that is no longer wanted.
    pub(super) stale: Option<Target>,
    /// One that is not there, or not as wanted.
    pub(super) wanted: Option<Object>,
    /// Whether that one is there already.
    pub(super) exists: bool,
}

/// Returns the kind of HelmCharts.
pub(super) fn gvk() -> Gvk {
    Gvk::new(SOURCES, "v1", "HelmChart")
}

/// Returns what must be done.
pub(super) fn template(object: &HelmRelease, status: &HelmReleaseStatus, index: &Index) -> Template {
    let wanted = object.spec.chart.is_some().then(|| object.chart_name());
    let named = wanted.as_ref().map(|(namespace, name)| format!("{namespace}/{name}"));
    let stale = target(status).filter(|_| status.helm_chart != named);
    let Some(chart) = chart(object) else { return Template { stale, ..Template::default() } };
    let existing = index.get(&chart.id());
    let in_sync = status.helm_chart == named && existing.as_ref().is_some_and(|existing| holds(existing, &chart));
    Template { stale, exists: existing.is_some(), wanted: (!in_sync).then_some(chart) }
}

/// Returns the HelmChart of the status.
pub(super) fn target(status: &HelmReleaseStatus) -> Option<Target> {
    let (namespace, name) = status.helm_chart.as_deref()?.split_once('/')?;
    Some(Target { gvk: gvk(), namespace: namespace.into(), name: name.into() })
}

/// Returns the request that makes a HelmChart as wanted. It is the agent's own, whoever installs the release.
pub(super) fn apply(chart: Object) -> Request {
    Request::Apply { object: chart, manager: MANAGER.into(), force: true, dry_run: false }
}

/// Returns the request that takes a HelmChart away.
pub(super) fn delete(target: Target) -> Request {
    Request::Delete { target, only_if: Precondition::default(), propagation: Propagation::Background }
}

/// What the event says of an applied HelmChart.
pub(super) fn told(object: &HelmRelease, chart: &Object, created: bool) -> String {
    let source = object.spec.chart.as_ref().map(|chart| (chart.spec.source_ref.kind, &chart.spec.source_ref.name));
    let (kind, name) = source.map(|(kind, name)| (format!("{kind:?}"), name.as_str())).unwrap_or_default();
    let (action, namespace) = (if created { "Created" } else { "Configured" }, chart.namespace());
    format!("{action} HelmChart/{namespace}/{} with SourceRef '{kind}/{namespace}/{name}'", chart.name())
}

fn chart(object: &HelmRelease) -> Option<Object> {
    let template = object.spec.chart.as_ref()?;
    let (namespace, name) = object.chart_name();
    let spec = &template.spec;
    let mut wanted = json!({
        "chart": spec.chart,
        "version": spec.version.as_deref().filter(|version| !version.is_empty()).unwrap_or("*"),
        "sourceRef": {"kind": spec.source_ref.kind, "name": spec.source_ref.name},
        "interval": spec.interval.unwrap_or(object.spec.interval),
        "reconcileStrategy": spec.reconcile_strategy,
    });
    if !spec.values_files.is_empty() {
        wanted["valuesFiles"] = json!(spec.values_files);
    }
    if spec.ignore_missing_values_files {
        wanted["ignoreMissingValuesFiles"] = true.into();
    }
    if let Some(verify) = &spec.verify {
        wanted["verify"] = json!(verify);
    }
    let metadata = template.metadata.clone().unwrap_or_default();
    let mut labels: Map<String, Value> = metadata.labels.into_iter().map(|(key, value)| (key, value.into())).collect();
    labels.insert(format!("{GROUP}/name"), object.own_name().into());
    labels.insert(format!("{GROUP}/namespace"), object.own_namespace().into());
    let mut chart = json!({
        "apiVersion": format!("{SOURCES}/v1"), "kind": "HelmChart",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": wanted,
    });
    if !metadata.annotations.is_empty() {
        chart["metadata"]["annotations"] = json!(metadata.annotations);
    }
    Object::new(chart).ok()
}

/// Says whether an object has all fields of another one, with the same values.
fn holds(existing: &Object, wanted: &Object) -> bool {
    let part = |pointer: &str| match (existing.value().pointer(pointer), wanted.value().pointer(pointer)) {
        (Some(Value::Object(there)), Some(Value::Object(wanted))) => {
            wanted.iter().all(|(key, value)| there.get(key) == Some(value))
        }
        (_, wanted) => wanted.is_none(),
    };
    let removed = ["valuesFiles", "ignoreMissingValuesFiles", "verify"]
        .iter()
        .any(|field| existing.value()["spec"].get(field).is_some() && wanted.value()["spec"].get(field).is_none());
    !removed && ["/spec", "/metadata/labels", "/metadata/annotations"].into_iter().all(part)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn release(chart: Value) -> HelmRelease {
        let spec = json!({"interval": "10m", "chart": {"spec": chart, "metadata": {"labels": {"a": "b"}}}});
        let metadata = json!({"name": "app", "namespace": "ns"});
        let api = "helm.toolkit.fluxcd.io/v2";
        serde_json::from_value(json!({"apiVersion": api, "kind": "HelmRelease", "metadata": metadata, "spec": spec}))
            .unwrap()
    }

    fn podinfo() -> Value {
        json!({"chart": "podinfo", "sourceRef": {"kind": "HelmRepository", "name": "r", "namespace": "sources"}})
    }

    #[test]
    fn a_chart_is_made_beside_its_source() {
        let chart = chart(&release(podinfo())).unwrap();
        let expected = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart",
            "metadata": {"name": "ns-app", "namespace": "sources", "labels": {
                "a": "b", "helm.toolkit.fluxcd.io/name": "app", "helm.toolkit.fluxcd.io/namespace": "ns",
            }},
            "spec": {
                "chart": "podinfo", "version": "*", "interval": "10m0s", "reconcileStrategy": "ChartVersion",
                "sourceRef": {"kind": "HelmRepository", "name": "r"},
            },
        });
        assert_eq!(*chart.value(), expected);
    }

    #[rstest]
    #[case::same(json!({}), true)]
    #[case::suspended(json!({"suspend": true}), true)]
    #[case::another_version(json!({"version": "1.x"}), false)]
    #[case::values_files_left(json!({"valuesFiles": ["a.yaml"]}), false)]
    fn a_chart_in_sync_is_left_alone(#[case] other: Value, #[case] in_sync: bool) {
        let wanted = chart(&release(podinfo())).unwrap();
        let mut existing = wanted.clone();
        existing.value_mut()["spec"].as_object_mut().unwrap().extend(other.as_object().cloned().unwrap());
        assert_eq!(holds(&existing, &wanted), in_sync);
    }

    #[test]
    fn a_chart_of_another_place_is_stale() {
        let status = HelmReleaseStatus { helm_chart: Some("old/ns-app".into()), ..HelmReleaseStatus::default() };
        let found = template(&release(podinfo()), &status, &Index::default());
        assert_eq!(found.stale.map(|target| target.namespace), Some("old".into()));
        assert!(found.wanted.is_some());
    }
}
