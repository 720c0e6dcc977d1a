//! Kinds whose CRDs are installed but which no controller serves yet: they say so, instead of waiting in silence.

use std::sync::Arc;

use futures::StreamExt;
use serde_json::{Value, json};
use sluice_api::{
    KindInfo,
    conditions::{Condition, READY, STALLED},
};
use sluice_cluster::{Identity, Request, Selection, Target, WatchEvent};
use sluice_object::{Gvk, Object};
use sluice_reconcile::Context;

use crate::marks::Marks;

/// The reason that such objects carry.
pub const NOT_SERVED_YET: &str = "NotServedYet";

/// Marks every object of a kind as not served, once for each generation, until the agent stops.
pub async fn run(kind: KindInfo, cx: Arc<Context>) {
    let gvk = Gvk::new(kind.group, kind.version, kind.kind);
    let selection = Selection { namespace: cx.settings.namespace.clone(), ..Selection::all(gvk) };
    let mut events = cx.cluster.watch(&Identity::Agent, selection);
    while let Some(Some(event)) = cx.stop.run_until_cancelled(events.next()).await {
        if let WatchEvent::Seen(object) = event
            && cx.serves(&object)
        {
            mark(&kind, &object, &cx).await;
        }
    }
}

async fn mark(kind: &KindInfo, object: &Object, cx: &Context) {
    let Some(patch) = verdict(kind, object, cx.now()) else { return };
    let request = Request::Status { target: Target::of(object), patch, manager: "gotk-sluice".into() };
    if let Err(error) = cx.cluster.call(&Identity::Agent, request).await {
        tracing::warn!(kind = kind.kind, namespace = object.namespace(), name = object.name(), %error, "status not written");
    }
}

/// Returns the status patch that says it, or nothing when it is said already.
fn verdict(kind: &KindInfo, object: &Object, now: jiff::Timestamp) -> Option<Value> {
    let status = &object.value()["status"];
    let mut conditions: Vec<Condition> = serde_json::from_value(status["conditions"].clone()).unwrap_or_default();
    let generation = object.generation().unwrap_or(0);
    let said = conditions.iter().any(|condition| {
        condition.type_ == READY
            && condition.reason == NOT_SERVED_YET
            && condition.observed_generation == Some(generation)
    });
    if said || object.is_deleting() {
        return None;
    }
    let message =
        format!("this version of Sluice does not serve {} yet; the object is stored and left alone", kind.kind);
    let mut marks = Marks::new(&mut conditions, generation, now);
    marks.stalled(NOT_SERVED_YET, &message);
    debug_assert!(conditions.iter().any(|condition| condition.type_ == STALLED));
    Some(json!({"status": {"conditions": conditions, "observedGeneration": generation}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind() -> KindInfo {
        *sluice_api::kinds().iter().find(|kind| kind.kind == "HelmRelease").unwrap()
    }

    fn object(status: Value) -> Object {
        let metadata = json!({"name": "a", "namespace": "b", "generation": 2});
        Object::new(json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": metadata, "status": status})).unwrap()
    }

    #[test]
    fn an_object_is_told_once_for_each_generation() {
        let now = jiff::Timestamp::UNIX_EPOCH;
        let patch = verdict(&kind(), &object(json!({"observedGeneration": -1})), now).unwrap();
        let ready = patch["status"]["conditions"].as_array().unwrap().iter().find(|c| c["type"] == "Ready").unwrap();
        assert_eq!((&ready["status"], &ready["reason"]), (&json!("False"), &json!("NotServedYet")));
        assert_eq!(verdict(&kind(), &object(patch["status"].clone()), now), None);
    }
}
