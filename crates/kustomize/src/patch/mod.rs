//! Patches of both kinds: strategic merge patches and JSON patches. [`three_way`] makes those that clients send.

mod associative;
pub(crate) mod json6902;
pub(crate) mod smp;
pub(crate) mod three_way;

use std::collections::HashSet;

use sluice_yaml::{Limits, Node};

use crate::{
    error::Problem,
    id::ResId,
    kustomization::{PatchOptions, Selector},
    manifest,
    resource::Resource,
    resources::Resources,
    schema::Types,
    selector,
};

/// A patch, read and ready to be applied.
#[derive(Debug)]
pub(crate) enum Patch {
    /// One or more partial objects.
    Merge(Vec<Node>),
    /// A list of operations.
    Json(Vec<json6902::Operation>),
}

/// How a patch is applied.
#[derive(Debug)]
pub(crate) struct How<'a> {
    pub(crate) options: &'a PatchOptions,
    pub(crate) types: &'a Types,
}

/// Reads a patch of either kind. `shown` is what messages call it.
pub(crate) fn parse(text: &str, shown: &str, limits: &Limits) -> Result<Patch, Problem> {
    let merge = manifest::read_inline(text, limits);
    let json = json6902::parse(text, limits);
    match (merge, json) {
        (Ok(merge), Ok(json)) if !merge.is_empty() && !json.is_empty() => {
            Err(Problem::invalid(format!("illegally qualifies as both an SM and JSON patch: {shown}")))
        }
        (Err(merge), Err(json)) => {
            let problem = Problem::invalid(format!("unable to parse SM or JSON patch from {shown}"));
            let reason = if text.trim_start().starts_with(['-', '[']) { json } else { merge };
            Err(problem.hint(reason.text))
        }
        (Ok(merge), _) => Ok(Patch::Merge(merge)),
        (Err(_), Ok(json)) => Ok(Patch::Json(json)),
    }
}

/// Applies a patch to what its target selects, or to the objects it names.
pub(crate) fn apply(
    resources: &mut Resources,
    patch: &Patch,
    target: Option<&Selector>,
    shown: &str,
    how: &How<'_>,
) -> Result<(), Problem> {
    match (patch, target) {
        (Patch::Merge(patches), Some(target)) => match &patches[..] {
            [] => Ok(()),
            [patch] => {
                let selected = selector::select(resources, target)?;
                merge_into(resources, &selected, patch, how)
            }
            _ => Err(Problem::invalid(format!(
                "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` \
                 field: {shown}"
            ))),
        },
        (Patch::Merge(patches), None) => apply_by_id(resources, patches, how),
        (Patch::Json(operations), Some(target)) => {
            let selected = selector::select(resources, target)?;
            apply_json(resources, &selected, operations, true)
        }
        (Patch::Json(_), None) => Err(Problem::invalid(format!("must specify a target for JSON patch {shown}"))),
    }
}

/// Applies patches to the objects that have or had their ids.
fn apply_by_id(resources: &mut Resources, patches: &[Node], how: &How<'_>) -> Result<(), Problem> {
    let mut gone = HashSet::new();
    for patch in patches {
        let id = id_of(patch);
        let index = find(resources, &id, &gone)
            .map_err(|problem| problem.within(format!("no resource matches strategic merge patch \"{id}\"")))?;
        if how.options.allow_name_change || how.options.allow_kind_change {
            resources.list_mut();
        }
        if !merge(resources.contents_mut(index), patch, how)? {
            gone.insert(index);
        }
    }
    resources.remove(&gone);
    Ok(())
}

/// What a patch before has deleted can't be found any more.
fn find(resources: &mut Resources, id: &ResId, gone: &HashSet<usize>) -> Result<usize, Problem> {
    let index = resources.find_one(id)?;
    if gone.contains(&index) {
        return Err(Problem::target(format!("no matches for Id {id}; failed to find unique target for patch {id}")));
    }
    Ok(index)
}

