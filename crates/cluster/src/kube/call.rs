//! From a request to HTTP, and back.

use http::Method;
use serde_json::{Value, json};
use sluice_object::{Gvk, Object};
use tracing::Instrument as _;

use super::{
    Inner, answer, name, path,
    wire::{self, Call},
};
use crate::{
    ApiError, Body, Event, Identity, Precondition, Propagation, Request, Resolved, Response, Target, Verb, bodies,
};

/// How many objects a page of a list holds, as client-go's.
const PAGE: &str = "500";

/// Does a request. Its span names verb and kind; bodies are never recorded.
pub(super) async fn perform(cluster: &Inner, who: &Identity, request: Request) -> Result<Response, ApiError> {
    let Some(gvk) = kind_of(&request) else { return cluster.discovery.server().await.map(Response::Server) };
    let span = tracing::debug_span!("api", verb = request.verb().as_str(), kind = %gvk.kind);
    async {
        let resolved = cluster.discovery.resolve(&gvk).await?;
        let answer = dispatch(cluster, who, request, &gvk, &resolved).await;
        served(cluster, &gvk, answer).await
    }
    .instrument(span)
    .await
}

fn kind_of(request: &Request) -> Option<Gvk> {
    Some(match request {
        Request::Get(target) | Request::Delete { target, .. } | Request::JsonPatch { target, .. } => target.gvk.clone(),
        Request::MergePatch { target, .. } | Request::StrategicPatch { target, .. } => target.gvk.clone(),
        Request::Status { target, .. } => target.gvk.clone(),
        Request::Token { account, .. } => account.gvk.clone(),
        Request::List { gvk, .. } | Request::Resolve(gvk) => gvk.clone(),
        Request::Apply { object, .. } | Request::Create { object, .. } | Request::Replace { object, .. } => {
            object.gvk()
        }
        Request::Event(_) => Gvk::new("", "v1", "Event"),
        Request::Discover => return None,
    })
}

/// Tells a kind that the server serves no more from an object that is not there.
async fn served<T>(cluster: &Inner, gvk: &Gvk, answer: Result<T, ApiError>) -> Result<T, ApiError> {
    match answer {
        Err(error) if answer::is_unknown_path(&error) => {
            cluster.discovery.doubt(gvk).await?;
            Err(error)
        }
        answer => answer,
    }
}

async fn dispatch(
    cluster: &Inner,
    who: &Identity,
    request: Request,
    gvk: &Gvk,
    resolved: &Resolved,
) -> Result<Response, ApiError> {
    let verb = request.verb();
    let call = match &request {
        Request::Resolve(_) => return Ok(Response::Resolved(resolved.clone())),
        Request::Discover => return cluster.discovery.server().await.map(Response::Server),
        Request::List { namespace, labels, body, .. } => {
            return list(cluster, who, gvk, resolved, namespace.as_deref(), labels, *body).await;
        }
        Request::Get(target) => Call::get(verb, place(target, resolved)?),
        Request::Apply { object, manager, force, dry_run } => apply(object, resolved, manager, *force, *dry_run)?,
        Request::Create { object, manager } => create(object, resolved, manager)?,
        Request::Replace { object, manager } => replace(object, resolved, manager)?,
        Request::JsonPatch { target, patch, manager } => {
            self::patch(verb, &place(target, resolved)?, wire::JSON_PATCH, patch, manager)
        }
        Request::MergePatch { target, patch, manager } => {
            self::patch(verb, &place(target, resolved)?, wire::MERGE_PATCH, patch, manager)
        }
        Request::StrategicPatch { target, patch, manager } => {
            self::patch(verb, &place(target, resolved)?, wire::STRATEGIC_PATCH, patch, manager)
        }
        Request::Status { target, patch, manager } => {
            let path = format!("{}/status", place(target, resolved)?);
            self::patch(verb, &path, wire::MERGE_PATCH, &bodies::status(patch), manager)
        }
        Request::Delete { target, only_if, propagation } => delete(target, resolved, only_if, *propagation)?,
        Request::Token { account, audiences } => {
            let path = format!("{}/token", place(account, resolved)?);
            Call::write(verb, Method::POST, path, wire::JSON, bytes(&bodies::token_request(audiences)))
        }
        Request::Event(event) => new_event(event, resolved),
    };
    let body = cluster.wire.exchange(who, &call).await?;
    match verb {
        Verb::Delete => Ok(Response::Done),
        _ => Ok(Response::Object(answer::object(gvk, answer::json(&body)?)?)),
    }
}

fn place(target: &Target, resolved: &Resolved) -> Result<String, ApiError> {
    path::object(&target.gvk, resolved, &target.namespace, &target.name)
}

