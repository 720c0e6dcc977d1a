//! Strategic merge patches as clients make them, read without knowing any type: the order or the deletions that a patch
//! says of a list tell by which key its elements are merged. A list of which it says neither is replaced.

use serde_json::{Map, Value};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DELETE_SCALARS: &str = "$deleteFromPrimitiveList/";

/// Lays a patch over a value.
pub(super) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let (Some(kept), Some(fields)) = (patch.get(RETAIN_KEYS).and_then(Value::as_array), target.as_object_mut()) {
        fields.retain(|key, _| kept.iter().any(|kept| kept == key));
    }
    let fields = patch.iter().filter(|(key, _)| !key.starts_with('$'));
    for (key, value) in fields {
        match (value, key_of(patch, key)) {
            (Value::Null, _) => drop(target.as_object_mut().map(|fields| fields.remove(key))),
            (Value::Array(items), Some(by)) => merge_list(&mut target[key], items, &by),
            (value, _) => merge(&mut target[key], value),
        }
    }
    for (key, value) in patch {
        if let Some(field) = key.strip_prefix(DELETE_SCALARS) {
            remove(&mut target[field], value);
        }
        if let (Some(field), Some(order)) = (key.strip_prefix(ORDER), value.as_array()) {
            arrange(&mut target[field], order);
        }
    }
}

/// Returns the key of a list's elements, empty for scalars.
fn key_of(patch: &Map<String, Value>, field: &str) -> Option<String> {
    let order = patch.get(&format!("{ORDER}{field}")).and_then(|order| order.get(0));
    let items = patch.get(field).and_then(Value::as_array);
    let deletion = || items?.iter().find(|item| item.get(DIRECTIVE).is_some());
    let keyed = order.or_else(deletion)?;
    let by = keyed.as_object().and_then(|fields| fields.keys().find(|key| !key.starts_with('$')));
    Some(by.cloned().unwrap_or_default())
}

fn same(left: &Value, right: &Value, by: &str) -> bool {
    left.get(by).unwrap_or(left) == right.get(by).unwrap_or(right)
}

fn merge_list(target: &mut Value, items: &[Value], by: &str) {
    let mut merged = target.as_array_mut().map(std::mem::take).unwrap_or_default();
    for item in items {
        let place = merged.iter().position(|found| same(found, item, by));
        match place {
            Some(place) if item.get(DIRECTIVE).is_some() => drop(merged.remove(place)),
            Some(place) => merge(&mut merged[place], item),
            None if item.get(DIRECTIVE).is_some() => {}
            None => merged.push(item.clone()),
        }
    }
    *target = merged.into();
}

fn remove(target: &mut Value, gone: &Value) {
    if let (Some(items), Some(gone)) = (target.as_array_mut(), gone.as_array()) {
        items.retain(|item| !gone.contains(item));
    }
}

/// What the order does not name stays behind what it names.
fn arrange(target: &mut Value, order: &[Value]) {
    let by = order.first().and_then(Value::as_object).and_then(|fields| fields.keys().next()).cloned();
    let by = by.unwrap_or_default();
    if let Some(items) = target.as_array_mut() {
        items.sort_by_key(|item| order.iter().position(|place| same(place, item, &by)).unwrap_or(usize::MAX));
    }
}
