//! Server-side apply.

use serde_json::{Value, json};
use sluice_object::{Gvk, Object};

use super::bench::{Bench, MANAGER, Outcome, bad, good, holds, same};
use crate::Cluster;

pub(super) async fn applying_creates_then_updates(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let first = good(bench.apply(bench.map("applied", json!({ "a": "1" }))).await)?;
    let second = good(bench.apply(bench.map("applied", json!({ "a": "2" }))).await)?;
    same("the uid", first.uid(), second.uid())?;
    same("a new version", first.resource_version() == second.resource_version(), false)?;
    same("the data", &second.value()["data"], &json!({ "a": "2" }))?;
    same("what is stored", good(bench.get(&bench.core("ConfigMap", "applied")).await)?, second)
}

pub(super) async fn a_dry_run_stores_nothing(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let shown = good(bench.dry_run(bench.map("pretended", json!({ "a": "1" }))).await)?;
    same("the version of what was not stored", shown.resource_version(), "")?;
    same("a uid", shown.uid().is_empty(), false)?;
    same("the data", &shown.value()["data"], &json!({ "a": "1" }))?;
    same("the code", bad(bench.get(&bench.core("ConfigMap", "pretended")).await)?.code(), 404)
}

pub(super) async fn a_dry_run_shows_the_update(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let stored = good(bench.apply(bench.deployment("shown", 0, "i:1")).await)?;
    let shown = good(bench.dry_run(bench.deployment("shown", 0, "i:2")).await)?;
    same("the generation", shown.generation(), stored.generation().map(|generation| generation + 1))?;
    let image = "/spec/template/spec/containers/0/image";
    same("the image", shown.value().pointer(image), Some(&json!("i:2")))?;
    let target = bench.target(Gvk::new("apps", "v1", "Deployment"), "shown");
    same("what is stored", good(bench.get(&target).await)?.value().pointer(image), Some(&json!("i:1")))
}

pub(super) async fn an_unchanged_apply_keeps_the_version(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let first = good(bench.apply(bench.map("same", json!({ "a": "1" }))).await)?;
    let second = good(bench.apply(bench.map("same", json!({ "a": "1" }))).await)?;
    same("the object", &second, &first)?;
    let third = good(bench.dry_run(bench.map("same", json!({ "a": "1" }))).await)?;
    same("the object in a dry run", third, first)
}

pub(super) async fn what_is_applied_no_more_goes(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let mut map = bench.map("shrinking", json!({ "a": "1", "b": "2" }));
    map["metadata"]["labels"] = json!({ "x": "y" });
    good(bench.apply(map).await)?;
    good(bench.apply_as("other", bench.map("shrinking", json!({ "b": "2" })), false).await)?;
    let left = good(bench.apply(bench.map("shrinking", json!({}))).await)?;
    same("the data", &left.value()["data"], &json!({ "b": "2" }))?;
    same("the labels", left.value()["metadata"].get("labels"), None)
}

pub(super) async fn a_field_of_another_manager_is_a_conflict(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    good(bench.apply_as("other", bench.map("contested", json!({ "a": "1" })), false).await)?;
    let error = bad(bench.apply(bench.map("contested", json!({ "a": "2" }))).await)?;
    same("the code", error.code(), 409)?;
    same("the reason", error.reason.as_str(), "Conflict")?;
    let message = "Apply failed with 1 conflict: conflict with \"other\": .data.a";
    same("the message", error.message.as_str(), message)?;
    let [cause] = error.causes.as_slice() else { return Err(format!("{:?}", error.causes)) };
    same("the cause", cause.reason.as_str(), "FieldManagerConflict")?;
    same("its message", cause.message.as_str(), "conflict with \"other\"")?;
    same("its field", cause.field.as_str(), ".data.a")?;
    let forced = good(bench.apply_as(MANAGER, bench.map("contested", json!({ "a": "2" })), true).await)?;
    same("the data", &forced.value()["data"], &json!({ "a": "2" }))?;
    same("the managers", managers(&forced), vec![MANAGER.to_owned()])
}

pub(super) async fn conflicts_of_several_fields_are_listed(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    good(bench.apply_as("other", bench.deployment("several", 0, "i:1"), false).await)?;
    let error = bad(bench.apply(bench.deployment("several", 1, "i:2")).await)?;
    let message = "Apply failed with 2 conflicts: conflicts with \"other\":\n- .spec.replicas\n\
                   - .spec.template.spec.containers[name=\"app\"].image";
    same("the message", error.message.as_str(), message)?;
    good(bench.merge(&bench.target(deployments(), "several"), "edit", json!({ "spec": { "replicas": 2 } })).await)?;
    let error = bad(bench.apply(bench.deployment("several", 1, "i:1")).await)?;
    let message = "Apply failed with 1 conflict: conflict with \"edit\" using apps/v1: .spec.replicas";
    same("the message about an edit", error.message.as_str(), message)
}

pub(super) async fn a_shared_value_is_no_conflict(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    good(bench.apply_as("other", bench.map("shared", json!({ "a": "1" })), false).await)?;
    let shared = good(bench.apply(bench.map("shared", json!({ "a": "1" }))).await)?;
    same("the managers", managers(&shared), vec![MANAGER.to_owned(), "other".to_owned()])?;
    let left = good(bench.apply(bench.map("shared", json!({}))).await)?;
    same("the data", &left.value()["data"], &json!({ "a": "1" }))
}

/// Go's types leave empty maps out: each apply adds the map anew.
pub(super) async fn an_empty_map_is_owned_but_not_stored(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let first = good(bench.apply(bench.map("empty", json!({}))).await)?;
    same("the data", first.value().get("data"), None)?;
    let second = good(bench.apply(bench.map("empty", json!({}))).await)?;
    same("the object after the same again", second, first)?;
    let error = bad(bench.apply_as("other", bench.map("empty", json!({})), false).await)?;
    let message = "Apply failed with 1 conflict: conflict with \"contract\": .data";
    same("the message", error.message.as_str(), message)
}

