//! JSON patch (RFC 6902) and JSON merge patch (RFC 7386).

use serde_json::{Map, Value};

/// Lays a merge patch over a value.
pub(super) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (key, value) in patch {
        if value.is_null() {
            target.as_object_mut().map(|map| map.remove(key));
        } else {
            merge(&mut target[key], value);
        }
    }
}

/// Does the operations of a JSON patch in order; the value is spoilt when one fails.
pub(super) fn json(target: &mut Value, patch: &Value) -> Result<(), String> {
    let operations = patch.as_array().ok_or("the patch is no list")?;
    operations.iter().try_for_each(|operation| one(target, operation))
}

fn one(target: &mut Value, operation: &Value) -> Result<(), String> {
    let text = |key: &str| operation[key].as_str().ok_or(format!("`{key}` is missing in {operation}"));
    let path = text("path")?;
    let value = || operation.get("value").cloned().unwrap_or_default();
    match text("op")? {
        "add" => add(target, path, value()),
        "remove" => remove(target, path).map(drop),
        "replace" => replace(target, path, value()),
        "move" => {
            let moved = remove(target, text("from")?)?;
            add(target, path, moved)
        }
        "copy" => {
            let copied = target.pointer(text("from")?).cloned().ok_or(missing("copy", path))?;
            add(target, path, copied)
        }
        "test" if target.pointer(path).unwrap_or(&Value::Null) == &value() => Ok(()),
        "test" => Err(format!("testing value {path} failed: test failed")),
        op => Err(format!("unexpected kind: {op}")),
    }
}

fn replace(target: &mut Value, path: &str, value: Value) -> Result<(), String> {
    *target.pointer_mut(path).ok_or(missing("replace", path))? = value;
    Ok(())
}

fn add(target: &mut Value, path: &str, value: Value) -> Result<(), String> {
    let Some((parent, key)) = split(path) else {
        *target = value;
        return Ok(());
    };
    match target.pointer_mut(parent) {
        Some(Value::Object(map)) => drop(map.insert(key, value)),
        Some(Value::Array(items)) => {
            let index = if key == "-" { items.len() } else { key.parse().map_err(|_| missing("add", path))? };
            if index > items.len() {
                return Err(missing("add", path));
            }
            items.insert(index, value);
        }
        _ => return Err(missing("add", path)),
    }
    Ok(())
}

fn remove(target: &mut Value, path: &str) -> Result<Value, String> {
    let (parent, key) = split(path).ok_or(missing("remove", path))?;
    let removed = match target.pointer_mut(parent) {
        Some(Value::Object(map)) => map.remove(&key),
        Some(Value::Array(items)) => {
            key.parse().ok().filter(|index| *index < items.len()).map(|index| items.remove(index))
        }
        _ => None,
    };
    removed.ok_or(missing("remove", path))
}

fn split(path: &str) -> Option<(&str, String)> {
    let (parent, key) = path.rsplit_once('/')?;
    Some((parent, key.replace("~1", "/").replace("~0", "~")))
}

fn missing(op: &str, path: &str) -> String {
    format!("{op} operation does not apply: doc is missing path: \"{path}\": missing value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case(json!([{ "op": "add", "path": "/a/-", "value": 3 }]), Some(json!({ "a": [1, 2, 3] })))]
    #[case(json!([{ "op": "add", "path": "/x~1y", "value": 1 }]), Some(json!({ "a": [1, 2], "x/y": 1 })))]
    #[case(json!([{ "op": "remove", "path": "/a/0" }]), Some(json!({ "a": [2] })))]
    #[case(json!([{ "op": "replace", "path": "/a", "value": {} }]), Some(json!({ "a": {} })))]
    #[case(json!([{ "op": "move", "from": "/a", "path": "/b" }]), Some(json!({ "b": [1, 2] })))]
    #[case(json!([{ "op": "copy", "from": "/a/1", "path": "/a/0" }]), Some(json!({ "a": [2, 1, 2] })))]
    #[case(json!([{ "op": "test", "path": "/a/0", "value": 1 }]), Some(json!({ "a": [1, 2] })))]
    #[case(json!([{ "op": "test", "path": "/a/0", "value": 2 }]), None)]
    #[case(json!([{ "op": "test", "path": "/b", "value": null }]), Some(json!({ "a": [1, 2] })))]
    #[case(json!([{ "op": "remove", "path": "/b" }]), None)]
    #[case(json!([{ "op": "replace", "path": "/b", "value": 1 }]), None)]
    #[case(json!([{ "op": "add", "path": "/a/9", "value": 1 }]), None)]
    #[case(json!([{ "op": "add", "path": "/b/c", "value": 1 }]), None)]
    #[case(json!({}), None)]
    fn operations_follow_the_rfc(#[case] patch: Value, #[case] expected: Option<Value>) {
        let mut value = json!({ "a": [1, 2] });
        let done = json_result(&mut value, &patch);
        assert_eq!(done.then_some(value), expected);
    }

    fn json_result(value: &mut Value, patch: &Value) -> bool {
        json(value, patch).is_ok()
    }

    #[test]
    fn a_merge_patch_removes_with_null() {
        let mut value = json!({ "a": { "b": 1, "c": 2 }, "d": 3 });
        merge(&mut value, &json!({ "a": { "b": null, "e": { "f": 1, "g": null } }, "d": [1] }));
        assert_eq!(value, json!({ "a": { "c": 2, "e": { "f": 1 } }, "d": [1] }));
    }
}
