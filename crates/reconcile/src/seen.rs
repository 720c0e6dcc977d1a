//! What is kept of a managed object.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;
use sluice_apply::health::{Health, JobRule, Reader};
use sluice_object::Object;

/// What is kept of an object, some 200 bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The object's uid.
    pub uid: String,
    /// Its version, comparable for one object.
    pub resource_version: u64,
    /// Its generation, if its kind has one.
    pub generation: Option<i64>,
    /// Hash of generation, labels, annotations and of the managed fields outside the status subresource.
    pub owned_hash: u64,
    /// Its health.
    pub health: Health,
}

impl Seen {
    /// Reduces an object.
    pub fn of(object: &Object, now: jiff::Timestamp) -> Self {
        Self {
            uid: object.uid().into(),
            resource_version: object.resource_version().parse().unwrap_or(0),
            generation: object.generation(),
            owned_hash: owned_hash(object),
            health: Reader { jobs: JobRule::MustComplete, ..Reader::default() }.read(object, now),
        }
    }
}

fn owned_hash(object: &Object) -> u64 {
    let mut hasher = DefaultHasher::new();
    let metadata = &object.value()["metadata"];
    object.generation().hash(&mut hasher);
    object.is_deleting().hash(&mut hasher);
    let managed = metadata["managedFields"].as_array().into_iter().flatten();
    for entry in managed.filter(|entry| entry["subresource"].as_str().unwrap_or("").is_empty()) {
        for key in ["manager", "operation", "time"] {
            entry[key].as_str().hash(&mut hasher);
        }
        hash_json(&entry["fieldsV1"], &mut hasher);
    }
    hasher.finish()
}

fn hash_json(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            key.hash(hasher);
            hash_json(value, hasher);
        }),
        other => other.to_string().hash(hasher),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn hash(pointer: &str, value: Value) -> u64 {
        let entry = |subresource: &str| {
            json!({
                "manager": "kustomize-controller", "operation": "Apply", "time": "2026-01-01T00:00:00Z",
                "subresource": subresource, "fieldsV1": {"f:spec": {"f:replicas": {}}},
            })
        };
        let mut object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {
                "name": "a", "namespace": "b", "generation": 1, "resourceVersion": "1", "deletionTimestamp": null,
                "managedFields": [entry(""), entry("status")],
            },
            "status": {"replicas": 1},
        });
        *object.pointer_mut(pointer).unwrap() = value;
        owned_hash(&Object::new(object).unwrap())
    }

    #[rstest]
    #[case("/metadata/generation", json!(2))]
    #[case("/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z"))]
    #[case("/metadata/managedFields/0/manager", json!("kubectl"))]
    #[case("/metadata/managedFields/0/operation", json!("Update"))]
    #[case("/metadata/managedFields/0/time", json!("2026-01-01T00:00:01Z"))]
    #[case("/metadata/managedFields/0/fieldsV1", json!({"f:spec": {"f:paused": {}}}))]
    #[case("/metadata/managedFields/0/fieldsV1/f:spec/f:replicas", json!({"f:x": {}}))]
    fn who_changes_what_we_own_changes_the_hash(#[case] pointer: &str, #[case] value: Value) {
        assert_ne!(hash(pointer, value), hash("/metadata/generation", json!(1)));
    }

    #[rstest]
    #[case("/metadata/resourceVersion", json!("2"))]
    #[case("/status/replicas", json!(2))]
    #[case("/metadata/managedFields/1/manager", json!("kube-controller-manager"))]
    #[case("/metadata/managedFields/1/fieldsV1", json!({}))]
    fn status_does_not(#[case] pointer: &str, #[case] value: Value) {
        assert_eq!(hash(pointer, value), hash("/metadata/generation", json!(1)));
    }
}