pub(super) async fn lists_are_merged_by_their_keys(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    good(bench.apply(bench.deployment("lists", 0, "i:1")).await)?;
    let side = json!({ "name": "side", "image": "s:1", "env": [{ "name": "A", "value": "1" }] });
    let mut sidecar = bench.deployment("lists", 0, "i:1");
    sidecar["spec"] = json!({ "template": { "spec": { "containers": [side] } } });
    good(bench.apply_as("other", sidecar, false).await)?;
    let merged = good(bench.apply(bench.deployment("lists", 0, "i:2")).await)?;
    same("the containers", images(&merged).as_str(), "app i:2, side s:1")?;
    let mut nothing = bench.deployment("lists", 0, "i:1");
    nothing["spec"] = json!({ "replicas": 0 });
    let left = good(bench.apply_as("other", nothing, false).await)?;
    same("the containers left", images(&left).as_str(), "app i:2")
}

pub(super) async fn finalizers_are_a_set(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let held = |finalizer: &str| {
        let mut map = bench.bare("held-twice");
        map["metadata"]["finalizers"] = json!([finalizer]);
        map
    };
    good(bench.apply(held("contract.test/a")).await)?;
    let both = good(bench.apply_as("other", held("contract.test/b"), false).await)?;
    let found = both.value()["metadata"]["finalizers"].as_array().map(Vec::len);
    same("the finalizers", found, Some(2))?;
    let one = good(bench.apply(bench.bare("held-twice")).await)?;
    same("the finalizer left", &one.value()["metadata"]["finalizers"], &json!(["contract.test/b"]))?;
    good(bench.apply_as("other", bench.bare("held-twice"), false).await)?;
    Ok(())
}

pub(super) async fn an_old_version_is_refused(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let first = good(bench.apply(bench.map("aged", json!({ "a": "1" }))).await)?;
    good(bench.apply(bench.map("aged", json!({ "a": "2" }))).await)?;
    let mut old = bench.map("aged", json!({ "a": "3" }));
    old["metadata"]["resourceVersion"] = first.resource_version().into();
    let error = bad(bench.apply(old).await)?;
    same("the code", error.code(), 409)?;
    holds(&error.message, "the object has been modified; please apply your changes to the latest version and try again")
}

pub(super) async fn an_immutable_field_is_refused(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    good(bench.apply(bench.deployment("fixed", 0, "i:1")).await)?;
    let mut other = bench.deployment("fixed", 0, "i:1");
    other["spec"]["selector"] = json!({ "matchLabels": { "app": "fixed", "b": "c" } });
    other["spec"]["template"]["metadata"]["labels"] = json!({ "app": "fixed", "b": "c" });
    for error in [bad(bench.apply(other.clone()).await)?, bad(bench.dry_run(other).await)?] {
        same("the code", error.code(), 422)?;
        same("the reason", error.reason.as_str(), "Invalid")?;
        holds(&error.message, "Deployment.apps \"fixed\" is invalid: spec.selector: Invalid value: ")?;
        holds(&error.message, ": field is immutable")?;
        same("the field", error.causes.first().map(|cause| cause.field.as_str()), Some("spec.selector"))?;
    }
    Ok(())
}

pub(super) async fn an_unknown_object_with_a_uid_is_refused(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let mut map = bench.map("ghost", json!({}));
    map["metadata"]["uid"] = "11111111-2222-4333-8444-555555555555".into();
    let error = bad(bench.apply(map).await)?;
    same("the code", error.code(), 409)?;
    holds(&error.message, "uid mismatch")
}

pub(super) async fn owners_are_written_as_managed_fields(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let mut map = bench.map("owned-fields", json!({ "a": "1" }));
    map["metadata"]["labels"] = json!({ "l": "m" });
    let applied = good(bench.apply(map).await)?;
    let entry = &applied.value()["metadata"]["managedFields"][0];
    same("the operation", &entry["operation"], &json!("Apply"))?;
    same("the version", &entry["apiVersion"], &json!("v1"))?;
    let fields = json!({ "f:data": { "f:a": {} }, "f:metadata": { "f:labels": { "f:l": {} } } });
    same("the fields of a ConfigMap", &entry["fieldsV1"], &fields)?;
    let applied = good(bench.apply(bench.deployment("owned-fields", 0, "i:1")).await)?;
    let app = json!({ ".": {}, "f:image": {}, "f:name": {} });
    let template = json!({
        "f:metadata": { "f:labels": { "f:app": {} } },
        "f:spec": { "f:containers": { "k:{\"name\":\"app\"}": app } },
    });
    let fields = json!({ "f:spec": { "f:replicas": {}, "f:selector": {}, "f:template": template } });
    same("the fields of a Deployment", &applied.value()["metadata"]["managedFields"][0]["fieldsV1"], &fields)
}

fn deployments() -> Gvk {
    Gvk::new("apps", "v1", "Deployment")
}

/// Returns the managers of an object in order, each once.
pub(super) fn managers(object: &Object) -> Vec<String> {
    let entries = object.value()["metadata"]["managedFields"].as_array().into_iter().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry["manager"].as_str()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

/// Returns names and images of the containers.
fn images(deployment: &Object) -> String {
    let containers = deployment.value().pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let text = |container: &Value, key: &str| container[key].as_str().unwrap_or_default().to_owned();
    let show = |container: &Value| format!("{} {}", text(container, "name"), text(container, "image"));
    containers.into_iter().flatten().map(show).collect::<Vec<_>>().join(", ")
}
