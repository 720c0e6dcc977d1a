//! What passes of all kinds that apply objects tell in traces.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sluice_cluster::{ApiError, ErrorKind};
use sluice_object::ObjectId;
use sluice_reconcile::Kind;

use crate::kustomization;

/// Returns the Kustomization that has applied an object.
pub(crate) fn parent(metadata: &ObjectMeta, own: &ObjectId) -> Option<ObjectId> {
    let labels = metadata.labels.as_ref()?;
    let label = |name: &str| labels.get(&format!("{}/{name}", kustomization::GROUP)).cloned();
    let parent = ObjectId::new(&kustomization::Kustomizations::gvk(), label("namespace")?, label("name")?);
    (parent != *own).then_some(parent)
}

/// Returns the reason of the first failure, and how many there are. Of an answer of the API server only the reason is
/// told: its text may quote what was sent. What is not there is no failure of a read; where it is one, the object's own
/// span says so.
pub(crate) fn failure<'a, T: 'a>(
    answers: impl ExactSizeIterator<Item = &'a Result<T, ApiError>>,
) -> Option<(String, String)> {
    let count = answers.len();
    let errors = answers.filter_map(|answer| answer.as_ref().err());
    let failed: Vec<_> = errors.filter(|error| !error.is_not_found()).collect();
    Some((reason(failed.first()?), format!("{} of {count} requests failed", failed.len())))
}

fn reason(error: &ApiError) -> String {
    match &error.kind {
        ErrorKind::Status(code) if error.reason.is_empty() => code.to_string(),
        ErrorKind::Status(_) => error.reason.clone(),
        ErrorKind::NoMatch(_) => "NoMatch".into(),
        ErrorKind::Transport => "Transport".into(),
        ErrorKind::Timeout => "Timeout".into(),
    }
}
