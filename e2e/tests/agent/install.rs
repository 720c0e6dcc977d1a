//! The agent as it is installed: its account, its endpoints, its log, and what it says of kinds it does not serve.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_e2e::scenario::{SOURCE, condition, config_map, kustomization};
use sluice_e2e::{Outcome, eventually, http};

use crate::fixture::{scenario, shared};

#[tokio::test]
async fn acts_as_the_account_of_the_chart() -> Outcome {
    let since = Timestamp::now();
    let world = scenario("account").await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("account")).await?;
    world.ready("Kustomization", "apps").await?;
    let requests = world.cluster.audit_requests(since)?;
    let ours: Vec<_> = requests.iter().filter(|entry| entry.user_agent.starts_with("sluice")).collect();
    assert!(ours.iter().any(|entry| entry.namespace == "account"), "no request of the agent in its log");
    let others: Vec<_> = ours.iter().filter(|entry| entry.user != "system:serviceaccount:flux-system:sluice").collect();
    assert!(others.is_empty(), "{others:#?}");
    Ok(())
}

#[tokio::test]
async fn the_deployment_is_shown() -> Outcome {
    let cluster = &shared().await?.cluster;
    let output = cluster.kubectl(&["-n", "flux-system", "get", "deployments", "-l", "app.kubernetes.io/part-of=flux"]);
    let text = String::from_utf8(output.await?.stdout)?;
    assert!(text.lines().any(|line| line.starts_with("sluice ")), "{text}");
    Ok(())
}

#[tokio::test]
async fn the_log_is_that_of_the_deployments_pod() -> Outcome {
    let cluster = &shared().await?.cluster;
    let log = async || {
        let output = cluster.kubectl(&["-n", "flux-system", "logs", "deployment/sluice"]).await?;
        Outcome::Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let shown = eventually(Duration::from_secs(20), async || match log().await {
        Ok(log) if log.lines().any(|line| line.contains("\"msg\":\"starting\"")) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    Ok(shown.await?)
}

#[tokio::test]
async fn health_and_readiness_are_answered() -> Outcome {
    let agent = &shared().await?.agent;
    assert_eq!(http::get(&agent.health_url("healthz")).await?.status, 200);
    let ready = http::get(&agent.health_url("readyz")).await?;
    assert_eq!(ready.status, 200, "{}", ready.text());
    assert!(ready.text().contains("[+]leases"), "{}", ready.text());
    Ok(())
}

#[tokio::test]
async fn metrics_tell_of_passes_and_requests() -> Outcome {
    let world = scenario("metrics").await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("metrics")).await?;
    world.ready("Kustomization", "apps").await?;
    let agent = &shared().await?.agent;
    let duration = r#"gotk_reconcile_duration_seconds_count{kind="Kustomization",name="apps",namespace="metrics"}"#;
    world
        .eventually(async || {
            let metrics = agent.metrics().await.map_err(|error| error.to_string())?;
            if metrics.contains(duration) { Ok(()) } else { Err(metrics) }
        })
        .await?;
    assert!(agent.counter("controller_runtime_reconcile_total").await? > 0.0);
    assert!(agent.counter("rest_client_requests_total").await? > 0.0);
    Ok(())
}

#[tokio::test]
async fn log_lines_have_the_form_that_flux_logs_reads() -> Outcome {
    let world = scenario("logs").await?;
    world.source(&[("a.yaml", "a: [b\n")]).await?;
    world.apply(kustomization("apps").into_namespace("logs")).await?;
    world.fails("Kustomization", "apps", "BuildFailed").await?;
    let agent = &shared().await?.agent;
    let log = agent.log();
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).map_err(|error| format!("{error} in `{line}`"))?;
        assert!(line["ts"].as_str().is_some_and(|at| at.parse::<Timestamp>().is_ok()), "{line}");
        assert!(["trace", "debug", "info", "error"].map(Value::from).contains(&line["level"]), "{line}");
        assert!(line["msg"].is_string(), "{line}");
    }
    let failed = world
        .eventually(async || {
            let lines = agent.log_about("Kustomization", "logs", "apps");
            lines.iter().find(|line| line["level"] == "error").cloned().ok_or(lines)
        })
        .await?;
    assert_eq!(failed["controller"], "kustomization");
    assert_eq!(failed["controllerGroup"], "kustomize.toolkit.fluxcd.io");
    assert_eq!(failed["Kustomization"], json!({ "name": "apps", "namespace": "logs" }));
    assert!(failed["reconcileID"].is_string(), "{failed}");
    assert!(failed["error"].as_str().is_some_and(|error| error.contains("a.yaml")), "{failed}");
    Ok(())
}

#[tokio::test]
async fn a_kind_that_is_not_served_says_so() -> Outcome {
    let world = scenario("unserved").await?;
    world
        .apply(json!({
            "apiVersion": "notification.toolkit.fluxcd.io/v1",
            "kind": "Receiver",
            "metadata": { "name": "hook" },
            "spec": {
                "type": "generic",
                "secretRef": { "name": "token" },
                "resources": [{ "kind": "GitRepository", "name": "app" }],
            },
        }))
        .await?;
    let message = world.fails("Receiver", "hook", "NotServedYet").await?;
    assert!(message.contains("Receiver"), "{message}");
    let receiver = world.get("Receiver", "hook").await?;
    assert_eq!(condition(&receiver, "Stalled")["status"], "True");
    assert_eq!(receiver["status"]["observedGeneration"], receiver["metadata"]["generation"]);
    Ok(())
}

#[tokio::test]
async fn kubectl_prints_the_columns_of_flux() -> Outcome {
    let world = scenario("columns").await?;
    let revision = world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(kustomization("apps").into_namespace("columns")).await?;
    world.ready("Kustomization", "apps").await?;
    let columns = async |kind: &str| -> Outcome<Vec<String>> {
        let output = world.cluster.kubectl(&["-n", "columns", "get", kind]).await?;
        Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
    };
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let kustomizations = columns("ks").await?;
    assert_eq!(words(&kustomizations[0]), ["NAME", "AGE", "READY", "STATUS"]);
    assert!(kustomizations[1].starts_with("apps "), "{kustomizations:?}");
    assert!(kustomizations[1].ends_with(&format!("True    Applied revision: {revision}")), "{kustomizations:?}");
    let sources = columns("gitrepo").await?;
    assert_eq!(words(&sources[0]), ["NAME", "URL", "AGE", "READY", "STATUS"]);
    assert_eq!(words(&sources[1])[..2], [SOURCE.to_owned(), world.url()]);
    assert!(sources[1].ends_with(&format!("stored artifact for revision '{revision}'")), "{sources:?}");
    Ok(())
}
