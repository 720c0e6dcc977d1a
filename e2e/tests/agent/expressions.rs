//! Health and readiness by expressions, as an operator writes them for kinds that nobody else knows.

use serde_json::{Value, json};
use sluice_e2e::scenario::{Draft, condition, config_map, kustomization};
use sluice_e2e::{Outcome, Scenario};

use crate::fixture::scenario;

/// Defines the kind of these tests, which all share it.
async fn defined(world: &Scenario<'_>) -> Outcome {
    let schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    world
        .apply(json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": { "name": "dials.e2e.sluice.dev" },
            "spec": {
                "group": "e2e.sluice.dev",
                "scope": "Namespaced",
                "names": { "kind": "Dial", "plural": "dials", "singular": "dial" },
                "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }],
            },
        }))
        .await?;
    let established = |crd: &Value| condition(crd, "Established")["status"] == "True";
    world.until("CustomResourceDefinition", "dials.e2e.sluice.dev", established).await?;
    Ok(())
}

fn dial() -> String {
    let metadata = json!({ "name": "one" });
    json!({ "apiVersion": "e2e.sluice.dev/v1", "kind": "Dial", "metadata": metadata, "spec": { "size": 1 } })
        .to_string()
}

/// A Kustomization that waits for its Dial.
fn waiting(namespace: &str, current: &str) -> Draft {
    let check = json!({
        "apiVersion": "e2e.sluice.dev/v1",
        "kind": "Dial",
        "inProgress": "!has(status.level)",
        "failed": "status.level < 0",
        "current": current,
    });
    kustomization("apps").into_namespace(namespace).waiting().with("healthCheckExprs", json!([check]))
}

/// Starts a scenario whose Kustomization waits for a Dial that says nothing of itself.
async fn unsettled(namespace: &str, current: &str, timeout: &str) -> Outcome<(Scenario<'static>, String)> {
    let world = scenario(namespace).await?;
    defined(&world).await?;
    let revision = world.source(&[("dial.yaml", &dial())]).await?;
    world.apply(waiting(namespace, current).with("timeout", timeout)).await?;
    let checked = |object: &Value| condition(object, "Healthy")["status"] == "Unknown";
    world.until("Kustomization", "apps", checked).await?;
    Ok((world, revision))
}

#[tokio::test]
async fn a_custom_resource_is_ready_when_its_expression_holds() -> Outcome {
    let (world, revision) = unsettled("by-expression", "status.level >= 10.5 && 'a' in status.names", "5m").await?;
    world.change("Dial", "one", json!({ "status": { "level": 3, "names": ["a"] } })).await?;
    world.change("Dial", "one", json!({ "status": { "level": 11 } })).await?;
    let applied = world.applied("apps", &revision).await?;
    assert_eq!(condition(&applied, "Healthy")["reason"], "Succeeded");
    Ok(())
}

#[tokio::test]
async fn a_custom_resource_fails_by_its_expression() -> Outcome {
    let (world, _) = unsettled("failed-by-expression", "status.level >= 10", "5m").await?;
    world.change("Dial", "one", json!({ "status": { "level": -1 } })).await?;
    let message = world.fails("Kustomization", "apps", "HealthCheckFailed").await?;
    assert!(message.ends_with("stalled resources: [Dial/failed-by-expression/one status: 'Failed']"), "{message}");
    Ok(())
}

#[tokio::test]
async fn an_expression_that_takes_too_long_is_named() -> Outcome {
    let loops = "status.n.all(a, status.n.all(b, status.n.all(c, a + b + c > 0)))";
    // Flux: a timeout below 30 s counts as 30 s.
    let (world, _) = unsettled("endless", loops, "1s").await?;
    let numbers: Vec<_> = (1..1000).collect();
    world.change("Dial", "one", json!({ "status": { "level": 1, "n": numbers } })).await?;
    let message = world.fails("Kustomization", "apps", "HealthCheckFailed").await?;
    assert!(message.contains("Dial/endless/one status: 'Unknown'"), "{message}");
    assert!(message.contains("ended after 250000 steps; hint: "), "{message}");
    Ok(())
}

#[tokio::test]
async fn an_expression_that_cannot_be_read_stalls_until_it_is_changed() -> Outcome {
    let world = scenario("unreadable").await?;
    defined(&world).await?;
    world.source(&[("a.yaml", &config_map("a", "1"))]).await?;
    world.apply(waiting("unreadable", "status.level >")).await?;
    let message = world.fails("Kustomization", "apps", "InvalidCELExpression").await?;
    assert!(message.contains("expression Current") && message.contains("'status.level >'"), "{message}");
    let stalled = world.get("Kustomization", "apps").await?;
    assert_eq!(condition(&stalled, "Stalled")["reason"], "InvalidCELExpression");
    assert_eq!(stalled["status"]["observedGeneration"], stalled["metadata"]["generation"]);
    assert!(!world.exists("ConfigMap", "a").await?);
    let told = world.event("Kustomization", "apps", |told| told.reason == "InvalidCELExpression").await?;
    assert_eq!(told.type_, "Warning");
    world.apply(waiting("unreadable", "status.level > 1")).await?;
    world.ready("Kustomization", "apps").await?;
    assert!(world.exists("ConfigMap", "a").await?);
    Ok(())
}

fn dependent(ready: &str) -> Draft {
    let dependency = json!({ "name": "infra", "readyExpr": ready });
    kustomization("apps").path("./apps").into_namespace("ready-expr").with("dependsOn", json!([dependency]))
}

#[tokio::test]
async fn a_dependency_is_ready_when_its_expression_holds() -> Outcome {
    let world = scenario("ready-expr").await?;
    world.source(&[("infra/a.yaml", &config_map("a", "1")), ("apps/b.yaml", &config_map("b", "1"))]).await?;
    world.apply(kustomization("infra").path("./infra").into_namespace("ready-expr")).await?;
    world.ready("Kustomization", "infra").await?;
    world.apply(dependent("dep.metadata.name")).await?;
    let message = world.fails("Kustomization", "apps", "InvalidCELExpression").await?;
    assert!(message.ends_with("CEL expression output type mismatch: expected bool, got dyn"), "{message}");

    world.apply(dependent("dep.metadata.?labels[?'wave'].orValue('0') == '2' && self.spec.prune == true")).await?;
    let told = "dependency 'ready-expr/infra' is not ready according to readyExpr eval";
    let held_up = |object: &Value| condition(object, "Ready")["message"] == told;
    world.until("Kustomization", "apps", held_up).await?;
    assert!(!world.exists("ConfigMap", "b").await?);
    world.change("Kustomization", "infra", json!({ "metadata": { "labels": { "wave": "2" } } })).await?;
    world.ready("Kustomization", "apps").await?;
    assert!(world.exists("ConfigMap", "b").await?);
    Ok(())
}
