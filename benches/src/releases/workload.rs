//! The HelmReleases, as in Flux's own benchmark: one chart of a registry, and values that differ little.

use serde_json::{Value, json};

use crate::workload::ACCOUNT;

/// The name of the HelmRepository.
const REPOSITORY: &str = "bench";

/// The values that releases have first; each change asks for another share of a processor.
pub(super) const FIRST: usize = 1;

/// Returns the values of a release.
pub(super) fn values(change: usize) -> Value {
    json!({
        "replicas": 0,
        "ingress": { "enabled": true, "class": "nginx", "hosts": ["{{ .Release.Name }}.example.com"] },
        "resources": { "requests": { "cpu": format!("{change}m"), "memory": "16Mi" } },
    })
}

/// Returns the repository of the chart.
pub(super) fn repository(namespace: &str, url: &str) -> Value {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
        "metadata": { "name": REPOSITORY, "namespace": namespace },
        "spec": { "type": "oci", "interval": "12h", "url": url, "insecure": true },
    })
}

/// Returns a release of the newest version of the chart, made by an account of its namespace.
pub(super) fn release(namespace: &str, name: &str, values: &Value) -> Value {
    let source = json!({ "kind": "HelmRepository", "name": REPOSITORY });
    let chart = json!({ "chart": super::chart::NAME, "version": "*", "interval": "10h", "sourceRef": source });
    json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "interval": "60m", "serviceAccountName": ACCOUNT,
            "chart": { "spec": chart },
            "driftDetection": { "mode": "enabled" },
            "install": { "crds": "Create" }, "upgrade": { "crds": "CreateReplace" },
            "test": { "enable": false },
            "values": values,
        },
    })
}
