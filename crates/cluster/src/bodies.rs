//! Bodies that every implementation writes alike.

use serde_json::{Value, json};

use crate::{Event, EventType};

/// Returns the namespace that an Event is written to: that of its object, or `default`.
pub(crate) fn event_namespace(event: &Event) -> &str {
    if event.about.namespace.is_empty() { "default" } else { &event.about.namespace }
}

/// Returns an Event's object, as client-go's recorder writes it.
pub(crate) fn event(event: &Event, name: &str) -> Value {
    let about = &event.about;
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": { "name": name, "namespace": event_namespace(event), "annotations": event.annotations },
        "involvedObject": {
            "apiVersion": about.gvk.api_version(),
            "kind": about.gvk.kind,
            "namespace": about.namespace,
            "name": about.name,
            "uid": event.uid,
            "resourceVersion": event.resource_version,
        },
        "type": match event.type_ { EventType::Normal => "Normal", EventType::Warning => "Warning" },
        "reason": event.reason,
        "message": event.message,
        "source": { "component": event.component },
        "reportingComponent": event.component,
        "reportingInstance": "",
        "firstTimestamp": event.at,
        "lastTimestamp": event.at,
        "count": 1,
    })
}

/// Returns what asks for a token.
pub(crate) fn token_request(audiences: &[String]) -> Value {
    json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": { "audiences": audiences } })
}

/// Returns the body of a status patch: the value of `status` in its place, or what is laid out like an object
/// already (`status`, and `metadata` with a version that must still hold).
pub(crate) fn status(patch: &Value) -> Value {
    let laid_out = patch.as_object().is_some_and(|fields| {
        fields.contains_key("status") && fields.keys().all(|key| matches!(key.as_str(), "status" | "metadata"))
    });
    if laid_out { patch.clone() } else { json!({ "status": patch }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_put_in_its_place() {
        let placed = json!({ "status": { "a": 1 } });
        assert_eq!(status(&json!({ "a": 1 })), placed);
        assert_eq!(status(&placed), placed);
        let versioned = json!({ "metadata": { "resourceVersion": "5" }, "status": {} });
        assert_eq!(status(&versioned), versioned);
    }
}
