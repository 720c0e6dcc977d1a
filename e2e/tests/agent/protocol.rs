//! Status, events and annotations by the protocol that the `flux` program and kstatus read.

use serde_json::{Value, json};
use sluice_e2e::Outcome;
use sluice_e2e::scenario::{SOURCE, condition, config_map, deployment, kustomization};

use crate::fixture::scenario;

fn slow(name: &str, image: &str) -> Outcome<String> {
    let mut text: Value = serde_json::from_str(&deployment(name, image))?;
    text["spec"]["template"]["metadata"]["annotations"] = json!({ "e2e.sluice.dev/ready-after": "2s" });
    Ok(text.to_string())
}

#[tokio::test]
async fn a_request_is_handled_together_with_the_final_conditions() -> Outcome {
    let world = scenario("requested").await?;
    world.source(&[("web.yaml", &slow("web", "web:1")?)]).await?;
    world.apply(kustomization("apps").into_namespace("requested").waiting()).await?;
    world.ready("Kustomization", "apps").await?;
    // Work that takes a while, and a request in the middle of it.
    let revision = world.push(&[("web.yaml", &slow("web", "web:2")?)]).await?;
    let handled = world.request("Kustomization", "apps").await?;
    assert_eq!(condition(&handled, "Ready")["status"], "True", "{handled:#}");
    assert!(condition(&handled, "Reconciling").is_null(), "{handled:#}");
    assert_eq!(handled["status"]["lastAppliedRevision"], revision.as_str());
    assert_eq!(world.get("Deployment", "web").await?["status"]["availableReplicas"], 1);
    Ok(())
}

#[tokio::test]
async fn a_request_that_fails_is_handled_too() -> Outcome {
    let world = scenario("requested-bad").await?;
    world.source(&[("a.yaml", "a: [b\n")]).await?;
    world.apply(kustomization("apps")).await?;
    world.fails("Kustomization", "apps", "BuildFailed").await?;
    let handled = world.request("Kustomization", "apps").await?;
    assert_eq!(condition(&handled, "Ready")["reason"], "BuildFailed");
    world.server.stop().await;
    let handled = world.request("GitRepository", SOURCE).await?;
    assert_eq!(condition(&handled, "Ready")["status"], "False");
    Ok(())
}

#[tokio::test]
async fn progress_is_shown_while_work_goes_on() -> Outcome {
    let world = scenario("progress").await?;
    let revision = world.source(&[("web.yaml", &deployment("web", "web:crash"))]).await?;
    world.apply(kustomization("apps").into_namespace("progress").waiting()).await?;
    let checking = |object: &Value| condition(object, "Healthy")["status"] == "Unknown";
    let object = world.until("Kustomization", "apps", checking).await?;
    let (ready, reconciling) = (condition(&object, "Ready"), condition(&object, "Reconciling"));
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("Unknown"), &json!("Progressing")));
    assert_eq!((&reconciling["status"], &reconciling["reason"]), (&json!("True"), &json!("Progressing")));
    let message = format!("Running health checks for revision {revision} with a timeout of 1m0s");
    assert_eq!(reconciling["message"], message);
    assert!(object["status"]["lastAppliedRevision"].is_null());
    assert_eq!(object["status"]["lastAttemptedRevision"], revision.as_str());
    Ok(())
}

#[tokio::test]
async fn success_is_told_in_conditions_history_and_events() -> Outcome {
    let world = scenario("success").await?;
    let revision = world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    let apps = kustomization("apps").into_namespace("success").annotated("event.toolkit.fluxcd.io/team", "a");
    world.apply(apps).await?;
    let applied = world.applied("apps", &revision).await?;
    let ready = condition(&applied, "Ready");
    assert_eq!(ready["reason"], "ReconciliationSucceeded");
    assert_eq!(ready["message"], format!("Applied revision: {revision}"));
    assert_eq!(ready["observedGeneration"], applied["metadata"]["generation"]);
    let conditions = applied["status"]["conditions"].as_array().map(Vec::len);
    assert_eq!(conditions, Some(1), "{applied:#}");

    let created = world.event("Kustomization", "apps", |told| told.message == "ConfigMap/success/a created").await?;
    assert_eq!((created.type_.as_str(), created.reason.as_str()), ("Normal", "Progressing"));
    assert_eq!(created.component, "kustomize-controller");
    assert_eq!(created.annotations["kustomize.toolkit.fluxcd.io/revision"], revision.as_str());
    assert_eq!(created.annotations["event.toolkit.fluxcd.io/team"], "a");
    let finished = |told: &sluice_e2e::scenario::Told| told.message.starts_with("Reconciliation finished in ");
    let finished = world.event("Kustomization", "apps", finished).await?;
    assert!(finished.message.ends_with(", next run in 10m0s"), "{}", finished.message);
    assert_eq!(finished.reason, "ReconciliationSucceeded");
    assert_eq!(finished.annotations["kustomize.toolkit.fluxcd.io/commit_status"], "update");

    let again = world.request("Kustomization", "apps").await?;
    let history = again["status"]["history"].as_array().cloned().unwrap_or_default();
    assert_eq!(history.len(), 1, "{history:#?}");
    assert_eq!(history[0]["lastReconciledStatus"], "ReconciliationSucceeded");
    assert_eq!(history[0]["totalReconciliations"], 2);
    assert_eq!(history[0]["metadata"], json!({ "revision": revision }));
    assert!(history[0]["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")));

    let next = world.push(&[("a.yaml", &config_map("a", "2"))]).await?;
    let history = world.applied("apps", &next).await?["status"]["history"].as_array().map(Vec::len);
    assert_eq!(history, Some(2));
    Ok(())
}

#[tokio::test]
async fn an_interval_with_nothing_to_do_changes_only_history() -> Outcome {
    let world = scenario("idle").await?;
    let revision = world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("idle").with("interval", "2s")).await?;
    let first = world.applied("apps", &revision).await?;
    let object = world.get("ConfigMap", "a").await?["metadata"]["resourceVersion"].clone();
    let repeated = |object: &Value| object["status"]["history"][0]["totalReconciliations"].as_u64() >= Some(3);
    let later = world.until("Kustomization", "apps", repeated).await?;
    assert_eq!(later["status"]["conditions"], first["status"]["conditions"]);
    assert_eq!(world.get("ConfigMap", "a").await?["metadata"]["resourceVersion"], object);
    Ok(())
}
