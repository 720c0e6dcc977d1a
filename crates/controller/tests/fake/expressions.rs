//! Health and readiness by expressions.

use std::time::Duration;

use serde_json::{Value, json};
use sluice_cluster::{Target, Verb};
use sluice_controller::kustomization::Policy;
use sluice_object::Object;

use crate::{
    bench::{Agent, Bench, target},
    lives::patch,
    manifests::{config, files, namespace, widget, widget_definition},
};

const HOUR: Duration = Duration::from_secs(3600);
/// A little more than the timeout, and less than the next attempt takes to begin.
const ABOVE: Duration = Duration::from_secs(305);
/// A failure counts when it has lasted for two seconds.
const LASTING: Duration = Duration::from_millis(2100);

fn of(object: Value) -> Target {
    Target::of(&Object::new(object).unwrap())
}

fn phase(bench: &Bench, name: &str, phase: &str) {
    bench.cluster.set_status(&of(widget(name, 1)), json!({"phase": phase}));
}

fn checks(current: &str) -> Value {
    let check = json!({
        "apiVersion": "example.com/v1", "kind": "Widget", "current": current,
        "inProgress": "!has(status.phase)", "failed": "status.phase == 'Broken'",
    });
    json!({"wait": true, "timeout": "5m", "healthCheckExprs": [check]})
}

/// A Kustomization that waits for a Widget and a ConfigMap.
async fn waiting(current: &str) -> (Bench, Agent) {
    let bench = Bench::new();
    bench
        .publish("apps", "1", &files("site", [namespace(), widget_definition(), widget("w", 1), config("a", "1")]))
        .await;
    bench.kustomization("site", checks(current));
    let agent = bench.start();
    bench.idle().await;
    assert_eq!(bench.ready("site").0, "Unknown", "{:?}", bench.status("site"));
    (bench, agent)
}

