//! The server's own words.

use crate::{ApiError, Cause};

/// A resource in messages: `configmaps`, `deployments.apps`.
pub(super) fn qualified(plural: &str, group: &str) -> String {
    if group.is_empty() { plural.into() } else { format!("{plural}.{group}") }
}

pub(super) fn not_found(resource: &str, name: &str) -> ApiError {
    ApiError::status(404, "NotFound", format!("{resource} {name:?} not found"))
}

/// A path that the server does not have.
pub(super) fn unknown_path() -> ApiError {
    ApiError::status(404, "NotFound", "the server could not find the requested resource")
}

pub(super) fn already_exists(resource: &str, name: &str) -> ApiError {
    ApiError::status(409, "AlreadyExists", format!("{resource} {name:?} already exists"))
}

pub(super) fn conflict(resource: &str, name: &str, why: &str) -> ApiError {
    ApiError::status(409, "Conflict", format!("Operation cannot be fulfilled on {resource} {name:?}: {why}"))
}

pub(super) fn modified(resource: &str, name: &str) -> ApiError {
    let why = "the object has been modified; please apply your changes to the latest version and try again";
    conflict(resource, name, why)
}

pub(super) fn terminating(resource: &str, name: &str, namespace: &str) -> ApiError {
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let cause = Cause {
        reason: "NamespaceTerminating".into(),
        message: format!("namespace {namespace} is being terminated"),
        field: "metadata.namespace".into(),
    };
    let error = ApiError::status(403, "Forbidden", format!("{resource} {name:?} is forbidden: {why}"));
    ApiError { causes: vec![cause], ..error }
}

/// A field that may not be so; `kind` is `Deployment.apps`.
pub(super) fn invalid(kind: &str, name: &str, field: &str, why: &str) -> ApiError {
    let message = format!("{kind} {name:?} is invalid: {field}: {why}");
    let reason = if why.starts_with("Forbidden") { "FieldValueForbidden" } else { "FieldValueInvalid" };
    let cause = Cause { reason: reason.into(), message: why.into(), field: field.into() };
    ApiError { causes: vec![cause], ..ApiError::status(422, "Invalid", message) }
}

/// A patch that cannot be applied.
pub(super) fn bad_patch(why: impl Into<String>) -> ApiError {
    let message = "the server rejected our request due to an error in our request";
    let cause = Cause { reason: "UnexpectedServerResponse".into(), message: why.into(), field: String::new() };
    ApiError { causes: vec![cause], ..ApiError::status(422, "Invalid", message) }
}

/// A patch of a form that the kind does not take.
pub(super) fn unknown_patch() -> ApiError {
    let message = "the body of the request was in an unknown format - accepted media types include: \
                   application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
    ApiError::status(415, "UnsupportedMediaType", message)
}

pub(super) fn bad_request(why: impl Into<String>) -> ApiError {
    ApiError::status(400, "BadRequest", why)
}
