//! What Flux still writes on an object that is suspended.

use serde_json::{Value, json};
use sluice_object::Object;

/// The annotation that asks for a pass.
const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";

/// Returns the status of a suspended object: a request is answered, and one that is ready stays so at its new
/// generation, for whoever waits until it is Current. Where suspended objects count as `observed`, all of them are at
/// their generation, and conditions stay at theirs.
///
/// Source: the reconcilers of kustomize-controller and source-controller, which finalize the status in any case, and that
/// of helm-controller, which only patches the generation.
pub(crate) fn status(object: &Object, observed: bool) -> Value {
    let mut status = object.value().get("status").cloned().unwrap_or_else(|| json!({}));
    if let Some(token) = object.value()["metadata"]["annotations"][REQUESTED_AT].as_str() {
        status["lastHandledReconcileAt"] = token.into();
    }
    let generation = object.generation();
    if observed {
        status["observedGeneration"] = json!(generation);
        return status;
    }
    let conditions = status.get_mut("conditions").and_then(Value::as_array_mut).into_iter().flatten();
    let ready = conditions.into_iter().find(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    if let Some(ready) = ready {
        ready["observedGeneration"] = json!(generation);
        status["observedGeneration"] = json!(generation);
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn one_that_was_never_looked_at_has_nothing_to_tell() {
        let object =
            Object::new(json!({"apiVersion": "v1", "kind": "K", "metadata": {"name": "a"}, "status": {"a": 1}}));
        assert_eq!(status(&object.unwrap(), false), json!({"a": 1}));
    }

    #[rstest]
    #[case::ready("True", json!(2), json!(2))]
    #[case::not_ready("False", json!(1), json!(-1))]
    fn a_ready_one_stays_ready_at_its_new_generation(
        #[case] is_ready: &str,
        #[case] of_ready: Value,
        #[case] observed: Value,
    ) {
        let before = if is_ready == "True" { 1 } else { -1 };
        let ready = json!({"type": "Ready", "status": is_ready, "observedGeneration": 1});
        let object = Object::new(json!({
            "apiVersion": "v1", "kind": "K",
            "metadata": {"name": "a", "generation": 2, "annotations": {REQUESTED_AT: "now"}},
            "status": {"observedGeneration": before, "conditions": [ready]},
        }));
        let status = status(&object.unwrap(), false);
        assert_eq!(
            (&status["conditions"][0]["observedGeneration"], &status["observedGeneration"]),
            (&of_ready, &observed)
        );
        assert_eq!(status["lastHandledReconcileAt"], "now");
    }

    #[test]
    fn one_of_a_kind_that_counts_as_observed_keeps_its_conditions() {
        let conditions = json!([{"type": "Ready", "status": "False", "observedGeneration": 1}]);
        let object = Object::new(json!({
            "apiVersion": "v1", "kind": "K",
            "metadata": {"name": "a", "generation": 2},
            "status": {"observedGeneration": -1, "conditions": conditions},
        }));
        assert_eq!(status(&object.unwrap(), true), json!({"observedGeneration": 2, "conditions": conditions}));
    }
}
