//! Takes over what other tools have put on an object: the clean-up of metadata and field managers before an apply.
//!
//! live object → JSON patch, or nothing to do

use serde_json::{Map, Value, json};
use sluice_object::Object;

/// Whose fields become ours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TakeOver {
    /// Our field manager.
    pub manager: String,
    /// Further managers to take over, by prefix.
    pub overridden: Vec<String>,
}

const ANNOTATIONS: [&str; 3] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "kustomize.toolkit.fluxcd.io/checksum",
    "fluxcd.io/sync-checksum",
];

const LABELS: [&str; 1] = ["fluxcd.io/sync-gc-mark"];

/// Returns the JSON patch that cleans an object up and makes the fields of the managers ours.
pub fn clean_up(live: &Object, take_over: &TakeOver) -> Option<Value> {
    let annotations = ANNOTATIONS.iter().filter(|key| live.annotation(key).is_some());
    let labels = LABELS.iter().filter(|key| live.label(key).is_some());
    let mut operations: Vec<Value> = annotations.map(|key| remove("annotations", key)).collect();
    operations.extend(labels.map(|key| remove("labels", key)));
    let entries = taken_over(live, take_over, |entry| is_taken_by_default(entry, take_over));
    operations.extend(entries.map(replace));
    (!operations.is_empty()).then_some(Value::Array(operations))
}

/// Returns the JSON patch that makes the fields of the overridden managers ours, and of no others.
pub fn fold(live: &Object, take_over: &TakeOver) -> Option<Value> {
    taken_over(live, take_over, |_| false).map(|entries| json!([replace(entries)]))
}

/// Returns the JSON patch that has all entries say they are of a version. An entry of an older version lets the API
/// server fail with `field not declared in schema` where a newer one has fields with defaults.
pub fn migrate(live: &Object, version: &str) -> Option<Value> {
    let mut entries = live.value().pointer("/metadata/managedFields")?.as_array()?.clone();
    let mut old: Vec<_> = entries.iter_mut().filter(|entry| entry["apiVersion"] != version).collect();
    if old.is_empty() {
        return None;
    }
    old.iter_mut().for_each(|entry| entry["apiVersion"] = version.into());
    Some(json!([replace(entries)]))
}

fn replace(entries: Vec<Value>) -> Value {
    json!({"op": "replace", "path": "/metadata/managedFields", "value": entries})
}

/// Says whether fields of an object are owned by a manager that does not apply them: one that was a client-side one.
pub fn is_client_side(object: &Object, manager: &str) -> bool {
    entries(object).iter().any(|entry| is_client_sides(entry, manager))
}

/// Returns the JSON patch that makes the fields of a client-side manager those of the same manager applying them, as
/// client-go does when Helm goes from patches to server-side apply. It holds for this version of the object only.
pub fn upgrade(live: &Object, manager: &str) -> Option<Value> {
    let mut entries = entries(live).to_vec();
    let mine = |entry: &Value| without_subresource(entry) && identity(entry) == (manager, "Apply");
    let theirs = |entry: &Value| is_client_sides(entry, manager);
    let client = entries.iter().position(theirs)?;
    let target = entries.iter().position(mine).unwrap_or(client);
    entries[target]["operation"] = "Apply".into();
    let version = entries[target].get("apiVersion").cloned();
    let same = entries.iter().find(|entry| theirs(entry) && entry.get("apiVersion") == version.as_ref()).cloned();
    if let Some(same) = same {
        merge_fields(&mut entries[target], &same);
    }
    entries.retain(|entry| !theirs(entry));
    let version = live.resource_version();
    Some(json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
    ]))
}

