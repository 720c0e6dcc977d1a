//! A chart with values to a release: what templates ask of the cluster is asked between two tries.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value as Json, json};
use sluice_cluster::{ApiError, Body, Identity, Request, Response, Server, Target};
use sluice_helm::{
    Capabilities, Chart, KubeVersion, Notice,
    release::{Info, Release, Released},
    render::{self, Execution, Options, PostRender, Strategy},
    schema::Documents,
    top::{self, Schemas},
};
use sluice_kustomize::post_render::PostRenderers;
use sluice_object::{Gvk, Object};
use sluice_reconcile::Context;
use sluice_template::{Failure, Lookup, Value, World};

use super::values::Values;

/// How often a render is tried again with more answers.
const ROUNDS: usize = 32;

/// What is to be rendered.
#[derive(Debug, Clone)]
pub struct Order {
    /// Whose eyes see the cluster.
    pub(super) who: Identity,
    pub(super) chart: Arc<Chart>,
    pub(super) values: Values,
    pub(super) release: top::Release,
    pub(super) checks_schema: bool,
    pub(super) post_renderers: PostRenderers,
    pub(super) strategy: Strategy,
    /// Whether hosts have addresses.
    pub(super) resolves_names: bool,
    /// The revision whose values are kept where the new ones say nothing.
    pub(super) reused: Option<Box<Release>>,
}

/// A release as it would be stored, and the definitions that come before it.
#[derive(Debug, Clone)]
pub struct Rendered {
    pub(super) release: Release,
    pub(super) definitions: Vec<Object>,
}

/// Renders, with what templates look up in the cluster. The error has Helm's text.
pub(super) async fn render(order: Order, execution: &Execution, cx: &Context) -> Result<Rendered, String> {
    let who = order.who.clone();
    let server = match cx.cluster.call(&who, Request::Discover).await {
        Ok(Response::Server(server)) => server,
        Ok(_) => return Err("could not get server version from Kubernetes: no answer".into()),
        Err(error) => return Err(format!("could not get server version from Kubernetes: {error}")),
    };
    let (order, mut answers) = (Arc::new(order), Arc::new(Answers::new()));
    for _ in 0..ROUNDS {
        let missing = Arc::new(Mutex::new(BTreeSet::new()));
        let asking = Asking {
            answers: answers.clone(),
            missing: missing.clone(),
            resolves_names: order.resolves_names,
            now: cx.now(),
            random: SystemRandom::new(),
        };
        let (job, server, execution) = (order.clone(), server.clone(), execution.clone());
        let rendered = cx.cpu(move || once(&job, &server, &execution, asking)).await;
        let missing = std::mem::take(&mut *missing.lock().unwrap_or_else(PoisonError::into_inner));
        match rendered {
            None => return Err("the render ended unexpectedly; please report it with the chart".into()),
            Some(rendered) if missing.is_empty() => return rendered,
            Some(_) => Arc::make_mut(&mut answers).extend(ask(&who, missing, cx).await),
        }
    }
    Err(format!("templates look up something new each time they are rendered, {ROUNDS} times over"))
}

fn once(order: &Order, server: &Server, execution: &Execution, world: Asking) -> Result<Rendered, String> {
    let capabilities = capabilities(server)?;
    let (chart, values) = match &order.reused {
        Some(reused) => super::values::reuse(&order.chart, &order.values, reused)?,
        None => (order.chart.clone(), order.values.clone()),
    };
    let documents = Documents::default();
    let run = |stream: &str| order.post_renderers.run(stream).map_err(|error| error.to_string());
    let options = Options {
        release: &order.release,
        capabilities: &capabilities,
        schemas: if order.checks_schema { Schemas::Checked(&documents) } else { Schemas::Skipped },
        sub_notes: false,
        execution,
        post_render: Some(PostRender { strategy: order.strategy, run: &run }),
    };
    let mut notices = Vec::new();
    let rendered = render::render(&chart, &values.map, &options, Box::new(world), &mut notices);
    notices.iter().for_each(log);
    let rendered = rendered.map_err(|refusal| refusal.to_string())?;
    let release = Release {
        name: order.release.name.clone(),
        namespace: order.release.namespace.clone(),
        version: order.release.revision,
        info: Info { notes: rendered.notes.clone(), ..Info::default() },
        chart: Some(Arc::new(Released::from(&rendered.chart))),
        config: Arc::new(values.json),
        manifest: rendered.manifest().into(),
        hooks: rendered.hooks.clone(),
        ..Release::default()
    };
    Ok(Rendered { definitions: definitions(&rendered.crds)?, release })
}

fn log(notice: &Notice) {
    tracing::debug!(attributes = ?notice.attributes, "{}", notice.message);
}

fn capabilities(server: &Server) -> Result<Capabilities, String> {
    let kube_version = KubeVersion::parse(&server.version)
        .map_err(|error| format!("could not get server version from Kubernetes: {error}"))?;
    let mut versions = BTreeSet::new();
    for gvk in &server.kinds {
        versions.insert(gvk.api_version());
        versions.insert(format!("{}/{}", gvk.api_version(), gvk.kind));
    }
    Ok(Capabilities { kube_version, api_versions: versions.into_iter().collect() })
}

