//! Secrets are in no event and in no status.

use sluice_cluster::Request;

use crate::scenario::SECRET;

/// Says who is about to tell a secret.
pub(super) fn told(request: &Request) -> Option<String> {
    let (about, text) = match request {
        Request::Event(event) => (event.about.id(), format!("{} {:?}", event.message, event.annotations)),
        Request::Status { target, patch, .. } => (target.id(), patch.to_string()),
        _ => return None,
    };
    text.contains(SECRET).then(|| format!("{about} tells a secret"))
}