/// Applies patches of `patchesStrategicMerge`, which name their targets.
pub(crate) fn apply_named(resources: &mut Resources, patches: &[Node], how: &How<'_>) -> Result<(), Problem> {
    for patch in patches {
        let index = resources.find_one(&id_of(patch))?;
        merge_into(resources, &[index], patch, how)?;
    }
    Ok(())
}

fn id_of(patch: &Node) -> ResId {
    Resource::new(patch.clone(), "").id()
}

/// Merges one patch into some objects, whatever the patch's own name is.
fn merge_into(resources: &mut Resources, selected: &[usize], patch: &Node, how: &How<'_>) -> Result<(), Problem> {
    let renames = how.options.allow_name_change || how.options.allow_kind_change;
    let mut gone = HashSet::new();
    for index in selected {
        let resource = resources.contents_mut(*index);
        let patch = adapted(patch, resource);
        if !merge(resource, &patch, how)? {
            gone.insert(*index);
        }
    }
    resources.remove(&gone);
    if renames {
        resources.list_mut();
        if let Some(id) = resources.repeated_id() {
            return Err(Problem::new(format!("may not add resource with an already registered id: {id}")));
        }
    }
    Ok(())
}

/// Gives the patch the target's version, and makes its labels and annotations strings, as kustomize does.
fn adapted(patch: &Node, target: &Resource) -> Node {
    let mut adapted = Resource::new(patch.clone(), "");
    for map in ["labels", "annotations"] {
        if adapted.node.at_path(&["metadata", map]).is_some() {
            let pairs = crate::resource::owned(adapted.metadata(map));
            adapted.set_metadata(map, pairs);
        }
    }
    if let Some(mapping) = adapted.node.as_mapping_mut() {
        match target.api_version() {
            "" => {
                mapping.remove("apiVersion");
            }
            version => {
                mapping.insert("apiVersion", Node::string(version));
            }
        }
    }
    adapted.node
}

/// Merges a patch into an object; says whether the object is still there.
fn merge(resource: &mut Resource, patch: &Node, how: &How<'_>) -> Result<bool, Problem> {
    let (name, namespace, kind) =
        (resource.name().to_owned(), resource.namespace().to_owned(), resource.kind().to_owned());
    if how.options.allow_name_change || how.options.allow_kind_change {
        resource.remember_id();
    }
    let node = std::mem::replace(&mut resource.node, Node::null());
    let Some(merged) = smp::merge(node, patch, how.types)? else { return Ok(false) };
    if merged.as_mapping().is_none_or(|mapping| mapping.is_empty()) {
        return Ok(false);
    }
    resource.node = merged;
    if !how.options.allow_kind_change {
        resource.set_kind(&kind);
    }
    if !how.options.allow_name_change {
        resource.set_name(&name);
    }
    resource.set_namespace(&namespace);
    Ok(true)
}

/// Applies operations to some objects. Only those of `patches` note the names from before.
pub(crate) fn apply_json(
    resources: &mut Resources,
    selected: &[usize],
    operations: &[json6902::Operation],
    remember: bool,
) -> Result<(), Problem> {
    let list = resources.list_mut();
    for index in selected {
        let resource = &mut list[*index];
        if remember {
            resource.remember_id();
        }
        if resource.has_notes() {
            make_annotations(resource);
        }
        json6902::apply(&mut resource.node, operations)?;
        check(resource)?;
    }
    Ok(())
}

/// kustomize keeps notes in annotations, so that the map is there for `add` once it has notes.
fn make_annotations(resource: &mut Resource) {
    let Some(metadata) = resource.node.get_mut("metadata").and_then(Node::as_mapping_mut) else { return };
    if metadata.get("annotations").is_none_or(Node::is_null) {
        metadata.insert("annotations", Node::mapping(sluice_yaml::Mapping::new()));
    }
}

fn check(resource: &Resource) -> Result<(), Problem> {
    manifest::check(&resource.node).map_err(|(_, problem)| problem.within("the patch leaves no object behind"))
}
