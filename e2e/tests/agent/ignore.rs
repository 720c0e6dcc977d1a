//! spec.ignore: fields that are left to others.

use serde_json::{Value, json};
use sluice_e2e::scenario::{deployment, kustomization};
use sluice_e2e::{Outcome, Scenario};

use crate::fixture::scenario;

fn ignoring(target: Value) -> Value {
    json!([{ "paths": ["/spec/replicas"], "target": target }])
}

async fn scale(world: &Scenario<'_>, replicas: u64) -> Outcome {
    world.change("Deployment", "web", json!({ "spec": { "replicas": replicas } })).await
}

async fn replicas(world: &Scenario<'_>) -> Outcome<Value> {
    Ok(world.get("Deployment", "web").await?["spec"]["replicas"].clone())
}

#[tokio::test]
async fn a_field_that_is_left_to_others_is_not_put_back() -> Outcome {
    let world = scenario("left-alone").await?;
    world.source(&[("web.yaml", &deployment("web", "web:1"))]).await?;
    world
        .apply(
            kustomization("apps")
                .into_namespace("left-alone")
                .with("ignore", ignoring(json!({ "kind": "Deployment" }))),
        )
        .await?;
    world.ready("Kustomization", "apps").await?;
    scale(&world, 3).await?;
    let version = world.get("Deployment", "web").await?["metadata"]["generation"].clone();
    world.request("Kustomization", "apps").await?;
    world.ready("Kustomization", "apps").await?;
    let after = world.get("Deployment", "web").await?;
    assert_eq!((&after["spec"]["replicas"], &after["metadata"]["generation"]), (&json!(3), &version));

    // What is applied for another reason takes the value as it is.
    let revision = world.push(&[("web.yaml", &deployment("web", "web:2"))]).await?;
    world.applied("apps", &revision).await?;
    let after = world.get("Deployment", "web").await?;
    assert_eq!(after.pointer("/spec/template/spec/containers/0/image"), Some(&json!("web:2")));
    assert_eq!(after["spec"]["replicas"], 3);
    Ok(())
}

#[tokio::test]
async fn a_field_of_an_object_that_is_not_selected_is_put_back() -> Outcome {
    let world = scenario("left-alone-other").await?;
    world.source(&[("web.yaml", &deployment("web", "web:1"))]).await?;
    let target = ignoring(json!({ "kind": "StatefulSet" }));
    world.apply(kustomization("apps").into_namespace("left-alone-other").with("ignore", target)).await?;
    world.ready("Kustomization", "apps").await?;
    scale(&world, 3).await?;
    world.request("Kustomization", "apps").await?;
    assert_eq!(replicas(&world).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_rule_that_cannot_be_read_is_told() -> Outcome {
    let world = scenario("left-alone-bad").await?;
    world.source(&[("web.yaml", &deployment("web", "web:1"))]).await?;
    world
        .apply(kustomization("apps").into_namespace("left-alone-bad").with("ignore", ignoring(json!({ "kind": "(" }))))
        .await?;
    let message = world.fails("Kustomization", "apps", "ReconciliationFailed").await?;
    assert!(message.contains("failed to create ignore rule selector: invalid kind regex: `(`"), "{message}");
    assert!(!world.exists("Deployment", "web").await?);
    Ok(())
}
