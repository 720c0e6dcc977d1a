//! The field specs that hold without any configuration.

use super::{Config, FieldSpec, references};
use crate::{Release, id::Gvk, sort};

const METADATA_LABELS: &str = "metadata/labels";
const MATCH_LABELS: &str = "spec/selector/matchLabels";
const TEMPLATE_LABELS: &str = "spec/template/metadata/labels";
const TEMPLATE_ANNOTATIONS: &str = "spec/template/metadata/annotations";

/// Returns all defaults of a release, sorted by kind as after a merge.
pub(super) fn config(release: Release) -> Config {
    Config {
        name_prefix: vec![FieldSpec::new("", "metadata/name", false)],
        name_suffix: vec![FieldSpec::new("", "metadata/name", false)],
        namespace: sorted(namespace()),
        common_labels: sorted([selectors(), labels(), claims()].concat()),
        labels: Vec::new(),
        template_labels: match release {
            Release::V5_8_1 => sorted([labels(), claims()].concat()),
            Release::V5_8_2 => sorted(labels()),
        },
        claim_labels: claims(),
        common_annotations: sorted(annotations()),
        name_reference: references::all(),
        var_reference: sorted(vars()),
        images: images(release),
        replicas: sorted(replicas()),
    }
}

fn sorted(mut specs: Vec<FieldSpec>) -> Vec<FieldSpec> {
    specs.sort_by(|a, b| sort::compare_kinds(&a.gvk, &b.gvk));
    specs
}

fn grouped(group: &str, kind: &str, path: &str, create: bool) -> FieldSpec {
    FieldSpec::of(Gvk::new(group, "", kind), path, create)
}

fn versioned(version: &str, kind: &str, path: &str, create: bool) -> FieldSpec {
    FieldSpec::of(Gvk::new("", version, kind), path, create)
}

fn namespace() -> Vec<FieldSpec> {
    let webhook = "spec/conversion/webhook/clientConfig/service/namespace";
    vec![
        FieldSpec::new("Namespace", "metadata/name", true),
        grouped("apiregistration.k8s.io", "APIService", "spec/service/namespace", true),
        grouped("apiextensions.k8s.io", "CustomResourceDefinition", webhook, false),
    ]
}

fn selectors() -> Vec<FieldSpec> {
    let mut specs = vec![
        versioned("v1", "Service", "spec/selector", true),
        versioned("v1", "ReplicationController", "spec/selector", true),
        FieldSpec::new("Deployment", MATCH_LABELS, true),
        FieldSpec::new("ReplicaSet", MATCH_LABELS, true),
        FieldSpec::new("DaemonSet", MATCH_LABELS, true),
        grouped("apps", "StatefulSet", MATCH_LABELS, true),
        grouped("batch", "Job", MATCH_LABELS, false),
        grouped("batch", "CronJob", "spec/jobTemplate/spec/selector/matchLabels", false),
        grouped("policy", "PodDisruptionBudget", MATCH_LABELS, false),
    ];
    for path in ["spec/podSelector", "spec/ingress/from/podSelector", "spec/egress/to/podSelector"] {
        specs.push(grouped("networking.k8s.io", "NetworkPolicy", &format!("{path}/matchLabels"), false));
    }
    for kind in ["Deployment", "StatefulSet"] {
        specs.extend(pod_selectors().into_iter().map(|path| grouped("apps", kind, &path, false)));
    }
    specs
}

/// The label selectors inside a pod template.
fn pod_selectors() -> Vec<String> {
    let mut paths = vec!["spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels".to_owned()];
    for affinity in ["podAffinity", "podAntiAffinity"] {
        for terms in [
            "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm",
            "requiredDuringSchedulingIgnoredDuringExecution",
        ] {
            paths.push(format!("spec/template/spec/affinity/{affinity}/{terms}/labelSelector/matchLabels"));
        }
    }
    paths
}

