//! The gate `MigrateAPIVersion`: a newer version of a kind with a field that has a default.

use serde_json::{Value, json};
use sluice_e2e::scenario::{condition, kustomization};
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
    let output = alone.cluster().kubectl(&label).await?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

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
