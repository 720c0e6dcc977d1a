//! Which kinds are built into Kubernetes, and the order of the rules for them.

use serde_json::Value;
use sluice_object::Gvk;

use super::{containers, empties, quantity, secret, zeros};

/// Groups whose kinds Flux knows as Go types.
const GROUPS: [&str; 22] = [
    "",
    "admissionregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "imagepolicy.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// Says whether a kind is built into Kubernetes.
pub fn is_native(gvk: &Gvk) -> bool {
    GROUPS.contains(&gvk.group.as_str())
}

pub(super) fn normalize(value: &mut Value, gvk: &Gvk) {
    if gvk.kind == "Secret" && gvk.group.is_empty() && !secret::normalize(value) {
        return;
    }
    empties::drop_all(value, gvk);
    quantity::canonicalize_all(value, gvk);
    containers::complete(value, gvk);
    zeros::complete(value, gvk);
}
