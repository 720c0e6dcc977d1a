//! Pod specs: default protocols, and structs that are always written.

use serde_json::{Value, json};
use sluice_object::Gvk;

use super::zeros::{ensure, struct_at};

/// Completes the pod spec of a workload or pod.
pub(super) fn complete(value: &mut Value, gvk: &Gvk) {
    let template = match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "Pod") => return pod_spec(value.get_mut("spec"), true),
        ("apps" | "extensions", "Deployment" | "DaemonSet" | "ReplicaSet")
        | ("apps", "StatefulSet")
        | ("batch", "Job") => struct_at(value, &["spec", "template"]),
        ("batch", "CronJob") => {
            struct_at(value, &["spec", "jobTemplate", "metadata"]);
            struct_at(value, &["spec", "jobTemplate", "spec", "template"])
        }
        ("", "ReplicationController") => return pod_template(value.pointer_mut("/spec/template"), false),
        _ => return,
    };
    pod_template(template, true);
}

fn pod_template(template: Option<&mut Value>, protocols: bool) {
    if let Some(template) = template {
        struct_at(template, &["metadata"]);
        pod_spec(struct_at(template, &["spec"]), protocols);
    }
}

fn pod_spec(spec: Option<&mut Value>, protocols: bool) {
    let Some(spec) = spec else { return };
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in items(spec, list) {
            struct_at(container, &["resources"]);
            // Ports of init containers keep no protocol, as in Flux.
            if protocols && list == "containers" {
                default_protocols(container);
            }
        }
    }
    divide_by_nothing(spec);
    for volume in items(spec, "volumes") {
        claim_template(volume.pointer_mut("/ephemeral/volumeClaimTemplate"));
    }
}

/// References to resources of a container have a divisor; zero stands for the default.
fn divide_by_nothing(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(reference) = map.get_mut("resourceFieldRef") {
                ensure(reference, "divisor", json!("0"));
            }
            map.values_mut().for_each(divide_by_nothing);
        }
        Value::Array(items) => items.iter_mut().for_each(divide_by_nothing),
        _ => {}
    }
}

fn claim_template(template: Option<&mut Value>) {
    if let Some(template) = template {
        struct_at(template, &["metadata"]);
        struct_at(template, &["spec", "resources"]);
    }
}

/// Gives ports without protocol `TCP`.
pub(super) fn default_protocols(holder: &mut Value) {
    items(holder, "ports").for_each(|port| ensure(port, "protocol", json!("TCP")));
}

/// Returns the items of a list.
pub(super) fn items<'a>(holder: &'a mut Value, list: &str) -> impl Iterator<Item = &'a mut Value> {
    holder.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten()
}
