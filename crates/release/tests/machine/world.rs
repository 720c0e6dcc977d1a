//! A cluster with releases, and a driver.

use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sluice_apply::{
    WaitSpec,
    health::{Health, Reader},
};
use sluice_cluster::{ApiError, Body, Cluster, FakeCluster, Identity, Request, Response, Target, Verb, fake::Fault};
use sluice_helm::{
    Event, Hook,
    release::{Release, Secret, selector},
};
use sluice_object::{Gvk, Object};
use sluice_release::{Action, Error, Input, Options, Plan, Step};

pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) fn options() -> Options {
    Options::new("apps")
}

/// What came of an action.
pub(crate) struct Ran {
    pub(crate) result: Result<Release, Error>,
    pub(crate) action: Action,
    /// The requests, as `<verb> <kind>/<name>`.
    pub(crate) asked: Vec<String>,
    pub(crate) waits: Vec<(WaitSpec, Reader)>,
}

impl Ran {
    pub(crate) fn ok(self) -> Release {
        self.result.unwrap()
    }

    pub(crate) fn error(&self) -> &Error {
        self.result.as_ref().unwrap_err()
    }

    pub(crate) fn text(&self) -> String {
        self.error().to_string()
    }

    /// Returns the requests that change something.
    pub(crate) fn written(&self) -> Vec<&str> {
        let reads = ["get ", "list ", "dry-run ", "discovery "];
        let lines = self.asked.iter().map(String::as_str);
        lines.filter(|line| !reads.iter().any(|read| line.starts_with(read))).collect()
    }

    /// Returns the requests about objects, not about revisions.
    pub(crate) fn about_objects(&self) -> Vec<&str> {
        self.asked.iter().map(String::as_str).filter(|line| !line.contains("sh.helm.release")).collect()
    }
}

/// A cluster in which the namespace `apps` is there.
pub(crate) struct World {
    pub(crate) cluster: FakeCluster,
    /// Whether controllers do their work while somebody waits.
    pub(crate) tended: bool,
    /// Whether nobody wants what is awaited.
    pub(crate) cancels: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        let cluster = FakeCluster::new();
        cluster.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apps"}})).unwrap();
        Self { cluster, tended: true, cancels: false }
    }

    pub(crate) fn install(&self, documents: &[&str]) -> Release {
        self.run(Plan::Install { release: release(documents) }, options()).ok()
    }

    pub(crate) fn upgrade(&self, documents: &[&str]) -> Release {
        self.run(Plan::Upgrade { release: release(documents) }, options()).ok()
    }

    pub(crate) fn run(&self, plan: Plan, options: Options) -> Ran {
        self.cluster.clear_requests();
        let history = self.history();
        self.cluster.clear_requests();
        let (mut action, mut step) = Action::start(plan, history, options, now());
        let (mut waits, mut at, mut cancels): (Vec<(WaitSpec, Reader)>, _, _) = (Vec::new(), now(), self.cancels);
        for _ in 0..1000 {
            let input = match step {
                Step::Requests { requests, concurrency } => {
                    assert!(concurrency > 0 && !requests.is_empty());
                    Input::Answers(requests.into_iter().map(|request| self.call(request)).collect())
                }
                Step::Wait { .. } if std::mem::take(&mut cancels) => Input::Cancelled,
                Step::Wait { spec, .. } if waits.last().is_some_and(|(last, _)| *last == spec) => {
                    at = spec.deadline;
                    Input::Deadline
                }
                Step::Wait { spec, reader } => {
                    let input = self.news(&spec, &reader);
                    waits.push((spec, reader));
                    input
                }
                Step::Ended(result) => {
                    let asked = self.asked();
                    return Ran { result: result.map(|release| *release), action, asked, waits };
                }
            };
            step = action.next(input, at);
        }
        panic!("the machine does not end: {step:?}")
    }

    fn asked(&self) -> Vec<String> {
        let line = |(_, verb, target): &(Identity, Verb, Target)| {
            format!("{} {}/{}", verb.as_str(), target.gvk.kind, target.name)
        };
        self.cluster.requests().iter().map(line).collect()
    }

    pub(crate) fn call(&self, request: Request) -> Result<Response, ApiError> {
        self.cluster.call(&Identity::Agent, request).now_or_never().unwrap()
    }

    fn news(&self, spec: &WaitSpec, reader: &Reader) -> Input {
        if self.tended {
            self.cluster.make_ready();
        }
        let health = |target: &Target| match self.cluster.get(target) {
            Some(object) => reader.read(&object, now()),
            None => Health::not_found(),
        };
        Input::Health(spec.targets.iter().map(|target| (target.id(), health(target))).collect())
    }

    /// Returns the stored revisions.
    pub(crate) fn history(&self) -> Vec<Release> {
        let (gvk, labels) = (Gvk::new("", "v1", "Secret"), selector("app"));
        let list = Request::List { gvk, namespace: Some("apps".into()), labels, body: Body::Full };
        let secrets = self.call(list).unwrap().into_list();
        let mut history: Vec<_> = secrets.iter().map(|secret| Secret::read(secret.value()).unwrap()).collect();
        history.sort_by_key(|release| release.version);
        history
    }

    /// Returns the stored revisions as `<version> <status>`.
    pub(crate) fn statuses(&self) -> Vec<String> {
        self.history().iter().map(|release| format!("{} {}", release.version, release.info.status)).collect()
    }

    pub(crate) fn description(&self, version: i64) -> String {
        let history = self.history();
        let found = history.into_iter().find(|release| release.version == version);
        found.map(|release| release.info.description).unwrap_or_default()
    }

    pub(crate) fn set(&self, version: i64, change: impl FnOnce(&mut Release)) {
        let mut release = self.history().into_iter().find(|release| release.version == version).unwrap();
        change(&mut release);
        self.store(&release);
    }

    pub(crate) fn store(&self, release: &Release) {
        self.cluster.put(Secret::created(release, now()).unwrap().to_json("apps")).unwrap();
    }

    pub(crate) fn get(&self, kind: &str, name: &str) -> Option<Object> {
        self.cluster.get(&target(kind, name))
    }

    pub(crate) fn put(&self, document: &str) {
        let value = json(document);
        self.cluster.put(value).unwrap();
    }

    /// Has a Job that has come to an end.
    pub(crate) fn ended(&self, name: &str, condition: &str) {
        self.put(&format!("{{apiVersion: batch/v1, kind: Job, metadata: {{name: {name}, namespace: apps}}}}"));
        let conditions = json!([{"type": condition, "status": "True"}]);
        self.cluster.set_status(&target("Job", name), json!({"conditions": conditions}));
    }

    /// Refuses requests of a verb about a name.
    pub(crate) fn refuse(&self, verb: Verb, name: &'static str, error: ApiError) {
        self.refuse_times(verb, name, usize::MAX, error);
    }

    pub(crate) fn refuse_times(&self, verb: Verb, name: &'static str, mut times: usize, error: ApiError) {
        self.cluster.faults(Box::new(move |_, request| {
            let is_meant = request.verb() == verb && named(request).is_some_and(|found| found.contains(name));
            if is_meant && times > 0 {
                times -= 1;
                return Fault::Refuse(error.clone());
            }
            Fault::None
        }));
    }
}

