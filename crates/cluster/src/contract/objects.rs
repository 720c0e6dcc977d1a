//! Reading and creating.

use std::collections::BTreeMap;

use serde_json::json;
use sluice_object::{Gvk, Object};

use super::{
    apply::managers,
    bench::{Bench, MANAGER, Outcome, bad, good, same},
};
use crate::{Body, Cluster, Event, EventType, Request};

fn create(object: serde_json::Value) -> Outcome<Request> {
    let object = Object::new(object).map_err(|error| error.to_string())?;
    Ok(Request::Create { object, manager: MANAGER.into() })
}

pub(super) async fn an_object_is_created_read_and_listed(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let created = good(bench.object(create(bench.map("created", json!({ "a": "1" })))?).await)?;
    same("a version", created.resource_version().is_empty(), false)?;
    same("a uid", created.uid().is_empty(), false)?;
    same("a time", created.value()["metadata"]["creationTimestamp"].is_string(), true)?;
    let read = good(bench.get(&bench.core("ConfigMap", "created")).await)?;
    same("the object", &read, &created)?;
    let (gvk, namespace) = (Gvk::new("", "v1", "ConfigMap"), Some(bench.namespace.to_owned()));
    let list = Request::List { gvk, namespace, labels: String::new(), body: Body::Full };
    let listed = good(bench.call(list).await)?.into_list();
    same("the listed object", listed.iter().find(|object| object.name() == "created"), Some(&created))
}

pub(super) async fn what_is_not_there_is_not_found(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let error = bad(bench.get(&bench.core("ConfigMap", "nothing")).await)?;
    same("the code", error.code(), 404)?;
    same("the reason", error.reason.as_str(), "NotFound")?;
    same("the message", error.message.as_str(), "configmaps \"nothing\" not found")?;
    let error = bad(bench.get(&bench.target(Gvk::new("apps", "v1", "Deployment"), "nothing")).await)?;
    same("the message", error.message.as_str(), "deployments.apps \"nothing\" not found")?;
    let error = bad(bench.delete(&bench.core("ConfigMap", "nothing")).await)?;
    same("the code of a delete", error.code(), 404)?;
    let error = bad(bench.merge(&bench.core("ConfigMap", "nothing"), MANAGER, json!({ "data": {} })).await)?;
    same("the code of a patch", error.code(), 404)
}

pub(super) async fn a_created_object_must_not_exist(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    good(bench.call(create(bench.map("twice", json!({})))?).await)?;
    let error = bad(bench.call(create(bench.map("twice", json!({})))?).await)?;
    same("the code", error.code(), 409)?;
    same("the reason", error.reason.as_str(), "AlreadyExists")?;
    same("the message", error.message.as_str(), "configmaps \"twice\" already exists")
}

pub(super) async fn an_object_is_replaced(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let missing = bad(bench.replace(bench.map("replaced", json!({ "a": "1" }))).await)?;
    same("the message", missing.message.as_str(), "configmaps \"replaced\" not found")?;
    let first = good(bench.apply_as("before", bench.map("replaced", json!({ "a": "1", "b": "2" })), false).await)?;
    let second = good(bench.replace(bench.map("replaced", json!({ "b": "2", "c": "3" }))).await)?;
    same("the data", &second.value()["data"], &json!({ "b": "2", "c": "3" }))?;
    same("the uid", second.uid(), first.uid())?;
    same("the managers", managers(&second), vec!["before".to_owned(), MANAGER.to_owned()])?;
    let mut old = bench.map("replaced", json!({}));
    old["metadata"]["resourceVersion"] = first.resource_version().into();
    let error = bad(bench.replace(old).await)?;
    same("the code", error.code(), 409)?;
    same("the object", good(bench.get(&bench.core("ConfigMap", "replaced")).await)?, second)
}

pub(super) async fn a_missing_namespace_is_not_found(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let missing = format!("{namespace}-missing");
    let bench = Bench::new(cluster, &missing);
    let message = format!("namespaces {missing:?} not found");
    for error in [
        bad(bench.apply(bench.map("lost", json!({}))).await)?,
        bad(bench.dry_run(bench.map("lost", json!({}))).await)?,
        bad(bench.call(create(bench.map("lost", json!({})))?).await)?,
    ] {
        same("the code", error.code(), 404)?;
        same("the message", &error.message, &message)?;
    }
    Ok(())
}

