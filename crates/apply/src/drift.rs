//! Drift of a Helm release: what was found of its objects in the cluster, and what puts them back.
//!
//! stored manifest → [`prepare`] → (the live object, a forced dry-run) → [`compare`] → [`summary`], [`corrections`]
//!
//! Source: fluxcd/pkg `ssa/jsondiff`, helm-controller `internal/action`. Unlike a rollout, a correction is no apply: it
//! creates what is missing and patches what differs. What is no drift is first taken over from the live object, so that
//! a patch never takes it away, however much it replaces.

mod correct;
mod length;
mod patch;
mod text;

use serde_json::Value;
use sluice_cluster::ApiError;
use sluice_object::Object;

pub use correct::{correction_error, corrections};
pub use text::{brief, summary};

use crate::{
    diff::keep_real_metrics,
    ignore::{IgnoreRules, with_live},
    managed_fields::{TakeOver, fold},
    prepare::normalize,
    problem::{Problem, Trouble},
};

/// The field manager of releases.
pub const MANAGER: &str = "helm-controller";

const MARK: &str = "helm.toolkit.fluxcd.io/driftDetection";

/// What was found of one object of a release.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// It is as the release wants it.
    Same,
    /// It is left alone on request.
    Excluded,
    /// It is not in the cluster.
    Missing,
    /// It differs.
    Changed {
        /// The operations (RFC 6902) that bring the live object back, in order.
        patch: Vec<Value>,
    },
}

/// An object of a release, with what was found of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The object as the release wants it.
    pub object: Object,
    /// What was found.
    pub found: Found,
}

/// Puts Helm's label and annotations on an object of a stored manifest, in the form in which Flux sends it.
pub fn prepare(mut object: Object, release: &str, namespace: &str) -> Object {
    normalize(&mut object);
    object.set_label("app.kubernetes.io/managed-by", "Helm");
    object.set_annotation("meta.helm.sh/release-name", release);
    object.set_annotation("meta.helm.sh/release-namespace", namespace);
    object
}

/// Says whether an object is left alone: by the mark `driftDetection: disabled` on it or in the cluster, or by a rule
/// with an empty path.
pub fn is_excluded(desired: &Object, live: Option<&Object>, ignore: &IgnoreRules) -> bool {
    let marked = |object: &Object| object.marked(MARK, "disabled");
    marked(desired) || live.is_some_and(marked) || ignore.leave_all_of(desired)
}

/// Compares an object of a release with the cluster.
///
/// `live` is not set where there is none; `answer` is that of a forced server-side dry-run of `desired` by [`MANAGER`].
pub fn compare(desired: &Object, live: Option<&Object>, answer: &Object, ignore: &IgnoreRules) -> Found {
    if is_excluded(desired, live, ignore) {
        return Found::Excluded;
    }
    let Some(live) = live.filter(|_| !answer.resource_version().is_empty()) else { return Found::Missing };
    let mut answer = answer.clone();
    mend(&mut answer);
    keep_metadata(&mut answer.value_mut()["metadata"], &live.value()["metadata"]);
    let wanted = with_live(&answer, live, &ignore.of(desired));
    let patch = patch::between(live, &wanted);
    if patch.is_empty() { Found::Same } else { Found::Changed { patch } }
}

/// Only the answer is mended: the patch is for the live object as it is.
fn mend(answer: &mut Object) {
    if answer.kind() == "HorizontalPodAutoscaler"
        && answer.gvk().version == "v2"
        && let Some(spec) = answer.value_mut().get_mut("spec")
    {
        keep_real_metrics(spec);
    }
}

/// Labels and annotations that others have added are no drift.
fn keep_metadata(wanted: &mut Value, live: &Value) {
    for name in ["labels", "annotations"] {
        match (live.get(name), wanted.get_mut(name)) {
            (Some(live), None) => wanted[name] = live.clone(),
            (Some(Value::Object(live)), Some(Value::Object(wanted))) => {
                let kept: Vec<_> = live.iter().filter(|(key, _)| !wanted.contains_key(*key)).collect();
                wanted.extend(kept.into_iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            _ => {}
        }
    }
}

/// Returns the JSON patch that gives the release the fields of the managers named, by prefix, if they have any.
pub fn take_over(live: &Object, overridden: &[String]) -> Option<Value> {
    fold(live, &TakeOver { manager: MANAGER.into(), overridden: overridden.to_vec() })
}

/// Returns what a failed dry-run is told as.
pub fn dry_run_error(desired: &Object, error: &ApiError) -> String {
    Problem::of(desired, Trouble::DryRun(error.clone())).text()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        Object::new(value).unwrap()
    }

    #[rstest]
    #[case::in_normal_form("v1", "Service", json!({"ports": [{"port": 80}]}),
        json!({"ports": [{"port": 80, "protocol": "TCP", "targetPort": 0}]}))]
    #[case::as_it_is("e.io/v1", "Foo", json!({"ports": [{"port": 80}]}), json!({"ports": [{"port": 80}]}))]
    fn an_object_of_a_release_bears_its_names(
        #[case] version: &str,
        #[case] kind: &str,
        #[case] spec: Value,
        #[case] sent: Value,
    ) {
        let manifest = object(json!({"apiVersion": version, "kind": kind, "spec": spec,
            "metadata": {"name": "a", "labels": {"app.kubernetes.io/managed-by": "Me"}}}));
        let metadata = json!({"name": "a", "creationTimestamp": null,
            "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "apps"}});
        let expected = json!({"apiVersion": version, "kind": kind, "spec": sent, "metadata": metadata});
        assert_eq!(prepare(manifest, "web", "apps").into_value(), expected);
    }

    #[test]
    fn a_role_bears_the_names_too() {
        let role = object(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"name": "a"}}));
        assert_eq!(prepare(role, "web", "apps").annotation("meta.helm.sh/release-name"), Some("web"));
    }

    #[rstest]
    #[case("kubectl-edit", false)]
    #[case("console-of-them", true)]
    fn only_managers_that_are_named_are_taken_over(#[case] manager: &str, #[case] taken: bool) {
        let entry = |manager: &str, operation: &str| json!({"manager": manager, "operation": operation, "fieldsV1": {"f:spec": {}}});
        let live = object(json!({"apiVersion": "e.io/v1", "kind": "Foo",
            "metadata": {"name": "a", "managedFields": [entry(manager, "Update")]}}));
        let patch = json!([{"op": "replace", "path": "/metadata/managedFields",
            "value": [entry("helm-controller", "Apply")]}]);
        assert_eq!(take_over(&live, &["console".into()]), taken.then_some(patch));
    }

    #[test]
    fn a_failed_dry_run_is_told_as_that_of_an_apply() {
        let desired = object(json!({"apiVersion": "e.io/v1", "kind": "Foo",
            "metadata": {"name": "a", "namespace": "ns"}}));
        let error = ApiError::status(403, "Forbidden", "no");
        assert_eq!(dry_run_error(&desired, &error), "Foo/ns/a dry-run failed (Forbidden): no");
    }
}
