//! How a field's value is merged: field by field, item by item, or as a whole.

use std::sync::Arc;

use serde_json::Value;

/// How a list or map is merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// A map, field by field. A list as a whole.
    Plain,
    /// As a whole.
    Atomic,
    /// A list of distinct values.
    Set,
    /// A list whose items are told apart by these fields.
    Keyed(Vec<String>),
}

/// The merge rules of a kind.
#[derive(Debug, Clone)]
pub(super) enum Schema {
    /// Rules of Kubernetes' own types, by the names of fields.
    BuiltIn,
    /// Rules of a CustomResourceDefinition's schema.
    Custom(Arc<Value>),
}

/// Lists of built-in types by the field's name, the name of the field before it (or `*`), and their keys.
const KEYED: &[(&str, &str, &[&str])] = &[
    ("containers", "*", &["name"]),
    ("initContainers", "*", &["name"]),
    ("ephemeralContainers", "*", &["name"]),
    ("env", "*", &["name"]),
    ("volumes", "*", &["name"]),
    ("volumeMounts", "*", &["mountPath"]),
    ("volumeDevices", "*", &["devicePath"]),
    ("imagePullSecrets", "spec", &["name"]),
    ("hostAliases", "*", &["ip"]),
    ("topologySpreadConstraints", "*", &["topologyKey", "whenUnsatisfiable"]),
    ("ports", "containers", &["containerPort", "protocol"]),
    ("ports", "initContainers", &["containerPort", "protocol"]),
    ("ports", "spec", &["port", "protocol"]),
    ("conditions", "status", &["type"]),
    ("webhooks", "*", &["name"]),
    ("secrets", "*", &["name"]),
];

/// Maps of built-in types that are replaced as a whole.
const ATOMIC: &[&str] = &[
    "selector",
    "nodeSelector",
    "labelSelector",
    "namespaceSelector",
    "podSelector",
    "objectSelector",
    "secretKeyRef",
    "configMapKeyRef",
    "fieldRef",
    "resourceFieldRef",
    "roleRef",
    "scaleTargetRef",
    "dataSource",
    "involvedObject",
    "claimRef",
];

impl Schema {
    /// Returns the shape of the field at a path of `f:`, `k:` and `v:` elements.
    pub(super) fn shape(&self, path: &[String]) -> Shape {
        let names: Vec<&str> = path.iter().filter_map(|element| element.strip_prefix("f:")).collect();
        match (names.as_slice(), self) {
            (["metadata", "finalizers"], _) => Shape::Set,
            (["metadata", "ownerReferences"], _) => Shape::Keyed(vec!["uid".into()]),
            (["metadata", ..], _) => Shape::Plain,
            (names, Self::BuiltIn) => built_in(names),
            (_, Self::Custom(schema)) => custom(schema, path),
        }
    }
}

fn built_in(names: &[&str]) -> Shape {
    let Some((name, before)) = names.split_last() else { return Shape::Plain };
    let before = before.last().copied().unwrap_or_default();
    let keyed = KEYED.iter().find(|(list, parent, _)| list == name && (*parent == "*" || *parent == before));
    match keyed {
        Some((_, _, keys)) => Shape::Keyed(keys.iter().map(|key| (*key).to_owned()).collect()),
        None if ATOMIC.contains(name) => Shape::Atomic,
        None => Shape::Plain,
    }
}

fn custom(schema: &Value, path: &[String]) -> Shape {
    let mut node = schema;
    for element in path {
        node = match element.strip_prefix("f:") {
            Some(name) => node["properties"].get(name).unwrap_or(&node["additionalProperties"]),
            None => &node["items"],
        };
    }
    let text = |key: &str| node[key].as_str().unwrap_or_default();
    match (text("x-kubernetes-list-type"), text("x-kubernetes-map-type")) {
        ("map", _) => Shape::Keyed(keys(&node["x-kubernetes-list-map-keys"])),
        ("set", _) => Shape::Set,
        ("atomic", _) | (_, "atomic") => Shape::Atomic,
        _ => Shape::Plain,
    }
}

fn keys(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect()
}

/// Returns the element of a list's item: `k:{"name":"app"}`, or `v:"text"` in a set.
pub(super) fn item(shape: &Shape, value: &Value) -> String {
    let Shape::Keyed(keys) = shape else { return format!("v:{value}") };
    let field = |key: &String| {
        let fallback = if key == "protocol" { Value::from("TCP") } else { Value::Null };
        (key.clone(), value.get(key).cloned().unwrap_or(fallback))
    };
    let mut fields: Vec<(String, Value)> = keys.iter().map(field).filter(|(_, value)| !value.is_null()).collect();
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    let fields: Vec<String> =
        fields.iter().map(|(key, value)| format!("{}:{value}", Value::from(key.as_str()))).collect();
    format!("k:{{{}}}", fields.join(","))
}

/// Says whether a shape's lists are merged item by item.
pub(super) fn has_items(shape: &Shape) -> bool {
    matches!(shape, Shape::Set | Shape::Keyed(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn path(text: &str) -> Vec<String> {
        text.split('/').map(|name| format!("f:{name}")).collect()
    }

    #[rstest]
    #[case("spec/template/spec/containers", Shape::Keyed(vec!["name".into()]))]
    #[case("spec/selector", Shape::Atomic)]
    #[case("spec/template/spec/tolerations", Shape::Plain)]
    #[case("metadata/finalizers", Shape::Set)]
    #[case("metadata/labels", Shape::Plain)]
    fn built_in_lists_have_their_shapes(#[case] at: &str, #[case] expected: Shape) {
        assert_eq!(Schema::BuiltIn.shape(&path(at)), expected);
    }

    #[test]
    fn a_definition_says_how_its_lists_are_merged() {
        let list = json!({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"] });
        let schema = json!({ "properties": { "spec": { "properties": { "parts": list, "containers": {} } } } });
        let schema = Schema::Custom(schema.into());
        assert_eq!(schema.shape(&path("spec/parts")), Shape::Keyed(vec!["id".into()]));
        assert_eq!(schema.shape(&path("spec/containers")), Shape::Plain);
    }

    #[test]
    fn items_are_named_as_in_managed_fields() {
        let shape = Shape::Keyed(vec!["port".into(), "protocol".into()]);
        assert_eq!(item(&shape, &json!({ "port": 80, "name": "x" })), r#"k:{"port":80,"protocol":"TCP"}"#);
        assert_eq!(item(&Shape::Set, &json!("a.io/x")), r#"v:"a.io/x""#);
    }
}
