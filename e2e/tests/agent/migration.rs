//! Kinds whose versions change: those that are applied (the gate `MigrateAPIVersion`), and Flux's own.

use serde_json::{Value, json};
use sluice_e2e::scenario::{condition, config_map, kustomization};
use sluice_e2e::{Outcome, Scenario};

use crate::crash::end;
use crate::fixture::alone;

const DEFINITION: &str = "levers.e2e.sluice.dev";

fn version(name: &str, storage: bool, properties: &Value) -> Value {
    let spec = json!({ "type": "object", "properties": properties });
    let schema = json!({ "type": "object", "properties": { "spec": spec } });
    json!({ "name": name, "served": true, "storage": storage, "schema": { "openAPIV3Schema": schema } })
}

/// Defines the kind with some versions, and waits until the last one is served.
async fn define(world: &Scenario<'_>, versions: &[Value]) -> Outcome {
    let names = json!({ "kind": "Lever", "plural": "levers", "singular": "lever" });
    let spec = json!({ "group": "e2e.sluice.dev", "scope": "Namespaced", "names": names, "versions": versions });
    let kind = "CustomResourceDefinition";
    world
        .apply(json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": kind, "metadata": { "name": DEFINITION }, "spec": spec,
        }))
        .await?;
    world.until(kind, DEFINITION, |crd| condition(crd, "Established")["status"] == "True").await?;
    Ok(())
}

fn lever(version: &str, length: u32) -> String {
    let api_version = format!("e2e.sluice.dev/{version}");
    json!({ "apiVersion": api_version, "kind": "Lever", "metadata": { "name": "one" }, "spec": { "length": length } })
        .to_string()
}

#[tokio::test]
async fn fields_of_an_older_version_are_brought_to_the_applied_one() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("migration").await?;
    let _agent = alone.agent(&["--feature-gates=MigrateAPIVersion=true"]).await?;
    let length = json!({ "type": "integer" });
    let old = json!({ "length": length });
    let new = json!({ "length": length, "mode": { "type": "string", "default": "manual" } });
    define(&world, &[version("v1", true, &old)]).await?;
    world.apply(kustomization("apps").into_namespace("migration")).await?;
    let first = world.source(&[("lever.yaml", &lever("v1", 1))]).await?;
    world.applied("apps", &first).await?;
    // What others manage stays of the older version when only ours is applied.
    let label = ["-n", "migration", "label", "lever", "one", "team=a", "--field-manager=helper"];
    succeeded(alone.cluster().kubectl(&label).await?)?;

    define(&world, &[version("v1", false, &old), version("v2", true, &new)]).await?;
    let second = world.push(&[("lever.yaml", &lever("v2", 2))]).await?;
    world.applied("apps", &second).await?;
    let lever = world.get("Lever", "one").await?;
    assert_eq!(lever["spec"], json!({ "length": 2, "mode": "manual" }));
    let entries = lever["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let versions: Vec<_> = entries.iter().map(|entry| entry["apiVersion"].as_str().unwrap_or_default()).collect();
    assert!(!versions.is_empty() && versions.iter().all(|version| *version == "e2e.sluice.dev/v2"), "{versions:?}");
    end(&world).await?;
    world.delete("CustomResourceDefinition", DEFINITION).await
}

const KUSTOMIZATIONS: &str = "kustomizations.kustomize.toolkit.fluxcd.io";
const OLDER: &str = "v1beta2";

/// Has Kustomizations served in the shipped version, and in an older one beside it, and stored in one of them.
async fn store_as(world: &Scenario<'_>, shipped: &Value, stored: &str) -> Outcome {
    let versions = ["v1", OLDER].map(|name| {
        let mut version = shipped.clone();
        version["name"] = json!(name);
        version["storage"] = json!(name == stored);
        version
    });
    world.change("CustomResourceDefinition", KUSTOMIZATIONS, json!({ "spec": { "versions": versions } })).await
}

/// Does what `flux migrate` does: objects are written again, their managers move to the served version, and the
/// definition forgets the older one.
async fn migrate(world: &Scenario<'_>, name: &str, shipped: &Value) -> Outcome {
    world.change("Kustomization", name, json!({})).await?;
    let mut managers = world.get("Kustomization", name).await?["metadata"]["managedFields"].clone();
    for manager in managers.as_array_mut().into_iter().flatten() {
        manager["apiVersion"] = json!("kustomize.toolkit.fluxcd.io/v1");
    }
    let patch = json!([{ "op": "replace", "path": "/metadata/managedFields", "value": managers }]);
    let patch = ["-n", &world.namespace, "patch", "kustomization", name, "--type=json", "--patch", &patch.to_string()];
    succeeded(world.cluster.kubectl(&patch).await?)?;
    let kind = "CustomResourceDefinition";
    world.set_status(kind, KUSTOMIZATIONS, json!({ "storedVersions": ["v1"] })).await?;
    world.change(kind, KUSTOMIZATIONS, json!({ "spec": { "versions": [shipped] } })).await
}

#[tokio::test]
async fn objects_stored_in_an_older_version_are_served_and_migrated_underway() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("stored").await?;
    let _agent = alone.agent(&[]).await?;
    let shipped = world.get("CustomResourceDefinition", KUSTOMIZATIONS).await?["spec"]["versions"][0].clone();
    store_as(&world, &shipped, OLDER).await?;
    let mut apps = Value::from(kustomization("apps").into_namespace("stored"));
    apps["apiVersion"] = json!(format!("kustomize.toolkit.fluxcd.io/{OLDER}"));
    apps["metadata"]["namespace"] = json!("stored");
    let apps = apps.to_string();
    let apply = || alone.cluster().kubectl_with_input(&["apply", "--server-side", "-f", "-"], &apps);
    world.eventually(|| async { apply().await.map_err(|error| error.to_string()).and_then(succeeded) }).await?;
    store_as(&world, &shipped, "v1").await?;
    let first = world.source(&[("map.yaml", &config_map("greeting", "1"))]).await?;
    let before = world.applied("apps", &first).await?;

    migrate(&world, "apps", &shipped).await?;
    let after = world.request("Kustomization", "apps").await?;
    assert_eq!(after["metadata"]["generation"], before["metadata"]["generation"]);
    assert_eq!(after["status"]["inventory"], before["status"]["inventory"]);
    assert_eq!(after["status"]["lastAppliedRevision"], json!(first));
    let second = world.push(&[("map.yaml", &config_map("greeting", "2"))]).await?;
    world.applied("apps", &second).await?;
    assert_eq!(world.get("ConfigMap", "greeting").await?["data"]["value"], "2");
    let entries = world.get("Kustomization", "apps").await?["metadata"]["managedFields"].to_string();
    assert!(!entries.contains(OLDER), "{entries}");
    end(&world).await
}

fn succeeded(output: std::process::Output) -> Result<(), String> {
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
