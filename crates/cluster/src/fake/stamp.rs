//! What only the server sets in an object, and what it leaves out.

use serde_json::{Map, Value, json};
use sluice_object::Object;

use super::{
    garbage::NAMESPACE_FINALIZER,
    kinds::KindInfo,
    store::{Key, State},
};

impl State {
    /// Gives an object what only the server sets: from the stored one, or for the first time.
    pub(super) fn stamp(&mut self, key: &Key, info: &KindInfo, new: &mut Value) {
        let live = self.objects.get(key).map(|live| live.value()["metadata"].clone());
        let fresh = live.is_none();
        let live = live.unwrap_or_else(|| self.birth(info));
        let Some(metadata) = new["metadata"].as_object_mut() else { return };
        for field in SERVER_SET {
            match live.get(field) {
                Some(value) => drop(metadata.insert((*field).into(), value.clone())),
                None => drop(metadata.remove(*field)),
            }
        }
        if !info.namespaced {
            metadata.remove("namespace");
        }
        drop_empty(metadata);
        for field in ["data", "binaryData"] {
            drop_empty_data(new, field);
        }
        let Some(metadata) = new["metadata"].as_object_mut() else { return };
        if fresh && key.is_namespace() {
            metadata.entry("labels").or_insert_with(|| json!({}))[NAME_LABEL] = key.name.as_str().into();
            new["spec"] = json!({ "finalizers": [NAMESPACE_FINALIZER] });
            new["status"] = json!({ "phase": "Active" });
        }
    }

    fn birth(&mut self, info: &KindInfo) -> Value {
        self.uids += 1;
        let uid = format!("00000000-0000-4000-8000-{:012x}", self.uids);
        let mut metadata = json!({ "uid": uid, "creationTimestamp": self.now() });
        if info.generation {
            metadata["generation"] = 1.into();
        }
        metadata
    }
}

const NAME_LABEL: &str = "kubernetes.io/metadata.name";
const SERVER_SET: &[&str] =
    &["uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion"];

/// The test may say what the server would have set.
pub(super) fn keep_given(object: &Object, new: &mut Value) {
    for field in SERVER_SET {
        let given = &object.value()["metadata"][field];
        if !given.is_null() {
            new["metadata"][field] = given.clone();
        }
    }
}

/// Everything but metadata and status counts; of a kind without that subresource the status too.
pub(super) fn count_generation(info: &KindInfo, live: &Value, new: &mut Value) {
    let desired = |object: &Value| {
        let mut fields = object.as_object().cloned().unwrap_or_default();
        fields.remove("apiVersion");
        fields.remove("metadata");
        if info.status {
            fields.remove("status");
        }
        fields
    };
    if let Some(generation) = live["metadata"]["generation"].as_i64()
        && desired(live) != desired(new)
    {
        new["metadata"]["generation"] = (generation + 1).into();
    }
}

/// Go's types leave out what is empty; of built-in kinds this matters where people write it.
fn drop_empty_data(object: &mut Value, field: &str) {
    if matches!(object["kind"].as_str(), Some("ConfigMap" | "Secret"))
        && object[field].as_object().is_some_and(Map::is_empty)
        && let Some(fields) = object.as_object_mut()
    {
        fields.remove(field);
    }
}

pub(super) fn drop_empty(metadata: &mut Map<String, Value>) {
    let is_empty = |value: &Value| match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        value => value.is_null(),
    };
    metadata.retain(|_, value| !is_empty(value));
}
