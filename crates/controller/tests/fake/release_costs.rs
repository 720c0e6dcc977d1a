//! What HelmReleases ask the API server for, counted.

use std::{sync::Arc, time::Duration};

use rstest::rstest;
use serde_json::{Value, json};
use sluice_cluster::{Target, Verb};
use sluice_controller::helmrelease::HelmReleases;
use sluice_helm::{File, load_files, pack};
use sluice_object::{Object, Revision, Tree};
use sluice_reconcile::Kind as _;
use sluice_source::{Owner, Publication};

use crate::{
    bench::{Agent, Bench, NAMESPACE},
    lives::patch,
    manifests::{config, deployment, namespace},
};

/// How many objects the chart has: a Deployment and ConfigMaps.
const OBJECTS: usize = 10;
const VERSION: &str = "1.0.0";

/// The chart; each of its ConfigMaps has a value of its own.
fn chart() -> Vec<u8> {
    let web = deployment("web", 1).to_string().replace("\"web\"", "\"{{ .Release.Name }}\"");
    let config = |index: usize| {
        let text = config(&format!("NAME-{index}"), &format!("{{{{ .Values.v{index} }}}}")).to_string();
        File::new(format!("templates/c{index}.yaml"), text.replace("NAME", "{{ .Release.Name }}"))
    };
    let mut files = vec![
        File::new("Chart.yaml", format!("apiVersion: v2\nname: app\nversion: {VERSION}\n")),
        File::new("templates/web.yaml", web),
    ];
    files.extend((1..OBJECTS).map(config));
    let loaded = load_files(files, &Default::default()).unwrap();
    pack(&loaded.chart, jiff::Timestamp::UNIX_EPOCH).unwrap()
}

/// A registry's chart that no controller touches, as its artifact.
async fn publish(bench: &Bench) {
    bench.cluster.put(namespace()).unwrap();
    let received = bench.store.take(&chart()).await.unwrap();
    let revision = format!("{VERSION}@{}", received.digest());
    let publication = Publication {
        owner: Owner::new("OCIRepository", NAMESPACE, "app").unwrap(),
        file: "app.tgz".into(),
        revision: Revision::new(&revision),
        metadata: Default::default(),
        tree: Arc::new(Tree::in_memory(Vec::<(&str, &str)>::new())),
        etags: Default::default(),
    };
    let artifact = bench.store.publish_as_is(publication, received).await.unwrap();
    let status = json!({"artifact": {
        "path": artifact.path, "url": format!("http://source-controller/{}", artifact.path),
        "revision": revision, "digest": artifact.digest.as_str(), "lastUpdateTime": "2026-01-01T00:00:00Z",
    }, "observedGeneration": 1});
    let metadata = json!({"name": "app", "namespace": NAMESPACE, "finalizers": ["finalizers.fluxcd.io"]});
    let spec = json!({"interval": "1h", "url": "oci://registry.example.com/app", "suspend": true});
    bench.put("source.toolkit.fluxcd.io/v1", "OCIRepository", metadata, spec, status);
}

fn release(bench: &Bench, name: &str, spec: Value) {
    let values: Value = (1..OBJECTS).map(|index| (format!("v{index}"), json!("1"))).collect();
    let mut whole = json!({
        "interval": "1h", "chartRef": {"kind": "OCIRepository", "name": "app"}, "values": values,
    });
    whole.as_object_mut().unwrap().extend(spec.as_object().cloned().unwrap());
    let metadata = json!({"name": name, "namespace": NAMESPACE});
    bench.put("helm.toolkit.fluxcd.io/v2", "HelmRelease", metadata, whole, Value::Null);
}

fn target(name: &str) -> Target {
    Target { gvk: HelmReleases::gvk(), namespace: NAMESPACE.into(), name: name.into() }
}

fn status(bench: &Bench, name: &str) -> Value {
    bench.cluster.get(&target(name)).unwrap().value()["status"].clone()
}

fn is_ready(bench: &Bench, name: &str) -> bool {
    let status = status(bench, name);
    let mut conditions = status["conditions"].as_array().into_iter().flatten();
    conditions.any(|one| one["type"] == "Ready" && one["status"] == "True")
}

/// Says what was asked for; discovery is a table that is kept, and the fake counts each look at it.
fn asked(bench: &Bench) -> Vec<(Verb, usize)> {
    use Verb::{Apply, Create, Delete, DryRun, Event, Get, List, Patch, Status, Update};
    let verbs = [Get, List, DryRun, Apply, Create, Update, Patch, Delete, Status, Event];
    verbs.into_iter().map(|verb| (verb, bench.count(verb))).filter(|(_, count)| *count > 0).collect()
}

