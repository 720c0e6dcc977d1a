//! Puts text before or after names.

use sluice_yaml::Node;

use crate::{
    config::FieldSpec,
    error::Problem,
    fields::{self, Make},
    id::{Gvk, selects},
    resource::{Resource, raw_text, set_plain},
    resources::Resources,
};

/// Which side of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Before it.
    Prefix,
    /// After it.
    Suffix,
}

/// Adds a text to the names of all objects whose name is theirs to choose.
pub(crate) fn apply(resources: &mut Resources, side: Side, text: &str, specs: &[FieldSpec]) -> Result<(), Problem> {
    for resource in resources.list_mut() {
        let gvk = resource.original_id().gvk;
        if !is_fixed(&gvk) {
            add(resource, &gvk, side, text, specs)?;
        }
    }
    Ok(())
}

fn is_fixed(gvk: &Gvk) -> bool {
    match gvk.kind.as_str() {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => gvk.group == "apiregistration.k8s.io",
        _ => false,
    }
}

fn add(resource: &mut Resource, gvk: &Gvk, side: Side, text: &str, specs: &[FieldSpec]) -> Result<(), Problem> {
    for spec in specs.iter().filter(|spec| selects(&spec.gvk, gvk)) {
        if spec.path == "metadata/name" && !text.is_empty() {
            note(resource, side, text);
        }
        fields::visit(resource, spec, Make::Scalar, &mut |node| {
            affix(node, side, text);
            Ok(())
        })?;
    }
    Ok(())
}

fn note(resource: &mut Resource, side: Side, text: &str) {
    let list = if side == Side::Prefix { &mut resource.prefixes } else { &mut resource.suffixes };
    list.push(text.to_owned());
    resource.remember_id();
}

fn affix(node: &mut Node, side: Side, text: &str) {
    let name = raw_text(node);
    let name = if side == Side::Prefix { format!("{text}{name}") } else { format!("{name}{text}") };
    set_plain(node, &name);
}
