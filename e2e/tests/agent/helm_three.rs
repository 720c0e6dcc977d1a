//! Helm 3 beside Sluice: it reads and rolls back what we wrote, and what it has installed is taken over.

use serde_json::{Value, json};
use sluice_e2e::scenario::condition;
use sluice_e2e::tools::Tool;
use sluice_e2e::{Outcome, Scenario};

use crate::fixture::{registry, scenario};
use crate::helm_release::{NAME, follow, on_disk, push, ready_at, release, run};

async fn helm3(world: &Scenario<'_>, arguments: &[&str]) -> Outcome<String> {
    run(Tool::Helm3, world, arguments).await
}

async fn read(world: &Scenario<'_>, arguments: &[&str]) -> Outcome<Value> {
    Ok(serde_json::from_str(&helm3(world, &[arguments, &["-o", "json"]].concat()).await?)?)
}

fn all<'v>(listed: &'v Value, field: &str) -> Vec<&'v Value> {
    listed.as_array().into_iter().flatten().map(|one| &one[field]).collect()
}

#[tokio::test]
async fn helm_3_reads_what_we_wrote_and_what_it_rolled_back_is_upgraded_again() -> Outcome {
    let (world, registry) = (scenario("hr-helm3").await?, registry().await?);
    let notes = ("app/templates/NOTES.txt", "Value: {{ .Values.value }}");
    push(registry, "hr-helm3", "1.0.0", &[notes]).await?;
    follow(&world, registry, "1.0.0", json!({})).await?;
    world.ready("HelmRelease", NAME).await?;
    release(&world, json!({ "values": { "value": "second" } })).await?;
    ready_at(&world, 2).await?;

    let listed = read(&world, &["list"]).await?;
    assert_eq!((&listed[0]["name"], &listed[0]["revision"]), (&json!(NAME), &json!("2")));
    assert_eq!((&listed[0]["status"], &listed[0]["app_version"]), (&json!("deployed"), &json!("v1.0.0")));
    let revisions = read(&world, &["history", NAME]).await?;
    assert_eq!(all(&revisions, "status"), ["superseded", "deployed"]);
    assert_eq!(all(&revisions, "description"), ["Install complete", "Upgrade complete"]);
    assert_eq!(read(&world, &["get", "values", NAME]).await?, json!({ "value": "second" }));
    let whole = helm3(&world, &["get", "all", NAME]).await?;
    for part in
        ["STATUS: deployed", "REVISION: 2", "value: second", "# Source: app/templates/config.yaml", "Value: second"]
    {
        assert!(whole.contains(part), "no `{part}` in {whole}");
    }

    helm3(&world, &["rollback", NAME, "1"]).await?;
    assert_eq!(world.get("ConfigMap", NAME).await?["data"]["value"], "default");
    world.request("HelmRelease", NAME).await?;
    let back = ready_at(&world, 4).await?;
    assert_eq!(condition(&back, "Released")["reason"], "UpgradeSucceeded");
    assert_eq!(world.get("ConfigMap", NAME).await?["data"]["value"], "second");
    assert_eq!(all(&read(&world, &["history", NAME]).await?, "status").last(), Some(&&json!("deployed")));
    Ok(())
}

#[tokio::test]
async fn a_release_of_helm_3_is_taken_over_and_stays_applied_by_patches() -> Outcome {
    let (world, registry) = (scenario("hr-adopt3").await?, registry().await?);
    push(registry, "hr-adopt3", "1.0.0", &[]).await?;
    let (_folder, chart) = on_disk()?;
    helm3(&world, &["install", NAME, &chart, "--set", "value=installed"]).await?;
    let installed = world.get("ConfigMap", NAME).await?;
    assert_eq!(installed["data"]["value"], "installed");
    world.change("ConfigMap", NAME, json!({ "data": { "mine": "kept" } })).await?;

    follow(&world, registry, "1.0.0", json!({ "values": { "value": "taken" } })).await?;
    let adopted = ready_at(&world, 2).await?;
    assert_eq!(condition(&adopted, "Released")["reason"], "UpgradeSucceeded");
    let config = world.get("ConfigMap", NAME).await?;
    assert_eq!(config["metadata"]["uid"], installed["metadata"]["uid"]);
    assert_eq!((&config["data"]["value"], &config["data"]["mine"]), (&json!("taken"), &json!("kept")));
    let operations = all(&config["metadata"]["managedFields"], "operation");
    assert!(operations.iter().all(|operation| **operation == "Update"), "{operations:?}");
    let metadata: Value =
        serde_json::from_str(&run(Tool::Helm, &world, &["get", "metadata", NAME, "-o", "json"]).await?)?;
    assert_eq!(metadata["applyMethod"], "csa", "{metadata:#}");
    assert_eq!(all(&read(&world, &["history", NAME]).await?, "status"), ["superseded", "deployed"]);
    Ok(())
}
