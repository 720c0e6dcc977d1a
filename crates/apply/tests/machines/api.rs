//! An API server the size of a map: enough of server-side apply for the rollout's decisions.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sluice_cluster::{ApiError, Request, Resolved, Response, Target, Verb};
use sluice_object::{Gvk, Object, ObjectId};

pub(crate) type Fault = Box<dyn FnMut(&Request) -> Option<ApiError>>;

const KINDS: [(&str, &str, &str, bool); 8] = [
    ("", "Namespace", "namespaces", false),
    ("", "ConfigMap", "configmaps", true),
    ("", "Secret", "secrets", true),
    ("", "Service", "services", true),
    ("apps", "Deployment", "deployments", true),
    ("rbac.authorization.k8s.io", "ClusterRole", "clusterroles", false),
    ("storage.k8s.io", "StorageClass", "storageclasses", false),
    ("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", false),
];

#[derive(Default)]
pub(crate) struct Api {
    pub(crate) objects: BTreeMap<ObjectId, Object>,
    pub(crate) requests: Vec<(Verb, ObjectId)>,
    pub(crate) fault: Option<Fault>,
    clock: u64,
}

impl Api {
    pub(crate) fn call(&mut self, request: Request) -> Result<Response, ApiError> {
        if let Some(error) = self.fault.as_mut().and_then(|fault| fault(&request)) {
            return Err(error);
        }
        match request {
            Request::Resolve(gvk) => self.kind(&gvk).map(Response::Resolved),
            Request::Get(target) => self.note(Verb::Get, &target).read(&target).map(Response::Object),
            Request::Apply { object, manager, dry_run, .. } => {
                let verb = if dry_run { Verb::DryRun } else { Verb::Apply };
                self.note(verb, &Target::of(&object)).apply(&object, &manager, dry_run).map(Response::Object)
            }
            Request::JsonPatch { target, patch, .. } => {
                self.note(Verb::Patch, &target).patch(&target, &patch).map(Response::Object)
            }
            Request::Delete { target, only_if, .. } => {
                self.note(Verb::Delete, &target).delete(&target, only_if.uid.as_deref())
            }
            other => Err(ApiError::transport(format!("not played: {other:?}"))),
        }
    }

    /// Stores an object as it is.
    pub(crate) fn put(&mut self, object: Object) {
        let mut object = object;
        self.clock += 1;
        object.value_mut()["metadata"]["uid"] = format!("uid-{}", self.clock).into();
        object.value_mut()["metadata"]["resourceVersion"] = self.clock.to_string().into();
        self.objects.insert(object.id(), object);
    }

    /// Plays the controllers once: what is being deleted goes, definitions are established.
    pub(crate) fn tick(&mut self) {
        self.objects.retain(|_, object| !object.is_deleting() || object.annotation("held").is_some());
        for object in self.objects.values_mut().filter(|object| object.kind() == "CustomResourceDefinition") {
            object.value_mut()["status"] = json!({"conditions": [{"type": "Established", "status": "True"}]});
        }
    }

    pub(crate) fn count(&self, verb: Verb) -> usize {
        self.requests.iter().filter(|(seen, _)| *seen == verb).count()
    }

    fn note(&mut self, verb: Verb, target: &Target) -> &mut Self {
        self.requests.push((verb, target.id()));
        self
    }

    fn kind(&self, gvk: &Gvk) -> Result<Resolved, ApiError> {
        let built_in = KINDS.iter().find(|(group, kind, ..)| *group == gvk.group && *kind == gvk.kind);
        if let Some((_, _, plural, namespaced)) = built_in {
            return Ok(Resolved { plural: (*plural).into(), namespaced: *namespaced });
        }
        let defines = |object: &&Object| {
            let spec = &object.value()["spec"];
            object.kind() == "CustomResourceDefinition"
                && spec["group"] == gvk.group.as_str()
                && spec["names"]["kind"] == gvk.kind.as_str()
                && !object.value()["status"].is_null()
        };
        let definition = self.objects.values().find(defines).ok_or_else(|| ApiError::no_match(gvk, Vec::new()))?;
        let namespaced = definition.value()["spec"]["scope"] == "Namespaced";
        Ok(Resolved { plural: format!("{}s", gvk.kind.to_lowercase()), namespaced })
    }

    fn read(&self, target: &Target) -> Result<Object, ApiError> {
        self.kind(&target.gvk)?;
        self.objects.get(&target.id()).cloned().ok_or_else(|| not_found(&target.name))
    }

    fn apply(&mut self, desired: &Object, manager: &str, dry_run: bool) -> Result<Object, ApiError> {
        let resolved = self.kind(&desired.gvk())?;
        self.check_namespace(desired, &resolved)?;
        let live = self.objects.get(&desired.id());
        let mut value = live.map_or_else(|| json!({}), |live| live.value().clone());
        remove_owned(&mut value, desired.value(), manager);
        overlay(&mut value, desired.value());
        let mut object = Object::new(value).map_err(|error| ApiError::status(400, "BadRequest", error.to_string()))?;
        check_fields(live, &object)?;
        let changed = live.is_none_or(|live| live.value() != object.value());
        if live.is_none() {
            object.value_mut()["metadata"]["uid"] = format!("uid-{}", self.clock + 1).into();
        }
        set_owned(&mut object, desired, manager);
        if !dry_run && changed {
            self.clock += 1;
            object.value_mut()["metadata"]["resourceVersion"] = self.clock.to_string().into();
        }
        if !dry_run {
            self.objects.insert(object.id(), object.clone());
        }
        Ok(object)
    }

