//! Reads the types of an OpenAPI document that a kustomization brings along.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::{Property, Shape, Types};

/// What the names of Kubernetes' own types begin with; the table of built-in types leaves it out.
const KUBERNETES: [&str; 4] = [
    "io.k8s.api.",
    "io.k8s.apimachinery.pkg.apis.",
    "io.k8s.kube-aggregator.pkg.apis.",
    "io.k8s.apiextensions-apiserver.pkg.apis.",
];

/// Reads `definitions`. They take the place of the types that are built in, or come beside those given.
pub(crate) fn from_openapi(document: &Json, beside: Option<&Types>) -> Types {
    let empty = Map::new();
    let definitions = document.get("definitions").and_then(Json::as_object).unwrap_or(&empty);
    let own: Vec<(&str, &Json)> = definitions
        .iter()
        .map(|(name, definition)| (name.as_str(), definition))
        .filter(|(name, _)| beside.is_none() || short(name) == *name)
        .collect();
    let mut types = beside.cloned().unwrap_or_default();
    for (name, _) in &own {
        types.names.insert((*name).to_owned(), types.types.len());
        types.types.push(HashMap::new());
    }
    for (name, definition) in own {
        if let Some(index) = types.names.get(name).copied() {
            types.kinds.extend(kinds(definition).into_iter().map(|kind| (kind, index)));
            read_fields(index, definition, &mut types);
        }
    }
    types
}

fn short(name: &str) -> &str {
    KUBERNETES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// Reads the fields of a type. Objects that are defined inside a field get a type of their own.
fn read_fields(owner: usize, definition: &Json, types: &mut Types) {
    let Some(properties) = definition.get("properties").and_then(Json::as_object) else { return };
    for (name, schema) in properties {
        let (shape, target) = shape(schema);
        let mut of = reference(target, types);
        if of.is_none() && target.get("properties").is_some() {
            let index = types.types.len();
            types.types.push(HashMap::new());
            read_fields(index, target, types);
            of = Some(index);
        }
        let property = Property { of, shape, merge: merge_keys(schema), ..Property::default() };
        if let Some(fields) = types.types.get_mut(owner) {
            fields.insert(name.clone(), property);
        }
    }
}

fn kinds(definition: &Json) -> Vec<(String, String)> {
    let listed = definition.get("x-kubernetes-group-version-kind").and_then(Json::as_array);
    let kind = |entry: &Json| {
        let text = |key: &str| entry.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let (group, version) = (text("group"), text("version"));
        let api_version = if group.is_empty() { version } else { format!("{group}/{version}") };
        (api_version, text("kind"))
    };
    listed.map(|entries| entries.iter().map(kind).collect()).unwrap_or_default()
}

fn shape(schema: &Json) -> (Shape, &Json) {
    match (schema.get("items"), schema.get("additionalProperties")) {
        (Some(items), _) => (Shape::List, items),
        (None, Some(values)) => (Shape::Map, values),
        (None, None) => (Shape::One, schema),
    }
}

fn reference(schema: &Json, types: &Types) -> Option<usize> {
    let name = schema.get("$ref")?.as_str()?.rsplit('/').next()?;
    types.names.get(name).or_else(|| types.names.get(short(name))).copied()
}

fn merge_keys(schema: &Json) -> Option<Vec<String>> {
    let strategy = schema.get("x-kubernetes-patch-strategy")?.as_str()?;
    strategy.split(',').find(|part| *part == "merge")?;
    let listed = schema.get("x-kubernetes-list-map-keys").and_then(Json::as_array);
    let key = || schema.get("x-kubernetes-patch-merge-key").into_iter();
    let keys: Vec<&Json> = listed.map_or_else(|| key().collect(), |keys| keys.iter().collect());
    Some(keys.into_iter().filter_map(Json::as_str).map(str::to_owned).collect())
}