fn apply(object: &Object, resolved: &Resolved, manager: &str, force: bool, dry_run: bool) -> Result<Call, ApiError> {
    let verb = if dry_run { Verb::DryRun } else { Verb::Apply };
    let path = path::object(&object.gvk(), resolved, object.namespace(), object.name())?;
    let force = if force { "true" } else { "" };
    let dry_run = if dry_run { "All" } else { "" };
    let path = path::with(&path, &[("fieldManager", manager), ("force", force), ("dryRun", dry_run)]);
    Ok(Call::write(verb, Method::PATCH, path, wire::APPLY_PATCH, bytes(object.value())))
}

fn create(object: &Object, resolved: &Resolved, manager: &str) -> Result<Call, ApiError> {
    let path = path::home(&object.gvk(), resolved, object.namespace())?;
    let path = path::with(&path, &[("fieldManager", manager)]);
    Ok(Call::write(Verb::Create, Method::POST, path, wire::JSON, bytes(object.value())))
}

fn replace(object: &Object, resolved: &Resolved, manager: &str) -> Result<Call, ApiError> {
    let path = place(&Target::of(object), resolved)?;
    let path = path::with(&path, &[("fieldManager", manager)]);
    Ok(Call::write(Verb::Update, Method::PUT, path, wire::JSON, bytes(object.value())))
}

fn patch(verb: Verb, path: &str, content: &'static str, patch: &Value, manager: &str) -> Call {
    let path = path::with(path, &[("fieldManager", manager)]);
    Call::write(verb, Method::PATCH, path, content, bytes(patch))
}

fn delete(
    target: &Target,
    resolved: &Resolved,
    only_if: &Precondition,
    propagation: Propagation,
) -> Result<Call, ApiError> {
    let policy = match propagation {
        Propagation::Background => "Background",
        Propagation::Foreground => "Foreground",
        Propagation::Orphan => "Orphan",
    };
    let mut options = json!({ "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy });
    if *only_if != Precondition::default() {
        options["preconditions"] = json!({ "uid": only_if.uid, "resourceVersion": only_if.resource_version });
    }
    Ok(Call::write(Verb::Delete, Method::DELETE, place(target, resolved)?, wire::JSON, bytes(&options)))
}

fn new_event(event: &Event, resolved: &Resolved) -> Call {
    let path = path::collection(&Gvk::new("", "v1", "Event"), resolved, Some(bodies::event_namespace(event)));
    let body = bodies::event(event, &name::of_event(event));
    Call::write(Verb::Event, Method::POST, path, wire::JSON, bytes(&body))
}

async fn list(
    cluster: &Inner,
    who: &Identity,
    gvk: &Gvk,
    resolved: &Resolved,
    namespace: Option<&str>,
    labels: &str,
    body: Body,
) -> Result<Response, ApiError> {
    let path = path::collection(gvk, resolved, namespace);
    let parameters = Parameters { labels, fields: "", body };
    let (mut items, mut next) = (Vec::new(), String::new());
    loop {
        let page = match page(cluster, who, gvk, &path, &parameters, &next).await {
            // The list went out of date between its pages: it is read again from the first.
            Err(error) if error.code() == 410 && !next.is_empty() => {
                items.clear();
                next.clear();
                continue;
            }
            page => page?,
        };
        items.extend(page.items);
        if page.next.is_empty() {
            return Ok(Response::List(items));
        }
        next = page.next;
    }
}

/// What narrows a list.
pub(super) struct Parameters<'a> {
    pub(super) labels: &'a str,
    pub(super) fields: &'a str,
    pub(super) body: Body,
}

/// A page of a list.
pub(super) struct Page {
    pub(super) items: Vec<Object>,
    pub(super) next: String,
    pub(super) version: String,
}

/// Reads a page of a list.
pub(super) async fn page(
    cluster: &Inner,
    who: &Identity,
    gvk: &Gvk,
    path: &str,
    parameters: &Parameters<'_>,
    next: &str,
) -> Result<Page, ApiError> {
    let narrowed = [("labelSelector", parameters.labels), ("fieldSelector", parameters.fields)];
    let path = path::with(path, &[narrowed[0], narrowed[1], ("limit", PAGE), ("continue", next)]);
    let accept = if parameters.body == Body::Metadata { wire::PARTIAL_LIST } else { wire::JSON };
    let call = Call { accept, ..Call::get(Verb::List, path) };
    let mut list = answer::json(&cluster.wire.exchange(who, &call).await?)?;
    let items = match list["items"].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    };
    let meta = |key: &str| list["metadata"][key].as_str().unwrap_or_default().to_owned();
    let items = items.into_iter().map(|item| answer::object(gvk, item)).collect::<Result<_, _>>()?;
    Ok(Page { items, next: meta("continue"), version: meta("resourceVersion") })
}

fn bytes(value: &Value) -> bytes::Bytes {
    value.to_string().into()
}
