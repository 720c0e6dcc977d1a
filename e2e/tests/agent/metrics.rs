//! Metrics: what Flux's and controller-runtime's public dashboards ask for.

use sluice_e2e::Outcome;
use sluice_e2e::scenario::{config_map, kustomization};

use crate::crash::end;
use crate::fixture::alone;

/// A metric of a line of the dashboards, with the labels that it is asked by.
const ASKED: [(&str, &[&str]); 31] = [
    ("gotk_reconcile_duration_seconds_sum", &["kind=\"Kustomization\"", "name=\"apps\"", "namespace=\"metrics\""]),
    ("gotk_reconcile_duration_seconds_count", &["kind=\"GitRepository\"", "name=\"app\"", "namespace=\"metrics\""]),
    ("gotk_reconcile_duration_seconds_bucket", &["le=\"+Inf\"", "kind=\"Kustomization\""]),
    (
        "gotk_resource_info",
        &["customresource_kind=\"Kustomization\"", "exported_namespace=\"metrics\"", "name=\"apps\"", "ready=\"True\""],
    ),
    ("gotk_resource_info", &["customresource_kind=\"GitRepository\"", "suspended=\"false\"", "url=\"http://"]),
    ("controller_runtime_reconcile_total", &["controller=\"gitrepository\"", "result=\"requeue_after\""]),
    ("controller_runtime_reconcile_total", &["controller=\"kustomization\"", "result=\"error\""]),
    ("controller_runtime_reconcile_errors_total", &["controller=\"kustomization\""]),
    ("controller_runtime_reconcile_time_seconds_bucket", &["controller=\"kustomization\"", "le=\"0.15\""]),
    ("controller_runtime_active_workers", &["controller=\"kustomization\""]),
    ("controller_runtime_max_concurrent_reconciles", &["controller=\"kustomization\""]),
    ("workqueue_depth", &["name=\"kustomization\"", "controller=\"kustomization\""]),
    ("workqueue_adds_total", &["name=\"gitrepository\""]),
    ("workqueue_retries_total", &["name=\"kustomization\""]),
    ("workqueue_queue_duration_seconds_bucket", &["name=\"kustomization\"", "le=\"+Inf\""]),
    ("workqueue_work_duration_seconds_count", &["name=\"kustomization\""]),
    ("workqueue_unfinished_work_seconds", &["name=\"kustomization\""]),
    ("workqueue_longest_running_processor_seconds", &["name=\"kustomization\""]),
    ("rest_client_requests_total", &["code=\"200\"", "method=\"PATCH\""]),
    ("process_cpu_seconds_total", &[]),
    ("process_resident_memory_bytes", &[]),
    ("process_virtual_memory_bytes", &[]),
    ("process_open_fds", &[]),
    ("process_max_fds", &[]),
    ("process_start_time_seconds", &[]),
    ("sluice_requests_total", &["verb=\"dry-run\"", "code=\"200\""]),
    ("sluice_commit_to_healthy_seconds_count", &["kind=\"GitRepository\"", "name=\"app\"", "namespace=\"metrics\""]),
    ("sluice_drift_corrections_total", &["kind=\"Kustomization\"", "name=\"apps\"", "namespace=\"metrics\""]),
    ("sluice_pruned_objects_total", &[]),
    ("sluice_builds_total", &[]),
    ("sluice_open_watches", &[]),
];

#[tokio::test]
async fn what_public_dashboards_ask_for_is_there() -> Outcome {
    let alone = alone().await?;
    let world = alone.scenario("metrics").await?;
    let agent = alone.agent(&["--resource-metrics"]).await?;
    let apps = kustomization("apps").into_namespace("metrics").annotated("sluice.dev/drift", "immediate");
    world.apply(apps).await?;
    world.source(&[("a.yaml", "kind: [")]).await?;
    world.fails("Kustomization", "apps", "BuildFailed").await?;
    let both = [("a.yaml", &*config_map("a", "1")), ("b.yaml", &*config_map("b", "1"))];
    let revision = world.push(&both).await?;
    world.applied("apps", &revision).await?;
    world.repo.remove("b.yaml")?;
    let revision = world.push(&[]).await?;
    world.applied("apps", &revision).await?;
    world.change("ConfigMap", "a", serde_json::json!({ "data": { "value": "by hand" } })).await?;
    world.until("ConfigMap", "a", |a| a["data"]["value"] == "1").await?;

    let missing = async || {
        let text = agent.metrics().await.map_err(|error| error.to_string())?;
        let missing: Vec<_> = ASKED.iter().filter(|(name, labels)| !is_there(&text, name, labels)).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?} not in\n{text}")) }
    };
    world.eventually(missing).await?;
    for counter in ["sluice_drift_corrections_total", "sluice_pruned_objects_total"] {
        assert_eq!(agent.counter(counter).await?, 1.0, "{counter}");
    }
    assert!(agent.counter("sluice_builds_total").await? >= 4.0);
    assert!(agent.counter("workqueue_work_duration_seconds_count").await? >= 5.0);
    // Objects that other tests have left behind may fail too.
    assert!(agent.counter("controller_runtime_reconcile_errors_total").await? >= 1.0);
    end(&world).await
}

fn is_there(text: &str, name: &str, labels: &[&str]) -> bool {
    let lines = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    lines.into_iter().any(|line| labels.iter().all(|label| line.contains(label)))
}
