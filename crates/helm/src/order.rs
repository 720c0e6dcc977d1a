//! The order in which Helm installs and removes objects.

use std::cmp::Ordering;

/// Kinds in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindOrder(&'static [&'static str]);

impl KindOrder {
    /// What others need comes first.
    pub const INSTALL: Self = Self(&[
        "PriorityClass",
        "Namespace",
        "NetworkPolicy",
        "ResourceQuota",
        "LimitRange",
        "PodSecurityPolicy",
        "PodDisruptionBudget",
        "ServiceAccount",
        "Secret",
        "SecretList",
        "ConfigMap",
        "StorageClass",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "CustomResourceDefinition",
        "ClusterRole",
        "ClusterRoleList",
        "ClusterRoleBinding",
        "ClusterRoleBindingList",
        "Role",
        "RoleList",
        "RoleBinding",
        "RoleBindingList",
        "Service",
        "DaemonSet",
        "Pod",
        "ReplicationController",
        "ReplicaSet",
        "Deployment",
        "HorizontalPodAutoscaler",
        "StatefulSet",
        "Job",
        "CronJob",
        "IngressClass",
        "Ingress",
        "APIService",
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
    ]);

    /// What others need goes last. Services go early: no traffic comes to what is about to end.
    pub const UNINSTALL: Self = Self(&[
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "APIService",
        "Ingress",
        "IngressClass",
        "Service",
        "CronJob",
        "Job",
        "StatefulSet",
        "HorizontalPodAutoscaler",
        "Deployment",
        "ReplicaSet",
        "ReplicationController",
        "Pod",
        "DaemonSet",
        "RoleBindingList",
        "RoleBinding",
        "RoleList",
        "Role",
        "ClusterRoleBindingList",
        "ClusterRoleBinding",
        "ClusterRoleList",
        "ClusterRole",
        "CustomResourceDefinition",
        "PersistentVolumeClaim",
        "PersistentVolume",
        "StorageClass",
        "ConfigMap",
        "SecretList",
        "Secret",
        "ServiceAccount",
        "PodDisruptionBudget",
        "PodSecurityPolicy",
        "LimitRange",
        "ResourceQuota",
        "NetworkPolicy",
        "Namespace",
        "PriorityClass",
    ]);

    /// Compares two kinds. Kinds that are not in the order come last, by name.
    pub fn compare(self, one: &str, other: &str) -> Ordering {
        match (self.place(one), self.place(other)) {
            (None, None) => one.cmp(other),
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(other)) => one.cmp(&other),
        }
    }

    fn place(self, kind: &str) -> Option<usize> {
        self.0.iter().position(|known| *known == kind)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::needed("Namespace", "Deployment", Ordering::Less)]
    #[case::needing("Ingress", "Service", Ordering::Greater)]
    #[case::same("Secret", "Secret", Ordering::Equal)]
    #[case::unknown("Widget", "ValidatingWebhookConfiguration", Ordering::Greater)]
    #[case::unknown_by_name("Gadget", "Widget", Ordering::Less)]
    fn what_others_need_is_installed_first(#[case] one: &str, #[case] other: &str, #[case] expected: Ordering) {
        assert_eq!(KindOrder::INSTALL.compare(one, other), expected);
    }

    #[test]
    fn the_same_kinds_are_installed_and_removed() {
        let sorted = |order: KindOrder| {
            let mut kinds = order.0.to_vec();
            kinds.sort_unstable();
            kinds
        };
        assert_eq!(sorted(KindOrder::INSTALL), sorted(KindOrder::UNINSTALL));
    }
}
