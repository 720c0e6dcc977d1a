//! Post-build substitution: where values come from, and what happens without them.

use serde_json::json;
use sluice_e2e::scenario::{config_map, kustomization, secret};
use sluice_e2e::{Outcome, Scenario};

use crate::fixture::{scenario, shared};

const MANIFEST: &str = "apiVersion: v1
kind: ConfigMap
metadata: { name: app }
data:
  value: ${region}-${tier:=free}-${quota}
";

async fn value(world: &Scenario<'_>) -> Outcome<String> {
    Ok(world.get("ConfigMap", "app").await?["data"]["value"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn values_come_from_the_spec_from_config_maps_and_from_secrets() -> Outcome {
    let world = scenario("substitutes").await?;
    let mut defaults: serde_json::Value = serde_json::from_str(&config_map("defaults", ""))?;
    defaults["data"] = json!({ "region": "nowhere", "quota": "1" });
    world.apply(defaults).await?;
    world.apply(secret("hidden", &[("region", "west"), ("quota", "2")])).await?;
    let revision = world.source(&[("app.yaml", MANIFEST)]).await?;
    let from = json!([
        { "kind": "ConfigMap", "name": "defaults" }, { "kind": "Secret", "name": "hidden" },
        { "kind": "ConfigMap", "name": "absent", "optional": true },
    ]);
    let post_build = json!({ "substitute": { "quota": "3\n" }, "substituteFrom": from });
    world.apply(kustomization("apps").into_namespace("substitutes").with("postBuild", post_build)).await?;
    world.applied("apps", &revision).await?;
    assert_eq!(value(&world).await?, "west-free-3");

    // A changed value is a change, though the revision is the same.
    world.apply(secret("hidden", &[("region", "east"), ("quota", "2")])).await?;
    world.request("Kustomization", "apps").await?;
    assert_eq!(value(&world).await?, "east-free-3");

    // One with the label needs no request.
    world
        .change("Secret", "hidden", json!({ "metadata": { "labels": { "reconcile.fluxcd.io/watch": "Enabled" } } }))
        .await?;
    world.change("Secret", "hidden", json!({ "stringData": { "region": "south" } })).await?;
    world.until("ConfigMap", "app", |app| app["data"]["value"] == "south-free-3").await?;
    assert!(!shared().await?.agent.log().contains("east-free"), "a value is in the log");
    Ok(())
}

#[tokio::test]
async fn what_the_api_server_quotes_of_a_secret_is_masked() -> Outcome {
    const LABELLED: &str = "apiVersion: v1
kind: ConfigMap
metadata: { name: app, labels: { token: \"${token}\" } }
";
    let world = scenario("masked").await?;
    world.apply(secret("hidden", &[("token", "s3cret!")])).await?;
    world.source(&[("app.yaml", LABELLED)]).await?;
    let post_build = json!({ "substituteFrom": [{ "kind": "Secret", "name": "hidden" }] });
    world.apply(kustomization("apps").into_namespace("masked").with("postBuild", post_build)).await?;
    let message = world.fails("Kustomization", "apps", "ReconciliationFailed").await?;
    assert!(message.contains("Invalid value: \"*****\""), "{message}");
    let told = world.events("Kustomization", "apps").await?;
    let told = format!("{}{told:?}{}", world.get("Kustomization", "apps").await?, shared().await?.agent.log());
    assert!(!told.contains("s3cret"), "{told}");
    Ok(())
}

#[tokio::test]
async fn without_a_value_nothing_is_applied_and_the_variable_is_named() -> Outcome {
    let world = scenario("unset").await?;
    world.source(&[("apps/app.yaml", MANIFEST)]).await?;
    let unset = |post_build| kustomization("apps").into_namespace("unset").with("postBuild", post_build);
    world.apply(unset(json!({ "substitute": { "region": "west" } }))).await?;
    let message = world.fails("Kustomization", "apps", "BuildFailed").await?;
    for words in ["\"quota\"", "apps/app.yaml:1", "data.value"] {
        assert!(message.contains(words), "{words}: {message}");
    }
    assert!(!world.exists("ConfigMap", "app").await?);

    let from = json!([{ "kind": "ConfigMap", "name": "absent" }]);
    world.apply(unset(json!({ "substituteFrom": from }))).await?;
    world
        .eventually(async || {
            let message =
                world.fails("Kustomization", "apps", "BuildFailed").await.map_err(|error| error.to_string())?;
            if message.contains("substitute from 'ConfigMap/absent'") { Ok(()) } else { Err(message) }
        })
        .await
}
