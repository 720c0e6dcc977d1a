//! Fields that Go writes although they are empty.

use serde_json::{Map, Value, json};
use sluice_object::Gvk;

use super::containers::{default_protocols, items};

/// Adds the fields without omit-empty of a built-in kind.
pub(super) fn complete(value: &mut Value, gvk: &Gvk) {
    match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("apps" | "extensions", "Deployment") => workload(value, "strategy"),
        ("apps" | "extensions", "DaemonSet") => workload(value, "updateStrategy"),
        ("apps", "StatefulSet") => stateful_set(value),
        ("apps" | "extensions", "ReplicaSet") => workload(value, ""),
        ("", "Service") => service(value),
        ("", "PersistentVolumeClaim") => claim(value),
        ("", "Namespace") | ("policy", "PodDisruptionBudget") => _ = struct_at(value, &["spec"]),
        ("networking.k8s.io" | "extensions", "NetworkPolicy") => _ = struct_at(value, &["spec", "podSelector"]),
        ("networking.k8s.io" | "extensions", "Ingress") => ingress(value),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration") => {
            webhooks(value);
        }
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            if let Some(reference) = struct_at(value, &["roleRef"]) {
                ensure(reference, "apiGroup", json!(""));
            }
        }
        _ => {}
    }
}

fn workload(value: &mut Value, strategy: &str) {
    let Some(spec) = struct_at(value, &["spec"]) else { return };
    ensure(spec, "selector", Value::Null);
    if !strategy.is_empty() {
        struct_at(spec, &[strategy]);
    }
}

fn stateful_set(value: &mut Value) {
    workload(value, "updateStrategy");
    let Some(spec) = value.get_mut("spec") else { return };
    ensure(spec, "serviceName", json!(""));
    for template in items(spec, "volumeClaimTemplates") {
        struct_at(template, &["spec", "resources"]);
        struct_at(template, &["status"]);
    }
}

fn service(value: &mut Value) {
    let Some(spec) = struct_at(value, &["spec"]) else { return };
    default_protocols(spec);
    for port in items(spec, "ports") {
        ensure(port, "targetPort", json!(0));
    }
}

fn claim(value: &mut Value) {
    struct_at(value, &["spec", "resources"]);
    for source in ["/spec/dataSource", "/spec/dataSourceRef"] {
        if let Some(source) = value.pointer_mut(source) {
            ensure(source, "apiGroup", Value::Null);
        }
    }
}

fn ingress(value: &mut Value) {
    let Some(spec) = struct_at(value, &["spec"]) else { return };
    for rule in items(spec, "rules") {
        let Some(http) = rule.get_mut("http") else { continue };
        for path in items(http, "paths") {
            ensure(path, "pathType", Value::Null);
        }
    }
}

fn webhooks(value: &mut Value) {
    for webhook in items(value, "webhooks") {
        ensure(webhook, "admissionReviewVersions", Value::Null);
        ensure(webhook, "sideEffects", Value::Null);
    }
}

/// Sets a field that is absent or null. Values of a wrong type are left to the API server.
pub(super) fn ensure(holder: &mut Value, key: &str, value: Value) {
    if let Some(map) = holder.as_object_mut()
        && map.get(key).is_none_or(Value::is_null)
    {
        map.insert(key.into(), value);
    }
}

/// Returns the struct at a path, made on the way; nothing when something else is in its place.
pub(super) fn struct_at<'a>(mut value: &'a mut Value, path: &[&str]) -> Option<&'a mut Value> {
    for key in path {
        ensure(value, key, Value::Object(Map::new()));
        value = value.get_mut(key).filter(|value| value.is_object())?;
    }
    Some(value)
}
