//! Sets of fields, and their form in `managedFields`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::schema::{Schema, Shape, has_items, item};

/// The way to a field: `f:name`, `k:{…}`, `v:…`.
pub(super) type Path = Vec<String>;
/// A set of fields. An item of a list is a member besides its own fields.
pub(super) type FieldSet = BTreeSet<Path>;

/// Fields of the metadata that belong to nobody.
const UNOWNED: &[&str] = &[
    "f:name",
    "f:namespace",
    "f:uid",
    "f:resourceVersion",
    "f:generation",
    "f:creationTimestamp",
    "f:deletionTimestamp",
    "f:deletionGracePeriodSeconds",
    "f:selfLink",
    "f:managedFields",
];

/// Returns the fields of an object that may be owned, each with its value.
pub(super) fn owned(value: &Value, schema: &Schema) -> BTreeMap<Path, Value> {
    let mut leaves = BTreeMap::new();
    walk(value, &mut Vec::new(), schema, &mut leaves);
    leaves.retain(|path, _| !is_unowned(path));
    leaves
}

fn is_unowned(path: &Path) -> bool {
    match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [only] => matches!(*only, "f:apiVersion" | "f:kind" | "f:metadata"),
        ["f:metadata", field, ..] => UNOWNED.contains(field),
        _ => false,
    }
}

fn walk(value: &Value, path: &mut Path, schema: &Schema, leaves: &mut BTreeMap<Path, Value>) {
    let shape = schema.shape(path);
    match value {
        Value::Object(map) if shape != Shape::Atomic && !map.is_empty() => {
            for (name, value) in map {
                within(path, format!("f:{name}"), |path| walk(value, path, schema, leaves));
            }
        }
        Value::Array(items) if has_items(&shape) && !items.is_empty() => {
            for value in items {
                within(path, item(&shape, value), |path| {
                    leaves.insert(path.clone(), Value::Null);
                    if value.is_object() {
                        walk(value, path, schema, leaves);
                    }
                });
            }
        }
        value => {
            leaves.insert(path.clone(), value.clone());
        }
    }
}

fn within(path: &mut Path, element: String, then: impl FnOnce(&mut Path)) {
    path.push(element);
    then(path);
    path.pop();
}

/// Writes `fieldsV1`.
pub(super) fn encode(fields: &FieldSet) -> Value {
    let mut root = Value::Object(Map::new());
    for path in fields {
        let mut node = &mut root;
        for element in path {
            node = &mut node[element];
            if node.is_null() {
                *node = Value::Object(Map::new());
            }
        }
        node["."] = Value::Object(Map::new());
    }
    tidy(&mut root);
    root
}

/// A field that has nothing below is written without the mark that it is a member.
fn tidy(node: &mut Value) {
    let Some(map) = node.as_object_mut() else { return };
    if map.len() == 1 {
        map.remove(".");
    }
    map.iter_mut().filter(|(name, _)| *name != ".").for_each(|(_, below)| tidy(below));
}

/// Reads `fieldsV1`.
pub(super) fn decode(fields: &Value) -> FieldSet {
    let mut set = FieldSet::new();
    read(fields, &mut Vec::new(), &mut set);
    set
}

fn read(node: &Value, path: &mut Path, set: &mut FieldSet) {
    let Some(map) = node.as_object() else { return };
    if (map.is_empty() || map.contains_key(".")) && !path.is_empty() {
        set.insert(path.clone());
    }
    for (element, below) in map.iter().filter(|(element, _)| *element != ".") {
        within(path, element.clone(), |path| read(below, path, set));
    }
}

/// Writes a path as messages do: `.spec.containers[name="app"].image`.
pub(super) fn display(path: &Path) -> String {
    let element = |element: &String| match element.split_at_checked(2) {
        Some(("f:", name)) => format!(".{name}"),
        Some(("k:", keys)) => format!("[{}]", display_keys(keys)),
        Some(("v:", value)) => format!("[={value}]"),
        _ => element.clone(),
    };
    path.iter().map(element).collect()
}

fn display_keys(keys: &str) -> String {
    let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
    let keys: Vec<String> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
    keys.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn fields_are_written_as_the_server_does() {
        let object = json!({
            "apiVersion": "v1",
            "metadata": { "name": "a", "labels": { "x": "y" }, "finalizers": ["f.io/x"] },
            "spec": { "containers": [{ "name": "app", "image": "i" }], "args": ["a"], "empty": {} },
        });
        let fields: FieldSet = owned(&object, &Schema::BuiltIn).into_keys().collect();
        let expected = json!({
            "f:metadata": { "f:labels": { "f:x": {} }, "f:finalizers": { "v:\"f.io/x\"": {} } },
            "f:spec": {
                "f:containers": { "k:{\"name\":\"app\"}": { ".": {}, "f:name": {}, "f:image": {} } },
                "f:args": {},
                "f:empty": {},
            },
        });
        assert_eq!(encode(&fields), expected);
    }

    #[test]
    fn a_path_is_shown_as_in_conflicts() {
        let path = ["f:spec", "k:{\"name\":\"app\"}", "f:image"].map(String::from).to_vec();
        assert_eq!(display(&path), r#".spec[name="app"].image"#);
        assert_eq!(display(&vec!["f:x".into(), "v:\"a\"".into()]), r#".x[="a"]"#);
    }

    proptest! {
        #[test]
        fn fields_survive_being_written(
            paths in prop::collection::btree_set(prop::collection::vec("f:[a-c]", 1..4), 0..8),
        ) {
            prop_assert_eq!(decode(&encode(&paths)), paths);
        }
    }
}
