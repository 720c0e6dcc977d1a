//! Flux's own components: a repository made by `flux bootstrap` carries them.

use serde_json::Value;
use sluice_object::Object;

/// Kinds that run Flux, or let it run. Its Namespace is not among them: it holds the users' objects too.
const KINDS: [(&str, &str); 8] = [
    ("apps", "Deployment"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
];

/// Groups whose CustomResourceDefinitions Sluice serves.
const GROUPS: [&str; 3] = ["toolkit.fluxcd.io", "source.extensions.fluxcd.io", "fluxcd.controlplane.io"];

/// Says whether an object would install Flux beside Sluice. Such objects are neither applied nor pruned.
pub fn is_flux_component(object: &Object) -> bool {
    if object.label("app.kubernetes.io/part-of") != Some("flux") {
        return false;
    }
    let gvk = object.gvk();
    if gvk.group == "apiextensions.k8s.io" && gvk.kind == "CustomResourceDefinition" {
        let group = object.value().pointer("/spec/group").and_then(Value::as_str).unwrap_or_default();
        return GROUPS.iter().any(|served| group == *served || group.ends_with(&format!(".{served}")));
    }
    KINDS.contains(&(gvk.group.as_str(), gvk.kind.as_str()))
}
