//! Sets labels or annotations in all the fields that specs name.

use crate::{
    config::{Config, FieldSpec, append},
    error::Problem,
    fields::{self, Make, set_entry},
    kustomization::{Label, Pairs},
    resources::Resources,
};

/// Sets keys of mappings: labels, selectors or annotations.
pub(crate) fn apply(resources: &mut Resources, pairs: &Pairs, specs: &[FieldSpec]) -> Result<(), Problem> {
    if pairs.is_empty() {
        return Ok(());
    }
    for resource in resources.list_mut() {
        fields::visit_all(resource, specs, Make::Mapping, &mut |node| {
            pairs.iter().try_for_each(|(key, value)| set_entry(node, key, value))
        })?;
    }
    Ok(())
}

/// Returns the fields that an entry of `labels` is for.
pub(crate) fn specs(label: &Label, config: &Config) -> Result<Vec<FieldSpec>, Problem> {
    let specs = append(&label.fields, &config.labels)?;
    if label.include_selectors {
        return append(&specs, &config.common_labels);
    }
    let specs = if label.include_templates { append(&specs, &config.template_labels)? } else { specs };
    let specs = if label.include_claims { append(&specs, &config.claim_labels)? } else { specs };
    append(&specs, &[FieldSpec::new("", "metadata/labels", true)])
}
