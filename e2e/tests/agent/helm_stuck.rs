//! HelmReleases that have failed, or were left alone, get on by themselves.

use serde_json::{Value, json};
use sluice_e2e::registry::Registry;
use sluice_e2e::scenario::{condition, deployment, helm_release};
use sluice_e2e::tools::Tool;
use sluice_e2e::{Outcome, Scenario, agent};

use crate::fixture::{alone, registry, scenario};
use crate::helm_release::{CHART, NAME, follow, history, hook, pending, push, ready_at, release, run};

/// A template of a Deployment whose pods run on nodes with certain labels only.
fn choosy() -> Outcome<String> {
    let mut text: Value = serde_json::from_str(&deployment("{{ .Release.Name }}", "web:1"))?;
    text["spec"]["template"]["spec"]["nodeSelector"] = json!("NODE");
    Ok(text.to_string().replace("\"NODE\"", "{{ .Values.node | default dict | toJson }}"))
}

/// A chart with it, and with a hook that runs at the end of upgrades.
async fn push_choosy(registry: &Registry, repository: &str) -> Outcome {
    let (web, after) = (choosy()?, hook("{{ .Release.Name }}-after", "post-upgrade", "tool:1"));
    let others = [("app/templates/web.yaml", web.as_str()), ("app/templates/after.yaml", after.as_str())];
    push(registry, repository, "1.0.0", &others).await.map(drop)
}

/// A spec that asks for nodes with a label, and gives up early.
fn asking_for(label: &str) -> Value {
    json!({ "upgrade": { "timeout": "3s" }, "values": { "node": { label: "yes" } } })
}

/// Lets pods that ask for a label run.
async fn provide(world: &Scenario<'_>, label: &str) -> Outcome {
    let output = world.cluster.kubectl(&["label", "nodes", "--all", "--overwrite", &format!("{label}=yes")]).await?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into()) }
}

async fn stalled(world: &Scenario<'_>, name: &str) -> Outcome<Value> {
    world.until("HelmRelease", name, |found| condition(found, "Stalled")["status"] == "True").await
}

/// Returns the statuses that Helm lists of a release's revisions.
async fn listed(world: &Scenario<'_>) -> Outcome<Vec<(Value, Value)>> {
    let listed: Value = serde_json::from_str(&run(Tool::Helm, world, &["history", NAME, "-o", "json"]).await?)?;
    let revisions = listed.as_array().into_iter().flatten();
    Ok(revisions.map(|one| (one["status"].clone(), one["description"].clone())).collect())
}

