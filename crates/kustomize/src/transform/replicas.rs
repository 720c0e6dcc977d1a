//! Sets the number of replicas.

use sluice_yaml::{Node, Tag, Value};

use crate::{
    config::FieldSpec,
    error::Problem,
    fields::{self, Make, wrong_kind},
    id::{gvk_text, selects},
    kustomization::Replica,
    resource::keep_style,
    resources::Resources,
};

/// Sets the count of every workload that has or had the name.
pub(crate) fn apply(resources: &mut Resources, replica: &Replica, specs: &[FieldSpec]) -> Result<(), Problem> {
    let mut found = false;
    for spec in specs {
        let fits = resources.named(&replica.name, |resource| {
            resource.all_ids().any(|id| id.name == replica.name && selects(&spec.gvk, &id.gvk))
        });
        found |= !fits.is_empty();
        for index in fits {
            let set = &mut |node: &mut Node| set(node, replica.count);
            fields::visit(resources.contents_mut(index), spec, Make::Scalar, set)?;
        }
    }
    if found { Ok(()) } else { Err(unknown(replica, specs)) }
}

fn set(node: &mut Node, count: i64) -> Result<(), Problem> {
    if !matches!(node.value, Value::Scalar(_)) {
        return Err(wrong_kind("ScalarNode", node));
    }
    node.value = Value::Scalar(count.to_string());
    node.tag = Tag::Int;
    keep_style(node, node.style);
    Ok(())
}

fn unknown(replica: &Replica, specs: &[FieldSpec]) -> Problem {
    let kinds: Vec<String> = specs.iter().map(|spec| gvk_text(&spec.gvk)).collect();
    Problem::target(format!(
        "resource with name {} does not match a config with the following GVK [{}]",
        replica.name,
        kinds.join(" ")
    ))
}
