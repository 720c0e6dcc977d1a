//! The agent dies at each of its requests, and the one that comes after it ends in the same state.
//!
//! scenario × index of the request × (before it is done | after) × (the next change comes after the restart | before)

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use sluice_cluster::{FakeCluster, Identity, fake::Fault};
use sluice_object::{Object, ObjectId};
use tokio::sync::Notify;

use crate::{
    bench::{Agent, Bench},
    manifests::{config, deployment, files, namespace, widget, widget_definition},
};

/// Longer than every retry of a pass, shorter than the interval.
const QUIET: Duration = Duration::from_secs(120);

/// What a user does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Push(usize),
    Delete(&'static str),
}

const ROLL_OUTS: &[Step] = &[Step::Push(1), Step::Push(2), Step::Push(3)];
const DELETION: &[Step] = &[Step::Push(1), Step::Delete("site"), Step::Delete("base")];

/// When the agent dies.
#[derive(Debug, Clone, PartialEq)]
struct Death {
    request: usize,
    fault: Fault,
    /// Whether the next step is taken before it is started again.
    misses_a_step: bool,
}

/// `new` is there in the second revision alone, `old` until the second: both must go.
fn revision(number: usize) -> Vec<(String, String)> {
    let v = number.to_string();
    let mut base = vec![namespace(), widget_definition(), config("kept", &v)];
    let mut site = vec![widget("w", number), deployment("web", number)];
    if number < 3 {
        base.push(config("old", "1"));
    }
    if number == 2 {
        site.extend([config("new", "1"), widget("new", 1), deployment("new", 1)]);
    }
    files("base", base).into_iter().chain(files("site", site)).collect()
}

/// Counts the agent's requests, and lets it die at one of them: what it asks then is not heard.
#[derive(Default)]
struct Reaper {
    state: Mutex<(usize, bool)>,
    bell: Notify,
}

impl Reaper {
    fn watch(self: &Arc<Self>, cluster: &FakeCluster, death: Option<Death>) {
        let (reaper, server) = (self.clone(), cluster.clone());
        cluster.faults(Box::new(move |who, _| {
            if *who != Identity::Agent {
                return Fault::None;
            }
            assert_eq!(orphans(&server), Vec::<String>::new(), "before request {}", reaper.count());
            reaper.fault(death.as_ref())
        }));
    }

    fn fault(&self, death: Option<&Death>) -> Fault {
        let mut state = self.state.lock().unwrap();
        let (count, dead) = &mut *state;
        *count += 1;
        match death {
            _ if *dead => Fault::LoseRequest,
            Some(death) if death.request + 1 == *count => {
                *dead = true;
                self.bell.notify_one();
                death.fault.clone()
            }
            _ => Fault::None,
        }
    }

    fn count(&self) -> usize {
        self.state.lock().unwrap().0
    }

    async fn toll(&self) {
        self.bell.notified().await;
    }

    fn revive(&self) {
        self.state.lock().unwrap().1 = false;
    }
}

struct Play {
    bench: Bench,
    reaper: Arc<Reaper>,
    agent: Option<Agent>,
}

impl Play {
    async fn perform(steps: &[Step], death: Option<Death>) -> (Vec<Value>, usize) {
        let misses = death.as_ref().is_some_and(|death| death.misses_a_step);
        let bench = Bench::new();
        bench.kustomization("base", json!({}));
        bench.kustomization("site", json!({"wait": true, "timeout": "1m", "dependsOn": [{"name": "base"}]}));
        let mut play = Self { agent: None, reaper: Arc::default(), bench };
        play.reaper.watch(&play.bench.cluster, death);
        for (index, step) in steps.iter().enumerate() {
            play.take(*step).await;
            play.live().await;
            let last = index + 1 == steps.len();
            if play.agent.is_none() && (last || !misses) {
                play.live().await;
            }
        }
        play.bench.cluster.no_faults();
        (state(&play.bench.cluster), play.reaper.count())
    }

    async fn take(&self, step: Step) {
        match step {
            Step::Push(number) => self.bench.publish("apps", &format!("{number:040}"), &revision(number)).await,
            Step::Delete(name) => self.bench.delete(name).await,
        }
    }

    /// Lets an agent work until nothing happens any more, or it dies.
    async fn live(&mut self) {
        let agent = self.agent.take().unwrap_or_else(|| self.born());
        tokio::select! {
            biased;
            () = self.reaper.toll() => agent.crash().await,
            () = self.bench.pass(QUIET) => self.agent = Some(agent),
        }
    }

