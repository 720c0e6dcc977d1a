//! What the server's answers mean: objects, lists, and failures.

use std::{error::Error, fmt::Write as _, time::Duration};

use serde_json::Value;
use sluice_object::{Gvk, Object};

use crate::{ApiError, Cause, ErrorKind};

/// The words of client-go for a path that the server does not know.
const UNKNOWN_PATH: &str = "the server could not find the requested resource";

/// Reads a failure from a status code and a body, as client-go words it.
pub(super) fn failure(code: u16, body: &[u8]) -> ApiError {
    let status: Option<Value> = serde_json::from_slice(body).ok().filter(|body: &Value| body["kind"] == "Status");
    match status {
        Some(status) => of_status(code, &status),
        None => ApiError::status(code, "", plain(code, &String::from_utf8_lossy(body))),
    }
}

/// Reads a failure from a Status object.
pub(super) fn of_status(code: u16, status: &Value) -> ApiError {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let code = status["code"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(code);
    let causes = status["details"]["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let cause = |cause: &Value| Cause {
        reason: text(&cause["reason"]),
        message: text(&cause["message"]),
        field: text(&cause["field"]),
    };
    let message = match text(&status["message"]) {
        empty if empty.is_empty() => plain(code, ""),
        message => message,
    };
    let kind = ErrorKind::Status(code);
    ApiError { kind, reason: text(&status["reason"]), message, causes: causes.iter().map(cause).collect() }
}

fn plain(code: u16, body: &str) -> String {
    let body: String = body.trim().chars().take(512).collect();
    match code {
        404 => UNKNOWN_PATH.into(),
        500.. => format!("an error on the server ({body:?}) has prevented the request from succeeding"),
        _ => format!("the server answered {code}: {body}"),
    }
}

/// Says whether a failure means that the server has no such kind, or has it no more.
pub(super) fn is_unknown_path(error: &ApiError) -> bool {
    error.is_not_found() && error.message == UNKNOWN_PATH
}

/// Reads how long the server wants to be left alone.
pub(super) fn retry_after(headers: &http::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Words a failure of the way to the server, with all its causes.
pub(super) fn no_way(server: &str, error: &(dyn Error + 'static)) -> ApiError {
    let mut message = format!("reach the API server {server}: {error}");
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !message.ends_with(&text) {
            let _ = write!(message, ": {text}");
        }
        next = cause.source();
    }
    ApiError::transport(message)
}

/// Words a missing answer.
pub(super) fn no_answer(server: &str, after: Duration) -> ApiError {
    let message = format!("no answer from the API server {server} in {after:?}");
    ApiError { kind: ErrorKind::Timeout, reason: String::new(), message, causes: Vec::new() }
}

/// Reads JSON.
pub(super) fn json(body: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::transport(format!("read the API server's answer: {error}")))
}

/// Takes a JSON value as an object of the kind that was asked for: items of lists do not name their kind, and
/// metadata-only objects name another.
pub(super) fn object(gvk: &Gvk, mut value: Value) -> Result<Object, ApiError> {
    let partial = value["kind"] == "PartialObjectMetadata";
    if let Some(fields) = value.as_object_mut().filter(|fields| partial || !fields.contains_key("kind")) {
        fields.insert("apiVersion".into(), gvk.api_version().into());
        fields.insert("kind".into(), gvk.kind.clone().into());
    }
    Object::new(value).map_err(|error| ApiError::transport(format!("read the API server's answer: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_status_keeps_its_reason_and_causes() {
        let cause = json!({ "reason": "FieldManagerConflict", "message": "conflict with \"x\"", "field": ".spec.a" });
        let status = json!({
            "kind": "Status", "code": 409, "reason": "Conflict", "message": "Apply failed", "details": { "causes": [cause] },
        });
        let error = failure(409, status.to_string().as_bytes());
        let cause = Cause {
            reason: "FieldManagerConflict".into(),
            message: "conflict with \"x\"".into(),
            field: ".spec.a".into(),
        };
        assert_eq!(error, ApiError { causes: vec![cause], ..ApiError::status(409, "Conflict", "Apply failed") });
    }

    #[test]
    fn an_answer_without_status_is_worded() {
        assert!(is_unknown_path(&failure(404, b"404 page not found\n")));
        assert_eq!(
            failure(502, b"bad").message,
            "an error on the server (\"bad\") has prevented the request from succeeding"
        );
    }

    #[test]
    fn metadata_gets_the_kind_that_was_asked_for() {
        let partial =
            json!({ "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": { "name": "a" } });
        let gvk = Gvk::new("apps", "v1", "Deployment");
        assert_eq!(object(&gvk, partial).map(|object| object.gvk()), Ok(gvk));
    }
}
