//! The cluster without what must differ between two runs.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sluice_cluster::FakeCluster;
use sluice_object::Object;

/// Objects by their id.
pub(crate) type State = BTreeMap<String, Value>;

/// Returns all that must not depend on how often an agent was started.
pub(crate) fn of(cluster: &FakeCluster) -> State {
    let objects = cluster.objects().into_iter().filter(|object| !is_passing(object));
    objects.map(|object| (object.id().to_string(), timeless(object.into_value()))).collect()
}

/// Events, leases and revisions of Helm tell of the way, not of its end.
fn is_passing(object: &Object) -> bool {
    matches!(object.kind(), "Event" | "Lease") || object.value()["type"] == "helm.sh/release.v1"
}

fn timeless(mut object: Value) -> Value {
    let group = object["apiVersion"].as_str().unwrap_or_default();
    if group.contains("fluxcd.io/") {
        object["status"] = verdict(&object);
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("managedFields");
            metadata.remove("annotations");
        }
    }
    if let Some(entries) = object["metadata"]["managedFields"].as_array_mut() {
        entries.iter_mut().for_each(|entry| entry["time"] = Value::Null);
        entries.sort_by_key(|entry| format!("{} {} {}", entry["manager"], entry["operation"], entry["subresource"]));
    }
    strip(&mut object);
    object
}

/// What a status says in the end; a history, and reasons that name the last action, tell of the way there.
fn verdict(object: &Value) -> Value {
    let status = &object["status"];
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let conditions: BTreeMap<_, _> =
        conditions.map(|one| (one["type"].as_str().unwrap_or_default(), &one["status"])).collect();
    json!({
        "inventory": status["inventory"], "conditions": conditions, "applied": status["lastAppliedRevision"],
        "attempted": status["lastAttemptedRevision"], "artifact": status["artifact"]["revision"],
        "current": status["observedGeneration"] == object["metadata"]["generation"],
    })
}

/// Counters and times.
const PASSING: [&str; 6] =
    ["uid", "resourceVersion", "creationTimestamp", "generation", "observedGeneration", "lastTransitionTime"];

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !PASSING.contains(&name.as_str()) && !name.ends_with("Time"));
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Says how a state differs from another, a line for each object.
pub(crate) fn differences(ours: &State, wanted: &State) -> Vec<String> {
    let missing = wanted.keys().filter(|id| !ours.contains_key(*id)).map(|id| format!("{id} is missing in the end"));
    let surplus = ours.keys().filter(|id| !wanted.contains_key(*id)).map(|id| format!("{id} is left in the end"));
    let differing = ours.iter().filter_map(|(id, ours)| {
        let wanted = wanted.get(id).filter(|wanted| *wanted != ours)?;
        let (path, ours, wanted) = first_difference(String::new(), ours, wanted);
        Some(format!("{id} differs in the end: {path} is {ours}, not {wanted}"))
    });
    missing.chain(surplus).chain(differing).collect()
}

fn first_difference<'a>(path: String, ours: &'a Value, wanted: &'a Value) -> (String, &'a Value, &'a Value) {
    let (Value::Object(left), Value::Object(right)) = (ours, wanted) else { return (path, ours, wanted) };
    let mut names = left.keys().chain(right.keys());
    let differs = |name: &&String| left.get(*name) != right.get(*name);
    match names.find(differs) {
        Some(name) => first_difference(format!("{path}/{name}"), &ours[name], &wanted[name]),
        None => (path, ours, wanted),
    }
}
