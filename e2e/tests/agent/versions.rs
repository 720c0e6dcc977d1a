//! Objects of Flux's older versions, in a cluster that serves only the newest.

use serde_json::json;
use sluice_e2e::Outcome;
use sluice_e2e::scenario::kustomization;

use crate::fixture::{alone, scenario};

fn release(version: &str) -> String {
    let api_version = format!("helm.toolkit.fluxcd.io/{version}");
    let source = json!({ "kind": "GitRepository", "name": "apps" });
    let chart = json!({ "chart": "./charts/web", "sourceRef": source, "valuesFile": "small.yaml" });
    let spec = json!({ "interval": "10m", "chart": { "spec": chart } });
    json!({ "apiVersion": api_version, "kind": "HelmRelease", "metadata": { "name": "web" }, "spec": spec }).to_string()
}

#[tokio::test]
async fn an_old_version_is_applied_in_the_served_one() -> Outcome {
    let world = scenario("versions").await?;
    let revision = world.source(&[("release.yaml", &release("v2beta1"))]).await?;
    world.apply(kustomization("apps").into_namespace("versions")).await?;
    world.applied("apps", &revision).await?;
    let release = world.get("HelmRelease", "web").await?;
    assert_eq!(release["apiVersion"], "helm.toolkit.fluxcd.io/v2");
    assert_eq!(release["spec"]["chart"]["spec"]["valuesFiles"], json!(["small.yaml"]));
    let told = world.event("Kustomization", "apps", |told| told.reason == "OldAPIVersion").await?;
    let line = "HelmRelease/versions/web (release.yaml:1): write `apiVersion: helm.toolkit.fluxcd.io/v2`";
    assert!(told.message.contains(line), "{}", told.message);
    Ok(())
}

#[tokio::test]
async fn an_operator_may_refuse_to_convert() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("versions-refused").await?;
    let _agent = alone.agent(&["--convert-old-apis=false"]).await?;
    world.source(&[("release.yaml", &release("v2beta2"))]).await?;
    world.apply(kustomization("apps").into_namespace("versions-refused")).await?;
    let message = world.fails("Kustomization", "apps", "ReconciliationFailed").await?;
    assert!(message.contains("no matches for kind \"HelmRelease\""), "{message}");
    Ok(())
}
