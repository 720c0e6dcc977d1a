//! An OCIRepository's pass as it is told in traces.

use sluice_reconcile::trace::{Arrival, Attribute, Step};

use super::{Effect, Outcome};

/// A fetch begins the trace of its revision. Asking what a tag means happens at each interval and is not told.
pub(super) fn step(effect: &Effect) -> Option<Step> {
    let Effect::Fetch(fetch) = effect else { return None };
    let url = || Attribute::from(&fetch.spec.url);
    let digest = || Attribute::from(fetch.head.digest().as_str());
    let arrival = Arrival {
        source: fetch.owner.clone(),
        revision: fetch.head.revision.to_string(),
        attributes: vec![("sluice.oci.url", url()), ("oci.manifest.digest", digest())],
    };
    Some(Step::new("fetch").with("sluice.oci.url", url()).with("oci.manifest.digest", digest()).arriving(arrival))
}

pub(super) fn failure(outcome: &Outcome) -> Option<(String, String)> {
    match outcome {
        Outcome::Head(Err(trouble)) | Outcome::Stored(Err(trouble)) => {
            Some((trouble.reason.clone(), trouble.message.clone()))
        }
        _ => None,
    }
}