fn named(request: &Request) -> Option<String> {
    match request {
        Request::Apply { object, .. } | Request::Create { object, .. } | Request::Replace { object, .. } => {
            Some(object.name().to_owned())
        }
        Request::Get(target)
        | Request::JsonPatch { target, .. }
        | Request::MergePatch { target, .. }
        | Request::Delete { target, .. } => Some(target.name.clone()),
        _ => None,
    }
}

pub(crate) fn target(kind: &str, name: &str) -> Target {
    let (group, namespace) = match kind {
        "Deployment" | "StatefulSet" => ("apps", "apps"),
        "Job" => ("batch", "apps"),
        "Namespace" => ("", ""),
        "CustomResourceDefinition" => ("apiextensions.k8s.io", ""),
        "Foo" => ("e.io", "apps"),
        _ => ("", "apps"),
    };
    Target { gvk: Gvk::new(group, "v1", kind), namespace: namespace.into(), name: name.into() }
}

fn json(document: &str) -> Value {
    let node = sluice_yaml::parse_all_v2(document, sluice_yaml::Duplicates::Refuse, &sluice_yaml::Limits::default());
    sluice_yaml::to_json(&node.unwrap()[0], sluice_yaml::Flavor::V2).unwrap()
}

pub(crate) fn release(documents: &[&str]) -> Release {
    let manifest: String =
        documents.iter().map(|document| format!("---\n# Source: c/templates/a.yaml\n{document}\n")).collect();
    Release { name: "app".into(), namespace: "apps".into(), manifest: manifest.into(), ..Release::default() }
}

pub(crate) fn with_hooks(documents: &[&str], hooks: Vec<Hook>) -> Release {
    Release { hooks, ..release(documents) }
}

pub(crate) fn hook(name: &str, events: &[Event]) -> Hook {
    Hook {
        name: name.into(),
        kind: "Job".into(),
        path: format!("c/templates/{name}.yaml"),
        manifest: job(name).into(),
        events: events.to_vec(),
        ..Hook::default()
    }
}

pub(crate) fn job(name: &str) -> String {
    format!("apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec: {{}}\n")
}

pub(crate) fn config(name: &str, data: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{a: \"{data}\"}}\n")
}

pub(crate) fn deployment(name: &str) -> String {
    let labels = format!("{{app: {name}}}");
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\n\
         spec: {{replicas: 1, selector: {{matchLabels: {labels}}}, template: {{metadata: {{labels: {labels}}}}}}}\n"
    )
}

pub(crate) fn data(object: &Object) -> &str {
    object.value()["data"]["a"].as_str().unwrap_or_default()
}

pub(crate) fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

pub(crate) fn invalid(message: &str) -> ApiError {
    ApiError::status(422, "Invalid", message)
}
