//! Fields that may not change, of the kinds where that matters to an agent.

use serde_json::Value;
use sluice_object::Gvk;

use super::errors::{invalid, qualified};
use crate::ApiError;

const IMMUTABLE: &str = "field is immutable";

/// Group, kind, and the field.
const FIELDS: &[(&str, &str, &str)] = &[
    ("apps", "Deployment", "/spec/selector"),
    ("apps", "DaemonSet", "/spec/selector"),
    ("apps", "ReplicaSet", "/spec/selector"),
    ("batch", "Job", "/spec/template"),
    ("batch", "Job", "/spec/selector"),
    ("", "Secret", "/type"),
    ("storage.k8s.io", "StorageClass", "/provisioner"),
];

const ROLE_BINDINGS: [&str; 2] = ["RoleBinding", "ClusterRoleBinding"];
const STATEFUL_SET_FIXED: [&str; 4] = ["selector", "serviceName", "volumeClaimTemplates", "podManagementPolicy"];

/// Refuses a change of what is immutable.
pub(super) fn check(gvk: &Gvk, old: &Value, new: &Value) -> Result<(), ApiError> {
    let name = new["metadata"]["name"].as_str().unwrap_or_default();
    let refuse = |field: &str, why: String| Err(invalid(&qualified(&gvk.kind, &gvk.group), name, field, &why));
    let ours = FIELDS.iter().filter(|(group, kind, _)| *group == gvk.group && *kind == gvk.kind);
    for (_, _, field) in ours {
        if let (Some(old), Some(new)) = (old.pointer(field), new.pointer(field))
            && old != new
        {
            let field = field.trim_start_matches('/').replace('/', ".");
            return refuse(&field, format!("Invalid value: {new}: {IMMUTABLE}"));
        }
    }
    if ROLE_BINDINGS.contains(&gvk.kind.as_str()) && old["roleRef"] != new["roleRef"] {
        return refuse("roleRef", format!("Invalid value: {}: cannot change roleRef", new["roleRef"]));
    }
    if gvk.kind == "StatefulSet" && STATEFUL_SET_FIXED.iter().any(|field| old["spec"][field] != new["spec"][field]) {
        return refuse("spec", STATEFUL_SET.into());
    }
    if matches!(gvk.kind.as_str(), "ConfigMap" | "Secret") && old["immutable"] == true && data(old) != data(new) {
        return refuse("data", "Forbidden: field is immutable when `immutable` is set".into());
    }
    Ok(())
}

const STATEFUL_SET: &str = "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', \
                            'template', 'updateStrategy', 'revisionHistoryLimit', \
                            'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

fn data(object: &Value) -> [&Value; 3] {
    [&object["data"], &object["binaryData"], &object["immutable"]]
}