    fn born(&self) -> Agent {
        self.reaper.revive();
        self.bench.start()
    }
}

/// Returns the objects that carry the labels of an owner whose inventory lacks them.
fn orphans(cluster: &FakeCluster) -> Vec<String> {
    let objects = cluster.objects();
    let owners: Vec<_> = objects.iter().filter(|object| object.kind() == "Kustomization").collect();
    let owned: BTreeSet<(&str, ObjectId)> = owners.iter().flat_map(|owner| inventory(owner)).collect();
    let orphan = |object: &&Object| {
        let label = object.value()["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"].as_str();
        label.is_some_and(|owner| !object.is_deleting() && !owned.contains(&(owner, object.id())))
    };
    objects.iter().filter(orphan).map(|object| object.id().to_string()).collect()
}

fn inventory(owner: &Object) -> impl Iterator<Item = (&str, ObjectId)> {
    let entries = owner.value().pointer("/status/inventory/entries").and_then(Value::as_array);
    let id = |entry: &Value| ObjectId::from_inventory(entry["id"].as_str()?).ok();
    entries.into_iter().flatten().filter_map(id).map(|id| (owner.name(), id))
}

/// Returns all that must not depend on how often the agent was started.
fn state(cluster: &FakeCluster) -> Vec<Value> {
    let objects = cluster.objects().into_iter().filter(|object| object.kind() != "Event");
    objects.map(|object| timeless(object.into_value())).collect()
}

fn timeless(mut object: Value) -> Value {
    if object["kind"] == "Kustomization" {
        object["status"] = verdict(&object["status"]);
    }
    if let Some(entries) = object["metadata"]["managedFields"].as_array_mut() {
        entries.iter_mut().for_each(|entry| entry["time"] = Value::Null);
        entries.sort_by_key(|entry| format!("{} {} {}", entry["manager"], entry["operation"], entry["subresource"]));
    }
    strip(&mut object);
    object
}

/// A Kustomization's inventory and conditions; its history tells of the way there.
fn verdict(status: &Value) -> Value {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let conditions: Vec<_> = conditions.map(|one| json!([one["type"], one["status"], one["reason"]])).collect();
    json!({
        "inventory": status["inventory"], "conditions": conditions, "applied": status["lastAppliedRevision"],
        "attempted": status["lastAttemptedRevision"], "observed": status["observedGeneration"],
    })
}

/// Counters and times.
const PASSING: &[&str] = &[
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "observedGeneration",
    "lastTransitionTime",
    "lastUpdateTime",
];

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !PASSING.contains(&name.as_str()));
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Returns the objects that only one of the two has, or has so.
fn difference<'a>(ours: &'a [Value], wanted: &'a [Value]) -> (Vec<&'a Value>, Vec<&'a Value>) {
    let only = |these: &'a [Value], those: &[Value]| these.iter().filter(|one| !those.contains(one)).collect();
    (only(ours, wanted), only(wanted, ours))
}

async fn dies_at_each_request(steps: &[Step]) {
    let (undisturbed, requests) = Play::perform(steps, None).await;
    for request in 0..requests {
        for (fault, misses_a_step) in [Fault::LoseRequest, Fault::LoseAnswer]
            .into_iter()
            .flat_map(|fault| [(fault.clone(), false), (fault, true)])
        {
            let death = Death { request, fault, misses_a_step };
            let (state, _) = Play::perform(steps, Some(death.clone())).await;
            assert!(state == undisturbed, "{death:?}: {:#?}", difference(&state, &undisturbed));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_undisturbed_scenario_installs_changes_and_prunes() {
    let (state, _) = Play::perform(ROLL_OUTS, None).await;
    let named = |kind: &str| -> Vec<_> {
        let of_kind = state.iter().filter(|object| object["kind"] == kind);
        of_kind.map(|object| object["metadata"]["name"].as_str().unwrap()).collect()
    };
    assert_eq!((named("ConfigMap"), named("Widget"), named("Deployment")), (vec!["kept"], vec!["w"], vec!["web"]));
    let ready = json!(["Ready", "True", "ReconciliationSucceeded"]);
    for owner in state.iter().filter(|object| object["kind"] == "Kustomization") {
        assert!(owner["status"]["conditions"].as_array().unwrap().contains(&ready), "{owner:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_request_of_roll_outs_leaves_no_trace() {
    dies_at_each_request(ROLL_OUTS).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_request_of_a_deletion_leaves_no_trace() {
    dies_at_each_request(DELETION).await;
}
