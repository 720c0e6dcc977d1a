//! Reconciles that somebody asks for, by an annotation whose value names the moment.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sluice_api::annotations;

/// Returns the token of a requested reconcile.
pub(crate) fn requested_at(metadata: &ObjectMeta) -> Option<String> {
    metadata.annotations.as_ref()?.get(annotations::RECONCILE_REQUESTED_AT).cloned()
}

/// Says whether a reconcile is requested that was not handled yet. It looks at the objects themselves: watches may not
/// have told yet what whoever asks has seen.
pub(crate) fn is_requested(metadata: &ObjectMeta, handled: Option<&String>) -> bool {
    requested_at(metadata).is_some_and(|token| handled != Some(&token))
}
