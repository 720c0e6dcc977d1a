//! How kustomize names objects while it builds.

use std::fmt;

pub(crate) use sluice_object::Gvk;

use crate::schema;

/// What stands for the namespace of cluster-scoped objects.
const NO_NAMESPACE: &str = "_non_namespaceable_";
const DEFAULT_NAMESPACE: &str = "default";

/// Kind, name and namespace of an object at some stage.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ResId {
    pub(crate) gvk: Gvk,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

impl ResId {
    pub(crate) fn new(gvk: Gvk, name: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self { gvk, name: name.into(), namespace: namespace.into() }
    }

    /// Returns the namespace that counts when ids are compared.
    pub(crate) fn effective_namespace(&self) -> &str {
        effective_namespace(&self.gvk, &self.namespace)
    }

    /// Says whether the object belongs to no namespace, as far as is known.
    pub(crate) fn is_cluster_scoped(&self) -> bool {
        schema::is_cluster_scoped(&self.gvk)
    }

    /// Says whether two ids mean the same object.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.name == other.name && self.gvk == other.gvk && self.effective_namespace() == other.effective_namespace()
    }

    /// Says whether a selector with exact or empty parts fits.
    pub(crate) fn is_selected_by(&self, selector: &Self) -> bool {
        (selector.name.is_empty() || selector.name == self.name)
            && (selector.namespace.is_empty() || selector.effective_namespace() == self.effective_namespace())
            && selects(&selector.gvk, &self.gvk)
    }

    /// Returns the id with its namespace made comparable.
    pub(crate) fn key(mut self) -> Self {
        self.namespace = self.effective_namespace().to_owned();
        self
    }
}

/// Returns the namespace that counts when ids are compared.
pub(crate) fn effective_namespace<'a>(gvk: &Gvk, namespace: &'a str) -> &'a str {
    match namespace {
        _ if schema::is_cluster_scoped(gvk) => NO_NAMESPACE,
        "" => DEFAULT_NAMESPACE,
        namespace => namespace,
    }
}

/// Says whether a kind fits a selector whose empty parts fit anything.
pub(crate) fn selects(selector: &Gvk, gvk: &Gvk) -> bool {
    let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
    fits(&selector.kind, &gvk.kind) && fits(&selector.group, &gvk.group) && fits(&selector.version, &gvk.version)
}

/// Prints a kind as kustomize does: `Deployment.v1.apps`, `ConfigMap.v1.[noGrp]`.
pub(crate) fn gvk_text(gvk: &Gvk) -> String {
    format!("{}.{}.{}", or(&gvk.kind, "[noKind]"), or(&gvk.version, "[noVer]"), or(&gvk.group, "[noGrp]"))
}

/// Prints `Deployment.v1.apps/name.namespace`.
impl fmt::Display for ResId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, namespace) = (or(&self.name, "[noName]"), or(&self.namespace, "[noNs]"));
        write!(f, "{}/{name}.{namespace}", gvk_text(&self.gvk))
    }
}

pub(crate) fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_as_kustomize_prints_them() {
        let id = ResId::new(Gvk::new("", "v1", "ConfigMap"), "a", "");
        assert_eq!(id.to_string(), "ConfigMap.v1.[noGrp]/a.[noNs]");
    }

    #[test]
    fn an_unset_namespace_is_the_default_one() {
        let id = |namespace: &str| ResId::new(Gvk::new("", "v1", "ConfigMap"), "a", namespace);
        assert!(id("").same(&id("default")) && !id("").same(&id("other")));
        let cluster = |namespace: &str| ResId::new(Gvk::new("", "v1", "Namespace"), "a", namespace);
        assert!(cluster("x").same(&cluster("")));
    }
}
