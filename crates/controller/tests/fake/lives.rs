//! Objects of ours that go and come again, and an API server that does not do what it is asked for.

use std::time::Duration;

use serde_json::{Value, json};
use sluice_cluster::{
    ApiError, Cluster, FakeCluster, Identity, Precondition, Propagation, Request, Target, Verb, fake::Fault,
};
use sluice_reconcile::Settings;

use crate::{
    bench::{Agent, Bench, NAMESPACE, target},
    manifests::{config, files, namespace},
};

const HOUR: Duration = Duration::from_secs(3600);

/// A source and a Kustomization that are not yet reconciled.
async fn bench() -> Bench {
    let bench = Bench::new();
    bench.publish("apps", "1", &files("site", [namespace(), config("a", "1")])).await;
    bench.kustomization("site", json!({}));
    bench
}

async fn installed() -> (Bench, Agent) {
    let bench = bench().await;
    let agent = bench.start();
    bench.idle().await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
    (bench, agent)
}

fn source() -> Target {
    Target { gvk: sluice_object::Gvk::new("source.toolkit.fluxcd.io", "v1", "GitRepository"), ..target("apps") }
}

fn user() -> Identity {
    Identity::ServiceAccount { namespace: "default".into(), name: "user".into() }
}

pub(crate) async fn patch(cluster: &FakeCluster, target: Target, patch: Value) {
    let request = Request::MergePatch { target, patch, manager: "somebody".into() };
    cluster.call(&user(), request).await.unwrap();
}

pub(crate) async fn delete(cluster: &FakeCluster, target: Target) {
    let (only_if, propagation) = (Precondition::default(), Propagation::Background);
    cluster.call(&user(), Request::Delete { target, only_if, propagation }).await.unwrap();
}

/// Has the agent's requests of a verb fail, the first `times` of them.
fn refuse(bench: &Bench, verb: Verb, mut times: usize) {
    bench.cluster.faults(Box::new(move |who, request| {
        if *who != Identity::Agent || request.verb() != verb || times == 0 {
            return Fault::None;
        }
        times -= 1;
        Fault::Refuse(ApiError::status(500, "InternalError", "etcdserver: request timed out"))
    }));
}

/// Changes the Kustomization just before the agent's first request of a verb.
pub(crate) fn come_before(bench: &Bench, verb: Verb, mut change: impl FnMut(&FakeCluster) + Send + 'static) {
    let (server, mut done) = (bench.cluster.clone(), false);
    bench.cluster.faults(Box::new(move |who, request| {
        if *who == Identity::Agent && request.verb() == verb && !std::mem::replace(&mut done, true) {
            change(&server);
        }
        Fault::None
    }));
}

