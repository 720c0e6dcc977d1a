//! The order of kinds, and of the output.

use std::cmp::Ordering;

use crate::{
    error::Problem,
    id::{Gvk, ResId, gvk_text, or},
    kustomization::SortOptions,
    resource::Resource,
};

const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Compares kinds as field specs are sorted.
pub(crate) fn compare_kinds(a: &Gvk, b: &Gvk) -> Ordering {
    let rank = |gvk: &Gvk| rank(&gvk.kind, &FIRST, &LAST);
    rank(a).cmp(&rank(b)).then_with(|| sort_text(a).cmp(&sort_text(b)))
}

/// Sorts objects as `sortOptions` asks.
pub(crate) fn sort(resources: &mut [Resource], options: &SortOptions) -> Result<(), Problem> {
    match (options.order.as_str(), &options.legacy) {
        ("fifo", None) => Ok(()),
        ("fifo", Some(_)) => Err(Problem::invalid(
            "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'",
        )),
        ("legacy", None) => {
            sort_legacy(resources, &FIRST, &LAST);
            Ok(())
        }
        ("legacy", Some(legacy)) => {
            let (first, last) = (texts(&legacy.first), texts(&legacy.last));
            sort_legacy(resources, &first, &last);
            Ok(())
        }
        _ => Err(Problem::invalid("the field 'sortOptions.order' must be one of [fifo, legacy]")),
    }
}

/// Sorts objects by kustomize's traditional order.
pub(crate) fn sort_by_kind(resources: &mut [Resource]) {
    sort_legacy(resources, &FIRST, &LAST);
}

fn texts(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn sort_legacy(resources: &mut [Resource], first: &[&str], last: &[&str]) {
    resources.sort_by_cached_key(|resource| Key::of(&resource.id(), first, last));
}

/// What objects are sorted by.
#[derive(PartialEq, Eq)]
struct Key {
    rank: isize,
    /// Core Namespaces come before those of other groups, and sort the other way round.
    core_namespace: bool,
    kind: String,
    id: String,
}

impl Key {
    fn of(id: &ResId, first: &[&str], last: &[&str]) -> Self {
        let text = format!("{}|{}|{}", gvk_text(&id.gvk), or(&id.namespace, "~X"), or(&id.name, "~N"));
        Self {
            rank: rank(&id.gvk.kind, first, last),
            core_namespace: id.gvk.kind == "Namespace" && id.gvk.group.is_empty(),
            kind: sort_text(&id.gvk),
            id: text,
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let namespaces = self.kind.ends_with("_Namespace") && other.kind.ends_with("_Namespace");
        let by_kind = match (self.core_namespace, other.core_namespace) {
            (true, true) => other.kind.cmp(&self.kind),
            (core, other_core) if namespaces && core != other_core => other_core.cmp(&core),
            _ => self.kind.cmp(&other.kind),
        };
        self.rank.cmp(&other.rank).then(by_kind).then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn rank(kind: &str, first: &[&str], last: &[&str]) -> isize {
    let place = |list: &[&str]| list.iter().rposition(|known| *known == kind);
    match (place(last), place(first)) {
        (Some(index), _) => 1 + index as isize,
        (None, Some(index)) => index as isize - first.len() as isize,
        (None, None) => 0,
    }
}

/// Returns the kind as it is compared: what is missing comes late.
fn sort_text(gvk: &Gvk) -> String {
    format!("{}_{}_{}", or(&gvk.group, "~G"), or(&gvk.version, "~V"), or(&gvk.kind, "~K"))
}
