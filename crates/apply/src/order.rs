//! Which object comes before which: stages, and the order in a stage.
//!
//! definitions → wait → classes → wait → custom kinds → rest; deletion goes the other way round.

use std::{cmp::Ordering, collections::BTreeSet};

use sluice_object::{Gvk, ObjectId};

/// A group of kinds that is applied before the next one is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// CustomResourceDefinitions, Namespaces, ClusterRoles.
    Definitions,
    /// Kinds whose name ends in `Class`.
    Classes,
    /// Kinds named by the installation.
    Custom,
    /// All others.
    Rest,
}

impl Stage {
    /// The stages in order.
    pub const ALL: [Self; 4] = [Self::Definitions, Self::Classes, Self::Custom, Self::Rest];

    /// Returns the stage of a kind.
    pub fn of(gvk: &Gvk, custom: &CustomKinds) -> Self {
        match (gvk.group.as_str(), gvk.kind.as_str()) {
            ("apiextensions.k8s.io", kind) if kind.eq_ignore_ascii_case("CustomResourceDefinition") => {
                Self::Definitions
            }
            ("", "Namespace") | ("rbac.authorization.k8s.io", "ClusterRole") => Self::Definitions,
            (_, kind) if kind.ends_with("Class") => Self::Classes,
            (group, kind) if custom.contains(group, kind) => Self::Custom,
            _ => Self::Rest,
        }
    }

    /// Says whether the stage must be healthy before the next one begins.
    pub fn waits(self) -> bool {
        matches!(self, Self::Definitions | Self::Classes)
    }
}

/// The kinds of [`Stage::Custom`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomKinds(BTreeSet<(String, String)>);

/// A list of kinds that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read `{0}` as `group/Kind`")]
pub struct CustomKindsError(pub String);

impl CustomKinds {
    /// Reads `group/Kind,group/Kind`; a core kind is written `Kind` or `/Kind`.
    ///
    /// # Errors
    /// When an entry has no kind, or more than one slash.
    pub fn parse(text: &str) -> Result<Self, CustomKindsError> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(parse_kind).collect::<Result<_, _>>().map(Self)
    }

    /// Says whether a kind is listed.
    pub fn contains(&self, group: &str, kind: &str) -> bool {
        self.0.iter().any(|(g, k)| g == group && k == kind)
    }
}

fn parse_kind(entry: &str) -> Result<(String, String), CustomKindsError> {
    let (group, kind) = entry.split_once('/').unwrap_or(("", entry));
    if kind.is_empty() || kind.contains('/') {
        return Err(CustomKindsError(entry.into()));
    }
    Ok((group.into(), kind.into()))
}

const FIRST: [&str; 23] = [
    "CustomResourceDefinition",
    "Namespace",
    "ClusterRole",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Returns the place of a kind in the order; kinds without one of their own share a place before the webhooks.
pub fn position(kind: &str) -> usize {
    let first = FIRST.iter().position(|first| *first == kind);
    let last = || LAST.iter().position(|last| *last == kind).map(|index| FIRST.len() + 1 + index);
    first.or_else(last).unwrap_or(FIRST.len())
}

/// Compares two objects in the order of application: by position, then group, kind, namespace, name.
pub fn compare(a: &ObjectId, b: &ObjectId) -> Ordering {
    let key = |id: &ObjectId| position(&id.kind);
    key(a)
        .cmp(&key(b))
        .then_with(|| (&a.group, &a.kind, &a.namespace, &a.name).cmp(&(&b.group, &b.kind, &b.namespace, &b.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn id(group: &str, kind: &str, namespace: &str, name: &str) -> ObjectId {
        ObjectId::new(&Gvk::new(group, "v1", kind), namespace, name)
    }

    #[rstest]
    #[case("apiextensions.k8s.io", "customresourcedefinition", Stage::Definitions)]
    #[case("e.io", "CustomResourceDefinition", Stage::Rest)]
    #[case("", "Namespace", Stage::Definitions)]
    #[case("rbac.authorization.k8s.io", "ClusterRole", Stage::Definitions)]
    #[case("rbac.authorization.k8s.io", "ClusterRoleBinding", Stage::Rest)]
    #[case("e.io", "MyClass", Stage::Classes)]
    #[case("e.io", "Myclass", Stage::Rest)]
    #[case("e.io", "Foo", Stage::Custom)]
    #[case("", "Foo", Stage::Rest)]
    #[case("", "Secret", Stage::Custom)]
    fn each_kind_has_its_stage(#[case] group: &str, #[case] kind: &str, #[case] stage: Stage) {
        let custom = CustomKinds::parse("e.io/Foo, /Secret,").unwrap();
        assert_eq!(Stage::of(&Gvk::new(group, "v1", kind), &custom), stage);
    }

    #[rstest]
    #[case("a/b/C")]
    #[case("a/")]
    fn unreadable_custom_kinds_are_refused(#[case] text: &str) {
        assert_eq!(CustomKinds::parse(text), Err(CustomKindsError(text.into())));
    }

    #[test]
    fn kinds_without_a_place_come_by_group_before_the_webhooks() {
        let sorted = [
            id("", "Namespace", "", "a"),
            id("", "ConfigMap", "a", "z"),
            id("", "ConfigMap", "b", "a"),
            id("apps", "Deployment", "a", "a"),
            id("policy", "PodDisruptionBudget", "a", "a"),
            id("", "PersistentVolumeClaim", "a", "a"),
            id("", "Pod", "a", "a"),
            id("admissionregistration.k8s.io", "ValidatingAdmissionPolicy", "", "a"),
            id("apps", "DaemonSet", "a", "a"),
            id("e.io", "Foo", "a", "a"),
            id("admissionregistration.k8s.io", "MutatingWebhookConfiguration", "", "a"),
            id("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "", "a"),
        ];
        let mut shuffled: Vec<_> = sorted.iter().rev().cloned().collect();
        shuffled.sort_by(compare);
        assert_eq!(shuffled, sorted);
    }
}
