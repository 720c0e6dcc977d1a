//! The drift test: does an apply change anything that counts?
//!
//! live object, dry-run answer → the first difference in labels, annotations, or outside metadata and status

use std::fmt;

use serde_json::{Map, Value};
use sluice_object::Object;

/// What an apply would change first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The object is not there.
    Missing,
    /// Labels.
    Labels,
    /// Annotations.
    Annotations,
    /// A field, as JSON pointer.
    Field(String),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("object"),
            Self::Labels => f.write_str("/metadata/labels"),
            Self::Annotations => f.write_str("/metadata/annotations"),
            Self::Field(pointer) => f.write_str(pointer),
        }
    }
}

/// Returns what the apply behind a dry-run answer would change in the live object.
///
/// Other metadata than labels and annotations does not count, as in Flux: a manifest that only adds finalizers is
/// unchanged. Absent, null, `[]` and `{}` are four different things outside metadata.
pub fn changed(live: &Object, dry_run: &Object) -> Option<Change> {
    if dry_run.resource_version().is_empty() {
        return Some(Change::Missing);
    }
    if metadata(live, "labels") != metadata(dry_run, "labels") {
        return Some(Change::Labels);
    }
    if metadata(live, "annotations") != metadata(dry_run, "annotations") {
        return Some(Change::Annotations);
    }
    if live.kind() == "HorizontalPodAutoscaler" {
        return first_difference(&Value::Object(autoscaler(live)), &Value::Object(autoscaler(dry_run)), "");
    }
    match (live.value().as_object(), dry_run.value().as_object()) {
        (Some(live), Some(dry_run)) => difference_of_maps(live, dry_run, "", is_content),
        _ => first_difference(live.value(), dry_run.value(), ""),
    }
}

fn metadata<'a>(object: &'a Object, map: &str) -> Option<&'a Map<String, Value>> {
    object.value().get("metadata")?.get(map)?.as_object().filter(|map| !map.is_empty())
}

pub(crate) fn is_content(key: &str) -> bool {
    !matches!(key, "metadata" | "status")
}

fn content_of(map: &Map<String, Value>) -> Map<String, Value> {
    map.iter().filter(|(key, _)| is_content(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn autoscaler(object: &Object) -> Map<String, Value> {
    let mut content = object.value().as_object().map(content_of).unwrap_or_default();
    if object.gvk().version == "v2"
        && let Some(spec) = content.get_mut("spec")
    {
        keep_real_metrics(spec);
    }
    content
}

/// API servers before 1.27 hand out duplicate metrics and metrics without type; neither counts.
pub(crate) fn keep_real_metrics(spec: &mut Value) {
    let Some(list) = spec.get("metrics").and_then(Value::as_array) else { return };
    let real = real_metrics(list);
    match spec.as_object_mut() {
        Some(spec) if real.is_empty() => _ = spec.remove("metrics"),
        _ => spec["metrics"] = Value::Array(real),
    }
}

fn real_metrics(list: &[Value]) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for metric in list {
        let typed = metric.get("type").and_then(Value::as_str).is_some_and(|type_| !type_.is_empty());
        if typed && !kept.contains(metric) {
            kept.push(metric.clone());
        }
    }
    kept
}

fn first_difference(a: &Value, b: &Value, at: &str) -> Option<Change> {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => difference_of_maps(a, b, at, |_| true),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate();
            pairs.filter_map(|(index, (a, b))| first_difference(a, b, &format!("{at}/{index}"))).next()
        }
        _ => (a != b).then(|| Change::Field(at.to_owned())),
    }
}

