//! Reads the OpenAPI definitions that `crds` names: which of their fields are labels, annotations and names.

use serde_json::{Map, Value as Json};

use super::{Config, FieldSpec, NameReference, append};
use crate::{error::Problem, id::Gvk};

/// How deep definitions may refer to each other.
const DEPTH: usize = 50;

/// Reads definitions by name into field specs.
pub(crate) fn from_definitions(document: &Json) -> Result<Config, Problem> {
    let mut config = Config::default();
    let Some(definitions) = document.as_object() else { return Ok(config) };
    for (name, definition) in definitions {
        if is_kind(definition) {
            let kind = name.rsplit('.').next().unwrap_or(name);
            collect(definitions, name, kind, &mut Vec::new(), &mut config)?;
        }
    }
    Ok(config)
}

fn properties(definition: &Json) -> Option<&Map<String, Json>> {
    definition.get("Schema").or_else(|| definition.get("schema"))?.get("properties")?.as_object()
}

fn is_kind(definition: &Json) -> bool {
    properties(definition).is_some_and(|properties| {
        ["kind", "apiVersion", "metadata"].iter().all(|field| properties.contains_key(*field))
    })
}

fn collect(
    definitions: &Map<String, Json>,
    name: &str,
    kind: &str,
    path: &mut Vec<String>,
    config: &mut Config,
) -> Result<(), Problem> {
    if path.len() > DEPTH {
        return Err(Problem::invalid(format!("definition `{name}` refers to itself")));
    }
    for (field, schema) in definitions.get(name).and_then(properties).into_iter().flatten() {
        path.push(field.clone());
        note(schema, kind, path, config)?;
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            collect(definitions, reference, kind, path, config)?;
        }
        path.pop();
    }
    Ok(())
}

fn note(schema: &Json, kind: &str, path: &[String], config: &mut Config) -> Result<(), Problem> {
    let text = |key: &str| schema.get(key).and_then(Json::as_str);
    let here = || [FieldSpec::new(kind, &path.join("/"), false)];
    if text("x-kubernetes-annotation").is_some() {
        config.common_annotations = append(&config.common_annotations, &here())?;
    }
    if text("x-kubernetes-label-selector").is_some() {
        config.common_labels = append(&config.common_labels, &here())?;
    }
    if text("x-kubernetes-identity").is_some() {
        config.name_prefix = append(&config.name_prefix, &here())?;
    }
    let target = (text("x-kubernetes-object-ref-api-version"), text("x-kubernetes-object-ref-kind"));
    if let (Some(version), Some(target)) = target {
        let key = text("x-kubernetes-object-ref-name-key").unwrap_or("name");
        let referrer = FieldSpec::new(kind, &format!("{}/{key}", path.join("/")), false);
        add_reference(Gvk::new("", version, target), referrer, config)?;
    }
    Ok(())
}

fn add_reference(target: Gvk, referrer: FieldSpec, config: &mut Config) -> Result<(), Problem> {
    match config.name_reference.iter_mut().find(|known| known.target == target) {
        Some(known) => known.referrers = append(&known.referrers, &[referrer])?,
        None => config.name_reference.push(NameReference { target, referrers: vec![referrer] }),
    }
    Ok(())
}
