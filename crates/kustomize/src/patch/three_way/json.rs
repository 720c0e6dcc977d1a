//! Patches of kinds whose types client-go does not know: JSON merge patches (RFC 7386).

use serde_json::Value;

use super::{Fields, Incomparable, ThreeWayError};

/// What tells an object from others.
const IDENTITY: [&[&str]; 3] = [&["apiVersion"], &["kind"], &["metadata", "name"]];

/// Returns the patch that makes one object of the other.
pub(super) fn two_way(original: &Fields, modified: &Fields) -> Fields {
    let mut patch = Fields::new();
    for (key, wanted) in modified {
        match (original.get(key), wanted) {
            (Some(Value::Object(had)), Value::Object(wanted)) => {
                let inner = two_way(had, wanted);
                if !inner.is_empty() {
                    patch.insert(key.clone(), inner.into());
                }
            }
            (Some(had), wanted) if had == wanted => {}
            _ => drop(patch.insert(key.clone(), wanted.clone())),
        }
    }
    let gone = original.keys().filter(|key| !modified.contains_key(*key));
    patch.extend(gone.map(|key| (key.clone(), Value::Null)));
    patch
}

/// Returns the patch that removes what the original had, and sets what the current object has not.
pub(super) fn three_way(original: &Fields, modified: &Fields, current: &Fields) -> Result<Fields, ThreeWayError> {
    let mut patch = only_nulls(two_way(original, modified));
    merge(&mut patch, without_nulls(two_way(current, modified)));
    match IDENTITY.iter().find(|path| is_changed(&patch, path)) {
        Some(path) => Err(path.iter().rev().fold(Incomparable::Identity.into(), |error, name| error.below(name))),
        None => Ok(patch),
    }
}

fn is_changed(patch: &Fields, path: &[&str]) -> bool {
    match path {
        [] => true,
        [name] => patch.contains_key(*name),
        [name, rest @ ..] => patch.get(*name).and_then(Value::as_object).is_some_and(|inner| is_changed(inner, rest)),
    }
}

fn only_nulls(patch: Fields) -> Fields {
    let left = |(key, value)| match value {
        Value::Null => Some((key, Value::Null)),
        Value::Object(inner) => Some((key, only_nulls(inner))).filter(|(_, inner)| !inner.is_empty()).map(wrapped),
        _ => None,
    };
    patch.into_iter().filter_map(left).collect()
}

/// An empty mapping is a value if it was one from the beginning.
fn without_nulls(patch: Fields) -> Fields {
    let left = |(key, value)| match value {
        Value::Null => None,
        Value::Object(inner) if !inner.is_empty() => {
            Some((key, without_nulls(inner))).filter(|(_, inner)| !inner.is_empty()).map(wrapped)
        }
        value => Some((key, value)),
    };
    patch.into_iter().filter_map(left).collect()
}

fn wrapped((key, inner): (String, Fields)) -> (String, Value) {
    (key, inner.into())
}

fn merge(onto: &mut Fields, patch: Fields) {
    for (key, value) in patch {
        match (onto.get_mut(&key), value) {
            (Some(Value::Object(onto)), Value::Object(patch)) => merge(onto, patch),
            (_, value) => drop(onto.insert(key, pruned(value))),
        }
    }
}

/// Fields without a value go in lists as well.
fn pruned(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let left = fields.into_iter().filter(|(_, value)| !value.is_null());
            left.map(|(key, value)| (key, pruned(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(pruned).collect(),
        other => other,
    }
}
