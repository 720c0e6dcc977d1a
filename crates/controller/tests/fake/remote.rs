//! Another cluster: it is applied to, read, and put right at the interval; nothing of it is watched.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rstest::rstest;
use serde_json::{Value, json};
use sluice_cloud::{Endpoints, Environment};
use sluice_cluster::{FakeCluster, Identity, Target, Verb};
use sluice_object::{Gvk, Object};

use crate::{
    bench::{Agent, Bench, NAMESPACE, target},
    lives::patch,
    manifests::{config, deployment, files, namespace},
};

const SERVER: &str = "https://there:6443";
/// The watches of sources and of Kustomizations.
const OURS: usize = 2;

const HOUR: Duration = Duration::from_secs(3600);

/// A bench with a second cluster, and the Secret that leads to it.
async fn bench(user: &str, spec: Value) -> (Bench, FakeCluster, Agent) {
    let bench = Bench::new();
    let there = FakeCluster::new();
    bench.cluster.connect(SERVER, &there);
    let kubeconfig = format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: there, user: me}}}}]\n\
         clusters: [{{name: there, cluster: {{server: '{SERVER}'}}}}]\nusers: [{{name: me, user: {{{user}}}}}]\n"
    );
    let metadata = json!({"name": "there", "namespace": NAMESPACE});
    let data = json!({"value": STANDARD.encode(kubeconfig)});
    bench.cluster.put(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})).unwrap();
    bench.publish("apps", "1", &files("site", [namespace(), config("a", "1"), deployment("web", 1)])).await;
    let mut whole = json!({"kubeConfig": {"secretRef": {"name": "there"}}, "wait": true});
    whole.as_object_mut().unwrap().extend(spec.as_object().cloned().unwrap());
    bench.kustomization("site", whole);
    let agent = bench.start();
    (bench, there, agent)
}

fn a() -> Target {
    Target::of(&Object::new(config("a", "1")).unwrap())
}

