//! Objects in versions that are served no more, brought to the version that is. Only JSON is looked at.

use serde_json::{Map, Value, json};

use crate::kinds;

/// What was done to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// The `apiVersion` that it had.
    pub from: String,
    /// The one that it has now.
    pub to: String,
    /// What else has changed, as somebody would change the file.
    pub changes: Vec<String>,
}

/// Versions that were served once, by group.
const OLD: [(&str, [&str; 2]); 5] = [
    ("helm.toolkit.fluxcd.io", ["v2beta1", "v2beta2"]),
    ("image.toolkit.fluxcd.io", ["v1beta1", "v1beta2"]),
    ("kustomize.toolkit.fluxcd.io", ["v1beta1", "v1beta2"]),
    ("notification.toolkit.fluxcd.io", ["v1beta1", "v1beta2"]),
    ("source.toolkit.fluxcd.io", ["v1beta1", "v1beta2"]),
];

/// A field that the served version of a kind lacks.
struct Row {
    kind: &'static str,
    /// The mapping that it is in, names with dots between them; `[]` stands for all elements of a list.
    at: &'static str,
    change: Change,
}

enum Change {
    /// The field means nothing any more.
    Gone(&'static str),
    /// The field's value comes first in the list of the other.
    First(&'static str, &'static str),
    /// The strategic merge patches come before the other patches.
    MergePatches,
    /// The JSON patches come after the other patches.
    JsonPatches,
}

const ROWS: &[Row] = &[
    row("Bucket", "spec", Change::Gone("accessFrom")),
    row("GitRepository", "spec", Change::Gone("accessFrom")),
    row("GitRepository", "spec", Change::Gone("gitImplementation")),
    row("HelmChart", "spec", Change::Gone("accessFrom")),
    row("HelmChart", "spec", Change::First("valuesFile", "valuesFiles")),
    row("HelmRelease", "spec.chart.spec", Change::First("valuesFile", "valuesFiles")),
    row("HelmRelease", "spec.postRenderers[].kustomize", Change::MergePatches),
    row("HelmRelease", "spec.postRenderers[].kustomize", Change::JsonPatches),
    row("Kustomization", "spec", Change::MergePatches),
    row("Kustomization", "spec", Change::JsonPatches),
    row("Kustomization", "spec", Change::Gone("validation")),
];

const fn row(kind: &'static str, at: &'static str, change: Change) -> Row {
    Row { kind, at, change }
}

/// Brings an object of ours to the version that is served; `None` when it is in it already, or no object of ours.
///
/// ```
/// use serde_json::json;
///
/// let mut release = json!({ "apiVersion": "helm.toolkit.fluxcd.io/v2beta1", "kind": "HelmRelease" });
/// let done = sluice_api::to_served_version(&mut release);
/// assert_eq!(done.map(|done| done.to).as_deref(), Some("helm.toolkit.fluxcd.io/v2"));
/// assert_eq!(release["apiVersion"], "helm.toolkit.fluxcd.io/v2");
/// ```
pub fn to_served_version(object: &mut Value) -> Option<Conversion> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let (from, kind) = (text("apiVersion").to_owned(), text("kind").to_owned());
    let (group, version) = from.split_once('/')?;
    if !OLD.iter().any(|(old, versions)| *old == group && versions.contains(&version)) {
        return None;
    }
    let served = kinds().iter().find(|served| served.group == group && served.kind == kind)?;
    let to = format!("{group}/{}", served.version);
    object["apiVersion"] = to.as_str().into();
    let mut changes = Vec::new();
    for row in ROWS.iter().filter(|row| row.kind == kind) {
        let mut done = None;
        visit(object, &parts(row.at), &mut |fields| done = row.change.make(fields).or(done.take()));
        changes.extend(done.map(|done| format!("in `{}` {done}", row.at)));
    }
    Some(Conversion { from, to, changes })
}

fn parts(path: &str) -> Vec<&str> {
    path.split('.').flat_map(|part| part.strip_suffix("[]").map_or(vec![part], |name| vec![name, "[]"])).collect()
}

