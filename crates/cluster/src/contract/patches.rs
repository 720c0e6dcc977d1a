//! JSON patches and merge patches.

use serde_json::{Value, json};
use sluice_object::Gvk;

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

pub(super) async fn a_strategic_patch_follows_its_directives(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let target = bench.target(Gvk::new("apps", "v1", "Deployment"), "directed");
    let mut deployment = bench.deployment("directed", 0, "i:1");
    deployment["metadata"]["finalizers"] = json!(["contract.test/a", "contract.test/b"]);
    let pod = &mut deployment["spec"]["template"]["spec"];
    pod["containers"] = json!([{ "name": "a", "image": "i:1" }, { "name": "b", "image": "i:1" }]);
    pod["volumes"] = json!([{ "name": "v", "emptyDir": {} }]);
    good(bench.apply(deployment).await)?;
    let containers = json!([{ "name": "c", "image": "i:1" }, { "name": "a", "image": "i:2" }, deletion("b")]);
    let volumes = json!([{ "name": "v", "configMap": { "name": "x" }, "$retainKeys": ["configMap", "name"] }]);
    let pod = json!({
        "$setElementOrder/containers": [{ "name": "c" }, { "name": "a" }], "containers": containers,
        "$setElementOrder/volumes": [{ "name": "v" }], "volumes": volumes,
    });
    let finalizers = json!({ "$deleteFromPrimitiveList/finalizers": ["contract.test/b"] });
    let patch = json!({ "metadata": finalizers, "spec": { "template": { "spec": pod } } });
    let patched = good(bench.strategic(&target, patch).await)?;
    let pod = &patched.value()["spec"]["template"]["spec"];
    let images = ["/containers/0/name", "/containers/0/image", "/containers/1/name", "/containers/1/image"];
    let images = images.map(|path| pod.pointer(path).and_then(Value::as_str).unwrap_or_default());
    same("the containers", images, ["c", "i:1", "a", "i:2"])?;
    same("their number", pod["containers"].as_array().map(Vec::len), Some(2))?;
    same("the old source", pod["volumes"][0].get("emptyDir"), None)?;
    same("the new source", pod["volumes"][0]["configMap"]["name"].as_str(), Some("x"))?;
    same("the finalizers", &patched.value()["metadata"]["finalizers"], &json!(["contract.test/a"]))?;
    good(bench.merge(&target, MANAGER, json!({ "metadata": { "finalizers": null } })).await).map(drop)
}

fn deletion(name: &str) -> Value {
    json!({ "name": name, "$patch": "delete" })
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