fn definitions(crds: &[(String, String)]) -> Result<Vec<Object>, String> {
    let mut found = Vec::new();
    for (path, text) in crds {
        let objects = sluice_release::read_manifest(text)
            .map_err(|error| format!("failed to apply CustomResourceDefinitions: failed to parse CustomResourceDefinitions from {path}: {error}"))?;
        found.extend(objects);
    }
    Ok(found)
}

/// Something that a template asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    /// Objects of the cluster.
    Objects(Sought),
    /// An address of a host.
    Host(String),
}

/// Objects that a template looks up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Sought {
    api_version: String,
    kind: String,
    namespace: String,
    name: String,
}

type Answers = BTreeMap<Question, Result<Json, String>>;

/// The world of a render in the agent.
struct Asking {
    answers: Arc<Answers>,
    missing: Arc<Mutex<BTreeSet<Question>>>,
    resolves_names: bool,
    now: Timestamp,
    random: SystemRandom,
}

impl World for Asking {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn random(&mut self, bytes: &mut [u8]) {
        self.random.fill(bytes).expect("invariant: the system gives random bytes once the process has started");
    }

    fn lookup(&mut self, what: &Lookup<'_>) -> Result<Value, Failure> {
        let sought = Sought {
            api_version: what.api_version.into(),
            kind: what.kind.into(),
            namespace: what.namespace.into(),
            name: what.name.into(),
        };
        self.answer(Question::Objects(sought)).map(|found| Value::from_json(&found))
    }

    fn resolve(&mut self, host: &str) -> Result<String, Failure> {
        if !self.resolves_names {
            return Ok(String::new());
        }
        let found = self.answer(Question::Host(host.into()))?;
        Ok(found.as_str().unwrap_or_default().to_owned())
    }
}

impl Asking {
    fn answer(&self, question: Question) -> Result<Json, Failure> {
        match self.answers.get(&question) {
            Some(Ok(found)) => Ok(found.clone()),
            Some(Err(error)) => Err(Failure::new(error.as_str())),
            None => {
                self.missing.lock().unwrap_or_else(PoisonError::into_inner).insert(question);
                Err(Failure::new("not asked yet"))
            }
        }
    }
}

async fn ask(who: &Identity, questions: BTreeSet<Question>, cx: &Context) -> Answers {
    let mut answers = Answers::new();
    for question in questions {
        let answer = match &question {
            Question::Objects(sought) => answered(sought, cx.cluster.call(who, request(sought)).await),
            Question::Host(host) => {
                let found = cx.world.resolve(host.clone()).await;
                found.map(|address| address.to_string().into()).map_err(|error| format!("resolve `{host}`: {error}"))
            }
        };
        answers.insert(question, answer);
    }
    answers
}

fn request(question: &Sought) -> Request {
    let gvk = Gvk::parse(&question.api_version, &question.kind);
    let namespace = question.namespace.clone();
    if question.name.is_empty() {
        let namespace = (!namespace.is_empty()).then_some(namespace);
        return Request::List { gvk, namespace, labels: String::new(), body: Body::Full };
    }
    Request::Get(Target { gvk, namespace, name: question.name.clone() })
}

/// What is not there is an empty map.
fn answered(question: &Sought, answer: Result<Response, ApiError>) -> Result<Json, String> {
    match answer {
        Ok(Response::Object(object)) => Ok(object.into_value()),
        Ok(answer) => {
            let items: Vec<_> = answer.into_list().into_iter().map(Object::into_value).collect();
            let kind = format!("{}List", question.kind);
            Ok(json!({"apiVersion": question.api_version, "kind": kind, "metadata": {}, "items": items}))
        }
        Err(error) if error.is_not_found() => Ok(json!({})),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_tells_versions_and_kinds() {
        let kinds = vec![Gvk::new("", "v1", "Pod"), Gvk::new("apps", "v1", "Deployment")];
        let found = capabilities(&Server { version: "v1.34.1-gke.1".into(), kinds }).unwrap();
        assert_eq!(found.api_versions, ["apps/v1", "apps/v1/Deployment", "v1", "v1/Pod"]);
        assert_eq!((found.kube_version.version.as_str(), found.kube_version.minor.as_str()), ("v1.34.1-gke.1", "34"));
    }

    #[test]
    fn what_is_not_there_is_an_empty_map() {
        let question = |name: &str| Sought {
            api_version: "v1".into(),
            kind: "Secret".into(),
            namespace: "ns".into(),
            name: name.into(),
        };
        assert_eq!(answered(&question("a"), Err(ApiError::status(404, "NotFound", "gone"))), Ok(json!({})));
        let listed = answered(&question(""), Ok(Response::List(Vec::new()))).unwrap();
        assert_eq!((&listed["kind"], &listed["items"]), (&json!("SecretList"), &json!([])));
    }
}
