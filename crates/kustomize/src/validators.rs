//! Validators: transformers that may change nothing but one label.

use sluice_yaml::Node;

use crate::{
    build::{Accumulator, Build},
    error::{Error, Place, Problem},
    plugin,
    resource::{Resource, owned},
    target::Target,
};

/// The label that a validator may set.
const VALIDATED_BY: &str = "validated-by";

/// Runs what `validators` names.
pub(crate) fn run(build: &mut Build<'_>, target: &Target, accumulated: &mut Accumulator) -> Result<(), Error> {
    for validator in plugin::configurations(build, target, "validators", &target.kustomization.validators)? {
        let before: Vec<Node> = accumulated.resources.iter().map(|resource| resource.node.clone()).collect();
        validator.transform(build, target, accumulated)?;
        compare(&before, accumulated, &validator.place)?;
    }
    Ok(())
}

fn compare(before: &[Node], accumulated: &Accumulator, place: &Place) -> Result<(), Error> {
    let mut pairs = before.iter().zip(accumulated.resources.iter());
    match pairs.find(|(before, after)| without_label(after) != **before) {
        None => Ok(()),
        Some((_, changed)) => {
            let problem = format!("validator shouldn't modify the resource map: it has changed {}", changed.id());
            Err(Problem::new(problem).hint(format!("only the label `{VALIDATED_BY}` may be set")).at(place))
        }
    }
}

/// Taking the label away writes all labels anew: who had labels before counts as changed, as in kustomize.
fn without_label(resource: &Resource) -> Node {
    let mut labels = owned(resource.metadata("labels"));
    if !labels.iter().any(|(key, _)| key == VALIDATED_BY) {
        return resource.node.clone();
    }
    labels.retain(|(key, _)| key != VALIDATED_BY);
    let mut resource = resource.clone();
    resource.set_metadata("labels", labels);
    resource.node
}
