//! What a build gives: manifests with their origin, and the text that `kustomize build` prints.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use sluice_object::{Object, Origin, TreePath};
use sluice_yaml::{EmitOptions, Flavor, emit_v2, to_json};

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
}

impl Built {
    /// Prints the manifests as `kustomize build` does.
    pub fn to_yaml(&self) -> String {
        let documents = self.resources.iter().map(|manifest| emit_v2(&manifest.value, &EmitOptions::FOLDED));
        documents.collect::<Vec<_>>().join("---\n")
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
    fn into_object(self) -> Result<Object, Error> {
        let place = place(&self.origin);
        let object = Object::new(self.value).map_err(|source| Error::Object { place, source })?;
        Ok(object.with_origin(self.origin))
    }
}

fn place(origin: &Origin) -> Place {
    let file = TreePath::parse(&origin.file).unwrap_or_default();
    Place { file, line: origin.line, field: String::new() }
}

/// Turns the nodes into values.
pub(crate) fn built(resources: Resources, read: BTreeSet<TreePath>, warnings: Vec<String>) -> Result<Built, Error> {
    let resources = resources.into_list().into_iter().map(manifest).collect::<Result<_, _>>()?;
    Ok(Built { resources, read, warnings })
}

fn manifest(resource: Resource) -> Result<Manifest, Error> {
    let value = to_json(&resource.node, Flavor::V3)
        .map_err(|cause| Error::Yaml { place: place(&resource.origin), cause: Box::new(cause) })?;
    Ok(Manifest { value, origin: resource.origin })
}