/// Hands over each mapping at a path.
fn visit(value: &mut Value, path: &[&str], act: &mut dyn FnMut(&mut Map<String, Value>)) {
    match (path, value) {
        ([], Value::Object(fields)) => act(fields),
        (["[]", rest @ ..], Value::Array(items)) => items.iter_mut().for_each(|item| visit(item, rest, act)),
        ([name, rest @ ..], Value::Object(fields)) => {
            if let Some(value) = fields.get_mut(*name) {
                visit(value, rest, act);
            }
        }
        _ => {}
    }
}

impl Change {
    /// Changes a mapping where it has the field; says what that comes to.
    fn make(&self, fields: &mut Map<String, Value>) -> Option<String> {
        match *self {
            Self::Gone(name) => fields.remove(name).map(|_| format!("leave out `{name}`")),
            Self::First(old, new) => {
                let value = fields.remove(old)?;
                add(fields, new, vec![value], Place::First);
                Some(format!("write `{new}` for `{old}`"))
            }
            Self::MergePatches => {
                patches(fields, "patchesStrategicMerge", Place::First, |patch| json!({ "patch": text(patch) }))
            }
            Self::JsonPatches => patches(
                fields,
                "patchesJson6902",
                Place::Last,
                |patch| json!({ "patch": text(&patch["patch"]), "target": patch["target"] }),
            ),
        }
    }
}

#[derive(Clone, Copy)]
enum Place {
    First,
    Last,
}

fn add(fields: &mut Map<String, Value>, name: &str, new: Vec<Value>, place: Place) {
    let list = fields.entry(name).or_insert_with(|| json!([]));
    if let Value::Array(items) = list {
        let at = match place {
            Place::First => 0,
            Place::Last => items.len(),
        };
        items.splice(at..at, new);
    }
}

fn patches(fields: &mut Map<String, Value>, old: &str, place: Place, new: fn(&Value) -> Value) -> Option<String> {
    let Value::Array(items) = fields.remove(old)? else { return None };
    add(fields, "patches", items.iter().map(new).collect(), place);
    Some(format!("write `patches` for `{old}`"))
}

