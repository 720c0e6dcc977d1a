//! Which kinds are served.

use std::collections::BTreeMap;

use serde_json::Value;
use sluice_object::{Gvk, Object};

use super::{errors::qualified, schema::Schema};
use crate::{ApiError, Resolved, Server};

/// What the server knows of a kind.
#[derive(Debug, Clone)]
pub(super) struct KindInfo {
    pub(super) group: String,
    pub(super) plural: String,
    pub(super) namespaced: bool,
    /// Served versions with their schema.
    pub(super) versions: BTreeMap<String, Schema>,
    /// Whether the status is a subresource.
    pub(super) status: bool,
    /// Whether objects have a generation.
    pub(super) generation: bool,
}

impl KindInfo {
    /// Returns the resource's name in messages.
    pub(super) fn resource(&self) -> String {
        qualified(&self.plural, &self.group)
    }

    pub(super) fn schema(&self, version: &str) -> Schema {
        self.versions.get(version).cloned().unwrap_or(Schema::BuiltIn)
    }
}

/// The table of kinds, by group and kind.
#[derive(Debug, Default)]
pub(super) struct Kinds(BTreeMap<(String, String), KindInfo>);

/// Group, version, kind, plural; `c` cluster scope, `s` status subresource, `g` generation.
const BUILT_IN: &[(&str, &str, &str, &str, &str)] = &[
    ("", "v1", "Namespace", "namespaces", "cs"),
    ("", "v1", "Node", "nodes", "cs"),
    ("", "v1", "PersistentVolume", "persistentvolumes", "cs"),
    ("", "v1", "ConfigMap", "configmaps", ""),
    ("", "v1", "Secret", "secrets", ""),
    ("", "v1", "Service", "services", "s"),
    ("", "v1", "ServiceAccount", "serviceaccounts", ""),
    ("", "v1", "Pod", "pods", "sg"),
    ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "s"),
    ("", "v1", "Event", "events", ""),
    ("", "v1", "Endpoints", "endpoints", ""),
    ("", "v1", "LimitRange", "limitranges", ""),
    ("", "v1", "ResourceQuota", "resourcequotas", "s"),
    ("", "v1", "ReplicationController", "replicationcontrollers", "sg"),
    ("apps", "v1", "Deployment", "deployments", "sg"),
    ("apps", "v1", "StatefulSet", "statefulsets", "sg"),
    ("apps", "v1", "DaemonSet", "daemonsets", "sg"),
    ("apps", "v1", "ReplicaSet", "replicasets", "sg"),
    ("batch", "v1", "Job", "jobs", "sg"),
    ("batch", "v1", "CronJob", "cronjobs", "sg"),
    ("rbac.authorization.k8s.io", "v1", "Role", "roles", ""),
    ("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", ""),
    ("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", "c"),
    ("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", "c"),
    ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", "csg"),
    ("apiregistration.k8s.io", "v1", "APIService", "apiservices", "cs"),
    ("networking.k8s.io", "v1", "Ingress", "ingresses", "sg"),
    ("networking.k8s.io", "v1", "IngressClass", "ingressclasses", "cg"),
    ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "g"),
    ("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "sg"),
    ("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "s"),
    ("storage.k8s.io", "v1", "StorageClass", "storageclasses", "c"),
    ("storage.k8s.io", "v1", "CSIDriver", "csidrivers", "c"),
    ("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "cg"),
    ("coordination.k8s.io", "v1", "Lease", "leases", ""),
    ("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "g"),
    ("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", "c"),
    ("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "cg"),
    ("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "cg"),
    ("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", "csg"),
    (
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        "cg",
    ),
];

impl Kinds {
    /// Returns the kinds that every server has.
    pub(super) fn built_in() -> Self {
        let entry = |&(group, version, kind, plural, marks): &(&str, &str, &str, &str, &str)| {
            let info = KindInfo {
                group: group.into(),
                plural: plural.into(),
                namespaced: !marks.contains('c'),
                versions: BTreeMap::from([(version.into(), Schema::BuiltIn)]),
                status: marks.contains('s'),
                generation: marks.contains('g'),
            };
            ((group.to_owned(), kind.to_owned()), info)
        };
        Self(BUILT_IN.iter().map(entry).collect())
    }

    /// Returns what is known of a kind in a version.
    pub(super) fn resolve(&self, gvk: &Gvk) -> Result<&KindInfo, ApiError> {
        let Some(info) = self.get(&gvk.group, &gvk.kind) else { return Err(ApiError::no_match(gvk, Vec::new())) };
        let served = || info.versions.keys().cloned().collect();
        info.versions.contains_key(&gvk.version).then_some(info).ok_or_else(|| ApiError::no_match(gvk, served()))
    }

    /// Returns what is known of a kind.
    pub(super) fn get(&self, group: &str, kind: &str) -> Option<&KindInfo> {
        self.0.get(&(group.to_owned(), kind.to_owned()))
    }

    /// Returns what the server is.
    pub(super) fn server(&self) -> Server {
        let of = |((_, kind), info): (&(String, String), &KindInfo)| {
            let versions: Vec<_> = info.versions.keys().cloned().collect();
            let (group, kind) = (info.group.clone(), kind.clone());
            versions.into_iter().map(move |version| Gvk::new(&group, version, &kind))
        };
        let mut kinds: Vec<_> = self.0.iter().flat_map(of).collect();
        kinds.sort();
        Server { version: "v1.34.0".into(), kinds }
    }

    pub(super) fn add(&mut self, kind: &str, info: KindInfo) {
        self.0.insert((info.group.clone(), kind.to_owned()), info);
    }

    pub(super) fn remove(&mut self, group: &str, kind: &str) {
        self.0.remove(&(group.to_owned(), kind.to_owned()));
    }
}

impl From<&KindInfo> for Resolved {
    fn from(info: &KindInfo) -> Self {
        Self { plural: info.plural.clone(), namespaced: info.namespaced }
    }
}

/// Reads a CustomResourceDefinition: the kind, and what is to be known of it.
pub(super) fn of_definition(definition: &Object) -> Option<(String, KindInfo)> {
    let spec = &definition.value()["spec"];
    let versions = spec["versions"].as_array()?;
    let served = versions.iter().filter(|version| version["served"].as_bool().unwrap_or_default());
    let schema = |version: &Value| {
        let schema = Schema::Custom(version["schema"]["openAPIV3Schema"].clone().into());
        Some((version["name"].as_str()?.to_owned(), schema))
    };
    let info = KindInfo {
        group: spec["group"].as_str()?.into(),
        plural: spec["names"]["plural"].as_str()?.into(),
        namespaced: spec["scope"] == "Namespaced",
        versions: served.filter_map(schema).collect(),
        status: versions.iter().any(|version| version["subresources"]["status"].is_object()),
        generation: true,
    };
    Some((spec["names"]["kind"].as_str()?.into(), info))
}
