//! What a build gives: manifests with their origin, and the text that `kustomize build` prints.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use sluice_object::{Object, Origin, TreePath};
use sluice_yaml::{
    EmitOptions, Flavor, LayoutOptions, Limits, Node, Style,
    Value::{Mapping, Scalar, Sequence},
    emit_v2, emit_v3, parse_all, to_json,
};

use crate::{
    error::{Error, Place},
    resource::Resource,
    resources::Resources,
};

/// The result of a build.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// The manifests, in order.
    pub resources: Vec<Manifest>,
    /// The files that were read and the directories that were looked into: a build of the same contents of these,
    /// with the same options, gives the same result.
    pub read: BTreeSet<TreePath>,
    /// What kustomize would say on the side.
    pub warnings: Vec<String>,
}

/// A manifest: it has a kind and a name, but maybe no `apiVersion`.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The contents.
    pub value: Json,
    /// Where it was written, or its generator.
    pub origin: Origin,
    /// The namespace it is in, `default` if it names none; empty for what belongs to none.
    pub namespace: String,
}

impl Built {
    /// Prints the manifests as `kustomize build` does.
    pub fn to_yaml(&self) -> String {
        let documents = self.resources.iter().map(|manifest| emit_v2(&manifest.value, &EmitOptions::FOLDED));
        documents.collect::<Vec<_>>().join("---\n")
    }

    /// Returns the name and text of a file for each manifest, as `kustomize build -o DIRECTORY` writes them. Manifests
    /// of several namespaces have theirs in the name.
    pub fn to_files(&self) -> Vec<(String, String)> {
        let namespaces: BTreeSet<&str> = self.resources.iter().map(|manifest| manifest.namespace.as_str()).collect();
        let several = namespaces.iter().filter(|namespace| !namespace.is_empty()).count() > 1;
        let file = |manifest: &Manifest| (manifest.file_name(several), emit_v2(&manifest.value, &EmitOptions::FOLDED));
        self.resources.iter().map(file).collect()
    }

    /// Returns the manifests as objects that can be applied.
    ///
    /// # Errors
    /// When one has no `apiVersion`; kustomize lets that pass.
    pub fn into_objects(self) -> Result<Vec<Object>, Error> {
        self.resources.into_iter().map(Manifest::into_object).collect()
    }
}

impl Manifest {
    fn file_name(&self, with_namespace: bool) -> String {
        let text = |value: Option<&Json>| value.and_then(Json::as_str).unwrap_or_default().to_lowercase();
        let version = text(self.value.get("apiVersion")).replace('/', "_");
        let name = text(self.value.get("metadata").and_then(|metadata| metadata.get("name")));
        let namespace = if with_namespace { self.namespace.to_lowercase() } else { String::new() };
        let parts = [namespace, version, text(self.value.get("kind")), name];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{}.yaml", parts.join("_"))
    }

    fn into_object(self) -> Result<Object, Error> {
        let place = place(&self.origin);
        let object = Object::new(self.value).map_err(|source| Error::Object { place, source })?;
        Ok(object.with_origin(self.origin))
    }
}

pub(crate) fn place(origin: &Origin) -> Place {
    let file = TreePath::parse(&origin.file).unwrap_or_default();
    Place { file, line: origin.line, field: String::new() }
}

/// Turns the nodes into values.
pub(crate) fn built(resources: Resources, read: BTreeSet<TreePath>, warnings: Vec<String>) -> Result<Built, Error> {
    let resources = resources.into_list().into_iter().map(manifest).collect::<Result<_, _>>()?;
    Ok(Built { resources, read, warnings })
}

fn manifest(resource: Resource) -> Result<Manifest, Error> {
    let here = || place(&resource.origin);
    let value = as_json(&resource.node).map_err(|cause| Error::Yaml { place: here(), cause: Box::new(cause) })?;
    match unprintable(&value) {
        None => Ok(Manifest { value, namespace: namespace(&resource), origin: resource.origin }),
        Some(found) => Err(Error::Manifest {
            place: here(),
            problem: "yaml: control characters are not allowed".into(),
            hint: format!("the object holds `{}`", found.escape_unicode()),
        }),
    }
}

/// Finds a character that kustomize cannot print: it goes through JSON, which leaves these as they are, and go-yaml
/// does not read them.
fn unprintable(value: &Json) -> Option<char> {
    match value {
        Json::String(text) => unprintable_in(text),
        Json::Array(items) => items.iter().find_map(unprintable),
        Json::Object(map) => map.iter().find_map(|(key, value)| unprintable_in(key).or_else(|| unprintable(value))),
        Json::Null | Json::Bool(_) | Json::Number(_) => None,
    }
}

fn unprintable_in(text: &str) -> Option<char> {
    let refused = |c: &char| matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    // Most texts have none of the bytes that these begin with.
    let possible = text.bytes().any(|byte| matches!(byte, 0x7f | 0xc2 | 0xef));
    if possible { text.chars().find(refused) } else { None }
}

fn namespace(resource: &Resource) -> String {
    let id = resource.id();
    if id.is_cluster_scoped() { String::new() } else { id.effective_namespace().to_owned() }
}

/// Returns the value of an object as kustomize makes it.
pub(crate) fn as_json(node: &Node) -> Result<Json, sluice_yaml::Error> {
    match has_folded_lines(node) {
        true => written(node).and_then(|node| to_json(&node, Flavor::V3)),
        false => to_json(node, Flavor::V3),
    }
}

/// kustomize writes a resource as YAML and reads that. Only folded text does not survive it as it was: go-yaml's
/// writer adds breaks around lines that are indented deeper.
fn written(node: &Node) -> Result<Node, sluice_yaml::Error> {
    let documents = parse_all(&emit_v3(node, &LayoutOptions::default()), &Limits::default())?;
    Ok(documents.into_iter().next().unwrap_or_else(|| node.clone()))
}

fn has_folded_lines(node: &Node) -> bool {
    match &node.value {
        Scalar(text) => node.style == Style::Folded && text.contains('\n'),
        Sequence(items) => items.iter().any(has_folded_lines),
        Mapping(mapping) => mapping.entries().iter().any(|(_, value)| has_folded_lines(value)),
    }
}
