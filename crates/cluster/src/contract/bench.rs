//! What the checks are written with.

use std::{fmt::Debug, time::Duration};

use futures::{StreamExt as _, stream::BoxStream};
use serde_json::{Value, json};
use sluice_object::{Gvk, Object};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    ApiError, Body, Cluster, Identity, Precondition, Propagation, Request, Response, Selection, Target, WatchEvent,
};

pub(super) type Outcome<T = ()> = Result<T, String>;

/// The manager that the checks write as.
pub(super) const MANAGER: &str = "contract";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A cluster and the namespace of the checks.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    pub(super) cluster: &'a dyn Cluster,
    pub(super) namespace: &'a str,
}

impl<'a> Bench<'a> {
    pub(super) fn new(cluster: &'a dyn Cluster, namespace: &'a str) -> Self {
        Self { cluster, namespace }
    }

    pub(super) async fn call(&self, request: Request) -> Result<Response, ApiError> {
        self.cluster.call(&Identity::Agent, request).await
    }

    pub(super) async fn object(&self, request: Request) -> Result<Object, ApiError> {
        let answer = self.call(request).await?;
        answer.into_object().ok_or_else(|| ApiError::transport("the answer holds no object"))
    }

    pub(super) async fn get(&self, target: &Target) -> Result<Object, ApiError> {
        self.object(Request::Get(target.clone())).await
    }

    pub(super) async fn apply(&self, object: Value) -> Result<Object, ApiError> {
        self.apply_as(MANAGER, object, false).await
    }

    pub(super) async fn apply_as(&self, manager: &str, object: Value, force: bool) -> Result<Object, ApiError> {
        let object = Object::new(object).map_err(|error| ApiError::transport(error.to_string()))?;
        self.object(Request::Apply { object, manager: manager.into(), force, dry_run: false }).await
    }

    pub(super) async fn dry_run(&self, object: Value) -> Result<Object, ApiError> {
        let object = Object::new(object).map_err(|error| ApiError::transport(error.to_string()))?;
        self.object(Request::Apply { object, manager: MANAGER.into(), force: false, dry_run: true }).await
    }

    pub(super) async fn merge(&self, target: &Target, manager: &str, patch: Value) -> Result<Object, ApiError> {
        self.object(Request::MergePatch { target: target.clone(), patch, manager: manager.into() }).await
    }

    pub(super) async fn strategic(&self, target: &Target, patch: Value) -> Result<Object, ApiError> {
        self.object(Request::StrategicPatch { target: target.clone(), patch, manager: MANAGER.into() }).await
    }

    pub(super) async fn replace(&self, object: Value) -> Result<Object, ApiError> {
        let object = Object::new(object).map_err(|error| ApiError::transport(error.to_string()))?;
        self.object(Request::Replace { object, manager: MANAGER.into() }).await
    }

    pub(super) async fn json(&self, target: &Target, manager: &str, patch: Value) -> Result<Object, ApiError> {
        self.object(Request::JsonPatch { target: target.clone(), patch, manager: manager.into() }).await
    }

    pub(super) async fn status(&self, target: &Target, patch: Value) -> Result<Object, ApiError> {
        self.object(Request::Status { target: target.clone(), patch, manager: MANAGER.into() }).await
    }

    pub(super) async fn delete(&self, target: &Target) -> Result<(), ApiError> {
        self.delete_if(target, Precondition::default(), Propagation::Background).await
    }

    pub(super) async fn delete_if(
        &self,
        target: &Target,
        only_if: Precondition,
        propagation: Propagation,
    ) -> Result<(), ApiError> {
        self.call(Request::Delete { target: target.clone(), only_if, propagation }).await.map(drop)
    }

