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
    match pairs.find(|(before, after)| !is_same(before, after)) {
        None => Ok(()),
        Some((_, changed)) => {
            let problem = format!("validator shouldn't modify the resource map: it has changed {}", changed.id());
            Err(Problem::new(problem).hint(format!("only the label `{VALIDATED_BY}` may be set")).at(place))
        }
    }
}

/// Taking the label away writes all labels anew: who has others counts as changed, as in kustomize.
fn is_same(before: &Node, after: &Resource) -> bool {
    let mut labels = owned(after.metadata("labels"));
    if !labels.iter().any(|(key, _)| key == VALIDATED_BY) {
        return after.node == *before;
    }
    labels.retain(|(key, _)| key != VALIDATED_BY);
    let mut stripped = after.clone();
    stripped.set_metadata("labels", Vec::new());
    labels.is_empty() && stripped.node == *before
}
