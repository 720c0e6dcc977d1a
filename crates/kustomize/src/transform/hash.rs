//! The hash that names of generated objects end with.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use sluice_yaml::{Flavor, Node, to_json};

use crate::{
    error::Problem,
    go,
    resource::{Resource, text_at},
    resources::Resources,
};

/// Adds the hash to the names that want one.
pub(crate) fn apply(resources: &mut Resources) -> Result<(), Problem> {
    for resource in resources.list_mut().iter_mut().filter(|resource| resource.needs_hash) {
        let hash = hash(resource)?;
        resource.remember_id();
        let name = format!("{}-{hash}", resource.name());
        resource.set_name(&name);
    }
    Ok(())
}

fn hash(resource: &Resource) -> Result<String, Problem> {
    let contents = match resource.kind() {
        "ConfigMap" => config_map(&resource.node)?,
        "Secret" => secret(&resource.node)?,
        _ => value(Some(&resource.node))?,
    };
    Ok(encode(&Sha256::digest(go::to_json(&contents))))
}

/// The name is left empty: kustomize looks for it where it never is.
fn config_map(node: &Node) -> Result<Json, Problem> {
    let mut contents = json!({"kind": "ConfigMap", "name": "", "data": value(node.get("data"))?});
    if let binary @ Json::Object(_) = value(node.get("binaryData"))? {
        contents["binaryData"] = binary;
    }
    Ok(contents)
}

fn secret(node: &Node) -> Result<Json, Problem> {
    let kind = text_at(node, &["type"]);
    let mut contents = json!({"kind": "Secret", "type": kind, "name": "", "data": value(node.get("data"))?});
    if let text @ Json::Object(_) = value(node.get("stringData"))? {
        contents["stringData"] = text;
    }
    Ok(contents)
}

/// What is absent counts as an empty text.
fn value(node: Option<&Node>) -> Result<Json, Problem> {
    let Some(node) = node else { return Ok(Json::String(String::new())) };
    match node.as_scalar() {
        Some(text) => Ok(Json::String(text.to_owned())),
        None => to_json(node, Flavor::V3).map_err(|error| Problem::new(error.to_string())),
    }
}

/// Writes ten digits, without those that could spell a word.
fn encode(digest: &[u8]) -> String {
    let mut hex = String::new();
    for byte in digest.iter().take(5) {
        let _ = write!(hex, "{byte:02x}");
    }
    let letter = |digit| match digit {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    };
    hex.chars().map(letter).collect()
}
