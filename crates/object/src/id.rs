//! Names of objects, and their form in an inventory.

use std::fmt;

/// Group, version and kind of an object; the group of core kinds is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gvk {
    /// API group, empty for core kinds.
    pub group: String,
    /// API version without group.
    pub version: String,
    /// Kind.
    pub kind: String,
}

impl Gvk {
    /// Returns the kind with the given group and version.
    pub fn new(group: impl Into<String>, version: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Reads `apiVersion` and `kind`.
    pub fn parse(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self::new(group, version, kind)
    }

    /// Returns `group/version`, or `version` for core kinds.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.api_version(), self.kind)
    }
}

/// What names an object whatever its version: group, kind, namespace (empty for cluster scope), name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    /// API group, empty for core kinds.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace, empty for cluster-scoped objects.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// Prints the subject that Flux uses in events: `Kind/namespace/name`, or `Kind/name`.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{}/{}", self.kind, self.name)
        } else {
            write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// One entry of `status.inventory`: an id and the version it was applied with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InventoryEntry {
    /// The object.
    pub id: ObjectId,
    /// API version without group.
    pub version: String,
}

impl InventoryEntry {
    /// Returns the kind with its version.
    pub fn gvk(&self) -> Gvk {
        Gvk::new(&self.id.group, &self.version, &self.id.kind)
    }
}

/// An inventory id that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unable to parse stored object metadata: {0}")]
pub struct IdError(pub String);

const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

impl ObjectId {
    /// Returns the id of an object of a kind.
    pub fn new(gvk: &Gvk, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { group: gvk.group.clone(), kind: gvk.kind.clone(), namespace: namespace.into(), name: name.into() }
    }

    /// Writes `<namespace>_<name>_<group>_<kind>`, the form of Flux's inventories.
    /// A `:` in the name of a role or binding becomes `__`.
    pub fn to_inventory(&self) -> String {
        let name = if self.is_rbac() { self.name.replace(':', "__") } else { self.name.clone() };
        format!("{}_{}_{}_{}", self.namespace, name, self.group, self.kind)
    }

    /// Reads the form that [`Self::to_inventory`] writes. As in Flux `__` becomes `:` for every kind.
    pub fn from_inventory(text: &str) -> Result<Self, IdError> {
        let (namespace, rest) = text.split_once('_').ok_or_else(|| IdError(text.into()))?;
        let (rest, kind) = rest.rsplit_once('_').ok_or_else(|| IdError(rest.into()))?;
        let (name, group) = rest.rsplit_once('_').ok_or_else(|| IdError(rest.into()))?;
        Ok(Self { group: group.into(), kind: kind.into(), namespace: namespace.into(), name: name.replace("__", ":") })
    }

    fn is_rbac(&self) -> bool {
        self.group == RBAC_GROUP
            && matches!(self.kind.as_str(), "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", "system:x", RBAC_GROUP, "ClusterRole", "_system__x_rbac.authorization.k8s.io_ClusterRole", "system:x")]
    #[case("ns", "r:w", RBAC_GROUP, "RoleBinding", "ns_r__w_rbac.authorization.k8s.io_RoleBinding", "r:w")]
    #[case("", "my_role", RBAC_GROUP, "ClusterRole", "_my_role_rbac.authorization.k8s.io_ClusterRole", "my_role")]
    #[case("", "a:b", "e.io", "Foo", "_a:b_e.io_Foo", "a:b")]
    #[case("", "my__role", RBAC_GROUP, "ClusterRole", "_my__role_rbac.authorization.k8s.io_ClusterRole", "my:role")]
    #[case("", "a__b", "e.io", "Foo", "_a__b_e.io_Foo", "a:b")]
    #[case("", "_:x", RBAC_GROUP, "ClusterRole", "____x_rbac.authorization.k8s.io_ClusterRole", ":_x")]
    #[case("", "web", "", "Namespace", "_web__Namespace", "web")]
    #[case("ns", "cm", "", "ConfigMap", "ns_cm__ConfigMap", "cm")]
    fn inventory_ids_equal_those_of_flux(
        #[case] namespace: &str,
        #[case] name: &str,
        #[case] group: &str,
        #[case] kind: &str,
        #[case] text: &str,
        #[case] read_back: &str,
    ) {
        let id = ObjectId { group: group.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() };
        assert_eq!(id.to_inventory(), text);
        assert_eq!(ObjectId::from_inventory(text), Ok(ObjectId { name: read_back.into(), ..id }));
    }

    #[rstest]
    #[case("ab", "ab")]
    #[case("a_b", "b")]
    #[case("a_b_c", "b")]
    fn too_few_parts_are_refused(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(ObjectId::from_inventory(text), Err(IdError(shown.into())));
    }
}
