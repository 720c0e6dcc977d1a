//! Who acts when several agents run, or Flux does.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;
use sluice_e2e::agent::{self, LEASES, NAMESPACE};
use sluice_e2e::scenario::{SOURCE, config_map, git_repository, kustomization};
use sluice_e2e::{Agent, AgentOptions, Outcome, Scenario, http};

use crate::fixture::alone;

/// Longer than an agent needs to take over from one that stops, much shorter than its leases last.
const AT_ONCE: Duration = Duration::from_secs(12);

async fn holders(world: &Scenario<'_>) -> Outcome<Vec<String>> {
    let mut holders = Vec::new();
    for lease in LEASES {
        let get = ["-n", NAMESPACE, "get", "lease", lease, "--output=jsonpath={.spec.holderIdentity}"];
        holders.push(String::from_utf8(world.cluster.kubectl(&get).await?.stdout)?);
    }
    holders.dedup();
    Ok(holders)
}

async fn standing_by(world: &Scenario<'_>, agent: &Agent) -> Outcome<String> {
    world
        .eventually(async || match http::get(&agent.health_url("readyz")).await {
            Ok(answer) if answer.text().contains("standing by") => Ok(answer.text()),
            Ok(answer) => Err(answer.text()),
            Err(error) => Err(error.to_string()),
        })
        .await
}

#[tokio::test]
async fn a_second_agent_stands_by_and_takes_over_when_the_first_is_told_to_stop() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("takeover").await?;
    let mut first = alone.agent(&[]).await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("takeover")).await?;
    world.ready("Kustomization", "apps").await?;
    let held = holders(&world).await?;
    assert_eq!(held.len(), 1, "own and Flux's leases have the same holder: {held:?}");
    assert!(!held[0].is_empty());

    let second = Agent::start(alone.cluster(), AgentOptions::default()).await?;
    let says = standing_by(&world, &second).await?;
    assert!(says.contains(&held[0]), "{says}");
    assert_eq!(holders(&world).await?, held);

    let begin = Instant::now();
    let status = first.stop().await?;
    assert!(status.success(), "{status}");
    let revision = world.push(&[("a.yaml", &config_map("a", "2"))]).await?;
    world.applied("apps", &revision).await?;
    assert!(begin.elapsed() < AT_ONCE, "took over after {:?}", begin.elapsed());
    let taken = holders(&world).await?;
    assert!(taken.len() == 1 && taken != held, "{taken:?} after {held:?}");
    Ok(())
}

#[tokio::test]
async fn stands_by_while_a_controller_of_flux_is_alive_and_says_so() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("flux-alive").await?;
    agent::free_leases(alone.cluster()).await?;
    let (lease, flux) = ("kustomize-controller-leader-election", "kustomize-controller-7c9_e1");
    let now = format!("{:.6}", Timestamp::now());
    let spec = json!({
        "holderIdentity": flux, "leaseDurationSeconds": 35, "leaseTransitions": 1, "acquireTime": now, "renewTime": now,
    });
    let metadata = json!({ "name": lease, "namespace": NAMESPACE });
    world
        .apply(json!({ "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec }))
        .await?;

    let agent = Agent::start(alone.cluster(), AgentOptions::default()).await?;
    let says = standing_by(&world, &agent).await?;
    assert!(says.contains(flux) && says.contains("kustomize-controller lease"), "{says}");
    world
        .eventually(async || {
            let log = agent.log();
            if log.lines().any(|line| line.contains(flux)) { Ok(()) } else { Err(log) }
        })
        .await?;
    world.commit(&[("a.yaml", &config_map("a", "1"))])?;
    world.apply(git_repository(SOURCE, &world.url())).await?;
    assert!(world.server.requests().is_empty(), "the agent acts");

    agent::free_leases(alone.cluster()).await?;
    world.ready("GitRepository", SOURCE).await?;
    Ok(())
}
