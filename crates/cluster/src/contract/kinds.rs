//! Which kinds are served.

use serde_json::{Value, json};
use sluice_object::Gvk;

use super::bench::{Bench, Outcome, bad, good, same};
use crate::{Cluster, ErrorKind, NoMatch, Request, Resolved, Response, Target};

pub(super) async fn an_unknown_kind_has_no_match(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let old = "no matches for kind \"Deployment\" in version \"apps/v1beta1\"";
    for (gvk, message, served) in [
        (Gvk::new("e.io", "v1", "Foo"), "no matches for kind \"Foo\" in version \"e.io/v1\"", vec![]),
        (Gvk::new("apps", "v1", "Foo"), "no matches for kind \"Foo\" in version \"apps/v1\"", vec![]),
        (Gvk::new("apps", "v1beta1", "Deployment"), old, vec!["v1".to_owned()]),
    ] {
        let kind = ErrorKind::NoMatch(Box::new(NoMatch { gvk: gvk.clone(), served }));
        let target = bench.target(gvk.clone(), "x");
        for error in [bad(bench.get(&target).await)?, bad(bench.call(Request::Resolve(gvk.clone())).await)?] {
            same("the error", &error.kind, &kind)?;
            same("the message", error.message.as_str(), message)?;
        }
    }
    let known = good(bench.call(Request::Resolve(Gvk::new("apps", "v1", "Deployment"))).await)?;
    same("a known kind", known, Response::Resolved(Resolved { plural: "deployments".into(), namespaced: true }))?;
    let known = good(bench.call(Request::Resolve(Gvk::new("", "v1", "Namespace"))).await)?;
    same("a known kind", known, Response::Resolved(Resolved { plural: "namespaces".into(), namespaced: false }))
}

pub(super) async fn a_server_tells_its_version_and_kinds(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let Response::Server(server) = good(Bench::new(cluster, namespace).call(Request::Discover).await)? else {
        return Err("the answer is no server".into());
    };
    same("that the version is one", server.version.starts_with("v1."), true)?;
    same("that a kind is served", server.kinds.contains(&Gvk::new("apps", "v1", "Deployment")), true)?;
    same("that the kinds are sorted", server.kinds.is_sorted(), true)
}

pub(super) async fn a_definition_serves_its_kind(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let gvk = Gvk::new(format!("{namespace}.contract.test"), "v1", "Widget");
    let widget = bench.target(gvk.clone(), "one");
    same(
        "the error",
        bad(bench.get(&widget).await)?.kind,
        ErrorKind::NoMatch(Box::new(NoMatch { gvk: gvk.clone(), served: Vec::new() })),
    )?;
    let definition = define(&bench, &gvk).await?;
    let mut object = widget_object(&bench, &gvk, json!({ "size": 1, "parts": [{ "id": "a" }] }));
    object["status"] = json!({ "ready": true });
    let first = good(bench.apply(object).await)?;
    same("the generation", first.generation(), Some(1))?;
    same("a status that was applied", first.value().get("status"), None)?;
    let other = widget_object(&bench, &gvk, json!({ "parts": [{ "id": "b" }] }));
    let merged = good(bench.apply_as("other", other, false).await)?;
    same("the parts", &merged.value()["spec"]["parts"], &json!([{ "id": "a" }, { "id": "b" }]))?;
    same("the generation after a change", merged.generation(), Some(2))?;
    let patched = good(bench.status(&widget, json!({ "ready": true })).await)?;
    same("the status", &patched.value()["status"], &json!({ "ready": true }))?;
    same("the generation after a status", patched.generation(), Some(2))?;
    let unknown = bad(bench.strategic(&widget, json!({ "spec": { "size": 2 } })).await)?;
    same("the code for a strategic patch", unknown.code(), 415)?;
    let unversioned = widget_object(&bench, &gvk, json!({ "size": 2 }));
    same("the code without a version", bad(bench.replace(unversioned).await)?.code(), 422)?;
    let other = json!({ "status": {}, "metadata": { "uid": "11111111-2222-4333-8444-555555555555" } });
    same("a status with another uid, which nobody notices", good(bench.status(&widget, other).await)?, patched)?;
    let old = json!({ "status": {}, "metadata": { "resourceVersion": first.resource_version() } });
    same("the code for an old version", bad(bench.status(&widget, old).await)?.code(), 409)?;
    good(bench.delete(&definition).await)?;
    bench.gone(&definition).await?;
    match bad(bench.get(&widget).await)? {
        // For a moment the server may still know the path.
        error if error.is_not_found() || matches!(error.kind, ErrorKind::NoMatch(_)) => Ok(()),
        error => Err(format!("after the end of the kind: {error:?}")),
    }
}

/// Defines a kind and waits until it is served.
pub(super) async fn define(bench: &Bench<'_>, gvk: &Gvk) -> Outcome<Target> {
    let name = format!("widgets.{}", gvk.group);
    let gvk_of_definitions = Gvk::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let target = Target { gvk: gvk_of_definitions, namespace: String::new(), name: name.clone() };
    good(bench.apply(definition(&name, gvk)).await)?;
    let list = Request::List {
        gvk: gvk.clone(),
        namespace: Some(bench.namespace.into()),
        labels: String::new(),
        body: crate::Body::Full,
    };
    bench.eventually(list).await?;
    let defined = good(bench.get(&target).await)?;
    let conditions = defined.value()["status"]["conditions"].as_array();
    let established = conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Established" && condition["status"] == "True");
    same("established", established, true)?;
    Ok(target)
}

fn definition(name: &str, gvk: &Gvk) -> Value {
    let part = json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": "string" } } });
    let parts = json!({
        "type": "array", "items": part, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
    });
    let spec = json!({ "type": "object", "properties": { "size": { "type": "integer" }, "parts": parts } });
    let status = json!({ "type": "object", "properties": { "ready": { "type": "boolean" } } });
    let schema = json!({ "type": "object", "properties": { "spec": spec, "status": status } });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": name },
        "spec": {
            "group": gvk.group,
            "scope": "Namespaced",
            "names": { "kind": gvk.kind, "plural": "widgets", "singular": "widget", "listKind": "WidgetList" },
            "versions": [{
                "name": gvk.version, "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": schema },
            }],
        },
    })
}

pub(super) fn widget_object(bench: &Bench<'_>, gvk: &Gvk, spec: Value) -> Value {
    json!({ "apiVersion": gvk.api_version(), "kind": gvk.kind, "metadata": bench.metadata("one"), "spec": spec })
}
