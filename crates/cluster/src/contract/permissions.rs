//! Acting as somebody else.

use serde_json::json;
use sluice_object::{Gvk, Object};

use super::{
    NOBODY,
    bench::{Bench, MANAGER, Outcome, bad, good, same},
};
use crate::{Body, Cluster, Identity, Precondition, Propagation, Request};

/// Needs the service account [`NOBODY`] to have no rights.
pub(super) async fn an_impersonated_user_is_refused(cluster: &dyn Cluster, namespace: &str) -> Outcome {
    let bench = Bench::new(cluster, namespace);
    let nobody = Identity::ServiceAccount { namespace: namespace.into(), name: NOBODY.into() };
    let user = format!("system:serviceaccount:{namespace}:{NOBODY}");
    let object = Object::new(bench.deployment("web", 0, "i:1")).map_err(|error| error.to_string())?;
    let target = bench.target(Gvk::new("apps", "v1", "Deployment"), "web");
    let manager = MANAGER.to_owned();
    let apply = |dry_run| Request::Apply { object: object.clone(), manager: manager.clone(), force: false, dry_run };
    let only_if = Precondition::default();
    let requests = [
        ("patch", apply(false)),
        ("patch", apply(true)),
        ("get", Request::Get(target.clone())),
        ("delete", Request::Delete { target: target.clone(), only_if, propagation: Propagation::Background }),
    ];
    let place = format!("resource \"deployments\" in API group \"apps\" in the namespace {namespace:?}");
    for (verb, request) in requests {
        let error = bad(cluster.call(&nobody, request).await)?;
        same("the code", error.code(), 403)?;
        same("the reason", error.reason.as_str(), "Forbidden")?;
        let message = format!("deployments.apps \"web\" is forbidden: User {user:?} cannot {verb} {place}");
        same("the message", &error.message, &message)?;
    }
    let create = Request::Create { object: object.clone(), manager: manager.clone() };
    let error = bad(cluster.call(&nobody, create).await)?;
    same("the message", error.message, format!("deployments.apps is forbidden: User {user:?} cannot create {place}"))?;
    let list = Request::List {
        gvk: Gvk::new("", "v1", "Namespace"),
        namespace: None,
        labels: String::new(),
        body: Body::Metadata,
    };
    let error = bad(cluster.call(&nobody, list).await)?;
    let place = "resource \"namespaces\" in API group \"\" at the cluster scope";
    same("the message", error.message, format!("namespaces is forbidden: User {user:?} cannot list {place}"))?;
    good(bench.apply(bench.deployment("web", 0, "i:1")).await)?;
    let patch = Request::Status { target, patch: json!({ "collisionCount": 1 }), manager };
    let error = bad(cluster.call(&nobody, patch).await)?;
    let place = format!("resource \"deployments/status\" in API group \"apps\" in the namespace {namespace:?}");
    same(
        "the message",
        error.message,
        format!("deployments.apps \"web\" is forbidden: User {user:?} cannot patch {place}"),
    )
}
