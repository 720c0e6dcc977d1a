//! Objects and files that scenarios are made of.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use sluice_cluster::Target;
use sluice_object::Object;

use crate::{remotes::Files, site::NAMESPACE};

/// The namespace of what is managed.
pub(super) const APPS: &str = "apps";
/// The remote of most scenarios.
pub(super) const GIT: &str = "https://git.example.com/fleet";
/// Stands in every Secret; nobody may tell it.
pub(crate) const SECRET: &str = "correct-horse-battery";

/// Writes objects as files of a directory, JSON being YAML.
pub(super) fn files(dir: &str, objects: impl IntoIterator<Item = Value>) -> Files {
    let name = |object: &Value| {
        let text = |pointer| super::text(object, pointer).to_lowercase();
        format!("{dir}/{}-{}.yaml", text("/kind"), text("/metadata/name"))
    };
    objects.into_iter().map(|object| (name(&object), object.to_string())).collect()
}

/// A source of [`GIT`].
pub(super) fn git() -> Value {
    source("fleet", GIT)
}

pub(super) fn source(name: &str, url: &str) -> Value {
    ours("source.toolkit.fluxcd.io/v1", "GitRepository", name, json!({"url": url, "interval": "1h"}), json!({}))
}

/// A Kustomization of the directory of its name, with more in its spec.
pub(super) fn kustomization(name: &str, more: Value) -> Value {
    let spec = json!({
        "interval": "1h", "retryInterval": "1m", "timeout": "2m", "prune": true, "path": format!("./{name}"),
        "sourceRef": {"kind": "GitRepository", "name": "fleet"},
    });
    ours("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name, spec, more)
}

/// A HelmRelease of the chart in the directory of its name, which is tried as often as it takes.
pub(super) fn release(name: &str, more: Value) -> Value {
    let patience = json!({"remediation": {"retries": -1}});
    let chart = json!({
        "chart": format!("./{name}"), "reconcileStrategy": "Revision",
        "sourceRef": {"kind": "GitRepository", "name": "fleet"},
    });
    let spec = json!({
        "interval": "1h", "timeout": "2m", "releaseName": name, "targetNamespace": APPS, "chart": {"spec": chart},
        "install": patience, "upgrade": patience,
    });
    ours("helm.toolkit.fluxcd.io/v2", "HelmRelease", name, spec, more)
}

pub(super) fn ours(api_version: &str, kind: &str, name: &str, mut spec: Value, more: Value) -> Value {
    if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
        spec.extend(more);
    }
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec})
}

pub(super) fn target(object: &Value) -> Target {
    Target::of(&Object::new(object.clone()).expect("invariant: scenarios are made of objects"))
}

pub(super) fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

pub(super) fn config(name: &str, v: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": APPS}, "data": {"v": v}})
}

pub(super) fn account(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}})
}

/// A Secret of ours whose changes are seen at once.
pub(super) fn secret(name: &str, key: &str, text: &str) -> Value {
    let labels = json!({"reconcile.fluxcd.io/watch": "Enabled"});
    let metadata = json!({"name": name, "namespace": NAMESPACE, "labels": labels});
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {key: BASE64_STANDARD.encode(text)}})
}

pub(super) fn deployment(name: &str, replicas: usize) -> Value {
    let labels = json!({"app": name});
    let container = json!({"name": "web", "image": "registry.example.com/web:1"});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": APPS},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    })
}

pub(super) fn widget_definition() -> Value {
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}],
        },
    })
}

pub(super) fn widget(name: &str, size: usize) -> Value {
    let metadata = json!({"name": name, "namespace": APPS});
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata, "spec": {"size": size}})
}

/// A chart of these templates, in the directory of its name.
pub(super) fn chart(name: &str, version: &str, templates: impl IntoIterator<Item = Value>) -> Files {
    let about = json!({"apiVersion": "v2", "name": name, "version": version});
    let mut files = vec![(format!("{name}/Chart.yaml"), about.to_string())];
    files.push((format!("{name}/values.yaml"), json!({"v": "1"}).to_string()));
    files.extend(self::files(&format!("{name}/templates"), templates));
    files
}

/// A Job that runs at moments of a release, and goes when it has succeeded.
pub(super) fn hook(name: &str, moments: &str) -> Value {
    let pod =
        json!({"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example.com/job:1"}]});
    let annotations =
        json!({"helm.sh/hook": moments, "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded"});
    let metadata = json!({"name": name, "namespace": APPS, "annotations": annotations});
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": {"spec": pod}}})
}
