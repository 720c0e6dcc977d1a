//! What requests look like, and when they are repeated, against a server that answers by script.

use std::collections::BTreeMap;

use crate::server::{Answer, Server, map, status};
use futures::future::join_all;
use serde_json::{Value, json};
use sluice_cluster::{Cluster as _, Event, EventType, Identity, Precondition, Propagation, Request, Target, Verb};
use sluice_object::{Gvk, Object};

fn target(name: &str) -> Target {
    Target { gvk: Gvk::new("", "v1", "ConfigMap"), namespace: "default".into(), name: name.into() }
}

fn object() -> Object {
    Object::new(map("a", "")).unwrap()
}

fn good() -> Answer {
    Answer::Json(200, map("a", "1"))
}

#[tokio::test]
async fn an_apply_is_a_patch() {
    let server = Server::start(|_, _| good()).await;
    let request = Request::Apply { object: object(), manager: "m&n".into(), force: true, dry_run: true };
    server.cluster.call(&Identity::Agent, request).await.unwrap();
    let [asked] = &server.requests("PATCH")[..] else { panic!() };
    let line = "PATCH /api/v1/namespaces/default/configmaps/a?fieldManager=m%26n&force=true&dryRun=All";
    assert_eq!(asked.line, line);
    assert!(asked.headers.contains("content-type: application/apply-patch+yaml"), "{}", asked.headers);
    assert!(asked.headers.contains("user-agent: sluice/test"), "{}", asked.headers);
    assert!(!asked.headers.contains("impersonate"), "{}", asked.headers);
    assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), *object().value());
}

#[tokio::test]
async fn a_strategic_patch_has_a_type_of_its_own() {
    let server = Server::start(|_, _| good()).await;
    let (patch, manager) = (json!({ "data": null }), "m".to_owned());
    let request = Request::StrategicPatch { target: target("a"), patch: patch.clone(), manager };
    server.cluster.call(&Identity::Agent, request).await.unwrap();
    let [asked] = &server.requests("PATCH")[..] else { panic!() };
    assert_eq!(asked.line, "PATCH /api/v1/namespaces/default/configmaps/a?fieldManager=m");
    assert!(asked.headers.contains("content-type: application/strategic-merge-patch+json"), "{}", asked.headers);
    assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), patch);
}

#[tokio::test]
async fn a_replacement_is_put_where_the_object_is() {
    let server = Server::start(|_, _| good()).await;
    let request = Request::Replace { object: object(), manager: "m".into() };
    server.cluster.call(&Identity::Agent, request).await.unwrap();
    let [asked] = &server.requests("PUT")[..] else { panic!() };
    assert_eq!(asked.line, "PUT /api/v1/namespaces/default/configmaps/a?fieldManager=m");
    assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), *object().value());
}

#[tokio::test]
async fn a_service_account_is_impersonated_by_its_user_alone() {
    let server = Server::start(|_, _| good()).await;
    let who = Identity::ServiceAccount { namespace: "apps".into(), name: "deployer".into() };
    server.cluster.call(&who, Request::Get(target("a"))).await.unwrap();
    let asked = &server.requests("configmaps")[0];
    assert!(asked.headers.contains("impersonate-user: system:serviceaccount:apps:deployer"), "{}", asked.headers);
    assert!(!asked.headers.contains("impersonate-group"), "{}", asked.headers);
    assert!(!server.requests("GET /api")[0].headers.contains("impersonate"), "discovery is the agent's");
}

