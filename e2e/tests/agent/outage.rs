//! Outages: the API server's, and of everything outside at a restart.

use std::time::Duration;

use serde_json::json;
use sluice_e2e::agent;
use sluice_e2e::scenario::{SOURCE, condition, config_map, deployment, kustomization};
use sluice_e2e::{Outcome, http};

use crate::crash::end;
use crate::fixture::alone;

/// Shorter than leases last: the agent goes on where it was.
const AWAY: Duration = Duration::from_secs(20);

#[tokio::test]
async fn an_api_server_that_is_away_for_20_seconds_is_waited_for() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("away").await?;
    let mut agent = alone.agent(&[]).await?;
    world.source(&[("web.yaml", &deployment("web", "web:1"))]).await?;
    world.apply(kustomization("apps").into_namespace("away")).await?;
    world.ready("Kustomization", "apps").await?;
    let pid = agent.pid();

    alone.cluster().stop_api_server()?;
    world.commit(&[("web.yaml", &deployment("web", "web:2")), ("a.yaml", &config_map("a", "1"))])?;
    // The time that passes is what is tested.
    tokio::time::sleep(AWAY).await;
    assert_eq!(http::get(&agent.health_url("healthz")).await?.status, 200);
    alone.cluster().start_api_server().await?;

    let revision = world.fetch().await?;
    world.applied("apps", &revision).await?;
    assert_eq!(world.get("Deployment", "web").await?["spec"]["template"]["spec"]["containers"][0]["image"], "web:2");
    assert!(world.exists("ConfigMap", "a").await?);
    assert!(agent.is_running() && agent.pid() == pid, "the agent has ended");
    // Watches are back too: drift is seen.
    world.change("ConfigMap", "a", json!({ "data": { "value": "by hand" } })).await?;
    world.request("Kustomization", "apps").await?;
    assert_eq!(world.get("ConfigMap", "a").await?["data"]["value"], "1");
    end(&world).await
}

#[tokio::test]
async fn an_agent_that_restarts_without_network_serves_and_reconciles_from_its_store() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("offline").await?;
    let mut agent = alone.agent(&[]).await?;
    let revision = world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("offline")).await?;
    world.applied("apps", &revision).await?;
    let artifact = world.get("GitRepository", SOURCE).await?["status"]["artifact"].clone();
    let url = artifact["url"].as_str().unwrap_or_default().to_owned();
    let before = http::get(&url).await?;

    world.server.stop().await;
    let status = agent.stop().await?;
    assert!(status.success(), "{status}");
    world.change("ConfigMap", "a", json!({ "data": { "value": "by hand" } })).await?;
    agent.restart().await?;
    let after = http::get(&url).await?;
    assert_eq!((after.status, after.body == before.body), (200, true));
    let handled = world.request("Kustomization", "apps").await?;
    assert_eq!(condition(&handled, "Ready")["status"], "True", "{handled:#}");
    assert_eq!(world.get("ConfigMap", "a").await?["data"]["value"], "1");
    world.request("GitRepository", SOURCE).await?;
    let source = world.get("GitRepository", SOURCE).await?;
    assert_eq!(condition(&source, "FetchFailed")["status"], "True");
    assert_eq!(source["status"]["artifact"], artifact);
    end(&world).await
}

#[tokio::test]
async fn an_agent_that_has_lost_its_store_fetches_again() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("storeless").await?;
    let first = alone.agent(&[]).await?;
    let revision = world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("storeless")).await?;
    world.applied("apps", &revision).await?;
    drop(first);
    agent::free_leases(alone.cluster()).await?;
    let second = alone.agent(&[]).await?;
    let prefix = second.storage_url();
    let moved = |object: &serde_json::Value| {
        object["status"]["artifact"]["url"].as_str().is_some_and(|url| url.starts_with(&prefix))
    };
    let source = world.until("GitRepository", SOURCE, moved).await?;
    let url = source["status"]["artifact"]["url"].as_str().unwrap_or_default();
    assert_eq!(http::get(url).await?.status, 200);
    world.request("Kustomization", "apps").await?;
    world.applied("apps", &revision).await?;
    end(&world).await
}
