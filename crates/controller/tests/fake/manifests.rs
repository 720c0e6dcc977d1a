//! Files of sources.

use serde_json::{Value, json};

/// Writes objects as files of a directory, JSON being YAML.
pub(crate) fn files(dir: &str, objects: impl IntoIterator<Item = Value>) -> Vec<(String, String)> {
    let name = |object: &Value| {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        format!("{dir}/{}-{}.yaml", text("/kind"), text("/metadata/name"))
    };
    objects.into_iter().map(|object| (name(&object), object.to_string())).collect()
}

pub(crate) fn config(name: &str, v: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "demo"}, "data": {"v": v}})
}

pub(crate) fn configs(names: impl IntoIterator<Item = usize>) -> Vec<Value> {
    names.into_iter().map(|index| config(&format!("c{index}"), "1")).collect()
}

pub(crate) fn namespace() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
}

pub(crate) fn deployment(name: &str, replicas: usize) -> Value {
    let labels = json!({"app": name});
    let container = json!({"name": "web", "image": "registry.example.com/web:1"});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "demo"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    })
}

pub(crate) fn widget_definition() -> Value {
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

pub(crate) fn widget(name: &str, size: usize) -> Value {
    let metadata = json!({"name": name, "namespace": "demo"});
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata, "spec": {"size": size}})
}
