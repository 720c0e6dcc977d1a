//! What is found of the objects of a release. A case more needs no Rust: `[name, comparison, what is found]`. Objects get
//! a name, a namespace, a version and a kind where they have none; the manifest is the answer if it is not given.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use rstest::rstest;
use serde_json::{Map, Value, json};
use sluice_apply::{
    drift::{Found, compare, is_excluded},
    ignore::{IgnoreRule, IgnoreRules, IgnoreTarget},
};
use sluice_object::Object;

/// Gives an object what most rows share, where it has nothing of its own.
fn completed(value: &Value) -> Object {
    let mut value = value.clone();
    fill(&mut value, json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}));
    fill(&mut value["metadata"], json!({"name": "a", "namespace": "ns", "resourceVersion": "1"}));
    Object::new(value).unwrap()
}

fn fill(value: &mut Value, shared: Value) {
    let map = value.as_object_mut().unwrap();
    let Value::Object(shared) = shared else { return };
    shared.into_iter().for_each(|(key, value)| _ = map.entry(key).or_insert(value));
}

fn rules(given: Option<&Value>) -> IgnoreRules {
    let rules = given.and_then(Value::as_array).into_iter().flatten().map(rule);
    IgnoreRules::new(&rules.collect::<Vec<_>>()).unwrap()
}

fn rule(given: &Value) -> IgnoreRule {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let target = |target: &Map<String, Value>| {
        let part = |key: &str| target.get(key).map(text).unwrap_or_default();
        IgnoreTarget {
            group: part("group"),
            version: part("version"),
            kind: part("kind"),
            name: part("name"),
            namespace: part("namespace"),
            labels: part("labelSelector"),
            annotations: part("annotationSelector"),
        }
    };
    let paths = given["paths"].as_array().unwrap().iter().map(text).collect();
    IgnoreRule { paths, target: given["target"].as_object().map(target) }
}

fn told(found: Found) -> Value {
    match found {
        Found::Same => "none".into(),
        Found::Excluded => "exclude".into(),
        Found::Missing => "create".into(),
        Found::Changed { patch } => patch.into(),
    }
}

#[rstest]
#[case::autoscalers(include_str!("drift/autoscalers.json"))]
#[case::lengths(include_str!("drift/lengths.json"))]
#[case::lists(include_str!("drift/lists.json"))]
#[case::maps(include_str!("drift/maps.json"))]
#[case::metadata(include_str!("drift/metadata.json"))]
#[case::rules(include_str!("drift/rules.json"))]
#[case::workloads(include_str!("drift/workloads.json"))]
fn drift_is_found_as_flux_finds_it(#[case] file: &str) {
    let cases: Vec<(String, Value, Value)> = serde_json::from_str(file).unwrap();
    for (name, given, expected) in cases {
        let answer = completed(&given["answer"]);
        let desired = given.get("manifest").map_or_else(|| answer.clone(), completed);
        let live = given.get("live").map(completed);
        let rules = rules(given.get("ignore"));
        assert_eq!(is_excluded(&desired, live.as_ref(), &rules), expected == "exclude", "{name}");
        assert_eq!(told(compare(&desired, live.as_ref(), &answer, &rules)), expected, "{name}");
    }
}
