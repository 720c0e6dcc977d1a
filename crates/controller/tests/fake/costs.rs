//! What the API server is asked for, counted.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use sluice_cluster::{Target, Verb};
use sluice_object::Object;
use sluice_reconcile::Settings;

use crate::{
    bench::{Agent, Bench},
    manifests::{config, configs, deployment, files, namespace},
};

/// A Kustomization with this many objects, not yet applied.
async fn bench_of(objects: usize) -> Bench {
    let bench = Bench::new();
    let all = [namespace()].into_iter().chain(configs(1..objects));
    bench.publish("apps", "1", &files("site", all)).await;
    bench.kustomization("site", json!({}));
    bench
}

#[tokio::test(start_paused = true)]
async fn a_first_sync_asks_twice_for_each_object_and_little_besides() {
    let bench = bench_of(30).await;
    let _agent = bench.start();
    bench.idle().await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
    assert_eq!((bench.count(Verb::DryRun), bench.count(Verb::Apply), bench.count(Verb::Get)), (30, 30, 0));
    assert!(bench.requests() <= 2 * 30 + 8, "{:#?}", bench.cluster.requests());
}

#[tokio::test(start_paused = true)]
async fn an_interval_without_change_costs_a_status_and_an_event() {
    let bench = bench_of(30).await;
    let _agent = bench.start();
    bench.idle().await;
    for _ in 0..3 {
        bench.cluster.clear_requests();
        bench.pass(Duration::from_secs(3600)).await;
        assert_eq!((bench.count(Verb::Status), bench.count(Verb::Event)), (1, 1));
        assert_eq!(bench.cluster.requests().len(), 2, "{:#?}", bench.cluster.requests());
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_between_the_intervals() {
    let bench = bench_of(3).await;
    let _agent = bench.start();
    bench.idle().await;
    bench.cluster.clear_requests();
    bench.pass(Duration::from_secs(3590)).await;
    assert_eq!(bench.cluster.requests(), []);
}

#[tokio::test(start_paused = true)]
async fn a_day_of_intervals_costs_what_its_intervals_cost() {
    let bench = Bench::new();
    bench.cluster.put(namespace()).unwrap();
    let all =
        ["1h", "30m", "10m"].map(|interval| (interval, files(interval, [config(&format!("of-{interval}"), "1")])));
    bench.publish("apps", "1", &all.iter().flat_map(|(_, files)| files.clone()).collect::<Vec<_>>()).await;
    all.iter().for_each(|(interval, _)| bench.kustomization(interval, json!({"interval": interval})));
    let _agent = bench.start();
    bench.idle().await;
    assert!(all.iter().all(|(name, _)| bench.is_ready(name)));
    bench.cluster.clear_requests();
    bench.pass(Duration::from_secs(24 * 3600 + 60)).await;
    let intervals = 24 + 2 * 24 + 6 * 24;
    assert_eq!((bench.count(Verb::Status), bench.requests()), (intervals, 2 * intervals));
}

#[tokio::test(start_paused = true)]
async fn one_changed_object_is_written_once() {
    let bench = bench_of(10).await;
    let _agent = bench.start();
    bench.idle().await;
    bench.cluster.clear_requests();
    let changed = [namespace(), config("c1", "2")].into_iter().chain(configs(2..10));
    bench.publish("apps", "2", &files("site", changed)).await;
    bench.idle().await;
    assert_eq!(bench.config("c1"), Some("2".into()));
    assert_eq!((bench.count(Verb::DryRun), bench.count(Verb::Get), bench.count(Verb::Apply)), (10, 10, 1));
    assert!(bench.requests() <= 2 * 10 + 6, "{:#?}", bench.cluster.requests());
}

/// Files of ten applications, with other files that none of them uses; application 3 in a version of its own.
fn applications(v: &str, other: &str) -> Vec<(String, String)> {
    let app = |index: usize| {
        let v = if index == 3 { v } else { "1" };
        files(&format!("app{index}"), [config(&format!("c{index}"), v)])
    };
    let other = ("docs/README.md".to_owned(), other.to_owned());
    (0..10).flat_map(app).chain([other]).collect()
}

#[tokio::test(start_paused = true)]
async fn a_commit_works_on_what_it_touches_and_tells_the_others() {
    let bench = Bench::new();
    bench.cluster.put(namespace()).unwrap();
    bench.publish("apps", "1", &applications("1", "")).await;
    (0..10).for_each(|index| bench.kustomization(&format!("app{index}"), json!({"wait": true})));
    let _agent = bench.start();
    bench.idle().await;
    for (revision, v, other, written) in [("2", "2", "", 1), ("3", "2", "changed", 0)] {
        bench.cluster.clear_requests();
        bench.publish("apps", revision, &applications(v, other)).await;
        bench.idle().await;
        assert_eq!((bench.count(Verb::DryRun), bench.count(Verb::Apply)), (written, written));
        // What is applied publishes its progress, and tells what was configured and that it is healthy.
        let told = bench.count(Verb::Event) + bench.count(Verb::Patch);
        assert_eq!((bench.count(Verb::Status), told), (10 + written, 10 + 2 * written));
        assert_eq!(bench.requests(), 20 + 6 * written, "{:#?}", bench.cluster.requests());
        let applied = |index| bench.status(&format!("app{index}"))["lastAppliedRevision"].clone();
        assert!((0..10).all(|index| applied(index) == format!("main@sha1:{revision}")));
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_commit_touches_is_applied_before_the_others_are_told_of_it() {
    let bench = Bench::new();
    bench.cluster.put(namespace()).unwrap();
    bench.publish("apps", "1", &applications("1", "")).await;
    (0..10).for_each(|index| bench.kustomization(&format!("app{index}"), json!({})));
    let _agent = bench.start_with(Settings { concurrent: 1, jitter: 0.0, ..Settings::default() });
    bench.idle().await;
    bench.cluster.clear_requests();
    bench.publish("apps", "2", &applications("2", "")).await;
    bench.idle().await;
    let requests = bench.cluster.requests();
    let applied = requests.iter().position(|(_, verb, _)| *verb == Verb::Apply);
    let told = requests.iter().position(|(_, verb, target)| *verb == Verb::Status && target.name != "app3");
    assert!(applied.is_some() && applied < told, "{requests:#?}");
}

/// A Kustomization with a Deployment of its own, Ready, and what lists its health checks.
async fn checked(spec: Value) -> (Bench, Agent) {
    let bench = Bench::new();
    bench.cluster.put(namespace()).unwrap();
    bench.cluster.put(deployment("foreign", 1)).unwrap();
    bench.publish("apps", "1", &with_readme("1")).await;
    bench.kustomization("site", spec);
    let agent = bench.start();
    bench.idle().await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
    bench.cluster.clear_requests();
    (bench, agent)
}

fn with_readme(text: &str) -> Vec<(String, String)> {
    let mut files = files("site", [config("a", "1"), deployment("web", 1)]);
    files.push(("README.md".into(), text.into()));
    files
}

fn health_check(name: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "namespace": "demo"})
}

#[rstest]
#[case::all(json!({"wait": true}), 0)]
#[case::its_own(json!({"healthChecks": [health_check("web")]}), 0)]
#[case::of_others(json!({"healthChecks": [health_check("web"), health_check("foreign")]}), 1)]
#[case::by_expression(json!({"wait": true, "healthCheckExprs": [
    {"apiVersion": "apps/v1", "kind": "Deployment", "current": "status.readyReplicas == 1"},
]}), 1)]
#[tokio::test(start_paused = true)]
async fn a_commit_that_leaves_checked_objects_alone_reads_what_no_watch_tells(
    #[case] spec: Value,
    #[case] read: usize,
) {
    let (bench, _agent) = checked(spec).await;
    bench.publish("apps", "2", &with_readme("2")).await;
    bench.idle().await;
    assert_eq!(bench.status("site")["lastAppliedRevision"], "main@sha1:2");
    // The event says the same as that of the first pass, and counts up.
    assert_eq!((bench.count(Verb::Status), bench.count(Verb::Patch), bench.count(Verb::Get)), (1, 1, read));
    assert_eq!(bench.requests(), 2 + read, "{:#?}", bench.cluster.requests());
    let status = bench.status("site");
    let healthy = status["conditions"].as_array().unwrap().iter().find(|one| one["type"] == "Healthy").unwrap();
    assert_eq!((&healthy["status"], &healthy["reason"]), (&json!("True"), &json!("Succeeded")));
}

