//! Requests as effects do them: many at once, and what they show of objects beside the answers.

use futures::StreamExt;
use serde_json::Value;
use sluice_apply::health::{Health, Reader, Status};
use sluice_cluster::{ApiError, Body, Identity, Request, Response, Target};
use sluice_object::{Gvk, Object, ObjectId};
use sluice_reconcile::{Context, Seen};

/// Does requests, at most `concurrency` at once. Returns the answers in their order, and objects as the server has them.
pub(crate) async fn call(
    who: &Identity,
    requests: Vec<Request>,
    concurrency: usize,
    cx: &Context,
) -> (Vec<Result<Response, ApiError>>, Vec<(ObjectId, Seen)>) {
    let now = cx.now();
    let one = |request: Request| async move {
        let dry_run = matches!(request, Request::Apply { dry_run: true, .. });
        let answer = cx.cluster.call(who, request).await;
        let seen = match &answer {
            Ok(Response::Object(object)) if !dry_run => Some((object.id(), Seen::of(object, now))),
            _ => None,
        };
        (answer, seen)
    };
    let done: Vec<_> = futures::stream::iter(requests).map(one).buffered(concurrency.max(1)).collect().await;
    let (answers, seen): (Vec<_>, Vec<_>) = done.into_iter().unzip();
    (answers, seen.into_iter().flatten().collect())
}

/// Reads run this many at once; they happen only where watches do not tell enough.
const READS: usize = 4;

/// Reads the health of objects.
pub(crate) async fn read(
    who: &Identity,
    targets: Vec<Target>,
    reader: &Reader,
    cx: &Context,
) -> Vec<(ObjectId, Health)> {
    let one = |target: Target| async move { (target.id(), health_of(who, target, reader, cx).await) };
    futures::stream::iter(targets).map(one).buffered(READS).collect().await
}

async fn health_of(who: &Identity, target: Target, reader: &Reader, cx: &Context) -> Health {
    let judged = reader.judges(&target.id());
    let (answer, now) = (cx.cluster.call(who, Request::Get(target)).await, cx.now());
    if judged {
        let reader = reader.clone();
        let health = cx.cpu(move || reader.read_answer(&answer, now)).await;
        return health.unwrap_or_else(|| Health::unknown("the evaluation of its health ended unexpectedly"));
    }
    let health = reader.read_answer(&answer, now);
    match answer {
        Ok(Response::Object(object)) if health.status == Status::InProgress => {
            with_its_pods(who, &object, health, cx).await
        }
        _ => health,
    }
}

/// A StatefulSet or ReplicaSet in progress has failed when a pod of its crashes.
async fn with_its_pods(who: &Identity, object: &Object, health: Health, cx: &Context) -> Health {
    let labels = object.value().pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let (true, Some(labels)) = (matches!(object.kind(), "StatefulSet" | "ReplicaSet"), labels) else { return health };
    let labels: Vec<_> = labels.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    let request = Request::List {
        gvk: Gvk::new("", "v1", "Pod"),
        namespace: Some(object.namespace().into()),
        labels: labels.join(","),
        body: Body::Full,
    };
    match cx.cluster.call(who, request).await {
        Ok(pods) => sluice_apply::health::with_pods(health, &pods.into_list(), cx.now()),
        Err(error) => Health::of_error(&error),
    }
}
