//! Which kinds belong to no namespace: those of Kubernetes v1.21.2, and what the build on this thread adds.

use std::{cell::RefCell, collections::HashMap};

use serde_json::Value as Json;

use crate::{Release, id::Gvk};

thread_local! {
    /// Whether a kind belongs to a namespace, for kinds beyond those of Kubernetes v1.21.2. Ids are compared all over
    /// a build, and an id is only text: what it means is kept here, from [`Scopes::enter`] until that is dropped.
    static ADDED: RefCell<HashMap<Gvk, bool>> = RefCell::default();
}

/// What one build knows of scopes.
pub(crate) struct Scopes(());

impl Scopes {
    /// Begins with what a release knows.
    pub(crate) fn enter(release: Release) -> Self {
        let kinds: &[&str] = match release {
            Release::V5_8_1 => &[],
            Release::V5_8_2 => &["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
        };
        let policy = |kind: &&str| (Gvk::new("admissionregistration.k8s.io", "v1", *kind), false);
        ADDED.set(kinds.iter().map(policy).collect());
        Self(())
    }

    /// Adds the kinds whose paths an OpenAPI document lists.
    pub(crate) fn learn(&self, document: &Json) {
        let paths = document.get("paths").and_then(Json::as_object);
        for (path, operations) in paths.into_iter().flatten() {
            let kind = operations.get("get").and_then(|get| get.get("x-kubernetes-group-version-kind"));
            if let Some(gvk) = kind.and_then(gvk) {
                let namespaced = path.contains("namespaces/{namespace}");
                ADDED.with_borrow_mut(|added| *added.entry(gvk).or_default() |= namespaced);
            }
        }
    }
}

impl Drop for Scopes {
    fn drop(&mut self) {
        ADDED.take();
    }
}

fn gvk(entry: &Json) -> Option<Gvk> {
    let text = |key: &str| entry.get(key).and_then(Json::as_str);
    Some(Gvk::new(text("group").unwrap_or_default(), text("version")?, text("kind")?))
}

/// Says whether a kind is known to belong to no namespace. Kinds that aren't known belong to one.
pub(crate) fn is_cluster_scoped(gvk: &Gvk) -> bool {
    is_built_in(gvk) || ADDED.with_borrow(|added| added.get(gvk) == Some(&false))
}

fn is_built_in(gvk: &Gvk) -> bool {
    let stable_or_beta = matches!(gvk.version.as_str(), "v1" | "v1beta1");
    let stable = gvk.version == "v1";
    match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "Namespace" | "Node" | "NodeProxyOptions" | "PersistentVolume" | "ComponentStatus") => stable,
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration")
        | ("apiextensions.k8s.io", "CustomResourceDefinition")
        | ("apiregistration.k8s.io", "APIService")
        | ("certificates.k8s.io", "CertificateSigningRequest")
        | ("networking.k8s.io", "IngressClass")
        | ("node.k8s.io", "RuntimeClass")
        | ("rbac.authorization.k8s.io", "ClusterRole" | "ClusterRoleBinding")
        | ("scheduling.k8s.io", "PriorityClass")
        | ("storage.k8s.io", "CSIDriver" | "CSINode" | "StorageClass" | "VolumeAttachment") => stable_or_beta,
        ("flowcontrol.apiserver.k8s.io", "FlowSchema" | "PriorityLevelConfiguration")
        | ("policy", "PodSecurityPolicy") => gvk.version == "v1beta1",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn gvk(kind: &str) -> Gvk {
        let (api_version, kind) = kind.rsplit_once('/').unwrap();
        Gvk::parse(api_version, kind)
    }

    #[rstest]
    #[case("v1/Namespace", true)]
    #[case("rbac.authorization.k8s.io/v1beta1/ClusterRole", true)]
    #[case("flowcontrol.apiserver.k8s.io/v1/FlowSchema", false)]
    #[case("example.com/v1/Namespace", false)]
    fn knows_which_kinds_have_no_namespace(#[case] kind: &str, #[case] expected: bool) {
        assert_eq!(is_cluster_scoped(&gvk(kind)), expected);
    }

    #[test]
    fn learns_scopes_from_paths_for_one_build() {
        let get = |kind: &str| {
            json!({"get": {"x-kubernetes-group-version-kind":
            {"group": "example.com", "version": "v1", "kind": kind}}})
        };
        let document = json!({"paths": {"/apis/example.com/v1/wide": get("Wide"),
            "/apis/example.com/v1/near": get("Near"), "/apis/example.com/v1/namespaces/{namespace}/near": get("Near")}});
        let scopes = Scopes::enter(Release::V5_8_1);
        scopes.learn(&document);
        let known = [is_cluster_scoped(&gvk("example.com/v1/Wide")), is_cluster_scoped(&gvk("example.com/v1/Near"))];
        drop(scopes);
        assert_eq!((known, is_cluster_scoped(&gvk("example.com/v1/Wide"))), ([true, false], false));
    }
}
