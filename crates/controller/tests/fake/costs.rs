//! What the API server is asked for, counted.

use std::time::Duration;

use serde_json::json;
use sluice_cluster::Verb;

use crate::{
    bench::Bench,
    manifests::{config, configs, files, namespace},
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
