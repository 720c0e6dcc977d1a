//! What the controllers of Kubernetes write into statuses once all is well.

use serde_json::{Value, json};
use sluice_object::Object;

use super::store::{Key, State};

impl State {
    /// Plays the controllers for all objects; returns how many statuses changed.
    pub(super) fn make_ready(&mut self) -> usize {
        let keys: Vec<Key> = self.objects.keys().cloned().collect();
        keys.iter().filter(|key| self.ready(key)).count()
    }

    /// Plays the controller of an object; says whether its status changed.
    pub(super) fn ready(&mut self, key: &Key) -> bool {
        let now = self.now();
        let Some(object) = self.objects.get(key).filter(|object| !object.is_deleting()) else { return false };
        let Some(status) = ready_status(object, &now) else { return false };
        let changed = !is_part(&status, &object.value()["status"]);
        if changed {
            let mut whole = object.value()["status"].clone();
            super::patch::merge(&mut whole, &status);
            self.set_status(key, whole);
        }
        changed
    }
}

/// Says whether a value holds another, whatever the times of conditions.
fn is_part(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part
            .iter()
            .filter(|(name, _)| !name.ends_with("Time"))
            .all(|(name, value)| whole.get(name).is_some_and(|other| is_part(value, other))),
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(part, whole)| is_part(part, whole))
        }
        (part, whole) => part == whole,
    }
}

fn ready_status(object: &Object, now: &str) -> Option<Value> {
    let gvk = object.gvk();
    let status = match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("apps", "Deployment") => deployment(object, now),
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps", "DaemonSet") => daemon_set(object),
        ("apps", "ReplicaSet") => replica_set(object),
        ("batch", "Job") => job(object, now),
        ("", "Pod") => pod(now),
        ("", "PersistentVolumeClaim") => json!({ "phase": "Bound" }),
        ("", "Service") if object.value()["spec"]["type"] == "LoadBalancer" => {
            json!({ "loadBalancer": { "ingress": [{ "ip": "192.0.2.1" }] } })
        }
        ("policy", "PodDisruptionBudget") => json!({ "observedGeneration": object.generation() }),
        ("apiregistration.k8s.io", "APIService") => {
            json!({ "conditions": [condition("Available", "True", "Passed", "all checks passed", now)] })
        }
        _ => return None,
    };
    Some(status)
}

fn replicas(object: &Object) -> i64 {
    object.value()["spec"]["replicas"].as_i64().unwrap_or(1)
}

fn deployment(object: &Object, now: &str) -> Value {
    let (replicas, name) = (replicas(object), object.name());
    let progressed = format!("ReplicaSet \"{name}-1\" has successfully progressed.");
    json!({
        "observedGeneration": object.generation(),
        "replicas": replicas,
        "updatedReplicas": replicas,
        "readyReplicas": replicas,
        "availableReplicas": replicas,
        "conditions": [
            condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now),
            condition("Progressing", "True", "NewReplicaSetAvailable", &progressed, now),
        ],
    })
}

fn stateful_set(object: &Object) -> Value {
    let (replicas, revision) = (replicas(object), format!("{}-1", object.name()));
    json!({
        "observedGeneration": object.generation(),
        "replicas": replicas,
        "currentReplicas": replicas,
        "updatedReplicas": replicas,
        "readyReplicas": replicas,
        "availableReplicas": replicas,
        "currentRevision": revision,
        "updateRevision": revision,
    })
}

fn daemon_set(object: &Object) -> Value {
    json!({
        "observedGeneration": object.generation(),
        "desiredNumberScheduled": 1,
        "currentNumberScheduled": 1,
        "updatedNumberScheduled": 1,
        "numberAvailable": 1,
        "numberReady": 1,
        "numberMisscheduled": 0,
    })
}

fn replica_set(object: &Object) -> Value {
    let replicas = replicas(object);
    json!({
        "observedGeneration": object.generation(),
        "replicas": replicas,
        "fullyLabeledReplicas": replicas,
        "readyReplicas": replicas,
        "availableReplicas": replicas,
    })
}

fn job(object: &Object, now: &str) -> Value {
    let completions = object.value()["spec"]["completions"].as_i64().unwrap_or(1);
    json!({
        "active": 0,
        "succeeded": completions,
        "startTime": now,
        "completionTime": now,
        "conditions": [condition("Complete", "True", "CompletionsReached", "Reached expected number of succeeded pods", now)],
    })
}

fn pod(now: &str) -> Value {
    let ready = |type_| condition(type_, "True", "", "", now);
    let types = ["PodScheduled", "Initialized", "ContainersReady", "Ready"];
    json!({ "phase": "Running", "conditions": types.map(ready) })
}

fn condition(type_: &str, status: &str, reason: &str, message: &str, now: &str) -> Value {
    json!({ "type": type_, "status": status, "reason": reason, "message": message, "lastTransitionTime": now })
}