#[tokio::test]
async fn a_delete_says_what_must_hold() {
    let server = Server::start(|_, _| good()).await;
    let only_if = Precondition { uid: Some("u".into()), resource_version: None };
    let delete = Request::Delete { target: target("a"), only_if, propagation: Propagation::Foreground };
    server.cluster.call(&Identity::Agent, delete).await.unwrap();
    let body: Value = serde_json::from_str(&server.requests("DELETE")[0].body).unwrap();
    let preconditions = json!({ "uid": "u", "resourceVersion": null });
    let expected = json!({
        "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground", "preconditions": preconditions,
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn an_event_of_a_cluster_scoped_object_goes_to_default() {
    let server = Server::start(|_, _| good()).await;
    let event = Event {
        about: Target { gvk: Gvk::new("", "v1", "Node"), namespace: String::new(), name: "n".into() },
        uid: String::new(),
        resource_version: String::new(),
        type_: EventType::Normal,
        reason: "R".into(),
        message: "m".into(),
        component: "c".into(),
        annotations: BTreeMap::new(),
        at: "2026-01-01T00:00:00Z".into(),
    };
    server.cluster.call(&Identity::Agent, Request::Event(event)).await.unwrap();
    assert_eq!(server.asked("POST"), ["POST /api/v1/namespaces/default/events"]);
}

#[tokio::test]
async fn a_request_that_is_put_off_is_repeated() {
    let server =
        Server::start(|_, before| if before == 0 { Answer::Code(429, "retry-after: 0\r\n") } else { good() }).await;
    let create = Request::Create { object: object(), manager: "m".into() };
    server.cluster.call(&Identity::Agent, create).await.unwrap();
    assert_eq!(server.asked("POST").len(), 2);
    let stats = server.cluster.stats().requests;
    assert_eq!((stats[&(Verb::Create, 429)], stats[&(Verb::Create, 200)]), (1, 1));
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_but_a_create_is_not_repeated() {
    let server = Server::start(|asked, before| match asked.line.starts_with("GET") && before > 0 {
        true => good(),
        false => Answer::Cut,
    })
    .await;
    server.cluster.call(&Identity::Agent, Request::Get(target("a"))).await.unwrap();
    assert_eq!(server.asked("configmaps/a").len(), 2);
    let create = Request::Create { object: object(), manager: "m".into() };
    assert!(server.cluster.call(&Identity::Agent, create).await.unwrap_err().is_transient());
    assert_eq!(server.asked("POST").len(), 1);
}

#[tokio::test]
async fn discovery_is_read_once_for_all() {
    let server = Server::start(|_, _| good()).await;
    let calls = (0..20).map(|_| server.cluster.call(&Identity::Agent, Request::Get(target("a"))));
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(server.asked("GET /api").iter().filter(|line| !line.contains("configmaps")).count(), 2);
}

#[tokio::test]
async fn an_unknown_kind_is_asked_for_once_a_second() {
    let server = Server::start(|_, _| Answer::Code(404, "")).await;
    let foo = Request::Resolve(Gvk::new("e.io", "v1", "Foo"));
    let began = std::time::Instant::now();
    let calls = (0..20).map(|_| server.cluster.call(&Identity::Agent, foo.clone()));
    assert!(join_all(calls).await.iter().all(Result::is_err));
    let (asked, seconds) = (server.asked("/apis/e.io/v1").len(), began.elapsed().as_secs());
    assert!(asked >= 1 && asked as u64 <= 1 + seconds, "{asked} in {seconds} s");
    assert!(server.cluster.call(&Identity::Agent, foo).await.is_err());
    let again = server.asked("/apis/e.io/v1").len();
    assert_eq!(again, asked + 1);
    let least = std::time::Duration::from_millis(900) * asked as u32;
    assert!(began.elapsed() >= least, "{again} in {:?}", began.elapsed());
}

#[tokio::test]
async fn a_kind_that_has_gone_has_no_match() {
    let server = Server::start(|asked, before| match asked.line.as_str() {
        "GET /apis/e.io/v1" if before == 0 => {
            Answer::Json(200, json!({ "resources": [{ "name": "foos", "kind": "Foo", "namespaced": true }] }))
        }
        line if line.contains("/foos/") && before == 0 => Answer::Json(404, status(404, "NotFound")),
        _ => Answer::Code(404, ""),
    })
    .await;
    let foo = Gvk::new("e.io", "v1", "Foo");
    let get = || Request::Get(Target { gvk: foo.clone(), namespace: "default".into(), name: "x".into() });
    let error = server.cluster.call(&Identity::Agent, get()).await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let error = server.cluster.call(&Identity::Agent, get()).await.unwrap_err();
    assert_eq!(error.message, "no matches for kind \"Foo\" in version \"e.io/v1\"");
}

#[tokio::test]
async fn a_kind_that_is_defined_and_not_served_may_come_back() {
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let server = Server::start(move |asked, _| match asked.line.strip_prefix("GET ").unwrap_or_default() {
        path if path == definitions => {
            let names = ["foos.other.io", "bars.e.io", "foos.e.io"];
            let items = names.map(|name| json!({ "metadata": { "name": name } }));
            Answer::Json(200, json!({ "kind": "PartialObjectMetadataList", "items": items }))
        }
        path if path.ends_with("/bars.e.io") => {
            Answer::Json(200, json!({ "spec": { "group": "e.io", "names": { "kind": "Bar" } } }))
        }
        path if path.ends_with("/foos.e.io") => {
            Answer::Json(200, json!({ "spec": { "group": "e.io", "names": { "kind": "Foo" } } }))
        }
        _ => Answer::Code(404, ""),
    })
    .await;
    let resolve = |kind: &str| server.cluster.call(&Identity::Agent, Request::Resolve(Gvk::new("e.io", "v1", kind)));
    let error = resolve("Foo").await.unwrap_err();
    assert!(error.is_transient() && error.message.contains("CustomResourceDefinition/foos.e.io"), "{error:?}");
    assert!(matches!(resolve("Baz").await.unwrap_err().kind, sluice_cluster::ErrorKind::NoMatch(_)));
    assert_eq!(server.asked("foos.other.io").len(), 0);
}

#[tokio::test]
async fn no_server_is_a_transient_failure_that_names_it() {
    let config = kube::Config::new("http://127.0.0.1:9".parse().unwrap());
    let cluster = sluice_cluster::KubeCluster::connect(config, Default::default()).unwrap();
    let error = cluster.call(&Identity::Agent, Request::Get(target("a"))).await.unwrap_err();
    assert!(error.is_transient());
    assert!(error.message.contains("127.0.0.1:9") && error.message.contains("refused"), "{error}");
}
