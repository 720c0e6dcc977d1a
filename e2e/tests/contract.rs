//! The kube implementation keeps, on a real API server, the contract that the fake is held to in `sluice-cluster`,
//! and its watches survive what a fake cannot play.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream::BoxStream};
use serde_json::json;
use sluice_cluster::{
    Cluster, Identity, KubeCluster, Request, Selection, Verb, WatchEvent, contract::checks, kube::Options,
};
use sluice_e2e::ControlPlane;
use sluice_object::{Gvk, Object};
use tokio::time::{sleep, timeout};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

#[tokio::test]
async fn the_real_server_keeps_the_contract() -> Outcome {
    let plane = ControlPlane::start(sluice_e2e::Options::default()).await?;
    let cluster = KubeCluster::connect(plane.admin_config(), Options::default())?;
    apply(&cluster, "v1", "Namespace", "contract").await?;
    let mut failures = Vec::new();
    for (name, check) in checks() {
        if let Err(failure) = check(&cluster, "contract").await {
            failures.push(format!("{name}: {failure}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));

    let stats = cluster.stats();
    println!("{:?}", stats.requests);
    assert_eq!((stats.open_watches, stats.in_flight), (0, 0));
    a_watch_survives_an_outage(&plane, &cluster).await
}

async fn a_watch_survives_an_outage(plane: &ControlPlane, cluster: &KubeCluster) -> Outcome {
    let maps = Selection { namespace: Some("default".into()), ..Selection::all(Gvk::new("", "v1", "ConfigMap")) };
    let mut watch = cluster.watch(&Identity::Agent, maps);
    while next(&mut watch).await? != WatchEvent::Listed {}
    plane.stop_api_server()?;
    sleep(Duration::from_secs(8)).await;
    let failed = next(&mut watch).await?;
    assert!(matches!(&failed, WatchEvent::Failed { refused: false, .. }), "{failed:?}");

    plane.start_api_server().await?;
    let back = Instant::now();
    while next(&mut watch).await? != WatchEvent::Listed {}
    println!("watching {:?} after the server was ready", back.elapsed());
    assert!(back.elapsed() < Duration::from_secs(2), "{:?}", back.elapsed());
    apply(cluster, "v1", "ConfigMap", "after-the-outage").await?;
    let seen = next(&mut watch).await?;
    assert!(matches!(&seen, WatchEvent::Seen(object) if object.name() == "after-the-outage"), "{seen:?}");
    assert_eq!(cluster.stats().requests.get(&(Verb::Discovery, 403)), None);
    Ok(())
}

async fn next(watch: &mut BoxStream<'static, WatchEvent>) -> Outcome<WatchEvent> {
    Ok(timeout(Duration::from_secs(30), watch.next()).await?.ok_or("the watch has ended")?)
}

async fn apply(cluster: &KubeCluster, api_version: &str, kind: &str, name: &str) -> Outcome {
    let mut object = json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name } });
    if kind == "ConfigMap" {
        object["metadata"]["namespace"] = "default".into();
    }
    let object = Object::new(object)?;
    let request = Request::Apply { object, manager: "e2e".into(), force: false, dry_run: false };
    cluster.call(&Identity::Agent, request).await?;
    Ok(())
}