fn message(bench: &Bench) -> String {
    let status = bench.status("site");
    let ready = status["conditions"].as_array().unwrap().iter().find(|one| one["type"] == "Ready").unwrap().clone();
    ready["message"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn objects_are_applied_there_and_their_health_is_read() {
    let (bench, there, agent) = bench("token: t", json!({})).await;
    bench.idle().await;
    assert!(there.get(&a()).is_some() && bench.config("a").is_none());
    assert_eq!(bench.ready("site").0, "Unknown");
    assert_eq!(bench.cluster.open_watches(), OURS, "of what is waited for");
    there.make_ready();
    bench.pass(Duration::from_secs(10)).await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
    assert_eq!(bench.cluster.open_watches(), OURS, "of what is managed");
    agent.crash().await;
    bench.cluster.clear_requests();
    let _agent = bench.start();
    bench.idle().await;
    let watches = bench.cluster.requests().into_iter().filter(|(_, verb, _)| *verb == Verb::Watch);
    assert_eq!(watches.count(), OURS, "of what a status lists");
    let watched = |requests: Vec<(Identity, Verb, Target)>| requests.iter().any(|(_, verb, _)| *verb == Verb::Watch);
    assert!(!watched(there.requests()));
}

#[tokio::test(start_paused = true)]
async fn the_account_is_impersonated_there() {
    let (bench, there, _agent) = bench("token: t", json!({"serviceAccountName": "deployer"})).await;
    bench.idle().await;
    let deployer = Identity::ServiceAccount { namespace: NAMESPACE.into(), name: "deployer".into() };
    let requests = there.requests();
    assert!(!requests.is_empty() && requests.iter().all(|(who, ..)| *who == deployer), "{requests:?}");
}

#[tokio::test(start_paused = true)]
async fn drift_there_is_put_back_at_the_interval() {
    let (bench, there, _agent) = bench("token: t", json!({"wait": false})).await;
    bench.idle().await;
    patch(&there, a(), json!({"data": {"v": "by hand"}})).await;
    bench.pass(HOUR).await;
    assert_eq!(there.get(&a()).unwrap().value()["data"]["v"], "1");
}

/// An object of the same name here is watched, for somebody else.
#[tokio::test(start_paused = true)]
async fn the_health_of_an_object_here_tells_nothing() {
    let (bench, there, _agent) = bench("token: t", json!({})).await;
    bench.idle().await;
    let here = [namespace(), deployment("web", 1)];
    bench.publish("apps", "1", &[files("site", here.clone()), files("here", here)].concat()).await;
    bench.kustomization("here", json!({"wait": true}));
    bench.pass(Duration::from_secs(10)).await;
    assert!(bench.is_ready("here"), "{:?}", bench.ready("here"));
    assert_eq!(bench.ready("site").0, "Unknown");
    there.make_ready();
    bench.pass(Duration::from_secs(10)).await;
    assert!(bench.is_ready("site"), "{:?}", bench.ready("site"));
}

/// An object of the same name here belongs to somebody else.
#[tokio::test(start_paused = true)]
async fn objects_here_are_neither_looked_at_nor_deleted() {
    let (bench, there, _agent) = bench("token: t", json!({"wait": false})).await;
    bench.cluster.put(config("a", "here")).unwrap();
    bench.idle().await;
    bench.delete("site").await;
    bench.idle().await;
    assert_eq!((bench.config("a"), there.get(&a())), (Some("here".into()), None));
    assert!(bench.cluster.get(&target("site")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_kubeconfig_that_runs_a_program_is_refused() {
    let (bench, there, _agent) = bench("exec: {command: sh}", json!({})).await;
    bench.idle().await;
    assert_eq!(bench.ready("site"), ("False".into(), "ReconciliationFailed".into()));
    assert!(message(&bench).contains("`exec` runs a program and is not allowed"), "{}", message(&bench));
    assert!(there.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_the_secret_nothing_is_applied_anywhere_and_deletion_waits() {
    let (bench, there, _agent) = bench("token: t", json!({"wait": false})).await;
    bench.idle().await;
    let secret = Target { gvk: Gvk::new("", "v1", "Secret"), namespace: NAMESPACE.into(), name: "there".into() };
    crate::lives::delete(&bench.cluster, secret).await;
    bench.publish("apps", "2", &files("site", [namespace(), config("a", "2")])).await;
    bench.idle().await;
    assert!(message(&bench).contains("unable to read KubeConfig secret 'flux-system/there'"), "{}", message(&bench));
    bench.delete("site").await;
    bench.pass(Duration::from_secs(60)).await;
    assert!(message(&bench).contains("deletionPolicy: Orphan"), "{}", message(&bench));
    assert!(bench.config("a").is_none() && there.get(&a()).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_config_map_leads_there_by_a_token_of_an_account_here() {
    let (bench, there, _agent) = bench("token: t", json!({"suspend": true})).await;
    let metadata = json!({"name": "there", "namespace": NAMESPACE});
    let data = json!({"provider": "generic", "address": "there:6443", "serviceAccountName": "deployer"});
    bench.cluster.put(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})).unwrap();
    bench.kustomization("site", json!({"kubeConfig": {"configMapRef": {"name": "there"}}}));
    bench.idle().await;
    assert_eq!(bench.ready("site"), ("False".into(), "FeatureGateDisabled".into()));
    assert!(there.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_token_is_asked_for_where_something_is_applied_or_deleted() {
    let (mut bench, there) = (Bench::new(), FakeCluster::new());
    bench.policy.access.object_level_identity = true;
    bench.cluster.connect(SERVER, &there);
    let metadata = json!({"name": "there", "namespace": NAMESPACE});
    let data = json!({"provider": "generic", "address": "there:6443", "serviceAccountName": "deployer"});
    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "deployer", "namespace": NAMESPACE}});
    bench.cluster.put(account).unwrap();
    bench.cluster.put(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})).unwrap();
    let tree = [files("site", [namespace(), config("a", "1")]), files("first", [namespace()])].concat();
    bench.publish("apps", "1", &tree).await;
    let reference = json!({"configMapRef": {"name": "there"}});
    bench.kustomization("site", json!({"kubeConfig": reference, "dependsOn": [{"name": "first"}]}));
    let _agent = bench.start();
    bench.idle().await;
    assert_eq!((bench.ready("site").1.as_str(), bench.count(Verb::Create)), ("DependencyNotReady", 0));
    bench.kustomization("first", json!({}));
    bench.idle().await;
    assert!(bench.is_ready("site") && there.get(&a()).is_some(), "{}", message(&bench));
    assert_eq!(bench.count(Verb::Create), 1);
    bench.delete("site").await;
    bench.idle().await;
    assert_eq!((bench.count(Verb::Create), there.get(&a())), (2, None));
}

/// Gives everybody a token, and counts them.
#[expect(clippy::disallowed_methods, reason = "the server is no task of the agent")]
async fn azure() -> (String, Arc<AtomicUsize>) {
    let given = Arc::new(AtomicUsize::new(0));
    let counted = given.clone();
    let token = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::ready(axum::Json(json!({"access_token": "s3cret", "expires_in": 3600})))
    };
    let router = axum::Router::new().route("/tenant/oauth2/v2.0/token", axum::routing::post(token));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, given)
}

/// A bench with a ConfigMap that leads to a cluster of a cloud, and Kustomizations of it.
async fn in_cloud(map: Value, annotations: Value) -> (Bench, FakeCluster, Arc<AtomicUsize>) {
    let (mut bench, there, (url, given)) = (Bench::new(), FakeCluster::new(), azure().await);
    bench.policy.access.object_level_identity = true;
    let endpoints = Endpoints { azure_authority: Some(url), ..Endpoints::default() };
    bench.environment = Environment::default().with_endpoints(endpoints);
    bench.cluster.connect(SERVER, &there);
    let metadata = json!({"name": "deployer", "namespace": NAMESPACE, "annotations": annotations});
    bench.cluster.put(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})).unwrap();
    let metadata = json!({"name": "there", "namespace": NAMESPACE});
    bench.cluster.put(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": map})).unwrap();
    let tree = [files("site", [namespace(), config("a", "1")]), files("other", [config("b", "1")])].concat();
    bench.publish("apps", "1", &tree).await;
    let reference = json!({"configMapRef": {"name": "there"}});
    bench.kustomization("site", json!({"kubeConfig": reference}));
    bench.kustomization("other", json!({"kubeConfig": reference, "dependsOn": [{"name": "site"}]}));
    (bench, there, given)
}

/// Lets real time pass: another server is asked.
async fn until(bench: &Bench, holds: impl Fn(&Bench) -> bool) {
    let patience = tokio::time::timeout(Duration::from_secs(60), async {
        while !holds(bench) {
            bench.pass(Duration::from_millis(5)).await;
        }
    });
    assert!(patience.await.is_ok(), "{:?} {}", bench.ready("site"), message(bench));
}

#[tokio::test]
async fn a_cluster_of_azure_is_applied_to_with_a_token_that_is_used_again() {
    let data = json!({
        "provider": "azure", "address": "there:6443", "ca.crt": "pem", "serviceAccountName": "deployer",
    });
    let annotations = json!({"azure.workload.identity/tenant-id": "tenant", "azure.workload.identity/client-id": "c"});
    let (bench, there, given) = in_cloud(data, annotations).await;
    let _agent = bench.start();
    until(&bench, |bench| bench.is_ready("other")).await;
    assert!(there.get(&a()).is_some() && bench.config("a").is_none());
    assert_eq!((given.load(Ordering::Relaxed), bench.count(Verb::Create)), (1, 1));
    let shown = format!("{:?}{:?}", bench.status("site"), bench.cluster.events());
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[rstest]
#[case::unknown("ibm", "has 'ibm' for its key 'provider'; hint: use aws, azure, gcp or generic")]
#[case::identity("azure", "failed to get provider identity from service account 'flux-system/deployer' annotations")]
#[case::cluster("aws", "`eks.amazonaws.com/role-arn` is ''")]
#[tokio::test]
async fn a_cluster_that_cannot_be_reached_is_refused_with_a_reason(#[case] provider: &str, #[case] why: &str) {
    let data = json!({"provider": provider, "serviceAccountName": "deployer"});
    let (bench, there, given) = in_cloud(data, json!({})).await;
    let _agent = bench.start();
    until(&bench, |bench| bench.ready("site").0 == "False").await;
    assert_eq!(bench.ready("site").1, "ReconciliationFailed");
    assert!(message(&bench).contains(why), "{}", message(&bench));
    assert_eq!((there.requests().len(), given.load(Ordering::Relaxed), bench.count(Verb::Create)), (0, 0, 0));
}
