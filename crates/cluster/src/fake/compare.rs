//! Objects field by field: what changed, what a merge makes of two, what is left without some fields.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    fields::{FieldSet, Path, owned},
    schema::{Schema, Shape, has_items, item},
};

/// The difference between two objects.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Difference {
    /// Fields that are new or have another value.
    pub(super) changed: FieldSet,
    /// Fields that are gone.
    pub(super) removed: FieldSet,
}

/// Compares the fields that may be owned.
pub(super) fn difference(old: &Value, new: &Value, schema: &Schema) -> Difference {
    let (old, new) = (owned(old, schema), owned(new, schema));
    let only = |of: &BTreeMap<Path, Value>, beside: &BTreeMap<Path, Value>, same: bool| -> FieldSet {
        let differs = |path: &Path, value: &Value| match beside.get(path) {
            Some(other) => same && other != value,
            None => true,
        };
        of.iter().filter(|(path, value)| differs(path, value)).map(|(path, _)| path.clone()).collect()
    };
    Difference { changed: only(&new, &old, true), removed: only(&old, &new, false) }
}

/// Lays what is applied over what is there.
pub(super) fn merge(live: &Value, config: &Value, path: &mut Path, schema: &Schema) -> Value {
    let shape = schema.shape(path);
    match (live, config) {
        (Value::Object(live), Value::Object(config)) if shape != Shape::Atomic => {
            let mut merged = live.clone();
            for (name, value) in config {
                path.push(format!("f:{name}"));
                let value = live.get(name).map_or_else(|| value.clone(), |old| merge(old, value, path, schema));
                path.pop();
                merged.insert(name.clone(), value);
            }
            Value::Object(merged)
        }
        (Value::Array(live), Value::Array(config)) if has_items(&shape) => {
            Value::Array(merge_items(live, config, &shape, path, schema))
        }
        (_, config) => config.clone(),
    }
}

/// Keeps the order of what is applied; items that are only there stay before those that followed them.
fn merge_items(live: &[Value], config: &[Value], shape: &Shape, path: &mut Path, schema: &Schema) -> Vec<Value> {
    let find = |items: &[Value], key: &str| items.iter().position(|value| item(shape, value) == key);
    let (mut merged, mut next) = (Vec::new(), 0);
    let mut take = |merged: &mut Vec<Value>, upto: usize| {
        while next < upto {
            let key = item(shape, &config[next]);
            let old = find(live, &key).map(|index| &live[index]);
            path.push(key);
            merged.push(old.map_or_else(|| config[next].clone(), |old| merge(old, &config[next], path, schema)));
            path.pop();
            next += 1;
        }
    };
    for value in live {
        match find(config, &item(shape, value)) {
            Some(index) => take(&mut merged, index + 1),
            None => merged.push(value.clone()),
        }
    }
    take(&mut merged, config.len());
    merged
}

/// Removes fields, but none that are kept or hold something that is; what becomes empty goes too.
pub(super) fn without(mut value: Value, remove: &FieldSet, keep: &FieldSet, schema: &Schema) -> Value {
    let is_kept = |path: &Path| keep.range(path.clone()..).next().is_some_and(|next| next.starts_with(path));
    for path in remove.iter().filter(|path| !is_kept(path) && !is_key(path)) {
        remove_at(&mut value, path, 0, schema, &is_kept);
    }
    value
}

/// An item that stays keeps the fields that it is known by.
fn is_key(path: &Path) -> bool {
    let [.., item, field] = path.as_slice() else { return false };
    let keys: Option<Map<String, Value>> = item.strip_prefix("k:").and_then(|keys| serde_json::from_str(keys).ok());
    keys.is_some_and(|keys| field.strip_prefix("f:").is_some_and(|field| keys.contains_key(field)))
}

fn remove_at(value: &mut Value, path: &Path, depth: usize, schema: &Schema, is_kept: &impl Fn(&Path) -> bool) {
    let Some(element) = path.get(depth) else { return };
    let here = path[..depth].to_vec();
    let last = depth + 1 == path.len();
    match value {
        Value::Object(map) => {
            let Some(name) = element.strip_prefix("f:") else { return };
            remove_field(map, name, last, |below| {
                remove_at(below, path, depth + 1, schema, is_kept);
                is_empty(below) && !is_kept(&path[..=depth].to_vec())
            });
        }
        Value::Array(items) => {
            let shape = schema.shape(&here);
            let Some(index) = items.iter().position(|value| item(&shape, value) == *element) else { return };
            if last {
                items.remove(index);
            } else {
                remove_at(&mut items[index], path, depth + 1, schema, is_kept);
            }
        }
        _ => {}
    }
}

fn remove_field(map: &mut Map<String, Value>, name: &str, last: bool, below: impl FnOnce(&mut Value) -> bool) {
    let gone = last || map.get_mut(name).is_some_and(below);
    if gone {
        map.remove(name);
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Leaves out fields without a value, as the decoding of a typed object does.
pub(super) fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let some = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(some.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        value => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn containers(list: Value) -> Value {
        json!({ "spec": { "containers": list } })
    }

    #[test]
    fn a_merge_keeps_foreign_items_and_the_order_of_ours() {
        let live = containers(json!([{ "name": "a", "image": "1" }, { "name": "x" }, { "name": "b" }]));
        let config = containers(json!([{ "name": "b", "tty": true }, { "name": "a", "image": "2" }, { "name": "c" }]));
        let expected = containers(json!([
            { "name": "b", "tty": true }, { "name": "a", "image": "2" }, { "name": "x" }, { "name": "c" },
        ]));
        assert_eq!(merge(&live, &config, &mut Vec::new(), &Schema::BuiltIn), expected);
    }

    #[test]
    fn an_item_goes_when_nothing_in_it_is_kept() {
        let live = containers(json!([{ "name": "a", "image": "1" }, { "name": "b", "image": "1", "tty": true }]));
        let all: FieldSet = owned(&live, &Schema::BuiltIn).into_keys().collect();
        let tty = ["f:spec", "f:containers", "k:{\"name\":\"b\"}", "f:tty"].map(String::from).to_vec();
        let left = without(live, &all, &FieldSet::from([tty]), &Schema::BuiltIn);
        assert_eq!(left, containers(json!([{ "name": "b", "tty": true }])));
    }

    #[test]
    fn a_map_without_fields_goes() {
        let live = json!({ "data": { "a": "1" } });
        let all: FieldSet = owned(&live, &Schema::BuiltIn).into_keys().collect();
        assert_eq!(without(live, &all, &FieldSet::new(), &Schema::BuiltIn), json!({}));
    }

    #[test]
    fn tells_what_changed_and_what_is_gone() {
        let (old, new) = (json!({ "data": { "a": "1", "b": "2" } }), json!({ "data": { "a": "3", "c": "4" } }));
        let found = difference(&old, &new, &Schema::BuiltIn);
        let path = |name: &str| vec!["f:data".to_owned(), format!("f:{name}")];
        assert_eq!(found.changed, FieldSet::from([path("a"), path("c")]));
        assert_eq!(found.removed, FieldSet::from([path("b")]));
    }
}