#[tokio::test]
async fn a_failed_upgrade_whose_objects_become_healthy_is_deployed() -> Outcome {
    let (world, registry) = (scenario("hr-stuck").await?, registry().await?);
    push_choosy(registry, "hr-stuck").await?;
    follow(&world, registry, "1.0.0", json!({})).await?;
    world.ready("HelmRelease", NAME).await?;
    release(&world, asking_for("hr-stuck")).await?;
    let failed = stalled(&world, NAME).await?;
    let next = "; next: no retry before a change of spec, chart or values, a request \
                (`flux reconcile helmrelease app --reset`), or the health of its objects";
    let message = format!("Failed to upgrade after 1 attempt(s){next}");
    assert_eq!(condition(&failed, "Stalled")["message"], message);
    let message = condition(&failed, "Ready")["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.starts_with("Helm upgrade failed for release") && message.ends_with(next), "{message}");
    assert_eq!(history(&failed), [(2, "failed".to_owned()), (1, "deployed".to_owned())]);
    assert_eq!(listed(&world).await?[1].0, "failed");
    assert!(!world.exists("Job", "app-after").await?);

    provide(&world, "hr-stuck").await?;
    let deployed = world.ready("HelmRelease", NAME).await?;
    assert_eq!(history(&deployed), [(2, "deployed".to_owned()), (1, "superseded".to_owned())]);
    assert_eq!(condition(&deployed, "Released")["reason"], "UpgradeSucceeded");
    assert!(condition(&deployed, "Stalled").is_null() && condition(&deployed, "Reconciling").is_null(), "{deployed:#}");
    assert_eq!(listed(&world).await?[1], (json!("deployed"), json!("Upgrade complete")));
    assert!(world.exists("Job", "app-after").await?);
    let told = world.event("HelmRelease", NAME, |told| told.reason == "UpgradeSucceeded").await?;
    assert!(told.message.starts_with("Helm upgrade succeeded for release hr-stuck/app.v2"), "{}", told.message);
    // The next look finds nothing to do.
    let again = world.request("HelmRelease", NAME).await?;
    assert_eq!((history(&again), condition(&again, "Ready")["status"].clone()), (history(&deployed), json!("True")));
    Ok(())
}

#[tokio::test]
async fn healthy_objects_of_another_revision_do_not_make_up_for_a_failed_hook() -> Outcome {
    let (world, registry) = (scenario("hr-stuck-hook").await?, registry().await?);
    let migrate = hook("migrate", "pre-upgrade", "tool:crash");
    push(registry, "hr-stuck-hook", "1.0.0", &[("app/templates/migrate.yaml", &migrate)]).await?;
    follow(&world, registry, "1.0.0", json!({})).await?;
    world.ready("HelmRelease", NAME).await?;
    release(&world, json!({ "values": { "value": "new" } })).await?;
    let failed = stalled(&world, NAME).await?;
    let message = condition(&failed, "Stalled")["message"].as_str().unwrap_or_default();
    assert!(message.ends_with("--reset`)"), "{message}");
    let again = world.request("HelmRelease", NAME).await?;
    assert_eq!(history(&again), [(2, "failed".to_owned()), (1, "deployed".to_owned())]);
    assert_eq!(condition(&again, "Stalled")["status"], "True");
    Ok(())
}

/// Three releases: one waits for a node in vain, one was being upgraded, of one nobody noted the last revision.
#[tokio::test]
async fn what_an_agent_has_left_behind_is_finished_by_the_next_one() -> Outcome {
    let alone = alone().await?;
    let (world, registry) = (alone.scenario("hr-left").await?, registry().await?);
    let mut agent = alone.agent(&[]).await?;
    push_choosy(registry, "hr-left").await?;
    follow(&world, registry, "1.0.0", json!({})).await?;
    let plain = |name: &str| -> Value {
        let mut object: Value = helm_release(name, CHART).into();
        object["spec"]["values"] = json!({ "value": name });
        object
    };
    for name in ["pending", "unnoted"] {
        world.apply(plain(name)).await?;
    }
    for name in [NAME, "pending", "unnoted"] {
        world.ready("HelmRelease", name).await?;
    }
    release(&world, asking_for("hr-left")).await?;
    stalled(&world, NAME).await?;
    agent.kill();

    provide(&world, "hr-left").await?;
    let secret = "sh.helm.release.v1.pending.v1";
    let storage = world.get("Secret", secret).await?;
    let stored = pending(storage["data"]["release"].as_str().unwrap_or_default())?;
    world.change("Secret", secret, json!({ "data": { "release": stored } })).await?;
    forget_history(&world, "unnoted").await?;
    agent::free_leases(world.cluster).await?;
    agent.restart().await?;

    let recovered = ready_at(&world, 2).await?;
    assert_eq!(history(&recovered), [(2, "deployed".to_owned()), (1, "superseded".to_owned())]);
    let upgraded =
        |found: &Value| condition(found, "Ready")["status"] == "True" && found["status"]["history"][0]["version"] == 2;
    for name in ["pending", "unnoted"] {
        let found = world.until("HelmRelease", name, upgraded).await?;
        assert_eq!(condition(&found, "Released")["reason"], "UpgradeSucceeded", "{name}");
        assert_eq!(world.get("ConfigMap", name).await?["data"]["value"], name);
    }
    Ok(())
}

/// As if the agent had gone before it could write the status.
async fn forget_history(world: &Scenario<'_>, name: &str) -> Outcome {
    let patch = json!({ "status": { "history": null, "conditions": null, "inventory": null } }).to_string();
    let words = ["-n", &world.namespace, "patch", "helmrelease", name, "--subresource=status", "--type=merge", "-p"];
    let output = world.cluster.kubectl(&[&words[..], &[&patch]].concat()).await?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into()) }
}
