//! Several agents that share the objects by labels, and artifacts that others serve.

use serde_json::json;
use sluice_e2e::scenario::{SOURCE, config_map, kustomization};
use sluice_e2e::{Agent, Outcome};

use crate::fixture::alone;

const KEY: &str = "sharding.fluxcd.io/key";

/// Says whether an agent has finished a pass over a Kustomization.
fn has_worked_on(agent: &Agent, name: &str) -> bool {
    let name = format!("\"name\":\"{name}\"");
    agent.log().lines().any(|line| line.contains("Kustomization") && line.contains(&name))
}

#[tokio::test]
async fn agents_share_the_objects_by_labels() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("shards").await?;
    let main = alone.agent(&[&format!("--watch-label-selector=!{KEY}")]).await?;
    let shard = alone.agent(&[&format!("--watch-label-selector={KEY} in (shard1)")]).await?;
    world.source(&[("a/a.yaml", &config_map("a", "1")), ("b/b.yaml", &config_map("b", "1"))]).await?;
    let mut moved: serde_json::Value = kustomization("moved").path("./a").into_namespace("shards").into();
    moved["metadata"]["labels"] = json!({ KEY: "shard1" });
    world.apply(moved).await?;
    world.apply(kustomization("stays").path("./b").into_namespace("shards")).await?;
    // The source is the main agent's, so the shard reads its artifact over HTTP.
    world.ready("Kustomization", "moved").await?;
    world.ready("Kustomization", "stays").await?;
    let worked = |name| [&main, &shard].map(|agent| has_worked_on(agent, name));
    assert_eq!((worked("moved"), worked("stays")), ([false, true], [true, false]));

    let revision = world.push(&[("a/a.yaml", &config_map("a", "2"))]).await?;
    world.applied("moved", &revision).await?;
    assert_eq!(world.get("ConfigMap", "a").await?["data"]["value"], "2");

    world.change("Kustomization", "moved", json!({ "metadata": { "labels": { KEY: null } } })).await?;
    drop(shard);
    let revision = world.push(&[("a/a.yaml", &config_map("a", "3"))]).await?;
    world.applied("moved", &revision).await?;
    assert!(has_worked_on(&main, "moved"));
    for name in ["moved", "stays"] {
        world.delete("Kustomization", name).await?;
        world.gone("Kustomization", name).await?;
    }
    world.delete("GitRepository", SOURCE).await?;
    world.gone("GitRepository", SOURCE).await
}

#[tokio::test]
async fn an_external_artifact_is_applied_where_the_gate_is_open() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("external").await?;
    let agent = alone.agent(&["--feature-gates=ExternalArtifact=true"]).await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    // The archive of the Git source does for one that somebody else has made.
    let artifact = world.get("GitRepository", SOURCE).await?["status"]["artifact"].clone();
    let external = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "ExternalArtifact", "metadata": { "name": "made" },
    });
    world.apply(external).await?;
    let mut status = artifact.clone();
    status["path"] = json!("externalartifact/external/made/1.tar.gz");
    status["revision"] = json!("latest@sha256:1");
    world.set_status("ExternalArtifact", "made", json!({ "artifact": status })).await?;
    let source = json!({ "kind": "ExternalArtifact", "name": "made" });
    world.apply(kustomization("apps").into_namespace("external").with("sourceRef", source)).await?;
    world.applied("apps", "latest@sha256:1").await?;
    assert!(world.exists("ConfigMap", "a").await?);

    status["digest"] = json!(format!("sha256:{}", "0".repeat(64)));
    status["revision"] = json!("latest@sha256:2");
    world.set_status("ExternalArtifact", "made", json!({ "artifact": status })).await?;
    let message = world.fails("Kustomization", "apps", "ArtifactFailed").await?;
    assert!(message.contains("verify artifact from") && message.contains(&agent.storage_url()), "{message}");
    crate::crash::end(&world).await
}