fn entries(object: &Object) -> &[Value] {
    object.value().pointer("/metadata/managedFields").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn is_client_sides(entry: &Value, manager: &str) -> bool {
    without_subresource(entry) && identity(entry) == (manager, "Update")
}

fn remove(map: &str, key: &str) -> Value {
    json!({"op": "remove", "path": format!("/metadata/{map}/{}", key.replace('~', "~0").replace('/', "~1"))})
}

/// Returns the new list of managers: ours, with the fields of those taken over, at its end.
fn taken_over(live: &Object, take_over: &TakeOver, by_default: impl Fn(&Value) -> bool) -> Option<Vec<Value>> {
    let entries = live.value().pointer("/metadata/managedFields")?.as_array()?;
    let own = entries.iter().rposition(|entry| is_own(entry, take_over));
    let mut ours = own.map(|index| entries[index].clone());
    let (mut kept, mut taken) = (Vec::new(), false);
    for (index, entry) in entries.iter().enumerate() {
        if Some(index) == own {
            continue;
        }
        if !(without_subresource(entry) && (by_default(entry) || is_overridden(entry, take_over))) {
            kept.push(entry.clone());
            continue;
        }
        taken = true;
        match &mut ours {
            Some(ours) => merge_fields(ours, entry),
            None => ours = Some(renamed(entry, take_over)),
        }
    }
    kept.extend(ours);
    taken.then_some(kept)
}

fn is_own(entry: &Value, take_over: &TakeOver) -> bool {
    let (manager, operation) = identity(entry);
    without_subresource(entry) && manager == take_over.manager && operation == "Apply"
}

/// Names match by prefix, so that `kubectl` covers `kubectl-client-side-apply` and `kubectl-edit`.
fn is_taken_by_default(entry: &Value, take_over: &TakeOver) -> bool {
    let (manager, operation) = identity(entry);
    match operation {
        "Apply" => starts(manager, "kubectl"),
        "Update" => ["kubectl", "before-first-apply", &take_over.manager].iter().any(|name| starts(manager, name)),
        _ => false,
    }
}

fn is_overridden(entry: &Value, take_over: &TakeOver) -> bool {
    let (manager, operation) = identity(entry);
    matches!(operation, "Apply" | "Update") && take_over.overridden.iter().any(|name| starts(manager, name))
}

fn starts(manager: &str, prefix: &str) -> bool {
    !prefix.is_empty() && manager.starts_with(prefix)
}

fn identity(entry: &Value) -> (&str, &str) {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    (text("manager"), text("operation"))
}

fn without_subresource(entry: &Value) -> bool {
    entry.get("subresource").and_then(Value::as_str).is_none_or(str::is_empty)
}

fn renamed(entry: &Value, take_over: &TakeOver) -> Value {
    let mut entry = entry.clone();
    entry["manager"] = Value::String(take_over.manager.clone());
    entry["operation"] = Value::String("Apply".into());
    entry
}

fn merge_fields(ours: &mut Value, entry: &Value) {
    let empty = Map::new();
    let theirs = entry.get("fieldsV1").and_then(Value::as_object).unwrap_or(&empty);
    match ours.get_mut("fieldsV1").and_then(Value::as_object_mut) {
        Some(fields) => unite(fields, theirs),
        None => ours["fieldsV1"] = Value::Object(theirs.clone()),
    }
}

/// Set union of two `fieldsV1` below a common path.
fn unite(ours: &mut Map<String, Value>, theirs: &Map<String, Value>) {
    for (key, theirs) in theirs {
        match (ours.get_mut(key), theirs.as_object()) {
            (Some(Value::Object(ours)), Some(theirs)) => unite_member(ours, theirs),
            (Some(_), _) => {}
            (None, _) => {
                ours.insert(key.clone(), theirs.clone());
            }
        }
    }
}

/// A member without children is written `{}`; beside children it is written as `.`.
fn unite_member(ours: &mut Map<String, Value>, theirs: &Map<String, Value>) {
    let leaf = ours.is_empty() != theirs.is_empty();
    unite(ours, theirs);
    if leaf {
        ours.entry(".").or_insert_with(|| json!({}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "time": manager, "fieldsV1": fields})
    }

    fn live(entries: &[Value]) -> Object {
        let metadata = json!({"name": "a", "managedFields": entries});
        Object::new(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})).unwrap()
    }

    fn patch(entries: &[Value]) -> Option<Value> {
        let take_over = TakeOver { manager: "kustomize-controller".into(), overridden: vec!["foo".into()] };
        clean_up(&live(entries), &take_over).map(|patch| patch[0]["value"].clone())
    }

    #[rstest]
    #[case("kubectl", "Apply", true)]
    #[case("kubectl-client-side-apply", "Update", true)]
    #[case("before-first-apply", "Update", true)]
    #[case("before-first-apply", "Apply", false)]
    #[case("kustomize-controller", "Update", true)]
    #[case("foobar", "Apply", true)]
    #[case("foobar", "Update", true)]
    #[case("helm", "Update", false)]
    #[case("my-kubectl", "Update", false)]
    fn managers_are_taken_over_by_prefix(#[case] manager: &str, #[case] operation: &str, #[case] taken: bool) {
        let fields = json!({"f:data": {}});
        let renamed = json!([{"manager": "kustomize-controller", "operation": "Apply", "apiVersion": "v1",
            "time": manager, "fieldsV1": fields}]);
        assert_eq!(patch(&[entry(manager, operation, fields)]), taken.then_some(renamed));
    }

    #[rstest]
    #[case("foobar", "Apply", true)]
    #[case("foobar", "Update", true)]
    #[case("kubectl-edit", "Update", false)]
    #[case("before-first-apply", "Update", false)]
    #[case("us", "Update", false)]
    fn only_what_is_named_is_folded(#[case] manager: &str, #[case] operation: &str, #[case] folded: bool) {
        let take_over = TakeOver { manager: "us".into(), overridden: vec!["foo".into()] };
        let fields = json!({"f:data": {}});
        let patch = super::fold(&live(&[entry(manager, operation, fields.clone())]), &take_over);
        let ours = json!({"manager": "us", "operation": "Apply", "apiVersion": "v1", "time": manager,
            "fieldsV1": fields});
        let expected = json!([{"op": "replace", "path": "/metadata/managedFields", "value": [ours]}]);
        assert_eq!(patch, folded.then_some(expected));
    }

    #[test]
    fn our_entry_unites_the_fields_and_moves_to_the_end() {
        let ours = entry("kustomize-controller", "Apply", json!({"f:data": {"f:a": {}}}));
        let other = entry("helm", "Update", json!({"f:data": {"f:z": {}}}));
        let edit = entry("kubectl-edit", "Update", json!({"f:data": {".": {}, "f:b": {}}}));
        let united = entry("kustomize-controller", "Apply", json!({"f:data": {".": {}, "f:a": {}, "f:b": {}}}));
        assert_eq!(patch(&[ours, other.clone(), edit]), Some(json!([other, united])));
    }

    #[test]
    fn a_member_stays_a_member_beside_its_children() {
        let ours = entry("kustomize-controller", "Apply", json!({"f:data": {}}));
        let edit = entry("kubectl-edit", "Update", json!({"f:data": {"f:b": {}}}));
        let united = entry("kustomize-controller", "Apply", json!({"f:data": {".": {}, "f:b": {}}}));
        assert_eq!(patch(&[edit, ours]), Some(json!([united])));
    }

    #[rstest]
    #[case::none(json!([entry("helm", "Apply", json!({"f:a": {}})), entry("other", "Update", json!({"f:b": {}}))]), None)]
    #[case::renamed(
        json!([entry("helm", "Update", json!({"f:a": {}}))]),
        Some(json!([entry("helm", "Apply", json!({"f:a": {}}))]))
    )]
    #[case::united_in_place(
        json!([entry("helm", "Update", json!({"f:a": {}})), entry("helm", "Apply", json!({"f:b": {}})), entry("x", "Update", json!({}))]),
        Some(json!([entry("helm", "Apply", json!({"f:a": {}, "f:b": {}})), entry("x", "Update", json!({}))]))
    )]
    fn a_client_side_manager_becomes_one_that_applies(#[case] entries: Value, #[case] expected: Option<Value>) {
        let mut live = live(entries.as_array().map_or(&[], Vec::as_slice));
        live.value_mut()["metadata"]["resourceVersion"] = "7".into();
        let patch = upgrade(&live, "helm");
        assert_eq!(is_client_side(&live, "helm"), expected.is_some());
        assert_eq!(patch.as_ref().map(|patch| patch[0]["value"].clone()), expected);
        assert!(patch.is_none_or(|patch| patch[1]["value"] == "7"));
    }

    #[test]
    fn fields_of_another_version_are_given_up() {
        let mut older = entry("helm", "Update", json!({"f:a": {}}));
        older["apiVersion"] = "v0".into();
        let ours = entry("helm", "Apply", json!({"f:b": {}}));
        let patch = upgrade(&live(&[older, ours.clone()]), "helm").map(|patch| patch[0]["value"].clone());
        assert_eq!(patch, Some(json!([ours])));
    }

    #[test]
    fn entries_of_all_managers_and_subresources_are_brought_to_a_version() {
        let mut status = entry("helm", "Update", json!({"f:status": {}}));
        status["subresource"] = "status".into();
        let ours = entry("kustomize-controller", "Apply", json!({"f:data": {}}));
        let migrated = |entry: &Value| {
            let mut entry = entry.clone();
            entry["apiVersion"] = "v2".into();
            entry
        };
        let expected = [&status, &ours].map(migrated);
        let patch = super::migrate(&live(&[status, expected[1].clone()]), "v2").unwrap();
        assert_eq!(patch, json!([{"op": "replace", "path": "/metadata/managedFields", "value": expected}]));
        assert_eq!(super::migrate(&live(&expected), "v2"), None);
        assert_eq!(super::migrate(&live(&[]), "v2"), None);
    }

    #[test]
    fn entries_of_subresources_are_left_alone() {
        let mut status = entry("kubectl-edit", "Update", json!({}));
        status["subresource"] = "status".into();
        assert_eq!(patch(&[status]), None);
    }

    #[test]
    fn traces_of_other_tools_are_removed() {
        let mut object = live(&[]);
        object.set_annotation("kubectl.kubernetes.io/last-applied-configuration", "{}");
        object.set_label("fluxcd.io/sync-gc-mark", "x");
        let patch = clean_up(&object, &TakeOver::default());
        let removed = json!([
            {"op": "remove", "path": "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"},
            {"op": "remove", "path": "/metadata/labels/fluxcd.io~1sync-gc-mark"},
        ]);
        assert_eq!(patch, Some(removed));
    }
}
