//! Which kinds are served, and whether their objects live in namespaces.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sluice_cluster::{ApiError, ErrorKind, Request, Response};
use sluice_object::{Gvk, Object};

use crate::error::{Error, hint_of};

/// What discovery says of kinds.
#[derive(Clone, Default)]
pub(crate) struct Kinds {
    namespaced: BTreeMap<Gvk, bool>,
    refused: BTreeMap<Gvk, ApiError>,
}

impl Kinds {
    /// Returns the kinds that are not known to be served. Those that were refused are asked for again.
    pub(crate) fn missing<'a>(&self, objects: impl IntoIterator<Item = &'a Object>) -> Vec<Gvk> {
        let kinds: BTreeSet<_> = objects.into_iter().map(Object::gvk).collect();
        kinds.into_iter().filter(|gvk| !self.namespaced.contains_key(gvk)).collect()
    }

    pub(crate) fn learn(&mut self, gvk: Gvk, answer: Result<Response, ApiError>) {
        self.refused.remove(&gvk);
        match answer {
            Ok(Response::Resolved(resolved)) => _ = self.namespaced.insert(gvk, resolved.namespaced),
            Ok(_) => _ = self.refused.insert(gvk, ApiError::transport("the answer names no resource")),
            Err(error) => _ = self.refused.insert(gvk, error),
        }
    }

    /// Returns what Helm says of objects whose kinds are not served.
    pub(crate) fn unserved<'a>(&self, objects: impl IntoIterator<Item = &'a Object>) -> Option<Error> {
        let refused = |object: &Object| Some(refusal(object, self.refused.get(&object.gvk())?));
        let mut errors: Vec<Error> = Vec::new();
        for error in objects.into_iter().filter_map(refused) {
            if errors.iter().all(|known| known.to_string() != error.to_string()) {
                errors.push(error);
            }
        }
        let many = errors.len() > 1;
        let error = crate::error::joined(errors, ", ")?;
        let text = error.to_string();
        Some(if many { error.with_text(format!("[{text}]")) } else { error })
    }

    /// Gives an object its place: the namespace of the release where it needs one and has none, and none where its kind
    /// has none.
    pub(crate) fn place(&self, object: &mut Object, namespace: &str) {
        match self.namespaced.get(&object.gvk()) {
            Some(true) if object.namespace().is_empty() => object.set_namespace(namespace),
            Some(false) => remove_namespace(object),
            _ => {}
        }
    }
}

pub(crate) fn resolve(kinds: &[Gvk]) -> Vec<Request> {
    kinds.iter().cloned().map(Request::Resolve).collect()
}

fn remove_namespace(object: &mut Object) {
    if let Some(metadata) = object.value_mut().get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("namespace");
    }
}

fn refusal(object: &Object, error: &ApiError) -> Error {
    let (name, namespace) = (object.name(), object.namespace());
    let text = match error.kind {
        ErrorKind::NoMatch(_) => format!(
            "resource mapping not found for name: {name:?} namespace: {namespace:?} from \"\": {error}\n\
             ensure CRDs are installed first"
        ),
        _ => format!("unable to recognize \"\": {error}"),
    };
    Error::new(text).about(object).hinted(hint_of(error))
}
