//! A driver for the machines, on an API server the size of a map.

use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_apply::{
    Failure, Input, Outcome, Step, WaitSpec,
    health::{Health, Reader},
    rollout::{Options, Rollout},
};
use sluice_cluster::Target;
use sluice_object::{InventoryEntry, Object, ObjectId};

use crate::api::Api;

/// A cluster, and what a reconciler's status holds.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) inventory: Vec<InventoryEntry>,
    pub(crate) publications: usize,
    waited: Option<WaitSpec>,
}

pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) fn options() -> Options {
    Options::kustomization("flux-system", "apps")
}

pub(crate) fn object(value: Value) -> Object {
    Object::new(value).unwrap()
}

pub(crate) fn config(name: &str, data: &str) -> Object {
    let metadata = json!({"name": name, "namespace": "ns"});
    object(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": data}}))
}

pub(crate) fn namespace(name: &str) -> Object {
    object(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
}

pub(crate) fn deployment(name: &str, selector: &str, replicas: i64) -> Object {
    let metadata = json!({"name": name, "namespace": "ns"});
    let spec = json!({"replicas": replicas, "selector": {"matchLabels": {"app": selector}}});
    object(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}))
}

/// A definition of `Foo` in group `e.io`.
pub(crate) fn definition() -> Object {
    object(json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "foos.e.io"}, "spec": {"group": "e.io", "scope": "Namespaced",
        "names": {"kind": "Foo", "plural": "foos"}, "versions": [{"name": "v1"}]}}))
}

pub(crate) fn foo(name: &str) -> Object {
    object(json!({"apiVersion": "e.io/v1", "kind": "Foo", "metadata": {"name": name, "namespace": "ns"}}))
}

pub(crate) fn annotated(mut object: Object, key: &str, value: &str) -> Object {
    object.set_annotation(&format!("kustomize.toolkit.fluxcd.io/{key}"), value);
    object
}

/// How many effects may still happen before the process dies.
pub(crate) struct Life(pub(crate) Option<usize>);

impl Life {
    fn spend(&mut self) -> bool {
        match &mut self.0 {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}

impl World {
    /// Returns a world with the namespace `ns`.
    pub(crate) fn new() -> Self {
        let mut world = Self::default();
        world.api.put(namespace("ns"));
        world
    }

    pub(crate) fn done(&mut self, manifests: &[Object], options: Options) -> Outcome {
        match self.run(manifests, options, &mut Life(None)) {
            Some(Step::Done(outcome)) => *outcome,
            other => panic!("not done: {other:#?}"),
        }
    }

    pub(crate) fn failed(&mut self, manifests: &[Object], options: Options) -> Failure {
        match self.run(manifests, options, &mut Life(None)) {
            Some(Step::Failed(failure)) => *failure,
            other => panic!("not failed: {other:#?}"),
        }
    }

    /// Drives a rollout to its end, or until life ends; then nothing is returned.
    pub(crate) fn run(&mut self, manifests: &[Object], options: Options, life: &mut Life) -> Option<Step> {
        let (mut rollout, mut step) = Rollout::start(manifests.to_vec(), self.inventory.clone(), options, now());
        for _ in 0..1000 {
            let (input, at) = match self.perform(&step, life)? {
                Performed::End => return Some(step),
                Performed::Input(input, at) => (input, at),
            };
            step = rollout.next(input, at);
        }
        panic!("the machine does not end: {step:#?}")
    }

    /// Does what a step asks for.
    pub(crate) fn perform(&mut self, step: &Step, life: &mut Life) -> Option<Performed> {
        let input = match step {
            Step::Requests { requests, concurrency } => {
                assert!(*concurrency > 0 && !requests.is_empty());
                let mut answers = Vec::new();
                for keyed in requests {
                    life.spend().then_some(())?;
                    answers.push((keyed.key.clone(), self.api.call(keyed.request.clone())));
                }
                Input::Answers(answers)
            }
            Step::Publish(inventory) => {
                life.spend().then_some(())?;
                self.publications += 1;
                self.inventory.clone_from(inventory);
                Input::Published
            }
            Step::Wait(spec) => return Some(self.wait(spec)),
            Step::Done(outcome) => {
                life.spend().then_some(())?;
                self.inventory.clone_from(&outcome.inventory);
                return Some(Performed::End);
            }
            Step::Failed(failure) => {
                self.inventory.clone_from(&failure.inventory);
                return Some(Performed::End);
            }
        };
        Some(Performed::Input(input, now()))
    }

    /// Lets the controllers work; what has not arrived when nothing moves any more never does.
    fn wait(&mut self, spec: &WaitSpec) -> Performed {
        if self.waited.replace(spec.clone()).as_ref() == Some(spec) {
            return Performed::Input(Input::Deadline, spec.deadline);
        }
        self.api.tick();
        Performed::Input(Input::Health(self.seen(spec)), now())
    }

    fn seen(&self, spec: &WaitSpec) -> Vec<(ObjectId, Health)> {
        let health = |id: &ObjectId| match self.api.objects.get(id) {
            Some(object) => Reader::default().read(object, now()),
            None => Health::not_found(),
        };
        let ids = spec.targets.iter().map(Target::id);
        ids.map(|id| (id.clone(), health(&id))).collect()
    }

    /// Says whether everything that carries our labels is in the inventory.
    pub(crate) fn nothing_is_lost(&self) -> bool {
        let owner = options().owner;
        let owned = self.api.objects.values().filter(|object| owner.owns(object));
        owned.into_iter().all(|object| self.inventory.iter().any(|entry| entry.id == object.id()))
    }
}

pub(crate) enum Performed {
    End,
    Input(Input, Timestamp),
}
