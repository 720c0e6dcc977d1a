//! Fields that the API server does not know.
//!
//! Server-side apply refuses them. Flux never sends those of built-in kinds, for it converts them to Go types first;
//! here the refusal itself tells which fields to leave out, and they are reported.

use serde_json::Value;
use sluice_cluster::ApiError;
use sluice_object::Object;

const WORDS: &str = ": field not declared in schema";

/// Only then the manifest is meant, and not what other managers have put on the live object.
const OF_MANIFEST: &str = "typed patch object";

/// Removes the fields that an error names from an object; returns those that were there.
pub(super) fn remove_undeclared(object: &mut Object, error: &ApiError) -> Vec<String> {
    let paths = if error.message.contains(OF_MANIFEST) { paths(&error.message) } else { Vec::new() };
    paths.into_iter().filter(|path| remove(object.value_mut(), path)).collect()
}

/// `… (ns/a; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema`, or a list with one path a line.
fn paths(message: &str) -> Vec<String> {
    let parts = message.split(WORDS);
    let count = parts.clone().count().saturating_sub(1);
    let path = |part: &str| part.rfind([' ', '\n']).map_or(part, |at| &part[at + 1..]).to_owned();
    parts.take(count).map(path).filter(|path| path.starts_with('.')).collect()
}

fn remove(value: &mut Value, path: &str) -> bool {
    let Some((step, rest)) = first_step(path) else { return false };
    match (step, rest.is_empty()) {
        (Step::Field(name), true) => value.as_object_mut().is_some_and(|map| map.remove(name).is_some()),
        (Step::Field(name), false) => value.get_mut(name).is_some_and(|below| remove(below, rest)),
        (Step::Item(_), true) => false,
        (Step::Item(keys), false) => item(value, keys).is_some_and(|below| remove(below, rest)),
    }
}

enum Step<'a> {
    Field(&'a str),
    Item(&'a str),
}

fn first_step(path: &str) -> Option<(Step<'_>, &str)> {
    if let Some(rest) = path.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        return Some((Step::Field(&rest[..end]), &rest[end..]));
    }
    let (keys, rest) = path.strip_prefix('[')?.split_once(']')?;
    Some((Step::Item(keys), rest))
}

/// Finds the item at an index, or with the keys `name="c"` or `containerPort=80,protocol="TCP"`.
fn item<'a>(list: &'a mut Value, keys: &str) -> Option<&'a mut Value> {
    let items = list.as_array_mut()?;
    if let Ok(index) = keys.parse::<usize>() {
        return items.get_mut(index);
    }
    let keys: Vec<(&str, Value)> = keys.split(',').map(key).collect::<Option<_>>()?;
    items.iter_mut().find(|item| keys.iter().all(|(name, value)| item.get(name) == Some(value)))
}

fn key(text: &str) -> Option<(&str, Value)> {
    let (name, value) = text.split_once('=')?;
    Some((name, serde_json::from_str(value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn after(message: &str) -> (Value, Vec<String>) {
        let containers =
            json!([{"name": "a", "foo": 1}, {"name": "b", "foo": 2, "ports": [{"containerPort": 80, "bar": 1}]}]);
        let spec = json!({"x": 1, "y": {"z": 2}, "template": {"spec": {"containers": containers}}});
        let value = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec});
        let mut object = Object::new(value).unwrap();
        let removed = remove_undeclared(&mut object, &ApiError::status(500, "", message));
        (object.value()["spec"].clone(), removed)
    }

    #[test]
    fn the_named_field_is_removed() {
        let (spec, removed) = after(
            "failed to create typed patch object (ns/a; apps/v1, Kind=Deployment): .spec.y.z: field not declared in schema",
        );
        assert_eq!((spec["y"].clone(), removed), (json!({}), vec![".spec.y.z".to_owned()]));
    }

    #[test]
    fn all_fields_of_a_list_are_removed() {
        let message = "failed to create typed patch object (ns/a; apps/v1, Kind=Deployment): errors:\n  .spec.x: field not \
                       declared in schema\n  .spec.template.spec.containers[name=\"b\"].foo: field not declared in schema\n  \
                       .spec.template.spec.containers[name=\"b\"].ports[containerPort=80].bar: field not declared in schema";
        let (spec, removed) = after(message);
        assert_eq!(removed.len(), 3);
        assert!(spec.get("x").is_none());
        let containers = json!([{"name": "a", "foo": 1}, {"name": "b", "ports": [{"containerPort": 80}]}]);
        assert_eq!(spec["template"]["spec"]["containers"], containers);
    }

    #[test]
    fn what_is_not_there_is_not_removed() {
        for message in [
            "oops",
            "typed patch object: .spec.nope: field not declared in schema",
            "typed patch object: field not declared in schema",
            ".spec.x: field not declared in schema",
        ] {
            assert!(after(message).1.is_empty(), "{message}");
        }
    }
}