#[rstest]
#[case::its_own("web")]
#[case::of_others("foreign")]
#[tokio::test(start_paused = true)]
async fn a_commit_that_finds_a_checked_object_unhealthy_waits_for_it(#[case] name: &str) {
    let (bench, _agent) = checked(json!({"healthChecks": [health_check(name)]})).await;
    let target = Target::of(&Object::new(deployment(name, 1)).unwrap());
    bench.cluster.auto_ready(false);
    bench.cluster.set_status(&target, json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}));
    bench.publish("apps", "2", &with_readme("2")).await;
    bench.idle().await;
    assert_eq!(bench.ready("site").0, "Unknown");
    bench.cluster.make_ready();
    bench.idle().await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
}

#[tokio::test(start_paused = true)]
async fn what_has_drifted_is_put_back_by_a_commit_that_does_not_touch_it() {
    let bench = bench_of(3).await;
    let _agent = bench.start();
    bench.idle().await;
    let target = Target::of(&Object::new(config("c1", "1")).unwrap());
    crate::lives::patch(&bench.cluster, target, json!({"data": {"v": "by hand"}})).await;
    let mut all = files("site", [namespace()].into_iter().chain(configs(1..3)));
    all.push(("README.md".into(), "new".into()));
    bench.publish("apps", "2", &all).await;
    bench.idle().await;
    assert_eq!(bench.config("c1"), Some("1".into()));
}

#[tokio::test(start_paused = true)]
async fn watches_are_one_for_each_kind() {
    let bench = bench_of(30).await;
    let _agent = bench.start();
    bench.idle().await;
    let ours = 2;
    assert_eq!(bench.cluster.open_watches(), ours + 2);
    bench.delete("site").await;
    bench.idle().await;
    bench.cluster.put(config("touch", "1")).unwrap();
    assert_eq!(bench.cluster.open_watches(), ours);
}