fn labels() -> Vec<FieldSpec> {
    vec![
        FieldSpec::new("", METADATA_LABELS, true),
        versioned("v1", "ReplicationController", TEMPLATE_LABELS, true),
        FieldSpec::new("Deployment", TEMPLATE_LABELS, true),
        FieldSpec::new("ReplicaSet", TEMPLATE_LABELS, true),
        FieldSpec::new("DaemonSet", TEMPLATE_LABELS, true),
        grouped("apps", "StatefulSet", TEMPLATE_LABELS, true),
        grouped("batch", "Job", TEMPLATE_LABELS, true),
        grouped("batch", "CronJob", "spec/jobTemplate/metadata/labels", true),
        grouped("batch", "CronJob", "spec/jobTemplate/spec/template/metadata/labels", true),
    ]
}

/// The labels of the volumes that a StatefulSet claims.
fn claims() -> Vec<FieldSpec> {
    vec![grouped("apps", "StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", true)]
}

fn annotations() -> Vec<FieldSpec> {
    vec![
        FieldSpec::new("", "metadata/annotations", true),
        versioned("v1", "ReplicationController", TEMPLATE_ANNOTATIONS, true),
        FieldSpec::new("Deployment", TEMPLATE_ANNOTATIONS, true),
        FieldSpec::new("ReplicaSet", TEMPLATE_ANNOTATIONS, true),
        FieldSpec::new("DaemonSet", TEMPLATE_ANNOTATIONS, true),
        FieldSpec::new("StatefulSet", TEMPLATE_ANNOTATIONS, true),
        grouped("batch", "Job", TEMPLATE_ANNOTATIONS, true),
        grouped("batch", "CronJob", "spec/jobTemplate/metadata/annotations", true),
        grouped("batch", "CronJob", "spec/jobTemplate/spec/template/metadata/annotations", true),
    ]
}

fn images(release: Release) -> Vec<FieldSpec> {
    let parts = ["containers[]/image", "initContainers[]/image", "volumes[]/image/reference"];
    let path = |before: &str, part: &str| FieldSpec::new("", &format!("{before}/{part}"), true);
    let pods = ["spec", "spec/template/spec"].iter().flat_map(|before| parts.map(|part| path(before, part)));
    let jobs = (release == Release::V5_8_2).then(|| path("spec/jobTemplate/spec/template/spec", parts[2]));
    pods.chain(jobs).collect()
}

fn replicas() -> Vec<FieldSpec> {
    let kinds = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];
    kinds.map(|kind| FieldSpec::new(kind, "spec/replicas", true)).to_vec()
}

fn vars() -> Vec<FieldSpec> {
    let mut specs = Vec::new();
    let templates = ["DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet"];
    let pods = templates.map(|kind| (kind, "spec/template/spec"));
    let all = pods.into_iter().chain([("CronJob", "spec/jobTemplate/spec/template/spec"), ("Pod", "spec")]);
    for (kind, before) in all {
        for containers in ["containers", "initContainers"] {
            for field in ["args", "command", "env/value", "volumeMounts/mountPath"] {
                specs.push(FieldSpec::new(kind, &format!("{before}/{containers}/{field}"), false));
            }
        }
    }
    specs.extend(OTHER_VARS.map(|(kind, path)| FieldSpec::new(kind, path, false)));
    specs
}

/// The path of a CronJob's volumes lacks a `spec`, as in kustomize.
const OTHER_VARS: [(&str, &str); 16] = [
    ("CronJob", "spec/jobTemplate/spec/template/volumes/nfs/server"),
    ("DaemonSet", "spec/template/spec/volumes/nfs/server"),
    ("Deployment", "spec/template/spec/volumes/nfs/server"),
    ("Deployment", TEMPLATE_ANNOTATIONS),
    ("Job", "spec/template/spec/volumes/nfs/server"),
    ("Pod", "spec/volumes/nfs/server"),
    ("ReplicaSet", "spec/template/spec/volumes/nfs/server"),
    ("StatefulSet", "spec/volumeClaimTemplates/spec/nfs/server"),
    ("Ingress", "spec/rules/host"),
    ("Ingress", "spec/tls/hosts"),
    ("Ingress", "spec/tls/secretName"),
    ("Service", "spec/ports/port"),
    ("Service", "spec/ports/targetPort"),
    ("PersistentVolume", "spec/nfs/server"),
    ("", METADATA_LABELS),
    ("", "metadata/annotations"),
];