fn annotate(cluster: &FakeCluster) {
    let mut site = cluster.get(&target("site")).unwrap();
    site.set_annotation("example.com/seen", "yes");
    cluster.put(site.into_value()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_deleted_is_missed_at_the_interval() {
    let (bench, _agent) = installed().await;
    delete(&bench.cluster, source()).await;
    bench.pass(HOUR).await;
    assert_eq!(bench.ready("site"), ("False".into(), "ArtifactFailed".into()));
    assert_eq!(bench.config("a"), Some("1".into()));
}

#[tokio::test(start_paused = true)]
async fn a_kustomization_that_is_made_anew_is_installed_again() {
    let (bench, _agent) = installed().await;
    bench.delete("site").await;
    bench.idle().await;
    assert_eq!(bench.config("a"), None);
    bench.kustomization("site", json!({}));
    bench.idle().await;
    assert_eq!(bench.config("a"), Some("1".into()));
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
}

#[tokio::test(start_paused = true)]
async fn a_kustomization_that_is_made_anew_while_the_old_one_is_let_go_is_installed_again() {
    let (bench, _agent) = installed().await;
    come_before(&bench, Verb::Patch, |cluster| {
        let mut site = cluster.get(&target("site")).unwrap().into_value();
        site["metadata"]["finalizers"] = json!([]);
        cluster.put(site.clone()).unwrap();
        let metadata = json!({"name": "site", "namespace": NAMESPACE});
        cluster
            .put(json!({
                "apiVersion": site["apiVersion"], "kind": site["kind"], "metadata": metadata, "spec": site["spec"],
            }))
            .unwrap();
    });
    bench.delete("site").await;
    bench.idle().await;
    assert_eq!(bench.config("a"), Some("1".into()));
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
}

#[tokio::test(start_paused = true)]
async fn a_kustomization_whose_finalizer_somebody_takes_away_leaves_no_watch_behind() {
    let (bench, _agent) = installed().await;
    patch(&bench.cluster, target("site"), json!({"metadata": {"finalizers": []}})).await;
    delete(&bench.cluster, target("site")).await;
    bench.idle().await;
    bench.cluster.put(config("touch", "1")).unwrap();
    assert_eq!((bench.config("a"), bench.cluster.open_watches()), (Some("1".into()), 2));
}

#[tokio::test(start_paused = true)]
async fn finalizers_of_others_stay() {
    let bench = bench().await;
    patch(&bench.cluster, target("site"), json!({"metadata": {"finalizers": ["example.com/other"]}})).await;
    let _agent = bench.start();
    bench.idle().await;
    let finalizers = || bench.cluster.get(&target("site")).unwrap().value()["metadata"]["finalizers"].clone();
    assert_eq!(finalizers(), json!(["example.com/other", "finalizers.fluxcd.io"]));
    bench.delete("site").await;
    bench.idle().await;
    assert_eq!((finalizers(), bench.config("a")), (json!(["example.com/other"]), None));
}

#[tokio::test(start_paused = true)]
async fn a_change_that_comes_between_is_not_overwritten_and_costs_no_pass() {
    for verb in [Verb::Patch, Verb::Status] {
        let bench = bench().await;
        come_before(&bench, verb, annotate);
        let _agent = bench.start();
        bench.idle().await;
        assert!(bench.is_ready("site"), "{verb:?}: {:?}", bench.ready("site"));
        let site = bench.cluster.get(&target("site")).unwrap();
        assert_eq!(site.annotation("example.com/seen"), Some("yes"), "{verb:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_applied_before_the_finalizer_is_written() {
    let bench = bench().await;
    refuse(&bench, Verb::Patch, 1);
    let _agent = bench.start();
    bench.idle().await;
    assert_eq!(bench.config("a"), None);
    bench.pass(Duration::from_secs(1)).await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_that_could_not_be_removed_is_removed_later() {
    let (bench, _agent) = installed().await;
    refuse(&bench, Verb::Patch, 1);
    bench.delete("site").await;
    bench.pass(Duration::from_secs(1)).await;
    assert!(bench.cluster.get(&target("site")).is_none());
}

#[tokio::test(start_paused = true)]
async fn passes_whose_status_is_refused_are_repeated_ever_more_slowly() {
    let bench = bench().await;
    refuse(&bench, Verb::Status, usize::MAX);
    let _agent = bench.start();
    let tries = async |time| {
        bench.cluster.clear_requests();
        bench.pass(time).await;
        bench.count(Verb::Status)
    };
    // 0, 0.75, 2.25, 5.25 … s; from 768 s on each 15 min.
    assert_eq!(tries(Duration::from_secs(6)).await, 4);
    assert_eq!(tries(HOUR).await, 10);
    assert_eq!(tries(HOUR).await, 4);
    bench.cluster.no_faults();
    bench.pass(Duration::from_secs(900)).await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
    // What succeeded once begins anew with the short delays.
    refuse(&bench, Verb::Status, usize::MAX);
    assert!(tries(HOUR).await > 4);
}

#[tokio::test(start_paused = true)]
async fn an_interval_varies_by_the_share_that_is_set() {
    for (chance, seconds) in [(0.0, 3240), (0.5, 3600), (1.0, 3960)] {
        let mut bench = bench().await;
        bench.chance = chance;
        let _agent = bench.start_with(Settings { jitter: 0.1, ..Settings::default() });
        bench.idle().await;
        bench.cluster.clear_requests();
        bench.pass(Duration::from_secs(seconds - 5)).await;
        assert_eq!(bench.cluster.requests(), [], "{chance}");
        bench.pass(Duration::from_secs(10)).await;
        assert_eq!(bench.count(Verb::Status), 1, "{chance}");
    }
}

#[tokio::test(start_paused = true)]
async fn other_namespaces_are_none_of_its_business() {
    let bench = bench().await;
    let _agent = bench.start_with(Settings { namespace: Some("elsewhere".into()), ..Settings::default() });
    bench.pass(HOUR).await;
    assert_eq!((bench.requests(), bench.config("a")), (0, None));
}

#[tokio::test(start_paused = true)]
async fn status_is_written_under_the_name_that_flux_uses() {
    let (bench, _agent) = installed().await;
    let site = bench.cluster.get(&target("site")).unwrap();
    let managers = site.value()["metadata"]["managedFields"].as_array().unwrap();
    let of_status: Vec<_> = managers.iter().filter(|entry| entry["subresource"] == "status").collect();
    assert_eq!((of_status.len(), &of_status[0]["manager"]), (1, &json!("gotk-kustomize-controller")));
}