fn difference_of_maps(
    a: &Map<String, Value>,
    b: &Map<String, Value>,
    at: &str,
    counts: fn(&str) -> bool,
) -> Option<Change> {
    let path = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    let removed = a.keys().find(|key| counts(key) && !b.contains_key(*key)).map(|key| Change::Field(path(key)));
    let differs = || {
        b.iter().filter(|(key, _)| counts(key)).find_map(|(key, right)| match a.get(key) {
            Some(left) if left == right => None,
            Some(left) => first_difference(left, right, &path(key)),
            None => Some(Change::Field(path(key))),
        })
    };
    removed.or_else(differs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn object(rest: Value) -> Object {
        let mut value = json!({"apiVersion": "autoscaling/v2", "kind": "Foo",
            "metadata": {"name": "a", "resourceVersion": "1"}});
        merge(&mut value, rest);
        Object::new(value).unwrap()
    }

    fn merge(value: &mut Value, rest: Value) {
        match (value, rest) {
            (Value::Object(map), Value::Object(rest)) => {
                rest.into_iter().for_each(|(key, rest)| merge(map.entry(key).or_insert(Value::Null), rest));
            }
            (value, rest) => *value = rest,
        }
    }

    #[rstest]
    #[case::same(json!({"spec": {"a": [1]}}), json!({"spec": {"a": [1]}}), None)]
    #[case::new(json!({}), json!({"metadata": {"resourceVersion": ""}}), Some("object"))]
    #[case::labels(json!({"metadata": {"labels": {"a": "1"}}}), json!({}), Some("/metadata/labels"))]
    #[case::empty_maps_are_absent(json!({"metadata": {"labels": {}, "annotations": {}}}), json!({}), None)]
    #[case::annotations(json!({}), json!({"metadata": {"annotations": {"a": "1"}}}), Some("/metadata/annotations"))]
    #[case::finalizers_do_not_count(json!({}), json!({"metadata": {"finalizers": ["f"]}}), None)]
    #[case::status_does_not_count(json!({"status": 1}), json!({"status": 2}), None)]
    #[case::removed_field(json!({"spec": {"a/b": 1, "c": 2}}), json!({"spec": {"c": 2}}), Some("/spec/a~1b"))]
    #[case::empty_is_not_absent(json!({"data": {}}), json!({}), Some("/data"))]
    #[case::null_is_not_absent(json!({}), json!({"data": null}), Some("/data"))]
    #[case::lists(json!({"spec": {"a": [{"b": 1}]}}), json!({"spec": {"a": [{"b": 2}]}}), Some("/spec/a/0/b"))]
    #[case::longer_list(json!({"spec": {"a": [1]}}), json!({"spec": {"a": [1, 2]}}), Some("/spec/a"))]
    #[case::numbers_compare_as_stored(json!({"spec": {"a": 1}}), json!({"spec": {"a": 1.0}}), Some("/spec/a"))]
    fn finds_the_first_change(#[case] live: Value, #[case] dry_run: Value, #[case] expected: Option<&str>) {
        let change = changed(&object(live), &object(dry_run));
        assert_eq!(change.map(|change| change.to_string()).as_deref(), expected);
    }

    #[test]
    fn metrics_without_type_are_as_none() {
        let with = |spec: Value| object(json!({"kind": "HorizontalPodAutoscaler", "spec": spec}));
        assert_eq!(changed(&with(json!({"a": 1})), &with(json!({"a": 1, "metrics": [{"type": ""}]}))), None);
    }

    #[test]
    fn duplicate_metrics_of_an_autoscaler_do_not_count() {
        let kind = json!({"kind": "HorizontalPodAutoscaler"});
        let with = |metrics: Value| {
            let mut rest = kind.clone();
            merge(&mut rest, json!({"spec": {"metrics": metrics}}));
            object(rest)
        };
        let cpu = json!({"type": "Resource", "resource": {"name": "cpu"}});
        let live = with(json!([cpu, cpu, {"type": ""}]));
        assert_eq!(changed(&live, &with(json!([cpu]))), None);
        assert_eq!(
            changed(&live, &with(json!([{"type": "Pods"}]))),
            Some(Change::Field("/spec/metrics/0/resource".into()))
        );
    }
}