fn total(bench: &Bench) -> usize {
    asked(bench).iter().map(|(_, count)| count).sum()
}

/// A release that is installed.
async fn installed(spec: Value) -> (Bench, Agent) {
    let bench = Bench::new();
    publish(&bench).await;
    release(&bench, "app", spec);
    let agent = bench.start_releases();
    bench.idle().await;
    assert!(is_ready(&bench, "app"), "{:#}", status(&bench, "app"));
    (bench, agent)
}

#[tokio::test(start_paused = true)]
async fn an_install_of_n_objects_costs_at_most_3n_and_14() {
    let (bench, _agent) = installed(json!({})).await;
    let stored = [(Verb::Create, 1), (Verb::Patch, 2)];
    let told = [(Verb::Status, 2), (Verb::Event, 1)];
    let expected = [&[(Verb::List, 1), (Verb::DryRun, OBJECTS), (Verb::Apply, OBJECTS)][..], &stored, &told].concat();
    assert_eq!(asked(&bench), expected);
    assert!(total(&bench) <= 3 * OBJECTS + 14, "{:#?}", bench.cluster.requests());
}

#[rstest]
#[case::by_itself(json!({}))]
#[case::that_is_looked_for_drift(json!({"driftDetection": {"mode": "enabled"}}))]
#[tokio::test(start_paused = true)]
async fn an_interval_without_change_costs_a_look_at_what_is_stored(#[case] spec: Value) {
    let (bench, _agent) = installed(spec).await;
    for _ in 0..3 {
        bench.cluster.clear_requests();
        bench.pass(Duration::from_secs(3600)).await;
        assert_eq!(asked(&bench), [(Verb::List, 1)], "{:#?}", bench.cluster.requests());
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_changed_by_hand_is_put_back_at_the_interval_and_then_left_alone() {
    let (bench, _agent) = installed(json!({"driftDetection": {"mode": "enabled"}})).await;
    let changed = Target::of(&Object::new(config("app-1", "")).unwrap());
    patch(&bench.cluster, changed, json!({"data": {"v": "by hand"}})).await;
    bench.cluster.clear_requests();
    bench.pass(Duration::from_secs(3600)).await;
    assert_eq!(bench.config("app-1"), Some("1".into()));
    // Compared, put back, and compared once more. The fake fills in no defaults, so the Deployment in the form in which
    // Flux sends it counts as changed too, once.
    let compared = [(Verb::Get, 2 * OBJECTS), (Verb::List, 1), (Verb::DryRun, 2 * OBJECTS)];
    let expected = [&compared[..], &[(Verb::Patch, 2), (Verb::Status, 2), (Verb::Event, 2)]].concat();
    assert_eq!(asked(&bench), expected);
    bench.cluster.clear_requests();
    bench.pass(Duration::from_secs(3600)).await;
    assert_eq!(asked(&bench), [(Verb::List, 1)]);
}

#[tokio::test(start_paused = true)]
async fn other_values_write_each_object_and_two_revisions() {
    let (bench, _agent) = installed(json!({})).await;
    patch(&bench.cluster, target("app"), json!({"spec": {"values": {"v1": "2"}}})).await;
    bench.cluster.clear_requests();
    bench.idle().await;
    assert_eq!(bench.config("app-1"), Some("2".into()));
    let written = [(Verb::List, 1), (Verb::DryRun, OBJECTS), (Verb::Apply, OBJECTS), (Verb::Create, 1)];
    let expected = [&written[..], &[(Verb::Patch, 2), (Verb::Status, 2), (Verb::Event, 1)]].concat();
    assert_eq!(asked(&bench), expected);
}

#[tokio::test(start_paused = true)]
async fn watches_are_one_for_each_kind_however_many_releases_there_are() {
    let bench = Bench::new();
    publish(&bench).await;
    (0..20).for_each(|index| release(&bench, &format!("app{index}"), json!({})));
    let _agent = bench.start_releases();
    bench.idle().await;
    assert!((0..20).all(|index| is_ready(&bench, &format!("app{index}"))));
    let (ours, theirs) = (2, 2);
    assert_eq!(bench.cluster.open_watches(), ours + theirs);
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_of_a_release_is_its_object_without_who_wrote_it() {
    let (bench, agent) = installed(json!({})).await;
    let kept = agent.cx.index.get(&target("app").id()).unwrap();
    let bytes = kept.value().to_string().len();
    assert!(kept.value()["metadata"].get("managedFields").is_none());
    assert!(bytes <= 2048 + 128 * OBJECTS, "{bytes} bytes: {:#}", kept.value());
    assert!(bench.cluster.get(&target("app")).unwrap().value().to_string().len() > bytes);
}