/// Returns a patch as a text: JSON is YAML as well.
fn text(patch: &Value) -> String {
    patch.as_str().map_or_else(|| patch.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn converted(kind: &str, spec: &Value) -> (Value, Vec<String>) {
        let group = kinds().iter().find(|known| known.kind == kind).map(|known| known.group).unwrap();
        let old = OLD.iter().find(|(old, _)| *old == group).unwrap().1[0];
        let mut object = json!({ "apiVersion": format!("{group}/{old}"), "kind": kind, "spec": spec });
        let done = to_served_version(&mut object).unwrap();
        (object["spec"].take(), done.changes)
    }

    #[rstest]
    #[case("Bucket", json!({ "accessFrom": {}, "a": 1 }), json!({ "a": 1 }), "in `spec` leave out `accessFrom`")]
    #[case("GitRepository", json!({ "accessFrom": {} }), json!({}), "in `spec` leave out `accessFrom`")]
    #[case("GitRepository", json!({ "gitImplementation": "x" }), json!({}), "in `spec` leave out `gitImplementation`")]
    #[case("HelmChart", json!({ "accessFrom": {} }), json!({}), "in `spec` leave out `accessFrom`")]
    #[case(
        "HelmChart",
        json!({ "valuesFile": "a" }),
        json!({ "valuesFiles": ["a"] }),
        "in `spec` write `valuesFiles` for `valuesFile`"
    )]
    #[case(
        "HelmRelease",
        json!({ "chart": { "spec": { "valuesFile": "a", "valuesFiles": ["b"] } } }),
        json!({ "chart": { "spec": { "valuesFiles": ["a", "b"] } } }),
        "in `spec.chart.spec` write `valuesFiles` for `valuesFile`"
    )]
    #[case(
        "HelmRelease",
        json!({ "postRenderers": [{ "kustomize": { "patchesStrategicMerge": [{ "kind": "A" }] } }, {}] }),
        json!({ "postRenderers": [{ "kustomize": { "patches": [{ "patch": r#"{"kind":"A"}"# }] } }, {}] }),
        "in `spec.postRenderers[].kustomize` write `patches` for `patchesStrategicMerge`"
    )]
    #[case(
        "HelmRelease",
        json!({ "postRenderers": [{ "kustomize": { "patchesJson6902": [{ "patch": [], "target": {} }] } }] }),
        json!({ "postRenderers": [{ "kustomize": { "patches": [{ "patch": "[]", "target": {} }] } }] }),
        "in `spec.postRenderers[].kustomize` write `patches` for `patchesJson6902`"
    )]
    #[case(
        "Kustomization",
        json!({ "patches": [{ "patch": "b" }], "patchesStrategicMerge": ["a"] }),
        json!({ "patches": [{ "patch": "a" }, { "patch": "b" }] }),
        "in `spec` write `patches` for `patchesStrategicMerge`"
    )]
    #[case(
        "Kustomization",
        json!({ "patches": [{ "patch": "a" }], "patchesJson6902": [{ "patch": [{ "op": "x" }], "target": { "kind": "A" } }] }),
        json!({ "patches": [{ "patch": "a" }, { "patch": r#"[{"op":"x"}]"#, "target": { "kind": "A" } }] }),
        "in `spec` write `patches` for `patchesJson6902`"
    )]
    #[case("Kustomization", json!({ "validation": "client" }), json!({}), "in `spec` leave out `validation`")]
    fn fields_that_are_gone_or_moved(#[case] kind: &str, #[case] old: Value, #[case] new: Value, #[case] change: &str) {
        assert_eq!(converted(kind, &old), (new, vec![change.to_owned()]));
    }

    #[rstest]
    #[case("helm.toolkit.fluxcd.io/v2beta1", "HelmRelease", Some("helm.toolkit.fluxcd.io/v2"))]
    #[case("helm.toolkit.fluxcd.io/v2beta2", "HelmRelease", Some("helm.toolkit.fluxcd.io/v2"))]
    #[case("helm.toolkit.fluxcd.io/v2", "HelmRelease", None)]
    #[case("source.toolkit.fluxcd.io/v1beta1", "GitRepository", Some("source.toolkit.fluxcd.io/v1"))]
    #[case("source.toolkit.fluxcd.io/v1beta2", "OCIRepository", Some("source.toolkit.fluxcd.io/v1"))]
    #[case("source.extensions.fluxcd.io/v1beta1", "ArtifactGenerator", None)]
    #[case("kustomize.toolkit.fluxcd.io/v1beta1", "Kustomization", Some("kustomize.toolkit.fluxcd.io/v1"))]
    #[case("kustomize.toolkit.fluxcd.io/v1beta2", "Kustomization", Some("kustomize.toolkit.fluxcd.io/v1"))]
    #[case("kustomize.config.k8s.io/v1beta1", "Kustomization", None)]
    #[case("image.toolkit.fluxcd.io/v1beta1", "ImagePolicy", Some("image.toolkit.fluxcd.io/v1"))]
    #[case("image.toolkit.fluxcd.io/v1beta2", "ImageUpdateAutomation", Some("image.toolkit.fluxcd.io/v1"))]
    #[case("notification.toolkit.fluxcd.io/v1beta1", "Receiver", Some("notification.toolkit.fluxcd.io/v1"))]
    #[case("notification.toolkit.fluxcd.io/v1beta1", "Alert", Some("notification.toolkit.fluxcd.io/v1beta3"))]
    #[case("notification.toolkit.fluxcd.io/v1beta2", "Provider", Some("notification.toolkit.fluxcd.io/v1beta3"))]
    #[case("notification.toolkit.fluxcd.io/v1beta3", "Alert", None)]
    #[case("notification.toolkit.fluxcd.io/v1beta1", "Unknown", None)]
    #[case("v1", "ConfigMap", None)]
    fn versions_that_are_served_no_more(#[case] from: &str, #[case] kind: &str, #[case] to: Option<&str>) {
        let mut object = json!({ "apiVersion": from, "kind": kind });
        let done = to_served_version(&mut object);
        assert_eq!(done.map(|done| done.to).as_deref(), to);
        assert_eq!(object["apiVersion"], to.unwrap_or(from));
    }
}
