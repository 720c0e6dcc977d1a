//! Drift: what somebody changes by hand is put back.

use serde_json::json;
use sluice_e2e::Outcome;
use sluice_e2e::scenario::{config_map, kustomization};

use crate::fixture::scenario;

#[tokio::test]
async fn a_change_by_hand_is_put_back_when_a_reconcile_is_requested() -> Outcome {
    let world = scenario("drift").await?;
    world.source(&[("a.yaml", &config_map("a", "1")), ("b.yaml", &config_map("b", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("drift")).await?;
    world.ready("Kustomization", "apps").await?;
    world.change("ConfigMap", "a", json!({ "data": { "value": "by hand", "own": "kept" } })).await?;
    world.delete("ConfigMap", "b").await?;
    world.gone("ConfigMap", "b").await?;
    world.request("Kustomization", "apps").await?;
    let data = world.get("ConfigMap", "a").await?["data"].clone();
    assert_eq!(data, json!({ "value": "1", "own": "kept" }), "fields that are not ours stay");
    assert!(world.exists("ConfigMap", "b").await?);
    let changes = "ConfigMap/drift/a configured\nConfigMap/drift/b created";
    world.event("Kustomization", "apps", |told| told.message == changes).await?;
    Ok(())
}

#[tokio::test]
async fn a_change_by_hand_is_put_back_at_once_where_that_is_asked_for() -> Outcome {
    let world = scenario("drift-now").await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    let apps = kustomization("apps").into_namespace("drift-now");
    world.apply(apps.annotated("sluice.dev/drift", "immediate")).await?;
    world.ready("Kustomization", "apps").await?;
    world.change("ConfigMap", "a", json!({ "data": { "value": "by hand" } })).await?;
    world.until("ConfigMap", "a", |object| object["data"]["value"] == "1").await?;
    let uid = world.get("ConfigMap", "a").await?["metadata"]["uid"].clone();
    world.delete("ConfigMap", "a").await?;
    world.until("ConfigMap", "a", |object| object["metadata"]["uid"] != uid).await?;
    Ok(())
}

#[tokio::test]
async fn an_object_that_is_marked_is_left_as_it_is() -> Outcome {
    let world = scenario("drift-off").await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("drift-off")).await?;
    world.ready("Kustomization", "apps").await?;
    let annotations = json!({ "kustomize.toolkit.fluxcd.io/reconcile": "disabled" });
    world
        .change("ConfigMap", "a", json!({ "metadata": { "annotations": annotations }, "data": { "value": "by hand" } }))
        .await?;
    let revision = world.push(&[("a.yaml", &config_map("a", "2"))]).await?;
    world.applied("apps", &revision).await?;
    assert_eq!(world.get("ConfigMap", "a").await?["data"]["value"], "by hand");
    Ok(())
}

#[tokio::test]
async fn a_change_by_hand_is_put_back_at_the_interval() -> Outcome {
    let world = scenario("drift-interval").await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("drift-interval").with("interval", "2s")).await?;
    world.ready("Kustomization", "apps").await?;
    world.change("ConfigMap", "a", json!({ "data": { "value": "by hand" } })).await?;
    world.until("ConfigMap", "a", |object| object["data"]["value"] == "1").await?;
    Ok(())
}

#[tokio::test]
async fn an_object_whose_owner_labels_are_taken_away_gets_them_back() -> Outcome {
    let world = scenario("drift-labels").await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("drift-labels")).await?;
    world.ready("Kustomization", "apps").await?;
    world.change("ConfigMap", "a", json!({ "metadata": { "labels": null } })).await?;
    assert_eq!(world.applied_by("apps", "ConfigMap").await?, Vec::<String>::new());
    world.request("Kustomization", "apps").await?;
    assert_eq!(world.applied_by("apps", "ConfigMap").await?, ["a"]);
    Ok(())
}
