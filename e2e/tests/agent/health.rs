//! Waiting for health: what counts, and what failure says.

use serde_json::{Value, json};
use sluice_e2e::Outcome;
use sluice_e2e::scenario::{condition, deployment, kustomization};

use crate::fixture::scenario;

/// A Deployment whose failure Kubernetes notices after a second.
fn impatient(name: &str, image: &str) -> Outcome<String> {
    let mut text: Value = serde_json::from_str(&deployment(name, image))?;
    text["spec"]["progressDeadlineSeconds"] = json!(1);
    Ok(text.to_string())
}

fn stateful_set(name: &str, image: &str) -> Outcome<String> {
    let mut text: Value = serde_json::from_str(&deployment(name, image))?;
    text["kind"] = json!("StatefulSet");
    text["spec"]["serviceName"] = json!(name);
    Ok(text.to_string())
}

fn job(name: &str, image: &str) -> String {
    let pod = json!({ "restartPolicy": "Never", "containers": [{ "name": "main", "image": image }] });
    let spec = json!({ "backoffLimit": 0, "template": { "spec": pod } });
    json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": name }, "spec": spec }).to_string()
}

#[tokio::test]
async fn ready_means_that_everything_is_healthy() -> Outcome {
    let world = scenario("healthy").await?;
    let revision =
        world.source(&[("web.yaml", &deployment("web", "web:1")), ("job.yaml", &job("migrate", "tool:1"))]).await?;
    world.apply(kustomization("apps").into_namespace("healthy").waiting()).await?;
    let applied = world.applied("apps", &revision).await?;
    assert_eq!(world.get("Deployment", "web").await?["status"]["availableReplicas"], 1);
    assert_eq!(world.get("Job", "migrate").await?["status"]["succeeded"], 1);
    let healthy = condition(&applied, "Healthy");
    assert_eq!((&healthy["status"], &healthy["reason"]), (&json!("True"), &json!("Succeeded")));
    assert!(healthy["message"].as_str().unwrap_or_default().starts_with("Health check passed in "), "{healthy}");
    Ok(())
}

#[tokio::test]
async fn without_waiting_health_is_not_asked_for() -> Outcome {
    let world = scenario("unasked").await?;
    let revision = world.source(&[("web.yaml", &deployment("web", "web:crash"))]).await?;
    world.apply(kustomization("apps").into_namespace("unasked")).await?;
    let applied = world.applied("apps", &revision).await?;
    assert!(condition(&applied, "Healthy").is_null());
    Ok(())
}

/// It does not say so itself: its pods are asked.
#[tokio::test]
async fn a_stateful_set_whose_pods_crash_ends_the_wait() -> Outcome {
    let world = scenario("crashing").await?;
    world.source(&[("db.yaml", &stateful_set("db", "db:crash")?)]).await?;
    world.apply(kustomization("apps").into_namespace("crashing").waiting()).await?;
    let message = world.fails("Kustomization", "apps", "HealthCheckFailed").await?;
    let wanted = "failed early due to stalled resources: [StatefulSet/crashing/db status: 'Failed']";
    assert!(message.ends_with(wanted), "{message}");
    Ok(())
}

#[tokio::test]
async fn a_failed_deployment_ends_the_wait_and_is_named() -> Outcome {
    let world = scenario("unhealthy").await?;
    world.source(&[("web.yaml", &impatient("web", "web:crash")?)]).await?;
    world.apply(kustomization("apps").into_namespace("unhealthy").waiting()).await?;
    let message = world.fails("Kustomization", "apps", "HealthCheckFailed").await?;
    assert!(message.contains("Deployment/unhealthy/web"), "{message}");
    let failed = world.get("Kustomization", "apps").await?;
    assert_eq!(condition(&failed, "Healthy")["reason"], "HealthCheckFailed");
    assert_eq!(condition(&failed, "Reconciling")["reason"], "ProgressingWithRetry");
    assert!(failed["status"]["lastAppliedRevision"].is_null(), "{failed:#}");
    let told = world.event("Kustomization", "apps", |told| told.reason == "HealthCheckFailed").await?;
    assert_eq!(told.type_, "Warning");

    // The way out is a commit: it ends the wait for the retry too.
    let revision = world.push(&[("web.yaml", &impatient("web", "web:2")?)]).await?;
    world.applied("apps", &revision).await?;
    Ok(())
}

#[tokio::test]
async fn a_failed_job_ends_the_wait_and_is_named() -> Outcome {
    let world = scenario("failed-job").await?;
    world.source(&[("job.yaml", &job("migrate", "tool:crash"))]).await?;
    world.apply(kustomization("apps").into_namespace("failed-job").waiting()).await?;
    let message = world.fails("Kustomization", "apps", "HealthCheckFailed").await?;
    assert!(message.contains("Job/failed-job/migrate"), "{message}");
    Ok(())
}

#[tokio::test]
async fn health_checks_may_name_objects_of_others() -> Outcome {
    let world = scenario("health-checks").await?;
    world.source(&[("web.yaml", &deployment("web", "web:crash"))]).await?;
    let check = json!({ "kind": "Deployment", "name": "foreign", "namespace": "health-checks" });
    world.apply(kustomization("apps").into_namespace("health-checks").with("healthChecks", json!([check]))).await?;
    let waiting = |object: &Value| condition(object, "Healthy")["status"] == "Unknown";
    world.until("Kustomization", "apps", waiting).await?;
    let mut foreign: Value = serde_json::from_str(&deployment("foreign", "web:1"))?;
    foreign["metadata"]["namespace"] = json!("health-checks");
    world.apply(foreign).await?;
    let ready = world.ready("Kustomization", "apps").await?;
    assert_eq!(condition(&ready, "Healthy")["status"], "True");
    Ok(())
}

#[tokio::test]
async fn a_new_commit_overtakes_a_wait() -> Outcome {
    let world = scenario("overtaken").await?;
    world.source(&[("web.yaml", &deployment("web", "web:crash"))]).await?;
    world.apply(kustomization("apps").into_namespace("overtaken").waiting().with("timeout", "5m")).await?;
    let waiting = |object: &Value| condition(object, "Healthy")["status"] == "Unknown";
    world.until("Kustomization", "apps", waiting).await?;
    let revision = world.push(&[("web.yaml", &deployment("web", "web:2"))]).await?;
    world.applied("apps", &revision).await?;
    Ok(())
}

#[tokio::test]
async fn an_object_that_is_not_healthy_in_time_is_named() -> Outcome {
    let world = scenario("too-slow").await?;
    world.source(&[("web.yaml", &deployment("web", "web:crash"))]).await?;
    // Flux: a timeout below 30 s counts as 30 s.
    world.apply(kustomization("apps").into_namespace("too-slow").waiting().with("timeout", "1s")).await?;
    let message = world.fails("Kustomization", "apps", "HealthCheckFailed").await?;
    assert!(message.contains("timeout waiting for: [Deployment/too-slow/web status: 'InProgress'"), "{message}");
    Ok(())
}