    /// Waits until an object is gone.
    pub(super) async fn gone(&self, target: &Target) -> Outcome {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            match self.get(target).await {
                Err(error) if error.is_not_found() => return Ok(()),
                Err(error) => return Err(error.message),
                Ok(_) => sleep(Duration::from_millis(50)).await,
            }
        }
        Err(format!("{target:?} is still there"))
    }

    /// Repeats a request until it is done.
    pub(super) async fn eventually(&self, request: Request) -> Outcome<Response> {
        let start = Instant::now();
        loop {
            match self.call(request.clone()).await {
                Err(error) if start.elapsed() > PATIENCE => return Err(error.message),
                Err(_) => sleep(Duration::from_millis(100)).await,
                Ok(answer) => return Ok(answer),
            }
        }
    }

    pub(super) fn watch(&self, what: Selection) -> Watched {
        Watched(self.cluster.watch(&Identity::Agent, what))
    }

    /// Selects this check's objects.
    pub(super) fn selection(&self, gvk: Gvk, labels: &str) -> Selection {
        Selection { namespace: Some(self.namespace.into()), labels: labels.into(), ..Selection::all(gvk) }
    }

    /// Returns the target of a core object in the namespace.
    pub(super) fn core(&self, kind: &str, name: &str) -> Target {
        self.target(Gvk::new("", "v1", kind), name)
    }

    pub(super) fn target(&self, gvk: Gvk, name: &str) -> Target {
        Target { gvk, namespace: self.namespace.into(), name: name.into() }
    }

    /// Returns a ConfigMap.
    pub(super) fn map(&self, name: &str, data: Value) -> Value {
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": self.metadata(name), "data": data })
    }

    /// Returns a ConfigMap without data.
    pub(super) fn bare(&self, name: &str) -> Value {
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": self.metadata(name) })
    }

    /// Returns a Deployment with one container.
    pub(super) fn deployment(&self, name: &str, replicas: u32, image: &str) -> Value {
        let labels = json!({ "app": name });
        let container = json!({ "name": "app", "image": image });
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": self.metadata(name),
            "spec": {
                "replicas": replicas,
                "selector": { "matchLabels": labels },
                "template": { "metadata": { "labels": labels }, "spec": { "containers": [container] } },
            },
        })
    }

    pub(super) fn metadata(&self, name: &str) -> Value {
        json!({ "name": name, "namespace": self.namespace })
    }
}

/// An open watch.
pub(super) struct Watched(BoxStream<'static, WatchEvent>);

impl Watched {
    /// Returns the next event, shortened.
    pub(super) async fn next(&mut self) -> Outcome<String> {
        Ok(brief(&self.event().await?))
    }

    pub(super) async fn event(&mut self) -> Outcome<WatchEvent> {
        let next = timeout(PATIENCE, self.0.next()).await.map_err(|_| "the watch tells nothing".to_owned())?;
        next.ok_or_else(|| "the watch has ended".to_owned())
    }

    /// Reads events up to one.
    pub(super) async fn until(&mut self, last: &str) -> Outcome<Vec<String>> {
        let mut events = Vec::new();
        while events.last().is_none_or(|event| event != last) {
            events.push(self.next().await?);
        }
        Ok(events)
    }
}

fn brief(event: &WatchEvent) -> String {
    match event {
        WatchEvent::Restarted => "restarted".into(),
        WatchEvent::Listed => "listed".into(),
        WatchEvent::Seen(object) => format!("seen {}", object.name()),
        WatchEvent::Gone(object) => format!("gone {}", object.name()),
        WatchEvent::Failed { refused, .. } => format!("failed, refused: {refused}"),
    }
}

/// Returns the metadata-only form of a selection.
pub(super) fn metadata_of(selection: Selection) -> Selection {
    Selection { body: Body::Metadata, ..selection }
}

/// Takes an answer that has to be good.
pub(super) fn good<T>(answer: Result<T, ApiError>) -> Outcome<T> {
    answer.map_err(|error| format!("refused: {error:?}"))
}

/// Takes an answer that has to be a failure.
pub(super) fn bad<T: Debug>(answer: Result<T, ApiError>) -> Outcome<ApiError> {
    match answer {
        Err(error) => Ok(error),
        Ok(answer) => Err(format!("not refused: {answer:?}")),
    }
}

/// Compares.
pub(super) fn same<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Outcome {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found:?}, expected {expected:?}")) }
}

/// Compares a text with one that it has to hold.
pub(super) fn holds(text: &str, part: &str) -> Outcome {
    if text.contains(part) { Ok(()) } else { Err(format!("{text:?} does not hold {part:?}")) }
}
