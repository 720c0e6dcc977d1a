//! What a source holds gets into the cluster, changes with it, and goes with it.

use std::time::Duration;

use serde_json::json;
use sluice_cluster::{FakeCluster, Verb};

use crate::{
    bench::{Bench, NAMESPACE},
    manifests::{config, configs, deployment, files, namespace},
};

async fn installed(spec: serde_json::Value) -> (Bench, crate::bench::Agent) {
    let bench = Bench::new();
    bench.publish("apps", "1", &files("site", [namespace(), config("a", "1"), config("b", "1")])).await;
    bench.kustomization("site", spec);
    let agent = bench.start();
    bench.idle().await;
    (bench, agent)
}

#[tokio::test(start_paused = true)]
async fn a_source_is_installed_changed_and_pruned() {
    let (bench, _agent) = installed(json!({})).await;
    assert_eq!((bench.config("a"), bench.config("b")), (Some("1".into()), Some("1".into())));
    bench.publish("apps", "2", &files("site", [namespace(), config("a", "2")])).await;
    bench.idle().await;
    assert_eq!((bench.config("a"), bench.config("b")), (Some("2".into()), None));
    let status = bench.status("site");
    assert_eq!(status["lastAppliedRevision"], "main@sha1:2");
    assert_eq!(status["inventory"]["entries"].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_kustomization_takes_its_objects_with_it() {
    let (bench, _agent) = installed(json!({})).await;
    bench.delete("site").await;
    bench.idle().await;
    assert!(bench.get("v1", "Namespace", "", "demo").is_none());
    assert!(bench.get("kustomize.toolkit.fluxcd.io/v1", "Kustomization", NAMESPACE, "site").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_broken_revision_changes_nothing_and_the_next_one_mends_it() {
    let (bench, _agent) = installed(json!({})).await;
    bench.publish("apps", "2", &[("site/a.yaml".into(), "kind: [".into())]).await;
    bench.idle().await;
    assert_eq!(bench.ready("site"), ("False".into(), "BuildFailed".into()));
    assert_eq!(bench.config("a"), Some("1".into()));
    bench.publish("apps", "3", &files("site", [namespace(), config("a", "3")])).await;
    bench.idle().await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
    assert_eq!((bench.config("a"), bench.config("b")), (Some("3".into()), None));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_comes_late_wakes_who_waits_for_it() {
    let bench = Bench::new();
    bench.kustomization("site", json!({}));
    let _agent = bench.start();
    bench.idle().await;
    assert_eq!(bench.ready("site"), ("False".into(), "ArtifactFailed".into()));
    bench.publish("apps", "1", &files("site", [namespace()])).await;
    bench.idle().await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_dependencies_is_woken_by_events_alone() {
    let bench = Bench::new();
    let chain = ["d", "c", "b", "a"];
    let tree = chain.iter().flat_map(|name| files(name, [namespace_of(name)])).collect::<Vec<_>>();
    for pair in chain.windows(2) {
        bench.kustomization(pair[0], json!({"dependsOn": [{"name": pair[1]}]}));
    }
    bench.kustomization("a", json!({}));
    bench.publish("apps", "1", &tree).await;
    let _agent = bench.start();
    bench.idle().await;
    for name in chain {
        assert!(bench.is_ready(name), "{name}: {:?}", bench.ready(name));
    }
    bench.publish("apps", "2", &tree).await;
    bench.idle().await;
    for name in chain {
        assert_eq!(bench.status(name)["lastAppliedRevision"], "main@sha1:2");
    }
}

fn namespace_of(name: &str) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": format!("demo-{name}")}})
}

#[tokio::test(start_paused = true)]
async fn health_is_awaited_by_watches_alone() {
    let bench = Bench::new();
    bench.cluster.auto_ready(false);
    bench.publish("apps", "1", &files("site", [namespace(), deployment("web", 1)])).await;
    bench.kustomization("site", json!({"wait": true, "timeout": "5m"}));
    let _agent = bench.start();
    bench.pass(Duration::from_secs(60)).await;
    assert_eq!(bench.ready("site").0, "Unknown");
    bench.cluster.clear_requests();
    bench.cluster.make_ready();
    bench.idle().await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
    assert_eq!(bench.count(Verb::Get), 0);
}

#[tokio::test(start_paused = true)]
async fn what_never_gets_healthy_fails_at_the_timeout_and_is_tried_again() {
    let bench = Bench::new();
    bench.cluster.auto_ready(false);
    bench.publish("apps", "1", &files("site", [namespace(), deployment("web", 1)])).await;
    bench.kustomization("site", json!({"wait": true, "timeout": "1m"}));
    let _agent = bench.start();
    bench.pass(Duration::from_secs(61)).await;
    assert_eq!(bench.ready("site"), ("False".into(), "HealthCheckFailed".into()));
    bench.pass(Duration::from_secs(15)).await;
    assert_eq!(bench.ready("site").0, "Unknown");
}

#[tokio::test(start_paused = true)]
async fn a_new_revision_ends_the_wait_for_the_old_one() {
    let bench = Bench::new();
    bench.cluster.auto_ready(false);
    bench.publish("apps", "1", &files("site", [namespace(), deployment("web", 1)])).await;
    bench.kustomization("site", json!({"wait": true, "timeout": "5m"}));
    let _agent = bench.start();
    bench.idle().await;
    bench.publish("apps", "2", &files("site", [namespace(), config("a", "2")])).await;
    bench.idle().await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
    assert!(bench.get("apps/v1", "Deployment", "demo", "web").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_wait_leaves_no_watch_behind() {
    let bench = Bench::new();
    bench.cluster.auto_ready(false);
    for name in ["x", "y"] {
        bench.cluster.put(deployment(name, 1)).unwrap();
    }
    bench.publish("apps", "1", &files("site", [namespace(), config("a", "1")])).await;
    let checks: Vec<_> = ["x", "y"].map(|name| json!({"kind": "Deployment", "name": name, "namespace": "demo"})).into();
    bench.kustomization("site", json!({"healthChecks": checks, "timeout": "5m"}));
    let _agent = bench.start();
    bench.idle().await;
    let waiting = bench.cluster.open_watches();
    become_ready(&bench.cluster, "x");
    bench.idle().await;
    bench.cluster.make_ready();
    bench.idle().await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
    assert_eq!(bench.cluster.open_watches(), waiting - 2);
}

/// Plays the controller of one Deployment.
fn become_ready(cluster: &FakeCluster, name: &str) {
    let status = json!({
        "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
        "conditions": [{"type": "Available", "status": "True"}],
    });
    let object = deployment(name, 1);
    let target = sluice_cluster::Target::of(&sluice_object::Object::new(object).unwrap());
    cluster.set_status(&target, status);
}

#[tokio::test(start_paused = true)]
async fn drift_is_put_back_at_the_interval_or_at_once_on_request() {
    let (bench, _agent) = installed(json!({})).await;
    bench.cluster.put(config("a", "by hand")).unwrap();
    bench.idle().await;
    assert_eq!(bench.config("a"), Some("by hand".into()));
    bench.pass(Duration::from_secs(3601)).await;
    assert_eq!(bench.config("a"), Some("1".into()));
    want_drift_put_back_at_once(&bench);
    bench.idle().await;
    bench.cluster.put(config("a", "by hand")).unwrap();
    bench.idle().await;
    assert_eq!(bench.config("a"), Some("1".into()));
}

fn want_drift_put_back_at_once(bench: &Bench) {
    let mut object = bench.get("kustomize.toolkit.fluxcd.io/v1", "Kustomization", NAMESPACE, "site").unwrap();
    object.value_mut()["metadata"]["annotations"] = json!({"sluice.dev/drift": "immediate"});
    bench.cluster.put(object.into_value()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn somebody_who_changes_an_object_each_time_does_not_keep_the_agent_busy() {
    let (bench, _agent) = installed(json!({})).await;
    want_drift_put_back_at_once(&bench);
    bench.idle().await;
    let mut put_back = 0;
    for round in 0..20 {
        bench.cluster.put(config("a", &format!("by hand {round}"))).unwrap();
        bench.idle().await;
        put_back += usize::from(bench.config("a") == Some("1".into()));
    }
    assert_eq!(put_back, 5);
    let told: Vec<_> = bench.cluster.events().into_iter().filter(|event| event.reason == "DriftContested").collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].message.contains("ConfigMap/demo/a"), "{}", told[0].message);
    bench.pass(Duration::from_secs(3600)).await;
    assert_eq!(bench.config("a"), Some("1".into()));
}

#[tokio::test(start_paused = true)]
async fn many_objects_are_all_there() {
    let bench = Bench::new();
    let objects = [namespace()].into_iter().chain(configs(0..100));
    bench.publish("apps", "1", &files("site", objects)).await;
    bench.kustomization("site", json!({"wait": true}));
    let _agent = bench.start();
    bench.idle().await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
    assert!((0..100).all(|index| bench.config(&format!("c{index}")).is_some()));
}
