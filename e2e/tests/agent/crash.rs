//! The agent is killed in the middle of its work: the next one finishes it, and nothing is left without an owner.

use futures::StreamExt as _;
use kube::api::{Api, DynamicObject, WatchEvent, WatchParams};
use serde_json::Value;
use sluice_e2e::scenario::{PATIENCE, SOURCE, config_map, kustomization};
use sluice_e2e::{Agent, Outcome, Scenario, agent};

use crate::fixture::alone;

/// So many objects that the work on them takes long enough to be interrupted.
const MANY: usize = 400;

fn many(prefix: &str, value: &str) -> Vec<(String, String)> {
    (0..MANY)
        .map(|index| format!("{prefix}-{index:03}"))
        .map(|name| (format!("{name}.yaml"), config_map(&name, value)))
        .collect()
}

fn commit(world: &Scenario<'_>, files: &[(String, String)]) -> Outcome<String> {
    world.commit(&files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>())
}

/// Kills the agent at the first change of a ConfigMap that is in the middle of the work.
async fn kill_amid(
    agent: &mut Agent,
    maps: &Api<DynamicObject>,
    since: &str,
    is_it: impl Fn(&WatchEvent<DynamicObject>) -> bool,
) -> Outcome {
    let params = WatchParams::default().labels("kustomize.toolkit.fluxcd.io/name=apps");
    let mut events = maps.watch(&params, since).await?.boxed();
    let mut seen = 0;
    let middle = async {
        while let Some(event) = events.next().await {
            seen += usize::from(is_it(&event?));
            if seen == MANY / 8 {
                break;
            }
        }
        Outcome::Ok(())
    };
    tokio::time::timeout(PATIENCE, middle).await.map_err(|_| format!("the work has not begun: {seen} changes"))??;
    agent.kill();
    Ok(())
}

async fn version(world: &Scenario<'_>) -> Outcome<String> {
    let list = world.api("ConfigMap")?.list(&kube::api::ListParams::default()).await?;
    Ok(list.metadata.resource_version.unwrap_or_default())
}

#[tokio::test]
async fn an_apply_that_was_cut_off_is_finished_and_leaves_no_orphan() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("cut-apply").await?;
    let mut agent = alone.agent(&[]).await?;
    world.source(&[("kept.yaml", &config_map("kept", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("cut-apply")).await?;
    world.ready("Kustomization", "apps").await?;

    let since = version(&world).await?;
    let files = many("a", "1");
    commit(&world, &files)?;
    let fetch = async { world.fetch().await.map(drop) };
    let maps = world.api("ConfigMap")?;
    let kill = kill_amid(&mut agent, &maps, &since, |event| matches!(event, WatchEvent::Added(_)));
    let (_, killed) = futures::join!(fetch, kill);
    killed?;
    let there = world.applied_by("apps", "ConfigMap").await?.len();
    assert!(there > 1 && there < MANY + 1, "{there} objects: the agent was not killed in the middle");

    // What was begun is wanted no more when the next agent starts: it knows what to remove.
    for (path, _) in &files[..MANY / 2] {
        world.repo.remove(path)?;
    }
    commit(&world, &many("b", "1")[..10])?;
    agent::free_leases(world.cluster).await?;
    agent.restart().await?;
    let revision = world.fetch().await?;
    world.applied("apps", &revision).await?;
    let left = world.applied_by("apps", "ConfigMap").await?;
    assert_eq!(left.len(), MANY / 2 + 10 + 1);
    assert!(
        left.contains(&"kept".to_owned()) && left.contains(&"b-000".to_owned()) && !left.contains(&"a-000".to_owned())
    );
    end(&world).await
}

#[tokio::test]
async fn a_prune_that_was_cut_off_is_finished() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("cut-prune").await?;
    let mut agent = alone.agent(&[]).await?;
    let files = many("a", "1");
    world.repo.write("kept.yaml", config_map("kept", "1"))?;
    commit(&world, &files)?;
    world.source(&[]).await?;
    world.apply(kustomization("apps").into_namespace("cut-prune")).await?;
    world.ready("Kustomization", "apps").await?;

    let since = version(&world).await?;
    for (path, _) in &files {
        world.repo.remove(path)?;
    }
    world.commit(&[])?;
    let fetch = async { world.fetch().await.map(drop) };
    let maps = world.api("ConfigMap")?;
    let kill = kill_amid(&mut agent, &maps, &since, |event| matches!(event, WatchEvent::Deleted(_)));
    let (_, killed) = futures::join!(fetch, kill);
    killed?;
    let there = world.applied_by("apps", "ConfigMap").await?.len();
    assert!(there > 1 && there < MANY, "{there} objects: the agent was not killed in the middle");

    agent::free_leases(world.cluster).await?;
    agent.restart().await?;
    let revision = world.fetch().await?;
    let applied = world.applied("apps", &revision).await?;
    assert_eq!(world.applied_by("apps", "ConfigMap").await?, ["kept"]);
    assert_eq!(applied["status"]["inventory"]["entries"].as_array().map(Vec::len), Some(1));
    end(&world).await
}

#[tokio::test]
async fn a_deletion_that_was_cut_off_is_finished() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("cut-delete").await?;
    let mut agent = alone.agent(&[]).await?;
    commit(&world, &many("a", "1"))?;
    world.source(&[]).await?;
    world.apply(kustomization("apps").into_namespace("cut-delete")).await?;
    world.ready("Kustomization", "apps").await?;
    let since = version(&world).await?;
    world.delete("Kustomization", "apps").await?;
    let maps = world.api("ConfigMap")?;
    kill_amid(&mut agent, &maps, &since, |event| matches!(event, WatchEvent::Deleted(_))).await?;
    let there = world.applied_by("apps", "ConfigMap").await?.len();
    assert!(there > 0 && there < MANY, "{there} objects: the agent was not killed in the middle");
    assert!(world.exists("Kustomization", "apps").await?, "the finalizer holds it");
    agent::free_leases(world.cluster).await?;
    agent.restart().await?;
    world.gone("Kustomization", "apps").await?;
    assert_eq!(world.applied_by("apps", "ConfigMap").await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn the_leases_of_a_killed_agent_run_out() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("killed").await?;
    let mut agent = alone.agent(&[]).await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("killed")).await?;
    let revision = world.applied("apps", &world.fetch().await?).await?["status"]["lastAppliedRevision"].clone();
    agent.restart().await?;
    let token = serde_json::json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": "after" } } });
    world.change("Kustomization", "apps", token).await?;
    let handled = world
        .until("Kustomization", "apps", |object: &Value| object["status"]["lastHandledReconcileAt"] == "after")
        .await?;
    assert_eq!(handled["status"]["lastAppliedRevision"], revision);
    end(&world).await
}

/// Leaves nothing for the agents of later tests to do.
pub(crate) async fn end(world: &Scenario<'_>) -> Outcome {
    world.delete("Kustomization", "apps").await?;
    world.gone("Kustomization", "apps").await?;
    world.delete("GitRepository", SOURCE).await?;
    world.gone("GitRepository", SOURCE).await
}
