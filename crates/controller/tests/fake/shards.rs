//! Objects that another agent serves, and fields that others do.

use std::time::Duration;

use serde_json::{Value, json};
use sluice_cluster::{Target, Verb};
use sluice_object::{LabelSelector, Object};
use sluice_reconcile::Settings;

use crate::{
    bench::{Bench, target},
    lives::{come_before, patch},
    manifests::{config, deployment, files, namespace},
};

const HOUR: Duration = Duration::from_secs(3600);

async fn label(bench: &Bench, value: Value) {
    patch(&bench.cluster, target("site"), json!({"metadata": {"labels": {"shard": value}}})).await;
}

#[tokio::test(start_paused = true)]
async fn an_object_is_served_while_its_labels_say_so() {
    let bench = Bench::new();
    bench.publish("apps", "1", &files("site", [namespace(), config("a", "1")])).await;
    bench.kustomization("site", json!({}));
    let shard = LabelSelector::parse("shard=a").unwrap();
    let _agent = bench.start_with(Settings { shard, jitter: 0.0, ..Settings::default() });
    bench.pass(HOUR).await;
    assert_eq!((bench.requests(), bench.config("a")), (0, None));
    label(&bench, json!("a")).await;
    bench.idle().await;
    assert_eq!(bench.config("a"), Some("1".into()));
    label(&bench, json!("b")).await;
    bench.idle().await;
    bench.cluster.clear_requests();
    bench.pass(3 * HOUR).await;
    assert_eq!(bench.requests(), 0, "{:#?}", bench.cluster.requests());
}

/// The label goes while a pass waits for health.
#[tokio::test(start_paused = true)]
async fn a_pass_that_waits_is_left_to_the_next_agent() {
    let bench = Bench::new();
    bench.cluster.auto_ready(false);
    bench.publish("apps", "1", &files("site", [namespace(), deployment("web", 1)])).await;
    bench.kustomization("site", json!({"wait": true, "timeout": "5m"}));
    label(&bench, json!("a")).await;
    let shard = LabelSelector::parse("shard=a").unwrap();
    let _agent = bench.start_with(Settings { shard, jitter: 0.0, ..Settings::default() });
    bench.idle().await;
    assert_eq!(bench.ready("site").0, "Unknown");
    label(&bench, Value::Null).await;
    bench.idle().await;
    bench.cluster.clear_requests();
    bench.cluster.make_ready();
    bench.pass(HOUR).await;
    assert_eq!(bench.requests(), 0, "{:#?}", bench.cluster.requests());
}

/// The label goes while a pass is under way; it is finished.
#[tokio::test(start_paused = true)]
async fn an_object_that_leaves_in_the_middle_of_a_pass_is_not_looked_at_again() {
    let bench = Bench::new();
    bench.publish("apps", "1", &files("site", [namespace(), config("a", "1")])).await;
    bench.kustomization("site", json!({}));
    label(&bench, json!("a")).await;
    come_before(&bench, Verb::Apply, |cluster| {
        let mut site = cluster.get(&target("site")).unwrap().into_value();
        site["metadata"]["labels"] = json!({});
        cluster.put(site).unwrap();
    });
    let shard = LabelSelector::parse("shard=a").unwrap();
    let _agent = bench.start_with(Settings { shard, jitter: 0.0, ..Settings::default() });
    bench.idle().await;
    assert_eq!(bench.config("a"), Some("1".into()));
    bench.cluster.clear_requests();
    bench.pass(3 * HOUR).await;
    assert_eq!(bench.requests(), 0, "{:#?}", bench.cluster.requests());
}

#[tokio::test(start_paused = true)]
async fn a_field_that_is_left_to_others_is_sent_as_it_is() {
    let bench = Bench::new();
    bench.publish("apps", "1", &files("site", [namespace(), deployment("web", 1)])).await;
    bench.kustomization("site", json!({"ignore": [{"paths": ["/spec/replicas"], "target": {"kind": "Deployment"}}]}));
    let _agent = bench.start();
    bench.idle().await;
    let web = Target::of(&Object::new(deployment("web", 1)).unwrap());
    patch(&bench.cluster, web.clone(), json!({"spec": {"replicas": 3}})).await;
    let mut changed = deployment("web", 1);
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = json!("registry.example.com/web:2");
    bench.publish("apps", "2", &files("site", [namespace(), changed])).await;
    bench.idle().await;
    let spec = bench.cluster.get(&web).unwrap().value()["spec"].clone();
    assert_eq!(spec["template"]["spec"]["containers"][0]["image"], "registry.example.com/web:2");
    assert_eq!(spec["replicas"], 3);
}
