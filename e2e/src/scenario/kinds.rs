//! The kinds that scenarios speak of by name alone.

use kube::core::{ApiResource, GroupVersionKind};

/// Kind, group, version, and whether its objects are in namespaces.
const KINDS: [(&str, &str, &str, bool); 28] = [
    ("GitRepository", "source.toolkit.fluxcd.io", "v1", true),
    ("Bucket", "source.toolkit.fluxcd.io", "v1", true),
    ("OCIRepository", "source.toolkit.fluxcd.io", "v1", true),
    ("HelmRepository", "source.toolkit.fluxcd.io", "v1", true),
    ("HelmChart", "source.toolkit.fluxcd.io", "v1", true),
    ("ExternalArtifact", "source.toolkit.fluxcd.io", "v1", true),
    ("Kustomization", "kustomize.toolkit.fluxcd.io", "v1", true),
    ("HelmRelease", "helm.toolkit.fluxcd.io", "v2", true),
    ("Receiver", "notification.toolkit.fluxcd.io", "v1", true),
    ("Namespace", "", "v1", false),
    ("ConfigMap", "", "v1", true),
    ("Secret", "", "v1", true),
    ("Service", "", "v1", true),
    ("ServiceAccount", "", "v1", true),
    ("Pod", "", "v1", true),
    ("Deployment", "apps", "v1", true),
    ("StatefulSet", "apps", "v1", true),
    ("Job", "batch", "v1", true),
    ("Lease", "coordination.k8s.io", "v1", true),
    ("Role", "rbac.authorization.k8s.io", "v1", true),
    ("RoleBinding", "rbac.authorization.k8s.io", "v1", true),
    ("ClusterRole", "rbac.authorization.k8s.io", "v1", false),
    ("CustomResourceDefinition", "apiextensions.k8s.io", "v1", false),
    ("Dial", "e2e.sluice.dev", "v1", true),
    ("Widget", "e2e.sluice.dev", "v1", true),
    ("Gadget", "e2e.sluice.dev", "v1", true),
    ("Lever", "e2e.sluice.dev", "v2", true),
    ("Sprocket", "e2e.sluice.dev", "v2", true),
];

/// Returns how a kind is asked for, and whether its objects are in namespaces.
pub(super) fn find(kind: &str) -> Option<(ApiResource, bool)> {
    let (kind, group, version, namespaced) = KINDS.iter().find(|(name, ..)| *name == kind)?;
    Some((ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind)), *namespaced))
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn plurals_are_those_of_the_api() {
        let plural = |kind| find(kind).unwrap().0.plural;
        assert_eq!(plural("GitRepository"), "gitrepositories");
        assert_eq!(plural("HelmRelease"), "helmreleases");
        assert_eq!(plural("HelmRepository"), "helmrepositories");
        assert!(find("Nothing").is_none());
    }
}
