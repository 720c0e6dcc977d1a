//! Which kinds live in namespaces.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sluice_cluster::{ApiError, Request, Resolved, Response};
use sluice_object::{Gvk, Object};

use crate::step::{Ask, Key, Keyed};

/// What discovery, and the CustomResourceDefinitions of the set itself, say of kinds.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Scopes {
    known: BTreeMap<Gvk, Resolved>,
    refused: BTreeMap<Gvk, ApiError>,
}

impl Scopes {
    /// Takes the kinds that the objects of the set define.
    pub(super) fn of_definitions<'a>(objects: impl IntoIterator<Item = &'a Object>) -> Self {
        let known = objects.into_iter().flat_map(definitions).collect();
        Self { known, refused: BTreeMap::new() }
    }

    /// Asks for the kinds of objects that are not known. Kinds that were refused are asked for again.
    pub(super) fn ask<'a>(&mut self, objects: impl IntoIterator<Item = &'a Object>) -> Vec<Keyed> {
        let kinds: BTreeSet<_> =
            objects.into_iter().map(Object::gvk).filter(|gvk| !self.known.contains_key(gvk)).collect();
        self.refused.retain(|gvk, _| !kinds.contains(gvk));
        let keyed = |gvk: Gvk| Keyed { key: Key(Ask::Kind(gvk.clone())), request: Request::Resolve(gvk) };
        kinds.into_iter().map(keyed).collect()
    }

    pub(super) fn learn(&mut self, gvk: Gvk, answer: Result<Response, ApiError>) {
        match answer {
            Ok(Response::Resolved(resolved)) => _ = self.known.insert(gvk, resolved),
            Ok(_) => _ = self.refused.insert(gvk, ApiError::transport("the answer names no resource")),
            Err(error) => _ = self.refused.insert(gvk, error),
        }
    }

    pub(super) fn refusal(&self, gvk: &Gvk) -> Option<&ApiError> {
        self.refused.get(gvk)
    }

    /// Takes the namespace from an object of a cluster-scoped kind, as the API server does.
    pub(super) fn place(&self, object: &mut Object) {
        let cluster_scoped = self.known.get(&object.gvk()).is_some_and(|resolved| !resolved.namespaced);
        if cluster_scoped && let Some(metadata) = object.value_mut().get_mut("metadata").and_then(Value::as_object_mut)
        {
            metadata.remove("namespace");
        }
    }

    /// Says whether an object lacks the namespace that its kind needs.
    pub(super) fn lacks_namespace(&self, object: &Object) -> bool {
        object.namespace().is_empty() && self.known.get(&object.gvk()).is_some_and(|resolved| resolved.namespaced)
    }
}

fn definitions(object: &Object) -> Vec<(Gvk, Resolved)> {
    let gvk = object.gvk();
    if gvk.group != "apiextensions.k8s.io" || gvk.kind != "CustomResourceDefinition" {
        return Vec::new();
    }
    let text = |pointer: &str| object.value().pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let namespaced = text("/spec/scope") == "Namespaced";
    let versions = object.value().pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
    let names = versions.filter_map(|version| version.get("name").and_then(Value::as_str));
    let resolved = Resolved { plural: text("/spec/names/plural").into(), namespaced };
    names.map(|name| (Gvk::new(text("/spec/group"), name, text("/spec/names/kind")), resolved.clone())).collect()
}
