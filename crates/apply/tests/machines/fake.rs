//! Rollouts on the fake API server, which keeps managed fields, immutable fields and finalizers as the real one does.

use futures::FutureExt;
use serde_json::json;
use sluice_apply::{
    Input, Outcome, Step,
    health::{Health, Reader},
    rollout::{Options, Rollout},
};
use sluice_cluster::{Cluster, FakeCluster, Identity, Request, Target, Verb};
use sluice_object::{InventoryEntry, Object};

use crate::world::{config, definition, deployment, foo, namespace, now, options};

/// A reconciler of the fake cluster.
#[derive(Default)]
struct Reconciler {
    cluster: FakeCluster,
    inventory: Vec<InventoryEntry>,
}

impl Reconciler {
    fn sync(&mut self, manifests: &[Object], options: Options) -> Outcome {
        let (mut rollout, mut step) = Rollout::start(manifests.to_vec(), self.inventory.clone(), options, now());
        loop {
            let input = match step {
                Step::Requests { requests, .. } => {
                    let call = |request| self.cluster.call(&Identity::Agent, request).now_or_never().unwrap();
                    Input::Answers(requests.into_iter().map(|keyed| (keyed.key, call(keyed.request))).collect())
                }
                Step::Publish(inventory) => {
                    self.inventory = inventory;
                    Input::Published
                }
                Step::Wait(spec) => {
                    self.cluster.make_ready();
                    let health = |target: &Target| match self.cluster.get(target) {
                        Some(object) => Reader::default().read(&object, now()),
                        None => Health::not_found(),
                    };
                    Input::Health(spec.targets.iter().map(|target| (target.id(), health(target))).collect())
                }
                Step::Done(outcome) => {
                    self.inventory.clone_from(&outcome.inventory);
                    return *outcome;
                }
                Step::Failed(failure) => panic!("{failure:#?}"),
            };
            step = rollout.next(input, now());
        }
    }

    fn count(&self, verb: Verb) -> usize {
        self.cluster.requests().iter().filter(|(_, seen, _)| *seen == verb).count()
    }
}

fn all() -> Vec<Object> {
    vec![foo("f"), deployment("d", "d", 1), config("a", "1"), namespace("ns"), definition_with_schema()]
}

fn definition_with_schema() -> Object {
    let mut definition = definition();
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    definition.value_mut()["spec"]["versions"] =
        json!([{"name": "v1", "served": true, "storage": true, "schema": schema}]);
    definition
}

#[test]
fn a_set_is_applied_once() {
    let mut reconciler = Reconciler::default();
    let outcome = reconciler.sync(&all(), options());
    assert_eq!(outcome.changes.change_log().lines().count(), 5, "{}", outcome.changes.full_log());
    assert!(reconciler.cluster.requests().len() <= 2 * 5 + 7, "{:?}", reconciler.cluster.requests());
    reconciler.cluster.clear_requests();
    let outcome = reconciler.sync(&all(), options());
    assert!(!outcome.changes.any(), "{}", outcome.changes.full_log());
    assert_eq!((reconciler.count(Verb::Apply), reconciler.cluster.requests().len()), (0, 10));
}

#[test]
fn a_field_set_by_kubectl_is_taken_over_and_removed() {
    let mut reconciler = Reconciler::default();
    reconciler.sync(&all(), options());
    let target = Target::of(&config("a", "1"));
    let patch = json!({"data": {"b": "by hand"}});
    let request = Request::MergePatch { target: target.clone(), patch, manager: "kubectl-edit".into() };
    reconciler.cluster.call(&Identity::Agent, request).now_or_never().unwrap().unwrap();
    let outcome = reconciler.sync(&all(), options());
    assert_eq!(outcome.changes.change_log(), "ConfigMap/ns/a configured");
    assert_eq!(reconciler.cluster.get(&target).unwrap().value()["data"], json!({"a": "1"}));
    assert!(!reconciler.sync(&all(), options()).changes.any());
}

#[test]
fn a_forced_object_is_made_anew() {
    let mut reconciler = Reconciler::default();
    reconciler.sync(&all(), options());
    let mut changed = all();
    changed[1] = deployment("d", "other", 1);
    let outcome = reconciler.sync(&changed, Options { force: true, ..options() });
    assert_eq!(outcome.changes.change_log(), "Deployment/ns/d created");
}

#[test]
fn stale_objects_go() {
    let mut reconciler = Reconciler::default();
    reconciler.sync(&all(), options());
    let outcome = reconciler.sync(&[namespace("ns")], options());
    assert_eq!(outcome.pruned.change_log().lines().count(), 4, "{}", outcome.pruned.full_log());
    assert!(reconciler.cluster.get(&Target::of(&foo("f"))).is_none());
    assert_eq!(reconciler.inventory.len(), 1);
}
