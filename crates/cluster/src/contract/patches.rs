//! JSON patches and merge patches.

use serde_json::json;

use super::{
    apply::managers,
    bench::{Bench, MANAGER, Outcome, bad, good, holds, same},
};
use crate::Cluster;

pub(super) async fn a_json_patch_changes_the_object(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let target = bench.core("ConfigMap", "patched");
    let first = good(bench.apply(bench.map("patched", json!({ "a": "1", "b": "2" }))).await)?;
    let patch = json!([
        { "op": "test", "path": "/metadata/resourceVersion", "value": first.resource_version() },
        { "op": "replace", "path": "/data/a", "value": "3" },
        { "op": "remove", "path": "/data/b" },
        { "op": "add", "path": "/metadata/annotations", "value": {} },
        { "op": "add", "path": "/metadata/annotations/x.io~1y", "value": "z" },
    ]);
    let patched = good(bench.json(&target, MANAGER, patch).await)?;
    same("the data", &patched.value()["data"], &json!({ "a": "3" }))?;
    same("the annotation", patched.annotation("x.io/y"), Some("z"))
}

pub(super) async fn a_failed_test_changes_nothing(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let target = bench.core("ConfigMap", "tested");
    let before = good(bench.apply(bench.map("tested", json!({ "a": "1" }))).await)?;
    for patch in [
        json!([{ "op": "replace", "path": "/data/a", "value": "2" }, { "op": "test", "path": "/data/a", "value": "1" }]),
        json!([{ "op": "remove", "path": "/data/b" }]),
    ] {
        let error = bad(bench.json(&target, MANAGER, patch).await)?;
        same("the code", error.code(), 422)?;
        same("the reason", error.reason.as_str(), "Invalid")?;
        holds(&error.message, "the server rejected our request due to an error in our request")?;
    }
    same("the object", good(bench.get(&target).await)?, before)
}

pub(super) async fn a_merge_patch_removes_with_null(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let target = bench.core("ConfigMap", "merged");
    good(bench.apply(bench.map("merged", json!({ "a": "1", "b": "2" }))).await)?;
    let patched = good(bench.merge(&target, MANAGER, json!({ "data": { "a": null, "c": "3" } })).await)?;
    same("the data", &patched.value()["data"], &json!({ "b": "2", "c": "3" }))?;
    let again = good(bench.merge(&target, MANAGER, json!({ "data": { "c": "3" } })).await)?;
    same("the object after the same patch", again, patched)
}

pub(super) async fn a_patch_with_an_old_version_is_refused(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let target = bench.core("ConfigMap", "stale");
    let first = good(bench.apply(bench.map("stale", json!({ "a": "1" }))).await)?;
    good(bench.apply(bench.map("stale", json!({ "a": "2" }))).await)?;
    let finalizers = json!({ "finalizers": ["contract.test/x"], "resourceVersion": first.resource_version() });
    let error = bad(bench.merge(&target, MANAGER, json!({ "metadata": finalizers })).await)?;
    same("the code", error.code(), 409)?;
    let message = "Operation cannot be fulfilled on configmaps \"stale\": the object has been modified; \
                   please apply your changes to the latest version and try again";
    same("the message", error.message.as_str(), message)
}

pub(super) async fn a_patch_takes_ownership(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let target = bench.core("ConfigMap", "edited");
    good(bench.apply(bench.map("edited", json!({ "a": "1" }))).await)?;
    let edited = good(bench.merge(&target, "edit", json!({ "data": { "a": "2" } })).await)?;
    same("the managers", managers(&edited), vec!["edit".to_owned()])?;
    let error = bad(bench.apply(bench.map("edited", json!({ "a": "1" }))).await)?;
    let message = "Apply failed with 1 conflict: conflict with \"edit\" using v1: .data.a";
    same("the message", error.message.as_str(), message)
}

pub(super) async fn managed_fields_can_be_replaced(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let target = bench.core("ConfigMap", "adopted");
    good(bench.merge(&target, "x", json!({})).await).err();
    good(bench.apply_as("before", bench.map("adopted", json!({ "a": "1" })), false).await)?;
    let stored = good(bench.get(&target).await)?;
    let mut entries = stored.value()["metadata"]["managedFields"].clone();
    entries[0]["manager"] = MANAGER.into();
    let patch = json!([{ "op": "replace", "path": "/metadata/managedFields", "value": entries }]);
    let adopted = good(bench.json(&target, "whoever", patch).await)?;
    same("the managers", managers(&adopted), vec![MANAGER.to_owned()])?;
    let left = good(bench.apply(bench.map("adopted", json!({ "b": "1" }))).await)?;
    same("the data", &left.value()["data"], &json!({ "b": "1" }))
}
