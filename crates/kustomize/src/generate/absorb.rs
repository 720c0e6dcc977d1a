//! Adds what was generated to what is there: as a new object, in the place of one, or into one.

use std::collections::BTreeMap;

use sluice_yaml::{Mapping, Node};

use super::wrapped_base64;
use crate::{
    Release,
    error::Problem,
    resource::{Generated, Resource, owned, raw_text},
    resources::Resources,
};

/// Adds one generated object.
pub(crate) fn absorb(resources: &mut Resources, new: Resource, release: Release) -> Result<(), Problem> {
    let id = new.id();
    let behavior = new.generated.unwrap_or_default();
    let merges = matches!(behavior, Generated::Merge | Generated::Replace);
    let found = resources.find(&id);
    match (&found[..], merges) {
        ([], true) => Err(Problem::target(format!("id {id} does not exist; cannot merge or replace"))
            .hint("the object must come from a base, a resource or an earlier generator")),
        ([], false) => {
            let taken = |id| Problem::target(format!("may not add resource with an already registered id: {id}"));
            resources.append(new).map_err(taken)
        }
        ([_], false) => Err(Problem::target(format!(
            "id {id} exists; can not use behavior: '{}', behavior must be merge or replace",
            if behavior == Generated::Create { "create" } else { "unspecified" }
        ))),
        ([index], true) => {
            let old = resources.contents_mut(*index);
            let new = combined(old, new, behavior, release)?;
            *old = new;
            Ok(())
        }
        (several, _) => {
            Err(Problem::target(format!("found {} objects that could accept merge of {id}", several.len())))
        }
    }
}

/// Name, namespace and history stay those of the old object.
fn combined(old: &Resource, mut new: Resource, behavior: Generated, release: Release) -> Result<Resource, Problem> {
    for map in ["labels", "annotations"] {
        let mut pairs: BTreeMap<String, String> = owned(old.metadata(map)).into_iter().collect();
        pairs.extend(owned(new.metadata(map)));
        new.set_metadata(map, pairs.into_iter().collect());
    }
    if behavior == Generated::Merge {
        match release {
            Release::V5_8_2 if new.kind() == "Secret" => merge_data(&encoded(old)?, &mut new),
            _ => merge_data(old, &mut new),
        }
        if let Some(origin) = old.annotation(crate::metadata::ORIGIN) {
            new.annotate(crate::metadata::ORIGIN, origin.to_owned());
        }
    }
    let mut kept = old.clone();
    kept.needs_hash = old.needs_hash && new.needs_hash;
    let (name, namespace) = (old.name().to_owned(), old.namespace().to_owned());
    kept.node = new.node;
    kept.set_name(&name);
    kept.set_namespace(&namespace);
    Ok(kept)
}

/// Puts `stringData` into `data`, as the API server does and 5.8.2 before it merges.
fn encoded(old: &Resource) -> Result<Resource, Problem> {
    let mut old = old.clone();
    let texts = old.node.as_mapping_mut().and_then(|object| object.remove("stringData"));
    let texts = texts.as_ref().and_then(Node::as_mapping).map(Mapping::entries).unwrap_or_default();
    let mut data: BTreeMap<String, String> = pairs(&old, "data").into_iter().collect();
    for (key, value) in texts {
        let text = value.as_scalar().or(value.is_null().then_some(raw_text(value)));
        let text = text
            .ok_or_else(|| Problem::new(format!("stringData value for key \"{}\" must be a scalar", raw_text(key))))?;
        data.insert(raw_text(key).to_owned(), wrapped_base64(text.as_bytes()));
    }
    if let Some(object) = old.node.as_mapping_mut() {
        object.remove("data");
        insert(object, "data", data.into_iter().map(|(key, value)| (key, Node::string(value))));
    }
    Ok(old)
}

fn merge_data(old: &Resource, new: &mut Resource) {
    let data = united(old, new, "data");
    let binary = united(old, new, "binaryData");
    let Some(object) = new.node.as_mapping_mut() else { return };
    object.remove("data");
    object.remove("binaryData");
    insert(object, "binaryData", binary.into_iter().map(|(key, value)| (key, Node::string(value))));
    insert(object, "data", data.into_iter().map(|(key, value)| (key, Node::string(value))));
}

fn united(old: &Resource, new: &Resource, field: &str) -> BTreeMap<String, String> {
    pairs(old, field).into_iter().chain(pairs(new, field)).collect()
}

fn pairs(resource: &Resource, field: &str) -> Vec<(String, String)> {
    let map = resource.node.get(field).and_then(Node::as_mapping).map(Mapping::entries).unwrap_or_default();
    map.iter().map(|(key, value)| (raw_text(key).to_owned(), raw_text(value).to_owned())).collect()
}

fn insert(object: &mut Mapping, field: &str, entries: impl Iterator<Item = (String, Node)>) {
    let mut map = Mapping::new();
    for (key, value) in entries {
        map.insert(key, value);
    }
    if !map.is_empty() {
        object.insert(field, Node::mapping(map));
    }
}