pub(super) async fn labels_select(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    for (name, labels) in [
        ("select-1", json!({ "select": "yes", "color": "red" })),
        ("select-2", json!({ "select": "yes", "color": "blue" })),
        ("select-3", json!({ "select": "yes" })),
    ] {
        let mut map = bench.map(name, json!({}));
        map["metadata"]["labels"] = labels;
        good(bench.apply(map).await)?;
    }
    for (labels, expected) in [
        ("select=yes", vec!["select-1", "select-2", "select-3"]),
        ("select=yes,color!=red", vec!["select-2", "select-3"]),
        ("select,color in (red, green)", vec!["select-1"]),
        ("select==yes,color notin (red)", vec!["select-2", "select-3"]),
        ("select,!color", vec!["select-3"]),
    ] {
        let (gvk, namespace) = (Gvk::new("", "v1", "ConfigMap"), Some(bench.namespace.to_owned()));
        let list = Request::List { gvk, namespace, labels: labels.into(), body: Body::Full };
        let listed = good(bench.call(list).await)?.into_list();
        let names: Vec<&str> = listed.iter().map(Object::name).collect();
        same(labels, names, expected)?;
    }
    let (gvk, namespace) = (Gvk::new("", "v1", "ConfigMap"), Some(bench.namespace.to_owned()));
    let list = Request::List { gvk, namespace, labels: "a in b".into(), body: Body::Full };
    same("the code for nonsense", bad(bench.call(list).await)?.code(), 400)
}

pub(super) async fn metadata_leaves_the_rest_out(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let mut map = bench.map("partial", json!({ "a": "1" }));
    map["metadata"]["labels"] = json!({ "partial": "yes" });
    let whole = good(bench.apply(map).await)?;
    let (gvk, namespace) = (Gvk::new("", "v1", "ConfigMap"), Some(bench.namespace.to_owned()));
    let list = Request::List { gvk: gvk.clone(), namespace, labels: "partial=yes".into(), body: Body::Metadata };
    let listed = good(bench.call(list).await)?.into_list();
    let [partial] = listed.as_slice() else { return Err(format!("found {listed:?}")) };
    same("the kind", partial.gvk(), gvk)?;
    same("the metadata", &partial.value()["metadata"], &whole.value()["metadata"])?;
    same("the data", partial.value().get("data"), None)
}

pub(super) async fn an_event_is_written(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let about = good(bench.apply(bench.map("eventful", json!({}))).await)?;
    let event = Event {
        about: bench.core("ConfigMap", "eventful"),
        uid: about.uid().into(),
        resource_version: about.resource_version().into(),
        type_: EventType::Warning,
        reason: "HealthCheckFailed".into(),
        message: "not well".into(),
        component: "kustomize-controller".into(),
        annotations: BTreeMap::from([("a.io/b".to_owned(), "c".to_owned())]),
        at: "2026-01-02T03:04:05Z".into(),
    };
    for _ in 0..2 {
        good(bench.call(Request::Event(event.clone())).await)?;
    }
    let (gvk, namespace) = (Gvk::new("", "v1", "Event"), Some(bench.namespace.to_owned()));
    let list = Request::List { gvk, namespace, labels: String::new(), body: Body::Full };
    let events = good(bench.call(list).await)?.into_list();
    let ours: Vec<&Object> =
        events.iter().filter(|event| event.value()["involvedObject"]["uid"] == about.uid()).collect();
    let [first, second] = ours.as_slice() else { return Err(format!("found {ours:?}")) };
    same("distinct names", first.name() == second.name(), false)?;
    let shown = first.value();
    let found = [&shown["type"], &shown["reason"], &shown["message"], &shown["source"]["component"]];
    same(
        "the event",
        found,
        [&json!("Warning"), &json!("HealthCheckFailed"), &json!("not well"), &json!("kustomize-controller")],
    )?;
    same("the annotation", first.annotation("a.io/b"), Some("c"))?;
    same("the time", &shown["lastTimestamp"], &json!("2026-01-02T03:04:05Z"))
}
