//! Turns manifests into what is sent: owner labels, normal form, common metadata.
//!
//! manifests → drop kustomize's own files → labels → normal form ([`normalize`]) → common metadata → send

mod containers;
mod definition;
mod empties;
mod native;
mod quantity;
mod secret;
mod zeros;

use std::collections::BTreeMap;

use serde_json::Value;
use sluice_object::{Object, ObjectId};

pub use native::is_native;

/// Who owns the objects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owner {
    /// Name of the reconciled resource.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Prefix of the owner labels, without slash: `kustomize.toolkit.fluxcd.io`.
    pub labels: String,
    /// Prefix of the marks that people put on objects (`reconcile`, `ssa`, `force`, `prune`), without slash.
    pub marks: String,
}

impl Owner {
    /// Returns a Kustomization as owner.
    pub fn kustomization(namespace: &str, name: &str) -> Self {
        let group = "kustomize.toolkit.fluxcd.io".to_owned();
        Self { name: name.into(), namespace: namespace.into(), labels: group.clone(), marks: group }
    }

    /// Returns the two owner labels with their values.
    pub fn label_pairs(&self) -> [(String, &str); 2] {
        [(format!("{}/name", self.labels), &self.name), (format!("{}/namespace", self.labels), &self.namespace)]
    }

    /// Says whether an object carries both owner labels.
    pub fn owns(&self, object: &Object) -> bool {
        self.label_pairs().iter().all(|(key, value)| object.label(key) == Some(value))
    }

    /// Says whether an object is marked in a label or annotation, such as `reconcile: disabled`.
    pub fn marked(&self, object: &Object, mark: &str, value: &str) -> bool {
        object.marked(&format!("{}/{mark}", self.marks), value)
    }
}

/// Labels and annotations that every object gets. They overwrite those of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommonMetadata {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

/// A manifest that is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// Ciphertext is never applied.
    #[error("{0} is SOPS encrypted, configuring decryption is required for this secret to be reconciled")]
    Encrypted(ObjectId),
}

impl PrepareError {
    /// Returns the object.
    pub fn subject(&self) -> &ObjectId {
        let Self::Encrypted(id) = self;
        id
    }
}

/// Returns the manifests as they are sent, in the order given.
///
/// # Errors
/// When a manifest of a built-in kind is still encrypted.
pub fn prepare(manifests: Vec<Object>, owner: &Owner, common: &CommonMetadata) -> Result<Vec<Object>, PrepareError> {
    manifests.into_iter().filter(|object| !is_kustomize_file(object)).map(|o| prepare_one(o, owner, common)).collect()
}

fn prepare_one(mut object: Object, owner: &Owner, common: &CommonMetadata) -> Result<Object, PrepareError> {
    if is_encrypted(&object) && !owner.marked(&object, "decrypt", "disabled") {
        return Err(PrepareError::Encrypted(object.id()));
    }
    for (key, value) in owner.label_pairs() {
        object.set_label(&key, value);
    }
    normalize(&mut object);
    common.labels.iter().for_each(|(key, value)| object.set_label(key, value));
    common.annotations.iter().for_each(|(key, value)| object.set_annotation(key, value));
    Ok(object)
}

fn is_kustomize_file(object: &Object) -> bool {
    let gvk = object.gvk();
    gvk.group == "kustomize.config.k8s.io" && matches!(gvk.kind.as_str(), "Kustomization" | "Component")
}

/// Custom resources may hold ciphertext by design: operators exist that decrypt them in the cluster.
fn is_encrypted(object: &Object) -> bool {
    let mac = object.value().pointer("/sops/mac").and_then(Value::as_str);
    is_native(&object.gvk()) && mac.is_some_and(|mac| !mac.is_empty())
}

/// Brings a manifest into the form that Flux sends, so that the same fields become ours.
///
/// Flux converts built-in kinds to their Go types and back. The rules here do what that does to real manifests: empty
/// optional fields vanish, quantities become canonical, structs without omit-empty appear. Unknown fields, which Flux
/// drops unseen, are left to the API server: it names them in the dry-run, and the rollout leaves them out and tells.
/// Roles and ClusterRoles are left as they are.
pub fn normalize(object: &mut Object) {
    let gvk = object.gvk();
    let definition = gvk.group == "apiextensions.k8s.io" && gvk.kind == "CustomResourceDefinition";
    if gvk.api_version() == "rbac.authorization.k8s.io/v1" && matches!(gvk.kind.as_str(), "Role" | "ClusterRole") {
        return;
    }
    if is_native(&gvk) {
        native::normalize(object.value_mut(), &gvk);
    }
    let value = object.value_mut();
    value["metadata"]["creationTimestamp"] = Value::Null;
    if definition {
        definition::drop_bad_bundle(value);
    } else if let Some(map) = value.as_object_mut() {
        map.remove("status");
    }
}