fn message(bench: &Bench, name: &str) -> String {
    let status = bench.status(name);
    let ready = status["conditions"].as_array().unwrap().iter().find(|one| one["type"] == "Ready").cloned();
    ready.unwrap()["message"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_kind_is_healthy_when_its_expression_says_so() {
    let (bench, _agent) = waiting("status.phase == 'Running'").await;
    phase(&bench, "w", "Starting");
    bench.idle().await;
    assert_eq!(bench.ready("site").0, "Unknown");
    bench.cluster.clear_requests();
    phase(&bench, "w", "Running");
    bench.idle().await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
    assert_eq!(bench.count(Verb::Get), 1);
}

#[tokio::test(start_paused = true)]
async fn while_nothing_changes_nothing_is_read() {
    let (bench, _agent) = waiting("status.phase == 'Running'").await;
    bench.cluster.clear_requests();
    bench.pass(Duration::from_secs(240)).await;
    assert_eq!(bench.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_kind_has_failed_when_its_expression_says_so() {
    let (bench, _agent) = waiting("status.phase == 'Running'").await;
    phase(&bench, "w", "Broken");
    bench.pass(LASTING).await;
    assert_eq!(bench.ready("site"), ("False".into(), "HealthCheckFailed".into()));
    assert!(message(&bench, "site").ends_with("stalled resources: [Widget/demo/w status: 'Failed']"));
}

#[tokio::test(start_paused = true)]
async fn an_expression_that_has_no_answer_is_told_when_time_is_up() {
    let (bench, _agent) = waiting("status.conditions.all(c, c.status == 'True')").await;
    phase(&bench, "w", "Running");
    bench.pass(ABOVE).await;
    let told = message(&bench, "site");
    assert!(told.contains("Widget/demo/w status: 'Unknown': failed to evaluate the CEL expression"), "{told}");
    assert!(told.contains("no such key: conditions"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn an_expression_that_takes_too_long_is_told_when_time_is_up() {
    let (bench, _agent) = waiting("status.n.all(a, status.n.all(b, status.n.all(c, a + b + c > 0)))").await;
    let numbers: Vec<_> = (1..500).collect();
    bench.cluster.set_status(&of(widget("w", 1)), json!({"phase": "Running", "n": numbers}));
    bench.pass(ABOVE).await;
    assert!(message(&bench, "site").contains("ended after 250000 steps"), "{}", message(&bench, "site"));
}

#[tokio::test(start_paused = true)]
async fn each_kustomization_has_its_own_expressions() {
    let (bench, _agent) = waiting("status.phase == 'Running'").await;
    let check = json!({"apiVersion": "example.com/v1", "kind": "Widget", "namespace": "demo", "name": "w"});
    let mut spec = checks("status.phase in ['Running', 'Starting']");
    (spec["wait"], spec["path"], spec["healthChecks"]) = (json!(false), json!("./other"), json!([check]));
    let tree = [widget_definition(), widget("w", 1), config("a", "1")];
    let tree = [files("site", [namespace()]), files("site", tree), files("other", [config("c", "1")])].concat();
    bench.publish("apps", "2", &tree).await;
    bench.kustomization("other", spec);
    bench.idle().await;
    phase(&bench, "w", "Starting");
    bench.idle().await;
    assert_eq!((bench.is_ready("other"), bench.ready("site").0.as_str()), (true, "Unknown"));
    phase(&bench, "w", "Running");
    bench.idle().await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
}

#[tokio::test(start_paused = true)]
async fn what_fails_later_is_noticed_at_the_interval() {
    let (bench, _agent) = waiting("status.phase == 'Running'").await;
    phase(&bench, "w", "Running");
    bench.idle().await;
    phase(&bench, "w", "Broken");
    bench.pass(HOUR + LASTING).await;
    assert_eq!(bench.ready("site"), ("False".into(), "HealthCheckFailed".into()));
}

/// A Kustomization that depends on another one.
async fn dependent(ready: &str, policy: Policy) -> (Bench, Agent) {
    let mut bench = Bench::new();
    bench.policy = policy;
    let tree = [files("infra", [namespace(), config("a", "1")]), files("site", [config("b", "1")])].concat();
    bench.publish("apps", "1", &tree).await;
    bench.kustomization("infra", json!({}));
    bench.kustomization("site", json!({"dependsOn": [{"name": "infra", "readyExpr": ready}]}));
    let agent = bench.start();
    bench.idle().await;
    assert!(bench.is_ready("infra"), "{:?}", bench.ready("infra"));
    (bench, agent)
}

async fn label(bench: &Bench, name: &str) {
    patch(&bench.cluster, target("infra"), json!({"metadata": {"labels": {name: "yes"}}})).await;
    bench.idle().await;
}

#[tokio::test(start_paused = true)]
async fn a_dependency_is_ready_when_the_expression_says_so() {
    let (bench, _agent) = dependent("has(dep.metadata.labels) && 'go' in dep.metadata.labels", Policy::default()).await;
    assert_eq!(bench.ready("site"), ("False".into(), "DependencyNotReady".into()));
    let told = format!("dependency '{}/infra' is not ready according to readyExpr eval", crate::bench::NAMESPACE);
    assert_eq!((message(&bench, "site"), bench.config("b")), (told, None));
    label(&bench, "go").await;
    assert_eq!((bench.is_ready("site"), bench.config("b")), (true, Some("1".into())));
}

#[tokio::test(start_paused = true)]
async fn an_expression_without_answer_holds_a_dependent_up() {
    let (bench, _agent) = dependent("'go' in dep.metadata.labels", Policy::default()).await;
    assert_eq!(bench.ready("site"), ("False".into(), "DependencyNotReady".into()));
    let told = "failed to evaluate the CEL expression ''go' in dep.metadata.labels': no such key: labels";
    assert_eq!(message(&bench, "site"), told);
    label(&bench, "go").await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
}

/// Has the dependency fail, and the dependent start anew.
async fn with_a_broken_dependency(additive: bool) -> Bench {
    let policy = Policy { additive_ready_expr: additive, ..Policy::default() };
    let (bench, _agent) = dependent("'go' in dep.metadata.labels", policy).await;
    bench
        .publish(
            "apps",
            "2",
            &[files("site", [config("b", "1")]), vec![("infra/a.yaml".into(), "a: [".into())]].concat(),
        )
        .await;
    bench.idle().await;
    assert_eq!(bench.ready("infra").1, "BuildFailed");
    label(&bench, "go").await;
    bench
}

#[tokio::test(start_paused = true)]
async fn an_expression_counts_instead_of_readiness() {
    let bench = with_a_broken_dependency(false).await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
}

#[tokio::test(start_paused = true)]
async fn with_the_gate_an_expression_counts_besides_readiness() {
    let bench = with_a_broken_dependency(true).await;
    let told = format!("dependency '{}/infra' is not ready", crate::bench::NAMESPACE);
    assert_eq!(message(&bench, "site"), told);
}
