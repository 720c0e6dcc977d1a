//! What is seen of managed objects: changes that keep the labels, watches that fail, are refused, or begin again.

use std::time::Duration;

use serde_json::{Value, json};
use sluice_cluster::{Target, Verb, fake::AGENT_USER};
use sluice_object::Object;

use crate::{
    bench::{Agent, Bench, target},
    lives::{delete, patch},
    manifests::{config, deployment, files, namespace},
};

const HOUR: Duration = Duration::from_secs(3600);

/// Two ConfigMaps that are put back at once.
async fn guarded() -> (Bench, Agent) {
    let bench = Bench::new();
    bench.publish("apps", "1", &files("site", [namespace(), config("a", "1"), config("b", "1")])).await;
    bench.kustomization("site", json!({}));
    patch(&bench.cluster, target("site"), json!({"metadata": {"annotations": {"sluice.dev/drift": "immediate"}}}))
        .await;
    let agent = bench.start();
    bench.idle().await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
    bench.cluster.clear_requests();
    (bench, agent)
}

fn of(object: Value) -> Target {
    Target::of(&Object::new(object).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_changed_by_hand_is_put_back_at_once() {
    let (bench, _agent) = guarded().await;
    patch(&bench.cluster, of(config("a", "1")), json!({"data": {"v": "by hand"}})).await;
    bench.idle().await;
    assert_eq!(bench.config("a"), Some("1".into()));
}

#[tokio::test(start_paused = true)]
async fn our_own_changes_are_no_drift() {
    let (bench, _agent) = guarded().await;
    bench.publish("apps", "2", &files("site", [namespace(), config("a", "2"), config("b", "2")])).await;
    bench.idle().await;
    assert_eq!((bench.config("a"), bench.count(Verb::DryRun)), (Some("2".into()), 3));
}

#[tokio::test(start_paused = true)]
async fn what_goes_while_the_watches_are_down_is_missed_after_it() {
    let (bench, _agent) = guarded().await;
    bench.cluster.fail_watches("connection reset", false);
    delete(&bench.cluster, of(config("a", "1"))).await;
    bench.idle().await;
    assert_eq!(bench.config("a"), None);
    bench.cluster.restart_watches();
    bench.idle().await;
    assert_eq!(bench.config("a"), Some("1".into()));
}

#[tokio::test(start_paused = true)]
async fn watches_that_begin_again_and_show_the_same_cost_nothing() {
    let (bench, _agent) = guarded().await;
    for _ in 0..2 {
        bench.cluster.restart_watches();
        bench.idle().await;
    }
    assert_eq!(bench.cluster.requests(), []);
    bench.pass(HOUR).await;
    assert_eq!((bench.count(Verb::DryRun), bench.count(Verb::Status)), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn objects_of_ours_that_go_while_the_watches_are_down_are_forgotten_after_it() {
    let (bench, _agent) = guarded().await;
    bench.kustomization("other", json!({"path": "./site", "prune": false}));
    bench.idle().await;
    bench.cluster.fail_watches("connection reset", false);
    for name in ["site", "other"] {
        patch(&bench.cluster, target(name), json!({"metadata": {"finalizers": []}})).await;
        delete(&bench.cluster, target(name)).await;
    }
    bench.cluster.restart_watches();
    bench.idle().await;
    bench.cluster.put(config("touch", "1")).unwrap();
    assert_eq!(bench.cluster.open_watches(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_watched_is_compared_at_the_interval() {
    let (bench, _agent) = guarded().await;
    bench.cluster.fail_watches("forbidden", true);
    patch(&bench.cluster, of(config("a", "1")), json!({"data": {"v": "by hand"}})).await;
    bench.pass(HOUR).await;
    assert_eq!((bench.config("a"), bench.count(Verb::DryRun)), (Some("1".into()), 3));
}

#[tokio::test(start_paused = true)]
async fn a_watch_stays_open_for_who_still_needs_it() {
    let (bench, _agent) = guarded().await;
    let tree = [files("site", [namespace(), config("a", "1")]), files("other", [config("c", "1")])].concat();
    bench.publish("apps", "2", &tree).await;
    bench.kustomization("other", json!({}));
    bench.idle().await;
    let open = bench.cluster.open_watches();
    bench.delete("other").await;
    bench.idle().await;
    assert_eq!((bench.config("c"), bench.cluster.open_watches()), (None, open));
    patch(&bench.cluster, of(config("a", "1")), json!({"data": {"v": "by hand"}})).await;
    bench.idle().await;
    assert_eq!(bench.config("a"), Some("1".into()));
}

/// A Kustomization that waits for its own Deployment and for another that is none of its own.
async fn waiting(denied: bool) -> (Bench, Agent) {
    let bench = Bench::new();
    bench.cluster.auto_ready(false);
    if denied {
        bench.cluster.deny(AGENT_USER, "watch", "Deployment", "");
    }
    bench.cluster.put(deployment("foreign", 1)).unwrap();
    bench.publish("apps", "1", &files("site", [namespace(), config("a", "1")])).await;
    let check = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "foreign", "namespace": "demo"});
    bench.kustomization("site", json!({"healthChecks": [check], "timeout": "5m"}));
    let agent = bench.start();
    bench.idle().await;
    assert_eq!(bench.ready("site").0, "Unknown");
    (bench, agent)
}

#[tokio::test(start_paused = true)]
async fn health_is_read_where_it_may_not_be_watched() {
    let (bench, _agent) = waiting(true).await;
    bench.cluster.make_ready();
    bench.pass(Duration::from_secs(60)).await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
    assert!(bench.count(Verb::Get) > 0);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_refused_in_the_middle_of_a_wait_is_made_up_for_by_reading() {
    let (bench, _agent) = waiting(false).await;
    bench.cluster.clear_requests();
    bench.cluster.fail_watches("forbidden", true);
    bench.cluster.make_ready();
    bench.pass(Duration::from_secs(60)).await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
    assert!(bench.count(Verb::Get) > 0);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_fails_for_a_while_is_waited_for() {
    let (bench, _agent) = waiting(false).await;
    bench.cluster.clear_requests();
    bench.cluster.fail_watches("connection reset", false);
    bench.cluster.make_ready();
    bench.pass(Duration::from_secs(60)).await;
    assert_eq!((bench.ready("site").0, bench.count(Verb::Get)), ("Unknown".into(), 0));
    bench.cluster.restart_watches();
    bench.idle().await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
}

#[tokio::test(start_paused = true)]
async fn who_goes_while_it_waits_leaves_no_watch_behind() {
    let (bench, _agent) = waiting(false).await;
    patch(&bench.cluster, target("site"), json!({"metadata": {"finalizers": []}})).await;
    delete(&bench.cluster, target("site")).await;
    bench.idle().await;
    for object in [config("touch", "1"), deployment("foreign", 1)] {
        bench.cluster.put(object).unwrap();
    }
    assert_eq!(bench.cluster.open_watches(), 2);
}
