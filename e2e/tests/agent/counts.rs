//! What the work costs: requests, and memory.

use jiff::Timestamp;
use serde_json::Value;
use sluice_e2e::control_plane::AuditEntry;
use sluice_e2e::scenario::{config_map, helm_release, kustomization, oci_repository};
use sluice_e2e::{Outcome, Scenario};

use crate::crash::end;
use crate::fixture::{alone, registry};

/// Returns the agent's requests since a moment about a scenario's namespace or about none (discovery), without watches
/// and the renewal of leases.
fn requests(world: &Scenario<'_>, since: Timestamp) -> Outcome<Vec<AuditEntry>> {
    let ours = |entry: &AuditEntry| {
        let about = entry.namespace.is_empty() || entry.namespace == world.namespace;
        about && entry.user_agent.starts_with("sluice") && entry.verb != "watch" && entry.resource != "leases"
    };
    Ok(world.cluster.audit_requests(since)?.into_iter().filter(ours).collect())
}

fn shown(requests: &[AuditEntry]) -> String {
    let line = |entry: &AuditEntry| format!("{} {} {}", entry.verb, entry.code, entry.uri);
    requests.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn many(count: usize, value: &str) -> Vec<(String, String)> {
    (0..count).map(|index| (format!("{index:04}.yaml"), config_map(&format!("map-{index:04}"), value))).collect()
}

fn write(world: &Scenario<'_>, files: &[(String, String)]) -> Outcome {
    for (path, text) in files {
        world.repo.write(path, text)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_first_sync_of_n_objects_costs_2n_and_8_requests() -> Outcome {
    const N: usize = 20;
    let alone = alone().await?;
    let world = alone.scenario("first-sync").await?;
    let _agent = alone.agent(&[]).await?;
    write(&world, &many(N, "1"))?;
    world.source(&[]).await?;
    let since = Timestamp::now();
    world.apply(kustomization("apps").into_namespace("first-sync")).await?;
    world.ready("Kustomization", "apps").await?;
    world.event("Kustomization", "apps", |told| told.message.starts_with("Reconciliation finished")).await?;
    let requests = requests(&world, since)?;
    assert!(requests.len() >= 2 * N, "the log is not complete:\n{}", shown(&requests));
    assert!(requests.len() <= 2 * N + 8, "{} requests:\n{}", requests.len(), shown(&requests));
    end(&world).await
}

#[tokio::test]
async fn an_interval_in_which_nothing_changed_costs_2_requests() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("interval").await?;
    let _agent = alone.agent(&[]).await?;
    write(&world, &many(20, "1"))?;
    let revision = world.source(&[]).await?;
    world.apply(kustomization("apps").into_namespace("interval").with("interval", "3s")).await?;
    world.applied("apps", &revision).await?;
    let passes = |object: &Value| object["status"]["history"][0]["totalReconciliations"].as_u64().unwrap_or(0);
    let counted = async |count: u64| -> Outcome<u64> {
        Ok(passes(&world.until("Kustomization", "apps", |object| passes(object) >= count).await?))
    };
    let first = counted(2).await?;
    // From the end of one pass to the end of another, two intervals later.
    let since = Timestamp::now();
    let last = counted(first + 2).await?;
    let requests = requests(&world, since)?;
    let bound = 2 * usize::try_from(last - first)?;
    // The event of the first of these passes may come after its status, and so be counted too.
    assert!(
        requests.len() <= bound + 1,
        "{} requests in {} passes:\n{}",
        requests.len(),
        last - first,
        shown(&requests)
    );
    assert!(!requests.is_empty());
    end(&world).await
}

/// A chart of so many ConfigMaps.
async fn chart(repository: &str, count: usize) -> Outcome<String> {
    let registry = registry().await?;
    let template = |(path, text): (String, String)| (format!("app/templates/{path}"), text);
    let mut files: Vec<_> = many(count, "1").into_iter().map(template).collect();
    files.push(("app/Chart.yaml".into(), "apiVersion: v2\nname: app\nversion: 1.0.0\n".into()));
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    registry.push(repository, "1.0.0", &files).await?;
    Ok(registry.url(repository))
}

#[tokio::test]
async fn a_release_of_n_objects_costs_3n_and_14_requests_and_an_interval_one() -> Outcome {
    const N: usize = 20;
    let alone = alone().await?;
    let world = alone.scenario("release-costs").await?;
    let _agent = alone.agent(&[]).await?;
    world.apply(oci_repository("chart", &chart("release-costs", N).await?).follows("tag", "1.0.0")).await?;
    world.ready("OCIRepository", "chart").await?;
    let since = Timestamp::now();
    world.apply(helm_release("app", "chart").with("interval", "3s")).await?;
    world.ready("HelmRelease", "app").await?;
    world.event("HelmRelease", "app", |told| told.reason == "InstallSucceeded").await?;
    let installing = requests(&world, since)?;
    assert!(installing.len() >= 2 * N, "the log is not complete:\n{}", shown(&installing));
    assert!(installing.len() <= 3 * N + 14, "{} requests:\n{}", installing.len(), shown(&installing));

    let since = Timestamp::now();
    let look = async || -> Result<(usize, Vec<AuditEntry>), String> {
        let mut requests = requests(&world, since).map_err(|error| error.to_string())?;
        // What the server serves may be looked up meanwhile, for definitions that other tests have changed.
        requests.retain(|entry| entry.namespace == world.namespace);
        let looks = requests.iter().filter(|entry| entry.verb == "list" && entry.resource == "secrets").count();
        if looks >= 3 { Ok((looks, requests)) } else { Err(shown(&requests)) }
    };
    let (looks, requests) = world.eventually(look).await?;
    assert_eq!(requests.len(), looks, "{}", shown(&requests));
    world.delete("HelmRelease", "app").await?;
    world.gone("HelmRelease", "app").await
}

#[tokio::test]
async fn a_thousand_objects_fit_into_one_kustomization() -> Outcome {
    const N: usize = 1000;
    let alone = alone().await?;
    let world = alone.scenario("thousand").await?;
    let agent = alone.agent(&[]).await?;
    write(&world, &many(N, "1"))?;
    world.source(&[]).await?;
    let begin = Timestamp::now();
    world.apply(kustomization("apps").into_namespace("thousand").waiting()).await?;
    let applied = world.ready("Kustomization", "apps").await?;
    let took = Timestamp::now().duration_since(begin);
    assert_eq!(applied["status"]["inventory"]["entries"].as_array().map(Vec::len), Some(N));
    assert_eq!(world.applied_by("apps", "ConfigMap").await?.len(), N);

    let since = Timestamp::now();
    let revision = world.push(&[("0500.yaml", &config_map("map-0500", "2"))]).await?;
    world.applied("apps", &revision).await?;
    let writes = requests(&world, since)?;
    let writes: Vec<_> =
        writes.iter().filter(|entry| entry.verb == "patch" && entry.resource == "configmaps").collect();
    let applies = writes.iter().filter(|entry| !entry.uri.contains("dryRun=")).count();
    assert_eq!(applies, 1, "one change is one write");
    let memory = agent.peak_rss().unwrap_or_default() / (1 << 20);
    println!("{N} objects applied in {:.1} s, peak memory {memory} MiB", took.as_secs_f64());
    end(&world).await?;
    assert_eq!(world.applied_by("apps", "ConfigMap").await?.len(), 0);
    Ok(())
}
