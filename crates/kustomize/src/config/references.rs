//! Which fields hold names of which kinds, without any configuration.

use super::{FieldSpec, NameReference};
use crate::{id::Gvk, sort};

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

/// Kinds with a pod template, and where it is.
const TEMPLATES: [(&str, &str); 8] = [
    ("Pod", "spec"),
    ("PodTemplate", "template/spec"),
    ("Deployment", "spec/template/spec"),
    ("ReplicaSet", "spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
    ("StatefulSet", "spec/template/spec"),
    ("Job", "spec/template/spec"),
    ("CronJob", "spec/jobTemplate/spec/template/spec"),
];

/// Kinds whose pods refer to accounts, claims and priorities; ReplicaSet is not among them, as in kustomize.
const RUNNERS: [(&str, &str); 7] = [
    ("Pod", "spec"),
    ("StatefulSet", "spec/template/spec"),
    ("Deployment", "spec/template/spec"),
    ("ReplicationController", "spec/template/spec"),
    ("CronJob", "spec/jobTemplate/spec/template/spec"),
    ("Job", "spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
];

/// Returns all references, sorted by the kind they lead to.
pub(super) fn all() -> Vec<NameReference> {
    let mut references = vec![
        reference(Gvk::new("", "v1", "ConfigMap"), config_maps()),
        reference(Gvk::new("", "v1", "Secret"), secrets()),
        reference(Gvk::new("", "v1", "Service"), services()),
        reference(Gvk::new(RBAC, "", "Role"), vec![rbac("RoleBinding", "roleRef/name")]),
        reference(Gvk::new(RBAC, "", "ClusterRole"), bindings("roleRef/name")),
        reference(Gvk::new("", "v1", "ServiceAccount"), [bindings("subjects"), runners("serviceAccountName")].concat()),
        reference(Gvk::new("", "v1", "PersistentVolumeClaim"), runners("volumes/persistentVolumeClaim/claimName")),
        reference(Gvk::new("scheduling.k8s.io", "v1", "PriorityClass"), runners("priorityClassName")),
    ];
    references.extend(storage());
    references.extend(scaled());
    references.extend(others());
    references.sort_by(|a, b| sort::compare_kinds(&a.target, &b.target));
    references
}

fn reference(target: Gvk, referrers: Vec<FieldSpec>) -> NameReference {
    NameReference { target, referrers }
}

fn plain(kind: &str, path: &str) -> FieldSpec {
    FieldSpec::new(kind, path, false)
}

fn rbac(kind: &str, path: &str) -> FieldSpec {
    FieldSpec::of(Gvk::new(RBAC, "", kind), path, false)
}

fn bindings(path: &str) -> Vec<FieldSpec> {
    vec![rbac("RoleBinding", path), rbac("ClusterRoleBinding", path)]
}

fn runners(field: &str) -> Vec<FieldSpec> {
    RUNNERS.map(|(kind, before)| plain(kind, &format!("{before}/{field}"))).to_vec()
}

fn templates(fields: &[&str]) -> Vec<FieldSpec> {
    let mut specs = Vec::new();
    for (kind, before) in TEMPLATES {
        let version = if kind == "Pod" { "v1" } else { "" };
        for field in fields {
            specs.push(FieldSpec::of(Gvk::new("", version, kind), &format!("{before}/{field}"), false));
        }
    }
    specs
}

fn config_maps() -> Vec<FieldSpec> {
    let mut specs = templates(&[
        "volumes/configMap/name",
        "containers/env/valueFrom/configMapKeyRef/name",
        "initContainers/env/valueFrom/configMapKeyRef/name",
        "containers/envFrom/configMapRef/name",
        "initContainers/envFrom/configMapRef/name",
        "volumes/projected/sources/configMap/name",
    ]);
    specs.extend([
        plain("Node", "spec/configSource/configMap"),
        plain("Role", "rules/resourceNames"),
        plain("ClusterRole", "rules/resourceNames"),
        plain("Ingress", r"metadata/annotations/nginx.ingress.kubernetes.io\/fastcgi-params-configmap"),
    ]);
    specs
}

fn secrets() -> Vec<FieldSpec> {
    let mut specs = templates(&[
        "volumes/secret/secretName",
        "containers/env/valueFrom/secretKeyRef/name",
        "initContainers/env/valueFrom/secretKeyRef/name",
        "containers/envFrom/secretRef/name",
        "initContainers/envFrom/secretRef/name",
        "imagePullSecrets/name",
        "volumes/projected/sources/secret/name",
    ]);
    specs.extend(
        ["secretName", "adminSecretName", "userSecretName", "secretRef"]
            .map(|field| plain("StorageClass", &format!("parameters/{field}"))),
    );
    let serving = Gvk::new("serving.knative.dev", "v1", "Service");
    specs.extend([
        plain("Ingress", "spec/tls/secretName"),
        plain("Ingress", r"metadata/annotations/ingress.kubernetes.io\/auth-secret"),
        plain("Ingress", r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-secret"),
        plain("Ingress", r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-tls-secret"),
        plain("ServiceAccount", "imagePullSecrets/name"),
        plain("Role", "rules/resourceNames"),
        plain("ClusterRole", "rules/resourceNames"),
        FieldSpec::of(serving, "spec/template/spec/containers/env/valueFrom/secretKeyRef/name", false),
        plain("PersistentVolume", "spec/azureFile/secretName"),
    ]);
    specs
}

fn services() -> Vec<FieldSpec> {
    let of = |group: &str, kind: &str, path: &str| FieldSpec::of(Gvk::new(group, "", kind), path, false);
    vec![
        of("apps", "StatefulSet", "spec/serviceName"),
        plain("Ingress", "spec/rules/http/paths/backend/serviceName"),
        plain("Ingress", "spec/backend/serviceName"),
        plain("Ingress", "spec/rules/http/paths/backend/service/name"),
        plain("Ingress", "spec/defaultBackend/service/name"),
        of("apiregistration.k8s.io", "APIService", "spec/service/name"),
        of(ADMISSION, "ValidatingWebhookConfiguration", "webhooks/clientConfig/service"),
        of(ADMISSION, "MutatingWebhookConfiguration", "webhooks/clientConfig/service"),
    ]
}

fn storage() -> Vec<NameReference> {
    let volumes = vec![plain("PersistentVolumeClaim", "spec/volumeName"), plain("ClusterRole", "rules/resourceNames")];
    let classes = vec![
        plain("PersistentVolume", "spec/storageClassName"),
        plain("PersistentVolumeClaim", "spec/storageClassName"),
        plain("StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName"),
    ];
    vec![
        reference(Gvk::new("", "v1", "PersistentVolume"), volumes),
        reference(Gvk::new("storage.k8s.io", "v1", "StorageClass"), classes),
    ]
}

/// What a HorizontalPodAutoscaler may scale.
fn scaled() -> Vec<NameReference> {
    let referrers = vec![plain("HorizontalPodAutoscaler", "spec/scaleTargetRef/name")];
    let kinds = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];
    kinds.iter().map(|kind| reference(Gvk::new("", "", *kind), referrers.clone())).collect()
}

/// The group of IngressClass has a version in it, so that it never fits: kustomize has it so.
fn others() -> Vec<NameReference> {
    let policy = Gvk::new(ADMISSION, "", "ValidatingAdmissionPolicyBinding");
    vec![
        reference(
            Gvk::new("networking.k8s.io/v1", "v1", "IngressClass"),
            vec![plain("Ingress", "spec/ingressClassName")],
        ),
        reference(
            Gvk::new(ADMISSION, "", "ValidatingAdmissionPolicy"),
            vec![FieldSpec::of(policy, "spec/policyName", false)],
        ),
    ]
}
