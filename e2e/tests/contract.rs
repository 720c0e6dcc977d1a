//! The kube implementation keeps, on a real API server, the contract that the fake is held to in `sluice-cluster`,
//! and its watches survive what a fake cannot play.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream::BoxStream};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
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
    apply(&cluster, json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "contract" } })).await?;
    let mut failures = Vec::new();
    for (name, check) in checks() {
        if let Err(failure) = check(&cluster, "contract").await {
            failures.push(format!("{name}: {failure}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));

    let stats = cluster.stats();
    assert_eq!((stats.open_watches, stats.in_flight), (0, 0));
    assert!(stats.requests[&(Verb::Apply, 201)] > 0, "created objects are counted apart");
    a_watch_survives_an_outage(&plane, &cluster).await
}

/// By a service account: a server that has just started may refuse what its roles allow.
async fn a_watch_survives_an_outage(plane: &ControlPlane, admin: &KubeCluster) -> Outcome {
    let agent = connect_as(plane, admin, "agent").await?;
    let maps = Selection { namespace: Some("default".into()), ..Selection::all(Gvk::new("", "v1", "ConfigMap")) };
    let mut watch = agent.watch(&Identity::Agent, maps);
    while next(&mut watch).await? != WatchEvent::Listed {}
    plane.stop_api_server()?;
    sleep(Duration::from_secs(8)).await;
    let failed = next(&mut watch).await?;
    assert!(matches!(&failed, WatchEvent::Failed { refused: false, .. }), "{failed:?}");

    plane.start_api_server().await?;
    let back = Instant::now();
    loop {
        match next(&mut watch).await? {
            WatchEvent::Listed => break,
            WatchEvent::Failed { message, .. } => panic!("told to fail after the outage: {message}"),
            _ => {}
        }
    }
    println!("watching {:?} after the server was ready", back.elapsed());
    assert!(back.elapsed() < Duration::from_secs(2), "{:?}", back.elapsed());
    apply(&agent, json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": named("after-the-outage") })).await?;
    let seen = next(&mut watch).await?;
    assert!(matches!(&seen, WatchEvent::Seen(object) if object.name() == "after-the-outage"), "{seen:?}");
    println!("{:?}", agent.stats().requests);
    Ok(())
}

/// Connects as a service account that may do everything.
async fn connect_as(plane: &ControlPlane, admin: &KubeCluster, account: &str) -> Outcome<KubeCluster> {
    apply(admin, json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": named(account) })).await?;
    let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin" });
    let subject = json!({ "kind": "ServiceAccount", "namespace": "default", "name": account });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": account },
        "roleRef": role, "subjects": [subject],
    });
    apply(admin, binding).await?;
    let kubeconfig = Kubeconfig::read_from(plane.kubeconfig_for("default", account).await?)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    Ok(KubeCluster::connect(config, Options::default())?)
}

fn named(name: &str) -> Value {
    json!({ "name": name, "namespace": "default" })
}

async fn next(watch: &mut BoxStream<'static, WatchEvent>) -> Outcome<WatchEvent> {
    Ok(timeout(Duration::from_secs(30), watch.next()).await?.ok_or("the watch has ended")?)
}

async fn apply(cluster: &KubeCluster, object: Value) -> Outcome {
    let object = Object::new(object)?;
    let request = Request::Apply { object, manager: "e2e".into(), force: false, dry_run: false };
    cluster.call(&Identity::Agent, request).await?;
    Ok(())
}