    fn check_namespace(&self, desired: &Object, resolved: &Resolved) -> Result<(), ApiError> {
        let namespace = desired.namespace();
        if resolved.namespaced && namespace.is_empty() {
            return Err(ApiError::status(404, "NotFound", "the server could not find the requested resource"));
        }
        let id = ObjectId::new(&Gvk::new("", "v1", "Namespace"), "", namespace);
        if resolved.namespaced && !self.objects.contains_key(&id) {
            return Err(ApiError::status(404, "NotFound", format!("namespaces {namespace:?} not found")));
        }
        Ok(())
    }

    fn patch(&mut self, target: &Target, patch: &Value) -> Result<Object, ApiError> {
        let object = self.objects.get_mut(&target.id()).ok_or_else(|| not_found(&target.name))?;
        for operation in patch.as_array().into_iter().flatten() {
            let path = operation["path"].as_str().unwrap_or_default();
            let (parent, key) = path.rsplit_once('/').unwrap_or_default();
            let key = key.replace("~1", "/");
            let parent = object.value_mut().pointer_mut(parent).and_then(Value::as_object_mut);
            let parent = parent.ok_or_else(|| ApiError::status(422, "Invalid", "no such path"))?;
            match operation["op"].as_str() {
                Some("remove") => _ = parent.remove(&key),
                _ => _ = parent.insert(key, operation["value"].clone()),
            }
        }
        Ok(object.clone())
    }

    fn delete(&mut self, target: &Target, uid: Option<&str>) -> Result<Response, ApiError> {
        let object = self.objects.get_mut(&target.id()).ok_or_else(|| not_found(&target.name))?;
        if uid.is_some_and(|uid| uid != object.uid()) {
            return Err(ApiError::status(409, "Conflict", "the uid in the precondition does not match"));
        }
        if object.value()["metadata"]["finalizers"].is_array() {
            object.value_mut()["metadata"]["deletionTimestamp"] = "2026-11-21T12:00:00Z".into();
        } else {
            self.objects.remove(&target.id());
        }
        Ok(Response::Done)
    }
}

fn not_found(name: &str) -> ApiError {
    ApiError::status(404, "NotFound", format!("{name:?} not found"))
}

fn check_fields(live: Option<&Object>, object: &Object) -> Result<(), ApiError> {
    let selector = |object: &Object| object.value().pointer("/spec/selector").cloned();
    if live.is_some_and(|live| live.kind() == "Deployment" && selector(live) != selector(object)) {
        return Err(ApiError::status(422, "Invalid", "spec.selector: Invalid value: field is immutable"));
    }
    if object.value().pointer("/spec/typo").is_some() {
        let text = "failed to create typed patch object (ns/d; apps/v1, Kind=Deployment): .spec.typo: field not declared in schema";
        return Err(ApiError::status(500, "InternalError", text));
    }
    if object.value().pointer("/spec/replicas").and_then(Value::as_i64).is_some_and(|replicas| replicas < 0) {
        return Err(ApiError::status(422, "Invalid", "spec.replicas: Invalid value: must not be negative"));
    }
    Ok(())
}

/// The fields of our Apply entry, as `fieldsV1`; lists are atomic.
fn fields(value: &Value) -> Value {
    let map = value.as_object().into_iter().flatten();
    Value::Object(map.map(|(key, value)| (format!("f:{key}"), fields(value))).collect())
}

fn set_owned(object: &mut Object, desired: &Object, manager: &str) {
    let mut owned = desired.value().clone();
    if let Some(metadata) = owned["metadata"].as_object_mut() {
        metadata.retain(|key, _| matches!(key.as_str(), "labels" | "annotations"));
    }
    let entry = json!({"manager": manager, "operation": "Apply", "apiVersion": desired.gvk().api_version(),
        "fieldsV1": fields(&owned)});
    let metadata = &mut object.value_mut()["metadata"];
    let mut entries = metadata["managedFields"].as_array().cloned().unwrap_or_default();
    entries.retain(|entry| !(entry["manager"] == manager && entry["operation"] == "Apply"));
    entries.push(entry);
    metadata["managedFields"] = Value::Array(entries);
}

fn remove_owned(live: &mut Value, desired: &Value, manager: &str) {
    let entries = live["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let own = entries.iter().find(|entry| entry["manager"] == manager && entry["operation"] == "Apply");
    if let Some(owned) = own.and_then(|entry| entry["fieldsV1"].as_object()) {
        remove_fields(live, desired, owned);
    }
}

fn remove_fields(live: &mut Value, desired: &Value, owned: &Map<String, Value>) {
    for (key, below) in owned {
        let Some(name) = key.strip_prefix("f:") else { continue };
        let Some(map) = live.as_object_mut() else { return };
        match (map.get_mut(name), desired.get(name)) {
            (Some(live), Some(desired)) => {
                remove_fields(live, desired, below.as_object().unwrap_or(&Map::new()));
            }
            (Some(live), None) if below.as_object().is_some_and(|below| !below.is_empty()) => {
                remove_fields(live, &Value::Null, below.as_object().unwrap_or(&Map::new()));
                if live.as_object().is_some_and(Map::is_empty) {
                    map.remove(name);
                }
            }
            (Some(_), None) => _ = map.remove(name),
            (None, _) => {}
        }
    }
}

fn overlay(value: &mut Value, desired: &Value) {
    let Some(desired) = desired.as_object() else { return *value = desired.clone() };
    if !value.is_object() {
        *value = json!({});
    }
    for (key, desired) in desired.iter().filter(|(_, desired)| !desired.is_null()) {
        overlay(&mut value[key], desired);
    }
}
