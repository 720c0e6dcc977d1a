//! The status subresource and generations.

use serde_json::json;
use sluice_object::Gvk;

use super::bench::{Bench, MANAGER, Outcome, bad, good, holds, same};
use crate::{Cluster, Target};

fn deployment(bench: &Bench<'_>, name: &str) -> Target {
    bench.target(Gvk::new("apps", "v1", "Deployment"), name)
}

pub(super) async fn a_status_is_apart_from_the_object(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    // A budget has a status that no controller writes without pods of its own to count.
    let budget = Gvk::new("policy", "v1", "PodDisruptionBudget");
    let target = bench.target(budget, "apart");
    let object = json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": bench.metadata("apart"),
        "spec": { "minAvailable": 1, "selector": { "matchLabels": { "app": "none" } } },
        "status": { "observedGeneration": 77 },
    });
    let first = good(bench.apply(object).await)?;
    same("a status that was applied", first.value().pointer("/status/observedGeneration") == Some(&json!(77)), false)?;
    let conditions = json!([{
        "type": "Contract", "status": "True", "reason": "R", "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z",
    }]);
    let patch = json!({ "status": { "conditions": conditions }, "metadata": { "uid": first.uid() } });
    let patched = good(bench.status(&target, patch).await)?;
    same("the status", patched.value().pointer("/status/conditions/0/type"), Some(&json!("Contract")))?;
    let patch = json!({ "status": { "disruptionsAllowed": 5 }, "spec": { "minAvailable": 4 } });
    let merged = good(bench.merge(&target, MANAGER, patch).await)?;
    same("a status that was merged", merged.value().pointer("/status/disruptionsAllowed") == Some(&json!(5)), false)?;
    same("the spec", merged.value().pointer("/spec/minAvailable"), Some(&json!(4)))
}

pub(super) async fn a_status_patch_does_not_count_a_generation(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let target = deployment(&bench, "counted");
    let first = good(bench.apply(bench.deployment("counted", 0, "i:1")).await)?;
    same("the first generation", first.generation(), Some(1))?;
    let patched = good(bench.status(&target, json!({ "collisionCount": 3 })).await)?;
    same("the status", patched.value().pointer("/status/collisionCount"), Some(&json!(3)))?;
    same("the generation after a status", patched.generation(), Some(1))?;
    let labelled = good(bench.merge(&target, MANAGER, json!({ "metadata": { "labels": { "x": "y" } } })).await)?;
    same("the generation after a label", labelled.generation(), Some(1))?;
    let changed = good(bench.apply(bench.deployment("counted", 0, "i:2")).await)?;
    same("the generation after a change", changed.generation(), Some(2))?;
    same("the status after a change", changed.value().pointer("/status/collisionCount"), Some(&json!(3)))?;
    let map = good(bench.apply(bench.map("uncounted", json!({}))).await)?;
    same("the generation of a ConfigMap", map.generation(), None)
}

pub(super) async fn a_status_patch_of_another_object_is_refused(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let target = deployment(&bench, "mistaken");
    let object = good(bench.apply(bench.deployment("mistaken", 0, "i:1")).await)?;
    let patch =
        json!({ "status": { "collisionCount": 3 }, "metadata": { "uid": "11111111-2222-4333-8444-555555555555" } });
    let error = bad(bench.status(&target, patch).await)?;
    same("the code for another uid", error.code(), 422)?;
    holds(&error.message, "Deployment.apps \"mistaken\" is invalid: metadata.uid: Invalid value: ")?;
    holds(&error.message, ": field is immutable")?;
    let patch = json!({ "status": { "collisionCount": 3 }, "metadata": { "resourceVersion": "1" } });
    let error = bad(bench.status(&target, patch).await)?;
    same("the code for an old version", error.code(), 409)?;
    let error = bad(bench.status(&deployment(&bench, "no-such"), json!({ "collisionCount": 3 })).await)?;
    same("the code for no object", error.code(), 404)?;
    same("the generation", object.generation(), Some(1))
}

pub(super) async fn a_patch_cannot_make_another_object(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let target = bench.core("ConfigMap", "itself");
    good(bench.apply(bench.bare("itself")).await)?;
    let uid = json!({ "metadata": { "uid": "11111111-2222-4333-8444-555555555555" } });
    let error = bad(bench.merge(&target, MANAGER, uid).await)?;
    same("the code for another uid", error.code(), 422)?;
    let error = bad(bench.merge(&target, MANAGER, json!({ "metadata": { "name": "other" } })).await)?;
    same("the code for another name", error.code(), 400)?;
    holds(&error.message, "the name of the object (other) does not match the name on the URL (itself)")?;
    let mut other = bench.bare("itself");
    other["metadata"]["uid"] = "11111111-2222-4333-8444-555555555555".into();
    let error = bad(bench.apply(other).await)?;
    same("the code of an apply with another uid", error.code(), 422)
}

pub(super) async fn a_kind_without_status_has_no_such_path(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    good(bench.apply(bench.map("plain", json!({}))).await)?;
    let error = bad(bench.status(&bench.core("ConfigMap", "plain"), json!({ "a": 1 })).await)?;
    same("the code", error.code(), 404)?;
    same("the message", error.message.as_str(), "the server could not find the requested resource")
}
